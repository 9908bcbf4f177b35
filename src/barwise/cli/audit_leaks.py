"""``barwise audit leaks``: what a config's data set knows that it could not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from barwise.cli.output import Json, note, progress, write_json, write_table, write_text
from barwise.cli.run import DEFAULT, Config

if TYPE_CHECKING:
    from barwise.pipeline.audits.leaks import LeakAudit

EXAMPLES = (
    "barwise audit leaks mes.yaml",
    "barwise audit leaks mes.yaml --horizon 20 --json",
)

_NOT_PASSED = 4


def audit_leaks(
    config: Config = DEFAULT,
    horizon: Annotated[
        int | None,
        typer.Option("--horizon", help="One of the config's; else the longest."),
    ] = None,
    rows: Annotated[
        int,
        typer.Option(
            "--rows", min=60, help="Compute columns on so many of the last bars."
        ),
    ] = 1500,
    json: Json = False,
) -> None:
    """Look for leaks in bars, features, labels, preparation, parts and folds.

    The future is changed and the past compared; labels are dealt out anew; figures are
    derived again from the training rows alone; and in each check a leak is planted in
    these very data, to see whether it would have been found. The answers are also
    written to leaks.json and leaks.html in a folder of reports; the report of a run with
    the same configuration, data and code shows them. The exit code is 4 when something
    leaks.
    """
    from barwise.pipeline import RunConfig
    from barwise.pipeline.audits.leaks.of_config import audit_config_for_leaks
    from barwise.pipeline.leak_certificate import place_certificate

    settings = RunConfig.read(config)
    with progress("audit") as report:
        audit = audit_config_for_leaks(
            settings,
            horizon=horizon,
            rows=rows,
            progress=lambda done, total, text: report(done, total, text),
        )
    place = place_certificate(settings, audit)
    if json:
        files = {"certificate": str(place.certificate), "page": str(place.page)}
        write_json(audit.to_dict() | files)
    else:
        _tell(audit)
        write_text(f"\nCertificate: {place.certificate}\nPage: {place.page}")
    if audit.leaks:
        names = [one.check for one in audit.answers if one.verdict == "leaks"]
        note(f"barwise: leaks were found by: {', '.join(names)}")
        raise typer.Exit(_NOT_PASSED)


def _tell(audit: LeakAudit) -> None:
    write_table(
        ("check", "verdict", "canary", "question"),
        [
            (
                one.check,
                one.verdict.upper() if one.verdict == "leaks" else one.verdict,
                {True: "found", False: "missed", None: "-"}[one.canary],
                f"{one.asks}?",
            )
            for one in audit.answers
        ],
    )
    for one in audit.answers:
        if one.why:
            write_text(f"\n{one.check}: {one.why}")
        for found in one.found:
            write_text(
                f"\n{one.check}: {found.where}: {found.evidence}\n  way out: {found.way_out}"
            )
    write_text(f"\n{audit.name}: {audit.headline}")
