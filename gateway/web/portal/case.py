"""My case: the form that opens it, its progress, its result.

Guarantees: nothing of a case is shown before number and code were checked; a letter's first opening is recorded as
proof of delivery; a letter is sent exactly as it was composed.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Any, Final

from aiohttp import web

from gateway.domain.delivery import Purpose
from gateway.domain.errors import GatewayError, IncompleteDocument, NotFound
from gateway.domain.people import Signers
from gateway.domain.result import Outcome
from gateway.store.citizen import CitizenCase, CitizenDelivery
from gateway.web.context import CONTEXT, WebContext
from gateway.web.i18n import Translator, language_of
from gateway.web.middleware import status_of
from gateway.web.pages import render
from gateway.web.portal import access, progress, wording
from gateway.web.portal.submit import return_address
from gateway.web.tries import TooManyTries
from notifications import internet

_RESULTS: Final = frozenset({Purpose.RESULT, Purpose.REFUSAL})


def attach(app: web.Application) -> None:
    """Add the pages."""
    app[access.GATE] = access.Gate()
    app.router.add_get("/case", find_page)
    app.router.add_post("/case", find)
    app.router.add_post("/case/leave", leave)
    app.router.add_get("/case/{number}", case_page)
    app.router.add_get("/case/{number}/result", result_page)
    app.router.add_get(r"/case/{number}/letters/{letter:\d+}.pdf", letter)


async def find_page(request: web.Request) -> web.Response:
    """The form for number and code."""
    return _find(request, access.clean_number(request.query.get("number", "")))


async def find(request: web.Request) -> web.StreamResponse:
    """Open a case."""
    typed = await request.post()
    number, code = str(typed.get("number", "")), str(typed.get("code", ""))
    try:
        opened = await access.open_case(request, number, code)
    except (NotFound, TooManyTries) as error:
        return _find(request, number, fault=error)
    response = web.Response(status=HTTPStatus.SEE_OTHER, headers={"Location": f"/case/{opened}"})
    access.remember(request, response, opened)
    return response


async def leave(_request: web.Request) -> web.StreamResponse:
    """Close the case in this browser."""
    response = web.Response(status=HTTPStatus.SEE_OTHER, headers={"Location": "/"})
    access.forget(response)
    return response


async def case_page(request: web.Request) -> web.Response:
    """How far the case is."""
    case = await access.case_of(request)
    context = request.app[CONTEXT]
    response = render(
        request,
        "portal/case.html",
        {
            **_common(case),
            "steps": progress.steps(case),
            "deadline": progress.next_deadline(case, context.clock.now()),
            "signers": await asyncio.to_thread(_signers, context, case),
        },
    )
    access.remember(request, response, case.submission.number)  # who keeps looking need not type the code again
    return response


async def result_page(request: web.Request) -> web.Response:
    """The result in words, and its letter."""
    case = await access.case_of(request)
    letter_shown = case.result_letter
    if letter_shown is None or case.submission.result is None:
        raise web.HTTPSeeOther(f"/case/{case.submission.number}")
    context = request.app[CONTEXT]
    await asyncio.to_thread(_record_opening, context, case, letter_shown)
    return render(
        request,
        "portal/result.html",
        {
            **_common(case),
            "result": case.submission.result,
            "refused": case.submission.result.outcome is Outcome.UNPROCESSABLE,
            "letter": letter_shown,
            "signers": await asyncio.to_thread(_signers, context, case),
        },
    )


async def letter(request: web.Request) -> web.Response:
    """A letter as PDF."""
    case = await access.case_of(request)
    chosen = case.letter(int(request.match_info["letter"]))
    context = request.app[CONTEXT]
    content = await asyncio.to_thread(context.blobs.read, chosen.document_sha256 or "")
    await asyncio.to_thread(_record_opening, context, case, chosen)
    name = f"{case.submission.number}-{chosen.purpose}.pdf"
    return web.Response(
        body=content,
        content_type="application/pdf",
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
    )


def _find(request: web.Request, number: str, *, fault: GatewayError | None = None) -> web.Response:
    translator = Translator(language_of(request))
    return render(
        request,
        "portal/find.html",
        {"number": number, "fault": translator(fault.text_ko) if fault else ""},
        status=status_of(fault) if fault else HTTPStatus.OK,
    )


def _common(case: CitizenCase) -> dict[str, Any]:
    submission = case.submission
    way = wording.return_channel_of(submission.return_channel, submission.channel)
    results = [d.route for d in case.deliveries if d.purpose in _RESULTS]
    return {
        "case": case,
        "result_route": results[-1] if results else None,
        "state": wording.STATE_TEXTS[submission.state],
        "channel_text": wording.CHANNEL_TEXTS[submission.channel],
        "return_text": wording.RETURN_TEXTS[way],
        "return_address": return_address(way, submission.contact),
        "purposes": wording.PURPOSE_TEXTS,
        "routes": wording.ROUTE_TEXTS,
        "delivery_states": wording.DELIVERY_TEXTS,
    }


def _signers(context: WebContext, case: CitizenCase) -> Signers | None:
    """Who handles the case; None before it has a handler, or when the directory lacks a part."""
    if not case.submission.handler_id:
        return None
    try:
        return context.directory.signers(case.submission.handler_id)
    except IncompleteDocument:
        return None


def _record_opening(context: WebContext, case: CitizenCase, opened: CitizenDelivery) -> None:
    internet.opened(context.database, case.submission.id, delivery_id=opened.id, at=context.clock.now())
