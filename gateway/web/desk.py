"""The clerk's desk: what waits for verification, and the verifying page.

Guarantees: the list is ordered by what is left of the 30 minutes (C1); a confirmation names the version the clerk saw,
so two clerks cannot both confirm; what was typed comes back with the reason when it cannot be taken.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from gateway.domain.clocks import ClockName
from gateway.domain.errors import Forbidden, IllegalTransition, NotFound, PermanentError
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
from ocr import verification


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


def _opened(
    request: web.Request, me: SignedIn, what: str, *, typed: Mapping[str, str] | None = None, refused: str = "",
) -> dict[str, Any]:  # fmt: skip
    context, directory = request.app[CONTEXT], request.app[STAFF].directory
    with context.database.transaction() as tx:
        case, _ = open_case(request, me, tx, what)
        originals = submissions.originals(tx, case.id)
        transcript = submissions.transcript(tx, case.id)
        c1 = queues.clocks_of(tx, case.id).get(ClockName.C1)
        reading = jobs.outstanding(tx, case.id, JobKind.TRANSCRIBE)
    view = verify_view.build(case, originals, transcript, verify_view.typed_fields(typed) if typed else None)
    return {
        "case": case,
        "originals": originals,
        "sheets": view.sheets,
        "fields": view.fields,
        "pages": view.pages,
        "doubts": view.doubts,
        "kinds": [(kind.code, kind.name) for kind in directory.kinds.values()],
        "kind_code": typed.get("kind", "") if typed else case.kind_code,
        "note": typed.get("note", "") if typed else "",
        "c1": c1,
        "c1_due": c1.due_at if c1 and c1.satisfied_at is None else None,
        "can_reread": case.state is State.QUARANTINED and not reading,
        "can_confirm": allows(case.state, Event.VERIFIED),
        "refused": refused,
    }


@requires(CLERK)
async def confirm(request: web.Request, me: SignedIn) -> web.StreamResponse:
    """Take the clerk's word for what was read, and show the next document."""
    form = {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
    try:
        following = await asyncio.to_thread(_confirm, request, me, form)
    except (PermanentError, StaleSubmission) as error:
        if isinstance(error, (Forbidden, NotFound)):
            raise
        again = functools.partial(_opened, request, me, "", typed=form, refused=error.text_ko)
        return show(request, me, "staff/verify.html", await asyncio.to_thread(again), status=status_of(error))
    raise web.HTTPSeeOther(f"/staff/desk/{following}?done=next" if following else "/staff/desk?done=verified")


def _confirm(request: web.Request, me: SignedIn, form: Mapping[str, str]) -> str | None:
    """Confirm; the number of what should be looked at next."""
    context, kinds = request.app[CONTEXT], request.app[STAFF].directory.kinds
    now = context.clock.now()
    with context.database.transaction() as tx:
        case, _ = open_case(request, me, tx, "verified")
        said = verify_view.corrections(case, submissions.transcript(tx, case.id), verify_view.typed_fields(form))
        if note := form.get("note", "").strip():
            submissions.note(tx, case.id, "clerk_note", actor=me.actor, at=now, why=note)
        verification.confirm(
            tx, case.id, said, actor=me.actor, at=now,
            kind_code=form.get("kind", "") if form.get("kind", "") in kinds else "",
            version=int(form["version"]) if form.get("version", "").isdigit() else None,
        )  # fmt: skip
        return queues.next_on_desk(tx, after_id=case.id)


@requires(CLERK)
async def reread(request: web.Request, me: SignedIn) -> web.StreamResponse:
    """Let the reading be tried again for what could not be read."""
    context = request.app[CONTEXT]

    def again() -> None:
        with context.database.transaction() as tx:
            case, _ = open_case(request, me, tx, "reread")
            if case.state is not State.QUARANTINED:
                raise IllegalTransition(f"{case.number} is {case.state}, not quarantined")
            if not jobs.outstanding(tx, case.id, JobKind.TRANSCRIBE):
                now = context.clock.now()
                jobs.add(tx, JobKind.TRANSCRIBE, case.id, now=now)
                submissions.note(tx, case.id, "reading_asked_again", actor=me.actor, at=now)

    await asyncio.to_thread(again)
    raise web.HTTPSeeOther("/staff/desk?done=reread")


def attach(app: web.Application) -> None:
    """Add the routes."""
    base = r"/staff/desk/{number:[0-9-]+}"
    app.router.add_get("/staff/desk", desk)
    app.router.add_get(base, verify_page)
    app.router.add_post(base + "/confirm", confirm)
    app.router.add_post(base + "/reread", reread)
