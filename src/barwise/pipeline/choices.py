"""What a config names, looked up before anything is read or written.

A wrong name should cost a second, not the minutes until the step that needs it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from barwise.core.errors import ConfigError
from barwise.models.registry import ModelRegistry
from barwise.pipeline.columns import Place, Refused, choose_columns
from barwise.pipeline.config import RunConfig
from barwise.pipeline.external import table_files
from barwise.pipeline.signal_column import signal_path
from barwise.pipeline.source import named_files
from barwise.pipeline.trainers import trainer_config
from barwise.training.fitting import refused_windows
from barwise.training.out_of_fold import check_stopping

_Found = tuple[Place, str]


def store_folder(config: RunConfig) -> Path:
    """Return the folder of stored steps, beside the folder of runs."""
    return config.output_path / ".barwise" / "store"


def check_choices(config: RunConfig, horizons: Sequence[int] = ()) -> None:
    """Refuse names that stand for nothing: columns, models, horizons, files.

    Parameters
    ----------
    config : RunConfig
    horizons : sequence of int
        What is asked for, of the config's horizons.

    Raises
    ------
    ConfigError
        One line for every problem: file and line, key, value and the way out.
    """
    _refuse(config, [*wrong_names(config), *_of_horizons(config, horizons)])


def wrong_names(config: RunConfig) -> Iterator[tuple[Place, str]]:
    """Yield the key of every name that stands for nothing, with what is wrong."""
    yield from _of_data(config)
    yield from _of_features(config)
    yield from _of_signal(config)
    yield from _of_models(config)
    yield from _of_primary(config)
    yield from _of_output(config)


def check_labels(config: RunConfig, horizons: Sequence[int] = ()) -> None:
    """Refuse the same where bars and labels are all that is wanted."""
    found = [
        *_of_data(config),
        *_of_signal(config),
        *_of_horizons(config, horizons),
        *_of_output(config),
    ]
    _refuse(config, found)


def _refuse(config: RunConfig, found: Sequence[_Found]) -> None:
    if found:
        raise ConfigError(
            "\n".join(f"{config.place(*key)}: {why}" for key, why in found)
        )


def _of_data(config: RunConfig) -> Iterator[_Found]:
    for key, path in {**named_files(config), **table_files(config)}.items():
        if path.is_dir():
            yield key, f"{path} is a folder; name one file in it"
        elif not path.exists():
            yield key, f"there is no file {path}; paths are relative to the config file"


def _of_features(config: RunConfig) -> Iterator[_Found]:
    without = (
        f"{config.symbol} has none; leave it out, or describe the symbol under instrument "
        "with has_volume: true if your source's volume means something"
    )
    try:
        choose_columns(config, has_volume=config.traded().has_volume, without=without)
    except Refused as refused:
        yield from refused.problems


def _of_signal(config: RunConfig) -> Iterator[_Found]:
    path = signal_path(config)
    if path is not None and not path.is_file():
        yield (
            ("labels", "signal", "path"),
            f"there is no file {path}; paths are relative to the config file",
        )


def _of_horizons(config: RunConfig, horizons: Sequence[int]) -> Iterator[_Found]:
    known = config.labels.horizons
    for horizon in horizons:
        if horizon not in known:
            yield (
                ("labels", "horizons"),
                f"{horizon} is not among {', '.join(map(str, known))}; add it there, or "
                "ask for one of these",
            )


def _of_models(config: RunConfig) -> Iterator[_Found]:
    for place, choice in enumerate(config.models):
        try:
            ModelRegistry.create(choice.name, choice.config)
        except ConfigError as problem:
            yield ("models", place), str(problem)


def _of_primary(config: RunConfig) -> Iterator[_Found]:
    primary = config.labels.primary
    if primary is None:
        return
    place = ("labels", "primary", "model")
    try:
        model = ModelRegistry.create(primary.model.name, primary.model.config)
        check_stopping(trainer_config(config, primary.model, 1), model.classes)
    except ConfigError as problem:
        yield place, str(problem)
    for number, choice in enumerate(config.models):
        try:
            read = ModelRegistry.create(choice.name, choice.config).requires_sequences
        except ConfigError:
            continue
        if read:
            yield ("models", number), refused_windows(choice.name)


def _of_output(config: RunConfig) -> Iterator[_Found]:
    folder = config.output_path
    wanted = (folder, folder / "runs", folder / "reports", store_folder(config))
    for there in dict.fromkeys(map(_standing, wanted)):
        if not there.is_dir():
            yield (
                ("output",),
                f"{there} is a file where a folder is needed; choose another folder, or "
                "move that file away",
            )


def _standing(path: Path) -> Path:
    """Return the path, or the nearest thing above it that exists."""
    return next(p for p in (path, *path.parents) if p.exists())
