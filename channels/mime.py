"""A raw mail into what people need of it: sender, subject, text, files, and what tells whether a machine wrote it.

Guarantees: `understand` never raises on any bytes and keeps to its bounds; files come in order with names in NFC, two
of one name are both there; archives are not opened. It runs in a child (`mime_child`), `MailReader` asks the child.
Fails, at the caller's side, with `Unreadable` when the child hung, crashed or outgrew its memory: the mail stays whole.
"""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

from channels import mail_headers, mail_text
from channels.charsets import decode, one_line
from channels.limits import MailBounds
from channels.mail_headers import Address
from channels.mail_tree import Part, Tree

_MACHINE_HEADERS = (
    "auto-submitted", "precedence", "return-path", "x-auto-response-suppress", "x-autoreply", "x-autorespond",
    "x-autoresponse", "x-loop", "list-id", "list-unsubscribe", "list-post", "list-help", "mailing-list", "feedback-id",
    "x-mailer-daemon", "x-failed-recipients", "x-gateway-loop",
)  # fmt: skip
_HEADER_LENGTH = 300
_MEDIA_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,60}/[a-z0-9!#$&^_.+-]{1,80}")
_UNSAFE_IN_NAME = re.compile(r"[\x00-\x1f\x7f]")
_SIGNATURES = frozenset({"application/pgp-signature"})
_TEXTS = frozenset({"text/plain", "text/html", "text/enriched", "text/richtext", "text/x-amp-html"})


class Kind(StrEnum):
    """What a file was within the mail."""

    ATTACHMENT = "attachment"
    INLINE = "inline"  # shown within the text, such as a photo or a logo
    MESSAGE = "message"  # text of a mail that was enclosed


@dataclass(frozen=True, slots=True)
class MailFile:
    """One file out of a mail.

    Attributes:
        name: as the sender gave it, NFC, one line; made up where there was none; never used as a path.
        media_type: as declared, lower case.
        kind: what it was within the mail.
        content_id: what the HTML body calls it, may be empty.
        content: its bytes.
    """

    name: str
    media_type: str
    kind: Kind
    content_id: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Mail:
    """What was understood of a mail.

    Attributes:
        sender: of the From field, else Sender, else Reply-To; parts may be empty.
        reply_to: address of Reply-To, may be empty.
        subject: one line.
        message_id: as written, may be empty.
        text: what the sender wrote, as plain text; may be empty.
        files: in order.
        machine: headers that tell whether a machine wrote it (RFC 3834), lower-case names.
        media_type: of the whole mail.
        notes: what was left out and why, in words for a person.
    """

    sender: Address
    reply_to: str
    subject: str
    message_id: str
    text: str
    files: tuple[MailFile, ...]
    machine: Mapping[str, str]
    media_type: str
    notes: tuple[str, ...]


def understand(raw: bytes, bounds: MailBounds) -> Mail:
    """Everything of a mail within `bounds`; whatever its bytes are, there is an answer."""
    tree = Tree(bounds)
    root = tree.grow(raw)
    gathering = _Gathering(bounds)
    passages = gathering.walk(root)
    sender = _sender(root)
    return Mail(
        sender=Address(sender.name[: bounds.name_chars], sender.email[: bounds.name_chars]),
        reply_to=mail_headers.address(root.header("reply-to")).email[: bounds.name_chars],
        subject=mail_headers.text(root.header("subject"), bounds.name_chars),
        message_id=one_line(root.header("message-id").decode("latin-1"), _HEADER_LENGTH),
        text=_joined(passages, bounds),
        files=tuple(gathering.files),
        machine={
            name: mail_headers.text(root.header(name), _HEADER_LENGTH) for name in _MACHINE_HEADERS if root.named(name)
        },
        media_type=root.media_type,
        notes=(*tree.notes, *gathering.notes),
    )


def _sender(root: Part) -> Address:
    """The first full address of From (there may be several fields), else of Sender or Reply-To, with From's name."""
    named = [one for value in root.named("from") for one in mail_headers.addresses(value)]
    others = [mail_headers.address(root.header(name)) for name in ("sender", "reply-to")]
    found = next((one for one in (*named, *others) if one.email), Address("", ""))
    return Address(found.name or next((one.name for one in named if one.name), ""), found.email)


@dataclass(slots=True)
class _Passage:
    """A piece of the mail's text."""

    text: str
    html: bool


class _Gathering:
    """Walks the tree, sorting leaves into text and files."""

    def __init__(self, bounds: MailBounds) -> None:
        self.files: list[MailFile] = []
        self.notes: list[str] = []
        self._bounds = bounds
        self._left = bounds.decoded_bytes

    def walk(self, part: Part, *, related: bool = False) -> list[_Passage]:
        """The text under `part`; its files are added to `files`."""
        if part.media_type in ("message/rfc822", "message/global") and part.children:
            self._enclosed(part)
            return []
        if not part.children:
            return self._leaf(part, related=related)
        if part.media_type == "multipart/alternative":
            return self._alternative(part)
        first, *rest = part.children
        passages = self.walk(first, related=related)
        inside = part.media_type == "multipart/related"
        for child in rest:
            passages += self.walk(child, related=inside or related)
        return passages

    def _alternative(self, part: Part) -> list[_Passage]:
        """The plain version if it says something, else the other; files of all versions are kept."""
        versions = [self.walk(child) for child in part.children]
        plain = [v for v in versions if any(p.text.strip() for p in v) and not any(p.html for p in v)]
        rich = [v for v in versions if any(p.text.strip() for p in v)]
        return (plain or rich or [[]])[0]

    def _leaf(self, part: Part, *, related: bool) -> list[_Passage]:
        disposition, options = mail_headers.parameters(part.header("content-disposition"))
        name = options.get("filename") or part.options.get("name") or ""
        content_id = one_line(part.header("content-id").decode("latin-1"), _HEADER_LENGTH).strip("<>")
        untyped = part.media_type.startswith("multipart/") or "/" not in part.media_type
        is_text = (part.media_type in _TEXTS or untyped) and disposition != "attachment" and not name
        content = part.content()
        if is_text and not (related and content_id):
            text = decode(content, part.options.get("charset", ""))
            return [_Passage(text, html=part.media_type == "text/html")]
        inline = disposition == "inline" or (related and (bool(content_id) or disposition != "attachment"))
        self._keep(name, part.media_type, Kind.INLINE if inline else Kind.ATTACHMENT, content_id, content)
        return []

    def _enclosed(self, part: Part) -> None:
        """A mail within the mail: its text becomes a file of its own, its files join the others."""
        enclosed = part.children[0]
        place = len(self.files)
        text = _joined(self.walk(enclosed), self._bounds)
        subject = mail_headers.text(enclosed.header("subject"), self._bounds.name_chars)
        head = [
            f"{label}: {mail_headers.text(enclosed.header(name))}"
            for label, name in (("제목", "subject"), ("보낸 사람", "from"), ("받는 사람", "to"), ("날짜", "date"))
            if enclosed.header(name)
        ]
        content = ("\n".join(head) + "\n\n" + text).strip().encode()
        if content:
            here = self.files[place:]
            del self.files[place:]
            self._keep(f"{subject or '전달된 메일'}.txt", "text/plain; charset=utf-8", Kind.MESSAGE, "", content)
            self.files += here

    def _keep(self, name: str, media_type: str, kind: Kind, content_id: str, content: bytes) -> None:
        if len(content) > self._left:
            self.notes.append(f"a file was not unfolded: together they exceed {self._bounds.decoded_bytes} bytes")
            return
        self._left -= len(content)
        given = _file_name(name, self._bounds.name_chars) or _made_up_name(len(self.files) + 1, media_type)
        known = media_type if _MEDIA_TYPE.match(media_type) else "application/octet-stream"
        self.files.append(MailFile(given, known, kind, content_id, content))


def _joined(passages: list[_Passage], bounds: MailBounds) -> str:
    texts = (
        mail_text.plain(p.text, bounds.text_chars) if p.html else mail_text.tidy(p.text[: bounds.text_chars])
        for p in passages
    )
    return "\n\n".join(text for text in texts if text.strip())[: bounds.text_chars]


def _file_name(written: str, longest: int) -> str:
    """A name for people: the last step of a path, one line, NFC; the ending survives the cut."""
    name = one_line(_UNSAFE_IN_NAME.sub("", written)).replace("\\", "/").rsplit("/", 1)[-1].strip()
    if name in ("", ".", ".."):
        return ""
    if len(name) <= longest:
        return name
    stem, dot, ending = name.rpartition(".")
    if not dot or len(ending) >= longest // 4:
        return name[:longest]
    return stem[: longest - len(ending) - 1] + "." + ending


def _made_up_name(number: int, media_type: str) -> str:
    ending = ".eml" if media_type == "message/rfc822" else mimetypes.guess_extension(media_type) or ".bin"
    return f"첨부{number}{ending}"


# --- asking the child -------------------------------------------------------------------------------------------------


class Child(Protocol):
    """What parses outside this process: `gateway.sandbox.Sandbox` over `channels.mime_child`."""

    def call(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """The answer to one request."""
        ...


@dataclass(frozen=True, slots=True)
class UnfoldedFile:
    """One file out of a mail, lying in the work folder (attributes as `MailFile`)."""

    name: str
    media_type: str
    kind: Kind
    content_id: str
    path: Path


@dataclass(frozen=True, slots=True)
class UnfoldedMail:
    """A mail as the child gave it back (attributes as `Mail`), with its text as a file when it has any."""

    sender: Address
    reply_to: str
    subject: str
    message_id: str
    text_path: Path | None
    files: tuple[UnfoldedFile, ...]
    machine: Mapping[str, str] = field(default_factory=dict)
    media_type: str = ""
    notes: tuple[str, ...] = ()


class MailReader:
    """Has mails understood by a child process.

    Args:
        child: parses outside this process.
        bounds: of one mail.
    """

    def __init__(self, child: Child, bounds: MailBounds | None = None) -> None:
        self._child = child
        self._bounds = bounds or MailBounds()

    def read(self, raw: Path, folder: Path) -> UnfoldedMail:
        """Understand the mail in the file `raw`; its text and files are put into `folder`.

        Raises:
            Unreadable: the child could not; nothing is known about the mail.
        """
        answer = self._child.call({"raw": str(raw), "folder": str(folder), "bounds": asdict(self._bounds)})
        files = tuple(
            UnfoldedFile(f["name"], f["media_type"], Kind(f["kind"]), f["content_id"], folder / Path(f["file"]).name)
            for f in answer["files"]
        )
        return UnfoldedMail(
            sender=Address(answer["sender"]["name"], answer["sender"]["email"]),
            reply_to=answer["reply_to"],
            subject=answer["subject"],
            message_id=answer["message_id"],
            text_path=folder / Path(answer["text"]).name if answer["text"] else None,
            files=files,
            machine=answer["machine"],
            media_type=answer["media_type"],
            notes=tuple(answer["notes"]),
        )


def sandbox_limits(bounds: MailBounds) -> dict[str, Any]:
    """The limits a `gateway.sandbox.Sandbox` over `channels.mime_child` needs for `bounds`."""
    return {
        "memory_bytes": bounds.memory_bytes,
        "cpu_s": max(1, int(bounds.wall_s)),
        "wall_s": bounds.wall_s,
        "file_bytes": bounds.decoded_bytes,
        "answer_bytes": 4 << 20,
    }
