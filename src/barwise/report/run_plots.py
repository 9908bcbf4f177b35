"""The figures of one run folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from barwise.metrics import ReliabilityCurve, class_names, reliability_curve
from barwise.report import figures
from barwise.training import Outcome


def plot_run(outcome: Outcome, folder: Path) -> None:
    """Draw a run's figures as PNG files into a folder.

    ``confusion_matrix``, ``reliability`` and ``training_curves`` where there were
    epochs, ``feature_importance`` where the model has one, ``equity`` where signals
    were traded.
    """
    facts = outcome.facts
    classes = class_names(facts["configs"]["model"]["classes"])
    counts = np.array(facts["evaluation"]["classification"]["confusion_matrix"])
    drawn = {"confusion_matrix": figures.confusion_matrix(counts, classes=classes)}
    drawn["reliability"] = figures.reliability(reliability_of(outcome))
    if any(len(values) for values in facts["history"].values()):
        best = facts["evaluation"]["training"]["best_epoch"]
        drawn["training_curves"] = figures.training_curves(
            facts["history"], best_epoch=best
        )
    if facts["importance"]:
        names, values = zip(*facts["importance"].items(), strict=True)
        drawn["feature_importance"] = figures.feature_importance(
            names, np.array(values)
        )
    if "equity" in outcome.arrays:
        drawn["equity"] = figures.equity(
            outcome.arrays["equity_time"],
            outcome.arrays["equity"],
            capital=facts["capital"],
            buy_and_hold=outcome.arrays["buy_and_hold"],
        )
    for name, figure in drawn.items():
        figures.save_figure(figure, folder / f"{name}.png")


def reliability_of(outcome: Outcome) -> Mapping[str, ReliabilityCurve]:
    """Return stated against observed frequency of each class on the validation part."""
    arrays = outcome.arrays
    valid = arrays["valid"]
    classes = outcome.facts["configs"]["model"]["classes"]
    p, y = arrays["probabilities"][valid], arrays["label"][valid]
    unique = arrays["uniqueness"][valid]
    return {
        name: reliability_curve(
            y == value, np.ascontiguousarray(p[:, k]), uniqueness=unique
        )
        for k, (name, value) in enumerate(
            zip(class_names(classes), classes, strict=True)
        )
    }
