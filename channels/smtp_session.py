"""One SMTP conversation: aiosmtpd's protocol, made stricter where a message ends and softer where aiosmtpd loses mail.

What differs from aiosmtpd 1.4.6: content is taken by `smtp_data.take` (aiosmtpd refuses lines over 1,000 bytes, which
real mail has, and holds the whole message in memory); the idle time-out is renewed while content flows and answered
with 421; connections are counted; there is no AUTH; command sizes are kept per connection, not in the class.
"""

from __future__ import annotations

import asyncio
import collections
import re
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope

from channels import replies
from channels.limits import SmtpLimits
from channels.smtp_data import Content, take

_BUFFER = 64 * 1024
_PLAIN_ADDRESS = re.compile(r"<([A-Za-z0-9._=+/-]+@[A-Za-z0-9.-]+)>(.*)", re.DOTALL)
_COMMAND_BYTES = 2048  # RFC 5321 §4.5.3.1.4 asks for 512; long paths and parameters are harmless
_TOO_LARGE_FACTOR = 4  # so much beyond the limit and the connection is closed instead of read to its end
_IDENT = "mail intake"


_COMMANDS = [name for name in vars(SMTP) if name.startswith("smtp_")]


class MailEnvelope(Envelope):
    """An envelope with the content that came for it."""

    def __init__(self) -> None:
        super().__init__()
        self.received: Content | None = None


@dataclass(slots=True)
class Gate:
    """Counts open connections, in all and by client address."""

    limits: SmtpLimits
    open: int = 0
    by_client: collections.Counter[str] = field(default_factory=collections.Counter)

    def enter(self, client: str) -> str:
        """Count a connection in; the reply that refuses it, or an empty text. A refused one is not counted."""
        if self.open >= self.limits.connections:
            return replies.TOO_MANY_CONNECTIONS
        if self.by_client[client] >= self.limits.per_client:
            return replies.TOO_MANY_FROM_CLIENT
        self.open += 1
        self.by_client[client] += 1
        return ""

    def leave(self, client: str) -> None:
        """Count a connection out."""
        self.open -= 1
        self.by_client[client] -= 1
        if not self.by_client[client]:
            del self.by_client[client]


