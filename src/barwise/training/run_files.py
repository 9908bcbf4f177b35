"""The files of a run folder, written from an outcome."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from barwise.training.outcome import Outcome
from barwise.training.run_folder import Run, new_run, read_run


def write_run(
    outcome: Outcome,
    runs: Path,
    *,
    plotter: Callable[[Outcome, Path], None] | None = None,
    identity: str | None = None,
) -> Run:
    """Write the run folder of an outcome: whole, or not at all.

    Parameters
    ----------
    outcome : Outcome
    runs : Path
        Folder of all runs.
    plotter : callable, optional
        Draws figures into the folder ``plots``.
    identity : str, optional
        Hash of all that the outcome depends on, kept in ``provenance.json``.

    Raises
    ------
    BarwiseError
        If it cannot be written.
    """
    with new_run(runs, model=outcome.model_name, horizon=outcome.horizon) as draft:
        folder = draft.path
        for name, content in outcome.facts["configs"].items():
            _write_yaml(folder / "config" / f"{name}_config.yaml", content)
        for name, data in outcome.model.items():
            (folder / "checkpoints" / name).write_bytes(data)
        _write_predictions(outcome, folder / "predictions")
        metrics = folder / "metrics"
        _write_json(metrics / "evaluation_metrics.json", outcome.facts["evaluation"])
        training = outcome.facts["training"] | {"history": outcome.facts["history"]}
        _write_json(metrics / "training_metrics.json", training)
        _write_json(metrics / "feature_importance.json", outcome.facts["importance"])
        (folder / "logs" / "training.log").write_text(_log(outcome))
        if plotter is not None:
            plotter(outcome, folder / "plots")
        draft.provenance |= dict(outcome.volatile)
        if identity is not None:
            draft.provenance["identity"] = identity
    return read_run(draft.path)


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=2, allow_nan=False) + "\n")


def _write_yaml(path: Path, value: Any) -> None:
    from ruamel.yaml import YAML

    yaml = YAML()
    yaml.default_flow_style = False
    text = io.StringIO()
    yaml.dump(value, text)
    path.write_text(text.getvalue())


def _write_predictions(outcome: Outcome, folder: Path) -> None:
    import polars as pl

    arrays = outcome.arrays
    columns = ["time", "label", "prediction", "confidence", "valid", "signal"]
    frame = pl.DataFrame({name: arrays[name] for name in columns if name in arrays})
    time = pl.from_epoch("time", "ns").dt.replace_time_zone("UTC")
    # Through memory: a full disk keeps its errno only where Python itself writes.
    table, array = io.BytesIO(), io.BytesIO()
    frame.with_columns(time).write_parquet(table)
    np.save(array, arrays["probabilities"], allow_pickle=False)
    (folder / "val_predictions.parquet").write_bytes(table.getvalue())
    (folder / "val_probabilities.npy").write_bytes(array.getvalue())


def _log(outcome: Outcome) -> str:
    """One line an epoch or round; times stand in provenance.json."""
    evaluation, history = outcome.facts["evaluation"], outcome.facts["history"]
    lines = [f"{outcome.model_name}, horizon {outcome.horizon} bars"]
    epochs = max((len(values) for values in history.values()), default=0)
    for epoch in range(epochs):
        seen = {k: v[epoch] for k, v in history.items() if epoch < len(v)}
        text = " ".join(f"{name}={value:.6g}" for name, value in seen.items())
        lines.append(f"epoch {epoch + 1}: {text}")
    training = evaluation["training"]
    lines.append(
        f"kept epoch {training['best_epoch']} of {training['epochs_trained']}"
        if training["epochs_trained"]
        else "fitted in one pass"
    )
    scores = evaluation["classification"]
    lines.append(
        f"validation: macro_f1={scores['macro_f1']:.4f} "
        f"log_loss={scores['log_loss']:.4f} rows={scores['n_scored']}"
    )
    return "\n".join(lines) + "\n"
