"""What was checked, and on which data, as files beside the reports."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, final

from barwise.core import clock, durable
from barwise.core.hashing import hash_file, hash_json
from barwise.pipeline.config import RunConfig
from barwise.pipeline.external import table_hashes
from barwise.pipeline.signal_column import signal_path
from barwise.pipeline.source import source_hashes
from barwise.pipeline.steps import source_version
from barwise.pipeline.workplace import reports_folder
from barwise.report.leak_page import render_leaks
from barwise.report.leaks_data import LeakCertificate, LeakCheck, LeakEvidence
from barwise.training.run_folder import machine_facts

if TYPE_CHECKING:
    from barwise.pipeline.audits.leaks import LeakAudit

NAME = "leaks.json"
PAGE = "leaks.html"
_PROVENANCE = "provenance.json"
_STAMP = "%Y%m%d_%H%M%S"


@final
@dataclass(frozen=True)
class Placed:
    """The files of an audit."""

    certificate: Path
    page: Path


def origin_of(config: RunConfig) -> dict[str, Any]:
    """Return what an audit is an audit of: configuration, files and code, as hashes."""
    beside = {
        "features.own": config.own_path,
        "features.importance": config.importance_path,
        "labels.signal": signal_path(config),
    }
    files = {
        **source_hashes(config),
        **table_hashes(config),
        **{key: hash_file(path) for key, path in beside.items() if path is not None},
    }
    return {
        "config": config.hash(),
        "files": files,
        "code": source_version("barwise"),
    }


def place_certificate(config: RunConfig, audit: LeakAudit) -> Placed:
    """Write the answers of an audit into a report folder of their own.

    ``leaks.json`` is the same for the same data, config and code; when and where it was
    made stands in ``provenance.json``. ``leaks.html`` shows it.
    """
    origin = origin_of(config)
    facts = {**origin, "source": config.data_path.name, **audit.to_dict()}
    facts["sha256"] = hash_json(facts)
    made = clock.stamp()
    page = render_leaks(
        _certificate(facts), _when(made), origin, simulated=audit.simulated
    )

    def fill(folder: Path) -> None:
        (folder / NAME).write_text(_text(facts), "utf-8")
        (folder / PAGE).write_text(page, "utf-8")
        told = machine_facts() | {"made": made}
        (folder / _PROVENANCE).write_text(_text(told), "utf-8")

    folder = reports_folder(config) / made
    durable.place_folder(folder, fill)
    return Placed(folder / NAME, folder / PAGE)


def leak_evidence(config: RunConfig) -> LeakEvidence:
    """Return the newest audit of exactly this configuration, its data and this code.

    One of another configuration, of files that have changed since, by other code, or
    that was edited, counts for nothing.
    """
    file = config.file
    command = f"barwise audit leaks {'CONFIG' if file is None else file.name}"
    wanted = origin_of(config)
    for path in sorted(reports_folder(config).glob(f"*/{NAME}"), reverse=True):
        facts = _sound(path)
        if facts is not None and {key: facts.get(key) for key in wanted} == wanted:
            return LeakEvidence(_certificate(facts), _when(path.parent.name), command)
    return LeakEvidence(None, "", command)


def _sound(path: Path) -> dict[str, Any] | None:
    """Return what a certificate says, if it says what was written."""
    try:
        facts = json.loads(path.read_text("utf-8"))
        seal = facts.pop("sha256")
        return facts if seal == hash_json(facts) else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _certificate(facts: dict[str, Any]) -> LeakCertificate:
    return LeakCertificate(
        facts["name"],
        facts["headline"],
        facts["leaks"],
        facts["whole"],
        [_check(one) for one in facts["checks"]],
    )


def _check(one: dict[str, Any]) -> LeakCheck:
    notes = [
        f"{found['where']}: {found['evidence']}; {found['way_out']}"
        for found in one["found"]
    ]
    if one["why"]:
        notes.append(one["why"])
    return LeakCheck(one["check"], one["asks"], one["verdict"], one["canary"], notes)


def _when(stamp: str) -> str:
    """Write the name of a report's folder as a time."""
    made = datetime.strptime(stamp, _STAMP).replace(tzinfo=UTC)
    return made.strftime("%Y-%m-%d %H:%M:%S UTC")


def _text(facts: object) -> str:
    return json.dumps(facts, indent=2, ensure_ascii=False) + "\n"
