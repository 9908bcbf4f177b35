"""What a power study found, and where it is found again."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

import numpy as np

from barwise.core.durable import write_text, write_with
from barwise.core.errors import IntegrityError
from barwise.core.hashing import canonical_json
from barwise.metrics import json_number
from barwise.pipeline.config import RunConfig
from barwise.pipeline.power_plan import identity_of
from barwise.report.power_text import beside_results
from barwise.validation.power import Rate, minimum_detectable

VERDICTS = {
    "verdict": "claim",
    "without deflation": "claim_undeflated",
    "Sharpe interval above zero": "positive",
}
"""How strict a verdict is, and the key of a result that says whether it was passed."""

_STUDY = "study.json"


@final
@dataclass(frozen=True)
class Size:
    """The repetitions of one size of an edge.

    Parameters
    ----------
    strength : float
        0 without an edge.
    sharpe, error : float
        What one who knows the edge makes of it a year, after costs: mean over the
        repetitions and its standard error; 0 without an edge.
    rates : mapping of str to Rate
        Repetitions in which one result or more passed each of :data:`VERDICTS`.
    """

    strength: float
    sharpe: float
    error: float
    rates: Mapping[str, Rate]

    @classmethod
    def of(
        cls, strength: float, horizon: str, found: Sequence[Mapping[str, Any]]
    ) -> Size:
        """Count some repetitions of one strength."""
        known = [0.0]
        if strength:
            # A repetition that tuned its horizon trades that one.
            known = [
                told.get(horizon, max(told.values()))
                for told in (one["foresight"] for one in found)
            ]
        error = np.std(known, ddof=1) / math.sqrt(len(known)) if len(known) > 1 else 0.0
        rates = {
            name: Rate(
                sum(any(each[key] for each in one["results"]) for one in found),
                len(found),
            )
            for name, key in VERDICTS.items()
        }
        return cls(strength, float(np.mean(known)), float(error), rates)


@final
@dataclass(frozen=True)
class PowerStudy:
    """False alarms and power of a configuration.

    Parameters
    ----------
    symbol : str
    simulated : bool
        Whether the user's own bars are of a simulator.
    judged : str
        How each surrogate was judged.
    models : tuple of str
    left_out : tuple of str
        Models of the config that were not trained.
    horizons : tuple of int
    tune : int
        Trials of barrier tuning in each repetition.
    years : float
        Of the rows that are judged.
    sizes : tuple of Size
        Without an edge first.
    out_of_reach : tuple of float
        Sharpe ratios that no strength of the edge reaches after costs.
    failed : tuple of str
        Why repetitions have no result.
    repetitions : tuple of mapping
        Every one, with the results of each model and horizon.
    """

    symbol: str
    simulated: bool
    judged: str
    models: tuple[str, ...]
    left_out: tuple[str, ...]
    horizons: tuple[int, ...]
    tune: int
    years: float
    sizes: tuple[Size, ...]
    out_of_reach: tuple[float, ...]
    failed: tuple[str, ...]
    repetitions: tuple[Mapping[str, Any], ...]

    @property
    def null(self) -> Size:
        """The repetitions without an edge."""
        return self.sizes[0]

    def detectable(self, verdict: str = "verdict") -> tuple[float, float, float]:
        """Sharpe ratio found with a power of 80 %, and its range.

        The range is that of the intervals of the shares; infinity where it is not
        reached.
        """
        x = [one.sharpe for one in self.sizes]
        rates = [one.rates[verdict] for one in self.sizes]
        weights = [rate.total for rate in rates]
        value, least, most = (
            minimum_detectable(x, shares, weights)
            for shares in (
                [rate.value for rate in rates],
                [rate.high for rate in rates],
                [rate.low for rate in rates],
            )
        )
        return value, least, most

    def facts(self) -> dict[str, Any]:
        """Return the study as plain values, without its repetitions."""
        return {
            "symbol": self.symbol,
            "simulated": self.simulated,
            "judged": self.judged,
            "models": list(self.models),
            "models_left_out": list(self.left_out),
            "horizons": list(self.horizons),
            "tuning_trials": self.tune,
            "years": self.years,
            "sizes": [_plain(size) for size in self.sizes],
            "detectable": {
                name: [json_number(v) for v in self.detectable(name)]
                for name in VERDICTS
            },
            "out_of_reach": list(self.out_of_reach),
            "failed": list(self.failed),
        }

    def write(self, folder: Path, identity: str) -> None:
        """Write table, figure, page and summary, the summary last."""
        from barwise.report.figures import save_figure
        from barwise.report.power_page import power_figure, render_power_page

        facts = self.facts()
        write_with(folder / "repetitions.parquet", self._write_table)
        save_figure(power_figure(facts), folder / "power.png")
        write_text(folder / "power.html", render_power_page(facts))
        write_text(folder / _STUDY, canonical_json(facts | {"identity": identity}))

    def _write_table(self, path: Path) -> None:
        import polars as pl

        rows = [
            {"sharpe_planted": one["wanted"], "strength": one["strength"]}
            | {"repetition": one["number"], "trials": one["trials"]}
            | result
            for one in self.repetitions
            for result in one["results"]
        ]
        pl.DataFrame(rows, infer_schema_length=None).write_parquet(path)


def studies_folder(config: RunConfig) -> Path:
    """Return the folder of a config's power studies."""
    return config.output_path / "power"


def known_study(config: RunConfig, judged: str) -> Mapping[str, Any] | None:
    """Return the study of these data and settings with the most repetitions.

    Parameters
    ----------
    config : RunConfig
    judged : str
        How results are judged that it is to stand beside.

    Raises
    ------
    IntegrityError
        If a study's file is damaged.
    """
    files = sorted(studies_folder(config).glob(f"*/{_STUDY}"))
    if not files:
        return None
    identity, best = identity_of(config), None
    for path in files:
        try:
            told = json.loads(path.read_bytes())
            if (told["identity"], told["judged"]) != (identity, judged):
                continue
            if best is None or _weight(told) > _weight(best):
                best = told
        except (ValueError, KeyError, TypeError, IndexError) as problem:
            raise IntegrityError(
                f"{path} is damaged; remove its folder and run barwise power again, "
                "finished repetitions are kept"
            ) from problem
    return best


def beside(config: RunConfig, judged: str) -> str:
    """Say what is known of a configuration's false alarms and power, for its report."""
    study = known_study(config, judged)
    if study is not None:
        return beside_results(study)
    # The name alone: the page is the same wherever the folder lies.
    file = "CONFIG" if config.file is None else config.file.name
    return (
        "Which Sharpe ratio this much data can tell from chance, and how often the same "
        f"configuration raises a false alarm, is not known; barwise power {file} "
        "--quick tells."
    )


def _weight(told: Mapping[str, Any]) -> tuple[int, int]:
    totals = [size["rates"]["verdict"]["total"] for size in told["sizes"]]
    return int(totals[0]), sum(totals)


def _plain(size: Size) -> dict[str, Any]:
    return {
        "strength": size.strength,
        "sharpe": size.sharpe,
        "sharpe_error": size.error,
        "rates": {
            name: {
                "count": rate.count,
                "total": rate.total,
                "rate": json_number(rate.value),
                "low": rate.low,
                "high": rate.high,
            }
            for name, rate in size.rates.items()
        },
    }
