"""Clean bars as they arrive, and sort a file before the first of them does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import final

import numpy as np

from barwise.bars import checks
from barwise.bars.bars import Bars
from barwise.bars.ordering import Ordering, numbered
from barwise.bars.policies import REPAIRS, Action, drops, resolve_policy
from barwise.bars.quality import KINDS, Finding, QualityReport
from barwise.bars.sessions import SessionTable
from barwise.bars.tally import Tally
from barwise.bars.trade_cleaner import TradeCleaner
from barwise.bars.watch import Watch
from barwise.core.errors import ConfigError, DataError
from barwise.core.stage import Stage, State

_PRICES = ("open", "high", "low", "close")
_VALUES = (*_PRICES, "volume")


@final
class Cleaner(Stage[Bars, Bars]):
    """Find what is wrong with bars, and drop or repair it, one row or a file at a time.

    Every decision uses its row and earlier ones only: a repair never waits for what
    comes next, so live bars are treated as history was. A row that is late (its time
    lies before an accepted one) or repeats a time changes nothing already emitted.

    Parameters
    ----------
    policy : str or mapping of str to str
        ``error``, ``drop``, ``repair`` or ``keep`` for all findings or by kind; see
        :func:`barwise.bars.policies.resolve_policy` and
        :data:`barwise.bars.policies.REPAIRS`.
    tick_size : float, optional
        Smallest price step; a wick of two ticks is never a bad tick.
    sessions : SessionTable, optional
        When the market trades: gaps count only missing bars inside sessions, and bars
        outside are reported.

    Notes
    -----
    *Bad tick.* A wick (the reach of high or low beyond open, close and the close
    before) is suspect when it exceeds 20 times the mean body range of the last 60 bars
    that moved, plus two ticks. The form, a distance from recent prices against a
    multiple of their dispersion plus a granularity term, is that of Brownlees and Gallo
    (2006), restricted to the past; that the price came back within the bar is what
    makes it suspect. Bodies, not true ranges, set the scale, so that one bad tick does
    not hide the next. A wrong close cannot be told from a move without the next bar
    and is not looked for.

    References
    ----------
    Brownlees, C. T. and Gallo, G. M. (2006), Financial econometric analysis at
    ultra-high frequency: data handling concerns, Computational Statistics & Data
    Analysis 51(4), 2232-2245.

    Examples
    --------
    >>> minute = 60_000_000_000
    >>> time = np.array([1, 2, 2, 4]) * minute
    >>> one = np.ones(4)
    >>> raw = Bars.of(time, one, one + 1, one, one, interval=minute, symbol="X")
    >>> cleaner = Cleaner()
    >>> len(cleaner.push(raw))
    3
    >>> cleaner.report
    QualityReport(rows_in=4, rows_out=3, offline=False, findings: duplicate 1, gap 1)
    """

    def __init__(
        self,
        policy: Action | Mapping[str, Action] = "repair",
        tick_size: float | None = None,
        sessions: SessionTable | None = None,
    ) -> None:
        if tick_size is not None and not tick_size > 0:
            raise ConfigError(f"tick_size={tick_size!r} must be positive")
        self._policy = resolve_policy(policy)
        self._tally = Tally()
        self._order = Ordering()
        self._watch = Watch(checks.TICKS * (tick_size or 0.0), sessions)
        self._rows_in = self._rows_out = 0
        self._last_time, self._last_seq = checks.NEVER, -1
        self._last_chunk = Bars.of(*np.zeros((5, 0)), interval=None)

    @property
    def report(self) -> QualityReport:
        """What was found so far; rows are numbered in order of pushing, from 0."""
        findings = self._tally.findings(self._policy)
        return QualityReport(self._rows_in, self._rows_out, tuple(findings))

    def push(self, chunk: Bars, rows: np.ndarray | None = None) -> Bars:
        """Take the next rows; return those that are accepted, repaired if need be.

        Parameters
        ----------
        chunk : Bars
            In order of arrival.
        rows : ndarray of int64, shape (n,), optional
            Numbers of the rows in their source, where they were sorted since
            (:func:`source_order`).

        Returns
        -------
        Bars
            In order of time; times repeat for event bars only.

        Raises
        ------
        DataError
            If the policy of a finding is ``error`` (the cleaner then stands where it
            stood before), or if two contracts have a row at one time.
        """
        if rows is None:
            rows = self._rows_in + np.arange(len(chunk))
        if "error" not in self._policy.values():
            return self._push(chunk, rows)
        before = self.snapshot()
        try:
            return self._push(chunk, rows)
        except DataError:
            self.restore(before)
            raise

    def advance(self, to_time: int) -> Bars:
        """Make later rows up to ``to_time`` late; nothing is waiting to come out."""
        self._order.advance(int(to_time))
        return self._last_chunk[:0]

    def snapshot(self) -> State:
        """Return everything that the next output and the report depend on."""
        numbers = [self._rows_in, self._rows_out, self._last_time, self._last_seq]
        return {
            "numbers": np.array(numbers),
            **self._tally.snapshot(),
            **self._order.snapshot(),
            **self._watch.snapshot(),
        }

    def restore(self, state: State) -> None:
        """Go on from a snapshot of a cleaner with the same settings."""
        numbers = state["numbers"].tolist()
        self._rows_in, self._rows_out, self._last_time, self._last_seq = numbers
        self._tally.restore(state)
        self._order.restore(state)
        self._watch.restore(state)

    def _push(self, chunk: Bars, rows: np.ndarray) -> Bars:
        ohlc = np.stack([getattr(chunk, name) for name in _PRICES])
        found = checks.content_faults(ohlc, chunk.volume)
        usable = ~self._dropped(found, len(chunk))
        ohlc, volume = self._repair(ohlc, chunk.volume, found)
        accepted, unordered = self._order.check(chunk, usable)
        seen = self._watch.check(
            chunk.time[accepted], ohlc[:, accepted], volume[accepted], chunk.interval
        )
        found.update(unordered)
        for kind, flags in seen.flags.items():
            found[kind] = np.zeros(len(chunk), bool)
            found[kind][accepted] = flags
        self._refuse(chunk, rows, found)
        for kind, flags in found.items():
            if flags.any():
                self._tally.add(kind, rows[flags])
        if "gap" in seen.flags:
            gaps = seen.flags["gap"]
            self._tally.add_gaps(seen.steps[gaps], seen.missing[gaps])
        self._tally.add_runs(seen.runs)
        emitted = accepted & ~self._dropped(found, len(chunk))
        self._last_chunk = chunk
        fixed = dict(zip(_PRICES, ohlc, strict=True), volume=volume)
        return self._emit(chunk, fixed, emitted)

    def _dropped(self, found: Mapping[str, np.ndarray], rows: int) -> np.ndarray:
        dropped = np.zeros(rows, dtype=bool)
        for kind, flags in found.items():
            action = self._policy[kind]
            if action == "error" or drops(kind, action):
                dropped |= flags
        return dropped

    def _repair(
        self, ohlc: np.ndarray, volume: np.ndarray, found: Mapping[str, np.ndarray]
    ) -> tuple[np.ndarray, np.ndarray]:
        fixed = checks.repaired(
            ohlc,
            swap=self._policy["high_below_low"] == "repair",
            widen=self._policy["open_close_outside"] == "repair",
        )
        if self._policy["negative_volume"] == "repair":
            volume = np.where(found["negative_volume"], np.nan, volume)
        return fixed, volume

    def _refuse(
        self, chunk: Bars, rows: np.ndarray, found: Mapping[str, np.ndarray]
    ) -> None:
        """Raise for the first row that has a finding whose policy is ``error``."""
        refused = {
            kind: int(np.argmax(flags))
            for kind, flags in found.items()
            if self._policy[kind] == "error" and flags.any()
        }
        if not refused:
            return
        kind, place = min(refused.items(), key=lambda item: item[1])
        stamp = chunk.time[place].astype("datetime64[ns]").astype("datetime64[s]")
        numbers = [f"{name} {getattr(chunk, name)[place]:.10g}" for name in _VALUES]
        raise DataError(
            f"{chunk.symbol or 'bars'}, row {rows[place]} (close {stamp} UTC, rows from "
            f"0): {kind}: {KINDS[kind]}; the row has {', '.join(numbers)}. The policy for "
            f"{kind} is 'error'; policy={{{kind!r}: 'repair'}} goes on ({REPAIRS[kind]}); "
            "in a config that is data.policy"
        )

    def _emit(
        self, chunk: Bars, fixed: Mapping[str, np.ndarray], emitted: np.ndarray
    ) -> Bars:
        """Return the rows that go on, rows of one time numbered anew, and count."""
        rows = int(emitted.sum())
        self._rows_in += len(chunk)
        self._rows_out += rows
        if not rows:
            return chunk[:0]
        columns = {**chunk.columns(), **fixed}
        out = {name: array[emitted] for name, array in columns.items()}
        out["seq"] = numbered(out["time"], self._last_time, self._last_seq)
        self._last_time, self._last_seq = int(out["time"][-1]), int(out["seq"][-1])
        return chunk.with_columns(**out)


def source_order(bars: Bars) -> np.ndarray:
    """Return the source's row number of each row of :func:`arrange`'s output.

    Examples
    --------
    >>> one = np.ones(3)
    >>> raw = Bars.of(np.array([60, 180, 120]), one, one, one, one, interval=60)
    >>> source_order(raw)
    array([0, 2, 1])
    """
    return np.argsort(bars.time, kind="stable")


def arrange(bars: Bars) -> tuple[Bars, list[Finding]]:
    """Sort a file by time, rows of one time in file order; only a whole file allows it.

    Parameters
    ----------
    bars : Bars
        In file order.

    Returns
    -------
    bars : Bars
        The same object if it was in order.
    findings : list of Finding
        ``out_of_order`` with the rows whose time lies before an earlier row's.

    Examples
    --------
    >>> one = np.ones(3)
    >>> raw = Bars.of(np.array([60, 180, 120]), one, one, one, one, interval=60)
    >>> bars, findings = arrange(raw)
    >>> bars.time, findings[0].rows, findings[0].action
    (array([ 60, 120, 180]), (2,), 'sorted')
    """
    if not len(bars) or not np.any(np.diff(bars.time) < 0):
        return bars, []
    latest = np.maximum.accumulate(bars.time)
    late = np.flatnonzero(bars.time < latest)
    moved = bars[source_order(bars)]
    return moved, [Finding.of("out_of_order", late, action="sorted")]


def clean_file(
    bars: Bars,
    policy: Action | Mapping[str, Action] = "repair",
    tick_size: float | None = None,
    sessions: SessionTable | None = None,
) -> tuple[Bars, QualityReport]:
    """Sort a file if the policy allows it, then push it through a cleaner.

    Parameters
    ----------
    bars : Bars
        In file order, as :func:`barwise.bars.read.read_bars` returns them.
    policy, tick_size, sessions
        As for :class:`Cleaner`. Rows out of order are sorted with ``repair``, dropped
        with ``drop``.

    Returns
    -------
    bars : Bars
    report : QualityReport
        Rows are numbered as in the file.

    Raises
    ------
    DataError
        As :meth:`Cleaner.push`.

    Examples
    --------
    >>> one = np.ones(3)
    >>> raw = Bars.of(np.array([60, 180, 120]), one, one, one, one, interval=60)
    >>> clean_file(raw)[1]["out_of_order"].rows
    (2,)
    """
    cleaner = (
        TradeCleaner(policy, sessions)
        if bars.are_trades
        else Cleaner(policy, tick_size, sessions)
    )
    if resolve_policy(policy)["out_of_order"] != "repair":
        return cleaner.push(bars), cleaner.report
    arranged, findings = arrange(bars)
    out = cleaner.push(arranged, source_order(bars) if findings else None)
    return out, cleaner.report.with_findings(findings, offline=bool(findings))
