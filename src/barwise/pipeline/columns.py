"""The columns of a run: a set, the user's own, names, and what is kept of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import final

from barwise.bars.event_rule import EventRule
from barwise.bars.intervals import parse_interval
from barwise.core.errors import ConfigError
from barwise.core.hashing import hash_file
from barwise.features import OwnFeatures, choose, find, load_features, set_columns
from barwise.features.external import EXTERNAL
from barwise.features.lowering import spell_timeframe
from barwise.features.sets import inputs_of, needs_volume, too_short, without_volume
from barwise.pipeline.config import RunConfig
from barwise.pipeline.external import table_columns
from barwise.pipeline.importance_file import read_importance, read_origin

Place = tuple[str | int, ...]
"""Key of a setting, e.g. ``("features", "names", 0)``."""


@final
@dataclass(frozen=True)
class Columns:
    """What a config's group ``features`` stands for.

    Parameters
    ----------
    names : tuple of str
        Columns, in the order of the matrix: of two that say the same, the earlier one
        is kept.
    left_out : tuple of str
        Columns of the set that need a volume where there is none, replaced or not.
    own : OwnFeatures or None
        The user's file.
    notes : tuple of str
        What a reader of the results must know of the choice.
    """

    names: tuple[str, ...]
    left_out: Mapping[str, str]
    own: OwnFeatures | None
    notes: tuple[str, ...]


@final
class Refused(Exception):  # noqa: N818 - a list of findings on its way up
    """Settings of the columns that stand for nothing, each with its place."""

    def __init__(self, problems: Sequence[tuple[Place, str]]) -> None:
        super().__init__(problems)
        self.problems = tuple(problems)


def choose_columns(
    config: RunConfig,
    *,
    has_volume: bool,
    without: str,
    finest: int | None = None,
) -> Columns:
    """Return the columns of a config.

    Parameters
    ----------
    config : RunConfig
    has_volume : bool
        Whether columns that are computed from the traded volume can be had.
    without : str
        Who has no volume, and what to do about it, for a message.
    finest : int, optional
        Interval of the source in nanoseconds (0: it has none), once it is known.

    Raises
    ------
    Refused
        With every name that stands for nothing.
    """
    wanted = config.features
    try:
        own = None if config.own_path is None else load_features(config.own_path)
    except ConfigError as problem:
        # Which names are right cannot be said without the file.
        raise Refused([(("features", "own"), str(problem))]) from problem
    ranked, base, problems = _base(config, own)
    base, left_out = _available(config, base, own, has_volume, finest)
    problems += _refused(config, own, has_volume, without, finest)
    # The rest is judged by the columns, so those come first.
    if problems:
        raise Refused(problems)
    every = list(dict.fromkeys([*base, *wanted.names]))
    problems = [*_unused(config, own, every), *_unmatched(config, every)]
    if problems:
        raise Refused(problems)
    kept = choose(every, include=wanted.include, exclude=wanted.exclude)
    notes: tuple[str, ...] = ()
    if ranked is not None:
        kept, notes = _most_important(config, kept, ranked)
    return Columns(tuple(kept), left_out, own, notes)


def _available(
    config: RunConfig,
    base: list[str],
    own: OwnFeatures | None,
    has_volume: bool,
    finest: int | None,
) -> tuple[list[str], dict[str, str]]:
    """Return the columns of a set or study that can be had, and why others cannot."""
    left_out: dict[str, str] = {}
    if not has_volume:
        traded = [name for name in base if needs_volume(name, own or ())]
        left_out = dict.fromkeys(traded, "they are computed from the traded volume")
    wanted = config.features.set
    instead = without_volume(wanted) if left_out and wanted else {}
    kept_or_swapped = (instead.get(n) if n in left_out else n for n in base)
    names = [name for name in kept_or_swapped if name is not None]
    for name in names:
        why = input_problem(config, name, own, finest or 0)
        left_out |= {} if why is None else {name: why}
    return [name for name in names if name not in left_out], left_out


def _refused(
    config: RunConfig,
    own: OwnFeatures | None,
    has_volume: bool,
    without: str,
    finest: int | None,
) -> Iterator[tuple[Place, str]]:
    """Refuse columns that are named and cannot be had."""
    for number, name in enumerate(config.features.names):
        try:
            why = input_problem(config, name, own, finest)
            if why is None and needs_volume(name, own or ()) and not has_volume:
                why = f"is computed from the traded volume, and {without}"
        except ConfigError as problem:
            yield ("features", "names", number), str(problem)
            continue
        if why is not None:
            yield ("features", "names", number), f"{name!r} {why}"


def input_problem(
    config: RunConfig, name: str, own: OwnFeatures | None, finest: int | None
) -> str | None:
    """Say why a column cannot be had from the config's bars and tables."""
    have = table_columns(config)
    for column in sorted(inputs_of(name, own or ())):
        if column.startswith(EXTERNAL) and column not in have:
            near = get_close_matches(column, have, n=3)
            hint = f"did you mean {', '.join(near)}?" if near else "add it there"
            return f"reads {column}, which no table under external makes; {hint}"
    return _timeframe_problem(config, name, own, finest)


