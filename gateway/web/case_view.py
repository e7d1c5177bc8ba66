"""What the case page shows: one submission with its files, clocks, people, deliveries and its whole history in words.

Guarantees: reads only; the history is checked against its hash chain each time it is shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy.engine import Connection

from dispatch.directory import Directory
from gateway.domain.ledger import Entry, verify
from gateway.domain.times import from_text, korean_moment
from gateway.store import clocks, deliveries, ledger, submissions
from gateway.store.submissions import Submission
from gateway.web import staff_words as words

_SYSTEMS: Final[Mapping[str, str]] = {
    "email": "시스템(전자우편 접수)",
    "fax": "시스템(팩스 접수)",
    "post": "시스템(우편 접수)",
    "web": "시스템(인터넷 접수)",
    "channels": "시스템(접수)",
    "ocr": "시스템(문서 읽기)",
    "dispatch": "시스템(배정)",
    "returns": "시스템(발송)",
}
_NOT_SHOWN: Final = frozenset(
    {
        "from",
        "to",
        "candidates",
        "attempt",
        "delivery",
        "confident",
        "number",
        "fax_job",
        "file",
        "dsn_requested",
        "laid_out",
    }
)
FACTS: Final[Mapping[str, str]] = {
    "corrected": "고친 항목",
    "fields": "읽은 항목 이름",
    "unreadable": "읽지 못한 파일",
    "kind": "민원 종류",
    "unit": "처리부서",
    "handler": "담당자",
    "channel": "경로",
    "purpose": "용건",
    "route": "방법",
    "address": "보낸 곳",
    "document": "문서번호",
    "files": "파일",
    "clock": "약속",
    "due": "기한",
    "registered_number": "등기번호",
    "posted_by": "발송 방법",
    "told_by_person": "직접 알림",
    "settled": "확인한 방법",
    "candidates": "후보",
    "note": "덧붙임",
    "void_clocks": "끝낸 약속",
    "job": "작업",
    "collector": "받아 간 사람",
    "identity": "신분 확인",
    "reply": "상대 응답",
    "opened": "열어 본 때",
    "host": "받은 서버",
    "message_id": "메시지 번호",
    "pages": "쪽수",
    "at": "시각",
    "from_handler": "보낸 담당자",
    "to_handler": "받은 담당자",
    "from_unit": "보낸 부서",
    "to_unit": "받은 부서",
    "outcome": "결과",
    "deputy_for": "대신한 사람",
}


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One entry of the ledger in words."""

    at: datetime
    who: str
    event: str
    why: str
    facts: tuple[tuple[str, str], ...]


def build(tx: Connection, case: Submission, directory: Directory) -> dict[str, Any]:
    """The template's values for one case."""
    history = ledger.history(tx, case.id)
    transcript = submissions.transcript(tx, case.id)
    handler = directory.people.get(case.handler_id)
    sent = deliveries.for_submission(tx, case.id)
    return {
        "case": case,
        "originals": submissions.originals(tx, case.id),
        "read_text": transcript.text if transcript else "",
        "clocks": clocks.of_submission(tx, case.id),
        "deliveries": sent,
        "proofs": {delivery.id: in_words(delivery.proof, directory) for delivery in sent},
        "history": [_line(entry, directory) for entry, _ in history],
        "intact": not verify(history),
        "handler": handler,
        "superior": directory.people.get(handler.superior_id) if handler else None,
    }


def fact_word(name: str) -> str:
    """The Korean word for a fact's name; the name itself when there is none."""
    return FACTS.get(name, name)


def in_words(facts: Mapping[str, str], directory: Directory) -> tuple[tuple[str, str], ...]:
    """Facts of the ledger or a proof that are for people to read, with codes turned into words."""
    return tuple(
        (name, _value(name, str(value), directory))
        for name, value in facts.items()
        if value and name not in _NOT_SHOWN and not name.startswith("sha256")
    )


def _line(entry: Entry, directory: Directory) -> HistoryLine:
    facts = in_words(entry.facts, directory)
    return HistoryLine(entry.at, _who(entry.actor, directory), entry.event, entry.why, facts)


def _who(actor: str, directory: Directory) -> str:
    family, _, name = actor.partition(":")
    if family == "staff":
        person = directory.people.get(name)
        return f"{person.name} {person.title}" if person else name
    if family == "citizen":
        return "민원인"
    return _SYSTEMS.get(name, "시스템")


def _value(name: str, value: str, directory: Directory) -> str:
    if name in {"handler", "from_handler", "to_handler", "deputy_for"} and value in directory.people:
        return directory.people[value].name
    if name in {"unit", "from_unit", "to_unit"} and value in directory.units:
        return directory.units[value].name
    if name == "kind" and value in directory.kinds:
        return directory.kinds[value].name
    if name in {"corrected", "fields"}:
        return ", ".join(_FIELDS.get(part, part) for part in value.split())
    if name == "opened":
        return korean_moment(from_text(value))
    return str(_WORDS.get(value, value))


_FAMILIES: Final[tuple[Mapping[Any, str], ...]] = (
    words.IDENTITY_WORDS, words.CHANNELS, words.ROUTES, words.PURPOSES, words.OUTCOMES, words.DELIVERY_STATES,
    words.CLOCKS,
)  # fmt: skip
_WORDS: Final = {
    "ordinary mail": "일반우편",
    **{str(member): text for family in reversed(_FAMILIES) for member, text in family.items()},
}
_FIELDS: Final = {str(field): text for field, text in words.FIELDS.items()}
