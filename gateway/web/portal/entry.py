"""Reads what a citizen typed into the submission form; decides, touches nothing.

Guarantees: nothing is asked for that the chosen way of reply does not need; a submission without a name is taken where
no name is needed (DOMAIN: it is registered as anonymous). Every fault is named beside its field in words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from channels.webform import ReceivedForm, Refusal, UploadLimits
from gateway.domain.personal import phone_digits
from gateway.domain.submission import Contact, ReturnChannel
from gateway.web.i18n import Translator
from gateway.web.pages import size

_EMAIL: Final = re.compile(r"[^@\s,;<>\"]+@[^@\s,;<>\"]+\.[^@\s,;<>\".]+")
_PHONE: Final = re.compile(r"0\d{8,10}|1\d{7}|\+\d{8,15}")
_POSTCODE: Final = re.compile(r"\d{5}")
_TITLE_CHARS: Final = 200
_CONTACT_CHARS: Final = 200
NAMED: Final = frozenset({ReturnChannel.FAX, ReturnChannel.POST, ReturnChannel.PICKUP})


@dataclass(frozen=True, slots=True)
class Entry:
    """A form that can be accepted."""

    contact: Contact
    return_channel: ReturnChannel


def read(
    form: ReceivedForm,
    limits: UploadLimits,
    kinds: frozenset[str],
    t: Translator,
) -> tuple[Entry | None, dict[str, str]]:
    """What was typed, or what is wrong with it by field, in the order of the form."""
    contact = Contact(
        name=form["name"].strip(),
        phone=form["phone"].strip(),
        fax=form["fax"].strip(),
        email=form["email"].strip(),
        address=" ".join(form["address"].split()),
        postcode=form["postcode"].strip(),
    )
    wish = _return_channel(form["return_channel"])
    faults = {
        **_content_faults(form, limits, kinds, t),
        **_contact_faults(contact, t),
        **_return_faults(wish, contact, t),
    }
    if form["consent"] != "yes":
        faults["consent"] = t("개인정보 수집·이용에 동의해 주십시오.")
    if faults or wish is None:
        return None, faults
    return Entry(contact, wish), {}


def _return_channel(text: str) -> ReturnChannel | None:
    return ReturnChannel(text) if text in set(ReturnChannel) else None


def _content_faults(form: ReceivedForm, limits: UploadLimits, kinds: frozenset[str], t: Translator) -> dict[str, str]:
    faults: dict[str, str] = {}
    if not form["title"].strip():
        faults["title"] = t("제목을 적어 주십시오.")
    elif len(form["title"]) > _TITLE_CHARS:
        faults["title"] = t("제목은 {n}자까지 적을 수 있습니다.", n=_TITLE_CHARS)
    if not form["text"].strip() and not form.files and not form.refused:
        faults["text"] = t("내용을 적거나 파일을 붙여 주십시오.")
    elif len(form["text"]) > limits.text_chars:
        faults["text"] = t("내용은 {n}자까지 적을 수 있습니다. 긴 글은 파일로 붙여 주십시오.", n=limits.text_chars)
    if form["kind"] and form["kind"] not in kinds:
        faults["kind"] = t("목록에서 골라 주십시오.")
    if form.refused:
        faults["files"] = " ".join(_refusal_text(name, why, limits, t) for name, why in form.refused)
    return faults


def _refusal_text(name: str, why: Refusal, limits: UploadLimits, t: Translator) -> str:
    texts: Mapping[Refusal, str] = {
        Refusal.FILE_TOO_LARGE: t(
            "‘{name}’ 파일이 너무 큽니다. 파일 하나는 {limit}까지 받을 수 있습니다.",
            name=name,
            limit=size(limits.file_bytes),
        ),
        Refusal.ALL_TOO_LARGE: t(
            "‘{name}’까지 더하면 한 번에 받을 수 있는 크기({limit})를 넘습니다.",
            name=name,
            limit=size(limits.submission_bytes),
        ),
        Refusal.TOO_MANY: t(
            "파일은 {n}개까지 붙일 수 있습니다. ‘{name}’은 받지 못했습니다.", n=limits.files, name=name
        ),
        Refusal.NO_ROOM: t("‘{name}’ 파일을 지금은 저장할 수 없습니다. 잠시 후 다시 제출해 주십시오.", name=name),
        Refusal.EMPTY: t("‘{name}’ 파일에 내용이 없습니다(0바이트).", name=name),
    }
    return texts[why]


def _contact_faults(contact: Contact, t: Translator) -> dict[str, str]:
    faults: dict[str, str] = {}
    if len(contact.name) > _CONTACT_CHARS:
        faults["name"] = t("너무 깁니다.")
    if contact.phone and not _is_phone(contact.phone):
        faults["phone"] = t("전화번호를 확인해 주십시오. 예: 010-0000-0000")
    if contact.email and not _EMAIL.fullmatch(contact.email):
        faults["email"] = t("전자우편 주소를 확인해 주십시오. 예: name@example.com")
    if contact.fax and not _is_phone(contact.fax):
        faults["fax"] = t("팩스번호를 확인해 주십시오. 예: 063-290-0000")
    if contact.postcode and not _POSTCODE.fullmatch(contact.postcode):
        faults["postcode"] = t("우편번호는 숫자 5자리입니다.")
    if len(contact.address) > _CONTACT_CHARS:
        faults["address"] = t("너무 깁니다.")
    return faults


def _return_faults(wish: ReturnChannel | None, contact: Contact, t: Translator) -> dict[str, str]:
    if wish is None:
        return {"return_channel": t("결과를 받을 방법을 골라 주십시오.")}
    faults: dict[str, str] = {}
    if wish in NAMED and not contact.name:
        faults["name"] = t("이 방법으로 결과를 받으려면 이름이 필요합니다.")
    if wish is ReturnChannel.FAX and not contact.fax:
        faults["fax"] = t("팩스로 받으려면 팩스번호를 적어 주십시오.")
    if wish is ReturnChannel.POST:
        if not contact.postcode:
            faults["postcode"] = t("우편으로 받으려면 우편번호를 적어 주십시오.")
        if not contact.address:
            faults["address"] = t("우편으로 받으려면 주소를 적어 주십시오.")
    if wish is ReturnChannel.PICKUP and not contact.phone:
        faults["phone"] = t("찾으러 오실 때를 알려 드릴 전화번호를 적어 주십시오.")
    return faults


def _is_phone(text: str) -> bool:
    if re.search(r"[^\d\s()+.\-]", text):
        return False
    return (
        _PHONE.fullmatch(phone_digits(text)) is not None
        or re.fullmatch(r"\+\d{8,15}", re.sub(r"[\s().\-]", "", text)) is not None
    )
