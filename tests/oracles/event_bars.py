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
    if row["filled"]:
        return 0.0
    if kind.startswith("tick"):
        return 1.0
    if kind.startswith("volume"):
        return row["volume"]
    if row["high"] == row["low"]:
        return row["volume"] * row["close"]
    return row["volume"] * ((row["high"] + row["low"] + row["close"]) / 3.0)


class _Expected:
    """What the next imbalance bar is measured by."""

    def __init__(self, size):
        self.size = size
        self.length, self.square = size, None
        self.flow = self.share = 0.0

    def see(self, x):
        alpha = 2.0 / (SPAN * self.size + 1.0)
        self.flow = self.flow + alpha * (x - self.flow)
        self.share = self.share + alpha * (1.0 - self.share)

    def learn(self, theta, rows):
        alpha = 2.0 / (SPAN + 1.0)
        self.length = self.length + alpha * (rows - self.length)
        if self.square is None:
            self.square = theta * theta or None
        else:
            self.square = self.square + alpha * (theta * theta - self.square)

    def reached(self, theta, rows, threshold):
        if threshold is None:
            return rows >= self.size
        return abs(theta) >= threshold or rows >= LONGEST * self.size

    def threshold(self):
        if self.square is None:
            return None
        noise = math.sqrt(self.size * self.square / self.length)
        return min(
            max(self.length * abs(self.flow / self.share), noise), HIGHEST * noise
        )


def _bar(rows, time):
    volume = 0.0
    for row in rows:
        volume = volume + row["volume"]
    return dict(
        time=time,
        open_time=rows[0]["open_time"],
        open=rows[0]["open"],
        high=max(row["high"] for row in rows),
        low=min(row["low"] for row in rows),
        close=rows[-1]["close"],
        volume=volume,
        filled=all(row["filled"] for row in rows),
        contract=rows[-1]["contract"],
    )


def event_bars(rows, kind, size, sessions=(), trades=False, clock=None):
    """Bars that are known when ``clock`` is over, and the rows that are left."""
    made, held = [], []
    expected, threshold = _Expected(size), None
    theta, side, price = 0.0, 0.0, None
    for row in rows:
        number, end = _stretch(row["time"], sessions, trades)
        if held and (number, row["contract"]) != (held_number, held[-1]["contract"]):
            made.append(_bar(held, min(held_end, row["time"])))
            held = []
        if price is not None and row["contract"] == contract:
            if row["close"] > price:
                side = 1.0
            if row["close"] < price:
                side = -1.0
        price, contract = row["close"], row["contract"]
        if not held:
            theta = 0.0
        held.append(row)
        held_number, held_end = number, end
        weight = _weight(kind, row)
        counted = sum(not one["filled"] for one in held)
        if "imbalance" not in kind:
            if not math.isnan(weight):
                theta = theta + weight
            complete = theta >= size
        else:
            if not row["filled"] and not math.isnan(weight):
                theta = theta + side * weight
                expected.see(side * weight)
            complete = expected.reached(theta, counted, threshold)
            if complete:
                expected.learn(theta, counted)
                threshold = expected.threshold()
        if complete:
            made.append(_bar(held, row["time"]))
            held = []
    if held and clock is not None and held_end <= clock:
        made.append(_bar(held, held_end))
        held = []
    return made, held
