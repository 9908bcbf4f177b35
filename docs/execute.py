"""Execute the notebook in place: ``python docs/execute.py``.

Equal code gives an equal file: cells are numbered, and what differs between two runs
of the same code (times, versions of the interpreter) is not stored.
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

NOTEBOOK = Path(__file__).with_name("journey.ipynb")
TIMEOUT = 300

VOLATILE = (
    (re.compile(r"(?<!\d)\d{8}_\d{6}(?!\d)"), "YYYYMMDD_HHMMSS"),
    (re.compile(r", [\d.]+ s(?=</p>|\)$)"), ""),
)
"""Names of run folders, and how long a fit took."""


def main() -> None:
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    # What the notebook writes goes away with the folder.
    with tempfile.TemporaryDirectory() as folder:
        NotebookClient(
            notebook,
            timeout=TIMEOUT,
            kernel_name="python3",
            record_timing=False,
            resources={"metadata": {"path": folder}},
        ).execute()
    nbformat.write(settled(notebook), NOTEBOOK)
    print(f"executed {NOTEBOOK.name}: {len(notebook.cells)} cells")


def settled(notebook: NotebookNode) -> NotebookNode:
    """Return the notebook without what differs from run to run."""
    notebook.metadata = {
        "kernelspec": {
            "display_name": "Python 3",
            "language": "python",
            "name": "python3",
        },
        "language_info": {"name": "python"},
    }
    for place, cell in enumerate(notebook.cells):
        cell.id = f"cell-{place:02d}"
        cell.metadata = {}
        for output in cell.get("outputs", []):
            _still(output)
    return notebook


def _still(output: NotebookNode) -> None:
    if "text" in output:
        output.text = _without_times(output.text)
    texts = {k: v for k, v in output.get("data", {}).items() if k.startswith("text/")}
    for kind, text in texts.items():
        output.data[kind] = _without_times(text)


def _without_times(text: str) -> str:
    for pattern, instead in VOLATILE:
        text = pattern.sub(instead, text)
    return text


if __name__ == "__main__":
    main()
