"""Mail over real sockets: a real aiosmtpd sink, and a peer that misbehaves on the wire."""

from __future__ import annotations

import asyncio
import email
import email.policy
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from gateway.domain.errors import ConfigurationError
from notifications.mail import FolderWay, SmartHost, SmtpWay, build, mail_way, new_message_id
from notifications.ports import Attempted, Outcome
from tests.returns_office import AT, ONNURI

TO = "garam@citizen.example"


class Sink:
    """Keeps what it is given; refuses what it was told to."""

    def __init__(self, refuse: str = "", at: str = "") -> None:
        self.taken: list[Envelope] = []
        self._refuse, self._at = refuse, at

    async def handle_RCPT(  # noqa: N802 (aiosmtpd's name)
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if self._at == "rcpt":
            return self._refuse
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 (as above)
        if self._at == "data":
            return self._refuse
        self.taken.append(envelope)
        return "250 taken as 4711"


@contextmanager
def sink(refuse: str = "", at: str = "") -> Iterator[tuple[Sink, SmtpWay]]:
    handler = Sink(refuse, at)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def listen() -> asyncio.Server:
        return await loop.create_server(lambda: SMTP(handler, enable_SMTPUTF8=True, loop=loop), "127.0.0.1", 0)

    async def leave(server: asyncio.Server) -> None:
        server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    try:
        server = asyncio.run_coroutine_threadsafe(listen(), loop).result(10)
        try:
            yield handler, SmtpWay(SmartHost("127.0.0.1", server.sockets[0].getsockname()[1], timeout_s=5))
        finally:
            asyncio.run_coroutine_threadsafe(leave(server), loop).result(10)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


class Peer:
    """Answers each line as scripted, then hangs up; keeps what it heard."""

    def __init__(self, *answers: bytes) -> None:
        self.heard: list[bytes] = []
        self._answers = answers
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._talk)
        self._thread.start()

    def way(self) -> SmtpWay:
        return SmtpWay(SmartHost("127.0.0.1", self.port, timeout_s=3))

    def stop(self) -> None:
        self._thread.join(10)
        self._socket.close()

    def _talk(self) -> None:
        connection, _ = self._socket.accept()
        with connection, connection.makefile("rb") as lines:
            for answer in self._answers:
                connection.sendall(answer)
                line = lines.readline()
                self.heard.append(line)
                if answer.startswith(b"354"):
                    while line not in {b".\r\n", b""}:
                        line = lines.readline()


@contextmanager
def peer(*answers: bytes) -> Iterator[Peer]:
    talking = Peer(*answers)
    try:
        yield talking
    finally:
        talking.stop()


def mail(**changes: object) -> EmailMessage:
    parts: dict[str, object] = {
        "office": ONNURI, "to": TO, "subject": "[온누리군청] 민원 접수증 (접수번호 2026-0000123)",
        "body": "안녕하십니까.\n.점으로 시작하는 줄\n끝.", "message_id": "<own-key@onnuri.example>", "date": AT,
        "replying": True, "attachment": ("안전건설과-7.pdf", b"%PDF-1.7\n."),
    }  # fmt: skip
    return build(**{**parts, **changes})  # type: ignore[arg-type]  # a table of keyword arguments


def send(way: SmtpWay, message: EmailMessage | None = None, reverse_path: str = "") -> Attempted:
    return way.send(message or mail(), TO, reverse_path=reverse_path, key="own-key@onnuri.example")


def test_a_mail_arrives_whole_with_its_letter_and_marked_as_a_machines() -> None:
    with sink() as (taken, way):
        attempted = send(way)
    assert attempted.outcome is Outcome.SENT
    assert "4711" in attempted.proof["reply"]
    envelope = taken.taken[0]
    assert (envelope.mail_from, envelope.rcpt_tos) == ("<>", [TO])
    assert isinstance(envelope.content, bytes)
    found = email.message_from_bytes(envelope.content, policy=email.policy.default)
    assert found["Message-ID"] == "<own-key@onnuri.example>"
    assert found["Auto-Submitted"] == "auto-replied"
    assert found["From"].addresses[0].display_name == "온누리군청"
    assert found["Subject"] == "[온누리군청] 민원 접수증 (접수번호 2026-0000123)"
    assert found["Date"].datetime == AT
    body, letter = found.iter_parts()
    assert body.get_content().splitlines() == ["안녕하십니까.", ".점으로 시작하는 줄", "끝."]
    assert (letter.get_filename(), letter.get_content()) == ("안전건설과-7.pdf", b"%PDF-1.7\n.")


