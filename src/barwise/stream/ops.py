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
from typing import Any, Literal

import numpy as np
from numba import njit

CHUNK = 1024
"""Rows that one pass of the interpreter takes; the results do not depend on it."""

STRIDE = CHUNK + 8
"""Length of a register: off a power of two, so that columns do not share cache sets."""

TILE = 256
"""Rows for which a run of elementwise ops is done before the next rows."""

FEW = 64
"""Chunks of fewer rows are not searched for NaN: they go row by row."""

ROW = 16
"""Length of a register where rows come one by one: all of them stay in the first cache."""

SPARE = 4
"""Registers at the end of the bank that an op may use while it runs."""

EMIT = 1
"""Code of a plan's row that hands a register on to the output; no op of a program."""

FORTH, BACK = np.int64(1), np.int64(-1)
"""Directions of a scan; plain integers would each be a type of their own to numba."""

NaN = np.nan

# No references are counted (_nrt): on every view of an array they would be, and take
# three quarters of the time of one bar.
_OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy", "_nrt": False}
_INNER: dict[str, Any] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}

_kernel = njit(**_OPTIONS, **_INNER)
# Only the interpreter is called from Python and cached; its code contains the others.


# --- elementwise ---------------------------------------------------------------------
# All values first, then the choice between them: such loops become vector instructions.


@_kernel
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


@_kernel
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
            ratio = a[i] / b[i]
            out[i] = ratio if b[i] != 0.0 else NaN
    elif code == 24:
        for i in range(rows):
            x, y = a[i], b[i]
            best = x if x < y else y
            out[i] = best if (x == x) & (y == y) else x + y
    elif code == 25:
        for i in range(rows):
            x, y = a[i], b[i]
            best = x if x > y else y
            out[i] = best if (x == x) & (y == y) else x + y
    elif code == 26:
        for i in range(rows):
            x, y = a[i], b[i]
            holds = 1.0 if x < y else 0.0
            out[i] = holds if (x == x) & (y == y) else NaN
    elif code == 27:
        for i in range(rows):
            x, y = a[i], b[i]
            holds = 1.0 if x <= y else 0.0
            out[i] = holds if (x == x) & (y == y) else NaN
    else:
        for i in range(rows):
            x, y = a[i], b[i]
            holds = 1.0 if x == y else 0.0
            out[i] = holds if (x == x) & (y == y) else NaN


@_kernel
def _ratio(a, b, c, out):
    for i in range(len(out)):
        x = b[i]
        quotient = a[i] / x
        out[i] = quotient if x != 0.0 else c[i]


@_kernel
def _where(a, b, c, out):
    for i in range(len(out)):
        x, y, z = a[i], b[i], c[i]
        taken = y if x != 0.0 else z
        out[i] = taken if x == x else NaN


# --- memory of rows ------------------------------------------------------------------


@_kernel
def _copy(a, out):
    for i in range(len(a)):
        out[i] = a[i]


@_kernel
def _lag(a, out, p, s):
    # s: rows seen (up to n), next slot, ring of n
    n, rows = int(p[0]), len(out)
    seen, slot = int(s[0]), int(s[1])
    ring = s[2:]
    if rows < n:
        for i in range(rows):
            out[i] = ring[slot] if seen == n else NaN
            if seen < n:
                seen += 1
            ring[slot] = a[i]
            slot = slot + 1 if slot + 1 < n else 0
        s[0], s[1] = seen, slot
        return
    # A full ring starts with its next slot, a ring that fills at slot 0.
    first = slot if seen == n else 0
    for i in range(n - seen):
        out[i] = NaN
    for i in range(n - seen, n):
        k = first + i - (n - seen)
        out[i] = ring[k if k < n else k - n]
    for i in range(n, rows):
        out[i] = a[i - n]
    slot = (slot + rows) % n
    for i in range(n):
        k = slot + i
        ring[k if k < n else k - n] = a[rows - n + i]
    s[0], s[1] = n, slot


