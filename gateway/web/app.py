"""The web application: citizen pages, staff pages, static files, health.

Guarantees: `create_app` reads nothing but its argument; `/healthz` says that the process answers, `/readyz` that it can
reach its database. Each part adds its own routes through an `attach(app)` function listed in `PARTS`; inside a page
`request.app[CONTEXT]` is the `WebContext`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import Final

import sqlalchemy
from aiohttp import web
from sqlalchemy.exc import SQLAlchemyError

from gateway.domain.errors import GatewayError
from gateway.web import pages, portal, staff
from gateway.web.context import CONTEXT, WebContext
from gateway.web.middleware import MIDDLEWARES
from gateway.web.static_files import FILES, StaticFiles

_FORM_BYTES: Final = 1024 * 1024  # of forms without files; submissions are streamed and have their own limits
PARTS: Final[tuple[Callable[[web.Application], None], ...]] = (portal.attach, staff.attach)


def create_app(context: WebContext) -> web.Application:
    """The application, ready for `web.AppRunner`.

    Raises:
        ValueError: the secret is shorter than 32 bytes.
    """
    if len(context.secret) < 32:  # noqa: PLR2004 - bytes of a SHA-256 key
        raise ValueError("the session secret needs at least 32 bytes")
    app = web.Application(middlewares=MIDDLEWARES, client_max_size=_FORM_BYTES)
    app[CONTEXT] = context
    app[FILES] = StaticFiles(context.static_roots)
    pages.set_up(app)
    app.router.add_get("/healthz", _alive)
    app.router.add_get("/readyz", _ready)
    app.router.add_get("/static/{name:.+}", app[FILES].serve)
    app.router.add_get("/favicon.ico", _favicon)
    app.router.add_get("/robots.txt", _robots)
    for attach in PARTS:
        attach(app)
    return app


async def _alive(_request: web.Request) -> web.Response:
    return web.json_response({"alive": True})


async def _ready(request: web.Request) -> web.Response:
    try:
        await asyncio.to_thread(_ask_database, request.app[CONTEXT])
    except (SQLAlchemyError, GatewayError, OSError) as error:
        return web.json_response(
            {"ready": False, "cause": type(error).__name__},
            status=HTTPStatus.SERVICE_UNAVAILABLE,
        )
    return web.json_response({"ready": True})


def _ask_database(context: WebContext) -> None:
    with context.database.reading() as connection:
        connection.execute(sqlalchemy.text("SELECT 1"))


async def _favicon(request: web.Request) -> web.Response:
    raise web.HTTPFound(request.app[FILES].address("app/mark.svg"))


async def _robots(_request: web.Request) -> web.Response:
    return web.Response(text="User-agent: *\nDisallow: /case\nDisallow: /receipt\nDisallow: /static\n")
