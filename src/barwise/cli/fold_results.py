"""Results of folds as a person, or a program, reads them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from barwise.cli.output import write_table, write_text
from barwise.cli.results import rows_of_leaderboard, show_readings

if TYPE_CHECKING:
    from barwise.pipeline.fold_run import FoldSummary, Judged

_SCORES = (
    ("classification", "macro_f1"),
    ("classification", "log_loss"),
    ("classification", "accuracy"),
    ("classification", "touch_auc"),
    ("trading", "sharpe_ratio"),
    ("trading", "num_trades"),
)


def show_folds(summary: FoldSummary) -> None:
    """Write pooled scores, those of each window, and what they show."""
    inputs = summary.inputs
    write_text(
        f"{inputs.instrument.symbol}: {len(inputs.bars):,} bars, {len(inputs.names)} "
        f"features, {summary.folding}"
        + (", SIMULATED" if inputs.bars.simulated else "")
    )
    write_table(*rows_of_leaderboard(summary.leaderboard))
    for one in summary.judged:
        write_text(f"\n{one.outcome.model_name}, {one.outcome.horizon} bars:")
        titles = ("fold", "trained on", "rows", *(key for _, key in _SCORES))
        write_table(titles, [_cells(window) for window in one.outcome.facts["windows"]])
        for fold, why in one.failed.items():
            write_text(f"  fold {fold + 1} failed: {why}")
    write_text("\nWhat this shows (pooled; the test part stays sealed):")
    show_readings(summary.results, summary.evidence)
    write_text(f"\nReport: {summary.report}")
    for path in summary.predictions.values():
        write_text(f"Out-of-fold predictions, aligned: {path}")


def summary_json(summary: FoldSummary) -> dict[str, Any]:
    """Return the results as plain values."""
    return {
        "symbol": summary.inputs.instrument.symbol,
        "bars": len(summary.inputs.bars),
        "simulated": summary.inputs.bars.simulated,
        "features": len(summary.inputs.names),
        "folding": asdict(summary.folding),
        "leaderboard": [asdict(row) for row in summary.leaderboard],
        "results": [
            _facts(one) | {"deflated_sharpe": read.deflated_sharpe}
            for one, read in zip(summary.judged, summary.results, strict=True)
        ],
        "evidence": summary.evidence and asdict(summary.evidence),
        "skipped": [asdict(one) for one in summary.skipped],
        "report": str(summary.report),
        "out_of_fold": {h: str(path) for h, path in summary.predictions.items()},
    }


def _facts(one: Judged) -> dict[str, Any]:
    facts = one.outcome.facts
    return {
        "model": one.outcome.model_name,
        "horizon": one.outcome.horizon,
        "pooled": facts["evaluation"],
        "windows": facts["windows"],
        "slices": [asdict(each) for each in one.slices],
        "failed": {f"fold {fold + 1}": why for fold, why in one.failed.items()},
    }


def _cells(window: Mapping[str, Any]) -> list[str]:
    trained = window.get("train_samples")
    told = [window["name"], "-" if trained is None else f"{trained:,}"]
    if window["failed"]:
        return [*told, "failed", *["-"] * len(_SCORES)]
    values = [window[group].get(key) for group, key in _SCORES]
    return [*told, f"{window['samples']:,}", *map(_score, values)]


def _score(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int) else f"{value:.3f}"
