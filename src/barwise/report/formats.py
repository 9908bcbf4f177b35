"""How numbers are written: one rule for each metric, in one table."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from barwise.metrics import Interval

MISSING = "\N{EN DASH}"
_MINUS = "\N{MINUS SIGN}"


def decimal(value: float) -> str:
    """Write a score with three decimals."""
    return f"{value:.3f}".replace("-", _MINUS)


def ratio(value: float) -> str:
    """Write a ratio with two decimals."""
    return f"{value:.2f}".replace("-", _MINUS)


def percent(value: float) -> str:
    """Write a fraction as percent."""
    return f"{100 * value:.1f}%".replace("-", _MINUS)


def years(value: float) -> str:
    """Write years; what takes for ever never comes."""
    return f"{value:.1f}" if math.isfinite(value) else "never"


def whole(value: float) -> str:
    """Write a count."""
    return f"{value:,.0f}".replace("-", _MINUS)


class Metric(NamedTuple):
    """One column of the tables: where it stands and how it is written."""

    group: str
    key: str
    title: str
    write: Callable[[float], str]


METRICS = (
    Metric("classification", "macro_f1", "Macro-F1", decimal),
    Metric("trading", "sharpe_ratio", "Sharpe", ratio),
    Metric("classification", "accuracy", "Accuracy", decimal),
    Metric("classification", "weighted_f1", "Weighted F1", decimal),
    Metric("classification", "roc_auc", "ROC-AUC", decimal),
    Metric("classification", "touch_auc", "Touch AUC", decimal),
    Metric("classification", "log_loss", "Log loss", decimal),
    Metric("classification", "brier", "Brier", decimal),
    Metric("classification", "ece", "ECE", decimal),
    Metric("trading", "annualized_return", "Return a year", percent),
    Metric("trading", "max_drawdown", "Max drawdown", percent),
    Metric("trading", "win_rate", "Win rate", percent),
    Metric("trading", "profit_factor", "Profit factor", ratio),
    Metric("trading", "num_trades", "Trades", whole),
)


def number(metrics: Mapping[str, Any], group: str, key: str) -> float:
    """Return a metric as a float, NaN when it is missing."""
    value = (metrics.get(group) or {}).get(key)
    return float("nan") if value is None else float(value)


def write(value: float | None, how: Callable[[float], str]) -> str:
    """Write a number, a dash when it is missing and an infinity sign when it is.

    Examples
    --------
    >>> write(0.12345, decimal), write(float("nan"), decimal), write(None, ratio)
    ('0.123', '–', '–')
    """
    if value is None or math.isnan(value):
        return MISSING
    if math.isinf(value):
        return "∞" if value > 0 else f"{_MINUS}∞"
    return how(value)


def write_interval(interval: Interval | None, how: Callable[[float], str]) -> str:
    """Write an interval in brackets, or say that there is none."""
    if interval is None or not known(interval):
        return "no interval"
    return f"[{how(interval.lower)}, {how(interval.upper)}]"


def known(interval: Interval) -> bool:
    """Say whether both ends are numbers."""
    return math.isfinite(interval.lower) and math.isfinite(interval.upper)


def moment(nanoseconds: int) -> str:
    """Write a time as minutes UTC.

    Examples
    --------
    >>> moment(0)
    '1970-01-01 00:00 UTC'
    """
    stamp = np.datetime64(int(nanoseconds), "ns").astype("datetime64[m]")
    return str(stamp).replace("T", " ") + " UTC"


def date(nanoseconds: int) -> str:
    """Write a time as its date in UTC."""
    return moment(nanoseconds)[:10]


def flatten(values: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Turn nested settings into dotted keys and text.

    Examples
    --------
    >>> flatten({"split": {"train": 0.7}, "models": ["lstm", "xgboost"]})
    [('split.train', '0.7'), ('models', 'lstm, xgboost')]
    """
    rows: list[tuple[str, str]] = []
    for key, value in values.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping) and value:
            rows += flatten(value, f"{name}.")
        elif isinstance(value, (list, tuple)):
            rows.append((name, ", ".join(str(item) for item in value)))
        else:
            rows.append((name, str(value)))
    return rows
