"""Broken files and configs, run as a user would: exit code, message, nothing left."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from barwise.cli.app import run

pytestmark = pytest.mark.usefixtures("blank_figures")

RUN = ("run", "run.yaml")
SCREEN = 30


@dataclass(frozen=True)
class Bad:
    """A command line that must fail, and how.

    Parameters
    ----------
    code : int
        Exit code.
    says : tuple of str
        All of it stands on stderr: where, the value, the rule, the way out.
    swap : tuple of str
        Texts in run.yaml, each followed by what stands there instead.
    more : str
        Lines added to run.yaml, from line 12 on.
    csv : callable, optional
        Lines of mes.csv, the header first, to the lines of the broken file.
    words : tuple of str
        The command line.
    """

    code: int
    says: tuple[str, ...]
    swap: tuple[str, ...] = ()
    more: str = ""
    csv: Callable[[list[str]], list[str]] | None = None
    words: tuple[str, ...] = RUN


def line(number: int, change: Callable[[str], str]) -> Callable[..., list[str]]:
    """Change one line of the file, counted from 1."""

    def changed(lines: list[str]) -> list[str]:
        return [*lines[: number - 1], change(lines[number - 1]), *lines[number:]]

    return changed


def cell(number: int, column: int, text: str) -> Callable[..., list[str]]:
    """Change one cell of a line."""

    def changed(row: str) -> str:
        cells = row.split(",")
        return ",".join([*cells[:column], text, *cells[column + 1 :]])

    return line(number, changed)


def first(rows: int) -> Callable[..., list[str]]:
    return lambda lines: lines[: rows + 1]


def years(year: int) -> Callable[..., list[str]]:
    return lambda lines: [row.replace("2022-", f"{year}-", 1) for row in lines]


def stamps(change: Callable[[int], int]) -> Callable[..., list[str]]:
    """Write the timestamps as numbers made from seconds since 1970."""

    def changed(lines: list[str]) -> list[str]:
        times = pl.Series([row.split(",")[0] for row in lines[1:]])
        seconds = times.str.to_datetime("%Y-%m-%d %H:%M:%S").dt.epoch("s")
        rows = zip(seconds, lines[1:], strict=True)
        return [lines[0], *(f"{change(s)}{row[19:]}" for s, row in rows)]

    return changed


def later(days: int) -> Callable[..., list[str]]:
    """Move all rows by some days."""

    def changed(lines: list[str]) -> list[str]:
        times = pl.Series([row[:19] for row in lines[1:]]).str.to_datetime()
        moved = (times + timedelta(days)).dt.to_string("%Y-%m-%d %H:%M:%S")
        rows = zip(moved, lines[1:], strict=True)
        return [lines[0], *(f"{time}{row[19:]}" for time, row in rows)]

    return changed


def without(column: int) -> Callable[..., list[str]]:
    return lambda lines: [
        ",".join(c for i, c in enumerate(row.split(",")) if i != column)
        for row in lines
    ]


def every(column: int, text: str) -> Callable[..., list[str]]:
    """Write the same into one cell of every row."""

    def changed(lines: list[str]) -> list[str]:
        rows = (row.split(",") for row in lines[1:])
        return [
            lines[0],
            *(",".join([*r[:column], text, *r[column + 1 :]]) for r in rows),
        ]

    return changed


def data(keys: str) -> tuple[str, str]:
    """Add keys to the group data, from line 6 on."""
    return "  timezone: UTC\n", f"  timezone: UTC\n  {keys}\n"


ERROR = data("policy: error")
LEAVES = "  names: [rsi_14, return_1, hour_sin]\n"

FILES = {
    "empty": Bad(3, ("mes.csv is empty",), csv=lambda _: []),
    "headers only": Bad(3, ("mes.csv has a header but no rows",), csv=first(0)),
    "one row": Bad(3, ("mes.csv has 1 rows", "take more rows"), csv=first(1)),
    "prose": Bad(
        3,
        ("mes.csv is no table of bars", "a line reads"),
        csv=lambda _: ["Dear Sir,", "find the prices attached.", "Yours"],
    ),
    "mixed separators": Bad(
        3,
        (
            "mes.csv, line 100: 1 fields where the table has 6",
            "separator ','",
            "repair",
        ),
        csv=line(100, lambda row: row.replace(",", ";")),
    ),
    "ragged row": Bad(
        3,
        ("mes.csv, line 100: 7 fields where the table has 6", "repair or remove"),
        csv=line(100, lambda row: f"{row},7"),
    ),
    "cut off": Bad(
        3,
        ("mes.csv, line 201: 3 fields where", "The file is cut off"),
        csv=lambda lines: [*lines[:200], lines[200].rpartition(",")[0][:30]],
    ),
    "text in a price": Bad(
        3,
        ("row 98 (line 100), column 'open': 'n.a.'", "is not a number", "data.columns"),
        csv=cell(100, 1, "n.a."),
    ),
    "bad timestamp": Bad(
        3,
        (
            "row 98 (line 100): timestamp '2022-13-45 10:00:00'",
            "does not have the form",
        ),
        csv=cell(100, 0, "2022-13-45 10:00:00"),
    ),
    "no timestamp": Bad(
        3,
        ("row 98 (line 100): no timestamp in column 'time'", "every bar needs one"),
        csv=cell(100, 0, ""),
    ),
    "timestamps in no unit": Bad(
        3,
        ("row 0 (line 2)", "is no epoch between 1980 and 2100 in s, ms, us, ns"),
        csv=stamps(lambda second: second * 100_000),
    ),
    "timestamps in days": Bad(
        3,
        ("timestamp 18995 is no epoch", "timestamp_format", "data.columns"),
        csv=stamps(lambda second: second // 86_400),
    ),
    "wrong timestamp_format": Bad(
        3,
        ("does not have the form '%d.%m.%Y'", "leave it out"),
        swap=data("columns: {timestamp_format: '%d.%m.%Y'}"),
    ),
    "repeated row": Bad(
        3,
        ("mes.csv: MES, row 50 (close", "duplicate", "'error'", "'repair'}"),
        swap=ERROR,
        csv=lambda lines: [*lines[:51], lines[50], *lines[51:]],
    ),
    "two versions of a row": Bad(
        3,
        ("row 50", "conflict", "data.policy", "the first wins"),
        swap=ERROR,
        csv=lambda lines: [*lines[:51], lines[50][:-5] + "9999", *lines[51:]],
    ),
    "rows out of order": Bad(
        3,
        ("row 50 (close", "out_of_order: time goes back", "sorted"),
        swap=ERROR,
        csv=lambda lines: [*lines[:50], lines[51], lines[50], *lines[52:]],
    ),
    "price is not a number": Bad(
        3,
        ("row 20", "non_finite", "close nan", "dropped: a price is not guessed"),
        swap=ERROR,
        csv=cell(22, 4, "NaN"),
    ),
    "infinite price": Bad(
        3, ("row 20", "non_finite", "close inf"), swap=ERROR, csv=cell(22, 4, "inf")
    ),
    "negative price": Bad(
        3,
        ("row 20", "non_positive", "low -5", "data.policy"),
        swap=data("policy: {non_positive: error}"),
        csv=cell(22, 3, "-5"),
    ),
    "high below low": Bad(
        3,
        ("row 20", "high_below_low: high is below low", "high 1,", "are swapped"),
        swap=ERROR,
        csv=cell(22, 2, "1"),
    ),
    "negative volume": Bad(
        3,
        ("row 20", "negative_volume", "volume -3", "volume becomes NaN"),
        swap=ERROR,
        csv=cell(22, 5, "-3"),
    ),
    "no row survives": Bad(
        3,
        ("no bar is left of", "barwise data check run.yaml' says why"),
        csv=every(4, "-1"),
    ),
    "two symbols": Bad(
        3,
        ("column 'symbol' holds 2 symbols (MES, MNQ)", "keep the rows of MES"),
        csv=lambda lines: [
            f"{row},{('MES', 'MNQ')[i % 2] if i else 'symbol'}"
            for i, row in enumerate(lines)
        ],
    ),
    "before the calendar": Bad(
        3,
        ("mes.csv: ", "asked for 1990-01-0", "known from 2012", "cut the data"),
        csv=years(1990),
    ),
    "beyond the calendar": Bad(3, ("2090-01-", "to 2030-12-31"), csv=years(2090)),
    "in another century": Bad(
        3, ("row 0 (line 2): timestamp 1850-", "1980 to 2100"), csv=years(1850)
    ),
    "hour that the clock skips": Bad(
        3,
        ("2022-03-13 02:30:00 does not exist", "America/New_York", "another clock"),
        swap=("UTC", "America/New_York"),
        csv=cell(100, 0, "2022-03-13 02:30:00"),
    ),
}

# Told by the config alone, before anything is written.
SETTINGS = {
    "unknown symbol": Bad(
        2,
        ("run.yaml:1: symbol: 'MEZ' is not one of MES, ES", "did you mean MES?"),
        swap=("MES", "MEZ"),
    ),
    "unknown key": Bad(
        2,
        ("run.yaml:10: labels.horizonz: unknown key; did you mean horizons?",),
        swap=("horizons", "horizonz"),
    ),
    "wrong type": Bad(
        2,
        ("run.yaml:10: labels.horizons: 'five' must be a list",),
        swap=("[5]", "five"),
    ),
    "key twice": Bad(
        2, ("run.yaml:12: symbol: stands twice, first on line 1",), more="symbol: ES\n"
    ),
    "tab": Bad(
        2,
        ("run.yaml:4: indented with a tab; use spaces",),
        swap=("  label", "\tlabel"),
    ),
    "bad YAML": Bad(
        2,
        ("run.yaml:11: 'models: [logistic]' is not valid", "close"),
        swap=("[5]", "[5"),
    ),
    "empty value": Bad(
        2,
        ("run.yaml:4: data.label: has no value; fill it in: open or close",),
        swap=("label: open", "label:"),
    ),
    "four mistakes at once": Bad(
        2,
        ("run.yaml:1: symbol", "run.yaml:4: data.label", ":12: seed", ":13: outputs"),
        swap=("MES", "MESS", "label: open", "label: opened"),
        more="seed: -1\noutputs: here\n",
    ),
    "no config": Bad(
        2, ("none.yaml: does not exist; barwise init FILE",), words=("run", "none.yaml")
    ),
    "no default config": Bad(
        2, ("barwise.yaml: does not exist", "barwise init FILE"), words=("run",)
    ),
    "config is a folder": Bad(
        2, ("is a folder; name a YAML file in it",), words=("run", ".")
    ),
    "config is the data": Bad(
        2,
        ("mes.csv:1:", "is not a group of keys", "init FILE"),
        words=("run", "mes.csv"),
    ),
    "config is a Parquet file": Bad(
        2, ("bars.parquet: is no text", "init FILE"), words=("run", "bars.parquet")
    ),
    "no data file": Bad(
        2,
        ("run.yaml:3: data.path: there is no file mess.csv", "relative to the config"),
        swap=("mes.csv", "mess.csv"),
    ),
    "data is a folder": Bad(
        2,
        ("run.yaml:3: data.path: . is a folder; name one file",),
        swap=("mes.csv", "."),
    ),
    "unknown zone": Bad(
        2,
        ("run.yaml:5: data.timezone", "'America/Chikago'", "mean America/Chicago"),
        swap=("UTC", "America/Chikago"),
    ),
    "wrong label": Bad(
        2,
        ("run.yaml:4: data.label: 'start' is not one of open, close",),
        swap=("label: open", "label: start"),
    ),
    "unknown column of bars": Bad(
        2,
        ("run.yaml:6: data.columns: 'closing' is not a column of bars", "close?"),
        swap=data("columns: {closing: close}"),
    ),
    "unknown policy": Bad(
        2,
        ("run.yaml:6: data.policy", "'duplicates'", "did you mean 'duplicate'"),
        swap=data("policy: {duplicates: error}"),
    ),
    "unknown set": Bad(
        2,
        ("run.yaml:7: features.set: unknown feature set 'fuller'", "boosting_optimal"),
        swap=("set: null", "set: fuller"),
    ),
    "unknown column": Bad(
        2,
        ("run.yaml:8: features.names[0]: unknown feature 'rsi14'", "mean rsi_14"),
        swap=("rsi_14", "rsi14"),
    ),
    "impossible column": Bad(
        2,
        ("run.yaml:8: features.names[0]: feature 'rsi_0'", ">= 1, got 0"),
        swap=("rsi_14", "rsi_0"),
    ),
    "prefix of nothing": Bad(
        2,
        ("run.yaml:9: features.include[0]: no column starts with 'makd'", "mean macd"),
        swap=("set: null", "set: full", LEAVES, LEAVES + "  include: [makd]\n"),
    ),
    "no column left": Bad(
        2,
        ("run.yaml:6: features: include and exclude leave no feature", "loosen"),
        swap=(LEAVES, LEAVES + "  exclude: [rsi, return, hour]\n"),
    ),
    "volume of a symbol that has none": Bad(
        2,
        ("run.yaml:8: features.names[0]: 'mfi_14'", "EURUSD has none", "has_volume"),
        swap=("MES", "EURUSD", "rsi_14", "mfi_14"),
    ),
    "unknown model": Bad(
        2,
        ("run.yaml:11: models[0]: unknown model 'logistik'", "'logistic'", "Known"),
        swap=("[logistic]", "[logistik]"),
    ),
    "unknown setting of a model": Bad(
        2,
        ("models[0]: model 'logistic': unknown key 'tolerence'", "mean 'tolerance'"),
        swap=("[logistic]", "[{name: logistic, config: {tolerence: 1}}]"),
    ),
    "setting of a wrong type": Bad(
        2,
        ("models[0]: model 'logistic': max_iterations='many'", "valid integer", "500"),
        swap=("[logistic]", "[{name: logistic, config: {max_iterations: many}}]"),
    ),
    "names looked up in one pass": Bad(
        2,
        (":3: data.path", ":8: features.names[0]", ":11: models[0]", ":11: models[1]"),
        swap=("mes.csv", "no.csv", "rsi_14", "rsy_14", "[logistic]", "[abc, def]"),
    ),
    "horizon of 0": Bad(
        2,
        ("run.yaml:10: labels.horizons[0]: 0 must be greater than or equal to 1",),
        swap=("[5]", "[0]"),
    ),
    "parts that are not a whole": Bad(
        2,
        ("run.yaml:13: split.fractions: [0.7, 0.2, 0.2] must sum to 1", "to 1.1"),
        more="split:\n  fractions: [0.7, 0.2, 0.2]\n",
    ),
    "purge too short": Bad(
        2,
        ("run.yaml:13: split.purge: 2 is less than 3 times", "use 15 or more"),
        more="split:\n  purge: 2\n",
    ),
    "interval without a unit": Bad(
        2,
        ("run.yaml:6: data.interval: interval '5x' cannot be read", "such as 5min"),
        swap=data("interval: 5x"),
    ),
    "hours in small letters": Bad(
        2,
        ("run.yaml:6: data.session: 'rth' is not one of all, RTH, ETH",),
        swap=data("session: rth"),
    ),
    "output is a file": Bad(
        2,
        ("run.yaml:12: output: taken is a file where a folder is needed", "another"),
        more="output: taken\n",
    ),
    "output inside a file": Bad(
        2,
        ("run.yaml:12: output: taken is a file",),
        more="output: taken/experiments\n",
    ),
}

# Told when the settings meet the bars.
MEETING = {
    "zone that contradicts the stamps": Bad(
        2,
        ("run.yaml:2: data: timezone='Asia/Tokyo', but", "leave timezone out"),
        swap=("UTC", "Asia/Tokyo"),
        csv=lambda lines: [lines[0], *(f"{r[:19]}+00:00{r[19:]}" for r in lines[1:])],
    ),
    "column that is not there": Bad(
        2,
        ("run.yaml:2: data:", "close='clse'", "did you mean 'close'?"),
        swap=data("columns: {close: clse}"),
    ),
    "column of text": Bad(
        3,
        ("column 'time': '2022-01-03 23:00:00' is not a number", "data.columns"),
        swap=data("columns: {close: time}"),
    ),
    "no close in the file": Bad(
        2, ("mes.csv: no column for close among 'time'", "data.columns"), csv=without(4)
    ),
    "volume of a file that has none": Bad(
        2,
        ("run.yaml:8: features.names[0]: 'mfi_14'", "mes.csv has none", "leave it out"),
        swap=("rsi_14", "mfi_14"),
        csv=without(5),
    ),
    "volume that is always zero": Bad(
        2,
        ("features.names[1]: 'obv'", "zero on every row"),
        swap=("return_1", "obv"),
        csv=every(5, "0"),
    ),
    "horizon beyond the data": Bad(
        2,
        ("run.yaml:10: labels.horizons: 5000 bars", "shorter horizon or more data"),
        swap=("[5]", "[5000]"),
    ),
    "part emptied by the purge": Bad(
        2,
        ("the val part is empty", "split.purge=400", "a smaller split.purge"),
        more="split:\n  purge: 400\n",
    ),
    "part emptied by the embargo": Bad(
        2,
        ("the val part is empty", "split.embargo=300 takes", "split.embargo"),
        more="split:\n  embargo: 300\n",
    ),
    "too few rows for a label": Bad(
        2,
        ("none of 10 rows is a sample", "0 have a label at horizon 5", "atr_period"),
        csv=first(10),
    ),
    "prices that stand still": Bad(
        2,
        ("rows is a sample", "that width is zero because prices stand still"),
        csv=lambda lines: [
            lines[0],
            *(f"{row[:19]},5000,5000,5000,5000,1" for row in lines[1:]),
        ],
    ),
    "too few rows for a column": Bad(
        2,
        ("none of them with a label and all features", "sma_200 (0 of", "more data"),
        swap=("rsi_14", "sma_200"),
        csv=first(260),
    ),
    "one class": Bad(
        3,
        ("usable training rows hold 1 of 3 classes", "labels.upper", "horizon"),
        swap=("[5]", "[5]\n  upper: 1000\n  lower: 1000"),
    ),
    "window longer than the data": Bad(
        3,
        ("can be used by 'lstm'", "a window of 5,000", "shorter sequence_length"),
        swap=("[logistic]", "[lstm]"),
        more="sequence_length: 5000\n",
    ),
    "interval in between": Bad(
        2,
        ("run.yaml:6: data.interval: 7min is no multiple of 5 min", "use 5min or"),
        swap=data("interval: 7min"),
    ),
    "interval finer than the file": Bad(
        2,
        ("run.yaml:6: data.interval: 1min is no multiple of 5 min", "mes.csv"),
        swap=data("interval: 1min"),
    ),
    "interval that the file contradicts": Bad(
        2,
        ("data.interval: 5min is no multiple of 15 min, which most rows", "15min"),
        csv=lambda lines: [*lines[:300], *lines[300::3]],
    ),
    "regular hours of a file of nights": Bad(
        3,
        ("no bar is left of", "data.session: RTH", "barwise data check run.yaml"),
        swap=data("session: RTH"),
        csv=lambda lines: [lines[0], *(r for r in lines[1:] if r[11:13] < "12")],
    ),
}

WORDS = {
    "train: unknown model": Bad(
        2,
        ("unknown model 'lgbm'; did you mean 'lightgbm'",),
        words=("train", "run.yaml", "--models", "lgbm"),
    ),
    "train: no model": Bad(
        2,
        ("--models ',' names no model; barwise models list shows them",),
        words=("train", "run.yaml", "--models", ","),
    ),
    "train: unknown horizon": Bad(
        2,
        ("run.yaml:10: labels.horizons: 7 is not among 5; add it there",),
        words=("train", "run.yaml", "--horizon", "7"),
    ),
    "train: window of nothing": Bad(
        2,
        ("--seq-len", "greater than or equal to 1"),
        words=("train", "run.yaml", "--seq-len", "0"),
    ),
    "run: no symbol": Bad(
        2,
        ("--symbols '' names no symbol", "(MES)"),
        words=(*RUN, "--symbols", ""),
    ),
    "run: one file for two symbols": Bad(
        2,
        ("data.path: 'mes.csv' is one file for 2 symbols; write {symbol}",),
        words=(*RUN, "--symbols", "MES,ES"),
    ),
    "simulate: unknown symbol": Bad(
        2, ("unknown symbol 'ZZ'", "MES"), words=("data", "simulate", "ZZ", "a.parquet")
    ),
    "simulate: no Parquet": Bad(
        2,
        ("a.csv: simulated bars are written as .parquet",),
        words=("data", "simulate", "MES", "a.csv"),
    ),
    "simulate: no days": Bad(
        2,
        ("--days", "greater than or equal to 1"),
        words=("data", "simulate", "MES", "a.parquet", "--days", "0"),
    ),
    "simulate: beyond the calendar": Bad(
        2,
        ("100,000 sessions", "reaches beyond the calendar", "use fewer days"),
        words=("data", "simulate", "MES", "a.parquet", "--days", "100000"),
    ),
    "simulate: no folder": Bad(
        2,
        ("no/a.parquet: there is no folder no; make it first",),
        words=("data", "simulate", "MES", "no/a.parquet", "--days", "1"),
    ),
    "simulate: over a file": Bad(
        2,
        ("taken.parquet is there already; --force",),
        words=("data", "simulate", "MES", "taken.parquet"),
    ),
    "init: config over the bars": Bad(
        2,
        ("--config mes.csv", ".yaml", "e.g. mes.yaml"),
        words=("init", "mes.csv", "--config", "mes.csv", "--force"),
    ),
    "init: bars that are no bars": Bad(
        3, ("run.yaml is no table of bars",), words=("init", "run.yaml")
    ),
    "init: a folder": Bad(3, ("is a folder; pass one file",), words=("init", ".")),
    "check: unknown zone": Bad(
        2,
        ("'Mars/Base' is not an IANA time zone",),
        words=(
            "data",
            "check",
            "mes.csv",
            "--label",
            "open",
            "--timezone",
            "Mars/Base",
        ),
    ),
    "check: no file": Bad(
        3,
        ("mess.csv does not exist; did you mean 'mes.csv'?",),
        words=("data", "check", "mess.csv"),
    ),
    "demo: output is a file": Bad(
        2,
        ("output:", "taken is a file where a folder is needed"),
        words=("demo", "--simulated", "--out", "taken"),
    ),
    "runs: no such run": Bad(
        2,
        ("nothing is not the folder of a finished run",),
        words=("runs", "show", "nothing"),
    ),
}


def spoil(place: Path, bad: Bad) -> None:
    """Write the broken file and config of a case."""
    (place / "taken").write_text("not yours\n")
    (place / "taken.parquet").write_text("not yours\n")
    pl.DataFrame({"open": [1.0]}).write_parquet(place / "bars.parquet")
    config = (place / "run.yaml").read_text()
    for there, instead in zip(bad.swap[::2], bad.swap[1::2], strict=True):
        assert there in config
        config = config.replace(there, instead)
    (place / "run.yaml").write_text(config + bad.more)
    if bad.csv is not None:
        lines = bad.csv((place / "mes.csv").read_text().splitlines())
        (place / "mes.csv").write_text("".join(f"{row}\n" for row in lines))


def leftovers(place: Path) -> list[str]:
    """Return what a command left, but for inputs and whole stored steps."""
    files = (path.relative_to(place) for path in place.rglob("*") if path.is_file())
    return sorted(
        str(path)
        for path in files
        if ".tmp-" in str(path)
        or (len(path.parts) > 1 and ".barwise" not in path.parts)
    )


def snapshot(place: Path) -> dict[str, bytes]:
    """Return the user's own files."""
    return {path.name: path.read_bytes() for path in place.iterdir() if path.is_file()}


