"""A YAML file checked against settings: every problem in one pass, each with its line."""

from __future__ import annotations

import copy
import difflib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from barwise.core.errors import ConfigError
from barwise.pipeline.config import RunConfig
from barwise.pipeline.config_groups import (
    DataConfig,
    FeatureConfig,
    Group,
    SplitConfig,
)
from barwise.pipeline.config_rules import RULES
from barwise.pipeline.label_config import LabelConfig
from barwise.pipeline.marked_yaml import Key, Marked, Problem, dotted, read_marked

_MUST = {
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "string_type": "text: put it in quotes",
    "path_type": "a path: put it in quotes",
    "tuple_type": "a list, e.g. [a, b]",
    "dict_type": "a group of keys",
    "model_type": "a group of keys",
}
# The groups that the rules read.
_JOINED: dict[str, type[Group]] = {
    "data": DataConfig,
    "features": FeatureConfig,
    "labels": LabelConfig,
    "split": SplitConfig,
}


def read_settings(path: Path) -> tuple[RunConfig, dict[Key, int]]:
    """Read and check a run's settings; return them and the line of each key.

    Raises
    ------
    ConfigError
        One line for every problem: file and line, dotted key, value, what is allowed
        and what to do.
    """
    marked = read_marked(path)
    if not marked.problems and not isinstance(marked.value, dict):
        marked.problems.append(_not_a_mapping(marked.value))
    problems = list(marked.problems)
    if isinstance(marked.value, dict):
        try:
            config = RunConfig.model_validate_json(
                json.dumps(marked.value), strict=True
            )
        except ValidationError as error:
            problems.extend(_schema_problems(error, marked))
            problems.extend(_wrong_names(path, marked, {one.key for one in problems}))
        else:
            if not problems:
                return config, marked.lines
    raise ConfigError(_report(path, problems))


def _not_a_mapping(value: Any) -> Problem:
    if value is None:
        text = "is empty; barwise init FILE writes a commented config for your bars"
    else:
        text = (
            f"{_show(value)} is not a group of keys; begin with e.g. symbol: MES, or, if "
            "this is a file of bars, let barwise init FILE write a config for it"
        )
    return Problem(1, (), text)


def _report(path: Path, problems: Sequence[Problem]) -> str:
    lines = []
    for problem in sorted(problems, key=lambda problem: problem.line):
        where = f"{path}:{problem.line}" if problem.line else f"{path}"
        key = f"{dotted(problem.key)}: " if problem.key else ""
        lines.append(f"{where}: {key}{problem.text}")
    return "\n".join(lines)


def _schema_problems(error: ValidationError, marked: Marked) -> Iterator[Problem]:
    faulty = {problem.key for problem in marked.problems}
    found = []
    for detail in error.errors(include_url=False):
        key = tuple(detail["loc"])
        if key and not any(bad and key[: len(bad)] == bad for bad in faulty):
            found.append(_explain(key, detail, marked))
    # A list whose only entry is wrong is not a list that is too short.
    inner = {problem.key[:end] for problem in found for end in range(len(problem.key))}
    found = [problem for problem in found if problem.key not in inner]
    yield from found
    yield from _broken_rules(marked, faulty | {problem.key for problem in found})


def _broken_rules(marked: Marked, faulty: set[Key]) -> Iterator[Problem]:
    """Check what joins several keys, as far as those keys are right."""
    bad = {".".join(str(part) for part in key[:2]) for key in faulty}
    bad |= {
        f"{key[0]}.{name}" for key in faulty if len(key) == 1 for name in _keys(key)
    }
    config = _partly_built(marked.value, bad)
    for rule in RULES:
        text = None if bad & set(rule.needs) else rule.broken(config)
        if text:
            key = tuple(rule.at.split("."))
            yield Problem(marked.line(key), key, text)


def _wrong_names(path: Path, marked: Marked, faulty: set[Key]) -> Iterator[Problem]:
    """Look up what is named, as far as the settings stand without the faulty ones."""
    from barwise.pipeline.choices import wrong_names

    values = copy.deepcopy(marked.value)
    for key in faulty:
        _drop(values, key)
    try:
        config = RunConfig.model_validate_json(json.dumps(values), strict=True)
    except ValidationError:
        return
    for found, text in wrong_names(config.placed(path, marked.lines)):
        if not any(found[: len(bad)] == bad for bad in faulty):
            yield Problem(marked.line(found), found, text)


