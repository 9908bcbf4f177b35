"""Regimes are limits of training rows; slices are scored by themselves."""

import numpy as np
import pytest
from sklearn import metrics as sk

from barwise.datasets import CombinatorialPurgedKFold, PurgedKFold, WalkForward
from barwise.testing.toy_data import toy_container
from barwise.training import out_of_fold, plan_folds
from barwise.validation.stability import slices, volatility_regimes


def volatility(plan, seed=0):
    return np.random.default_rng(seed).gamma(2.0, 1.0, len(plan.samples))


@pytest.mark.parametrize(
    "splitter",
    [PurgedKFold(4, embargo=10), CombinatorialPurgedKFold(4, 2, embargo=10)],
    ids=["k-fold", "combinatorial"],
)
def test_limits_are_thirds_of_the_folds_own_training_rows(splitter):
    plan = plan_folds(toy_container(900), splitter)
    values = volatility(plan)
    for path in range(len(plan.paths)):
        found = volatility_regimes(plan, values, path)
        for row in range(0, len(values), 37):
            train = plan.folds[plan.paths[path, row]][0]
            low, high = np.quantile(values[train], [1 / 3, 2 / 3])
            assert found[row] == int(values[row] >= low) + int(values[row] >= high)


def test_test_rows_do_not_move_the_limits():
    plan = plan_folds(toy_container(900), WalkForward(3))
    values, test = volatility(plan), plan.folds[-1][1]
    wild = values.copy()
    wild[test[1:]] *= 1000.0
    one, other = (volatility_regimes(plan, each) for each in (values, wild))
    assert one[test[0]] == other[test[0]]
    assert (other[test[1:]] == 2).all()


def test_a_row_without_a_fold_or_a_value_is_in_no_regime():
    plan = plan_folds(toy_container(900), WalkForward(3))
    values = volatility(plan)
    values[-1] = np.nan
    found = volatility_regimes(plan, values)
    assert found[-1] == -1
    assert (found[: plan.folds[0][1][0]] == -1).all()
    assert set(np.unique(found)) == {-1, 0, 1, 2}


def test_a_slice_is_scored_on_its_own_rows_beside_baselines_on_the_same():
    data = toy_container()
    made = out_of_fold("logistic", data, PurgedKFold(3, embargo=10))
    blind = out_of_fold("prior", data, PurgedKFold(3, embargo=10))
    codes = np.arange(len(made)) // 60 % 3
    codes[:40] = 7
    found = list(
        slices(
            made.asked(data),
            made.output(),
            {"prior": blind.output()},
            "hour",
            ("a", "b", "c", "empty"),
            codes,
        )
    )
    assert [one.name for one in found] == ["a", "b", "c"]
    for code, one in enumerate(found):
        mine = codes == code
        y = made.y[mine]
        assert one.samples == mine.sum()
        assert one.macro_f1 == pytest.approx(
            sk.f1_score(y, made.predictions[0, mine], average="macro")
        )
        assert one.baselines["prior"] == pytest.approx(
            sk.f1_score(y, blind.predictions[0, mine], average="macro")
        )
        over = one.intervals["macro_f1_over_prior"]
        assert over["value"] == pytest.approx(one.macro_f1 - one.baselines["prior"])
        assert 0 < over["lower"] < over["upper"]
