"""Any source of bars, file or frame, as one table of raw columns."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from barwise.bars.files import read_content
from barwise.bars.frames import load_frame
from barwise.bars.lean import is_lean, read_lean
from barwise.bars.origin import Origin
from barwise.bars.raw import RawTable, from_arrow
from barwise.bars.text import load_text
from barwise.core.errors import DataError


def load(source: Any) -> RawTable:
    """Read a path or a frame into a table of raw columns.

    Parameters
    ----------
    source : path or frame
        CSV (plain, gzip, zstd), Parquet, Arrow or Feather, a LEAN zip or a zip of one
        CSV; or whatever narwhals or the Arrow C stream interface can take.

    Returns
    -------
    RawTable

    Raises
    ------
    DataError
        If the file is absent, damaged, empty or no table.
    ConfigError
        If ``source`` is neither a path nor a frame.

    Examples
    --------
    >>> import polars as pl
    >>> load(pl.DataFrame({"time": [1], "open": [2.0]})).origin.name
    'the polars frame'
    """
    if isinstance(source, (str, Path)):
        return _load_file(Path(source))
    return load_frame(source)


def _load_file(path: Path) -> RawTable:
    kind, content = read_content(path)
    if kind == "parquet":
        return _load_parquet(path, content)
    if kind == "arrow":
        return _load_arrow(path, content)
    if kind == "zip":
        return _load_zip(path, content)
    return load_text(content, path.name)


def _load_parquet(path: Path, content: bytes) -> RawTable:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(io.BytesIO(content))
    except (pa.ArrowInvalid, OSError) as problem:
        raise DataError(
            f"{path.name} is a damaged Parquet file (cut off while it was written or "
            f"copied?): {str(problem).splitlines()[0]}"
        ) from problem
    return from_arrow(table, path.name, "parquet")


def _load_arrow(path: Path, content: bytes) -> RawTable:
    import pyarrow as pa

    try:
        if content.startswith(b"ARROW1"):
            table = pa.ipc.open_file(io.BytesIO(content)).read_all()
        else:
            table = pa.ipc.open_stream(io.BytesIO(content)).read_all()
    except (pa.ArrowInvalid, OSError) as problem:
        raise DataError(
            f"{path.name} is a damaged Arrow file (cut off while it was written or "
            f"copied?): {str(problem).splitlines()[0]}"
        ) from problem
    return from_arrow(table, path.name, "arrow")


def _load_zip(path: Path, content: bytes) -> RawTable:
    import zipfile

    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
        members = {name: archive.read(name) for name in archive.namelist()}
    except (zipfile.BadZipFile, EOFError, OSError, RuntimeError) as problem:
        raise DataError(
            f"{path.name} is a damaged or locked zip file: {problem}"
        ) from problem
    if members and all(is_lean(name) for name in members):
        frame, note = read_lean(path, members)
        return RawTable(frame, Origin(path.name), "lean", evidence=(note,))
    tables = [name for name in members if name.lower().endswith((".csv", ".txt.csv"))]
    if len(tables) == 1:
        return load_text(members[tables[0]], f"{path.name}/{tables[0]}")
    raise DataError(
        f"{path.name} holds {', '.join(sorted(members)) or 'nothing'}: a zip may hold one "
        "CSV file, or LEAN minute trade files; unpack it and pass the file that you mean"
    )
