"""An office with its staff pages: `CitizenOffice` with accounts, handling, the outgoing tray and a letter press.

`log_in` gives a client a session; `post` sends a form with the token of a page.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from io import BytesIO

import img2pdf
from PIL import Image

from dispatch.handling import Handling
from dispatch.stage import start_period
from gateway.domain.clocks import ClockName
from gateway.domain.delivery import DeliveryState, Purpose, Route
from gateway.domain.lifecycle import Event
from gateway.domain.submission import Channel, Contact, ReturnChannel
from gateway.domain.transcript import Box, Field, FieldName, Line, Page, Source, Transcript
from gateway.intake import Acceptor
from gateway.store import accounts, clocks, deliveries, submissions
from gateway.web.context import WebContext
from gateway.web.staff_parts import EXTRA, StaffParts
from notifications.press import LetterPress
from notifications.tray import Tray
from tests.citizen_office import CitizenOffice, Client
from tests.parts import arrival

PASSWORD = "a long enough password"
_TOKEN = re.compile(r'name="csrf" value="([^"]+)"')


@dataclass(slots=True)
class StaffOffice(CitizenOffice):
    """The sample office with one account for each member of staff asked for."""

    def context(self, acceptor: Acceptor) -> WebContext:
        handling = Handling(self.database, self.directory, self.clock)
        parts = StaffParts(self.directory, handling, Tray(self.database, self.clock), _press())
        return replace(super(StaffOffice, self).context(acceptor), extras={EXTRA: parts})

    def account(self, *staff_ids: str) -> None:
        """Give each of them an account with `PASSWORD`."""
        with self.database.transaction() as tx:
            for staff_id in staff_ids:
                accounts.ensure_account(tx, staff_id, PASSWORD, now=self.clock.now())

    def received(
        self, key: str, channel: Channel = Channel.FAX, *, title: str = "", ways: ReturnChannel | None = None,
        content: bytes = b"",
    ) -> str:  # fmt: skip
        """One submission with a one-page PDF, straight from the door; its number."""
        came = arrival(
            key, channel=channel, content=content or one_page(), name="민원서류.pdf", title=title,
            arrived_at=self.clock.now(), return_channel=ways,
        )  # fmt: skip
        if channel in {Channel.FAX, Channel.POST}:  # paper says nothing of its sender until it is read
            came = replace(came, contact=Contact())
        return self.intake.accept(came).number

    def doubtful(self, key: str, channel: Channel = Channel.FAX) -> str:
        """One submission whose phone number was read doubtfully; its number."""
        number = self.received(key, channel)
        at = self.clock.now()
        with self.database.transaction() as tx:
            case = submissions.by_number(tx, number)
            case = submissions.move(tx, case, Event.READING_STARTED, actor="system:ocr", at=at)
            (paper,) = submissions.originals(tx, case.id)
            submissions.describe_original(tx, paper.id, pages=1, rendition_sha256=paper.sha256)
            submissions.set_transcript(tx, case.id, transcript_of(paper.id), at=at)
            submissions.move(tx, case, Event.READ_DOUBTFULLY, actor="system:ocr", at=at, why=DOUBT)
        return number

    def unreadable(self, key: str) -> str:
        """One submission in quarantine; its number."""
        number = self.received(key, Channel.EMAIL, content=b"no document at all")
        at = self.clock.now()
        with self.database.transaction() as tx:
            case = submissions.by_number(tx, number)
            (paper,) = submissions.originals(tx, case.id)
            submissions.describe_original(tx, paper.id, trouble="파일이 손상되었습니다.")
            submissions.move(tx, case, Event.COULD_NOT_BE_READ, actor="system:ocr", at=at, why="파일이 손상되었습니다.")
        return number

    def with_handler(self, key: str, *, kind: str = "streetlight", ways: ReturnChannel | None = None) -> str:
        """One submission assigned to safety-01; its number."""
        number = self.received(key, Channel.WEB, title="새길 12 앞 가로등이 꺼졌습니다", ways=ways)
        self.assigned(number)
        with self.database.transaction() as tx:
            case = submissions.change(tx, submissions.by_number(tx, number), kind_code=kind)
            clocks.satisfy(tx, case.id, ClockName.C1, at=self.clock.now())
            start_period(tx, self.directory, case, kind)
        return number

    def in_tray(self, number: str, route: Route, purpose: Purpose = Purpose.PLAN, *, in_doubt: bool = False) -> int:
        """A delivery of the case that waits for a person; its row number."""
        at = self.clock.now()
        with self.database.transaction() as tx:
            case = submissions.by_number(tx, number)
            address = {Route.EMAIL: "garam@citizen.example", Route.FAX: "0632900001"}.get(route, "")
            waiting = deliveries.create(
                tx, case.id, purpose=purpose, route=route, actor="system:returns", at=at, address=address,
                document_number="안전건설과-7",
            )  # fmt: skip
            waiting = deliveries.fill(tx, waiting, subject="안내", document_sha256=self.blobs.put(one_page()))
            if in_doubt:
                waiting = deliveries.move(tx, waiting, DeliveryState.SENDING, actor="system:returns", at=at)
            to = DeliveryState.IN_DOUBT if in_doubt else DeliveryState.WAITING
            return deliveries.move(tx, waiting, to, actor="system:returns", at=at, why="직원이 처리합니다.").id

    def case(self, number: str) -> submissions.Submission:
        """The case as it stands."""
        with self.database.reading() as tx:
            return submissions.by_number(tx, number)


DOUBT = "전화번호를 확실히 읽지 못했습니다 (55%)."


@cache
def _press() -> LetterPress:
    """Fonts are read once for all tests."""
    return LetterPress()


@cache
def one_page() -> bytes:
    """A real PDF of one page with a dark bar."""
    sheet = Image.new("L", (620, 877), 255)
    sheet.paste(0, (80, 120, 400, 150))
    return bytes(img2pdf.convert(_png(sheet)))


def _png(picture: Image.Image) -> bytes:
    out = BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def transcript_of(original_id: int) -> Transcript:
    """A reading with one doubtful field."""
    phone = Box(0.13, 0.13, 0.65, 0.18)
    lines = (Line("성명: 홍가람", 0.97, Box(0.13, 0.08, 0.5, 0.12)), Line("전화: 010-0000-l234", 0.55, phone))
    return Transcript(
        pages=(Page(original_id, 1, 595, 842, Source.OCR, lines),),
        fields=(
            Field(FieldName.NAME, "홍가람", 0.97, "'성명' 옆에서 찾음", original_id, 1, Box(0.2, 0.08, 0.5, 0.12)),
            Field(FieldName.PHONE, "010-0000-1234", 0.55, "글자 하나가 분명하지 않음", original_id, 1, phone),
        ),
        doubts=(DOUBT,),
    )


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
