"""A small market's feature matrix and labels, built in the test itself."""

from types import SimpleNamespace

import numpy as np
import pytest

from barwise.datasets import TimeSeriesDataContainer

MINUTE = 60 * 10**9


def _make_table(rows=2000, columns=5, horizon=20, seed=0, classes=(-1, 0, 1)):
    """Random columns, and labels that end after 1 to ``horizon`` bars."""
    rng = np.random.default_rng(seed)
    scale = 10.0 ** np.arange(columns)
    matrix = (rng.standard_t(3, size=(rows, columns)) * scale + scale).astype("f4")
    matrix[:30] = np.nan
    times = np.arange(rows) * 5 * MINUTE
    ends = np.arange(rows) + rng.integers(1, horizon + 1, rows)
    valid = ends < rows
    ends = np.minimum(ends, rows - 1)
    labels = SimpleNamespace(
        label=rng.choice(classes, rows).astype(np.int8),
        end_time=times[ends],
        end_index=ends,
        ret=rng.normal(0, 1e-3, rows),
        valid=valid,
        weight=rng.uniform(0.5, 1.5, rows),
    )
    return SimpleNamespace(
        matrix=matrix,
        names=tuple(f"x{c}" for c in range(columns)),
        times=times,
        labels=labels,
    )


@pytest.fixture
def make_table():
    return _make_table


@pytest.fixture
def table():
    return _make_table()


@pytest.fixture
def build():
    """Build a container from a table; keywords go to ``build``."""

    def run(table, **more):
        more = {"horizon": 20, "symbol": "MES"} | more
        return TimeSeriesDataContainer.build(
            table.matrix, table.names, table.times, table.labels, **more
        )

    return run
