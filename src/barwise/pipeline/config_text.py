"""Settings to commented YAML: the texts come from the schema, remarks from the caller."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from barwise.pipeline.config import RunConfig
from barwise.pipeline.marked_yaml import parse

_WIDTH = 88


def commented(
    values: Mapping[str, Any],
    remarks: Mapping[str, Sequence[str]] | None = None,
    undecided: Collection[str] = (),
) -> str:
    """Write a config file that explains each of its settings.

    Parameters
    ----------
    values : mapping
        Settings to write, groups as mappings, in the order of the file. What is not
        named keeps its default and is not written.
    remarks : mapping of str to sequence of str, optional
        Dotted key to sentences that stand under the setting's own text, e.g. what was
        seen in the user's data.
    undecided : collection of str
        Dotted keys whose value is left empty, to be filled in by a person.

    Examples
    --------
    >>> print(commented({"symbol": "MES"}, {"symbol": ["named by the file"]}), end="")
    # Instrument of this run, e.g. MES or EURUSD.
    # > named by the file
    symbol: MES
    """
    schema = RunConfig.model_json_schema()
    lines: list[str] = []
    for key, value in values.items():
        part = schema["properties"][key]
        group = _definition(part, schema)
        lines += [""] if lines else []
        lines += _comment(_meaning(part, group), "", remarks, key)
        if not isinstance(value, Mapping):
            lines.append(f"{key}: {spell(value)}")
            continue
        lines.append(f"{key}:")
        for name, inner in value.items():
            dotted = f"{key}.{name}"
            lines += _comment(
                _meaning(group["properties"][name]), "  ", remarks, dotted
            )
            shown = "" if dotted in undecided else f" {spell(inner)}"
            lines.append(f"  {name}:{shown}")
    return "\n".join([*lines, ""])


def _meaning(*parts: Mapping[str, Any]) -> str:
    texts = [part["description"] for part in parts if "description" in part]
    text = " ".join(texts[0].split()).replace("``", "")
    choices = [str(choice) for part in parts for choice in part.get("enum", ())]
    return f"{text} One of: {', '.join(choices)}." if choices else text


def _definition(part: Mapping[str, Any], whole: Mapping[str, Any]) -> Mapping[str, Any]:
    for option in [part, *part.get("anyOf", [])]:
        if "$ref" in option:
            found: Mapping[str, Any] = whole["$defs"][option["$ref"].rsplit("/", 1)[1]]
            return found
    return part


def _comment(
    text: str,
    indent: str,
    remarks: Mapping[str, Sequence[str]] | None,
    key: str,
) -> list[str]:
    lines = _wrapped(text, f"{indent}# ")
    for remark in (remarks or {}).get(key, ()):
        lines += _wrapped(remark, f"{indent}# > ")
    return lines


def _wrapped(text: str, mark: str) -> list[str]:
    rest = mark.replace(">", " ")
    return textwrap.wrap(
        text,
        width=_WIDTH,
        initial_indent=mark,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )


def spell(value: Any) -> str:
    """Write one value as YAML.

    Examples
    --------
    >>> [spell(v) for v in ("MES", "6E5", "a: b", True, [5, 0.1], {"open": "<OPEN>"})]
    ['MES', '"6E5"', '"a: b"', 'true', '[5, 0.1]', '{open: <OPEN>}']
    """
    if isinstance(value, str):
        return (
            value if _reads_as(value, value) else json.dumps(value, ensure_ascii=False)
        )
    if isinstance(value, Mapping):
        return (
            "{" + ", ".join(f"{spell(k)}: {spell(v)}" for k, v in value.items()) + "}"
        )
    if isinstance(value, Sequence):
        return "[" + ", ".join(spell(item) for item in value) + "]"
    return json.dumps(value, allow_nan=False)


def _reads_as(text: str, value: str) -> bool:
    """Whether a plain text survives, in a list too."""
    # A colon may begin a value in one place and not in another.
    if not text or "\n" in text or ":" in text:
        return False
    marked = parse(f"[{{x: {text}}}]")
    return not marked.problems and bool(marked.value == [{"x": value}])