@_kernel
def _carry(a, out, s):
    # s: whether a value was seen, that value
    seen, last = s[0], s[1]
    for i in range(len(out)):
        if not math.isnan(a[i]):
            seen, last = 1.0, a[i]
        out[i] = last if seen != 0.0 else NaN
    s[0], s[1] = seen, last


@_kernel
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


@_kernel
def _ema_four(table, params, state, registers, n):
    # Averages that do not wait for each other; past the last one that one again.
    last = table.shape[0] - 1
    k0, k1, k2, k3 = 0, min(1, last), min(2, last), min(3, last)
    x0, x1 = registers[table[k0, 1]], registers[table[k1, 1]]
    x2, x3 = registers[table[k2, 1]], registers[table[k3, 1]]
    y0, y1 = registers[table[k0, 4]], registers[table[k1, 4]]
    y2, y3 = registers[table[k2, 4]], registers[table[k3, 4]]
    a0, a1 = params[table[k0, 5]], params[table[k1, 5]]
    a2, a3 = params[table[k2, 5]], params[table[k3, 5]]
    b0, b1, b2, b3 = 1.0 - a0, 1.0 - a1, 1.0 - a2, 1.0 - a3
    v0, v1 = state[table[k0, 6] + 1], state[table[k1, 6] + 1]
    v2, v3 = state[table[k2, 6] + 1], state[table[k3, 6] + 1]
    for i in range(n):
        v0 = b0 * v0 + a0 * x0[i]
        v1 = b1 * v1 + a1 * x1[i]
        v2 = b2 * v2 + a2 * x2[i]
        v3 = b3 * v3 + a3 * x3[i]
        y0[i], y1[i], y2[i], y3[i] = v0, v1, v2, v3
    state[table[k0, 6] + 1], state[table[k1, 6] + 1] = v0, v1
    state[table[k2, 6] + 1], state[table[k3, 6] + 1] = v2, v3


@_kernel
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


@_kernel
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


@_kernel
def _side_by_side(b, last):
    # Blocks that are gone through together, so that one's sum does not wait for its own
    # last value alone; past the last block that one again, which changes nothing.
    b1 = b + 1 if b < last else last
    b2 = b + 2 if b + 1 < last else last
    return b1, b2, (b + 3 if b + 2 < last else last)


@_kernel
def _stretch(at, n, w, s):
    # Up to which row an op with blocks goes on from row at, and whether by whole blocks:
    # they must lie in the chunk and have another before them.
    # s: position in the block and whether one is full, as all these ops keep them
    if s[0] > 0.0 or s[1] == 0.0:
        to = at + w - int(s[0])
        return (to if n - to >= 2 * w else n), False
    blocks = (n - at) // w
    return (at + blocks * w, True) if blocks > 1 else (n, False)


@_kernel
def _sum_rows(a, out, p, s):
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


@_kernel
def _fill_last(x, value):
    for b in range(x.shape[0]):
        x[b, x.shape[1] - 1] = value


@_kernel
def _sum_scan(x, y, step, count):
    # Running sums y along the rows of x, from one end on.
    last, start = x.shape[0] - 1, 0 if step > 0 else x.shape[1] - 1
    for b0 in range(0, x.shape[0], 4):
        b1, b2, b3 = _side_by_side(b0, last)
        t0 = t1 = t2 = t3 = 0.0
        for k in range(count):
            j = start + step * k
            t0 += x[b0, j]
            t1 += x[b1, j]
            t2 += x[b2, j]
            t3 += x[b3, j]
            y[b0, j] = t0
            y[b1, j] = t1
            y[b2, j] = t2
            y[b3, j] = t3


@_kernel
def _tails(spare, blocks, w):
    # The same numbers twice: by the row that they complete, (blocks, w), and by the
    # block and the place that they begin with, (blocks - 1, w).
    later = spare[w - 1 : w - 1 + (blocks - 1) * w]
    return spare[: blocks * w].reshape(blocks, w), later.reshape(blocks - 1, w)


