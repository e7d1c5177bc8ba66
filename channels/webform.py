"""The web form's way in: a multipart stream becomes files on disk and one `Arrival`.

Guarantees: memory stays flat however large the upload (about a megabyte a request); a file that is over its limit,
empty, one too many or finds no room on the disk is named, not stored, and the rest of the form is still read, so that
the page can show it again. The key covers form and content: the same form sent twice is one submission, an edited one
is another. Fails with `BrokenForm` when the stream ends early or is not a form.
"""

from __future__ import annotations

import asyncio
import hashlib
import shutil
import tempfile
import unicodedata
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Final

from aiohttp import BodyPartReader, MultipartReader, web

from gateway.domain.errors import PermanentError, StorageUnavailable
from gateway.domain.submission import Arrival, ArrivedFile, Channel, Contact, ReturnChannel

MEGABYTE: Final = 1024 * 1024
_CHUNK: Final = 128 * 1024
_MOST_FIELDS: Final = 60
_NAME_CHARS: Final = 180
_BYTES_PER_CHAR: Final = 4
_READ_ON: Final = 2  # an oversized request is read up to this many times its limit, so that the browser sees the answer


class BrokenForm(PermanentError):
    """The form did not arrive whole; please send it again."""

    code = "broken_form"
    text_ko = "보내시는 중에 연결이 끊겼거나 양식이 올바르지 않습니다. 다시 제출해 주십시오."


class Refusal(StrEnum):
    """Why a file of the form was not taken."""

    FILE_TOO_LARGE = "file_too_large"
    ALL_TOO_LARGE = "all_too_large"
    TOO_MANY = "too_many"
    EMPTY = "empty"
    NO_ROOM = "no_room"


@dataclass(frozen=True, slots=True)
class UploadLimits:
    """What one web submission may carry.

    Attributes:
        spool: folder for files on their way in; each request's folder is removed when it ends.
        file_bytes: largest single file.
        submission_bytes: largest request, all files together.
        files: most files in one submission.
        text_chars: longest text a citizen may type.
        silence_s: how long the sender may be silent.
    """

    spool: Path
    file_bytes: int = 50 * MEGABYTE
    submission_bytes: int = 200 * MEGABYTE
    files: int = 20
    text_chars: int = 20_000
    silence_s: float = 60.0


@dataclass(frozen=True, slots=True)
class SpooledFile:
    """One file of the form on disk; `sha256` is in hex, `size` in bytes."""

    name: str
    media_type: str
    path: Path
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class ReceivedForm:
    """What the form held.

    Attributes:
        fields: typed values, NFC, trimmed at the end.
        files: taken, in order.
        refused: names of files that were not taken, each with the reason.
    """

    fields: Mapping[str, str]
    files: tuple[SpooledFile, ...] = ()
    refused: tuple[tuple[str, Refusal], ...] = ()

    def __getitem__(self, name: str) -> str:
        """A field's value, empty when it was not sent."""
        return self.fields.get(name, "")


@dataclass(slots=True)
class _Progress:
    fields: dict[str, str] = field(default_factory=dict)
    files: list[SpooledFile] = field(default_factory=list)
    refused: list[tuple[str, Refusal]] = field(default_factory=list)
    taken_bytes: int = 0
    read_bytes: int = 0
    files_begun: bool = False


@asynccontextmanager
async def spool_folder(spool: Path) -> AsyncIterator[Path]:
    """A folder for one request's files, removed at the end whatever happens.

    Raises:
        StorageUnavailable: it cannot be made.
    """
    try:
        folder = Path(await asyncio.to_thread(_new_folder, spool))
    except OSError as error:
        raise StorageUnavailable(f"spool: {error}", remedy="Free space on the spool folder's disk.") from error
    try:
        yield folder
    finally:
        await asyncio.shield(asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True))


def clear_spool(spool: Path) -> int:
    """Remove what a crash left; how many folders there were. For the start, while no web process serves."""
    stale = [path for path in spool.glob("form-*") if path.is_dir()]
    for path in stale:
        shutil.rmtree(path, ignore_errors=True)
    return len(stale)


async def receive(
    reader: MultipartReader,
    folder: Path,
    limits: UploadLimits,
    *,
    before_files: Callable[[Mapping[str, str]], None],
) -> ReceivedForm:
    """Read the form, its files onto disk.

    Args:
        reader: the request's parts; fields come before files in our form.
        folder: where files go, from `spool_folder`.
        limits: what may come.
        before_files: called once with the fields read so far before the first file is touched; may raise.

    Raises:
        BrokenForm: the stream ended early, was silent too long, or is not a form.
    """
    progress = _Progress()
    try:
        while (part := await _next(reader, limits.silence_s)) is not None:
            if not isinstance(part, BodyPartReader) or not part.name:
                raise BrokenForm("nested or nameless part")
            if part.filename is None:
                await _read_field(part, progress, limits)
                continue
            if not progress.files_begun:
                progress.files_begun = True
                before_files(progress.fields)
            await _read_file(part, progress, folder, limits)
            if progress.read_bytes > _READ_ON * limits.submission_bytes:
                break
    except (ConnectionError, TimeoutError, web.RequestPayloadError, ValueError, AssertionError, EOFError) as error:
        raise BrokenForm(f"{type(error).__name__}: {error}") from error
    if not progress.files_begun:
        before_files(progress.fields)
    return ReceivedForm(progress.fields, tuple(progress.files), tuple(progress.refused))


