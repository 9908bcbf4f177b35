"""The page docs/honesty.md and its picture."""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from barwise.report.figures import save_figure
from barwise.report.figures.style import (
    LONG,
    MUTED,
    SHORT,
    WIDTH,
    dress,
    new_figure,
    styled,
)
from barwise.validation.power import Rate
from benchmarks.quality.null.market import DAYS as SESSIONS
from benchmarks.quality.null.market import HORIZONS, LEVEL, MODELS, Judged
from benchmarks.quality.null.selection import (
    CORRELATIONS,
    DAYS,
    DRAWS,
    TRIALS,
    best_of_noise,
)

DOCS = Path(__file__).parents[3] / "docs"
PAGE, IMAGE = DOCS / "honesty.md", DOCS / "images" / "null.png"

WAYS = {
    "naive": (
        "shuffled folds, accuracy",
        "K-fold with shuffled rows; hits against chance, every row an observation",
    ),
    "purged": (
        "purged folds, accuracy",
        "folds purged by label end and embargoed; the same test of hits",
    ),
    "best": (
        "walk-forward, best of eight",
        "the best Sharpe ratio of eight configurations, as if it had been the only one",
    ),
    "kfold": (
        "purged folds, one configuration",
        "one configuration named beforehand, traded; its Sharpe ratio of days",
    ),
    "deflated": (
        "walk-forward, best of eight, deflated",
        "the best of eight, deflated for the trials in the ledger",
    ),
    "honest": (
        "walk-forward, one configuration",
        "windows that are each tested on what came before; the same test as above",
    ),
}
HONEST = ("honest", "deflated")


def rates(judged: list[Judged]) -> dict[str, Rate]:
    """Return how often each way called a market significant."""
    return {
        name: Rate(sum(getattr(one, name) for one in judged), len(judged))
        for name in WAYS
    }


@styled
def picture(judged: list[Judged]) -> Figure:
    """Draw the shares with their intervals."""
    found = rates(judged)
    figure = new_figure(3.0, WIDTH)
    axes = figure.add_subplot()
    dress(axes, grid="x")
    at = np.arange(len(found))[::-1]
    for place, (name, rate) in zip(at, found.items(), strict=True):
        colour = LONG if name in HONEST else SHORT
        axes.barh(place, rate.value, color=colour, height=0.55)
        axes.hlines(place, rate.low, rate.high, color=MUTED, linewidth=1.6)
        axes.text(rate.high + 0.015, place, f"{rate.value:.1%}", va="center")
    axes.axvline(LEVEL, color=MUTED, linestyle="--", linewidth=1)
    axes.set_yticks(at, [WAYS[name][0] for name in found])
    axes.set_xlim(0, 1.12)
    axes.set_xticks(
        np.arange(0, 1.01, 0.2), [f"{x:.0%}" for x in np.arange(0, 1.01, 0.2)]
    )
    axes.set_xlabel(
        f"Share of {len(judged)} markets without an edge called significant at "
        f"{LEVEL:.0%} (dashed)"
    )
    return figure


def draw(judged: list[Judged], path: Path) -> None:
    """Write the picture."""
    save_figure(picture(judged), path)


