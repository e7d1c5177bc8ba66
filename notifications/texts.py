"""The words of mails: to the citizen in Korean with an English line, to the handler in Korean.

Guarantees: pure; every mail to a citizen names unit, handler and superior with their phones (C6) and carries no
personal number; the handler's notice carries no name and no contact of the citizen.
"""

from __future__ import annotations

from dataclasses import dataclass

from gateway.domain.delivery import Purpose
from gateway.domain.personal import mask
from gateway.domain.submission import grouped
from gateway.domain.times import korean_moment
from notifications.letters import Letter


@dataclass(frozen=True, slots=True)
class MailText:
    """Subject and body of one mail, plain text."""

    subject: str
    body: str


def status_page(letter: Letter) -> str:
    """Where the citizen sees the case."""
    return f"{letter.office.public_url.rstrip('/')}/case/{letter.case.number}"


def case_page(public_url: str, number: str) -> str:
    """Where the handler sees the case."""
    return f"{public_url.rstrip('/')}/staff/cases/{number}"


def mail_text(purpose: Purpose, letter: Letter) -> MailText:
    """The mail that goes with a letter to the citizen.

    Raises:
        KeyError: the purpose is not one for citizens.
    """
    lines = {
        Purpose.ACKNOWLEDGEMENT: _acknowledgement,
        Purpose.PLAN: _plan,
        Purpose.RESULT: _result,
        Purpose.REFUSAL: _result,
        Purpose.PICKUP_NOTICE: _pickup,
    }[purpose](letter)
    subject = f"[{letter.office.name}] {letter.title} (접수번호 {letter.case.number})"
    return MailText(mask(subject), mask("\n".join((*_greeting(letter), *lines, *_closing(letter)))))


def handler_notice(
    *, office_name: str, public_url: str, number: str, kind_name: str, received: str, due: str, unverified: bool
) -> MailText:
    """The mail that tells a case handler of a new case; personal data stay behind the log-in."""
    lines = [
        "새 민원이 배정되었습니다.",
        "",
        f"접수번호: {number}",
        f"민원 종류: {kind_name or '미분류'}",
        f"접수일시: {received}",
        *([f"처리 기한: {due}"] if due else []),
        *(
            ["", "접수 내용이 아직 확인되지 않은 상태로 배정되었습니다. 원본을 함께 확인해 주십시오."]
            if unverified
            else []
        ),
        "",
        "담당자와 처리계획을 접수 후 3시간(근무시간) 안에 민원인에게 알려야 합니다.",
        f"민원 보기: {case_page(public_url, number)}",
        "",
        "민원인의 개인정보는 이 메일에 담지 않았습니다.",
    ]
    mark = "[확인 전] " if unverified else ""
    return MailText(f"[{office_name} 민원] {mark}{number} 배정 ({kind_name or '미분류'})", "\n".join(lines))


def _greeting(letter: Letter) -> tuple[str, ...]:
    return (f"{letter.to.name or '민원인'} 님, 안녕하십니까. {letter.office.name}입니다.", "")


def _facts(letter: Letter) -> tuple[str, ...]:
    case = letter.case
    pairs = (
        ("접수번호", case.number),
        ("접수일시", korean_moment(case.received_at)),
        ("제목", case.title),
        ("민원 종류", case.kind),
        ("처리 기한", case.due),
        ("결과 회신", case.return_channel),
    )
    return tuple(f"{name}: {value}" for name, value in pairs if value)


def _acknowledgement(letter: Letter) -> tuple[str, ...]:
    received = tuple(f"- {name}" for name in letter.case.files)
    return (
        "보내 주신 민원을 접수하였습니다. 접수증을 붙임 파일로 보내 드립니다.",
        "",
        *_facts(letter),
        *(("받은 문서:", *received) if received else ()),
        "",
        "처리 절차: 접수 → 담당자 지정(30분 이내) → 처리계획 안내(3시간 이내) → 처리 → 결과 통지",
        "(시간은 근무시간 기준이며, 보완이 필요하면 따로 알려 드립니다.)",
        "",
        *_lookup(letter),
        "",
        f"Your petition was received under number {letter.case.number}; its progress is shown at the address above.",
    )


def _plan(letter: Letter) -> tuple[str, ...]:
    return (
        "접수하신 민원의 담당자와 처리계획을 알려 드립니다. 정식 문서는 붙임 파일에 있습니다.",
        "",
        *_facts(letter),
        "",
        "처리계획:",
        letter.text.strip(),
        "",
        *_lookup(letter),
        "",
        f"Your petition {letter.case.number} has a case handler; the plan is in the attached document.",
    )


def _result(letter: Letter) -> tuple[str, ...]:
    return (
        f"접수하신 민원의 {letter.title.removeprefix('민원 ')} 문서를 붙임 파일로 보내 드립니다.",
        "",
        *_facts(letter)[:3],
        "",
        *_lookup(letter),
        "",
        f"The result of your petition {letter.case.number} is in the attached document.",
    )


def _pickup(letter: Letter) -> tuple[str, ...]:
    return (
        "민원 처리가 끝나 결과 문서를 찾아가실 수 있습니다.",
        "",
        *_facts(letter)[:3],
        f"찾아가실 곳: {letter.place}",
        f"찾아가실 때: {letter.until}",
        "가져오실 것: 신분증(대리인은 대리인 신분증, 위임장, 위임한 분의 신분증 사본)",
        "",
        *_lookup(letter),
        "",
        f"The result of your petition {letter.case.number} is ready to be collected; please bring an identity card.",
    )


def _lookup(letter: Letter) -> tuple[str, ...]:
    return (f"진행 상황 보기: {status_page(letter)}", f"확인번호: {grouped(letter.case.access_code)}")


def _closing(letter: Letter) -> tuple[str, ...]:
    s = letter.signers
    return (
        "",
        "--",
        f"처리부서: {s.unit_name} ({s.unit_phone})",
        f"담당자: {s.handler_title} {s.handler_name} ({s.handler_phone})",
        f"상급자: {s.superior_title} {s.superior_name} ({s.superior_phone})",
        f"{letter.office.name}  우 {letter.office.postcode} {letter.office.address}",
        "이 주소로 답장하시면 새 민원으로 접수됩니다. 문의는 담당자 전화로 해 주십시오.",
    )
