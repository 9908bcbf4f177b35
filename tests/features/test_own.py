"""A user's own file of features: what it may hold, and what it is told."""

import hashlib
import sys

import numpy as np
import pytest

from barwise.core.errors import ConfigError, IntegrityError
from barwise.features import FeatureGraph, find, full_names, load_features, needs_volume
from barwise.features.describe import describe
from barwise.testing.stages import Example, check_chunks, check_future, check_restore

HEAD = "import barwise as bw\nfrom barwise.stream.expr import diff, ema, lag\n"
EDGE = '''\
@bw.feature
def edge(bars, period=20):
    """Close over its average, minus one."""
    return bars.close / ema(bars.close, period) - 1.0
'''


@pytest.fixture
def own(tmp_path):
    """Write a file of features and load it."""

    def load(body, name="mine.py", head=HEAD):
        path = tmp_path / name
        path.write_text(head + body)
        return load_features(path)

    return load


def test_one_short_function_is_a_feature(own, walk):
    mine = own(EDGE)
    assert mine.names == ["edge_20"]
    graph = FeatureGraph(["rsi_14", "edge_50", "edge_20"], own=mine)
    same = FeatureGraph(["rsi_14", "ema_spread_20_50", "edge_20"], own=mine)
    made = graph.push(walk)
    np.testing.assert_array_equal(made[:, 2], same.push(walk)[:, 2])
    average = walk.close.copy()
    average[19] = walk.close[:20].mean()
    for row in range(20, len(walk)):
        average[row] = average[row - 1] + 2 / 21 * (walk.close[row] - average[row - 1])
    np.testing.assert_allclose(
        made[19:, 2], (walk.close / average - 1)[19:], rtol=1e-4, atol=1e-7
    )


def test_the_file_leaves_no_trace(own, tmp_path):
    before, path = set(sys.modules), list(sys.path)
    mine = own(EDGE)
    assert not [name for name in set(sys.modules) - before if "own" in name]
    assert sys.path == path
    assert [file.name for file in tmp_path.rglob("*")] == ["mine.py"]
    with pytest.raises(ConfigError, match="unknown feature 'edge_20'"):
        find("edge_20")
    assert "edge_20" not in full_names()
    assert mine.hash == hashlib.sha256((tmp_path / "mine.py").read_bytes()).hexdigest()


def test_an_edit_within_the_same_second_is_seen(own):
    """Compiled copies are told from their sources by time and size alone."""
    first = own(EDGE)
    second = own(EDGE.replace("- 1.0", "- 2.0"))
    programs = {FeatureGraph(["edge_20"], own=mine).hash for mine in (first, second)}
    assert len(programs) == 2
    assert first.hash != second.hash


def test_two_files_may_use_the_same_name(own, walk):
    first = own(EDGE, "first.py")
    second = own(EDGE.replace("- 1.0", ""), "second.py")
    one, other = (
        FeatureGraph(["edge_20"], own=mine).push(walk) for mine in (first, second)
    )
    np.testing.assert_allclose((other - one)[20:], 1.0, rtol=1e-6)


def test_several_columns_settings_and_helpers(own):
    mine = own(
        "from __future__ import annotations\n"
        "import dataclasses\n"
        "import barwise as bw\n"
        "from barwise.stream.expr import lag\n"
        "@dataclasses.dataclass\n"
        "class Setting:\n    rows: int = 3\n"
        "def helper(x):\n    return x / lag(x, Setting().rows)\n"
        '@bw.feature(family="mine", unit="ratio", columns=["up_{rows}", "down_{rows}"],\n'
        '            full=[{"rows": 2}, {"rows": 4}], role="number", price_units=True)\n'
        "def both_ways(bars, *, rows=2):\n"
        "    return helper(bars.high), lag(helper(bars.volume), rows)\n",
        head="",
    )
    assert mine.names == ["up_2", "down_2", "up_4", "down_4"]
    feature, _ = find("down_9", mine)
    assert (feature.family, feature.unit, feature.price_units) == (
        "mine",
        "ratio",
        True,
    )
    assert needs_volume("down_9", mine)
    assert not needs_volume("up_9", mine)
    with pytest.raises(ConfigError, match="did you mean"):
        find("don_2", mine)


