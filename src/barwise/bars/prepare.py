"""From bars as they were read to bars that features can use, in batch and live alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal, final

import numpy as np

from barwise.bars.bars import Bars
from barwise.bars.clean import Cleaner, arrange, source_order
from barwise.bars.event_builder import EventBuilder
from barwise.bars.event_rule import TRADES, EventRule
from barwise.bars.gaps import GapFiller, GapPolicy, interpolate_gaps
from barwise.bars.instruments import Instrument, get_instrument
from barwise.bars.intervals import parse_interval
from barwise.bars.policies import Action, resolve_policy
from barwise.bars.quality import Finding, QualityReport
from barwise.bars.resample import Resampler
from barwise.bars.rolls import check_rolls, roll_findings
from barwise.bars.session_filter import HOURS, Session, SessionFilter
from barwise.bars.sessions import SessionTable, coverage, session_table
from barwise.bars.trade_cleaner import TradeCleaner
from barwise.core.arrays import DAY
from barwise.core.errors import ConfigError
from barwise.core.stage import Stage, State, part_of, with_prefix

SessionApplies = Literal["bars", "samples"]

# A margin around the data, so that no bucket depends on where the table happens to end:
# longer than the longest closure.
_MARGIN = 14 * DAY


@final
class Preparer(Stage[Bars, Bars]):
    """Clean, filter by session, resample and fill gaps: one stage made of four.

    Event bars are built in place of resampling, and have no gaps.

    The order matters. Cleaning comes first, because a bad tick must not reach a longer
    bar. The filter comes before resampling, so that no longer bar mixes regular and
    other hours. Gaps are filled last, at the target interval: a minute without a trade
    is no hole in a 5-minute bar, and a fill of minutes would give the same rows.

    Parameters
    ----------
    interval : str, int or EventRule
        Target interval, a multiple of the source's; ``1d`` is the session day. Or what
        ends an event bar.
    sessions : SessionTable
        Must cover every time that is pushed.
    session : {"all", "RTH", "ETH"}
        Hours: ``RTH`` regular, ``ETH`` the whole session, ``all`` no filter.
    session_applies : {"bars", "samples"}
        ``samples`` keeps all bars; :func:`barwise.bars.session_mask` then says which
        rows are decided on.
    gaps : {"ffill", "drop"}
        Fill forward, or leave out. ``interpolate`` looks into the future and is only
        possible in :func:`prepare`.
    policy : {"error", "drop", "repair", "keep"} or mapping of str to one of them
        What the cleaner does with its findings, all or by kind.
    tick_size : float or None
        Smallest price step, for the cleaner.
    source : EventRule or None
        What ended the bars that are pushed, ``TRADES`` for trades; None for bars of one
        interval.

    Raises
    ------
    ConfigError
        If a setting is unknown or cannot work live.
    """

    def __init__(
        self,
        *,
        interval: str | int | EventRule,
        sessions: SessionTable,
        session: Session = "all",
        session_applies: SessionApplies = "bars",
        gaps: GapPolicy = "ffill",
        policy: Action | Mapping[str, Action] = "repair",
        tick_size: float | None = None,
        source: EventRule | None = None,
    ) -> None:
        _check("session", session, tuple(HOURS))
        _check("session_applies", session_applies, ("bars", "samples"))
        _check("gaps", gaps, ("ffill", "drop"))
        target = interval if isinstance(interval, EventRule) else None
        _check_source(source, target)
        kept: Session = session if session_applies == "bars" else "all"
        self._cleaner: Cleaner | TradeCleaner = (
            TradeCleaner(policy, sessions)
            if source == TRADES
            else Cleaner(policy, tick_size, sessions)
        )
        self._stages: dict[str, Stage[Bars, Bars]] = {
            "clean": self._cleaner,
            "session": SessionFilter(sessions, kept),
        }
        self._events: EventBuilder | None = None
        if target is None:
            length = parse_interval(interval)  # type: ignore[arg-type]
            self._stages["resample"] = Resampler(length, sessions, HOURS[kept])
            if gaps == "ffill":
                self._stages["gaps"] = GapFiller(length, sessions, HOURS[kept])
        elif target != source:
            self._events = EventBuilder(target, sessions, HOURS[kept])
            self._stages["events"] = self._events

    @property
    def report(self) -> QualityReport:
        """What the cleaner found in all rows pushed so far."""
        return self._cleaner.report

    @property
    def unfinished(self) -> tuple[int, float]:
        """Rows and volume of the event bar that is not finished."""
        return (0, 0.0) if self._events is None else self._events.unfinished

    def push(self, chunk: Bars, rows: np.ndarray | None = None) -> Bars:
        """Take rows in order of arrival and return what became known with them.

        Parameters
        ----------
        chunk : Bars
            The next rows.
        rows : ndarray of int64, shape (n,), optional
            Their numbers in the source, for the report, where they were sorted since.
        """
        _, *later = self._stages.values()
        made = self._cleaner.push(chunk, rows)
        for stage in later:
            made = stage.push(made)
        return made

    def advance(self, to_time: int) -> Bars:
        """Return what became known because ``to_time`` has passed."""
        _, *later = self._stages.values()
        passed = self._cleaner.advance(to_time)
        for stage in later:
            # A stage that was never pushed does not know what kind of bars it holds.
            parts = [stage.push(passed)] if len(passed) else []
            parts.append(stage.advance(to_time))
            passed = Bars.concat([part for part in parts if len(part)] or parts[-1:])
        return passed

    def snapshot(self) -> State:
        """Return the states of all four stages, named by stage."""
        state: State = {}
        for name, stage in self._stages.items():
            state |= with_prefix(name, stage.snapshot())
        return state

    def restore(self, state: State) -> None:
        """Go on from a snapshot of a preparer with the same settings."""
        for name, stage in self._stages.items():
            stage.restore(part_of(state, name))


def prepare(
    bars: Bars,
    *,
    interval: str | int | EventRule,
    session: Session = "all",
    session_applies: SessionApplies = "bars",
    gaps: GapPolicy = "ffill",
    policy: Action | Mapping[str, Action] = "repair",
    instrument: Instrument | None = None,
) -> tuple[Bars, QualityReport]:
    """Make bars of one interval, in order, inside the session, without holes.

    Or event bars, which end when enough was traded: ``interval`` is then an
    :class:`EventRule`.

    Rows of a file are first put in order of time, then go through a
    :class:`Preparer`, the same stage that serves live bars. A bar that is unfinished at
    the end of the data is left out.

    Parameters
    ----------
    bars : Bars
        As read: bars of fixed interval, trades, or event bars of the rule that is asked
        for, which are then only cleaned.
    interval : str, int or EventRule
        Target, such as ``5min``; a multiple of the source's interval. ``1d`` is the
        session day. Event bars are built by :class:`EventBuilder`.
    session : {"all", "RTH", "ETH"}
        ``RTH`` regular hours, ``ETH`` the exchange's whole session, ``all`` every row.
    session_applies : {"bars", "samples"}
        Whether the session filters bars, or only which rows may become samples
        (:func:`barwise.bars.session_mask`).
    gaps : {"ffill", "drop", "interpolate"}
        What happens to an interval without a bar inside a session; event bars have no
        such intervals. Made rows are ``filled`` and never samples. ``interpolate`` looks into the future: the report
        is marked ``offline``, and what is trained on such bars cannot be bundled.
    policy : {"error", "drop", "repair", "keep"} or mapping of str to one of them
        What the cleaner does with its findings, all or by kind. Rows of a file that
        are out of order are sorted with ``repair`` only.
    instrument : Instrument, optional
        Default: the one that barwise knows by ``bars.symbol``.

    Returns
    -------
    Bars
        At the target interval, or event bars.
    QualityReport
        Every finding in the source, counted; as ``filled`` the rows that were made
        (numbered in the result); as ``unfinished`` how many rows of the source ended in
        no event bar. ``offline`` is true when the rows had to be sorted or
        gaps were interpolated.

    Raises
    ------
    ConfigError
        If a setting is unknown, or the symbol without ``instrument``.
    DataError
        If the data break a rule whose policy is ``error``, reach beyond the calendar,
        cannot be resampled to the interval, or change their contract inside a session.

    Examples
    --------
    Bars of at least 2,000 contracts from minutes; a bar ends with its session.

    >>> from barwise.bars import EventRule, simulate_bars
    >>> minutes = simulate_bars("MES", days=2, seed=1)
    >>> bars, report = prepare(minutes, interval=EventRule("volume", 2000))
    >>> bars
    Bars(MES, 135 rows of 2,000 traded volume, 2022-01-04 05:06 to 2022-01-05 21:46 UTC,
    simulated)
    >>> left = report.count("unfinished")
    >>> (minutes.volume.sum() - bars.volume.sum() - minutes.volume[-left:].sum()).item()
    0.0
    """
    known = instrument or get_instrument(bars.symbol)
    _check("gaps", gaps, ("ffill", "drop", "interpolate"))
    _check_events(bars, interval, gaps)
    ordered, findings = bars, list[Finding]()
    if resolve_policy(policy)["out_of_order"] == "repair":
        ordered, findings = arrange(bars)
    sessions = sessions_of(bars, known.calendar)
    check_rolls(ordered, sessions)
    stage = Preparer(
        interval=interval,
        sessions=sessions,
        session=session,
        session_applies=session_applies,
        gaps="drop" if gaps == "interpolate" else gaps,
        policy=policy,
        tick_size=known.tick_size,
        source=bars.rule,
    )
    made = stage.push(ordered, source_order(bars) if findings else None)
    kept: Session = session if session_applies == "bars" else "all"
    if gaps == "interpolate":
        made = interpolate_gaps(made, sessions, HOURS[kept])
    offline = bool(findings) or gaps == "interpolate"
    why = f"intervals without a bar, gaps={gaps!r}"
    findings.append(Finding.of("filled", np.flatnonzero(made.filled), why, "made"))
    findings.append(_unfinished(*stage.unfinished))
    findings += roll_findings(made)
    report = stage.report.with_findings(findings, offline=offline)
    return made, replace(report, rows_out=len(made))


def sessions_of(bars: Bars, calendar: str) -> SessionTable:
    """Return the sessions around the bars, with a margin that later bars may need.

    Parameters
    ----------
    bars : Bars
        In any order.
    calendar : str
        Name of a product calendar.

    Raises
    ------
    DataError
        If the bars reach beyond what the calendar knows.
    """
    first, last = coverage(calendar)
    if not len(bars):
        return session_table(calendar, first, last)
    start, end = int(bars.time.min()), int(bars.time.max())
    # Beyond the calendar the margin gives way, the data do not: that is an error.
    return session_table(
        calendar,
        min(start, max(first, start - _MARGIN)),
        max(end, min(last, end + _MARGIN)),
    )


def _check(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value in allowed:
        return
    raise ConfigError(f"{name} must be one of {', '.join(allowed)}, got {value!r}")


def _check_source(source: EventRule | None, target: EventRule | None) -> None:
    if source is None or source in (TRADES, target):
        return
    wanted = "bars of one interval" if target is None else f"bars of {target.text}"
    raise ConfigError(
        f"the rows are bars of {source.text} already, which {wanted} cannot be built "
        "from: build them from the trades or short bars that those were built from"
    )


def _check_events(bars: Bars, interval: str | int | EventRule, gaps: GapPolicy) -> None:
    """Refuse what event bars cannot be built from, or have no use for."""
    if not isinstance(interval, EventRule):
        return
    if gaps == "interpolate":
        raise ConfigError(
            "gaps='interpolate' has no effect on event bars, which have no gaps; leave "
            "it out"
        )
    if interval.needs_volume and not bars.has_volume:
        raise ConfigError(
            f"{bars.symbol}: bars of {interval.text} need a traded volume, and the rows "
            "have none; use tick or tick_imbalance bars, or name the volume column"
        )


def _unfinished(rows: int, volume: float) -> Finding:
    return Finding(
        "unfinished",
        rows,
        detail=f"the last rows, volume {volume:,.10g}, do not fill an event bar",
        action="left out",
    )
