"""Transfer encodings undone as far as they go (RFC 2045 §6): base64, quoted-printable, uuencode.

Guarantees: never raises; broken input gives what can be had of it, an unknown encoding gives the bytes as they are.
"""

from __future__ import annotations

import base64
import binascii
import re

_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]+")
_UU_BEGIN = re.compile(rb"(?:^|\n)begin(?:-base64)? [0-7]{3,4} [^\n]*\n")


def undo(body: bytes, encoding: bytes) -> bytes:
    """`body` decoded by the value of its Content-Transfer-Encoding."""
    name = encoding.split(b";")[0].strip().strip(b"\"'").lower()
    if name == b"base64":
        return _base64(body)
    if name in (b"quoted-printable", b"quotedprintable"):
        return binascii.a2b_qp(body)
    if name in (b"x-uuencode", b"uuencode", b"x-uue", b"uue"):
        return _uuencode(body)
    return body


def _base64(body: bytes) -> bytes:
    """Blocks end at padding: some senders put several padded blocks, or a plain footer, one after the other."""
    pieces = []
    for block in re.split(rb"=+", body) if b"=" in body.rstrip().rstrip(b"=") else [body]:
        digits = _NOT_BASE64.sub(b"", block)
        usable = digits[:-1] if len(digits) % 4 == 1 else digits
        pieces.append(base64.b64decode(usable + b"=" * (-len(usable) % 4)))
    return b"".join(pieces)


def _uuencode(body: bytes) -> bytes:
    begin = _UU_BEGIN.search(body)
    lines = body[begin.end() if begin else 0 :].splitlines()
    decoded = bytearray()
    for line in lines:
        if line.strip() == b"end":
            break
        try:
            decoded += binascii.a2b_uu(line)
        except binascii.Error:
            # some encoders leave wrong padding: take as many letters as the length byte asks for
            wanted = (((line[0] - 32) & 63) * 4 + 5) // 3 if line else 0
            try:
                decoded += binascii.a2b_uu(line[:wanted])
            except binascii.Error:
                continue
    return bytes(decoded)
