"""A study of feature importance, as a file: JSON or CSV."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from barwise.core.errors import ConfigError
from barwise.core.hashing import hash_json
from barwise.pipeline.importance_origin import Origin


def read_importance(path: Path) -> dict[str, float]:
    r"""Read how much each column mattered, most important first.

    Parameters
    ----------
    path : Path
        ``.json``: an object of column to number, which is what a run folder's
        ``metrics/feature_importance.json`` holds, a list of objects with the keys
        ``feature`` and ``importance``, or what ``barwise features importance`` writes,
        whose checksum must be right. ``.csv``: a header with the columns ``feature``
        and ``importance``. Further keys and columns are ignored.

    Returns
    -------
    dict of str to float
        Equal numbers stay in the order of the file.

    Raises
    ------
    ConfigError
        Naming file and entry, if the file cannot be read as one of these.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "study.csv"
    >>> _ = path.write_text("feature,importance\nrsi_14,0.2\nmacd_pct,0.5\n")
    >>> read_importance(path)
    {'macd_pct': 0.5, 'rsi_14': 0.2}
    """
    readers = {".json": _from_json, ".csv": _from_csv}
    if not path.is_file():
        raise ConfigError(
            f"there is no file {path}; barwise features importance makes one"
        )
    if path.suffix not in readers:
        raise ConfigError(f"{path} is neither .json nor .csv; {_FORMS}")
    found: dict[str, float] = {}
    for where, name, value in readers[path.suffix](path):
        number = _number(value)
        if number is None:
            raise ConfigError(
                f"{path}, {where}: the importance of {name!r} is {value!r}, which is no "
                "finite number"
            )
        if name in found:
            raise ConfigError(f"{path}, {where}: {name!r} stands twice; keep one")
        found[name] = number
    if not found:
        raise ConfigError(f"{path} ranks no column; {_FORMS}")
    return dict(sorted(found.items(), key=lambda item: -item[1]))


STUDY_KIND = "barwise importance study, 1"
"""Says that a JSON file is a study with an origin and a checksum."""

_FORMS = (
    'it should hold {"rsi_14": 0.12, ...}, or a table with the columns feature and '
    "importance"
)

_Entries = Iterable[tuple[str, str, Any]]


def read_origin(path: Path) -> Origin | None:
    """Return what a study was made of; None for a file that does not say so.

    Raises
    ------
    ConfigError
        If the file was changed, or cannot be read.
    """
    if path.suffix != ".json" or not _is_study(content := _parsed(path)):
        return None
    return Origin.model_validate(_checked(content, path)["made_of"])


def _parsed(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except ValueError as problem:
        raise ConfigError(f"{path} is no JSON: {problem}; {_FORMS}") from problem


def _is_study(content: Any) -> bool:
    return isinstance(content, dict) and content.get("kind") == STUDY_KIND


def _checked(content: dict[str, Any], path: Path) -> dict[str, Any]:
    kept = {key: value for key, value in content.items() if key != "checksum"}
    if hash_json(kept) != content.get("checksum"):
        raise ConfigError(
            f"{path} was changed after the study: its checksum is not that of its "
            "content; make it again (barwise features importance), or take the CSV "
            "beside it, which claims no origin"
        )
    return content


def _from_json(path: Path) -> _Entries:
    content = _parsed(path)
    if _is_study(content):
        content = _checked(content, path)["columns"]
    if content is None:
        raise ConfigError(
            f"{path} holds null: the model of that run has no importances; take the file "
            "of another model"
        )
    if isinstance(content, dict):
        yield from ((f"key {name!r}", name, value) for name, value in content.items())
        return
    if not isinstance(content, list):
        raise ConfigError(f"{path} holds {type(content).__name__}; {_FORMS}")
    for number, entry in enumerate(content):
        if not isinstance(entry, dict) or not {"feature", "importance"} <= {*entry}:
            raise ConfigError(f"{path}, entry {number}: {entry!r}; {_FORMS}")
        yield f"entry {number}", str(entry["feature"]), entry["importance"]


def _from_csv(path: Path) -> _Entries:
    try:
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError as problem:
        raise ConfigError(f"{path} is no text: {problem}") from problem
    rows = csv.DictReader(text.splitlines())
    if not {"feature", "importance"} <= {*(rows.fieldnames or ())}:
        raise ConfigError(
            f"{path}, line 1: the header is {', '.join(rows.fieldnames or ['empty'])}; "
            f"{_FORMS}"
        )
    for row in rows:
        yield f"line {rows.line_num}", row["feature"], row["importance"]


def _number(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None
