"""The outgoing tray: what waits for a person's hand before it can leave, and what may or may not have left.

Guarantees: an act names the delivery and is refused when someone else has dealt with it meanwhile; handing over needs a
name and an identity check; opening a letter is in the access log.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

from aiohttp import web

from gateway.domain.delivery import DeliveryState, Route
from gateway.domain.errors import NotFound
from gateway.store import accounts, deliveries, queues, submissions
from gateway.web.auth import SignedIn, requires
from gateway.web.context import CONTEXT
from gateway.web.documents import SEES_CASES, pdf_file
from gateway.web.staff_access import may_open
from gateway.web.staff_page import CLERK, show

_IDENTITY: Final = ()


@requires(CLERK)
async def tray(request: web.Request, me: SignedIn) -> web.StreamResponse:
    """Everything that waits for a person."""
    return show(request, me, "staff/outgoing.html", await asyncio.to_thread(_waiting, request, me))


def _waiting(request: web.Request, me: SignedIn, refused: str = "") -> dict[str, Any]:
    context = request.app[CONTEXT]
    with context.database.transaction() as tx:
        accounts.log_access(tx, me.person.id, "listed", now=context.clock.now(), address=me.address)
        waiting = queues.outgoing(tx)
    by_hand = [d for d in waiting if d.state is DeliveryState.WAITING]
    post = [d for d in by_hand if d.route is Route.POST]
    pickup = [d for d in by_hand if d.route is Route.PICKUP]
    others = [d for d in waiting if d not in post and d not in pickup]
    return {"post": post, "pickup": pickup, "trouble": others, "identity_checks": _IDENTITY, "refused": refused}


@requires(*SEES_CASES)
async def letter(request: web.Request, me: SignedIn) -> web.StreamResponse:
    """The letter of one delivery, for printing."""
    sha256 = await asyncio.to_thread(_letter, request, me)
    path = await asyncio.to_thread(request.app[CONTEXT].blobs.path, sha256)
    return pdf_file(path, f"letter-{request.match_info['delivery']}.pdf")


def _letter(request: web.Request, me: SignedIn) -> str:
    context = request.app[CONTEXT]
    with context.database.transaction() as tx:
        delivery = deliveries.get(tx, int(request.match_info["delivery"]))
        may_open(request, me, tx, submissions.get(tx, delivery.submission_id), "opened_letter")
    if delivery.document_sha256 is None:
        raise NotFound(f"delivery {delivery.id} has no letter")
    return delivery.document_sha256


def attach(app: web.Application) -> None:
    """Add the routes."""
    app.router.add_get("/staff/outgoing", tray)
    app.router.add_get(r"/staff/outgoing/{delivery:\d{1,12}}/letter.pdf", letter)
