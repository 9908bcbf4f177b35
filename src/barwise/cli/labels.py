"""``barwise labels``: what is predicted, and how one label came about."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from barwise.cli import labels_trace, labels_tune
from barwise.cli.output import (
    Json,
    ending,
    note,
    progress,
    write_json,
    write_table,
    write_text,
)
from barwise.cli.run import DEFAULT, Config

if TYPE_CHECKING:
    from barwise.pipeline.label_tables import LabelTables

_BUILD = (
    "barwise labels build mes.yaml",
    "barwise labels build mes.yaml --output labels --json",
)

group = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
group.command("trace", epilog=ending(*labels_trace.EXAMPLES))(labels_trace.trace)
group.command("tune", epilog=ending(*labels_tune.EXAMPLES))(labels_tune.tune)


def add_to(app: typer.Typer) -> None:
    """Add the group to the command line."""
    app.add_typer(
        group,
        name="labels",
        help="Build and tune labels, and trace one.",
        epilog=ending(_BUILD[0]),
    )


@group.command("build", epilog=ending(*_BUILD))
def build(
    config: Config = DEFAULT,
    output: Annotated[
        Path | None,
        typer.Option("--output", help="Folder for one Parquet file a horizon."),
    ] = None,
    json: Json = False,
) -> None:
    """Label the bars of a config and say what the labels look like.

    Tables have one row a bar: label, when it ended and was known, the trade's return, how
    sure the label is, its quality and weights. What is printed covers the training and
    validation part only: the test part stays sealed.
    """
    from barwise.pipeline import RunConfig
    from barwise.pipeline.label_tables import build_labels

    settings = RunConfig.read(config)
    with progress(settings.symbol) as bar:
        made = build_labels(settings, lambda text: bar(0, 1, text))
    files = [] if output is None else made.write(output)
    if json:
        write_json(_facts(made, files))
        return
    _show(made)
    for one in made.summaries:
        for problem in one.problems:
            note(f"barwise: horizon {one.horizon}: {problem}")
    for file in files:
        write_text(f"Table: {file}")


def _facts(made: LabelTables, files: list[Path]) -> dict[str, Any]:
    from barwise.cli.labels_trace import utc

    return {
        "symbol": made.bars.instrument.symbol,
        "bars": len(made.bars.bars),
        "simulated": made.bars.bars.simulated,
        "target": made.bars.config.labels.target,
        "rule": made.rule,
        "test_begins": utc(made.test_begins),
        "horizons": [asdict(one) for one in made.summaries],
        "files": [str(file) for file in files],
    }


def _show(made: LabelTables) -> None:
    from barwise.cli.labels_trace import utc

    bars = made.bars.bars
    write_text(
        f"{made.bars.instrument.symbol}: {len(bars):,} bars of {bars.length}, "
        f"{made.rule}" + (", SIMULATED" if bars.simulated else "")
    )
    first = made.summaries[0]
    titles = ("horizon", "samples", "effective", *first.counts, *first.truth)
    write_table(
        (*titles, "cost-fragile"),
        [
            (
                one.horizon,
                f"{one.samples:,}",
                f"{one.effective:,.0f}",
                *(_share(count, one.samples) for count in one.counts.values()),
                *(_share(count, one.samples) for count in one.truth.values()),
                f"{one.cost_fragile:.1%}",
            )
            for one in made.summaries
        ],
    )
    write_text(f"\nCounted before {utc(made.test_begins)}: the test part is sealed.")


def _share(count: int, of: int) -> str:
    return f"{count:,} ({count / max(1, of):.1%})"
