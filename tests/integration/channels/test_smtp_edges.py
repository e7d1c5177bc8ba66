"""What a hostile, slow or odd client meets at the SMTP edge."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
import uvloop
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from channels.limits import SmtpLimits
from gateway.domain.times import FixedClock
from gateway.intake import Intake
from gateway.store import schema, submissions
from gateway.store.blobs import FileBlobs
from gateway.store.database import Database
from tests.mailroom import CITIZEN, OURS, MailRoom, Wire, running, wire

MAIL = b"Subject: hello\r\n\r\nhello\r\n"


@pytest.fixture
def room(intake: Intake, clock: FixedClock, tmp_path: Path) -> Iterator[MailRoom]:
    with running(intake, clock, tmp_path / "spool") as room:
        yield room


def stored(database: Database, blobs: FileBlobs) -> list[bytes]:
    with database.reading() as tx:
        ids = tx.execute(sa.select(schema.submissions.c.id).order_by(schema.submissions.c.id)).scalars().all()
        return [blobs.read(submissions.originals(tx, one)[0].sha256) for one in ids]


FALSE_ENDS = [
    b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r.\r\n", b"\r\n.\r", b"\n.\r", b"\r.\n", b"\r\n\x00.\r\n",
    b"\r\r\n.\n", b"\n\r.\r\n", b"\r\n.\r\r\n", b"\x0b.\x0b", "\u2028.\u2028".encode(),
]  # fmt: skip


@pytest.mark.parametrize("false_end", FALSE_ENDS, ids=repr)
def test_only_cr_lf_dot_cr_lf_ends_a_message(
    room: MailRoom, database: Database, blobs: FileBlobs, false_end: bytes
) -> None:
    smuggled = false_end + b"MAIL FROM:<evil@citizen.example>\r\nRCPT TO:<" + OURS.encode() + b">\r\nDATA\r\nevil\r\n"
    with wire(room.port) as connection:
        connection.begin()
        content = b"hello" + smuggled
        assert connection.say(content + b".").startswith(b"250")
        assert connection.say(b"NOOP").startswith(b"250")
    # a dot that opens a line (after CR LF) was a doubled one or lost its double, as RFC 5321 §4.5.2 has it
    assert stored(database, blobs) == [content.replace(b"\r\n.", b"\r\n")]


def test_content_sent_byte_by_byte_ends_where_it_ends(room: MailRoom, database: Database, blobs: FileBlobs) -> None:
    on_the_wire = b"..dot\r\n\r\n.\r.\n.\r\n..\r\n\r\r\n.\r\n"
    with wire(room.port) as connection:
        connection.begin()
        for position in range(len(on_the_wire)):
            connection.socket.sendall(on_the_wire[position : position + 1])
        assert connection.reply().startswith(b"250")
    assert stored(database, blobs) == [b".dot\r\n\r\n\r.\n.\r\n.\r\n\r\r\n"]


def test_commands_sent_in_one_piece_are_answered_in_order(room: MailRoom, database: Database) -> None:
    with wire(room.port) as connection:
        assert connection.say(b"EHLO client.example").endswith(b"PIPELINING")
        connection.socket.sendall(
            f"MAIL FROM:<{CITIZEN}>\r\nRCPT TO:<x@y.example>\r\nRCPT TO:<{OURS}>\r\nDATA\r\n".encode()
        )
        assert [connection.reply()[:9] for _ in range(4)] == [
            b"250 2.1.0",
            b"550 5.1.1",
            b"250 2.1.5",
            b"354 End t"[:9],
        ]
        connection.socket.sendall(MAIL + b".\r\nRSET\r\nQUIT\r\n")
        assert [connection.reply()[:3] for _ in range(3)] == [b"250", b"250", b"221"]
    with database.reading() as tx:
        assert tx.execute(sa.select(sa.func.count()).select_from(schema.submissions)).scalar_one() == 1


def test_too_many_recipients_connections_and_connections_of_one_client(
    intake: Intake, clock: FixedClock, tmp_path: Path
) -> None:
    limits = SmtpLimits(recipients=2, connections=3, per_client=2)
    with running(intake, clock, tmp_path / "spool", limits=limits) as room, wire(room.port) as one:
        one.begin()
        assert one.say(b".").startswith(b"250")
        assert one.say(f"MAIL FROM:<{CITIZEN}>".encode()).startswith(b"250")
        answers = [one.say(f"RCPT TO:<{OURS}>".encode())[:9] for _ in range(3)]
        assert answers == [b"250 2.1.5", b"250 2.1.5", b"452 4.5.3"]
        with wire(room.port) as two, wire(room.port) as three:
            assert two.greeting.startswith(b"220")
            assert three.greeting.startswith(b"421 4.7.0")
            assert three.reply() == b""
        eventually(lambda: room.server.open_connections == 1)
        with wire(room.port) as four:
            assert four.greeting.startswith(b"220")


def test_a_silent_client_is_told_and_sent_away_in_commands_and_in_content(
    intake: Intake, clock: FixedClock, tmp_path: Path, database: Database
) -> None:
    with running(intake, clock, tmp_path / "spool", limits=SmtpLimits(idle_s=0.3)) as room:
        with wire(room.port) as connection:
            assert connection.reply().startswith(b"421 4.4.2")
        with wire(room.port) as connection:
            connection.begin()
            connection.socket.sendall(b"half a mes")
            assert connection.reply().startswith(b"421 4.4.2")
    with database.reading() as tx:
        assert tx.execute(sa.select(sa.func.count()).select_from(schema.submissions)).scalar_one() == 0


def test_a_message_that_never_ends_is_cut_by_time_and_by_size(
    intake: Intake, clock: FixedClock, tmp_path: Path
) -> None:
    with (
        running(intake, clock, tmp_path / "spool", limits=SmtpLimits(message_s=0.4)) as room,
        wire(room.port) as connection,
    ):
        connection.begin()
        send_until_cut(connection, b"drip\r\n" * 20_000, times=2000, pause_s=0.01)
    limits = SmtpLimits(message_bytes=100_000, in_memory_bytes=1000)
    with running(intake, clock, tmp_path / "spool", limits=limits) as room, wire(room.port) as connection:
        connection.begin()
        send_until_cut(connection, b"flood\r\n" * 20_000, times=2000)
    assert list((tmp_path / "spool").glob("*")) == []


def test_a_client_that_hangs_up_in_the_middle_leaves_nothing(
    room: MailRoom, tmp_path: Path, database: Database, blobs: FileBlobs
) -> None:
    with wire(room.port) as connection:
        connection.begin()
        connection.socket.sendall(b"q" * 400_000)
    eventually(lambda: room.server.open_connections == 0)
    assert stored(database, blobs) == []
    eventually(lambda: not list((tmp_path / "spool").glob("*")))


def test_commands_out_of_order_and_nonsense_are_answered_and_there_is_no_log_in(room: MailRoom) -> None:
    with wire(room.port) as connection:
        assert connection.say(b"MAIL FROM:<a@b.example>").startswith(b"503")
        assert b"AUTH" not in connection.say(b"EHLO client.example")
        assert connection.say(b"DATA").startswith(b"503")
        assert connection.say(b"AUTH PLAIN AGEAYg==").startswith(b"502")
        assert connection.say(b"VRFY minwon").startswith(b"252")
        for broken in (b"MAIL FROM:<", b"MAIL FROM:<@@>", b"\xff\x00", b"X" * 5000):
            assert connection.say(broken)[:1] == b"5"
        assert connection.say(b"QUIT").startswith(b"221")


def test_stopping_lets_a_message_under_way_finish_and_tells_the_others(
    intake: Intake, clock: FixedClock, tmp_path: Path, database: Database, blobs: FileBlobs
) -> None:
    with (
        running(intake, clock, tmp_path / "spool") as room,
        wire(room.port) as busy,
        wire(room.port) as idle,
    ):
        busy.begin()
        busy.socket.sendall(b"first half, ")
        waiting = asyncio.run_coroutine_threadsafe(room.server.stop(10), room._loop)
        busy.socket.sendall(b"second half\r\n.\r\n")
        assert busy.reply().startswith(b"250")
        assert idle.reply().startswith(b"421 4.3.2")
        waiting.result(10)
    assert stored(database, blobs) == [b"first half, second half\r\n"]


@pytest.mark.parametrize("new_loop", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def test_starttls_and_smtputf8(
    intake: Intake,
    clock: FixedClock,
    tmp_path: Path,
    database: Database,
    blobs: FileBlobs,
    new_loop: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    server_side, client_side = certificates(tmp_path)
    with (
        running(intake, clock, tmp_path / "spool", tls_context=server_side, new_loop=new_loop) as room,
        room.smtp() as client,
    ):
        client.ehlo()
        assert client.has_extn("starttls")
        client.starttls(context=client_side)
        client.ehlo()
        assert not client.has_extn("starttls")
        assert not client.has_extn("auth")
        client.mail("홍가람@citizen.example", ["SMTPUTF8", "BODY=8BITMIME"])
        client.rcpt(OURS)
        assert client.data("Subject: 안녕하세요\r\n\r\n본문\r\n".encode() * 20_000)[0] == 250
    with database.reading() as tx:
        facts = submissions.get(tx, 1).facts
    assert (facts["mail_from"], facts["tls"]) == ("홍가람@citizen.example", "yes")
    assert len(stored(database, blobs)[0]) == len("Subject: 안녕하세요\r\n\r\n본문\r\n".encode() * 20_000)


def send_until_cut(connection: Wire, piece: bytes, *, times: int, pause_s: float = 0.0) -> None:
    """Send on and on; passes once the server has closed the connection."""
    try:
        for _ in range(times):
            connection.socket.sendall(piece)
            time.sleep(pause_s)
    except (ConnectionError, TimeoutError):
        return
    pytest.fail("the server took it all")


def eventually(reached: Callable[[], bool], patience_s: float = 10.0) -> None:
    deadline = time.monotonic() + patience_s
    while not reached():
        assert time.monotonic() < deadline, "the awaited state never came"
        time.sleep(0.01)


def certificates(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A self-signed certificate: the server's context with it, and a client's that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
        .not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    pem = folder / "mail.pem"
    pem.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_side.load_cert_chain(pem)
    client_side = ssl.create_default_context(cafile=pem)
    client_side.check_hostname = False
    return server_side, client_side
