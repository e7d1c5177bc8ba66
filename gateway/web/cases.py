"""The handler's inbox and the case page.

Guarantees: reading a case is in the access log; its handler's first look is recorded; what a handler typed comes back
with the reason when it cannot be done (words missing, changed meanwhile, wrong state), so nothing typed is lost.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections.abc import Callable, Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Any, Final

from aiohttp import web

from dispatch.handling import WordsMissing
from dispatch.stage import recorded_absences
from gateway.domain.clocks import ClockName
from gateway.domain.delivery import Purpose
from gateway.domain.errors import GatewayError, IllegalTransition, NotFound
from gateway.domain.lifecycle import Event, State, allows
from gateway.domain.people import StaffRole
from gateway.domain.result import IncompleteResult, Outcome, Result
from gateway.store import accounts, queues
from gateway.store.submissions import StaleSubmission, Submission
from gateway.web import case_view
from gateway.web.auth import SignedIn, requires
from gateway.web.context import CONTEXT
from gateway.web.documents import PDF_HEADERS, SEES_CASES
from gateway.web.middleware import status_of
from gateway.web.staff_access import HANDLES, acting_for, open_case
from gateway.web.staff_page import show
from gateway.web.staff_parts import STAFF
from gateway.web.staff_words import CLOCKS, OUTCOMES
from notifications.drafting import LETTER_KINDS, draft

_FINISHED_SHOWN: Final = 10
_ANSWERABLE: Final = (WordsMissing, IncompleteResult, IllegalTransition, StaleSubmission)
_ACTS: Final[Mapping[str, Event]] = {
    "plan": Event.PLAN_TOLD,
    "decide": Event.DECIDED,
    "refuse": Event.REFUSED,
    "transfer": Event.REASSIGNED,
    "withdraw": Event.WITHDRAWN,
}
_DONE: Final = {"plan": "planned", "decide": "decided", "refuse": "refused", "transfer": "transferred",
                "withdraw": "withdrawn"}  # fmt: skip
_ACTED_AS: Final = {**_DONE, "refuse": "decided"}
_REMEDY: Final = (
    "이 처분에 이의가 있으면 이 통지를 받은 날부터 60일 이내에 {unit}({phone})에 문서로 이의신청을 할 수 있습니다"
    "(민원 처리에 관한 법률 제35조). 이의신청은 10일 이내에 다시 결정하여 알려 드립니다. 이와 별도로 행정심판이나 "
    "행정소송을 제기할 수 있습니다."
)
_NO_NUMBER: Final = "미리보기"


@requires(*HANDLES)
async def inbox(request: web.Request, me: SignedIn) -> web.StreamResponse:
    """What lies with me, with those I act for, and with my unit."""
    values = await asyncio.to_thread(_inbox, request, me)
    return show(request, me, "staff/inbox.html", values)


def _inbox(request: web.Request, me: SignedIn) -> dict[str, Any]:
    context, directory = request.app[CONTEXT], request.app[STAFF].directory
    now = context.clock.now()
    with context.database.transaction() as tx:
        deputised = acting_for(directory, me.person.id, now, recorded_absences(tx, now))
        unit = queues.inbox(tx, unit_codes=[me.person.unit_code])
        mine = queues.inbox(tx, handler_ids=[me.person.id])
        for_others = queues.inbox(tx, handler_ids=deputised) if deputised else ()
        finished = queues.inbox(tx, unit_codes=[me.person.unit_code], closed=True, limit=_FINISHED_SHOWN)
        accounts.log_access(tx, me.person.id, "listed", now=now, address=me.address)
    shown = {w.submission_id for w in (*mine, *for_others)}
    return {
        "mine": mine,
        "deputised": for_others,
        "acting_for": ", ".join(directory.people[other].name for other in deputised),
        "units": [w for w in unit if w.submission_id not in shown],
        "finished": finished,
        "clock_words": {str(name): text for name, text in CLOCKS.items()},
    }


@requires(*SEES_CASES)
async def case_page(request: web.Request, me: SignedIn) -> web.StreamResponse:
    """One case, whole."""
    values = await asyncio.to_thread(_opened, request, me, "opened_case")
    return show(request, me, "staff/case.html", values)


def _opened(
    request: web.Request, me: SignedIn, what: str, *, typed: Mapping[str, str] | None = None, open_act: str = "",
    refused: str = "",
) -> dict[str, Any]:  # fmt: skip
    context, parts = request.app[CONTEXT], request.app[STAFF]
    with context.database.transaction() as tx:
        case, acting = open_case(request, me, tx, what)
    if acting and not parts.directory.is_superior(me.person.id, case.handler_id):
        with contextlib.suppress(StaleSubmission):  # somebody else wrote at this moment: the next look records it
            case = parts.handling.see(case.id, me.person.id)
    with context.database.reading() as tx:
        view = case_view.build(tx, case, parts.directory)
    acts = [name for name, event in _ACTS.items() if acting and allows(case.state, event)]
    return {
        **view,
        **_way_back(me),
        "acts": acts,
        "open_act": open_act or (acts[0] if acts else ""),
        "refused": refused,
        "typed": {**_prefilled(request, case), **(typed or {})},
        "outcomes": [(o.value, OUTCOMES[o]) for o in (Outcome.GRANTED, Outcome.ANSWERED)],
        "colleagues": _colleagues(request, case),
        "can_preview": parts.press is not None,
        "may_verify": me.has(StaffRole.CLERK) and needs_clerk(case),
    }


def needs_clerk(case: Submission) -> bool:
    """Whether the case stands on the clerks' desk."""
    return case.unverified or case.state in {State.AWAITING_VERIFICATION, State.QUARANTINED}


