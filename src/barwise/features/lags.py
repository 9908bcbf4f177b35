"""Lags: what any other column was some rows ago, and how it was over a stretch."""

from __future__ import annotations

from barwise.features.columns import BarColumns
from barwise.features.label_source import label_input
from barwise.features.registry import feature
from barwise.stream import Expr
from barwise.stream import column as input_column
from barwise.stream.expr import carry, lag, rolling_mean, rolling_std

_UNIT = "that of the column"


def _label(rows: float, horizon: float, *, ret: bool) -> Expr:
    """Return a label that is known: of the decision ``rows`` rows ago, or before it."""
    if horizon != int(horizon) or horizon < 1:
        raise ValueError(
            f"a label's horizon is a whole number of bars, got {horizon:g}"
        )
    if rows != int(rows) or rows < horizon:
        raise ValueError(
            f"a label of {horizon:g} bars is known {horizon:g} bars after its decision at "
            f"the latest, so that a lag of {rows:g} would look ahead; the smallest is "
            f"{horizon:g}"
        )
    known = input_column(label_input(int(horizon), ret=ret))
    return known if rows == horizon else lag(known, int(rows - horizon))


@feature(
    family="lags",
    unit=("-1, 0 or 1", "log return"),
    columns=["lag_{rows}_label_h{horizon}", "lag_{rows}_label_return_h{horizon}"],
    full=(),
)
def lag_label(_: BarColumns, *, rows: int = 20, horizon: int = 20) -> tuple[Expr, Expr]:
    """Label of the decision so many rows ago, and the return of its price.

    A lag shorter than the horizon is refused: that label may not be known yet. Where the
    decision has no label (a filled bar, a path over a roll) that of the newest one before
    it stands in. Labels are those of the graph's ``labels``, read from the rows alone: a
    bar that reaches both barriers counts as a stop.
    """
    label, ret = (_label(rows, horizon, ret=ret) for ret in (False, True))
    return carry(label), carry(ret)


@feature(
    family="lags",
    unit=("-1..1", "0..1", "log return", "log return"),
    columns=[
        "lag_mean_{rows}_label_h{horizon}",
        "lag_std_{rows}_label_h{horizon}",
        "lag_mean_{rows}_label_return_h{horizon}",
        "lag_std_{rows}_label_return_h{horizon}",
    ],
    full=(),
)
def lag_label_stretch(
    _: BarColumns, *, rows: int = 100, horizon: int = 20
) -> tuple[Expr, Expr, Expr, Expr]:
    """Mean and population standard deviation of the newest labels, and of their returns.

    Of the last ``rows`` labels whose decisions are at least ``horizon`` rows ago.
    """
    label, ret = (_label(horizon, horizon, ret=ret) for ret in (False, True))
    return (
        carry(rolling_mean(label, rows)),
        carry(rolling_std(label, rows)),
        carry(rolling_mean(ret, rows)),
        carry(rolling_std(ret, rows)),
    )


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
