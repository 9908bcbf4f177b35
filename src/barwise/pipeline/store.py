"""A content-addressed store: what is in an object is its name, checked on every read.

An object is a folder ``objects/ab/<sha256>`` of arrays (``.npy``), one JSON value and
files. Its manifest lists the SHA-256 of each, and the manifest's SHA-256 is the name.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, final

import numpy as np

from barwise.core import durable
from barwise.core.errors import IntegrityError
from barwise.core.hashing import canonical_json, hash_file

_MANIFEST = "manifest.json"
_VALUE = "value.json"
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]{0,127}")
_ADDRESS = re.compile(r"[0-9a-f]{64}")
_NOTHING: Mapping[str, Any] = MappingProxyType({})


@final
@dataclass(frozen=True, eq=False)
class Content:
    """What goes into an object and comes out of it.

    Parameters
    ----------
    arrays : mapping of str to ndarray
        Any dtype but object. What comes out is read-only and mapped from disk, so an
        array larger than memory costs nothing until its rows are used.
    value : JSON value
        Settings, names, scores; NaN and infinity are not JSON.
    files : mapping of str to Path
        Copied in; what comes out are paths inside the store, not to be written to.
    """

    arrays: Mapping[str, np.ndarray] = field(default_factory=lambda: _NOTHING)
    value: Any = None
    files: Mapping[str, Path] = field(default_factory=lambda: _NOTHING)


@final
class ObjectStore:
    """Objects that are whole or absent and are what their name says.

    Parameters
    ----------
    folder : Path
        Created on the first write, usually ``.barwise/store``.

    Examples
    --------
    >>> import tempfile
    >>> store = ObjectStore(Path(tempfile.mkdtemp()))
    >>> address = store.put(Content({"close": np.array([1.0, 2.0])}, {"symbol": "MES"}))
    >>> store.put(
    ...     Content({"close": np.array([1.0, 2.0])}, {"symbol": "MES"})
    ... ) == address
    True
    >>> content = store.get(address)
    >>> content.value["symbol"], float(content.arrays["close"][1])
    ('MES', 2.0)
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, address: str) -> Path:
        """Return the folder of an object, there or not."""
        if not _ADDRESS.fullmatch(address):
            raise ValueError(f"an address is 64 hexadecimal digits, got {address!r}")
        return self.folder / "objects" / address[:2] / address

    def __contains__(self, address: str) -> bool:
        return self.path(address).is_dir()

    def put(self, content: Content) -> str:
        """Store an object and return its address, the same for the same content.

        Raises
        ------
        BarwiseError
            If the disk is full or the store cannot be written; nothing is left.
        """
        aside = self.folder / f"{durable.TEMPORARY}{secrets.token_hex(6)}"
        try:
            durable.place_folder(aside, lambda folder: _write(content, folder))
            address = hash_file(aside / _MANIFEST)
            final = self.path(address)
            if final.exists() and not self._sound(address):
                # The bytes at hand are what the name promises; the ones there are not.
                shutil.rmtree(final)
            durable.place_folder(final, lambda folder: _move(aside, folder))
        finally:
            shutil.rmtree(aside, ignore_errors=True)
        return address

    def get(self, address: str) -> Content:
        """Read an object after checking every byte of it.

        Raises
        ------
        IntegrityError
            If it is absent, or any of its files is not what was stored.
        """
        digests = self._verify(address)
        return self._open(address, digests)

    def sweep(self) -> int:
        """Remove what killed writers left; only while no other process writes here."""
        return durable.sweep(self.folder) if self.folder.is_dir() else 0

    def _sound(self, address: str) -> bool:
        try:
            self._verify(address)
        except IntegrityError:
            return False
        return True

    def _verify(self, address: str) -> Mapping[str, str]:
        folder = self.path(address)
        if not folder.is_dir():
            raise self._broken(address, "it is not in the store")
        manifest = folder / _MANIFEST
        try:
            if hash_file(manifest) != address:
                raise self._broken(address, f"{_MANIFEST} was changed")
            digests = json.loads(manifest.read_bytes())
            present = {path.name for path in folder.iterdir()} - {_MANIFEST}
            if present != set(digests):
                odd = sorted(present ^ set(digests))
                raise self._broken(address, f"files are missing or foreign: {odd}")
            for name, digest in digests.items():
                if hash_file(folder / name) != digest:
                    raise self._broken(address, f"{name} was changed")
        except OSError as problem:
            why = f"it cannot be read: {problem.strerror or problem}"
            raise self._broken(address, why) from problem
        found: Mapping[str, str] = digests
        return found

    def _open(self, address: str, digests: Mapping[str, str]) -> Content:
        folder = self.path(address)
        arrays, files, value = {}, {}, None
        for member in digests:
            kind, _, name = member.partition("-")
            if member == _VALUE:
                value = json.loads((folder / member).read_bytes())
            elif kind == "array":
                arrays[name.removesuffix(".npy")] = np.load(
                    folder / member, mmap_mode="r", allow_pickle=False
                )
            else:
                files[name] = folder / member
        return Content(MappingProxyType(arrays), value, MappingProxyType(files))

    def _broken(self, address: str, why: str) -> IntegrityError:
        return IntegrityError(
            f"stored object {address} is damaged: {why}; remove the folder "
            f"{self.path(address)} and run again, it will be computed anew"
        )


def _write(content: Content, folder: Path) -> None:
    for name, array in content.arrays.items():
        _save(folder / f"array-{_checked(name)}.npy", array)
    for name, source in content.files.items():
        shutil.copyfile(source, folder / f"file-{_checked(name)}")
    if content.value is not None:
        text = canonical_json(content.value)
        (folder / _VALUE).write_text(text, encoding="utf-8")
    digests = {path.name: hash_file(path) for path in folder.iterdir()}
    (folder / _MANIFEST).write_text(canonical_json(digests), encoding="utf-8")


def _save(path: Path, array: np.ndarray) -> None:
    """Write a ``.npy`` file; unlike numpy's own writer, a full disk keeps its errno."""
    if array.dtype.hasobject:
        raise ValueError(
            f"{path.name}: an object array cannot be stored without pickle"
        )
    fixed = np.asarray(array, order="C")
    header = np.lib.format.header_data_from_array_1_0(fixed)
    with path.open("wb") as handle:
        np.lib.format.write_array_header_1_0(handle, header)
        handle.write(fixed.reshape(-1).view(np.uint8).data)


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError(
            f"names in the store are letters, digits and _ . + -, got {name!r}"
        )
    return name


def _move(source: Path, target: Path) -> None:
    for path in source.iterdir():
        os.rename(path, target / path.name)
