"""Learning rates against torch's own schedulers, and going on from a state."""

import pytest
import torch
from torch.optim.lr_scheduler import CosineAnnealingLR

from barwise.models import ModelRegistry
from barwise.models.fitting.schedules import cosine_rate, make_schedule
from barwise.models.fitting.stopping import EarlyStopping


def optimizer(rate=0.1):
    return torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=rate)


def settings(**config):
    return ModelRegistry.create("lstm", config).settings


def test_cosine_is_torchs():
    theirs = optimizer()
    scheduler = CosineAnnealingLR(theirs, T_max=50, eta_min=0.001)
    for step in range(50):
        rate = cosine_rate(step, total=50, warmup=0, highest=0.1, lowest=0.001)
        assert rate == pytest.approx(theirs.param_groups[0]["lr"], rel=1e-9)
        theirs.step()
        scheduler.step()


def test_warm_up_climbs_straight_to_the_highest_rate():
    rates = [
        cosine_rate(step, total=100, warmup=4, highest=0.2, lowest=0.0)
        for step in range(6)
    ]
    assert rates[:5] == pytest.approx([0.05, 0.1, 0.15, 0.2, 0.2])
    assert rates[5] < 0.2


def test_schedule_spans_all_epochs():
    mine = optimizer()
    chosen = settings(
        max_epochs=3, warmup_epochs=1.0, learning_rate=0.1, min_learning_rate=0.01
    )
    schedule = make_schedule(mine, chosen, steps=5)
    rates = []
    for step in range(16):
        schedule.before_step(step)
        rates.append(mine.param_groups[0]["lr"])
    assert max(rates) == pytest.approx(0.1) == pytest.approx(rates[4])
    assert rates[15] == pytest.approx(0.01)


def test_plateau_goes_on_from_its_state():
    chosen = settings(schedule="plateau", plateau_patience=1, plateau_factor=0.5)
    losses = (1.0, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9)
    whole, first, second = (optimizer(0.001) for _ in range(3))
    schedule = make_schedule(whole, chosen, steps=1)
    before = make_schedule(first, chosen, steps=1)
    after = make_schedule(second, chosen, steps=1)
    for loss in losses:
        schedule.after_epoch(loss)
    for loss in losses[:3]:
        before.after_epoch(loss)
    after.restore(before.state())
    for loss in losses[3:]:
        after.after_epoch(loss)
    assert second.param_groups[0]["lr"] == whole.param_groups[0]["lr"] < 0.001


def test_stopping_waits_for_notable_progress_and_keeps_the_lowest():
    watch = EarlyStopping(patience=3, min_delta=0.05)
    losses = [1.0, 0.98, 0.96, 0.94, 0.93, 0.95, 0.96]
    lowest = [watch.see(epoch, loss) for epoch, loss in enumerate(losses[:5], 1)]
    assert lowest == [True] * 5
    assert (watch.best_epoch, watch.exhausted) == (5, False)
    watch.see(6, losses[5])
    watch.see(7, losses[6])
    assert (watch.best_epoch, watch.exhausted) == (5, True)
