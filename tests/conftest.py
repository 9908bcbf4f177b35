"""Fixtures that every folder of tests may use."""

from pathlib import Path

import pytest
from hypothesis import settings

# The same examples on every run: a test fails for a change, not for a draw of luck.
settings.register_profile("fixed", derandomize=True, deadline=None)
settings.load_profile("fixed")

_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def market_data() -> Path:
    """Folder of real market files that is not part of the repository."""
    if not _DATA.is_dir():
        pytest.skip("the real market files (../shared/data) are not here")
    return _DATA
