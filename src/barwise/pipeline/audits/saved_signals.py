"""The signals that a finished run's model gives on bars of the audit's choice."""

from __future__ import annotations

from pathlib import Path
from typing import final

import numpy as np
from ruamel.yaml import YAML

from barwise.bars.bars import Bars
from barwise.core.errors import ConfigError
from barwise.core.samples import Samples
from barwise.datasets import Preparation
from barwise.models.base import load_model
from barwise.pipeline.candidates import window_segments
from barwise.pipeline.inputs import Inputs
from barwise.training.run_folder import Run

_MOST = 20_000


@final
class SavedSignals:
    """A run's saved model, scaled as in its training, asked at up to 20,000 samples.

    Rows of the sealed test part are not asked about.

    Parameters
    ----------
    run : Run
    inputs : Inputs
        Of a config with the run's columns.

    Raises
    ------
    ConfigError
        If the run was trained on other columns.
    IntegrityError
        If the run's files were changed.
    """

    def __init__(self, run: Run, inputs: Inputs) -> None:
        told = YAML(typ="safe", pure=True).load(
            (run.path / "config" / "feature_config.yaml").read_text("utf-8")
        )
        if tuple(told["columns"]) != inputs.names:
            raise ConfigError(
                f"{run.path} was trained on {len(told['columns'])} columns that are not "
                f"the config's {len(inputs.names)}; name the config of that run"
            )
        self._preparation = Preparation.from_dict(told["preparation"])
        self._model = load_model(run.path / "checkpoints")
        self._inputs = inputs
        self._last = _last_seen(run.path)

    def rows(self, bars: Bars) -> np.ndarray:
        """Return samples before the test part, evenly chosen."""
        may = np.flatnonzero(self._inputs.sample_mask & (bars.time <= self._last))
        step = max(1, -(-len(may) // _MOST))
        return may[::step].astype(np.int64)

    def of(self, matrix: np.ndarray, bars: Bars, rows: np.ndarray) -> np.ndarray:
        """Return the class of each row; NaN where the model abstains."""
        times = bars.time[rows]
        samples = Samples(
            matrix,
            rows,
            times,
            times,
            window_segments(bars, self._inputs.roll_invariant),
            self._inputs.names,
        )
        output = self._model.predict(self._preparation.apply(samples))
        return np.where(output.valid, output.class_predictions, np.nan)


def _last_seen(run: Path) -> int:
    import polars as pl

    frame = pl.read_parquet(run / "predictions" / "val_predictions.parquet")
    return int(frame["time"].cast(pl.Int64).to_numpy().max())
