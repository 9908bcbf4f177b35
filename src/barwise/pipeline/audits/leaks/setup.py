"""What a leak audit looks at: a data set, and how everything in it came about."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, final

import numpy as np

from barwise.bars.bars import Bars
from barwise.datasets import PurgedKFold, TimeSeriesDataContainer
from barwise.datasets.chronological import Split
from barwise.datasets.frame import Frame
from barwise.datasets.preparation import Preparation
from barwise.datasets.targets import LabelArrays
from barwise.pipeline.audits.history import History
from barwise.pipeline.audits.leaks.small_model import small_model
from barwise.pipeline.audits.subjects import Subject
from barwise.pipeline.importance_origin import Origin

Procedure = Callable[[TimeSeriesDataContainer, np.ndarray, np.ndarray], np.ndarray]
"""Learns from some matrix rows of a data set and answers for others: class
probabilities, float64 (n_test, n_classes)."""

Relabel = Callable[[History], LabelArrays]
"""Labels the bars of a history."""

FOLDS = 5


@final
@dataclass(frozen=True, eq=False)
class Setup:
    """A data set, and as much as is known of how it was made.

    Parameters
    ----------
    data : TimeSeriesDataContainer
        What models are trained on.
    history : History or None
        Its bars, row for row, with the finer bars and tables beside them.
    columns : tuple of Subject
        What computes its columns.
    columns_on : History or None
        Bars that the columns are audited on; by default all.
    proved : frozenset of str
        Columns that are computed from bars alone, and audited: what such a column knows
        of later bars is an edge, however large.
    relabel : callable or None
        What makes its labels.
    splitter : object or None
        What cuts it into folds; None takes five purged ones.
    procedure : callable
        What learns and predicts in a fold: preparation, selection, tuning, calibration
        and model in one. By default the fold's own preparation and a small model.
    source : Bars or None
        Its bars as read, before they were cleaned and built; by default those of the
        history.
    told : tuple of str
        What the source itself speaks against; see ``barwise.bars.doubts``.
    offline : bool
        Whether gaps are filled with what came after them.
    stops_on_validation : tuple of str
        Models whose training is stopped by the part that is scored.
    chosen_by : str
        Study that chose the columns, if one did.
    study : Origin or None
        What that study was made of, where it says so.
    """

    data: TimeSeriesDataContainer
    history: History | None = None
    columns: tuple[Subject, ...] = ()
    columns_on: History | None = None
    proved: frozenset[str] = frozenset()
    relabel: Relabel | None = None
    splitter: Any = None
    procedure: Procedure = small_model
    source: Bars | None = None
    told: tuple[str, ...] = ()
    offline: bool = False
    stops_on_validation: tuple[str, ...] = ()
    chosen_by: str = ""
    study: Origin | None = None

    @property
    def bars(self) -> Bars | None:
        """Its bars, row for row."""
        return None if self.history is None else self.history.bars

    @property
    def folds(self) -> Any:
        """What cuts it into folds."""
        return self.splitter or PurgedKFold(FOLDS, embargo=self.data.horizon)

    def replace(self, **changes: Any) -> Setup:
        """Return it with other fields."""
        return replace(self, **changes)


def with_frame(
    data: TimeSeriesDataContainer,
    frame: Frame,
    *,
    split: Split | None = None,
    preparation: Preparation | None = None,
) -> TimeSeriesDataContainer:
    """Return the data set with other figures in the same parts, nothing learned anew.

    Parameters
    ----------
    data : TimeSeriesDataContainer
    frame : Frame
        As many rows.
    split : Split, optional
    preparation : Preparation, optional
    """
    return TimeSeriesDataContainer(
        frame,
        split or data.split,
        preparation or data.preparation,
        data.settings,
        horizon=data.horizon,
        symbol=data.symbol,
        dropped=data.dropped,
    )


def with_column(
    data: TimeSeriesDataContainer, name: str, values: np.ndarray
) -> TimeSeriesDataContainer:
    """Return the data set with one column more; its preparation is fitted on train.

    Values that are missing become 0, so that every sample stays one.
    """
    column = np.nan_to_num(values, posinf=0.0, neginf=0.0).astype(np.float32)
    matrix = np.column_stack([data.frame.matrix, column])
    names = (*data.frame.names, name)
    roles = (*data.frame.roles, "observed") if data.frame.roles else ()
    frame = replace(
        data.frame, matrix=matrix, names=names, roles=roles, learned=(), learner=None
    )
    preparation = Preparation(data.settings.preparation)
    preparation.fit(frame.samples(data.split.train))
    return with_frame(data, frame, preparation=preparation)
