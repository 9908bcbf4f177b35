"""RunConfig as a Python object."""

import pytest
from pydantic import ValidationError

from barwise.core.errors import ConfigError
from barwise.pipeline.config import RunConfig

DATA = {"path": "mes.csv", "label": "open"}


def config(**changes):
    return RunConfig(**({"symbol": "MES", "data": DATA} | changes))


def test_purge_follows_the_largest_horizon():
    assert config(labels={"horizons": [5, 40]}).purge == 120
    assert config(split={"purge": 75}).purge == 75


def test_only_interpolation_is_offline():
    assert not config().offline_only
    assert config(data=DATA | {"gaps": "interpolate"}).offline_only


def test_hash_changes_with_everything_that_can_change_a_result():
    base = config().hash()
    changes = [
        {"symbol": "ES"},
        {"data": DATA | {"interval": "1min"}},
        {"features": {"set": "full"}},
        {"labels": {"horizons": [5]}},
        {"split": {"embargo": 10}},
        {"scaling": {"method": "none"}},
        {"models": ["logistic"]},
        {"sequence_length": 30},
        {"backtest": {"capital": 1.0}},
        {"seed": 1},
        {
            "instrument": {
                "kind": "future",
                "calendar": "cme_equity",
                "tick_size": 0.25,
                "barriers": [1.5, 1.0],
            }
        },
    ]
    hashes = {config(**change).hash() for change in changes}
    assert len(hashes | {base}) == len(changes) + 1


def test_hash_ignores_where_results_are_written():
    assert config(output="elsewhere").hash() == config().hash()


def test_hash_sees_the_threads_because_they_can_change_the_last_bits():
    assert config(threads=3).hash() != config().hash()


def test_hash_is_the_same_for_the_default_written_out():
    written = config(labels={"horizons": [5, 10, 15, 20], "touch": "high_low"})
    assert written.hash() == config().hash()


def test_replace_checks_the_new_value():
    assert config().replace(symbol="ES").symbol == "ES"
    with pytest.raises(ConfigError, match=r"^seed: Input should be greater than"):
        config().replace(seed=-1)
    with pytest.raises(ConfigError, match=r"^symbol: 'MESS' .* did you mean MES\?"):
        config().replace(symbol="MESS")


def test_replace_keeps_the_folder(tmp_path):
    path = tmp_path / "run.yaml"
    path.write_text("symbol: MES\ndata: {path: mes.csv, label: open}\n")
    read = RunConfig.read(path).replace(symbol="ES", models=["logistic", "lstm"])
    assert read.data_path == tmp_path / "mes.csv"
    assert read.output_path == tmp_path / "experiments"
    assert [model.name for model in read.models] == ["logistic", "lstm"]


def test_settings_cannot_be_changed_in_place():
    with pytest.raises(ValidationError, match="frozen"):
        config().symbol = "ES"


def test_python_values_obey_the_rules_between_groups():
    with pytest.raises(ValidationError, match=r"split\.purge: 3 is less than 3 times"):
        config(split={"purge": 3})


def test_model_takes_settings():
    (model,) = config(models=[{"name": "lightgbm", "config": {"rounds": 5}}]).models
    assert model.config == {"rounds": 5}


def test_policy_may_be_one_word_or_a_word_for_each_finding():
    assert config(data=DATA | {"policy": "drop"}).data.policy == "drop"
    policy = {"duplicate": "drop", "bad_tick": "error"}
    assert config(data=DATA | {"policy": policy}).data.policy == policy


def test_contract_facts_of_a_symbol_of_your_own():
    own = {
        "kind": "future",
        "calendar": "cme_equity",
        "tick_size": 0.5,
        "multiplier": 25.0,
        "currency": "EUR",
        "barriers": [2.0, 1.0],
    }
    traded = config(symbol="FDAX", instrument=own).traded()
    assert (traded.symbol, traded.tick_value, traded.barriers) == ("FDAX", 12.5, (2, 1))
    assert config().traded().multiplier == 5.0


def test_schema_describes_every_setting():
    schema = RunConfig.model_json_schema()
    groups = [schema, *schema["$defs"].values()]
    bare = [
        f"{group['title']}.{name}"
        for group in groups
        for name, part in group["properties"].items()
        if "description" not in part and "$ref" not in part
    ]
    assert bare == []


def test_schema_accepts_what_the_reader_accepts():
    import jsonschema

    written = {
        "symbol": "MES",
        "data": DATA | {"policy": "drop"},
        "models": ["lightgbm", {"name": "lstm"}],
        "labels": {"horizons": [5], "upper": None},
    }
    jsonschema.validate(written, RunConfig.model_json_schema())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(written | {"modells": []}, RunConfig.model_json_schema())