def _drop(values: dict[str, Any], key: Key) -> None:
    """Take a key out of nested groups; a list goes as a whole."""
    for part in key:
        inner = values.get(part) if isinstance(part, str) else None
        if not isinstance(inner, dict) or part == key[-1]:
            values.pop(str(part), None)
            return
        values = inner


def _partly_built(values: Mapping[str, Any], bad: set[str]) -> RunConfig:
    config: dict[str, Any] = {
        "symbol": values.get("symbol"),
        "instrument": values.get("instrument"),
    }
    for name, group in _JOINED.items():
        given = values.get(name)
        given = given if isinstance(given, dict) else {}
        good = {
            key: value for key, value in given.items() if f"{name}.{key}" not in bad
        }
        config[name] = group.model_construct(**good)
    return RunConfig.model_construct(**config)


def _explain(key: Key, detail: Mapping[str, Any], marked: Marked) -> Problem:
    kind = detail["type"]
    key = _standing(key, marked, kind)
    if kind == "extra_forbidden":
        text = _unknown_key(key)
    elif kind == "missing" and isinstance(last := key[-1], int):
        key = key[:-1]
        text = f"needs an entry number {last + 1}{_meaning(key)}"
    elif kind == "missing":
        text = f"is missing; add it{_meaning(key)}"
    else:
        text = _wrong_value(key, kind, detail)
    return Problem(marked.line(key), key, text)


def _standing(key: Key, marked: Marked, kind: str) -> Key:
    """Leave out what stands in the schema only, e.g. the tag of a union."""
    standing: Key = ()
    for part in key:
        if (*standing, part) in marked.lines:
            standing = (*standing, part)
    return (*standing, key[-1]) if kind == "missing" else standing


def _unknown_key(key: Key) -> str:
    name = str(key[-1])
    known = _keys(key[:-1])
    near = difflib.get_close_matches(name, known, n=1)
    if near:
        return f"unknown key; did you mean {near[0]}?"
    elsewhere = [f"{group}.{name}" for group in _keys(()) if name in _keys((group,))]
    if elsewhere:
        return f"unknown key here; it belongs to {elsewhere[0]}"
    return f"unknown key; known here: {', '.join(known)}"


def _wrong_value(key: Key, kind: str, detail: Mapping[str, Any]) -> str:
    value = detail["input"]
    context = detail.get("ctx", {})
    message = str(detail["msg"])
    if value is None:
        return f"has no value; fill it in{_choices(context)}{_meaning(key)}"
    if kind == "literal_error":
        choices = _literals(context["expected"])
        return (
            f"{_show(value)} is not one of {', '.join(choices)}{_near(value, choices)}"
        )
    if "text" in context:
        return str(context["text"])
    if kind in _MUST:
        return f"{_show(value)} must be {_MUST[kind]}{_meaning(key)}"
    rule = re.sub(r"^\w+ should", "must", message).replace(" after validation", "")
    return f"{_show(value)} {rule}{_meaning(key)}"


def _choices(context: Mapping[str, Any]) -> str:
    choices = _literals(str(context.get("expected", "")))
    return f": {' or '.join(choices)}" if choices else ""


def _literals(expected: str) -> list[str]:
    return expected.split("'")[1::2]


def _near(value: Any, choices: Sequence[str]) -> str:
    near = difflib.get_close_matches(str(value), choices, n=1)
    return f"; did you mean {near[0]}?" if near else ""


def _show(value: Any) -> str:
    text = repr(value) if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _meaning(key: Key) -> str:
    text = " ".join(str(_schema(key).get("description", "")).split()).replace("``", "")
    return f" ({text.rstrip('.')})" if text else ""


def _keys(key: Key) -> list[str]:
    return list(_schema(key).get("properties", {}))


def _schema(key: Key) -> Mapping[str, Any]:
    """Return the part of the JSON schema that describes a key."""
    whole = RunConfig.model_json_schema()
    part: Mapping[str, Any] = whole
    for name in key:
        inner = _resolve(part, whole)
        if isinstance(name, int):
            items = inner.get("items") or inner.get("prefixItems", [{}])[0]
            part = items
        else:
            part = inner.get("properties", {}).get(name, {})
    return {
        **_resolve(part, whole),
        **{k: v for k, v in part.items() if k == "description"},
    }


def _resolve(part: Mapping[str, Any], whole: Mapping[str, Any]) -> Mapping[str, Any]:
    for option in [part, *part.get("anyOf", [])]:
        if "$ref" in option:
            resolved: Mapping[str, Any] = whole["$defs"][
                option["$ref"].rsplit("/", 1)[1]
            ]
            return resolved
    return part
