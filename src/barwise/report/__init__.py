"""The report: figures for files and notebooks, and one self-contained HTML page."""

from importlib import import_module
from typing import Any

_HOME = {
    "Candles": "data",
    "DataSummary": "data",
    "Equity": "data",
    "Evidence": "data",
    "Finding": "data",
    "LabelSummary": "data",
    "LabelTrack": "data",
    "ModelResult": "data",
    "Part": "data",
    "Report": "data",
    "Signals": "data",
    "render_report": "page",
    "write_report": "page",
    "save_figure": "figures",
}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    # matplotlib is loaded by the first name that needs it.
    if name not in _HOME:
        raise AttributeError(f"module 'barwise.report' has no attribute {name!r}")
    return getattr(import_module(f"barwise.report.{_HOME[name]}"), name)
