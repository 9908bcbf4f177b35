"""Barriers and horizon of a symbol, tuned on the training span alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, final

import numpy as np

from barwise.bars import Bars
from barwise.core.durable import write_text, write_with
from barwise.core.errors import ConfigError
from barwise.core.hashing import canonical_json, hash_json
from barwise.datasets.ledger import Ledger, Trial
from barwise.metrics import json_number
from barwise.pipeline.bar_inputs import costs_of, prepare_bars
from barwise.pipeline.barrier_study import HIGHEST, LOWEST, STEP, BarrierStudy
from barwise.pipeline.barrier_trial import (
    AMBIGUITY,
    FOLDS,
    IMBALANCE,
    MODEL,
    MODEL_SETTINGS,
    MOST_ROWS,
    Choice,
    TrainingSpan,
    Verdict,
)
from barwise.pipeline.candidates import window_segments
from barwise.pipeline.choices import check_choices, store_folder
from barwise.pipeline.config import RunConfig
from barwise.pipeline.features import fitting_rows
from barwise.pipeline.inputs import Inputs, prepare_inputs
from barwise.pipeline.label_settings import triple_options
from barwise.pipeline.lock import locked
from barwise.pipeline.steps import Steps, source_version
from barwise.pipeline.store import ObjectStore
from barwise.pipeline.trials import ledger_of
from barwise.trading import Account
from barwise.trading.result import BacktestResult

_CODE = (
    "barwise.core",
    "barwise.bars",
    "barwise.stream",
    "barwise.trading",
    "barwise.labels",
    "barwise.datasets",
    "barwise.models",
    "barwise.pipeline.barrier_study",
    "barwise.pipeline.barrier_trial",
    "barwise.pipeline.barrier_tuning",
)

Notify = Callable[[str, float, float], None]


@final
@dataclass(frozen=True, eq=False)
class BarrierTuning:
    """A finished study of barriers.

    Parameters
    ----------
    symbol : str
    span : tuple of int
        First and last close that anything was learned from, nanoseconds UTC.
    trials : list of (Choice, Verdict)
        In the order in which they were finished.
    left_out : tuple of str
        Columns that learn from data, which the small model does not see.
    folder : Path
        Journal, table and figure.
    """

    symbol: str
    span: tuple[int, int]
    trials: list[tuple[Choice, Verdict]]
    left_out: tuple[str, ...]
    folder: Path

    @property
    def best(self) -> tuple[Choice, Verdict] | None:
        """The feasible trial with the highest score, the earliest of equals."""
        return _best(self.trials)

    @property
    def best_by_horizon(self) -> dict[int, tuple[Choice, Verdict]]:
        """The same for each horizon that has a feasible trial."""
        found = {}
        for horizon in sorted({choice.horizon for choice, _ in self.trials}):
            best = _best([one for one in self.trials if one[0].horizon == horizon])
            if best is not None:
                found[horizon] = best
        return found

    def rows(self) -> list[dict[str, Any]]:
        """Return the study as a table: one mapping a trial."""
        return [
            {"trial": number, **asdict(choice), **_row(verdict)}
            for number, (choice, verdict) in enumerate(self.trials, 1)
        ]


def tune_barriers(
    config: RunConfig,
    *,
    trials: int = 50,
    jobs: int = 1,
    notify: Notify = lambda _text, _done, _total: None,
) -> BarrierTuning:
    """Look for the barriers and the horizon whose labels a small model can trade.

    A trial labels the training span, predicts it by purged k-fold with the same small
    model every time, and trades the predictions one position at a time. Its score is
    the Sharpe ratio after costs, less penalties for uneven classes and for labels that
    only the tie rule decided. Every trial is written to the ledger.

    Parameters
    ----------
    config : RunConfig
        ``labels.horizons`` are the horizons that may be chosen.
    trials : int
        How many there are to be, those of an earlier call with the same data and
        settings included.
    jobs : int
        Processes. One makes the same choices on every run; more make others.
    notify : callable, optional
        Told about progress.

    Raises
    ------
    ConfigError
        If the labels have no barriers in multiples, or a setting cannot work.
    LockedError
        If another process works on the same store.
    """
    _check(config, trials, jobs)
    store = store_folder(config)
    with locked(store):
        steps = Steps(ObjectStore(store))
        inputs = prepare_inputs(config, steps, lambda text: notify(text, 0, trials))
        fine = prepare_bars(config, steps).finer_bars()
        span, left_out = training_span(inputs, fine)
        facts = _facts(inputs, left_out)
        folder = (
            config.output_path / "tuning" / f"{config.symbol}_{hash_json(facts)[:12]}"
        )
        study = BarrierStudy(
            folder / "study.journal", config.labels.horizons, config.seed
        )
        ledger = ledger_of(config)
        found = study.run(
            span,
            trials,
            jobs=jobs,
            record=lambda choice, verdict, result: _record(
                ledger, inputs, span, facts, (choice, verdict, result)
            ),
            notify=lambda done: notify(f"trial {min(done + 1, trials)}", done, trials),
        )
    times = span.bars.time
    made = BarrierTuning(
        config.symbol, (int(times[0]), int(times[-1])), found, left_out, folder
    )
    _write(made, facts)
    return made


def training_span(
    inputs: Inputs, fine: Bars | None
) -> tuple[TrainingSpan, tuple[str, ...]]:
    """Cut everything off behind the last training sample.

    Parameters
    ----------
    inputs : Inputs
    fine : Bars or None
        Finer bars that decide ties.

    Returns
    -------
    span : TrainingSpan
    left_out : tuple of str
        Columns that learned from the whole span and would know a fold's test rows.
    """
    config, bars = inputs.config, inputs.bars
    learns = fitting_rows(config, bars, inputs.sample_mask, inputs.labels)
    stop = int(np.flatnonzero(learns)[-1]) + 1
    learned = set() if inputs.fitted is None else _learned(inputs)
    kept = [i for i, name in enumerate(inputs.names) if name not in learned]
    names = tuple(inputs.names[i] for i in kept)
    if not names:
        raise ConfigError(
            f"{config.place('features')}: every column learns from data, and the small "
            "model that barriers are tuned with takes none of those; add some that do not"
        )
    options = triple_options(config, inputs.instrument)
    del options["upper"], options["lower"]
    span = TrainingSpan(
        bars=bars[:stop],
        fine=None if fine is None else _until(fine, int(bars.time[stop - 1])),
        matrix=np.ascontiguousarray(inputs.matrix[:stop][:, kept]),
        names=names,
        passthrough=tuple(n for n in names if inputs.roles[n] != "number"),
        segments=window_segments(bars, inputs.roll_invariant)[:stop],
        mask=inputs.sample_mask[:stop],
        options=options,
        sessions=inputs.sessions,
        tick=inputs.instrument.tick_size,
        costs=costs_of(config, inputs.instrument),
        account=Account(config.backtest.capital, config.backtest.quantity),
        seed=config.seed,
    )
    return span, tuple(name for name in inputs.names if name in learned)


def _check(config: RunConfig, trials: int, jobs: int) -> None:
    check_choices(config)
    labels = config.labels
    if labels.target != "triple_barrier" or labels.unit == "fixed":
        key = "unit" if labels.target == "triple_barrier" else "target"
        raise ConfigError(
            f"{config.place('labels', key)}: {getattr(labels, key)!r} cannot be tuned, "
            "only barriers in multiples of a width can; use target: triple_barrier with "
            "unit: atr or volatility"
        )
    for name, value in (("trials", trials), ("jobs", jobs)):
        if int(value) != value or value < 1:
            raise ConfigError(f"{name}: {value!r} is not a whole number >= 1")


def _facts(inputs: Inputs, left_out: tuple[str, ...]) -> dict[str, Any]:
    """Return all that a trial depends on beside its own choice."""
    config = inputs.config
    groups = {"data", "split", "scaling", "backtest", "labels", "instrument", "seed"}
    settings = config.model_dump(mode="json", include=groups)
    for name in ("upper", "lower", "weights"):
        del settings["labels"][name]
    return {
        "code": source_version(*_CODE),
        "symbol": config.symbol,
        "settings": settings,
        "bars": inputs.addresses["bars"],
        "features": inputs.addresses["features"],
        "left_out": list(left_out),
        "model": [MODEL, MODEL_SETTINGS, MOST_ROWS],
        "folds": FOLDS,
        "penalties": [IMBALANCE, AMBIGUITY],
        "range": [LOWEST, HIGHEST, STEP],
    }


def _record(
    ledger: Ledger,
    inputs: Inputs,
    span: TrainingSpan,
    facts: dict[str, Any],
    tried: tuple[Choice, Verdict, BacktestResult | None],
) -> None:
    choice, verdict, result = tried
    daily = {}
    if result is not None:
        daily = {
            "days": result.day,
            "returns": result.daily_returns,
        }
    ledger.record(
        Trial(
            "tuning",
            inputs.instrument.underlying,
            int(span.bars.time[0]),
            int(span.bars.time[-1]),
            {"barriers": asdict(choice)} | facts,
            {
                "score": json_number(verdict.score),
                "sharpe_ratio": json_number(verdict.sharpe),
                "num_trades": verdict.trades,
            },
            **daily,
        )
    )


def _write(made: BarrierTuning, facts: dict[str, Any]) -> None:
    """Write table and figure beside the journal."""
    from barwise.report.figures import barrier_study, save_figure

    rows = made.rows()
    best = made.best
    write_text(
        made.folder / "study.json",
        canonical_json(
            {
                "symbol": made.symbol,
                "best": None if best is None else asdict(best[0]),
                "depends_on": facts,
                "trials": rows,
            }
        ),
    )
    write_with(made.folder / "study.csv", partial(_write_csv, rows))
    figure = barrier_study(
        [(c.upper, c.lower, c.horizon) for c, _ in made.trials],
        [verdict.score for _, verdict in made.trials],
        feasible=[verdict.feasible for _, verdict in made.trials],
    )
    save_figure(figure, made.folder / "study.png")


def _write_csv(rows: list[dict[str, Any]], path: Path) -> None:
    lines = [",".join(rows[0])]
    lines += [",".join(json.dumps(value) for value in row.values()) for row in rows]
    path.write_text("\n".join([*lines, ""]))


def _row(verdict: Verdict) -> dict[str, Any]:
    facts = asdict(verdict)
    short, neutral, long = facts.pop("shares")
    return facts | {"short": short, "neutral": neutral, "long": long}


def _best(
    trials: list[tuple[Choice, Verdict]],
) -> tuple[Choice, Verdict] | None:
    usable = [one for one in trials if one[1].feasible]
    return max(usable, key=lambda one: one[1].score, default=None)


def _learned(inputs: Inputs) -> set[str]:
    if inputs.fitted is None:
        return set()
    return {
        name.strip() for columns in inputs.fitted.learned for name in columns.split(",")
    }


def _until(fine: Bars, last: int) -> Bars:
    return fine[: int(np.searchsorted(fine.time, last, side="right"))]
