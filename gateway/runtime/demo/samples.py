"""Invented submissions as they reach a county office: mails, faxes, scans and web forms, made when they are needed.

Guarantees: every person, address and number is invented; each sample belongs clearly to one petition kind of the sample
office and names one return channel; together they use all four ways in and all four ways out. One scan is so worn that
a person must read it. Fails with `MissingPart` when the fonts are not installed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from gateway.domain import filetypes
from gateway.domain.submission import Channel, ReturnChannel
from gateway.runtime.demo import hwpx, mails, paper
from gateway.runtime.demo.petitions import WAYS_KO, Petition, petitions

_FAX_LINE = "063-290-2109"


@dataclass(frozen=True, slots=True)
class Sample:
    """One submission, ready to be sent.

    Attributes:
        key: short name, e.g. `fax-fine`.
        channel: the way in.
        title: what it is about.
        file_name: the file to upload or to drop; empty when there is none.
        media_type: of `content`.
        content: the file, or the ready mail (RFC 5322).
        form: fields of the web form.
        sender, recipient: the mail's envelope.
        caller, dialled: the fax call's numbers.
        kind_code: the petition kind it belongs to.
        name: the submitter's name, for whoever checks what was read.
        return_channel: the return channel the citizen chose.
        doubtful: it cannot be read surely; a clerk must look.
    """

    key: str
    channel: Channel
    title: str
    file_name: str
    media_type: str
    content: bytes
    kind_code: str
    name: str
    return_channel: ReturnChannel
    form: Mapping[str, str] = field(default_factory=dict)
    sender: str = ""
    recipient: str = ""
    caller: str = ""
    dialled: str = ""
    doubtful: bool = False


def all() -> tuple[Sample, ...]:  # noqa: A001 - read as `samples.all()`
    """Every sample; takes a few seconds.

    Raises:
        MissingPart: the fonts are not installed.
    """
    return (
        mail_plain(),
        mail_with_pdf(),
        mail_with_hwpx(),
        web_plain(),
        web_with_photo(),
        fax_fine(),
        fax_standard(),
        scan_pdf(),
        scan_tiff(),
        scan_worn(),
    )


def mail_plain() -> Sample:
    """A mail with nothing attached: everything is in its text."""
    told = petitions()["bulky-waste"]
    content = mails.plain(told, recipient=mails.INTAKE)
    return _mail("mail-plain", told, content, mails.INTAKE)


def mail_with_pdf() -> Sample:
    """A mail from an old Korean mail program: subject, text and attachment name in EUC-KR; a Korean PDF."""
    told = petitions()["streetlight"]
    letter = paper.pdf("letter", printed(told))
    content = mails.legacy(told, recipient="road@onnuri.example", attachment=("가로등 고장 신고서.pdf", letter))
    return _mail("mail-pdf", told, content, "road@onnuri.example")


def mail_with_hwpx() -> Sample:
    """A mail with a Hangul word processor file, its name decomposed as macOS sends it."""
    told = petitions()["building-inquiry"]
    rows = [("성명", told.name), ("주소", told.full_address), ("전화번호", told.phone), ("제목", told.title)]
    choices = "  ".join(f"{'☑' if way == told.returns else '□'} {label}" for way, label in WAYS_KO.items())
    document = hwpx.document(
        "민 원 신 청 서", [*rows, ("회신 방법", choices)], told.paragraphs, [told.date, f"신청인  {told.name}"]
    )
    content = mails.modern(
        told, recipient=mails.INTAKE, attachment=("민원신청서.hwpx", filetypes.HWPX, document), decomposed=True
    )
    return _mail("mail-hwpx", told, content, mails.INTAKE)


def web_plain() -> Sample:
    """A web submission without a file; the answer will be fetched at the counter."""
    told = petitions()["info-disclosure"]
    return _web("web-text", told, "", "", b"", "\n\n".join(told.paragraphs))


def web_with_photo() -> Sample:
    """A letter photographed with a telephone and uploaded."""
    told = petitions()["road-damage"]
    photo = paper.photographed(paper.page("letter", printed(told)), seed=5)
    return _web("web-photo", told, "IMG_20261120_081455.jpg", filetypes.JPEG, paper.jpeg(photo), told.note)


def fax_fine() -> Sample:
    """A petition form by fax, fine resolution (204x196)."""
    return _fax("fax-fine", petitions()["odor-noise"], 196, 11)


def fax_standard() -> Sample:
    """A petition form by fax, standard resolution (204x98)."""
    return _fax("fax-standard", petitions()["parking"], 98, 12)


def scan_pdf() -> Sample:
    """A petition form that came by post, scanned to PDF."""
    told = petitions()["basic-pension"]
    sheet = paper.scanned(paper.page("form", printed(told)), paper.Wear(), seed=21)
    return _scan("scan-pdf", told, "scan_20261120_0001.pdf", filetypes.PDF, paper.scan_pdf([sheet]))


def scan_tiff() -> Sample:
    """A letter that came by post, scanned to TIFF, laid on the glass a little askew."""
    told = petitions()["local-tax"]
    wear = paper.Wear(degrees=-1.1, noise=7.0)
    sheet = paper.scanned(paper.page("letter", printed(told)), wear, seed=22)
    return _scan("scan-tiff", told, "scan_20261120_0002.tif", filetypes.TIFF, paper.scan_tiff([sheet]))


def scan_worn() -> Sample:
    """A worn, pale, blurred form: what can be read of it is not sure, so a clerk must look."""
    told = petitions()["wildlife"]
    wear = paper.Wear(degrees=1.6, blur=3.0, noise=20.0, fade=0.5, letters_lost=0.3)
    sheet = paper.scanned(paper.page("form", printed(told)), wear, seed=23)
    content = paper.jpeg(sheet, dpi=300, quality=55)
    return _scan("scan-worn", told, "scan_20261120_0003.jpg", filetypes.JPEG, content, doubtful=True)


def printed(told: Petition) -> dict[str, object]:
    """What the paper templates print of a petition."""
    return {**asdict(told), "address": told.full_address, "returns_ko": WAYS_KO[told.returns]}


def _mail(key: str, told: Petition, content: bytes, recipient: str) -> Sample:
    return Sample(
        key=key, channel=Channel.EMAIL, title=told.title, file_name="", media_type=filetypes.EML, content=content,
        kind_code=told.kind_code, name=told.name, return_channel=told.returns, sender=told.email, recipient=recipient,
    )  # fmt: skip


def _web(key: str, told: Petition, file_name: str, media_type: str, content: bytes, text: str) -> Sample:
    form = {
        "name": told.name,
        "phone": told.phone,
        "fax": told.fax,
        "email": told.email,
        "postcode": told.postcode,
        "address": told.address,
        "title": told.title,
        "text": text,
        "return_channel": str(told.returns),
    }
    return Sample(
        key=key, channel=Channel.WEB, title=told.title, file_name=file_name, media_type=media_type, content=content,
        kind_code=told.kind_code, name=told.name, return_channel=told.returns, form=form,
    )  # fmt: skip


def _fax(key: str, told: Petition, lines_dpi: int, seed: int) -> Sample:
    sheet = paper.faxed(paper.page("form", printed(told)), lines_dpi=lines_dpi, sender=told.fax, seed=seed)
    return Sample(
        key=key, channel=Channel.FAX, title=told.title, file_name=f"fax{seed:09d}.tif", media_type=filetypes.TIFF,
        content=paper.fax_tiff([sheet], lines_dpi=lines_dpi, sender=told.fax), kind_code=told.kind_code,
        name=told.name, return_channel=told.returns, caller=told.fax, dialled=_FAX_LINE,
    )  # fmt: skip


def _scan(
    key: str, told: Petition, file_name: str, media_type: str, content: bytes, *, doubtful: bool = False
) -> Sample:
    return Sample(
        key=key, channel=Channel.POST, title=told.title, file_name=file_name, media_type=media_type, content=content,
        kind_code=told.kind_code, name=told.name, return_channel=told.returns, doubtful=doubtful,
    )  # fmt: skip
