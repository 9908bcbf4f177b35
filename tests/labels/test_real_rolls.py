"""Labels over seven real rolls, at four horizons in one pass, by a slow loop."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
import talib

from barwise.bars import read_bars
from barwise.bars.instruments import get_instrument
from barwise.bars.prepare import sessions_of
from barwise.bars.roll_table import Roll
from barwise.bars.rolls import label_contracts
from barwise.labels import triple_barrier
from barwise.stream.resolver import BarrierResolver
from barwise.trading.barrier_rows import BarrierRows, contract_runs, session_runs

_ORACLE = Path(__file__).parents[1] / "oracles" / "triple_barrier.py"
_spec = importlib.util.spec_from_file_location("oracle_of_rolls", _ORACLE)
oracle = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(oracle)

# First session of the new contract, from, to: of the data's notes.
ROLLS = [
    ("2024-06-18", "202406", "202409"),
    ("2024-09-17", "202409", "202412"),
    ("2024-12-17", "202412", "202503"),
    ("2025-03-18", "202503", "202506"),
    ("2025-06-17", "202506", "202509"),
    ("2025-09-16", "202509", "202512"),
    ("2025-12-16", "202512", "202603"),
]
HORIZONS = [5, 10, 15, 20]
NEAR = 60


@pytest.fixture(scope="module")
def bars(market_data):
    path = market_data / "ES_5m_2024-05_2026-02.parquet"
    plain = read_bars(path, symbol="ES", label="open")
    rolls = [
        Roll.model_validate({"session": s, "from": a, "to": b}) for s, a, b in ROLLS
    ]
    return label_contracts(plain, tuple(rolls), sessions_of(plain, "cme_equity"))


@pytest.fixture(scope="module")
def changes(bars):
    rows = np.flatnonzero(bars.contract[1:] != bars.contract[:-1]) + 1
    assert len(rows) == 7
    return rows


@pytest.mark.parametrize("session_end", ["flat", "carry"])
@pytest.mark.parametrize("sides", ["long", "both"])
def test_no_path_crosses_a_real_roll(bars, changes, sides, session_end):
    several = triple_barrier(
        bars,
        horizon=HORIZONS,
        upper=1.5,
        lower=1.0,
        sides=sides,
        session_end=session_end,
    )
    contract = contract_runs(bars)
    for labels in several:
        rows = np.flatnonzero(labels.valid)
        np.testing.assert_array_equal(contract[rows], contract[labels.end_index[rows]])
        assert not labels.valid[changes - 1].any()
        # A trade that a barrier or the session has ended before the roll stands.
        before = np.concatenate([np.arange(row - 20, row - 1) for row in changes])
        assert labels.valid[before].any()


@pytest.mark.parametrize("session_end", ["flat", "carry", "invalid"])
def test_four_horizons_near_the_rolls_are_those_of_the_slow_loop(
    bars, changes, session_end
):
    rule = {"upper": 1.5, "lower": 1.0, "session_end": session_end}
    several = triple_barrier(bars, horizon=HORIZONS, **rule)
    width = _widths(bars, changes)
    runs, closes = session_runs(bars, sessions_of(bars, "cme_equity"))
    checked = 0
    for change in changes:
        span = slice(change - NEAR, change + NEAR)
        contract = contract_runs(bars)[span]
        table = _table(bars[span], width[span], runs[span], closes[span], contract)
        for labels in several:
            for t in range(NEAR - 25, NEAR + 30):
                row = span.start + t
                wanted = oracle.label_one(
                    table,
                    t,
                    horizon=labels.horizon,
                    tick=0.25,
                    interval=bars.interval,
                    **rule,
                )
                if wanted is None or not wanted["valid"]:
                    assert not labels.valid[row]
                    continue
                for name in ("label", "ret", "touched", "truth", "adverse"):
                    got = getattr(labels, name)[row]
                    assert got == pytest.approx(wanted[name], abs=1e-9), (row, name)
                assert labels.end_index[row] == wanted["end_index"] + span.start
                checked += 1
    assert checked > 1000


def test_threads_change_no_bit(bars):
    rows = BarrierRows(
        unit="atr", period=14, sessions=sessions_of(bars, "cme_equity")
    ).push(bars)
    found = [
        BarrierResolver(horizon=20, upper=1.5, lower=1.0, tick=0.25).resolve_horizons(
            rows, HORIZONS, threads=threads
        )
        for threads in (1, 2, 4)
    ]
    for ones in zip(*found, strict=True):
        for name in ("label", "ret", "end_index", "known_at", "adverse", "valid"):
            assert len({getattr(one, name).tobytes() for one in ones}) == 1


def test_without_multiples_mes_has_one_and_a_half_to_one():
    assert get_instrument("MES").barriers == (1.5, 1.0)


def _widths(bars, changes):
    """TA-Lib's range, with no true range from one contract to the next."""
    before = np.r_[np.nan, bars.close[:-1]]
    before[changes] = np.nan
    high = np.fmax(bars.high, before)
    low = np.fmin(bars.low, before)
    spread = high - low
    out = np.full(len(bars), np.nan)
    out[13] = spread[:14].mean()
    for row in range(14, len(bars)):
        out[row] = (out[row - 1] * 13 + spread[row]) / 14
    usual = talib.ATR(bars.high, bars.low, bars.close, 14)
    far = changes[1] - 10  # the first range of TA-Lib is the second row's
    assert out[far] == pytest.approx(usual[far], rel=1e-6)
    return out


def _table(bars, width, runs, closes, contract):
    names = ("time", "open", "high", "low", "close")
    rows = [
        dict(zip(names, one, strict=True))
        for one in zip(*(getattr(bars, n).tolist() for n in names), strict=True)
    ]
    for i, row in enumerate(rows):
        row.update(width=width[i], sample=True, contract=int(contract[i]), fine=[])
        row["session"] = int(runs[i])
        row["session_close"] = int(closes[i])
    return rows
