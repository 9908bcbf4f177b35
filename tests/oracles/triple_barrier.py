# ruff: noqa: C901 - one loop that is read from top to bottom
"""The triple barrier as a slow loop in plain Python. DO NOT EDIT.

Written from the execution contract, not from the kernel: exact fractions for tick
rounding, one bar after another, one trade at a time. Rows are dicts with time, open,
high, low, close, width, sample, session, session_close, contract and fine (a list of
(open, high, low)).
"""

from __future__ import annotations

import math
from fractions import Fraction


def on_tick(price: float, tick: float) -> Fraction:
    """The grid price that a float stands for, or the float itself off the grid."""
    exact, step = Fraction(price), Fraction(str(tick))
    near = round(exact / step)
    return near * step if abs(exact / step - near) < Fraction(1, 10**6) else exact


def level(entry: float, distance: float, tick: float, up: bool) -> float:
    """Entry plus or minus a distance, rounded away from the entry to the tick."""
    if not tick:
        return entry + distance if up else entry - distance
    step = Fraction(str(tick))
    target = on_tick(entry + distance if up else entry - distance, tick)
    start = on_tick(entry, tick)
    steps = math.ceil(target / step) if up else math.floor(target / step)
    if up and steps * step <= start:
        steps = math.floor(start / step) + 1
    if not up and steps * step >= start:
        steps = math.ceil(start / step) - 1
    return float(steps * step)


class Trade:
    """One side: a target and a stop."""

    def __init__(self, target, stop, side, through, slack):
        self.target, self.stop, self.side = target, stop, side
        self.through, self.slack = through, slack
        self.exit = None
        self.won = False
        self.when = None  # (row, 0 at the open or 1 later) of the exit

    def hits(self, high, low):
        """Whether a range of prices reaches the target, and the stop."""
        if self.exit is not None:
            return False, False
        if self.side > 0:
            return (
                high >= self.target + self.through - self.slack,
                low <= self.stop + self.slack,
            )
        return (
            low <= self.target - self.through + self.slack,
            high >= self.stop - self.slack,
        )

    def close(self, won, price, when):
        self.won, self.when = won, when
        self.exit = price if price is not None else (self.target if won else self.stop)


def outcome(trades, both):
    """The label if there is one yet."""
    won = [t.side for t in trades if t.won]
    if not both:
        one = trades[0]
        return None if one.exit is None else (1 if one.won else -1)
    if len(won) == 2:
        return 0
    if won:
        return won[0]
    return 0 if all(t.exit is not None for t in trades) else None


def take_range(trades, high, low, when, fill=None):
    """Let open trades meet a range; return whether the order inside it matters."""
    hits = [t.hits(high, low) for t in trades]
    tie = any(a and b for a, b in hits) or sum(a for a, _ in hits) == 2
    for trade, (target, stop) in zip(trades, hits, strict=True):
        if stop:
            trade.close(False, fill, when)
        elif target:
            trade.close(True, fill, when)
    return tie


def is_tie(trades, high, low):
    hits = [t.hits(high, low) for t in trades]
    return any(a and b for a, b in hits) or sum(a for a, _ in hits) == 2


def take_bar(trades, bar, both, s):
    """One base bar; return its truth: 0 identified, 1 finer bars, 2 ambiguous."""
    take_range(trades, bar["open"], bar["open"], (s, 0), fill=bar["open"])
    if outcome(trades, both) is not None:
        return 0
    if not is_tie(trades, bar["high"], bar["low"]):
        take_range(trades, bar["high"], bar["low"], (s, 1))
        return 0
    truth = 0
    for first, high, low in bar["fine"]:
        # The finer bars say what came first; the fill stays at the barrier.
        take_range(trades, first, first, (s, 1))
        if outcome(trades, both) is None and take_range(trades, high, low, (s, 1)):
            truth = 2
        if outcome(trades, both) is not None:
            return max(truth, 1)
    return 2 if take_range(trades, bar["high"], bar["low"], (s, 1)) else max(truth, 1)


def label_one(rows, t, *, horizon, upper, lower, tick, touch="high_low",
              trade_through=False, entry="next_open", sides="long",
              session_end="flat", interval=0):  # fmt: skip
    """The label of row ``t`` as a dict, or None where there is no sample or no end."""
    row = rows[t]
    flat = session_end != "carry"
    if not row["sample"] or not 0 < row["width"] < math.inf:
        return None
    if flat and row["session"] < 0:
        return None
    late = interval and row["time"] + horizon * interval > row["session_close"]
    if session_end == "invalid" and late:
        return None
    both, through = sides == "both", tick if trade_through else 0.0
    slack = tick * 1e-6
    price, trades, truth = None, [], 0
    if entry == "close":
        price = row["close"]
    top = bottom = None
    for s in range(t + 1, t + horizon + 1):
        before = rows[s - 1]
        if s == len(rows):
            return None
        if flat and rows[s]["session"] != before["session"]:
            if session_end == "invalid" or s == t + 1:
                return {"valid": False}
            return finish(trades, price, 0, before["close"], s - 1, before, truth,
                          0, top, bottom, both)  # fmt: skip
        if rows[s]["contract"] != before["contract"]:
            return {"valid": False}
        if price is None:
            price = rows[s]["open"]
        if not trades:
            top = bottom = price
            up, down = upper * row["width"], lower * row["width"]
            trades = [Trade(level(price, up, tick, True),
                            level(price, down, tick, False), 1, through, slack)]  # fmt: skip
            if both:
                trades.append(Trade(level(price, up, tick, False),
                                    level(price, down, tick, True), -1, through, slack))  # fmt: skip
        bar = dict(rows[s])
        if touch == "close":
            bar.update(open=bar["close"], high=bar["close"], low=bar["close"], fine=[])
        top, bottom = max(top, bar["high"]), min(bottom, bar["low"])
        truth = max(truth, take_bar(trades, bar, both, s))
        label = outcome(trades, both)
        if label is not None:
            # max keeps the first of equals: the long stands for two stops at once.
            last = max((x for x in trades if x.exit is not None), key=lambda x: x.when)
            if both and label == -1:
                last = trades[1]
            elif both and label == 1:
                last = trades[0]
            side = 1 if last.exit > price else -1
            return finish(trades, price, label, last.exit, s, rows[s], truth, side,
                          top, bottom, both)  # fmt: skip
    return finish(trades, price, 0, rows[s]["close"], s, rows[s], truth, 0, top, bottom,
                  both)  # fmt: skip


def finish(trades, price, label, exit_price, end, row, truth, side, top, bottom, both):
    long = trades[0]
    high, low = long.target, long.stop
    if both:
        low = long.stop if label == 1 else trades[1].target
        high = trades[1].stop if label == -1 else long.target
    rise, fall = (top - price) / (high - price), (price - bottom) / (price - low)
    share = {1: fall, -1: rise, 0: max(rise, fall)}[label]
    out = {
        "valid": True,
        "label": label,
        "touched": side,
        "truth": truth,
        "end_index": end,
        "end_time": row["time"],
        "ret": math.log(exit_price / price),
        "adverse": min(max(share, 0.0), 1.0),
    }
    if both:
        exits = [exit_price if t.exit is None else t.exit for t in trades]
        out["long_ret"] = math.log(exits[0] / price)
        out["short_ret"] = -math.log(exits[1] / price)
    return out
