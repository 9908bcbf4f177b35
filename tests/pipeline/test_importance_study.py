"""A study of a config's columns, the file that it writes, and the set made from it."""

import json
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from barwise.bars.simulate import simulate_bars
from barwise.bars.stored import write_bars
from barwise.core.errors import BarwiseError, ConfigError
from barwise.pipeline import RunConfig, build_dataset, importance_study, run
from barwise.pipeline.audits.leaks.setup import Setup
from barwise.pipeline.audits.leaks.source import choices
from barwise.pipeline.folding import Folding
from barwise.pipeline.importance_file import read_importance, read_origin
from barwise.pipeline.importance_origin import flattered
from barwise.pipeline.importance_study import StudySettings, study_importance
from barwise.testing.artefacts import artefacts
from barwise.training.importance.noise import NOISE

NAMES = ["rsi_14", "rsi_13", "return_1", "hour_sin", "regime_hmm_2_p1"]
LIGHT = {"name": "lightgbm", "config": {"max_rounds": 8, "leaves": 4, "refit": False}}
FOLDS = Folding("purged", 3, embargo=60)
QUICK = StudySettings(methods=("mda", "shap"), folding=FOLDS, permutations=2)


@cache
def bars():
    return simulate_bars("MES", days=10, signal=0.3, seed=8)


def config(folder, **changes):
    settings = {
        "symbol": "MES",
        "data": {"path": folder / "mes.parquet", "label": "close", "interval": "5min"},
        "features": {"set": None, "names": NAMES},
        "labels": {"horizons": [5]},
        "models": [LIGHT],
        "output": folder / "experiments",
    }
    return RunConfig.model_validate(settings | changes)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("importance")
    write_bars(bars(), made / "mes.parquet")
    return made


@pytest.fixture(scope="module")
def made(folder):
    return study_importance(config(folder), QUICK)


def chosen(folder, path, **changes):
    """Return a config whose set is the file of a study."""
    features = {"set": None, "importance": path, "top": 3}
    return config(folder, features=features, models=["logistic"], **changes)


# --- the file, and a set that is built from it -----------------------------------------


def test_a_set_built_from_the_file_runs_and_says_where_it_comes_from(folder, made):
    ranked = list(read_importance(made.file))
    assert sorted(ranked) == sorted(NAMES)
    assert ranked == [row["feature"] for row in made.study.rows()]
    summary = run(chosen(folder, made.file))
    assert list(summary.inputs.names) == ranked[:3]
    page = summary.report.read_text("utf-8")
    assert f"It learned from labels of {made.origin.span}." in page
    assert "Scores on the validation part are flattered: the study knows labels" in page
    assert "Scores on the test part" not in page


def test_the_file_says_what_it_was_made_of(folder, made):
    data = build_dataset(config(folder), horizon=5)
    origin = read_origin(made.file)
    assert origin == made.origin
    times = np.concatenate([data.times("train"), data.times("val")])
    rows = np.concatenate([data.rows("train"), data.rows("val")])
    assert (origin.first, origin.last) == (times[0], times[-1])
    assert origin.last_label_end == data.frame.targets.end_time[rows].max()
    assert origin.last_label_end < data.split.boundaries[1]
    assert origin.samples == len(rows)
    assert origin.data == dict(made.inputs.addresses)
    assert origin.simulated
    content = json.loads(made.file.read_text())
    assert [row["name"] for row in content["noise"]] == list(NOISE)
    for row in content["columns"]:
        for measure in ("mda", "clustered_mda", "shap"):
            assert row[measure].keys() == {
                "mean",
                "standard_error",
                "rank",
                "clear_of_noise",
            }


def test_the_table_holds_the_same_and_claims_no_origin(made):
    table = made.file.with_suffix(".csv")
    assert read_importance(table) == read_importance(made.file)
    assert read_origin(table) is None


def test_the_page_shows_every_column_beside_noise(made):
    page = made.file.with_suffix(".html").read_text("utf-8")
    for name in (*NAMES, *NOISE):
        assert name in page
    assert page.count("<svg") == 1
    assert "SIMULATED" in page
    assert "LightweightCharts" not in page


@pytest.mark.parametrize("key", ["columns", "made_of"])
def test_a_changed_file_is_refused(made, tmp_path, key):
    content = json.loads(made.file.read_text())
    if key == "columns":
        content["columns"][0]["importance"] = 0.0
    else:
        content["made_of"]["last_label_end"] = 0
    path = tmp_path / "importance.json"
    path.write_text(json.dumps(content))
    with pytest.raises(ConfigError, match="was changed after the study"):
        read_importance(path)
    with pytest.raises(ConfigError, match="was changed after the study"):
        read_origin(path)


