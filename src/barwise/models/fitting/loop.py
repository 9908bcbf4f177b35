"""The training loop of all nets.

AdamW, a schedule, gradient clipping, early stopping, and a checkpoint after each epoch
from which the run goes on bit for bit.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable
from typing import Any, final

import numpy as np
import torch
from torch import Tensor, nn

from barwise.core.errors import BarwiseError, ConfigError, DataError
from barwise.core.hashing import hash_arrays, hash_json
from barwise.models.examples import Examples
from barwise.models.fitting.checkpoints import Checkpoint, CheckpointManager
from barwise.models.fitting.losses import Loss, weighted_mean
from barwise.models.fitting.schedules import make_schedule
from barwise.models.fitting.settings import NetSettings
from barwise.models.fitting.stopping import EarlyStopping
from barwise.models.fitting.tensors import (
    MODEL_FILE,
    copy_weights,
    forward,
    pack,
    to_device,
    unpack,
)

_RUN_FILE = "training.safetensors"
_PROBES = 256  # windows whose values tell one data set from another


@final
@dataclasses.dataclass(frozen=True)
class EpochReport:
    """What a progress display needs after each epoch (counted from 1)."""

    epoch: int
    max_epochs: int
    train_loss: float
    stop_loss: float
    learning_rate: float
    best_epoch: int


@final
class Loop:
    """One training run of one module.

    Parameters
    ----------
    module : Module
        On its device; afterwards it has the weights of the best epoch.
    loss : Loss
        What is minimised.
    fit, stop : Examples
        Rows to learn from, and rows whose loss decides about stopping.
    settings : NetSettings
        See there.
    device : torch.device
        Where the module is.
    progress : callable, optional
        Called with an ``EpochReport`` after each epoch.
    checkpoints : CheckpointManager, optional
        Where epochs are stored; a run that finds its own checkpoints goes on from the
        last one.
    """

    def __init__(
        self,
        module: nn.Module,
        loss: Loss,
        fit: Examples,
        stop: Examples,
        settings: NetSettings,
        device: torch.device,
        progress: Callable[[EpochReport], None] | None,
        checkpoints: CheckpointManager | None,
    ) -> None:
        self._module, self._loss, self._device = module, loss, device
        self._fit, self._stop = _weighing(fit), _weighing(stop)
        self._settings = settings
        self._progress, self._checkpoints = progress, checkpoints
        self._steps = math.ceil(len(self._fit) / settings.batch_size)
        self._optimizer = torch.optim.AdamW(
            module.parameters(),
            lr=settings.learning_rate,
            weight_decay=settings.weight_decay,
        )
        self._schedule = make_schedule(self._optimizer, settings, self._steps)
        self._shuffle = torch.Generator().manual_seed(settings.random_seed)
        self.stopping = EarlyStopping(
            settings.early_stopping_patience, settings.early_stopping_min_delta
        )
        self.epoch = 0
        self.history: dict[str, list[float]] = {}
        self._best = copy_weights(module)

    def run(self) -> None:
        """Train until the last epoch or until patience is used up."""
        fingerprint = self._resume() if self._checkpoints is not None else ""
        while self.epoch < self._settings.max_epochs and not self.stopping.exhausted:
            self.epoch += 1
            train_loss = self._train()
            stop_loss = self._watch()
            rate = self._optimizer.param_groups[0]["lr"]
            self._schedule.after_epoch(stop_loss)
            if self.stopping.see(self.epoch, stop_loss):
                self._best = copy_weights(self._module)
            told = {
                "train_loss": train_loss,
                "stop_loss": stop_loss,
                "learning_rate": rate,
            }
            for key, value in told.items():
                self.history.setdefault(key, []).append(value)
            if self._checkpoints is not None:
                self._store(self._checkpoints, fingerprint, stop_loss)
            if self._progress is not None:
                best = self.stopping.best_epoch
                self._progress(
                    EpochReport(
                        self.epoch, self._settings.max_epochs, best_epoch=best, **told
                    )
                )
        self._module.load_state_dict(self._best)

    def _train(self) -> float:
        """One pass over the rows to learn from; returns the weighted mean loss."""
        self._module.train()
        order = torch.randperm(len(self._fit), generator=self._shuffle).numpy()
        total = weight = 0.0
        for number in range(self._steps):
            size = self._settings.batch_size
            batch = self._fit.take(order[number * size : (number + 1) * size])
            self._schedule.before_step((self.epoch - 1) * self._steps + number)
            value = self._step(batch)
            if not math.isfinite(value):
                raise self._diverged(f"batch {number + 1} of {self._steps}", value)
            total += value * batch.weights.sum()
            weight += batch.weights.sum()
        return float(total / weight)

    def _step(self, batch: Examples) -> float:
        half = self._settings.mixed_precision and self._device.type == "cuda"
        with torch.autocast(self._device.type, dtype=torch.bfloat16, enabled=half):
            logits = self._module(to_device(batch.inputs.gather(), self._device))
        loss = self._mean_loss(logits.float(), batch)
        self._optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        nn.utils.clip_grad_norm_(
            self._module.parameters(), self._settings.gradient_clip
        )
        self._optimizer.step()
        return loss.item()

    def _watch(self) -> float:
        """Weighted mean loss of the rows that decide about stopping."""
        size = self._settings.predict_batch_size
        logits = forward(self._module, self._stop.inputs, size, self._device)
        loss = self._mean_loss(logits.to(self._device), self._stop).item()
        if not math.isfinite(loss):
            raise self._diverged("the rows that decide about stopping", loss)
        return loss

    def _mean_loss(self, logits: Tensor, examples: Examples) -> Tensor:
        losses = self._loss.each(logits, to_device(examples.columns, self._device))
        weights = examples.weights.astype(np.float32)
        return weighted_mean(losses, to_device(weights, self._device))

    def _diverged(self, where: str, value: float) -> BarwiseError:
        rate = self._optimizer.param_groups[0]["lr"]
        return BarwiseError(
            f"training diverged: the loss is {value} in epoch {self.epoch}, {where}, at "
            f"learning rate {rate:.3g}; lower learning_rate or gradient_clip, and look "
            "for features that are not scaled"
        )

    def _store(self, manager: CheckpointManager, fingerprint: str, loss: float) -> None:
        facts = {
            "fit": fingerprint,
            "settings": self._settings.model_dump(mode="json"),
            "feature_names": self._fit.inputs.names,
            "stopping": dataclasses.asdict(self.stopping),
            "schedule": self._schedule.state(),
            "history": self.history,
        }
        state = self._optimizer.state_dict()["state"]
        tensors = {
            f"optimizer.{number}.{key}": value
            for number, slots in state.items()
            for key, value in slots.items()
        }
        tensors["rng.shuffle"] = self._shuffle.get_state()
        tensors["rng.cpu"] = torch.get_rng_state()
        if self._device.type == "cuda":
            tensors["rng.cuda"] = torch.cuda.get_rng_state()
        files = {MODEL_FILE: pack(copy_weights(self._module)), _RUN_FILE: pack(tensors)}
        manager.save(self.epoch, loss, json.loads(json.dumps(facts)), files)

    def _resume(self) -> str:
        """Go on from the last checkpoint, if there is one; return the fit's identity."""
        assert self._checkpoints is not None
        fingerprint = self._fingerprint()
        last, best = self._checkpoints.last(), self._checkpoints.best()
        if last is not None and best is not None:
            self._restore(last, fingerprint)
            self._best = unpack(best.read()[1][MODEL_FILE])
        return fingerprint

    def _restore(self, checkpoint: Checkpoint, fingerprint: str) -> None:
        facts, files = checkpoint.read()
        if facts["fit"] != fingerprint:
            raise ConfigError(
                f"{checkpoint.path} belongs to a run with other settings or other data; "
                "choose another folder for the checkpoints, or remove these"
            )
        self._module.load_state_dict(unpack(files[MODEL_FILE]))
        tensors = unpack(files[_RUN_FILE])
        slots: dict[int, dict[str, Any]] = {}
        for name, value in tensors.items():
            if name.startswith("optimizer."):
                _, number, key = name.split(".", 2)
                slots.setdefault(int(number), {})[key] = value
        groups = self._optimizer.state_dict()["param_groups"]
        self._optimizer.load_state_dict({"state": slots, "param_groups": groups})
        self._schedule.restore(facts["schedule"])
        self.stopping = EarlyStopping(**facts["stopping"])
        self.history, self.epoch = facts["history"], facts["epoch"]
        self._shuffle.set_state(tensors["rng.shuffle"])
        torch.set_rng_state(tensors["rng.cpu"])
        if self._device.type == "cuda":
            torch.cuda.set_rng_state(tensors["rng.cuda"])

    def _fingerprint(self) -> str:
        parts = {}
        for name, part in (("fit", self._fit), ("stop", self._stop)):
            probes = np.unique(np.linspace(0, len(part) - 1, _PROBES).astype(int))
            parts[name] = hash_arrays(
                {
                    "columns": part.columns,
                    "weights": part.weights,
                    "inputs": part.inputs[probes],
                }
            )
        return hash_json([self._settings.model_dump(mode="json"), parts])


def _weighing(examples: Examples) -> Examples:
    kept = np.flatnonzero(examples.weights > 0)
    if not len(kept):
        raise DataError("all weights of a part of the training rows are 0")
    return examples.take(kept)
