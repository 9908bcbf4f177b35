"""The market that leaks are planted in, for every file about the leak audit."""

import pytest
from benchmarks.quality.leaks.lab import Lab


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    return Lab(tmp_path_factory.mktemp("lab"))
