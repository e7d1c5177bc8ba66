"""Units, staff and the three things every outgoing document names (C6): unit, handler, superior, each with a phone.

Guarantees: a `Signers` cannot be built with a part missing, so a letter that takes one cannot lack it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gateway.domain.errors import IncompleteDocument


class StaffRole(StrEnum):
    """What a member of staff may do in the gateway."""

    CLERK = "clerk"
    HANDLER = "handler"
    SUPERIOR = "superior"
    ADMINISTRATOR = "administrator"
    AUDITOR = "auditor"


@dataclass(frozen=True, slots=True)
class Unit:
    """A department or team that handles (처리부서)."""

    code: str
    name: str
    phone: str
    fax: str = ""
    parent_code: str = ""
    duties: str = ""


@dataclass(frozen=True, slots=True)
class Person:
    """A member of staff."""

    id: str
    name: str
    title: str
    unit_code: str
    phone: str
    email: str
    roles: frozenset[StaffRole]
    superior_id: str = ""
    deputy_id: str = ""
    duties: str = ""
    absent_from: datetime | None = None
    absent_until: datetime | None = None

    def absent_at(self, moment: datetime) -> bool:
        """Whether the person is away at `moment`."""
        if self.absent_from is None:
            return False
        return self.absent_from <= moment and (self.absent_until is None or moment < self.absent_until)


@dataclass(frozen=True, slots=True)
class Signers:
    """Who stands behind an outgoing document (C6).

    Raises:
        IncompleteDocument: a name or a phone number is missing.
    """

    unit_name: str
    unit_phone: str
    handler_name: str
    handler_title: str
    handler_phone: str
    superior_name: str
    superior_title: str
    superior_phone: str

    def __post_init__(self) -> None:
        missing = [name for name in self.__slots__ if not getattr(self, name).strip()]
        if missing:
            raise IncompleteDocument(f"missing: {', '.join(missing)}")
