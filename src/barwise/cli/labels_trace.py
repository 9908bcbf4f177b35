"""``barwise labels trace``: the arithmetic of one label."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from barwise.cli.output import Json, note, write_json, write_text
from barwise.cli.run import DEFAULT, Config

EXAMPLES = (
    "barwise labels trace 2024-05-01T14:35 mes.yaml",
    "barwise labels trace 2024-05-01T09:35-05:00 mes.yaml --horizon 20 --json",
)


def trace(
    time: Annotated[
        str,
        typer.Argument(help="Close of the bar, ISO 8601; without a zone it is UTC."),
    ],
    config: Config = DEFAULT,
    horizon: Annotated[
        int | None,
        typer.Option("--horizon", min=1, help="Bars; else the config's first."),
    ] = None,
    json: Json = False,
) -> None:
    """Show how the bar that closes at TIME came by its label.

    Entry, barrier prices, every bar of the path up to the exit, the finer bars that
    decided a tie, and the return; or why the bar has no label. Of meta-labels also what
    the primary model proposes, and what came of it.
    """
    from barwise.pipeline import RunConfig
    from barwise.pipeline.label_trace import trace_at

    found, doubt, judged = trace_at(RunConfig.read(config), time, horizon)
    if json:
        facts = found.to_dict()
        for step in facts["steps"]:
            step["time"] = utc(step["time"])
        for key in ("time", "end_time"):
            facts[key] = None if facts[key] is None else utc(facts[key])
        write_json(
            facts
            | {"not_a_sample": doubt or None, "primary": judged and asdict(judged)}
        )
        return
    for line in (*found.lines(), *(judged.lines() if judged else ())):
        write_text(line)
    if doubt:
        note(f"barwise: the bar is no sample: it is {doubt}")


def utc(time: int) -> str:
    """Write nanoseconds UTC as ISO 8601, its zone included.

    Examples
    --------
    >>> utc(1_514_764_800_000_000_000)
    '2018-01-01T00:00:00Z'
    """
    import numpy as np

    return f"{np.datetime64(time, 'ns').astype('datetime64[s]')}Z"
