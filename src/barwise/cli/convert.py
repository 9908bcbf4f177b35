"""``barwise data convert``: trades or bars of any layout into one clean Parquet file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from barwise.cli.output import Json, free_parquet, note, write_json, write_text
from barwise.cli.source import Label, Symbol, Timezone

if TYPE_CHECKING:
    from barwise.bars.bars import Bars
    from barwise.bars.event_rule import EventRule
    from barwise.bars.quality import QualityReport
    from barwise.cli.source import Source

EXAMPLES = (
    "barwise data convert trades.csv --bars volume --bar-size 5000 -o volume.parquet",
    "barwise data convert es_1m.csv --symbol ES --interval 5min -o es_5m.parquet",
    "barwise data convert es.yaml -o es_bars.parquet",
)
Kind = Literal[
    "time",
    "tick",
    "volume",
    "dollar",
    "tick_imbalance",
    "volume_imbalance",
    "dollar_imbalance",
]


def convert(
    file: Annotated[
        Path, typer.Argument(help="A file of trades or bars, or a config of a run.")
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Parquet file to write.")
    ],
    bars: Annotated[
        Kind | None,
        typer.Option(
            "--bars", help="What ends a bar; else the rows stay what they are."
        ),
    ] = None,
    bar_size: Annotated[
        float | None,
        typer.Option(
            "--bar-size",
            help="Trades, volume or traded value of a bar; of imbalance bars the trades "
            "on average.",
        ),
    ] = None,
    interval: Annotated[
        str | None, typer.Option("--interval", help="Length of time bars, e.g. 5min.")
    ] = None,
    session: Annotated[
        Literal["all", "RTH", "ETH"] | None,
        typer.Option("--session", help="Hours to keep; else all."),
    ] = None,
    symbol: Symbol = None,
    label: Label = None,
    timezone: Timezone = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file.")] = False,
    json: Json = False,
) -> None:
    """Clean trades or bars, build event bars or longer ones, and store them as Parquet.

    What was found in the rows and done about it is told. Nothing is filled in: a run
    does that (data.gaps). Of a config the bars are written that its run would use.
    """
    from barwise.bars.stored import write_bars
    from barwise.cli.source import find_source

    free_parquet(output, "converted bars", force=force)
    source = find_source(file, symbol, label, timezone)
    given = {
        "--bars": bars,
        "--bar-size": bar_size,
        "--interval": interval,
        "--session": session,
    }
    raw, made, report = (
        _of_file(source, given) if source.config is None else _of_config(source, given)
    )
    write_bars(made, output)
    facts = _facts(output, source, raw, made)
    if json:
        write_json(facts | {"quality": report.to_dict()})
        return
    write_text(f"{made!r}\n{report}")
    if facts["bars_a_session"] is not None:
        write_text(f"{facts['bars_a_session']:g} bars in the median session")
    write_text(f"{output}: read it with label: close")


def _of_config(
    source: Source, given: dict[str, Any]
) -> tuple[Bars, Bars, QualityReport]:
    from barwise.core.errors import ConfigError
    from barwise.pipeline.building import build_bars, check_target
    from barwise.pipeline.source import read_source

    config, instrument = source.config, source.instrument
    said = [option for option, value in given.items() if value is not None]
    if config is None or instrument is None:
        raise AssertionError(source)
    if said:
        raise ConfigError(
            f"{config.file} is a config, which says {', '.join(said)} itself: change it "
            "there, or name the file of trades or bars"
        )
    raw, undecided = read_source(config)
    check_target(config, raw)
    made, report = build_bars(raw, config, instrument, config.target)
    return raw, made, report.with_findings(undecided)


def _of_file(source: Source, given: dict[str, Any]) -> tuple[Bars, Bars, QualityReport]:
    from barwise.bars.doubts import fault_doubts, source_doubts
    from barwise.bars.prepare import prepare
    from barwise.bars.read import read_with_findings
    from barwise.core.errors import ConfigError

    if source.instrument is None:
        raise ConfigError(
            f"{source.symbol} is no known symbol, so its sessions are not: name one "
            "(--symbol), or describe it in a config and name that (barwise init)"
        )
    raw, undecided = read_with_findings(source.path, **source.reading)
    made, report = prepare(
        raw,
        interval=_target(raw, given),
        session=given["--session"] or "all",
        gaps="drop",
        instrument=source.instrument,
    )
    report = report.with_findings(undecided)
    for doubt in [*source_doubts(raw, source.instrument), *fault_doubts(report)]:
        note(f"barwise: {source.path}: CHECK: {doubt}")
    return raw, made, report


def _target(raw: Bars, given: dict[str, Any]) -> int | str | EventRule:
    """Return the interval or rule that the options ask for, else that of the source."""
    from barwise.bars.event_rule import EventRule
    from barwise.core.errors import ConfigError

    kind, size, interval = (given[f"--{n}"] for n in ("bars", "bar-size", "interval"))
    if kind not in (None, "time"):
        if interval is not None:
            raise ConfigError(f"--interval has no effect with --bars {kind}")
        if size is None:
            raise ConfigError(f"--bars {kind} needs --bar-size, e.g. --bar-size 1000")
        return EventRule(kind, size)
    if size is not None:
        raise ConfigError("--bar-size has no effect on time bars; say --bars as well")
    if interval is not None:
        return str(interval)
    if kind == "time" and raw.interval is None:
        raise ConfigError("--bars time needs --interval, e.g. --interval 1min")
    return raw.interval or raw.rule or ""


def _facts(output: Path, source: Source, raw: Bars, made: Bars) -> dict[str, Any]:
    import numpy as np

    from barwise.bars.prepare import sessions_of

    if not len(made):
        per_session = None
    else:
        sessions = sessions_of(made, source.instrument.calendar)  # type: ignore[union-attr]
        found = sessions.index_of(made.time)
        counts = np.bincount(found[found >= 0])
        per_session = float(np.median(counts[counts > 0])) if counts.any() else None
    return {
        "file": str(output),
        "source": str(source.path),
        "symbol": made.symbol,
        "bars": made.length,
        "rows_read": len(raw),
        "rows": len(made),
        "bars_a_session": per_session,
    }
