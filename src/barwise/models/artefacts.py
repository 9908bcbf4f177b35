"""A fitted model on disk: a folder with a manifest, and files that it lists by hash.

Only data: JSON, NumPy arrays, tensors, a booster's text. Every file is compared with
its hash before any parser sees it.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from barwise.core.durable import place_folder
from barwise.core.errors import BarwiseError, IntegrityError

MANIFEST = "model.json"
FORMAT = 1


def write_model(
    path: Path, facts: Mapping[str, Any], files: Mapping[str, bytes]
) -> None:
    """Write a folder: whole, or not at all.

    Raises
    ------
    BarwiseError
        If ``path`` exists and holds anything else than this very model.
    """
    manifest = {
        **facts,
        "format": FORMAT,
        "files": {name: _hash(files[name]) for name in sorted(files)},
    }
    text = json.dumps(manifest, indent=1, sort_keys=True, allow_nan=False) + "\n"

    def fill(folder: Path) -> None:
        for name, content in files.items():
            (folder / name).write_bytes(content)
        (folder / MANIFEST).write_text(text, encoding="utf-8")

    place_folder(path, fill)
    kept = path / MANIFEST
    if not kept.is_file() or kept.read_text(encoding="utf-8") != text:
        raise BarwiseError(
            f"{path} already holds something else; choose another folder or remove it"
        )


def read_manifest(path: Path) -> dict[str, Any]:
    """Read a model's manifest.

    Raises
    ------
    IntegrityError
        If there is none, or it has a format of another version.
    """
    file = path / MANIFEST
    try:
        manifest = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        raise IntegrityError(f"{path} is not a saved model: {problem}") from problem
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise IntegrityError(
            f"{file} is not a model of format {FORMAT}; load it with the version of "
            "barwise that saved it"
        )
    return manifest


def read_files(path: Path, manifest: Mapping[str, Any]) -> dict[str, bytes]:
    """Read the files that a manifest lists and compare them with their hashes.

    Raises
    ------
    IntegrityError
        If a file is missing or differs.
    """
    files = {}
    for name, expected in manifest["files"].items():
        if Path(name).name != name:
            raise IntegrityError(
                f"{path / MANIFEST} lists {name!r}, outside the folder"
            )
        try:
            files[name] = (path / name).read_bytes()
        except OSError as problem:
            raise IntegrityError(
                f"{path / name} cannot be read: {problem}"
            ) from problem
        if _hash(files[name]) != expected:
            raise IntegrityError(
                f"{path / name} is not what the manifest says: SHA-256 "
                f"{_hash(files[name])}, expected {expected}"
            )
    return files


def pack_arrays(arrays: Mapping[str, np.ndarray]) -> bytes:
    """Return arrays as the bytes of an ``.npz`` file; equal arrays, equal bytes."""
    buffer = io.BytesIO()
    plain: dict[str, Any] = {name: arrays[name] for name in sorted(arrays)}
    np.savez(buffer, allow_pickle=False, **plain)
    return buffer.getvalue()


def unpack_arrays(content: bytes) -> dict[str, np.ndarray]:
    """Return the arrays of an ``.npz`` file.

    Examples
    --------
    >>> unpack_arrays(pack_arrays({"a": np.arange(3)}))
    {'a': array([0, 1, 2])}
    """
    with np.load(io.BytesIO(content), allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
