"""What a page says about a leak audit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final


@final
@dataclass(frozen=True)
class LeakCheck:
    """What one check of an audit said.

    Parameters
    ----------
    check, asks, verdict : str
    canary : bool or None
        Whether it found the leak that was planted for it; None where none was.
    notes : sequence of str
        What it found, and why it did not look.
    """

    check: str
    asks: str
    verdict: str
    canary: bool | None
    notes: Sequence[str] = ()


@final
@dataclass(frozen=True)
class LeakCertificate:
    """A leak audit of one configuration and its data.

    Parameters
    ----------
    name, headline : str
        What was audited, and the outcome in a line.
    leaks : bool
        Whether something leaks.
    whole : bool
        Whether every check looked, and found the leak that was planted for it.
    checks : sequence of LeakCheck
    """

    name: str
    headline: str
    leaks: bool
    whole: bool
    checks: Sequence[LeakCheck]

    @property
    def outcome(self) -> str:
        """``passed``, ``passed in part`` or ``not passed``."""
        if self.leaks:
            return "not passed"
        return "passed" if self.whole else "passed in part"


@final
@dataclass(frozen=True)
class LeakEvidence:
    """What is known of leaks in the run of a report.

    Parameters
    ----------
    certificate : LeakCertificate or None
        Of exactly this configuration, these data and this code; None if there is none.
    made : str
        When it was made.
    command : str
        What makes one.
    """

    certificate: LeakCertificate | None
    made: str
    command: str
