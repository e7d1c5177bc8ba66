"""Where a message ends and what its dots mean, whatever pieces it comes in."""

from __future__ import annotations

import asyncio
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from channels.replies import refused
from channels.smtp_data import END, Content, take
from gateway.domain.errors import Forbidden, StorageUnavailable, TooLarge, UnknownAddress

PIECES = st.sampled_from([b"\r", b"\n", b".", b"\r\n", b"\r\n.", b"\n.\n", b"a", b"long" * 50, b"\x00"])


def content_of(wire: bytes, cut: int, *, limit: int = 1 << 20) -> tuple[Content, bytes]:
    """What `take` makes of the wire's bytes, fed in pieces of `cut`; and what it left unread."""

    async def run() -> tuple[Content, bytes]:
        reader = asyncio.StreamReader(limit=64)
        content = Content(limit=limit, in_memory=limit, spool=Path("unused"))
        task = asyncio.create_task(take(reader, content, alive=lambda: None))
        for start in range(0, len(wire), cut):
            reader.feed_data(wire[start : start + cut])
            await asyncio.sleep(0)
        reader.feed_eof()
        await task
        return content, await reader.read()

    return asyncio.run(run())


@settings(max_examples=200, deadline=None)
@given(st.lists(PIECES, max_size=30), st.integers(min_value=1, max_value=200))
def test_every_message_comes_out_as_it_went_in(pieces: list[bytes], cut: int) -> None:
    message = b"".join(pieces) + b"\r\n"
    stuffed = (b"\r\n" + message).replace(b"\r\n.", b"\r\n..")[2:]
    content, rest = content_of(stuffed + b".\r\nQUIT\r\n", cut)
    assert content.content == message
    assert content.size == len(message)
    assert rest == b"QUIT\r\n"


def test_an_empty_message_is_empty() -> None:
    for cut in (1, 2, 3):
        content, rest = content_of(b".\r\nNOOP", cut)
        assert (content.content, rest) == (b"", b"NOOP")


def test_beyond_the_limit_nothing_is_held_and_the_end_is_still_found() -> None:
    content, rest = content_of(b"x" * 5000 + END + b"RSET", 100, limit=1000)
    assert content.too_large
    assert (content.content, rest) == (b"", b"RSET")


def test_each_error_has_its_reply_and_hides_its_cause() -> None:
    assert refused(TooLarge("x")).startswith("552 5.3.4")
    assert refused(UnknownAddress("x")).startswith("550 5.1.1")
    assert refused(Forbidden("x")).startswith("554 5.6.0")
    assert refused(StorageUnavailable("secret path")).startswith("451 4.3.0")
    assert refused(RuntimeError("secret path")).startswith("451 4.3.0")
    assert "secret" not in refused(StorageUnavailable("secret path")) + refused(RuntimeError("secret path"))
