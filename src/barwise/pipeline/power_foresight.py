"""What one who knows a planted edge makes of it, after costs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from barwise.bars import Bars
from barwise.pipeline.bar_inputs import (
    costs_of,
    prepare_bars,
    sample_mask,
    trading_sessions,
)
from barwise.pipeline.choices import store_folder
from barwise.pipeline.config import RunConfig
from barwise.pipeline.label_settings import execution_of, sides_of
from barwise.pipeline.labelling import prepare_labels
from barwise.pipeline.power_plan import Judging
from barwise.pipeline.steps import Steps
from barwise.pipeline.store import ObjectStore
from barwise.pipeline.surrogates import Drawn
from barwise.trading import Account, backtest, sharpe_ratio


def trade_foresight(judging: Judging, drawn: Drawn) -> dict[str, Any]:
    """Trade the edge of a surrogate, of which no more than bars and labels are made."""
    steps = Steps(ObjectStore(store_folder(drawn.config)))
    inputs = prepare_bars(drawn.config, steps)
    labels = prepare_labels(inputs, steps)
    mask = sample_mask(drawn.config, inputs.instrument, inputs.bars) & labels.events
    leans = drawn.leans_at(inputs.bars.time) * mask
    made = foresight(drawn.config, inputs.bars, labels.width, leans, judging.horizons)
    return {str(horizon): sharpe for horizon, sharpe in made.items()}


def foresight(
    config: RunConfig,
    bars: Bars,
    width: np.ndarray,
    leans: np.ndarray,
    horizons: Sequence[int],
) -> dict[int, float]:
    """Sharpe ratio a year of trading a known signal, by horizon.

    The trades are those of the config: its execution contract, costs and account.

    Parameters
    ----------
    config : RunConfig
    bars : Bars
        Cleaned and resampled.
    width : ndarray of float64, shape (bar,)
        What the barrier multiples multiply.
    leans : ndarray of int, shape (bar,)
        +1, -1 or 0, known at each close.
    horizons : sequence of int

    Returns
    -------
    dict of int to float
        0 where nothing was traded.
    """
    instrument = config.traded()
    sides = [lean if lean in sides_of(config) else 0 for lean in (-1, 0, 1)]
    signals = np.array(sides, np.int8)[leans.astype(np.int64) + 1]
    found = {}
    for horizon in horizons:
        result = backtest(
            bars,
            signals,
            execution_of(config, instrument, horizon),
            width=width,
            costs=costs_of(config, instrument),
            account=Account(config.backtest.capital, config.backtest.quantity),
            sessions=trading_sessions(config, instrument, bars),
        )
        sharpe = sharpe_ratio(result.daily_returns, result.days_per_year)
        found[horizon] = float(np.nan_to_num(sharpe))
    return found
