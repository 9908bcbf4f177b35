"""Labels that know more than their span: earlier prices, or later ones.

Notation
--------
r : log return of the labelled trade, from a row to the row in which the label ends
c : close
rest : r - log(c[end] / c[row]), what the closes of its own span do not explain; of an
    honest trade it is the price of the fills
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from barwise.bars.bars import Bars
from barwise.datasets.targets import Targets
from barwise.pipeline.audits.leaks.association import (
    beyond_chance,
    beyond_the_last_move,
    rank_correlation,
)
from barwise.pipeline.audits.leaks.sampling import near_steps, sample_rows
from barwise.pipeline.audits.leaks.setup import Setup, with_frame
from barwise.pipeline.audits.leaks.verdict import Leak

_CORRELATED = 0.4
_ALIKE = 0.3
"""Of a label and the moves after its end: it has two or three values."""
_REST = 0.75
"""Of the rest and a move outside the span. Prices that bounce between bid and ask bring
it to 0.5 at most: one fill is shared."""
_PAUSES = 8
"""Sessions whose last labels have to agree."""
_AGREED = 0.9
_SIGMAS = 4.5


def label_ends(setup: Setup) -> list[Leak]:
    """Labels that know more than their end says, or that are over when they begin."""
    data, bars = setup.data, setup.bars
    targets, times = data.frame.targets, data.frame.times
    rows = sample_rows(setup)
    found = []
    early = rows[targets.end_time[rows] < times[targets.end_index[rows]]]
    if len(early):
        row = int(early[0])
        found.append(
            Leak(
                "leak",
                "end_time",
                f"{len(early):,} labels are said to be known before the bar in which they "
                f"end has closed, first row {row:,}",
                "let end_time be the close of the bar that decides the label",
                row,
                int(times[row]),
                float(len(early)),
            )
        )
    if bars is None:
        return found
    spans = _Spans(bars, targets, rows, data.horizon)
    found += [*spans.later(), *spans.earlier(), *spans.over_a_pause()][:2]
    return found


@dataclass(frozen=True)
class _Spans:
    """Labelled spans against the closes around them."""

    bars: Bars
    targets: Targets
    rows: np.ndarray
    horizon: int

    @cached_property
    def log_close(self) -> np.ndarray:
        return np.log(self.bars.close)

    @cached_property
    def ends(self) -> np.ndarray:
        ends: np.ndarray = self.targets.end_index[self.rows]
        return ends

    @cached_property
    def rest(self) -> np.ndarray:
        """What the closes of a label's own span do not explain of its return."""
        inside = self.log_close[self.ends] - self.log_close[self.rows]
        rest: np.ndarray = self.targets.ret[self.rows] - inside
        return rest

    def _about(self) -> list[tuple[str, np.ndarray, float]]:
        return [
            ("the labelled return", self.targets.ret[self.rows], _CORRELATED),
            ("the label", self.targets.label[self.rows].astype(float), _ALIKE),
            ("what its own span does not explain of the return", self.rest, _REST),
        ]

    def _chance(self, k: int) -> float:
        """Correlation that chance reaches where moves, or labels, overlap."""
        span = int(self.rows[-1]) - int(self.rows[0])
        apart = span / max(k, float((self.ends - self.rows).mean()), 1.0)
        return beyond_chance(min(len(self.rows), apart), _SIGMAS)

    def later(self) -> list[Leak]:
        """Moves after the end."""
        last = int(max(self.rows))
        for what, values, limit in self._about():
            for k in near_steps(self.horizon):
                # Its own stretch may lie in the next k bars where labels end at once.
                inside = self.ends + k <= last
                at = self.ends[inside]
                rho = beyond_the_last_move(
                    values[inside],
                    self.log_close[at + k] - self.log_close[at],
                    self.log_close[at] - self.log_close[np.maximum(at - 1, 0)],
                )
                if abs(rho) > max(limit, self._chance(k)):
                    return [
                        _about_labels(
                            f"{what} goes with the {k} bars after the label is said to have "
                            f"ended (rank correlation {rho:+.2f})",
                            "let end_time be the last moment that the label depends on",
                            rho,
                        )
                    ]
        return []

    def earlier(self) -> list[Leak]:
        """Moves before the row."""
        for what, values, limit in (self._about()[0], self._about()[2]):
            for k in near_steps(self.horizon):
                begun = self.rows >= k
                at = self.rows[begun]
                rho = rank_correlation(
                    values[begun], self.log_close[at] - self.log_close[at - k]
                )
                if abs(rho) > max(limit, self._chance(k)):
                    return [
                        _about_labels(
                            f"the labelled return is a move of the past: {what} goes with the "
                            f"{k} bars before its row (rank correlation {rho:+.2f})",
                            "label what comes after the decision, from the next open on",
                            rho,
                        )
                    ]
        return []

    def over_a_pause(self) -> list[Leak]:
        """Moves into the next session, of labels that are said to end with the last one.

        One label a session is looked at: those of an evening share the night.
        """
        bars, interval = self.bars, self.bars.interval or 0
        follows = np.minimum(self.ends + 1, len(bars) - 1)
        pause = bars.open_time[follows] - bars.time[self.ends] > interval
        pause &= self.ends < min(int(max(self.rows)), len(bars) - 1)
        moved = np.abs(self.rest) > 1e-9
        _, one = np.unique(np.where(pause & moved, self.ends, -1), return_index=True)
        one = one[(pause & moved)[one]]
        if len(one) < _PAUSES:
            return []
        opened = self.log_close[follows[one]] - self.log_close[self.ends[one]]
        rho = float(np.corrcoef(self.rest[one], opened)[0, 1])
        sure = np.arctanh(min(abs(rho), 1 - 1e-9)) * (len(one) - 3.0) ** 0.5
        if abs(rho) < _AGREED or sure < _SIGMAS:
            return []
        return [
            _about_labels(
                f"labels of {len(one)} sessions that are said to end with the last bar go "
                f"with the first bar of the next session (correlation {rho:+.2f})",
                "let end_time be the bar at which the trade is really closed, or close it "
                "with the session",
                rho,
            )
        ]


def _about_labels(evidence: str, way_out: str, rho: float) -> Leak:
    return Leak("leak", "labels", evidence, way_out, value=float(rho))


def ends_too_early(setup: Setup) -> Setup:
    """Plant: label ends that are one bar too early."""
    frame = setup.data.frame
    targets = frame.targets
    ends = np.maximum(frame.times, frame.times[np.maximum(targets.end_index - 1, 0)])
    frame = replace(frame, targets=replace(targets, end_time=ends))
    return setup.replace(data=with_frame(setup.data, frame))
