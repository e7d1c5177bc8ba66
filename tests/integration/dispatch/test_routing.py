"""Routing: explicit rules before likeness, likeness before load; what is not sure goes to the triage desk."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.directory import Absence, Directory, load_directory
from dispatch.routing import Decision, Matter, Router
from tests.dispatch_case import OFFICE

NOW = datetime(2026, 11, 23, 1, 30, tzinfo=UTC)
ROUTER = Router(load_directory(OFFICE, public_url="http://localhost"))


def cases(name: str) -> list[dict[str, str]]:
    """Invented cases, a line of JSON each: title, body, unit_code."""
    return [json.loads(line) for line in (Path(__file__).parent / name).read_text(encoding="utf-8").splitlines()]


def decide(**matter: str) -> Decision:
    return ROUTER.decide(Matter(**matter), at=NOW)


def test_the_kind_a_citizen_chose_decides() -> None:
    decision = decide(kind_code="local-tax", text="가로등이 꺼졌습니다")
    assert (decision.unit_code, decision.kind_code, decision.handler_id) == ("tax", "local-tax", "tax-01")
    assert decision.reason.startswith("민원인이 고른 종류: 지방세 문의")


def test_a_chosen_kind_of_any_unit_is_kept_while_the_words_find_the_unit() -> None:
    decision = decide(kind_code="suggestion", title="둘레길 안내판", text="둘레길에 안내판을 더 세워 주세요")
    assert (decision.unit_code, decision.kind_code) == ("culture", "suggestion")


def test_an_unknown_kind_is_ignored() -> None:
    assert decide(kind_code="no-such-kind", title="여권 재발급").kind_code == "passport"


@pytest.mark.parametrize(
    ("matter", "unit", "reason"),
    [
        ({"text": "문의", "mail_to": "minwon@onnuri.example, Tax@Onnuri.example"}, "tax", "tax@onnuri.example"),
        ({"text": "문의", "dialled": "+82 63 290 2409"}, "env", "받은 팩스 번호"),
        ({"text": "수신: 온누리군수(농업정책과)\n문의합니다"}, "farm", "문서에 적힌 처리부서"),
        ({"text": "여쭙니다\n\n도시 건축 과장님 귀하"}, "city", "문서에 적힌 처리부서"),
        ({"text": "용가비 주무관님께 여쭙니다"}, "tax", "문서에 적힌 담당자: 용가비"),
        ({"text": "[별지 제1호서식]\n정보공개  청구서\n청구인 홍가람"}, "minwon", "서식 제목: 정보공개 청구서"),
        ({"text": "우리 골목 가로등이 꺼 졌어요"}, "safety", "표시 낱말: 가로등"),
    ],
    ids=["mail-address", "fax-line", "unit-in-brackets", "unit-honoured", "person", "form", "words"],
)
def test_explicit_rules_decide_and_say_so(matter: dict[str, str], unit: str, reason: str) -> None:
    decision = decide(**matter)
    assert decision.unit_code == unit
    assert reason in decision.reason
    assert decision.confident


def test_the_intake_desk_in_the_address_says_nothing() -> None:
    decision = decide(text="민원봉사과 귀중\n재산세 고지서가 두 장 왔습니다")
    assert decision.unit_code == "tax"


def test_two_units_addressed_say_nothing() -> None:
    assert "문서에 적힌" not in decide(text="세무회계과 귀중\n농업정책과 귀중").reason


def test_words_that_the_rest_contradicts_do_not_decide() -> None:
    decision = decide(
        title="가로등 아래 쓰레기", text="어두운 틈을 타 쓰레기를 무단 투기합니다. 불법 투기 단속과 수거를 바랍니다."
    )
    assert decision.unit_code in {"env", "minwon"}


def test_what_is_not_sure_goes_to_the_triage_desk_with_the_guesses() -> None:
    decision = decide(title="문의", text="옆집 개가 밤마다 짖어 잠을 못 잡니다")
    assert (decision.unit_code, decision.handler_id, decision.kind_code) == ("minwon", "minwon-01", "general")
    assert not decision.confident
    assert "확실하지 않아" in decision.reason


def test_nothing_read_at_all_goes_to_the_triage_desk() -> None:
    assert not decide().confident


def test_within_the_unit_duties_choose_the_handler() -> None:
    assert decide(kind_code="streetlight", text="가로등").handler_id == "safety-01"
    assert decide(kind_code="parking", text="불법 주차").handler_id == "safety-03"


def test_when_no_duties_stand_out_the_least_loaded_handler_gets_it() -> None:
    matter = Matter(text="문의", mail_to="tax@onnuri.example")
    assert ROUTER.decide(matter, at=NOW, load={"tax-01": 5, "tax-02": 2}).handler_id == "tax-02"
    decision = ROUTER.decide(matter, at=NOW, load={"tax-01": 1, "tax-02": 2})
    assert decision.handler_id == "tax-01"
    assert "가장 적음(1건)" in decision.reason


def test_an_absent_handlers_deputy_gets_it_and_the_reason_says_so() -> None:
    absences = [Absence("safety-01", NOW)]
    decision = ROUTER.decide(Matter(kind_code="streetlight", text="가로등"), at=NOW, absences=absences)
    assert decision.handler_id == "safety-02"
    assert "백이랑 부재, 대행자: 남시우" in decision.reason
    triage = ROUTER.decide(Matter(), at=NOW, absences=[Absence("minwon-01", NOW)])
    assert triage.handler_id == "minwon-02"


def test_when_everyone_is_away_the_handler_keeps_it_and_the_reason_says_so(directory: Directory) -> None:
    everyone = [Absence(person_id, NOW) for person_id in directory.people]
    decision = ROUTER.decide(Matter(kind_code="streetlight", text="가로등"), at=NOW, absences=everyone)
    assert decision.handler_id == "safety-01"
    assert "대행자도 없음" in decision.reason


@pytest.mark.parametrize(
    ("name", "routed", "offered"),
    [("cases.jsonl", 0.8, 0.9), ("letters.jsonl", 0.65, 0.9)],
    ids=["short mails", "forms, petitions and quoted mails, some badly scanned"],
)
def test_most_cases_are_routed_hardly_any_wrongly_and_the_guesses_hold_the_right_unit(
    name: str, routed: float, offered: float
) -> None:
    decisions = [(case, decide(title=case["title"], text=case["body"])) for case in cases(name)]
    sure = [(case, decision) for case, decision in decisions if decision.confident]
    wrong = [case["title"] for case, decision in sure if decision.unit_code != case["unit_code"]]
    guessed = [case for case, decision in decisions if case["unit_code"] in dict(decision.candidates)]
    assert len(sure) >= routed * len(decisions)
    assert len(wrong) <= 0.02 * len(decisions), wrong
    assert len(guessed) >= offered * len(decisions)


def test_what_belongs_to_another_agency_goes_to_the_triage_desk() -> None:
    sure = [c["title"] for c in cases("elsewhere.jsonl") if decide(title=c["title"], text=c["body"]).confident]
    assert len(sure) <= 1, sure


def test_a_complaint_about_a_handler_does_not_go_to_that_handler() -> None:
    decision = decide(title="불친절 신고", text="용가비 주무관이 전화를 끊었습니다. 불친절한 응대를 시정하세요.")
    assert (decision.unit_code, decision.kind_code) == ("minwon", "complaint")


def test_signatures_and_quoted_mails_say_nothing() -> None:
    own = "재산세 고지서가 두 장 왔습니다."
    quoted = f"{own}\n> 가로등 고장 도로 파손 하천 배수로\n--\n온누리건축 아파트 관리 간판 현수막\n"
    assert decide(text=quoted) == decide(text=own)


@given(st.text(max_size=300), st.text(max_size=60), st.text(max_size=40), st.text(max_size=20))
def test_any_text_finds_a_handler_of_the_unit_and_a_reason(text: str, title: str, mail_to: str, dialled: str) -> None:
    decision = decide(text=text, title=title, mail_to=mail_to, dialled=dialled)
    assert decision.handler_id
    assert decision.unit_code
    assert decision.kind_code
    assert decision.reason
    assert all(0 < score < 1 for _, score in decision.candidates)
