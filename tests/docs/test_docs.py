"""What people read: links lead somewhere, commands exist, code runs, claims are true."""

import ast
import json
import re
import shlex
import subprocess
import sys
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import numpy as np
import pytest
import typer

from barwise.bars import get_instrument, instruments, simulate_bars
from barwise.cli.app import build
from barwise.cli.demo import example_file
from barwise.features import full_names, set_names

ROOT = Path(__file__).parents[2]
NOTEBOOK = ROOT / "docs" / "journey.ipynb"
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]

every_page = pytest.mark.parametrize("page", PAGES, ids=NAMES)


@cache
def notebook():
    return json.loads(NOTEBOOK.read_text("utf-8"))


def cells(kind):
    return ["".join(c["source"]) for c in notebook()["cells"] if c["cell_type"] == kind]


def text_of(page):
    return page.read_text("utf-8")


def blocks(page, language):
    found = re.findall(rf"^```{language}\n(.*?)^```", text_of(page), re.M | re.S)
    return [block for block in found if block.strip()]


def prose(text):
    return re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)


def anchors(page):
    """The names by which a code host lets one link to the headings of a page."""
    heads = re.findall(r"^#+ (.*)$", prose(text_of(page)), re.M)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def links(text):
    inline = re.findall(r"\]\(([^)\s]+)\)", prose(text))
    return inline + re.findall(r'(?:src|href)="([^"]+)"', prose(text))


def assert_link(link, folder, page):
    path, _, anchor = link.partition("#")
    target = (folder / path).resolve() if path else page
    assert target.exists(), f"{link} leads nowhere"
    if anchor:
        assert anchor in anchors(target), f"{link}: no such heading"


# --- links ---------------------------------------------------------------------------


@every_page
def test_links_lead_somewhere(page):
    for link in links(text_of(page)):
        assert_link(link, page.parent, page)


def test_links_of_the_notebook_lead_somewhere():
    found = [link for source in cells("markdown") for link in links(source)]
    assert found
    for link in found:
        assert_link(link, NOTEBOOK.parent, NOTEBOOK)


def test_every_decision_is_in_the_index():
    folder = ROOT / "docs" / "decisions"
    pages = {path.name for path in folder.glob("0*.md")}
    assert set(links(text_of(folder / "README.md"))) == pages
    assert len({name[:4] for name in pages}) == len(pages)


# --- commands ------------------------------------------------------------------------


def command_lines():
    lines = [
        line.split("#")[0].strip()
        for page in PAGES
        for block in blocks(page, "console")
        for line in block.splitlines()
    ]
    return sorted({line for line in lines if line})


LINES = command_lines()


@pytest.mark.parametrize("line", [x for x in LINES if x.startswith("barwise ")])
def test_commands_exist_with_their_options(line):
    command, words = typer.main.get_command(build()), shlex.split(line)[1:]
    while hasattr(command, "commands"):
        assert words[0] in command.commands, f"no command {words[0]!r} in {line!r}"
        command = command.commands[words.pop(0)]
    command.make_context(line, words)


def test_make_targets_exist():
    known = set(re.findall(r"^([\w-]+):", text_of(ROOT / "Makefile"), re.M))
    told = {
        target
        for page in PAGES
        for target in re.findall(r"(?:^|`)make ([\w-]+)", text_of(page), re.M)
    }
    assert {"demo", "test"} <= told <= known


# --- code ----------------------------------------------------------------------------


def write_example(path):
    """Write bars as a vendor would: Chicago time, stamped with the open."""
    bars = simulate_bars("MES", days=25, seed=1)
    opened = bars.open_time.astype("datetime64[ns]") - np.timedelta64(6, "h")
    columns = (bars.open, bars.high, bars.low, bars.close, bars.volume)
    rows = [
        f"{stamp},{','.join(f'{value:g}' for value in values)}"
        for stamp, *values in zip(opened.astype("datetime64[s]"), *columns, strict=True)
    ]
    path.write_text("\n".join(["timestamp,open,high,low,close,volume", *rows]))


