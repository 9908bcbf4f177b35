"""What the second set of leaks has taught the audit, and what it must not accuse."""

import numpy as np
import pytest
from benchmarks.quality.leaks.page import blind
from benchmarks.quality.leaks.procedures import setup as with_procedure
from benchmarks.quality.leaks.second import (
    columns,
    figures,
    procedures,
    samples,
    sources,
)
from benchmarks.quality.leaks.second.missed import UNSEEN
from benchmarks.quality.leaks.suite import answer, cases
from scipy.stats import rankdata

from barwise.pipeline.audits.leaks.association import (
    beyond_chance,
    beyond_the_last_move,
)
from barwise.pipeline.audits.leaks.source_bars import (
    off_the_grid,
    stamp_doubts,
    straight_lines,
    volume_lead,
)
from barwise.pipeline.source import read_source


@pytest.mark.parametrize(
    ("leak", "check"),
    [
        (figures.label_five_rows_ago, "later figures"),
        (figures.future_in_two_rows_of_a_hundred, "later figures"),
        (figures.hit_rate_of_open_trades, "forward moves"),
        (samples.entered_at_a_stale_price, "label ends"),
        (samples.ends_with_the_session, "label ends"),
        (samples.clear_trades_only, "samples"),
        (samples.smote_before_the_split, "repeated rows"),
        (samples.jittered_before_the_split, "repeated rows"),
    ],
)
def test_a_leak_of_the_second_set_is_caught_by_its_check(leak, check, lab):
    told = answer(leak(lab), check)
    assert told.verdict == "leaks"
    assert all(one.evidence and one.way_out for one in told.found)


@pytest.mark.parametrize(
    "function", [columns.reopened_at_the_close, columns.stale_quotes_filled_backward]
)
def test_a_column_that_looks_ahead_in_few_rows_is_caught(function, lab):
    (leak,) = answer(lab.with_function(function), "columns").found
    assert 1 <= leak.value <= 12


@pytest.mark.parametrize(
    ("procedure", "check"),
    [
        (procedures.quality_as_input, "held-out labels"),
        (procedures.holding_time_as_input, "held-out labels"),
        (procedures.unsure_rows_ask_the_next, "later rows"),
    ],
)
def test_a_procedure_that_knows_of_few_later_rows_is_caught(procedure, check, lab):
    assert answer(with_procedure(lab, procedure), check).verdict == "leaks"


def test_a_procedure_that_remembers_earlier_rows_is_not_accused(lab):
    def smoothed(data, train, test):
        made = procedures.jittered_training_rows(data, train, test)
        made[2:] = (made[2:] + made[1:-1] + made[:-2]) / 3.0
        return made

    assert answer(with_procedure(lab, smoothed), "later rows").verdict == "clean"


def test_figures_of_the_past_on_the_same_grid_are_no_later_figures(lab):
    # Ranges and later moves are whole ticks of one price: many are equal by chance.
    bars = lab.bars
    setup = lab.with_values((bars.high - bars.low) / bars.close)
    assert answer(setup, "later figures").verdict == "clean"


def test_samples_that_the_past_has_chosen_are_not_accused(lab):
    moved = np.abs(np.diff(np.log(lab.bars.close), prepend=0.0)) > 5e-4
    setup = lab.setup(samples._build(lab, lab.labels, sample_mask=moved))
    assert answer(setup, "samples").verdict == "clean"


def test_what_a_source_shows_is_read_off_its_bars(lab):
    lines, _ = read_source(sources.straight_lines_over_gaps(lab))
    assert len(straight_lines(lines)) > 20
    restated, _ = read_source(sources.volume_restated(lab))
    later, own = volume_lead(restated)
    assert later > own + 0.05
    assert not straight_lines(lab.raw)
    assert volume_lead(lab.raw) is None


def test_a_finer_tick_in_earlier_years_is_no_adjustment(lab):
    bars = lab.raw
    early = np.arange(len(bars)) < len(bars) // 2
    finer = bars.close + 0.05 * (early & (np.arange(len(bars)) % 3 > 0))
    assert off_the_grid(bars.with_columns(close=finer)) is None
    assert off_the_grid(bars.with_columns(close=np.where(early, 1.01, 1) * bars.close))


def test_a_source_that_always_stamps_opens_is_another_matter(lab):
    from barwise.bars.instruments import get_instrument

    # The check of the whole file tells of it; here there is no stretch to name.
    moved = lab.raw.with_columns(time=lab.raw.open_time)
    assert stamp_doubts(moved, get_instrument("MES")) == []


def test_the_partial_correlation_is_that_of_residuals():
    rng = np.random.default_rng(0)
    last = rng.normal(size=500)
    figure, later = last + rng.normal(size=500), rng.normal(size=500) - last
    later += 0.8 * figure
    x, y, z = (rankdata(one) for one in (figure, later, last))

    def without_last(values):
        return values - np.polyval(np.polyfit(z, values, 1), z)

    partial = np.corrcoef(without_last(x), without_last(y))[0, 1]
    plain = np.corrcoef(x, y)[0, 1]
    wanted = min(partial, plain, key=abs)
    assert beyond_the_last_move(figure, later, last) == pytest.approx(wanted)


def test_chance_reaches_as_far_as_fisher_says():
    rng = np.random.default_rng(1)
    pairs = rng.normal(size=(20_000, 2, 30))
    pairs -= pairs.mean(axis=2, keepdims=True)
    norm = np.linalg.norm(pairs, axis=2)
    rho = (pairs[:, 0] * pairs[:, 1]).sum(axis=1) / norm.prod(axis=1)
    # Two deviations either way: 4.55 % of a normal distribution.
    assert (np.abs(rho) > beyond_chance(30, 2.0)).mean() == pytest.approx(
        0.0455, abs=0.005
    )
    assert beyond_chance(5, 2.0) == 1.0


def test_the_blind_record_is_complete_and_stays():
    second = {case.name: case.leaks for case in cases() if case.second}
    record = blind()
    assert set(record) == set(second)
    assert sum(bool(record[name]) for name in record if second[name]) == 33
    assert not any(record[name] for name in record if not second[name])
    assert set(UNSEEN) < {name for name in second if second[name] and not record[name]}
