"""Lags: what any other column was some rows ago, and how it was over a stretch."""

from __future__ import annotations

from barwise.features.columns import BarColumns
from barwise.features.registry import feature
from barwise.stream import Expr
from barwise.stream.expr import lag, rolling_mean, rolling_std

_UNIT = "that of the column"


def _each(column: str, *rows: int) -> list[dict[str, float | str]]:
    return [{"rows": n, "column": column} for n in rows]


@feature(
    family="lags",
    unit=_UNIT,
    columns=["lag_{rows}_{column}"],
    full=[
        *_each("log_return_1", 1, 2, 3, 5),
        *_each("rsi_14", 1, 3, 5),
        *_each("cci_20", 1, 3, 5),
        *_each("efi_13", 1, 3, 5),
        *_each("macd_hist_pct", 1, 3),
        *_each("volume_zscore_20", 1, 3),
    ],
)
def lag_value(_: BarColumns, *, column: Expr, rows: int = 1) -> Expr:
    """Return another column as it was some rows ago: ``lag_5_rsi_14``.

    The column keeps its role for scalers and its unit.
    """
    return lag(column, rows)


@feature(
    family="lags",
    unit=_UNIT,
    columns=["lag_mean_{rows}_{column}", "lag_std_{rows}_{column}"],
    full=[*_each("rsi_14", 20), *_each("cci_20", 20), *_each("efi_13", 20)],
)
def lag_stretch(_: BarColumns, *, column: Expr, rows: int = 20) -> tuple[Expr, Expr]:
    """Mean and population standard deviation of another column over the last rows.

    The row at hand is one of them: ``lag_mean_20_rsi_14``.
    """
    return rolling_mean(column, rows), rolling_std(column, rows)
