"""A study of importance becomes files: JSON, a table, a page."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from barwise.core.durable import write_text
from barwise.core.hashing import canonical_json, hash_json
from barwise.pipeline.importance_file import STUDY_KIND
from barwise.pipeline.importance_origin import Origin
from barwise.report.importance_page import render_importance
from barwise.training.importance import ImportanceStudy


def write_study(study: ImportanceStudy, origin: Origin, folder: Path) -> Path:
    """Write a study as JSON, as CSV and as a page, and return the JSON's path.

    The random columns stand apart from the ranking, so that no set can hold one. Equal
    studies give equal bytes.
    """
    rows = study.rows()
    content = {
        "kind": STUDY_KIND,
        "made_of": origin.model_dump(mode="json"),
        "columns": rows,
        "noise": study.noise_rows(),
        "losses": study.losses,
    }
    path = folder / "importance.json"
    content = json.loads(canonical_json(content))
    text = json.dumps(content | {"checksum": hash_json(content)}, indent=1)
    write_text(path, text + "\n")
    write_text(folder / "importance.csv", _as_csv(rows, tuple(study.measures)))
    page = render_importance(study, origin.model_dump(mode="json"))
    write_text(folder / "importance.html", page)
    return path


def _as_csv(rows: Sequence[Mapping[str, Any]], measures: Sequence[str]) -> str:
    told = ("mean", "standard_error", "rank", "clear_of_noise")
    first = ("feature", "importance", "rank", "cluster", "clear_of_noise")
    lines = [[*first, *(f"{m}_{key}" for m in measures for key in told)]]
    for row in rows:
        cells = [row[key] for key in first]
        lines.append([*cells, *(row[m][key] for m in measures for key in told)])
    return "".join(",".join(map(str, line)) + "\n" for line in lines)
