"""The audit of a feature: the laws, tried on the user's own bars."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from barwise.bars.bars import Bars
from barwise.core.errors import DataError
from barwise.pipeline.audits.doubts import coverage, origin, price_units, short_lookback
from barwise.pipeline.audits.findings import Audit, Check, Finding, show, where
from barwise.pipeline.audits.futures import cut_points
from barwise.pipeline.audits.history import History
from barwise.pipeline.audits.look_ahead import look_ahead
from barwise.pipeline.audits.subjects import FrameSubject, GraphSubject, Subject

CUTS = 24
FEWEST = 60


def audit_feature(
    subject: Subject,
    bars: Bars,
    *,
    cuts: int = CUTS,
    progress: Callable[[int, int], None] | None = None,
) -> Audit:
    """Say whether columns know what they could not have known, and how.

    The bars after each of some cut points are taken away, or replaced by others, with
    the finer bars and the rows of tables that became known after it; every row before
    the cut has to stay what it was. Columns of a graph are also pushed
    in chunks, row by row and from a snapshot; functions of frames are called again, and
    on later beginnings of the file.

    Parameters
    ----------
    subject : Subject
        :class:`GraphSubject` or :class:`FrameSubject`.
    bars : Bars
        At least 60; what depends on long stretches shows on long ones only.
    cuts : int
        Cut points.
    progress : callable, optional
        Told how many cuts of how many are done.

    Raises
    ------
    ConfigError
        If a user's function raises or returns something else than columns.
    DataError
        If there are too few bars.

    Examples
    --------
    >>> from barwise.bars.simulate import simulate_bars
    >>> from barwise.features.frame_function import FrameFunction
    >>> bars = simulate_bars("MES", days=1)[:300]
    >>> peek = FrameFunction("peek", lambda frame: frame["close"].shift(-1))
    >>> audit = audit_feature(FrameSubject(peek, bars), bars)
    >>> audit.honest, audit.findings[0].ahead
    (False, 1)
    >>> audit_feature(GraphSubject(["rsi_14", "return_1"], bars), bars).honest
    True
    """
    if len(bars) < FEWEST:
        raise DataError(
            f"an audit needs at least {FEWEST} bars, got {len(bars)}; take a longer file"
        )
    if isinstance(subject, FrameSubject) and subject.last_only:
        return Audit(subject.name, subject.kind, subject.columns, (), len(bars), 0)
    places = cut_points(len(bars), cuts)
    history = History(bars, **subject.beside)
    whole = subject.values(history)
    findings = _repeat(subject, history, whole)
    if not findings:
        # What differs from call to call would be taken for a look ahead.
        findings = look_ahead(
            subject,
            history,
            whole,
            places,
            lambda done: progress(done, len(places)) if progress else None,
        )
        if isinstance(subject, GraphSubject):
            findings += _chunks(subject, history, whole)
            findings += _restart(subject, history, whole, places)
    cheats = {finding.column for finding in findings}
    doubts = [*coverage(subject, bars, whole), *price_units(subject, history, whole)]
    if isinstance(subject, FrameSubject):
        doubts += origin(subject, bars, whole)
        doubts += short_lookback(subject, bars, whole)
    findings += [doubt for doubt in doubts if doubt.column not in cheats]
    return Audit(
        subject.name,
        subject.kind,
        subject.columns,
        tuple(findings),
        len(bars),
        len(places),
    )


def _repeat(subject: Subject, history: History, whole: np.ndarray) -> list[Finding]:
    again = subject.values(history)
    text = (
        "differs from call to call: {where} is {one} and, on the same bars, {other}; a "
        "random number without a seed, the clock, or what an earlier call left behind"
    )
    return _compared(subject, history.bars, "repeat", text, (whole, again))


def _chunks(
    subject: GraphSubject, history: History, whole: np.ndarray
) -> list[Finding]:
    """Push in pieces, and row by row: batch and live."""
    bars = history.bars
    rng = np.random.default_rng(len(bars))
    cuts = sorted(rng.integers(0, len(bars), 12).tolist())
    text = (
        "differs between batch and bar by bar: {where} is {one} in one push and {other} "
        "in several"
    )
    found = []
    for pieces in (cuts, range(1, len(bars))):
        graph = subject.fresh()
        parts = history.pieces(pieces)
        made = np.concatenate([graph.push(one.bars, **one.beside) for one in parts])
        found += _compared(subject, bars, "chunks", text, (whole, made.astype(float)))
    return found


def _restart(
    subject: GraphSubject, history: History, whole: np.ndarray, cuts: list[int]
) -> list[Finding]:
    """Go on from a snapshot in a new graph."""
    text = (
        "does not survive a restart: {where} is {one} without it and {other} after it"
    )
    found = []
    for cut in cuts[:: max(1, len(cuts) // 4)]:
        before, after = subject.fresh(), subject.fresh()
        first, rest = history.pieces([cut])
        before.push(first.bars, **first.beside)
        after.restore(before.snapshot())
        made = whole.copy()
        made[cut:] = after.push(rest.bars, **rest.beside)
        found += _compared(subject, history.bars, "restart", text, (whole, made))
    return found


def _compared(
    subject: Subject,
    bars: Bars,
    check: Check,
    text: str,
    values: tuple[np.ndarray, np.ndarray],
) -> list[Finding]:
    """Return a cheat for each column of which two computations differ."""
    moved = subject.differs(*values)
    found = []
    for column in np.flatnonzero(moved.any(axis=0)):
        row = int(moved[:, column].argmax())
        one, other = show(values[0][row, column], values[1][row, column])
        found.append(
            Finding(
                "cheat",
                check,
                subject.columns[column],
                text.format(where=where(bars, row), one=one, other=other),
                row,
                int(bars.time[row]),
            )
        )
    return found
