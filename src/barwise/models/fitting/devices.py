"""Where a net runs, and what makes its arithmetic repeatable there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import torch

from barwise.core.errors import ConfigError

DeviceName = Literal["auto", "cpu", "cuda", "mps"]


def available_devices() -> list[str]:
    """Return the kinds of device that this machine has, best first; CPU always."""
    devices = ["cpu"]
    if torch.backends.mps.is_available():
        devices.insert(0, "mps")
    if torch.cuda.is_available():
        devices.insert(0, "cuda")
    return devices


def pick_device(name: DeviceName) -> torch.device:
    """Return the device of a name; ``auto`` is the best there is.

    Raises
    ------
    ConfigError
        If the machine does not have it.
    """
    devices = available_devices()
    chosen = devices[0] if name == "auto" else name
    if chosen not in devices:
        raise ConfigError(
            f"device: {name} is not available here (available: {', '.join(devices)}); "
            "set device: auto"
        )
    if chosen == "cuda":
        # Without it cuBLAS may sum in another order from run to run.
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    return torch.device(chosen)


@contextmanager
def steady(device: torch.device, threads: int, seed: int) -> Iterator[None]:
    """Fix threads, seed and algorithms inside; give back the caller's afterwards."""
    before = (
        torch.get_num_threads(),
        torch.are_deterministic_algorithms_enabled(),
        torch.is_deterministic_algorithms_warn_only_enabled(),
    )
    memory: Any = torch.utils.deterministic  # its one attribute is untyped
    filled = memory.fill_uninitialized_memory
    cuda = [torch.cuda.current_device()] if device.type == "cuda" else []
    try:
        torch.set_num_threads(threads)
        torch.use_deterministic_algorithms(True)
        # Filling every new tensor with NaN finds bugs in kernels and takes a tenth.
        memory.fill_uninitialized_memory = False
        with torch.random.fork_rng(devices=cuda):
            torch.manual_seed(seed)
            yield
    finally:
        torch.set_num_threads(before[0])
        torch.use_deterministic_algorithms(before[1], warn_only=before[2])
        memory.fill_uninitialized_memory = filled
