"""``barwise audit dataset``: whether a config's data sets are fit to train on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from barwise.cli.output import Json, note, progress, write_json, write_table, write_text
from barwise.cli.run import DEFAULT, Config

if TYPE_CHECKING:
    from barwise.datasets import DatasetVerdict

EXAMPLES = (
    "barwise audit dataset mes.yaml",
    "barwise audit dataset mes.yaml --horizon 20 --max-drifting 0.1 --json",
)

_NOT_PASSED = 4
_SHOWN = 10


def audit_dataset(
    config: Config = DEFAULT,
    horizon: Annotated[
        int | None,
        typer.Option("--horizon", help="One of the config's; else the longest."),
    ] = None,
    max_drifting: Annotated[
        float,
        typer.Option(
            "--max-drifting", min=0, max=1, help="Share of columns that may have moved."
        ),
    ] = 0.2,
    json: Json = False,
) -> None:
    """Check a data set before anything is trained on it.

    Missing, infinite and constant values, columns that say the same, effective samples
    beside columns, rare classes and classes that move, labels that reach into a later
    part, and drift of every column from the training to the validation part, against
    what the column does by itself. The test part stays sealed. The exit code is 4 when
    the data set is not ready for training; warnings do not count.
    """
    from barwise.datasets import CheckSettings, check_dataset
    from barwise.pipeline import RunConfig, build_dataset

    settings = RunConfig.read(config)
    chosen = max(settings.labels.horizons) if horizon is None else horizon
    with progress(settings.symbol) as bar:
        bar(0, 1, "building the data set")
        data = build_dataset(settings, horizon=chosen)
        bar(0, 1, "checking it")
        verdict = check_dataset(data, CheckSettings(drifting=max_drifting))
    if json:
        write_json({"horizon": chosen, **verdict.to_dict()})
    else:
        write_text(f"{settings.symbol}, {chosen} bars: {verdict}\n")
        _show_drift(verdict)
    if not verdict.ready:
        note(f"barwise: the data set of {chosen} bars is {verdict.headline}")
        raise typer.Exit(_NOT_PASSED)


def _show_drift(verdict: DatasetVerdict) -> None:
    """Write the columns that moved, the furthest first, or else the nearest to it."""
    columns = verdict.drift["val"]
    order = sorted(
        columns,
        key=lambda one: (
            not one.moved,
            not one.drift.told,
            -one.drift.psi if one.moved else one.drift.p_value,
        ),
    )
    titles = ("column", "PSI", "by itself below", "p", "distance", "blocks", "moved")
    rows = []
    for one in order[:_SHOWN]:
        drift = one.drift
        told = ("-", "-")
        if drift.told:
            told = (f"{drift.threshold:.3f}", f"{drift.p_value:.4f}")
        blocks = f"{drift.blocks[0]} + {drift.blocks[1]}"
        said = ("yes" if one.moved else "no") if drift.told else "cannot be told"
        rows.append(
            (
                one.name,
                f"{drift.psi:.3f}",
                *told,
                f"{drift.distance:.2f} sd",
                blocks,
                said,
            )
        )
    write_table(titles, rows)
