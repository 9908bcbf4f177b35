"""The out-of-fold predictions of a config's models, on the same rows, as files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from barwise.datasets import TimeSeriesDataContainer
from barwise.pipeline.folding import Folding
from barwise.training.aligned import AlignedPredictions, align_out_of_fold
from barwise.training.aligned_file import write_out_of_fold

if TYPE_CHECKING:
    from barwise.pipeline.fold_run import Judged


def tables_of(
    folding: Folding,
    containers: Mapping[int, TimeSeriesDataContainer],
    judged: Sequence[Judged],
) -> dict[int, AlignedPredictions]:
    """Return each horizon's predictions of all models that were judged.

    A model that a config has twice, with other settings, is called ``{name}_2`` the
    second time, in the config's order.
    """
    tables = {}
    for horizon, data in containers.items():
        mine = [one for one in judged if one.outcome.horizon == horizon]
        names = _names([one.outcome.model_name for one in mine])
        if mine:
            tables[horizon] = align_out_of_fold(
                {name: one.made for name, one in zip(names, mine, strict=True)},
                data,
                splitter=str(folding),
                failed={n: one.failed for n, one in zip(names, mine, strict=True)},
            )
    return tables


def file_name(table: AlignedPredictions) -> str:
    """Return what a table's file is called."""
    return f"out_of_fold_{table.symbol}_{table.horizon}.parquet"


def write_tables(tables: Mapping[int, AlignedPredictions], folder: Path) -> None:
    """Write one Parquet file a horizon."""
    for table in tables.values():
        write_out_of_fold(table, folder / file_name(table))


def _names(models: Sequence[str]) -> list[str]:
    seen: Counter[str] = Counter()
    names = []
    for model in models:
        seen[model] += 1
        names.append(model if seen[model] == 1 else f"{model}_{seen[model]}")
    return names
