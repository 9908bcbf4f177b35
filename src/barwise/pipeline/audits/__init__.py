"""Audits: whether a feature knows what it could not have known."""

from barwise.pipeline.audits.feature_audit import audit_feature
from barwise.pipeline.audits.findings import Audit, Finding
from barwise.pipeline.audits.subjects import FrameSubject, GraphSubject, Subject

__all__ = [
    "Audit",
    "Finding",
    "FrameSubject",
    "GraphSubject",
    "Subject",
    "audit_feature",
]
