"""Columns of the full set as polars expressions."""

import re

import polars as pl

NAMES = ("open", "high", "low", "close", "volume")
OPEN, HIGH, LOW, CLOSE, VOLUME = (pl.col(name) for name in NAMES)
BEFORE = CLOSE.shift(1)
TRUE_RANGE = pl.max_horizontal(HIGH, BEFORE) - pl.min_horizontal(LOW, BEFORE)
UP, DOWN = CLOSE.diff().clip(0, None), (-CLOSE.diff()).clip(0, None)


def ema(x: pl.Expr, span: int) -> pl.Expr:
    return x.ewm_mean(span=span, adjust=False)


def rma(x: pl.Expr, period: int) -> pl.Expr:
    return x.ewm_mean(alpha=1.0 / period, adjust=False)


def std(x: pl.Expr, window: int) -> pl.Expr:
    return x.rolling_std(window, ddof=0)


def adx(n: int) -> tuple[pl.Expr, pl.Expr, pl.Expr]:
    up, down = HIGH.diff(), -LOW.diff()
    rise = pl.when((up > down) & (up > 0)).then(up).otherwise(0.0)
    fall = pl.when((down > up) & (down > 0)).then(down).otherwise(0.0)
    plus, minus = (100 * rma(side, n) / rma(TRUE_RANGE, n) for side in (rise, fall))
    return rma(100 * (plus - minus).abs() / (plus + minus), n), plus, minus


def flow(n: int) -> pl.Expr:
    typical = (HIGH + LOW + CLOSE) / 3
    up = (
        pl.when(typical.diff() > 0).then(typical * VOLUME).otherwise(0.0).rolling_sum(n)
    )
    down = (
        pl.when(typical.diff() < 0).then(typical * VOLUME).otherwise(0.0).rolling_sum(n)
    )
    return 100 * up / (up + down)


def bands(n: int) -> tuple[pl.Expr, pl.Expr]:
    middle, reach = CLOSE.rolling_mean(n), 2 * std(CLOSE, n)
    return middle - reach, middle + reach


def macd() -> tuple[pl.Expr, pl.Expr]:
    fast = ema(CLOSE, 12) - ema(CLOSE, 26)
    return fast, ema(fast, 9)


LOG = (CLOSE / BEFORE).log()
PATTERNS = {
    r"return_(\d+)": lambda n: CLOSE / CLOSE.shift(n) - 1,
    r"log_return_(\d+)": lambda n: (CLOSE / CLOSE.shift(n)).log(),
    r"roc_(\d+)": lambda n: 100 * (CLOSE / CLOSE.shift(n) - 1),
    r"momentum_(\d+)": lambda n: CLOSE - CLOSE.shift(n),
    r"sma_(\d+)": lambda n: CLOSE.rolling_mean(n),
    r"ema_(\d+)": lambda n: ema(CLOSE, n),
    r"sma_distance_(\d+)": lambda n: CLOSE / CLOSE.rolling_mean(n) - 1,
    r"ema_distance_(\d+)": lambda n: CLOSE / ema(CLOSE, n) - 1,
    r"dema_(\d+)": lambda n: 2 * ema(CLOSE, n) - ema(ema(CLOSE, n), n),
    r"rsi_(\d+)": lambda n: 100 * rma(UP, n) / (rma(UP, n) + rma(DOWN, n)),
    r"williams_r_(\d+)": lambda n: (
        -100
        * (HIGH.rolling_max(n) - CLOSE)
        / (HIGH.rolling_max(n) - LOW.rolling_min(n))
    ),
    r"high_distance_(\d+)": lambda n: HIGH.rolling_max(n) / CLOSE - 1,
    r"low_distance_(\d+)": lambda n: 1 - LOW.rolling_min(n) / CLOSE,
    r"atr_(\d+)": lambda n: rma(TRUE_RANGE, n),
    r"atr_ratio_(\d+)": lambda n: rma(TRUE_RANGE, n) / CLOSE,
    r"hvol_(\d+)": lambda n: std(LOG, n),
    r"parkinson_(\d+)": lambda n: (
        ((HIGH / LOW).log() ** 2).rolling_mean(n) / 2.772588722239781
    ).sqrt(),
    r"price_zscore_(\d+)": lambda n: (CLOSE - CLOSE.rolling_mean(n)) / std(CLOSE, n),
    r"volume_ratio_(\d+)": lambda n: VOLUME / VOLUME.rolling_mean(n),
    r"volume_zscore_(\d+)": lambda n: (
        (VOLUME.log1p() - VOLUME.log1p().rolling_mean(n)) / std(VOLUME.log1p(), n)
    ),
    r"volume_change_(\d+)": lambda n: VOLUME.log1p().diff(n),
    r"obv_ratio_(\d+)": lambda n: (
        (CLOSE.diff().sign() * VOLUME).rolling_sum(n) / VOLUME.rolling_sum(n)
    ),
    r"vwap_distance_(\d+)": lambda n: (
        1
        - ((HIGH + LOW + CLOSE) / 3 * VOLUME).rolling_sum(n)
        / VOLUME.rolling_sum(n)
        / CLOSE
    ),
    r"mfi_(\d+)": flow,
    r"bb_lower_(\d+)": lambda n: bands(n)[0],
    r"bb_upper_(\d+)": lambda n: bands(n)[1],
    r"bb_width_(\d+)": lambda n: (bands(n)[1] - bands(n)[0]) / CLOSE.rolling_mean(n),
    r"bb_position_(\d+)": lambda n: (CLOSE - bands(n)[0]) / (bands(n)[1] - bands(n)[0]),
    r"adx_(\d+)": lambda n: adx(n)[0],
    r"plus_di_(\d+)": lambda n: adx(n)[1],
    r"minus_di_(\d+)": lambda n: adx(n)[2],
    r"stoch_k_(\d+)": lambda n: (
        100 * (CLOSE - LOW.rolling_min(n)) / (HIGH.rolling_max(n) - LOW.rolling_min(n))
    ).rolling_mean(3),
}
"""Patterns of our names and what a polars user writes for them."""

NAMED = {
    "macd": lambda: macd()[0],
    "macd_signal": lambda: macd()[1],
    "macd_hist": lambda: macd()[0] - macd()[1],
    "range_pct": lambda: (HIGH - LOW) / CLOSE,
    "close_location": lambda: (CLOSE - LOW) / (HIGH - LOW),
    "body_ratio": lambda: (CLOSE - OPEN) / (HIGH - LOW),
    "upper_wick_ratio": lambda: (HIGH - pl.max_horizontal(OPEN, CLOSE)) / (HIGH - LOW),
    "lower_wick_ratio": lambda: (pl.min_horizontal(OPEN, CLOSE) - LOW) / (HIGH - LOW),
    "gap_open": lambda: (OPEN / BEFORE).log(),
    "obv": lambda: (CLOSE.diff().sign() * VOLUME).cum_sum(),
}


def expressions(names: list[str]) -> dict[str, pl.Expr]:
    """Return the expressions of the names that have one."""
    found: dict[str, pl.Expr] = {}
    for name in names:
        if name in NAMED:
            found[name] = NAMED[name]().alias(name)
        for pattern, build in PATTERNS.items():
            if match := re.fullmatch(pattern, name):
                found[name] = build(int(match[1])).alias(name)
    return found
