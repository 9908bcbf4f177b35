"""``barwise features importance``: table, JSON, and what cannot work."""

import json

import pytest

from barwise.cli.app import run

STUDY = ["features", "importance", "run.yaml", "--n-splits", "2", "--embargo", "20"]

in_a_folder = pytest.mark.usefixtures("place")


@in_a_folder
def test_a_study_is_shown_and_its_file_makes_a_set(place, capsys):
    words = [*STUDY, "--methods", "sfi,mda", "--model", "logistic", "--part", "train"]
    assert run([*words, "--top", "2"]) == 0
    out, err = capsys.readouterr()
    assert "4 fits, 0 of them done before" in err
    assert "best random column" in out
    assert "flattered" not in out
    shown = next(line for line in out.splitlines() if line.startswith("  importance:"))
    # What is printed can be pasted.
    text = (place / "run.yaml").read_text()
    text = text.replace("  names: [rsi_14, return_1, hour_sin]", f"{shown}\n  top: 2")
    (place / "chosen.yaml").write_text(text)
    assert run([*words, "--json"]) == 0
    out, err = capsys.readouterr()
    assert "4 fits, 4 of them done before" in err
    facts = json.loads(out)
    ranked = [row["feature"] for row in facts["columns"]]
    assert sorted(ranked) == ["hour_sin", "return_1", "rsi_14"]
    assert facts["made_of"]["part"] == "train"
    assert len(facts["noise"]) == 6
    assert run(["run", "chosen.yaml", "--json"]) == 0
    (result,) = json.loads(capsys.readouterr().out)
    assert result["features"] == 2


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["--methods", "pca"], "name some of mdi, mda, sfi, shap"),
        (["--horizon", "7"], "7 is not among 5"),
        (["--model", "logistic"], "has no exact SHAP values"),
        (["--jobs", "0"], "--jobs must be"),
    ],
)
@in_a_folder
def test_what_cannot_work_is_told_in_a_line(capsys, words, text):
    assert run([*STUDY, *words]) == 2
    err = capsys.readouterr().err
    assert text in err
    assert "Traceback" not in err
