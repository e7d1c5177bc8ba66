"""Pages that only inform: home, help, privacy, accessibility."""

from __future__ import annotations

from aiohttp import web

from gateway.web.pages import render


def attach(app: web.Application) -> None:
    """Add the pages."""
    app.router.add_get("/", home)


async def home(request: web.Request) -> web.Response:
    """Ways to submit, and the way to one's own case."""
    return render(request, "portal/home.html")
