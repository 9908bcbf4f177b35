"""``barwise demo``: the whole journey on bars that come with an installed package."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from barwise.cli.output import Json, ending, note, write_json, write_text
from barwise.cli.results import show_results, summary_json
from barwise.cli.run import execute

if TYPE_CHECKING:
    from barwise.pipeline import RunConfig

PACKAGE = "gym-anytrading"
VERSION = "2.0.0"
FILE = "FOREX_EURUSD_1H_ASK.csv"
INSTALL = f"python -m pip install --no-deps {PACKAGE}=={VERSION}"


def add_to(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(
        "demo",
        epilog=ending("barwise demo", "barwise demo --simulated --out /tmp/demo"),
    )(demo)


def demo(
    out: Annotated[
        Path, typer.Option("--out", help="Folder for runs and the report.")
    ] = Path("experiments/demo"),
    simulated: Annotated[
        bool,
        typer.Option("--simulated", help="Use simulated bars, marked as such."),
    ] = False,
    json: Json = False,
) -> None:
    """Hourly EUR/USD of 2017: clean, label, train three models, judge, report.

    Takes one to three minutes on two cores.
    """
    from importlib.util import find_spec

    models = ["logistic", "lightgbm"]
    if find_spec("torch") is None:
        note("torch is not installed, so no LSTM: pip install 'barwise[nets]'")
    else:
        models.append("lstm")
    with tempfile.TemporaryDirectory() as folder:
        settings = _settings(Path(folder), out, models, simulated=simulated)
        summary = execute(settings)
    if json:
        write_json(summary_json(summary))
        return
    show_results(summary)
    write_text("Next: barwise init YOUR_FILE.csv, then barwise run on what it writes")


def example_file() -> Path | None:
    """Return the real bars that the example package ships, None without it."""
    from importlib.metadata import PackageNotFoundError, files

    try:
        found = files(PACKAGE) or []
    except PackageNotFoundError:
        return None
    for path in found:
        if path.name == FILE:
            return Path(str(path.locate()))
    return None


def _settings(
    folder: Path, out: Path, models: list[str], *, simulated: bool
) -> RunConfig:
    from barwise.core.errors import ConfigError
    from barwise.pipeline import RunConfig

    quick: dict[str, dict[str, Any]] = {
        "lightgbm": {"max_rounds": 200},
        "lstm": {
            "hidden_size": 32,
            "max_epochs": 12,
            "early_stopping_patience": 4,
            "sequence_length": 24,
        },
    }
    path = example_file()
    if simulated:
        from barwise.bars.simulate import simulate_bars
        from barwise.bars.stored import write_bars

        path = folder / "simulated_eurusd.parquet"
        write_bars(simulate_bars("EURUSD", days=259, seed=2017), path)
    elif path is None:
        raise ConfigError(
            f"the demo's real bars come with the package {PACKAGE} {VERSION}, which is "
            f"not installed. Install it with: {INSTALL}\n"
            "or try the journey on simulated bars, marked as such: "
            "barwise demo --simulated"
        )
    return RunConfig.model_validate(
        {
            "symbol": "EURUSD",
            "data": {
                "path": path.resolve(),
                "label": "close" if simulated else "open",
                "timezone": None if simulated else "UTC",
                "prices": "trade" if simulated else "ask",
                "interval": "1h",
            },
            "features": {"set": "neural_optimal"},
            "labels": {"horizons": [5, 20]},
            "split": {"embargo": 24},
            "models": [{"name": n, "config": quick.get(n, {})} for n in models],
            "output": out.resolve(),
        }
    )