def _timeframe_problem(
    config: RunConfig, name: str, own: OwnFeatures | None, finest: int | None
) -> str | None:
    """Say why the bars cannot make a timeframe; bars finer than ``finest`` are none."""
    if isinstance(config.target, EventRule):
        return None
    interval = parse_interval(config.target)
    for timeframe in too_short(name, interval, own or ()):
        length = parse_interval(timeframe)
        if length >= interval:
            return (
                f"needs bars of {timeframe}, which those of {config.data.interval} "
                "(data.interval) cannot make"
            )
        if finest is not None and (not 0 < finest < interval or length % finest):
            have = (
                f"of {spell_timeframe(finest)}" if finest else "no bars of one length"
            )
            return (
                f"needs bars of {timeframe} under those of {config.data.interval}, and "
                f"the source has {have}"
            )
    return None


def finer_timeframes(config: RunConfig, columns: Columns) -> set[str]:
    """Return the timeframes of columns that are shorter than the bars."""
    if isinstance(config.target, EventRule):
        return set()
    interval = parse_interval(config.target)
    every = (too_short(name, interval, columns.own or ()) for name in columns.names)
    return {timeframe for found in every for timeframe in found}


_Base = tuple[dict[str, float] | None, list[str], list[tuple[Place, str]]]


def _base(config: RunConfig, own: OwnFeatures | None) -> _Base:
    """Return the study, and the columns of the set or else of the study."""
    ranked: dict[str, float] | None = None
    base: list[str] = []
    problems: list[tuple[Place, str]] = []
    path = config.importance_path
    if path is not None:
        try:
            ranked = read_importance(path)
        except ConfigError as problem:
            problems.append((("features", "importance"), str(problem)))
    if config.features.set is not None:
        try:
            base = set_columns(config.features.set)
        except ConfigError as problem:
            problems.append((("features", "set"), str(problem)))
    elif ranked is not None:
        base = list(ranked)
        for name in base:
            try:
                find(name, own or ())
            except ConfigError as problem:
                text = f"{path}: {problem}"
                return ranked, [], [*problems, (("features", "importance"), text)]
    return ranked, base, problems


def _unused(
    config: RunConfig, own: OwnFeatures | None, names: list[str]
) -> Iterator[tuple[Place, str]]:
    """Refuse a file of features that nothing is taken from."""
    if own is not None and not any(find(n, own)[0] in own.features for n in names):
        yield (
            ("features", "own"),
            f"no column of {config.features.own} is used; name some under "
            f"features.names, e.g. [{', '.join(own.names[:3])}]",
        )


def _unmatched(config: RunConfig, names: list[str]) -> Iterator[tuple[Place, str]]:
    wanted = config.features
    wrong = False
    for key, entries in (("include", wanted.include), ("exclude", wanted.exclude)):
        for number, entry in enumerate(entries):
            try:
                choose(names, include=[entry])
            except ConfigError as problem:
                wrong = True
                yield ("features", key, number), str(problem)
    if not wrong:
        try:
            choose(names, include=wanted.include, exclude=wanted.exclude)
        except ConfigError as problem:
            yield ("features",), str(problem)


def _most_important(
    config: RunConfig, names: list[str], ranked: dict[str, float]
) -> tuple[list[str], tuple[str, ...]]:
    """Keep the most important columns, in that order, and those asked for by name."""
    named = [name for name in names if name in config.features.names]
    known = [name for name in ranked if name in names and name not in named]
    if not known:
        raise Refused(
            [
                (
                    ("features", "importance"),
                    f"{config.importance_path} ranks none of the {len(names)} columns to "
                    f"choose from; it ranks {', '.join(list(ranked)[:5])}, ...",
                )
            ]
        )
    top = known[: config.features.top]
    path = config.importance_path
    assert path is not None
    origin = read_origin(path)
    known_of = (
        "Where that study saw rows of the validation or the test part, scores on that "
        "part are flattered."
        if origin is None
        else f"It learned from labels of {origin.span}."
    )
    note = (
        f"{len(top)} columns are the most important ones of a prior study, {path.name} "
        f"(SHA-256 {hash_file(path)[:12]}), which ranks {len(known)} of the columns to "
        f"choose from. {known_of}"
    )
    return [*top, *named], (note,)
