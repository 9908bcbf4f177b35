"""Purged splits of a million labels, beside peers that purge.

Run with ``python -m benchmarks splits``. Labels last 1 to 60 bars, one bar a row; purge
60 bars, embargo 1440. The sides take turns in one process; the best of the rounds is
shown, the splitter's own sorting and checking included. "One at a time" lets go of each
fold before the next, as cross-validation does; "kept" holds the index arrays of all
folds, and so do the bare index arrays of the same sizes, where nothing is decided.

Peers: skfolio purges fixed numbers of rows, purgedcv compares label spans. Where labels
all last 60 bars the three agree, which is checked first.
"""

from __future__ import annotations

import tracemalloc
from importlib import import_module
from importlib.util import find_spec

import numpy as np

from barwise.core.arrays import MINUTE
from barwise.datasets import CombinatorialPurgedKFold, PurgedKFold
from benchmarks.timing import line, paired

ROWS, FEWER = 1_000_000, 20_000
SPAN, EMBARGO = 60, 1440
FIVE, COMBINATORIAL = 0.1, 0.2
"""Seconds that five folds and 45 combinatorial folds of a million labels may take."""


def labels(rows: int, *, varied: bool) -> tuple[np.ndarray, np.ndarray]:
    """Times of one-minute bars and label ends, int64 nanoseconds."""
    bars = np.arange(rows)
    span = np.random.default_rng(0).integers(1, SPAN + 1, rows) if varied else SPAN
    return bars * 5 * MINUTE, (bars + span) * 5 * MINUTE


def five_folds(times: np.ndarray, ends: np.ndarray) -> PurgedKFold:
    return PurgedKFold(
        5, times=times, label_end_times=ends, purge=SPAN, embargo=EMBARGO
    )


def combinatorial(times: np.ndarray, ends: np.ndarray) -> CombinatorialPurgedKFold:
    return CombinatorialPurgedKFold(
        10, 2, times=times, label_end_times=ends, purge=SPAN, embargo=EMBARGO
    )


def pass_by(splitter, X=None) -> None:
    """Take every fold and let it go."""
    for _ in splitter.split(X):
        pass


def bare(sizes: list[tuple[int, int]]) -> list:
    """Index arrays of given sizes, and nothing decided."""
    return [(np.arange(train), np.arange(test)) for train, test in sizes]


def skfolio_cv():
    """Ten groups, two of them tested; None where skfolio is missing."""
    if find_spec("skfolio") is None:
        return None
    selection = import_module("skfolio.model_selection")
    return selection.CombinatorialPurgedCV(
        n_folds=10, n_test_folds=2, purged_size=SPAN, embargo_size=EMBARGO
    )


def purgedcv_cv(times: np.ndarray, ends: np.ndarray, groups: int, tested: int):
    """The same rules in purgedcv; None where it is missing."""
    if find_spec("purgedcv") is None:
        return None
    peer = import_module("purgedcv")
    # Its labels end before their last moment, and its embargo begins with it.
    options = {
        "prediction_times": times.astype("datetime64[ns]"),
        "evaluation_times": (ends + 1).astype("datetime64[ns]"),
        "embargo": np.timedelta64(EMBARGO * 5 * MINUTE - 1, "ns"),
    }
    if tested == 1:
        return peer.PurgedKFold(groups, **options)
    return peer.CombinatorialPurgedCV(groups, tested, **options)


def show_agreement() -> None:
    times, ends = labels(FEWER, varied=False)
    X = np.empty((FEWER, 1))
    ours = [train for train, _ in combinatorial(times, ends).split()]
    sides = {
        "skfolio": skfolio_cv(),
        "purgedcv": purgedcv_cv(times, ends, 10, 2),
    }
    for name, peer in sides.items():
        if peer is None:
            print(f"{name} is not installed and left out: pip install {name}")
            continue
        theirs = [train for train, _ in peer.split(X)]
        equal = sum(
            np.array_equal(one, other) for one, other in zip(ours, theirs, strict=True)
        )
        print(f"{name}: {equal} of {len(ours)} training sets are equal to ours")


def show_memory(splitter) -> None:
    tracemalloc.start()
    pass_by(splitter)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    print(
        f"{'peak of one pass over 45 folds, beside the splitter':<58} {peak / 1e6:10.0f} MB"
    )


def main() -> None:
    show_agreement()
    times, ends = labels(ROWS, varied=True)
    X = np.empty((ROWS, 1))
    for name, make, allowed in (
        ("5 folds", five_folds, FIVE),
        ("combinatorial (10, 2), 45 folds", combinatorial, COMBINATORIAL),
    ):
        sizes = [(len(a), len(b)) for a, b in make(times, ends).split()]
        written, passed, kept = paired(
            lambda sizes=sizes: bare(sizes),
            lambda make=make: pass_by(make(times, ends)),
            lambda make=make: list(make(times, ends).split()),
        )
        print(f"{name}, {ROWS:,} labels; last column: {allowed} s over the time taken")
        line("bare index arrays, kept", written, allowed)
        line("barwise, one at a time", passed, allowed)
        line("barwise, kept", kept, allowed)
    show_memory(combinatorial(times, ends))
    peer = skfolio_cv()
    if peer is not None:
        passed, other = paired(
            lambda: pass_by(combinatorial(times, ends)),
            lambda: pass_by(peer, X),
            rounds=2,
        )
        print(f"combinatorial (10, 2), {ROWS:,} labels; last column: x skfolio's speed")
        line("skfolio", other, other)
        line("barwise", passed, other)
    if find_spec("purgedcv") is not None:
        few = labels(FEWER, varied=True)
        for name, make, groups, tested in (
            ("5 folds", five_folds, 5, 1),
            ("combinatorial (10, 2)", combinatorial, 10, 2),
        ):
            passed, other = paired(
                lambda make=make: pass_by(make(*few)),
                lambda groups=groups, tested=tested: pass_by(
                    purgedcv_cv(*few, groups, tested), X[:FEWER]
                ),
                rounds=2,
            )
            print(f"{name}, {FEWER:,} labels; last column: x purgedcv's speed")
            line("purgedcv", other, other)
            line("barwise", passed, other)


if __name__ == "__main__":
    main()
