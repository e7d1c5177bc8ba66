"""The content of one mail as DATA brings it: where it ends, its dots, its size, where it lies meanwhile.

Guarantees: only the five bytes CR LF . CR LF end a message (RFC 5321 §4.1.1.4); a bare CR or LF never does (§2.3.8),
whatever pieces the bytes come in. Content beyond the limit is read to its end and thrown away, so memory and disk stay
bounded. Fails by `Content.trouble`, never by an exception, when the spool cannot be written.
"""

from __future__ import annotations

import asyncio
import hashlib
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import IO

END = b"\r\n.\r\n"
_COMMAND_END = b"\r\n"


class Content:
    """What has come of one message.

    Attributes:
        size: bytes so far, without transparency dots.
        too_large: the limit was passed; nothing is held any more.
        trouble: why the spool could not be written; empty when all is well.
    """

    def __init__(self, *, limit: int, in_memory: int, spool: Path) -> None:
        self.size = 0
        self.too_large = False
        self.trouble = ""
        self._limit = limit
        self._in_memory = in_memory
        self._spool = spool
        self._pieces: list[bytes] = []
        self._file: IO[bytes] | None = None
        self._digest = hashlib.sha256()
        self._held = b""
        self._unread = len(_COMMAND_END)

    def add(self, piece: bytes) -> None:
        """Take the next piece as it was on the wire from the command's own CR LF on, dots doubled (RFC 5321 §4.5.2)."""
        piece = self._held + piece
        # a line end at the very end waits: the dot after it may come with the next piece
        kept = 2 if piece.endswith(b"\r\n") else int(piece.endswith(b"\r"))
        self._held = piece[len(piece) - kept :]
        self._keep(piece[: len(piece) - kept].replace(b"\r\n.", b"\r\n"))

    def finish(self) -> None:
        """The message has ended: put what is spooled into its file."""
        self._keep(self._held)
        self._held = b""
        if self._file is not None:
            self._guarded(self._file.close)

    @property
    def sha256(self) -> str:
        """Digest of the content so far, hex."""
        return self._digest.hexdigest()

    @property
    def path(self) -> Path | None:
        """Where a large message lies; None when it is in memory."""
        return Path(self._file.name) if self._file is not None else None

    @property
    def content(self) -> bytes | None:
        """A small message; None when it lies in a file."""
        return b"".join(self._pieces) if self._file is None else None

    def discard(self) -> None:
        """Let go of memory and file; safe to call more than once."""
        self._pieces.clear()
        if self._file is not None:
            self._guarded(self._file.close)
            Path(self._file.name).unlink(missing_ok=True)
            self._file = None

    def _keep(self, piece: bytes) -> None:
        if self._unread:
            piece, self._unread = piece[self._unread :], max(0, self._unread - len(piece))
        self.size += len(piece)
        if self.size > self._limit:
            self.too_large = True
        if self.too_large or self.trouble:
            self.discard()
            return
        self._digest.update(piece)
        if self._file is None and self.size > self._in_memory:
            self._guarded(self._open)
        if self._file is not None:
            file = self._file
            self._guarded(lambda: file.write(piece))
        else:
            self._pieces.append(piece)

    def _open(self) -> None:
        self._spool.mkdir(parents=True, exist_ok=True)
        # closed by finish() or discard(): the file must outlive this call and keep its name for acceptance
        self._file = tempfile.NamedTemporaryFile(  # noqa: SIM115
            dir=self._spool, prefix="mail-", suffix=".part", buffering=0, delete=False
        )
        for piece in self._pieces:
            self._file.write(piece)
        self._pieces.clear()

    def _guarded(self, act: Callable[[], object]) -> None:
        try:
            act()
        except OSError as error:
            self.trouble = f"mail spool: {error}"


async def take(reader: asyncio.StreamReader, content: Content, *, alive: Callable[[], None]) -> None:
    """Read one message up to its end, which is consumed too.

    Args:
        reader: stands right behind the DATA command; its limit bounds what is held in memory at a time.
        content: takes the pieces.
        alive: called for each piece; renews the idle time-out.

    Raises:
        asyncio.IncompleteReadError: the client went away in the middle.
    """
    # The CR LF that ended the DATA command counts as the first two bytes of the end (RFC 5321 §4.1.1.4), so it is put
    # back before searching; Content drops it again.
    reader._buffer[:0] = _COMMAND_END  # type: ignore[attr-defined]  # noqa: SLF001  # StreamReader cannot unread
    while True:
        try:
            piece = await reader.readuntil(END)
        except asyncio.LimitOverrunError as overrun:
            # no end within the limit: take what cannot be part of one
            content.add(await reader.readexactly(overrun.consumed))
            alive()
            continue
        content.add(piece[: 2 - len(END)])  # the first CR LF of the end belongs to the content
        content.finish()
        return
