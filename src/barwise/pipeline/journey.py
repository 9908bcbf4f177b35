"""The whole journey: bars, features, labels, data sets, models, report."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any, final

from barwise.core import clock
from barwise.datasets import DatasetVerdict, TimeSeriesDataContainer
from barwise.pipeline.choices import check_choices
from barwise.pipeline.config import RunConfig
from barwise.pipeline.dataset import container_of
from barwise.pipeline.inputs import Inputs, prepare_inputs
from barwise.pipeline.reporting import report_of
from barwise.pipeline.steps import Steps
from barwise.pipeline.training import train_step
from barwise.pipeline.trials import TrialBook
from barwise.pipeline.workplace import place_report, workplace
from barwise.report import Evidence, ModelResult
from barwise.report.run_plots import plot_run
from barwise.training import Outcome, Run, list_runs, write_run
from barwise.training.run_folder import machine_facts
from barwise.validation import Row, leaderboard

Notify = Callable[[str, float, float], None]
"""Told what is being done, how many units are done, and of how many."""

_PAGE = "report.html"
_JUDGED_ON = {"part": "validation"}


@final
@dataclass(frozen=True, eq=False)
class RunSummary:
    """What a run made.

    Parameters
    ----------
    inputs : Inputs
        Bars, features, labels.
    outcomes : tuple of Outcome
        One a model and horizon.
    runs : tuple of Run
        Their folders.
    results : tuple of ModelResult
        The same outcomes as the report reads them.
    report : Path
        The HTML file.
    evidence : Evidence or None
        How often the data were looked at.
    checks : mapping of int to DatasetVerdict
        What speaks for and against each horizon's data set.
    """

    inputs: Inputs
    outcomes: tuple[Outcome, ...]
    runs: tuple[Run, ...]
    results: tuple[ModelResult, ...]
    report: Path
    evidence: Evidence | None = None
    checks: Mapping[int, DatasetVerdict] = field(default_factory=dict)

    @property
    def leaderboard(self) -> list[Row]:
        """Models beside baselines, best first within a horizon."""
        return leaderboard([o.facts["evaluation"] for o in self.outcomes])

    def __repr__(self) -> str:
        made = ", simulated bars" if self.inputs.bars.simulated else ""
        return (
            f"RunSummary({self.inputs.instrument.symbol}{made}, "
            f"{len(self.outcomes)} models, report {self.report})"
        )

    def _repr_html_(self) -> str:
        titles = "".join(
            f"<th>{name}</th>"
            for name in ("horizon", "model", "macro-F1", "95 %", "Sharpe", "95 %")
        )
        rows = "".join(
            f"<tr><td>{row.horizon}</td><td>{escape(row.name)}"
            f"{' (baseline)' if row.is_baseline else ''}</td>"
            f"<td>{row.macro_f1:.3f}</td><td>{_span(row.macro_f1_interval)}</td>"
            f"<td>{_score(row.sharpe_ratio)}</td>"
            f"<td>{_span(row.sharpe_interval)}</td></tr>"
            for row in self.leaderboard
        )
        return f"<p>{escape(repr(self))}</p><table><tr>{titles}</tr>{rows}</table>"


def run(
    config: RunConfig | str | Path,
    *,
    horizons: Sequence[int] | None = None,
    notify: Notify | None = None,
) -> RunSummary:
    """Run everything that a config asks for.

    Finished steps are found in the store, so that a run that was killed goes on where
    it stopped, with the same bytes.

    Parameters
    ----------
    config : RunConfig or path
        Settings, or their YAML file.
    horizons : sequence of int, optional
        Train at these of the config's horizons only.
    notify : callable, optional
        Told about progress.

    Raises
    ------
    ConfigError
        If a setting cannot work.
    DataError
        If the data break a rule.
    LockedError
        If another process runs on the same store.

    Examples
    --------
    >>> import tempfile, barwise as bw
    >>> from barwise.bars.stored import write_bars
    >>> folder = Path(tempfile.mkdtemp())
    >>> write_bars(bw.simulate_bars("MES", days=25, seed=1), folder / "mes.parquet")
    >>> settings = bw.RunConfig(
    ...     symbol="MES",
    ...     data={"path": folder / "mes.parquet", "label": "close"},
    ...     labels={"horizons": [10]},
    ...     models=["logistic"],
    ...     output=folder / "experiments",
    ... )
    >>> summary = run(settings)
    >>> [row.name for row in summary.leaderboard if not row.is_baseline]
    ['logistic']
    >>> summary.report.name
    'report.html'
    """
    settings = config if isinstance(config, RunConfig) else RunConfig.read(config)
    check_choices(settings, horizons or ())
    tell = notify or (lambda _text, _done, _total: None)
    began = clock.seconds()
    with workplace(settings) as steps:
        inputs, containers, outcomes, identities, book = train_all(
            settings, horizons or settings.labels.horizons, steps, tell
        )
        runs = _publish(settings, outcomes, identities)
        tell("writing the report", 1, 1)
        facts = machine_facts() | {"seconds": clock.seconds() - began}
        page = report_of(inputs, containers, outcomes, book, facts)
        report = place_report(settings, page, _PAGE)
    return RunSummary(
        inputs,
        tuple(outcomes),
        tuple(runs),
        tuple(page.results),
        report,
        page.evidence,
        page.checks,
    )


def train_all(
    config: RunConfig, horizons: Sequence[int], steps: Steps, tell: Notify
) -> tuple[
    Inputs, dict[int, TimeSeriesDataContainer], list[Outcome], list[str], TrialBook
]:
    """Train a config's models and write each into the ledger.

    Returns
    -------
    inputs : Inputs
    containers : dict of int to TimeSeriesDataContainer
        By horizon.
    outcomes : list of Outcome
        One a horizon and model.
    identities : list of str
        Of their steps.
    book : TrialBook
    """
    jobs = [(choice, horizon) for horizon in horizons for choice in config.models]
    total = len(jobs)
    inputs = prepare_inputs(config, steps, lambda text: tell(text, 0, total))
    containers = {horizon: container_of(inputs, horizon) for horizon in horizons}
    book = TrialBook(inputs, containers[min(containers)])
    outcomes, identities = [], []
    for done, (choice, horizon) in enumerate(jobs, start=1):
        text = f"training {choice.name}, horizon {horizon}"
        tell(text, done - 1, total)

        def progress(report: Any, text: str = text, done: int = done) -> None:
            part = report.epoch / report.max_epochs
            tell(
                f"{text}: epoch {report.epoch} of {report.max_epochs}",
                done - 1 + part,
                total,
            )

        outcome, identity = train_step(
            inputs, choice, horizon, steps, progress=progress
        )
        book.record("model", outcome, containers[horizon], _JUDGED_ON)
        outcomes.append(outcome)
        identities.append(identity)
    return inputs, containers, outcomes, identities, book


def _publish(
    config: RunConfig, outcomes: list[Outcome], identities: list[str]
) -> list[Run]:
    """Write the run folders that are not there yet."""
    folder = config.output_path / "runs"
    known = {}
    if folder.is_dir():
        known = {run.provenance.get("identity"): run for run in list_runs(folder)}
    return [
        known.get(identity)
        or write_run(outcome, folder, plotter=plot_run, identity=identity)
        for outcome, identity in zip(outcomes, identities, strict=True)
    ]


def _score(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.2f}"


def _span(interval: tuple[float, float]) -> str:
    low, high = map(_score, interval)
    return "-" if low == high == "-" else f"{low} to {high}"
