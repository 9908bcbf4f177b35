"""Tensors in and out: forward passes of one shape, and bytes on disk."""

from __future__ import annotations

import numpy as np
import torch
from safetensors import torch as tensors_file
from torch import Tensor, nn

from barwise.models.inputs import Inputs

MODEL_FILE = "model.safetensors"


def forward(
    module: nn.Module, inputs: Inputs, size: int, device: torch.device
) -> Tensor:
    """Logits of all inputs on the CPU, (n, K), in batches of one size.

    The last batch is filled up with its last sample: kernels may sum in another order
    for another batch size.
    """
    module.eval()
    parts = []
    with torch.inference_mode():
        for start in range(0, len(inputs), size):
            rows = np.minimum(np.arange(start, start + size), len(inputs) - 1)
            logits = module(to_device(inputs[rows], device)).cpu()
            parts.append(logits[: len(inputs) - start])
    return torch.cat(parts)


def to_device(array: np.ndarray, device: torch.device) -> Tensor:
    """Return a tensor over the array, moved where needed."""
    return torch.from_numpy(np.ascontiguousarray(array)).to(device)


def pack(tensors: dict[str, Tensor]) -> bytes:
    """Return tensors as the bytes of a safetensors file."""
    plain = {key: value.detach().cpu().contiguous() for key, value in tensors.items()}
    return tensors_file.save(plain)


def unpack(content: bytes) -> dict[str, Tensor]:
    """Return the tensors of a safetensors file, on the CPU."""
    return tensors_file.load(content)


def copy_weights(module: nn.Module) -> dict[str, Tensor]:
    """Return a copy of the module's parameters and buffers, on its device."""
    return {key: value.detach().clone() for key, value in module.state_dict().items()}
