"""From a case to the letter about it: titles, summaries, keywords, which facts stand where.

Guarantees: pure; the same case gives the same letter. Fails with `IncompleteDocument` when the case has nothing to
tell for the purpose (a plan without words, a result not decided).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from gateway.domain.delivery import Purpose, Route
from gateway.domain.office import OfficeFacts
from gateway.domain.people import Signers
from gateway.domain.result import Outcome
from gateway.domain.submission import Channel, ReturnChannel
from gateway.domain.telephone import spaced
from gateway.domain.times import SEOUL, korean_date, korean_moment
from gateway.store.submissions import Submission
from notifications.addressing import Way, effective
from notifications.letters import Addressee, CaseFacts, Letter, LetterKind, Medium

CHANNEL_WORDS = {
    Channel.EMAIL: "전자우편",
    Channel.FAX: "팩스",
    Channel.POST: "우편",
    Channel.WEB: "인터넷",
}
RETURN_WORDS = {
    ReturnChannel.INTERNET: "인터넷",
    ReturnChannel.FAX: "팩스",
    ReturnChannel.POST: "우편",
    ReturnChannel.PICKUP: "방문수령",
}
LETTER_KINDS = {
    Purpose.ACKNOWLEDGEMENT: LetterKind.RECEIPT_SLIP,
    Purpose.PLAN: LetterKind.PLAN,
    Purpose.RESULT: LetterKind.RESULT,
    Purpose.REFUSAL: LetterKind.REFUSAL,
    Purpose.PICKUP_NOTICE: LetterKind.PICKUP_NOTICE,
}
TITLES = {
    Purpose.ACKNOWLEDGEMENT: "민원 접수증",
    Purpose.PLAN: "민원 처리계획 안내",
    Purpose.RESULT: "민원 처리결과 통지",
    Purpose.REFUSAL: "민원 처리 불능 통지",
    Purpose.PICKUP_NOTICE: "민원 결과 문서 방문수령 안내",
}
_NO_TITLE = "제목 없음"
_LONGEST_TITLE = 60
_LONGEST_SUMMARY = 90
_MOST_FILES = 12
_SENTENCE = re.compile(r"^(.*?[.!?。])(?:\s|$)", re.DOTALL)
_MARK = re.compile(r"^(?:\d{1,2}[.)]|[가-하][.)]|[-·ㆍ•○□※])\s+")


@dataclass(frozen=True, slots=True)
class Counter:
    """Where and when results are collected.

    Attributes:
        place: empty for the handler's unit.
        hours: when it is open.
    """

    place: str = ""
    hours: str = "평일 09:00-18:00 (점심시간 12:00-13:00 제외)"


def purpose_of(purpose: Purpose, submission: Submission) -> Purpose:
    """A result that is a refusal is told as a refusal (C4), whatever it was asked for as."""
    if purpose not in {Purpose.RESULT, Purpose.REFUSAL} or submission.result is None:
        return purpose
    return Purpose.REFUSAL if submission.result.outcome is Outcome.UNPROCESSABLE else Purpose.RESULT


def draft(
    purpose: Purpose,
    submission: Submission,
    *,
    office: OfficeFacts,
    signers: Signers,
    register: str,
    dated_at: datetime,
    kind_name: str = "",
    files: Sequence[str] = (),
    due_at: datetime | None = None,
    counter: Counter | None = None,
) -> Letter:
    """The letter for one purpose, not yet bound to a way; see `for_way`.

    Raises:
        IncompleteDocument: register number or title is missing.
    """
    contact = submission.contact
    title = _cut(submission.title.strip() or _NO_TITLE, _LONGEST_TITLE)
    chosen = RETURN_WORDS[effective(submission.channel, submission.return_channel)]
    open_at = counter or Counter()
    letter = Letter(
        office=office,
        signers=signers,
        to=Addressee(contact.name.strip(), contact.address.strip(), contact.postcode.strip()),
        case=CaseFacts(
            number=submission.number,
            access_code=submission.access_code,
            received_at=submission.received_at,
            title=title,
            channel=CHANNEL_WORDS[submission.channel],
            return_channel=chosen,
            kind=kind_name,
            files=_listed(files),
            due=due_words(due_at),
        ),
        dated_at=dated_at,
        register=register,
        title=TITLES[purpose],
        text=submission.plan if purpose is Purpose.PLAN else "",
        result=submission.result if purpose in {Purpose.RESULT, Purpose.REFUSAL} else None,
        place=open_at.place or f"{office.name} {signers.unit_name}",
        until=open_at.hours,
        keywords=tuple(word for word in (kind_name, TITLES[purpose].removeprefix("민원 "), signers.unit_name) if word),
    )
    return replace(letter, summary=_summary(purpose, letter))


def for_way(letter: Letter, way: Way) -> Letter:
    """The same letter on the sheet its way needs."""
    if way.route is Route.FAX and way.address:
        return replace(letter, medium=Medium.FAX, fax_number=spaced(way.address))
    if way.route is Route.POST:
        return replace(letter, medium=Medium.POST)
    return replace(letter, medium=Medium.COUNTER) if way.route is Route.PICKUP else letter


def due_words(due_at: datetime | None) -> str:
    """A due moment as letters write it; midnight belongs to the day that ends with it."""
    if due_at is None:
        return ""
    local = due_at.astimezone(SEOUL)
    if (local.hour, local.minute) == (0, 0):
        return f"{korean_date(due_at - timedelta(minutes=1))}까지"
    return f"{korean_moment(due_at)}까지"


def _summary(purpose: Purpose, letter: Letter) -> str:
    about = f"'{letter.case.title}' 민원"
    if purpose is Purpose.ACKNOWLEDGEMENT:
        return f"{about}의 접수 사실과 처리 절차, 진행 상황 조회 방법을 안내함."
    if purpose is Purpose.PLAN:
        return f"{about}의 담당자와 처리계획을 안내함."
    if purpose is Purpose.PICKUP_NOTICE:
        return f"{about}의 결과 문서를 찾아가실 곳과 때를 안내함."
    words = "" if letter.result is None else letter.result.reason or letter.result.text
    told = "처리할 수 없는 사유와 구제 절차를" if purpose is Purpose.REFUSAL else "처리결과를"
    return f"{about}의 {told} 알림: {_cut(_first_sentence(words), _LONGEST_SUMMARY)}"


def _first_sentence(text: str) -> str:
    line = next((stripped for raw in text.splitlines() if (stripped := _MARK.sub("", raw.strip()))), "")
    found = _SENTENCE.match(line)
    return found[1] if found else line


def _listed(files: Sequence[str]) -> tuple[str, ...]:
    shown = tuple(_cut(name, _LONGEST_TITLE) for name in files[:_MOST_FILES])
    return shown if len(files) <= _MOST_FILES else (*shown, f"외 {len(files) - _MOST_FILES}건")


def _cut(text: str, length: int) -> str:
    text = " ".join(text.split())
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"
