"""The training loop: repeatable, resumable, and harmless to the caller."""

import numpy as np
import pytest
import torch
from sklearn.metrics import log_loss

from barwise.core.errors import BarwiseError, ConfigError
from barwise.core.samples import Samples
from barwise.models import ModelRegistry
from barwise.models.fitting.checkpoints import CheckpointManager
from barwise.testing.models import ToyMarket

QUICK = {
    "hidden_size": 12,
    "layers": 2,
    "sequence_length": 6,
    "max_epochs": 6,
    "batch_size": 100,
    "learning_rate": 0.01,
    "warmup_epochs": 1,
    "tail_purge": 10,
}


class KilledError(Exception):
    pass


@pytest.fixture(scope="module")
def market():
    return ToyMarket.make(rows=600)


def make(**config):
    return ModelRegistry.create("lstm", {**QUICK, **config})


def fit(model, market):
    return model.fit(market.train, market.y_train, market.val, market.y_val)


def weights(model):
    return {k: v.numpy().copy() for k, v in model.module.state_dict().items()}


def assert_same(first, second):
    assert first.keys() == second.keys()
    for name, array in first.items():
        np.testing.assert_array_equal(array, second[name], err_msg=name)


@pytest.mark.parametrize("schedule", ["cosine", "plateau"])
@pytest.mark.parametrize("killed_after", [1, 4])
def test_an_interrupted_fit_goes_on_bit_for_bit(
    market, tmp_path, schedule, killed_after
):
    config = {**QUICK, "schedule": schedule, "plateau_patience": 0}
    whole = make(schedule=schedule, plateau_patience=0)
    expected = fit(whole, market)

    def kill(report):
        if report.epoch == killed_after:
            raise KilledError

    with pytest.raises(KilledError):
        fit(
            ModelRegistry.create(
                "lstm", config, progress=kill, checkpoints=CheckpointManager(tmp_path)
            ),
            market,
        )
    seen = []
    resumed = ModelRegistry.create(
        "lstm", config, progress=seen.append, checkpoints=CheckpointManager(tmp_path)
    )
    metrics = fit(resumed, market)
    assert seen[0].epoch == killed_after + 1
    assert metrics.history == expected.history
    assert metrics.best_epoch == expected.best_epoch
    assert_same(weights(resumed), weights(whole))

    finished = ModelRegistry.create(
        "lstm", config, checkpoints=CheckpointManager(tmp_path)
    )
    assert fit(finished, market).history == expected.history
    assert_same(weights(finished), weights(whole))


def test_checkpoints_of_another_fit_are_refused(market, tmp_path):
    manager = CheckpointManager(tmp_path)
    fit(
        ModelRegistry.create("lstm", {**QUICK, "max_epochs": 1}, checkpoints=manager),
        market,
    )
    other = {**QUICK, "max_epochs": 1, "random_seed": 1}
    with pytest.raises(ConfigError, match="other settings or other data"):
        fit(ModelRegistry.create("lstm", other, checkpoints=manager), market)
    matrix = market.train.matrix * 2
    scaled = ToyMarket(
        market.with_matrix(market.train, matrix),
        market.val,
        market.y_train,
        market.y_val,
    )
    again = ModelRegistry.create(
        "lstm", {**QUICK, "max_epochs": 1}, checkpoints=manager
    )
    with pytest.raises(ConfigError, match="other settings or other data"):
        fit(again, scaled)


def test_seeds_differ(market):
    one, two = make(max_epochs=1), make(max_epochs=1, random_seed=1)
    fit(one, market)
    fit(two, market)
    assert any(
        (a != b).any()
        for a, b in zip(weights(one).values(), weights(two).values(), strict=True)
    )


def test_the_best_epoch_is_restored(market):
    model = make(
        max_epochs=40,
        learning_rate=0.05,
        early_stopping_patience=3,
        early_stopping_on="validation",
        class_weight=None,
    )
    metrics = fit(model, market)
    losses = metrics.history["stop_loss"]
    assert metrics.early_stopped
    assert metrics.epochs_trained == len(losses) < 40
    assert metrics.best_epoch == int(np.argmin(losses)) + 1 < len(losses)
    out = model.predict(market.val).class_probabilities
    assert log_loss(market.y_val, out) == pytest.approx(min(losses), rel=1e-5)
    assert metrics.val_loss == pytest.approx(min(losses), rel=1e-5)


def test_the_callers_torch_is_left_alone(market):
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    threads = torch.get_num_threads()
    model = make(max_epochs=1, threads=threads + 1)
    fit(model, market)
    model.predict(market.val)
    torch.testing.assert_close(torch.rand(3), expected, rtol=0, atol=0)
    assert torch.get_num_threads() == threads
    assert not torch.are_deterministic_algorithms_enabled()
    assert torch.utils.deterministic.fill_uninitialized_memory


