"""SIGKILL at random moments while 200 submissions arrive by all channels.

What must hold afterwards: every acknowledged submission is there exactly once, in order, with an intact ledger, and all
of them reach their handler or the clerk's desk. The broker's folder is removed on the way, which changes nothing.
"""

from __future__ import annotations

import email
import email.policy
import hashlib
import http.client
import io
import random
import re
import shutil
import smtplib
import threading
import time
import urllib.error
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path

import pytest
import sqlalchemy as sa
from PIL import Image, ImageDraw, ImageFont

from gateway.domain.jobs import JobKind
from gateway.domain.lifecycle import State
from gateway.runtime.demo import senders
from gateway.runtime.demo.client import PageRefused, Upload
from gateway.store import jobs, ledger, schema
from tests.running import Gateway
from tests.services import wait_for

MAILS, PAGES, SCANS, FAXES = 90, 70, 25, 15
CUTS = 5
NUMBER = re.compile(r"\d{4}-\d{7}")
FONT = "/usr/share/fonts/truetype/nanum/NanumGothic.ttf"


def page_image(n: int) -> Image.Image:
    """A small page with two lines, different for every number."""
    image = Image.new("1", (1728, 700), 1)
    draw = ImageDraw.Draw(image)
    font = ImageFont.truetype(FONT, 60)
    draw.text((120, 100), f"가로등 고장 신고 {n}번", font=font, fill=0)
    draw.text((120, 260), "성명: 홍가람  전화: 010-0000-1234", font=font, fill=0)
    return image


def fax_tiff(n: int) -> bytes:
    out = io.BytesIO()
    page_image(n).save(out, "TIFF", compression="group4", dpi=(204, 196))
    return out.getvalue()


def scan_pdf(n: int) -> bytes:
    out = io.BytesIO()
    page_image(n).convert("L").save(out, "PDF", resolution=200)
    return out.getvalue()


def letter(n: int) -> bytes:
    message = EmailMessage()
    message["From"], message["To"] = f"citizen{n}@citizen.example", "minwon@onnuri.example"
    message["Subject"] = f"가로등 고장 신고 {n}"
    message["Message-ID"] = f"<crash-{n}@citizen.example>"
    message.set_content(f"마을 앞 가로등 {n}번이 꺼져 있습니다. 수리 부탁드립니다.\n홍가람 010-0000-1234\n")
    return message.as_bytes()


@dataclass
class Sent:
    """What each sender was told."""

    numbers: list[str] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Gateway]:
    gateway = Gateway(tmp_path / "var")
    gateway.start()
    yield gateway
    gateway.stop()


def until_taken(attempt: Callable[[], str], give_up: float) -> str:
    """Try as real senders do: again when the connection breaks or the server says later."""
    while True:
        try:
            return attempt()
        except (OSError, smtplib.SMTPException, PageRefused, urllib.error.URLError, http.client.HTTPException) as why:
            if time.monotonic() > give_up:
                raise TimeoutError("never taken") from why
            time.sleep(0.1)


@dataclass
class Mail:
    """One mail; sent again whole when the answer is lost."""

    port: int
    sender: str
    message: bytes

    def send(self) -> str:
        return senders.mail(self.port, self.sender, "minwon@onnuri.example", self.message)


def send_mails(gateway: Gateway, sent: Sent, give_up: float) -> None:
    for n in range(MAILS):
        mail = Mail(gateway.ports["smtp"], f"citizen{n}@citizen.example", letter(n))
        said = until_taken(mail.send, give_up)
        sent.numbers += NUMBER.findall(said)


@dataclass
class WebForm:
    """One citizen's form; sent again with its own token when the answer is lost."""

    base: str
    values: dict[str, str]
    upload: Upload
    opened: senders.FilledForm | None = None

    def send(self) -> str:
        self.opened = self.opened or senders.FilledForm.open(self.base)
        return self.opened.send(self.values, [self.upload]).url


def send_pages(gateway: Gateway, sent: Sent, give_up: float) -> None:
    values = {
        "name": "홍가람",
        "phone": "010-0000-1234",
        "return_channel": "internet",
        "email": "garam@citizen.example",
    }
    for n in range(PAGES):
        words = {"title": f"도로 파손 {n}", "text": f"마을회관 앞 도로가 파였습니다. {n}번째 신고입니다."}
        upload = Upload("files", f"사진{n}.txt", "text/plain", f"첨부 {n}".encode())
        form = WebForm(gateway.web, {**values, **words}, upload)
        sent.numbers += NUMBER.findall(until_taken(form.send, give_up))


