"""What to do about each kind of finding: error, drop, repair or keep."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Literal, get_args

from barwise.core.errors import ConfigError

Action = Literal["error", "drop", "repair", "keep"]

REPAIRS = {
    "out_of_order": "sorted before the first row is pushed; dropped when late in a stream",
    "duplicate": "dropped: the first wins",
    "conflict": "dropped: the first wins, a later version is a revision",
    "non_finite": "dropped: a price is not guessed",
    "non_positive": "dropped",
    "high_below_low": "high and low are swapped",
    "open_close_outside": "high and low are widened to hold open and close",
    "negative_volume": "volume becomes NaN: it is unknown, and zero would say no trade",
    "off_grid": "kept",
    "outside_session": "kept",
    "gap": "kept: how to fill is a choice of its own",
    "bad_tick": "kept: most wicks are real",
    "stale": "kept",
    "zero_volume": "kept",
    "flat": "kept",
}
"""What ``repair`` does, for every kind that a policy may name."""

FAULTS = tuple(REPAIRS)[:8]
"""The kinds that are wrong, not only odd."""

# Each of these would break what the rows must be: finite, ordered, low <= price <= high.
_NEVER_KEPT = (
    "out_of_order",
    "duplicate",
    "conflict",
    "non_finite",
    "high_below_low",
    "open_close_outside",
)


def resolve_policy(policy: Action | Mapping[str, Action]) -> dict[str, Action]:
    """Return the action for every kind of finding.

    Parameters
    ----------
    policy : str or mapping of str to str
        One action for all, or actions by kind; kinds not named are repaired. As one
        word, ``error`` and ``drop`` apply to faults (wrong order, repeated times,
        impossible prices or volume), while observations (gaps, flat or stale bars,
        zero volume, long wicks, ...) are kept.

    Raises
    ------
    ConfigError
        If a kind or an action is unknown, or the action is impossible for the kind.

    Examples
    --------
    >>> chosen = resolve_policy({"conflict": "error"})
    >>> chosen["conflict"], chosen["duplicate"], chosen["gap"]
    ('error', 'repair', 'repair')
    >>> resolve_policy("error")["gap"]
    'keep'
    """
    if isinstance(policy, str):
        _check("policy", policy)
        if policy == "repair":
            return dict.fromkeys(REPAIRS, "repair")
        if policy == "keep":
            raise ConfigError(
                "policy='keep' cannot be for every finding: rows out of order, repeated "
                f"or impossible ({', '.join(_NEVER_KEPT)}) must be dropped or repaired; "
                "name the kinds to keep: policy={'non_positive': 'keep'}"
            )
        return {kind: policy if kind in FAULTS else "keep" for kind in REPAIRS}
    chosen: dict[str, Action] = dict.fromkeys(REPAIRS, "repair")
    for kind, action in policy.items():
        if kind not in REPAIRS:
            near = get_close_matches(str(kind), list(REPAIRS), n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise ConfigError(
                f"policy: {kind!r} is no kind of finding; kinds are "
                f"{', '.join(REPAIRS)}{hint}"
            )
        _check(f"policy[{kind!r}]", action)
        _check_possible(kind, action)
        chosen[kind] = action
    return chosen


def drops(kind: str, action: Action) -> bool:
    """Whether an action takes the row out."""
    repairs = action == "repair" and "dropped" in REPAIRS[kind]
    return action == "drop" or repairs


def verb(kind: str, action: Action) -> str:
    """Say what an action has done, for a report.

    Examples
    --------
    >>> verb("duplicate", "repair"), verb("high_below_low", "repair")
    ('dropped', 'repaired')
    """
    if drops(kind, action):
        return "dropped"
    if action == "keep" or REPAIRS[kind].startswith("kept"):
        return "kept"
    return "repaired"


def _check(name: str, action: object) -> None:
    if action in get_args(Action):
        return
    near = get_close_matches(str(action).lower(), get_args(Action), n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    raise ConfigError(
        f"{name}={action!r}: allowed values are {', '.join(get_args(Action))}{hint}"
    )


def _check_possible(kind: str, action: Action) -> None:
    if action == "keep" and kind in _NEVER_KEPT:
        raise ConfigError(
            f"policy[{kind!r}]='keep' is impossible: bars must be in order, one a time, "
            "finite and low <= open, close <= high; use error, drop or repair "
            f"({REPAIRS[kind]})"
        )
    if action == "drop" and kind == "gap":
        raise ConfigError(
            "policy['gap']='drop' is impossible: there is no row to drop; use error or "
            "keep, and choose with gaps= how missing bars are filled"
        )
