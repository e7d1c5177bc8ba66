"""One session with hfaxd, HylaFAX's client-server protocol (FTP with job verbs; hfaxd(8), RFC 959).

Guarantees: every wait is bounded by the time-out; `with Session(...)` always closes its connection. Fails with
`FaxServerUnreachable` when the server does not answer, refuses the log-in or breaks off, and with `FaxRefused` when it
refuses a request. Nothing but this module and `notifications.fax` knows the protocol.
"""

from __future__ import annotations

import ftplib
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from gateway.domain.errors import PermanentError, TransientError


class FaxServerUnreachable(TransientError):
    """The fax server does not answer; the fax stays in the outgoing tray and is tried again."""

    code = "fax_server_unreachable"
    text_ko = "팩스 서버가 응답하지 않습니다. 팩스는 발송함에 남아 있으며 다시 시도합니다."


class FaxRefused(PermanentError):
    """The fax server refused the request."""

    code = "fax_refused"
    text_ko = "팩스 서버가 요청을 거절했습니다."


@dataclass(frozen=True, slots=True)
class Server:
    """Where hfaxd is and how to log in (`hosts.hfaxd`)."""

    host: str = "127.0.0.1"
    port: int = 4559
    user: str = "gateway"
    password: str = field(default="", repr=False)
    timeout_s: float = 20.0


class Bare(str):
    """A parameter value that goes without quotes: a number, a word, a file name."""

    __slots__ = ()


class Session:
    """One logged-in connection; requests in it concern its current job (`new_job`, `select`)."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._ftp = ftplib.FTP(timeout=server.timeout_s)  # noqa: S321 - hfaxd speaks FTP; it listens on this machine or inside the office

    def __enter__(self) -> Self:
        try:
            with self._translated():
                self._ftp.connect(self._server.host, self._server.port)
                self._log_in()
        except TransientError:
            self._ftp.close()
            raise
        return self

    def _log_in(self) -> None:
        user = self._server.user
        try:
            if self._ftp.sendcmd(f"USER {user}").startswith("3"):
                self._ftp.sendcmd(f"PASS {self._server.password}")
        except ftplib.error_perm as why:
            raise FaxServerUnreachable(
                f"hfaxd refuses the log-in of '{user}': {why}",
                remedy="Compare the fax user and password in the settings with etc/hosts.hfaxd.",
            ) from why

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(ftplib.Error, OSError, EOFError):
            self._ftp.quit()
        self._ftp.close()

    def upload(self, document: bytes) -> str:
        """Store a temporary document (STOT); gone with the session unless a submitted job uses it.

        Returns:
            Its name on the server.
        """
        with self._translated():
            self._ftp.voidcmd("TYPE I")
            with socket.create_connection(self._ftp.makepasv(), self._server.timeout_s) as line:
                reply = self._ftp.sendcmd("STOT")
                line.sendall(document)
            self._ftp.voidresp()
        return _found(r"FILE: (\S+)", reply)

    def new_job(self) -> str:
        """Make a job current that does not exist for others until `submit`; its id."""
        return _found(r"jobid: (\d+)", self._request("JNEW"))

    def select(self, job_id: str) -> bool:
        """Make an existing job current; False when the server knows none of that id."""
        try:
            self._request(f"JOB {job_id}")
        except FaxRefused:
            return False
        return True

    def set(self, name: str, value: str | int) -> None:
        """Set a parameter of the current job; a bool becomes YES or NO."""
        if isinstance(value, bool):
            text = "YES" if value else "NO"
        elif isinstance(value, Bare | int):
            text = str(value)
        else:
            text = '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
        self._request(f"JPARM {name} {text}")

    def parameters(self) -> dict[str, str]:
        """All parameters of the current job."""
        reply = self._request("JPARM")
        pairs = (line.strip().partition(": ") for line in reply.splitlines()[1:-1])
        return {name.rstrip(":"): value for name, _, value in pairs}

    def submit(self) -> None:
        """Hand the current job to the scheduler."""
        self._request("JSUBM")

    def suspend(self) -> None:
        """Take the current job from the scheduler."""
        self._request("JSUSP")

    def kill(self) -> None:
        """Stop the current job, on the line too."""
        self._request("JKILL")

    def jobs(self, queue: str, form: str) -> list[list[str]]:
        """Every job of `sendq` or `doneq`, the fields of `form` (JOBFMT letters parted by `|`) for each.

        The last field may hold `|` itself.
        """
        return self._listing("JOBFMT", queue, form)

    def modems(self, form: str) -> list[list[str]]:
        """Every modem, the fields of `form` (MDMFMT letters) for each."""
        return self._listing("MDMFMT", "status", form)

    def _listing(self, verb: str, folder: str, form: str) -> list[list[str]]:
        lines: list[str] = []
        with self._translated():
            self._ftp.voidcmd(f'{verb} "{form}"')
            self._ftp.retrlines(f"LIST {folder}", lines.append)
        parts = form.count("|")
        return [[cell.strip() for cell in line.split("|", parts)] for line in lines if line.count("|") >= parts]

    def _request(self, line: str) -> str:
        with self._translated():
            return self._ftp.sendcmd(line)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except ftplib.error_perm as why:
            raise FaxRefused(f"hfaxd: {why}") from why
        except (OSError, EOFError, ftplib.Error) as why:
            server = self._server
            raise FaxServerUnreachable(
                f"hfaxd at {server.host}:{server.port}: {why or type(why).__name__}",
                remedy="See that hfaxd and faxq run (systemctl status hfaxd faxq) and that the port is right.",
            ) from why


def _found(pattern: str, reply: str) -> str:
    match = re.search(pattern, reply)
    if match is None:
        raise FaxServerUnreachable(f"an answer that hfaxd should not give: {reply[:120]!r}")
    return match[1]
