"""Lopez de Prado (2018), snippets 2.4, 4.3 and 4.5, written out. DO NOT EDIT."""

import numpy as np


def cusum_filter(steps, thresholds):
    """Return +1, -1 or 0 a row; a NaN changes nothing."""
    up = down = 0.0
    events = []
    for step, threshold in zip(steps, thresholds, strict=True):
        if np.isnan(step) or np.isnan(threshold):
            events.append(np.nan)
            continue
        up, down = max(0.0, up + step), min(0.0, down + step)
        if down <= -threshold or up >= threshold:
            events.append(1.0 if up >= threshold else -1.0)
            up = down = 0.0
        else:
            events.append(0.0)
    return np.array(events)


def sequential_draws(entry, end, uniform):
    """Draw by the indicator matrix: one row a bar, one column a label."""
    bars = np.arange(entry.min() + 1, end.max() + 1)
    indicator = (bars[:, None] > entry) & (bars[:, None] <= end)
    drawn = []
    for u in uniform:
        chances = []
        for label in range(len(entry)):
            used = indicator[:, [*drawn, label]].sum(axis=1)
            mine = indicator[:, label]
            chances.append((1.0 / used[mine]).mean())
        running = np.cumsum(chances)
        drawn.append(int(np.searchsorted(running, u * running[-1], side="right")))
    return np.array(drawn)
