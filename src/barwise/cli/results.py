"""Results as a person reads them: models beside baselines, and what that shows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from barwise.cli.output import write_table, write_text

if TYPE_CHECKING:
    from barwise.pipeline import RunSummary
    from barwise.report import Evidence, ModelResult
    from barwise.validation import Row

_TITLES = (
    "horizon",
    "model",
    "macro-F1",
    "95 %",
    "log loss",
    "touch AUC",
    "Sharpe",
    "95 %",
    "trades",
)


def show_results(summary: RunSummary) -> None:
    """Write the leaderboard, its reading, and where the report lies."""
    bars = summary.inputs.bars
    write_text(
        f"{summary.inputs.instrument.symbol}: {len(bars):,} bars, "
        f"{len(summary.inputs.names)} features"
        + (", SIMULATED" if bars.simulated else "")
    )
    write_table(*rows_of_leaderboard(summary.leaderboard))
    write_text("\nWhat this shows (validation part; the test part stays sealed):")
    show_readings(summary.results, summary.evidence)
    write_text(f"\nReport: {summary.report}")


def rows_of_leaderboard(
    board: Sequence[Row],
) -> tuple[Sequence[str], list[tuple[object, ...]]]:
    """Return titles and cells of a leaderboard."""
    return _TITLES, [
        (
            row.horizon,
            f"{row.name} (baseline)" if row.is_baseline else row.name,
            _number(row.macro_f1, 3),
            _span(row.macro_f1_interval, 3),
            _number(row.log_loss, 3),
            _number(row.touch_auc, 3),
            _number(row.sharpe_ratio, 2),
            _span(row.sharpe_interval, 2),
            row.num_trades,
        )
        for row in board
    ]


def show_readings(results: Sequence[ModelResult], evidence: Evidence | None) -> None:
    """Write what each result allows to say, and after how many trials."""
    from textwrap import fill

    from barwise.report.verdict import looks, read, remark

    for result in results:
        write_text(f"  {result.name}: {read(result).text}")
    write_text(fill(remark(results), 78, initial_indent="  ", subsequent_indent="  "))
    for line in looks(evidence):
        write_text(f"  {line}")


def summary_json(summary: RunSummary) -> dict[str, Any]:
    """Return a run's results as plain values."""
    return {
        "symbol": summary.inputs.instrument.symbol,
        "bars": len(summary.inputs.bars),
        "simulated": summary.inputs.bars.simulated,
        "features": len(summary.inputs.names),
        "leaderboard": [asdict(row) for row in summary.leaderboard],
        "evidence": summary.evidence and asdict(summary.evidence),
        "deflated_sharpe": {one.name: one.deflated_sharpe for one in summary.results},
        "checks": {h: verdict.to_dict() for h, verdict in summary.checks.items()},
        "runs": [str(run.path) for run in summary.runs],
        "report": str(summary.report),
    }


def _number(value: float, digits: int) -> str:
    return "-" if math.isnan(value) else f"{value:.{digits}f}"


def _span(interval: tuple[float, float], digits: int) -> str:
    low, high = interval
    if math.isnan(low) or math.isnan(high):
        return "-"
    return f"{low:.{digits}f} to {high:.{digits}f}"
