"""The primary model of a config's meta-labels, and what it proposes, as a stored step."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from barwise.datasets import Proposals, PurgedKFold
from barwise.labels import Labels
from barwise.pipeline.bar_inputs import costs_of
from barwise.pipeline.candidates import candidates_of, labels_of
from barwise.pipeline.steps import Step, Steps, source_version
from barwise.pipeline.store import Content
from barwise.pipeline.trainers import trainer_config
from barwise.trading.costs import BUY, SELL
from barwise.training.primary import FoldedPrimary

if TYPE_CHECKING:
    from barwise.pipeline.inputs import Inputs

_CODE = (
    "barwise.core",
    "barwise.metrics",
    "barwise.trading",
    "barwise.labels",
    "barwise.datasets",
    "barwise.models",
    "barwise.training",
    "barwise.defaults",
    "barwise.pipeline.candidates",
    "barwise.pipeline.column_learner",
    "barwise.pipeline.primary",
    "barwise.pipeline.trainers",
)
_SETTINGS = {"split", "scaling", "backtest", "labels", "seed", "threads", "instrument"}


def primary_of(inputs: Inputs, horizon: int) -> FoldedPrimary:
    """Return the primary model of one horizon, which every fold fits anew.

    Raises
    ------
    ConfigError
        If it would stop on the rows that it is asked about.
    """
    config = inputs.config
    wanted = config.labels.primary
    if wanted is None:
        raise ValueError("the config has no primary model")
    return FoldedPrimary(
        trainer_config(config, wanted.model, horizon),
        candidates_of(inputs, horizon),
        labels_of(inputs, horizon),
        _round_trips(inputs),
        PurgedKFold(wanted.folds, purge=config.purge, embargo=wanted.embargo),
    )


def proposals_of(inputs: Inputs, horizon: int, steps: Steps) -> tuple[Proposals, str]:
    """Return what the primary proposes in the parts of a horizon, and the address.

    In training rows it is asked out of fold, in those of validation and test by one
    fit on the purged training part.
    """
    config = inputs.config
    primary = primary_of(inputs, horizon)
    step = Step(
        f"primary-{horizon}",
        source_version(*_CODE),
        {
            "trainer": primary.trainer.model_dump(mode="json", exclude={"output_dir"}),
            "set": sorted(primary.trainer.model_fields_set),
            "session": config.data.session,
            "prune_correlated": config.features.prune_correlated,
            **config.model_dump(mode="json", include=_SETTINGS),
        },
        dict(inputs.addresses),
    )

    def compute() -> Content:
        parts = primary.data.split
        made = primary.propose(parts.train, parts.val, parts.test)
        arrays = {"side": made.side, "probabilities": made.probabilities}
        return Content(arrays, {"learned": made.learned})

    result = steps.run(step, compute)
    content = result.content
    found = Proposals(
        content.arrays["side"],
        content.arrays["probabilities"],
        content.value["learned"],
    )
    return found, result.address


def meta_labels_of(inputs: Inputs) -> dict[int, Labels]:
    """Return the meta-labels of the parts, by horizon."""
    return {
        horizon: primary_of(inputs, horizon).labelled(made.side)
        for horizon, made in inputs.proposals.items()
    }


def _round_trips(inputs: Inputs) -> tuple[np.ndarray, np.ndarray]:
    """Return what a long and a short cost at each bar, as what their log return loses.

    A trade earns its costs c where it gains more points than c: from an entry at E a
    long above log(1 + c / E), a short above -log(1 - c / E).
    """
    bars = inputs.bars
    costs = costs_of(inputs.config, inputs.instrument)
    entry = bars.close
    if inputs.config.labels.entry == "next_open":
        entry = np.r_[bars.open[1:], bars.close[-1:]]
    long = np.log1p(costs.in_price(BUY) / entry)
    return long, -np.log1p(-costs.in_price(SELL) / entry)