def test_a_column_is_described(own):
    mine = own(EDGE + "\n" + FRAMES)
    edge, gap = describe("edge_20", mine), describe("lag_2_gap", mine)
    assert (edge.family, edge.role, edge.bundled) == ("own", "number", True)
    assert edge.warmup == 19
    assert edge.settled > 100
    assert edge.meaning == "Close over its average, minus one."
    assert edge.formula == "close / ema(close, 20) - 1"
    assert edge.defined == f"{mine.path}:3"
    assert (gap.bundled, gap.formula, gap.warmup) == (False, "", 13)
    assert describe("mfi_14").needs_volume
    assert describe("volume_zscore_20").defined == "barwise.features.volume"
    assert describe("regime_hmm_2_p0").fitted


def test_what_a_file_prints_does_not_reach_stdout(own, capsys):
    own("print('hello')\n" + EDGE)
    told = capsys.readouterr()
    assert (told.out, told.err) == ("", "hello\n")


BAD = {
    "syntax": ("@bw.feature\ndef edge(bars)\n", ":4: expected ':': def edge\\(bars\\)"),
    "indentation": ("def f():\nreturn 1\n", ":4: expected an indented block"),
    "not text": (b"\xff\xfe\x00bad", "mine.py:"),
    "no such package": (
        "import tulipyy\n",
        ":3: No module named 'tulipyy'; install the package, or put",
    ),
    "no such name": (
        "from barwise.stream.expr import emaa\n",
        ":3: cannot import name 'emaa'",
    ),
    "raises on import": ("x = 1 / 0\n", ":3: ZeroDivisionError: division by zero"),
    "leaves": ("import sys\nsys.exit(3)\n", ":4: SystemExit: 3"),
    "nothing in it": ("x = 1\n", "mine.py: defines no feature; write @bw.feature"),
    "no argument": (
        "@bw.feature\ndef edge():\n    return 1\n",
        ":3: 'edge' takes no argument",
    ),
    "no default": (
        "@bw.feature\ndef edge(bars, period):\n    return bars.close\n",
        ":3: the parameter 'period' of 'edge' has no default; .* period=20",
    ),
    "a word as default": (
        "@bw.feature\ndef edge(bars, kind='a'):\n    return bars.close\n",
        ":3: the parameter 'kind' of 'edge' has the default 'a'",
    ),
    "a negative default": (
        "@bw.feature\ndef edge(bars, rows=-1):\n    return bars.close\n",
        ":3: the parameter 'rows' of 'edge' has the default -1",
    ),
    "any number of parameters": (
        "@bw.feature\ndef edge(bars, **more):\n    return bars.close\n",
        "the parameter 'more' of 'edge' has no default",
    ),
    "raises": (
        "@bw.feature\ndef edge(bars):\n    x = 1\n    return bars.close[x]\n",
        ":6: 'edge' raised TypeError: .* not subscriptable",
    ),
    "a comparison": (
        "@bw.feature\ndef edge(bars):\n    return 1 if bars.close > 2 else 0\n",
        ":5: 'edge' raised TypeError: an expression has no truth value .* use where",
    ),
    "a look ahead": (
        "@bw.feature\ndef edge(bars):\n    return lag(bars.close, -1)\n",
        ":5: 'edge' raised ValueError: lag needs a whole number of rows >= 1, got -1",
    ),
    "an unknown column": (
        "@bw.feature\ndef edge(bars):\n    return bars.vwap\n",
        "no attribute 'vwap'; bars have close, .* volume",
    ),
    "a number": (
        "@bw.feature\ndef edge(bars):\n    return 1.0\n",
        ":3: 'edge' returns float; a feature returns an expression of the bars",
    ),
    "no return": (
        "@bw.feature\ndef edge(bars):\n    bars.close\n",
        "'edge' returns nothing \\(is a return missing\\?\\)",
    ),
    "an array": (
        "import numpy as np\n@bw.feature\ndef edge(bars):\n    return np.ones(3)\n",
        ":4: 'edge' returns numpy.ndarray",
    ),
    "more columns than names": (
        "@bw.feature\ndef edge(bars):\n    return bars.open, bars.close\n",
        "'edge' returns 2 columns and has 1 names \\(edge\\)",
    ),
    "a template of nothing": (
        "@bw.feature(columns=['edge_{n}'])\ndef edge(bars, rows=2):\n"
        "    return bars.close\n",
        "columns=\\['edge_{n}'\\] are no templates of its parameters \\(rows\\)",
    ),
    "a name with a space": (
        "@bw.feature(columns=['my edge'])\ndef edge(bars):\n    return bars.close\n",
        "'my edge' is no column name",
    ),
    "full of something else": (
        "@bw.feature(full=[{'n': 2}])\ndef edge(bars, rows=2):\n    return bars.close\n",
        "full names n, which 'edge' has not; its parameters are rows",
    ),
    "a built-in function": (
        "@bw.feature\ndef rsi(bars):\n    return bars.close\n",
        ":3: the name 'rsi' is taken by the built-in feature 'rsi' \\(Relative",
    ),
    "a built-in column": (
        "@bw.feature(columns=['rsi_{n}'])\ndef edge(bars, n=3):\n    return bars.close\n",
        "the name 'rsi_7' is taken by the built-in feature 'rsi'",
    ),
    "one of a family of built-in columns": (
        "@bw.feature(columns=['rsi_99'])\ndef edge(bars):\n    return bars.close\n",
        "the name 'rsi_99' is taken by the built-in feature 'rsi'",
    ),
    "a name twice": (
        EDGE + "@bw.feature(columns=['edge_{n}'])\ndef other(bars, n=3):\n"
        "    return bars.close\n",
        ":7: the column 'edge_7' is made by 'edge' too \\(.*mine.py:3\\); rename one",
    ),
    "a timeframe's form": (
        "@bw.feature\ndef mtf_1h_edge(bars):\n    return bars.close\n",
        "the column 'mtf_1h_edge' has the form of a built-in one",
    ),
    "no look-back": (
        "@bw.frame_feature(lookback=0)\ndef gap(frame):\n    return frame.close\n",
        "lookback of 'gap' is 0; it is the number of bars",
    ),
    "a frame function that raises": (
        "@bw.frame_feature(lookback=5)\ndef gap(frame):\n    return frame['clse']\n",
        ":5: 'gap' raised KeyError on 5 bars: 'clse'",
    ),
    "a frame function that returns text": (
        "@bw.frame_feature(lookback=5)\ndef gap(frame):\n    return 'up'\n",
        ":3: 'gap' returns values that are no numbers, such as 'up'",
    ),
    "a frame function that returns nothing": (
        "@bw.frame_feature(lookback=5)\ndef gap(frame):\n    frame.close\n",
        ":3: 'gap' returns nothing; is a return missing",
    ),
    "a frame function of another length": (
        "@bw.frame_feature(lookback=5)\ndef gap(frame):\n"
        "    return frame['close'].to_numpy()[:3]\n",
        "'gap' returns 3 values for 5 bars",
    ),
    "a frame function with too many columns": (
        "@bw.frame_feature(lookback=5)\ndef gap(frame):\n    return frame\n",
        "'gap' returns 5 columns and names 1 \\(gap\\)",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_wrong_is_told_with_file_and_line(name, tmp_path):
    body, said = BAD[name]
    path = tmp_path / "mine.py"
    path.write_bytes(body if isinstance(body, bytes) else (HEAD + body).encode())
    with pytest.raises(ConfigError, match=said) as caught:
        load_features(path)
    assert str(path) in str(caught.value)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(ConfigError, match=r"does not exist; name the \.py file"):
        load_features(tmp_path / "none.py")
    with pytest.raises(ConfigError, match="is no Python file"):
        load_features(tmp_path)


# --- functions of a data frame --------------------------------------------------------

FRAMES = '''\
@bw.frame_feature(lookback=12)
def gap(frame):
    """Close over its mean."""
    frame["mean"] = frame["close"].rolling(12).mean()
    return frame["close"] / frame["mean"] - 1.0


@bw.frame_feature(lookback=3, frame="polars", columns=["top", "traded"])
def pair(frame):
    return frame["high"].max(), frame["volume"].sum()


@bw.frame_feature(lookback=2, frame="numpy")
def step(arrays):
    return arrays["close"][-1] - arrays["close"][0]


@bw.frame_feature(lookback=4)
def cheat(frame):
    return frame["close"].shift(-1)
'''
COLUMNS = ["gap", "top", "traded", "step"]


def test_a_function_of_a_frame_is_a_column(own, walk):
    mine = own(FRAMES)
    assert mine.names == [*COLUMNS, "cheat"]
    graph = FeatureGraph(COLUMNS, own=mine)
    assert graph.warmup == graph.settled == 11
    made = graph.push(walk)
    windows = np.lib.stride_tricks.sliding_window_view
    wanted = {
        "gap": walk.close[11:] / windows(walk.close, 12).mean(axis=1) - 1,
        "top": windows(walk.high, 3).max(axis=1),
        "traded": windows(walk.volume, 3).sum(axis=1),
        "step": np.diff(walk.close),
    }
    for j, name in enumerate(COLUMNS):
        values = wanted[name].astype(np.float32)
        assert np.isnan(made[: -len(values), j]).all()
        np.testing.assert_allclose(
            made[-len(values) :, j], values, rtol=1e-6, atol=1e-9, err_msg=name
        )


def test_a_function_of_a_frame_sees_no_future(own, walk):
    """Its last row has no later one to look at, in research as in live."""
    made = FeatureGraph(["cheat"], own=own(FRAMES)).push(walk)
    assert np.isnan(made).all()


def test_a_function_of_a_frame_obeys_the_laws(own, walk):
    mine = own(FRAMES)
    example = Example(lambda: FeatureGraph(COLUMNS, own=mine), lambda bars: bars)
    bars = walk[:60]
    check_chunks(example, bars, [1, 2, 11, 12, 30])
    for cut in (0, 5, 25):
        check_restore(example, bars, cut)
        check_future(example, bars, walk[60:], cut)


def test_own_columns_have_lags_and_timeframes_too(own, walk):
    mine = own(EDGE + "\n" + FRAMES)
    names = ["lag_3_edge_20", "mtf_1h_edge_5", "lag_2_step", "mtf_30min_step"]
    made = FeatureGraph(names, own=mine).push(walk)
    plain = FeatureGraph(["edge_20", "step"], own=mine).push(walk)
    np.testing.assert_array_equal(made[3:, 0], plain[:-3, 0])
    np.testing.assert_array_equal(made[2:, 2], plain[:-2, 1])
    assert np.isfinite(made[-1]).all()
    example = Example(lambda: FeatureGraph(names, own=mine), lambda bars: bars)
    check_chunks(example, walk[:50], [1, 7, 30])
    check_restore(example, walk[:50], 25)


def test_a_snapshot_of_other_code_is_refused(own, walk):
    first = FeatureGraph(["gap"], own=own(FRAMES))
    first.push(walk)
    second = FeatureGraph(["gap"], own=own(FRAMES.replace("- 1.0", "- 2.0")))
    with pytest.raises(IntegrityError, match="another set of features"):
        second.restore(first.snapshot())
