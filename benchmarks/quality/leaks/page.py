"""The page docs/leaks.md: two sets of leaks, and what the audit made of them."""

import csv
from collections.abc import Iterable
from pathlib import Path

from scipy.stats import binomtest

from barwise.pipeline.audits.leaks import CHECKS
from benchmarks.quality.leaks.second.missed import REPAIRED, UNSEEN
from benchmarks.quality.leaks.suite import Outcome, alarms, power

_BLIND = Path(__file__).parent / "second" / "blind.csv"

_ASKED = """\
| check | question |
|---|---|
{checks}

In a config every check looks. A data set of your own says less of how it was made, and what cannot be
looked at is told; name the bars, the functions of its columns and what learns, and more is checked:

```python
from barwise.pipeline.audits.leaks import Setup, audit_leaks
from barwise.testing.toy_data import toy_container

audit = audit_leaks(Setup(toy_container()))  # procedure=, splitter=, columns=, ...
print(audit.headline)
```

Each check that finds nothing is asked again after a leak of its kind was planted in the very data: where
that one is not found either, the check is `asleep` and counts for nothing. What no file can tell, such as
a figure that was revised later, no audit of it finds."""

_SECOND = """\
The second set was written by another hand, without sight of the checks and their tests (of the first set twenty
lines of the table above were seen), and laid down while the audit was frozen: it was run once before anything was
changed. Many of its leaks
are small on purpose: one row in fifty, one bar early in some weeks, a tenth of the noise. **Blind, the audit
found {caught} of {leaks} ({share:.1%}; one-sided 95 % bound {low:.1%}) and accused {accused} of {clean} clean setups (bound {high:.1%})**:
that is the figure for leaks that nobody here has thought of. It stays as it is; the column `blind` holds it.
By where they were planted: {places}. A function that can be called with
other bars hides little; where only figures or files are there to look at, much more gets past.

What was missed showed what to repair. Today's figure, {now} of {leaks}, is no longer blind: the checks have now
seen these leaks."""


def blind() -> dict[str, str]:
    """Return what found each of the second set when it was new: names of checks."""
    with _BLIND.open(encoding="utf-8", newline="") as file:
        return {row["name"]: row["found_by"] for row in csv.DictReader(file)}


def as_page(outcomes: list[Outcome]) -> str:
    """Return the page."""
    first = [one for one in outcomes if not one.case.second]
    second = [one for one in outcomes if one.case.second]
    return "\n".join([*_opening(first, second), *_first(first), *_second(second)])


def _opening(first: list[Outcome], second: list[Outcome]) -> list[str]:
    caught, leaking, low = power(first)
    accused, clean, high = alarms(outcomes=[*first, *second])
    now, others, _ = power(second)
    found, _, blind_low = _blind_power(second)
    return [
        "# The leak audit, measured",
        "",
        "`barwise audit leaks CONFIG` asks the questions below of a data set and of all that made it. How many",
        "leaks does it find? This page is written by one command, on simulated bars without an edge:",
        "",
        "    python -m benchmarks.quality.leaks --write",
        "",
        f"- Leaks of our own choice: **{caught} of {leaking} are caught or refused** ({caught / leaking:.1%}; "
        f"one-sided 95 % bound {low:.1%}). Checks and leaks were",
        "  written by the same hands, so this holds for leaks like these.",
        f"- Leaks of another hand, before the audit had seen them: **{found} of {others}** "
        f"({found / others:.1%}; bound {blind_low:.1%}). After the repair that this led to: {now}.",
        f"- Clean setups of both, many of them look-alikes: **{accused} of {clean} are accused** (bound {high:.1%}).",
        "",
        "A doubt counts for nothing.",
        "",
        _ASKED.format(checks="\n".join(f"| {c.name} | {c.asks} |" for c in CHECKS)),
        "",
    ]


def _first(outcomes: list[Outcome]) -> list[str]:
    return [
        "## Planted leaks",
        "",
        "| leak | planted in | what it is | outcome |",
        "|---|---|---|---|",
        *(_row(one) for one in outcomes if one.case.leaks),
        "",
        "## Clean setups",
        "",
        "Many of them look like one of the leaks.",
        "",
        "| setup | what it is | outcome |",
        "|---|---|---|",
        *(
            f"| {one.case.name} | {_cell(one.case.what)} | {_told(one)} |"
            for one in outcomes
            if not one.case.leaks
        ),
        "",
    ]


def _second(outcomes: list[Outcome]) -> list[str]:
    caught, leaks, low = _blind_power(outcomes)
    before = blind()
    clean = [one for one in outcomes if not one.case.leaks]
    accused = sum(bool(before[one.case.name]) for one in clean)
    bound = binomtest(accused, len(clean), alternative="less")
    missed = [one for one in outcomes if one.case.leaks and not one.caught]
    return [
        "## A second set, by another hand",
        "",
        _SECOND.format(
            caught=caught,
            leaks=leaks,
            share=caught / leaks,
            low=low,
            accused=accused,
            clean=len(clean),
            high=bound.proportion_ci(0.95, "exact").high,
            now=power(outcomes)[0],
            places=_places(outcomes),
        ),
        "",
        *_table(
            "| missed blind | why | what was done |",
            (f"| {names} | {why} | {done} |" for names, why, done in REPAIRED),
        ),
        "Not found to this day, and why:",
        "",
        *_table(
            "| leak | why |",
            (f"| {one.case.name} | {UNSEEN[one.case.name]} |" for one in missed),
        ),
        *_table(
            "| leak | planted in | what it is | blind | today |",
            (
                f"| {one.case.name} | {one.case.family} | {_cell(one.case.what)} | "
                f"{before[one.case.name] or '**missed**'} | {_told(one)} |"
                for one in outcomes
                if one.case.leaks
            ),
        ),
        *_table(
            "| clean setup | what it is | blind | today |",
            (
                f"| {one.case.name} | {_cell(one.case.what)} | "
                f"{before[one.case.name] or 'clean'} | {_told(one)} |"
                for one in clean
            ),
        ),
    ]


def _places(outcomes: list[Outcome]) -> str:
    """Say what was found blind of each family."""
    found: dict[str, list[bool]] = {}
    for one in outcomes:
        if one.case.leaks:
            found.setdefault(one.case.family, []).append(bool(blind()[one.case.name]))
    return ", ".join(f"{name} {sum(f)} of {len(f)}" for name, f in found.items())


def _table(head: str, rows: Iterable[str]) -> list[str]:
    return [head, "|" + "---|" * (head.count("|") - 1), *rows, ""]


def _blind_power(outcomes: list[Outcome]) -> tuple[int, int, float]:
    """Return leaks found when the set was new, leaks, and a 95 % lower bound."""
    before = blind()
    found = [bool(before[one.case.name]) for one in outcomes if one.case.leaks]
    test = binomtest(sum(found), len(found), alternative="greater")
    return sum(found), len(found), float(test.proportion_ci(0.95, "exact").low)


def _row(one: Outcome) -> str:
    return f"| {one.case.name} | {one.case.family} | {_cell(one.case.what)} | {_told(one)} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _told(one: Outcome) -> str:
    if one.refused:
        return f"refused ({one.refused.split(':')[0]})"
    if one.by:
        said = ", ".join(one.by)
        return f"caught by {said}" if one.case.leaks else f"**accused by {said}**"
    doubts = f" (doubted by {', '.join(one.doubted)})" if one.doubted else ""
    return ("**missed**" if one.case.leaks else "clean") + doubts
