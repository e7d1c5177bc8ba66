"""Originals, renditions and pictures of pages for staff.

Guarantees: an original leaves as a download of no known type, so that no browser ever runs what a citizen sent; a
rendition leaves as PDF; pages are drawn in a sandboxed child. Each look is in the access log (pages count as part of
the page they stand on). Fails with 404 for a file of another case and 403 for a case that is not the reader's.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final
from urllib.parse import quote

from aiohttp import web

from gateway.domain.errors import NotFound, Unreadable
from gateway.domain.people import StaffRole
from gateway.domain.submission import Original
from gateway.store import submissions
from gateway.web.auth import SignedIn, requires
from gateway.web.context import CONTEXT
from gateway.web.page_image import PageImages
from gateway.web.staff_access import open_case

SEES_CASES: Final = (StaffRole.CLERK, StaffRole.HANDLER, StaffRole.SUPERIOR, StaffRole.AUDITOR)
PDF_HEADERS: Final = {
    "Cache-Control": "no-store",
    # the browser's own PDF viewer styles itself
    "Content-Security-Policy": "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'",
}
_IMAGES: Final = web.AppKey("page_images", PageImages)
_PAGE_WIDTH: Final = 1400
_DRAWABLE: Final = ("application/pdf", "image/")


def drawable(original: Original) -> bool:
    """Whether a picture of its pages can be tried."""
    return bool(original.rendition_sha256) or original.media_type.startswith(_DRAWABLE)


@requires(*SEES_CASES)
async def original_file(request: web.Request, me: SignedIn) -> web.StreamResponse:
    """The original, to be kept and opened elsewhere."""
    original = await asyncio.to_thread(_file, request, me, "opened_original")
    path = await asyncio.to_thread(request.app[CONTEXT].blobs.path, original.sha256)
    name = quote(original.name or f"original-{original.id}", safe="")
    headers = {
        "Content-Type": "application/octet-stream",
        "Content-Disposition": f"attachment; filename=\"original-{original.id}\"; filename*=UTF-8''{name}",
        "Cache-Control": "no-store",
    }
    return web.FileResponse(path, headers=headers)


@requires(*SEES_CASES)
async def rendition(request: web.Request, me: SignedIn) -> web.StreamResponse:
    """The PDF made from an original."""
    original = await asyncio.to_thread(_file, request, me, "opened_rendition")
    if not original.rendition_sha256:
        raise NotFound(f"original {original.id} has no rendition")
    path = await asyncio.to_thread(request.app[CONTEXT].blobs.path, original.rendition_sha256)
    return pdf_file(path, f"rendition-{original.id}.pdf")


def pdf_file(path: Path, name: str) -> web.FileResponse:
    """A PDF to be looked at in the browser."""
    headers = {**PDF_HEADERS, "Content-Type": "application/pdf", "Content-Disposition": f'inline; filename="{name}"'}
    return web.FileResponse(path, headers=headers)


@requires(*SEES_CASES)
async def page_picture(request: web.Request, me: SignedIn) -> web.StreamResponse:
    """One page as PNG."""
    original = await asyncio.to_thread(_file, request, me, "")
    sha256 = original.rendition_sha256 or original.sha256
    if not drawable(original):
        raise NotFound(f"original {original.id} has no pages to draw")
    try:
        picture = await asyncio.to_thread(_draw, request, sha256)
    except Unreadable as error:
        raise NotFound(f"page cannot be drawn: {error.cause}") from error
    return web.Response(body=picture, content_type="image/png", headers={"Cache-Control": "no-store"})


def _draw(request: web.Request, sha256: str) -> bytes:
    path = request.app[CONTEXT].blobs.path(sha256)
    return request.app[_IMAGES].png(path, sha256, int(request.match_info["page"]), _PAGE_WIDTH)


def _file(request: web.Request, me: SignedIn, what: str) -> Original:
    database = request.app[CONTEXT].database
    # for a picture of a page no look is recorded: it was when the page it stands on was opened
    with database.transaction() if what else database.reading() as tx:
        case, _ = open_case(request, me, tx, what)
        original = submissions.original(tx, int(request.match_info["original"]))
        if original.submission_id != case.id:
            raise NotFound(f"original {original.id} belongs to another case")
        return original


async def _close(app: web.Application) -> None:
    await asyncio.to_thread(app[_IMAGES].close)


def attach(app: web.Application) -> None:
    """Add the routes."""
    app[_IMAGES] = PageImages()
    app.on_cleanup.append(_close)
    base = r"/staff/cases/{number:[0-9-]+}"
    app.router.add_get(base + r"/originals/{original:\d{1,12}}", original_file)
    app.router.add_get(base + r"/renditions/{original:\d{1,12}}", rendition)
    app.router.add_get(base + r"/pages/{original:\d{1,12}}/{page:\d{1,4}}.png", page_picture)
