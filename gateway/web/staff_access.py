"""Whose cases a member of staff may see and act on, and the one way a staff page opens a case.

Guarantees: `open_case` gives a submission only to those who may see it and writes the access log in the same
transaction; without the right it raises `Forbidden` and the refusal is not told apart by content. Clerks and auditors
see every case; handlers and superiors see their own, their unit's and those they may act on (`Handling.may_act`);
administrators see none.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from aiohttp import web
from sqlalchemy.engine import Connection

from dispatch.directory import Absence, Directory
from gateway.domain.errors import Forbidden
from gateway.domain.people import StaffRole
from gateway.store import accounts, submissions
from gateway.store.submissions import Submission
from gateway.web.auth import SignedIn
from gateway.web.context import CONTEXT
from gateway.web.staff_parts import STAFF

READS_ALL = (StaffRole.CLERK, StaffRole.AUDITOR)
HANDLES = (StaffRole.HANDLER, StaffRole.SUPERIOR)


def acting_for(directory: Directory, person_id: str, now: datetime, absences: Sequence[Absence]) -> tuple[str, ...]:
    """Ids of absent colleagues whose deputy this person is now."""
    found = []
    for other in directory.people:
        if other != person_id and directory.is_absent(other, now, absences):
            deputy = directory.deputy_for(other, now, absences)
            if deputy is not None and deputy.id == person_id:
                found.append(other)
    return tuple(found)


def may_see(me: SignedIn, case: Submission, *, may_act: bool) -> bool:
    """Whether this person may read the case."""
    if me.has(*READS_ALL) or may_act:
        return True
    return me.has(*HANDLES) and bool(case.unit_code) and case.unit_code == me.person.unit_code


def open_case(request: web.Request, me: SignedIn, tx: Connection, what: str) -> tuple[Submission, bool]:
    """The case named in the address, for reading, with the look recorded; call it in a writing transaction.

    Args:
        request: names the case by `number`.
        me: who looks.
        tx: a writing transaction, or a reading one when `what` is empty.
        what: for the access log; empty when the look is part of one that was recorded.

    Returns:
        The submission, and whether `me` may act on it.

    Raises:
        NotFound: no such number.
        Forbidden: not this person's to see.
    """
    case = submissions.by_number(tx, request.match_info["number"])
    return case, may_open(request, me, tx, case, what)


def may_open(request: web.Request, me: SignedIn, tx: Connection, case: Submission, what: str) -> bool:
    """Let `me` see this case and record the look; whether `me` may also act on it.

    Raises:
        Forbidden: not this person's to see.
    """
    context, handling = request.app[CONTEXT], request.app[STAFF].handling
    now = context.clock.now()
    may_act = me.has(*HANDLES) and handling.may_act(case, me.person.id, tx, now)
    if not may_see(me, case, may_act=may_act):
        raise Forbidden(f"{me.person.id} may not see {case.number}")
    if what:
        accounts.log_access(tx, me.person.id, what, now=now, address=me.address, submission_id=case.id)
    return may_act
