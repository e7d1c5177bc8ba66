"""The gate before a case: receipt number and access code, no account.

Guarantees: codes are compared in constant time, an unknown number takes as long as a wrong code and is told the same;
five wrong tries from one address close the gate to it for ten minutes, thirty for one number. Who has passed carries a
sealed cookie for half an hour, so no code stands in an address.
"""

from __future__ import annotations

import asyncio
import hmac
import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from aiohttp import web

from gateway.domain.errors import NotFound
from gateway.domain.submission import clean_code
from gateway.store import citizen
from gateway.store.citizen import CitizenCase
from gateway.web.context import CONTEXT, WebContext
from gateway.web.middleware import remote_address
from gateway.web.sealing import Sealer
from gateway.web.tries import Tries

_COOKIE: Final = "gw_case"
_PURPOSE: Final = "case"
_LASTING: Final = timedelta(minutes=30)
_TRIES_BY_NUMBER: Final = 30
_NO_CODE: Final = "-" * 12
_YEAR_DIGITS: Final = 4
_SERIAL_DIGITS: Final = 7


@dataclass(slots=True)
class Gate:
    """Wrong tries so far, by address and by number."""

    by_address: Tries = field(default_factory=Tries)
    by_number: Tries = field(default_factory=lambda: Tries(most=_TRIES_BY_NUMBER))


GATE = web.AppKey("gate", Gate)


def clean_number(typed: str) -> str:
    """A receipt number as it was typed, in its own form: `2026-0000123`; short serials are filled up."""
    digits = re.findall(r"\d+", typed)
    if len(digits) == 1 and len(digits[0]) == _YEAR_DIGITS + _SERIAL_DIGITS:
        digits = [digits[0][:_YEAR_DIGITS], digits[0][_YEAR_DIGITS:]]
    if len(digits) != 2 or len(digits[0]) != _YEAR_DIGITS or len(digits[1]) > _SERIAL_DIGITS:  # noqa: PLR2004 (year, serial)
        return ""
    return f"{digits[0]}-{digits[1].zfill(_SERIAL_DIGITS)}"


async def open_case(request: web.Request, typed_number: str, typed_code: str) -> str:
    """Check number and code; the number in its own form.

    Raises:
        NotFound: they do not belong together.
        TooManyTries: too many wrong ones before.
    """
    context, gate = request.app[CONTEXT], request.app[GATE]
    now, address, number = context.clock.now(), remote_address(request), clean_number(typed_number)
    gate.by_address.check(address, now)
    gate.by_number.check(number, now)
    code = await asyncio.to_thread(_stored_code, context, number)
    right = hmac.compare_digest(clean_code(typed_code).encode(), (code or _NO_CODE).encode())
    if not right or code is None:
        gate.by_address.wrong(address, now)
        if number:
            gate.by_number.wrong(number, now)
        raise NotFound(f"wrong code for {number or 'no number'}")
    return number


def remember(request: web.Request, response: web.StreamResponse, number: str) -> None:
    """Let this browser see the case for half an hour."""
    context = request.app[CONTEXT]
    response.set_cookie(
        _COOKIE,
        Sealer(context.secret).seal(_PURPOSE, number, at=context.clock.now()),
        max_age=int(_LASTING.total_seconds()),
        httponly=True,
        samesite="Lax",
        secure=context.https,
    )


def forget(response: web.StreamResponse) -> None:
    """Close the case in this browser."""
    response.del_cookie(_COOKIE)


def opened_number(request: web.Request) -> str | None:
    """Which case this browser may see."""
    context = request.app[CONTEXT]
    sealed = request.cookies.get(_COOKIE, "")
    return Sealer(context.secret).open(_PURPOSE, sealed, at=context.clock.now(), lasting=_LASTING) if sealed else None


async def case_of(request: web.Request) -> CitizenCase:
    """The case named in the address, when this browser may see it; otherwise the way to the form.

    Raises:
        HTTPSeeOther: number and code must be given first.
    """
    number = request.match_info["number"]
    if opened_number(request) != number:
        raise web.HTTPSeeOther(f"/case?number={clean_number(number)}")
    context = request.app[CONTEXT]
    return await asyncio.to_thread(_load, context, number)


def _stored_code(context: WebContext, number: str) -> str | None:
    if not number:
        return None
    with context.database.reading() as tx:
        return citizen.access_code(tx, number)


def _load(context: WebContext, number: str) -> CitizenCase:
    with context.database.reading() as tx:
        return citizen.case(tx, number)
