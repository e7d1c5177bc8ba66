"""The outgoing tray: what waits for a person's hand before it can leave, and what may or may not have left.

Guarantees: an act names the delivery and is refused when someone else has dealt with it meanwhile; handing over needs a
name and an identity check; opening a letter is in the access log.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Final

from aiohttp import web

from gateway.domain.delivery import DeliveryState, Route
from gateway.domain.errors import NotFound, PermanentError
from gateway.store import accounts, deliveries, queues, submissions
from gateway.store.deliveries import Delivery, StaleDelivery
from gateway.web.auth import SignedIn, requires
from gateway.web.context import CONTEXT
from gateway.web.documents import SEES_CASES, pdf_file
from gateway.web.middleware import status_of
from gateway.web.staff_access import may_open
from gateway.web.staff_page import CLERK, show
from gateway.web.staff_parts import STAFF
from gateway.web.staff_words import IDENTITY_WORDS, ROUTES
from notifications.closing import RESULTS
from notifications.pickup import IdentityCheck

_BY_PERSON: Final = (Route.EMAIL, Route.FAX, Route.POST, Route.PICKUP)


@requires(CLERK)
async def tray_page(request: web.Request, me: SignedIn) -> web.StreamResponse:
    """Everything that waits for a person."""
    return show(request, me, "staff/outgoing.html", await asyncio.to_thread(_waiting, request, me))


def _waiting(request: web.Request, me: SignedIn, refused: str = "") -> dict[str, Any]:
    context = request.app[CONTEXT]
    with context.database.transaction() as tx:
        accounts.log_access(tx, me.person.id, "listed", now=context.clock.now(), address=me.address)
        waiting, posted = queues.outgoing(tx), queues.posted(tx)
    post = [d for d in waiting if d.state is DeliveryState.WAITING and d.route is Route.POST]
    # with an address it is a phone number: the citizen is to be called, nothing lies at the counter
    pickup = [d for d in waiting if d.state is DeliveryState.WAITING and d.route is Route.PICKUP and not d.address]
    return {
        "post": post,
        "pickup": pickup,
        "trouble": [d for d in waiting if d not in post and d not in pickup],
        "posted": posted,
        "identity_checks": [(check.value, IDENTITY_WORDS[check]) for check in IdentityCheck],
        "other_ways": [(way.value, ROUTES[way]) for way in _BY_PERSON],
        "results": RESULTS,
        "refused": refused,
    }


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


@requires(CLERK)
async def settle(request: web.Request, me: SignedIn) -> web.StreamResponse:
    """What a person did with a delivery: posted, handed over, told, sent again, settled, came back, cancelled."""
    form = {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
    act = request.match_info["act"]
    try:
        await asyncio.to_thread(_settle, request, me, act, form)
    except (PermanentError, StaleDelivery) as error:
        if isinstance(error, NotFound):
            raise
        values = await asyncio.to_thread(_waiting, request, me, error.text_ko)
        return show(request, me, "staff/outgoing.html", values, status=status_of(error))
    raise web.HTTPSeeOther(f"/staff/outgoing?done={act}")


def _settle(request: web.Request, me: SignedIn, act: str, form: Mapping[str, str]) -> None:
    context, tray = request.app[CONTEXT], request.app[STAFF].tray
    delivery_id, actor, why = int(request.match_info["delivery"]), me.actor, form.get("why", "")
    acts: Mapping[str, Callable[[], Delivery]] = {
        "posted": lambda: tray.confirm_posted(delivery_id, registered_number=form.get("registered", ""), actor=actor),
        "collected": lambda: tray.hand_over(
            delivery_id, collector=form.get("collector", ""), identity=form.get("identity", ""), actor=actor,
        ),
        "told": lambda: tray.confirm_told(delivery_id, how=why, actor=actor),
        "again": lambda: tray.send_by(delivery_id, route=_route(form.get("route", "")), actor=actor, why=why),
        "arrived": lambda: tray.settle_in_doubt(delivery_id, arrived=True, actor=actor, why=why),
        "not-arrived": lambda: tray.settle_in_doubt(delivery_id, arrived=False, actor=actor, why=why),
        "came-back": lambda: tray.came_back(delivery_id, why=why, actor=actor),
        "cancel": lambda: tray.cancel(delivery_id, actor=actor, why=why),
    }  # fmt: skip
    changed = acts[act]()
    with context.database.transaction() as tx:
        accounts.log_access(
            tx, me.person.id, "changed_delivery", now=context.clock.now(), address=me.address,
            submission_id=changed.submission_id,
        )  # fmt: skip


def _route(chosen: str) -> Route | None:
    return Route(chosen) if chosen in {way.value for way in _BY_PERSON} else None


def attach(app: web.Application) -> None:
    """Add the routes."""
    base = r"/staff/outgoing/{delivery:\d{1,12}}"
    app.router.add_get("/staff/outgoing", tray_page)
    app.router.add_get(base + "/letter.pdf", letter)
    app.router.add_post(base + "/{act:posted|collected|told|again|arrived|not-arrived|came-back|cancel}", settle)
