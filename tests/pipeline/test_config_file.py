"""Broken config files: every problem with file, line, key, value and the way out."""

import pytest

from barwise.core.errors import ConfigError
from barwise.pipeline.config import RunConfig
from barwise.pipeline.marked_yaml import LARGEST_FILE

GOOD = """\
symbol: MES
data:
  path: mes.csv
  label: open
"""

# name, text, and for each problem: line, what the message must hold
BROKEN = {
    "unknown_key": (
        GOOD + "labels:\n  horizonz: [5]\n",
        [(6, "labels.horizonz: unknown key; did you mean horizons?")],
    ),
    "unknown_key_far_from_any": (
        GOOD + "scaling:\n  zebra: 1\n",
        [(6, "scaling.zebra: unknown key; known here: method, clip")],
    ),
    "key_of_another_group": (
        GOOD + "horizons: [5]\n",
        [(5, "horizons: unknown key here; it belongs to labels.horizons")],
    ),
    "wrong_type": (
        GOOD + "sequence_length: long\n",
        [(5, "sequence_length: 'long' must be a whole number")],
    ),
    "number_in_quotes": (
        GOOD + "seed: '42'\n",
        [(5, "seed: '42' must be a whole number")],
    ),
    "boolean_for_a_number": (
        GOOD + "threads: true\n",
        [(5, "threads: true must be a whole number")],
    ),
    "number_for_a_text": (
        GOOD.replace("MES", "6E5"),
        [(1, "symbol: 600000.0 must be text: put it in quotes")],
    ),
    "duplicate_key": (
        GOOD + "seed: 1\nsequence_length: 5\nseed: 2\n",
        [(7, "seed: stands twice, first on line 5; keep one")],
    ),
    "duplicate_key_in_a_group": (
        GOOD + "  label: close\n",
        [(5, "data.label: stands twice, first on line 4")],
    ),
    "bad_indentation": (
        GOOD + "   timezone: UTC\n",
        [(5, "'timezone: UTC' is not valid YAML", "start in the same column")],
    ),
    "list_entry_among_keys": (
        GOOD + "- seed\n",
        [(5, "'- seed' is not valid YAML", "start in the same column")],
    ),
    "tab": (
        "symbol: MES\ndata:\n\tpath: mes.csv\n\tlabel: open\n",
        [(3, "indented with a tab; use spaces"), (4, "tab; use spaces")],
    ),
    "colon_in_text": (
        GOOD + "output: a: b\n",
        [(5, "'output: a: b' is not valid YAML", "goes in quotes")],
    ),
    "open_bracket": (
        GOOD + "models: [lstm,\nseed: 1\n",
        [(5, "'models: [lstm,' is not valid YAML", "close the bracket")],
    ),
    "open_quote": (
        GOOD + "output: 'runs\n",
        [(5, """"output: 'runs" is not valid YAML""", "close the quote")],
    ),
    "two_documents": (
        GOOD + "---\nsymbol: ES\n",
        [(5, "is not valid YAML", "remove what follows the line ---")],
    ),
    "control_character": (
        GOOD + "output: a\x01b\n",
        [(5, "control character; remove it")],
    ),
    "undefined_alias": (
        GOOD + "labels: *mine\n",
        [(5, "undefined alias 'mine'", "put the value in quotes")],
    ),
    "missing_group": (
        "symbol: MES\n",
        [(1, "data: is missing; add it (Where the bars come from")],
    ),
    "missing_key": (
        "symbol: MES\ndata:\n  path: mes.csv\n",
        [(2, "data.label: is missing; add it (Whether the source stamps")],
    ),
    "wrong_choice": (
        GOOD.replace("open", "opne"),
        [(4, "data.label: 'opne' is not one of open, close; did you mean open?")],
    ),
    "wrong_session": (
        GOOD + "  session: rth\n",
        [(5, "data.session: 'rth' is not one of all, RTH, ETH")],
    ),
    "unknown_timezone": (
        GOOD + "  timezone: America/Chicgo\n",
        [(5, "data.timezone:", "America/Chicgo", "did you mean America/Chicago")],
    ),
    "interval_without_unit": (
        GOOD + "  interval: 5\n",
        [(5, "data.interval: 5 must be text: put it in quotes (Length of a bar")],
    ),
    "interval_with_a_wrong_unit": (
        GOOD + "  interval: 5x\n",
        [(5, "data.interval: interval '5x' cannot be read", "such as 5min")],
    ),
    "interval_of_half_minutes": (
        GOOD + "  interval: 90s\n",
        [(5, "data.interval: '90s' is not a whole number of minutes")],
    ),
    "unknown_policy": (
        GOOD + "  policy: repiar\n",
        [(5, "data.policy: policy='repiar'", "did you mean 'repair'?")],
    ),
    "unknown_finding": (
        GOOD + "  policy: {gaps: drop}\n",
        [(5, "data.policy: policy: 'gaps' is no kind of finding", "mean 'gap'?")],
    ),
    "policy_is_a_number": (
        GOOD + "  policy: {gap: 3}\n",
        [(5, "data.policy.gap: 3 must be text")],
    ),
    "unknown_symbol": (
        GOOD.replace("MES", "MESS"),
        [(1, "symbol: 'MESS' is not one of", "did you mean MES?", "group instrument")],
    ),
    "unknown_calendar": (
        GOOD
        + "instrument: {kind: future, calendar: cme, tick_size: 1, barriers: [1, 1]}\n",
        [(5, "instrument.calendar:", "'cme'")],
    ),
    "unknown_column": (
        GOOD + "  columns: {volum: V}\n",
        [(5, "data.columns: 'volum' is not a column of bars; did you mean volume?")],
    ),
    "horizon_zero": (
        GOOD + "labels:\n  horizons:\n    - 5\n    - 0\n",
        [(8, "labels.horizons[1]: 0 must be greater than or equal to 1")],
    ),
    "horizon_twice": (
        GOOD + "labels: {horizons: [5, 10, 5]}\n",
        [(5, "labels.horizons: [5, 10, 5] must not repeat: entries 1 and 3")],
    ),
    "no_horizon": (
        GOOD + "labels: {horizons: []}\n",
        [(5, "labels.horizons: [] must have at least 1 item")],
    ),
    "fractions": (
        GOOD + "split:\n  fractions: [0.8, 0.2, 0.2]\n",
        [(6, "split.fractions: [0.8, 0.2, 0.2] must sum to 1, but sum to 1.2")],
    ),
    "two_fractions": (
        GOOD + "split: {fractions: [0.8, 0.2]}\n",
        [(5, "split.fractions: needs an entry number 3")],
    ),
    "infinite": (
        GOOD + "backtest: {capital: .inf}\n",
        [(5, "backtest.capital: Infinity must be a finite number")],
    ),
    "small_purge": (
        GOOD + "split:\n  purge: 10\n",
        [
            (
                6,
                "split.purge: 10 is less than 3 times the largest horizon (20)",
                "use 60",
            )
        ],
    ),
    "no_columns": (
        GOOD + "features: {set: null}\n",
        [(5, "features.set: null together with no features.names", "name a set")],
    ),
    "unsized_barriers": (
        GOOD + "labels: {unit: fixed, upper: 2.0}\n",
        [(5, "labels.unit: 'fixed' needs labels.upper and labels.lower", "set both")],
    ),
    "session_without_effect": (
        GOOD + "  session_applies: samples\n",
        [(5, "data.session_applies: 'samples' has no effect", "use session: RTH")],
    ),
    "model_without_name": (
        GOOD + "models:\n  - lstm\n  - config: {units: 8}\n",
        [(7, "models[1].name: is missing")],
    ),
    "model_twice": (
        GOOD + "models: [lstm, lstm]\n",
        [(5, "models: ", "must not repeat: entries 1 and 2 are the same")],
    ),
    "group_is_a_list": (
        GOOD + "labels: [5, 10]\n",
        [(5, "labels: [5, 10] must be a group of keys")],
    ),
    "python_tag": (
        GOOD + "output: !!python/object/apply:os.system [id]\n",
        [
            (
                5,
                "output: ",
                "has the tag 'python/object/apply:os.system'",
                "remove the tag",
            )
        ],
    ),
    "own_tag": (
        GOOD + "output: !secret runs\n",
        [(5, "output: 'runs' has the tag '!secret'", "remove the tag")],
    ),
    "list_as_key": (
        GOOD + "? [a, b]\n: 1\n",
        [(5, "a key must be one word")],
    ),
    "not_a_mapping": (
        "- MES\n- ES\n",
        [(1, '["MES", "ES"] is not a group of keys; begin with e.g. symbol: MES')],
    ),
    "only_text": (
        "timestamp;open;high\n",
        [(1, "'timestamp;open;high' is not a group of keys")],
    ),
    "empty": ("", [(1, "is empty; barwise init FILE writes a commented config")]),
    "only_comments": ("# later\n", [(1, "is empty; barwise init FILE")]),
    "two_errors_at_once": (
        GOOD + "seed: -1\nsplit:\n  embargo: -2\n",
        [
            (5, "seed: -1 must be greater than or equal to 0"),
            (7, "split.embargo: -2 must be greater than or equal to 0"),
        ],
    ),
    "all_kinds_at_once": (
        "symbol: MES\nsymbl: ES\ndata:\n  path: a\n  path: b\nlabels:\n  unit: fixed\n"
        "split: {purge: 1}\nseed: x\nscaling: !x {}\n",
        [
            (2, "symbl: unknown key; did you mean symbol?"),
            (3, "data.label: is missing"),
            (5, "data.path: stands twice, first on line 4"),
            (7, "labels.unit: 'fixed' needs labels.upper"),
            (8, "split.purge: 1 is less than 3 times"),
            (9, "seed: 'x' must be a whole number"),
            (10, "scaling: ", "has the tag '!x'"),
        ],
    ),
}


