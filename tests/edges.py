"""The gateway's edges as their senders meet them, on a small disk that can be filled, and files that are no good.

Nothing here knows what is expected; `tests/scenarios/test_bad_input.py` does.
"""

from __future__ import annotations

import email.policy
import hashlib
import html
import io
import re
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

import numpy as np
import pypdf
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from gateway.domain.lifecycle import State
from gateway.runtime.demo import senders
from gateway.runtime.demo.client import Upload
from gateway.runtime.demo.senders import FilledForm
from gateway.store import ledger, submissions
from gateway.store.jobs import JobState
from gateway.store.schema import jobs
from tests.running import running
from tests.scenarios.conftest import Cases

_FONT = "/usr/share/fonts/truetype/nanum/NanumGothic.ttf"
WITH_HANDLER = (State.ASSIGNED, State.PLANNED)
WITH_CLERK = (State.AWAITING_VERIFICATION, State.QUARANTINED)
CITIZEN, OURS = "bomi@citizen.example", "minwon@onnuri.example"
WORDS = "온누리읍 새터길 12 앞 가로등이 사흘째 꺼져 있어 밤길이 어둡습니다. 고쳐 주십시오."
TYPED = {
    "name": "한봄이", "phone": "010-0000-2211", "email": CITIZEN, "title": "가로등 고장 신고", "text": WORDS,
    "return_channel": "internet",
}  # fmt: skip


def numbers(text: str) -> list[str]:
    """Receipt numbers in a text."""
    return re.findall(r"\d{4}-\d{7}", text)


@dataclass
class Edges(Cases):
    """The gateway's edges, and the disk its blobs lie on."""

    disk: Path

    def mail(self, raw: bytes) -> str:
        """The answer to a mail."""
        return senders.mail(self.gateway.ports["smtp"], CITIZEN, OURS, raw)

    def mailed(self, raw: bytes) -> str:
        """The number a mail was registered under."""
        return numbers(self.mail(raw))[0]

    def web(self, *uploads: Upload) -> str:
        """The number a filled-in form was registered under."""
        page = FilledForm.open(self.gateway.web).send(TYPED, uploads)
        return numbers(page.url)[0]

    def scan(self, name: str, content: bytes) -> Path:
        """Where a scan lies after the scanner wrote it."""
        return senders.scan(self.gateway.var / "hotfolder" / "in", name, content)

    def fax(self, name: str, content: bytes, *, error: str = "") -> Path:
        """Where a fax lies after the hook ran."""
        settings = self.parts.settings
        return senders.fax(
            settings.fax_queue_folder, settings.fax_record_folder, name, content,
            caller="063-290-4600", dialled="063-290-2109", error=error,
        )  # fmt: skip

    def files(self, number: str) -> dict[str, bytes]:
        """What is kept of a submission, each file as its blob says, checked against its digest."""
        with self.parts.database.reading() as tx:
            originals = submissions.originals(tx, submissions.by_number(tx, number).id)
        kept = {one.name: self.parts.blobs.read(one.sha256) for one in originals}
        assert all(hashlib.sha256(kept[one.name]).hexdigest() == one.sha256 for one in originals)
        return kept

    def stays_with_the_clerk(self, number: str, why: str) -> State:
        """Wait until it lies on the clerk's desk; see there why, and that no handler has it yet."""
        state = self.until(number, *WITH_CLERK).state
        clerk = self.staff("clerk-01").client
        assert number in clerk.get("/staff/desk").text
        assert why in html.unescape(clerk.get(f"/staff/desk/{number}").text)
        assert not self.case(number).handler_id
        return state

    def goes_on(self, number: str) -> None:
        """A clerk confirms it; a handler gets it; the ledger is whole."""
        self.staff("clerk-01").confirm(number, {"name": "한봄이"})
        assert self.until(number, *WITH_HANDLER).handler_id
        assert self.intact(number)

    def events(self, number: str) -> list[str]:
        """What happened to a case."""
        with self.parts.database.reading() as tx:
            return [entry.event for entry, _ in ledger.history(tx, submissions.by_number(tx, number).id)]

    def put_off(self, number: str) -> dict[str, str]:
        """Jobs of a case that could not be done yet: kind and why."""
        with self.parts.database.reading() as tx:
            of_case = jobs.c.submission_id == submissions.by_number(tx, number).id
            rows = tx.execute(jobs.select().where(of_case, jobs.c.state == JobState.WAITING)).all()
        return {row.kind: row.last_error for row in rows if row.last_error}

    def after(self, newest: int) -> list[str]:
        """Numbers of what was registered after row `newest`."""
        with self.parts.database.reading() as tx:
            return [submissions.get(tx, row).number for row in range(newest + 1, self.newest() + 1)]


