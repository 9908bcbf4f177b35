"""The laws of a resumable stage, as functions that any stage can be given to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import numpy as np

from barwise.bars.bars import Bars
from barwise.core.stage import Stage


@dataclass(frozen=True)
class Example:
    """How to try a stage: a maker, and what to push for some bars."""

    make: Callable[[], Stage]
    feed: Callable[[Bars], Any]


def columns_of(output: Any) -> dict[str, np.ndarray]:
    """Return an output's arrays by name, whatever container it comes in."""
    if isinstance(output, np.ndarray):
        return {"": output}
    if isinstance(output, Bars):
        return output.columns()
    if is_dataclass(output) and not isinstance(output, type):
        named = {field.name: getattr(output, field.name) for field in fields(output)}
        return {k: v for k, v in named.items() if isinstance(v, np.ndarray)}
    raise TypeError(f"no rule to compare outputs of type {type(output).__name__}")


def joined(outputs: Iterable[Any]) -> dict[str, np.ndarray]:
    """Concatenate the outputs of successive pushes, array by array."""
    parts = [columns_of(output) for output in outputs]
    names = {name for part in parts for name in part}
    return {n: np.concatenate([part[n] for part in parts if n in part]) for n in names}


def assert_same(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> None:
    """Assert equality bit for bit, NaN equal to NaN."""
    assert one.keys() == other.keys()
    for name, array in one.items():
        np.testing.assert_array_equal(array, other[name], err_msg=name)


def run(example: Example, pieces: Sequence[Bars], end: int | None) -> list[Any]:
    """Push pieces of bars through a new stage, then advance to ``end``."""
    stage = example.make()
    outputs = [stage.push(example.feed(piece)) for piece in pieces]
    return [*outputs, stage.advance(end)] if end is not None else outputs


def check_chunks(example: Example, bars: Bars, cuts: Sequence[int]) -> None:
    """Assert that no way of cutting the input changes the output."""
    end = int(bars.time[-1]) + 1
    whole = joined(run(example, [bars], end))
    assert_same(joined(run(example, list(bars.split(cuts)), end)), whole)
    single = list(bars.split(range(1, len(bars))))
    assert_same(joined(run(example, single, end)), whole)


def check_future(example: Example, bars: Bars, other: Bars, cut: int) -> None:
    """Assert that rows after ``cut`` change nothing that was known before."""
    past = bars[:cut]
    stages = [example.make(), example.make()]
    known = [stage.push(example.feed(past)) for stage in stages]
    for stage, future in zip(stages, (bars[cut:], other), strict=True):
        stage.push(example.feed(future))
    assert_same(joined(known[:1]), joined(known[1:]))


def check_restore(example: Example, bars: Bars, cut: int) -> None:
    """Assert that a restart from a snapshot changes nothing."""
    end = int(bars.time[-1]) + 1
    first, second = bars[:cut], bars[cut:]
    steady, before = example.make(), example.make()
    steady.push(example.feed(first))
    before.push(example.feed(first))
    state = before.snapshot()
    assert all(isinstance(array, np.ndarray) for array in state.values())
    # What follows in the old stage must not reach into the snapshot.
    before.push(example.feed(second))
    revived = example.make()
    revived.restore(state)
    outputs = [
        joined([stage.push(example.feed(second)), stage.advance(end)])
        for stage in (steady, revived)
    ]
    assert_same(*outputs)
    assert_same(steady.snapshot(), revived.snapshot())
