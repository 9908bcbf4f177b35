"""Vendored JavaScript, checked against its recorded SHA-256 on every read."""

from __future__ import annotations

import hashlib
import json
from importlib.resources import files
from typing import Any

from barwise.core.errors import IntegrityError

LIGHTWEIGHT_CHARTS = "lightweight-charts.standalone.production.js"

__all__ = ["LIGHTWEIGHT_CHARTS", "load_asset", "metadata"]


def metadata() -> dict[str, dict[str, Any]]:
    """Return the record of every vendored file: package, version, licence, SHA-256.

    Examples
    --------
    >>> metadata()[LIGHTWEIGHT_CHARTS]["licence"]
    'Apache-2.0'
    """
    text = files(__name__).joinpath("metadata.json").read_text("utf-8")
    found: dict[str, dict[str, Any]] = json.loads(text)
    return found


def load_asset(name: str) -> str:
    """Read a vendored script after checking it.

    Parameters
    ----------
    name : str
        A key of `metadata`.

    Returns
    -------
    str
        The script's text, unchanged.

    Raises
    ------
    IntegrityError
        If the file's bytes are not those that were recorded.

    Examples
    --------
    >>> "TradingView Lightweight Charts" in load_asset(LIGHTWEIGHT_CHARTS)
    True
    """
    recorded = metadata()[name]
    content = files(__name__).joinpath(name).read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != recorded["sha256"]:
        raise IntegrityError(
            f"{name} of the installed package has SHA-256 {found}, but version "
            f"{recorded['version']} of {recorded['package']} has {recorded['sha256']}; "
            "install barwise again"
        )
    return content.decode("utf-8")
