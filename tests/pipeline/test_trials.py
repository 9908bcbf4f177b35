"""Every command writes what it tried into the ledger, once, and the verdict counts it."""

import numpy as np
import pytest

from barwise.bars.simulate import simulate_bars
from barwise.bars.stored import write_bars
from barwise.pipeline import RunConfig, build_dataset, run
from barwise.pipeline.fold_run import evaluate
from barwise.pipeline.folding import Folding
from barwise.pipeline.trials import ledger_of

pytestmark = pytest.mark.usefixtures("blank_figures")

BARS = simulate_bars("MES", days=10, signal=0.2, seed=8)
EVER = (0, 2**62)


def config(folder, **changes):
    settings = {
        "symbol": "MES",
        "data": {"path": folder / "mes.parquet", "label": "close", "interval": "5min"},
        "features": {"set": None, "names": ["rsi_14", "hour_sin"]},
        "labels": {"horizons": [5]},
        "models": ["logistic"],
        "output": folder / "experiments",
    }
    return RunConfig.model_validate(settings | changes)


@pytest.fixture
def folder(tmp_path):
    write_bars(BARS, tmp_path / "mes.parquet")
    return tmp_path


def rows(settings):
    underlying = settings.traded().underlying
    return ledger_of(settings).trials(underlying, *EVER)


def test_a_run_is_a_row_for_each_model_and_a_rerun_is_none(folder):
    settings = config(folder, models=["logistic", "prior"])
    summary = run(settings)
    found = rows(settings)
    assert [one.kind for one in found] == ["model", "model"]
    head = ledger_of(settings).head
    again = run(settings)
    assert ledger_of(settings).head == head
    assert summary.evidence == again.evidence
    assert summary.evidence.trials == 2
    for one, outcome in zip(found, summary.outcomes, strict=True):
        np.testing.assert_array_equal(one.days, outcome.arrays["day"])
        capital = settings.backtest.capital
        np.testing.assert_array_equal(
            one.returns, outcome.arrays["daily_pnl"] / capital
        )
        assert one.configuration["training"]["model_name"] == outcome.model_name
    data = build_dataset(settings, horizon=5)
    assert (found[0].start, found[0].end) == (
        data.times("train")[0],
        data.frame.targets.end_time[data.rows("val")].max(),
    )
    assert found[0].end < data.test_span[1]


def test_each_other_configuration_is_another_row(folder):
    settings = config(folder)
    run(settings)
    changed = [
        config(folder, seed=7),
        config(folder, labels={"horizons": [5], "upper": 2.0}),
        config(folder, models=[{"name": "logistic", "config": {"penalty_inverse": 1}}]),
    ]
    for number, one in enumerate(changed, start=2):
        assert run(one).evidence.trials == number
    assert len({one.key for one in rows(settings)}) == 4


def test_where_a_file_lies_is_no_choice(folder):
    run(config(folder))
    (folder / "elsewhere").mkdir()
    (folder / "mes.parquet").rename(folder / "elsewhere" / "mes.parquet")
    path = folder / "elsewhere" / "mes.parquet"
    moved = config(folder, data={"path": path, "label": "close", "interval": "5min"})
    assert run(moved).evidence.trials == 1


def test_folds_are_rows_too_and_every_cut_is_another_one(folder):
    settings = config(folder)
    cuts = [Folding("purged", 3, embargo=20), Folding("walk-forward", 3)]
    for _ in range(2):
        for cut in cuts:
            summary = evaluate(settings, cut)
    assert [one.kind for one in rows(settings)] == ["purged", "walk-forward"]
    assert rows(settings)[1].configuration["judged_on"]["n_splits"] == 3
    assert summary.evidence.trials == 2


def test_the_same_time_of_the_same_underlying_is_the_same_data(folder):
    """A file of its own does not make a trial fresh."""
    run(config(folder))
    later = BARS[len(BARS) // 3 :]
    write_bars(later, folder / "later.parquet")
    data = {"path": folder / "later.parquet", "label": "close", "interval": "5min"}
    assert run(config(folder, data=data)).evidence.trials == 2


def test_the_verdict_shows_trials_deflation_and_openings(folder):
    settings = config(folder)
    summary = run(settings)
    page = summary.report.read_text("utf-8")
    assert "One configuration was tried on this data" in page
    assert "the sealed test part was never opened" in page
    build_dataset(settings, horizon=5).open_test(reason="to see what the page says")
    summary = evaluate(settings, Folding("purged", 3, embargo=20))
    page = summary.report.read_text("utf-8")
    assert "2 configurations were tried on this data" in page
    assert "the sealed test part was opened once" in page
    (result,) = summary.results
    found = summary.book.deflations([summary.judged[0].outcome])[0]
    np.testing.assert_equal(result.deflated_sharpe, found.deflated)
