"""What every net can be told about its training."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from barwise.models.fitting.tail import StoppingSettings

_Rate = Annotated[float, Field(gt=0)]
_Count = Annotated[int, Field(ge=1)]


class NetSettings(StoppingSettings):
    """Settings of the training loop; an architecture adds its own.

    Parameters
    ----------
    sequence_length : int
        Rows in a window.
    batch_size, predict_batch_size : int
        Windows in an optimiser step, and in a forward pass of scoring.
    max_epochs : int
        Most passes over the training rows.
    learning_rate, min_learning_rate, weight_decay : float
        AdamW, and the lowest rate that a schedule reaches.
    schedule : {"cosine", "plateau", "constant"}
        How the rate changes.
    warmup_epochs : float
        Length of the climb of ``cosine``.
    plateau_factor, plateau_patience : float, int
        Factor on the rate after so many epochs without progress.
    gradient_clip : float
        Largest norm of the gradient.
    loss : {"cross_entropy", "focal", "bce"}
        What is minimised; ``bce`` for two classes.
    focal_gamma, focal_alpha : float, tuple of float or None
        Of the focal loss.
    early_stopping_patience : int
        Epochs without progress after which training ends.
    device : {"auto", "cpu", "cuda", "mps"}
        Where to run.
    mixed_precision : bool
        bfloat16 in forward passes of training, on CUDA only.
    """

    sequence_length: _Count
    batch_size: _Count
    predict_batch_size: _Count
    max_epochs: _Count
    learning_rate: _Rate
    min_learning_rate: Annotated[float, Field(ge=0)]
    weight_decay: Annotated[float, Field(ge=0)]
    schedule: Literal["cosine", "plateau", "constant"]
    warmup_epochs: Annotated[float, Field(ge=0)]
    plateau_factor: Annotated[float, Field(gt=0, lt=1)]
    plateau_patience: Annotated[int, Field(ge=0)]
    gradient_clip: _Rate
    loss: Literal["cross_entropy", "focal", "bce"]
    focal_gamma: Annotated[float, Field(ge=0)]
    focal_alpha: tuple[_Rate, ...] | None
    early_stopping_patience: _Count
    device: Literal["auto", "cpu", "cuda", "mps"]
    mixed_precision: bool

    @model_validator(mode="after")
    def _agree(self) -> NetSettings:
        width = len(self.classes)
        if self.loss == "bce" and width != 2:
            raise ValueError("loss: bce needs classes: [0, 1]; take cross_entropy")
        if self.focal_alpha is not None and len(self.focal_alpha) != width:
            raise ValueError(f"focal_alpha needs {width} values, one a class, or null")
        if self.min_learning_rate > self.learning_rate:
            raise ValueError("min_learning_rate must not be above learning_rate")
        return self