def _way_back(me: SignedIn) -> dict[str, str]:
    if me.has(*HANDLES):
        return {"back": "/staff/inbox", "back_name": "내 처리함"}
    if me.has(StaffRole.CLERK):
        return {"back": "/staff/desk", "back_name": "접수 확인"}
    return {"back": "/staff/overview", "back_name": "현황"}


def _prefilled(request: web.Request, case: Submission) -> dict[str, str]:
    directory = request.app[STAFF].directory
    kind, unit = directory.kinds.get(case.kind_code), directory.units.get(case.unit_code)
    remedy = _REMEDY.format(unit=unit.name, phone=unit.phone) if unit else ""
    return {
        "plan": kind.plan if kind else "", "outcome": Outcome.ANSWERED.value, "text": "", "refusal": "", "reason": "",
        "solution": "", "remedy": remedy, "to": "", "why": "", "withdrawal": "",
    }  # fmt: skip


def _colleagues(request: web.Request, case: Submission) -> list[tuple[str, list[Any]]]:
    """Whom a case can be given to: all handlers, the own unit's first."""
    directory = request.app[STAFF].directory
    units = sorted(directory.units.values(), key=lambda unit: unit.code != case.unit_code)
    found = [(unit.name, [p for p in directory.handlers_of(unit.code) if p.id != case.handler_id]) for unit in units]
    return [(name, people) for name, people in found if people]


@requires(*HANDLES)
async def act(request: web.Request, me: SignedIn) -> web.StreamResponse:
    """Plan, decide, refuse, transfer, or close on withdrawal."""
    name = request.match_info["act"]
    typed = await _typed(request)
    try:
        number = await asyncio.to_thread(_do, request, me, name, typed)
    except _ANSWERABLE as error:
        again = functools.partial(_opened, request, me, "", typed=typed, open_act=name, refused=_why_not(error))
        return show(request, me, "staff/case.html", await asyncio.to_thread(again), status=status_of(error))
    raise web.HTTPSeeOther(f"/staff/cases/{number}?done={_DONE[name]}")


async def _typed(request: web.Request) -> dict[str, str]:
    """What was typed; browsers send line ends as CRLF."""
    form = await request.post()
    return {name: value.replace("\r\n", "\n") for name, value in form.items() if isinstance(value, str)}


