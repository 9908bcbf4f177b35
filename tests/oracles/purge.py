"""The chronological split, one sample at a time. DO NOT EDIT."""


def boundaries(times, fractions):
    """Times at which validation and test begin; equal times are never parted."""
    count = len(times)
    wanted = (
        int(round(fractions[0] * count, 6)),
        int(round((fractions[0] + fractions[1]) * count, 6)),
    )
    return [times[cut] if cut < count else None for cut in wanted]


def parts(times, ends, bars, fractions, purge, embargo):
    """Lists of positions of train, validation and test."""
    starts = boundaries(times, fractions)
    if None in starts:
        return [], [], []
    found = ([], [], [])
    for i in range(len(times)):
        part = sum(times[i] >= start for start in starts)
        keep = True
        for number, start in enumerate(starts, start=1):
            first = min(b for t, b in zip(times, bars, strict=True) if t >= start)
            if part < number:
                touches = not (ends[i] < start)
                between = range(bars[i] + 1, first)
                keep = keep and not touches and len(between) >= purge
            if part == number:
                keep = keep and bars[i] - first >= embargo
        if keep:
            found[part].append(i)
    return found


def shares_time(time, end, other_time, other_end):
    """Whether two label spans, ends included, have a moment in common."""
    return time <= other_end and other_time <= end


def run_lengths(rows, segments):
    """Complete rows of one segment that end at each row, walking back from it."""
    found = []
    for i in range(len(rows)):
        length = 0
        j = i
        while j >= 0 and segments[j] == segments[i]:
            if any(value != value or abs(value) == float("inf") for value in rows[j]):
                break
            length += 1
            j -= 1
        found.append(length)
    return found
