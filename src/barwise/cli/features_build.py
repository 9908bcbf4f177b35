"""``barwise features build``: the columns of a config as a table."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from barwise.cli.output import Json, note, progress, write_json, write_table, write_text
from barwise.cli.run import DEFAULT, Config

if TYPE_CHECKING:
    from barwise.pipeline.feature_tables import FeatureTable

EXAMPLES = (
    "barwise features build mes.yaml --output features.parquet",
    "barwise features build mes.yaml --json",
)


def build(
    config: Config = DEFAULT,
    output: Annotated[
        Path | None, typer.Option("--output", help="Parquet file to write.")
    ] = None,
    json: Json = False,
) -> None:
    """Compute the features of a config and say what each column covers.

    The table has one row a bar: ``time``, its close in UTC, and the columns that a run
    trains on, not scaled yet. A column is empty until its look-back is filled. Columns
    that learn do so from the training rows, as in a run.
    """
    from barwise.core.errors import ConfigError
    from barwise.pipeline import RunConfig
    from barwise.pipeline.feature_tables import build_features

    if output is not None and output.suffix != ".parquet":
        raise ConfigError(
            f"--output {output}: the table is a Parquet file; write e.g. "
            f"{output.with_suffix('.parquet')}"
        )
    settings = RunConfig.read(config)
    with progress(settings.symbol) as bar:
        made = build_features(settings, lambda text: bar(0, 1, text))
    if output is not None:
        made.write(output)
    if json:
        write_json(_facts(made, output))
        return
    _show(made)
    if output is not None:
        write_text(f"Table: {output}")


def _facts(made: FeatureTable, output: Path | None) -> dict[str, Any]:
    inputs = made.inputs
    return {
        "symbol": inputs.instrument.symbol,
        "bars": len(inputs.bars),
        "simulated": inputs.bars.simulated,
        "columns": [asdict(one) | {"first": _utc(one.first)} for one in made.coverage],
        "left_out": dict(inputs.columns.left_out),
        "file": None if output is None else str(output),
    }


def _show(made: FeatureTable) -> None:
    inputs = made.inputs
    write_text(
        f"{inputs.instrument.symbol}: {len(inputs.bars):,} bars of {inputs.bars.length}, "
        f"{len(inputs.names)} columns"
        + (", SIMULATED" if inputs.bars.simulated else "")
    )
    rows = [
        (one.column, _utc(one.first) or "never", f"{one.share:.1%}")
        for one in sorted(made.coverage, key=lambda one: one.share)
    ]
    write_table(("column", "first value", "of the bars"), rows)
    for name, why in inputs.columns.left_out.items():
        note(f"barwise: {name} is left out: {why}")


def _utc(time: int | None) -> str | None:
    from barwise.cli.labels_trace import utc

    return None if time is None else utc(time)
