from __future__ import annotations

import io
import struct

from hypothesis import given
from hypothesis import strategies as st

from channels.tiffdir import MAX_PAGES, Directories, read_directories

_SHORT, _LONG, _RATIONAL = 3, 4, 5


def tiff(*pages: dict[int, tuple[int, int]], order: str = "<", close: int | None = None) -> bytes:
    """A TIFF of directories with one strip of eight bytes each; `close` makes the last one point back there."""
    body = bytearray((b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", 0))
    link = 4
    for extra in pages:
        strip = len(body)
        body += b"\x00" * 8
        fields = {273: (_LONG, strip), 279: (_LONG, 8), **extra}
        directory = len(body)
        body[link : link + 4] = struct.pack(f"{order}I", directory)
        body += struct.pack(f"{order}H", len(fields))
        for tag, (kind, value) in sorted(fields.items()):
            raw = struct.pack(f"{order}I" if kind != _SHORT else f"{order}Hxx", value)
            body += struct.pack(f"{order}HHI", tag, kind, 1) + raw
        link = len(body)
        body += struct.pack(f"{order}I", 0)
    if close is not None:
        body[link : link + 4] = struct.pack(f"{order}I", close)
    return bytes(body)


def read(content: bytes) -> Directories:
    return read_directories(io.BytesIO(content), len(content))


def test_both_byte_orders_give_size_and_fax_tags() -> None:
    tags = {
        256: (_SHORT, 1728),
        257: (_LONG, 1143),
        259: (_SHORT, 4),
        326: (_SHORT, 7),
        328: (_SHORT, 3),
        34910: (_LONG, 9),
    }
    for order in "<>":
        found = read(tiff(tags, {}, order=order))
        assert found.fault == ""
        assert len(found.pages) == 2
        page = found.pages[0]
        assert (page.width, page.length, page.compression) == (1728, 1143, 4)
        assert (page.bad_lines, page.worst_run, page.seconds) == (7, 3, 9)


def test_every_cut_of_a_tiff_is_told() -> None:
    whole = tiff({256: (_SHORT, 1728)}, {256: (_SHORT, 1728)})
    assert read(whole).fault == ""
    for length in range(len(whole)):
        assert read(whole[:length]).fault


def test_pages_before_a_fault_are_kept() -> None:
    whole = tiff({256: (_SHORT, 1728)}, {256: (_SHORT, 1728)})
    cut = read(whole[:-6])
    assert len(cut.pages) == 1
    assert cut.fault.startswith("page 2")


def test_a_chain_that_runs_in_a_circle_ends() -> None:
    found = read(tiff({}, {}, close=8 + 8))
    assert len(found.pages) == 2
    assert "circle" in found.fault


def test_a_file_without_a_page_yet_is_unfinished() -> None:
    assert "no page" in read(b"II*\0\0\0\0\0").fault


def test_strips_beyond_the_end_are_told() -> None:
    assert "pixels" in read(tiff({279: (_LONG, 5000)})).fault


@given(st.binary(max_size=400))
def test_no_bytes_make_it_raise(content: bytes) -> None:
    for magic in (b"", b"II*\0", b"MM\0*"):
        found = read(magic + content)
        assert len(found.pages) <= MAX_PAGES


@given(st.data())
def test_no_changed_byte_makes_it_raise(data: st.DataObject) -> None:
    whole = bytearray(tiff({256: (_SHORT, 1728), 282: (_RATIONAL, 8)}, {270: (2, 8)}))
    for _ in range(data.draw(st.integers(1, 6))):
        whole[data.draw(st.integers(4, len(whole) - 1))] = data.draw(st.integers(0, 255))
    read(bytes(whole))
