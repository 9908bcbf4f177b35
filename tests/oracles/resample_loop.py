"""DO NOT EDIT. Slow reference loops for resampling and gap filling, one row at a time.

Rows are dicts with time, open_time, open, high, low, close, volume, filled, contract.
Sessions are (open, close) pairs in order; a bar lies in one when open < time <= close.
"""


def _bucket(time, sessions, interval):
    for opens, closes in sessions:
        if opens < time <= closes:
            start = opens
            while start + interval < time:
                start += interval
            return start, min(start + interval, closes)
    start = 0
    if time > 0:
        start = (time - 1) // interval * interval
    end = start + interval
    upcoming = [opens for opens, _ in sessions if opens >= time]
    if upcoming:
        end = min(end, upcoming[0])
    return start, end


def resample(rows, sessions, interval, clock):
    """Bars that are complete when ``clock`` is over."""
    made = []
    current = None
    for row in rows:
        start, end = _bucket(row["time"], sessions, interval)
        if current is not None and current["bucket"] == end:
            if row["contract"] == current["contract"]:
                current["high"] = max(current["high"], row["high"])
                current["low"] = min(current["low"], row["low"])
                current["close"] = row["close"]
                current["volume"] = current["volume"] + row["volume"]
                current["filled"] = current["filled"] and row["filled"]
                continue
            current["time"] = row["time"]
            start = row["open_time"]
        current = dict(row, time=end, open_time=start, bucket=end)
        made.append(current)
    return [bar for bar in made if bar["time"] <= clock]


def fill_gaps(rows, sessions, interval, clock):
    """Rows and forward fills that are known when ``clock`` is over."""
    made = []
    for i, row in enumerate(rows):
        made.append(dict(row))
        following = rows[i + 1]["time"] if i + 1 < len(rows) else None
        for opens, closes in sessions:
            if not opens < row["time"] <= closes:
                continue
            start = opens
            while start < closes:
                end = min(start + interval, closes)
                holds_row = start < row["time"] <= end
                after_row = start >= row["time"]
                if following is None:
                    due = end <= clock
                else:
                    due = end < following and not start < following <= end
                if after_row and due and not holds_row:
                    made.append(
                        dict(
                            row,
                            time=end,
                            open_time=start,
                            open=row["close"],
                            high=row["close"],
                            low=row["close"],
                            volume=row["volume"] * 0.0,
                            filled=True,
                        )
                    )
                start += interval
    return made
