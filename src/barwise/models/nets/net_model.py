"""From a torch module to a model: windows in, the training loop, safetensors out."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from torch import nn

from barwise.models.base import BaseModel, Progress
from barwise.models.examples import Examples
from barwise.models.fitting.checkpoints import CheckpointManager
from barwise.models.fitting.devices import pick_device, steady
from barwise.models.fitting.loop import EpochReport, Loop
from barwise.models.fitting.losses import (
    BinaryCrossEntropy,
    CrossEntropy,
    Focal,
    Loss,
)
from barwise.models.fitting.settings import NetSettings
from barwise.models.fitting.tail import stopping_parts
from barwise.models.fitting.tensors import MODEL_FILE, forward, pack, unpack
from barwise.models.inputs import Inputs


class NetModel(BaseModel):
    """A neural network over windows; a subclass builds the module, nothing else.

    The same seed, threads and machine give the same bytes. A row's probabilities
    depend in their last bits on the shape of the batch, so scoring uses one shape
    (``predict_batch_size``) throughout.

    Parameters
    ----------
    config : mapping, optional
        Settings laid over the figures of the model's YAML file.
    progress : callable, optional
        Called with an ``EpochReport`` after each epoch.
    checkpoints : CheckpointManager, optional
        Where epochs are stored, and from where an interrupted fit goes on.
    """

    requires_scaling = True
    requires_sequences = True
    batch_invariant = False
    settings: NetSettings

    def __init__(
        self,
        config: Mapping[str, Any] | None = None,
        *,
        progress: Callable[[EpochReport], None] | None = None,
        checkpoints: CheckpointManager | None = None,
    ) -> None:
        super().__init__(config)
        self._progress = progress
        self._checkpoints = checkpoints
        self._module: nn.Module | None = None

    @property
    def window_length(self) -> int:
        """Rows in a window."""
        return self.settings.sequence_length

    @property
    def module(self) -> nn.Module:
        """The fitted torch module: (b, L, F) float32 to logits (b, K)."""
        self._fitted_shape()
        assert self._module is not None
        return self._module

    @abstractmethod
    def _build(self, n_features: int, n_outputs: int) -> nn.Module:
        """Return a new module with random weights, (b, L, F) to (b, n_outputs)."""

    def _fit(self, train: Examples, val: Examples | None) -> Progress:
        settings, loss = self.settings, self._loss()
        fit, stop = stopping_parts(train, val, settings)
        fit.present()  # refuses rows of a single class
        device = pick_device(settings.device)
        with steady(device, settings.threads, settings.random_seed):
            module = self._build(
                train.inputs.n_features, loss.outputs(train.n_classes)
            ).to(device)
            loop = Loop(
                module,
                loss,
                fit,
                stop,
                settings,
                device,
                self._progress,
                self._checkpoints,
            )
            loop.run()
        self._module = module
        return Progress(
            epochs_trained=loop.epoch,
            best_epoch=loop.stopping.best_epoch,
            early_stopped=loop.epoch < settings.max_epochs,
            history=loop.history,
        )

    def _score(self, inputs: Inputs) -> np.ndarray:
        settings = self.settings
        assert self._module is not None
        device = next(self._module.parameters()).device
        with steady(device, settings.threads, settings.random_seed):
            size = settings.predict_batch_size
            logits = forward(self._module, inputs, size, device)
            return self._loss().probabilities(logits).numpy()

    def _loss(self) -> Loss:
        settings = self.settings
        if settings.loss == "focal":
            return Focal(settings.focal_gamma, settings.focal_alpha)
        return BinaryCrossEntropy() if settings.loss == "bce" else CrossEntropy()

    def _dump(self) -> tuple[dict[str, Any], dict[str, bytes]]:
        assert self._module is not None
        return (
            {"torch": str(torch.__version__)},
            {MODEL_FILE: pack(self._module.state_dict())},
        )

    def _restore(self, state: Mapping[str, Any], files: Mapping[str, bytes]) -> None:
        del state
        n_features, _ = self._fitted_shape()
        device = pick_device(self.settings.device)
        with steady(device, self.settings.threads, self.settings.random_seed):
            module = self._build(n_features, self._loss().outputs(len(self.classes)))
        module.load_state_dict(unpack(files[MODEL_FILE]))
        self._module = module.to(device).eval()
