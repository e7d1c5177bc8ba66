"""The people of the show: a clerk, case handlers and a citizen, each working on the real pages.

Guarantees: they do nothing that a person at a browser could not do; what a page refuses is raised as it is told.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from gateway.runtime.demo.client import Client, WebPage

_LETTER = re.compile(r'href="(/case/[\d-]+/letters/\d+\.pdf)"')


@dataclass(frozen=True, slots=True)
class Staff:
    """A member of staff at work.

    Args:
        base: where the pages are.
        staff_id: who.
    """

    client: Client
    staff_id: str

    @classmethod
    def log_in(cls, base: str, staff_id: str, password: str) -> Staff:
        """Log in.

        Raises:
            PageRefused: the password is wrong.
        """
        client = Client(base)
        page = client.get("/staff/login")
        client.send(page, page.form(action="/staff/login"), {"staff_id": staff_id, "password": password})
        return cls(client, staff_id)

    def confirm(self, number: str, corrections: Mapping[str, str]) -> WebPage:
        """Clerk: correct what was read and confirm it.

        Args:
            number: receipt number.
            corrections: right values by field name (`name`, `phone`, `return_channel`, ...).
        """
        page = self.client.get(f"/staff/desk/{number}")
        form = page.form(action="/confirm")
        values = {f"field-{name}": value for name, value in corrections.items()}
        return self.client.send(page, form, {name: v for name, v in values.items() if name in form.names})

    def tell_plan(self, number: str, plan: str = "") -> WebPage:
        """Handler: tell the citizen how it goes on; the kind's standard plan unless another is given."""
        return self._act(number, "plan", {"plan": plan} if plan else {})

    def decide(self, number: str, text: str) -> WebPage:
        """Handler: decide, with what the citizen is told."""
        return self._act(number, "decide", {"outcome": "answered", "text": text})

    def refuse(self, number: str, *, text: str, reason: str, solution: str) -> WebPage:
        """Handler: find a petition unprocessable; the remedy stands on the form already."""
        return self._act(number, "refuse", {"refusal": text, "reason": reason, "solution": solution})

    def transfer(self, number: str, to: str, why: str) -> WebPage:
        """Handler: hand a case to a colleague."""
        return self._act(number, "transfer", {"to": to, "why": why})

    def confirm_posted(self, delivery_id: int, registered: str) -> WebPage:
        """Clerk: the letter was posted, with its registered mail number."""
        return self._tray(delivery_id, "posted", {"registered": registered})

    def hand_over(self, delivery_id: int, collector: str) -> WebPage:
        """Clerk: the result was handed over at the counter against a resident card."""
        return self._tray(delivery_id, "collected", {"collector": collector, "identity": "resident_card"})

    def _act(self, number: str, act: str, values: Mapping[str, str]) -> WebPage:
        page = self.client.get(f"/staff/cases/{number}")
        return self.client.send(page, page.form(action=f"/{act}"), values)

    def _tray(self, delivery_id: int, act: str, values: Mapping[str, str]) -> WebPage:
        page = self.client.get("/staff/outgoing")
        return self.client.send(page, page.form(action=f"/staff/outgoing/{delivery_id}/{act}"), values)


@dataclass(frozen=True, slots=True)
class Citizen:
    """A citizen who follows a case with number and code."""

    client: Client
    number: str

    @classmethod
    def open(cls, base: str, number: str, code: str) -> Citizen:
        """Open the case.

        Raises:
            PageRefused: number and code do not match.
        """
        client = Client(base)
        page = client.get("/case")
        client.send(page, page.form(names=["number", "code"]), {"number": number, "code": code})
        return cls(client, number)

    def status(self) -> str:
        """The page that shows how far it is."""
        return self.client.get(f"/case/{self.number}").text

    def letters(self) -> list[bytes]:
        """Open the result: every letter (PDF) laid out there."""
        page = self.client.get(f"/case/{self.number}/result")
        return [self.client.get(path).content for path in dict.fromkeys(_LETTER.findall(page.text))]
