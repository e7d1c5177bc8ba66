"""What the tests of returns share: an invented office, a letter, a scripted fax line, and a bench that does jobs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pypdf

from dispatch.directory import Directory, load_directory
from gateway.domain.delivery import Purpose
from gateway.domain.errors import TransientError
from gateway.domain.jobs import JobKind, Stage
from gateway.domain.lifecycle import Event
from gateway.domain.office import OfficeFacts
from gateway.domain.people import Signers
from gateway.domain.result import Outcome, Result
from gateway.domain.submission import Channel, Contact, ReturnChannel
from gateway.domain.times import FixedClock
from gateway.intake import Intake
from gateway.store import deliveries, jobs, submissions
from gateway.store.blobs import FileBlobs
from gateway.store.database import Database
from gateway.store.deliveries import Delivery
from gateway.store.jobs import JobState
from gateway.store.schema import jobs as jobs_table
from gateway.store.submissions import Submission
from notifications.composing import Composer
from notifications.delivering import Delivering
from notifications.letters import Addressee, CaseFacts, Letter
from notifications.ports import FaxJob, FaxLine, FaxState, MailWay
from notifications.press import LetterPress
from notifications.stage import Acknowledging, Composing
from tests.parts import arrival

AT = datetime(2026, 11, 23, 5, 30, tzinfo=UTC)  # Monday 14:30 in Seoul
OFFICE = Path(__file__).parents[1] / "office"
HANDLER = "safety-01"

ONNURI = OfficeFacts(
    name="온누리군청",
    authority="온누리군수",
    postcode="55999",
    address="전북특별자치도 온누리군 온누리읍 군청로 100",
    homepage="www.onnuri.example",
    phone="063-290-2000",
    fax="063-290-2109",
    email="minwon@onnuri.example",
    public_url="https://minwon.onnuri.example",
)
SIGNERS = Signers(
    unit_name="안전건설과",
    unit_phone="063-290-2200",
    handler_name="백이랑",
    handler_title="주무관",
    handler_phone="063-290-2210",
    superior_name="강도윤",
    superior_title="도로안전팀장",
    superior_phone="063-290-2201",
)
GRANTED = Result(
    Outcome.GRANTED,
    "가. 현장을 확인하여 가로등을 고쳤습니다.\n나. 주변 가로등도 점검하였습니다.\n  1) 수리 비용: 금113,560원",
)
REFUSED = Result(
    Outcome.UNPROCESSABLE,
    "요청하신 도로는 우리 군이 관리하지 않습니다.",
    reason="해당 구간은 국가가 관리하는 일반국도입니다.",
    solution="관할 국토관리사무소에 신청해 주십시오.",
    remedy="통지를 받은 날부터 60일 이내에 문서로 이의신청을 하실 수 있습니다.",
)
LETTER = Letter(
    office=ONNURI,
    signers=SIGNERS,
    to=Addressee("홍가람", "전북특별자치도 온누리군 온누리읍 새벽길 12", "55914"),
    case=CaseFacts(
        number="2026-0000123",
        access_code="ABCDEFGHJKMN",
        received_at=AT,
        title="가로등 고장 신고",
        channel="인터넷",
        return_channel="우편",
        kind="가로등 고장 신고",
        files=("사진.jpg", "신청서.hwp"),
        due="2026. 11. 25. 14:30까지",
    ),
    dated_at=AT,
    register="안전건설과-7",
    title="민원 처리결과 통지",
    text="현장을 확인하고 수리합니다.",
    summary="가로등 수리 결과를 알림.",
    keywords=("가로등", "처리결과"),
)
FULL_CONTACT = Contact(
    name="홍가람",
    phone="010-0000-1234",
    fax="063-290-7777",
    email="garam@citizen.example",
    address="전북특별자치도 온누리군 온누리읍 새벽길 12",
    postcode="55914",
)


def pdf_text(content: bytes) -> str:
    """All text of a PDF, without spaces and line breaks, which setting in type moves about."""
    from io import BytesIO  # noqa: PLC0415 (only here)

    reader = pypdf.PdfReader(BytesIO(content))
    return "".join("".join(page.extract_text().split()) for page in reader.pages)


@dataclass(slots=True)
class ScriptedLine:
    """A fax server in memory that does what a test tells it to (a `FaxLine`)."""

    state: FaxState = FaxState.DONE
    retryable: bool = True
    reachable: bool = True
    loses_answers: bool = False
    submitted: list[tuple[bytes, str, str]] = field(default_factory=list)
    forgotten: bool = False

    def submit(self, pdf: bytes, number: str, key: str) -> str:
        if not self.reachable:
            raise TransientError("no fax server")
        self.submitted.append((pdf, number, key))
        if self.loses_answers:
            raise TransientError("connection lost after submission")
        return str(len(self.submitted))

    def find(self, key: str) -> FaxJob | None:
        if not self.reachable:
            raise TransientError("no fax server")
        for position, (_, _, known) in enumerate(self.submitted, start=1):
            if known == key:
                return self.outcome(str(position))
        return None

    def outcome(self, job_id: str) -> FaxJob | None:
        if not self.reachable:
            raise TransientError("no fax server")
        if self.forgotten:
            return None
        key = self.submitted[int(job_id) - 1][2]
        code = "000" if self.state is FaxState.DONE else "333"
        return FaxJob(job_id, key, self.state, code, "busy", 1, 1, 3, self.retryable)


class Returns:
    """Stages over real parts, and a loop that does the jobs of notifications as the worker would."""

    def __init__(
        self, database: Database, blobs: FileBlobs, clock: FixedClock, press: LetterPress, mail: MailWay,
        fax: FaxLine | None = None,
    ) -> None:  # fmt: skip
        self.database, self.blobs, self.clock = database, blobs, clock
        self.directory: Directory = load_directory(OFFICE, public_url="https://minwon.onnuri.example")
        composer = Composer(press, blobs, self.directory)
        composing = Composing(database, clock, composer)
        self.delivering = Delivering(database, blobs, clock, composer, self.directory, mail, fax)
        self.stages: dict[JobKind, Stage] = {
            JobKind.ACKNOWLEDGE: Acknowledging(composing),
            JobKind.COMPOSE: composing,
            JobKind.DELIVER: self.delivering,
        }

    def due(self) -> list[int]:
        with self.database.reading() as tx:
            query = jobs_table.select().where(
                jobs_table.c.kind.in_(list(self.stages)),
                jobs_table.c.state.in_([JobState.WAITING, JobState.LEASED]),
                jobs_table.c.run_after <= self.clock.now(),
            )
            return [row.id for row in tx.execute(query.order_by(jobs_table.c.id))]

    def work(self, *, rounds: int = 20) -> None:
        """Do what is due until nothing is."""
        for _ in range(rounds):
            done = [job_id for job_id in self.due() if self.do(job_id)]
            if not done:
                return

    def do(self, job_id: int) -> bool:
        with self.database.transaction() as tx:
            lease = jobs.claim(tx, job_id, now=self.clock.now())
        if lease is None:
            return False
        self.stages[lease.kind](lease)
        return True

    def later(self, by: timedelta) -> None:
        self.clock.at += by
        self.work()

    def submission(self, submission_id: int) -> Submission:
        with self.database.reading() as tx:
            return submissions.get(tx, submission_id)

    def sent(self, submission_id: int, *purposes: Purpose) -> tuple[Delivery, ...]:
        with self.database.reading() as tx:
            return deliveries.for_submission(tx, submission_id, purposes or Purpose)

    def assigned(self, intake: Intake, *, channel: Channel = Channel.WEB, contact: Contact = FULL_CONTACT,
                 return_channel: ReturnChannel | None = ReturnChannel.INTERNET, key: str = "k") -> int:  # fmt: skip
        """A submission that has reached its handler; the acknowledgement is still to be done."""
        came = replace(arrival(key, channel=channel, return_channel=return_channel), contact=contact)
        receipt = intake.accept(came)
        with self.database.transaction() as tx:
            submission = submissions.get(tx, receipt.submission_id)
            submissions.move(
                tx, submission, Event.ASSIGNED_UNVERIFIED, actor="system:dispatch", at=self.clock.now(),
                handler_id=HANDLER, unit_code="safety", kind_code="streetlight", assigned_at=self.clock.now(),
            )  # fmt: skip
        return receipt.submission_id

    def decide(self, submission_id: int, result: Result = GRANTED) -> None:
        refused = result.outcome is Outcome.UNPROCESSABLE
        with self.database.transaction() as tx:
            submission = submissions.get(tx, submission_id)
            submissions.move(
                tx, submission, Event.REFUSED if refused else Event.DECIDED, actor="staff:safety-01",
                at=self.clock.now(), decided_at=self.clock.now(), result=submissions.result_column(result),
            )  # fmt: skip
            purpose = Purpose.REFUSAL if refused else Purpose.RESULT
            jobs.add(tx, JobKind.COMPOSE, submission_id, subject=purpose, now=self.clock.now())

    def tell(self, submission_id: int, plan: str = "현장을 확인한 뒤 3일 안에 수리합니다.") -> None:
        with self.database.transaction() as tx:
            submission = submissions.get(tx, submission_id)
            submissions.move(
                tx, submission, Event.PLAN_TOLD, actor="staff:safety-01", at=self.clock.now(), plan=plan,
                told_at=self.clock.now(),
            )  # fmt: skip
            jobs.add(tx, JobKind.COMPOSE, submission_id, subject=Purpose.PLAN, now=self.clock.now())


MakeReturns = Callable[..., Returns]
