"""The part of the page that says whether the data set was audited for leaks."""

from __future__ import annotations

from barwise.report.leaks_data import LeakCertificate, LeakCheck, LeakEvidence
from barwise.report.markup import Markup, table, tag
from barwise.report.sections import section

LEAKS = "Leak audit"


def leak_section(evidence: LeakEvidence | None) -> list[Markup]:
    """Show the certificate of the very same configuration and data, if there is one."""
    if evidence is None:
        return []
    if evidence.certificate is None:
        told = tag(
            "p",
            "There is no leak audit of exactly this configuration, its models included, "
            "on these data by this code: ",
            tag("code", evidence.command),
            " makes one.",
            class_="warning",
        )
        return [section("leaks", LEAKS, told)]
    return [
        section("leaks", LEAKS, *certificate_of(evidence.certificate, evidence.made))
    ]


def certificate_of(certificate: LeakCertificate, made: str) -> list[Markup]:
    """Return a certificate: outcome and date first, then check by check."""
    said = f"{certificate.outcome.capitalize()} on {made}: {certificate.headline}."
    return [
        tag("p", said, class_="warning" if certificate.leaks else "headline"),
        tag(
            "p",
            f"{certificate.name}. Configuration, data and code are those of the audit, "
            "by their SHA-256. It tells of the leaks that it looks for, and of no "
            "others.",
        ),
        table(
            "What each check asked and said",
            ["Check", "Verdict", "Planted leak", "Question"],
            [_cells(one) for one in certificate.checks],
            words=4,
            name="leaks",
        ),
        tag("ul", [tag("li", note) for note in _notes(certificate)]),
    ]


def _cells(one: LeakCheck) -> list[str]:
    canary = {True: "found", False: "missed", None: "-"}[one.canary]
    return [one.check, one.verdict, canary, f"{one.asks}?"]


def _notes(certificate: LeakCertificate) -> list[str]:
    return [f"{one.check}: {note}" for one in certificate.checks for note in one.notes]
