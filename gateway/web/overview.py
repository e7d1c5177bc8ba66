"""Figures for the whole office: today's intake, the promises, stuck jobs, the access log.

Guarantees: figures are counted from the rows at the moment of the page; nothing personal is shown here except in the
access log, which only auditors open.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

from aiohttp import web
from sqlalchemy.engine import Connection

from dispatch.deadlines import Rule
from gateway.domain.clocks import ClockName
from gateway.domain.jobs import JobKind
from gateway.domain.people import StaffRole
from gateway.domain.times import SEOUL
from gateway.store import accounts, jobs, queues, submissions
from gateway.web.auth import SignedIn, requires
from gateway.web.context import CONTEXT
from gateway.web.i18n import language_of
from gateway.web.pages import period
from gateway.web.staff_page import ADMINISTRATOR, AUDITOR, CLERK, SUPERIOR, show
from gateway.web.staff_parts import STAFF

_SHOWN: Final = 50
_DIGITS: Final = 18  # of a row number in any database
MAY_RETRY: Final = (CLERK, ADMINISTRATOR)


@dataclass(frozen=True, slots=True)
class Stuck:
    """A job that no retry will mend, with the receipt number of its submission."""

    id: int
    kind: JobKind
    number: str
    attempts: int
    last_error: str


def stuck_jobs(tx: Connection) -> tuple[Stuck, ...]:
    """All stuck jobs, oldest first."""
    return tuple(
        Stuck(j.id, j.kind, submissions.get(tx, j.submission_id).number, j.attempts, j.last_error)
        for j in jobs.stuck(tx)
    )


@requires(CLERK, SUPERIOR, ADMINISTRATOR, AUDITOR)
async def overview(request: web.Request, me: SignedIn) -> web.StreamResponse:
    """Today's intake, states, promises of the year, stuck jobs."""
    values = await asyncio.to_thread(_figures, request)
    return show(request, me, "staff/overview.html", {**values, "can_retry": me.has(*MAY_RETRY)})


def _figures(request: web.Request) -> dict[str, Any]:
    context = request.app[CONTEXT]
    now = context.clock.now()
    local = now.astimezone(SEOUL)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    with context.database.reading() as tx:
        by_channel = queues.count_by_channel(tx, since=midnight)
        by_state = queues.count_by_state(tx)
        return {
            "by_channel": list(by_channel.items()),
            "total": sum(by_channel.values()),
            "by_state": [(state, count) for state, count in by_state.items() if count],
            "kept": queues.promises(tx, since=_new_year(local), now=now),
            "stuck": stuck_jobs(tx),
        }


def _new_year(local: datetime) -> datetime:
    return local.replace(month=1, day=1, hour=0, minute=0, second=0, microsecond=0)


@dataclass(frozen=True, slots=True)
class CharterRow:
    """One measured promise in words."""

    text: str
    rule: str
    kept: queues.Kept


@requires(*StaffRole)
async def charter(request: web.Request, me: SignedIn) -> web.StreamResponse:
    """How each promise was kept this year (C9)."""
    context, promises = request.app[CONTEXT], request.app[STAFF].directory.charter.promises
    now = context.clock.now()
    local = now.astimezone(SEOUL)

    def measure() -> tuple[queues.Kept, ...]:
        with context.database.reading() as tx:
            return queues.promises(tx, since=_new_year(local), now=now)

    kept = await asyncio.to_thread(measure)
    rows = [
        CharterRow(
            promises[k.name].text if k.name in promises else "민원을 종류별 처리기간 안에 처리하겠습니다.",
            _limit(promises[k.name].rule, request) if k.name in promises else "종류별 처리기간",
            k,
        )
        for k in kept
    ]
    others = [promise for promise in promises.values() if promise.id not in set(ClockName)]
    return show(request, me, "staff/charter.html", {"rows": rows, "others": others, "year": local.year})


def _limit(rule: Rule, request: web.Request) -> str:
    return period(rule, language_of(request))


@requires(AUDITOR)
async def access(request: web.Request, me: SignedIn) -> web.StreamResponse:
    """Who looked at whose data; looking at it is recorded too."""
    context = request.app[CONTEXT]
    number, who = request.query.get("number", "").strip(), request.query.get("who", "").strip()
    asked = request.query.get("before", "")
    before = int(asked) if asked.isdecimal() and len(asked) < _DIGITS else 0

    def read() -> tuple[accounts.Access, ...]:
        with context.database.transaction() as tx:
            accounts.log_access(tx, me.person.id, "listed_accesses", now=context.clock.now(), address=me.address)
            return accounts.accesses(tx, limit=_SHOWN + 1, number=number, staff_id=who, before=before)

    entries = await asyncio.to_thread(read)
    older = ""
    if len(entries) > _SHOWN:
        older = urlencode({"number": number, "who": who, "before": entries[_SHOWN - 1].id})
    values = {"entries": entries[:_SHOWN], "older": older, "newest": not before, "number": number, "who": who}
    return show(request, me, "staff/access.html", values)


@requires(*MAY_RETRY)
async def retry(request: web.Request, me: SignedIn) -> web.StreamResponse:
    """Another round of tries for a stuck job, noted in the submission's ledger."""
    context = request.app[CONTEXT]
    job_id = int(request.match_info["job"])

    def again() -> None:
        with context.database.transaction() as tx:
            job = next((j for j in jobs.stuck(tx) if j.id == job_id), None)
            now = context.clock.now()
            if job is not None and jobs.retry_stuck(tx, job_id, now=now):
                submissions.note(tx, job.submission_id, "job_retried", actor=me.actor, at=now, facts={"job": job.kind})

    await asyncio.to_thread(again)
    raise web.HTTPSeeOther("/staff/desk?done=retried" if me.has(CLERK) else "/staff/overview?done=retried")


def attach(app: web.Application) -> None:
    """Add the routes."""
    app.router.add_get("/staff/overview", overview)
    app.router.add_get("/staff/charter", charter)
    app.router.add_get("/staff/access", access)
    app.router.add_post(r"/staff/jobs/{job:\d{1,12}}/retry", retry)
