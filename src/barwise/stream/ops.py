"""Every operation of the engine and the interpreter that runs them.

One file on purpose: numba's on-disk cache does not notice a changed helper in another
file. Nothing here knows frames, features or bars: NumPy in, NumPy out.

Notation
--------
a, b, c : (rows,) float64 input columns, oldest first
out : (rows,) float64 output column
p : (k,) float64 parameters of one node
s : (m,) float64 state of one node, zeros before the first row
w : window in rows

How a node meets NaN (its ``nan`` below): ``rows`` - a NaN takes a slot like any value;
``skip`` - any NaN input leaves the state as it is and gives NaN; ``maps`` - NaN is an
ordinary case of the definition.

Why the sums are exact to rounding and do not depend on the cut: windows are cut into
blocks of ``w`` values counted from the start of the stream. A window is the tail of one
block and the head of the next, so its sum is one suffix sum plus one prefix sum;
nothing is ever subtracted, and no error travels further than two blocks. The same
split serves mean and squared deviations (merged by Chan, Golub and LeVeque, 1983) and
minimum and maximum (van Herk, 1992; Gil and Werman, 1993).

No fastmath anywhere: the order of evaluation is the contract.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numba import njit

CHUNK = 1024
"""Rows that one pass of the interpreter takes; the results do not depend on it."""

STRIDE = CHUNK + 8
"""Length of a register: off a power of two, so that columns do not share cache sets."""

NaN = np.nan


# --- elementwise ---------------------------------------------------------------------


@njit(cache=True, nogil=True)
def _unary(code, a, out):
    rows = len(out)
    if code == 2:
        for i in range(rows):
            out[i] = -a[i]
    elif code == 3:
        for i in range(rows):
            out[i] = abs(a[i])
    elif code == 4:
        for i in range(rows):
            out[i] = math.sqrt(a[i]) if a[i] >= 0.0 else NaN
    elif code == 5:
        for i in range(rows):
            out[i] = math.log(a[i]) if a[i] > 0.0 else NaN
    elif code == 6:
        for i in range(rows):
            out[i] = math.exp(a[i])
    elif code == 7:
        for i in range(rows):
            x = a[i]
            out[i] = 1.0 if x > 0.0 else (-1.0 if x < 0.0 else x)
    elif code == 8:
        for i in range(rows):
            out[i] = math.sin(a[i])
    elif code == 9:
        for i in range(rows):
            out[i] = math.cos(a[i])
    elif code == 10:
        for i in range(rows):
            out[i] = math.tanh(a[i])
    elif code == 12:
        for i in range(rows):
            out[i] = math.erf(a[i])
    elif code == 13:
        for i in range(rows):
            out[i] = np.floor(a[i])
    else:
        for i in range(rows):
            out[i] = 1.0 if math.isnan(a[i]) else 0.0


@njit(cache=True, nogil=True)
def _binary(code, a, b, out):
    rows = len(out)
    if code == 20:
        for i in range(rows):
            out[i] = a[i] + b[i]
    elif code == 21:
        for i in range(rows):
            out[i] = a[i] - b[i]
    elif code == 22:
        for i in range(rows):
            out[i] = a[i] * b[i]
    elif code == 23:
        for i in range(rows):
            out[i] = a[i] / b[i] if b[i] != 0.0 else NaN
    elif code == 24:
        for i in range(rows):
            x, y = a[i], b[i]
            out[i] = x + y if (math.isnan(x) or math.isnan(y)) else (x if x < y else y)
    elif code == 25:
        for i in range(rows):
            x, y = a[i], b[i]
            out[i] = x + y if (math.isnan(x) or math.isnan(y)) else (x if x > y else y)
    elif code == 26:
        for i in range(rows):
            x, y = a[i], b[i]
            nan = math.isnan(x) or math.isnan(y)
            out[i] = NaN if nan else (1.0 if x < y else 0.0)
    elif code == 27:
        for i in range(rows):
            x, y = a[i], b[i]
            nan = math.isnan(x) or math.isnan(y)
            out[i] = NaN if nan else (1.0 if x <= y else 0.0)
    else:
        for i in range(rows):
            x, y = a[i], b[i]
            nan = math.isnan(x) or math.isnan(y)
            out[i] = NaN if nan else (1.0 if x == y else 0.0)


@njit(cache=True, nogil=True)
def _where(a, b, c, out):
    for i in range(len(out)):
        x = a[i]
        out[i] = NaN if math.isnan(x) else (b[i] if x != 0.0 else c[i])


# --- memory of rows ------------------------------------------------------------------


@njit(cache=True, nogil=True)
def _lag(a, out, p, s):
    # s: rows seen (up to n), next slot, ring of n
    n = int(p[0])
    seen, slot = int(s[0]), int(s[1])
    ring = s[2:]
    for i in range(len(out)):
        out[i] = ring[slot] if seen == n else NaN
        if seen < n:
            seen += 1
        ring[slot] = a[i]
        slot += 1
        if slot == n:
            slot = 0
    s[0], s[1] = seen, slot


@njit(cache=True, nogil=True)
def _carry(a, out, s):
    # s: whether a value was seen, that value
    seen, last = s[0], s[1]
    for i in range(len(out)):
        if not math.isnan(a[i]):
            seen, last = 1.0, a[i]
        out[i] = last if seen != 0.0 else NaN
    s[0], s[1] = seen, last


@njit(cache=True, nogil=True)
def _ema(a, out, p, s):
    # p: weight of the newest value, values in the seed; s: values seen, value
    alpha, n = p[0], int(p[1])
    keep = 1.0 - alpha
    seen, value = int(s[0]), s[1]
    i, rows = 0, len(out)
    while i < rows and seen < n:
        x = a[i]
        out[i] = NaN
        if not math.isnan(x):
            value += x
            seen += 1
            if seen == n:
                value /= n
                out[i] = value
        i += 1
    for j in range(i, rows):
        x = a[j]
        if math.isnan(x):
            out[j] = NaN
        else:
            # Written so that only one product and one sum wait for the row before.
            value = keep * value + alpha * x
            out[j] = value
    s[0], s[1] = seen, value


@njit(cache=True, nogil=True)
def _accumulate(a, b, out, s):
    # Neumaier sum of a since the last row with b != 0, that row included.
    # s: sum, compensation
    total, lost = s[0], s[1]
    for i in range(len(out)):
        x = a[i]
        if math.isnan(x) or math.isnan(b[i]):
            out[i] = NaN
            continue
        if b[i] != 0.0:
            total, lost = 0.0, 0.0
        y = total + x
        lost += (total - y) + x if abs(total) >= abs(x) else (x - y) + total
        total = y
        out[i] = total + lost
    s[0], s[1] = total, lost


@njit(cache=True, nogil=True)
def _accumulate_extreme(a, b, out, p, s):
    # Largest (p = 1) or smallest (p = -1) a since the last row with b != 0.
    # s: whether a value was seen, value
    side = p[0]
    seen, best = s[0], s[1]
    for i in range(len(out)):
        x = a[i]
        if math.isnan(x) or math.isnan(b[i]):
            out[i] = NaN
            continue
        if b[i] != 0.0 or seen == 0.0 or (x - best) * side > 0.0:
            best = x
        seen = 1.0
        out[i] = best
    s[0], s[1] = seen, best


# --- windows -------------------------------------------------------------------------


@njit(cache=True, nogil=True)
def _rolling_sum(a, out, p, s):
    # s: values in this block, blocks finished (0 or 1), prefix, block (w), suffix (w+1)
    w = int(p[0])
    pos, full, prefix = int(s[0]), s[1], s[2]
    block, suffix = s[3 : 3 + w], s[3 + w :]
    for i in range(len(out)):
        x = a[i]
        if math.isnan(x):
            out[i] = NaN
            continue
        block[pos] = x
        prefix += x
        pos += 1
        out[i] = suffix[pos] + prefix if (full != 0.0 or pos == w) else NaN
        if pos == w:
            total = 0.0
            for j in range(w - 1, -1, -1):
                total += block[j]
                suffix[j] = total
            pos, full, prefix = 0, 1.0, 0.0
    s[0], s[1], s[2] = pos, full, prefix


@njit(cache=True, nogil=True)
def _rolling_var(a, out, p, s):
    # Population variance.
    # s: position, full, mean, m2 of the prefix, block (w), suffix mean, suffix m2 (w+1)
    w = int(p[0])
    pos, full, mean, m2 = int(s[0]), s[1], s[2], s[3]
    block = s[4 : 4 + w]
    tail_mean, tail_m2 = s[4 + w : 5 + 2 * w], s[5 + 2 * w :]
    share = 1.0 / w
    for i in range(len(out)):
        x = a[i]
        if math.isnan(x):
            out[i] = NaN
            continue
        block[pos] = x
        pos += 1
        d = x - mean
        mean += d * (1.0 / pos)
        m2 += d * (x - mean)
        if pos == w:
            out[i] = m2 * share
            mu, q = 0.0, 0.0
            for j in range(w - 1, 0, -1):
                e = block[j] - mu
                mu += e * (1.0 / (w - j))
                q += e * (block[j] - mu)
                tail_mean[j], tail_m2[j] = mu, q
            pos, full, mean, m2 = 0, 1.0, 0.0, 0.0
        elif full != 0.0:
            gap = mean - tail_mean[pos]
            out[i] = (m2 + tail_m2[pos] + gap * gap * (pos * (w - pos) * share)) * share
        else:
            out[i] = NaN
    s[0], s[1], s[2], s[3] = pos, full, mean, m2


@njit(cache=True, nogil=True)
def _rolling_cov(a, b, out, p, s):
    # Population covariance; rows where either input is NaN are skipped.
    # s: position, full, means and co-moment of the prefix, blocks (w, w), suffixes
    w = int(p[0])
    pos, full, ma, mb, co = int(s[0]), s[1], s[2], s[3], s[4]
    at = 5
    block_a, block_b = s[at : at + w], s[at + w : at + 2 * w]
    at += 2 * w
    tail_a, tail_b = s[at : at + w + 1], s[at + w + 1 : at + 2 * w + 2]
    tail_co = s[at + 2 * w + 2 :]
    share = 1.0 / w
    for i in range(len(out)):
        x, y = a[i], b[i]
        if math.isnan(x) or math.isnan(y):
            out[i] = NaN
            continue
        block_a[pos], block_b[pos] = x, y
        pos += 1
        d = x - ma
        ma += d * (1.0 / pos)
        mb += (y - mb) * (1.0 / pos)
        co += d * (y - mb)
        if pos == w:
            out[i] = co * share
            na, nb, q = 0.0, 0.0, 0.0
            for j in range(w - 1, 0, -1):
                e = block_a[j] - na
                na += e * (1.0 / (w - j))
                nb += (block_b[j] - nb) * (1.0 / (w - j))
                q += e * (block_b[j] - nb)
                tail_a[j], tail_b[j], tail_co[j] = na, nb, q
            pos, full, ma, mb, co = 0, 1.0, 0.0, 0.0, 0.0
        elif full != 0.0:
            gap = (ma - tail_a[pos]) * (mb - tail_b[pos])
            out[i] = (co + tail_co[pos] + gap * (pos * (w - pos) * share)) * share
        else:
            out[i] = NaN
    s[0], s[1], s[2], s[3], s[4] = pos, full, ma, mb, co


@njit(cache=True, nogil=True)
def _rolling_extreme(a, out, p, s):
    # p: w, side (1 = largest, -1 = smallest)
    # s: position, full, prefix, block (w), suffix (w+1)
    w, side = int(p[0]), p[1]
    pos, full, prefix = int(s[0]), s[1], s[2]
    block, suffix = s[3 : 3 + w], s[3 + w :]
    for i in range(len(out)):
        x = a[i]
        if math.isnan(x):
            out[i] = NaN
            continue
        x *= side
        block[pos] = x
        prefix = x if (pos == 0 or x > prefix) else prefix
        pos += 1
        if pos == w:
            out[i] = prefix * side
            best = block[w - 1]
            for j in range(w - 1, -1, -1):
                best = block[j] if block[j] > best else best
                suffix[j] = best
            pos, full = 0, 1.0
        elif full != 0.0:
            out[i] = (prefix if prefix > suffix[pos] else suffix[pos]) * side
        else:
            out[i] = NaN
    s[0], s[1], s[2] = pos, full, prefix


@njit(cache=True, nogil=True)
def _rolling_age(a, out, p, s):
    # Rows since the extreme of the window; of equal extremes the latest.
    # p: w, side; s: position, full, prefix and its place, block (w),
    # suffix and its place (w+1 each)
    w, side = int(p[0]), p[1]
    pos, full, prefix, place = int(s[0]), s[1], s[2], int(s[3])
    block = s[4 : 4 + w]
    suffix, places = s[4 + w : 5 + 2 * w], s[5 + 2 * w :]
    for i in range(len(out)):
        x = a[i]
        if math.isnan(x):
            out[i] = NaN
            continue
        x *= side
        block[pos] = x
        if pos == 0 or x >= prefix:
            prefix, place = x, pos
        pos += 1
        if pos == w or full != 0.0:
            if pos == w or prefix >= suffix[pos]:
                out[i] = pos - 1 - place
            else:
                out[i] = pos - 1 + w - places[pos]
        else:
            out[i] = NaN
        if pos == w:
            best, where = block[w - 1], w - 1
            for j in range(w - 1, -1, -1):
                if block[j] > best:
                    best, where = block[j], j
                suffix[j], places[j] = best, where
            pos, full = 0, 1.0
    s[0], s[1], s[2], s[3] = pos, full, prefix, place


@njit(cache=True, nogil=True)
def _rolling_rank(a, out, p, s):
    # Share of the window that lies below the newest value, ties counting half.
    # s: values seen (up to w), next slot, ring (w)
    w = int(p[0])
    seen, slot = int(s[0]), int(s[1])
    ring = s[2:]
    for i in range(len(out)):
        x = a[i]
        if math.isnan(x):
            out[i] = NaN
            continue
        ring[slot] = x
        slot = slot + 1 if slot + 1 < w else 0
        if seen < w:
            seen += 1
        if seen < w:
            out[i] = NaN
            continue
        below, same = 0, 0
        for j in range(w):
            below += ring[j] < x
            same += ring[j] == x
        out[i] = (below + 0.5 * (same - 1)) / (w - 1)
    s[0], s[1] = seen, slot


@njit(cache=True, nogil=True)
def _rolling_quantile(a, out, p, s):
    # Linear between order statistics, as numpy.quantile's default.
    # p: w, q; s: values seen, next slot, ring (w), the same values sorted (w)
    w, q = int(p[0]), p[1]
    seen, slot = int(s[0]), int(s[1])
    ring, order = s[2 : 2 + w], s[2 + w :]
    place = q * (w - 1)
    low = math.floor(place)
    part = place - low
    for i in range(len(out)):
        x = a[i]
        if math.isnan(x):
            out[i] = NaN
            continue
        if seen == w:
            j = np.searchsorted(order[:seen], ring[slot])
            while j + 1 < seen:
                order[j] = order[j + 1]
                j += 1
            seen -= 1
        j = seen
        while j > 0 and order[j - 1] > x:
            order[j] = order[j - 1]
            j -= 1
        order[j] = x
        seen += 1
        ring[slot] = x
        slot = slot + 1 if slot + 1 < w else 0
        if seen < w:
            out[i] = NaN
        elif part == 0.0:
            out[i] = order[low]
        else:
            out[i] = order[low] + part * (order[low + 1] - order[low])
    s[0], s[1] = seen, slot


@njit(cache=True, nogil=True)
def _fir(a, out, p, s):
    # p: w, weights oldest first; s: values seen, next slot, ring (2w)
    w = int(p[0])
    weights = p[1 : 1 + w]
    seen, slot = int(s[0]), int(s[1])
    ring = s[2:]
    for i in range(len(out)):
        x = a[i]
        if math.isnan(x):
            out[i] = NaN
            continue
        # Written twice, so that a window is always one contiguous run.
        ring[slot] = x
        ring[slot + w] = x
        slot = slot + 1 if slot + 1 < w else 0
        if seen < w:
            seen += 1
        if seen < w:
            out[i] = NaN
            continue
        # Four running sums in a fixed order: faster, and still one definition.
        t0, t1, t2, t3 = 0.0, 0.0, 0.0, 0.0
        j = 0
        while j + 3 < w:
            t0 += weights[j] * ring[slot + j]
            t1 += weights[j + 1] * ring[slot + j + 1]
            t2 += weights[j + 2] * ring[slot + j + 2]
            t3 += weights[j + 3] * ring[slot + j + 3]
            j += 4
        while j < w:
            t0 += weights[j] * ring[slot + j]
            j += 1
        out[i] = (t0 + t1) + (t2 + t3)
    s[0], s[1] = seen, slot


@njit(cache=True, nogil=True)
def _rolling_line(a, out, p, s):
    # Sums of (x - base) and of place * (x - base) over the window, joined to a slope
    # (p[1] = 0) or to the linearly weighted mean (p[1] = 1). The base is the last value
    # of the block before, so that a high price level costs no digits.
    # s: position, full, base, prefix sums (2), block (w), suffix sums (w+1 each)
    w, mean = int(p[0]), p[1]
    pos, full, base, plain, placed = int(s[0]), s[1], s[2], s[3], s[4]
    block = s[5 : 5 + w]
    tail_plain, tail_placed = s[5 + w : 6 + 2 * w], s[6 + 2 * w :]
    middle = 0.5 * (w - 1)
    scale = 12.0 / (w * (w * w - 1.0)) if w > 1 else NaN
    weight = 2.0 / (w * (w + 1.0))
    for i in range(len(out)):
        x = a[i]
        if math.isnan(x):
            out[i] = NaN
            continue
        if pos == 0 and full == 0.0:
            base = x
        block[pos] = x
        plain += x - base
        placed += pos * (x - base)
        pos += 1
        if pos == w or full != 0.0:
            level = tail_plain[pos] + plain
            tilt = tail_placed[pos] + (w - pos) * plain + placed
            if mean != 0.0:
                out[i] = base + (tilt + level) * weight
            else:
                out[i] = (tilt - middle * level) * scale
        else:
            out[i] = NaN
        if pos == w:
            base = x
            total, ramp = 0.0, 0.0
            for j in range(w - 1, -1, -1):
                ramp += total
                total += block[j] - base
                tail_plain[j], tail_placed[j] = total, ramp
            pos, full, plain, placed = 0, 1.0, 0.0, 0.0
    s[0], s[1], s[2], s[3], s[4] = pos, full, base, plain, placed


@njit(cache=True, nogil=True)
def _rolling_mad(a, b, out, p, s):
    # Mean absolute deviation of the window of a from b, the newest row's centre.
    # s: values seen, next slot, ring (w)
    w = int(p[0])
    seen, slot = int(s[0]), int(s[1])
    ring = s[2:]
    for i in range(len(out)):
        x = a[i]
        if math.isnan(x):
            out[i] = NaN
            continue
        ring[slot] = x
        slot = slot + 1 if slot + 1 < w else 0
        if seen < w:
            seen += 1
        if seen < w:
            out[i] = NaN
            continue
        centre, total = b[i], 0.0
        for j in range(w):
            total += abs(ring[j] - centre)
        out[i] = total / w
    s[0], s[1] = seen, slot


@njit(cache=True, nogil=True)
def _volume_profile(a, b, out, p, s):
    # a: price, b: volume. Equal bins over the prices of the window; three bin numbers
    # in one value: heaviest + bins * (lowest + bins * highest of the value area).
    # p: w, bins, share of the volume in the value area
    # s: values seen, next slot, prices (2w), volumes (2w), histogram (bins)
    w, bins, share = int(p[0]), int(p[1]), p[2]
    seen, slot = int(s[0]), int(s[1])
    prices, volumes = s[2 : 2 + 2 * w], s[2 + 2 * w : 2 + 4 * w]
    weight = s[2 + 4 * w : 2 + 4 * w + bins]
    for i in range(len(out)):
        x, v = a[i], b[i]
        if math.isnan(x) or math.isnan(v):
            out[i] = NaN
            continue
        # Written twice: summed oldest first, whatever row the stream began with.
        prices[slot], prices[slot + w] = x, x
        volumes[slot], volumes[slot + w] = v, v
        slot = slot + 1 if slot + 1 < w else 0
        if seen < w:
            seen += 1
        if seen < w:
            out[i] = NaN
            continue
        low, high = x, x
        for j in range(slot, slot + w):
            low = min(low, prices[j])
            high = max(high, prices[j])
        reach = high - low
        if not reach < math.inf:
            out[i] = NaN
            continue
        reach = reach if reach > 0.0 else 1.0
        for k in range(bins):
            weight[k] = 0.0
        total = 0.0
        for j in range(slot, slot + w):
            k = min(int((prices[j] - low) * bins / reach), bins - 1)
            weight[k] += volumes[j]
            total += volumes[j]
        if not total > 0.0:
            out[i] = NaN
            continue
        heaviest = 0
        for k in range(1, bins):
            if weight[k] > weight[heaviest]:
                heaviest = k
        # The value area grows to the heavier neighbour, downwards if they are equal.
        bottom, top, held = heaviest, heaviest, weight[heaviest]
        while held < share * total and (bottom > 0 or top < bins - 1):
            under = weight[bottom - 1] if bottom > 0 else -1.0
            over = weight[top + 1] if top < bins - 1 else -1.0
            if under >= over:
                bottom -= 1
                held += under
            else:
                top += 1
                held += over
        out[i] = heaviest + bins * (bottom + bins * top)
    s[0], s[1] = seen, slot


@njit(cache=True, nogil=True)
def _rolling_entropy(a, out, p, s):
    # Shannon entropy in nats of the whole numbers 0 .. k - 1 in the window; any other
    # value is skipped like NaN.
    # p: w, k, then n * log(n) for n = 0 .. w; s: values seen, next slot, ring (w),
    # counts (k)
    w, kinds = int(p[0]), int(p[1])
    terms, spread = p[2 : 3 + w], math.log(p[0])
    seen, slot = int(s[0]), int(s[1])
    ring, counts = s[2 : 2 + w], s[2 + w : 2 + w + kinds]
    for i in range(len(out)):
        x = a[i]
        if not 0.0 <= x < kinds:
            out[i] = NaN
            continue
        if seen == w:
            counts[int(ring[slot])] -= 1.0
        else:
            seen += 1
        ring[slot] = x
        counts[int(x)] += 1.0
        slot = slot + 1 if slot + 1 < w else 0
        if seen < w:
            out[i] = NaN
            continue
        total = 0.0
        for k in range(kinds):
            total += terms[int(counts[k])]
        out[i] = spread - total / w
    s[0], s[1] = seen, slot


# --- recursions with a name of their own ---------------------------------------------


@njit(cache=True, nogil=True)
def _kama(a, out, p, s):
    # p: w, fast and slow smoothing constants
    # s: values seen (up to w + 1), next slot, value, path, ring (w)
    w, fast, slow = int(p[0]), p[1], p[2]
    seen, slot, value = int(s[0]), int(s[1]), s[2]
    ring = s[3:]
    for i in range(len(out)):
        x = a[i]
        if math.isnan(x):
            out[i] = NaN
            continue
        if seen < w:
            ring[seen] = x
            seen += 1
            value = x
            out[i] = NaN
            continue
        # The path is summed anew on every row: no drift, and w is small.
        oldest = ring[slot]
        path, before = 0.0, oldest
        for j in range(1, w):
            k = slot + j if slot + j < w else slot + j - w
            path += abs(ring[k] - before)
            before = ring[k]
        path += abs(x - before)
        ring[slot] = x
        slot = slot + 1 if slot + 1 < w else 0
        efficiency = abs(x - oldest) / path if path > 0.0 else 1.0
        c = efficiency * (fast - slow) + slow
        value += c * c * (x - value)
        out[i] = value
    s[0], s[1], s[2] = seen, slot, value


@njit(cache=True, nogil=True)
def _psar(a, b, out, p, s):
    # a: high, b: low. p: first step, increment, largest step
    # s: rows seen (up to 2), side, sar, extreme, step, last high, last low
    first, more, most = p[0], p[1], p[2]
    seen, side, sar, extreme = s[0], s[1], s[2], s[3]
    step, high, low = s[4], s[5], s[6]
    for i in range(len(out)):
        x, y = a[i], b[i]
        if math.isnan(x) or math.isnan(y):
            out[i] = NaN
            continue
        if seen == 0.0:
            seen, high, low = 1.0, x, y
            out[i] = NaN
            continue
        if seen == 1.0:
            seen = 2.0
            # Wilder leaves the first side open; TA-Lib takes the side of -DM.
            down, up = low - y, x - high
            side = -1.0 if (down > 0.0 and down > up) else 1.0
            extreme = x if side > 0.0 else y
            sar = low if side > 0.0 else high
            step = first
            high, low = x, y
        if side > 0.0:
            if y <= sar:
                side, sar = -1.0, max(extreme, high, x)
                out[i] = sar
                step, extreme = first, y
                sar = max(sar + step * (extreme - sar), high, x)
            else:
                out[i] = sar
                if x > extreme:
                    extreme, step = x, min(step + more, most)
                sar = min(sar + step * (extreme - sar), low, y)
        else:
            if x >= sar:
                side, sar = 1.0, min(extreme, low, y)
                out[i] = sar
                step, extreme = first, x
                sar = min(sar + step * (extreme - sar), low, y)
            else:
                out[i] = sar
                if y < extreme:
                    extreme, step = y, min(step + more, most)
                sar = max(sar + step * (extreme - sar), high, x)
        high, low = x, y
    s[0], s[1], s[2], s[3] = seen, side, sar, extreme
    s[4], s[5], s[6] = step, high, low


@njit(cache=True, nogil=True)
def _supertrend(a, b, c, out, s):
    # a: close, b: upper basic band, c: lower basic band; gives the final band.
    # s: whether started, side, final upper, final lower, last close
    started, side, upper, lower, last = s[0], s[1], s[2], s[3], s[4]
    for i in range(len(out)):
        x, u, v = a[i], b[i], c[i]
        if math.isnan(x) or math.isnan(u) or math.isnan(v):
            out[i] = NaN
            continue
        if started == 0.0:
            started, side, upper, lower = 1.0, 1.0, u, v
        else:
            upper = u if (u < upper or last > upper) else upper
            lower = v if (v > lower or last < lower) else lower
            if side > 0.0 and x < lower:
                side = -1.0
            elif side < 0.0 and x > upper:
                side = 1.0
        last = x
        out[i] = lower if side > 0.0 else upper
    s[0], s[1], s[2], s[3], s[4] = started, side, upper, lower, last


@njit(cache=True, nogil=True)
def _cusum(a, b, out, s):
    # +1 or -1 where the steps a since the last event sum up to b or to -b, else 0.
    # s: upward sum, downward sum
    up, down = s[0], s[1]
    for i in range(len(out)):
        x, y = a[i], b[i]
        if math.isnan(x) or math.isnan(y):
            out[i] = NaN
            continue
        up, down = max(up + x, 0.0), min(down + x, 0.0)
        event = 1.0 if up >= y else (-1.0 if -down >= y else 0.0)
        if event != 0.0:
            up, down = 0.0, 0.0
        out[i] = event
    s[0], s[1] = up, down


@njit(cache=True, nogil=True)
def _hidden_markov(a, b, out, p, s):
    # Forward algorithm: filtered probability of a state, given all rows up to this one.
    # p: state asked for, states k, lower limit, upper limit, centre and scale of a, the
    # same of b, start (k), transitions (k, k; row = from), and k each: means of a and of
    # b, precisions of a and of b, logarithms of the densities at the means
    # s: whether a row was seen, probabilities (k)
    which, k = int(p[0]), int(p[1])
    start, moves = p[10 : 10 + k], p[10 + k : 10 + k + k * k]
    rest = p[10 + k + k * k :]
    now = s[1:]
    ahead, density = np.empty(k), np.empty(k)
    for i in range(len(out)):
        if math.isnan(a[i]) or math.isnan(b[i]):
            out[i] = NaN
            continue
        x = (min(max(a[i], p[2]), p[3]) - p[4]) / p[5]
        y = (min(max(b[i], p[6]), p[7]) - p[8]) / p[9]
        best = -np.inf
        for j in range(k):
            prior = start[j]
            if s[0] != 0.0:
                prior = 0.0
                for h in range(k):
                    prior += now[h] * moves[h * k + j]
            ahead[j] = prior
            dx, dy = x - rest[j], y - rest[k + j]
            far = dx * dx * rest[2 * k + j] + dy * dy * rest[3 * k + j]
            density[j] = rest[4 * k + j] - 0.5 * far
            if prior > 0.0 and density[j] > best:
                best = density[j]
        # Relative to the best state that can be reached, so that not all underflow.
        total = 0.0
        for j in range(k):
            if ahead[j] > 0.0:
                ahead[j] *= math.exp(density[j] - best)
                total += ahead[j]
        for j in range(k):
            now[j] = ahead[j] / total
        s[0] = 1.0
        out[i] = now[which]


# --- the interpreter -----------------------------------------------------------------


@njit(cache=True, nogil=True)
def _stateful(code, a, b, c, out, p, s):
    if code == 40:
        _lag(a, out, p, s)
    elif code == 41:
        _carry(a, out, s)
    elif code == 42:
        _ema(a, out, p, s)
    elif code == 43:
        _accumulate(a, b, out, s)
    elif code == 44:
        _accumulate_extreme(a, b, out, p, s)
    elif code == 50:
        _rolling_sum(a, out, p, s)
    elif code == 51:
        _rolling_var(a, out, p, s)
    elif code == 52:
        _rolling_cov(a, b, out, p, s)
    elif code == 53:
        _rolling_extreme(a, out, p, s)
    elif code == 54:
        _rolling_age(a, out, p, s)
    elif code == 55:
        _rolling_rank(a, out, p, s)
    elif code == 56:
        _rolling_quantile(a, out, p, s)
    elif code == 57:
        _fir(a, out, p, s)
    elif code == 58:
        _rolling_mad(a, b, out, p, s)
    elif code == 59:
        _rolling_line(a, out, p, s)
    elif code == 60:
        _volume_profile(a, b, out, p, s)
    elif code == 61:
        _rolling_entropy(a, out, p, s)
    elif code == 70:
        _kama(a, out, p, s)
    elif code == 71:
        _psar(a, b, out, p, s)
    elif code == 72:
        _supertrend(a, b, c, out, s)
    elif code == 73:
        _cusum(a, b, out, s)
    else:
        _hidden_markov(a, b, out, p, s)


@njit(cache=True, nogil=True)
def interpret(table, params, state, registers, staging, inputs, slots, matrix, first):
    """Run a program over all rows of ``inputs``, writing float32 rows to ``matrix``.

    Parameters
    ----------
    table : ndarray of int64, shape (n_ops, 8)
        One row an op: code, registers of the inputs a, b, c, register of the output,
        offset of the parameters, offset and length of the state.
    params, state : ndarray of float64
        Flat; the state is read and written.
    registers : ndarray of float64, shape (n_registers, STRIDE)
        Working columns; constants stand in theirs already.
    staging : ndarray of float32, shape (n_outputs, STRIDE)
        Finished output columns of one chunk.
    inputs : ndarray of float64, shape (n_inputs, rows)
        Copied to the first ``n_inputs`` registers chunk by chunk.
    slots : ndarray of int64, shape (n_outputs, 3)
        Op after which an output is finished (-1: an input), its register and its row
        of ``staging``, sorted by op.
    matrix : ndarray of float32, shape (rows, n_columns)
        Written from column ``first`` on, in the order of ``staging``.
    first : int
    """
    rows = inputs.shape[1]
    n_ops, n_outputs = table.shape[0], slots.shape[0]
    start = 0
    while start < rows:
        n = min(CHUNK, rows - start)
        for k in range(inputs.shape[0]):
            for i in range(n):
                registers[k, i] = inputs[k, start + i]
        done = 0
        while done < n_outputs and slots[done, 0] < 0:
            for i in range(n):
                staging[slots[done, 2], i] = registers[slots[done, 1], i]
            done += 1
        for k in range(n_ops):
            code = table[k, 0]
            a = registers[table[k, 1], :n]
            out = registers[table[k, 4], :n]
            if code < 20:
                _unary(code, a, out)
            elif code < 30:
                _binary(code, a, registers[table[k, 2], :n], out)
            elif code == 30:
                _where(a, registers[table[k, 2], :n], registers[table[k, 3], :n], out)
            else:
                p = params[table[k, 5] :]
                s = state[table[k, 6] : table[k, 6] + table[k, 7]]
                b, c = registers[table[k, 2], :n], registers[table[k, 3], :n]
                _stateful(code, a, b, c, out, p, s)
            while done < n_outputs and slots[done, 0] == k:
                for i in range(n):
                    staging[slots[done, 2], i] = registers[slots[done, 1], i]
                done += 1
        # Sixteen rows at a time: one cache line of every staged column.
        for top in range(0, n, 16):
            for i in range(top, min(top + 16, n)):
                for j in range(n_outputs):
                    matrix[start + i, first + j] = staging[j, i]
        start += n


# --- the table of operations ---------------------------------------------------------


NanRule = Literal["rows", "skip", "maps"]


@dataclass(frozen=True, slots=True)
class Op:
    """What the compiler must know of one operation.

    ``code`` never changes its meaning: a new version of an operation gets a new code,
    so that a stored program keeps running as it was.
    """

    code: int
    arity: int
    nan: NanRule
    state: Callable[[tuple[float, ...]], int]
    warmup: Callable[[tuple[float, ...]], int]
    forgets: Callable[[tuple[float, ...]], int | None]


def _none(_: tuple[float, ...]) -> int:
    return 0


def _pure(code: int, arity: int, nan: NanRule = "rows") -> Op:
    return Op(code, arity, nan, _none, _none, _none)


def _window(code: int, arity: int, fixed: int, blocks: int, tails: int) -> Op:
    """Return a window op: state = fixed + blocks * w + tails * (w + 1)."""
    return Op(
        code,
        arity,
        "skip",
        lambda p: fixed + blocks * int(p[0]) + tails * (int(p[0]) + 1),
        lambda p: int(p[0]) - 1,
        lambda p: int(p[0]) - 1,
    )


def _never(_: tuple[float, ...]) -> None:
    return None


def _kama_forgets(p: tuple[float, ...]) -> int:
    # As for the EMA, at the slowest weight that the efficiency allows.
    w, _, slow = p
    return int(w) + math.ceil(-25 / math.log2(1.0 - slow * slow))


def _ema_forgets(p: tuple[float, ...]) -> int:
    # Until a start value's weight is below half an ulp of float32, 2**-25.
    alpha, n = p
    return int(n) if alpha >= 1.0 else int(n) + math.ceil(-25 / math.log2(1.0 - alpha))


OPS: dict[str, Op] = {
    "neg": _pure(2, 1),
    "abs": _pure(3, 1),
    "sqrt": _pure(4, 1),
    "log": _pure(5, 1),
    "exp": _pure(6, 1),
    "sign": _pure(7, 1),
    "sin": _pure(8, 1),
    "cos": _pure(9, 1),
    "tanh": _pure(10, 1),
    "is_nan": _pure(11, 1, "maps"),
    "erf": _pure(12, 1),
    "floor": _pure(13, 1),
    "add": _pure(20, 2),
    "sub": _pure(21, 2),
    "mul": _pure(22, 2),
    "div": _pure(23, 2),
    "minimum": _pure(24, 2),
    "maximum": _pure(25, 2),
    "less": _pure(26, 2),
    "less_equal": _pure(27, 2),
    "equal": _pure(28, 2),
    "where": _pure(30, 3, "maps"),
    "lag": Op(
        40, 1, "rows", lambda p: 2 + int(p[0]), lambda p: int(p[0]), lambda p: int(p[0])
    ),
    "carry": Op(41, 1, "maps", lambda _: 2, _none, _never),
    "ema": Op(42, 1, "skip", lambda _: 2, lambda p: int(p[1]) - 1, _ema_forgets),
    "accumulate": Op(43, 2, "skip", lambda _: 2, _none, _never),
    "accumulate_extreme": Op(44, 2, "skip", lambda _: 2, _none, _never),
    "rolling_sum": _window(50, 1, 3, 1, 1),
    "rolling_var": _window(51, 1, 4, 1, 2),
    "rolling_cov": _window(52, 2, 5, 2, 3),
    "rolling_extreme": _window(53, 1, 3, 1, 1),
    "rolling_age": _window(54, 1, 4, 1, 2),
    "rolling_rank": _window(55, 1, 2, 1, 0),
    "rolling_quantile": _window(56, 1, 2, 2, 0),
    "fir": _window(57, 1, 2, 2, 0),
    "rolling_mad": _window(58, 2, 2, 1, 0),
    "rolling_line": _window(59, 1, 5, 1, 2),
    "volume_profile": Op(
        60,
        2,
        "skip",
        lambda p: 2 + 4 * int(p[0]) + int(p[1]),
        lambda p: int(p[0]) - 1,
        lambda p: int(p[0]) - 1,
    ),
    "rolling_entropy": Op(
        61,
        1,
        "skip",
        lambda p: 2 + int(p[0]) + int(p[1]),
        lambda p: int(p[0]) - 1,
        lambda p: int(p[0]) - 1,
    ),
    "kama": Op(
        70, 1, "skip", lambda p: 3 + int(p[0]), lambda p: int(p[0]), _kama_forgets
    ),
    "psar": Op(71, 2, "skip", lambda _: 7, lambda _: 1, _never),
    "supertrend": Op(72, 3, "skip", lambda _: 5, _none, _never),
    "cusum": Op(73, 2, "skip", lambda _: 2, _none, _never),
    "hidden_markov": Op(75, 2, "skip", lambda p: 1 + int(p[1]), _none, _never),
}
"""Operations by the name that expressions use."""
