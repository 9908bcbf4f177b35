"""The tables from outside the bars that a config names."""

from __future__ import annotations

from pathlib import Path

from barwise.bars.columns import plain
from barwise.core.errors import ConfigError, DataError
from barwise.core.hashing import hash_file
from barwise.features import ExternalColumns, read_external
from barwise.features.external import EVENT_COLUMNS, EXTERNAL
from barwise.pipeline.config import RunConfig
from barwise.pipeline.marked_yaml import Key


def table_files(config: RunConfig) -> dict[Key, Path]:
    """Return the file of each table, by the setting that names it."""
    return {
        ("external", place, "path"): config.from_folder(table.path)
        for place, table in enumerate(config.external)
    }


def table_columns(config: RunConfig) -> list[str]:
    """Return the columns that the tables make, as features have them.

    Examples
    --------
    >>> table = {"name": "vix", "path": "x.csv", "known_at": "t", "columns": ["Close"]}
    >>> data = {"path": "mes.csv", "label": "open"}
    >>> table_columns(RunConfig(symbol="MES", data=data, external=[table]))
    ['ext_vix_close']
    """
    return [
        f"{EXTERNAL}{table.name}_{column}"
        for table in config.external
        for column in (
            *map(plain, table.columns),
            *(() if table.event_time is None else EVENT_COLUMNS),
        )
    ]


def read_tables(config: RunConfig) -> dict[str, ExternalColumns]:
    """Read the tables.

    Raises
    ------
    ConfigError
        If a setting contradicts its file.
    DataError
        If a file cannot be read.
    """
    tables: dict[str, ExternalColumns] = {}
    for place, table in enumerate(config.external):
        try:
            tables[table.name] = read_external(
                config.from_folder(table.path),
                known_at=table.known_at,
                columns=table.columns,
                timezone=table.timezone,
                delay=table.delay,
                event_time=table.event_time,
                max_age=table.max_age,
            )
        except (ConfigError, DataError) as problem:
            where = config.place("external", place)
            raise type(problem)(f"{where}: {problem}") from problem
    return tables


def table_hashes(config: RunConfig) -> dict[str, str]:
    """Return the SHA-256 of every table's file."""
    files = zip(config.external, table_files(config).values(), strict=True)
    return {f"external.{table.name}": hash_file(path) for table, path in files}
