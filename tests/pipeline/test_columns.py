"""Which columns a config stands for: sets, own, names, importance, include, exclude."""

import json

import pytest

from barwise.bars.simulate import simulate_bars
from barwise.bars.stored import write_bars
from barwise.core.errors import ConfigError
from barwise.features import set_columns
from barwise.pipeline import build_dataset
from barwise.pipeline.columns import Refused, choose_columns
from barwise.pipeline.config import RunConfig
from barwise.pipeline.importance_file import read_importance
from barwise.pipeline.inputs import prepare_inputs
from barwise.pipeline.steps import Steps
from barwise.pipeline.store import ObjectStore

OWN = """\
import barwise as bw
from barwise.stream.expr import lag

@bw.feature
def step(bars, rows=2):
    return bars.close / lag(bars.close, rows)

@bw.feature
def traded(bars):
    return bars.volume / lag(bars.volume, 1)
"""
STUDY = {"rsi_14": 0.1, "macd_pct": 0.5, "return_1": 0.3, "hour_cos": 0.0}


@pytest.fixture
def columns(tmp_path):
    """Choose columns of features={...}, with the files mine.py and study.json there."""
    (tmp_path / "mine.py").write_text(OWN)
    (tmp_path / "study.json").write_text(json.dumps(STUDY))

    def choose(has_volume=True, **features):
        for key in ("own", "importance"):
            if key in features:
                features[key] = tmp_path / features[key]
        config = RunConfig(
            symbol="MES", data={"path": "mes.csv", "label": "open"}, features=features
        )
        return choose_columns(config, has_volume=has_volume, without="it has none")

    return choose


def refusal(columns, **features):
    with pytest.raises(Refused) as caught:
        columns(**features)
    ((place, text),) = caught.value.problems
    return ".".join(map(str, place)), text


def test_own_columns_stand_beside_a_set_and_are_chosen_like_others(columns):
    chosen = columns(set="neural_optimal", own="mine.py", names=["step_3", "rsi_14"])
    base = set_columns("neural_optimal")
    extra = [name for name in ("step_3", "rsi_14") if name not in base]
    assert list(chosen.names) == [*base, *extra]
    assert chosen.own.names == ["step_2", "traded"]
    only = columns(own="mine.py", names=["step_3", "step_30"], include=["step_3"])
    assert only.names == ("step_3",)
    rest = columns(own="mine.py", names=["step_3", "step_30"], exclude=["step_3"])
    assert "step_30" in rest.names
    assert "step_3" not in rest.names


def test_own_columns_that_need_a_volume_are_known(columns):
    place, text = refusal(
        columns, own="mine.py", names=["step_2", "traded"], has_volume=False
    )
    assert place == "features.names.1"
    assert text == "'traded' is computed from the traded volume, and it has none"


def test_a_set_keeps_its_size_where_it_names_what_stands_in_for_volume(columns):
    chosen = columns(set="hybrid_86", has_volume=False)
    assert list(chosen.names) == set_columns("hybrid_86", has_volume=False)
    assert len(chosen.names) == 86
    assert "mfi_14" in chosen.left_out
    assert "cmo_14" in chosen.names


def test_a_file_that_nothing_is_taken_from_is_refused(columns):
    place, text = refusal(columns, own="mine.py", names=["rsi_14"])
    assert place == "features.own"
    assert text.endswith("name some under features.names, e.g. [step_2, traded]")


def test_a_broken_file_is_told_at_its_key(columns, tmp_path):
    (tmp_path / "mine.py").write_text("x = 1 +\n")
    place, text = refusal(columns, own="mine.py", names=["step_2"])
    assert place == "features.own"
    assert f"{tmp_path / 'mine.py'}:1: invalid syntax" in text


def test_the_most_important_columns_come_first(columns):
    found = columns(set="full", importance="study.json", top=2)
    assert found.names == ("macd_pct", "return_1")
    (note,) = found.notes
    assert "study.json (SHA-256 " in note
    assert "flattered" in note
    found = columns(set=None, importance="study.json", top=3, names=["hour_sin"])
    assert found.names == ("macd_pct", "return_1", "rsi_14", "hour_sin")
    found = columns(set="full", importance="study.json", top=2, exclude=["macd"])
    # "macd" is a column's whole name: macd_pct stays.
    assert found.names == ("macd_pct", "return_1")
    found = columns(set="full", importance="study.json", top=2, exclude=["macd_"])
    assert found.names == ("return_1", "rsi_14")


