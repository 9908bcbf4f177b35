"""The market that leaks are planted in: simulated bars without an edge."""

from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path

import numpy as np
import polars as pl
from pydantic import ValidationError

from barwise.bars import Bars
from barwise.bars.prepare import prepare
from barwise.bars.simulate import simulate_bars
from barwise.core.errors import ConfigError
from barwise.datasets import (
    DatasetSettings,
    PreparationSettings,
    TimeSeriesDataContainer,
)
from barwise.features import FeatureGraph
from barwise.features.frame_function import FrameFunction
from barwise.labels import triple_barrier
from barwise.pipeline import RunConfig
from barwise.pipeline.audits.history import History
from barwise.pipeline.audits.leaks import Setup
from barwise.pipeline.audits.subjects import FrameSubject, GraphSubject

DAYS = 12
HORIZON = 10
NAMES = (
    "rsi_14",
    "return_1",
    "return_5",
    "bb_width_20",
    "realized_vol_30",
    "atr_14",
    "hour_sin",
    "hour_cos",
)


@dataclass(frozen=True)
class Lab:
    """A folder, and what is made of the bars once for all leaks.

    Parameters
    ----------
    folder : Path
        For files of configs.
    """

    folder: Path

    @cached_property
    def raw(self) -> Bars:
        """One-minute bars of MES."""
        return simulate_bars("MES", days=DAYS, seed=11)

    @cached_property
    def bars(self) -> Bars:
        """Five-minute bars of them."""
        return prepare(self.raw, interval="5min")[0]

    @cached_property
    def matrix(self) -> np.ndarray:
        return FeatureGraph(NAMES).push(self.bars)

    @cached_property
    def labels(self):
        return triple_barrier(self.bars, horizon=HORIZON, upper=1.25, lower=1.25)

    def data(
        self, matrix=None, names=NAMES, labels=None, **preparation
    ) -> TimeSeriesDataContainer:
        """Return a data set of these bars."""
        return TimeSeriesDataContainer.build(
            self.matrix if matrix is None else matrix,
            names,
            self.bars.time,
            labels or self.labels,
            horizon=HORIZON,
            settings=DatasetSettings(preparation=PreparationSettings(**preparation)),
            symbol="MES",
        )

    def setup(self, data=None, **more) -> Setup:
        """Return a setup in which nothing leaks but what is given."""
        return Setup(
            data or self.data(),
            History(self.bars),
            proved=frozenset(NAMES),
            **more,
        )

    def with_values(self, values, name="planted", **preparation) -> Setup:
        """Return a setup with a column of which nobody knows how it was made."""
        column = np.nan_to_num(np.asarray(values, np.float64)).astype(np.float32)
        matrix = np.column_stack([self.matrix, column])
        return self.setup(self.data(matrix, (*NAMES, name), **preparation))

    def with_function(self, function, kind="pandas") -> Setup:
        """Return a setup with a column that a user's function makes."""
        if not isinstance(function, FrameFunction):
            function = FrameFunction(function.__name__, function, kind)
        bars = self.bars[-900:]
        subject = FrameSubject(replace(function, lookback=None), bars)
        return self.setup(columns=(subject,), columns_on=History(bars))

    def with_graph(self, names) -> Setup:
        """Return a setup of built-in columns, those that have a value by then."""
        bars = self.bars[-900:]
        graph = FeatureGraph(names)
        if graph.unfitted:
            graph.fit(self.bars[: len(self.bars) // 2])
        matrix = graph.push(self.bars)
        full = np.isfinite(matrix).mean(axis=0) > 0.8
        kept = tuple(name for name, keep in zip(names, full, strict=True) if keep)
        # None is proved here: what is said of a column is said of its figures alone.
        return Setup(
            self.data(np.ascontiguousarray(matrix[:, full]), kept),
            History(self.bars),
            (GraphSubject(names, bars),),
            History(bars),
        )

    def config(self, raw=None, **settings) -> RunConfig:
        """Return a config on a file of one-minute bars."""
        raw = self.raw if raw is None else raw
        path = self.folder / f"bars-{len(list(self.folder.iterdir()))}.csv"
        columns = {
            n: getattr(raw, n) for n in ("open", "high", "low", "close", "volume")
        }
        time = pl.Series("time", raw.time).cast(pl.Datetime("ns"))
        pl.DataFrame({"time": time, **columns}).write_csv(path)
        given = {
            "symbol": "MES",
            "data": {"path": path, "label": "close"} | settings.pop("data", {}),
            "features": {"set": None, "names": NAMES} | settings.pop("features", {}),
            "labels": {"horizons": [HORIZON], "upper": 1.25, "lower": 1.25}
            | settings.pop("labels", {}),
            "models": ["logistic"],
            "output": path.with_suffix(""),
        }
        try:
            return RunConfig.model_validate(given | settings)
        except ValidationError as problem:
            raise ConfigError(str(problem).splitlines()[-1].strip()) from problem

    def table(self, known_at, values) -> dict:
        """Write an external table and return its entry in a config."""
        path = self.folder / f"table-{len(list(self.folder.iterdir()))}.csv"
        stamps = pl.Series("known", known_at).cast(pl.Datetime("ns"))
        pl.DataFrame({"known": stamps, "value": values}).write_csv(path)
        return {
            "name": "other",
            "path": path,
            "known_at": "known",
            "columns": ["value"],
        }

    def with_table(self, known_at, values, raw=None, **entry) -> RunConfig:
        """Return a config with a column of an external table."""
        return self.config(
            raw,
            external=[self.table(known_at, values) | entry],
            features={"names": [*NAMES, "ext_other_value"]},
        )

    @cached_property
    def hourly(self) -> Bars:
        """Hours of the same market."""
        return prepare(self.raw, interval="1h")[0]


@cache
def log_close(lab: Lab) -> np.ndarray:
    """Logarithm of the closes."""
    return np.log(lab.bars.close)
