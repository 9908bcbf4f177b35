"""``barwise runs``: finished runs and their scores."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from barwise.cli.output import Json, ending, note, write_json, write_table, write_text

if TYPE_CHECKING:
    from barwise.training.run_folder import Run

group = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

Output = Annotated[
    Path, typer.Option("--output", help="Folder of experiments (output in the config).")
]
_SCORES = (
    ("classification", "macro_f1"),
    ("trading", "sharpe_ratio"),
    ("trading", "num_trades"),
)


_SCORED = ("classification", "trading")
_COMPARED = (*_SCORED, "baselines", "intervals")


def add_to(app: typer.Typer) -> None:
    """Add the group to the command line."""
    app.add_typer(
        group,
        name="runs",
        help="Look at finished runs.",
        epilog=ending("barwise runs list"),
    )


@group.command(
    "list", epilog=ending("barwise runs list", "barwise runs list --output experiments")
)
def list_all(output: Output = Path("experiments"), json: Json = False) -> None:
    """List the finished runs, the oldest first, with their main scores."""
    from barwise.training.run_folder import list_runs

    runs = list_runs(output / "runs")
    if json:
        write_json([_facts(run) for run in runs])
    elif not runs:
        note(f"no finished run in {output / 'runs'}")
    else:
        write_table(
            ("run", "model", "horizon", *(key for _, key in _SCORES)),
            [
                (
                    run.path.name,
                    run.model,
                    run.horizon,
                    *(
                        _number(run.metrics.get(part, {}).get(key))
                        for part, key in _SCORES
                    ),
                )
                for run in runs
            ],
        )


@group.command(
    "show", epilog=ending("barwise runs show lightgbm_20_20260102_153000 --json")
)
def show(
    run: Annotated[str, typer.Argument(help="Name or path of the run.")],
    output: Output = Path("experiments"),
    json: Json = False,
) -> None:
    """Show one run: what it was, its scores beside the baselines, its files."""
    from barwise.training.run_folder import read_run

    path = Path(run) if Path(run).is_dir() else output / "runs" / run
    found = read_run(path)
    if json:
        write_json(_facts(found) | {"files": _files(path)})
        return
    write_text(f"{found.path}: {found.model}, horizon {found.horizon}")
    _show_scores(found)
    rest = {k: v for k, v in found.metrics.items() if k not in _COMPARED}
    rows = _flat(rest) + _flat(found.provenance, "provenance")
    if rows:
        write_table(("what", "value"), rows)
        write_text("")
    write_text("\n".join(_files(path)))


def _show_scores(run: Run) -> None:
    """Write each score with its interval, and those of the baselines beside it."""
    baselines: Mapping[str, Any] = run.metrics.get("baselines", {})
    others = {name: dict(_scores(one)) for name, one in baselines.items()}
    intervals = run.metrics.get("intervals", {})
    rows = []
    for name, value in _scores(run.metrics):
        found = intervals.get(name.split(".", 1)[1], {})
        ends = [_number(found.get(end)) for end in ("lower", "upper")]
        beside = (one.get(name, "-") for one in others.values())
        rows.append((name, value, " to ".join(ends) if found else "-", *beside))
    if rows:
        write_table(("score", run.model, "95 %", *others), rows)
        write_text("")


def _scores(metrics: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the scores that are numbers, by name."""
    parts = {part: metrics[part] for part in _SCORED if part in metrics}
    return [row for row in _flat(parts) if not row[0].endswith("confusion_matrix")]


def _facts(run: Run) -> dict[str, Any]:
    return {
        "run": run.path.name,
        "path": str(run.path),
        "model": run.model,
        "horizon": run.horizon,
        "timestamp": run.timestamp,
        "metrics": run.metrics,
        "provenance": run.provenance,
    }


def _files(path: Path) -> list[str]:
    return sorted(str(p.relative_to(path)) for p in path.rglob("*") if p.is_file())


def _flat(values: Mapping[str, Any], inside: str = "") -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    for key, value in values.items():
        name = f"{inside}.{key}" if inside else key
        if isinstance(value, Mapping):
            rows.extend(_flat(value, name))
        else:
            rows.append((name, _number(value)))
    return rows


def _number(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
