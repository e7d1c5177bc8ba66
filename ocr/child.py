"""The sandboxed program that makes renditions and reads pages: `python -m ocr.child` under `gateway.sandbox`.

Guarantees: one request does a bounded piece of work (one rendition, a few pages, one text layer), so a file of many
pages stays within the limits and a page that breaks costs only its piece; heavy libraries and models are loaded when
first needed. Large results are files in the request's work folder.

Requests (`do`): `render` {path, name, folder}; `read` {pdf, first, last, folder}; `layer` {pdf, readings, folder}.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from gateway.domain.transcript import Transcript
from gateway.sandbox import serve


def handle(request: dict[str, Any]) -> dict[str, Any]:
    """Do what a request asks.

    Raises:
        ValueError: the request names no such work.
    """
    folder = Path(request["folder"])
    os.environ["HOME"] = os.environ["TMPDIR"] = str(folder)
    match request["do"]:
        case "render":
            return _render(Path(request["path"]), request["name"], folder)
        case "read":
            return _read(Path(request["pdf"]), int(request["first"]), int(request["last"]), folder)
        case "layer":
            return _layer(Path(request["pdf"]), [Path(p) for p in request["readings"]], folder)
    raise ValueError(f"no such work: {request['do']}")


def _render(path: Path, name: str, folder: Path) -> dict[str, Any]:
    from ocr.renditions import render  # noqa: PLC0415 - loaded when first needed

    made = render(path, name, folder)
    text = ""
    if made.text is not None:
        (folder / "text.txt").write_text(made.text, encoding="utf-8")
        text = str(folder / "text.txt")
    return {
        "kind": made.kind, "pdf": str(made.pdf or ""), "pages": made.pages, "trouble": made.trouble, "text": text,
    }  # fmt: skip


def _read(pdf: Path, first: int, last: int, folder: Path) -> dict[str, Any]:
    from ocr.pages import open_document, read_page  # noqa: PLC0415 - loaded when first needed

    with open_document(str(pdf)) as document:
        readings = [read_page(document, number) for number in range(first, last + 1)]
    written = folder / f"reading-{first:05}.json"
    written.write_text(
        json.dumps({
            "transcript": Transcript(pages=tuple(r.page for r in readings)).to_json(),
            "turns": {r.page.number: r.turns for r in readings},
            "layer": [r.page.number for r in readings if r.layer],
        }),
        encoding="utf-8",
    )  # fmt: skip
    return {"reading": str(written)}


def _layer(pdf: Path, readings: list[Path], folder: Path) -> dict[str, Any]:
    from ocr.searchable import add_layer  # noqa: PLC0415 - loaded when first needed

    lines, turns = {}, {}
    for path in readings:
        reading = json.loads(path.read_text(encoding="utf-8"))
        wanted = set(reading["layer"])
        turns.update({int(number): turned for number, turned in reading["turns"].items()})
        for page in Transcript.from_json(reading["transcript"]).pages:
            if page.number in wanted:
                lines[page.number] = page.lines
    target = folder / "searchable.pdf"
    add_layer(pdf, target, lines, turns)
    return {"pdf": str(target)}


if __name__ == "__main__":
    serve(handle)
