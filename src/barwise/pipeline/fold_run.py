"""Cross-validation and walk-forward of a config: folds, pooled scores, a report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path
from typing import final

from barwise.core import clock
from barwise.core.errors import BarwiseError
from barwise.pipeline.choices import check_choices
from barwise.pipeline.config import RunConfig
from barwise.pipeline.dataset import container_of
from barwise.pipeline.fold_report import folds_of, slices_of
from barwise.pipeline.fold_steps import (
    Folded,
    FoldJob,
    Predictions,
    fold_jobs,
    out_of_folds,
    run_folds,
)
from barwise.pipeline.fold_tables import file_name, tables_of, write_tables
from barwise.pipeline.folding import Folding
from barwise.pipeline.inputs import Inputs, prepare_inputs
from barwise.pipeline.journey import Notify
from barwise.pipeline.reporting import report_of
from barwise.pipeline.steps import Steps
from barwise.pipeline.stored_tasks import Failure
from barwise.pipeline.trainers import trainer_config
from barwise.pipeline.training import market_of
from barwise.pipeline.trials import TrialBook
from barwise.pipeline.workplace import place_report, workplace
from barwise.report import Evidence, ModelResult
from barwise.training import Outcome, TrainerConfig
from barwise.training.fold_plan import plan_folds
from barwise.training.fold_scores import BlindScores, score_folds
from barwise.training.out_of_fold import OutOfFold, check_stopping
from barwise.training.run_folder import machine_facts
from barwise.validation import Row, leaderboard
from barwise.validation.stability import Slice

MOST_FAILED = 0.2
"""Share of failed folds from which on a model is skipped."""


@final
@dataclass(frozen=True)
class Skipped:
    """A model that is not judged, because too many of its folds failed."""

    model: str
    horizon: int
    why: str


@final
@dataclass(frozen=True, eq=False)
class Judged:
    """A model's folds and what came of them.

    Parameters
    ----------
    trainer : TrainerConfig
    made : OutOfFold
    outcome : Outcome
        Pooled over the folds.
    failed : dict of int to str
        Folds without predictions, and why.
    slices : tuple of Slice
        Scores by regime and hour; of the first path where there are several.
    """

    trainer: TrainerConfig
    made: OutOfFold
    outcome: Outcome
    failed: dict[int, str]
    slices: tuple[Slice, ...]


@final
@dataclass(frozen=True, eq=False)
class FoldSummary:
    """What an evaluation by folds came to.

    Parameters
    ----------
    inputs : Inputs
    folding : Folding
    judged : tuple of Judged
        One a model and horizon.
    skipped : tuple of Skipped
    results : tuple of ModelResult
        As the report reads them.
    report : Path
        The HTML file.
    predictions : dict of int to Path
        By horizon: the models' out-of-fold predictions on the same rows, in a Parquet
        file beside it (``load_out_of_fold``).
    evidence : Evidence or None
        How often the data were looked at.
    book : TrialBook
        Every trial on these data.
    """

    inputs: Inputs
    folding: Folding
    judged: tuple[Judged, ...]
    skipped: tuple[Skipped, ...]
    results: tuple[ModelResult, ...]
    report: Path
    predictions: dict[int, Path]
    evidence: Evidence | None
    book: TrialBook

    @property
    def leaderboard(self) -> list[Row]:
        """Pooled scores of models beside baselines, best first within a horizon."""
        return leaderboard([one.outcome.facts["evaluation"] for one in self.judged])


def evaluate(
    config: RunConfig | str | Path,
    folding: Folding,
    *,
    horizons: Sequence[int] | None = None,
    jobs: int = 1,
    notify: Notify | None = None,
) -> FoldSummary:
    """Judge a config's models by folds of its training and validation part.

    Every fold of every model is kept in the store, so that a command that was killed
    goes on where it stopped. The test part stays sealed.

    Parameters
    ----------
    config : RunConfig or path
    folding : Folding
        How samples are cut.
    horizons : sequence of int, optional
        Some of the config's horizons; by default all.
    jobs : int
        Processes; the bytes do not depend on it.
    notify : callable, optional
        Told about progress.

    Raises
    ------
    ConfigError
        If a setting cannot work.
    BarwiseError
        If no model is left, because too many folds of each failed.
    """
    settings = config if isinstance(config, RunConfig) else RunConfig.read(config)
    check_choices(settings, horizons or ())
    tell = notify or (lambda _text, _done, _total: None)
    began = clock.seconds()
    with workplace(settings) as steps:
        wanted = tuple(horizons or settings.labels.horizons)
        inputs, folded, judged, skipped, book = judge_folds(
            settings, folding, wanted, steps, jobs, tell
        )
        containers = {horizon: data for horizon, (data, _) in folded.items()}
        tell("writing the report", 1, 1)
        page = report_of(
            inputs,
            containers,
            [one.outcome for one in judged],
            book,
            machine_facts() | {"seconds": clock.seconds() - began},
            title=f"barwise: {folding}",
            scored_on=f"pooled out-of-fold predictions of {folding}",
            folds=folds_of(folding, folded, judged, settings.purge),
        )
        tables = tables_of(folding, containers, judged)
        report = place_report(
            settings, page, "folds.html", lambda folder: write_tables(tables, folder)
        )
    return FoldSummary(
        inputs,
        folding,
        tuple(judged),
        tuple(skipped),
        tuple(page.results),
        report,
        {h: report.parent / file_name(table) for h, table in tables.items()},
        page.evidence,
        book,
    )


def judge_folds(
    config: RunConfig,
    folding: Folding,
    horizons: Sequence[int],
    steps: Steps,
    jobs: int,
    tell: Notify,
) -> tuple[Inputs, dict[int, Folded], list[Judged], list[Skipped], TrialBook]:
    """Judge a config's models by folds and write each into the ledger.

    Returns
    -------
    inputs : Inputs
    folded : dict of int to (TimeSeriesDataContainer, FoldPlan)
        By horizon.
    judged : list of Judged
        One a horizon and model.
    skipped : list of Skipped
    book : TrialBook

    Raises
    ------
    BarwiseError
        If no model is left, because too many folds of each failed.
    """
    inputs = prepare_inputs(config, steps, lambda text: tell(text, 0, 1))
    folded = {horizon: _fold(inputs, folding, horizon) for horizon in horizons}
    judged, skipped = _judge(inputs, folded, steps, jobs, tell)
    if not judged:
        lines = [f"{one.model} at {one.horizon}: {one.why}" for one in skipped]
        raise BarwiseError("no model could be judged: " + "; ".join(lines))
    book = TrialBook(inputs, folded[min(folded)][0])
    for one in judged:
        data, _ = folded[one.outcome.horizon]
        book.record(folding.kind, one.outcome, data, asdict(folding))
    return inputs, folded, judged, skipped, book


def _fold(inputs: Inputs, folding: Folding, horizon: int) -> Folded:
    data = container_of(inputs, horizon)
    return data, plan_folds(data, folding.splitter(inputs.config.purge))


def _judge(
    inputs: Inputs,
    folded: dict[int, Folded],
    steps: Steps,
    processes: int,
    tell: Notify,
) -> tuple[list[Judged], list[Skipped]]:
    config = inputs.config
    guesses: dict[int, list[FoldJob]] = {}
    models: list[tuple[TrainerConfig, int, list[FoldJob]]] = []
    for horizon, (data, plan) in folded.items():
        guesses[horizon] = fold_jobs(inputs, None, horizon, plan)
        for choice in config.models:
            trainer = trainer_config(config, choice, horizon)
            check_stopping(trainer, data.classes)
            models.append((trainer, horizon, fold_jobs(inputs, trainer, horizon, plan)))
    every = [*chain(*guesses.values()), *chain(*(jobs for _, _, jobs in models))]
    total = len(every)
    found = run_folds(every, folded, steps, processes=processes, tell=tell)
    blind = {
        horizon: _baselines(inputs, horizon, jobs, found, folded[horizon])
        for horizon, jobs in guesses.items()
    }
    judged, skipped = [], []
    for trainer, horizon, jobs in models:
        data, plan = folded[horizon]
        made, failed = out_of_folds(jobs, found, folded[horizon])
        why = _too_many(failed, len(plan))
        if why is not None:
            skipped.append(Skipped(trainer.model_name, horizon, why))
            continue
        tell(f"scoring {trainer.model_name}, horizon {horizon}", total, total)
        (one,) = made.values()
        outcome = score_folds(trainer, one, blind[horizon], data)
        stable = tuple(slices_of(inputs, data, one, blind[horizon]))
        judged.append(Judged(trainer, one, outcome, failed, stable))
    return judged, skipped


def _baselines(
    inputs: Inputs,
    horizon: int,
    jobs: list[FoldJob],
    found: dict[str, Predictions | Failure],
    folded: Folded,
) -> BlindScores:
    made, failed = out_of_folds(jobs, found, folded)
    if failed:
        raise BarwiseError(f"the baselines failed: {next(iter(failed.values()))}")
    return BlindScores(made, market_of(inputs, horizon))


def _too_many(failed: dict[int, str], folds: int) -> str | None:
    """Say why a model cannot be judged."""
    if len(failed) <= MOST_FAILED * folds:
        return None
    first = min(failed)
    return (
        f"{len(failed)} of {folds} folds failed, more than {MOST_FAILED:.0%}; fold "
        f"{first + 1}: {failed[first]}"
    )
