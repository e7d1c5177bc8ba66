"""The clerk's desk: what waits for verification, and the verifying page.

Guarantees: the list is ordered by what is left of the 30 minutes (C1); a confirmation names the version the clerk saw,
so two clerks cannot both confirm; what was typed comes back with the reason when it cannot be taken.
"""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp import web

from gateway.domain.clocks import ClockName
from gateway.domain.errors import GatewayError, IllegalTransition
from gateway.domain.jobs import JobKind
from gateway.domain.lifecycle import Event, State, allows
from gateway.store import accounts, jobs, queues, submissions
from gateway.store.submissions import StaleSubmission
from gateway.web import verify_view
from gateway.web.auth import SignedIn, requires
from gateway.web.context import CONTEXT
from gateway.web.middleware import status_of
from gateway.web.overview import stuck_jobs
from gateway.web.staff_access import open_case
from gateway.web.staff_page import CLERK, show
from gateway.web.staff_parts import STAFF


@requires(CLERK)
async def desk(request: web.Request, me: SignedIn) -> web.StreamResponse:
    """What waits for a clerk, and jobs that no retry will mend."""
    context = request.app[CONTEXT]

    def read() -> dict[str, Any]:
        with context.database.transaction() as tx:
            accounts.log_access(tx, me.person.id, "listed", now=context.clock.now(), address=me.address)
            return {"waiting": queues.desk(tx), "stuck": stuck_jobs(tx)}

    return show(request, me, "staff/desk.html", await asyncio.to_thread(read))


@requires(CLERK)
async def verify_page(request: web.Request, me: SignedIn) -> web.StreamResponse:
    """The document beside what was read from it."""
    values = await asyncio.to_thread(_opened, request, me, "opened_verification")
    return show(request, me, "staff/verify.html", values)


def _opened(request: web.Request, me: SignedIn, what: str, refused: str = "") -> dict[str, Any]:
    context, directory = request.app[CONTEXT], request.app[STAFF].directory
    with context.database.transaction() as tx:
        case, _ = open_case(request, me, tx, what)
        originals = submissions.originals(tx, case.id)
        transcript = submissions.transcript(tx, case.id)
        c1 = queues.clocks_of(tx, case.id).get(ClockName.C1)
    view = verify_view.build(case, originals, transcript)
    return {
        "case": case,
        "originals": originals,
        "sheets": view.sheets,
        "fields": view.fields,
        "pages": view.pages,
        "doubts": view.doubts,
        "kinds": [(kind.code, kind.name) for kind in directory.kinds.values()],
        "c1": c1,
        "c1_due": c1.due_at if c1 and c1.satisfied_at is None else None,
        "can_reread": case.state is State.QUARANTINED,
        "can_confirm": allows(case.state, Event.VERIFIED),
        "refused": refused,
    }


def attach(app: web.Application) -> None:
    """Add the routes."""
    base = r"/staff/desk/{number:[0-9-]+}"
    app.router.add_get("/staff/desk", desk)
    app.router.add_get(base, verify_page)
