"""Feature sets: named lists of columns, by model family."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from typing import Any

from ruamel.yaml import YAML

from barwise.bars.intervals import parse_interval
from barwise.core.errors import ConfigError
from barwise.features.definition import Feature
from barwise.features.lowering import is_longer, timeframes_of
from barwise.features.registry import find, full_names
from barwise.stream.program import in_order


@cache
def _sets() -> dict[str, dict[str, Any]]:
    text = (files("barwise.defaults") / "feature_sets.yaml").read_text("utf-8")
    loaded: dict[str, dict[str, Any]] = YAML(typ="safe", pure=True).load(text)
    return loaded


def set_names() -> list[str]:
    """Return the names of the built-in sets.

    Examples
    --------
    >>> "full" in set_names()
    True
    """
    return ["full", *_sets()]


def set_description(name: str) -> str:
    """Return for what a set is made."""
    if name == "full":
        return "Every column. Levels and running sums too: to look at, not to train on."
    return str(_set(name)["description"])


def set_columns(
    name: str, *, has_volume: bool = True, interval: int | None = None
) -> list[str]:
    """Return the columns of a set, for some instrument and length of bars.

    Without volume the columns computed from it are left out, or replaced by those that
    the set names for the case; columns of timeframes that cannot be made of bars of
    ``interval`` nanoseconds are left out.

    Raises
    ------
    ConfigError
        If there is no set of that name.

    Examples
    --------
    >>> set_columns("linear_raw", has_volume=False)
    ['gap_open', 'log_return_high', 'log_return_low', 'log_return_1']
    """
    names = full_names() if name == "full" else list(_set(name)["columns"])
    if interval is not None:
        names = [column for column in names if not too_short(column, interval)]
    if has_volume:
        return names
    gone = without_volume(name)
    kept = (gone.get(column, column) for column in names)
    return [column for column in kept if column is not None]


def without_volume(name: str) -> dict[str, str | None]:
    """Return the columns of a set that need volume, each with what takes its place.

    Examples
    --------
    >>> without_volume("linear_raw")
    {'volume_ratio_20': None}
    """
    instead = {} if name == "full" else _set(name).get("without_volume", {})
    return {c: instead.get(c) for c in set_columns(name) if needs_volume(c)}


def _set(name: str) -> dict[str, Any]:
    if name not in _sets():
        raise ConfigError(
            f"unknown feature set {name!r}; the sets are {', '.join(set_names())}"
        )
    return _sets()[name]


def needs_volume(name: str, own: Iterable[Feature] = ()) -> bool:
    """Whether a column is computed from the traded volume.

    Of a function of a data frame that is not known: it counts as no.

    Examples
    --------
    >>> needs_volume("mfi_14"), needs_volume("rsi_14")
    (True, False)
    """
    return "volume" in inputs_of(name, own)


def too_short(name: str, interval: int, own: Iterable[Feature] = ()) -> tuple[str, ...]:
    """Return the timeframes of a column that bars of ``interval`` ns cannot make.

    Examples
    --------
    >>> hour = 3_600_000_000_000
    >>> too_short("mtf_1h_rsi_14", hour), too_short("mtf_4h_rsi_14", hour)
    (('1h',), ())
    """
    return tuple(
        timeframe
        for timeframe in timeframes_of(find(name, own)[1])
        if not is_longer(parse_interval(timeframe), interval)
    )


def inputs_of(name: str, own: Iterable[Feature] = ()) -> set[str]:
    """Return the input columns that a column is computed from.

    Examples
    --------
    >>> sorted(inputs_of("mtf_1h_true_range_ratio_14"))
    ['close', 'high', 'low']
    """
    every = in_order([find(name, own)[1]])
    return {str(node.params[0]) for node in every if node.op == "column"}


def choose(
    names: Sequence[str],
    *,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
) -> list[str]:
    """Keep the columns that are included, and none that is excluded.

    Parameters
    ----------
    names : sequence of str
        Columns to choose from.
    include, exclude : sequence of str
        The whole name of a column stands for that column alone. Anything else is a
        prefix, which does not end inside a number: ``lag_1`` is not the start of
        ``lag_10_return``. No ``include`` is all.

    Raises
    ------
    ConfigError
        If an entry matches nothing, or nothing is left.

    Examples
    --------
    >>> names = ["macd", "macd_signal", "ema_5", "ema_50"]
    >>> choose(names, exclude=["macd", "ema_5"])
    ['macd_signal', 'ema_50']
    >>> choose(names, include=["mac"])
    ['macd', 'macd_signal']
    """
    chosen = {entry: _matching(names, entry) for entry in (*include, *exclude)}
    for entry, found in chosen.items():
        if not found:
            raise ConfigError(_no_match(names, entry))
    wanted = set().union(*(chosen[entry] for entry in include)) if include else {*names}
    unwanted = set().union(*(chosen[entry] for entry in exclude))
    kept = [name for name in names if name in wanted - unwanted]
    if not kept:
        raise ConfigError(
            "include and exclude leave no feature; loosen one of them "
            f"(include={list(include)}, exclude={list(exclude)})"
        )
    return kept


def _matching(names: Sequence[str], entry: str) -> set[str]:
    if entry in names:
        return {entry}
    cut = entry[-1:].isdigit()
    return {
        name
        for name in names
        if name.startswith(entry) and not (cut and name[len(entry)].isdigit())
    }


def _no_match(names: Sequence[str], entry: str) -> str:
    near = get_close_matches(entry, names, n=3)
    hint = f"; did you mean {', '.join(near)}? T" if near else "; t"
    begins = dict.fromkeys(name.partition("_")[0] for name in names)
    return (
        f"no column starts with {entry!r}{hint}he columns to choose from start with "
        f"{', '.join(begins)}"
    )
