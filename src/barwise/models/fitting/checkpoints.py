"""Checkpoints of a training run: the best few, and the last to go on from.

Knows no torch: a checkpoint is facts (JSON) and files (bytes) in a folder that is
whole or absent, each file listed by its hash.
"""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

from barwise.core.durable import TEMPORARY
from barwise.core.errors import ConfigError
from barwise.models.artefacts import read_files, read_manifest, write_model

_PREFIX = "epoch-"


@final
@dataclass(frozen=True)
class Checkpoint:
    """One stored epoch.

    Parameters
    ----------
    path : Path
        Its folder.
    epoch : int
        Counted from 1.
    score : float
        The loss that decides which are the best: lower is better.
    """

    path: Path
    epoch: int
    score: float

    def read(self) -> tuple[dict[str, Any], dict[str, bytes]]:
        """Return facts and files, checked against their hashes."""
        facts = read_manifest(self.path)
        return facts, read_files(self.path, facts)


@final
class CheckpointManager:
    """Keeps the best ``keep_top_k`` checkpoints of one run and the last one.

    Parameters
    ----------
    output_dir : Path or str
        Folder of this run's checkpoints and of nothing else.
    keep_top_k : int
        How many of the best to keep, at least 1.
    context : mapping, optional
        Plain data stored with each checkpoint: scaler parameters, hyperparameters.

    Examples
    --------
    >>> import tempfile
    >>> manager = CheckpointManager(tempfile.mkdtemp(), keep_top_k=1)
    >>> for epoch, loss in enumerate((0.9, 0.5, 0.7), start=1):
    ...     _ = manager.save(epoch, loss, {}, {"weights": b"..."})
    >>> [kept.epoch for kept in manager.stored()], manager.best().epoch
    ([2, 3], 2)
    """

    def __init__(
        self,
        output_dir: Path | str,
        keep_top_k: int = 3,
        context: Mapping[str, Any] | None = None,
    ) -> None:
        if keep_top_k < 1:
            raise ConfigError(f"keep_top_k must be at least 1, got {keep_top_k}")
        self.output_dir = Path(output_dir)
        self.keep_top_k = keep_top_k
        self._context = dict(context or {})

    def save(
        self,
        epoch: int,
        score: float,
        facts: Mapping[str, Any],
        files: Mapping[str, bytes],
    ) -> Checkpoint:
        """Store an epoch, then remove what is neither among the best nor the last."""
        path = self.output_dir / f"{_PREFIX}{epoch:04d}"
        told = {**facts, "epoch": epoch, "score": score, "context": self._context}
        write_model(path, told, files)
        kept = self.stored()
        wanted = {kept[-1].path, *(good.path for good in self.top())}
        for old in kept:
            if old.path not in wanted:
                _remove(old.path)
        return Checkpoint(path, epoch, score)

    def stored(self) -> list[Checkpoint]:
        """Return what is stored, oldest epoch first."""
        found = []
        for path in self.output_dir.glob(f"{_PREFIX}*"):
            facts = read_manifest(path)
            found.append(Checkpoint(path, facts["epoch"], facts["score"]))
        return sorted(found, key=lambda one: one.epoch)

    def top(self) -> list[Checkpoint]:
        """Return the best checkpoints, best first; of equals the earlier."""
        ranked = sorted(self.stored(), key=lambda one: (one.score, one.epoch))
        return ranked[: self.keep_top_k]

    def best(self) -> Checkpoint | None:
        """Return the checkpoint with the lowest score."""
        return next(iter(self.top()), None)

    def last(self) -> Checkpoint | None:
        """Return the newest checkpoint."""
        return next(reversed(self.stored()), None)


def _remove(path: Path) -> None:
    """Take a folder out of sight first: a half-removed one must not be read."""
    aside = path.parent / f"{TEMPORARY}{secrets.token_hex(6)}-{path.name}"
    path.rename(aside)
    shutil.rmtree(aside)
