"""``barwise power``: what a configuration claims where the truth is known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from barwise.cli.cv import Embargo, Horizons, Jobs, Models, chosen
from barwise.cli.output import (
    Json,
    ending,
    note,
    progress,
    write_json,
    write_table,
    write_text,
)
from barwise.cli.run import DEFAULT, Config

if TYPE_CHECKING:
    from barwise.pipeline.folding import Folding
    from barwise.pipeline.power_plan import Judging, Plan


Quick = Annotated[bool, typer.Option("--quick", help="Fewer surrogates, same stages.")]
Null = Annotated[
    int | None, typer.Option("--null", min=1, help="Surrogates without an edge.")
]
Planted = Annotated[
    int | None,
    typer.Option("--planted", min=1, help="Surrogates for each size of an edge."),
]
Sharpes = Annotated[
    str | None,
    typer.Option(
        "--sharpes",
        help="Comma-separated sizes of planted edges, Sharpe ratios a year; else "
        "multiples of what theory can detect.",
    ),
]
Splits = Annotated[
    int | None,
    typer.Option(
        "--n-splits",
        min=2,
        help="Judge by purged folds, as barwise cv does; else as barwise run does.",
    ),
]
Windows = Annotated[
    int | None,
    typer.Option("--n-windows", min=1, help="Judge by so many walk-forward windows."),
]
Tune = Annotated[
    int,
    typer.Option("--tune", min=0, help="Trials of barrier tuning on each of them."),
]


def add_to(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(
        "power",
        epilog=ending(
            "barwise power mes.yaml --quick --jobs 2",
            "barwise power mes.yaml --models logistic --n-windows 10 --sharpes 1,2,3",
        ),
    )(power)


def power(
    config: Config = DEFAULT,
    models: Models = None,
    horizons: Horizons = None,
    quick: Quick = False,
    null: Null = None,
    planted: Planted = None,
    sharpes: Sharpes = None,
    n_splits: Splits = None,
    n_windows: Windows = None,
    embargo: Embargo = None,
    tune: Tune = 0,
    jobs: Jobs = 1,
    json: Json = False,
) -> None:
    """False-alarm rate and smallest detectable Sharpe ratio of a configuration.

    Runs all of it (cleaning, features, labels, training, backtest, ledger, deflation,
    verdict) on surrogates of your own bars: same hours, gaps, ticks and volatility, but
    directions are coins. In some reversals of a known Sharpe ratio are planted. Models
    that take long to train are left out unless --models names them. Finished surrogates
    are kept: after an interruption the same command goes on. Later reports of the same
    data and settings say what was found. Your own ledger is not touched.
    """
    from barwise.pipeline.power import power_study
    from barwise.pipeline.power_plan import FULL, QUICK, Judging, cheap_models

    settings, wanted = chosen(config, models, horizons)
    left_out: tuple[str, ...] = ()
    if models is None:
        settings, left_out = cheap_models(settings)
    folding = _folding(n_splits, n_windows, embargo)
    judging = Judging(folding, wanted or settings.labels.horizons, tune)
    plan = _plan(QUICK if quick else FULL, null, planted)
    _announce(judging, plan, left_out)
    with progress(settings.symbol) as bar:
        study, folder = power_study(
            settings,
            judging,
            plan,
            sharpes=_numbers(sharpes),
            left_out=left_out,
            jobs=jobs,
            notify=lambda text, done, total: bar(done, total, text),
        )
    facts = study.facts()
    note(f"report: {folder / 'power.html'}")
    if json:
        files = {"folder": str(folder), "report": str(folder / "power.html")}
        write_json(facts | files)
    else:
        _show(facts)
        write_text(f"\nReport: {folder / 'power.html'}")


def _folding(
    n_splits: int | None, n_windows: int | None, embargo: int | None
) -> Folding | None:
    from barwise.core.errors import ConfigError
    from barwise.pipeline.folding import Folding

    if n_windows is None:
        if n_splits is None:
            return None
        return Folding("purged", n_splits, embargo=embargo)
    if n_splits is not None or embargo is not None:
        raise ConfigError(
            "--n-windows judges by walk-forward windows, where --n-splits and --embargo "
            "mean nothing; leave them out"
        )
    return Folding("walk-forward", n_windows)


def _plan(plan: Plan, null: int | None, planted: int | None) -> Plan:
    if null is not None:
        plan = replace(plan, null=null)
    return plan if planted is None else replace(plan, planted=planted)


def _numbers(text: str | None) -> tuple[float, ...]:
    from barwise.core.errors import ConfigError

    if text is None:
        return ()
    try:
        found = tuple(dict.fromkeys(float(part) for part in text.split(",")))
    except ValueError:
        found = (0.0,)
    if not all(0 < each < float("inf") for each in found):
        raise ConfigError(
            f"--sharpes {text!r} is no list of Sharpe ratios above zero; write e.g. "
            "--sharpes 1,2,3"
        )
    return found


def _announce(judging: Judging, plan: Plan, left_out: tuple[str, ...]) -> None:
    from barwise.report.power_text import surrogates

    note(
        f"barwise: {surrogates(plan.null)} without an edge and {plan.planted} for each "
        f"size of one, judged as by {judging}"
    )
    if left_out:
        note(
            f"barwise: {', '.join(left_out)} take long to train and are left out; "
            "--models asks for them"
        )


def _show(facts: Mapping[str, Any]) -> None:
    from barwise.report.power_text import beside_results, sentences

    names = list(facts["sizes"][0]["rates"])
    rows = []
    for size in facts["sizes"]:
        rates = [size["rates"][name] for name in names]
        rows.append(
            (
                f"{size['sharpe']:.2f} ± {size['sharpe_error']:.2f}",
                rates[0]["total"],
                *(
                    f"{rate['rate']:.0%} [{rate['low']:.0%}, {rate['high']:.0%}]"
                    for rate in rates
                ),
            )
        )
    write_table(("Sharpe planted", "surrogates", *names), rows)
    write_text(f"\n{beside_results(facts)}")
    for line in sentences(facts):
        write_text(f"  {line}")
