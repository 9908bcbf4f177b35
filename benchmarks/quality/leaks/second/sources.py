"""Files of bars and tables, and configs that take them as they come."""

import json

import numpy as np

from barwise.bars import Bars
from barwise.bars.prepare import prepare
from barwise.bars.simulate import simulate
from barwise.core.arrays import DAY, HOUR, MINUTE
from benchmarks.quality.leaks.lab import HORIZON, NAMES, Lab

TICK = 0.25
PRICES = ("open", "high", "low", "close")


def _shifted(raw: Bars, nanoseconds) -> Bars:
    return raw.with_columns(
        time=raw.time + nanoseconds, open_time=raw.open_time + nanoseconds
    )


def _hourly_moves(lab: Lab) -> np.ndarray:
    close = lab.hourly.close
    return np.diff(np.log(close), prepend=np.log(close[0]))


def another_convention_later(lab: Lab):
    """The source stamps closes, and from the seventh session on opens: a minute early."""
    raw = lab.raw
    sessions = np.cumsum(np.diff(raw.time, prepend=raw.time[0]) > 30 * MINUTE)
    return lab.config(_shifted(raw, np.where(sessions >= 6, -MINUTE, 0)))


def straight_lines_over_gaps(lab: Lab):
    """The vendor fills minutes without a trade by a line to the next price."""
    raw, rng = lab.raw, np.random.default_rng(3)
    made = {name: getattr(raw, name).copy() for name in (*PRICES, "volume")}
    rows = np.arange(len(raw))
    for start in rng.choice(len(raw) - 40, 60, replace=False):
        stop = start + int(rng.integers(5, 13))
        if raw.time[stop] - raw.time[start] > 20 * MINUTE:
            continue
        inner = rows[start + 1 : stop]
        line = np.interp(inner, [start, stop], raw.close[[start, stop]])
        for name in PRICES:
            made[name][inner] = line
        made["volume"][inner] = 1.0
    return lab.config(raw.with_columns(**made))


def other_clock_drifts(lab: Lab):
    """Returns of another symbol, whose clock loses three minutes over the file."""
    bars = lab.raw
    lead = np.linspace(0, 3 * MINUTE, len(bars)).astype(np.int64)
    log = np.log(bars.close)
    move = np.append(np.zeros(5), log[5:] - log[:-5])
    return lab.with_table(bars.time - lead, move)