@contextmanager
def edges_on_a_small_disk(folder: Path) -> Iterator[Edges]:
    """A running gateway; its blobs lie on a real file system of 48 megabytes."""
    disk = folder / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", str(disk)], check=True)
    try:
        extra = {"GATEWAY_BLOBS": str(disk / "blobs"), "GATEWAY_SCAN_GRACE_S": "3", "GATEWAY_LOCK_WAIT_S": "3"}
        with running(folder / "var", extra=extra) as gateway:
            yield Edges(gateway, disk)
    finally:
        subprocess.run(["umount", str(disk)], check=True)


# --- trouble of the gateway's own -------------------------------------------------------------------------------------


@contextmanager
def full_disk(edges: Edges, *, but: int = 0) -> Iterator[None]:
    """No room where the blobs lie, `but` for some bytes."""
    filler = edges.disk / "filler"
    with filler.open("wb", buffering=0) as out:
        size = 1 << 20
        while size:
            try:
                out.write(bytes(size))
            except OSError:
                size >>= 1
        out.truncate(out.tell() - but)
    try:
        yield
    finally:
        filler.unlink()


@contextmanager
def locked_database(edges: Edges) -> Iterator[None]:
    """Another program holds the write lock."""
    with closing(sqlite3.connect(edges.gateway.var / "gateway.db", isolation_level=None, timeout=30)) as other:
        other.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            other.execute("ROLLBACK")


# --- what is sent -----------------------------------------------------------------------------------------------------


def letter(text: str, key: str) -> EmailMessage:
    """A mail of a citizen."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = f"한봄이 <{CITIZEN}>", OURS, "가로등 고장 신고"
    message["Message-ID"] = f"<bad-input-{key}@citizen.example>"
    message.set_content(text)
    return message


def raw(message: EmailMessage) -> bytes:
    """As it goes over the wire."""
    return message.as_bytes(policy=email.policy.SMTP)


def street_photo() -> bytes:
    """A dark street with a lamp post, windows and noise; a banner with somebody's number is all its writing."""
    chance = np.random.default_rng(7)
    picture = Image.new("RGB", (1280, 960), (38, 44, 60))
    pen = ImageDraw.Draw(picture)
    pen.polygon([(0, 960), (1280, 960), (760, 520), (560, 520)], fill=(70, 70, 72))
    for left in range(40, 1200, 150):
        pen.rectangle((left, 180 + left % 90, left + 110, 560), fill=(90 + left % 60, 70, 60))
        pen.rectangle((left + 20, 300, left + 50, 350), fill=(230, 210, 130))
    pen.line([(640, 140), (640, 720)], fill=(15, 15, 15), width=16)
    pen.line([(640, 140), (760, 110)], fill=(15, 15, 15), width=10)
    pen.rectangle((180, 600, 1100, 760), fill=(240, 240, 235))
    pen.text((220, 640), "임대문의 010-0000-7788", font=ImageFont.truetype(_FONT, 72), fill=(20, 20, 30))
    noisy = np.asarray(picture.filter(ImageFilter.GaussianBlur(1.5)), np.float32) + chance.normal(0, 9, (960, 1280, 1))
    made = io.BytesIO()
    Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8)).resize((800, 600)).save(made, "JPEG", quality=85)
    return made.getvalue()


def logo() -> bytes:
    """A mail signature's picture."""
    picture = Image.new("RGB", (220, 60), "white")
    pen = ImageDraw.Draw(picture)
    pen.ellipse((8, 8, 52, 52), fill=(0, 90, 160))
    pen.polygon([(70, 50), (100, 10), (130, 50)], fill=(0, 150, 90))
    made = io.BytesIO()
    picture.save(made, "PNG")
    return made.getvalue()


def locked_pdf() -> bytes:
    """A PDF that opens with a password only."""
    writer = pypdf.PdfWriter()
    writer.add_blank_page(595, 842)
    writer.encrypt("secret", algorithm="AES-256")
    made = io.BytesIO()
    writer.write(made)
    return made.getvalue()
