"""A TrueType font that shows nothing, made here byte by byte, for text that is found and copied but never seen.

Guarantees: two glyphs without area, every character half an em wide; a few hundred bytes, so that embedding it (PDF/A
wants every font embedded) costs nothing. Source: OpenType 1.9, the six tables that ISO 32000-1 §9.9 asks of an embedded
CIDFontType2.
"""

from __future__ import annotations

import struct

UNITS = 1000
ADVANCE = 500
_CHECK = 0xB1B0AFBA
# One contour of two points: it encloses nothing, but gives the glyph a box. PDFium, and so Chromium's viewer, does not
# find vertical text (on a page that was turned) whose glyphs have none.
_STROKE = struct.pack(">hhhhhHHBBhhhh", 1, 0, 0, ADVANCE, UNITS, 1, 0, 1, 1, 0, ADVANCE, 0, UNITS)


def font_bytes() -> bytes:
    """The font file."""
    tables = {
        b"glyf": _STROKE,
        b"head": struct.pack(
            ">IIIIHHQQhhhhHHhhh",
            0x00010000, 0x00010000, 0, 0x5F0F3CF5, 0, UNITS, 0, 0, 0, 0, ADVANCE, UNITS, 0, 8, 2, 0, 0,
        ),
        b"hhea": struct.pack(">IhhhHhhhhhhhhhhhH", 0x00010000, UNITS, -1, 0, ADVANCE, *(0,) * 11, 2),
        b"hmtx": struct.pack(">HhHh", ADVANCE, 0, ADVANCE, 0),
        b"loca": struct.pack(">HHH", 0, 0, len(_STROKE) // 2),
        b"maxp": struct.pack(">IHHHHHHHHHHHHHH", 0x00010000, 2, 2, 1, 0, 0, 2, *(0,) * 8),
    }  # fmt: skip
    offset = 12 + 16 * len(tables)
    directory, body = b"", b""
    for tag, content in sorted(tables.items()):
        padded = content + b"\0" * (-len(content) % 4)
        directory += tag + struct.pack(">III", _checksum(padded), offset + len(body), len(content))
        body += padded
    font = struct.pack(">IHHHH", 0x00010000, len(tables), 64, 2, 32) + directory + body
    adjust = (_CHECK - _checksum(font)) & 0xFFFFFFFF
    head = font.index(tables[b"head"])
    return font[: head + 8] + struct.pack(">I", adjust) + font[head + 12 :]


def _checksum(content: bytes) -> int:
    content += b"\0" * (-len(content) % 4)
    return int(sum(struct.unpack(f">{len(content) // 4}I", content)) & 0xFFFFFFFF)