def drop_scans(gateway: Gateway, sent: Sent) -> None:
    for n in range(SCANS):
        sent.files.append(senders.scan(gateway.var / "hotfolder" / "in", f"scan{n:03}.pdf", scan_pdf(n)))
        time.sleep(0.4)  # a scanner's pace


def drop_faxes(gateway: Gateway, sent: Sent) -> None:
    for n in range(FAXES):
        name = f"fax{n + 1:09}.tif"
        var = gateway.var
        sent.files.append(
            senders.fax(var / "recvq", var / "ready", name, fax_tiff(n), caller="0632901111", dialled="0632902990")
        )
        time.sleep(0.7)  # a line's pace


def test_every_acknowledged_submission_survives_and_finishes(gateway: Gateway) -> None:
    chance = random.Random(20261123)  # noqa: S311 (a repeatable choice of moments, no secret)
    give_up = time.monotonic() + 240
    mails, pages, scans, faxes = Sent(), Sent(), Sent(), Sent()
    threads = [
        threading.Thread(target=send_mails, args=(gateway, mails, give_up)),
        threading.Thread(target=send_pages, args=(gateway, pages, give_up)),
        threading.Thread(target=drop_scans, args=(gateway, scans)),
        threading.Thread(target=drop_faxes, args=(gateway, faxes)),
    ]
    for thread in threads:
        thread.start()
    for cut in range(CUTS):
        time.sleep(chance.uniform(0.3, 2.5))  # the random moment is the point
        gateway.kill()
        if cut == 2:
            shutil.rmtree(gateway.var / "broker")
        gateway.start()
    for thread in threads:
        thread.join(give_up - time.monotonic())
    assert not any(thread.is_alive() for thread in threads)
    wait_for(
        lambda: not any(path.exists() for path in scans.files + faxes.files), "every file to be taken", patience_s=120
    )

    parts = gateway.parts
    wait_for(lambda: finished(gateway), "every submission to reach a person", patience_s=300)
    with parts.database.reading() as tx:
        rows = tx.execute(sa.select(schema.submissions).order_by(schema.submissions.c.id)).all()
        stuck, broken = jobs.stuck(tx), ledger.verify_all(tx)
        blobs = tx.execute(sa.select(schema.originals.c.sha256)).scalars().all()
    numbers = [row.number for row in rows]
    assert len(mails.numbers) == MAILS
    assert len(pages.numbers) == PAGES
    assert numbers == [f"{numbers[0][:4]}-{n:07d}" for n in range(1, MAILS + PAGES + SCANS + FAXES + 1)]
    by_channel = {channel: sum(row.channel == channel for row in rows) for channel in ("email", "web", "post", "fax")}
    assert by_channel == {"email": MAILS, "web": PAGES, "post": SCANS, "fax": FAXES}
    assert set(mails.numbers) | set(pages.numbers) <= set(numbers)
    assert mails.numbers == sorted(set(mails.numbers))
    assert pages.numbers == sorted(set(pages.numbers))
    assert mails_sent_twice(gateway) == []
    assert broken == {}
    assert stuck == ()
    for sha256 in blobs:
        assert hashlib.sha256(parts.blobs.read(sha256)).hexdigest() == sha256


def finished(gateway: Gateway) -> bool:
    """Whether all have reached their handler or the clerk, and nothing is left to do but what was cut off in sending.

    Those attempts stay open for minutes, then become in doubt: they may have left, so no machine sends them again.
    """
    before_handover = [State.RECEIVED, State.TRANSCRIBING, State.TRANSCRIBED]
    with gateway.parts.database.reading() as tx:
        states = tx.execute(sa.select(schema.submissions.c.state)).scalars().all()
        to_do = tx.execute(
            sa.select(schema.jobs.c.kind, schema.jobs.c.subject).where(schema.jobs.c.state.in_(["waiting", "leased"]))
        ).all()
        cut_off = set(
            tx.execute(sa.select(schema.deliveries.c.id).where(schema.deliveries.c.state == "sending")).scalars()
        )
    waits = {int(job.subject) for job in to_do if job.kind == JobKind.DELIVER}
    return (
        not set(states) & set(before_handover)
        and all(job.kind == JobKind.DELIVER for job in to_do)
        and waits <= cut_off
    )


def mails_sent_twice(gateway: Gateway) -> list[str]:
    """Purposes and receipt numbers for which more than one mail left."""
    subjects = Counter(
        str(email.message_from_bytes(path.read_bytes(), policy=email.policy.default)["Subject"])
        for path in (gateway.var / "mailbox" / "new").glob("*.eml")
    )
    return [subject for subject, count in subjects.items() if count > 1]
