"""Fixtures that every folder of tests may use."""

from collections.abc import Iterator
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


@pytest.fixture(scope="module")
def blank_figures() -> Iterator[None]:
    """Leave every figure blank: for files whose tests run journeys and look at none.

    Most of the time of a small run is spent on drawing. Figures are still composed,
    of what the run has found; only their picture is left out.
    """
    from barwise.report.figures import style
    from blank import blank

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(style, "render", blank)
        yield