def problems(path) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        RunConfig.read(path)
    assert caught.value.exit_code == 2
    return str(caught.value).splitlines()


@pytest.mark.parametrize("name", BROKEN)
def test_problem_is_told_with_its_place_and_the_way_out(tmp_path, name):
    text, expected = BROKEN[name]
    (tmp_path / "mes.csv").touch()
    path = tmp_path / "run.yaml"
    path.write_text(text)
    told = problems(path)
    assert len(told) == len(expected), told
    for message, (line, *parts) in zip(told, expected, strict=True):
        assert message.startswith(f"{path}:{line}: ")
        for part in parts:
            assert part in message


def test_names_are_looked_up_in_the_same_pass(tmp_path):
    path = tmp_path / "run.yaml"
    path.write_text(
        GOOD + "labels: {horizonz: [5]}\nfeatures: {names: [rsi_14, rsy_14]}\n"
        "models: [logistic, lightgmb]\nseed: x\n"
    )
    told = problems(path)
    expected = [
        (3, "data.path: there is no file"),
        (5, "labels.horizonz: unknown key; did you mean horizons?"),
        (6, "features.names[1]: "),
        (7, "models[1]: unknown model 'lightgmb'"),
        (8, "seed: 'x' must be a whole number"),
    ]
    assert len(told) == len(expected), told
    for message, (line, part) in zip(told, expected, strict=True):
        assert message.startswith(f"{path}:{line}: {part}")


