"""Own features and prior studies through the command line."""

import json

import pytest

from barwise.cli.app import run

MINE = """\
import barwise as bw
from barwise.stream.expr import ema


@bw.feature
def edge(bars, period=20):
    return bars.close / ema(bars.close, period) - 1.0
"""
NAMES = "  names: [rsi_14, return_1, hour_sin]\n"


@pytest.fixture
def configure(place):
    """Write mine.py, and put lines in the place of the config's names (line 8 on)."""
    (place / "mine.py").write_text(MINE)
    text = (place / "run.yaml").read_text()

    def write(lines):
        (place / "run.yaml").write_text(text.replace(NAMES, lines))

    return write


def as_json(capsys, *words):
    assert run([*words, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def importances(run_folder):
    return json.loads((run_folder / "metrics" / "feature_importance.json").read_text())


def test_own_features_are_trained_on_and_a_runs_importances_are_a_study(
    place, configure, capsys
):
    configure("  own: mine.py\n  names: [rsi_14, edge_20, edge_5]\n")
    (result,) = as_json(capsys, "run", "run.yaml")
    assert result["features"] == 3
    (first,) = (place / "experiments" / "runs").iterdir()
    ranked = importances(first)
    assert {*ranked} == {"rsi_14", "edge_20", "edge_5"}
    study = first.relative_to(place) / "metrics" / "feature_importance.json"
    configure(
        f"  own: mine.py\n  importance: {study}\n  top: 2\n  prune_correlated: 0.3\n"
    )
    (result,) = as_json(capsys, "run", "run.yaml")
    assert result["features"] == 2
    (second,) = {*(place / "experiments" / "runs").iterdir()} - {first}
    # Of the two that matter most the second repeats the first, and is left out.
    assert [*importances(second)] == [max(ranked, key=ranked.get)]
    page = max((place / "experiments" / "reports").iterdir()) / "report.html"
    for said in (
        "most important ones of a prior study",
        "Horizon 5: 1 columns were left out, because they repeat an earlier one",
        "effective samples (",
    ):
        assert said in page.read_text()


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (
            "  own: none.py\n  names: [edge_20]\n",
            "run.yaml:8: features.own: none.py: does not exist",
        ),
        (
            "  own: mes.csv\n  names: [edge_20]\n",
            "run.yaml:8: features.own: mes.csv: is no Python file",
        ),
        (
            "  own: broken.py\n  names: [edge_20]\n",
            "features.own: broken.py:2: No module named 'tulipyy'; install",
        ),
        (
            "  own: mine.py\n  names: [edge_0, rsi_14]\n",
            "run.yaml:9: features.names[0]: feature 'edge_0': ema needs a whole number",
        ),
        (
            "  own: mine.py\n  names: [egde_20, rsi_14]\n",
            "run.yaml:9: features.names[0]: unknown feature 'egde_20': did you mean edge",
        ),
        (
            "  own: mine.py\n  names: [rsi_14]\n",
            "run.yaml:8: features.own: no column of mine.py is used",
        ),
        (
            "  names: [rsi_14]\n  top: 3\n",
            "run.yaml:9: features.top: has no effect without features.importance",
        ),
        (
            "  names: [rsi_14]\n  prune_correlated: 1.5\n",
            "run.yaml:9: features.prune_correlated: 1.5 must be less than 1",
        ),
        (
            "  importance: study.json\n",
            "features.top: is missing beside features.importance",
        ),
        (
            "  importance: study.json\n  top: 3\n",
            "run.yaml:8: features.importance: there is no file study.json",
        ),
    ],
)
def test_what_cannot_work_is_told_at_its_line(lines, said, place, configure, capsys):
    (place / "broken.py").write_text("import barwise as bw\nimport tulipyy\n")
    configure(lines)
    assert run(["run", "run.yaml"]) == 2
    told = capsys.readouterr()
    assert said in told.err
    assert told.out == ""
    assert "Traceback" not in told.err
    assert not (place / "experiments").exists()
