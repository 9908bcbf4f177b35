"""The figures of one page: each gets a name, a caption and a description."""

from __future__ import annotations

from typing import final

from matplotlib.figure import Figure

from barwise.report.figures.style import inline_svg
from barwise.report.markup import Markup, tag


@final
class Album:
    """Turns figures into page elements and counts them."""

    def __init__(self) -> None:
        self.count = 0

    def add(self, figure: Figure, caption: str, described: str) -> Markup:
        """Return a figure element.

        Parameters
        ----------
        figure : Figure
            What to show.
        caption : str
            The line below it.
        described : str
            What it shows, for a reader who cannot see it.
        """
        self.count += 1
        svg = inline_svg(figure, f"f{self.count}")
        title = tag("title", described)
        head, rest = svg.split(">", 1)
        labelled = Markup(f'{head} role="img">{title}{rest}')
        return tag("figure", labelled, tag("figcaption", caption), class_="plot")
