"""Data to stdout, everything else to stderr."""

import io
import json
import sys

from barwise.cli import output


def test_json_has_no_nan(capsys):
    output.write_json({"a": float("nan"), "b": [float("inf"), 1.5], 3: "ä"})
    shown = capsys.readouterr().out
    assert json.loads(shown) == {"a": None, "b": [None, 1.5], "3": "ä"}
    assert "ä" in shown


def test_table_is_aligned(capsys):
    output.write_table(("name", "n"), [("a", 1), ("longer", 22)])
    assert capsys.readouterr().out == "name    n\na       1\nlonger  22\n"


def test_progress_is_silent_on_a_pipe(capsys):
    with output.progress("work") as report:
        report(1, 2)
    assert capsys.readouterr() == ("", "")


def test_progress_goes_to_stderr_on_a_terminal(capsys, monkeypatch):
    screen = io.StringIO()
    monkeypatch.setattr(screen, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    with output.progress("features") as report:
        report(1, 2)
    assert "features" in screen.getvalue()
    assert capsys.readouterr().out == ""
