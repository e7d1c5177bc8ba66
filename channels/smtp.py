"""Mail arrives here: an SMTP server for the office's intake addresses, and for nothing else.

Guarantees: 250 is said only after acceptance has committed, with the receipt number; otherwise 451 and the sending
server keeps the mail. The whole mail is kept as one original exactly as it came. The same mail from the same envelope
sender presented again (after a lost 250) gets the same receipt; another mail under the same Message-ID is another
submission. Never a relay: 550 5.1.1 for an address that is not ours. Fails by reply codes (`channels.replies`).
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import ssl
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any

from channels import replies
from channels.charsets import storable
from channels.limits import SmtpLimits
from channels.smtp_data import Content
from channels.smtp_session import Gate, MailEnvelope, SmtpSession
from gateway.domain.errors import GatewayError
from gateway.domain.submission import Arrival, ArrivedFile, Channel, Contact, Receipt, Role
from gateway.domain.times import Clock

_log = logging.getLogger(__name__)
_NULL_PATH = "<>"
_POLL_S = 0.02
_BACKLOG = 512
_HOOKS = ["handle_MAIL", "handle_RCPT", "handle_DATA", "handle_exception"]

Accept = Callable[[Arrival], Awaitable[Receipt]]


class SmtpReceiver:
    """What the server answers to each command; aiosmtpd calls the `handle_` methods.

    Args:
        addresses: the office's intake addresses, `local@domain`; compared without regard to case.
        accept: makes an arrival durable (`gateway.intake.Acceptor.accept`).
        clock: stamps the arrival.
        limits: of the edge.
    """

    def __init__(
        self, *, addresses: Iterable[str], accept: Accept, clock: Clock, limits: SmtpLimits | None = None
    ) -> None:
        self._addresses = frozenset(address.strip().casefold() for address in addresses)
        domains = {address.rpartition("@")[2] for address in self._addresses}
        # RFC 5321 §4.5.1: mail to the postmaster is taken; here it becomes a submission like any other
        self._postmasters = frozenset({"postmaster", *(f"postmaster@{domain}" for domain in domains)})
        self._accept = accept
        self._clock = clock
        self.limits = limits or SmtpLimits()
        self._commits: set[asyncio.Task[Receipt]] = set()

    def is_ours(self, address: str) -> bool:
        """Whether mail to `address` is taken."""
        folded = address.strip().casefold()
        return folded in self._addresses or folded in self._postmasters

    def __dir__(self) -> list[str]:
        """The hooks alone: aiosmtpd looks through `dir` for them at every new connection."""
        return _HOOKS

    async def handle_MAIL(  # noqa: N802  # aiosmtpd's name
        self,
        _server: SmtpSession,
        _session: Any,
        envelope: MailEnvelope,
        address: str,
        options: list[str],
    ) -> str:
        """Any sender may write, the null one (a bounce) too."""
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return replies.SENDER_OK

    async def handle_RCPT(  # noqa: N802  # aiosmtpd's name
        self,
        _server: SmtpSession,
        _session: Any,
        envelope: MailEnvelope,
        address: str,
        _options: list[str],
    ) -> str:
        """Only the office's own addresses."""
        if not self.is_ours(address):
            return replies.NOT_OURS
        if len(envelope.rcpt_tos) >= self.limits.recipients:
            return replies.TOO_MANY_RECIPIENTS
        envelope.rcpt_tos.append(address)
        return replies.RECIPIENT_OK

    async def handle_DATA(self, server: SmtpSession, session: Any, envelope: MailEnvelope) -> str:  # noqa: ARG002, N802
        """Make the message durable, then say so."""
        content = envelope.received
        if content is None:
            return replies.CANNOT_STORE
        if content.too_large:
            return replies.TOO_LARGE
        if content.trouble:
            _log.error("mail refused for now: %s", content.trouble)
            return replies.NO_ROOM
        commit = asyncio.ensure_future(self._accept(self._arrival(session, envelope, content)))
        self._commits.add(commit)
        commit.add_done_callback(lambda done: self._settled(done, content))
        try:
            # a client that hangs up must not stop a commit half way: the files stay until it has ended
            receipt = await asyncio.wait_for(asyncio.shield(commit), self.limits.commit_s)
        except TimeoutError:
            _log.error("acceptance of a mail took longer than %s s", self.limits.commit_s)
            return replies.CANNOT_STORE
        except Exception as error:  # noqa: BLE001  # whatever it was, the client is told to try again
            if isinstance(error, GatewayError):
                _log.warning("a mail was put off: %s %s", error, error.remedy)
            else:
                _log.exception("a mail could not be accepted")
            return replies.refused(error)
        return replies.accepted(receipt)

    async def handle_exception(self, error: Exception) -> str:
        """Whatever goes wrong in a conversation: the client may try again, the cause goes to the log."""
        _log.error("SMTP conversation: %r", error)
        return replies.CANNOT_STORE

    async def settled(self) -> None:
        """Wait until no acceptance is under way."""
        while self._commits:
            await asyncio.wait(set(self._commits))

    def _settled(self, commit: asyncio.Task[Receipt], content: Content) -> None:
        self._commits.discard(commit)
        content.discard()
        if not commit.cancelled():
            commit.exception()  # looked at here: the conversation that waited for it may be gone

    def _arrival(self, session: Any, envelope: MailEnvelope, content: Content) -> Arrival:
        sender = storable("" if envelope.mail_from in (None, _NULL_PATH) else envelope.mail_from)
        key = hashlib.sha256(f"{sender}\0{content.sha256}".encode()).hexdigest()
        file = ArrivedFile(
            name="message.eml",
            media_type="message/rfc822",
            role=Role.ENVELOPE,
            content=content.content,
            path=content.path,
        )
        facts = {
            "mail_from": sender,
            "mail_to": storable(", ".join(dict.fromkeys(envelope.rcpt_tos))),
            "peer": session.peer[0] if isinstance(session.peer, tuple) else "",
            "helo": storable(session.host_name or "")[:255],
            "tls": "yes" if session.ssl else "no",
        }
        return Arrival(
            channel=Channel.EMAIL,
            key=key,
            arrived_at=self._clock.now(),
            files=(file,),
            contact=Contact(email=sender),
            facts=facts,
        )


