"""Reading one original through the sandbox: rendition, pages in small pieces, searchable copy.

Guarantees: never raises for a bad file. Whatever happens in the child becomes a trouble in words for the clerk, and
what was read before it stays. `beat` is called between pieces so that the caller can keep its lease. Fails only with
what concerns the office and not the file: `MissingPart` when a program is not installed.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from gateway.domain.transcript import Line, Page, Source, Transcript
from gateway.sandbox import ChildFailed, Reason, Sandbox
from ocr import troubles
from ocr.values import masked

_PIECE = 3  # pages a request
_PIECE_WALL_S, _RENDER_WALL_S, _LAYER_WALL_S = 120.0, 150.0, 60.0
_MEMORY_BYTES = 4 << 30  # address space: the detector maps about 2 GB and uses 0.7
_A4 = (595.0, 842.0)


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read from one original.

    Attributes:
        kind: media type by content.
        pdf: the rendition in the work folder, searchable where pages were recognised; None when there is none.
        page_count: pages of the rendition; 0 when there is none.
        pages: what was read, without the original's number.
        troubles: in words for the clerk.
    """

    kind: str
    pdf: Path | None = None
    page_count: int = 0
    pages: tuple[Page, ...] = ()
    troubles: tuple[str, ...] = field(default_factory=tuple)


def reading_sandbox(*, idle_s: float = 60.0) -> Sandbox:
    """A sandbox for `ocr.child` with limits that suit A4 pages at 300 dpi.

    Args:
        idle_s: seconds after which an idle child leaves and lets its models go.
    """
    return Sandbox(
        "ocr.child", memory_bytes=_MEMORY_BYTES, cpu_s=120, wall_s=_PIECE_WALL_S, idle_s=idle_s, max_requests=100
    )


class Reader:
    """Reads originals.

    Args:
        sandbox: as `reading_sandbox` makes it.
        max_pages: pages read of one original; further ones keep their picture in the rendition and are told.
    """

    def __init__(self, sandbox: Sandbox, *, max_pages: int = 100) -> None:
        self._sandbox = sandbox
        self._max_pages = max_pages

    def read(self, path: Path, name: str, folder: Path, *, beat: Callable[[], None] = lambda: None) -> Reading:
        """Read one original.

        Args:
            path: the original, only read.
            name: its name as the sender gave it.
            folder: an empty work folder for this original alone; the rendition is left there.
            beat: called before each piece of work.
        """
        beat()
        try:
            made = self._sandbox.call(
                {"do": "render", "path": str(path), "name": name, "folder": str(folder)}, wall_s=_RENDER_WALL_S
            )
        except ChildFailed as failed:
            return Reading("", troubles=(told(failed),))
        trouble = [str(made["trouble"])] if made["trouble"] else []
        if not made["pdf"]:
            return Reading(str(made["kind"]), troubles=tuple(trouble))
        pdf, count = Path(made["pdf"]), int(made["pages"])
        if made["text"]:
            page = plain_page(Path(made["text"]).read_text(encoding="utf-8"))
            return Reading(str(made["kind"]), pdf, count, (page,), tuple(trouble))
        readings, more = self._pieces(pdf, count, folder, beat)
        trouble += more
        pages: list[Page] = []
        for reading in readings:
            pages += Transcript.from_json(json.loads(reading.read_text(encoding="utf-8"))["transcript"]).pages
        searchable = self._searchable(pdf, readings, folder, beat)
        return Reading(str(made["kind"]), searchable, count, tuple(pages), tuple(dict.fromkeys(trouble)))

    def _pieces(self, pdf: Path, count: int, folder: Path, beat: Callable[[], None]) -> tuple[list[Path], list[str]]:
        """The pages' readings as files; a piece that breaks is tried page by page."""
        readings: list[Path] = []
        trouble = [] if count <= self._max_pages else [troubles.too_many_pages(count, self._max_pages)]
        last = min(count, self._max_pages)
        pieces = [(first, min(first + _PIECE - 1, last)) for first in range(1, last + 1, _PIECE)]
        while pieces:
            first, end = pieces.pop(0)
            beat()
            try:
                request = {"do": "read", "pdf": str(pdf), "first": first, "last": end, "folder": str(folder)}
                readings.append(Path(self._sandbox.call(request)["reading"]))
            except ChildFailed as failed:
                if end > first:
                    pieces = [(number, number) for number in range(first, end + 1)] + pieces
                else:
                    trouble += [troubles.SOME_PAGES, told(failed)]
        return readings, trouble

    def _searchable(self, pdf: Path, readings: list[Path], folder: Path, beat: Callable[[], None]) -> Path:
        """The rendition with the text layer and upright pages; the plain one when that fails or is not needed."""
        contents = [json.loads(path.read_text(encoding="utf-8")) for path in readings]
        if not any(content["layer"] or any(content["turns"].values()) for content in contents):
            return pdf
        beat()
        try:
            request = {"do": "layer", "pdf": str(pdf), "readings": [str(r) for r in readings], "folder": str(folder)}
            return Path(self._sandbox.call(request, wall_s=_LAYER_WALL_S)["pdf"])
        except ChildFailed:
            return pdf  # not searchable, but as good to look at


def plain_page(text: str) -> Page:
    """Text that needed no reading (typed, mail body) as one page; personal numbers masked."""
    lines = tuple(Line(masked(line.strip()), 1.0) for line in text.splitlines() if line.strip())
    return Page(0, 1, *_A4, source=Source.PLAIN, lines=lines, blank=not lines)


def told(failed: ChildFailed) -> str:
    """A failure of the child in words for the clerk."""
    return {
        Reason.TIME: troubles.TOO_SLOW,
        Reason.MEMORY: troubles.TOO_BIG,
        Reason.REFUSED: troubles.DAMAGED,
    }.get(failed.reason, troubles.CRASHED)
