"""The tree of commands: help, exit codes, the error boundary."""

import json
import os
import subprocess
import sys

import pytest
import typer

from barwise.cli.app import COMMAND_FILES, build, run
from barwise.cli.errors import guarded
from barwise.core.errors import (
    BarwiseError,
    ConfigError,
    DataError,
    GateError,
    IntegrityError,
    LockedError,
)


def commands():
    """Every command that does something, with the words that call it."""
    found = {}

    def walk(command, words):
        inner = getattr(command, "commands", None)
        if inner is None:
            found[" ".join(words)] = command
        else:
            for name, child in inner.items():
                walk(child, [*words, name])

    walk(typer.main.get_command(build()), [])
    return found


COMMANDS = commands()


def test_commands_that_are_promised_are_there():
    promised = {
        "init",
        "power",
        "data check",
        "data describe",
        "features list",
        "models list",
        "runs list",
        "runs show",
        "doctor",
    }
    assert promised <= set(COMMANDS)


@pytest.mark.parametrize("words", COMMANDS)
def test_help_has_an_example_and_the_exit_codes(words, capsys):
    assert run([*words.split(), "--help"]) == 0
    shown = capsys.readouterr().out
    assert "Example:\n    barwise " in shown
    for code in ("0 ok", "2 usage or config", "3 data invalid", "130 interrupted"):
        assert code in shown
    assert "--json" in shown


@pytest.mark.parametrize("words", COMMANDS)
def test_examples_in_the_help_can_be_parsed(words):
    epilog = COMMANDS[words].epilog
    examples = [line.split() for line in epilog.splitlines() if "  barwise " in line]
    assert examples
    for example in examples:
        assert example[: 1 + len(words.split())] == ["barwise", *words.split()]
        arguments = example[1 + len(words.split()) :]
        COMMANDS[words].make_context(words, arguments)


def test_every_command_file_is_in_the_tree():
    folder = os.path.dirname(sys.modules["barwise.cli.app"].__file__)
    files = {name[:-3] for name in os.listdir(folder) if name.endswith(".py")}
    assert set(COMMAND_FILES) <= files
    own = {"__init__", "app", "errors", "output", "results", "source", "fold_results"}
    of_groups = {"append", "audit_features", "audit_invariance", "convert", "simulate"}
    of_groups |= {"audit_dataset", "audit_leaks"}
    of_groups |= {"features_build", "features_importance"}
    of_groups |= {"labels_trace", "labels_tune"}
    unknown = files - own - of_groups - set(COMMAND_FILES)
    assert not unknown, f"{unknown} are in no list of commands"


def test_help_imports_nothing_heavy():
    code = (
        "import sys\nfrom barwise.cli import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit as done:\n    assert not done.code\n"
        "heavy = {'numpy', 'pydantic', 'polars', 'pandas', 'sklearn', 'torch', 'numba',"
        " 'ruamel', 'rich', 'matplotlib', 'structlog', 'lightgbm', 'scipy'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stderr.strip() == "[]"
    assert "Usage: barwise" in done.stdout


def test_version(capsys):
    from barwise import __version__

    assert run(["--version"]) == 0
    assert capsys.readouterr().out == f"barwise {__version__}\n"


@pytest.mark.parametrize(
    "words", [["nonsense"], ["data", "chek", "x"], ["doctor", "--nonsense"], ["init"]]
)
def test_wrong_usage_is_2_and_on_stderr(words, capsys):
    assert run(words) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert "Usage: barwise" in told.err
    assert "Traceback" not in told.err


def test_near_miss_of_a_command_is_named(capsys):
    run(["data", "chek", "x"])
    assert "Did you mean 'check'?" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (BarwiseError, 1),
        (ConfigError, 2),
        (DataError, 3),
        (GateError, 4),
        (IntegrityError, 5),
        (LockedError, 6),
    ],
)
def test_own_errors_are_told_without_traceback(kind, code, capsys):
    def fail():
        raise kind("mes.csv, row 3: high is below low; repair it")

    assert guarded(fail, debug=False) == code
    told = capsys.readouterr()
    assert told.err == "barwise: mes.csv, row 3: high is below low; repair it\n"
    assert told.out == ""


