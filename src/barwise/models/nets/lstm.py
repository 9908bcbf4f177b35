"""LSTM over a window, with a head on its last step."""

from __future__ import annotations

from typing import Annotated, final

from pydantic import Field
from torch import Tensor, nn

from barwise.models.fitting.settings import NetSettings
from barwise.models.nets.net_model import NetModel
from barwise.models.registry import ModelRegistry


@final
class LSTM(nn.Module):
    """Stacked LSTM (Hochreiter and Schmidhuber, 1997) and a linear head.

    **Shape**

    - Input: (b, L, F), oldest step first
    - Output: (b, K) logits, read from the hidden state of the last step

    Parameters
    ----------
    n_features : int
        F.
    n_outputs : int
        K.
    hidden_size : int
        Units of a layer.
    layers : int
        Layers, one above the other.
    dropout : float
        Share of units dropped between layers and before the head.

    Examples
    --------
    >>> import torch
    >>> net = LSTM(60, 3, hidden_size=128, layers=2, dropout=0.25)
    >>> net(torch.zeros(5, 60, 60)).shape
    torch.Size([5, 3])
    """

    def __init__(
        self,
        n_features: int,
        n_outputs: int,
        *,
        hidden_size: int,
        layers: int,
        dropout: float,
    ) -> None:
        super().__init__()
        self.lstm = nn.LSTM(
            n_features,
            hidden_size,
            layers,
            batch_first=True,
            dropout=dropout if layers > 1 else 0.0,
        )
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(hidden_size, n_outputs)

    def forward(self, windows: Tensor) -> Tensor:
        """Return logits (b, K) of windows (b, L, F)."""
        steps, _ = self.lstm(windows)
        return self.head(self.dropout(steps[:, -1]))


class LSTMSettings(NetSettings):
    """Settings of ``lstm``: those of training, and the size of the net."""

    hidden_size: Annotated[int, Field(ge=1)]
    layers: Annotated[int, Field(ge=1)]
    dropout: Annotated[float, Field(ge=0, lt=1)]


@ModelRegistry.register(
    name="lstm",
    family="recurrent",
    description="Two-layer LSTM with a head on the last step",
)
@final
class LSTMModel(NetModel):
    """Classifies a window by the last hidden state of a stacked LSTM."""

    settings_type = LSTMSettings
    settings: LSTMSettings

    def _build(self, n_features: int, n_outputs: int) -> nn.Module:
        return LSTM(
            n_features,
            n_outputs,
            hidden_size=self.settings.hidden_size,
            layers=self.settings.layers,
            dropout=self.settings.dropout,
        )
