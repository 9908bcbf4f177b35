"""Audits: whether a feature knows what it could not, and what moves it that should not."""

from barwise.pipeline.audits.config_invariance import audit_config
from barwise.pipeline.audits.feature_audit import audit_feature
from barwise.pipeline.audits.findings import Audit, Finding
from barwise.pipeline.audits.invariance import InvarianceAudit, Move, Trial
from barwise.pipeline.audits.subjects import FrameSubject, GraphSubject, Subject

__all__ = [
    "Audit",
    "Finding",
    "FrameSubject",
    "GraphSubject",
    "InvarianceAudit",
    "Move",
    "Subject",
    "Trial",
    "audit_config",
    "audit_feature",
]
