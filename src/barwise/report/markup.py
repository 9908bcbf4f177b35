"""HTML from Python values: whatever is not already markup is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

_EMPTY = frozenset({"br", "hr", "input", "link", "meta"})


class Markup(str):
    """Text that is HTML already; every other string is escaped on its way in."""

    __slots__ = ()


Child = str | int | float | None | Iterable["Child"]


def tag(name: str, *children: Child, **attributes: str | bool | None) -> Markup:
    """Build one element.

    Parameters
    ----------
    name : str
        Element name.
    *children : str, number, None or iterable of them
        `Markup` goes in as it is, everything else escaped; None leaves nothing.
    **attributes : str, bool or None
        ``class_`` means class, ``data_count`` means data-count; False and None are
        left out, True stands without a value.

    Examples
    --------
    >>> tag("p", "a < b", class_="note")
    '<p class="note">a &lt; b</p>'
    """
    head = name + "".join(_attribute(k, v) for k, v in attributes.items())
    if name in _EMPTY:
        return Markup(f"<{head}>")
    return Markup(f"<{head}>{join(children)}</{name}>")


def join(children: Child) -> Markup:
    """Put children one after the other, escaping those that are not markup."""
    if children is None:
        return Markup("")
    if isinstance(children, Markup):
        return children
    if isinstance(children, (str, int, float)):
        return Markup(escape(str(children)))
    return Markup("".join(join(child) for child in children))


def table(
    caption: str,
    headers: Sequence[str],
    rows: Iterable[Sequence[Child]],
    *,
    words: int = 1,
    classes: Sequence[str] = (),
    name: str | None = None,
) -> Markup:
    """Build a table that scrolls by itself when it is too wide.

    Parameters
    ----------
    caption : str
        What the table shows.
    headers : sequence of str
        One a column.
    rows : iterable of sequence
        Cells; the first one heads its row.
    words : int
        How many leading columns are words; the others are numbers, set right.
    classes : sequence of str
        CSS class of each row, or empty.
    name : str, optional
        Value of ``data-table``, by which tests and tools find it.
    """
    head = [
        tag("th", header, scope="col", class_=None if i < words else "number")
        for i, header in enumerate(headers)
    ]
    body = [
        tag("tr", _cells(row, words), class_=classes[i] if classes else None)
        for i, row in enumerate(rows)
    ]
    return tag(
        "div",
        tag(
            "table",
            tag("caption", caption),
            tag("thead", tag("tr", head)),
            tag("tbody", body),
            data_table=name,
        ),
        class_="scroll",
        tabindex="0",
        role="region",
        aria_label=caption,
    )


def _cells(row: Sequence[Child], words: int) -> list[Markup]:
    first = tag("th", row[0], scope="row")
    rest = [
        tag("td", cell, class_=None if i < words else "number")
        for i, cell in enumerate(row[1:], start=1)
    ]
    return [first, *rest]


def _attribute(name: str, value: str | bool | None) -> str:
    if value is None or value is False:
        return ""
    key = name.rstrip("_").replace("_", "-")
    return f" {key}" if value is True else f' {key}="{escape(str(value))}"'