@pytest.mark.parametrize("name", [n for n in NAMES if blocks(ROOT / n, "python")])
def test_python_on_a_page_runs(name, tmp_path):
    """In a process of its own: what a page registers is not there for other tests."""
    write_example(tmp_path / "mes.csv")
    (tmp_path / "page.py").write_text("\n".join(blocks(ROOT / name, "python")))
    done = subprocess.run(
        [sys.executable, "-W", "error", "page.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    if name == "README.md":
        assert (tmp_path / done.stdout.strip()).is_file()


def test_the_notebook_is_whole_and_was_executed():
    code = [c for c in notebook()["cells"] if c["cell_type"] == "code"]
    for cell in code:
        compile("".join(cell["source"]), cell["id"], "exec")
    assert [c["execution_count"] for c in code] == list(range(1, len(code) + 1))
    outputs = [output for cell in code for output in cell["outputs"]]
    assert outputs
    assert not [output for output in outputs if output["output_type"] == "error"]
    assert sum("image/png" in output.get("data", {}) for output in outputs) >= 3


def execute():
    spec = spec_from_file_location("execute", ROOT / "docs" / "execute.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_notebook_holds_nothing_that_changes_from_run_to_run():
    nbformat = pytest.importorskip("nbformat")
    stored = text_of(NOTEBOOK)
    read = nbformat.reads(stored, as_version=4)
    assert nbformat.writes(execute().settled(read)) == stored.rstrip("\n")


@pytest.mark.slow
def test_the_notebook_runs(tmp_path, monkeypatch):
    module = execute()
    copy = tmp_path / NOTEBOOK.name
    copy.write_text(text_of(NOTEBOOK))
    monkeypatch.setattr(module, "NOTEBOOK", copy)
    module.main()
    assert '"output_type": "error"' not in copy.read_text()


# --- claims --------------------------------------------------------------------------


def named_tests(path):
    tree = ast.parse(text_of(path))
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            yield node.name
        elif isinstance(node, ast.ClassDef):
            yield from (
                f"{node.name}::{inner.name}"
                for inner in node.body
                if isinstance(inner, ast.FunctionDef)
            )


def test_every_guarantee_names_a_test_that_exists():
    text = text_of(ROOT / "docs" / "GUARANTEES.md")
    named = re.findall(r"`([\w/]+\.py)::([\w:]+)`", text)
    assert len(named) > 50
    missing = [
        f"{file}::{test}"
        for file, test in named
        if not (ROOT / file).is_file() or test not in set(named_tests(ROOT / file))
    ]
    assert missing == []
    promises = [line for line in text.splitlines() if line.startswith("| ")]
    without = [p for p in promises if "::" not in p and p != "| promise | test |"]
    assert without == []


def test_counts_in_the_readme_are_true():
    readme = text_of(ROOT / "README.md")
    (told,) = re.findall(r"more than (\d+) columns", readme)
    # A new column must not need a new page, so the claim is a floor.
    assert int(told) < len(full_names()) < int(told) + 100
    assert f"{len(set_names())} sets" in readme
    assert f"sessions of {len(instruments())} instruments" in readme
    assert get_instrument("MES").barriers == (1.5, 1.0)


def test_the_map_of_the_readme_has_every_folder():
    (tree,) = (b for b in blocks(ROOT / "README.md", "text") if "src/barwise/" in b)
    told = set(re.findall(r"^  (\w+)/", tree, re.M))
    package = ROOT / "src" / "barwise"
    assert told == {file.parent.name for file in package.glob("*/__init__.py")}


@pytest.mark.slow
def test_what_the_readme_shows_is_what_the_demo_prints(tmp_path):
    if example_file() is None:
        pytest.skip("the example package is not installed")
    pytest.importorskip("torch")
    done = subprocess.run(
        [sys.executable, "-m", "barwise", "demo"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    (shown,) = (b for b in blocks(ROOT / "README.md", "text") if "Sharpe" in b)
    lines = [line for line in shown.splitlines() if line.strip() not in ("", "...")]
    assert [line for line in lines if line not in done.stdout.splitlines()] == []


# --- words ---------------------------------------------------------------------------

FOREIGN = (
    r"(?<![\w.])/(?:work|root|home|tmp|mnt|Users|opt)/",
    r"\bhttps?://",
    r"\b(?:pypi|github|gitlab|npmjs|readthedocs|docs\.rs)\b",
    r"\b(?:todo|fixme|tba|tbd)\b",
)
"""Machine paths, hosts, and what was left for later without being named as planned."""


def texts():
    yield from ((name, text_of(page)) for name, page in zip(NAMES, PAGES, strict=True))
    for cell in notebook()["cells"]:
        told = [*cell["source"]]
        for output in cell.get("outputs", []):
            data = {k: v for k, v in output.get("data", {}).items() if "image" not in k}
            told += [json.dumps(data), json.dumps(output.get("text", ""))]
        yield cell["id"], "".join(told)


@pytest.mark.parametrize("pattern", FOREIGN)
def test_pages_speak_of_the_product_only(pattern):
    found = [
        f"{name}: {match[0]}"
        for name, text in texts()
        for match in re.finditer(pattern, text, re.I)
    ]
    assert found == []
