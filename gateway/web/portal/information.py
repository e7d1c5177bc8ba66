"""Pages that only inform: home, help, privacy, accessibility. Longer ones have a template per language."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from gateway.web.i18n import language_of
from gateway.web.middleware import Handler
from gateway.web.pages import render

_PROMISES_EN: Final = {  # the charter's own words are Korean; its usual promises in English
    "C1": "your submission is with a case handler",
    "C2": "you know the handler's name, phone number and plan",
    "C4": "you are told reason, solution and remedy when something cannot be processed",
    "C7-interim": "you hear how far the inquiry into a complaint about our service is",
    "C7": "a complaint about our service is put right and answered",
    "C8": "you are told what became of a suggestion",
}
_PAGES: Final = ("help", "privacy", "accessibility")


def attach(app: web.Application) -> None:
    """Add the pages."""
    app.router.add_get("/", home)
    for name in _PAGES:
        app.router.add_get(f"/{name}", _page(name))


async def home(request: web.Request) -> web.Response:
    """Ways to submit, and the way to one's own case."""
    return render(request, "portal/home.html", {"promises_en": _PROMISES_EN})


def _page(name: str) -> Handler:
    async def page(request: web.Request) -> web.StreamResponse:
        return render(request, f"portal/{name}.{language_of(request)}.html")

    return page