class MailServer:
    """Listens within a running event loop and hands each connection to an `SmtpSession`.

    Args:
        receiver: answers the commands.
        host: address to listen on.
        port: port to listen on; 0 takes a free one, see `port` after `start`.
        hostname: how the server names itself in greetings.
        spool: folder for the content of large messages until they are accepted.
        tls_context: for STARTTLS; None offers none.
    """

    def __init__(
        self,
        receiver: SmtpReceiver,
        *,
        host: str,
        port: int,
        hostname: str,
        spool: Path,
        tls_context: ssl.SSLContext | None = None,
    ) -> None:
        self._receiver = receiver
        self._host = host
        self.port = port
        self._hostname = hostname
        self._spool = spool
        self._tls_context = tls_context
        self._gate = Gate(receiver.limits)
        self._sessions: set[SmtpSession] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen.

        Raises:
            OSError: the address is taken or not ours.
        """
        # aiosmtpd logs every command with its addresses; those are personal data
        logging.getLogger("mail.log").setLevel(logging.CRITICAL)
        self._sweep_spool()
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: self._session(loop), self._host, self.port, backlog=_BACKLOG)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self, grace_s: float = 10.0) -> None:
        """Listen no more, let messages under way finish for `grace_s` seconds, close the rest with 421."""
        if self._server is None:
            return
        self._server.close()
        deadline = asyncio.get_running_loop().time() + grace_s
        await self._until(lambda: not any(session.busy for session in self._sessions), deadline)
        for session in tuple(self._sessions):
            session.say_goodbye(replies.CLOSING)
        await self._receiver.settled()
        await self._until(lambda: not self._sessions, deadline + 1.0)
        self._server = None

    async def _until(self, reached: Callable[[], bool], deadline: float) -> None:
        """Wait for a state that nobody announces, no longer than `deadline` of the loop's clock."""
        while not reached() and asyncio.get_running_loop().time() < deadline:  # noqa: ASYNC110  # see above
            await asyncio.sleep(_POLL_S)

    @property
    def open_connections(self) -> int:
        """How many clients are connected."""
        return self._gate.open

    def _session(self, loop: asyncio.AbstractEventLoop) -> SmtpSession:
        return SmtpSession(
            self._receiver,
            limits=self._receiver.limits,
            gate=self._gate,
            sessions=self._sessions,
            spool=self._spool,
            hostname=self._hostname,
            tls_context=self._tls_context,
            loop=loop,
        )

    def _sweep_spool(self) -> None:
        """Remove what a crash left; none of it was ever acknowledged."""
        for stale in self._spool.glob("mail-*.part"):
            stale.unlink(missing_ok=True)
