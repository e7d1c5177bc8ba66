"""Pages that only inform: home, help, privacy, accessibility. Longer ones have a template per language."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from gateway.web.i18n import language_of
from gateway.web.middleware import Handler
from gateway.web.pages import render

_PAGES: Final = ("help", "privacy", "accessibility")


def attach(app: web.Application) -> None:
    """Add the pages."""
    app.router.add_get("/", home)
    for name in _PAGES:
        app.router.add_get(f"/{name}", _page(name))


async def home(request: web.Request) -> web.Response:
    """Ways to submit, and the way to one's own case."""
    return render(request, "portal/home.html")


def _page(name: str) -> Handler:
    async def page(request: web.Request) -> web.StreamResponse:
        return render(request, f"portal/{name}.{language_of(request)}.html")

    return page
