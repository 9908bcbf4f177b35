"""``barwise data``: look at a file of bars before anything is built on it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from barwise.cli import append, convert
from barwise.cli.output import Json, ending, note, write_json, write_table, write_text
from barwise.cli.simulate import EXAMPLE, simulate
from barwise.cli.source import Label, Symbol, Timezone

if TYPE_CHECKING:
    from barwise.bars.bars import Bars
    from barwise.cli.source import Source

group = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
group.command("convert", epilog=ending(*convert.EXAMPLES))(convert.convert)
group.command("append", epilog=ending(*append.EXAMPLES))(append.append)
group.command("simulate", epilog=ending(EXAMPLE))(simulate)

File = Annotated[
    Path, typer.Argument(help="A file of bars or trades, or a config that names one.")
]
_INVALID = 3
_SHARES = (0.0, 0.5, 1.0)


def add_to(app: typer.Typer) -> None:
    """Add the group to the command line."""
    app.add_typer(
        group,
        name="data",
        help="Check, describe, convert and extend files of bars and trades.",
        epilog=ending(
            "barwise data check mes.csv",
            convert.EXAMPLES[0],
            "barwise data append mes.parquet mes_march.parquet",
        ),
    )


@group.command(
    "check",
    epilog=ending(
        "barwise data check mes.csv --symbol MES --label open --timezone America/Chicago",
        "barwise data check mes.yaml --json",
    ),
)
def check(
    file: File,
    symbol: Symbol = None,
    label: Label = None,
    timezone: Timezone = None,
    json: Json = False,
) -> None:
    """Count everything that is wrong with a file of bars and name the rows.

    The exit code is 3 when a finding is an error: for a config by its data.policy,
    for a file when rows are out of order, repeated or impossible.
    """
    from barwise.bars.clean import clean_file
    from barwise.bars.doubts import fault_doubts, source_doubts
    from barwise.bars.policies import resolve_policy
    from barwise.bars.trade_cleaner import resolve_trade_policy
    from barwise.cli.source import find_source

    source = find_source(file, symbol, label, timezone)
    bars, undecided = _read(source)
    known, sessions = source.instrument, _sessions(bars, source)
    _, report = clean_file(
        bars,
        "repair",
        known.tick_size if known else None,
        sessions,
    )
    report = report.with_findings(undecided)
    resolve = resolve_trade_policy if bars.are_trades else resolve_policy
    policy = resolve(source.policy)
    doubts = [] if known is None else source_doubts(bars, known)
    doubts += fault_doubts(report)
    errors = [f.kind for f in report.findings if policy.get(f.kind) == "error"]
    if json:
        facts = {"file": str(source.path), **report.to_dict()}
        write_json(facts | {"errors": errors, "doubts": doubts})
    else:
        write_text(str(report))
    for doubt in doubts:
        note(f"barwise: {source.path}: CHECK: {doubt}")
    if errors:
        note(
            f"barwise: {source.path}: {', '.join(errors)}: errors; mend the file, or let "
            "a run repair them (data.policy: repair)"
        )
        raise typer.Exit(_INVALID)


@group.command(
    "describe",
    epilog=ending(
        "barwise data describe mes.csv", "barwise data describe mes.yaml --json"
    ),
)
def describe(
    file: File,
    symbol: Symbol = None,
    label: Label = None,
    timezone: Timezone = None,
    json: Json = False,
) -> None:
    """Say what a file holds: layout, span, interval, prices, volume, and why."""
    from barwise.cli.source import find_source

    source = find_source(file, symbol, label, timezone)
    bars, _ = _read(source)
    facts = _facts(bars, source)
    if json:
        write_json(facts)
        return
    columns: Mapping[str, Mapping[str, float]] = facts.pop("columns")
    evidence = facts.pop("evidence")
    write_table(("what", "value"), [(key, value) for key, value in facts.items()])
    write_text("")
    write_table(
        ("column", "missing", "lowest", "median", "highest"),
        [
            (name, *(f"{value:.10g}" for value in column.values()))
            for name, column in columns.items()
        ],
    )
    if evidence:
        write_text("\n".join(["", *(f"- {line}" for line in evidence)]))


def _read(source: Source) -> tuple[Bars, list[Any]]:
    if source.config is not None:
        from barwise.pipeline.source import read_source

        return read_source(source.config)
    from barwise.bars.read import read_with_findings

    return read_with_findings(source.path, **source.reading)


def _sessions(bars: Bars, source: Source) -> Any:
    from barwise.bars.clean import arrange
    from barwise.bars.prepare import sessions_of

    if source.instrument is None:
        note(
            f"barwise: {source.symbol} is no known symbol, so its sessions are not; "
            "gaps include nights and weekends (--symbol names another one)"
        )
        return None
    return sessions_of(arrange(bars)[0], source.instrument.calendar)


def _facts(bars: Bars, source: Source) -> dict[str, Any]:
    import numpy as np

    from barwise.bars.bars import format_interval

    def moment(time: int) -> str:
        return str(np.datetime64(int(time), "ns").astype("datetime64[s]")) + "Z"

    columns = {}
    for name in ("open", "high", "low", "close", "volume"):
        values = getattr(bars, name)
        there = values[np.isfinite(values)]
        low, middle, high = np.quantile(there, _SHARES) if len(there) else [np.nan] * 3
        columns[name] = {
            "missing": int(len(values) - len(there)),
            "lowest": float(low),
            "median": float(middle),
            "highest": float(high),
        }
    return {
        "file": str(source.path),
        "symbol": bars.symbol,
        "prices": bars.prices,
        "label": source.reading["label"],
        "timezone": source.reading["timezone"] or "of the column, else UTC",
        "rows": len(bars),
        "bars": bars.length,
        "interval": format_interval(bars.interval) if bars.interval else None,
        "first": moment(bars.time.min()) if len(bars) else None,
        "last": moment(bars.time.max()) if len(bars) else None,
        "simulated": bars.simulated,
        "columns": columns,
        "evidence": list(source.evidence),
    }
