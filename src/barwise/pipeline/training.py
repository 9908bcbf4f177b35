"""Training as a stored step: one model on one horizon."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from barwise.core import durable
from barwise.pipeline.bar_inputs import costs_of
from barwise.pipeline.config import RunConfig
from barwise.pipeline.config_groups import ModelChoice
from barwise.pipeline.dataset import container_of
from barwise.pipeline.inputs import Inputs
from barwise.pipeline.label_settings import execution_of, sides_of
from barwise.pipeline.steps import Step, Steps, source_version
from barwise.pipeline.store import Content
from barwise.pipeline.trainers import trainer_config
from barwise.trading import Account
from barwise.trading.market import Market
from barwise.training import Outcome, Trainer, TrainerConfig

_CODE = (
    "barwise.core",
    "barwise.bars",
    "barwise.metrics",
    "barwise.trading",
    "barwise.datasets",
    "barwise.models",
    "barwise.training",
    "barwise.defaults",
    "barwise.pipeline.bar_inputs",
    "barwise.pipeline.candidates",
    "barwise.pipeline.dataset",
    "barwise.pipeline.inputs",
    "barwise.pipeline.label_settings",
    "barwise.pipeline.labelling",
    "barwise.pipeline.primary",
    "barwise.pipeline.source",
    "barwise.pipeline.trainers",
    "barwise.pipeline.training",
)


def train_step(
    inputs: Inputs,
    choice: ModelChoice,
    horizon: int,
    steps: Steps,
    *,
    progress: Callable[..., None] | None = None,
) -> tuple[Outcome, str]:
    """Train and score a model, or find its outcome; return it and its identity."""
    config = inputs.config
    trainer = trainer_config(config, choice, horizon)
    step = Step(
        f"train-{choice.name}-{horizon}",
        source_version(*_CODE),
        _settings(config, trainer),
        dict(inputs.addresses),
    )
    volatile: dict[str, Any] = {}

    def compute() -> Content:
        made = Trainer(
            trainer, market=market_of(inputs, horizon), progress=progress
        ).fit(container_of(inputs, horizon))
        volatile.update(made.volatile)
        folder = Path(tempfile.mkdtemp(dir=scratch))
        files = {}
        for name, data in made.model.items():
            files[name] = folder / name
            files[name].write_bytes(data)
        return Content(made.arrays, made.facts, files)

    # Where the next run sweeps, should this one be killed.
    with tempfile.TemporaryDirectory(
        prefix=durable.TEMPORARY, dir=steps.store.folder
    ) as scratch:
        result = steps.run(step, compute, volatile=volatile)
    content = result.content
    model = {name: path.read_bytes() for name, path in content.files.items()}
    return Outcome(content.arrays, content.value, model, volatile), step.key


def _settings(config: RunConfig, trainer: TrainerConfig) -> dict[str, Any]:
    groups = {"split", "scaling", "backtest", "labels"}
    return {
        "trainer": trainer.model_dump(mode="json", exclude={"output_dir"}),
        "set": sorted(trainer.model_fields_set),
        "session": config.data.session,
        "prune_correlated": config.features.prune_correlated,
        "instrument": None
        if config.instrument is None
        else config.instrument.model_dump(mode="json"),
        **config.model_dump(mode="json", include=groups),
    }


def market_of(inputs: Inputs, horizon: int) -> Market:
    """Return the market of a run: its labels' own execution contract, its costs."""
    config, instrument = inputs.config, inputs.instrument
    return Market(
        inputs.bars,
        inputs.width,
        execution_of(config, instrument, horizon),
        costs_of(config, instrument),
        Account(config.backtest.capital, config.backtest.quantity),
        inputs.sessions,
        sides_of(config),
    )
