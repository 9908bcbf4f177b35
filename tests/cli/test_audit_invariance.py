"""barwise audit invariance: what it says, what it compares, and when it fails."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from barwise.cli.app import run
from barwise.pipeline import audits

ROLL = "  rolls: [{session: 2022-01-07, from: H2, to: M2}]\n"


def rolled(place):
    path = place / "run.yaml"
    path.write_text(
        path.read_text().replace("  label: open\n", f"  label: open\n{ROLL}")
    )
    return str(path)


def test_it_says_what_moved_and_how_far(place, capsys):
    assert run(["audit", "invariance", rolled(place)]) == 0
    told = capsys.readouterr()
    lines = [line.split() for line in told.out.splitlines()]
    assert lines[0][:4] == ["history", "rows", "moved", "earlier"]
    (jump,) = (words for words in lines if words[:1] == ["roll_1_constant"])
    assert jump[3] == "0"
    (rsi,) = (words for words in lines if words[:1] == ["rsi_14"])
    assert rsi[1] == "no"
    assert not any(words[:1] == ["hour_sin"] for words in lines)


def test_json_has_every_column_of_every_history(place, capsys):
    assert run(["audit", "invariance", rolled(place), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["changed_by_later_rolls"] == []
    assert told["roll_invariant"] == {
        "rsi_14": True,
        "return_1": True,
        "hour_sin": True,
    }
    assert len(told["trials"]) == 7
    for trial in told["trials"]:
        assert {move["column"] for move in trial["moves"]} == set(
            told["roll_invariant"]
        )
        assert trial["flipped"] is None


def test_the_signals_of_a_run_are_compared(done, capsys):
    (name,) = (path.name for path in (done / "experiments/runs").glob("logistic_5_*"))
    assert run(["audit", "invariance", "run.yaml", "--run", name, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    flips = {trial["name"]: trial["flipped"] for trial in told["trials"]}
    assert flips["tick_scale"] == 0 < flips["clock_week"]


@pytest.mark.usefixtures("place")
def test_without_a_roll_it_says_so(capsys):
    assert run(["audit", "invariance", "run.yaml", "--set", "transformer_raw"]) == 0
    assert "the bars have no roll that could be moved" in capsys.readouterr().err


def test_a_column_that_a_later_roll_changes_is_a_failure(place, capsys, monkeypatch):
    whole = audits.audit_config

    def spoiled(*args, **kwargs):
        audit = whole(*args, **kwargs)
        first, *rest = audit.trials
        assert first.kind == "roll"
        moves = [replace(m, early=3 * (m.column == "rsi_14")) for m in first.moves]
        return replace(audit, trials=(replace(first, moves=tuple(moves)), *rest))

    monkeypatch.setattr(audits, "audit_config", spoiled)
    assert run(["audit", "invariance", rolled(place)]) == 4
    assert "a later roll changes earlier rows of rsi_14" in capsys.readouterr().err


@pytest.mark.usefixtures("place")
def test_wrong_names_are_refused(capsys):
    assert run(["audit", "invariance", "run.yaml", "--set", "fulll"]) == 2
    assert "unknown feature set 'fulll'" in capsys.readouterr().err
    assert run(["audit", "invariance", "run.yaml", "--run", "none_5"]) == 2
    assert "is not the folder of a finished run" in capsys.readouterr().err


def test_columns_of_tables_and_finer_bars_are_compared(place, capsys):
    days = [f"2022-01-{day:02} 12:00,{day}" for day in range(3, 12)]
    (place / "vix.csv").write_text("\n".join(["known,close", *days, ""]))
    text = Path(rolled(place)).read_text()
    text = text.replace("  label: open\n", "  label: open\n  interval: 15min\n")
    names = "[rsi_14, ext_vix_close, mtf_5min_rsi_14]"
    text = text.replace("[rsi_14, return_1, hour_sin]", names)
    table = "{name: vix, path: vix.csv, known_at: known, columns: [close]}"
    (place / "run.yaml").write_text(f"{text}external: [{table}]\n")
    assert run(["audit", "invariance", "run.yaml", "--json"]) == 0
    shown = capsys.readouterr()
    told = json.loads(shown.out)
    assert told["skipped"] == {}
    moved = {
        (trial["name"], move["column"])
        for trial in told["trials"]
        for move in trial["moves"]
        if move["share"] > 0
    }
    assert ("roll_1_constant", "mtf_5min_rsi_14") in moved
    assert ("tick_scale", "mtf_5min_rsi_14") not in moved
    assert not any(column == "ext_vix_close" for _, column in moved)
    assert "tables are the same in every history: vix" in shown.err
