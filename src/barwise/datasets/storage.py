"""A data set on disk: plain ``.npy`` files and one manifest of checksums, no pickle."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from barwise.core.durable import place_folder
from barwise.core.errors import ConfigError, IntegrityError
from barwise.core.hashing import hash_file, hash_json
from barwise.datasets.assembly import DatasetSettings
from barwise.datasets.chronological import PARTS, Split
from barwise.datasets.container import TimeSeriesDataContainer
from barwise.datasets.frame import Frame
from barwise.datasets.preparation import Preparation
from barwise.datasets.sealed import TestSeal
from barwise.datasets.targets import Targets

MANIFEST = "manifest.json"
FORMAT = "barwise-dataset-1"

_FRAME = ("matrix", "times", "segments", "uniqueness")
_TARGETS = tuple(Targets.__dataclass_fields__)
_FILES = tuple(
    f"{name}.npy" for name in (*_FRAME, *_TARGETS, *(f"rows_{p}" for p in PARTS))
)


def save_container(data: TimeSeriesDataContainer, folder: Path) -> None:
    """Write a data set to a new folder, whole or not at all.

    The same data set gives the same bytes, and saving it again is allowed. Whether
    the test part was opened is not stored: what is loaded is sealed.

    Parameters
    ----------
    data : TimeSeriesDataContainer
        Data set to write.
    folder : Path
        Folder that is not there yet, or holds the same data set.

    Raises
    ------
    ConfigError
        If the folder holds something else.
    BarwiseError
        If the disk is full or not writable.
    """
    written = ""

    def fill(aside: Path) -> None:
        nonlocal written
        hashes = {}
        for name, array in _arrays(data).items():
            path = aside / f"{name}.npy"
            np.save(path, array, allow_pickle=False)
            hashes[path.name] = hash_file(path)
        written = _render(_content(data, hashes))
        (aside / MANIFEST).write_text(written)

    place_folder(folder, fill)
    manifest = folder / MANIFEST
    if not manifest.is_file() or manifest.read_text() != written:
        raise ConfigError(
            f"{folder} holds something else already, and it was left as it is; choose "
            "another folder for this data set"
        )


def load_container(
    folder: Path, *, seal: TestSeal | None = None
) -> TimeSeriesDataContainer:
    """Read a data set; its matrix stays on disk and is mapped into memory.

    Parameters
    ----------
    folder : Path
        What :func:`save_container` wrote.
    seal : TestSeal, optional
        Where openings of the test part are recorded.

    Raises
    ------
    ConfigError
        If there is no data set.
    IntegrityError
        If a file is missing or a byte of it differs; the file is named.
    """
    content = _read_manifest(folder)
    for name in _FILES:
        wanted = content["files"].get(name)
        path = folder / name
        if not path.is_file() or hash_file(path) != wanted:
            raise IntegrityError(
                f"{path} is not the file that was stored (its SHA-256 is not the one in "
                f"{MANIFEST}); build the data set again or restore it from a copy"
            )
    arrays = {
        name.removesuffix(".npy"): np.load(
            folder / name,
            mmap_mode="r" if name == "matrix.npy" else None,
            allow_pickle=False,
        )
        for name in _FILES
    }
    settings = DatasetSettings.model_validate(content["settings"])
    names = tuple(content["names"])
    frame = Frame(
        arrays["matrix"].view(np.ndarray),
        names,
        arrays["times"],
        arrays["segments"],
        Targets(**{name: arrays[name] for name in _TARGETS}),
        arrays["uniqueness"],
        settings.roles(names),
        tuple(content["learned"]),
    )
    split = Split(
        train=arrays["rows_train"],
        val=arrays["rows_val"],
        test=arrays["rows_test"],
        boundaries=(content["boundaries"][0], content["boundaries"][1]),
        removed=content["removed"],
    )
    return TimeSeriesDataContainer(
        frame,
        split,
        Preparation.from_dict(content["preparation"]),
        settings,
        horizon=content["horizon"],
        symbol=content["symbol"],
        dropped=content["dropped"],
        seal=seal,
    )


def _arrays(data: TimeSeriesDataContainer) -> dict[str, np.ndarray]:
    return {
        **{name: getattr(data.frame, name) for name in _FRAME},
        **{name: getattr(data.frame.targets, name) for name in _TARGETS},
        **{f"rows_{part}": data.split.part(part) for part in PARTS},
    }


def _content(data: TimeSeriesDataContainer, hashes: dict[str, str]) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "symbol": data.symbol,
        "horizon": data.horizon,
        "names": list(data.frame.names),
        "learned": list(data.frame.learned),
        "settings": data.settings.model_dump(mode="json"),
        "preparation": data.preparation.to_dict(),
        "boundaries": list(data.split.boundaries),
        "removed": data.split.removed,
        "dropped": data.dropped,
        "files": hashes,
    }


def _render(content: dict[str, Any]) -> str:
    """Write a manifest as text that proves itself: its own hash is its first key."""
    proved = {"_sha256": hash_json(content), **content}
    return json.dumps(proved, indent=1, sort_keys=True, allow_nan=False) + "\n"


def _read_manifest(folder: Path) -> dict[str, Any]:
    path = folder / MANIFEST
    if not path.is_file():
        raise ConfigError(
            f"no data set in {folder}: it has no {MANIFEST}; write one with "
            "save_container(data, folder)"
        )
    text = path.read_bytes()
    try:
        content = dict(json.loads(text))
        content.pop("_sha256", None)
        intact = _render(content).encode() == text
    except (ValueError, TypeError):
        intact = False
    if not intact:
        raise IntegrityError(
            f"{path} is not the manifest that was stored (its own hash does not "
            "match); build the data set again or restore it from a copy"
        )
    if content.get("format") != FORMAT:
        raise ConfigError(
            f"{path} has format {content.get('format')!r}, this version reads {FORMAT}"
        )
    return content
