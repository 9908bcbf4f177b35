"""A small market as a file, and a folder to run the command line in."""

from __future__ import annotations

import shutil
from pathlib import Path

import polars as pl
import pytest

from barwise.bars.prepare import prepare
from barwise.bars.simulate import simulate_bars
from barwise.cli.app import run

CONFIG = """\
symbol: MES
data:
  path: mes.csv
  label: open
  timezone: UTC
features:
  set: null
  names: [rsi_14, return_1, hour_sin]
labels:
  horizons: [5]
models: [logistic]
"""


@pytest.fixture(scope="session")
def market_text() -> str:
    """Seven sessions of MES in 5-minute bars as CSV, stamped with their open in UTC."""
    bars, _ = prepare(simulate_bars("MES", days=7, signal=0.3, seed=3), interval="5min")
    columns = {name: getattr(bars, name) for name in ("open", "high", "low", "close")}
    time = pl.Series("time", bars.open_time).cast(pl.Datetime("ns"))
    frame = pl.DataFrame({"time": time, **columns, "volume": bars.volume})
    return frame.write_csv(datetime_format="%Y-%m-%d %H:%M:%S")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, market_text: str) -> Path:
    """A working folder that holds mes.csv and a run.yaml that works.

    The config has eleven lines: what a test adds begins on line 12.
    """
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mes.csv").write_text(market_text)
    (tmp_path / "run.yaml").write_text(CONFIG)
    return tmp_path


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory, market_text: str) -> Path:
    """Such a folder after ``barwise run`` at two horizons; not to be written to."""
    place = tmp_path_factory.mktemp("finished")
    (place / "mes.csv").write_text(market_text)
    (place / "run.yaml").write_text(CONFIG.replace("[5]", "[5, 10]"))
    assert run(["run", str(place / "run.yaml")]) == 0
    return place


@pytest.fixture
def done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, finished: Path) -> Path:
    """A working folder of its own in which everything has run."""
    shutil.copytree(finished, tmp_path / "done")
    monkeypatch.chdir(tmp_path / "done")
    return tmp_path / "done"
