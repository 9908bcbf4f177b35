"""The leak audit: what a data set knows that it could not have known."""

from barwise.pipeline.audits.leaks.checks import CHECKS, audit_leaks
from barwise.pipeline.audits.leaks.setup import Procedure, Setup
from barwise.pipeline.audits.leaks.verdict import Answer, Check, Leak, LeakAudit

__all__ = [
    "CHECKS",
    "Answer",
    "Check",
    "Leak",
    "LeakAudit",
    "Procedure",
    "Setup",
    "audit_leaks",
]