@_kernel
def _sum_blocks(x, out, s, spare):
    blocks, w = x.shape
    tail, later = _tails(spare[0], blocks, w)
    suffix = s[3 + w :].reshape(1, w + 1)
    _copy(suffix[0, 1:], tail[0])
    _fill_last(tail[1:], 0.0)
    _sum_scan(x[: blocks - 1], later, BACK, w - 1)
    _sum_scan(x, out, FORTH, w)
    for b in range(blocks):
        for j in range(w):
            out[b, j] = tail[b, j] + out[b, j]
    _copy(x[blocks - 1], s[3 : 3 + w])
    _sum_scan(x[blocks - 1 :], suffix, BACK, w)


@_kernel
def _var_rows(a, out, p, s):
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


@_kernel
def _var_scan(x, mean, dev, step, count):
    # Running means and squared deviations (Welford, 1962) along the rows of x.
    last, start = x.shape[0] - 1, 0 if step > 0 else x.shape[1] - 1
    for b0 in range(0, x.shape[0], 4):
        b1, b2, b3 = _side_by_side(b0, last)
        m0 = m1 = m2 = m3 = 0.0
        q0 = q1 = q2 = q3 = 0.0
        for k in range(count):
            j = start + step * k
            share = 1.0 / (k + 1)
            d0 = x[b0, j] - m0
            d1 = x[b1, j] - m1
            d2 = x[b2, j] - m2
            d3 = x[b3, j] - m3
            m0 += d0 * share
            m1 += d1 * share
            m2 += d2 * share
            m3 += d3 * share
            q0 += d0 * (x[b0, j] - m0)
            q1 += d1 * (x[b1, j] - m1)
            q2 += d2 * (x[b2, j] - m2)
            q3 += d3 * (x[b3, j] - m3)
            mean[b0, j] = m0
            mean[b1, j] = m1
            mean[b2, j] = m2
            mean[b3, j] = m3
            dev[b0, j] = q0
            dev[b1, j] = q1
            dev[b2, j] = q2
            dev[b3, j] = q3


@_kernel
def _var_blocks(x, out, s, spare):
    blocks, w = x.shape
    tail, later = _tails(spare[0], blocks, w)
    tail_dev, later_dev = _tails(spare[1], blocks, w)
    mean = spare[2, : blocks * w].reshape(blocks, w)
    suffix = s[4 + w : 5 + 2 * w].reshape(1, w + 1)
    suffix_dev = s[5 + 2 * w :].reshape(1, w + 1)
    _copy(suffix[0, 1:], tail[0])
    _copy(suffix_dev[0, 1:], tail_dev[0])
    _var_scan(x[: blocks - 1], later, later_dev, BACK, w - 1)
    _var_scan(x, mean, out, FORTH, w)
    share = 1.0 / w
    for b in range(blocks):
        whole = out[b, w - 1] * share
        for j in range(w - 1):
            gap = mean[b, j] - tail[b, j]
            weight = (j + 1) * (w - j - 1) * share
            out[b, j] = (out[b, j] + tail_dev[b, j] + gap * gap * weight) * share
        out[b, w - 1] = whole
    _copy(x[blocks - 1], s[4 : 4 + w])
    _var_scan(x[blocks - 1 :], suffix, suffix_dev, BACK, w - 1)


@_kernel
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


@_kernel
def _extreme_rows(a, out, p, s):
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


@_kernel
def _extreme_scan(x, y, step, count):
    # Running maxima y along the rows of x.
    last, start = x.shape[0] - 1, 0 if step > 0 else x.shape[1] - 1
    for b0 in range(0, x.shape[0], 4):
        b1, b2, b3 = _side_by_side(b0, last)
        t0, t1, t2, t3 = x[b0, start], x[b1, start], x[b2, start], x[b3, start]
        for k in range(count):
            j = start + step * k
            t0 = x[b0, j] if x[b0, j] > t0 else t0
            t1 = x[b1, j] if x[b1, j] > t1 else t1
            t2 = x[b2, j] if x[b2, j] > t2 else t2
            t3 = x[b3, j] if x[b3, j] > t3 else t3
            y[b0, j] = t0
            y[b1, j] = t1
            y[b2, j] = t2
            y[b3, j] = t3


