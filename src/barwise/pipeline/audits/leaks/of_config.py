"""The leak audit of everything that a config stands for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from barwise.core.errors import ConfigError
from barwise.datasets import PurgedKFold
from barwise.features import find
from barwise.features.external import EXTERNAL
from barwise.features.sets import inputs_of
from barwise.labels import Labels
from barwise.pipeline.audits.history import History
from barwise.pipeline.audits.leaks.checks import audit_leaks
from barwise.pipeline.audits.leaks.setup import FOLDS, Relabel, Setup
from barwise.pipeline.audits.leaks.source_bars import stamp_doubts
from barwise.pipeline.audits.leaks.verdict import LeakAudit
from barwise.pipeline.audits.leaks.weeks import week_doubts
from barwise.pipeline.audits.own_file import own_subjects, reads
from barwise.pipeline.audits.subjects import GraphSubject, Subject
from barwise.pipeline.audits.within import Within
from barwise.pipeline.bar_inputs import BarInputs
from barwise.pipeline.candidates import candidates_of
from barwise.pipeline.choices import check_choices
from barwise.pipeline.config import RunConfig
from barwise.pipeline.importance_file import read_origin
from barwise.pipeline.inputs import Inputs, prepare_inputs
from barwise.pipeline.label_settings import has_barriers
from barwise.pipeline.labelling import events_of, label_bars
from barwise.pipeline.source import read_source
from barwise.pipeline.trainers import trainer_config
from barwise.pipeline.workplace import workplace
from barwise.training.out_of_fold import check_stopping

ROWS = 1500
"""Last bars on which columns are computed with other futures."""

Progress = Callable[[int, int, str], None]


def audit_config_for_leaks(
    config: RunConfig,
    *,
    horizon: int | None = None,
    rows: int = ROWS,
    awake: bool = True,
    progress: Progress | None = None,
) -> LeakAudit:
    """Look for leaks in the data set that a config stands for.

    Parameters
    ----------
    config : RunConfig
    horizon : int, optional
        One of the config's; by default the longest, which decides the parts.
    rows : int
        Last bars on which columns are audited.
    awake : bool
        Whether each check is tested by a planted leak.
    progress : callable, optional
        See :func:`~barwise.pipeline.audits.leaks.checks.audit_leaks`.

    Raises
    ------
    ConfigError
        If a setting cannot work.
    DataError
        If the data break a rule.
    """
    chosen = max(config.labels.horizons) if horizon is None else horizon
    check_choices(config, [chosen])
    tell = progress or (lambda _done, _total, _text: None)
    with workplace(config) as steps:
        inputs = prepare_inputs(config, steps, lambda text: tell(0, 1, text))
    setup = setup_of(inputs, chosen, rows=rows)
    name = f"{inputs.instrument.symbol}, horizon {chosen}"
    return audit_leaks(setup, name=name, awake=awake, progress=progress)


def setup_of(inputs: Inputs, horizon: int, *, rows: int = ROWS) -> Setup:
    """Return what an audit looks at: the data set of one horizon, and its makers."""
    config = inputs.config
    within = Within(config, inputs.bars, inputs.raw_interval)
    short = within.last(rows)
    subjects = _subjects(inputs, short)
    beside: dict[str, Any] = {}
    for subject in subjects:
        beside |= subject.beside
    raw, _ = read_source(config)
    known_doubts = [
        *inputs.doubts,
        *week_doubts(raw, inputs.instrument),
        *stamp_doubts(raw, inputs.instrument),
    ]
    study = config.importance_path
    needs = BarInputs(
        config,
        inputs.instrument,
        inputs.bars,
        {"raw_interval": inputs.raw_interval},
        "",
    )
    finer = has_barriers(config)
    fine = needs.finer_bars() if finer else None
    return Setup(
        candidates_of(inputs, horizon),
        History(inputs.bars, fine),
        subjects,
        History(short.bars, **beside),
        _proved(inputs),
        _relabel(needs, horizon),
        PurgedKFold(FOLDS, embargo=horizon),
        source=raw,
        told=tuple(known_doubts),
        offline=config.offline_only,
        stops_on_validation=_stopping(inputs, horizon),
        chosen_by="" if study is None else study.name,
        study=None if study is None else read_origin(study),
    )


def _subjects(inputs: Inputs, short: Within) -> tuple[Subject, ...]:
    """Return what makes the columns, built-in ones and the user's own."""
    path, columns = inputs.config.own_path, inputs.columns
    own = columns.own
    mine: list[Subject] = []
    names = set(columns.names)
    if path is not None and own is not None:
        mine = own_subjects(path, short.bars, names=columns.names, within=short)
        names -= {column for subject in mine for column in subject.columns}
    # A function of a frame goes into the graph too, by its look-back.
    graph = [name for name in columns.names if name in names]
    if graph:
        mine.append(
            GraphSubject(
                graph,
                short.bars,
                own=own or (),
                make=lambda chosen: short.graph(chosen, own),
                beside=short.beside(graph, own),
            )
        )
    return tuple(mine)


def _proved(inputs: Inputs) -> frozenset[str]:
    """Name the columns that are computed from bars alone."""
    own, path = inputs.columns.own or (), inputs.config.own_path
    elsewhere = path is not None and any(reads(path))

    def from_bars(name: str) -> bool:
        outside = any(c.startswith(EXTERNAL) for c in inputs_of(name, own))
        mine = find(name, own)[0] in tuple(own)
        return not outside and not (mine and elsewhere)

    return frozenset(name for name in inputs.names if from_bars(name))


def _relabel(inputs: BarInputs, horizon: int) -> Relabel | None:
    if inputs.config.labels.signal is not None:
        return None

    def relabel(history: History) -> Labels:
        given = replace(inputs, bars=history.bars)
        made = label_bars(given, events_of(given.config, given.bars), history.fine)
        return next(one for one in made if one.horizon == horizon)

    return relabel


def _stopping(inputs: Inputs, horizon: int) -> tuple[str, ...]:
    """Name the models that stop by the part that is scored."""
    found = []
    classes = next(iter(inputs.labels.values())).classes
    for choice in inputs.config.models:
        try:
            check_stopping(trainer_config(inputs.config, choice, horizon), classes)
        except ConfigError:
            found.append(choice.name)
    return tuple(found)