def _with_releases(lab: Lab):
    """Bars with a jump at 13:30 of each day, and by how much: a figure that surprises."""
    raw, rng = lab.raw, np.random.default_rng(4)
    days = np.unique(raw.time // DAY)
    at = days * DAY + 13 * HOUR + 31 * MINUTE
    at = at[np.isin(at, raw.time)]
    surprise = rng.choice([-1.0, 1.0], len(at)) * rng.uniform(0.003, 0.006, len(at))
    row = np.searchsorted(raw.time, at)
    level = np.zeros(len(raw))
    level[row] = surprise
    level = np.exp(np.cumsum(level))
    made = {n: np.round(getattr(raw, n) * level / TICK) * TICK for n in PRICES}
    return raw.with_columns(**made), at, surprise


def release_by_its_date(lab: Lab):
    """An economic figure, joined by the day it is of and not by the hour it came out."""
    raw, at, surprise = _with_releases(lab)
    return lab.with_table(at // DAY * DAY, surprise, raw, delay="0min")


def release_when_published(lab: Lab):
    """The same figure from the minute of its publication on."""
    raw, at, surprise = _with_releases(lab)
    return lab.with_table(at, surprise, raw)


def news_stamped_down_to_the_hour(lab: Lab):
    """Scores of news that the hour's move made, stamped with the hour's beginning."""
    move = _hourly_moves(lab)
    noise = np.random.default_rng(9).normal(size=len(move)) * move.std()
    return lab.with_table(lab.hourly.open_time // HOUR * HOUR, 0.5 * move + noise)


def corrections_filed_back(lab: Lab):
    """Hourly returns when known; one in ten was corrected later and holds the next one."""
    move = _hourly_moves(lab)
    late = np.random.default_rng(10).random(len(move)) < 0.1
    return lab.with_table(lab.hourly.time, np.where(late, np.roll(move, -1), move))


def settled_at_the_open(lab: Lab):
    """Whether the day settled up, stamped with the session's first minute."""
    raw = lab.raw
    first = np.flatnonzero(np.diff(raw.time, prepend=0) > 30 * MINUTE)
    last = np.append(first[1:], len(raw)) - 1
    up = np.sign(raw.close[last] - raw.open[first])
    return lab.with_table(raw.time[first], up, raw)


def offset_of_the_other_season(lab: Lab):
    """Hourly returns in New York's time, moved by one offset: early until clocks change."""
    raw = simulate("MES", days=10, seed=12, start="2022-03-02").bars
    hourly = prepare(raw, interval="1h")[0]
    move = np.diff(np.log(hourly.close), prepend=np.log(hourly.close[0]))
    change = np.datetime64("2022-03-13T07", "ns").astype(np.int64)
    early = np.where(hourly.time < change, HOUR, 0)
    return lab.with_table(hourly.time - early, move, raw)


def volume_restated(lab: Lab):
    """Late reports add volume to the minute before a move, when the move is known."""
    raw = lab.raw
    move = np.abs(np.diff(np.log(raw.close), append=np.log(raw.close[-1])))
    volume = np.round(raw.volume * (1.0 + move / move.mean()))
    names = [*NAMES, "volume_log", "volume_rank_100"]
    return lab.config(raw.with_columns(volume=volume), features={"names": names})


def adjusted_by_a_later_roll(lab: Lab):
    """Prices before the roll multiplied by a ratio that only the roll tells."""
    raw = lab.raw
    ratio = np.where(np.arange(len(raw)) < len(raw) * 2 // 3, 1.0123, 1.0)
    made = {name: getattr(raw, name) * ratio for name in PRICES}
    names = [*NAMES, "ema_50"]
    return lab.config(raw.with_columns(**made), features={"names": names})


def busted_prints_removed(lab: Lab):
    """Highs and lows far outside open and close were taken out of the file afterwards."""
    raw = lab.raw
    top, bottom = np.maximum(raw.open, raw.close), np.minimum(raw.open, raw.close)
    far = np.quantile(raw.high - top, 0.98)
    high = np.where(raw.high - top > far, top, raw.high)
    low = np.where(bottom - raw.low > far, bottom, raw.low)
    return lab.config(raw.with_columns(high=high, low=low))


def pivots_known_at_once(lab: Lab):
    """A signal that marks lows, lowest of four bars on either side, known at its own bar."""
    import polars as pl

    close = np.pad(lab.bars.close, 4, mode="edge")
    lowest = np.lib.stride_tricks.sliding_window_view(close, 9).min(1)
    path = lab.folder / f"pivots-{len(list(lab.folder.iterdir()))}.csv"
    stamps = pl.Series("known", lab.bars.time).cast(pl.Datetime("ns"))
    signal = (lab.bars.close <= lowest).astype(int)
    pl.DataFrame({"known": stamps, "low": signal}).write_csv(path)
    entry = {"path": path, "column": "low", "known_at": "known"}
    barriers = {"upper": None, "lower": None, "horizons": [1]}
    return lab.config(labels={"target": "signal", "signal": entry} | barriers)


_LOOKED_UP = '''"""Scores that were worked out in a notebook, by the minute of the bar."""

import json
from pathlib import Path

import barwise as bw

SCORES = json.loads(Path({path!r}).read_text())


@bw.frame_feature(lookback=3)
def score(frame):
    """The score of a bar."""
    stamps = frame.index.as_unit("ns").asi8
    return [SCORES.get(str(stamp), 0.0) for stamp in stamps]
'''


def scores_by_timestamp(lab: Lab):
    """An own feature that looks up scores of a notebook: the move to come, with noise."""
    log = np.log(lab.bars.close)
    ahead = np.append(log[HORIZON:] - log[:-HORIZON], np.zeros(HORIZON))
    noise = np.random.default_rng(14).normal(size=len(log)) * ahead.std()
    scores = dict(zip(map(str, lab.bars.time.tolist()), ahead + noise, strict=True))
    path = lab.folder / "scores.json"
    path.write_text(json.dumps(scores))
    own = lab.folder / "notebook_scores.py"
    own.write_text(_LOOKED_UP.format(path=str(path)))
    return lab.config(features={"own": own, "names": [*NAMES, "score"]})


SOURCES = (
    another_convention_later,
    straight_lines_over_gaps,
    other_clock_drifts,
    release_by_its_date,
    news_stamped_down_to_the_hour,
    corrections_filed_back,
    settled_at_the_open,
    offset_of_the_other_season,
    volume_restated,
    adjusted_by_a_later_roll,
    busted_prints_removed,
    pivots_known_at_once,
    scores_by_timestamp,
)


def twin_on_time(lab: Lab):
    """Returns of a symbol that moves exactly alike, stamped with their closes."""
    log = np.log(lab.raw.close)
    return lab.with_table(lab.raw.time, np.append(np.zeros(5), log[5:] - log[:-5]))


def bouncing_prices(lab: Lab):
    """A real edge: prices bounce between bid and ask, so the last move turns back."""
    raw, rng = lab.raw, np.random.default_rng(15)
    side = rng.choice([-6.0, 6.0], len(raw)) * TICK
    close = np.round(raw.close / TICK) * TICK + side
    opened = np.append(raw.open[0], close[:-1])
    high = np.maximum(raw.high, np.maximum(opened, close))
    low = np.minimum(raw.low, np.minimum(opened, close))
    return lab.config(raw.with_columns(open=opened, high=high, low=low, close=close))


def halted_for_an_hour(lab: Lab):
    """A file that lacks four hours of its own, for which nobody is to blame."""
    raw, rng = lab.raw, np.random.default_rng(16)
    keep = np.ones(len(raw), bool)
    for start in rng.choice(len(raw) - 100, 4, replace=False):
        keep[start : start + 60] = False
    return lab.config(raw[keep])


def drifts_by_the_hour(lab: Lab):
    """A seasonal market: it rises at night and falls by day, and a clock tells."""
    raw = lab.raw
    hour = raw.time // HOUR % 24
    drift = np.where((hour < 6) | (hour == 23), 2e-5, -8e-6)
    level = np.exp(np.cumsum(drift))
    made = {n: np.round(getattr(raw, n) * level / TICK) * TICK for n in PRICES}
    return lab.config(raw.with_columns(**made))


HONEST = (
    release_when_published,
    twin_on_time,
    bouncing_prices,
    halted_for_an_hour,
    drifts_by_the_hour,
)