def as_page(judged: list[Judged]) -> str:
    """Return the page."""
    found = rates(judged)
    naive, purged, effective = (
        np.mean([getattr(one, name) for one in judged])
        for name in ("naive_accuracy", "purged_accuracy", "effective_trials")
    )
    folds, windows = (
        np.std([getattr(one, f"{name}_score") for one in judged])
        for name in ("kfold", "honest")
    )
    lines = [
        "# How often is nothing called something?",
        "",
        f"On {len(judged)} simulated markets without any edge every significant result is a false alarm. A test at 5 % may raise",
        "one in twenty. This page is written by one command, which takes about a quarter of an hour:",
        "",
        "    python -m benchmarks.quality.null --write",
        "",
        "![Share of markets without an edge that each way of judging calls significant](images/null.png)",
        "",
        "| way of judging | what it does | false alarms | 95 % interval | allows 5 % |",
        "|---|---|---|---|---|",
        *(
            f"| {WAYS[name][0]} | {WAYS[name][1]} | {rate.value:.1%} | {rate.low:.1%} to {rate.high:.1%} | "
            f"{'yes' if rate.low <= LEVEL else '**no**'} |"
            for name, rate in found.items()
        ),
        "",
        "## How to read it",
        "",
        "- **Shuffled folds** put the neighbours of a test row into training. Their labels share most of their bars, so the",
        f"  model is asked what it was told: {naive:.1%} of the directions are right on average, where a coin gets 50 %.",
        f"- **Purged folds** take that away ({purged:.1%} right). What is left is the test: rows whose labels overlap are not",
        "  independent, and a test that counts each of them is sure far too often.",
        "- **Purged folds, traded and judged by the day**, still raise too many. Nothing leaks: gains and losses are as frequent.",
        "  But the folds are not independent of one another. Each is predicted by a model that was trained on all the others,",
        "  so what the sample shows by chance helps in every fold or hurts in every fold. The Sharpe ratio over its standard",
        f"  error should have a deviation of 1 and has {folds:.2f}. No estimate of that from the folds themselves is unbiased",
        "  (Bengio and Grandvalet, 2004). Take purged folds to compare models, and a walk-forward or the validation part for",
        "  a claim, or let `barwise power --n-splits` count the false alarms of yours.",
        "- **Walk-forward windows** know nothing of what comes after them: gains are a fair game, and the deviation is",
        f"  {windows:.2f}.",
        "- **The best of eight** raises more: selection finds luck. Deflation takes it back. The eight are alike: their best is as",
        f"  lucky as that of {effective:.1f} independent ones on average.",
        "",
        *_selection(),
        "",
        "## What was done",
        "",
        f"Each market is {SESSIONS} sessions of simulated MES with sessions, clustered volatility and ticks, in bars of 15 minutes. The",
        f"target is the direction of the next {' or '.join(map(str, HORIZONS))} bars; {len(MODELS)} models (boosted trees and logistic regressions of different",
        "settings) at both horizons are the eight configurations. All of it runs through the pipeline's own functions:",
        "features, labels, purged folds or windows in which all that learns is fitted anew, backtest, ledger, deflation. The",
        "shuffled folds are scikit-learn's `KFold(shuffle=True)` around the same kind of trees on the same rows. Markets, columns",
        "and models were chosen before the first count. The first count judged everything by purged folds and had 12.0 % false",
        "alarms of one configuration (7.8 % to 17.3 %) and 24.5 % of the best of eight after deflation; walk-forward was added",
        "for that reason. The second count had 14.0 % (9.5 % to 19.6 %) of the best of eight windows after deflation, which was a",
        "fault of ours: clusters of trials counted as one, and their common luck was taken off twice. This is the third count, of",
        "the same markets; nothing but the deflation was changed.",
        "",
        "## Limits",
        "",
        "- Costs are zero here. With costs trading noise loses, and the comparison of honest ways would be empty.",
        "- These are tests of one figure each. The verdict of a report asks for more (nothing that a baseline explains, and deflation)",
        "  and raises fewer false alarms; `barwise power` counts them on surrogates of your own bars, with your own",
        "  configuration and costs ([how](howto/power.md)).",
        "- The eight are alike, as configurations of one idea are. Eight thousand unlike ones would leave less of any Sharpe ratio.",
        "- The markets are simulated: no trend, no jumps in the news.",
        "",
    ]
    return "\n".join(lines)


def _selection() -> list[str]:
    """Say how far deflation holds, by the correlation of the trials."""
    rows = [(rho, *best_of_noise(rho)) for rho in CORRELATIONS]
    return [
        "## How far deflation holds",
        "",
        f"The best of {TRIALS} strategies of pure noise on {DAYS} days, {DRAWS} draws, by how alike the strategies are:",
        "",
        "| correlation | best, not deflated | best, deflated | trials counted |",
        "|---|---|---|---|",
        *(
            f"| {rho:.1f} | {alone.value:.1%} | {deflated.value:.1%} ({deflated.low:.1%} to {deflated.high:.1%}) | {count:.1f} |"
            for rho, alone, deflated, count in rows
        ),
        "",
        "Deflation asks for more than it must where trials have little in common: the benchmark is the luck of the best, and the",
        "allowance on top of it is that of a single trial, which scatters more. That errs on the side of claiming too little.",
    ]
