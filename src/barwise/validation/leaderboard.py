"""Models beside baselines, one row each, best first within a horizon."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, final


@final
@dataclass(frozen=True)
class Row:
    """One model, or one baseline, at one horizon.

    Parameters
    ----------
    horizon : int
        Bars.
    name : str
        Registered name.
    is_baseline : bool
    macro_f1, log_loss, touch_auc, sharpe_ratio : float
        NaN where undefined.
    macro_f1_interval, sharpe_interval : (float, float)
        95 % intervals that respect overlapping labels; NaN where undefined.
    num_trades : int
    """

    horizon: int
    name: str
    is_baseline: bool
    macro_f1: float
    macro_f1_interval: tuple[float, float]
    log_loss: float
    touch_auc: float
    sharpe_ratio: float
    sharpe_interval: tuple[float, float]
    num_trades: int


def leaderboard(evaluations: Iterable[Mapping[str, Any]]) -> list[Row]:
    """Return the rows of some ``evaluation_metrics.json``, by horizon and macro-F1.

    Baselines of a horizon appear once; models of one horizon share them.

    Examples
    --------
    >>> scores = {"classification": {"macro_f1": 0.4}, "trading": {}, "intervals": {}}
    >>> blind = {"classification": {"macro_f1": 0.3}, "trading": {}, "intervals": {}}
    >>> one = {"horizon": 5, "model_name": "lstm", "baselines": {"prior": blind}}
    >>> [(row.name, row.macro_f1) for row in leaderboard([one | scores])]
    [('lstm', 0.4), ('prior', 0.3)]
    """
    rows: dict[tuple[int, str], Row] = {}
    for one in evaluations:
        horizon = int(one["horizon"])
        for name, scores in one["baselines"].items():
            rows.setdefault((horizon, name), _row(horizon, name, scores, True))
        name = str(one["model_name"])
        rows[horizon, name] = _row(horizon, name, one, False)
    return sorted(
        rows.values(), key=lambda row: (row.horizon, row.is_baseline, -row.macro_f1)
    )


def _row(horizon: int, name: str, scores: Mapping[str, Any], baseline: bool) -> Row:
    classes, trading = scores["classification"], scores["trading"]
    return Row(
        horizon=horizon,
        name=name,
        is_baseline=baseline,
        macro_f1=_number(classes.get("macro_f1")),
        macro_f1_interval=_interval(scores, "macro_f1"),
        log_loss=_number(classes.get("log_loss")),
        touch_auc=_number(classes.get("touch_auc")),
        sharpe_ratio=_number(trading.get("sharpe_ratio")),
        sharpe_interval=_interval(scores, "sharpe_ratio"),
        num_trades=int(trading.get("num_trades") or 0),
    )


def _interval(scores: Mapping[str, Any], name: str) -> tuple[float, float]:
    found = scores["intervals"].get(name) or {}
    return _number(found.get("lower")), _number(found.get("upper"))


def _number(value: Any) -> float:
    return math.nan if value is None else float(value)
