"""Outgoing mail: messages, and the two ways they leave (a smart host by SMTP, or a folder of .eml files).

Guarantees: the Message-ID is ours and known before anything is sent; every mail is marked as made by a machine
(RFC 3834 §5) so that no machine answers it; a connection lost after the text began to flow is reported as in doubt,
never as a failure that may be repeated. `send` does not raise for what the peer does.
"""

from __future__ import annotations

import email.policy
import os
import secrets
import smtplib
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from gateway.domain.errors import ConfigurationError
from gateway.domain.office import OfficeFacts
from gateway.domain.times import SEOUL, aware
from notifications.ports import Attempted, MailWay, Outcome

_POLICY = email.policy.SMTP.clone(max_line_length=998)
_TIMEOUT_S = 30.0
_PERMANENT = range(500, 600)
_OK = range(200, 300)
_CONTINUE = range(354, 355)
_DETAIL_LENGTH = 300
_EXAMPLE = "smtp://host:25, smtp://host:587?tls=starttls, smtps://login:password@host, or folder:///path"


def new_message_id(domain: str) -> str:
    """A Message-ID of our own (RFC 5322 §3.6.4)."""
    return f"<{secrets.token_hex(16)}@{domain}>"


def build(
    *,
    office: OfficeFacts,
    to: str,
    subject: str,
    body: str,
    message_id: str,
    date: datetime,
    replying: bool,
    attachment: tuple[str, bytes] | None = None,
) -> EmailMessage:
    """One mail in plain UTF-8 text with at most one PDF.

    Args:
        office: sender.
        to: one address.
        subject: one line; line breaks become spaces.
        body: plain text.
        message_id: ours.
        date: the present, aware.
        replying: an automatic answer to something that arrived, as opposed to a notice of our own making.
        attachment: file name and content of the letter.
    """
    message = EmailMessage(policy=_POLICY)
    message["From"] = Address(display_name=office.name, addr_spec=office.email)
    local, _, domain = to.rpartition("@")
    message["To"] = Address(username=local, domain=domain)
    message["Subject"] = " ".join(subject.split())
    message["Date"] = format_datetime(aware(date, "date").astimezone(SEOUL))
    message["Message-ID"] = message_id
    message["Auto-Submitted"] = "auto-replied" if replying else "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    message["Content-Language"] = "ko"
    message.set_content(body, charset="utf-8", cte="base64")
    if attachment is not None:
        name, content = attachment
        message.add_attachment(content, maintype="application", subtype="pdf", filename=name)
    return message


def mail_way(url: str, *, hostname: str = "localhost", timeout_s: float = _TIMEOUT_S) -> MailWay:
    """The way that a setting names.

    Args:
        url: `smtp://[login:password@]host[:port][?tls=starttls]`, `smtps://...` or `folder:///path`.
        hostname: what we call ourselves to the smart host.
        timeout_s: for each step of the exchange.

    Raises:
        ConfigurationError: the address means nothing.
    """
    parts = urlsplit(url)
    if parts.scheme == "folder" and parts.path:
        return FolderWay(Path(unquote(parts.path)))
    if parts.scheme in {"smtp", "smtps"} and parts.hostname:
        wants_tls = parse_qs(parts.query).get("tls", [""])[0] == "starttls"
        return SmtpWay(
            SmartHost(
                host=parts.hostname,
                port=parts.port or (465 if parts.scheme == "smtps" else 25),
                tls_from_start=parts.scheme == "smtps",
                starttls=wants_tls,
                login=unquote(parts.username or ""),
                password=unquote(parts.password or ""),
                hostname=hostname,
                timeout_s=timeout_s,
            ),
        )
    raise ConfigurationError(f"smart_host = {url!r}", remedy=f"Write {_EXAMPLE}.")


