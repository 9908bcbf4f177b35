"""A study of importance of a config's columns: which of them to keep."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, final

import numpy as np

from barwise.core.errors import BarwiseError, ConfigError
from barwise.core.hashing import hash_arrays, hash_json
from barwise.core.samples import Samples
from barwise.datasets import TimeSeriesDataContainer
from barwise.datasets.fold_data import development
from barwise.models.contributions import Contributing
from barwise.models.registry import ModelRegistry
from barwise.pipeline.choices import check_choices
from barwise.pipeline.config import RunConfig
from barwise.pipeline.config_groups import ModelChoice
from barwise.pipeline.dataset import container_of
from barwise.pipeline.folding import Folding
from barwise.pipeline.importance_origin import Origin
from barwise.pipeline.importance_writing import write_study
from barwise.pipeline.inputs import Inputs, prepare_inputs
from barwise.pipeline.journey import Notify
from barwise.pipeline.steps import Step, Steps, source_version
from barwise.pipeline.store import Content
from barwise.pipeline.stored_tasks import Failure, Made, run_stored, timed
from barwise.pipeline.trainers import trainer_config
from barwise.pipeline.workplace import workplace
from barwise.training import TrainerConfig
from barwise.training.fold_plan import FoldPlan, plan_folds
from barwise.training.importance import ImportanceStudy, correlated_clusters
from barwise.training.importance.fold import METHODS, FoldQuestion, fold_importance
from barwise.training.importance.noise import NOISE, with_noise
from barwise.training.out_of_fold import check_stopping

_CODE = (
    "barwise.core",
    "barwise.metrics",
    "barwise.datasets",
    "barwise.models",
    "barwise.training",
    "barwise.defaults",
    "barwise.pipeline.column_learner",
    "barwise.pipeline.dataset",
)

StudyPart = Literal["train", "train+val"]


@final
@dataclass(frozen=True)
class StudySettings:
    """How a study is made.

    Parameters
    ----------
    model : str
        Registered name; with the settings of the config's model of that name, if it has
        one.
    methods : tuple of str
        Of ``mdi``, ``mda``, ``sfi`` and ``shap``.
    part : {"train", "train+val"}
        Whose rows are cut into folds.
    folding : Folding
        How.
    permutations : int
        Of MDA, in each fold.
    """

    model: str = "lightgbm"
    methods: tuple[str, ...] = tuple(METHODS)
    part: StudyPart = "train+val"
    folding: Folding = field(default_factory=Folding)
    permutations: int = 5


@final
@dataclass(frozen=True, eq=False)
class StudySummary:
    """A finished study, and where it lies.

    Parameters
    ----------
    inputs : Inputs
    study : ImportanceStudy
    origin : Origin
        What it was made of.
    file : Path
        The JSON that ``features.importance`` takes; a table and a page lie beside it.
    """

    inputs: Inputs
    study: ImportanceStudy
    origin: Origin
    file: Path


def study_importance(
    config: RunConfig | str | Path,
    settings: StudySettings | None = None,
    *,
    horizon: int | None = None,
    jobs: int = 1,
    notify: Notify | None = None,
) -> StudySummary:
    """Measure on purged folds how much each column of a config matters.

    Every method of every fold is kept in the store, so that a command that was killed
    goes on where it stopped. The test part stays sealed.

    Parameters
    ----------
    config : RunConfig or path
    settings : StudySettings, optional
    horizon : int, optional
        One of the config's; by default the longest.
    jobs : int
        Processes; the bytes do not depend on it.
    notify : callable, optional
        Told about progress.

    Raises
    ------
    ConfigError
        If a setting cannot work.
    BarwiseError
        If a fold fails.
    """
    config = config if isinstance(config, RunConfig) else RunConfig.read(config)
    asked = settings or StudySettings()
    chosen = max(config.labels.horizons) if horizon is None else horizon
    check_choices(config, [chosen])
    if config.labels.primary is not None:
        raise ConfigError(
            f"{config.place('labels', 'target')}: a study adds columns of noise, and the "
            "columns of meta-labels are made by a primary model that knows no others; "
            "study what the primary learns, with target: triple_barrier"
        )
    tell = notify or (lambda _text, _done, _total: None)
    trainer = _trainer(config, asked, chosen)
    with workplace(config) as steps:
        inputs = prepare_inputs(config, steps, lambda text: tell(text, 0, 1))
        plain = container_of(inputs, chosen)
        check_stopping(trainer, plain.classes)
        data = with_noise(plain, config.seed)
        samples = _samples(data, asked.part)
        splitter = asked.folding.splitter(config.purge)
        plan = plan_folds(data, splitter, samples=samples)
        clusters = _clusters(samples, len(inputs.names))
        folds = _folds(
            inputs, asked, trainer, (data, plan, clusters), steps, jobs, tell
        )
    tell("writing the study", 1, 1)
    study = ImportanceStudy.of(inputs.names, folds, clusters[: len(inputs.names)])
    origin = _origin(inputs, asked, trainer, plain, samples)
    folder = config.output_path / "importance"
    place = folder / f"{config.symbol}_{chosen}_{origin.hash[:12]}"
    return StudySummary(inputs, study, origin, write_study(study, origin, place))


def _trainer(config: RunConfig, asked: StudySettings, horizon: int) -> TrainerConfig:
    unknown = [name for name in asked.methods if name not in METHODS]
    if unknown or not asked.methods:
        raise ConfigError(
            f"--methods {','.join(asked.methods)}: name some of {', '.join(METHODS)}"
        )
    if asked.permutations < 1:
        raise ConfigError(f"permutations must be at least 1, got {asked.permutations}")
    own = (choice for choice in config.models if choice.name == asked.model)
    choice = next(own, ModelChoice(name=asked.model))
    trainer = trainer_config(config, choice, horizon)
    model = ModelRegistry.get_class(asked.model)
    if model.requires_sequences:
        raise ConfigError(
            f"{asked.model!r} reads windows, and a study asks about columns of single "
            "rows; take a model of rows, e.g. --model lightgbm"
        )
    if "shap" in asked.methods and not issubclass(model, Contributing):
        raise ConfigError(
            f"{asked.model!r} has no exact SHAP values; take --model lightgbm, or leave "
            "shap out of --methods"
        )
    return trainer


def _samples(data: TimeSeriesDataContainer, part: StudyPart) -> Samples:
    return (
        development(data)
        if part == "train+val"
        else data.frame.samples(data.rows("train"))
    )


def _clusters(samples: Samples, real: int) -> np.ndarray:
    """Number the clusters of columns; each random one is for itself."""
    found = correlated_clusters(samples.rows[:, :real])
    alone = found.max(initial=-1) + 1 + np.arange(len(NOISE))
    return np.concatenate([found, alone])


_Folded = tuple[TimeSeriesDataContainer, FoldPlan, np.ndarray]


def _folds(
    inputs: Inputs,
    asked: StudySettings,
    trainer: TrainerConfig,
    folded: _Folded,
    steps: Steps,
    jobs: int,
    tell: Callable[[str, float, float], None],
) -> dict[str, list[Mapping[str, np.ndarray]]]:
    data, plan, clusters = folded
    tasks, names = [], []
    for method in asked.methods:
        for fold in range(len(plan)):
            question = FoldQuestion(
                method, trainer, clusters, asked.permutations, inputs.config.seed, fold
            )
            rows = plan.rows(fold)
            tasks.append((_step(inputs, question, rows), (question, data, *rows)))
            names.append((method, fold))
    found = run_stored(compute_fold, tasks, steps, processes=jobs, tell=tell)
    made: dict[str, list[Mapping[str, np.ndarray]]] = {}
    for (method, fold), (step, _) in zip(names, tasks, strict=True):
        result = found[step.key]
        if isinstance(result, Failure):
            raise BarwiseError(
                f"{method}, fold {fold + 1} of {len(plan)}: {result.text}; finished "
                "folds are kept"
            )
        made.setdefault(method, []).append(result.arrays)
    return made


def compute_fold(question: FoldQuestion, *where: Any) -> Made | Failure:
    """Answer one question, in whatever process."""
    return timed(lambda: Content(fold_importance(question, *where), {}))


def _step(inputs: Inputs, question: FoldQuestion, rows: Sequence[np.ndarray]) -> Step:
    config = inputs.config
    train, test = rows
    settings: dict[str, Any] = {
        "scaling": config.scaling.model_dump(mode="json"),
        "labels": config.labels.model_dump(mode="json", exclude={"horizons"}),
        "rows": hash_arrays({"train": train, "test": test}),
        "seed": question.seed,
    }
    if question.method != "mdi":
        trainer = question.trainer
        settings["trainer"] = trainer.model_dump(mode="json", exclude={"output_dir"})
        settings["set"] = sorted(trainer.model_fields_set)
    if question.method == "mda":
        settings["clusters"] = question.clusters.tolist()
        settings["permutations"] = question.permutations
        settings["fold"] = question.fold
    return Step(
        f"importance-{question.method}",
        source_version(*_CODE),
        settings,
        dict(inputs.addresses),
    )


def _origin(
    inputs: Inputs,
    asked: StudySettings,
    trainer: TrainerConfig,
    data: TimeSeriesDataContainer,
    samples: Samples,
) -> Origin:
    config = inputs.config
    settings = config.model_dump(mode="json", exclude={"output", "models"})
    return Origin(
        symbol=inputs.instrument.symbol,
        underlying=inputs.instrument.underlying,
        simulated=inputs.bars.simulated,
        horizon=data.horizon,
        part=asked.part,
        first=int(samples.times[0]),
        last=int(samples.times[-1]),
        last_label_end=int(samples.label_end_times.max()),
        samples=len(samples),
        effective_samples=float(data.frame.uniqueness[samples.index].sum()),
        model=trainer.model_name,
        methods=asked.methods,
        folds=str(asked.folding),
        permutations=asked.permutations,
        seed=config.seed,
        code=source_version(*_CODE),
        configuration=hash_json(
            [settings, trainer.model_dump(mode="json", exclude={"output_dir"})]
        ),
        embargo=asked.folding.embargo,
        data=dict(inputs.addresses),
    )
