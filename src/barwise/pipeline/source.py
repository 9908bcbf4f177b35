"""The bars that a config names, as they stand in its file or files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from barwise.bars.bars import Bars
from barwise.bars.contracts import (
    contracts_of,
    in_order,
    join_contracts,
    name_in,
    rolls_by_expiry,
    rolls_by_volume,
    side_by_side,
)
from barwise.bars.prepare import sessions_of
from barwise.bars.quality import Finding
from barwise.bars.read import read_with_findings
from barwise.bars.roll_table import Roll, read_rolls
from barwise.bars.rolls import label_contracts
from barwise.core.errors import ConfigError, DataError
from barwise.core.hashing import hash_file
from barwise.pipeline.config import RunConfig
from barwise.pipeline.marked_yaml import Key, dotted

ONE = ""
"""Name of the part that is the whole series already."""


def read_source(config: RunConfig) -> tuple[Bars, list[Finding]]:
    """Return the config's bars as one series, and times that are unclear.

    Raises
    ------
    ConfigError
        If a setting contradicts the source.
    DataError
        If the source cannot be read, or does not fit its rolls.
    """
    parts, findings = read_parts(config)
    return one_series(config, parts, find_rolls(config, parts)), findings


def read_parts(config: RunConfig) -> tuple[dict[str, Bars], list[Finding]]:
    """Return the bars of each contract, in order of expiry, or of one series.

    A series that is whole already has the name :data:`ONE`.
    """
    if config.data.contracts is None:
        bars, findings = _read(config, config.data_path)
        return contracts_of(bars) if side_by_side(bars) else {ONE: bars}, findings
    parts, findings = dict[str, Bars](), list[Finding]()
    for name, path in contract_files(config).items():
        parts[name], unclear = _read(config, path)
        findings += unclear
    if isinstance(config.data.contracts, str):
        first = {name: int(bars.time.min()) for name, bars in parts.items()}
        parts = {name: parts[name] for name in in_order(list(parts), first)}
    return parts, findings


def find_rolls(config: RunConfig, parts: Mapping[str, Bars]) -> tuple[Roll, ...]:
    """Return the rolls of the config's table, or those that its rule finds."""
    data = config.data
    if isinstance(data.rolls, tuple):
        return data.rolls
    if data.rolls is not None:
        return read_rolls(config.from_folder(data.rolls))
    if ONE in parts:
        return ()
    try:
        sessions = sessions_of(_all(parts), config.traded().calendar)
        if data.roll_by == "volume":
            return rolls_by_volume(parts, sessions)
        listed = data.contracts if isinstance(data.contracts, tuple) else ()
        ends = {one.contract: one.expiry for one in listed if one.expiry is not None}
        return rolls_by_expiry(parts, ends, sessions, days=data.roll_days)
    except ConfigError as problem:
        raise ConfigError(
            f"{config.place('data', 'contracts')}: {problem}"
        ) from problem


def one_series(
    config: RunConfig, parts: Mapping[str, Bars], rolls: tuple[Roll, ...]
) -> Bars:
    """Join the parts at the rolls, or name the contracts of the one series."""
    if ONE in parts and not rolls:
        return parts[ONE]
    key = "contracts" if config.data.rolls is None else "rolls"
    try:
        sessions = sessions_of(_all(parts), config.traded().calendar)
        if ONE in parts:
            return label_contracts(parts[ONE], rolls, sessions)
        return join_contracts(parts, rolls, sessions)
    except (ConfigError, DataError) as problem:
        raise type(problem)(f"{config.place('data', key)}: {problem}") from problem


def contract_files(config: RunConfig) -> dict[str, Path]:
    """Return the file of each contract, by name.

    Raises
    ------
    ConfigError
        If a folder or pattern has no file, or a file's name says no contract or that of
        another one.
    """
    given = config.data.contracts
    if isinstance(given, tuple):
        return {one.contract: config.from_folder(one.path) for one in given}
    found: dict[str, Path] = {}
    for path in _matching(config.from_folder(Path(given or ""))):
        name = name_in(path.name)
        why = None if name else "says no contract, as ESM4_5m.csv or 202406.csv do"
        if name in found:
            why = f"says contract {name}, as {found[name].name} does"
        if why or name is None:
            raise ConfigError(
                f"{config.place('data', 'contracts')}: the name of {path} {why}; list the "
                "files ([{contract: ..., path: ...}, ...])"
            )
        found[name] = path
    if not found:
        raise ConfigError(
            f"{config.place('data', 'contracts')}: there is no file in {given!r}; name a "
            "folder, or a pattern such as es/*.csv; paths are relative to the config file"
        )
    return found


def named_files(config: RunConfig) -> dict[Key, Path]:
    """Return every file that the bars depend on, by the setting that names it."""
    data = config.data
    files: dict[Key, Path] = {}
    if data.path is not None:
        files["data", "path"] = config.data_path
    if data.contracts is not None:
        listed = enumerate(contract_files(config).items())
        for place, (name, path) in listed:
            each = place if isinstance(data.contracts, tuple) else name
            files["data", "contracts", each] = path
    if isinstance(data.rolls, Path):
        files["data", "rolls"] = config.from_folder(data.rolls)
    return files


def source_hashes(config: RunConfig) -> dict[str, str]:
    """Return the SHA-256 of every file that the bars depend on."""
    return {dotted(key): hash_file(path) for key, path in named_files(config).items()}


def _matching(pattern: Path) -> list[Path]:
    if pattern.is_dir():
        pattern = pattern / "*"
    folder = pattern.parent
    found = sorted(folder.glob(pattern.name)) if folder.is_dir() else []
    return [path for path in found if path.is_file() and path.name[0] != "."]


def _read(config: RunConfig, path: Path) -> tuple[Bars, list[Finding]]:
    data = config.data
    try:
        return read_with_findings(
            path,
            symbol=config.symbol,
            label=data.label,
            timezone=data.timezone,
            columns=data.columns or None,
            prices=data.prices,
        )
    except ConfigError as problem:
        raise ConfigError(f"{config.place('data')}: {problem}") from problem


def _all(parts: Mapping[str, Bars]) -> Bars:
    return Bars.concat(list(parts.values()))
