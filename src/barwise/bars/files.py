"""The bytes of a file and what they are, told by content and not by name."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

from barwise.core.errors import DataError

_MAGIC = {
    b"PAR1": "parquet",
    b"ARROW1": "arrow",
    b"\xff\xff\xff\xff": "arrow",
    b"PK\x03\x04": "zip",
    b"PK\x05\x06": "zip",
}
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_BOMS = {b"\xef\xbb\xbf": "utf-8", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
_NAMED = {".parquet": "parquet", ".feather": "arrow", ".arrow": "arrow", ".zip": "zip"}


def read_content(path: Path) -> tuple[str, bytes]:
    """Return what a file is (``parquet``, ``arrow``, ``zip``, ``text``) and its bytes.

    Text comes decompressed and in UTF-8 without byte order mark.

    Raises
    ------
    DataError
        If the file is absent, a folder, unreadable, cut off or no text.
    """
    content = _read(path)
    for magic, kind in _MAGIC.items():
        if content.startswith(magic):
            return kind, content
    named = _NAMED.get(path.suffix.lower())
    if named is not None and content:
        raise DataError(
            f"{path} is named {path.suffix}, but its content is no {named} file (it starts "
            f"with {content[:4]!r}); it is damaged, or has the wrong name"
        )
    return "text", _as_utf8(_decompressed(content, path), path)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        near = _near(path)
        raise DataError(f"{path} does not exist{near}") from None
    except IsADirectoryError:
        raise DataError(
            f"{path} is a folder; pass one file of it (one symbol's bars)"
        ) from None
    except PermissionError:
        raise DataError(
            f"{path} may not be read: change its rights (chmod u+r) or copy it"
        ) from None
    except OSError as problem:
        raise DataError(
            f"{path} cannot be read: {problem.strerror or problem}"
        ) from None


def _near(path: Path) -> str:
    from difflib import get_close_matches

    if not path.parent.is_dir():
        return f": there is no folder {path.parent}"
    names = [entry.name for entry in path.parent.iterdir()]
    near = get_close_matches(path.name, names, n=1)
    return f"; did you mean {near[0]!r}?" if near else f" in the folder {path.parent}"


def _decompressed(content: bytes, path: Path) -> bytes:
    import zstandard

    try:
        if content.startswith(_GZIP):
            return gzip.decompress(content)
        if content.startswith(_ZSTD):
            return _unzstd(content)
    except (EOFError, OSError, zlib.error, zstandard.ZstdError) as problem:
        raise DataError(
            f"{path} is a damaged compressed file (cut off while it was written or "
            f"downloaded?): {problem}; get it again"
        ) from problem
    return content


def _unzstd(content: bytes) -> bytes:
    """Decompress every frame of a .zst; a frame without end is an error."""
    import zstandard

    parts = []
    while content:
        reader = zstandard.ZstdDecompressor().decompressobj()
        parts.append(reader.decompress(content))
        if not reader.eof:
            raise EOFError("the last frame has no end")
        content = reader.unused_data
    return b"".join(parts)


def _as_utf8(content: bytes, path: Path) -> bytes:
    for mark, encoding in _BOMS.items():
        if content.startswith(mark):
            if encoding == "utf-8":
                return content[len(mark) :]
            try:
                return content.decode(encoding).encode()
            except UnicodeDecodeError as problem:
                raise DataError(f"{path} is damaged UTF-16 text: {problem}") from None
    if b"\0" in content[:4096]:
        raise DataError(
            f"{path} is binary and of no known kind (CSV, gzip, zstd, Parquet, Arrow, LEAN "
            f"zip); it starts with {content[:8]!r}"
        )
    return content