def check_told(told: tuple[str, str], says: tuple[str, ...]) -> None:
    """Check that a failure is one screen of help on stderr."""
    out, err = told
    assert out == ""
    for part in says:
        assert part in err, f"{part!r} is not in:\n{err}"
    for part in ("Traceback", "unexpected", "fault of barwise", "Warning", "X_val"):
        assert part not in err, err
    shown = [row for text in err.splitlines() for row in textwrap.wrap(text, 100)]
    assert len(shown) <= SCREEN, err


BAD = {**FILES, **SETTINGS, **MEETING, **WORDS}


@pytest.mark.parametrize("name", BAD)
def test_bad_input(name, place, capsys):
    bad = BAD[name]
    spoil(place, bad)
    before = snapshot(place)
    assert run(bad.words) == bad.code
    check_told(capsys.readouterr(), bad.says)
    assert snapshot(place) == before
    assert leftovers(place) == []
    if name in SETTINGS or name in WORDS:
        assert not (place / "experiments").exists()


def leaderboard(capsys, words=RUN) -> list[dict]:
    assert run([*words, "--json"]) == 0
    (result,) = json.loads(capsys.readouterr().out)
    return result["leaderboard"]


def test_rows_that_can_be_repaired_change_no_result(done, capsys, market_text):
    """Newest first, some rows twice: a common vendor file, the same numbers."""
    clean = leaderboard(capsys)
    header, *rows = market_text.splitlines()
    rows = [rows[0], *rows, rows[-1], rows[-1]]
    (done / "mes.csv").write_text("\n".join([header, *reversed(rows), ""]))
    assert leaderboard(capsys) == clean


