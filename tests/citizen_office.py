"""A whole office for tests of the citizen pages: real intake over SQLite, the sample directory, the real application.

`CitizenOffice.serving()` runs it on a free port in a thread of its own, so that a browser or a blocking client can
call it; the `*_told` functions take a case on as dispatch and notifications would.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy.engine import Connection

from channels.webform import UploadLimits
from dispatch.directory import Directory, load_directory
from dispatch.promises import OfficePromises
from gateway.domain.delivery import Purpose, Route
from gateway.domain.lifecycle import Event
from gateway.domain.result import Outcome, Result
from gateway.domain.times import FixedClock
from gateway.intake import Acceptor, Intake
from gateway.store import deliveries, migrate, submissions
from gateway.store.blobs import FileBlobs
from gateway.store.database import Database
from gateway.web.app import create_app
from gateway.web.context import StaticRoots, WebContext
from notifications import internet

ROOT = Path(__file__).parents[1]
MONDAY_1030 = datetime(2026, 11, 23, 1, 30, tzinfo=UTC)
SECRET = b"only for tests, thirty-two bytes or more"
LETTER = b"%PDF-1.7 a letter as it was composed"
Client = TestClient[web.Request, web.Application]


@dataclass(slots=True)
class CitizenOffice:
    """Parts of one office; each test has its own folder."""

    folder: Path
    clock: FixedClock = field(default_factory=lambda: FixedClock(MONDAY_1030))
    limits: UploadLimits | None = None
    database: Database = field(init=False)
    blobs: FileBlobs = field(init=False)
    directory: Directory = field(init=False)
    intake: Intake = field(init=False)

    def __post_init__(self) -> None:
        self.database = Database(f"sqlite:///{self.folder / 'gateway.db'}", lock_wait_ms=500)
        migrate.upgrade(self.database)
        self.blobs = FileBlobs(self.folder / "blobs")
        self.directory = load_directory(ROOT / "office", public_url="http://127.0.0.1:8080")
        self.intake = Intake(self.database, self.blobs, self.clock, OfficePromises(self.directory.charter))
        self.limits = self.limits or UploadLimits(self.folder / "spool")

    def close(self) -> None:
        self.database.close()

    def context(self, acceptor: Acceptor) -> WebContext:
        assert self.limits is not None
        return WebContext(
            database=self.database,
            blobs=self.blobs,
            acceptor=acceptor,
            clock=self.clock,
            office=self.directory.office,
            directory=self.directory,
            secret=SECRET,
            limits=self.limits,
            static_roots=StaticRoots.under(ROOT / "node_modules"),
            kinds=tuple((kind.code, kind.name) for kind in self.directory.kinds.values()),
        )

    @asynccontextmanager
    async def client(self) -> AsyncIterator[Client]:
        """A client with its own cookies, in this event loop."""
        acceptor = Acceptor(self.intake)
        async with TestClient(TestServer(create_app(self.context(acceptor)))) as client:
            yield client
        await acceptor.close()

    @contextmanager
    def serving(self) -> Iterator[str]:
        """The address of the running application."""
        started, stop = threading.Event(), asyncio.Event()
        found: list[str] = []
        loop = asyncio.new_event_loop()

        async def serve() -> None:
            acceptor = Acceptor(self.intake)
            server = TestServer(create_app(self.context(acceptor)), host="127.0.0.1")
            await server.start_server()
            found.append(str(server.make_url("")).rstrip("/"))
            started.set()
            await stop.wait()
            await server.close()
            await acceptor.close()

        thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
        thread.start()
        try:
            assert started.wait(20)
            yield found[0]
        finally:
            loop.call_soon_threadsafe(stop.set)
            thread.join(20)
            if not thread.is_alive():
                loop.close()

    def assigned(self, number: str, unit: str = "safety") -> str:
        """Hand the case to the unit's first handler, whose id comes back."""
        handler = self.directory.handlers_of(unit)[0].id
        at = self.clock.now()
        with self.database.transaction() as tx:
            case = submissions.by_number(tx, number)
            case = submissions.move(tx, case, Event.READING_STARTED, actor="system:test", at=at)
            case = submissions.move(tx, case, Event.READ, actor="system:test", at=at)
            submissions.move(
                tx, case, Event.ASSIGNED, actor="system:test", at=at,
                unit_code=unit, handler_id=handler, assigned_at=at,
            )  # fmt: skip
        return handler

    def plan_told(self, number: str, plan: str) -> None:
        """Tell the plan on the page."""
        at = self.clock.now()
        with self.database.transaction() as tx:
            case = submissions.by_number(tx, number)
            submissions.move(tx, case, Event.PLAN_TOLD, actor="staff:test", at=at, plan=plan, told_at=at)
            self._lay_out(tx, case.id, Purpose.PLAN, at)

    def result_told(self, number: str, *, refused: bool = False) -> None:
        """Decide and lay the result's letter out."""
        result = Result(Outcome.ANSWERED, "고장 난 가로등을 교체했습니다.\n\n불편을 드려 죄송합니다.")
        if refused:
            result = replace(
                result, outcome=Outcome.UNPROCESSABLE, text="신청하신 곳은 사유지여서 처리할 수 없습니다.",
                reason="토지 소유자의 동의가 없습니다.", solution="동의서를 붙여 다시 신청해 주십시오.",
                remedy="통지를 받은 날부터 60일 안에 이의신청을 하실 수 있습니다.",
            )  # fmt: skip
        at = self.clock.now()
        with self.database.transaction() as tx:
            case = submissions.by_number(tx, number)
            event = Event.REFUSED if refused else Event.DECIDED
            case = submissions.move(
                tx, case, event, actor="staff:test", at=at,
                result=submissions.result_column(result), decided_at=at,
            )  # fmt: skip
            submissions.move(tx, case, Event.RETURN_STARTED, actor="system:test", at=at)
            self._lay_out(tx, case.id, Purpose.REFUSAL if refused else Purpose.RESULT, at)

    def _lay_out(self, tx: Connection, submission_id: int, purpose: Purpose, at: datetime) -> None:
        delivery = deliveries.create(
            tx, submission_id, purpose=purpose, route=Route.INTERNET, actor="system:test", at=at,
            document_number="안전건설과-7",
        )  # fmt: skip
        delivery = deliveries.fill(
            tx, delivery, subject="처리 결과", document_sha256=self.blobs.put(LETTER),
        )  # fmt: skip
        internet.lay_out(tx, delivery, actor="system:test", at=at)
