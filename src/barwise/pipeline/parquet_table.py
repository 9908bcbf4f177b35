"""A table of one row a bar, as a Parquet file."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from barwise.core.durable import write_with

_TIMES = ("time", "end_time", "known_at")


def write_columns(columns: Mapping[str, np.ndarray], path: Path) -> None:
    """Write columns of one length to a file, whole or not at all.

    ``time``, ``end_time`` and ``known_at`` (int64 ns) become timestamps in UTC.

    Raises
    ------
    BarwiseError
        If the file cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    write_with(path, partial(_write, columns))


def _write(columns: Mapping[str, np.ndarray], path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    stamp: Any = pa.timestamp("ns", tz="UTC")
    table = pa.table(
        {
            name: pa.array(array).cast(stamp) if name in _TIMES else pa.array(array)
            for name, array in columns.items()
        }
    )
    pq.write_table(table, path, compression="zstd")
