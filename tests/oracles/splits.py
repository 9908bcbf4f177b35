"""Folds by looking at every pair of samples, one pair at a time. DO NOT EDIT."""

from itertools import combinations


def blocks(times, count):
    """Group of each sample: equally many in order of time, equal times together.

    None where a group would be empty.
    """
    order = sorted(times)
    size, larger = divmod(len(order), count)
    firsts = []
    position = 0
    for k in range(count):
        if position >= len(order):
            return None
        firsts.append(order[position])
        position += size + (k < larger)
    if len(set(firsts)) < count:
        return None
    return [sum(t >= first for first in firsts) - 1 for t in times]


def book_overlaps(time, end, test_time, test_end):
    """The three cases of Lopez de Prado (2018), section 7.4.1, ends inclusive."""
    starts_within = test_time <= time <= test_end
    ends_within = test_time <= end <= test_end
    envelops = time <= test_time and test_end <= end
    return starts_within or ends_within or envelops


def runs(groups):
    """Adjacent groups together: [0, 1, 4] gives [[0, 1], [4]]."""
    found = []
    for group in sorted(groups):
        if found and found[-1][-1] == group - 1:
            found[-1].append(group)
        else:
            found.append([group])
    return found


def near(i, j, times, ends, clocks, purge):
    """Whether a training sample may not stand beside a test sample."""
    clock, amount = clocks[purge[0]], purge[1]
    shares = book_overlaps(times[i], ends[i], times[j], ends[j])
    return shares or abs(clock[i] - clock[j]) <= amount


def waits(i, known, times, bars, embargo):
    """Whether a sample stands in the embargo that begins at a time."""
    if times[i] <= known:
        return False
    if embargo[0] == "times":
        return times[i] - known <= embargo[1]
    first = min(b for t, b in zip(times, bars, strict=True) if t > known)
    return bars[i] - first < embargo[1]


def train(times, ends, bars, group, tested, purge, embargo):
    """Samples to train on when some groups are tested.

    ``purge`` and ``embargo`` are ("bars" or "times", amount).
    """
    rows = range(len(times))
    clocks = {"bars": bars, "times": times}
    tests = [j for j in rows if group[j] in tested]
    known = [max(ends[j] for j in rows if group[j] in run) for run in runs(tested)]
    return [
        i
        for i in rows
        if group[i] not in tested
        and not any(near(i, j, times, ends, clocks, purge) for j in tests)
        and not any(waits(i, moment, times, bars, embargo) for moment in known)
    ]


def k_fold(times, ends, bars, count, tested_at_once, purge, embargo):
    """(train, test) of every fold; None where a group or a training set is empty."""
    group = blocks(times, count)
    if group is None:
        return None
    folds = []
    for tested in combinations(range(count), tested_at_once):
        fold = train(times, ends, bars, group, tested, purge, embargo)
        if not fold:
            return None
        folds.append((fold, [i for i, one in enumerate(group) if one in tested]))
    return folds
