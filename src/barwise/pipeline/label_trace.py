"""One label of a config, step by step."""

from __future__ import annotations

from dataclasses import replace

from barwise.core.errors import ConfigError
from barwise.labels import LabelTrace, trace_label
from barwise.pipeline.bar_inputs import prepare_bars, sample_mask
from barwise.pipeline.choices import check_labels, store_folder
from barwise.pipeline.config import RunConfig
from barwise.pipeline.label_settings import barrier_settings
from barwise.pipeline.label_tables import row_at
from barwise.pipeline.labelling import prepare_labels
from barwise.pipeline.lock import locked
from barwise.pipeline.steps import Steps
from barwise.pipeline.store import ObjectStore


def trace_at(
    config: RunConfig, time: str, horizon: int | None = None
) -> tuple[LabelTrace, str]:
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
    doubt : str
        Why the bar is no sample of a data set although it may have a label; else empty.

    Raises
    ------
    ConfigError
        If no bar closes then, or the target is not made of prices.
    """
    check_labels(config, () if horizon is None else (horizon,))
    labels = config.labels
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
    bars, row = inputs.bars, row_at(inputs, time)
    chosen = labels.horizons[0] if horizon is None else horizon
    has_barriers = labels.target == "triple_barrier"
    trace = trace_label(
        bars,
        row,
        horizon=chosen,
        **barrier_settings(config, inputs.instrument),
        tick=inputs.instrument.tick_size if has_barriers else 0.0,
        fine=inputs.finer_bars() if has_barriers else None,
        sessions=inputs.sessions,
        sample=made.events,
    )
    if not has_barriers and trace.label is not None:
        own = made.by_horizon[chosen]
        trace = replace(
            trace,
            label=int(own.label[row]),
            quality=float(own.quality[row]),
            weight=float(own.weight[row]),
        )
    if not has_barriers:
        trace = replace(trace, levels={})
    inside = sample_mask(config, inputs.instrument, bars)[row]
    doubt = "" if inside else "outside the hours that decisions are made in, or filled"
    return trace, doubt
