"""Barrier labels as a resumable scan: a label comes out when it becomes known.

Every compiled function of labelling is in this file, because cached machine code does
not notice a change in another one. Arrays in, arrays out.

Notation
--------
t : row of the decision; E : entry price, open[t+1] or close[t]
h : horizon in bars; the path is bars t+1..t+h
done : bits of what has happened to the long and the short trade of an entry
slot : when an entry was resolved: 2r+1 with row r, 2r after row r-1 and before row r
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

Array = np.ndarray
LONG_TARGET, LONG_STOP, SHORT_TARGET, SHORT_STOP = 1, 2, 4, 8
LONG, SHORT, TARGETS, STOPS = 3, 12, 5, 10
UNDECIDED = 2
IDENTIFIED, BY_FINER_BARS, AMBIGUOUS = 0, 1, 2
CARRY, FLAT, INVALID = 0, 1, 2
KNOWN_AT, END_TIME, ENTRY, SLOT = (
    1,
    2,
    3,
    4,
)  # columns of Out.whole that may be left out
NUMBERS, MARKS = 10, 4  # columns of the open entries
BLOCK = 2048  # rows whose levels are computed together
GRAIN = 1e-6  # a price this share of a tick from a tick is on it


# Inlined by LLVM: a call with a dozen arrays costs more than a short path's scan.
_inline = njit(cache=True, nogil=True, forceinline=True)


class Path(NamedTuple):
    """The rows of one chunk; ``first_fine`` cuts ``fine`` (open, high, low) by row."""

    time: Array
    entry: Array
    open: Array
    high: Array
    low: Array
    close: Array
    width: Array
    sample: Array
    session: Array
    session_close: Array
    contract: Array
    first_fine: Array
    fine: Array


class Rule(NamedTuple):
    """The execution contract in numbers."""

    horizon: int
    upper: float
    lower: float
    tick: float
    per_tick: float
    whole: bool
    slack: float
    through: float
    both: bool
    at_close: bool
    session_end: int
    instant: bool
    room: int  # time that must be left before the session's close; 0 asks for none


class Trade(NamedTuple):
    """Levels and progress of one entry; exits are prices."""

    price: float
    long_target: float
    long_stop: float
    short_target: float
    short_stop: float
    high: float
    low: float
    long_exit: float
    short_exit: float
    done: int
    last: int
    truth: int


class Edge(NamedTuple):
    """The last row of the previous chunk."""

    rows: int
    time: int
    session: int
    session_close: int
    contract: int
    close: float


class Out(NamedTuple):
    """What was resolved, in order of entry; one column a label, or a row if dense."""

    whole: Array  # end_index and, where asked for, known_at, end_time, entry, slot
    real: Array  # exit / entry, adverse and, for both sides, each trade's exit / entry
    small: Array  # label, touched, truth, valid; zeros on entry
    dense: bool


class Open(NamedTuple):
    """Entries that wait for their end; one row each."""

    numbers: Array  # width, then the prices of a Trade
    marks: Array  # entry, done, last, truth


class Block(NamedTuple):
    """Work space for a block of entries."""

    price: Array
    upper: Array
    lower: Array
    breaks: Array
    may: Array


class End(NamedTuple):
    """How one entry ended."""

    row: int
    slot: int
    label: int
    touched: int
    price: float
    time: int
    known_at: int
    valid: bool


@_inline
def _on_tick(steps: float, rule: Rule) -> float:
    # k / 100000 is the float that "1.12345" reads as, k * 0.00001 often is not.
    return steps / rule.per_tick if rule.whole else steps * rule.tick


@_inline
def _above(price: float, distance: float, rule: Rule) -> float:
    """Level ``distance`` above, on the next tick and at least one tick away."""
    if rule.tick == 0.0:
        return price + distance
    steps = np.ceil((price + distance) * rule.per_tick - GRAIN)
    if steps <= price * rule.per_tick + GRAIN:
        steps += 1.0
    return _on_tick(steps, rule)


@_inline
def _below(price: float, distance: float, rule: Rule) -> float:
    """Level ``distance`` below, on the next tick and at least one tick away."""
    if rule.tick == 0.0:
        return price - distance
    steps = np.floor((price - distance) * rule.per_tick + GRAIN)
    if steps >= price * rule.per_tick - GRAIN:
        steps -= 1.0
    return _on_tick(steps, rule)


@_inline
def enter(price: float, width: float, rule: Rule) -> Trade:
    """The trade of an entry, with its levels and no progress."""
    up, down = rule.upper * width, rule.lower * width
    short_target, short_stop, done = -np.inf, np.inf, SHORT_STOP
    if rule.both:
        short_target, short_stop = _below(price, up, rule), _above(price, down, rule)
        done = 0
    return Trade(
        price, _above(price, up, rule), _below(price, down, rule),
        short_target, short_stop, price, price, np.nan, np.nan, done, 0, IDENTIFIED,
    )  # fmt: skip


@_inline
def _reached(high: float, low: float, trade: Trade, done: int, rule: Rule) -> int:
    """Bits of the levels that a range of prices reaches, of open trades only."""
    bits = 0
    if not done & LONG:
        if high >= trade.long_target + rule.through - rule.slack:
            bits |= LONG_TARGET
        if low <= trade.long_stop + rule.slack:
            bits |= LONG_STOP
    if not done & SHORT:
        if low <= trade.short_target - rule.through + rule.slack:
            bits |= SHORT_TARGET
        if high >= trade.short_stop - rule.slack:
            bits |= SHORT_STOP
    return bits


@_inline
def _watch(trade: Trade, rule: Rule) -> tuple[float, float]:
    """The nearest levels that can still change something."""
    upper, lower = np.inf, -np.inf
    if not trade.done & LONG:
        upper = trade.long_target + rule.through - rule.slack
        lower = trade.long_stop + rule.slack
    if not trade.done & SHORT:
        upper = min(upper, trade.short_stop - rule.slack)
        lower = max(lower, trade.short_target - rule.through + rule.slack)
    return upper, lower


@_inline
def _is_tie(bits: int) -> bool:
    return bits & LONG == LONG or bits & SHORT == SHORT or bits & TARGETS == TARGETS


@_inline
def _stop_wins(bits: int) -> int:
    if bits & LONG == LONG:
        bits &= ~LONG_TARGET
    if bits & SHORT == SHORT:
        bits &= ~SHORT_TARGET
    return bits


@_inline
def _label_of(done: int, both: bool) -> int:
    if not both:
        return 1 if done & LONG_TARGET else (-1 if done & LONG_STOP else UNDECIDED)
    if done & TARGETS == TARGETS or done & STOPS == STOPS:
        return 0
    return 1 if done & LONG_TARGET else (-1 if done & SHORT_TARGET else UNDECIDED)


@njit(cache=True, nogil=True)
def _walk_fine(fine: Array, trade: Trade, done: int, rule: Rule) -> tuple[int, int]:
    """Let finer bars (open, high, low) say what came first; return done and truth."""
    truth = IDENTIFIED
    for f in range(fine.shape[0]):
        done |= _reached(fine[f, 0], fine[f, 0], trade, done, rule)
        if _label_of(done, rule.both) == UNDECIDED:
            bits = _reached(fine[f, 1], fine[f, 2], trade, done, rule)
            if _is_tie(bits):
                truth = AMBIGUOUS
            done |= _stop_wins(bits)
        if _label_of(done, rule.both) != UNDECIDED:
            return done, max(truth, BY_FINER_BARS)
    return done, truth


@njit(cache=True, nogil=True)
def _settle_tie(
    fine: Array, high: float, low: float, trade: Trade, rule: Rule
) -> Trade:
    """A bar that reaches a target and a stop: finer bars decide, else the stop."""
    done, truth = _walk_fine(fine, trade, trade.done, rule)
    if _label_of(done, rule.both) == UNDECIDED:
        bits = _reached(high, low, trade, done, rule)
        truth = AMBIGUOUS if _is_tie(bits) else max(truth, BY_FINER_BARS)
        done |= _stop_wins(bits)
    return _fill(trade, done, np.nan, truth)


@_inline
def _fill(trade: Trade, done: int, price: float, truth: int) -> Trade:
    """The trade after new bits of ``done``; a NaN price fills at the levels."""
    new = done & ~trade.done
    long_exit, short_exit = trade.long_exit, trade.short_exit
    if new & LONG:
        level = trade.long_target if new & LONG_TARGET else trade.long_stop
        long_exit = level if math.isnan(price) else price
    if new & SHORT:
        level = trade.short_target if new & SHORT_TARGET else trade.short_stop
        short_exit = level if math.isnan(price) else price
    return Trade(
        trade.price, trade.long_target, trade.long_stop, trade.short_target,
        trade.short_stop, trade.high, trade.low, long_exit, short_exit, done, new,
        max(trade.truth, truth),
    )  # fmt: skip


@_inline
def _seen(trade: Trade, high: float, low: float) -> Trade:
    return Trade(
        trade.price, trade.long_target, trade.long_stop, trade.short_target,
        trade.short_stop, high, low, trade.long_exit, trade.short_exit, trade.done,
        trade.last, trade.truth,
    )  # fmt: skip


@_inline
def _take_bar(
    open_: Array, high: Array, low: Array, first_fine: Array, fine: Array, row: int,
    trade: Trade, rule: Rule,
) -> Trade:  # fmt: skip
    """The trade after a bar that reaches at least one of its levels."""
    bits = _reached(open_[row], open_[row], trade, trade.done, rule)
    if bits:
        trade = _fill(trade, trade.done | bits, open_[row], IDENTIFIED)
    if _label_of(trade.done, rule.both) != UNDECIDED:
        return trade
    bits = _reached(high[row], low[row], trade, trade.done, rule)
    if _is_tie(bits):
        inside = fine[0:0]
        if len(first_fine) > 0:
            inside = fine[first_fine[row] : first_fine[row + 1]]
        return _settle_tie(inside, high[row], low[row], trade, rule)
    return _fill(trade, trade.done | bits, np.nan, IDENTIFIED) if bits else trade


@_inline
def _follow(
    open_: Array, high: Array, low: Array, first_fine: Array, fine: Array,
    begin: int, stop: int, trade: Trade, rule: Rule,
) -> tuple[int, Trade]:  # fmt: skip
    """Follow a trade over bars; return the row it ended on (or ``stop``) and it."""
    row = begin
    while row < stop:
        upper, lower = _watch(trade, rule)
        top, bottom = trade.high, trade.low
        while row < stop:
            top, bottom = max(top, high[row]), min(bottom, low[row])
            if high[row] >= upper or low[row] <= lower:
                break
            row += 1
        trade = _seen(trade, top, bottom)
        if row == stop:
            break
        trade = _take_bar(open_, high, low, first_fine, fine, row, trade, rule)
        if _label_of(trade.done, rule.both) != UNDECIDED:
            break
        row += 1
    return row, trade


@_inline
def _adverse(trade: Trade, label: int, both: bool) -> float:
    """Share of the way to the level that would have made another label, 0..1."""
    up, down = trade.high - trade.price, trade.price - trade.low
    top, bottom = trade.long_target, trade.long_stop
    if both:
        bottom = trade.long_stop if label == 1 else trade.short_target
        top = trade.short_stop if label == -1 else trade.long_target
    rise, fall = up / (top - trade.price), down / (trade.price - bottom)
    share = fall if label == 1 else (rise if label == -1 else max(rise, fall))
    return min(max(share, 0.0), 1.0)


@_inline
def _at_level(row: int, time: int, trade: Trade, rule: Rule) -> End:
    label, last = _label_of(trade.done, rule.both), trade.last
    # Two stops on one bar: the long's exit stands for both.
    longs = last & LONG != 0 and not (label == -1 and rule.both)
    price = trade.long_exit if longs else trade.short_exit
    side = 1 if price > trade.price else -1
    return End(row, 2 * row + 1, label, side, price, time, time, True)


@_inline
def _write(
    out: Out, m: int, entry: int, count: int, end: End, trade: Trade, both: bool
) -> None:
    whole, real, small = out.whole, out.real, out.small
    whole[0, m] = count + end.row if end.valid else -1
    if len(whole) > KNOWN_AT:
        whole[KNOWN_AT, m] = end.known_at
    if not out.dense:
        whole[END_TIME, m] = end.time
        whole[ENTRY, m], whole[SLOT, m] = entry, end.slot
    small[0, m], small[1, m] = end.label, end.touched
    small[2, m], small[3, m] = trade.truth if end.valid else 0, end.valid
    price = end.price if end.valid else np.nan
    real[0, m] = price / trade.price
    real[1, m] = _adverse(trade, end.label, both) if end.valid else np.nan
    if both:
        exit_long, exit_short = trade.long_exit, trade.short_exit
        exit_long = price if math.isnan(exit_long) or not end.valid else exit_long
        exit_short = price if math.isnan(exit_short) or not end.valid else exit_short
        real[2, m] = exit_long / trade.price
        real[3, m] = exit_short / trade.price


@njit(cache=True, nogil=True)
def _at_break(path: Path, rule: Rule, edge: Edge, entry: int, stop: int) -> End:
    """The end of an entry whose session or contract ended before row ``stop``."""
    time, close, until, session = (
        edge.time,
        edge.close,
        edge.session_close,
        edge.session,
    )
    if stop > 0:
        time, close = path.time[stop - 1], path.close[stop - 1]
        until, session = path.session_close[stop - 1], path.session[stop - 1]
    in_session = rule.session_end == CARRY
    if stop < len(path.time):
        in_session = in_session or path.session[stop] == session
        if in_session:
            rolled = path.time[stop]
            return End(0, 2 * stop + 1, 0, 0, np.nan, rolled, rolled, False)
    known_at = max(time, until)
    at_once = rule.instant and time >= until and stop > 0
    slot = 2 * stop - 1 if at_once else 2 * stop
    if rule.session_end == INVALID or edge.rows + stop - 1 <= entry:
        return End(0, slot, 0, 0, np.nan, known_at, known_at, False)
    return End(stop - 1, slot, 0, 0, close, time, known_at, True)


@njit(cache=True, nogil=True)
def _next_break(session: Array, contract: Array, sessions: bool, row: int) -> int:
    """First row >= ``row`` that the path of the row before cannot enter."""
    while row < len(contract):
        if contract[row] != contract[row - 1]:
            break
        if sessions and session[row] != session[row - 1]:
            break
        row += 1
    return row


@njit(cache=True, nogil=True)
def _first_break(path: Path, rule: Rule, edge: Edge) -> int:
    """First row that the path of the last chunk cannot enter."""
    sessions = rule.session_end != CARRY
    if edge.rows > 0 and len(path.time) > 0:
        if path.contract[0] != edge.contract:
            return 0
        if sessions and path.session[0] != edge.session:
            return 0
    return _next_break(path.session, path.contract, sessions, 1)


@njit(cache=True, nogil=True)
def _store(left: Open, i: int, entry: int, width: float, trade: Trade) -> None:
    numbers, marks = left
    numbers[i, 0], numbers[i, 1] = width, trade.price
    numbers[i, 2], numbers[i, 3] = trade.long_target, trade.long_stop
    numbers[i, 4], numbers[i, 5] = trade.short_target, trade.short_stop
    numbers[i, 6], numbers[i, 7] = trade.high, trade.low
    numbers[i, 8], numbers[i, 9] = trade.long_exit, trade.short_exit
    marks[i, 0], marks[i, 1] = entry, trade.done
    marks[i, 2], marks[i, 3] = trade.last, trade.truth


@njit(cache=True, nogil=True)
def _load(v: Array, k: Array) -> Trade:
    return Trade(
        v[1], v[2], v[3], v[4], v[5], v[6], v[7], v[8], v[9], k[1], k[2], k[3]
    )  # fmt: skip


@njit(cache=True, nogil=True)
def _finish(
    path: Path, rule: Rule, edge: Edge, limits: tuple[int, bool], entry: int,
    begin: int, trade: Trade, out: Out, m: int,
) -> tuple[int, Trade]:  # fmt: skip
    """Follow one entry; write its label at ``m`` if it ends and return the next ``m``.

    ``limits`` is the row at which paths break and whether they do where rows end.
    """
    breaks, closed = limits
    last = entry - edge.rows + rule.horizon + 1
    stop = min(last, breaks, len(path.time))
    row, trade = _follow(
        path.open, path.high, path.low, path.first_fine, path.fine, begin, stop, trade,
        rule,
    )  # fmt: skip
    if row < stop:
        end = _at_level(row, path.time[row], trade, rule)
    elif stop == last:
        row -= 1
        at = path.time[row]
        end = End(row, 2 * row + 1, 0, 0, path.close[row], at, at, True)
    elif breaks < len(path.time) or closed:
        end = _at_break(path, rule, edge, entry, stop)
    else:
        return m, trade
    _write(out, m, entry, edge.rows, end, trade, rule.both)
    return m + 1, trade


@njit(cache=True, nogil=True)
def _new_block(size: int) -> Block:
    return Block(
        np.empty(size), np.empty(size), np.empty(size), np.empty(size, np.int64),
        np.zeros(size, np.bool_),
    )  # fmt: skip


@njit(cache=True, nogil=True)
def _prepare(path: Path, rule: Rule, begin: int, breaks: int, block: Block) -> None:
    """Entry prices, levels and breaks of a block of entries.

    In a loop of their own the levels are computed several at a time, which costs a
    fifth of computing each when it is needed.
    """
    n = min(len(block.price), len(path.time) - begin)
    price, width = block.price[:n], path.width[begin : begin + n]
    price[:] = np.nan
    if rule.at_close:
        price[:] = path.close[begin : begin + n]
    else:
        later = path.entry[begin + 1 : begin + n + 1]
        price[: len(later)] = later
    _levels(price, width, rule, block.upper, block.lower)
    sessions, sample = rule.session_end != CARRY, path.sample[begin : begin + n]
    session, ends, may = path.session[begin : begin + n], block.breaks, block.may
    time, close = path.time[begin : begin + n], path.session_close[begin : begin + n]
    for k in range(n):
        inside = (not sessions) | (session[k] >= 0)
        inside &= (rule.room == 0) | (time[k] + rule.room <= close[k])
        may[k] = sample[k] & inside & (width[k] > 0.0) & (width[k] < np.inf)
    k = 0
    while k < n:
        if breaks <= begin + k:
            row = begin + k + 1
            breaks = _next_break(path.session, path.contract, sessions, row)
        until = min(n, breaks - begin)
        ends[k:until] = breaks
        k = until


@njit(cache=True, nogil=True)
def _levels(price: Array, width: Array, rule: Rule, upper: Array, lower: Array) -> None:
    for k in range(len(price)):
        upper[k] = _above(price[k], rule.upper * width[k], rule)
        lower[k] = _below(price[k], rule.lower * width[k], rule)


@njit(cache=True, nogil=True)
def _resume(
    path: Path, rule: Rule, edge: Edge, limits: tuple[int, bool], waiting: Open,
    left: Open, out: Out,
) -> tuple[int, int]:  # fmt: skip
    """Go on with the entries that earlier chunks left open."""
    m, kept = 0, 0
    for i in range(len(waiting.marks)):
        entry, span = waiting.marks[i, 0], waiting.numbers[i, 0]
        trade = _load(waiting.numbers[i], waiting.marks[i])
        if math.isnan(trade.price) and min(limits[0], len(path.time)) > 0:
            trade = enter(path.entry[0], span, rule)
        before = m
        m, trade = _finish(path, rule, edge, limits, entry, 0, trade, out, m)
        if m == before:
            _store(left, kept, entry, span, trade)
            kept += 1
    return m, kept


@njit(cache=True, nogil=True)
def _usual(
    path: Path, rule: Rule, edge: Edge, begin: int, block: Block, first: int,
    out: Out, m: int,
) -> tuple[int, int]:  # fmt: skip
    """Write the usual ends of long trades: one level, or the horizon.

    Starts at entry ``first`` of the block, stops at the first unusual one and returns
    the next ``m`` and that entry. Apart from the walk no branch depends on the outcome:
    they would be coin flips.
    """
    whole, real, small = out.whole, out.real, out.small
    prices, uppers, lowers, breaks = block.price, block.upper, block.lower, block.breaks
    time, open_, high, low, close = (
        path.time,
        path.open,
        path.high,
        path.low,
        path.close,
    )
    rows, n, columns = len(time), min(len(prices), len(time) - begin), len(whole)
    may = block.may
    for k in range(first, n):
        if not may[k]:
            continue
        price, upper, lower = prices[k], uppers[k], lowers[k]
        reach, floor = upper + rule.through - rule.slack, lower + rule.slack
        top, bottom, last = price, price, begin + k + rule.horizon
        stop = min(last + 1, breaks[k], rows)
        row, touched = stop - 1, False
        for s in range(begin + k + 1, stop):
            top, bottom = max(top, high[s]), min(bottom, low[s])
            if high[s] >= reach or low[s] <= floor:
                row, touched = s, True
                break
        rises, falls = touched & (high[row] >= reach), touched & (low[row] <= floor)
        if (rises & falls) | ((not touched) & (row < last)):
            return m, k
        start, finish = open_[row], close[row]
        level = upper if rises else lower
        level = start if (start >= reach) | (start <= floor) else level
        rise = (1 - rises) * (top - price) / (upper - price)
        fall = (1 - falls) * (price - bottom) / (price - lower)
        label = np.int8(rises) - np.int8(falls)
        m = begin + k if out.dense else m
        whole[0, m] = edge.rows + row
        if columns > KNOWN_AT:
            whole[KNOWN_AT, m] = time[row]
        if columns > SLOT:
            whole[END_TIME, m] = time[row]
            whole[ENTRY, m], whole[SLOT, m] = edge.rows + begin + k, 2 * row + 1
        # Truth stays 0, identified: the array comes zeroed.
        small[0, m], small[1, m], small[3, m] = label, label, True
        real[0, m] = (level if touched else finish) / price
        real[1, m] = min(max(rise, fall), 1.0)
        m += 1
    return m, n


@njit(cache=True, nogil=True)
def _start(
    path: Path, rule: Rule, edge: Edge, part: tuple[int, int],
    limits: tuple[int, bool], left: Open, kept: int, out: Out, m: int,
) -> tuple[int, int]:  # fmt: skip
    """Enter at every row of a part that may be a sample."""
    (first, stop), (breaks, closed), width = part, limits, path.width
    block = _new_block(min(stop - first, BLOCK))
    price, ends, may = block.price, block.breaks, block.may
    for begin in range(first, stop, BLOCK):
        _prepare(path, rule, begin, breaks, block)
        n, k = min(BLOCK, stop - begin), 0
        breaks = ends[n - 1]
        while k < n:
            if not rule.both:
                m, k = _usual(path, rule, edge, begin, block, k, out, m)
            if k < n and may[k]:
                i = begin + k
                m = before = i if out.dense else m
                trade = enter(price[k], width[i], rule)
                m, trade = _finish(
                    path, rule, edge, (ends[k], closed), edge.rows + i, i + 1, trade,
                    out, m,
                )  # fmt: skip
                if m == before:
                    _store(left, kept, edge.rows + i, width[i], trade)
                    kept += 1
            k += 1
    return m, kept


@njit(cache=True, nogil=True)
def scan(
    path: Path, rule: Rule, edge: Edge, closed: bool, waiting: Open, out: Out
) -> tuple[int, Open]:
    """Resolve what one chunk decides, in order of entry, into ``out``.

    ``closed`` says that the session of the last row has no further rows; ``waiting``
    are the open entries. Returns how many columns of ``out`` are used, and the entries
    that stay open.
    """
    room = min(rule.horizon, len(path.time)) + len(waiting.marks)
    left = Open(np.empty((room, NUMBERS)), np.empty((room, MARKS), np.int64))
    limits = (_first_break(path, rule, edge), closed)
    m, kept = _resume(path, rule, edge, limits, waiting, left, out)
    every = (0, len(path.time))
    m, kept = _start(path, rule, edge, every, limits, left, kept, out, m)
    return m, Open(left.numbers[:kept].copy(), left.marks[:kept].copy())


@njit(cache=True, nogil=True)
def scan_part(
    path: Path, rule: Rule, part: tuple[int, int], closed: bool, out: Out
) -> Open:
    """Resolve the entries of some rows of a whole stream into a dense ``out``.

    A part begins with a block, and ends with one or with the stream. Returns the
    entries that stay open.
    """
    room, edge = min(rule.horizon, part[1] - part[0]), Edge(0, 0, 0, 0, 0, 0.0)
    left = Open(np.empty((room, NUMBERS)), np.empty((room, MARKS), np.int64))
    limits = (0, closed)
    _, kept = _start(path, rule, edge, part, limits, left, 0, out, part[0])
    return Open(left.numbers[:kept].copy(), left.marks[:kept].copy())


@njit(cache=True, nogil=True)
def shorten(path: Path, rule: Rule, closed: bool, out: Out) -> Array:
    """Turn the labels of a whole stream into those of a shorter horizon.

    ``out`` is dense and holds those of the longer one, with log returns. A touch, or a
    session's end, before the shorter horizon is over is the same label; where the path
    lasted longer, it timed out. Returns the rows that were written, with a ratio in
    place of the log return.
    """
    rows, n, m, breaks = len(path.time), 0, 0, 0
    # Of these no more memory is used than is written.
    written, without = np.empty(rows, np.int64), np.empty(rows, np.int64)
    ends, touched, valid = out.whole[0], out.small[1], out.small[3]
    # Without branches: which rows change is a coin flip.
    for t in range(rows):
        beyond = ends[t] - t - rule.horizon + (touched[t] == 0) > 0
        written[n], without[m] = t, t
        n += (valid[t] != 0) & beyond
        m += valid[t] == 0
    _time_outs(path, rule, written[:n], out)
    for t in without[:m]:
        breaks = _from_start(path, rule, closed, breaks, t, out)
        written[n] = t
        n += valid[t] != 0
    return written[:n]


@njit(cache=True, nogil=True)
def _from_start(
    path: Path, rule: Rule, closed: bool, breaks: int, t: int, out: Out
) -> int:
    """Resolve an entry that had no label; return the next row at which paths break."""
    if not _may(path, rule, t):
        return breaks
    if breaks <= t:
        sessions = rule.session_end != CARRY
        breaks = _next_break(path.session, path.contract, sessions, t + 1)
    trade = enter(_entry_price(path, rule, t), path.width[t], rule)
    edge = Edge(0, 0, 0, 0, 0, 0.0)
    _finish(path, rule, edge, (breaks, closed), t, t + 1, trade, out, t)
    return breaks


@_inline
def _may(path: Path, rule: Rule, t: int) -> bool:
    inside = rule.session_end == CARRY or path.session[t] >= 0
    inside &= rule.room == 0 or path.time[t] + rule.room <= path.session_close[t]
    return path.sample[t] and inside and path.width[t] > 0.0 and path.width[t] < np.inf


@_inline
def _entry_price(path: Path, rule: Rule, t: int) -> float:
    if rule.at_close:
        return path.close[t]
    return path.entry[t + 1] if t + 1 < len(path.entry) else np.nan


@njit(cache=True, nogil=True)
def _time_outs(path: Path, rule: Rule, entries: Array, out: Out) -> None:
    """Write that long trades ended with the horizon, which they reached untouched."""
    high, low, close, time, width = (
        path.high,
        path.low,
        path.close,
        path.time,
        path.width,
    )
    first = path.close if rule.at_close else path.entry[1:]
    whole, later = out.whole, len(out.whole) > KNOWN_AT
    ratio, adverse = out.real[0], out.real[1]
    label, touched, truth = out.small[0], out.small[1], out.small[2]
    for t in entries:
        price, row = first[t], t + rule.horizon
        top, bottom = price, price
        for s in range(t + 1, row + 1):
            top, bottom = max(top, high[s]), min(bottom, low[s])
        upper = _above(price, rule.upper * width[t], rule)
        lower = _below(price, rule.lower * width[t], rule)
        rise, fall = (top - price) / (upper - price), (price - bottom) / (price - lower)
        ratio[t], adverse[t] = close[row] / price, min(max(rise, fall), 1.0)
        whole[0, t] = row
        if later:
            whole[KNOWN_AT, t] = time[row]
        label[t], touched[t], truth[t] = 0, 0, 0


@njit(cache=True, nogil=True)
def order(slot: Array, slots: int) -> Array:
    """Positions that sort by slot and keep equal ones in place (a counting sort)."""
    begin = np.zeros(slots + 1, np.int64)
    for s in slot:
        begin[s + 1] += 1
    for s in range(slots):
        begin[s + 1] += begin[s]
    places = np.empty(len(slot), np.int64)
    for i in range(len(slot)):
        places[begin[slot[i]]] = i
        begin[slot[i]] += 1
    return places


@njit(cache=True, nogil=True)
def wilder_atr(
    high: Array, low: Array, close: Array, contract: Array, period: int, state: Array
) -> Array:
    """Wilder's average true range; NaN until ``period`` true ranges are known.

    ``state`` is [rows seen, sum or average, last close, last contract] and is changed.
    The first row of a new contract has no previous close of its own: its true range is
    high minus low. Source: Wilder (1978); the seed is the plain mean, as in TA-Lib.
    """
    out = np.full(len(close), np.nan)
    seen, total, before, held = state[0], state[1], state[2], state[3]
    for i in range(len(close)):
        reach = high[i] - low[i]
        if contract[i] == held:
            reach = max(reach, abs(high[i] - before), abs(low[i] - before))
        if seen > period:
            total = (total * (period - 1) + reach) / period
        elif seen > 0:
            total = total + reach if seen < period else (total + reach) / period
        if seen >= period:
            out[i] = total
        seen += 1.0
        before, held = close[i], contract[i]
    state[0], state[1], state[2], state[3] = seen, total, before, held
    return out


@njit(cache=True, nogil=True)
def rolling_volatility(
    close: Array, contract: Array, period: int, state: Array
) -> Array:
    """Standard deviation (ddof 1) of the last ``period`` log returns, as a price.

    ``state`` is [rows seen, last close, last contract, returns held, ring...] and is
    changed. A return over a change of contract is left out.
    """
    out = np.full(len(close), np.nan)
    for i in range(len(close)):
        if state[0] > 0 and contract[i] == state[2]:
            state[4 + int(state[3]) % period] = math.log(close[i] / state[1])
            state[3] += 1
        state[0] += 1
        state[1], state[2] = close[i], contract[i]
        if state[3] < period:
            continue
        mean, square = 0.0, 0.0
        for k in range(period):
            mean += state[4 + k] / period
        for k in range(period):
            square += (state[4 + k] - mean) ** 2
        out[i] = close[i] * math.sqrt(square / (period - 1))
    return out