@_kernel
def _extreme_blocks(prices, out, side, s, spare):
    blocks, w = prices.shape
    tail, later = _tails(spare[0], blocks, w)
    x = spare[1, : blocks * w].reshape(blocks, w)
    suffix = s[3 + w :].reshape(1, w + 1)
    for b in range(blocks):
        for j in range(w):
            x[b, j] = prices[b, j] * side
    _copy(suffix[0, 1:], tail[0])
    _fill_last(tail, -np.inf)
    _extreme_scan(x[: blocks - 1], later, BACK, w - 1)
    _extreme_scan(x, out, FORTH, w)
    # The prefix of a finished block stays until the next block's first row.
    s[2] = out[blocks - 1, w - 1]
    for b in range(blocks):
        for j in range(w):
            best = out[b, j] if out[b, j] > tail[b, j] else tail[b, j]
            out[b, j] = best * side
    _copy(x[blocks - 1], s[3 : 3 + w])
    _extreme_scan(x[blocks - 1 :], suffix, BACK, w)


@_kernel
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


@_kernel
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


@_kernel
def _place(order, x):
    # First place in sorted numbers that is not below x.
    low, high = 0, len(order)
    while low < high:
        middle = (low + high) // 2
        if order[middle] < x:
            low = middle + 1
        else:
            high = middle
    return low


@_kernel
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
            j = _place(order[:seen], ring[slot])
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


@_kernel
def _fir_rows(a, out, p, s):
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


@_kernel
def _fir(a, out, p, s, tidy, spare):
    w, rows = int(p[0]), len(out)
    if not tidy or rows < 2 * w:
        _fir_rows(a, out, p, s)
        return
    # From row w on every window lies in the chunk.
    _fir_rows(a[:w], out[:w], p, s)
    slot, ring, y, whole = int(s[1]), s[2:], out[w:], w // 4 * 4
    for k in range(4):
        for i in range(rows - w):
            spare[k, i] = 0.0
    for j in range(w):
        total, x, weight = spare[j % 4 if j < whole else 0], a[j + 1 :], p[1 + j]
        for i in range(rows - w):
            total[i] += weight * x[i]
    for i in range(rows - w):
        y[i] = (spare[0, i] + spare[1, i]) + (spare[2, i] + spare[3, i])
    slot = (slot + rows - w) % w
    newest = a[rows - w :]
    for i in range(w):
        k = slot + i if slot + i < w else slot + i - w
        ring[k] = newest[i]
        ring[k + w] = newest[i]
    s[1] = slot


@_kernel
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


@_kernel
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


@_kernel
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
        if not (abs(x) < 1e300 and v >= 0.0):
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
            price = prices[j]
            low = price if price < low else low
            high = price if price > high else high
        reach = high - low if high > low else 1.0
        for k in range(bins):
            weight[k] = 0.0
        for j in range(slot, slot + w):
            k = min(int((prices[j] - low) * bins / reach), bins - 1)
            weight[k] += volumes[j]
        heaviest, total = 0, 0.0
        for k in range(bins):
            total += weight[k]
            if weight[k] > weight[heaviest]:
                heaviest = k
        if not total > 0.0:
            out[i] = NaN
            continue
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


@_kernel
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


@_kernel
def _kama_rows(a, out, p, s):
    # p: w, fast and slow smoothing constants
    # s: values seen (up to w), next slot, value, ring (w)
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


