"""Every number of the report as JSON, for tests, tools and the charts."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from barwise.report.chart_data import (
    chart_candles,
    chart_equity,
    chart_labels,
    chart_signals,
)
from barwise.report.data import ModelResult, Report
from barwise.report.verdict import headline, read

_SCRIPT = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"}


def report_payload(report: Report) -> dict[str, Any]:
    """Return the report as plain values.

    Parameters
    ----------
    report : Report
        What the page shows.

    Returns
    -------
    dict
        The fields of `Report` by name. Series for the charts are aligned with the
        drawn candles and in seconds UTC, equity in percent of the capital; each
        result also has ``claim`` and ``reading``. NaN and infinity are None.
    """
    candles = None if report.candles is None else chart_candles(report.candles)
    seconds = np.asarray(candles["time"] if candles else [], dtype=np.int64)
    skipped = {"candles", "label_tracks", "results", "folds", "leaks", "checks"}
    fields = {
        f.name: getattr(report, f.name)
        for f in dataclasses.fields(report)
        if f.name not in skipped
    }
    payload = {
        **fields,
        "headline": headline(report),
        "candles": candles,
        "label_tracks": [chart_labels(t, seconds) for t in report.label_tracks],
        "results": [_result(result, seconds) for result in report.results],
        "folds": report.folds and report.folds.studies,
        # Without its date: equal reports have equal numbers.
        "leaks": report.leaks and report.leaks.certificate,
        "checks": {h: verdict.to_dict() for h, verdict in report.checks.items()},
    }
    plain: dict[str, Any] = plain_values(payload)
    return plain


def script_json(values: Mapping[str, Any]) -> str:
    r"""Write JSON that cannot end the script element that holds it.

    Examples
    --------
    >>> script_json({"symbol": "</script>"})
    '{"symbol":"\\u003c/script\\u003e"}'
    """
    text = json.dumps(values, separators=(",", ":"), allow_nan=False)
    for character, escaped in _SCRIPT.items():
        text = text.replace(character, escaped)
    return text


def plain_values(value: Any) -> Any:
    """Turn dataclasses, arrays and NaN into what JSON has.

    Examples
    --------
    >>> import numpy as np
    >>> plain_values({"a": np.array([1.5, np.nan]), "b": np.int64(3)})
    {'a': [1.5, None], 'b': 3}
    """
    if isinstance(value, (str, bool, int)) or value is None:
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, (np.ndarray, np.generic)):
        return plain_values(value.tolist())
    if dataclasses.is_dataclass(value):
        return {
            f.name: plain_values(getattr(value, f.name))
            for f in dataclasses.fields(value)
        }
    if isinstance(value, Mapping):
        return {str(key): plain_values(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain_values(item) for item in value]
    return str(value)


def _result(result: ModelResult, seconds: np.ndarray) -> dict[str, Any]:
    fields = {f.name: getattr(result, f.name) for f in dataclasses.fields(result)}
    reading = read(result)
    return {
        **fields,
        "name": result.name,
        "claim": reading.claim,
        "reading": reading.text,
        "equity": None if result.equity is None else chart_equity(result.equity),
        "signals": None
        if result.signals is None
        else chart_signals(result.signals, seconds),
    }
