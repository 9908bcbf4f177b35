"""The page of a leak audit: one HTML file that loads nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from barwise.report.formats import flatten
from barwise.report.leak_section import LEAKS, certificate_of
from barwise.report.leaks_data import LeakCertificate
from barwise.report.markup import join, table
from barwise.report.page import fill_page
from barwise.report.sections import section


def render_leaks(
    certificate: LeakCertificate,
    made: str,
    origin: Mapping[str, Any],
    *,
    simulated: bool,
) -> str:
    """Return the page of an audit.

    Parameters
    ----------
    certificate : LeakCertificate
    made : str
        When.
    origin : mapping
        What was audited: hashes of configuration, files and code.
    simulated : bool
        Whether a simulator made the bars.
    """
    body = join(
        [
            section("verdict", LEAKS, *certificate_of(certificate, made)),
            section(
                "settings",
                "What was audited",
                table("Origin", ["Key", "Value"], flatten(origin), words=2),
            ),
        ]
    )
    return fill_page(
        title=f"barwise: leak audit · {certificate.name}",
        simulated=simulated,
        line=f"{certificate.outcome} on {made}",
        contents={"verdict": LEAKS, "settings": "What was audited"},
        body=body,
        numbers={"certificate": certificate, "origin": origin},
    )