@_kernel
def _kama(a, out, p, s, tidy, spare):
    w, fast, slow = int(p[0]), p[1], p[2]
    rows, head = len(out), w - int(s[0]) + w
    if not tidy or rows < head + w:
        _kama_rows(a, out, p, s)
        return
    # The window of every row from here on lies in the chunk.
    _kama_rows(a[:head], out[:head], p, s)
    slot, value, step, path = int(s[1]), s[2], spare[0], spare[1]
    later = a[1:]
    for i in range(rows - 1):
        step[i] = abs(later[i] - a[i])
    x, older, y, count = a[head:], a[head - w :], out[head:], rows - head
    for i in range(count):
        path[i] = 0.0
    for j in range(head - w, head):
        steps = step[j:]
        for i in range(count):
            path[i] += steps[i]
    for i in range(count):
        efficiency = abs(x[i] - older[i]) / path[i]
        c = (efficiency if path[i] > 0.0 else 1.0) * (fast - slow) + slow
        step[i] = c * c
    for i in range(count):
        value += step[i] * (x[i] - value)
        y[i] = value
    slot = (slot + count) % w
    ring = s[3:]
    for i in range(w):
        k = slot + i
        ring[k if k < w else k - w] = a[rows - w + i]
    s[1], s[2] = slot, value


@_kernel
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


@_kernel
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


@_kernel
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


@_kernel
def _hidden_markov(a, b, out, p, s, spare):
    # Forward algorithm: filtered probability of a state, given all rows up to this one.
    # p: state asked for, states k, lower limit, upper limit, centre and scale of a, the
    # same of b, start (k), transitions (k, k; row = from), and k each: means of a and of
    # b, precisions of a and of b, logarithms of the densities at the means
    # s: whether a row was seen, probabilities (k)
    which, k = int(p[0]), int(p[1])
    start, moves = p[10 : 10 + k], p[10 + k : 10 + k + k * k]
    rest = p[10 + k + k * k :]
    now = s[1:]
    ahead, density = spare[0], spare[1]
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


@_kernel
def _in_blocks(code, a, out, p, s, tidy, spare):
    n, w = len(out), int(p[0])
    at = n - n  # no literal: numba would compile _stretch for it alone
    while at < n:
        to, whole = _stretch(at, n, w, s) if tidy else (n, False)
        x, y = a[at:to], out[at:to]
        at = to
        if whole:
            blocks = len(x) // w
            xs, ys = x.reshape(blocks, w), y.reshape(blocks, w)
            if code == 50:
                _sum_blocks(xs, ys, s, spare)
            elif code == 51:
                _var_blocks(xs, ys, s, spare)
            else:
                _extreme_blocks(xs, ys, p[1], s, spare)
        elif code == 50:
            _sum_rows(x, y, p, s)
        elif code == 51:
            _var_rows(x, y, p, s)
        else:
            _extreme_rows(x, y, p, s)


@_kernel
def _elementwise(table, registers, staging, n):
    for top in range(0, n, TILE):
        stop = min(top + TILE, n)
        for k in range(table.shape[0]):
            code = table[k, 0]
            a = registers[table[k, 1], top:stop]
            if code == EMIT:
                column = staging[table[k, 4], top:stop]
                for i in range(stop - top):
                    column[i] = a[i]
                continue
            b, out = registers[table[k, 2], top:stop], registers[table[k, 4], top:stop]
            if code == 14:
                _ratio(a, b, registers[table[k, 3], top:stop], out)
            elif code < 20:
                _unary(code, a, out)
            elif code < 30:
                _binary(code, a, b, out)
            else:
                _where(a, b, registers[table[k, 3], top:stop], out)


@_kernel
def _tidy(registers, r, n, known):
    # Whether a register holds no NaN: known once for all ops that read it.
    if n < FEW:
        return False
    if known[r] == 0:
        found, a = 0, registers[r, :n]
        for i in range(n):
            found |= a[i] != a[i]
        known[r] = 1 if found == 0 else 2
    return known[r] == 1


@_kernel
def _emas(table, params, state, registers, n, known):
    for top in range(0, table.shape[0], 4):
        rows = table[top : top + 4]
        ready = True
        for k in range(rows.shape[0]):
            seeded = state[rows[k, 6]] == params[rows[k, 5] + 1]
            ready &= seeded and _tidy(registers, rows[k, 1], n, known)
        if ready:
            _ema_four(rows, params, state, registers, n)
            continue
        for k in range(rows.shape[0]):
            a, out = registers[rows[k, 1], :n], registers[rows[k, 4], :n]
            _ema(a, out, params[rows[k, 5] :], state[rows[k, 6] :])


