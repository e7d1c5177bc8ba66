"""Log-in of staff, and who may open which page.

Guarantees: a page behind `requires` runs only for a member of staff of the directory who holds one of the roles named
and whose session is alive; everyone else is sent to the log-in page (not logged in) or refused with 403 (logged in).
Passwords are compared in a thread, two at a time at most, since each comparison takes 64 MiB.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final
from urllib.parse import quote, urlsplit

from aiohttp import web

from gateway.domain.errors import Forbidden
from gateway.domain.people import Person, StaffRole
from gateway.store import accounts
from gateway.web import keeping
from gateway.web.context import CONTEXT
from gateway.web.middleware import Handler, remote_address
from gateway.web.pages import render
from gateway.web.staff_parts import STAFF

COOKIE: Final = "gw_staff"
LOGIN: Final = "/staff/login"
HOME: Final = "/staff"
_WRONG: Final = "아이디 또는 비밀번호가 맞지 않습니다. 5회 틀리면 10분 동안 로그인할 수 없습니다."
_ID_LENGTH: Final = 64
_PASSWORD_LENGTH: Final = 1024
_COMPARING: Final = web.AppKey("comparing_passwords", asyncio.Semaphore)
_AT_ONCE: Final = 2


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who is looking at the page.

    Attributes:
        person: from the directory.
        address: the browser's network address.
        token: of the session.
    """

    person: Person
    address: str
    token: str

    @property
    def actor(self) -> str:
        """As the ledger names this person."""
        return f"staff:{self.person.id}"

    def has(self, *roles: StaffRole) -> bool:
        """Whether the person holds one of these roles."""
        return not self.person.roles.isdisjoint(roles)


_SIGNED_IN: Final = web.RequestKey("signed_in", tuple[SignedIn, ...])  # empty: asked, and nobody is
Page = Callable[[web.Request, SignedIn], Awaitable[web.StreamResponse]]


def requires(*roles: StaffRole) -> Callable[[Page], Handler]:
    """Let only staff with one of `roles` open a page; without roles, any member of staff."""

    def guarded(page: Page) -> Handler:
        @functools.wraps(page)
        async def checked(request: web.Request) -> web.StreamResponse:
            me = await signed_in(request)
            if me is None:
                return await _ask_to_log_in(request)
            if roles and not me.has(*roles):
                raise Forbidden(f"{me.person.id} opened {request.path}")
            return await page(request, me)

        return checked

    return guarded


async def signed_in(request: web.Request) -> SignedIn | None:
    """Who is logged in, or None; asked once for each request."""
    known = request.get(_SIGNED_IN)
    if known is None:
        token = request.cookies.get(COOKIE, "")
        found = await asyncio.to_thread(_find, request, token) if token else None
        known = request[_SIGNED_IN] = () if found is None else (found,)
    return known[0] if known else None


def _find(request: web.Request, token: str) -> SignedIn | None:
    context, parts = request.app[CONTEXT], request.app[STAFF]
    now = context.clock.now()
    with context.database.reading() as tx:
        opened = accounts.session(tx, token, now=now, idle=parts.idle)
    if opened is None:
        return None
    person = parts.directory.people.get(opened.staff_id)
    if person is None:
        return None
    if accounts.needs_touch(opened, now=now):
        with context.database.transaction() as tx:
            accounts.touch(tx, token, now=now)
    return SignedIn(person, remote_address(request), token)


async def _ask_to_log_in(request: web.Request) -> web.StreamResponse:
    """To the log-in page; what was typed into a form comes along."""
    next_page = _wanted(request)
    if request.method == "POST":
        kept = keeping.pack(request.path, await request.post())
        if kept:
            return _form(request, next_page=next_page, kept=kept, status=HTTPStatus.UNAUTHORIZED)
    raise web.HTTPSeeOther(f"{LOGIN}?next={quote(next_page)}")


def _wanted(request: web.Request) -> str:
    """Where to go after logging in: this page, or for a form the page it stood on."""
    if request.method == "GET":
        return request.path_qs
    return urlsplit(request.headers.get("Referer", "")).path or HOME


