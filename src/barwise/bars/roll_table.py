"""Roll tables: when one contract follows on another, and at which prices."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, final

import numpy as np
from pydantic import ConfigDict, Field, ValidationError

from barwise.bars.files import read_content
from barwise.core.config import Settings
from barwise.core.errors import ConfigError

_Name = Annotated[str, Field(min_length=1)]
_KEYS = "session, from, to and, if known, old_close and new_close (or jump)"


@final
class Roll(Settings):
    """One roll: the old contract's bars end before ``session``, the new one's begin.

    Examples
    --------
    >>> Roll.model_validate({"session": "2024-06-18", "from": "ESM4", "to": "ESU4"})
    Roll(session=datetime.date(2024, 6, 18), old='ESM4', new='ESU4', old_close=None,
         new_close=None, jump=None)
    """

    model_config = ConfigDict(validate_by_name=True, use_attribute_docstrings=True)

    session: date
    """Exchange day of the first session that trades the new contract."""
    old: _Name = Field(alias="from")
    """Contract that is left."""
    new: _Name = Field(alias="to")
    """Contract that follows."""
    old_close: float | None = Field(None, allow_inf_nan=False)
    """Close of the old contract before that session; null takes its last bar's."""
    new_close: float | None = Field(None, allow_inf_nan=False)
    """Close of the new contract at the same moment, where it is known."""
    jump: float | None = Field(None, allow_inf_nan=False)
    """New minus old close, where only their difference is known."""

    @classmethod
    def on(cls, day: int, old: str, new: str) -> Roll:
        """Return the roll into the session of a day (since 1970-01-01)."""
        session = np.datetime64(int(day), "D").item()
        return cls.model_validate({"session": session, "from": old, "to": new})


def read_rolls(path: Path) -> tuple[Roll, ...]:
    """Read a roll table from a CSV or YAML file.

    Parameters
    ----------
    path : Path
        CSV with a header, or (``.yaml``, ``.yml``) a list of mappings. The columns are
        ``session`` (the exchange day of the new contract's first session), ``from``,
        ``to`` and, where they are known, ``old_close``, ``new_close`` or ``jump``.

    Raises
    ------
    ConfigError
        Naming file, row and key of the first thing that is wrong.
    DataError
        If there is no such file.
    """
    rows = _yaml(path) if path.suffix.lower() in (".yaml", ".yml") else _csv(path)
    rolls = []
    for number, row in enumerate(rows, start=1):
        try:
            rolls.append(Roll.model_validate(row))
        except ValidationError as problem:
            raise ConfigError(
                f"{path}, roll {number}: {_told(problem, row)}"
            ) from problem
    try:
        check_chain(rolls)
    except ConfigError as problem:
        raise ConfigError(f"{path}, {problem}") from problem
    return tuple(rolls)


def check_chain(rolls: Sequence[Roll]) -> None:
    """Refuse rolls that no series can have.

    Raises
    ------
    ConfigError
        If there is none, dates do not increase, a roll does not start from the contract
        that the one before led to, or a contract is named twice.
    """
    if not rolls:
        raise ConfigError(f"no roll is given; each one names {_KEYS}")
    for number, (one, other) in enumerate(pairwise(rolls), start=2):
        if other.session <= one.session:
            raise ConfigError(
                f"roll {number} ({other.session}): comes after that of {one.session}; "
                "write the rolls in order of time, one a session"
            )
        if other.old != one.new:
            raise ConfigError(
                f"roll {number} ({other.session}): leaves {other.old}, but the roll before "
                f"led to {one.new}; add the roll that is missing, or correct the name"
            )
    names = [rolls[0].old, *(roll.new for roll in rolls)]
    for number, roll in enumerate(rolls, start=1):
        if roll.new in names[:number]:
            raise ConfigError(
                f"roll {number} ({roll.session}): leads to {roll.new}, which was traded "
                "before; a contract that was left does not come back: correct the name"
            )
        if roll.jump is not None and roll.new_close is not None:
            raise ConfigError(
                f"roll {number} ({roll.session}): has new_close and jump; jump is for "
                "rolls whose closes are not known, leave one out"
            )


def _csv(path: Path) -> list[dict[str, Any]]:
    kind, content = read_content(path)
    if kind != "text":
        raise ConfigError(f"{path} is no roll table: a CSV or YAML file with {_KEYS}")
    reader = csv.DictReader(io.StringIO(content.decode("utf-8")), skipinitialspace=True)
    return [
        {
            (key or "").strip().lower(): value.strip()
            for key, value in row.items()
            if isinstance(value, str) and value.strip()
        }
        for row in reader
    ]


def _yaml(path: Path) -> list[dict[str, Any]]:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    _, content = read_content(path)
    try:
        rows = YAML(typ="safe", pure=True).load(content.decode("utf-8"))
    except YAMLError as problem:
        raise ConfigError(f"{path} is not valid YAML: {problem}") from problem
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        raise ConfigError(
            f"{path} is no roll table: a list of rolls, each with {_KEYS}"
        )
    return [{str(key): value for key, value in row.items()} for row in rows]


def _told(problem: ValidationError, row: Mapping[str, Any]) -> str:
    detail = problem.errors(include_url=False)[0]
    key = str(detail["loc"][0])
    if detail["type"] == "extra_forbidden":
        return f"unknown column {key!r}; a roll has {_KEYS}"
    if detail["type"] == "missing":
        return f"{key} is missing; a roll has {_KEYS}"
    wanted = "a date such as 2024-06-18" if key == "session" else "a number or a name"
    return f"{key} {row[key]!r} cannot be read: {detail['msg']}; write {wanted}"
