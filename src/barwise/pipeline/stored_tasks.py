"""Independent steps, each computed in whatever process and stored by this one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, final

from barwise.core import clock
from barwise.pipeline.executors import run_tasks
from barwise.pipeline.steps import Step, Steps
from barwise.pipeline.store import Content


@final
@dataclass(frozen=True, eq=False)
class Failure:
    """Why a task has no result."""

    text: str


Made = tuple[Content, float]
"""What a task came to, and the seconds that it took."""


def timed(compute: Callable[[], Content]) -> Made | Failure:
    """Compute, in whatever process; what fails says why."""
    begun = clock.seconds()
    try:
        made = compute()
    except Exception as problem:  # noqa: BLE001 - one task must not end the others
        return Failure(f"{type(problem).__name__}: {problem}")
    return made, clock.seconds() - begun


def run_stored(
    work: Callable[..., Made | Failure],
    tasks: Sequence[tuple[Step, tuple[Any, ...]]],
    steps: Steps,
    *,
    processes: int,
    tell: Callable[[str, float, float], None],
) -> dict[str, Content | Failure]:
    """Return what each task came to, by the key of its step, as the store holds it.

    Finished steps are found in the store. The others are computed, in processes if
    wanted, and stored by this one as they end; a failure is not stored.

    Parameters
    ----------
    work : callable
        A function of a module, whose result depends on its arguments alone.
    tasks : sequence of (Step, tuple)
        The step that stands for a task, and the arguments of ``work``.
    steps : Steps
    processes : int
        The bytes do not depend on it.
    tell : callable
        Told about progress.
    """
    found: dict[str, Content | Failure] = {}
    missing = []
    for step, arguments in tasks:
        address = steps.find(step)
        if address is None:
            missing.append((step, arguments))
        else:
            found[step.key] = steps.store.get(address)
    total, done = len(tasks), len(found)
    tell(f"{total} fits, {done} of them done before", done, total)
    todo = [arguments for _, arguments in missing]
    for number, made in run_tasks(work, todo, jobs=processes):
        step, done = missing[number][0], done + 1
        found[step.key] = (
            made if isinstance(made, Failure) else _keep(step, made, steps)
        )
        tell(f"fits: {done} of {total}", done, total)
    return found


def _keep(step: Step, made: Made, steps: Steps) -> Content:
    content, seconds = made
    return steps.run(step, lambda: content, volatile={"seconds": seconds}).content
