"""False alarms and power of a whole configuration, on surrogates of its own bars."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, final

import numpy as np

from barwise.core import durable
from barwise.core.arrays import DAY
from barwise.core.errors import BarwiseError
from barwise.core.hashing import hash_json
from barwise.pipeline.bar_inputs import BarInputs, prepare_bars
from barwise.pipeline.choices import check_choices
from barwise.pipeline.config import RunConfig
from barwise.pipeline.executors import run_tasks
from barwise.pipeline.labelling import prepare_labels
from barwise.pipeline.power_foresight import trade_foresight
from barwise.pipeline.power_judge import judge_surrogate
from barwise.pipeline.power_plan import (
    STRENGTHS,
    Judging,
    Plan,
    identity_of,
    strengths_for,
    study_settings,
)
from barwise.pipeline.power_study import PowerStudy, Size, studies_folder
from barwise.pipeline.steps import Step, Steps, source_version
from barwise.pipeline.store import Content
from barwise.pipeline.surrogates import Drawn, SurrogateSource
from barwise.pipeline.workplace import workplace

_CODE = (
    "barwise.core",
    "barwise.metrics",
    "barwise.stream",
    "barwise.bars",
    "barwise.trading",
    "barwise.features",
    "barwise.labels",
    "barwise.datasets",
    "barwise.models",
    "barwise.training",
    "barwise.validation",
    "barwise.defaults",
    "barwise.pipeline",
    "barwise.report.verdict",
)
_YEAR = 365.2425 * DAY

Notify = Callable[[str, float, float], None]
Work = Callable[[Judging, Drawn], dict[str, Any]]
"""What is done with a surrogate, to plain values."""


@final
@dataclass(frozen=True)
class Repetition:
    """One surrogate: the edge that is planted in it, and its number."""

    wanted: float
    strength: float
    number: int


def power_study(
    config: RunConfig,
    judging: Judging,
    plan: Plan,
    *,
    sharpes: Sequence[float] = (),
    left_out: tuple[str, ...] = (),
    jobs: int = 1,
    notify: Notify = lambda _text, _done, _total: None,
) -> tuple[PowerStudy, Path]:
    """Run a configuration on surrogates of its own bars, and count what it claims.

    Every surrogate goes through cleaning, resampling, features, labels, training,
    backtest, a trial ledger of its own, deflation and verdict. Each is a stored step:
    a study that was killed goes on where it stopped, with the same bytes.

    Parameters
    ----------
    config : RunConfig
    judging : Judging
    plan : Plan
    sharpes : sequence of float
        Edges to plant, in Sharpe ratios a year after costs; by default by the plan.
    left_out : tuple of str
        Models that were left out, to be told.
    jobs : int
        Processes; the bytes do not depend on it.
    notify : callable, optional
        Told about progress.

    Returns
    -------
    study : PowerStudy
    folder : Path
        Its summary and its table.

    Raises
    ------
    ConfigError
        If a setting cannot work.
    BarwiseError
        If no surrogate could be judged.
    """
    check_choices(config, judging.horizons)
    with workplace(config) as steps:
        notify("reading and cleaning bars", 0, 1)
        inputs = prepare_bars(config, steps)
        prepare_labels(inputs, steps)  # a config that cannot work fails here, not later
        settings = _settings(config, judging)
        source = SurrogateSource(inputs, window=max(2, min(judging.horizons)))
        bench = _Bench(source, judging, settings, config.seed, steps, jobs, notify)
        years = _years(inputs, judging)
        wanted = tuple(sharpes) or plan.sharpes(years)
        horizon, strengths = bench.strengths(wanted, plan.foresight)
        found = bench.judge(_repetitions(plan, wanted, strengths))
    study = PowerStudy(
        symbol=config.symbol,
        simulated=inputs.bars.simulated,
        judged=str(judging),
        models=tuple(choice.name for choice in config.models),
        left_out=left_out,
        horizons=judging.horizons,
        tune=judging.tune,
        years=years,
        sizes=_sizes(found, horizon),
        out_of_reach=tuple(
            sharpe for sharpe, a in zip(wanted, strengths, strict=True) if a is None
        ),
        failed=tuple(one["failed"] for one in found if "failed" in one),
        repetitions=tuple(one for one in found if "failed" not in one),
    )
    mark = hash_json([settings, wanted, asdict(plan)])[:12]
    folder = studies_folder(config) / f"{config.symbol}_{mark}"
    study.write(folder, identity_of(config))
    return study, folder


def _settings(config: RunConfig, judging: Judging) -> dict[str, Any]:
    return study_settings(
        config,
        horizons=list(judging.horizons),
        folding=None if judging.folding is None else asdict(judging.folding),
        tune=judging.tune,
    )


def _repetitions(
    plan: Plan, sharpes: Sequence[float], strengths: Sequence[float | None]
) -> list[Repetition]:
    made = [Repetition(0.0, 0.0, number) for number in range(plan.null)]
    return made + [
        Repetition(sharpe, strength, number)
        for sharpe, strength in zip(sharpes, strengths, strict=True)
        if strength is not None
        for number in range(plan.planted)
    ]


@final
@dataclass(frozen=True, eq=False)
class _Bench:
    """Computes surrogates that are not in the store yet."""

    source: SurrogateSource
    judging: Judging
    settings: dict[str, Any]
    seed: int
    steps: Steps
    jobs: int
    notify: Notify

    def strengths(
        self, sharpes: Sequence[float], draws: int
    ) -> tuple[str, list[float | None]]:
        """Find how strong edges have to be; return the best horizon, too."""
        tasks = [
            Repetition(0.0, strength, number)
            for strength in STRENGTHS
            for number in range(draws)
        ]
        told = self._run("foresight", trade_foresight, tasks)
        failed = [one["failed"] for one in told if "failed" in one]
        if failed:
            raise BarwiseError(f"an edge could not be planted: {failed[0]}")
        shape = (len(STRENGTHS), draws)
        by_horizon = {
            str(h): np.reshape([one[str(h)] for one in told], shape).mean(axis=1)
            for h in self.judging.horizons
        }
        best = max(by_horizon, key=lambda h: float(by_horizon[h].max()))
        return best, strengths_for(sharpes, by_horizon[best].tolist(), STRENGTHS)

    def judge(self, tasks: Sequence[Repetition]) -> list[dict[str, Any]]:
        """Judge surrogates, and say of each what was planted in it."""
        told = self._run("surrogates", judge_surrogate, tasks)
        return [one | asdict(task) for task, one in zip(tasks, told, strict=True)]

    def _run(
        self, name: str, work: Work, tasks: Sequence[Repetition]
    ) -> list[dict[str, Any]]:
        found: dict[int, dict[str, Any]] = {}
        every = [self._step(name, task) for task in tasks]
        for number, step in enumerate(every):
            address = self.steps.find(step)
            if address is not None:
                found[number] = self.steps.store.get(address).value
        missing = [number for number in range(len(tasks)) if number not in found]
        self.notify(
            f"{name}, {len(found)} of {len(tasks)} of them done before",
            len(found),
            len(tasks),
        )
        calls = [
            (
                work,
                self.source,
                self.judging,
                (self.seed, tasks[n].number, round(tasks[n].strength * 1e6)),
                tasks[n].strength,
                self._scratch(every[n]),
            )
            for n in missing
        ]
        for place, made in run_tasks(in_scratch, calls, jobs=self.jobs):
            number = missing[place]
            if "failed" not in made:
                # As it is read back: JSON does not keep the order of keys.
                kept = self.steps.run(every[number], partial(Content, {}, made))
                made = kept.content.value
            found[number] = made
            self.notify(f"{name}: {len(found)} of {len(tasks)}", len(found), len(tasks))
        return [found[number] for number in range(len(tasks))]

    def _scratch(self, step: Step) -> Path:
        """Where it is worked; swept by the next command if this one dies."""
        return self.steps.store.folder / f"{durable.TEMPORARY}power-{step.key[:16]}"

    def _step(self, name: str, task: Repetition) -> Step:
        settings = self.settings | {
            "number": task.number,
            "strength": task.strength,
            "seed": self.seed,
        }
        return Step(f"power-{name}", source_version(*_CODE), settings)


def in_scratch(
    work: Work,
    source: SurrogateSource,
    judging: Judging,
    seed: tuple[int, ...],
    strength: float,
    folder: Path,
) -> dict[str, Any]:
    """Draw a surrogate and do something with it, in whatever process."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        return work(judging, source.draw(folder, seed, strength))
    except BarwiseError as problem:
        return {"failed": f"{type(problem).__name__}: {problem}"}
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _sizes(found: Sequence[dict[str, Any]], horizon: str) -> tuple[Size, ...]:
    sizes = []
    for strength in dict.fromkeys(one["strength"] for one in found):
        mine = [one for one in found if one["strength"] == strength]
        judged = [one for one in mine if "failed" not in one]
        if not judged:
            raise BarwiseError(f"no surrogate could be judged: {mine[0]['failed']}")
        sizes.append(Size.of(strength, horizon, judged))
    return tuple(sizes)


def _years(inputs: BarInputs, judging: Judging) -> float:
    """Return the years that results are judged on."""
    train, val, _ = inputs.config.split.fractions
    folding, share = judging.folding, val
    if folding is not None:
        share = train + val
        if folding.kind == "walk-forward":
            share *= folding.n_splits / (folding.n_splits + 1)
    time = inputs.bars.time
    return share * float(time[-1] - time[0]) / _YEAR
