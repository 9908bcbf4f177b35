"""Steps of a run that are computed once and found again after a crash.

A step's key is the SHA-256 of its code, its settings and the addresses of its inputs.
When the key is known, the stored result is the result; a killed run goes on behind the
last finished step, and the bytes are those of a run that was never killed.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, final

from barwise.core import clock, durable
from barwise.core.errors import IntegrityError
from barwise.core.hashing import canonical_json, hash_json
from barwise.pipeline.store import Content, ObjectStore

_CODE = (".py", ".yaml")
"""Defaults stand in YAML files: a figure there decides as much as a line of code."""


@final
@dataclass(frozen=True)
class Step:
    """One computation, described by all that its result depends on.

    Parameters
    ----------
    name : str
        E.g. ``"bars"``.
    version : str
        Changes whenever the code does; :func:`source_version` makes one.
    settings : mapping of JSON values
        Seeds and thread counts included, where they can change a byte.
    inputs : mapping of str to str
        Address of each stored object that is read.
    """

    name: str
    version: str
    settings: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    inputs: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def key(self) -> str:
        """SHA-256 over all fields."""
        return hash_json(
            {
                "name": self.name,
                "version": self.version,
                "settings": dict(self.settings),
                "inputs": dict(self.inputs),
            }
        )


@final
@dataclass(frozen=True)
class Result:
    """What a step produced.

    Parameters
    ----------
    address : str
        Address of the stored object: an input of later steps.
    content : Content
        The object itself, read back from the store.
    reused : bool
        Whether it was there already.
    """

    address: str
    content: Content
    reused: bool


@final
class Steps:
    """Runs steps on a store.

    Parameters
    ----------
    store : ObjectStore
        Holds the results; the records of finished steps lie beside its objects.

    Examples
    --------
    >>> import tempfile, numpy as np
    >>> steps = Steps(ObjectStore(Path(tempfile.mkdtemp())))
    >>> step = Step("count", "1", {"n": 3})
    >>> first = steps.run(step, lambda: Content({"x": np.arange(3)}))
    >>> again = steps.run(step, lambda: Content({"x": np.arange(3)}))
    >>> first.reused, again.reused, first.address == again.address
    (False, True, True)
    """

    def __init__(self, store: ObjectStore) -> None:
        self.store = store

    def run(
        self,
        step: Step,
        compute: Callable[[], Content],
        *,
        volatile: dict[str, Any] | None = None,
    ) -> Result:
        """Return the stored result of a step, computing it when there is none.

        Parameters
        ----------
        step : Step
        compute : callable
            Called when the result is not there.
        volatile : dict, optional
            What ``compute`` puts in, such as a duration, is kept beside the result and
            is put in again when the result is found.

        Raises
        ------
        IntegrityError
            If the stored result or its record was changed.
        BarwiseError
            If the result cannot be written.
        """
        volatile = {} if volatile is None else volatile
        address = self.find(step)
        if address is not None:
            volatile |= self._volatile(step)
            return Result(address, self.store.get(address), reused=True)
        began, start = clock.now().isoformat(), clock.seconds()
        address = self.store.put(compute())
        took = clock.seconds() - start
        # Volatile facts never enter an object or a key.
        durable.write_text(
            self._path(step, "provenance"),
            canonical_json(
                {
                    "began": began,
                    "seconds": took,
                    "step": step.name,
                    "volatile": volatile,
                }
            ),
        )
        durable.write_text(
            self._path(step, "steps"),
            canonical_json({"key": step.key, "name": step.name, "object": address}),
        )
        return Result(address, self.store.get(address), reused=False)

    def find(self, step: Step) -> str | None:
        """Return the address of a finished step's result, None if it has to be run."""
        path = self._path(step, "steps")
        try:
            record = json.loads(path.read_bytes())
            if record["key"] != step.key:
                raise ValueError
            address = str(record["object"])
            return address if address in self.store else None
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError) as problem:
            raise IntegrityError(
                f"the record of step {step.name!r} is damaged: remove {path} and run "
                "again, the step will be computed anew"
            ) from problem

    def _volatile(self, step: Step) -> dict[str, Any]:
        try:
            told = json.loads(self._path(step, "provenance").read_bytes())
            return dict(told["volatile"])
        except (OSError, ValueError, KeyError, TypeError):
            return {}  # a result is whole without them

    def _path(self, step: Step, kind: str) -> Path:
        return self.store.folder / kind / step.key[:2] / f"{step.key}.json"


@cache
def source_version(*modules: str) -> str:
    """Return the SHA-256 over the source files of modules and packages.

    A package counts with everything below it, so that a changed line anywhere in the
    code that a step names makes the step run again.

    Examples
    --------
    >>> len(source_version("barwise.core"))
    64
    """
    digest = hashlib.sha256()
    for name in modules:
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            raise ValueError(f"module {name!r} has no source file")
        origin = Path(spec.origin)
        root = origin.parent
        files = [origin]
        if origin.name == "__init__.py":
            files = sorted(p for p in root.rglob("*") if p.suffix in _CODE)
        for path in files:
            label = f"{name}/{path.relative_to(root).as_posix()}"
            digest.update(canonical_json([label, path.stat().st_size]).encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()
