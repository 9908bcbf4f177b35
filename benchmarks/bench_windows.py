"""Memory of data sets: windows over a matrix, and ten million rows by memory map.

Run with ``python -m benchmarks.bench_windows``. What is counted is what Python and NumPy
allocate on top of the matrix (``tracemalloc``, at its peak): first what building takes
(labels are in memory before), then what windows over the training part take, one batch
at a time included. A mapped matrix stays on the disk.
"""

from __future__ import annotations

import tempfile
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import TypeVar

import numpy as np

from barwise.core.samples import Windows
from barwise.datasets import TimeSeriesDataContainer

MEGABYTE = 1e6
WINDOW, BATCH, BATCHES = 60, 256, 100
PIECE = 500_000

T = TypeVar("T")


def peak_of(work: Callable[[], T]) -> tuple[T, float]:
    """Return what some work returns, and the most megabytes that it held."""
    tracemalloc.start()
    made = work()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return made, peak / MEGABYTE


def labels_of(rows: int) -> SimpleNamespace:
    rng, number = np.random.default_rng(0), np.arange(rows)
    return SimpleNamespace(
        label=rng.integers(-1, 2, rows).astype(np.int8),
        end_time=(number + 5) * 60,
        end_index=np.minimum(number + 5, rows - 1),
        ret=np.zeros(rows),
        valid=number < rows - 5,
        weight=np.ones(rows),
    )


def read(windows: Windows) -> None:
    """Gather some batches of random windows, each forgotten before the next."""
    rng = np.random.default_rng(1)
    for _ in range(BATCHES):
        windows[rng.integers(0, len(windows), BATCH)]


def measure(what: str, matrix: np.ndarray) -> None:
    rows, columns = matrix.shape
    names = tuple(f"x{i}" for i in range(columns))
    times, labels = np.arange(rows) * 60, labels_of(rows)
    data, building = peak_of(
        lambda: TimeSeriesDataContainer.build(
            matrix, names, times, labels, horizon=5, symbol="X"
        )
    )
    samples = data.samples("train")

    def windows_and_batches() -> Windows:
        windows = samples.take(samples.windowable(WINDOW)).windows(WINDOW)
        read(windows)
        return windows

    windows, reading = peak_of(windows_and_batches)
    begin = time.perf_counter()
    read(windows)
    rate = BATCHES * BATCH / (time.perf_counter() - begin)
    size = matrix.nbytes / MEGABYTE
    print(
        f"{what:<34} {size:9,.0f} MB {building:9,.0f} MB {reading:9,.0f} MB "
        f"{1 + reading / size:7.2f} x {rate:12,.0f}"
    )


def mapped(rows: int, columns: int, folder: Path) -> np.ndarray:
    """Write a matrix piece by piece and map it."""
    path = folder / "matrix.npy"
    file = np.lib.format.open_memmap(path, "w+", np.float32, (rows, columns))
    rng = np.random.default_rng(0)
    for begin in range(0, rows, PIECE):
        part = file[begin : begin + PIECE]
        part[:] = rng.standard_normal(part.shape, np.float32)
    file.flush()
    return np.load(path, mmap_mode="r")


def main() -> None:
    print(
        f"{f'windows of {WINDOW} rows, {BATCH} a batch':<34} {'matrix':>12} "
        f"{'to build':>12} {'windows':>12} {'with them':>9} {'windows/s':>12}"
    )
    rng = np.random.default_rng(0)
    measure("500,000 x 80 in memory", rng.standard_normal((500_000, 80), np.float32))
    with tempfile.TemporaryDirectory() as folder:
        matrix = mapped(10_000_000, 80, Path(folder))
        measure("10,000,000 x 80 by memory map", matrix)


if __name__ == "__main__":
    main()
