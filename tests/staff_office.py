"""An office with its staff pages, for tests and screenshots: `CitizenOffice` with accounts, handling and a letter press.

`log_in` gives a client a session; `Form` posts with the token of the page it came from.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from dispatch.handling import Handling
from gateway.intake import Acceptor
from gateway.store import accounts
from gateway.web.context import WebContext
from gateway.web.staff_parts import EXTRA, StaffParts
from notifications.press import LetterPress
from notifications.tray import Tray
from tests.citizen_office import CitizenOffice, Client

PASSWORD = "a long enough password"
_TOKEN = re.compile(r'name="csrf" value="([^"]+)"')


@dataclass(slots=True)
class StaffOffice(CitizenOffice):
    """The sample office with one account for each member of staff asked for."""

    def context(self, acceptor: Acceptor) -> WebContext:
        handling = Handling(self.database, self.directory, self.clock)
        parts = StaffParts(self.directory, handling, Tray(self.database, self.clock), LetterPress())
        return replace(super(StaffOffice, self).context(acceptor), extras={EXTRA: parts})

    def account(self, *staff_ids: str) -> None:
        """Give each of them an account with `PASSWORD`."""
        with self.database.transaction() as tx:
            for staff_id in staff_ids:
                accounts.ensure_account(tx, staff_id, PASSWORD, now=self.clock.now())


def token_on(page: str) -> str:
    """The form token of a page."""
    found = _TOKEN.search(page)
    assert found, "the page has no form"
    return found[1]


async def log_in(client: Client, staff_id: str, password: str = PASSWORD) -> int:
    """Log in through the form; the answer's status code."""
    page = await (await client.get("/staff/login")).text()
    answer = await post(client, "/staff/login", {"staff_id": staff_id, "password": password}, token=token_on(page))
    return answer[0]


async def post(client: Client, address: str, form: Mapping[str, str], *, token: str) -> tuple[int, str, str]:
    """Post a form; status code, where it leads, text."""
    answer = await client.post(address, data={**form, "csrf": token}, allow_redirects=False)
    return answer.status, answer.headers.get("Location", ""), await answer.text()