def _inside(address: str) -> str:
    """`address` when it is one of our staff pages, else the start page: nobody is sent elsewhere after logging in."""
    parts = urlsplit(address)
    inside = address == HOME or address.startswith((f"{HOME}/", f"{HOME}?"))
    odd = "\\" in address or any(ord(c) < ord(" ") for c in address)
    return address if inside and not odd and not parts.scheme and not parts.netloc else HOME


async def login_page(request: web.Request) -> web.StreamResponse:
    """The log-in form; someone who is logged in already goes on to the start page."""
    if await signed_in(request) is not None:
        raise web.HTTPSeeOther(_inside(request.query.get("next", HOME)))
    return _form(request, next_page=request.query.get("next", ""))


async def log_in(request: web.Request) -> web.StreamResponse:
    """Compare id and password, open a session."""
    form = await request.post()
    staff_id = str(form.get("staff_id", "")).strip()[:_ID_LENGTH]
    password = str(form.get("password", ""))[:_PASSWORD_LENGTH]
    async with request.app[_COMPARING]:
        token = await asyncio.to_thread(_compare, request, staff_id, password)
    next_page, packed = str(form.get("next", "")), str(form.get(keeping.FIELD, ""))
    if token is None:
        return _form(
            request, staff_id=staff_id, wrong=_WRONG, next_page=next_page, kept=packed, status=HTTPStatus.FORBIDDEN
        )
    response = _after_log_in(request, _inside(next_page), keeping.unpack(packed))
    response.set_cookie(
        COOKIE, token, httponly=True, samesite="Lax", secure=request.app[CONTEXT].https, path=HOME,
    )  # fmt: skip
    return response


def _after_log_in(request: web.Request, next_page: str, kept: keeping.Kept | None) -> web.Response:
    """The page asked for; or, when a form had been kept, the form to send again."""
    if kept is None or not kept.address.startswith(f"{HOME}/") or _inside(kept.address) != kept.address:
        return web.Response(status=HTTPStatus.SEE_OTHER, headers={"Location": next_page})
    return render(request, "staff/kept.html", {"kept": kept, "next_page": next_page})


def _compare(request: web.Request, staff_id: str, password: str) -> str | None:
    context, parts = request.app[CONTEXT], request.app[STAFF]
    now, address = context.clock.now(), remote_address(request)
    with context.database.transaction() as tx:
        known = accounts.begin_attempt(tx, staff_id, now=now)
    matches = accounts.password_matches(known, password)
    if known is None:
        return None
    with context.database.transaction() as tx:
        if not matches or staff_id not in parts.directory.people:
            accounts.log_access(tx, staff_id, "login_refused", now=now, address=address)
            return None
        accounts.forget_idle(tx, now=now, idle=parts.idle)
        accounts.log_access(tx, staff_id, "logged_in", now=now, address=address)
        return accounts.attempt_succeeded(tx, staff_id, address=address, now=now)


async def log_out(request: web.Request) -> web.StreamResponse:
    """End the session."""
    me = await signed_in(request)
    if me is not None:
        await asyncio.to_thread(_end, request, me)
    response = web.HTTPSeeOther(LOGIN)
    response.del_cookie(COOKIE, path=HOME)
    raise response


def _end(request: web.Request, me: SignedIn) -> None:
    context = request.app[CONTEXT]
    with context.database.transaction() as tx:
        accounts.close_session(tx, me.token)
        accounts.log_access(tx, me.person.id, "logged_out", now=context.clock.now(), address=me.address)


def _form(
    request: web.Request, *, staff_id: str = "", wrong: str = "", next_page: str = "", kept: str = "",
    status: int = HTTPStatus.OK,
) -> web.Response:  # fmt: skip
    context, parts = request.app[CONTEXT], request.app[STAFF]
    values = {
        "staff_id": staff_id,
        "wrong": wrong,
        "next_page": next_page,
        "kept": kept,
        "demo_logins": parts.demo_logins if context.directory.charter.demonstration else {},
        "idle_min": round(parts.idle.total_seconds() / 60),
    }
    return render(request, "staff/login.html", values, status=status)


def attach(app: web.Application) -> None:
    """Add the log-in routes."""
    app[_COMPARING] = asyncio.Semaphore(_AT_ONCE)
    app.router.add_get(LOGIN, login_page)
    app.router.add_post(LOGIN, log_in)
    app.router.add_post("/staff/logout", log_out)