class SmtpSession(SMTP):
    """aiosmtpd's conversation with our limits.

    Args:
        receiver: the hooks (`SmtpReceiver`).
        limits: of the edge.
        gate: counts connections; shared by all sessions of a server.
        sessions: the open ones; this one enters and leaves by itself.
        spool: folder for the content of large messages.
        hostname: how the server names itself.
        tls_context: for STARTTLS; None offers none.
        loop: the running loop.
    """

    line_length_limit = _BUFFER

    def __init__(
        self,
        receiver: Any,
        *,
        limits: SmtpLimits,
        gate: Gate,
        sessions: set[SmtpSession],
        spool: Path,
        hostname: str,
        tls_context: ssl.SSLContext | None,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        super().__init__(
            receiver,
            data_size_limit=limits.message_bytes,
            enable_SMTPUTF8=True,
            hostname=hostname,
            ident=_IDENT,
            tls_context=tls_context,
            timeout=limits.idle_s,
            command_call_limit=limits.commands,
            loop=loop,
        )
        # aiosmtpd keeps these in the class and adds to them with every EHLO
        self.command_size_limits = collections.defaultdict(lambda: _COMMAND_BYTES)
        self._limits = limits
        self._gate = gate
        self._sessions = sessions
        self._spool = spool
        self._client = ""
        self._counted = False
        self._refusal = ""
        self._idle_until = 0.0
        self._looks_at = 0.0
        self.busy = False

    def __dir__(self) -> list[str]:
        """The commands alone: aiosmtpd looks through `dir` of every new connection, which took a fifth of its time."""
        return _COMMANDS

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count the connection; called a second time when TLS has begun."""
        if self._original_transport is None:
            peer = transport.get_extra_info("peername")
            self._client = str(peer[0]) if isinstance(peer, tuple) else ""
            self._refusal = self._gate.enter(self._client)
            self._counted = not self._refusal
            self._sessions.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """Count the connection out."""
        self._sessions.discard(self)
        if self._counted:
            self._gate.leave(self._client)
            self._counted = False
        super().connection_lost(error)

    async def _handle_client(self) -> None:
        if self._refusal:
            await self.push(self._refusal)
            self._writer.close()
            return
        await super()._handle_client()

    def _create_envelope(self) -> MailEnvelope:
        return MailEnvelope()

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        """An address and what follows it; the common form without the library's full grammar, which is slow."""
        plain = _PLAIN_ADDRESS.fullmatch(arg)
        if plain is not None:
            return plain[1], plain[2]
        try:
            address, rest = super()._getaddr(arg)
        except (IndexError, ValueError, AttributeError):  # the library's grammar trips over some broken input
            return None, None
        return address, rest

    def _reset_timeout(self, duration: float | None = None) -> None:
        """Renew the idle time-out. A timer stays until its moment and looks then: a new one each time was slow."""
        self._idle_until = self.loop.time() + (duration or self._limits.idle_s)
        if self._timeout_handle is None or self._idle_until < self._looks_at:
            self._look_again()

    def _look_again(self) -> None:
        if self._timeout_handle is not None:
            self._timeout_handle.cancel()
        self._looks_at = self._idle_until
        self._timeout_handle = self.loop.call_at(self._looks_at, self._timeout_cb)

    def _timeout_cb(self) -> None:
        if self.loop.time() < self._idle_until:
            self._look_again()
        else:
            self.say_goodbye(replies.TIMED_OUT)

    def say_goodbye(self, reply: str) -> None:
        """Tell the client why, and close."""
        if not self._writer.is_closing():
            self._writer.write(reply.encode("ascii") + b"\r\n")
            self._writer.close()

    async def smtp_EHLO(self, hostname: str) -> None:  # noqa: N802  # aiosmtpd's hook
        """Name what is offered (RFC 5321 §4.1.1.1): no AUTH, no HELP."""
        if not hostname:
            await self.push(replies.NO_NAME)
            return
        self.envelope = self._create_envelope()
        if self.session is not None:
            self.session.extended_smtp = True
            self.session.host_name = hostname
        tls = "STARTTLS" if self.tls_context and not self._tls_protocol else ""
        offers = (self.hostname, f"SIZE {self._limits.message_bytes}", "8BITMIME", "SMTPUTF8", tls, "PIPELINING")
        named = [offer for offer in offers if offer]
        await self.push("\r\n".join([*(f"250-{offer}" for offer in named[:-1]), f"250 {named[-1]}"]))

    async def smtp_AUTH(self, arg: str) -> None:  # noqa: ARG002, N802  # aiosmtpd's hook
        """No one logs in to the intake."""
        await self.push(replies.NO_AUTH)

    async def smtp_VRFY(self, arg: str) -> None:  # noqa: ARG002, N802  # aiosmtpd's hook
        """Addresses are not told (RFC 5321 §7.3)."""
        await self.push(replies.CANNOT_VERIFY)

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802  # aiosmtpd's hook
        """Take one message and hand it to the receiver's DATA hook."""
        if await self.check_helo_needed():
            return
        envelope = self.envelope
        if not isinstance(envelope, MailEnvelope) or not envelope.rcpt_tos:
            await self.push(replies.NO_RECIPIENT)
            return
        if arg:
            await self.push(replies.NO_ARGUMENT)
            return
        content = Content(limit=self._limits.message_bytes, in_memory=self._limits.in_memory_bytes, spool=self._spool)
        envelope.received = content
        self.busy = True
        try:
            if not await self._take(content):
                return
            reply = await self._call_handler_hook("DATA")  # owns the content from here on
        finally:
            self.busy = False
        self.envelope = self._create_envelope()
        self._reset_timeout()
        await self.push(reply)

    async def _take(self, content: Content) -> bool:
        """Read the message; False when the client was too slow and has been sent away."""
        try:
            await self.push(replies.GO_AHEAD)
            async with asyncio.timeout(self._limits.message_s):
                await take(self._reader, content, alive=lambda: self._still_coming(content))
        except TimeoutError:
            content.discard()
            self.say_goodbye(replies.TIMED_OUT)
            return False
        except BaseException:
            content.discard()
            raise
        self._reset_timeout(self._limits.commit_s + self._limits.idle_s)
        return True

    def _still_coming(self, content: Content) -> None:
        self._reset_timeout()
        if content.too_large and content.size > _TOO_LARGE_FACTOR * self._limits.message_bytes:
            self.say_goodbye(replies.TOO_LARGE)