class FolderWay:
    """Leaves each mail as an .eml file for another program to pick up, as a Maildir does (tmp, then new).

    For an office without a smart host, and for demonstrations: handed over means that the file is on disk.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def send(self, message: EmailMessage, recipient: str, *, reverse_path: str, key: str) -> Attempted:
        """Write one mail; envelope addresses are kept as header lines (RFC 5321 §4.4 Return-Path)."""
        name = "".join(c if c.isalnum() else "_" for c in key) + ".eml"
        envelope = f"Return-Path: <{reverse_path}>\r\nX-Envelope-To: {recipient}\r\n".encode()
        fresh, place = self._folder / "tmp" / name, self._folder / "new" / name
        try:
            for folder in (fresh.parent, place.parent):
                folder.mkdir(parents=True, exist_ok=True)
            with fresh.open("wb") as out:
                out.write(envelope + message.as_bytes(policy=_POLICY))
                out.flush()
                os.fsync(out.fileno())
            fresh.rename(place)
            descriptor = os.open(place.parent, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            return Attempted(Outcome.TRANSIENT, f"메일 폴더에 쓸 수 없습니다: {error.strerror}")
        return Attempted(Outcome.SENT, "메일 폴더에 놓았습니다.", {"file": name})


@dataclass(frozen=True, slots=True)
class SmartHost:
    """Where mail is handed over, and how."""

    host: str
    port: int = 25
    tls_from_start: bool = False
    starttls: bool = False
    login: str = ""
    password: str = ""
    hostname: str = "localhost"
    timeout_s: float = _TIMEOUT_S


class SmtpWay:
    """Hands mail over to a smart host, one connection for each mail."""

    def __init__(self, smart_host: SmartHost) -> None:
        self._to = smart_host

    def send(self, message: EmailMessage, recipient: str, *, reverse_path: str, key: str) -> Attempted:
        """Hand over one mail; what became of it."""
        try:
            smtp = self._connect()
        except smtplib.SMTPAuthenticationError as error:
            return Attempted(Outcome.TRANSIENT, f"메일 서버 로그인 실패: {_words(error)}")
        except smtplib.SMTPNotSupportedError as error:
            return Attempted(Outcome.TRANSIENT, f"메일 서버가 암호화 또는 로그인을 지원하지 않습니다: {error}")
        except (OSError, smtplib.SMTPException) as error:
            return Attempted(Outcome.TRANSIENT, f"메일 서버에 연결할 수 없습니다: {_words(error)}")
        try:
            return _hand_over(smtp, message, recipient, reverse_path=reverse_path, key=key)
        finally:
            _leave(smtp)

    def _connect(self) -> smtplib.SMTP:
        to = self._to
        if to.tls_from_start:
            context = ssl.create_default_context()
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(to.host, to.port, to.hostname, timeout=to.timeout_s, context=context)
        else:
            smtp = smtplib.SMTP(to.host, to.port, to.hostname, timeout=to.timeout_s)
        try:
            if to.starttls:
                smtp.starttls(context=ssl.create_default_context())
            smtp.ehlo_or_helo_if_needed()
            if to.login:
                smtp.login(to.login, to.password)
        except BaseException:
            smtp.close()
            raise
        return smtp


def _hand_over(
    smtp: smtplib.SMTP, message: EmailMessage, recipient: str, *, reverse_path: str, key: str
) -> Attempted:  # fmt: skip
    """The exchange in single steps, because what a lost connection means depends on the step."""
    international = not (recipient + reverse_path).isascii()
    if international and not smtp.has_extn("smtputf8"):
        return Attempted(Outcome.PERMANENT, "메일 서버가 한글 주소를 받지 않습니다.")
    policy = _POLICY.clone(utf8=True) if international else _POLICY
    content = message.as_bytes(policy=policy)
    mail_options, recipient_options = _options(smtp, len(content), reverse_path, key, international=international)
    refusal = _announce(smtp, (reverse_path, mail_options), (recipient, recipient_options))
    if refusal is not None:
        return refusal
    try:
        # RFC 5321 §4.5.2: a line that begins with a dot gets one more
        smtp.send(b"\r\n".join(b"." + x if x.startswith(b".") else x for x in _lines(content)) + b"\r\n.\r\n")
        code, reply = smtp.getreply()
    except (OSError, smtplib.SMTPException) as error:
        # RFC 5321 §4.2.5 and RFC 1047: the peer may have taken it and its answer was lost
        return Attempted(Outcome.IN_DOUBT, f"보내는 중에 연결이 끊겨 전달 여부를 알 수 없습니다: {_words(error)}")
    if code not in _OK:
        return _refused(code, reply)
    dsn = "yes" if recipient_options else "no"
    return Attempted(Outcome.SENT, "메일 서버가 받았습니다.", {"reply": f"{code} {_text(reply)}", "dsn_requested": dsn})


def _announce(
    smtp: smtplib.SMTP, sender: tuple[str, list[str]], recipient: tuple[str, list[str]]
) -> Attempted | None:  # fmt: skip
    """Envelope and DATA; None when the peer is ready for the text, which is nowhere yet."""
    steps: tuple[tuple[Callable[[], tuple[int, bytes]], range], ...] = (
        (lambda: smtp.mail(*sender), _OK),
        (lambda: smtp.rcpt(*recipient), _OK),
        (lambda: smtp.docmd("DATA"), _CONTINUE),
    )
    try:
        for step, wanted in steps:
            code, reply = step()
            if code not in wanted:
                return _refused(code, reply)
    except (OSError, smtplib.SMTPException) as error:
        return Attempted(Outcome.TRANSIENT, f"메일 서버와의 연결이 끊겼습니다: {_words(error)}")
    return None


def _options(
    smtp: smtplib.SMTP, size: int, reverse_path: str, key: str, *, international: bool
) -> tuple[list[str], list[str]]:  # fmt: skip
    mail_options: list[str] = []
    recipient_options: list[str] = []
    if smtp.has_extn("size"):
        mail_options.append(f"SIZE={size}")
    if international:
        mail_options.append("SMTPUTF8")
    if smtp.has_extn("dsn") and reverse_path:  # RFC 3461: a report needs somewhere to go
        mail_options += ["RET=HDRS", f"ENVID={_xtext(key)}"]
        recipient_options.append("NOTIFY=SUCCESS,FAILURE,DELAY")
    return mail_options, recipient_options


def _lines(content: bytes) -> list[bytes]:
    return content.removesuffix(b"\r\n").split(b"\r\n")


def _refused(code: int, reply: bytes) -> Attempted:
    words = f"{code} {_text(reply)}"
    if code in _PERMANENT:
        return Attempted(Outcome.PERMANENT, f"메일 서버가 거절했습니다: {words}", {"reply": words})
    return Attempted(Outcome.TRANSIENT, f"메일 서버가 지금은 받지 않습니다: {words}", {"reply": words})


def _leave(smtp: smtplib.SMTP) -> None:
    try:
        smtp.quit()
    except (OSError, smtplib.SMTPException):
        smtp.close()  # the mail's fate is decided already


def _xtext(text: str) -> str:
    """RFC 3461 §4: printable ASCII without `+`, `=` and space, else `+HH`."""
    return "".join(c if "!" <= c <= "~" and c not in "+=" else f"+{ord(c):02X}" for c in text)[:100]


def _text(reply: bytes) -> str:
    return reply.decode("utf-8", "replace").replace("\n", " ")[:_DETAIL_LENGTH]


def _words(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        raw = error.smtp_error
        return f"{error.smtp_code} {_text(raw) if isinstance(raw, bytes) else raw}"
    return (str(error) or type(error).__name__)[:_DETAIL_LENGTH]
