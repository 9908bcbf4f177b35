"""YAML 1.2 text to plain values that remember their lines.

Nothing but mappings, lists, text, numbers, booleans and null comes out: tags that build
objects are refused, keys that stand twice too, and aliases may not blow up.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

Key = tuple[str | int, ...]
"""Where a value stands: names of keys and positions in lists."""

LARGEST_FILE = 1 << 20
_LARGEST_TREE = 20_000
_DEEPEST = 40
_TAG = "tag:yaml.org,2002:"
# A date is text, as no setting is one; a lone = is text too.
_TEXT = {"str", "timestamp", "merge", "value"}
_READ = {"map", "seq", "int", "float", "bool", "null"} | _TEXT


def dotted(key: Key) -> str:
    """Write a key as a person would.

    Examples
    --------
    >>> dotted(("models", 1, "name"))
    'models[1].name'
    """
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in key)
    return "".join(parts).lstrip(".")


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong in a file.

    Parameters
    ----------
    line : int
        Line in the file, from 1; 0 where none can be named.
    key : tuple
        Where the value stands.
    text : str
        The value, the rule it breaks and the way out.
    """

    line: int
    key: Key
    text: str


@dataclass
class Marked:
    """The values of a file, the line of each, and what could not be read."""

    value: Any = None
    lines: dict[Key, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def line(self, key: Key) -> int:
        """Return the line of a key, or of the nearest group around it."""
        while key and key not in self.lines:
            key = key[:-1]
        return self.lines.get(key, 1)


def parse(text: str) -> Marked:
    r"""Read one YAML document.

    Examples
    --------
    >>> marked = parse("symbol: NO\nlabels:\n  horizons: [5, 0]\n")
    >>> marked.value
    {'symbol': 'NO', 'labels': {'horizons': [5, 0]}}
    >>> marked.line(("labels", "horizons", 1))
    3
    """
    marked = Marked()
    yaml = YAML(typ="safe", pure=True)
    try:
        root = yaml.compose(text)
        if root is not None:
            marked.value = _Walk(marked, yaml).value(root, ())
    except (RecursionError, _Unfolds):
        marked.problems.append(
            Problem(
                0,
                (),
                f"aliases or nesting unfold to more than {_LARGEST_TREE:,} values or "
                f"{_DEEPEST} levels; write the values out",
            )
        )
    except YAMLError as error:
        marked.problems.extend(_syntax(error, text))
    return marked


class _Unfolds(Exception):  # noqa: N818 - never leaves this file
    """The tree is too large."""


@dataclass
class _Walk:
    """Turns nodes into values; counts them, since an alias repeats its whole tree."""

    marked: Marked
    yaml: YAML
    left: int = _LARGEST_TREE

    def value(self, node: Node, key: Key) -> Any:
        line = node.start_mark.line + 1
        self.marked.lines.setdefault(key, line)
        self.left -= 1
        if self.left < 0 or len(key) > _DEEPEST:
            raise _Unfolds
        kind = str(node.tag).removeprefix(_TAG)
        if kind not in _READ:
            return self._refuse_tag(node, kind, key, line)
        if isinstance(node, MappingNode):
            return self._mapping(node, key)
        if isinstance(node, SequenceNode):
            return [self.value(item, (*key, i)) for i, item in enumerate(node.value)]
        return self._scalar(node, kind, key, line)

    def _mapping(self, node: MappingNode, key: Key) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name_node, value_node in node.value:
            line = name_node.start_mark.line + 1
            if not isinstance(name_node, ScalarNode):
                self._refuse(line, key, "a key must be one word, not a list or a group")
                continue
            name = str(name_node.value)
            here = (*key, name)
            if name in found:
                first = self.marked.lines[here]
                self._refuse(
                    line, here, f"stands twice, first on line {first}; keep one"
                )
                continue
            self.marked.lines[here] = line
            found[name] = self.value(value_node, here)
        return found

    def _scalar(self, node: Node, kind: str, key: Key, line: int) -> Any:
        if kind in _TEXT:
            return node.value
        try:
            return self.yaml.constructor.construct_object(node)
        except (ValueError, YAMLError):
            return self._refuse_tag(node, kind, key, line)

    def _refuse_tag(self, node: Node, kind: str, key: Key, line: int) -> None:
        shown = (
            f"{node.value!r} has" if isinstance(node, ScalarNode) else "the value has"
        )
        self._refuse(
            line,
            key,
            f"{shown} the tag {kind!r}; only text, numbers, true, false, null, lists and "
            "groups are read: remove the tag, or put the value in quotes",
        )

    def _refuse(self, line: int, key: Key, text: str) -> None:
        self.marked.problems.append(Problem(line, key, text))


def _syntax(error: YAMLError, text: str) -> Iterator[Problem]:
    tabs = [
        number
        for number, line in enumerate(text.splitlines(), 1)
        if "\t" in line[: len(line) - len(line.lstrip())]
    ]
    if tabs:
        for number in tabs:
            yield Problem(number, (), "indented with a tab; use spaces")
        return
    if not isinstance(error, MarkedYAMLError) or error.problem_mark is None:
        line = text.count("\n", 0, getattr(error, "position", 0)) + 1
        yield Problem(line, (), "holds a control character; remove it")
        return
    lines = text.splitlines()
    mark, context = error.problem_mark, error.context_mark
    if mark.line >= len(lines) and context is not None:
        # What was never closed shows where it begins, not at the end of the file.
        mark = context
    since = (
        f" ({error.context}, begun on line {context.line + 1})"
        if context is not None and context.line != mark.line
        else ""
    )
    shown = _shorten(lines[mark.line].strip())
    yield Problem(
        mark.line + 1,
        (),
        f"{shown!r} is not valid YAML: {error.problem}{since}; {_advice(error)}",
    )


_ADVICE = (
    (
        "mapping values are not allowed",
        "keys of one group start in the same column, a nested group is indented below "
        "its key, and text that contains ': ' goes in quotes",
    ),
    (
        "expected <block end>",
        "keys and list entries of one group start in the same column",
    ),
    ("expected '<document start>'", "keys of one group start in the same column"),
    ("expected ',' or", "close the bracket that is still open"),
    ("end of stream", "close the quote or bracket that is still open"),
    ("cannot start any token", "put the value in quotes"),
    ("undefined alias", "put the value in quotes, or define the anchor before its use"),
    ("another document", "one file holds one run: remove what follows the line ---"),
)


def _advice(error: MarkedYAMLError) -> str:
    said = f"{error.context} {error.problem}"
    fits = [advice for sign, advice in _ADVICE if sign in said]
    return fits[0] if fits else "see the line above it too"


def _shorten(text: str, width: int = 60) -> str:
    return text if len(text) <= width else f"{text[: width - 3]}..."


def read_marked(path: Path) -> Marked:
    """Read a YAML file; what stands in the way of that is a problem without a line."""
    try:
        size = path.stat().st_size
        if path.is_dir():
            return _refused("is a folder; name a YAML file in it")
        if size > LARGEST_FILE:
            return _refused(
                f"has {size:,} bytes, which is no config file; for a file of bars, "
                "barwise init FILE writes a config"
            )
        content = path.read_bytes()
        if b"\0" in content:
            return _refused(
                "is no text; for a file of bars, barwise init FILE writes a config"
            )
        return parse(content.decode("utf-8-sig"))
    except FileNotFoundError:
        return _refused(
            "does not exist; barwise init FILE writes a config for your bars"
        )
    except OSError as problem:
        return _refused(f"cannot be read: {problem.strerror or problem}")
    except UnicodeDecodeError as problem:
        line = problem.object.count(b"\n", 0, problem.start) + 1
        byte = problem.object[problem.start]
        return _refused(f"byte 0x{byte:02x} is not UTF-8; save the file as UTF-8", line)


def _refused(text: str, line: int = 0) -> Marked:
    return Marked(problems=[Problem(line, (), text)])
