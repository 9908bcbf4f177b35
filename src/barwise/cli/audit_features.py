"""``barwise audit features``: which features look ahead, where, and how far."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from barwise.cli.output import Json, note, progress, write_json, write_text
from barwise.cli.run import DEFAULT

if TYPE_CHECKING:
    from barwise.bars.bars import Bars
    from barwise.pipeline.audits import Audit, Subject
    from barwise.pipeline.audits.within import Within
    from barwise.pipeline.config import RunConfig

EXAMPLES = (
    "barwise audit features mes.yaml",
    "barwise audit features my_features.py --bars mes.yaml",
    "barwise audit features notebook.py --function edge --bars mes.csv --label open",
    "barwise audit features --set full",
)

_NOT_PASSED = 4
_DAYS = 14


Target = Annotated[
    Path | None,
    typer.Argument(
        help="A config, or a Python file of features; else barwise.yaml.",
        metavar="[CONFIG|FILE]",
    ),
]
Function = Annotated[
    list[str] | None,
    typer.Option(
        "--function",
        help="Function of a data frame in FILE that has no decorator; repeatable.",
    ),
]
Frame = Annotated[
    Literal["pandas", "polars", "numpy"],
    typer.Option("--frame", help="What such a function is given."),
]
SetName = Annotated[
    str | None,
    typer.Option("--set", help="Audit the columns of a built-in set instead."),
]
BarsFile = Annotated[
    Path | None,
    typer.Option(
        "--bars", help="Bars to audit on: a file or a config; else simulated ones."
    ),
]
Symbol = Annotated[
    str | None, typer.Option("--symbol", help="Instrument of --bars FILE.")
]
Label = Annotated[
    Literal["open", "close"] | None,
    typer.Option("--label", help="Which end of a bar --bars FILE is stamped with."),
]
Timezone = Annotated[
    str | None, typer.Option("--timezone", help="Clock of --bars FILE.")
]
Rows = Annotated[
    int, typer.Option("--rows", min=60, help="Audit on the last bars only.")
]


def audit_features(
    target: Target = None,
    function: Function = None,
    frame: Frame = "pandas",
    set_name: SetName = None,
    bars: BarsFile = None,
    symbol: Symbol = None,
    label: Label = None,
    timezone: Timezone = None,
    rows: Rows = 3000,
    json: Json = False,
) -> None:
    """Say whether a feature knows what it could not have known, where, and how far.

    The bars after many rows, and the finer bars and rows of tables that come with them,
    are taken away or replaced by others: every row before them has to stay what it was. Of a config its own features are audited, or its columns
    where it has none. The exit code is 4 when a feature cheats.
    """
    config = _config(target, set_name, function or [])
    with progress("audit") as report:
        report(0, 1, "reading bars")
        market, within = _market(config, bars, (symbol, label, timezone))
        market, within = market[-rows:], None if within is None else within.last(rows)
        report(0, 1, "computing all columns once")
        file = target if config is None else config.own_path
        if set_name is not None:
            subjects = _columns_of_set(set_name, market, within)
        elif file is None:
            subjects = _columns_of(within)
        else:
            named = config is not None
            subjects = _own(file, function or [], frame, market, within, named)
        audits = [
            _audited(subject, market, _step(report, number, len(subjects)))
            for number, subject in enumerate(subjects)
        ]
    remarks = [] if file is None or set_name is not None else _remarks(file)
    if within is not None and any("external" in one.beside for one in subjects):
        remarks += within.remarks()
    if json:
        write_json(_facts(market, audits, remarks))
    else:
        _tell(market, audits, remarks)
    cheats = sorted(
        column
        for audit in audits
        for column in audit.columns
        if audit.verdict(column) == "cheats"
    )
    if cheats:
        note(f"barwise: {len(cheats)} of the features cheat: {', '.join(cheats)}")
        raise typer.Exit(_NOT_PASSED)


def _config(
    target: Path | None, set_name: str | None, functions: Sequence[str]
) -> RunConfig | None:
    from barwise.core.errors import ConfigError
    from barwise.pipeline.config import RunConfig

    python = target is not None and target.suffix == ".py"
    if set_name is not None and (python or functions):
        raise ConfigError(
            "--set audits built-in columns instead of a Python file's; use one of the two"
        )
    if functions and not python:
        raise ConfigError("--function needs the Python file that defines it as [FILE]")
    if target is None and set_name is None:
        target = DEFAULT
    return None if target is None or python else RunConfig.read(target)


def _market(
    config: RunConfig | None, file: Path | None, told: tuple[str | None, ...]
) -> tuple[Bars, Within | None]:
    """Return the bars of the config, of the file, or simulated ones."""
    from barwise.bars.clean import clean_file
    from barwise.bars.prepare import prepare
    from barwise.bars.simulate import simulate_bars
    from barwise.cli.source import find_source
    from barwise.core.errors import ConfigError
    from barwise.pipeline.audits.within import Within

    if config is not None and file is not None:
        raise ConfigError(
            f"{config.file} names the bars itself (data.path); leave --bars out, or name "
            "the Python file instead of the config"
        )
    if file is None and any(told):
        raise ConfigError(
            "--symbol, --label and --timezone describe a file of bars; name it with --bars"
        )
    if file is None and config is None:
        simulated = simulate_bars("MES", days=_DAYS)
        return prepare(simulated, interval="5min")[0], None
    if file is not None:
        source = find_source(file, *told)
        config = source.config
        if config is None:
            from barwise.bars.read import read_bars

            return clean_file(read_bars(source.path, **source.reading))[0], None
    assert config is not None
    within = Within.of(config)
    return within.bars, within


def _own(
    file: Path,
    functions: Sequence[str],
    frame: Any,
    market: Bars,
    within: Within | None,
    named: bool,
) -> list[Subject]:
    from barwise.pipeline.audits.own_file import own_subjects, plain_functions

    if functions:
        return plain_functions(file, functions, market, frame)
    used = within.columns.names if within is not None and named else ()
    return own_subjects(file, market, names=used, within=within)


def _columns_of(within: Within | None) -> list[Subject]:
    from barwise.pipeline.audits import GraphSubject

    assert within is not None
    names = within.columns.names
    return [
        GraphSubject(
            names,
            within.bars,
            make=lambda chosen: within.graph(chosen, None),
            beside=within.beside(names, None),
        )
    ]


def _columns_of_set(name: str, market: Bars, within: Within | None) -> list[Subject]:
    from barwise.features import set_columns
    from barwise.pipeline.audits import GraphSubject

    names = set_columns(name, has_volume=market.has_volume, interval=market.interval)
    make = None if within is None else lambda chosen: within.graph(chosen, None)
    return [GraphSubject(names, market, make=make)]


def _step(report: Any, number: int, count: int) -> Callable[[str, int, int], None]:
    def step(name: str, done: int, total: int) -> None:
        report(number + done / total, count, f"{name}: cut {done} of {total}")

    return step


def _audited(
    subject: Subject, market: Bars, step: Callable[[str, int, int], None]
) -> Audit:
    from barwise.pipeline.audits import audit_feature

    return audit_feature(
        subject,
        market,
        progress=lambda done, total: step(subject.name, done, total),
    )


def _remarks(file: Path) -> list[str]:
    """Say what no audit of bars can see."""
    from barwise.pipeline.audits.own_file import reads

    return [
        f"{file}:{line}: {name}() takes in other data: numbers learned from later bars "
        "than a row's own would not be noticed here, and a change of those data computes "
        "no feature anew"
        for line, name in reads(file)
    ]


def _facts(
    market: Bars, audits: Sequence[Audit], remarks: Sequence[str]
) -> dict[str, Any]:
    return {
        "bars": {
            "symbol": market.symbol,
            "rows": len(market),
            "simulated": market.simulated,
            "first": int(market.time[0]),
            "last": int(market.time[-1]),
        },
        "honest": all(audit.honest for audit in audits),
        "audits": [audit.to_dict() for audit in audits],
        "remarks": list(remarks),
    }


def _tell(market: Bars, audits: Sequence[Audit], remarks: Sequence[str]) -> None:
    lines = [repr(market).removeprefix("Bars(").removesuffix(")"), ""]
    honest = []
    for audit in audits:
        for column in audit.columns:
            verdict = audit.verdict(column)
            if verdict == "honest":
                honest.append(column)
                continue
            lines.append(f"{column} {'CHEATS' if verdict == 'cheats' else verdict}")
            lines += [f"  {finding.message}" for finding in audit.of(column)]
    if honest:
        lines += [f"honest ({len(honest)}): {', '.join(honest)}"]
    write_text("\n".join([*lines, *(f"CHECK: {remark}" for remark in remarks)]))
