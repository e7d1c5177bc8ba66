"""The demonstration's submissions: complete, invented, readable by the same libraries the gateway reads with."""

from __future__ import annotations

import email
import email.policy
import io
import re
import tomllib
import zipfile
from email.message import EmailMessage
from functools import cache
from pathlib import Path

import pypdfium2
from hwp_hwpx_parser import Reader
from hwp_ingest import to_pdf_bytes
from PIL import Image

from gateway.domain import filetypes
from gateway.domain.submission import Channel, ReturnChannel
from gateway.runtime.demo import samples
from gateway.runtime.demo.hwpx import document
from gateway.runtime.demo.petitions import petitions
from gateway.runtime.demo.samples import Sample

OFFICE = Path(__file__).resolve().parents[3] / "office"


@cache
def everyone() -> dict[str, Sample]:
    return {sample.key: sample for sample in samples.all()}


def _mail(key: str) -> EmailMessage:
    message = email.message_from_bytes(everyone()[key].content, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def test_all_ways_in_and_all_ways_out_appear() -> None:
    assert {sample.channel for sample in everyone().values()} == set(Channel)
    assert {sample.return_channel for sample in everyone().values()} == set(ReturnChannel)


def test_each_belongs_to_another_kind_of_the_sample_office() -> None:
    codes = [sample.kind_code for sample in everyone().values()]
    known = {line.split(",")[0] for line in (OFFICE / "kinds.csv").read_text(encoding="utf-8").splitlines()}
    assert len(set(codes)) == len(codes)
    assert set(codes) <= known


def test_each_return_channel_is_one_its_kind_allows() -> None:
    rows = [line.split(",") for line in (OFFICE / "kinds.csv").read_text(encoding="utf-8").splitlines()]
    allowed = {row[0]: row[7].split("|") for row in rows}
    assert all(sample.return_channel in allowed[sample.kind_code] for sample in everyone().values())


def test_mails_go_to_addresses_of_the_office() -> None:
    charter = tomllib.loads((OFFICE / "charter.toml").read_text(encoding="utf-8"))
    mails = [sample for sample in everyone().values() if sample.channel is Channel.EMAIL]
    assert all(sample.recipient in charter["office"]["intake_addresses"] for sample in mails)
    assert all(sample.sender.endswith(".example") for sample in mails)


def test_every_number_is_invented() -> None:
    for told in petitions().values():
        assert re.fullmatch(r"010-0000-\d{4}", told.phone)
        assert re.fullmatch(r"(063-000-\d{4})?", told.fax)


def test_bytes_are_what_the_sample_says() -> None:
    for sample in everyone().values():
        if sample.content and sample.channel is not Channel.EMAIL:
            assert filetypes.sniff(sample.content, name=sample.file_name) == sample.media_type


def test_the_same_sample_gives_the_same_bytes() -> None:
    assert samples.fax_fine().content == everyone()["fax-fine"].content


def test_the_old_mail_program_writes_raw_euc_kr() -> None:
    raw = everyone()["mail-pdf"].content
    subject = next(line for line in raw.split(b"\r\n") if line.startswith(b"Subject: "))
    assert "가로등 고장 신고" in subject.decode("cp949")
    assert not subject.isascii()


def test_the_attached_pdf_has_its_text() -> None:
    attachment = next(part for part in _mail("mail-pdf").walk() if part.get_content_type() == filetypes.PDF)
    content = attachment.get_payload(decode=True)
    assert isinstance(content, bytes)
    with pypdfium2.PdfDocument(content) as opened:
        assert "가로등" in opened[0].get_textpage().get_text_range()


def test_the_attached_hwpx_is_read_by_parser_and_renderer(tmp_path: Path) -> None:
    attachment = next(iter(_mail("mail-hwpx").iter_attachments()))
    content = attachment.get_payload(decode=True)
    assert isinstance(content, bytes)
    assert filetypes.sniff(content) == filetypes.HWPX
    file = tmp_path / "petition.hwpx"
    file.write_bytes(content)
    with Reader(str(file)) as reader:
        assert "차미르" in reader.text
    with pypdfium2.PdfDocument(to_pdf_bytes(content)) as opened:
        assert len(opened) == 1
        assert "차미르" in opened[0].get_textpage().get_text_range()


def test_words_that_look_like_markup_survive_in_hwpx() -> None:
    made = document("<제목> & 끝", [("성명", "가<나")], ["1 < 2 & 3"], [])
    with zipfile.ZipFile(io.BytesIO(made)) as package:
        assert package.infolist()[0].filename == "mimetype"
        assert package.infolist()[0].compress_type == zipfile.ZIP_STORED
        assert "1 &lt; 2 &amp; 3" in package.read("Contents/section0.xml").decode()


def test_faxes_have_fax_resolutions() -> None:
    for key, size, dpi in (("fax-fine", (1728, 2292), (204, 196)), ("fax-standard", (1728, 1146), (204, 98))):
        with Image.open(io.BytesIO(everyone()[key].content)) as picture:
            assert (picture.mode, picture.info["compression"]) == ("1", "group4")
            assert tuple(map(round, picture.info["dpi"])) == dpi
            assert picture.size[0] == size[0]
            assert abs(picture.size[1] - size[1]) <= 1


def test_the_web_form_has_what_its_return_channel_needs() -> None:
    for sample in everyone().values():
        if sample.channel is Channel.WEB:
            assert sample.form["name"]
            assert sample.form["return_channel"] == sample.return_channel
            assert sample.form["phone" if sample.return_channel is ReturnChannel.PICKUP else "email"]
            assert sample.form["text"]


def test_only_the_worn_scan_is_doubtful() -> None:
    assert [key for key, sample in everyone().items() if sample.doubtful] == ["scan-worn"]
