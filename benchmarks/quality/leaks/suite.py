"""Every planted leak and every clean setup, and what the audit makes of them.

Names are permanent: a leak that is changed gets a new one.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from types import FunctionType

from scipy.stats import binomtest

from barwise.core.errors import BarwiseError
from barwise.features.own import run_file
from barwise.pipeline import RunConfig
from barwise.pipeline.audits.leaks import CHECKS, Setup, audit_leaks
from barwise.pipeline.audits.leaks.of_config import audit_config_for_leaks
from barwise.pipeline.audits.leaks.verdict import Answer
from benchmarks.quality.leaks.clean import CLEAN
from benchmarks.quality.leaks.columns import COLUMNS
from benchmarks.quality.leaks.configs import CONFIGS
from benchmarks.quality.leaks.lab import Lab
from benchmarks.quality.leaks.procedures import HONEST, LEAKING
from benchmarks.quality.leaks.procedures import setup as with_procedure
from benchmarks.quality.leaks.second import clean, columns, figures, samples, sources
from benchmarks.quality.leaks.second import procedures as by_others
from benchmarks.quality.leaks.tables import TABLES

HOWTO = Path(__file__).parents[3] / "docs" / "howto"


@dataclass(frozen=True)
class Case:
    """One thing to audit.

    Parameters
    ----------
    name, what : str
        Name, and what it does in one line.
    family : {"column", "data set", "procedure", "config"}
        Where it is planted.
    leaks : bool
        The truth.
    make : callable
        Returns a setup or a config; may raise, which is a refusal.
    second : bool
        Whether others wrote it, who had not seen the checks.
    """

    name: str
    what: str
    family: str
    leaks: bool
    make: Callable[[Lab], Setup | RunConfig]
    second: bool = False


@dataclass(frozen=True)
class Outcome:
    """What the audit said.

    Parameters
    ----------
    case : Case
    by : tuple of str
        Checks that found a leak.
    doubted : tuple of str
        Checks that doubt, which counts for nothing.
    refused : str
        Message with which the library refused it.
    evidence : str
        Of the first finding.
    """

    case: Case
    by: tuple[str, ...] = ()
    doubted: tuple[str, ...] = ()
    refused: str = ""
    evidence: str = ""

    @property
    def caught(self) -> bool:
        return bool(self.by or self.refused)

    @property
    def right(self) -> bool:
        return self.caught == self.case.leaks


def answer(setup: Setup, check: str) -> Answer:
    """What one check alone says of a setup, without a test of its power."""
    return next(one for one in CHECKS if one.name == check).answer(setup, awake=False)


def cases() -> list[Case]:
    """Return all of them."""
    found = []
    for file, leaks in (("cheats.py", True), ("honest.py", False)):
        for one in run_file(HOWTO / file):
            what = (one.frame.function.__doc__ or "").splitlines()[0]
            found.append(Case(one.name, what, "column", leaks, _function(one.frame)))
    found += [_case(f, "column", True, _function(f)) for f in COLUMNS]
    found += [_case(f, "data set", True, f) for f in TABLES]
    found += [_case(f, "procedure", True, _procedure(f)) for f in LEAKING]
    found += [_case(f, "procedure", False, _procedure(f)) for f in HONEST]
    found += [_case(f, "config", True, f) for f in CONFIGS]
    found += [_case(f, "config or data set", False, f) for f in CLEAN]
    found += [replace(case, second=True) for case in _of_others()]
    assert len({one.name for one in found}) == len(found)
    return found


def _of_others() -> list[Case]:
    return [
        *(_case(f, "column", True, _function(f)) for f in columns.COLUMNS),
        *(_case(f, "data set", True, f) for f in figures.FIGURES),
        *(_case(f, "data set", True, f) for f in samples.SAMPLES),
        *(_case(f, "procedure", True, _procedure(f)) for f in by_others.LEAKING),
        _case(
            by_others.remembered_by_features,
            "procedure",
            True,
            by_others.remembered_by_features,
        ),
        *(_case(f, "config", True, f) for f in sources.SOURCES),
        *(_case(f, "column", False, _function(f)) for f in clean.FUNCTIONS),
        *(_case(f, "data set", False, f) for f in (*clean.SETUPS, *samples.HONEST)),
        *(_case(f, "procedure", False, _procedure(f)) for f in by_others.HONEST),
        *(_case(f, "config", False, f) for f in sources.HONEST),
    ]


def _case(function: FunctionType, family: str, leaks: bool, make) -> Case:
    what = (function.__doc__ or "").splitlines()[0]
    return Case(function.__name__, what, family, leaks, make)


def _function(function):
    return lambda lab: lab.with_function(function)


def _procedure(function):
    return lambda lab: with_procedure(lab, function)


def audit(case: Case, lab: Lab) -> Outcome:
    """Audit one."""
    try:
        made = case.make(lab)
        if isinstance(made, RunConfig):
            result = audit_config_for_leaks(made, rows=600, awake=False)
        else:
            result = audit_leaks(made, awake=False)
    except BarwiseError as problem:
        return Outcome(case, refused=f"{type(problem).__name__}: {problem}")
    leaks = [f for a in result.answers for f in a.found if f.level == "leak"]
    return Outcome(
        case,
        tuple(a.check for a in result.answers if a.verdict == "leaks"),
        tuple(a.check for a in result.answers if a.verdict == "doubtful"),
        evidence=f"{leaks[0].where}: {leaks[0].evidence}" if leaks else "",
    )


def power(outcomes: list[Outcome]) -> tuple[int, int, float]:
    """Return leaks that were caught, leaks, and a 95 % lower bound of the share."""
    leaking = [one for one in outcomes if one.case.leaks]
    caught = sum(one.caught for one in leaking)
    test = binomtest(caught, len(leaking), alternative="greater")
    return caught, len(leaking), float(test.proportion_ci(0.95, "exact").low)


def alarms(outcomes: list[Outcome]) -> tuple[int, int, float]:
    """Return clean ones that were accused, clean ones, and a 95 % upper bound."""
    clean = [one for one in outcomes if not one.case.leaks]
    accused = sum(one.caught for one in clean)
    test = binomtest(accused, len(clean), alternative="less")
    return accused, len(clean), float(test.proportion_ci(0.95, "exact").high)
