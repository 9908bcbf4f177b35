"""What was checked, and on which data, as a file beside the reports."""

from __future__ import annotations

import json
from pathlib import Path

from barwise.core import clock, durable
from barwise.core.hashing import hash_file
from barwise.pipeline.audits.leaks.verdict import LeakAudit
from barwise.pipeline.config import RunConfig
from barwise.pipeline.workplace import reports_folder
from barwise.training.run_folder import machine_facts

NAME = "leaks.json"


def place_certificate(config: RunConfig, audit: LeakAudit) -> Path:
    """Write the answers of an audit into a report folder of their own.

    ``leaks.json`` is the same for the same data, config and code; when and where it was
    made stands in ``provenance.json``.

    Returns
    -------
    Path
        Of ``leaks.json``.
    """
    path = config.data_path
    facts = {
        "config": config.hash(),
        "source": path.name,
        "source_sha256": hash_file(path) if path.is_file() else None,
        **audit.to_dict(),
    }

    def fill(folder: Path) -> None:
        (folder / NAME).write_text(_text(facts), "utf-8")
        told = machine_facts() | {"made": clock.stamp()}
        (folder / "provenance.json").write_text(_text(told), "utf-8")

    made = reports_folder(config) / clock.stamp()
    durable.place_folder(made, fill)
    return made / NAME


def _text(facts: object) -> str:
    return json.dumps(facts, indent=2, ensure_ascii=False) + "\n"
