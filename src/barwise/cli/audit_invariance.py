"""``barwise audit invariance``: what moves features that should not."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from barwise.cli.output import Json, note, progress, write_json, write_table, write_text
from barwise.cli.run import DEFAULT, Config

if TYPE_CHECKING:
    from barwise.pipeline.audits import InvarianceAudit, Move, Trial
    from barwise.training.run_folder import Run

EXAMPLES = (
    "barwise audit invariance es.yaml",
    "barwise audit invariance es.yaml --set full --json",
    "barwise audit invariance es.yaml --run lightgbm_20_20260102_153000",
)

_NOT_PASSED = 4
_SHOWN = 20


def audit_invariance(
    config: Config = DEFAULT,
    set_name: Annotated[
        str | None,
        typer.Option("--set", help="Audit a built-in set in place of the columns."),
    ] = None,
    run: Annotated[
        str | None,
        typer.Option(
            "--run", help="Name or path of a finished run: its signals are compared."
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Compute the features on other histories of the same market and compare.

    Rolls some sessions earlier or later, with other jumps, adjusted in another way; all
    prices ten times as large; a week of a clock that is an hour off; closes a tick off,
    bars missing and bars late. Finer bars change with the bars, tables (external) stay
    what they are. The exit code is 4 when a roll changes a row of a feature
    that was known before it.
    """
    from barwise.pipeline import RunConfig
    from barwise.pipeline.audits import audit_config

    settings = RunConfig.read(config)
    if set_name is not None:
        settings = settings.replace(features={"set": set_name})
    trained = None if run is None else _run(run, settings.output_path)
    with progress("audit") as report:
        audit = audit_config(
            settings,
            run=trained,
            progress=lambda done, total, text: report(done, total, text),
        )
    if json:
        write_json({"symbol": settings.symbol, **audit.to_dict()})
    else:
        _tell(audit)
    for name, why in audit.skipped.items():
        note(f"barwise: {name} was left out: {why}")
    if settings.external and set_name is None:
        names = ", ".join(table.name for table in settings.external)
        note(f"barwise: tables are the same in every history: {names}")
    if not any(trial.kind == "roll" for trial in audit.trials):
        note(
            "barwise: the bars have no roll that could be moved; name the contracts "
            "(data.rolls, data.contracts) if this is a chain of futures"
        )
    if audit.changed_by_later_rolls:
        names = ", ".join(audit.changed_by_later_rolls)
        note(f"barwise: a later roll changes earlier rows of {names}")
        raise typer.Exit(_NOT_PASSED)


def _run(name: str, output: Path) -> Run:
    from barwise.training.run_folder import read_run

    return read_run(Path(name) if Path(name).is_dir() else output / "runs" / name)


def _tell(audit: InvarianceAudit) -> None:
    write_table(
        ("history", "rows", "moved", "earlier", "lasting", "flipped", "what is other"),
        [_history(trial) for trial in audit.trials],
    )
    write_text(
        "\nmoved: columns that moved; earlier: of rows known before; lasting: after it is "
        "over and\nforgotten; flipped: signals of the run.\n"
    )
    most = _most(audit)
    write_table(
        ("column", "keeps a roll's scale", "moved", "of rows", "first", "most by"),
        [
            (
                move.column,
                "no" if audit.roll_invariant[move.column] else "yes",
                _sizes(move.largest),
                f"{move.share:.2%}",
                _moment(move.first),
                trial.name,
            )
            for trial, move in most[:_SHOWN]
        ],
    )
    write_text("\nmoved: the largest move, in standard deviations of the column.")
    if len(most) > _SHOWN:
        write_text(f"{len(most) - _SHOWN} more columns moved; --json has them all.")


def _history(trial: Trial) -> tuple[object, ...]:
    moves = trial.moves
    flipped = "-"
    if trial.asked is not None and trial.flipped is not None:
        flipped = f"{trial.flipped:,} of {trial.asked:,}"
    return (
        trial.name,
        f"{trial.rows:,}",
        sum(move.share > 0 for move in moves),
        sum(move.early > 0 for move in moves),
        sum(bool(move.lasting) for move in moves),
        flipped,
        trial.text,
    )


def _most(audit: InvarianceAudit) -> list[tuple[Trial, Move]]:
    """Return the largest move of each column that moved, the largest first."""
    largest: dict[str, tuple[Trial, Move]] = {}
    for trial in audit.trials:
        for move in trial.moves:
            before = largest.get(move.column)
            if move.share > 0 and (before is None or _size(move) > _size(before[1])):
                largest[move.column] = trial, move
    return sorted(largest.values(), key=lambda pair: -_size(pair[1]))


def _size(move: Move) -> float:
    return -1.0 if math.isnan(move.largest) else move.largest


def _sizes(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.3g}"


def _moment(time: int | None) -> str:
    import numpy as np

    if time is None:
        return "-"
    return str(np.datetime64(time, "ns").astype("datetime64[m]")).replace("T", " ")