@njit(cache=True, **_OPTIONS)
def interpret(table, params, state, registers, known, staging, inputs, matrix, first):
    """Run a program over all rows of ``inputs``, writing float32 rows to ``matrix``.

    Parameters
    ----------
    table : ndarray of int64, shape (n_ops, 9)
        One row an op: code, registers of the inputs a, b, c, register of the output
        (of ``EMIT``: row of ``staging``), offset of the parameters, offset and length
        of the state, rows from this one on that run together.
    params, state : ndarray of float64
        Flat; the state is read and written.
    registers : ndarray of float64, shape (n_registers, STRIDE)
        Working columns; constants stand in theirs already, the last ``SPARE`` are the
        ops' own.
    known : ndarray of int8, shape (n_registers,)
        Whether a register holds no NaN (1), some (2), or that is not known (0).
    staging : ndarray of float32, shape (n_outputs, STRIDE)
        Finished output columns of one chunk.
    inputs : ndarray of float64, shape (n_inputs, rows)
        Copied to the first ``n_inputs`` registers chunk by chunk.
    matrix : ndarray of float32, shape (rows, n_columns)
        Written from column ``first`` on, in the order of ``staging``.
    first : int
    """
    rows = inputs.shape[1]
    n_ops, n_outputs = table.shape[0], staging.shape[0]
    spare = registers[registers.shape[0] - SPARE :]
    start = 0
    while start < rows:
        n = min(CHUNK, rows - start)
        for k in range(inputs.shape[0]):
            for i in range(n):
                registers[k, i] = inputs[k, start + i]
        known[:] = 0
        k = 0
        while k < n_ops:
            code, together = table[k, 0], table[k : k + table[k, 8]]
            if code < 40:
                _elementwise(together, registers, staging, n)
            elif code == 42:
                _emas(together, params, state, registers, n, known)
            else:
                a, out = registers[table[k, 1], :n], registers[table[k, 4], :n]
                b, c = registers[table[k, 2], :n], registers[table[k, 3], :n]
                p = params[table[k, 5] :]
                s = state[table[k, 6] : table[k, 6] + table[k, 7]]
                tidy = code >= 50 and _tidy(registers, table[k, 1], n, known)
                if code == 50 or code == 51 or code == 53:
                    _in_blocks(code, a, out, p, s, tidy, spare)
                elif code == 40:
                    _lag(a, out, p, s)
                elif code == 41:
                    _carry(a, out, s)
                elif code == 43:
                    _accumulate(a, b, out, s)
                elif code == 44:
                    _accumulate_extreme(a, b, out, p, s)
                elif code == 52:
                    _rolling_cov(a, b, out, p, s)
                elif code == 54:
                    _rolling_age(a, out, p, s)
                elif code == 55:
                    _rolling_rank(a, out, p, s)
                elif code == 56:
                    _rolling_quantile(a, out, p, s)
                elif code == 57:
                    _fir(a, out, p, s, tidy, spare)
                elif code == 58:
                    _rolling_mad(a, b, out, p, s)
                elif code == 59:
                    _rolling_line(a, out, p, s)
                elif code == 60:
                    _volume_profile(a, b, out, p, s)
                elif code == 61:
                    _rolling_entropy(a, out, p, s)
                elif code == 70:
                    _kama(a, out, p, s, tidy, spare)
                elif code == 71:
                    _psar(a, b, out, p, s)
                elif code == 72:
                    _supertrend(a, b, c, out, s)
                elif code == 73:
                    _cusum(a, b, out, s)
                else:
                    _hidden_markov(a, b, out, p, s, spare)
            for j in range(together.shape[0]):
                if together[j, 0] != EMIT:
                    known[together[j, 4]] = 0
            k += together.shape[0]
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
    "ratio": _pure(14, 3, "maps"),
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
