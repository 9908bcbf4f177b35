"""Aligned out-of-fold predictions as one Parquet file that proves itself.

One row a sample and path. What the columns do not say stands as JSON in the file's
metadata under ``barwise``: classes, models, each fold's training samples as runs of
positions, and the SHA-256 of all of it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from barwise.core.durable import write_with
from barwise.core.errors import ConfigError, IntegrityError
from barwise.core.hashing import canonical_json, hash_arrays, hash_json
from barwise.metrics import class_names
from barwise.training.aligned import NO_TIME, AlignedPredictions
from barwise.training.fold_plan import NO_FOLD

FORMAT = "barwise-out-of-fold-1"
_KEY = b"barwise"
_STAMPS = ("time", "label_end", "trained_until", "trained_from")
_ROWS = ("bar", "time", "label_end", "label", "sample_weight", "side")


def write_out_of_fold(aligned: AlignedPredictions, path: Path) -> None:
    """Write predictions to one Parquet file, whole or not at all.

    Columns: ``symbol``, ``time``, ``label_end`` (UTC), ``bar``, ``label``,
    ``sample_weight``, of meta-labels the ``side``, ``path`` and ``fold`` (from 0), ``trained_until`` and
    ``trained_from`` (the fold saw no label that ends after the one and begins before
    the other, and the row's own lies strictly between), then for each model its
    probabilities, ``{model}_{class}``. What is missing is null.

    Raises
    ------
    BarwiseError
        If it cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from barwise.datasets import PurgedKFold
    >>> from barwise.testing.toy_data import toy_container
    >>> from barwise.training import align_out_of_fold, out_of_fold
    >>> data, folds = toy_container(), PurgedKFold(4, embargo=10)
    >>> made = {"logistic": out_of_fold("logistic", data, folds)}
    >>> file = Path(tempfile.mkdtemp()) / "out_of_fold.parquet"
    >>> write_out_of_fold(
    ...     align_out_of_fold(made, data, splitter="4 purged folds"), file
    ... )
    >>> load_out_of_fold(file)
    AlignedPredictions(toy, horizon 5, logistic: 1,665 of 1,665 samples predicted by all, 4 purged folds)
    """
    import pyarrow.parquet as pq

    table = _table(aligned)
    write_with(path, lambda aside: pq.write_table(table, aside, compression="zstd"))


def load_out_of_fold(path: str | Path) -> AlignedPredictions:
    """Read predictions back, after checking every value and every row's proof.

    Raises
    ------
    ConfigError
        If there is no such file, or it holds something else.
    IntegrityError
        If a value is not what was written.
    LeakError
        If a row's label shares time with a label that its fold was trained on.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = Path(path)
    if not path.is_file():
        raise ConfigError(
            f"there is no file {path}; barwise cv writes one beside its report"
        )
    try:
        table = pq.read_table(path, use_threads=False)
        told = json.loads((table.schema.metadata or {}).get(_KEY, b"null"))
    except (pa.ArrowException, ValueError, OSError) as problem:
        raise IntegrityError(f"{path} cannot be read: {problem}") from problem
    if not isinstance(told, dict) or told.get("format") != FORMAT:
        raise ConfigError(
            f"{path} holds no out-of-fold predictions of this format ({FORMAT})"
        )
    try:
        columns = _columns(table)
        seal = told.pop("sha256", None)
        symbols = table.column("symbol").unique().to_pylist()
        intact = seal == _seal(columns, told) and symbols == [told["symbol"]]
    except (pa.ArrowException, KeyError, ValueError, TypeError, BufferError):
        intact = False
    if not intact:
        raise IntegrityError(
            f"{path} was changed: its values are not those that its SHA-256 stands for; "
            "write it anew with the command that made it"
        )
    aligned = _aligned(columns, told)
    aligned.check()
    return aligned


def _table(aligned: AlignedPredictions) -> Any:
    import pyarrow as pa

    n_paths = len(aligned.paths)
    each = {
        "bar": aligned.rows,
        "time": aligned.times,
        "label_end": aligned.label_end_times,
        "label": aligned.y,
        "sample_weight": aligned.sample_weights,
    }
    if aligned.sides is not None:
        each["side"] = aligned.sides
    columns = {name: np.tile(array, n_paths) for name, array in each.items()}
    columns["path"] = np.repeat(np.arange(n_paths), len(aligned))
    columns["fold"] = aligned.paths.ravel()
    columns["trained_until"] = aligned.trained_until.ravel()
    columns["trained_from"] = aligned.trained_from.ravel()
    for model, p in aligned.probabilities.items():
        for place, name in enumerate(class_names(aligned.classes)):
            flat = p[:, :, place].ravel()
            # One way to be missing: NaN has several bit patterns, null has one.
            columns[f"{model}_{name}"] = np.where(np.isnan(flat), np.nan, flat)
    told: dict[str, Any] = {
        "format": FORMAT,
        "symbol": aligned.symbol,
        "horizon": aligned.horizon,
        "splitter": aligned.splitter,
        "classes": list(aligned.classes),
        "models": list(aligned.models),
        "facts": {name: dict(facts) for name, facts in aligned.facts.items()},
        "trained_on": [_runs(train) for train, _ in aligned.folds],
    }
    told["sha256"] = _seal(columns, told)
    arrays = {"symbol": pa.repeat(aligned.symbol, len(columns["bar"]))}
    arrays |= {name: _arrow(name, array) for name, array in columns.items()}
    text = canonical_json(told).encode()
    return pa.table(arrays).replace_schema_metadata({_KEY: text})


def _arrow(name: str, array: np.ndarray) -> Any:
    """Return a column with nulls where something is missing."""
    import pyarrow as pa

    stamp = pa.timestamp("ns", tz="UTC")
    if name == "fold":
        return pa.array(array, mask=array == NO_FOLD)
    if name in _STAMPS:
        return pa.array(array, mask=array == NO_TIME).cast(stamp)
    return pa.array(array, mask=np.isnan(array) if array.dtype.kind == "f" else None)


def _columns(table: Any) -> dict[str, np.ndarray]:
    """Return the columns as they were before they were written."""
    import pyarrow as pa

    found = {}
    for name in table.column_names:
        column = table.column(name)
        if name in _STAMPS:
            column = column.cast(pa.int64())
        if name == "symbol":
            continue
        filled = {"fold": NO_FOLD}.get(name, NO_TIME if name in _STAMPS else np.nan)
        if column.null_count:
            column = column.fill_null(filled)
        found[name] = column.to_numpy()
    return found


def _seal(columns: dict[str, np.ndarray], told: dict[str, Any]) -> str:
    return hash_json([hash_arrays(columns), told])


def _aligned(
    columns: dict[str, np.ndarray], told: dict[str, Any]
) -> AlignedPredictions:
    n_paths = int(columns["path"][-1]) + 1
    there = [name for name in _ROWS if name in columns]
    one = {name: columns[name].reshape(n_paths, -1)[0] for name in there}
    paths = columns["fold"].reshape(n_paths, -1)
    classes = tuple(told["classes"])
    folds = tuple(
        (_positions(runs), np.unique(np.nonzero(paths == number)[1]))
        for number, runs in enumerate(told["trained_on"])
    )
    probabilities = {
        model: np.stack(
            [
                columns[f"{model}_{name}"].reshape(n_paths, -1)
                for name in class_names(classes)
            ],
            axis=2,
        )
        for model in told["models"]
    }
    return AlignedPredictions(
        told["symbol"],
        told["horizon"],
        told["splitter"],
        classes,
        one["bar"],
        one["time"],
        one["label_end"],
        one["label"],
        one["sample_weight"],
        folds,
        paths,
        probabilities,
        told["facts"],
        one.get("side"),
    )


def _runs(positions: np.ndarray) -> list[list[int]]:
    """Write ascending positions as runs: first and one past the last."""
    cuts = np.flatnonzero(np.diff(positions) != 1) + 1
    parts = np.split(positions, cuts)
    return [[int(part[0]), int(part[-1]) + 1] for part in parts if len(part)]


def _positions(runs: list[list[int]]) -> np.ndarray:
    return np.concatenate([np.arange(first, stop) for first, stop in runs])
