"""The market that leaks are planted in, for every file about the leak audit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from benchmarks.quality.leaks.lab import Lab


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    from benchmarks.quality.leaks.lab import Lab

    return Lab(tmp_path_factory.mktemp("lab"))