def test_debug_shows_the_traceback_and_the_cause(capsys):
    def fail():
        try:
            raise KeyError("inner")
        except KeyError as problem:
            raise ConfigError("outer") from problem

    assert guarded(fail, debug=True) == 2
    told = capsys.readouterr().err
    assert "Traceback" in told
    assert "KeyError: 'inner'" in told
    assert told.endswith("barwise: outer\n")


def test_interrupt_is_130(capsys):
    def fail():
        raise KeyboardInterrupt

    assert guarded(fail, debug=False) == 130
    assert "run again to go on" in capsys.readouterr().err


def test_fault_of_ours_says_how_to_report_it(capsys):
    def fail():
        raise ZeroDivisionError("division by zero")

    assert guarded(fail, debug=False) == 1
    told = capsys.readouterr().err
    assert told.startswith("barwise: unexpected ZeroDivisionError: division by zero\n")
    assert "--debug" in told
    assert "barwise doctor --json" in told
    assert "Traceback" not in told


@pytest.mark.parametrize(
    ("problem", "part"),
    [
        (
            OSError(28, "No space left on device", "/x"),
            "/x: No space left on device; free",
        ),
        (PermissionError(13, "Permission denied", "/x"), "change its rights"),
        (FileNotFoundError(2, "No such file or directory", "/x"), "/x: No such file"),
        (MemoryError(), "out of memory; use fewer columns"),
    ],
)
def test_trouble_of_the_machine_names_the_way_out(problem, part, capsys):
    def fail():
        raise problem

    assert guarded(fail, debug=False) == 1
    told = capsys.readouterr().err
    assert part in told
    assert "unexpected" not in told


def test_long_messages_fit_on_one_screen(capsys):
    def fail():
        raise ConfigError("\n".join(f"run.yaml:{i}: x" for i in range(100)))

    guarded(fail, debug=False)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 31
    assert lines[-1] == "... and 70 more (--debug shows all)"
    guarded(fail, debug=True)
    assert "run.yaml:99: x" in capsys.readouterr().err


def test_debug_may_stand_anywhere(tmp_path, capsys):
    missing = str(tmp_path / "none.yaml")
    for words in (["--debug", "data", "check", missing], ["data", "check", missing]):
        assert run([*words, "--debug"]) == 2
        assert "Traceback" in capsys.readouterr().err


def test_debug_by_environment(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("BARWISE_DEBUG", "1")
    assert run(["data", "check", str(tmp_path / "none.yaml")]) == 2
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["doctor", "--json"], ["--help"]])
def test_reader_of_a_pipe_that_leaves_is_no_trouble(words):
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "barwise", *words],
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writing)
    assert done.returncode == 1
    assert done.stderr == ""


def test_interrupt_of_a_process_is_130(tmp_path):
    code = (
        "import os, signal, sys\nfrom barwise.cli import app\n"
        "import barwise.cli.doctor as doctor\n"
        "doctor._memory = lambda: os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.exit(app.run(['doctor']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 130
    assert "Traceback" not in done.stderr


def test_doctor(tmp_path, capsys):
    assert run(["doctor", "--json", "--folder", str(tmp_path)]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["threads"]["usable"] >= 1
    assert report["memory"]["total_gib"] > 0
    assert all(place["fsync_ms"] > 0 for place in report["disk"])
    assert list(tmp_path.iterdir()) == []
    extras = {extra["extra"]: extra for extra in report["extras"]}
    assert "nets" in extras
    for extra in extras.values():
        wanted = (
            f"pip install 'barwise[{extra['extra']}]'" if extra["missing"] else None
        )
        assert extra["install"] == wanted


def test_doctor_as_text(tmp_path, capsys):
    assert run(["doctor", "--folder", str(tmp_path)]) == 0
    shown = capsys.readouterr().out
    assert "a durable write takes" in shown
    assert "way out" in shown


def test_doctor_says_when_nothing_can_be_written(tmp_path, capsys, monkeypatch):
    def refuse(*_args, **_more):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    assert run(["doctor", "--folder", str(tmp_path)]) == 1
    assert "CANNOT BE WRITTEN" in capsys.readouterr().out
