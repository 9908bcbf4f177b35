"""A config's own bars as surrogates: what they are drawn from, and how they are read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

import numpy as np

from barwise.bars import Bars
from barwise.bars.planted import Reversal
from barwise.bars.prepare import sessions_of
from barwise.bars.stored import write_bars
from barwise.bars.surrogate import SurrogateMaker
from barwise.core.errors import ConfigError
from barwise.pipeline.bar_inputs import BarInputs
from barwise.pipeline.building import build_bars
from barwise.pipeline.config import RunConfig
from barwise.pipeline.source import read_source

_FILE = "surrogate.parquet"


@final
@dataclass(frozen=True, eq=False)
class Drawn:
    """A surrogate and what was planted in it.

    Parameters
    ----------
    config : RunConfig
        The user's settings on the surrogate's own file and folder.
    bars : Bars
        At the interval of the source.
    lean : ndarray of int8, shape (k,)
        Where bars are pushed to next, known at ``times``; zeros where nothing was
        planted.
    times : ndarray of int64, shape (k,)
        Closes of the bars that the user decides on.
    planted : bool
        Whether there is an edge.
    """

    config: RunConfig
    bars: Bars
    lean: np.ndarray
    times: np.ndarray
    planted: bool

    def leans_at(self, times: np.ndarray) -> np.ndarray:
        """Return what is known at some closes of where the next bars are pushed to."""
        last = np.searchsorted(self.times, times, side="right") - 1
        return np.where(last >= 0, self.lean[last.clip(min=0)], 0).astype(np.int8)


@final
class SurrogateSource:
    """Draws surrogates of the bars of a config.

    The rows that survive its cleaning are drawn at the interval of their source, so
    that resampling, finer timeframes and ties run on surrogates as on the real bars.

    Parameters
    ----------
    inputs : BarInputs
        The user's own bars.
    window : int
        Bars whose move an edge follows, where one is planted.

    Raises
    ------
    ConfigError
        If labels come from a file, which knows the real prices.
    """

    def __init__(self, inputs: BarInputs, *, window: int) -> None:
        config, instrument = inputs.config, inputs.instrument
        if config.labels.signal is not None:
            raise ConfigError(
                f"{config.place('labels', 'signal')}: signals of a file were made from the "
                "real prices and mean nothing on surrogates; take a target that is made "
                "from bars (triple_barrier or direction)"
            )
        raw, _ = read_source(config)
        kind = raw.rule or raw.interval or config.target
        everything = config.replace(
            data=config.data.model_dump()
            | {"session": "all", "gaps": "drop", "session_applies": "bars"}
        )
        rows, _ = build_bars(raw, everything, instrument, kind)
        self._config = config
        self._maker = SurrogateMaker(
            rows,
            sessions_of(rows, instrument.calendar),
            tick=instrument.tick_size,
        )
        self._times = inputs.bars.time
        self._bar_of = np.searchsorted(self._times, rows.time, side="left")
        self._window = window

    def draw(self, folder: Path, seed: tuple[int, ...], strength: float) -> Drawn:
        """Draw a surrogate and write it into a folder, with an edge or without.

        Parameters
        ----------
        folder : Path
            Bars, stored steps and the surrogate's own ledger go there.
        seed : tuple of int
            Same seed and strength, same bytes.
        strength : float
            Of the edge, 0 to 1; 0 plants none.
        """
        lean = np.zeros(len(self._times), np.int8)

        def pushed(sizes: np.ndarray, coins: np.ndarray) -> np.ndarray:
            rule = Reversal(self._bar_of, self._maker.first, self._window, strength)
            directions, told = rule.directions(sizes, coins)
            lean[: len(told)] = told[: len(lean)]
            return directions

        drawn = self._maker.draw(
            np.random.default_rng(seed), pushed if strength else None
        )
        write_bars(drawn, folder / _FILE)
        config = _on_file(self._config, folder, drawn)
        return Drawn(config, drawn, lean, np.array(self._times), strength > 0)


def _on_file(config: RunConfig, folder: Path, drawn: Bars) -> RunConfig:
    """Return the settings with the surrogate in place of the source."""
    where: dict[str, Any] = {
        "path": (folder / _FILE).absolute(),
        "label": "close",
        "prices": drawn.prices,
        "timezone": None,
        "columns": {},
        "contracts": None,
        "rolls": None,
    }
    return config.replace(
        data=config.data.model_dump() | where,
        output=(folder / "experiments").absolute(),
    )
