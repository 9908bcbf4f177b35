"""What a study of importance came to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from barwise.training.importance.fold import MEASURES, Arrays
from barwise.training.importance.noise import NOISE
from barwise.training.importance.ranking import Ranking, combine, rank_columns

TITLES = {
    "mdi": "MDI",
    "mda": "MDA",
    "clustered_mda": "clustered MDA",
    "sfi": "SFI",
    "shap": "SHAP",
}
"""Names of the measures, as people write them."""

UNITS = {
    "mdi": "share of impurity",
    "mda": "log loss, nats",
    "clustered_mda": "log loss, nats",
    "sfi": "log loss, nats",
    "shap": "mean |log odds|",
}


@final
@dataclass(frozen=True, eq=False)
class ImportanceStudy:
    """Columns of a data set, by how much they matter.

    Parameters
    ----------
    names : tuple of str
        Columns, in the order of the data set.
    measures : mapping of str to Ranking
        By name of the measure.
    random : mapping of str to ndarray of float64, shape (2, n_noise)
        Mean and standard error of the random columns.
    importance : ndarray of float64, shape (n_columns,)
        All measures in one figure, see :func:`~.ranking.combine`.
    clusters : ndarray of int64, shape (n_columns,)
        Columns that are permuted together have one number.
    tree_spread : ndarray of float64, shape (n_columns,), or None
        Of MDI: standard deviation over the trees of a fold, mean over folds.
    losses : tuple of float, or None
        Of MDA: the model's held-out log loss, and that of the class frequencies.
    """

    names: tuple[str, ...]
    measures: Mapping[str, Ranking]
    random: Mapping[str, np.ndarray]
    importance: np.ndarray
    clusters: np.ndarray
    tree_spread: np.ndarray | None
    losses: tuple[float, float] | None

    @classmethod
    def of(
        cls,
        names: Sequence[str],
        folds: Mapping[str, Sequence[Arrays]],
        clusters: np.ndarray,
    ) -> ImportanceStudy:
        """Put the folds of every method together.

        Parameters
        ----------
        names : sequence of str
            Real columns.
        folds : mapping of str to sequence of arrays
            By method, what ``fold_importance`` returned for each fold.
        clusters : ndarray of int64, shape (n_columns,)
        """
        measures, random = {}, {}
        for method, made in folds.items():
            for measure in MEASURES[method]:
                values = np.array([fold[measure] for fold in made])
                measures[measure], random[measure] = rank_columns(values, len(NOISE))
        spread, losses = None, None
        if "mdi" in folds:
            spread = np.mean([fold["mdi_spread"] for fold in folds["mdi"]], axis=0)
            spread = spread[: len(names)]
        if "mda" in folds:
            model, prior = np.mean([fold["losses"] for fold in folds["mda"]], axis=0)
            losses = (float(model), float(prior))
        importance = combine(measures, names)
        return cls(tuple(names), measures, random, importance, clusters, spread, losses)

    @property
    def order(self) -> np.ndarray:
        """Columns from the most to the least important; equal ones keep their order."""
        return np.argsort(-self.importance, kind="stable")

    @property
    def doubtful(self) -> list[str]:
        """Columns that no measure lifts clear of the random ones."""
        clear = np.any([one.clear for one in self.measures.values()], axis=0)
        return [self.names[place] for place in self.order if not clear[place]]

    @property
    def model_is_blind(self) -> bool:
        """Whether the model is no better on held-out rows than the class frequencies."""
        return self.losses is not None and self.losses[0] >= self.losses[1]

    def rows(self) -> list[dict[str, Any]]:
        """Return one mapping a column of plain values, most important first."""
        return [self._row(rank, place) for rank, place in enumerate(self.order, 1)]

    def _row(self, rank: int, place: int) -> dict[str, Any]:
        row: dict[str, Any] = {
            "feature": self.names[place],
            "importance": float(self.importance[place]),
            "rank": rank,
            "cluster": int(self.clusters[place]),
            "clear_of_noise": sum(bool(m.clear[place]) for m in self.measures.values()),
        }
        for name, one in self.measures.items():
            row[name] = {
                "mean": float(one.mean[place]),
                "standard_error": float(one.standard_error[place]),
                "rank": float(one.rank[place]),
                "clear_of_noise": bool(one.clear[place]),
            }
        if self.tree_spread is not None:
            row["mdi"]["tree_spread"] = float(self.tree_spread[place])
        return row

    def noise_rows(self) -> list[dict[str, Any]]:
        """Return the same of the random columns, which are in no ranking."""
        return [
            {"name": name}
            | {
                measure: {"mean": float(mean), "standard_error": float(error)}
                for measure, (mean, error) in (
                    (measure, values[:, place])
                    for measure, values in self.random.items()
                )
            }
            for place, name in enumerate(NOISE)
        ]
