"""Sends submissions through the real edges, the way a mail server, a fax line, a scanner and a browser do.

Guarantees: each call returns when the edge has taken the submission, or raises what the edge answered; sending the same
again is harmless, as it is for real senders.
"""

from __future__ import annotations

import fcntl
import os
import smtplib
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gateway.runtime.demo.client import Client, PageRefused, Upload, WebPage

_HOOK = Path(__file__).resolve().parents[3] / "deploy" / "hylafax" / "faxrcvd"
_PATIENCE_S = 60


def mail(port: int, sender: str, recipient: str, message: bytes) -> str:
    """Hand a mail over; the server's words after DATA, which hold the receipt number.

    Raises:
        smtplib.SMTPException: it was not taken; send it again later if the code begins with 4.
        OSError: the connection broke.
    """
    with smtplib.SMTP("127.0.0.1", port, timeout=_PATIENCE_S) as client:
        client.ehlo("sender.example")
        for code, said in (client.mail(sender), client.rcpt(recipient), client.data(message)):
            if code >= 400:  # noqa: PLR2004 (RFC 5321 §4.2.1: 4yz and 5yz are negative)
                raise smtplib.SMTPResponseException(code, said)
        return said.decode()


def fax(recvq: Path, records: Path, name: str, tiff: bytes, *, caller: str, dialled: str, error: str = "") -> Path:
    """Put a received fax into `recvq` as faxgetty does: under its final name, locked until whole; then the hook runs.

    Args:
        recvq: HylaFAX's queue of received faxes.
        records: where the hook writes.
        name: `fax000000001.tif`.
        tiff: the pages.
        caller: the sender's number.
        dialled: the office's line.
        error: what went wrong on the line, empty for nothing.
    """
    place = recvq / name
    with os.fdopen(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
        fcntl.flock(out, fcntl.LOCK_EX)
        half = len(tiff) // 2
        for piece in (tiff[:half], tiff[half:]):
            out.write(piece)
            out.flush()
        os.fsync(out.fileno())
    communication = "".join(c for c in name if c.isdigit())
    subprocess.run(
        [_HOOK, f"recvq/{name}", "ttyDemo", communication, error, caller, "", dialled],
        env={**os.environ, "GATEWAY_READY": str(records.absolute())},
        check=True,
    )
    return place


def scan(folder: Path, name: str, content: bytes) -> Path:
    """Write a scan into the hot folder piece by piece, as a scanner does."""
    place = folder / name
    step = max(1, len(content) // 4)
    with place.open("wb") as out:
        for start in range(0, len(content), step):
            out.write(content[start : start + step])
            out.flush()
    return place


@dataclass(frozen=True, slots=True)
class FilledForm:
    """The submission page with its one-time token; sending it twice is one submission."""

    client: Client
    page: WebPage

    @classmethod
    def open(cls, base: str) -> FilledForm:
        """Open the page as a new visitor."""
        client = Client(base)
        return cls(client, client.get("/submit"))

    def send(self, values: Mapping[str, str], uploads: Sequence[Upload]) -> WebPage:
        """Send the form; the receipt page.

        Raises:
            PageRefused: the form came back, or the server answered with an error.
        """
        form = self.page.form(names=["return_channel", "token"])
        nothing = Upload("files", "", "application/octet-stream", b"")  # a browser sends an empty part for no file
        answer = self.client.send(self.page, form, {"consent": "yes", **values}, uploads or [nothing])
        if "/receipt/" not in answer.url:
            raise PageRefused(f"no receipt: {answer.url}")
        return answer
