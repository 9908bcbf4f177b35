"""Other futures: columns, labels and what was learned have to stay what they were."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from barwise.core.errors import DataError
from barwise.datasets.targets import when_known
from barwise.features.frame_function import FrameFunction
from barwise.pipeline.audits.feature_audit import audit_feature
from barwise.pipeline.audits.findings import where
from barwise.pipeline.audits.futures import FUTURES, cut_points
from barwise.pipeline.audits.history import History
from barwise.pipeline.audits.leaks.setup import Setup
from barwise.pipeline.audits.leaks.verdict import Leak, NotChecked
from barwise.pipeline.audits.subjects import FrameSubject

_CUTS = 8
_LABEL_CUTS = 3


def columns(setup: Setup) -> list[Leak]:
    """Columns of which a row changes with later bars, or from call to call."""
    history = setup.columns_on or setup.history
    if history is None or not setup.columns:
        raise NotChecked("how the columns are computed is not known")
    found = []
    for subject in setup.columns:
        try:
            audit = audit_feature(subject, history.bars, cuts=_CUTS)
        except DataError as problem:
            raise NotChecked(str(problem)) from problem
        found += [
            Leak(
                "leak",
                one.column,
                one.message,
                "compute a row from the bars up to it",
                one.row,
                one.time,
                None if one.ahead is None else float(one.ahead),
            )
            for one in audit.findings
            if one.level == "cheat"
        ]
    return found


def peeking_column(setup: Setup) -> Setup:
    """Plant: the next bar's return as a column."""
    history = setup.columns_on or setup.history
    if history is None:
        raise NotChecked("no bars")
    peek = FrameFunction(
        "canary", lambda frame: np.append(np.diff(frame["close"]), np.nan), "numpy"
    )
    return setup.replace(
        columns=(FrameSubject(peek, history.bars),), columns_on=history
    )


def labels(setup: Setup) -> list[Leak]:
    """Labels that change with bars after their end."""
    if setup.relabel is None or setup.history is None:
        raise NotChecked("how the labels are made is not known")
    history, bars = setup.history, setup.history.bars
    whole = setup.relabel(history)
    ends = when_known(whole)
    for cut in cut_points(len(bars), _LABEL_CUTS)[:_LABEL_CUTS]:
        known = bars.time[cut - 1]
        over = np.flatnonzero(np.asarray(whole.valid) & (ends <= known))
        over = over[over < cut]
        for future in FUTURES[1:]:
            other = setup.relabel(history.with_future(cut, future))
            same = (
                np.asarray(other.valid)[over]
                & (whole.label[over] == other.label[over])
                & (whole.ret[over] == other.ret[over])
                & (ends[over] == when_known(other)[over])
            )
            if not same.all():
                row = int(over[np.flatnonzero(~same)[0]])
                return [
                    Leak(
                        "leak",
                        "labels",
                        f"{int((~same).sum()):,} of {len(over):,} labels that were over "
                        f"change with later bars: {where(bars, row)} is "
                        f"{int(whole.label[row])} ({whole.ret[row]:+.6f}) and, with other "
                        f"bars from row {cut:,} on, {int(other.label[row])} "
                        f"({other.ret[row]:+.6f})",
                        "decide entry, barriers and costs by what is known at the row's "
                        "close, and let end_time be the last moment that the label "
                        "depends on",
                        row,
                        int(bars.time[row]),
                        float(other.ret[row] - whole.ret[row]),
                    )
                ]
    return []


def labels_of_the_file(setup: Setup) -> Setup:
    """Plant: labels whose threshold is a figure of the whole file."""
    honest = setup.relabel
    if honest is None:
        raise NotChecked("no labels")

    def cheating(history: History) -> object:
        made = honest(history)
        spread = float(np.std(np.diff(np.log(history.bars.close))))
        ret = np.asarray(made.ret) / spread
        return _Labels(made, ret)

    return setup.replace(relabel=cheating)


class _Labels:
    """Labels with other returns."""

    def __init__(self, made: object, ret: np.ndarray) -> None:
        self._made, self.ret = made, ret

    def __getattr__(self, name: str) -> object:
        return getattr(self._made, name)


def learned(setup: Setup) -> list[Leak]:
    """What columns have learned, when everything after the training part is other."""
    frame, history = setup.data.frame, setup.history
    if not frame.learned:
        return []
    learner = frame.learner
    if learner is None or history is None or not hasattr(learner, "bars"):
        raise NotChecked("the bars that the columns learn from are not known")
    rows = np.zeros(len(frame.times), dtype=bool)
    rows[setup.data.split.train] = True
    cut = int(setup.data.split.train[-1]) + 1
    other = replace(learner, bars=history.with_future(cut, "higher").bars)  # type: ignore[type-var]
    one, two = learner.learn(rows)[1], other.learn(rows)[1]
    if one == two:
        return []
    return [
        Leak(
            "leak",
            ", ".join(frame.learned),
            f"what they learned from the training rows changes with the bars after row "
            f"{cut:,}",
            "fit on the rows of the fold at hand only",
            cut,
            int(frame.times[cut]),
        )
    ]