# --- what it has seen ------------------------------------------------------------------


def test_a_study_of_the_training_part_flatters_no_score(folder):
    asked = replace(QUICK, methods=("shap",), part="train")
    study = study_importance(config(folder), asked)
    data = build_dataset(config(folder), horizon=5)
    assert study.origin.last == data.times("train")[-1]
    assert list(flattered(study.origin, data)) == []
    setup = Setup(data, chosen_by=study.file.name, study=study.origin)
    assert choices(setup) == []


def test_the_audit_says_which_scores_know_the_study(folder, made):
    data = build_dataset(config(folder), horizon=5)
    setup = Setup(data, chosen_by=made.file.name, study=made.origin)
    (found,) = choices(setup)
    assert (found.level, found.where) == ("doubt", "importance.json")
    assert "chosen by labels of the validation part" in found.evidence
    (unknown,) = choices(setup.replace(study=None))
    assert "is not known" in unknown.evidence
    # A label that ended at the very first moment of the test part is enough.
    begins = int(data.split.boundaries[1])
    for last, kinds in ((begins - 1, ["doubt"]), (begins, ["doubt", "leak"])):
        later = made.origin.model_copy(update={"last_label_end": last})
        found = choices(setup.replace(study=later))
        assert [one.level for one in found] == kinds
    other = made.origin.model_copy(update={"symbol": "ES"})
    assert "labels of ES up to" in next(flattered(other, data)).text


def test_later_bars_change_no_byte_of_a_study_of_earlier_ones(folder, made, tmp_path):
    """The sealed part's prices are others; all that is learned and said is the same."""
    data = build_dataset(config(folder), horizon=5)
    told = bars()
    late = np.flatnonzero(told.time > data.split.boundaries[1])
    moved = np.ones(len(told))
    moved[late] = 1.01
    columns = {n: getattr(told, n) * moved for n in ("open", "high", "low", "close")}
    write_bars(told.with_columns(**columns), tmp_path / "mes.parquet")
    again = study_importance(config(tmp_path), QUICK)
    assert again.origin.data != made.origin.data
    assert again.study.rows() == made.study.rows()


# --- the same bytes, and on after a stop -----------------------------------------------


@pytest.mark.slow
def test_processes_change_no_byte(folder, made, tmp_path):
    again = study_importance(config(folder, output=tmp_path), QUICK, jobs=2)
    for suffix in (".json", ".csv", ".html"):
        one, other = (each.file.with_suffix(suffix) for each in (made, again))
        assert one.read_bytes() == other.read_bytes()
    stored = [
        {k: v for k, v in artefacts(out).items() if k[:3] in ("ste", "obj")}
        for out in (folder / "experiments", tmp_path)
    ]
    assert stored[1].items() <= stored[0].items()


def test_finished_folds_are_not_computed_again(folder, made, tmp_path, monkeypatch):
    seen, compute = [], importance_study.compute_fold
    settings = config(folder, output=tmp_path)

    def watched(question, *where):
        seen.append((question.method, question.fold))
        if len(seen) == 5:
            raise KeyboardInterrupt
        return compute(question, *where)

    monkeypatch.setattr(importance_study, "compute_fold", watched)
    with pytest.raises(KeyboardInterrupt):
        study_importance(settings, QUICK)
    again = study_importance(settings, QUICK)
    assert len(seen) == 4 + 1 + 2
    assert again.file.read_bytes() == made.file.read_bytes()


# --- what cannot work ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (StudySettings(methods=("mda", "pca")), "name some of mdi, mda, sfi, shap"),
        (StudySettings(methods=()), "name some of"),
        (StudySettings(permutations=0), "at least 1"),
        (StudySettings(model="lstm"), "reads windows"),
        (StudySettings(model="logistic"), "has no exact SHAP values"),
        (StudySettings(model="forest"), "unknown model"),
    ],
)
def test_a_study_that_cannot_be_made_is_refused(folder, asked, said):
    with pytest.raises(ConfigError, match=said):
        study_importance(config(folder), asked)


def test_a_fold_that_fails_is_named(folder, tmp_path, monkeypatch):
    def broken(*_):
        raise ValueError("no such luck")

    monkeypatch.setattr(importance_study, "fold_importance", broken)
    with pytest.raises(
        BarwiseError, match="mda, fold 1 of 3: ValueError: no such luck"
    ):
        study_importance(config(folder, output=tmp_path), QUICK)
