"""What the staff pages need beyond `WebContext`; the composition root puts a `StaffParts` into `extras["staff"]`.

Guarantees: an application without it has no staff pages at all (`staff.attach` adds none).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from aiohttp import web

from dispatch.calendar import OfficeCalendar
from dispatch.directory import Directory
from dispatch.handling import Handling
from gateway.store.accounts import IDLE
from notifications.press import LetterPress
from notifications.tray import Tray

EXTRA = "staff"


@dataclass(frozen=True, slots=True)
class StaffParts:
    """Parts of the staff pages.

    Attributes:
        directory: units, staff, superiors, deputies, absences.
        handling: what handlers do with cases.
        tray: what staff do with deliveries that wait.
        press: sets letters for the preview; without one there is no preview.
        idle: a session unused for so long has ended.
        demo_logins: staff id and words about it, shown on the log-in page of an invented office only.
    """

    directory: Directory
    handling: Handling
    tray: Tray
    press: LetterPress | None = None
    idle: timedelta = IDLE
    demo_logins: Mapping[str, str] = field(default_factory=dict)

    @property
    def calendar(self) -> OfficeCalendar:
        """The office's working time, for "time left"."""
        return self.directory.charter.calendar


STAFF = web.AppKey("staff", StaffParts)
