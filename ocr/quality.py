"""Whether a reading stands by itself or a person should look, and why, in words for the clerk.

Guarantees: pure. What has a cost when wrong (where the answer goes, who asked) must be read surely; a lost line is
noticed by the ink it left; an unreadable file and an empty submission are never passed over. Pictures beside words that
the sender wrote are evidence, not writing, and hold nobody up. Thresholds: with fields accepted from 0.80 up, one
of 319 was wrong on invented pages, three of 64 on coarse faxes (measured; calibrate on the office's own pages).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gateway.domain.submission import Channel, Contact, ReturnChannel
from gateway.domain.transcript import Field, FieldName, Page, Source

SURE = 0.80
_PAGE_SURE = 0.75
_MISSED_INK = 0.08
_LABELS = {
    FieldName.NAME: "성명", FieldName.PHONE: "전화번호", FieldName.FAX: "팩스번호", FieldName.EMAIL: "전자우편",
    FieldName.ADDRESS: "주소", FieldName.POSTCODE: "우편번호", FieldName.RETURN_CHANNEL: "회신 방법",
}  # fmt: skip
_PAPER = frozenset({Channel.FAX, Channel.POST})
_OWN_WORDS = 20  # characters without blanks; a telephone's own line under a mail is shorter
_CUT = "팩스가 끝까지 오지 않았을 수 있습니다. 빠진 쪽이 없는지 확인해 주십시오."
_NOTHING = "내용이 없는 민원입니다. 글도 읽을 수 있는 파일도 없으니 원본을 확인해 주십시오."


def doubts(
    pages: Sequence[Page],
    fields: Sequence[Field],
    *,
    troubles: Mapping[str, str],
    known: Contact,
    channel: Channel,
    return_channel: ReturnChannel | None,
    cut: bool = False,
) -> tuple[str, ...]:
    """Why a person should look.

    Args:
        pages: all that was read.
        fields: what was found in it.
        troubles: what is wrong with a file, by the file's name.
        known: what the channel already knew about the submitter.
        channel: how it came in; only letters and faxes must say who wrote them.
        return_channel: what the channel already knew about the wish for the answer.
        cut: the channel saw the transmission end too early.

    Returns:
        Korean sentences; empty when the reading stands.
    """
    of_files = [f"{name}: {trouble}" for name, trouble in troubles.items()]
    if cut:
        of_files.append(_CUT)
    if _has_own_words(pages, channel):
        seen = {(p.original_id, p.number) for p in pages if p.source is Source.OCR}
        fields = [f for f in fields if (f.original_id, f.page) not in seen]  # a number on a banner is not the sender's
    else:
        of_files += _page_doubts(pages)
    if not of_files and not any(page.lines for page in pages):
        of_files.append(_NOTHING)
    return (
        *of_files,
        *_field_doubts(fields, known, return_channel),
        *(_missing(fields, known) if channel in _PAPER else ()),
    )


def sure_contact(fields: Sequence[Field]) -> Contact:
    """The contact that the surely read fields make."""
    sure = {f.name: f.value for f in fields if f.confidence >= SURE or f.verified}
    return Contact(
        name=sure.get(FieldName.NAME, ""),
        phone=sure.get(FieldName.PHONE, ""),
        fax=sure.get(FieldName.FAX, ""),
        email=sure.get(FieldName.EMAIL, ""),
        address=sure.get(FieldName.ADDRESS, ""),
        postcode=sure.get(FieldName.POSTCODE, ""),
    )


def _has_own_words(pages: Sequence[Page], channel: Channel) -> bool:
    """Whether the sender wrote to us in text, so that a picture need not hold any writing."""
    if channel in _PAPER:
        return False
    return any(p.source is Source.PLAIN and len("".join(p.text.split())) >= _OWN_WORDS for p in pages)


def _page_doubts(pages: Sequence[Page]) -> list[str]:
    found: list[str] = []
    for page in (p for p in pages if p.source is Source.OCR):
        if page.confidence < _PAGE_SURE:
            percent = round(100 * page.confidence)
            found.append(f"{page.number}쪽의 글자를 자신 있게 읽지 못했습니다(신뢰도 {percent}%).")
        if page.missed_ink > _MISSED_INK:
            found.append(f"{page.number}쪽에 읽지 못한 글자나 그림이 있습니다.")
        if not page.lines and not page.blank:
            found.append(f"{page.number}쪽에서 글자를 찾지 못했습니다.")
    return list(dict.fromkeys(found))


def _field_doubts(fields: Sequence[Field], known: Contact, return_channel: ReturnChannel | None) -> list[str]:
    already = {
        FieldName.NAME: known.name, FieldName.PHONE: known.phone, FieldName.FAX: known.fax,
        FieldName.EMAIL: known.email, FieldName.ADDRESS: known.address, FieldName.POSTCODE: known.postcode,
        FieldName.RETURN_CHANNEL: return_channel or "",
    }  # fmt: skip
    return [
        f"'{_LABELS[f.name]}' 값을 확실하게 읽지 못했습니다({round(100 * f.confidence)}%)."
        for f in fields
        if f.name in _LABELS and not f.verified and f.confidence < SURE and not already[f.name]
    ]


def _missing(fields: Sequence[Field], known: Contact) -> list[str]:
    names = {f.name for f in fields}
    found: list[str] = []
    if FieldName.NAME not in names and not known.name:
        found.append("민원인의 성명을 찾지 못했습니다.")
    reachable = {FieldName.PHONE, FieldName.FAX, FieldName.EMAIL, FieldName.ADDRESS} & names
    if not reachable and not (known.phone or known.fax or known.email or known.address):
        found.append("민원인에게 연락할 방법(전화, 팩스, 전자우편, 주소)을 찾지 못했습니다.")
    return found
