"""Runs independent tasks in processes, or on a Ray cluster.

What comes out depends neither on their number nor on where they ran.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import islice
from typing import Any, TypeVar

from barwise.core.errors import ConfigError, require

_T = TypeVar("_T")

_ray: ContextVar[Any] = ContextVar("ray", default=None)


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
        Processes; 1 works in this one, and -1 takes one for each processor. Inside
        :func:`on_ray` how many run on the cluster at a time.

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
    if _ray.get() is not None:
        yield from _run_on_ray(_ray.get(), work, tasks, jobs)
        return
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


@contextmanager
def on_ray() -> Iterator[None]:
    """Let the tasks of a block run on Ray: the cluster of ``RAY_ADDRESS``, else here.

    Raises
    ------
    ConfigError
        If Ray is not installed.
    """
    ray: Any = require("ray", "scale", "running on a Ray cluster")
    begun = not ray.is_initialized()
    if begun:
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        ray.init(include_dashboard=False, log_to_driver=False)
    token = _ray.set(ray)
    try:
        yield
    finally:
        _ray.reset(token)
        if begun:
            ray.shutdown()


def _run_on_ray(
    ray: Any, work: Callable[..., _T], tasks: Sequence[tuple[Any, ...]], jobs: int
) -> Iterator[tuple[int, _T]]:
    """Keep some tasks on the cluster; the next one goes there when one is done."""
    count = int(ray.cluster_resources()["CPU"]) if jobs == -1 else jobs
    run, todo = ray.remote(_numbered), iter(enumerate(tasks))
    waiting: list[Any] = []
    while True:
        started = islice(todo, count - len(waiting))
        waiting += [run.remote(work, number, task) for number, task in started]
        if not waiting:
            return
        done, waiting = ray.wait(waiting, num_returns=1)
        yield ray.get(done[0])


def _numbered(
    work: Callable[..., _T], number: int, task: tuple[Any, ...]
) -> tuple[int, _T]:
    return number, work(*task)
