"""Two tripwires: a file that holds two ideas, a function that does too much."""

import ast
from pathlib import Path

import barwise

ROOT = Path(barwise.__file__).parent
# Compiled code stays in one file, because numba's cache sees one file only.
ONE_FILE = {"stream/ops.py", "stream/barriers.py"}


def sources():
    return [
        path
        for path in sorted(ROOT.rglob("*.py"))
        if path.relative_to(ROOT).as_posix() not in ONE_FILE
    ]


def test_no_source_file_is_over_400_lines():
    long = {
        str(p): n for p in sources() if (n := len(p.read_text().splitlines())) > 400
    }
    assert not long


def test_no_function_is_over_60_lines_besides_its_docstring():
    long = {}
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                first = node.body[0]
                told = isinstance(first, ast.Expr) and isinstance(
                    getattr(first, "value", None), ast.Constant
                )
                doc = first.end_lineno - first.lineno + 1 if told else 0
                lines = node.end_lineno - node.lineno + 1 - doc
                if lines > 60:
                    long[f"{path}:{node.name}"] = lines
    assert not long
