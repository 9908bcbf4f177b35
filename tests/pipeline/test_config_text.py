"""Settings written as YAML are read back as they were."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from barwise.bars.calendars import CALENDARS
from barwise.pipeline.config import RunConfig
from barwise.pipeline.config_text import commented, spell
from barwise.pipeline.marked_yaml import parse

TEXTS = st.text(
    st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp", "Cn", "Co")), max_size=12
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**9), 10**9)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS
    | st.sampled_from(
        [
            "no",
            "NO",
            "17:00",
            "1e-3",
            "0x1F",
            "null",
            "~",
            "- a",
            "#",
            "=",
            "<<",
            "*a",
            "&a",
            "!x",
            "2024-01-02",
            "%Y",
            "@",
            "`",
            ":",
            "a: b",
            "a #b",
            "'",
            '"',
            "{",
            "]",
            ",",
        ]
    ),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3)
    ),
    max_leaves=6,
)


@given(value=VALUES)
def test_spelled_values_are_read_back(value):
    marked = parse(f"x: {spell(value)}\n")
    assert marked.problems == []
    assert marked.value == {"x": value}


def test_a_whole_config_is_read_back(tmp_path):
    config = RunConfig(
        symbol="FDAX",
        data={
            "path": "a b.csv",
            "label": "close",
            "columns": {"timestamp": "Gmt time", "open": "1. open"},
            "policy": {"duplicate": "drop"},
        },
        instrument={
            "kind": "future",
            "calendar": "cme_equity",
            "tick_size": 0.5,
            "barriers": [1.0, 2.5],
        },
        features={"set": None, "names": ["rsi_14"]},
        labels={"horizons": [7], "upper": 1.25, "lower": 1e-05},
        models=["lstm", {"name": "lightgbm", "config": {"rounds": 5, "x": None}}],
        threads=2,
    )
    path = tmp_path / "run.yaml"
    path.write_text(commented(config.model_dump(mode="json")))
    assert RunConfig.read(path).model_dump() == config.model_dump()


def test_remarks_and_gaps():
    text = commented(
        {"symbol": "MES", "data": {"path": "x", "label": None}},
        {"data.path": ["seen\nthere"]},
        ["data.label"],
    )
    assert "  # > seen there\n  path: x\n" in text
    assert text.endswith("One of: open,\n  # close.\n  label:\n")


def test_the_calendars_to_choose_from_are_named():
    facts = {"kind": "cfd", "calendar": "forex", "tick_size": 0.1, "barriers": [1, 1]}
    text = " ".join(commented({"instrument": facts}).replace("#", "").split())
    assert f"sessions. One of: {', '.join(CALENDARS)}. calendar: forex" in text


def test_unknown_setting_cannot_be_written():
    with pytest.raises(KeyError):
        commented({"nonsense": 1})
