"""One label of a config, step by step."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import final

import numpy as np

from barwise.core.errors import ConfigError
from barwise.labels import LabelTrace, trace_label
from barwise.metrics import class_names
from barwise.pipeline.bar_inputs import prepare_bars, sample_mask
from barwise.pipeline.choices import check_choices, check_labels, store_folder
from barwise.pipeline.config import RunConfig
from barwise.pipeline.inputs import Inputs, prepare_inputs
from barwise.pipeline.label_settings import barrier_settings, has_barriers
from barwise.pipeline.label_tables import row_at
from barwise.pipeline.labelling import prepare_labels, round_trip
from barwise.pipeline.lock import locked
from barwise.pipeline.primary import primary_of
from barwise.pipeline.steps import Steps
from barwise.pipeline.store import ObjectStore


@final
@dataclass(frozen=True)
class Judged:
    """What a primary model proposes at one bar, and what came of it.

    Parameters
    ----------
    model : str
    probabilities : tuple of float, or None
        Short, neutral, long; None where it was not asked or could not say.
    side : int
        +1, -1, or 0 for no trade.
    made : float or None
        Log return of the trade.
    cost : float
        What its round trip costs, as a log return.
    label : int or None
        1 if it made more; None without a trade.
    """

    model: str
    probabilities: tuple[float, ...] | None
    side: int
    made: float | None
    cost: float
    label: int | None

    def lines(self) -> Iterator[str]:
        """Yield it as text, one line a fact."""
        if self.probabilities is None:
            yield f"primary     {self.model} was not asked about this bar"
            return
        each = zip(class_names(), self.probabilities, strict=True)
        said = ", ".join(f"{name} {p:.3f}" for name, p in each)
        trade = {1: "long", -1: "short", 0: "no trade"}[self.side]
        yield f"primary     {self.model}: {said}; {trade}"
        if self.made is not None:
            yield f"trade       made {self.made:+.6f}, cost {self.cost:.6f}"
            yield f"meta-label  {self.label}"


def trace_at(
    config: RunConfig, time: str, horizon: int | None = None
) -> tuple[LabelTrace, str, Judged | None]:
    """Return how the bar that closes at a time came by its label.

    Parameters
    ----------
    config : RunConfig
    time : str
        Close of the bar, ISO 8601; without a zone it is UTC.
    horizon : int, optional
        One of the config's; by default its first.

    Returns
    -------
    trace : LabelTrace
        Of meta-labels that of the label which the primary model learns.
    doubt : str
        Why the bar is no sample of a data set although it may have a label; else empty.
    judged : Judged or None
        Of meta-labels: what the primary proposes at the bar, and what came of it.

    Raises
    ------
    ConfigError
        If no bar closes then, or the target is not made of prices.
    """
    labels = config.labels
    check = check_labels if labels.primary is None else check_choices
    check(config, () if horizon is None else (horizon,))
    if labels.target == "signal":
        raise ConfigError(
            f"{config.place('labels', 'target')}: 'signal' takes its labels from a file: "
            "there is no arithmetic to trace"
        )
    folder = store_folder(config)
    with locked(folder):
        steps = Steps(ObjectStore(folder))
        inputs = prepare_bars(config, steps)
        made = prepare_labels(inputs, steps)
        asked = None
        if labels.primary is not None:
            asked = prepare_inputs(config, steps, lambda _: None)
    bars, row = inputs.bars, row_at(inputs, time)
    chosen = labels.horizons[0] if horizon is None else horizon
    barriers = has_barriers(config)
    trace = trace_label(
        bars,
        row,
        horizon=chosen,
        **barrier_settings(config, inputs.instrument),
        tick=inputs.instrument.tick_size if barriers else 0.0,
        fine=inputs.finer_bars() if barriers else None,
        sessions=inputs.sessions,
        sample=made.events,
    )
    if not barriers and trace.label is not None:
        own = made.by_horizon[chosen]
        trace = replace(
            trace,
            label=int(own.label[row]),
            quality=float(own.quality[row]),
            weight=float(own.weight[row]),
        )
    if not barriers:
        trace = replace(trace, levels={}, multiples={})
    if labels.primary is None:
        trace = replace(trace, cost=round_trip(inputs))
    inside = sample_mask(config, inputs.instrument, bars)[row]
    doubt = "" if inside else "outside the hours that decisions are made in, or filled"
    return trace, doubt, None if asked is None else _judged(asked, chosen, row)


def _judged(inputs: Inputs, horizon: int, row: int) -> Judged:
    primary, said = primary_of(inputs, horizon), inputs.proposals[horizon]
    meta = primary.labelled(said.side)
    p = said.probabilities[row]
    return Judged(
        primary.trainer.model_name,
        None if np.isnan(p).any() else tuple(p.tolist()),
        int(said.side[row]),
        float(meta.ret[row]) if meta.valid[row] else None,
        float(primary.cost(said.side)[row]),
        int(meta.label[row]) if meta.valid[row] else None,
    )
