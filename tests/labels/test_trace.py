import numpy as np
import pytest

from barwise.bars import prepare, read_bars
from barwise.core.errors import DataError
from barwise.labels import trace_label, triple_barrier

BOTH = {"sides": "both"}
SETTINGS = [
    {},
    BOTH,
    {"touch": "close"},
    {"entry": "close"},
    {"session_end": "carry"},
    {"session_end": "invalid"},
    {"trade_through": True},
]


@pytest.fixture(scope="module")
def raw(market_data):
    path = market_data / "6E_1m_2024-01.parquet"
    return read_bars(path, symbol="6E", label="close")[:12_000]


@pytest.fixture(scope="module")
def bars(raw):
    return prepare(raw, interval="5min", gaps="drop")[0]


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_a_trace_ends_where_the_label_does(raw, bars, settings):
    options = {"horizon": 10, "upper": 1.5, "lower": 1.0, "fine": raw} | settings
    labels = triple_barrier(bars, **options)
    rng = np.random.default_rng(3)
    for row in rng.choice(np.flatnonzero(labels.valid), 12, replace=False):
        trace = trace_label(bars, int(row), **options)
        assert trace.label == labels.label[row]
        assert trace.ret == labels.ret[row]
        base = [step for step in trace.steps if not step.finer]
        assert len(base) == labels.end_index[row] - row
        assert trace.end_time == base[-1].time == labels.end_time[row]
        if labels.label[row]:
            assert base[-1].reached
        if settings == {}:
            _by_hand(trace, base)
        _levels_by_hand(trace)
        assert (trace.ending == "a level was reached") == bool(labels.touched[row])
        if trace.ending == "the horizon of 10 bars":
            assert len(base) == 10
        told = f"label       {trace.label:+d}," if trace.label else "label       0,"
        assert told in "\n".join(trace.lines())


def _levels_by_hand(trace):
    """Each level is the printed sum, moved away from the entry by less than a tick."""
    for name, level in trace.levels.items():
        raw = trace.entry + trace.multiples[name] * trace.width
        moved = (level - raw) * np.sign(trace.multiples[name])
        assert -1e-9 <= moved < trace.tick
        assert f" {abs(trace.multiples[name]):g} x {trace.width:.6g}" in "\n".join(
            trace.lines()
        )


def _by_hand(trace, steps):
    """Walk the printed steps with the printed levels, as a reader would."""
    target, stop = trace.levels["target"], trace.levels["stop"]
    for step in steps:
        if step.open >= target or step.open <= stop:
            expected = step.open
        elif step.high >= target and step.low <= stop:
            expected = stop if trace.label < 0 else target
        elif step.high >= target:
            expected = target
        elif step.low <= stop:
            expected = stop
        else:
            continue
        break
    else:
        expected = steps[-1].close
    assert step is steps[-1]
    assert trace.exit == pytest.approx(expected, rel=1e-12)
    assert trace.ret == pytest.approx(np.log(expected / trace.entry), rel=1e-12)


def test_a_tie_shows_the_finer_bars(raw, bars):
    options = {"horizon": 20, "upper": 0.4, "lower": 0.4, "fine": raw}
    labels = triple_barrier(bars, **options)
    row = int(np.flatnonzero(labels.truth == 1)[0])
    trace = trace_label(bars, row, **options)
    finer = [step for step in trace.steps if step.finer]
    assert finer
    assert trace.steps[-1].reached == ("target", "stop")
    first = next(step for step in finer if step.reached)
    assert first.reached == (("target",) if trace.label > 0 else ("stop",))


@pytest.mark.parametrize(
    ("row", "word"), [(0, "width"), (-1, "the bars end before the path does")]
)
def test_a_row_without_a_label_says_why(bars, row, word):
    trace = trace_label(bars, row % len(bars), horizon=5, upper=1, lower=1)
    assert trace.label is None
    assert word in trace.truth
    assert "no label" in "\n".join(trace.lines())


def test_a_row_that_is_not_there(bars):
    with pytest.raises(DataError, match="there is no row"):
        trace_label(bars, len(bars), horizon=5, upper=1, lower=1)
