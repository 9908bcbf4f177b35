"""Runs independent tasks in processes; what comes out does not depend on their number."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from barwise.core.errors import ConfigError

_T = TypeVar("_T")


def run_tasks(
    work: Callable[..., _T], tasks: Sequence[tuple[Any, ...]], *, jobs: int
) -> Iterator[tuple[int, _T]]:
    """Yield the number and the result of each task as it ends.

    Parameters
    ----------
    work : callable
        A function of a module, whose result depends on its arguments alone.
    tasks : sequence of tuple
        Arguments. Large arrays are mapped, not copied, where processes are used.
    jobs : int
        Processes; 1 works in this one, and -1 takes one for each processor. Where an
        outer ``joblib.parallel_config`` names another backend (Ray), that is used.

    Raises
    ------
    ConfigError
        If the number of jobs is 0 or below -1.

    Examples
    --------
    >>> sorted(run_tasks(pow, [(2, 3), (2, 4)], jobs=1))
    [(0, 8), (1, 16)]
    """
    if jobs == 0 or jobs < -1:
        raise ConfigError(
            f"--jobs must be a number of processes, or -1 for one a processor; got {jobs}"
        )
    wanted = min((os.cpu_count() or 1) if jobs == -1 else jobs, len(tasks))
    if wanted <= 1:
        for number, task in enumerate(tasks):
            yield number, work(*task)
        return
    from joblib import Parallel, delayed

    parallel = Parallel(n_jobs=wanted, return_as="generator_unordered", batch_size=1)
    with warnings.catch_warnings():
        # A process that has loaded a large library is replaced; its task is not lost.
        warnings.filterwarnings("ignore", "A worker stopped while some jobs")
        yield from parallel(
            delayed(_numbered)(work, number, task) for number, task in enumerate(tasks)
        )


def _numbered(
    work: Callable[..., _T], number: int, task: tuple[Any, ...]
) -> tuple[int, _T]:
    return number, work(*task)
