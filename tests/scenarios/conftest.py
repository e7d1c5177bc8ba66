"""An office at work: a real gateway with its worker, a telephone line with HylaFAX, the citizens' mail server."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from gateway.domain.clocks import ClockName
from gateway.domain.delivery import DeliveryState, Purpose, Route
from gateway.domain.ledger import verify
from gateway.domain.lifecycle import State
from gateway.runtime.demo.players import Citizen, Staff
from gateway.store import accounts, deliveries, jobs, ledger, listing, queues, submissions
from gateway.store.deliveries import Delivery
from gateway.store.submissions import Submission
from tests.faxline.line import FaxLine, fax_line
from tests.running import Gateway, running
from tests.services import free_port, wait_for

PASSWORD = "onnuri-scenario-1"


@dataclass
class MailSink:
    """The citizens' mail server; keeps what it was handed."""

    letters: list[tuple[str, EmailMessage]] = field(default_factory=list)

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 (aiosmtpd's name)
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        self.letters += [(recipient, message) for recipient in envelope.rcpt_tos]
        return "250 2.0.0 kept"

    def to(self, address: str) -> list[EmailMessage]:
        """What came for one address."""
        return [message for recipient, message in self.letters if recipient == address]


@dataclass
class Cases:
    """A running gateway, its cases and the people who work on them."""

    gateway: Gateway

    @cached_property
    def parts(self) -> Any:
        """Parts over the gateway's folder, opened once: opening asks for the write lock."""
        return self.gateway.parts

    def case(self, number: str) -> Submission:
        """A case as it stands."""
        with self.parts.database.reading() as tx:
            return submissions.by_number(tx, number)

    def last(self, channel: str, *, after: int = 0) -> Submission | None:
        """The newest submission of a channel with a row number above `after`."""
        with self.parts.database.reading() as tx:
            found = [w for w in listing.latest(tx, also_final=True) if w.channel == channel and w.id > after]
            return submissions.get(tx, found[0].id) if found else None

    def newest(self) -> int:
        """The newest row number."""
        with self.parts.database.reading() as tx:
            return max((w.id for w in listing.latest(tx, also_final=True)), default=0)

    def arrived(self, channel: str, *, after: int) -> Submission:
        """Wait for the next submission of a channel."""
        wait_for(lambda: self.last(channel, after=after) is not None, f"a submission by {channel}")
        found = self.last(channel, after=after)
        assert found
        return found

    def until(self, number: str, *states: State) -> Submission:
        """Wait until a case stands in one of `states`."""
        try:
            wait_for(lambda: self.case(number).state in states, f"{number} to be {states}", patience_s=90)
        except TimeoutError as late:
            with self.parts.database.reading() as tx:
                told = [f"{e.event}: {e.why}" for e, _ in ledger.history(tx, self.case(number).id)]
                raise AssertionError(
                    f"{number} is {self.case(number).state}; {told}; stuck: {jobs.stuck(tx)}"
                ) from late
        return self.case(number)

    def delivery(self, number: str, purpose: Purpose, route: Route, *states: DeliveryState) -> Delivery:
        """Wait for a delivery to reach one of `states`."""

        def found() -> Delivery | None:
            with self.parts.database.reading() as tx:
                leaving = deliveries.for_submission(tx, submissions.by_number(tx, number).id)
            return next((d for d in leaving if d.purpose == purpose and d.route == route and d.state in states), None)

        wait_for(lambda: found() is not None, f"{purpose} of {number} by {route} to be {states}", patience_s=90)
        delivery = found()
        assert delivery
        return delivery

    def staff(self, staff_id: str) -> Staff:
        """A member of staff, logged in."""
        parts = self.parts
        with parts.database.transaction() as tx:
            accounts.ensure_account(tx, staff_id, PASSWORD, now=parts.clock.now())
        return Staff.log_in(self.gateway.web, staff_id, PASSWORD)

    def handler(self, number: str) -> Staff:
        """The case handler of a case, logged in."""
        return self.staff(self.case(number).handler_id)

    def citizen(self, number: str) -> Citizen:
        """The citizen with number and code."""
        return Citizen.open(self.gateway.web, number, self.case(number).access_code)

    def told(self, number: str) -> bool:
        """Whether the citizen knows handler and plan (C2)."""
        with self.parts.database.reading() as tx:
            running = queues.clocks_of(tx, self.case(number).id)
        return running[ClockName.C2].satisfied_at is not None

    def intact(self, number: str) -> bool:
        """Whether the case's ledger chain is unbroken."""
        with self.parts.database.reading() as tx:
            return not verify(ledger.history(tx, self.case(number).id))


@dataclass
class Office(Cases):
    """The office and what surrounds it."""

    line: FaxLine
    sink: MailSink


@pytest.fixture(scope="session")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """One office for all scenarios."""
    sink = MailSink()
    port = free_port()
    server = Controller(sink, hostname="127.0.0.1", port=port)
    server.start()
    try:
        with fax_line() as line:
            var: Path = tmp_path_factory.mktemp("office") / "var"
            host = line.host
            extra = {
                "GATEWAY_SMART_HOST": f"smtp://127.0.0.1:{port}",
                "GATEWAY_FAX_QUEUE": str(line.hylafax.recvq),
                "GATEWAY_FAX_RECORDS": str(line.hylafax.ready),
                "GATEWAY_FAX_HOST": host["host"],
                "GATEWAY_FAX_PORT": str(host["port"]),
                "GATEWAY_FAX_LOGIN": host["user"],
                "GATEWAY_FAX_PASSWORD": host["password"],
            }
            with running(var, extra=extra) as gateway:
                yield Office(gateway, line, sink)
    finally:
        server.stop()
