"""Every indicator of pandas-ta-classic that ends in time, by its own defaults."""

import io
import signal
import time
import warnings
from contextlib import redirect_stdout

import pandas as pd
import pandas_ta_classic as ta

LIMIT = 20.0
"""Seconds after which an indicator is given up."""


class _LateError(Exception):
    pass


def _stop(*_: object) -> None:
    raise _LateError


def run_all(frame: pd.DataFrame) -> tuple[float, int, list[str]]:
    """Compute all categories one indicator after another.

    Returns
    -------
    seconds of the indicators that came to an end, their columns, and names of the rest
    """
    seconds, columns, failed = 0.0, 0, []
    previous = signal.signal(signal.SIGALRM, _stop)
    try:
        for name in sorted({n for names in ta.Category.values() for n in names}):
            signal.setitimer(signal.ITIMER_REAL, LIMIT)
            start = time.process_time()
            try:
                # Some print, some warn, some fail on their own defaults.
                with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
                    warnings.simplefilter("ignore")
                    made = getattr(frame.ta, name)()
            except (_LateError, Exception):  # noqa: BLE001 - a peer may fail in any way
                made = None
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0.0)
            if made is None:
                failed.append(name)
                continue
            seconds += time.process_time() - start
            columns += 1 if made.ndim == 1 else made.shape[1]
    finally:
        signal.signal(signal.SIGALRM, previous)
    return seconds, columns, failed