def test_a_study_may_rank_own_columns_and_none_that_is_unknown(columns, tmp_path):
    study = tmp_path / "study.json"
    study.write_text('{"step_4": 1, "rsi_14": 2}')
    found = columns(set=None, own="mine.py", importance="study.json", top=2)
    assert found.names == ("rsi_14", "step_4")
    place, text = refusal(columns, set=None, importance="study.json", top=2)
    assert place == "features.importance"
    assert "study.json: unknown feature 'step_4'" in text
    study.write_text('{"feature_0": 1}')
    place, text = refusal(columns, set="neural_optimal", importance="study.json", top=2)
    assert place == "features.importance"
    assert "ranks none of the" in text


def test_an_edit_computes_the_features_anew(tmp_path):
    write_bars(simulate_bars("MES", days=3, seed=6), tmp_path / "mes.parquet")
    config = RunConfig(
        symbol="MES",
        data={"path": tmp_path / "mes.parquet", "label": "close"},
        features={"set": None, "own": tmp_path / "mine.py", "names": ["step_3"]},
        labels={"horizons": [5]},
    )
    steps = Steps(ObjectStore(tmp_path / "store"))

    def computed(source):
        """Say whether the features were computed, and return their address."""
        (tmp_path / "mine.py").write_text(source)
        folder = tmp_path / "store" / "steps"
        before = {*folder.rglob("*.json")}
        inputs = prepare_inputs(config, steps, lambda _: None)
        return len({*folder.rglob("*.json")} - before), inputs.addresses["features"]

    made, first = computed(OWN)
    assert made == 3  # bars, features, labels
    assert computed(OWN) == (0, first)
    # A changed remark may change nothing, but the file is not the one that was run.
    assert computed(OWN + "# a remark\n") == (1, first)
    made, second = computed(OWN.replace("bars.close / lag", "bars.high / lag"))
    assert made == 1
    assert second != first
    # How a column is scaled is part of the result.
    made, third = computed(OWN.replace("@bw.feature", "@bw.feature(role='cyclic')"))
    assert made == 1
    assert third not in (first, second)


def test_the_more_important_of_two_columns_stays(tmp_path):
    """return_1 and log_return_1 say the same: the one that comes first is kept."""
    write_bars(simulate_bars("MES", days=5, seed=6), tmp_path / "mes.parquet")
    for first, second in (
        ("return_1", "log_return_1"),
        ("log_return_1", "return_1"),
    ):
        study = tmp_path / "study.json"
        study.write_text(json.dumps({second: 0.1, "rsi_14": 0.2, first: 0.9}))
        data = build_dataset(
            RunConfig(
                symbol="MES",
                data={"path": tmp_path / "mes.parquet", "label": "close"},
                features={
                    "set": None,
                    "importance": study,
                    "top": 3,
                    "prune_correlated": 0.95,
                },
                labels={"horizons": [5]},
                output=tmp_path / "out",
            ),
            horizon=5,
        )
        assert data.feature_names == (first, "rsi_14")
        (pruned,) = data.preparation.pruned
        assert (pruned.column, pruned.kept) == (second, first)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.json", json.dumps(STUDY)),
        (
            "b.json",
            json.dumps(
                [{"feature": k, "importance": v, "sd": 1} for k, v in STUDY.items()]
            ),
        ),
        (
            "c.csv",
            "\ufeffrank,feature,importance\n"
            + "".join(f"1,{k},{v}\n" for k, v in STUDY.items()),
        ),
    ],
)
def test_every_form_of_a_study_is_read(name, text, tmp_path):
    path = tmp_path / name
    path.write_text(text, "utf-8")
    wanted = ["macd_pct", "return_1", "rsi_14", "hour_cos"]
    assert read_importance(path) == {name: STUDY[name] for name in wanted}
    assert list(read_importance(path)) == wanted


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.json", "{", "a.json is no JSON: "),
        ("a.json", "null", "the model of that run has no importances"),
        ("a.json", "3", "a.json holds int; it should hold"),
        ("a.json", "{}", "a.json ranks no column"),
        ("a.json", '{"x": "much"}', "key 'x': the importance of 'x' is 'much'"),
        ("a.json", '{"x": NaN}', "which is no finite number"),
        ("a.json", '{"x": true}', "which is no finite number"),
        ("a.json", '["x"]', "a.json, entry 0: 'x'"),
        ("a.csv", "", "a.csv, line 1: the header is empty"),
        ("a.csv", "name,gain\nx,1\n", "the header is name, gain; it should hold"),
        ("a.csv", "feature,importance\nx,\n", "line 2: the importance of 'x' is ''"),
        ("a.csv", "feature,importance\nx,1\nx,2\n", "line 3: 'x' stands twice"),
        ("a.txt", "", "a.txt is neither .json nor .csv"),
    ],
)
def test_what_is_no_study_is_refused(name, text, said, tmp_path):
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        read_importance(path)
    assert said in str(caught.value)


def test_a_study_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"there is no file .*none\.json; barwise"):
        read_importance(tmp_path / "none.json")
