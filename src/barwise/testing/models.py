"""The contract of a model: inherit it, name a model, and the laws are tested.

.. code-block:: python

    class TestMine(ModelContract):
        @pytest.fixture(scope="class")
        @classmethod
        def make_model(cls):
            return lambda **config: ModelRegistry.create("mine", config)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import final

import numpy as np
import pytest

from barwise.core.arrays import MINUTE
from barwise.core.errors import BarwiseError, ConfigError, DataError
from barwise.core.samples import Samples
from barwise.models import BaseModel, load_model

MakeModel = Callable[..., BaseModel]

_BAR = 5 * MINUTE
_HORIZON = 4


@final
@dataclass(frozen=True, eq=False)
class ToyMarket:
    """Samples whose class follows from their first feature, noise aside.

    Parameters
    ----------
    train, val : Samples
        Older and newer samples of one matrix, with a gap between.
    y_train, y_val : ndarray of int8
        Classes -1, 0, +1.
    """

    train: Samples
    val: Samples
    y_train: np.ndarray
    y_val: np.ndarray

    @classmethod
    def make(cls, rows: int = 800, seed: int = 0) -> ToyMarket:
        """Draw a market of ``rows`` five-minute bars; the last quarter validates.

        Examples
        --------
        >>> market = ToyMarket.make(rows=100)
        >>> len(market.train), len(market.val), market.train.names[0]
        (71, 25, 'signal')
        """
        rng = np.random.default_rng(seed)
        matrix = rng.normal(size=(rows, 4)).astype(np.float32)
        noisy = matrix[:, 0] + 0.3 * rng.normal(size=rows)
        y = np.where(noisy > 0.43, 1, np.where(noisy < -0.43, -1, 0)).astype(np.int8)
        times = (np.arange(rows, dtype=np.int64) + 1) * _BAR
        samples = Samples(
            matrix,
            np.arange(rows),
            times,
            times + _HORIZON * _BAR,
            np.zeros(rows, dtype=np.int64),
            ("signal", "noise_1", "noise_2", "atr_ratio_14"),
        )
        cut = rows * 3 // 4
        older, newer = np.arange(cut - _HORIZON), np.arange(cut, rows)
        return cls(samples.take(older), samples.take(newer), y[older], y[newer])

    def with_matrix(self, part: Samples, matrix: np.ndarray) -> Samples:
        """Return ``part`` over another matrix of the same shape."""
        return replace(part, matrix=matrix, reach=None)


class ModelContract:
    """Laws that every model keeps; see the module's docstring.

    A subclass gives the fixture ``make_model`` (class-scoped), which returns a callable
    from settings to a new model that learns fast. Baselines, which look at no feature,
    are excused from learning.
    """

    uninstructed: frozenset[str] = frozenset({"always_long"})
    """Models that training does not change at all."""

    @pytest.fixture(scope="class")
    @classmethod
    def make_model(cls) -> MakeModel:
        """Return how to make the model under test."""
        raise NotImplementedError("give the fixture make_model")

    @pytest.fixture(scope="class")
    @classmethod
    def market(cls) -> ToyMarket:
        """Return what the models are fitted on."""
        return ToyMarket.make()

    @pytest.fixture(scope="class")
    @classmethod
    def fitted(cls, make_model: MakeModel, market: ToyMarket) -> BaseModel:
        """Return a fitted model that no test changes."""
        return _fit(make_model(), market)

    @pytest.fixture(scope="class")
    @classmethod
    def learns(cls, make_model: MakeModel) -> bool:
        """Return whether the model looks at features."""
        return make_model().model_family != "baseline"

    def test_output_schema(self, fitted: BaseModel, market: ToyMarket) -> None:
        """Types, shapes and sums are the same for every model."""
        out = fitted.predict(market.val)
        rows = len(market.val)
        assert out.class_predictions.dtype == np.int8
        assert out.class_probabilities.dtype == np.float64
        assert out.class_probabilities.shape == (rows, 3)
        assert out.valid.dtype == bool
        assert out.valid.all()
        assert np.isin(out.class_predictions, (-1, 0, 1)).all()
        assert (out.class_probabilities >= 0).all()
        np.testing.assert_allclose(out.class_probabilities.sum(axis=1), 1, atol=1e-12)
        chosen = np.searchsorted((-1, 0, 1), out.class_predictions)
        np.testing.assert_array_equal(
            out.confidence, out.class_probabilities[np.arange(rows), chosen]
        )
        assert "<table>" in out._repr_html_()
        assert "<table>" in fitted._repr_html_()

    def test_learns_a_planted_rule(
        self, make_model: MakeModel, market: ToyMarket, learns: bool
    ) -> None:
        """Accuracy is far above chance, and columns stand in class order."""
        if not learns:
            pytest.skip("looks at no feature")
        model = make_model()
        metrics = model.fit(market.train, market.y_train, market.val, market.y_val)
        assert metrics.val_accuracy > 0.55
        assert metrics.val_loss < np.log(3)
        out = model.predict(market.val)
        for column, name in enumerate((-1, 0, 1)):
            mean = out.class_probabilities[market.y_val == name].mean(axis=0)
            assert mean.argmax() == column

    def test_same_seed_same_bytes(
        self,
        make_model: MakeModel,
        fitted: BaseModel,
        market: ToyMarket,
        tmp_path: Path,
    ) -> None:
        """Fitting again gives the same files, byte for byte."""
        fitted.save(tmp_path / "one")
        _fit(make_model(), market).save(tmp_path / "two")
        assert _contents(tmp_path / "one") == _contents(tmp_path / "two")

    def test_survives_save_and_load(
        self, fitted: BaseModel, market: ToyMarket, tmp_path: Path
    ) -> None:
        """A loaded model predicts the same bits and saves the same bytes."""
        fitted.save(tmp_path / "one")
        loaded = type(fitted).load(tmp_path / "one")
        assert loaded.settings == fitted.settings
        first, second = fitted.predict(market.val), loaded.predict(market.val)
        np.testing.assert_array_equal(
            first.class_probabilities, second.class_probabilities
        )
        np.testing.assert_array_equal(first.class_predictions, second.class_predictions)
        assert loaded.get_feature_importance() == fitted.get_feature_importance()
        load_model(tmp_path / "one").save(tmp_path / "two")
        assert _contents(tmp_path / "one") == _contents(tmp_path / "two")

    def test_input_is_untouched(self, make_model: MakeModel) -> None:
        """Neither fit nor predict writes into what it is given."""
        market = ToyMarket.make()
        given = (market.train.matrix, market.y_train, np.ones(len(market.train)))
        before = [array.copy() for array in given]
        model = make_model()
        model.fit(market.train, market.y_train, sample_weights=given[2])
        model.predict(market.val)
        for array, copy in zip(given, before, strict=True):
            np.testing.assert_array_equal(array, copy)

    def test_missing_is_not_zero(self, fitted: BaseModel, market: ToyMarket) -> None:
        """A row without its inputs is an abstention, never a guess."""
        matrix = market.val.matrix.copy()
        partly, wholly = int(market.val.index[40]), int(market.val.index[80])
        matrix[partly, 1] = np.nan
        matrix[wholly] = np.nan
        out = fitted.predict(market.with_matrix(market.val, matrix))
        reach = np.arange(fitted.window_length or 1)
        lost = set((80 + reach).tolist())
        if not fitted.reads_missing:
            lost |= set((40 + reach).tolist())
        assert set(np.flatnonzero(~out.valid).tolist()) == lost
        missing = ~out.valid
        assert np.isnan(out.class_probabilities[missing]).all()
        assert np.isnan(out.confidence[missing]).all()
        assert (out.class_predictions[missing] == 0).all()
        assert not np.isnan(out.class_probabilities[out.valid]).any()
        clean = fitted.predict(market.val)
        if fitted.batch_invariant and not fitted.reads_missing:
            np.testing.assert_array_equal(
                out.class_probabilities[out.valid], clean.class_probabilities[out.valid]
            )

    def test_class_missing_in_fold(
        self, make_model: MakeModel, market: ToyMarket
    ) -> None:
        """The width of the probabilities is that of the configured classes."""
        kept = np.flatnonzero(market.y_train != 1)
        model = make_model()
        train = market.train.take(kept)
        metrics = model.fit(train, market.y_train[kept], market.val, market.y_val)
        assert np.isfinite(metrics.val_loss)
        out = model.predict(market.val)
        assert out.class_probabilities.shape == (len(market.val), 3)
        np.testing.assert_allclose(out.class_probabilities.sum(axis=1), 1, atol=1e-12)
        if model.name not in self.uninstructed:
            assert out.class_probabilities[:, 2].mean() < 0.2

    def test_one_class_is_refused(
        self, make_model: MakeModel, market: ToyMarket, learns: bool
    ) -> None:
        """Nothing can be told apart where there is one class."""
        if not learns:
            pytest.skip("needs no second class")
        with pytest.raises(DataError, match="classes"):
            make_model().fit(market.train, np.zeros_like(market.y_train))

    def test_binary(
        self, make_model: MakeModel, market: ToyMarket, learns: bool
    ) -> None:
        """Two classes, 0 and 1."""
        model = make_model(classes=[0, 1])
        y_train, y_val = (market.y_train == 1) * 1, (market.y_val == 1) * 1
        metrics = model.fit(market.train, y_train, market.val, y_val)
        out = model.predict(market.val)
        assert out.class_probabilities.shape == (len(market.val), 2)
        assert np.isin(out.class_predictions, (0, 1)).all()
        np.testing.assert_allclose(out.class_probabilities.sum(axis=1), 1, atol=1e-12)
        if learns:
            assert metrics.val_accuracy > 0.75

    def test_sample_weights_matter(
        self, make_model: MakeModel, market: ToyMarket
    ) -> None:
        """Rows of one class with more weight raise its probability."""
        rare = np.bincount(market.y_train + 1).argmin()
        weights = np.where(market.y_train + 1 == rare, 10.0, 0.1)
        # Balanced classes would undo weights that follow the class.
        free = (
            {"class_weight": None}
            if "class_weight" in make_model().get_default_config()
            else {}
        )
        plain, weighted = make_model(**free), make_model(**free)
        if plain.name in self.uninstructed:
            pytest.skip("training changes nothing")
        plain.fit(market.train, market.y_train)
        weighted.fit(market.train, market.y_train, sample_weights=weights)
        means = [
            np.nanmean(model.predict(market.val).class_probabilities[:, rare])
            for model in (plain, weighted)
        ]
        assert means[1] > means[0] + 0.05

    def test_single_row_equals_batch(
        self, fitted: BaseModel, market: ToyMarket
    ) -> None:
        """A model that says so gives a row the same bits alone and in company."""
        if not fitted.batch_invariant:
            pytest.skip("declared to depend on the batch")
        whole = fitted.predict(market.val)
        for row in range(0, len(market.val), 7):
            alone = fitted.predict(market.val.take(np.array([row])))
            np.testing.assert_array_equal(
                alone.class_probabilities[0], whole.class_probabilities[row]
            )
            assert alone.class_predictions[0] == whole.class_predictions[row]

    def test_importance_names_the_signal(
        self, fitted: BaseModel, market: ToyMarket
    ) -> None:
        """Where a model has importances, the planted feature comes first."""
        importance = fitted.get_feature_importance()
        if importance is None:
            pytest.skip("has no importance of its own")
        assert tuple(importance) == market.val.names
        assert max(importance, key=lambda name: importance[name]) == "signal"

    def test_refuses_what_it_does_not_know(
        self,
        make_model: MakeModel,
        fitted: BaseModel,
        market: ToyMarket,
        tmp_path: Path,
    ) -> None:
        """Unknown settings, foreign features, wrong labels, unfitted models."""
        with pytest.raises(ConfigError, match=r"unknown key 'no_such_key'.*yaml"):
            make_model(no_such_key=1)
        with pytest.raises(BarwiseError, match="not fitted"):
            make_model().predict(market.val)
        with pytest.raises(BarwiseError, match="not fitted"):
            make_model().save(tmp_path / "unfitted")
        with pytest.raises(DataError, match="none of the classes"):
            make_model().fit(market.train, market.y_train + 5)
        with pytest.raises(DataError, match="must have shape"):
            make_model().fit(market.train, market.y_train[:-1])
        negative = np.full(len(market.train), -1.0)
        with pytest.raises(DataError, match="not negative"):
            make_model().fit(market.train, market.y_train, sample_weights=negative)
        renamed = replace(market.val, names=("other", *market.val.names[1:]))
        with pytest.raises(DataError, match="'other'"):
            fitted.predict(renamed)


def _fit(model: BaseModel, market: ToyMarket) -> BaseModel:
    model.fit(market.train, market.y_train, market.val, market.y_val)
    return model


def _contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted(folder.iterdir())}
