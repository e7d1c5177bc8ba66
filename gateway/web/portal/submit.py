"""The submission form and the receipt.

Guarantees: the receipt page comes only after the submission has been committed; when it could not be, or something is
wrong, the form comes back with everything that was typed (files must be chosen again, the script keeps them). The same
form sent twice gives the same receipt.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from aiohttp import web

from channels import webform
from channels.webform import ReceivedForm, Refusal
from gateway.domain.clocks import ClockName
from gateway.domain.errors import TransientError
from gateway.domain.submission import Receipt, ReturnChannel
from gateway.domain.telephone import spaced
from gateway.web import csrf
from gateway.web.context import CONTEXT
from gateway.web.i18n import Translator, language_of
from gateway.web.middleware import streams_form, wants_json
from gateway.web.pages import render
from gateway.web.portal import access, entry
from gateway.web.portal.wording import CHANNEL_TEXTS, RETURN_TEXTS
from gateway.web.sealing import Sealer


class _Blank(dict[str, str]):
    """Texts by field; a field that has none is blank."""

    def __missing__(self, key: str) -> str:
        return ""


def attach(app: web.Application) -> None:
    """Add the pages."""
    app.router.add_get("/submit", form_page)
    app.router.add_post("/submit", submit)
    app.router.add_get("/receipt/{number}", receipt_page)


async def form_page(request: web.Request) -> web.Response:
    """The empty form."""
    return _form(request, {}, {})


@streams_form
async def submit(request: web.Request) -> web.StreamResponse:
    """Take the form in."""
    context = request.app[CONTEXT]
    t = Translator(language_of(request))
    if request.content_type != "multipart/form-data":
        raise web.HTTPBadRequest
    async with webform.spool_folder(context.limits.spool) as folder:
        form = await webform.receive(
            await request.multipart(),
            folder,
            context.limits,
            before_files=lambda fields: csrf.check_token(request, fields.get(csrf.FIELD, "")),
        )
        read, faults = entry.read(form, context.limits, frozenset(code for code, _ in context.kinds), t)
        if read is None:
            return _again(request, form, faults)
        sealer = Sealer(context.secret)
        arrival = webform.to_arrival(
            form,
            token=sealer.read_form_token(form["token"]) or sealer.form_token().partition(".")[0],
            arrived_at=context.clock.now(),
            contact=read.contact,
            return_channel=read.return_channel,
            facts={"language": language_of(request)},
        )
        try:
            receipt = await context.acceptor.accept(arrival)
        except TransientError as error:
            return _again(request, form, {}, trouble=t(error.text_ko), status=HTTPStatus.SERVICE_UNAVAILABLE)
    return _accepted(request, receipt)


async def receipt_page(request: web.Request) -> web.Response:
    """Number, code and what happens next."""
    case = await access.case_of(request)
    submission = case.submission
    return render(
        request,
        "portal/receipt.html",
        {
            "case": case,
            "channel_text": CHANNEL_TEXTS[submission.channel],
            "return_text": RETURN_TEXTS.get(submission.return_channel or ReturnChannel.INTERNET, ""),
            "return_address": return_address(case.submission.return_channel, submission.contact),
            "handler_due": case.due(ClockName.C1),
            "plan_due": case.due(ClockName.C2),
            "repeated": "again" in request.query,
        },
    )


def return_address(wish: ReturnChannel | None, contact: Any) -> str:
    """Where the result goes, in one line; empty when the page itself is the place."""
    if wish is ReturnChannel.FAX:
        return spaced(contact.fax)
    if wish is ReturnChannel.POST:
        return f"({contact.postcode}) {contact.address}" if contact.postcode else str(contact.address)
    if wish is ReturnChannel.PICKUP:
        return spaced(contact.phone)
    return str(contact.email)


def _accepted(request: web.Request, receipt: Receipt) -> web.StreamResponse:
    address = f"/receipt/{receipt.number}" + ("?again" if receipt.repeated else "")
    response: web.StreamResponse
    if wants_json(request):
        response = web.json_response({"location": address, "number": receipt.number}, status=HTTPStatus.CREATED)
    else:
        response = web.Response(status=HTTPStatus.SEE_OTHER, headers={"Location": address})
    access.remember(request, response, receipt.number)
    return response


def _again(
    request: web.Request,
    form: ReceivedForm,
    faults: Mapping[str, str],
    *,
    trouble: str = "",
    status: int = HTTPStatus.UNPROCESSABLE_ENTITY,
) -> web.Response:
    reasons = {why for _, why in form.refused}
    code = HTTPStatus(status)
    if Refusal.NO_ROOM in reasons:
        code = HTTPStatus.SERVICE_UNAVAILABLE
    elif reasons - {Refusal.EMPTY}:
        code = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    if wants_json(request):
        return web.json_response({"faults": _Blank(faults), "text": trouble}, status=code)
    return _form(request, form.fields, faults, trouble=trouble, files_lost=bool(form.files), status=code)


def _form(
    request: web.Request,
    typed: Mapping[str, str],
    faults: Mapping[str, str],
    *,
    trouble: str = "",
    files_lost: bool = False,
    status: int = HTTPStatus.OK,
) -> web.Response:
    context = request.app[CONTEXT]
    sealer = Sealer(context.secret)
    token = typed.get("token", "")
    return render(
        request,
        "portal/submit.html",
        {
            "typed": _Blank(typed),
            "faults": _Blank(faults),
            "trouble": trouble,
            "files_lost": files_lost,
            "kinds": context.kinds,
            "ways": RETURN_TEXTS,
            "form_token": token if sealer.read_form_token(token) else sealer.form_token(),
        },
        status=status,
    )
