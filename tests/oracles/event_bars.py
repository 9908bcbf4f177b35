"""DO NOT EDIT. Slow reference loop for event bars, one row at a time.

Rows are dicts with time, open_time, open, high, low, close, volume, filled, contract.
Sessions are (open, close) pairs in order; a row lies in one when open < time <= close,
a trade when open <= time < close. Imbalance bars as in Lopez de Prado (2018), 2.3.2.1,
with the bounds of docs/decisions/0013-event-bars.md.
"""

import math

SPAN, HIGHEST, LONGEST = 20, 2.0, 10


def _stretch(time, sessions, trades):
    """Number and end of the stretch that a row lies in; breaks are stretches too."""
    at = time + 1 if trades else time
    joined = []
    for opens, closes in sessions:
        if joined and joined[-1][1] == opens:
            joined[-1] = (joined[-1][0], closes)
        else:
            joined.append((opens, closes))
    ends = [edge for session in joined for edge in session]
    for number, end in enumerate(ends):
        if at <= end:
            return number, end
    return len(ends), math.inf


def _weight(kind, row):
    if kind.startswith("tick"):
        return 1.0
    if kind.startswith("volume"):
        return row["volume"]
    if row["high"] == row["low"]:
        return row["volume"] * row["close"]
    return row["volume"] * ((row["high"] + row["low"] + row["close"]) / 3.0)


def _sides(rows):
    """Tick rule: the direction of the last change of price inside a contract."""
    sides, side = [], 0.0
    for before, row in zip([None, *rows], rows, strict=False):
        if before is not None and before["contract"] == row["contract"]:
            if row["close"] > before["close"]:
                side = 1.0
            if row["close"] < before["close"]:
                side = -1.0
        sides.append(side)
    return sides


class _Total:
    """Rules of ticks, volume and dollars."""

    def __init__(self, size):
        self.size = size

    def complete(self, xs):
        total = 0.0
        for x in xs:
            if not math.isnan(x):
                total = total + x
        return total >= self.size


class _Imbalance:
    """Rules of imbalance; one ``complete`` call for each row in turn."""

    def __init__(self, size):
        self.size = size
        self.length, self.square = size, 0.0
        self.flow = self.share = 0.0

    def complete(self, xs):
        theta, count = 0.0, len(xs)
        for x in xs:
            if not math.isnan(x):
                theta = theta + x
        if not math.isnan(xs[-1]):
            alpha = 2.0 / (SPAN * self.size + 1.0)
            self.flow = self.flow + alpha * (xs[-1] - self.flow)
            self.share = self.share + alpha * (1.0 - self.share)
        if len(xs) == 1:
            self.threshold = self.next_threshold
        if self.threshold is None:
            done = count >= self.size
        else:
            done = abs(theta) >= self.threshold or count >= LONGEST * self.size
        if done:
            self._learn(theta * theta, count)
        return done

    next_threshold = None

    def _learn(self, square, count):
        alpha = 2.0 / (SPAN + 1.0)
        self.length = self.length + alpha * (count - self.length)
        if self.square == 0.0:
            self.square = square
        else:
            self.square = self.square + alpha * (square - self.square)
        if self.square > 0.0:
            noise = math.sqrt(self.size * self.square / self.length)
            expected = self.length * abs(self.flow / self.share)
            self.next_threshold = min(max(expected, noise), HIGHEST * noise)


def _bar(rows, time):
    volume = 0.0
    for row in rows:
        volume = volume + row["volume"]
    return {
        "time": time,
        "open_time": rows[0]["open_time"],
        "open": rows[0]["open"],
        "high": max(row["high"] for row in rows),
        "low": min(row["low"] for row in rows),
        "close": rows[-1]["close"],
        "volume": volume,
        "filled": False,
        "contract": rows[-1]["contract"],
    }


def _stretches(rows, sessions, trades):
    """Runs of row numbers in one stretch and contract, each with the stretch's end."""
    runs, before = [], None
    for i, row in enumerate(rows):
        number, end = _stretch(row["time"], sessions, trades)
        if (number, row["contract"]) != before:
            runs.append(([], end))
        before = (number, row["contract"])
        runs[-1][0].append(i)
    return runs


def event_bars(rows, kind, size, sessions=(), trades=False, clock=None):
    """Bars that are known when ``clock`` is over, and the rows that are left."""
    rows = [row for row in rows if not row["filled"]]
    made, held = [], []
    meter = _Imbalance(size) if "imbalance" in kind else _Total(size)
    sides = _sides(rows)
    runs = _stretches(rows, sessions, trades)
    for number, (numbers, end) in enumerate(runs):
        held, xs = [], []
        for i in numbers:
            weight = _weight(kind, rows[i])
            side = sides[i] if "imbalance" in kind else 1.0
            held.append(rows[i])
            xs.append(side * weight)
            if meter.complete(xs):
                made.append(_bar(held, rows[i]["time"]))
                held, xs = [], []
        if held and number + 1 < len(runs):
            made.append(_bar(held, min(end, rows[runs[number + 1][0][0]]["time"])))
        elif held and clock is not None and end <= clock:
            made.append(_bar(held, end))
            held = []
    return made, held