def test_a_rule_between_keys_waits_until_its_keys_are_right(tmp_path):
    (tmp_path / "mes.csv").touch()
    path = tmp_path / "run.yaml"
    path.write_text(GOOD + "split: {purge: 30}\nlabels: {horizons: [5, x]}\n")
    assert problems(path) == [
        f"{path}:6: labels.horizons[1]: 'x' must be a whole number"
    ]


def test_alias_bomb_is_refused_before_it_unfolds(tmp_path):
    path = tmp_path / "bomb.yaml"
    rows = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    rows += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 30)]
    path.write_text("\n".join(rows))
    (told,) = problems(path)
    assert told.startswith(f"{path}: ")
    assert "unfold to more than 20,000 values" in told


def test_alias_that_holds_itself_is_refused(tmp_path):
    path = tmp_path / "loop.yaml"
    path.write_text(GOOD + "features: &f {names: [*f]}\n")
    assert "unfold to more than" in problems(path)[0]


def test_deep_nesting_is_refused(tmp_path):
    path = tmp_path / "deep.yaml"
    path.write_text("a: " + "[" * 1_000)
    assert "nesting" in problems(path)[0]


def test_a_small_alias_is_fine(tmp_path):
    path = tmp_path / "run.yaml"
    path.write_text(GOOD + "features: {include: &p [rsi], exclude: *p}\n")
    assert RunConfig.read(path).features.exclude == ("rsi",)


def test_missing_file(tmp_path):
    path = tmp_path / "none.yaml"
    assert problems(path) == [
        f"{path}: does not exist; barwise init FILE writes a config for your bars"
    ]


def test_folder(tmp_path):
    assert problems(tmp_path) == [f"{tmp_path}: is a folder; name a YAML file in it"]


def test_not_utf8(tmp_path):
    path = tmp_path / "run.yaml"
    path.write_bytes(b"symbol: MES\noutput: caf\xe9\n")
    assert problems(path) == [
        f"{path}:2: byte 0xe9 is not UTF-8; save the file as UTF-8"
    ]


def test_a_file_of_bars_is_not_read_as_config(tmp_path):
    path = tmp_path / "mes.csv"
    path.write_bytes(b"1;2;3\n" * (LARGEST_FILE // 6 + 1))
    (told,) = problems(path)
    assert "which is no config file" in told
    assert "barwise init FILE" in told


def test_utf8_with_a_mark_and_windows_line_ends(tmp_path):
    path = tmp_path / "run.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    assert RunConfig.read(path).symbol == "MES"


def test_yaml_is_version_1_2(tmp_path):
    path = tmp_path / "run.yaml"
    path.write_text(
        "symbol: NO\ninstrument: {kind: crypto, calendar: crypto, tick_size: 1, barriers: [1, 1]}\ndata: {path: 2024-01-02, label: open}\n"
        "backtest: {slippage_ticks: 1e-3}\n"
        "models: [{name: lstm, config: {at: 17:00, flag: yes, rate: 1e-3, n: 0o17}}]\n"
    )
    config = RunConfig.read(path)
    assert config.symbol == "NO"
    assert str(config.data.path) == "2024-01-02"
    assert config.backtest.slippage_ticks == 0.001
    expected = {"at": "17:00", "flag": "yes", "rate": 0.001, "n": 15}
    assert config.models[0].config == expected


def test_paths_are_relative_to_the_file(tmp_path):
    path = tmp_path / "run.yaml"
    path.write_text(GOOD + "output: ../out\n")
    config = RunConfig.read(path)
    assert config.data_path == tmp_path / "mes.csv"
    assert config.output_path == tmp_path / ".." / "out"


def test_every_rule_names_keys_that_exist():
    from barwise.pipeline.config_file import _JOINED
    from barwise.pipeline.config_rules import RULES

    for rule in RULES:
        assert rule.at in rule.needs
        for key in rule.needs:
            group, _, name = key.partition(".")
            fields = _JOINED[group].model_fields if name else RunConfig.model_fields
            assert (name or group) in fields