@pytest.mark.parametrize(
    ("refuse", "at", "outcome"),
    [
        ("550 5.1.1 no such user", "rcpt", Outcome.PERMANENT),
        ("451 4.3.0 later", "rcpt", Outcome.TRANSIENT),
        ("554 5.7.1 no", "data", Outcome.PERMANENT),
        ("452 4.2.2 full", "data", Outcome.TRANSIENT),
    ],
)
def test_a_refusal_is_for_good_or_for_now_by_its_first_digit(refuse: str, at: str, outcome: Outcome) -> None:
    with sink(refuse, at) as (taken, way):
        attempted = send(way)
    assert attempted.outcome is outcome
    assert refuse[:3] in attempted.detail
    assert taken.taken == []


def test_nobody_listening_is_no_failure_for_good() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert send(SmtpWay(SmartHost("127.0.0.1", port, timeout_s=2))).outcome is Outcome.TRANSIENT


def test_a_connection_lost_before_the_text_is_no_doubt() -> None:
    with peer(b"220 hi\r\n", b"250 peer\r\n", b"250 ok\r\n") as talking:
        assert send(talking.way()).outcome is Outcome.TRANSIENT


def test_a_connection_lost_after_the_text_is_in_doubt() -> None:
    with peer(b"220 hi\r\n", b"250 peer\r\n", b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n") as talking:
        assert send(talking.way()).outcome is Outcome.IN_DOUBT


def test_a_delivery_report_is_asked_for_where_it_is_offered_and_can_go_somewhere() -> None:
    answers = (b"220 hi\r\n", b"250-peer\r\n250 DSN\r\n", b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n", b"250 yes\r\n")
    with peer(*answers) as talking:
        attempted = send(talking.way(), reverse_path="minwon@onnuri.example")
    assert attempted.outcome is Outcome.SENT
    assert attempted.proof["dsn_requested"] == "yes"
    assert b"ENVID=own-key@onnuri.example" in talking.heard[1]
    assert b"NOTIFY=SUCCESS,FAILURE,DELAY" in talking.heard[2]
    with peer(*answers) as talking:
        assert send(talking.way()).proof["dsn_requested"] == "no"
    assert b"NOTIFY" not in talking.heard[2]


def test_a_korean_address_goes_by_smtputf8() -> None:
    with sink() as (taken, way):
        address = "가람@시민.example"
        attempted = way.send(mail(to=address), address, reverse_path="", key="k")
    assert attempted.outcome is Outcome.SENT
    assert taken.taken[0].rcpt_tos == [address]


def test_line_breaks_cannot_make_headers() -> None:
    message = mail(subject="제목\r\nBcc: other@citizen.example")
    assert message["Bcc"] is None
    assert "Bcc" in message["Subject"]


def test_a_mail_folder_holds_whole_mails_only(tmp_path: Path) -> None:
    way = mail_way(f"folder://{tmp_path}/out")
    assert isinstance(way, FolderWay)
    attempted = way.send(mail(), TO, reverse_path="minwon@onnuri.example", key="own-key@onnuri.example")
    assert attempted.outcome is Outcome.SENT
    kept = tmp_path / "out" / "new" / attempted.proof["file"]
    found = email.message_from_bytes(kept.read_bytes(), policy=email.policy.default)
    assert (found["X-Envelope-To"], found["Message-ID"]) == (TO, "<own-key@onnuri.example>")
    assert list((tmp_path / "out" / "tmp").iterdir()) == []


def test_a_mail_folder_that_cannot_be_written_is_tried_again(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file in its place")
    assert send_to_folder(tmp_path / "out").outcome is Outcome.TRANSIENT


def send_to_folder(folder: Path) -> Attempted:
    return FolderWay(folder).send(mail(), TO, reverse_path="", key="k")


@pytest.mark.parametrize("url", ["", "folder://", "http://x.example", "smtp://"])
def test_a_smart_host_that_means_nothing_is_refused_with_an_example(url: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        mail_way(url)
    assert "folder:///path" in caught.value.remedy


def test_message_ids_are_never_the_same() -> None:
    assert len({new_message_id("onnuri.example") for _ in range(100)}) == 100
