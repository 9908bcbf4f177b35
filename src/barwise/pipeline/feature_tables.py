"""The features of a config as a table, and how much of the bars each column covers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import final

import numpy as np

from barwise.pipeline.choices import check_labels, store_folder
from barwise.pipeline.config import RunConfig
from barwise.pipeline.inputs import Inputs, prepare_inputs
from barwise.pipeline.lock import locked
from barwise.pipeline.parquet_table import write_columns
from barwise.pipeline.steps import Steps
from barwise.pipeline.store import ObjectStore


@final
@dataclass(frozen=True)
class Coverage:
    """Where one column is defined.

    Parameters
    ----------
    column : str
    first : int or None
        Close of the first bar that has a value, nanoseconds UTC; None if none has.
    share : float
        Of the bars.
    """

    column: str
    first: int | None
    share: float


@final
@dataclass(frozen=True, eq=False)
class FeatureTable:
    """The features of a config: what a run trains on.

    Parameters
    ----------
    inputs : Inputs
    coverage : tuple of Coverage
        In the order of the columns.
    """

    inputs: Inputs
    coverage: tuple[Coverage, ...]

    def write(self, path: Path) -> None:
        """Write a Parquet file: ``time``, the close in UTC, and a float32 a column.

        Raises
        ------
        BarwiseError
            If the file cannot be written.
        """
        made = self.inputs
        columns = dict(zip(made.names, made.matrix.T, strict=True))
        write_columns({"time": made.bars.time} | columns, path)


def build_features(
    config: RunConfig, notify: Callable[[str], None] = lambda _: None
) -> FeatureTable:
    """Compute the features of a config's bars, or find them in the store.

    Columns that learn do so from the purged training rows, as in a run.

    Raises
    ------
    ConfigError
        If a setting cannot work with these data.
    DataError
        If the data break a rule.
    LockedError
        If another process runs on the same store.
    """
    check_labels(config)
    folder = store_folder(config)
    with locked(folder):
        inputs = prepare_inputs(config, Steps(ObjectStore(folder)), notify)
    defined = np.isfinite(inputs.matrix)
    return FeatureTable(
        inputs,
        tuple(
            Coverage(
                name,
                int(inputs.bars.time[np.argmax(column)]) if column.any() else None,
                float(column.mean()) if len(column) else 0.0,
            )
            for name, column in zip(inputs.names, defined.T, strict=True)
        ),
    )