def _why_not(error: GatewayError) -> str:
    rule = error.remedy if isinstance(error, IllegalTransition) else ""
    return f"{error.text_ko} ({rule})" if rule else error.text_ko


def _do(request: web.Request, me: SignedIn, name: str, typed: Mapping[str, str]) -> str:
    context, handling = request.app[CONTEXT], request.app[STAFF].handling
    with context.database.reading() as tx:
        case, _ = open_case(request, me, tx, "")
    version = int(typed["version"]) if typed.get("version", "").isdigit() else None
    acts: Mapping[str, Callable[[], Submission]] = {
        "plan": lambda: handling.tell_plan(case.id, me.person.id, typed.get("plan", ""), version=version),
        "decide": lambda: handling.decide(case.id, me.person.id, _result(typed), version=version),
        "refuse": lambda: handling.decide(case.id, me.person.id, _refusal(typed), version=version),
        "transfer": lambda: handling.transfer(
            case.id, me.person.id, typed.get("to", ""), typed.get("why", ""), version=version,
        ),
        "withdraw": lambda: handling.withdraw(case.id, me.person.id, typed.get("withdrawal", ""), version=version),
    }  # fmt: skip
    if name == "transfer" and not typed.get("to"):
        raise WordsMissing("nobody was chosen")
    acts[name]()
    with context.database.transaction() as tx:
        now = context.clock.now()
        accounts.log_access(tx, me.person.id, _ACTED_AS[name], now=now, address=me.address, submission_id=case.id)
    return case.number


def _result(typed: Mapping[str, str]) -> Result:
    granted = typed.get("outcome") == Outcome.GRANTED
    return Result(Outcome.GRANTED if granted else Outcome.ANSWERED, typed.get("text", ""))


def _refusal(typed: Mapping[str, str]) -> Result:
    return Result(
        Outcome.UNPROCESSABLE, typed.get("refusal", ""), typed.get("reason", ""), typed.get("solution", ""),
        typed.get("remedy", ""),
    )  # fmt: skip


@requires(*HANDLES)
async def preview(request: web.Request, me: SignedIn) -> web.StreamResponse:
    """The letter as it would leave, as PDF; nothing is kept."""
    typed = await _typed(request)
    pdf = await asyncio.to_thread(_set_in_type, request, me, typed)
    headers = {**PDF_HEADERS, "Content-Disposition": 'inline; filename="preview.pdf"'}
    return web.Response(body=pdf, content_type="application/pdf", headers=headers, status=HTTPStatus.OK)


def _set_in_type(request: web.Request, me: SignedIn, typed: Mapping[str, str]) -> bytes:
    context, parts = request.app[CONTEXT], request.app[STAFF]
    if parts.press is None:
        raise NotFound("no letter press")
    with context.database.reading() as tx:
        case, _ = open_case(request, me, tx, "")
        due_at = queues.clocks_of(tx, case.id).get(ClockName.PERIOD)
    purpose = Purpose(request.match_info["purpose"])
    if purpose is Purpose.PLAN:
        case = replace(case, plan=typed.get("plan", ""))
    else:
        case = replace(case, result=_result(typed) if purpose is Purpose.RESULT else _refusal(typed))
    kind = parts.directory.kinds.get(case.kind_code)
    letter = draft(
        purpose, case, office=context.office, signers=parts.directory.signers(case.handler_id), register=_NO_NUMBER,
        dated_at=context.clock.now(), kind_name=kind.name if kind else "", due_at=due_at.due_at if due_at else None,
    )  # fmt: skip
    return parts.press.compose(LETTER_KINDS[purpose], letter)


def attach(app: web.Application) -> None:
    """Add the routes."""
    base = r"/staff/cases/{number:[0-9-]+}"
    app.router.add_get("/staff/inbox", inbox)
    app.router.add_get(base, case_page)
    app.router.add_post(base + "/{act:plan|decide|refuse|transfer|withdraw}", act)
    app.router.add_post(base + "/preview/{purpose:plan|result|refusal}", preview)
