"""Trades that a primary model proposes, and the data set of meta-labels on them.

The primary is fitted like everything else that learns: anew in every fold, on that
fold's training rows. What it says of those rows themselves is out of fold once more.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol, final, runtime_checkable

import numpy as np

from barwise.core.errors import ConfigError
from barwise.core.samples import Role
from barwise.datasets.chronological import PARTS, Part
from barwise.datasets.container import TimeSeriesDataContainer
from barwise.datasets.frame import Frame
from barwise.datasets.preparation import Preparation
from barwise.datasets.sealed import TestSeal
from barwise.datasets.targets import Targets

SIDE = "primary_side"
COLUMNS = (SIDE, "primary_short", "primary_neutral", "primary_long")
"""Columns that the primary adds: its side, and its three probabilities."""


@final
@dataclass(frozen=True, eq=False)
class Proposals:
    """What a primary model says of rows that it has not seen.

    Parameters
    ----------
    side : ndarray of int8, shape (n_rows,)
        +1 long, -1 short, 0 no trade, or a row that it was not asked about.
    probabilities : ndarray of float64, shape (n_rows, 3)
        Short, neutral, long; NaN where it was not asked or could not say.
    learned : str
        SHA-256 of all that was learned to say it.
    """

    side: np.ndarray
    probabilities: np.ndarray
    learned: str


@runtime_checkable
class Primary(Protocol):
    """Proposes trades for a fold, and says what came of them.

    It holds nothing that was learned, so one serves every fold.
    """

    @property
    def data(self) -> TimeSeriesDataContainer:
        """The primary's own data set: every candidate, with its own target."""

    def propose(
        self, train: np.ndarray, asked: np.ndarray, sealed: np.ndarray | None = None
    ) -> Proposals:
        """Say what to trade in the rows of a fold.

        Parameters
        ----------
        train : ndarray of int64
            Purged training rows: proposed for out of fold, by folds within them.
        asked : ndarray of int64
            Other rows: proposed for by a primary that was fitted on ``train``.
        sealed : ndarray of int64, optional
            More of them, whose labels may not be handed to anything.
        """

    def judge(self, side: np.ndarray) -> Targets:
        """Return the meta-labels of sides, int8 (n_rows,); valid where there is one."""


def meta_frame(frame: Frame, proposals: Proposals, primary: Primary) -> Frame:
    """Return the primary's rows with its proposals as columns and meta-labels.

    Parameters
    ----------
    frame : Frame
        Of the primary's data set, its learning columns those of the fold at hand.
    proposals : Proposals
    primary : Primary
    """
    side = proposals.side.astype(np.float32)
    side[np.isnan(proposals.probabilities).any(axis=1)] = np.nan
    observed: list[Role] = ["observed"] * len(COLUMNS)
    added = np.column_stack([side, proposals.probabilities.astype(np.float32)])
    return replace(
        frame,
        matrix=np.hstack([frame.matrix, added]),
        names=(*frame.names, *COLUMNS),
        roles=(*frame.roles, *observed) if frame.roles else (),
        targets=primary.judge(proposals.side),
        primary=primary,
    )


def meta_container(
    primary: Primary, proposals: Proposals, *, seal: TestSeal | None = None
) -> TimeSeriesDataContainer:
    """Return the data set of a primary's trades, cut where its own data set is.

    Parameters
    ----------
    primary : Primary
    proposals : Proposals
        Of ``primary.propose`` for the rows of its own three parts.
    seal : TestSeal, optional
        Without one the test part cannot be opened.

    Raises
    ------
    ConfigError
        If the primary trades on no row of a part.
    """
    data = primary.data
    frame = meta_frame(data.frame, proposals, primary)
    parts: dict[Part, np.ndarray] = {}
    for part in PARTS:
        rows = data.split.part(part)
        parts[part] = rows[frame.targets.valid[rows]]
        if not len(parts[part]):
            raise ConfigError(
                f"the primary model trades on none of the {len(rows):,} rows of the "
                f"{part} part: there is nothing to judge; take another primary "
                "(labels.primary), narrower barriers or a longer horizon"
            )
    wanted = data.settings.preparation
    preparation = wanted.model_copy(
        update={"passthrough": (*wanted.passthrough, *COLUMNS)}
    )
    settings = data.settings.model_copy(
        update={"classes": (0, 1), "side": SIDE, "preparation": preparation}
    )
    fitted = Preparation(preparation)
    fitted.fit(frame.samples(parts["train"]))
    untraded = sum(len(data.split.part(p)) - len(parts[p]) for p in PARTS)
    return TimeSeriesDataContainer(
        frame,
        replace(data.split, train=parts["train"], val=parts["val"], test=parts["test"]),
        fitted,
        settings,
        horizon=data.horizon,
        symbol=data.symbol,
        dropped=data.dropped | {"no trade": untraded},
        seal=seal,
    )


def proposed_sides(
    data: TimeSeriesDataContainer, rows: np.ndarray
) -> np.ndarray | None:
    """Return the side of the trade that each row's label judges, None for other labels.

    Parameters
    ----------
    data : TimeSeriesDataContainer
    rows : ndarray of int64
        Samples.
    """
    name = data.settings.side
    if name is None:
        return None
    return data.frame.matrix[rows, data.frame.names.index(name)].astype(np.int8)