def test_training_stops_on_nan(market):
    model = make(learning_rate=1e30, schedule="constant")
    with pytest.raises(BarwiseError, match=r"diverged.*lower learning_rate"):
        fit(model, market)
    assert not model.fitted


def test_gradients_are_clipped(market, monkeypatch):
    norms = []
    clip = torch.nn.utils.clip_grad_norm_

    def watch(parameters, largest):
        parameters = list(parameters)
        total = clip(parameters, largest)
        norms.append((total, torch.stack([p.grad.norm() for p in parameters]).norm()))
        return total

    monkeypatch.setattr(torch.nn.utils, "clip_grad_norm_", watch)
    fit(make(max_epochs=1, gradient_clip=0.05), market)
    assert max(before for before, _ in norms) > 0.05
    assert all(after <= 0.05 + 1e-6 for _, after in norms)


def test_arrays_and_samples_are_read_alike(market):
    model = make(max_epochs=2)
    fit(model, market)
    expected = model.predict(market.val).class_probabilities
    windows = market.val.windows(6)[:]
    np.testing.assert_array_equal(model.predict(windows).class_probabilities, expected)
    rows = market.val.matrix[market.val.index[0] - 5 :]
    out = model.predict(rows)
    assert not out.valid[:5].any()
    assert out.valid[5:].all()
    # Other positions in a batch: equal but for the last bits.
    np.testing.assert_allclose(out.class_probabilities[5:], expected, atol=1e-6)


def test_fit_on_three_dimensional_arrays(market):
    windowed = make(max_epochs=2)
    train = market.train.take(market.train.windowable(6))
    y = market.y_train[market.train.windowable(6)]
    windowed.fit(train.windows(6)[:], y, market.val.windows(6)[:], market.y_val)
    lazy = make(max_epochs=2)
    fit(lazy, market)
    assert_same(weights(windowed), weights(lazy))


def test_windows_do_not_cross_segments(market):
    segments = np.zeros(len(market.val.matrix), dtype=np.int64)
    border = int(market.val.index[50])
    segments[border:] = 1
    val = market.val
    cut = Samples(
        val.matrix, val.index, val.times, val.label_end_times, segments, val.names
    )
    model = make(max_epochs=1)
    fit(model, market)
    lost = np.flatnonzero(~model.predict(cut).valid)
    assert lost.tolist() == [50, 51, 52, 53, 54]


@pytest.mark.parametrize(
    ("classes", "config"),
    [
        ((-1, 0, 1), {"loss": "focal", "focal_alpha": [0.3, 0.4, 0.3]}),
        ((0, 1), {"loss": "focal"}),
        ((0, 1), {"loss": "bce"}),
    ],
)
def test_other_losses_learn_too(market, tmp_path, classes, config):
    y, y_val = market.y_train, market.y_val
    if len(classes) == 2:
        y, y_val = (y == 1) * 1, (y_val == 1) * 1
    model = make(classes=classes, max_epochs=20, learning_rate=0.03, **config)
    metrics = model.fit(market.train, y, market.val, y_val)
    assert metrics.val_accuracy > (0.55 if len(classes) == 3 else 0.75)
    model.save(tmp_path / "model")
    loaded = type(model).load(tmp_path / "model")
    np.testing.assert_array_equal(
        loaded.predict(market.val).class_probabilities,
        model.predict(market.val).class_probabilities,
    )


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"loss": "bce"}, "bce needs classes"),
        ({"focal_alpha": [0.5, 0.5]}, "3 values"),
        ({"min_learning_rate": 1.0}, "min_learning_rate"),
        ({"dropout": 1.0}, "dropout"),
    ],
)
def test_settings_that_do_not_agree(config, message):
    with pytest.raises(ConfigError, match=message):
        make(**config)


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has CUDA")
def test_a_device_that_is_not_there(market):
    with pytest.raises(ConfigError, match="available: cpu"):
        fit(make(device="cuda"), market)


@pytest.mark.gpu
def test_cuda_repeats_itself(market):
    first, second = make(device="cuda"), make(device="cuda")
    fit(first, market)
    fit(second, market)
    np.testing.assert_array_equal(
        first.predict(market.val).class_probabilities,
        second.predict(market.val).class_probabilities,
    )


def test_every_parameter_learns(market):
    model = make(max_epochs=1)
    fit(model, market)
    module = model.module.train()
    module(torch.zeros(2, 6, 4)).sum().backward()
    assert all(p.grad is not None for p in module.parameters())


def test_default_lstm_has_the_documented_size():
    settings = ModelRegistry.create("lstm").settings
    assert (settings.hidden_size, settings.layers) == (128, 2)
    module = ModelRegistry.create("lstm")._build(60, 3)
    gates = 4 * 128
    expected = gates * (60 + 128 + 2) + gates * (128 + 128 + 2) + 3 * (128 + 1)
    assert sum(p.numel() for p in module.parameters()) == expected
