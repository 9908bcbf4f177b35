"""The leak audit: what it catches, what it lets pass, and when it says that it sleeps."""

from dataclasses import replace

import numpy as np
import pytest
from benchmarks.quality.leaks import clean, columns, procedures, tables
from benchmarks.quality.leaks.second.missed import UNSEEN
from benchmarks.quality.leaks.suite import alarms, answer, audit, cases, power

from barwise.core.errors import ConfigError
from barwise.datasets import PreparationSettings
from barwise.pipeline.audits.leaks import CHECKS, Setup, audit_leaks
from barwise.pipeline.audits.leaks.association import associated, explained
from barwise.pipeline.audits.leaks.setup import with_frame
from barwise.pipeline.audits.leaks.verdict import Check, Leak, NotChecked
from barwise.testing.toy_data import toy_container, toy_labels


@pytest.mark.parametrize(
    ("leak", "check"),
    [
        (tables.merged_one_bar_early, "forward moves"),
        (tables.label_among_the_columns, "near label"),
        (tables.zscore_of_the_file, "file figures"),
        (tables.winsor_limits_of_all_rows, "file figures"),
        (tables.rank_of_all_rows, "file figures"),
        (tables.minmax_of_all_rows, "file figures"),
        (tables.selection_on_all_samples, "preparation"),
        (tables.label_ends_too_early, "label ends"),
        (tables.label_is_the_past_return, "label ends"),
        (tables.labels_by_a_figure_of_the_file, "labels"),
        (tables.purge_off_by_one, "parts"),
        (tables.shuffled_parts, "parts"),
        (tables.ordered_folds_off_by_one, "folds"),
        (tables.oversampled_before_the_split, "repeated rows"),
        (tables.a_day_that_comes_twice, "copies"),
        (tables.regimes_fitted_once, "learned columns"),
    ],
)
def test_a_planted_leak_is_caught_by_its_check(leak, check, lab):
    told = answer(leak(lab), check)
    assert told.verdict == "leaks"
    assert all(one.evidence and one.way_out for one in told.found)


@pytest.mark.parametrize(
    ("procedure", "check"),
    [
        (procedures.calibrated_on_test, "held-out labels"),
        (procedures.encoded_by_all_labels, "held-out labels"),
        (procedures.fitted_on_everything, "held-out labels"),
        (procedures.scaled_with_test, "later rows"),
        (procedures.components_of_all_rows, "later rows"),
    ],
)
def test_a_procedure_that_sees_its_test_rows_is_caught(procedure, check, lab):
    told = answer(procedures.setup(lab, procedure), check)
    assert told.verdict == "leaks"
    # The row that is named is one of the held-out ones, and its answer did move.
    (leak,) = told.found
    assert leak.row in set(lab.data().split.val)
    assert leak.value > 0


@pytest.mark.parametrize("procedure", procedures.HONEST)
def test_an_honest_procedure_is_not_accused(procedure, lab):
    setup = procedures.setup(lab, procedure)
    for name in ("held-out labels", "later rows", "shuffled labels"):
        assert answer(setup, name).verdict == "clean"


@pytest.mark.parametrize(
    "look_alike",
    [
        clean.zscore_of_a_hundred_rows,
        clean.position_in_the_range,
        clean.winsorised_by_the_past,
        clean.the_past_return,
        clean.ordered_folds,
    ],
)
def test_a_look_alike_is_not_accused(look_alike, lab):
    result = audit_leaks(look_alike(lab), awake=False)
    assert not result.leaks
    assert not [one for one in result.answers if one.verdict == "doubtful"]


def test_a_column_stamped_with_the_open_of_its_hour_is_caught(lab):
    setup = lab.with_function(columns.hourly_stamped_with_its_open)
    (leak,) = answer(setup, "columns").found
    assert "looks up to" in leak.evidence
    assert leak.row is not None


def test_every_check_of_a_data_set_finds_what_is_planted_in_it(lab):
    result = audit_leaks(lab.setup())
    for one in result.answers:
        if one.verdict != "not checked" and one.check not in (
            "stamps",
            "learned future",
        ):
            assert (one.verdict, one.canary) == ("clean", True), one.check


def test_a_check_that_finds_nothing_that_is_planted_counts_for_nothing():
    asleep = Check("blind", "nothing", lambda _: [], lambda setup: setup)
    told = asleep.answer(Setup(toy_container()))
    assert (told.verdict, told.canary) == ("asleep", False)


def test_what_was_there_before_the_planting_proves_nothing():
    same = Check("deaf", "-", lambda _: [Leak("doubt", "x", "-", "-")], lambda one: one)
    told = same.answer(Setup(toy_container()))
    assert (told.verdict, told.canary) == ("asleep", False)


def test_what_is_not_known_is_not_checked():
    result = audit_leaks(Setup(toy_container()), awake=False)
    assert result.of("columns").verdict == "not checked"
    assert not result.whole
    assert "did not look" in result.headline


