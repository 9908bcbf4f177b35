"""What a leak audit says: check by check, with the evidence and the way out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from html import escape
from typing import TYPE_CHECKING, Any, Literal, final

from barwise.core.errors import ConfigError, DataError

if TYPE_CHECKING:
    from barwise.pipeline.audits.leaks.setup import Setup

Verdict = Literal["clean", "doubtful", "leaks", "asleep", "not checked"]


@final
@dataclass(frozen=True)
class Leak:
    """One thing that a check found.

    Parameters
    ----------
    level : {"leak", "doubt"}
        A doubt is what figures alone cannot decide.
    where : str
        Column, part, fold or file.
    evidence : str
        What was seen, with its row and values.
    way_out : str
        What to do about it.
    row : int or None
        Row of the data set that shows it, from 0.
    time : int or None
        Its time, nanoseconds UTC.
    value : float or None
        The figure that decided.
    """

    level: Literal["leak", "doubt"]
    where: str
    evidence: str
    way_out: str
    row: int | None = None
    time: int | None = None
    value: float | None = None


class NotChecked(Exception):  # noqa: N818 - no error: an answer
    """A check lacks what it needs; the text says what."""


@final
@dataclass(frozen=True)
class Check:
    """One question that an audit asks.

    Parameters
    ----------
    name : str
    asks : str
        What is compared with what.
    find : callable
        Returns what it found; raises :class:`NotChecked` where it cannot look.
    plant : callable or None
        Returns the same setup with a leak of this kind, which the check has to find;
        None where the source alone can have one.
    """

    name: str
    asks: str
    find: Callable[[Setup], list[Leak]]
    plant: Callable[[Setup], Setup] | None = None

    def answer(self, setup: Setup, *, awake: bool = True) -> Answer:
        """Ask, and see whether a planted leak would have been found.

        Parameters
        ----------
        setup : Setup
        awake : bool
            Whether to plant.
        """
        try:
            found = tuple(self.find(setup))
        except (NotChecked, ConfigError, DataError) as missing:
            return Answer(self.name, self.asks, "not checked", why=str(missing))
        verdict: Verdict = "clean"
        if found:
            sure = any(one.level == "leak" for one in found)
            verdict = "leaks" if sure else "doubtful"
        made = Answer(self.name, self.asks, verdict, found)
        if verdict == "leaks" or not awake or self.plant is None:
            return made
        # A figure that was there before the planting would prove nothing.
        before = {(one.level, one.where) for one in found}
        try:
            planted = self.find(self.plant(setup))
        except (NotChecked, ConfigError, DataError) as missing:
            # What nobody can plant counts for nothing either.
            nothing = verdict == "clean"
            return replace(
                made, verdict="not checked" if nothing else verdict, why=str(missing)
            )
        seen = any(
            one.level == "leak" and (one.level, one.where) not in before
            for one in planted
        )
        if seen:
            return replace(made, canary=True)
        why = "a leak that was planted in these data was not found; take more of them"
        return replace(made, verdict="asleep", canary=False, why=why)


@final
@dataclass(frozen=True)
class Answer:
    """What one check says.

    Parameters
    ----------
    check, asks : str
    verdict : {"clean", "doubtful", "leaks", "asleep", "not checked"}
        ``asleep``: nothing was found, and the planted leak was not found either.
    found : tuple of Leak
    why : str
        Why it was not checked, or counts for nothing.
    canary : bool or None
        Whether the planted leak was found; None where none was planted.
    """

    check: str
    asks: str
    verdict: Verdict
    found: tuple[Leak, ...] = ()
    why: str = ""
    canary: bool | None = None


@final
@dataclass(frozen=True)
class LeakAudit:
    """Outcome of :func:`audit_leaks`.

    Parameters
    ----------
    name : str
        What was audited.
    answers : tuple of Answer
        One a check, in a fixed order.
    rows, samples : int
        Rows of the data set, and how many of them are samples before the test part.
    simulated : bool
        Whether a simulator made the bars.
    """

    name: str
    answers: tuple[Answer, ...]
    rows: int
    samples: int
    simulated: bool = False

    @property
    def leaks(self) -> bool:
        """Whether something is known that could not have been."""
        return any(one.verdict == "leaks" for one in self.answers)

    @property
    def whole(self) -> bool:
        """Whether every check looked, and was awake."""
        return not {one.verdict for one in self.answers} & {"asleep", "not checked"}

    @property
    def headline(self) -> str:
        """The outcome in one line."""
        leaks = sum(one.verdict == "leaks" for one in self.answers)
        asked = [a for a in self.answers if a.verdict not in ("asleep", "not checked")]
        awake = sum(one.canary is True for one in self.answers)
        said = (
            f"{leaks} of {len(asked)} checks found a leak"
            if leaks
            else f"no leak found by {len(asked)} checks"
        )
        left = len(self.answers) - len(asked)
        return (
            f"{said}; {awake} found the leak that was planted to test them"
            + f", {left} did not look" * (left > 0)
        )

    def of(self, check: str) -> Answer:
        """Return what one check says."""
        return next(one for one in self.answers if one.check == check)

    def to_dict(self) -> dict[str, Any]:
        """Return the audit as JSON values."""
        return {
            "name": self.name,
            "leaks": self.leaks,
            "whole": self.whole,
            "headline": self.headline,
            "rows": self.rows,
            "samples": self.samples,
            "simulated": self.simulated,
            "checks": [asdict(one) for one in self.answers],
        }

    def __str__(self) -> str:
        lines = [f"{self.name}: {self.headline}"]
        for one in self.answers:
            lines.append(
                f"  {one.check}: {one.verdict}" + f" ({one.why})" * (one.why > "")
            )
            lines += [f"    {f.where}: {f.evidence}; {f.way_out}" for f in one.found]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return f"<pre>{escape(str(self))}</pre>"
