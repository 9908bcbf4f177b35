"""An Optuna study of barriers that goes on after a kill as if there had been none."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, final

import numpy as np

from barwise.core.errors import IntegrityError
from barwise.pipeline.barrier_trial import Choice, TrainingSpan, Verdict
from barwise.pipeline.executors import run_tasks
from barwise.trading.result import BacktestResult

if TYPE_CHECKING:
    from collections.abc import Iterator

    from optuna import Study
    from optuna.trial import FrozenTrial, Trial

Judged = tuple[Verdict, BacktestResult | None]
Record = Callable[[Choice, Verdict, BacktestResult | None], None]

LOWEST, HIGHEST, STEP = 0.5, 3.0, 0.1
"""Where multiples of the width are looked for."""

_RANDOM_FIRST = 10
_NAME = "barriers"


@final
class BarrierStudy:
    """Trials of barriers in a journal file.

    Every choice is drawn with a generator of its own, seeded by the seed and by how many
    trials were finished before, so that a study that was killed and continued makes the
    same choices as one that was not (with the same number of jobs).

    Parameters
    ----------
    journal : Path
        Appended to; everything that was finished is in it.
    horizons : sequence of int
        What may be chosen.
    seed : int
    """

    def __init__(self, journal: Path, horizons: Sequence[int], seed: int) -> None:
        self.journal = journal
        self._horizons = sorted(horizons)
        self._seed = seed

    def run(
        self,
        span: TrainingSpan,
        trials: int,
        *,
        jobs: int,
        record: Record,
        notify: Callable[[int], None],
    ) -> list[tuple[Choice, Verdict]]:
        """Finish as many trials as are wanted, those of earlier runs included.

        Parameters
        ----------
        span : TrainingSpan
        trials : int
            How many there are to be in the end.
        jobs : int
            Processes; the choices of one round do not see each other's results.
        record : callable
            Told of each trial before it counts as finished.
        notify : callable
            Told how many are finished.

        Raises
        ------
        IntegrityError
            If the journal cannot be read.
        """
        with self._study() as study:
            finished = _finished(study)
            notify(len(finished))
            while len(finished) < trials:
                asked = [
                    self._ask(study, len(finished), place)
                    for place in range(min(jobs, trials - len(finished)))
                ]
                known = dict(finished)
                fresh = {choice for _, choice in asked if choice not in known}
                order = sorted(fresh, key=lambda c: (c.horizon, c.upper, c.lower))
                tasks = [(choice,) for choice in order]
                found: dict[Choice, Judged] = {
                    order[number]: judged
                    for number, judged in run_tasks(span.judge, tasks, jobs=jobs)
                }
                for trial, choice in asked:
                    verdict, result = found.get(choice) or (known[choice], None)
                    if choice in found:
                        record(choice, verdict, result)
                    for name, value in asdict(verdict).items():
                        trial.set_user_attr(name, value)
                    study.tell(trial, verdict.score)
                finished = _finished(study)
                notify(len(finished))
        return finished

    def _ask(self, study: Study, finished: int, place: int) -> tuple[Trial, Choice]:
        from optuna.samplers import TPESampler

        seed = np.random.SeedSequence([self._seed, finished, place])
        study.sampler = TPESampler(
            seed=int(seed.generate_state(1)[0]),
            n_startup_trials=_RANDOM_FIRST,
            constant_liar=True,
        )
        trial = study.ask()
        return trial, _choice(
            trial.suggest_float("upper", LOWEST, HIGHEST, step=STEP),
            trial.suggest_float("lower", LOWEST, HIGHEST, step=STEP),
            trial.suggest_categorical("horizon", self._horizons),
        )

    @contextmanager
    def _study(self) -> Iterator[Study]:
        import optuna
        from optuna.storages import JournalStorage
        from optuna.storages.journal import JournalFileBackend
        from optuna.trial import TrialState

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self.journal.parent.mkdir(parents=True, exist_ok=True)
        _cut_unfinished_line(self.journal)
        try:
            study = optuna.create_study(
                study_name=_NAME,
                storage=JournalStorage(JournalFileBackend(str(self.journal))),
                direction="maximize",
                load_if_exists=True,
            )
            # Begun by a process that was killed; its choice is made again.
            for trial in study.get_trials(deepcopy=False, states=[TrialState.RUNNING]):
                study.tell(trial.number, state=TrialState.FAIL)
            _finished(study)
        except (ValueError, KeyError, TypeError, AssertionError) as problem:
            raise IntegrityError(
                f"{self.journal} is damaged ({problem}); restore it from a copy, or move "
                "it away to begin the study anew"
            ) from problem
        yield study


def _cut_unfinished_line(journal: Path) -> None:
    """Drop what a full disk or a power failure left of a line; it was told to nobody."""
    content = journal.read_bytes() if journal.exists() else b""
    whole = content.rfind(b"\n") + 1
    if whole < len(content):
        os.truncate(journal, whole)


def _finished(study: Study) -> list[tuple[Choice, Verdict]]:
    from optuna.trial import TrialState

    done = study.get_trials(deepcopy=False, states=[TrialState.COMPLETE])
    return [(_choice(**trial.params), _verdict(trial)) for trial in done]


def _choice(upper: Any, lower: Any, horizon: Any) -> Choice:
    # On the grid: 0.5 + 7 x 0.1 is not 1.2.
    return Choice(round(float(upper), 6), round(float(lower), 6), int(horizon))


def _verdict(trial: FrozenTrial) -> Verdict:
    facts = dict(trial.user_attrs)
    facts["shares"] = tuple(facts["shares"])
    return Verdict(**facts)
