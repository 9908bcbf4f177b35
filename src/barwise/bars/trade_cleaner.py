"""Clean trades as they arrive: what is no trade goes, what is late goes, all is counted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import final

import numpy as np

from barwise.bars.bars import Bars
from barwise.bars.checks import NEVER
from barwise.bars.ordering import latest_before, numbered
from barwise.bars.policies import Action, resolve_policy
from barwise.bars.quality import KINDS, QualityReport
from barwise.bars.sessions import SessionTable
from barwise.bars.tally import Tally
from barwise.core.errors import DataError
from barwise.core.stage import Stage, State

TRADE_REPAIRS: dict[str, Action] = {
    "out_of_order": "drop",
    "duplicate": "keep",
    "non_finite": "drop",
    "non_positive": "drop",
    "negative_volume": "drop",
    "outside_session": "keep",
    "zero_volume": "keep",
}
"""What ``repair`` does with each kind of finding about trades. Real trades repeat: of
500,000 in the E-mini S&P 500, 30 % have time, price and size of the one before."""


def resolve_trade_policy(policy: Action | Mapping[str, Action]) -> dict[str, Action]:
    """Return ``error``, ``drop`` or ``keep`` for every kind of finding about trades.

    A word for all does not mean trades like the one before: those are no fault.

    Examples
    --------
    >>> chosen = resolve_trade_policy("error")
    >>> chosen["duplicate"], chosen["non_finite"]
    ('keep', 'error')
    """
    said = resolve_policy(policy)
    if isinstance(policy, str):
        said["duplicate"] = "repair"
    return {
        kind: usual if said[kind] == "repair" else said[kind]
        for kind, usual in TRADE_REPAIRS.items()
    }


@final
class TradeCleaner(Stage[Bars, Bars]):
    """Find what is wrong with trades, and drop it, one trade or a file at a time.

    Every decision uses its row and earlier ones only. A trade whose time lies before an
    accepted one is late and changes nothing already emitted.

    Parameters
    ----------
    policy : str or mapping of str to str
        ``error``, ``drop``, ``repair`` or ``keep`` as for
        :class:`barwise.bars.clean.Cleaner`; ``repair`` does what
        :data:`TRADE_REPAIRS` says. A trade like the one before is dropped only where a
        mapping says so: ``{"duplicate": "drop"}``.
    sessions : SessionTable, optional
        When the market trades: trades outside are reported.

    Examples
    --------
    >>> from barwise.bars.event_rule import TRADES
    >>> price = np.array([10.0, np.nan, 10.5, 10.5])
    >>> time = np.array([1, 2, 3, 3])
    >>> raw = Bars.of(
    ...     time, price, price, price, price, np.ones(4), interval=None, rule=TRADES
    ... )
    >>> cleaner = TradeCleaner()
    >>> len(cleaner.push(raw))
    3
    >>> [(found.kind, found.rows, found.action) for found in cleaner.report.findings]
    [('duplicate', (3,), 'kept'), ('non_finite', (1,), 'dropped')]
    """

    def __init__(
        self,
        policy: Action | Mapping[str, Action] = "repair",
        sessions: SessionTable | None = None,
    ) -> None:
        self._policy = resolve_trade_policy(policy)
        self._sessions = sessions
        self._tally = Tally()
        self._rows_in = self._rows_out = 0
        self._known_to = NEVER
        self._before, self._before_time = np.full(2, np.nan), NEVER  # accepted last
        self._last_time, self._last_seq = NEVER, -1  # emitted last
        self._none = Bars.of(*np.zeros((5, 0)), interval=None)

    @property
    def report(self) -> QualityReport:
        """What was found so far; rows are numbered in order of pushing, from 0."""
        findings = self._tally.findings(self._policy)
        return QualityReport(self._rows_in, self._rows_out, tuple(findings))

    def push(self, chunk: Bars, rows: np.ndarray | None = None) -> Bars:
        """Take the next trades; return those that are accepted.

        Parameters
        ----------
        chunk : Bars
            In order of arrival.
        rows : ndarray of int64, shape (n,), optional
            Numbers of the trades in their source, where they were sorted since.

        Raises
        ------
        DataError
            If the policy of a finding is ``error``; the cleaner then stands where it
            stood before.
        """
        if rows is None:
            rows = self._rows_in + np.arange(len(chunk))
        found = _faults(chunk)
        fresh, beside = self._beside_others(chunk, ~self._dropped(found, chunk))
        found |= beside
        self._refuse(chunk, rows, found)
        kept = fresh & ~self._dropped(found, chunk)
        for kind, flags in found.items():
            if flags.any():
                self._tally.add(kind, rows[flags])
        self._rows_in += len(chunk)
        self._rows_out += int(kept.sum())
        self._none = chunk[:0]
        last = chunk[fresh][-1:]
        if len(last):
            self._before = np.array([last.close[0], last.volume[0]])
            self._before_time = int(last.time[0])
        out = chunk[kept]
        if not len(out):
            return out
        seq = numbered(out.time, self._last_time, self._last_seq)
        self._last_time, self._last_seq = int(out.time[-1]), int(seq[-1])
        return out.with_columns(seq=seq)

    def advance(self, to_time: int) -> Bars:
        """Make later trades up to ``to_time`` late; nothing is waiting to come out."""
        self._known_to = max(self._known_to, int(to_time))
        return self._none

    def snapshot(self) -> State:
        """Return everything that the next output and the report depend on."""
        numbers = [self._rows_in, self._rows_out, self._known_to, self._before_time]
        return {
            **self._tally.snapshot(),
            "numbers": np.array([*numbers, self._last_time, self._last_seq]),
            "before": self._before.copy(),
        }

    def restore(self, state: State) -> None:
        """Go on from a snapshot of a cleaner with the same settings."""
        self._tally.restore(state)
        self._before = state["before"].copy()
        self._rows_in, self._rows_out, *times = state["numbers"].tolist()
        self._known_to, self._before_time, self._last_time, self._last_seq = times

    def _dropped(self, found: Mapping[str, np.ndarray], chunk: Bars) -> np.ndarray:
        dropped = np.zeros(len(chunk), dtype=bool)
        for kind, flags in found.items():
            if self._policy[kind] != "keep":
                dropped |= flags
        return dropped

    def _beside_others(
        self, chunk: Bars, usable: np.ndarray
    ) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Return which trades are in order, and what shows beside earlier ones."""
        time = chunk.time
        latest = latest_before(time, usable, self._before_time)
        late = usable & ((time < latest) | (time <= self._known_to))
        fresh = usable & ~late
        now = np.column_stack([chunk.close, chunk.volume])[fresh]
        before = np.vstack([self._before, now[:-1]])[: len(now)]
        times = np.concatenate([[self._before_time], time[fresh][:-1]])[: len(now)]
        same = ((now == before) | (np.isnan(now) & np.isnan(before))).all(axis=1)
        flags = {
            "out_of_order": late,
            "duplicate": _spread(fresh, same & (time[fresh] == times)),
            "zero_volume": fresh & (chunk.volume == 0),
        }
        if self._sessions is not None:
            inside = self._sessions.index_of(chunk.session_time[fresh]) >= 0
            flags["outside_session"] = _spread(fresh, ~inside)
        return fresh, flags

    def _refuse(
        self, chunk: Bars, rows: np.ndarray, found: Mapping[str, np.ndarray]
    ) -> None:
        """Raise for the first trade that has a finding whose policy is ``error``."""
        refused = {
            kind: int(np.argmax(flags))
            for kind, flags in found.items()
            if self._policy[kind] == "error" and flags.any()
        }
        if not refused:
            return
        kind, place = min(refused.items(), key=lambda item: item[1])
        stamp = chunk.time[place].astype("datetime64[ns]").astype("datetime64[ms]")
        raise DataError(
            f"{chunk.symbol or 'trades'}, row {rows[place]} ({stamp} UTC, rows from 0): "
            f"{kind}: {KINDS[kind]}; price {chunk.close[place]:.10g}, size "
            f"{chunk.volume[place]:.10g}. The policy for {kind} is 'error'; "
            f"policy={{{kind!r}: 'repair'}} goes on; in a config that is data.policy"
        )


def _faults(chunk: Bars) -> dict[str, np.ndarray]:
    """Flag trades whose own numbers are impossible."""
    finite = np.isfinite(chunk.close)
    return {
        "non_finite": ~finite,
        "non_positive": finite & (chunk.close <= 0),
        "negative_volume": (chunk.volume < 0) | np.isinf(chunk.volume),
    }


def _spread(places: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Put values where ``places`` is true, False elsewhere."""
    spread = np.zeros(len(places), dtype=bool)
    spread[places] = values
    return spread
