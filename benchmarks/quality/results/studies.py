"""The studies, written down before they were run.

Nothing here was chosen by a result: instrument defaults, one horizon, one set of columns,
two models, ten windows. A change of anything is another trial and counts as one, as the
hourly bars do, which came after the others had been seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

from barwise.pipeline import RunConfig
from barwise.pipeline.folding import Folding
from benchmarks.quality.real_rolls import ES_ROLLS

HORIZON = 20
"""Bars: the longest of the four usual horizons, so that costs weigh least."""

MODELS = ("lightgbm", "logistic")
"""The first one is the one that counts; the second is there for comparison."""

FOLDING = Folding("walk-forward", 10)

INTERVALS = ("5min", "1h")
"""The first one was named beforehand; costs weigh less in moves of hours."""

GOAL = {"macro_f1": 0.35, "sharpe_ratio": 0.3}


@final
@dataclass(frozen=True)
class Study:
    """One file of real bars and what is known of it.

    Parameters
    ----------
    name : str
    file : str
        In the folder of data.
    what : str
        For the page.
    data : dict
        Settings of the group ``data`` beside path, label and interval.
    """

    name: str
    symbol: str
    file: str
    what: str
    data: dict[str, Any]

    def config(self, folder: Path, output: Path, interval: str) -> RunConfig:
        """Return the settings of the study on bars of a length."""
        return RunConfig(
            symbol=self.symbol,
            data={
                "path": str(folder / self.file),
                "label": "open",
                "interval": interval,
                **self.data,
            },
            features={"set": "boosting_optimal"},
            labels={"horizons": [HORIZON]},
            models=list(MODELS),
            output=str(output),
        )


STUDIES = (
    Study(
        "ES_5m",
        "ES",
        "ES_5m_2024-05_2026-02.parquet",
        "E-mini S&P 500 futures, May 2024 to February 2026, seven rolls",
        {"rolls": ES_ROLLS},
    ),
    Study(
        "EURUSD_1m_2018",
        "EURUSD",
        "EURUSD_1m_2018.parquet",
        "spot euro against the dollar, 2018, one-minute bids",
        {"prices": "bid"},
    ),
    Study(
        "XAUUSD_1m_2018",
        "XAUUSD",
        "XAUUSD_1m_2018.parquet",
        "spot gold against the dollar, 2018, one-minute bids",
        {"prices": "bid"},
    ),
)