def test_labels_of_one_class_are_audited_as_far_as_that_goes():
    labels = toy_labels()
    labels.label[:] = 0
    result = audit_leaks(Setup(toy_container(labels=labels)))
    assert result.of("folds").verdict == "clean"
    for name in ("held-out labels", "shuffled labels"):
        assert result.of(name).verdict == "not checked"
        assert "hold 1 of 3 classes" in result.of(name).why
    assert "every training label is 0" in result.of("samples").why


def test_a_column_in_steps_has_round_quartiles_by_itself(lab):
    # The body of a candle in shares of its range, as real ticks make it.
    steps = np.tile([-1.0, -0.5, -0.5, 0.0, 0.0, 0.5, 0.5, 1.0], len(lab.bars))
    values = steps[: len(lab.bars)] + np.where(np.arange(len(lab.bars)) % 8, 0, 1e-9)
    assert np.ptp(np.percentile(values, (25, 75))) == pytest.approx(1.0, abs=1e-6)
    assert answer(lab.with_values(values), "file figures").verdict == "clean"


def test_a_column_that_reaches_its_own_bounds_is_not_accused(lab):
    # In thin markets an index stands at its mathematical limit, by chance often a round
    # share of the time; a cut at quantiles is as frequent on the other side.
    rng = np.random.default_rng(1)
    values = rng.uniform(-400.0, 400.0, len(lab.bars))
    rows = rng.permutation(len(values))
    values[rows[: round(0.01 * len(values))]] = 466.667
    values[rows[-3 * round(0.01 * len(values)) :]] = -466.667
    assert answer(lab.with_values(values), "file figures").verdict == "clean"


def test_a_column_that_was_scaled_by_quartiles_of_the_file_is_caught(lab):
    change = np.diff(np.log(lab.bars.close), prepend=np.log(lab.bars.close[0]))
    change += np.random.default_rng(0).normal(size=len(change)) * 1e-7
    low, middle, high = np.percentile(change, (25, 50, 75))
    scaled = lab.with_values((change - middle) / (high - low))
    assert answer(scaled, "file figures").verdict == "leaks"


def test_a_column_of_earlier_bars_is_doubted_not_accused(lab):
    # An edge, however large, is no leak where the column was computed from the past.
    setup = tables.return_among_the_columns(lab)
    assert answer(setup, "near label").verdict == "leaks"
    proved = setup.replace(proved=frozenset({"planted"}))
    assert answer(proved, "near label").verdict == "doubtful"


def test_a_preparation_of_other_rows_is_named_with_both_figures(lab):
    data = lab.data()
    preparation = type(data.preparation)(PreparationSettings())
    preparation.fit(data.frame.samples(data.split.val))
    setup = lab.setup(with_frame(data, data.frame, preparation=preparation))
    (leak,) = answer(setup, "preparation").found
    assert leak.where == "preparation: scaler.center[0]"
    train = np.median(data.frame.matrix[data.split.train, 0])
    assert f"{train:.4f}"[:6] in leak.evidence


def test_shares_explained_are_those_of_scikit_learn_and_scipy():
    from scipy.stats.contingency import association
    from sklearn.feature_selection import f_regression

    rng = np.random.default_rng(0)
    bins = rng.integers(0, 2, 5000)
    ret = bins + rng.normal(size=5000)
    f, _ = f_regression(bins[:, None].astype(float), ret)
    # One step between two bins: eta2 is R2, here adjusted for its degrees of freedom.
    r2 = f[0] / (f[0] + 4998)
    assert explained(bins, ret) == pytest.approx(1 - (1 - r2) * 4999 / 4998)
    label = np.where(rng.random(5000) < 0.3, bins, rng.integers(0, 2, 5000))
    table = np.array(
        [[np.sum((bins == a) & (label == b)) for b in (0, 1)] for a in (0, 1)]
    )
    v2 = association(table, method="cramer", correction=False) ** 2
    assert associated(bins, label) == pytest.approx(v2 - 1 / 4999)


def test_without_enough_samples_nothing_is_said():
    data = toy_container()
    split = replace(data.split, train=data.split.train[:50], val=data.split.val[:10])
    few = Setup(with_frame(data, data.frame, split=split))
    assert answer(few, "near label").verdict == "not checked"
    assert answer(few, "held-out labels").verdict == "not checked"
    with pytest.raises(NotChecked):
        next(one for one in CHECKS if one.name == "columns").find(few)


def test_a_refusal_counts_as_caught_of_a_leak_and_as_an_alarm_of_a_clean_one(lab):
    case = next(one for one in cases() if one.name == "plain")

    def refuse(_):
        raise ConfigError("no")

    outcome = audit(replace(case, make=refuse), lab)
    assert alarms([outcome])[:2] == (1, 1)
    assert power([replace(outcome, case=replace(case, leaks=True))])[:2] == (1, 1)


@pytest.mark.slow
def test_the_whole_suite(lab):
    outcomes = [audit(case, lab) for case in cases()]
    caught, leaks, _ = power([one for one in outcomes if not one.case.second])
    assert leaks >= 40
    assert caught >= 0.95 * leaks
    missed = {one.case.name for one in outcomes if one.case.second and not one.right}
    assert missed <= set(UNSEEN)
    accused, setups, _ = alarms(outcomes)
    assert setups >= 20
    assert accused == 0
