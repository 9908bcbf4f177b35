"""Write the page of all built-in columns: ``python docs/reference.py``.

Formula, warm-up and memory come from the compiled programs, meaning, unit and source
from the docstrings, the pictures from real hourly bars of EUR/USD (2017) that come
with the example package of the demo.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

import barwise as bw
from barwise.cli.demo import example_file
from barwise.core.arrays import HOUR
from barwise.features import FeatureGraph, find, full_names, needs_volume, set_columns
from barwise.features.sets import set_names
from barwise.stream.formula import formula

PAGE = Path(__file__).parent / "reference" / "features.md"
SHOWN = 120
"""Bars in a picture: a week of trading."""
ACROSS = 4
INK, PALE = "#1f4e79", "#8a8a8a"

INTRODUCTION = """\
# Built-in columns

{count} columns in {families} families. The page is written by `python docs/reference.py`
from the programs that are run. `barwise features list --set full --json` tells the same.

- **Formula**: `x[-n]` is the value n rows ago; `rma` is Wilder's moving average; a part that
  occurs more than once is named after `where`. Division by zero gives a missing value;
  `ratio(a, b, c)` is a / b, and c where b is 0.
- **Warm-up**: rows until the column is defined; for a column on longer bars it depends on the
  interval of the rows.
- **Forgets**: rows after which two streams that began at different places agree in float32;
  "never" for a column that remembers its start.
- Pictures: a week of hourly EUR/USD of 2017. A column that is missing from them needs finer bars.
"""


def main() -> None:
    bars = read()
    known = drawable(bars)
    PAGE.parent.mkdir(exist_ok=True)
    families = [
        (family, list(names))
        for family, names in groupby(full_names(), lambda n: find(n)[0].family)
    ]
    text = [INTRODUCTION.format(count=len(full_names()), families=len(families))]
    for family, names in families:
        picture = PAGE.with_name(f"features_{family}.svg")
        draw({n: known[n] for n in names if n in known}, picture)
        text += section(family, names, picture.name)
    PAGE.write_text("\n".join(text), "utf-8")
    print(f"wrote {PAGE}: {len(full_names())} columns, {len(known)} pictures")


def read() -> bw.Bars:
    path = example_file()
    if path is None:
        raise SystemExit("the example package of 'make demo' is not installed")
    return bw.read_bars(path, symbol="EURUSD", label="open", timezone="UTC")


def drawable(bars: bw.Bars) -> dict[str, np.ndarray]:
    """Return the last rows of every column that hourly bars can show."""
    names = set_columns("full", interval=HOUR)
    graph = FeatureGraph(names, interval="1h")
    training = bars[: int(0.7 * len(bars))]
    matrix = graph.fit(training).push(bars)[-SHOWN:]
    return {n: matrix[:, j] for j, n in enumerate(names)}


def draw(columns: dict[str, np.ndarray], path: Path) -> None:
    """Draw small multiples, one a column, as one SVG file."""
    down = max(1, -(-len(columns) // ACROSS))
    style = {"svg.hashsalt": "barwise", "svg.fonttype": "none", "font.size": 7}
    with mpl.rc_context(style):
        figure = Figure(figsize=(2.3 * ACROSS, 0.8 * down), layout="constrained")
        axes = figure.subplots(down, ACROSS, squeeze=False).ravel()
        for axis in axes:
            axis.set_axis_off()
        for axis, (name, values) in zip(axes, columns.items(), strict=False):
            axis.plot(values, color=INK, linewidth=0.7)
            axis.set_title(name, fontsize=7, pad=2, loc="left")
            known = values[np.isfinite(values)]
            if len(known):
                ends = " .. ".join(f"{x + 0.0:.3g}" for x in (known.min(), known.max()))
                axis.set_title(ends, fontsize=5.5, pad=2, loc="right", color=PALE)
        figure.savefig(path, metadata={"Date": None})


def section(family: str, names: list[str], picture: str) -> Iterator[str]:
    yield f"\n## {family.capitalize()}\n"
    yield f"![{family} columns on hourly EUR/USD]({picture})\n"
    yield "| column | meaning | unit and range | formula | warm-up | forgets | sets |"
    yield "|---|---|---|---|---|---|---|"
    members = {s: set(set_columns(s)) for s in set_names() if s != "full"}
    for name in names:
        one, expr = find(name)
        graph = FeatureGraph([name])
        cells = [
            f"`{name}`",
            meaning(name),
            one.unit + (" (needs volume)" if needs_volume(name) else ""),
            f"`{formula(expr)}`".replace("|", "\\|"),
            "" if graph.warmup is None else str(graph.warmup),
            forgets(graph),
            ", ".join(s for s, columns in members.items() if name in columns),
        ]
        yield f"| {' | '.join(cells)} |"


def meaning(name: str) -> str:
    text = inspect.getdoc(find(name)[0].build) or ""
    body = text.split("\nParameters\n")[0]
    return " ".join(body.split()).replace("|", "\\|")


def forgets(graph: FeatureGraph) -> str:
    if graph.warmup is None:
        return ""
    return "never" if graph.settled is None else f"{graph.settled:,}"


if __name__ == "__main__":
    main()
