"""A real mail server in a thread of its own, so that tests can speak SMTP to it from outside its event loop."""

from __future__ import annotations

import asyncio
import smtplib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from channels.limits import SmtpLimits
from channels.smtp import Accept, MailServer, SmtpReceiver
from gateway.domain.times import Clock
from gateway.intake import Acceptor, Intake

OURS = "minwon@onnuri.example"
CITIZEN = "garam@citizen.example"
_PATIENCE_S = 20.0


class MailRoom:
    """The running server and its loop."""

    def __init__(self, server: MailServer, loop: asyncio.AbstractEventLoop) -> None:
        self.server = server
        self._loop = loop

    @property
    def port(self) -> int:
        return self.server.port

    def smtp(self) -> smtplib.SMTP:
        return smtplib.SMTP("127.0.0.1", self.port, local_hostname="client.example", timeout=_PATIENCE_S)

    def send(self, raw: bytes, *, sender: str = CITIZEN, to: str = OURS) -> tuple[int, str]:
        """One mail over one connection; the answer to its content."""
        with self.smtp() as client:
            client.ehlo_or_helo_if_needed()
            for code, text in (client.mail(sender), client.rcpt(to)):
                if code >= 400:
                    return code, text.decode()
            code, text = client.data(raw)
            return code, text.decode()

    def stop(self, grace_s: float = 0.5) -> None:
        asyncio.run_coroutine_threadsafe(self.server.stop(grace_s), self._loop).result(_PATIENCE_S)


class Wire:
    """A raw connection for saying what no mail library would."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE_S)
        self._lines: IO[bytes] = self.socket.makefile("rb")
        self.greeting = self.reply()

    def reply(self) -> bytes:
        """The last line of the next reply; empty when the server hung up."""
        while True:
            line = self._lines.readline()
            if line[3:4] != b"-":
                return line.rstrip()

    def say(self, line: bytes) -> bytes:
        self.socket.sendall(line + b"\r\n")
        return self.reply()

    def begin(self, sender: str = CITIZEN, to: str = OURS) -> None:
        """Up to the invitation to send content."""
        assert self.say(b"EHLO client.example").startswith(b"250")
        assert self.say(f"MAIL FROM:<{sender}>".encode()).startswith(b"250")
        assert self.say(f"RCPT TO:<{to}>".encode()).startswith(b"250")
        assert self.say(b"DATA").startswith(b"354")

    def close(self) -> None:
        self._lines.close()
        self.socket.close()


@contextmanager
def wire(port: int) -> Iterator[Wire]:
    connection = Wire(port)
    try:
        yield connection
    finally:
        connection.close()


@contextmanager
def running(
    intake: Intake,
    clock: Clock,
    spool: Path,
    *,
    limits: SmtpLimits | None = None,
    tls_context: ssl.SSLContext | None = None,
    new_loop: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop,
) -> Iterator[MailRoom]:
    """The server with a real `Acceptor` in front of `intake`."""

    async def begin() -> tuple[MailServer, Acceptor]:
        acceptor = Acceptor(intake)
        accept: Accept = acceptor.accept
        receiver = SmtpReceiver(addresses=[OURS, "fax@onnuri.example"], accept=accept, clock=clock, limits=limits)
        server = MailServer(
            receiver, host="127.0.0.1", port=0, hostname="mail.onnuri.example", spool=spool, tls_context=tls_context
        )
        await server.start()
        return server, acceptor

    loop = new_loop()
    thread = threading.Thread(target=loop.run_forever, name="mailroom")
    thread.start()
    try:
        server, acceptor = asyncio.run_coroutine_threadsafe(begin(), loop).result(_PATIENCE_S)
        room = MailRoom(server, loop)
        try:
            yield room
        finally:
            room.stop()
            asyncio.run_coroutine_threadsafe(acceptor.close(), loop).result(_PATIENCE_S)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(_PATIENCE_S)
        loop.close()
