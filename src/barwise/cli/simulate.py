"""``barwise data simulate``: bars with a known edge, zero included."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from barwise.cli.output import Json, free_parquet, write_json, write_text

EXAMPLE = "barwise data simulate MES mes.parquet --days 250 --signal 0.1 --seed 7"


def simulate(
    symbol: Annotated[str, typer.Argument(help="Whose calendar and tick to use.")],
    file: Annotated[Path, typer.Argument(help="Parquet file to write.")],
    days: Annotated[int, typer.Option("--days", min=1, help="Sessions.")] = 250,
    signal: Annotated[
        float,
        typer.Option(
            "--signal",
            help="Predictable part of a minute's return over its volatility; 0 is none.",
        ),
    ] = 0.0,
    seed: Annotated[
        int, typer.Option("--seed", min=0, help="Same seed, same bytes.")
    ] = 0,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file.")] = False,
    json: Json = False,
) -> None:
    """Write simulated 1-minute bars, marked as simulated wherever they go."""
    from barwise.bars.simulate import simulate_bars
    from barwise.bars.stored import write_bars

    free_parquet(file, "simulated bars", force=force)
    bars = simulate_bars(symbol, days=days, signal=signal, seed=seed)
    write_bars(bars, file)
    if json:
        write_json(
            {"file": str(file), "rows": len(bars), "signal": signal, "seed": seed}
        )
    else:
        write_text(f"{bars!r}\n{file}: read it with label: close")
