"""``barwise features importance``: how much each column of a config matters."""

from __future__ import annotations

from enum import StrEnum
from os.path import relpath
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from barwise.cli.cv import Embargo, Jobs
from barwise.cli.output import Json, note, progress, write_json, write_table, write_text
from barwise.cli.run import DEFAULT, Config

if TYPE_CHECKING:
    from barwise.pipeline.importance_study import StudySummary

EXAMPLES = (
    "barwise features importance mes.yaml",
    "barwise features importance mes.yaml --horizon 20 --part train --top 40 --jobs -1",
    "barwise features importance mes.yaml --methods mda,shap --json",
)


class Part(StrEnum):
    """What ``--part`` may say."""

    BOTH = "train+val"
    TRAIN = "train"


def importance(
    config: Config = DEFAULT,
    horizon: Annotated[
        int | None,
        typer.Option("--horizon", help="One of the config's; else the longest."),
    ] = None,
    methods: Annotated[
        str, typer.Option("--methods", help="Some of mdi,mda,sfi,shap.")
    ] = "mdi,mda,sfi,shap",
    model: Annotated[
        str,
        typer.Option("--model", help="Judges columns in MDA and SFI; SHAP: lightgbm."),
    ] = "lightgbm",
    part: Annotated[
        Part,
        typer.Option("--part", help="Rows to learn from; train leaves val honest."),
    ] = Part.BOTH,
    n_splits: Annotated[int, typer.Option("--n-splits", min=2, help="Folds.")] = 5,
    embargo: Embargo = None,
    permutations: Annotated[
        int,
        typer.Option("--permutations", min=1, help="Of MDA, in each fold."),
    ] = 5,
    top: Annotated[
        int, typer.Option("--top", min=1, help="Columns to show; the file has all.")
    ] = 20,
    jobs: Jobs = 1,
    json: Json = False,
) -> None:
    """Measure on purged folds how much each column matters: MDI, MDA, SFI, SHAP.

    Random columns of several speeds stand beside the real ones: what is not clear of
    them tells nothing that chance would not. Columns that say the same are also permuted
    together (clustered MDA). The file that is written can be named in a config under
    features.importance, with features.top; what it has learned from stands in it.
    Finished folds are kept: after an interruption the same command goes on. The test
    part stays sealed.
    """
    from barwise.pipeline.config import RunConfig
    from barwise.pipeline.folding import Folding
    from barwise.pipeline.importance_study import StudySettings, study_importance

    settings = RunConfig.read(config)
    wanted = StudySettings(
        model=model,
        methods=tuple(dict.fromkeys(one.strip() for one in methods.split(","))),
        part=part.value,
        folding=Folding("purged", n_splits, embargo=embargo),
        permutations=permutations,
    )
    with progress(settings.symbol) as bar:
        made = study_importance(
            settings,
            wanted,
            horizon=horizon,
            jobs=jobs,
            notify=lambda text, done, total: bar(done, total, text),
        )
    if json:
        write_json(_facts(made, top))
    else:
        _show(made, top, config.parent)
    if made.study.model_is_blind:
        note(
            f"barwise: {model} tells nothing of held-out rows; MDA and SHAP rank what it "
            "fitted by chance"
        )
    note(f"page: {made.file.with_suffix('.html')}")


def _facts(made: StudySummary, top: int) -> dict[str, Any]:
    return {
        "file": str(made.file),
        "made_of": made.origin.model_dump(mode="json"),
        "losses": made.study.losses,
        "columns": made.study.rows()[:top],
        "noise": made.study.noise_rows(),
        "not_clear_of_noise": made.study.doubtful,
    }


def _show(made: StudySummary, top: int, folder: Path) -> None:
    from barwise.training.importance.study import TITLES

    study, origin = made.study, made.origin
    write_text(
        f"{origin.symbol}: {len(study.names)} columns, horizon of {origin.horizon} bars, "
        f"{origin.folds} of {origin.samples:,} samples ({origin.part})"
        + (", SIMULATED" if origin.simulated else "")
    )
    measures = [name for name in TITLES if name in study.measures]
    rows = [
        (
            row["rank"],
            row["feature"],
            row["cluster"],
            *(_cell(row[name]) for name in measures),
            f"{row['clear_of_noise']} of {len(measures)}",
        )
        for row in study.rows()[:top]
    ]
    best = [f"{study.measures[name].noise:.2g}" for name in measures]
    rows.append(("-", "best random column", "-", *best, "-"))
    titles = [TITLES[name] for name in measures]
    write_table(("rank", "column", "cluster", *titles, "clear of noise"), rows)
    doubtful = study.doubtful
    if doubtful:
        write_text(f"\nNot clear of noise ({len(doubtful)}): {', '.join(doubtful)}")
    write_text(
        f"\nFor a config:\nfeatures:\n  importance: {relpath(made.file, folder)}\n  top: "
        f"{max(1, len(study.names) - len(doubtful))}"
    )
    if origin.part == "train+val":
        write_text(
            "It has seen the validation part's labels, so that scores there are flattered; "
            "--part train has not."
        )


def _cell(one: dict[str, Any]) -> str:
    return f"{one['mean']:.2g} ± {one['standard_error']:.1g}"
