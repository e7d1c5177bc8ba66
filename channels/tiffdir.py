"""Reads the directories of a TIFF file (one per page) without decoding anything.

Guarantees: bounded work on any bytes (pages, entries and array sizes are capped; a directory is visited once), no
allocation that a file's own numbers could blow up, and never an exception on bad content: what could be read comes
back with `fault` saying why the rest could not. Because no pixel is decoded, this is done in the gateway's own process.
Sources: TIFF 6.0 §2; RFC 2301 and RFC 2306 (fax tags 326-328); libtiff's HylaFAX tags 34908-34911.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import BinaryIO

MAX_PAGES = 2000
_MAX_ENTRIES = 512
_MAX_STRIPS = 20_000
_MAX_TEXT = 256
_ENTRY = 12
_HEADER = 8
_MAGIC = 42
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}
_INTEGERS = {1: "B", 3: "H", 4: "I"}
_ASCII, _RATIONAL, _FLOAT = 2, 5, 11
_CM_PER_INCH = 2.54
_UNIT_CM = 3

WIDTH, LENGTH, COMPRESSION, DESCRIPTION, SOFTWARE = 256, 257, 259, 270, 305
STRIP_OFFSETS, STRIP_COUNTS, TILE_OFFSETS, TILE_COUNTS = 273, 279, 324, 325
X_RESOLUTION, Y_RESOLUTION, RESOLUTION_UNIT = 282, 283, 296
BAD_LINES, CLEAN_DATA, BAD_RUN = 326, 327, 328
FAX_SUB_ADDRESS, FAX_SECONDS = 34909, 34910


@dataclass(frozen=True, slots=True)
class Page:
    """What one directory says.

    Attributes:
        width: pixels.
        length: pixels.
        x_dpi: dots per inch across, 0.0 when not given.
        y_dpi: dots per inch down.
        compression: TIFF code: 3 is T.4 (MH/MR), 4 is T.6 (MMR).
        bad_lines: scan lines received in error (tag 326).
        worst_run: most bad lines in a row (tag 328).
        description: tag 270; HylaFAX puts the sender's TSI and caller id there, a line each.
        sub_address: T.30 sub-address, tag 34909.
        seconds: how long the page took to receive, tag 34910.
    """

    width: int = 0
    length: int = 0
    x_dpi: float = 0.0
    y_dpi: float = 0.0
    compression: int = 1
    bad_lines: int = 0
    worst_run: int = 0
    description: str = ""
    sub_address: str = ""
    seconds: int = 0


@dataclass(frozen=True, slots=True)
class Directories:
    """All pages that could be read, and why the chain stopped early (empty: it is whole)."""

    pages: tuple[Page, ...]
    fault: str = ""


class _Broken(Exception):
    """A directory does not lie within the file, or contradicts itself."""


@dataclass(slots=True)
class _Reader:
    file: BinaryIO
    size: int
    order: str

    def at(self, offset: int, length: int) -> bytes:
        if offset < _HEADER or offset + length > self.size:
            raise _Broken("points beyond the end of the file")
        self.file.seek(offset)
        read = self.file.read(length)
        if len(read) != length:
            raise _Broken("the file ends early")
        return read

    def field(self, entry: bytes, limit: int) -> tuple[int, bytes]:
        """The type and raw value of an entry; at most `limit` values are taken."""
        _, kind, count = struct.unpack(f"{self.order}HHI", entry[:8])
        each = _SIZES.get(kind, 1)
        whole = each * count
        if whole <= 4:  # noqa: PLR2004 - TIFF 6.0 §2: a value of up to four bytes stands in the entry itself
            return kind, entry[8 : 8 + whole]
        (offset,) = struct.unpack(f"{self.order}I", entry[8:])
        if offset + whole > self.size:
            raise _Broken("a field points beyond the end of the file")
        return kind, self.at(offset, each * min(count, limit))

    def integers(self, entry: bytes | None, limit: int = 1) -> tuple[int, ...]:
        if entry is None:
            return ()
        kind, raw = self.field(entry, limit)
        letter = _INTEGERS.get(kind)
        if letter is None:
            return ()
        return struct.unpack(f"{self.order}{len(raw) // _SIZES[kind]}{letter}", raw)

    def integer(self, entry: bytes | None, default: int = 0) -> int:
        values = self.integers(entry)
        return values[0] if values else default

    def number(self, entry: bytes | None) -> float:
        if entry is None:
            return 0.0
        kind, raw = self.field(entry, 1)
        if kind == _RATIONAL:
            above, below = struct.unpack(f"{self.order}II", raw)
            return float(above) / below if below else 0.0
        if kind == _FLOAT:
            (value,) = struct.unpack(f"{self.order}f", raw)
            return float(value)
        return float(self.integer(entry))

    def text(self, entry: bytes | None) -> str:
        if entry is None:
            return ""
        kind, raw = self.field(entry, _MAX_TEXT)
        if kind != _ASCII:
            return ""
        return raw.split(b"\0", 1)[0].decode("utf-8", "replace").strip()


def is_tiff(head: bytes) -> bool:
    """Whether these first bytes are those of a classic TIFF."""
    return head[:4] in (b"II*\0", b"MM\0*")


def read_directories(file: BinaryIO, size: int) -> Directories:
    """Follow the chain of directories and check that each one's pixels lie within the file.

    Args:
        file: seekable, opened for reading.
        size: its length in bytes.
    """
    file.seek(0)
    head = file.read(_HEADER)
    if len(head) < _HEADER or not is_tiff(head):
        return Directories((), "not a TIFF file")
    order = "<" if head[:2] == b"II" else ">"
    reader = _Reader(file, size, order)
    (following,) = struct.unpack(f"{order}I", head[4:])
    pages: list[Page] = []
    seen: set[int] = set()
    if following == 0:
        return Directories((), "no page has been written yet")
    while following:
        if following in seen or len(pages) >= MAX_PAGES:
            return Directories(tuple(pages), "its directories run in a circle or without end")
        seen.add(following)
        try:
            page, following = _page(reader, following)
        except _Broken as why:
            return Directories(tuple(pages), f"page {len(pages) + 1}: {why}")
        pages.append(page)
    return Directories(tuple(pages))


def _page(reader: _Reader, offset: int) -> tuple[Page, int]:
    (count,) = struct.unpack(f"{reader.order}H", reader.at(offset, 2))
    if not 0 < count <= _MAX_ENTRIES:
        raise _Broken(f"a directory of {count} entries")
    raw = reader.at(offset + 2, count * _ENTRY + 4)
    found: dict[int, bytes] = {}
    for i in range(count):
        entry = raw[i * _ENTRY : (i + 1) * _ENTRY]
        found.setdefault(struct.unpack(f"{reader.order}H", entry[:2])[0], entry)
    (following,) = struct.unpack(f"{reader.order}I", raw[-4:])
    _check_pixels(reader, found)
    scale = _CM_PER_INCH if reader.integer(found.get(RESOLUTION_UNIT), 2) == _UNIT_CM else 1.0
    page = Page(
        width=reader.integer(found.get(WIDTH)),
        length=reader.integer(found.get(LENGTH)),
        x_dpi=round(reader.number(found.get(X_RESOLUTION)) * scale, 1),
        y_dpi=round(reader.number(found.get(Y_RESOLUTION)) * scale, 1),
        compression=reader.integer(found.get(COMPRESSION), 1),
        bad_lines=reader.integer(found.get(BAD_LINES)),
        worst_run=reader.integer(found.get(BAD_RUN)),
        description=reader.text(found.get(DESCRIPTION)),
        sub_address=reader.text(found.get(FAX_SUB_ADDRESS)),
        seconds=reader.integer(found.get(FAX_SECONDS)),
    )
    return page, following


def _check_pixels(reader: _Reader, found: dict[int, bytes]) -> None:
    """Every strip (or tile) lies within the file."""
    tiled = TILE_OFFSETS in found
    offsets = reader.integers(found.get(TILE_OFFSETS if tiled else STRIP_OFFSETS), _MAX_STRIPS)
    counts = reader.integers(found.get(TILE_COUNTS if tiled else STRIP_COUNTS), _MAX_STRIPS)
    if not offsets:
        raise _Broken("it has no pixels")
    if counts and len(counts) != len(offsets):
        raise _Broken("its strips and their lengths differ in number")
    for start, length in zip(offsets, counts or (0,) * len(offsets), strict=True):
        if start + length > reader.size or start < _HEADER:
            raise _Broken("its pixels lie beyond the end of the file")