def test_repairs_are_counted_and_named(place, capsys):
    lines = (place / "mes.csv").read_text().splitlines()
    for change in (cell(12, 4, "nan"), cell(22, 3, "-5"), cell(32, 2, "1")):
        lines = change(lines)
    (place / "mes.csv").write_text("\n".join([*lines[:42], lines[41], *lines[42:], ""]))
    assert run(["data", "check", "run.yaml", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    found = {f["kind"]: (f["rows"], f["action"]) for f in report["findings"]}
    assert found["non_finite"] == ([10], "dropped")
    assert found["non_positive"] == ([20], "dropped")
    assert found["high_below_low"] == ([30], "repaired")
    assert found["duplicate"] == ([41], "dropped")
    assert report["rows_in"] - report["rows_out"] == 3


@pytest.mark.parametrize(
    ("swap", "says"),
    [
        (("UTC", "Asia/Tokyo"), ("close outside the sessions", "data.timezone")),
        (("label: open", "label: close"), ("7 of 7 openings", "data.label: open")),
        (
            data("columns: {high: low, low: high}"),
            ("(100%)", "are data.columns right?"),
        ),
    ],
    ids=["zone", "label", "columns"],
)
def test_bars_that_are_described_wrong_are_doubted(swap, says, place, capsys):
    """Nothing is impossible in these runs, so they go on, but not silently."""
    spoil(place, Bad(0, says, swap=swap))
    assert run(["data", "check", "run.yaml", "--json"]) == 0
    told = capsys.readouterr()
    (doubt,) = json.loads(told.out)["doubts"]
    assert f"barwise: mes.csv: CHECK: {doubt}" in told.err
    for part in says:
        assert part in doubt


def test_run_tells_its_doubts(place, capsys):
    spoil(place, Bad(0, (), swap=("label: open", "label: close")))
    assert run(RUN) == 0
    assert "mes.csv: CHECK: 7 of 7 openings" in capsys.readouterr().err


@pytest.mark.usefixtures("place")
def test_good_bars_are_not_doubted(capsys):
    assert run(["data", "check", "run.yaml", "--json"]) == 0
    told = capsys.readouterr()
    assert json.loads(told.out)["doubts"] == []
    assert told.err == ""


def test_hour_that_the_clock_shows_twice_is_a_finding_and_no_warning(place, capsys):
    """5-minute rows of that hour that stand once in the file may be either pass."""
    swap = ("MES", "BTCUSDT", "UTC", "America/New_York")
    spoil(place, Bad(0, (), swap=swap, csv=later(307)))
    assert run(RUN) == 0
    assert "Warning" not in capsys.readouterr().err
    (page,) = place.glob("experiments/reports/*/report.html")
    assert "ambiguous_time" in page.read_text()