def to_arrival(
    form: ReceivedForm,
    *,
    token: str,
    arrived_at: datetime,
    contact: Contact,
    return_channel: ReturnChannel,
    facts: Mapping[str, str] | None = None,
) -> Arrival:
    """The form as an arrival; `token` is the one issued with the page."""
    return Arrival(
        channel=Channel.WEB,
        key=f"{token}:{_content_digest(form)}",
        arrived_at=arrived_at,
        files=tuple(ArrivedFile(name=f.name, media_type=f.media_type, path=f.path) for f in form.files),
        contact=contact,
        title=form["title"].strip(),
        text=form["text"].strip(),
        kind_code=form["kind"].strip(),
        return_channel=return_channel,
        facts=facts or {},
    )


def file_name(given: str) -> str:
    """A file's name as people read it: NFC, without folders and control characters, never empty."""
    name = unicodedata.normalize("NFC", given).replace("\\", "/").rpartition("/")[2].replace("%22", '"')
    name = "".join(c for c in name if c.isprintable()).strip()
    if len(name) > _NAME_CHARS:
        stem, dot, ending = name.rpartition(".")
        name = stem[: _NAME_CHARS - len(ending) - 1] + dot + ending if stem else name[:_NAME_CHARS]
    return name or "file"


def _content_digest(form: ReceivedForm) -> str:
    digest = hashlib.sha256()
    for name in sorted(form.fields):
        if name not in {"csrf", "token"}:
            digest.update(f"{name}={form.fields[name]}\0".encode())
    for spooled in form.files:
        digest.update(f"{spooled.name}\0{spooled.sha256}\0".encode())
    return digest.hexdigest()[:32]


def _new_folder(spool: Path) -> str:
    spool.mkdir(parents=True, exist_ok=True)
    return tempfile.mkdtemp(prefix="form-", dir=spool)


async def _next(reader: MultipartReader, silence_s: float) -> MultipartReader | BodyPartReader | None:
    async with asyncio.timeout(silence_s):
        return await reader.next()


async def _chunks(part: BodyPartReader, silence_s: float) -> AsyncIterator[bytes]:
    while True:
        async with asyncio.timeout(silence_s):
            chunk = await part.read_chunk(_CHUNK)
        if not chunk:
            return
        yield chunk


async def _read_field(part: BodyPartReader, progress: _Progress, limits: UploadLimits) -> None:
    most = limits.text_chars * _BYTES_PER_CHAR + _CHUNK
    content = bytearray()
    async for chunk in _chunks(part, limits.silence_s):
        content += chunk
        if len(content) > most:
            raise BrokenForm(f"field {part.name} is too long")
    if len(progress.fields) >= _MOST_FIELDS:
        raise BrokenForm("too many fields")
    text = content.decode("utf-8", errors="replace").replace("\r\n", "\n").replace("\0", "")
    progress.fields[str(part.name)] = unicodedata.normalize("NFC", text).rstrip()


async def _read_file(part: BodyPartReader, progress: _Progress, folder: Path, limits: UploadLimits) -> None:
    name = file_name(part.filename or "")
    number = len(progress.files) + len(progress.refused)
    refusal = Refusal.TOO_MANY if number >= limits.files else None
    path = folder / f"{number:03d}"
    size, digest = 0, hashlib.sha256()
    async for chunk in _chunks(part, limits.silence_s):
        size += len(chunk)
        progress.read_bytes += len(chunk)
        refusal = refusal or _over(size, progress.taken_bytes, limits)
        if refusal is None:
            digest.update(chunk)
            refusal = await asyncio.to_thread(_append, path, chunk)
        elif progress.read_bytes > _READ_ON * limits.submission_bytes:
            break
    if not part.filename and not size:
        return  # a file field left empty
    refusal = refusal or (None if size else Refusal.EMPTY)
    if refusal is None:
        progress.taken_bytes += size
        media_type = part.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        progress.files.append(SpooledFile(name, media_type, path, size, digest.hexdigest()))
        return
    progress.refused.append((name, refusal))
    path.unlink(missing_ok=True)


def _append(path: Path, chunk: bytes) -> Refusal | None:
    """Write on; why not, when the disk is full or cannot be written."""
    try:
        with path.open("ab") as out:
            out.write(chunk)
    except OSError:
        return Refusal.NO_ROOM
    return None


def _over(size: int, taken_bytes: int, limits: UploadLimits) -> Refusal | None:
    if size > limits.file_bytes:
        return Refusal.FILE_TOO_LARGE
    if taken_bytes + size > limits.submission_bytes:
        return Refusal.ALL_TOO_LARGE
    return None
