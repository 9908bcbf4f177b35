"""What all figures share: palette, sizes, axes, and how a figure becomes a file.

Colours follow Okabe and Ito (2008), which stay apart for colour-blind readers. Every
colour here has a CSS variable of the same name in ``style.css``: inside a report the
page's light or dark theme decides.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, final

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from barwise.core.durable import write_bytes

INK = "#1f2329"
MUTED = "#5c6670"
GRID = "#d8dee4"
PAPER = "#ffffff"
LONG = "#0072b2"
NEUTRAL = "#8a939c"
SHORT = "#d55e00"
GOOD = "#009e73"
SERIES = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00")

VARIABLES = {
    INK: "--ink",
    MUTED: "--muted",
    GRID: "--grid",
    PAPER: "--paper",
    LONG: "--long",
    NEUTRAL: "--neutral",
    SHORT: "--short",
    GOOD: "--good",
    SERIES[1]: "--series-2",
    SERIES[3]: "--series-4",
    SERIES[4]: "--series-5",
}

WIDTH = 7.2
"""Inches: a figure that stands alone in the report."""

HALF = 5.0
"""Inches: a figure that shares its row, legible without being shrunk."""

_RC: Any = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 9.5,
    "axes.titlesize": 10.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 9.5,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.facecolor": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.unicode_minus": True,
    "figure.facecolor": PAPER,
    "grid.color": GRID,
    "grid.linewidth": 0.7,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "legend.labelcolor": INK,
    "lines.linewidth": 1.6,
    "text.color": INK,
    # A feature or symbol name with a dollar sign is text, not mathematics.
    "text.parse_math": False,
    "xtick.color": MUTED,
    "xtick.labelcolor": INK,
    "xtick.labelsize": 9,
    "ytick.color": MUTED,
    "ytick.labelcolor": INK,
    "ytick.labelsize": 9,
    "svg.fonttype": "none",
    "svg.hashsalt": "barwise",
    "path.simplify": True,
}

_FORMATS = {
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": None, "Format": None, "Type": None},
}

# The stylesheet that matplotlib writes would reach the whole page.
_UNUSED = r"<metadata>.*?</metadata>|<!--.*?-->|<style.*?</style>"

Arguments = ParamSpec("Arguments")


@final
class Plot(Figure):
    """A figure without pyplot that notebooks show by themselves."""

    def _repr_png_(self) -> bytes:
        return render(self, "png")


def styled(draw: Callable[Arguments, Figure]) -> Callable[Arguments, Figure]:
    """Run a drawing function with this file's settings and leave no trace of them."""

    @wraps(draw)
    def drawn(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Figure:
        with mpl.rc_context(_RC):
            return draw(*args, **kwargs)

    return drawn


def new_figure(height: float, width: float = WIDTH) -> Plot:
    """Return an empty figure in inches whose layout keeps labels apart."""
    return Plot(figsize=(width, height), layout="constrained")


def dress(axes: Axes, *, grid: str | None = "y") -> None:
    """Fix what matplotlib would otherwise look up later, when the style is gone."""
    axes.tick_params(
        color=MUTED, labelcolor=INK, labelsize=9, grid_color=GRID, grid_linewidth=0.7
    )
    if grid == "both":
        axes.grid(visible=True, axis="both")
    elif grid in ("x", "y"):
        axes.grid(visible=True, axis="x" if grid == "x" else "y")


def class_colours(number: int) -> tuple[str, ...]:
    """Return the colours of two or three classes, short first."""
    return (SHORT, LONG) if number == 2 else (SHORT, NEUTRAL, LONG)[:number]


def utc(times: np.ndarray) -> np.ndarray:
    """Turn int64 nanoseconds UTC into what matplotlib's date axis takes."""
    return np.asarray(times, dtype=np.int64).astype("datetime64[ns]")


def date_axis(axes: Axes) -> None:
    """Label a horizontal axis of dates briefly, with a unit."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    locator = AutoDateLocator(minticks=3, maxticks=8)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    formatter = ConciseDateFormatter(locator)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_formatter(formatter)
    axes.set_xlabel("Date (UTC)")


def render(figure: Figure, kind: str) -> bytes:
    """Return a figure as PNG or SVG; equal figures give equal bytes."""
    buffer = io.BytesIO()
    with mpl.rc_context(_RC):
        figure.savefig(buffer, format=kind, dpi=144, metadata=_FORMATS[kind])
    return buffer.getvalue()


def save_figure(figure: Figure, path: Path) -> None:
    """Write a figure to a ``.png`` or ``.svg`` file, whole or not at all.

    Parameters
    ----------
    figure : Figure
        Any figure of this package.
    path : Path
        Its suffix chooses the format. No date and no version is stored, so that
        equal figures give equal bytes.

    Raises
    ------
    ValueError
        If the suffix is neither ``.png`` nor ``.svg``.
    BarwiseError
        If the folder cannot be written.
    """
    kind = path.suffix.lower().lstrip(".")
    if kind not in _FORMATS:
        raise ValueError(f"save_figure writes .png or .svg, got {path.name!r}")
    content = render(figure, kind)
    write_bytes(path, content)


def inline_svg(figure: Figure, name: str) -> str:
    """Return a figure as an SVG element for a page that holds many of them.

    Parameters
    ----------
    figure : Figure
        Any figure of this package.
    name : str
        Prefix of the element ids that stay, unique in the page.

    Returns
    -------
    str
        ``<svg ...>`` in the page's own colours and font, with no unused ids, no
        metadata and a view box instead of a fixed size.
    """
    figure.patch.set_visible(False)
    svg = render(figure, "svg").decode("utf-8")
    figure.patch.set_visible(True)
    svg = svg[svg.index("<svg") :].strip()
    svg = re.sub(_UNUSED, "", svg, flags=re.DOTALL)
    svg = _own_ids(svg, name)
    svg = re.sub(r"font: ([\d.]+px) [^;\"]*", r"font-size: \1", svg)
    for colour, variable in VARIABLES.items():
        svg = svg.replace(colour, f"var({variable})")
    svg = re.sub(r"<[^>]*>", _rounded, _fluid(svg))
    return re.sub(r">\s+<", "><", svg)


def _rounded(element: re.Match[str]) -> str:
    """Cut coordinates to a hundredth of a point; text between elements stays."""
    return re.sub(r"(\d\.\d\d)\d+", r"\1", element[0])


def _own_ids(svg: str, name: str) -> str:
    used = set(re.findall(r"(?:url\(#|href=\"#)([^)\"]+)", svg))

    def keep(match: re.Match[str]) -> str:
        return f' id="{name}-{match[1]}"' if match[1] in used else ""

    svg = re.sub(r' id="([^"]*)"', keep, svg)
    return re.sub(r'(url\(#|href="#)', rf"\g<1>{name}-", svg)


def _fluid(svg: str) -> str:
    head, rest = svg.split(">", 1)
    width = re.search(r' width="([\d.]+)pt"', head)
    head = re.sub(r' (?:width|height)="[\d.]+pt"', "", head)
    limit = f"{float(width[1]) * 96 / 72:.0f}px" if width else "100%"
    return f'{head} style="max-width: {limit}">{rest}'
