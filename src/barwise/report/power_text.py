"""What a power study says, in sentences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from barwise.report.formats import percent, ratio

_FEW = 60
"""Below so many surrogates the false-alarm rate is known only roughly."""


def surrogates(count: int) -> str:
    """Count them in words.

    Examples
    --------
    >>> surrogates(1), surrogates(20)
    ('1 surrogate', '20 surrogates')
    """
    return f"{count:,} surrogate{'' if count == 1 else 's'}"


def detectable_text(value: float | None) -> str:
    """Say which Sharpe ratio is found four times out of five."""
    return "none of the edges that were planted" if value is None else ratio(value)


def beside_results(study: Mapping[str, Any]) -> str:
    """Say in one sentence what a result of the same configuration can be worth."""
    null = study["sizes"][0]["rates"]["verdict"]
    found = study["detectable"]["verdict"][0]
    largest = max(size["sharpe"] for size in study["sizes"])
    if len(study["sizes"]) == 1:
        reach = "it is not known which edge would be found, for none was planted"
    elif found is None:
        reach = (
            f"not even an edge with a Sharpe ratio of {ratio(largest)} is found four "
            "times out of five"
        )
    else:
        reach = (
            f"a Sharpe ratio below {ratio(found)} is not told from chance four times "
            "out of five"
        )
    return (
        f"With this much data {reach}; false-alarm rate {percent(null['rate'])} "
        f"[{percent(null['low'])}, {percent(null['high'])}], on "
        f"{surrogates(null['total'])} without an edge ({', '.join(study['models'])} at "
        f"{', '.join(map(str, study['horizons']))} bars)."
    )


def sentences(study: Mapping[str, Any]) -> list[str]:
    """Say what was done and found, one sentence each."""
    null = study["sizes"][0]["rates"]
    lines = [
        f"Every surrogate was judged as by {study['judged']} "
        f"({', '.join(study['models'])}; horizons "
        f"{', '.join(map(str, study['horizons']))}), "
        f"on {study['years']:.2f} years of its own.",
        "Without an edge "
        + "; ".join(
            f"{name}: {rate['count']} of {rate['total']} "
            f"({percent(rate['rate'])}, interval {percent(rate['low'])} to "
            f"{percent(rate['high'])})"
            for name, rate in null.items()
        )
        + ".",
    ]
    if len(study["sizes"]) > 1:
        lines += [_found(name, *ends) for name, ends in study["detectable"].items()]
    return lines + _limits(study)


def _found(
    name: str, value: float | None, least: float | None, most: float | None
) -> str:
    told = detectable_text(value)
    if least is not None:
        told += f", range {ratio(least)} " + (
            "or more" if most is None else f"to {ratio(most)}"
        )
    return f"Found with a power of 80 % ({name}): {told}."


def _limits(study: Mapping[str, Any]) -> list[str]:
    lines = []
    if study["sizes"][0]["rates"]["verdict"]["total"] < _FEW:
        lines.append(
            "Few surrogates were drawn: the intervals are wide. A full study has more."
        )
    if study["models_left_out"]:
        lines.append(
            f"Not trained: {', '.join(study['models_left_out'])}, which take long; ask "
            "for them with --models."
        )
    if study["out_of_reach"]:
        told = ", ".join(ratio(each) for each in study["out_of_reach"])
        lines.append(
            f"No edge of this kind has a Sharpe ratio of {told} after these costs."
        )
    if study["failed"]:
        lines.append(
            f"{surrogates(len(study['failed']))} could not be judged, the first because: "
            f"{study['failed'][0]}"
        )
    lines.append(
        "Planted are reversals: after a large move the next bars lean back. What "
        "power a configuration has against edges of another kind is not measured."
    )
    return lines
