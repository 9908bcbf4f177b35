"""Bars of single contracts joined into one series, each session of one contract."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import Literal

import numpy as np

from barwise.bars.bars import Bars, format_interval
from barwise.bars.roll_table import Roll
from barwise.bars.rolls import day_number, roll_times, with_contracts
from barwise.bars.sessions import SessionTable
from barwise.core.errors import ConfigError, DataError

RollRule = Literal["volume", "expiry"]

_MONTHS = "FGHJKMNQUVXZ"
_CODE = re.compile(rf"([{_MONTHS}])(\d{{4}}|\d{{1,2}})$")
_DIGITS = re.compile(r"(\d{4})-?(\d{2})(?:-?\d{2})?$")
_WORD = re.compile(rf"[A-Z0-9]+[{_MONTHS}]\d{{1,4}}|(19|20)\d{{4}}")


def join_contracts(
    contracts: Mapping[str, Bars], rolls: Sequence[Roll], sessions: SessionTable
) -> Bars:
    """Join the bars of single contracts at some rolls.

    A contract's bars are taken from the open of its first session to the open of the
    next contract's. Both contracts' closes at the last bar of the old one go into
    ``old_close`` and ``new_close``; they are NaN where the new contract had no bar in
    that session.

    Parameters
    ----------
    contracts : mapping of str to Bars
        By name; each in any order of rows, all of one interval.
    rolls : sequence of Roll
        From :func:`rolls_by_volume`, :func:`rolls_by_expiry` or a table.
    sessions : SessionTable
        Must cover all bars.

    Returns
    -------
    Bars
        Contract after contract, rows of each as they were.

    Raises
    ------
    ConfigError
        If a roll names a contract without bars, or the intervals differ.
    DataError
        If a contract has no bar in its time.

    Examples
    --------
    >>> from barwise.bars.prepare import sessions_of
    >>> from barwise.bars.simulate import simulate_bars
    >>> near = simulate_bars("MES", days=4)
    >>> far = near.with_columns(volume=near.volume + 10 * (near.time > near.time[3000]))
    >>> sessions = sessions_of(near, "cme_equity")
    >>> rolls = rolls_by_volume({"MESH4": near, "MESM4": far}, sessions)
    >>> joined = join_contracts({"MESH4": near, "MESM4": far}, rolls, sessions)
    >>> [int((joined.contract == name).sum()) for name in ("MESH4", "MESM4")]
    [4140, 1380]
    """
    names = _names_of(contracts, rolls)
    _check_intervals({name: contracts[name] for name in names})
    bounds = [-np.inf, *roll_times(rolls, sessions).tolist(), np.inf]
    parts: list[Bars] = []
    for name, (begin, end) in zip(names, pairwise(bounds), strict=True):
        bars = contracts[name]
        held = (bars.session_time > begin) & (bars.session_time <= end)
        if not held.any():
            raise DataError(
                f"contract {name} has no bar in its time "
                f"({_span(begin, end)}): it has {_extent(bars)}; its file is another "
                "one's, or the rolls are"
            )
        closes = np.full(2, np.nan)
        if parts:
            closes = _closes_at_roll(parts[-1], bars, sessions)
        rows = int(held.sum())
        parts.append(
            with_contracts(bars[held], np.full(rows, name), np.tile(closes, (rows, 1)))
        )
    return Bars.concat(parts)


def contracts_of(bars: Bars) -> dict[str, Bars]:
    """Split bars of several contracts, and sort those by the month they deliver in.

    Raises
    ------
    ConfigError
        If a name says no month, or a row no contract.
    """
    if bars.contract is None or (bars.contract == "").any():
        raise ConfigError(
            f"{bars.symbol}: some rows name no contract, so contracts that trade side by "
            "side cannot be told apart; fill the column of contracts, or drop those rows"
        )
    each = {str(name): bars[bars.contract == name] for name in np.unique(bars.contract)}
    first = {name: int(part.time.min()) for name, part in each.items()}
    return {name: each[name] for name in in_order(list(each), first)}


def side_by_side(bars: Bars) -> bool:
    """Whether a contract begins before another one has ended."""
    if bars.contract is None:
        return False
    names, row = np.unique(bars.contract, return_inverse=True)
    first = np.full(len(names), np.iinfo(np.int64).max)
    last = np.full(len(names), np.iinfo(np.int64).min)
    np.minimum.at(first, row, bars.time)
    np.maximum.at(last, row, bars.time)
    order = np.argsort(first)
    return bool((first[order[1:]] <= np.maximum.accumulate(last[order])[:-1]).any())


def rolls_by_volume(
    contracts: Mapping[str, Bars], sessions: SessionTable
) -> tuple[Roll, ...]:
    """Roll after the first session in which a later contract trades more.

    The new contract (of several, the one with the largest volume) starts with the next
    session. A contract that ends before that is followed by the one that traded most
    in its last session.

    Parameters
    ----------
    contracts : mapping of str to Bars
        In order of expiry, with volume.
    sessions : SessionTable
        Must cover all bars.

    Raises
    ------
    ConfigError
        If a contract has no volume, or the contracts are not in order.
    """
    _check_order(contracts)
    names = list(contracts)
    for name, bars in contracts.items():
        if not bars.has_volume:
            raise ConfigError(
                f"contract {name} has no volume to roll by; use data.roll_by: expiry "
                "with an expiry for each contract, or a table (data.rolls)"
            )
    traded, ends = _sessions_traded(contracts, sessions)
    rolls, now = list[Roll](), 0
    for session in range(len(sessions) - 1):
        later = traded[now + 1 :, session]
        # A contract without a bar behind this session cannot follow.
        going_on = ends[now + 1 :] > session
        if not going_on.any():
            break
        most = now + 1 + int(np.argmax(np.where(going_on, later, -1.0)))
        over = ends[now] <= session and traded[now, : session + 1].any()
        if over or traded[most, session] > traded[now, session]:
            rolls.append(Roll.on(sessions.day[session + 1], names[now], names[most]))
            now = most
    return tuple(rolls)


def rolls_by_expiry(
    contracts: Mapping[str, Bars],
    expiries: Mapping[str, date],
    sessions: SessionTable,
    *,
    days: int = 8,
) -> tuple[Roll, ...]:
    """Roll at the first session that is at most ``days`` calendar days before expiry.

    Parameters
    ----------
    contracts : mapping of str to Bars
        In order of expiry.
    expiries : mapping of str to date
        Last trading day of every contract but the last one.
    sessions : SessionTable
        Must cover all bars.
    days : int
        Calendar days; 8 before the third Friday is the Thursday on which the index
        futures used to be rolled.

    Raises
    ------
    ConfigError
        If an expiry is missing, or the contracts are not in order.
    """
    _check_order(contracts)
    names, rolls = list(contracts), list[Roll]()
    for old, new in pairwise(names):
        if old not in expiries:
            raise ConfigError(
                f"contract {old} has no expiry to roll by; add expiry: 2024-06-21 (its "
                "last trading day) to its entry in data.contracts, or use "
                "data.roll_by: volume"
            )
        due = day_number(expiries[old] - timedelta(days=days))
        place = int(np.searchsorted(sessions.day, due))
        if place == len(sessions):
            continue  # after the data
        if rolls and sessions.day[place] <= day_number(rolls[-1].session):
            raise ConfigError(
                f"contract {old} expires on {expiries[old]}, not after the one before "
                "it; write the contracts in order of expiry"
            )
        rolls.append(Roll.on(sessions.day[place], old, new))
    return tuple(rolls)


def in_order(names: Sequence[str], first: Mapping[str, int]) -> list[str]:
    """Sort names of contracts by the month that they deliver in.

    Parameters
    ----------
    names : sequence of str
        With a month code and a year (``ESM4``, ``ESM24``) or a month in digits
        (``202406``, ``2024-06-21``) at their end.
    first : mapping of str to int
        Close of each contract's first bar, nanoseconds UTC: it tells the decade of a
        year with one digit, since a contract trades before it delivers.

    Raises
    ------
    ConfigError
        If a name says no month.

    Examples
    --------
    >>> january = 1_704_067_200_000_000_000
    >>> in_order(
    ...     ["ESZ4", "ESH5", "ESM4"], dict.fromkeys(["ESZ4", "ESH5", "ESM4"], january)
    ... )
    ['ESM4', 'ESZ4', 'ESH5']
    """
    return sorted(names, key=lambda name: _month(name, first[name]))


def name_in(file: str) -> str | None:
    """Return the contract that a file's name says, if it does.

    Examples
    --------
    >>> [
    ...     name_in(name)
    ...     for name in ("6EH4.XCME_1min.csv.gz", "es_202406.csv", "es_5m.csv")
    ... ]
    ['6EH4', '202406', None]
    """
    words = re.split(r"[^A-Za-z0-9]+", file)
    return next((word for word in words if _WORD.fullmatch(word.upper())), None)


def _month(name: str, first: int) -> tuple[int, int]:
    code, digits = _CODE.search(name.upper()), _DIGITS.search(name)
    if code is not None:
        year, size = int(code[2]), 10 ** len(code[2])
        if size < 10_000:
            since = (
                np.datetime64(first, "ns").astype("datetime64[Y]").astype(int) + 1970
            )
            year = int(since + (year - since) % size)
        return year, _MONTHS.index(code[1]) + 1
    if digits is not None and 1 <= int(digits[2]) <= 12:
        return int(digits[1]), int(digits[2])
    raise ConfigError(
        f"contract {name!r} says no month of delivery, as ESM4 or 202406 do, so the "
        "order of the contracts is not known; list them in order in data.contracts "
        "([{contract: ..., path: ...}, ...])"
    )


def _names_of(contracts: Mapping[str, Bars], rolls: Sequence[Roll]) -> list[str]:
    if not contracts:
        raise ConfigError("no contract to join; name at least one in data.contracts")
    if not rolls:
        return [next(iter(contracts))]
    names = [rolls[0].old, *(roll.new for roll in rolls)]
    for name in names:
        if name not in contracts:
            raise ConfigError(
                f"the rolls name contract {name}, of which there are no bars; there are "
                f"{', '.join(contracts)}: add its file to data.contracts, or correct the "
                "name"
            )
    return names


def _check_intervals(contracts: Mapping[str, Bars]) -> None:
    lengths = {name: bars.interval for name, bars in contracts.items()}
    if len(set(lengths.values())) > 1:
        told = ", ".join(
            f"{name} {format_interval(length) if length else 'event bars'}"
            for name, length in lengths.items()
        )
        raise ConfigError(
            f"contracts of one series need bars of one length, but there are {told}; "
            "replace the odd ones"
        )


def _check_order(contracts: Mapping[str, Bars]) -> None:
    for (one, bars), (other, later) in pairwise(contracts.items()):
        if later.time.max() < bars.time.max():
            raise ConfigError(
                f"contract {other} ends before {one}, which stands before it; write the "
                "contracts in order of expiry"
            )


def _sessions_traded(
    contracts: Mapping[str, Bars], sessions: SessionTable
) -> tuple[np.ndarray, np.ndarray]:
    """Volume of each contract in each session, and its last session."""
    traded = np.zeros((len(contracts), len(sessions)))
    ends = np.zeros(len(contracts), np.int64)
    for row, bars in enumerate(contracts.values()):
        held = sessions.window_of(bars.time)
        inside = held >= 0
        volume = np.nan_to_num(bars.volume[inside])
        traded[row] = np.bincount(held[inside], volume, minlength=len(sessions))
        ends[row] = held.max(initial=-1)
    return traded, ends


def _closes_at_roll(old: Bars, new: Bars, sessions: SessionTable) -> np.ndarray:
    last = int(np.argmax(old.time))
    at = old.time[last]
    known = np.flatnonzero(new.time <= at)
    if not len(known):
        return np.array([old.close[last], np.nan])
    row = known[np.argmax(new.time[known])]
    held = sessions.window_of(np.array([at, new.time[row]]))
    if held[0] != held[1]:
        return np.array([old.close[last], np.nan])
    return np.array([old.close[last], new.close[row]])


def _span(begin: float, end: float) -> str:
    edges = ["the start", "the end"]
    for place, edge in enumerate((begin, end)):
        if np.isfinite(edge):
            edges[place] = str(np.datetime64(int(edge), "ns").astype("datetime64[s]"))
    return f"{edges[0]} to {edges[1]} UTC"


def _extent(bars: Bars) -> str:
    if not len(bars):
        return "none at all"
    return f"bars from {_span(float(bars.time.min()), float(bars.time.max()))}"
