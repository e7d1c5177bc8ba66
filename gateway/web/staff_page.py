"""How a staff page is rendered: who is looking, which menu they have, Korean words and time left as filters.

Guarantees: personal numbers pass through `mask` in every template (`|mask`); a menu shows only what the role may open.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import aiohttp_jinja2
from aiohttp import web

from gateway.domain.clocks import ClockName
from gateway.domain.delivery import Route
from gateway.domain.people import Person, StaffRole
from gateway.domain.personal import mask, mask_name
from gateway.domain.telephone import spaced
from gateway.store.deliveries import Delivery
from gateway.store.queues import Leaving
from gateway.web import case_view, staff_words
from gateway.web.auth import HOME, SignedIn, signed_in
from gateway.web.context import CONTEXT
from gateway.web.pages import render
from gateway.web.staff_parts import STAFF

CLERK, HANDLER, SUPERIOR = StaffRole.CLERK, StaffRole.HANDLER, StaffRole.SUPERIOR
ADMINISTRATOR, AUDITOR = StaffRole.ADMINISTRATOR, StaffRole.AUDITOR


@dataclass(frozen=True, slots=True)
class MenuEntry:
    """One entry of the staff menu."""

    address: str
    name: str
    roles: frozenset[StaffRole]


MENU: Final = (
    MenuEntry("/staff/desk", "접수 확인", frozenset({CLERK})),
    MenuEntry("/staff/inbox", "내 처리함", frozenset({HANDLER, SUPERIOR})),
    MenuEntry("/staff/outgoing", "발송함", frozenset({CLERK})),
    MenuEntry("/staff/overview", "현황", frozenset({CLERK, SUPERIOR, ADMINISTRATOR, AUDITOR})),
    MenuEntry("/staff/charter", "이행 실적", frozenset(StaffRole)),
    MenuEntry("/staff/access", "접속기록", frozenset({AUDITOR})),
)


def home_of(person: Person) -> str:
    """The first page of a member of staff."""
    return next(entry.address for entry in MENU if not person.roles.isdisjoint(entry.roles))


def show(
    request: web.Request, me: SignedIn, template: str, values: Mapping[str, Any], *, status: int = 200,
) -> web.Response:  # fmt: skip
    """Answer with a staff template."""
    return render(request, template, {**_surroundings(request, me), **values}, status=status)


async def error_frame(request: web.Request) -> Mapping[str, Any]:
    """What an error page of the staff pages stands in: with the menu, when somebody is logged in."""
    me = await signed_in(request)
    return {"frame": "staff/layout.html", **(_surroundings(request, me) if me else {})}


def _surroundings(request: web.Request, me: SignedIn) -> dict[str, Any]:
    parts, now = request.app[STAFF], request.app[CONTEXT].clock.now()

    def left(due: datetime | None, name: str) -> staff_words.TimeLeft | None:
        return None if due is None else staff_words.time_left(due, now, ClockName(name), parts.calendar)

    def person_name(staff_id: str) -> str:
        person = parts.directory.people.get(staff_id)
        return person.name if person else staff_id

    def unit_name(code: str) -> str:
        unit = parts.directory.units.get(code)
        return unit.name if unit else code

    def kind_name(code: str) -> str:
        kind = parts.directory.kinds.get(code)
        return kind.name if kind else code

    return {
        "staff": me.person,
        "menu": [entry for entry in MENU if me.has(*entry.roles)],
        "home": HOME,
        "left": left,
        "person_name": person_name,
        "unit_name": unit_name,
        "kind_name": kind_name,
        "done": request.query.get("done", ""),
    }


def _address(delivery: Leaving | Delivery) -> str:
    """Where a delivery goes, as people read it."""
    by_number = delivery.route in {Route.FAX, Route.PICKUP}  # for a pickup it is the number to call
    return mask(spaced(delivery.address) if by_number else delivery.address)


def set_up(app: web.Application) -> None:
    """Add the staff filters to the templates."""
    aiohttp_jinja2.get_env(app).filters.update(
        mask=mask,
        mask_name=mask_name,
        address=_address,
        word=staff_words.word,
        event_word=staff_words.event_word,
        fact_word=case_view.fact_word,
        clock_label=lambda name, t: t(staff_words.CLOCKS[ClockName(name)]),
        access_word=lambda what: staff_words.ACCESSES.get(what, what),
        state_colour=lambda state: staff_words.STATE_COLOURS.get(state, "gray"),
        delivery_colour=lambda state: staff_words.DELIVERY_COLOURS.get(state, "gray"),
    )
