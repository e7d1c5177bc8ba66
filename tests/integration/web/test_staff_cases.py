from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.domain.delivery import DeliveryState, Purpose, Route
from gateway.domain.jobs import JobKind
from gateway.domain.lifecycle import Event, State
from gateway.domain.result import Outcome
from gateway.domain.submission import ReturnChannel
from gateway.store import deliveries, jobs, schema, submissions
from tests.citizen_office import Client
from tests.staff_office import StaffOffice, log_in, post, token_on

REFUSAL = {
    "refusal": "사유지여서 처리할 수 없습니다.", "reason": "소유자의 동의가 없습니다.",
    "solution": "동의서를 내 주십시오.", "remedy": "60일 안에 이의신청을 할 수 있습니다.",
}  # fmt: skip
REGISTERED = "1234567890123"


@pytest.fixture
def office(tmp_path: Path) -> Iterator[StaffOffice]:
    office = StaffOffice(tmp_path)
    office.account("safety-01", "safety-02", "safety-lead", "clerk-01")
    yield office
    office.close()


async def act(client: Client, office: StaffOffice, number: str, name: str, **form: str) -> tuple[int, str, str]:
    page = await (await client.get(f"/staff/cases/{number}")).text()
    filled = {"version": str(office.case(number).version), **form}
    return await post(client, f"/staff/cases/{number}/{name}", filled, token=token_on(page))


def one(office: StaffOffice, staff_id: str, number: str, name: str, **form: str) -> tuple[int, str, str]:
    async def story() -> tuple[int, str, str]:
        async with office.client() as client:
            assert await log_in(client, staff_id) == 303
            return await act(client, office, number, name, **form)

    return asyncio.run(story())


def pages(office: StaffOffice, staff_id: str, *addresses: str) -> list[str]:
    async def story() -> list[str]:
        async with office.client() as client:
            await log_in(client, staff_id)
            return [await (await client.get(address)).text() for address in addresses]

    return asyncio.run(story())


def test_the_inbox_shows_mine_then_the_units_with_what_is_due_next(office: StaffOffice) -> None:
    mine, theirs = office.with_handler("w-1"), office.with_handler("w-2")
    with office.database.transaction() as tx:
        submissions.change(tx, submissions.by_number(tx, theirs), handler_id="safety-02")
    (text,) = pages(office, "safety-01", "/staff/inbox")
    assert text.index('id="mine-title"') < text.index(mine) < text.index('id="unit-title"') < text.index(theirs)
    assert "새 민원" in text
    assert "2시간" in text or "3시간" in text


def test_a_deputy_finds_the_cases_of_an_absent_colleague_and_may_act(office: StaffOffice) -> None:
    number = office.with_handler("w-1")
    now = office.clock.now()
    with office.database.transaction() as tx:
        tx.execute(schema.absences.insert().values(staff_id="safety-01", away_from=now, deputy_id="safety-02"))
    (text,) = pages(office, "safety-02", "/staff/inbox")
    assert text.index('id="deputy-title"') < text.index(number) < text.index('id="unit-title"')
    assert one(office, "safety-02", number, "plan", plan="현장을 확인하겠습니다.")[0] == 303
    assert office.case(number).state is State.PLANNED


def test_the_handlers_first_look_is_recorded_but_not_a_clerks_or_superiors(office: StaffOffice) -> None:
    number = office.with_handler("w-1")
    address = f"/staff/cases/{number}"
    pages(office, "clerk-01", address)
    pages(office, "safety-lead", address)
    assert office.case(number).first_seen_at is None
    (text,) = pages(office, "safety-01", address)
    assert office.case(number).first_seen_at == office.clock.now()
    assert "담당자가 처음 열어 보았습니다" in text


def test_the_plan_is_prefilled_told_and_queued(office: StaffOffice) -> None:
    number = office.with_handler("w-1")
    (text,) = pages(office, "safety-01", f"/staff/cases/{number}")
    assert office.directory.kinds["streetlight"].plan in text
    status, led_to, _ = one(office, "safety-01", number, "plan", plan="현장을 확인하겠습니다.\r\n\r\n내일 고칩니다.")
    assert (status, led_to) == (303, f"/staff/cases/{number}?done=planned")
    case = office.case(number)
    assert (case.state, case.plan) == (State.PLANNED, "현장을 확인하겠습니다.\n\n내일 고칩니다.")
    with office.database.reading() as tx:
        assert jobs.outstanding(tx, case.id, JobKind.COMPOSE, Purpose.PLAN)


def test_a_decision_and_a_refusal_are_recorded_with_their_words(office: StaffOffice) -> None:
    answered, refused = office.with_handler("w-1"), office.with_handler("w-2")
    assert one(office, "safety-01", answered, "decide", outcome="granted", text="고쳤습니다.")[0] == 303
    assert one(office, "safety-01", refused, "refuse", **REFUSAL)[0] == 303
    first, second = office.case(answered).result, office.case(refused).result
    assert first
    assert (first.outcome, first.text) == (Outcome.GRANTED, "고쳤습니다.")
    assert second
    assert (second.outcome, second.reason) == (Outcome.UNPROCESSABLE, "소유자의 동의가 없습니다.")


def test_a_refusal_without_its_remedy_is_sent_back_with_what_was_typed(office: StaffOffice) -> None:
    number = office.with_handler("w-1")
    status, _, text = one(office, "safety-01", number, "refuse", **{**REFUSAL, "remedy": " "})
    assert status == 400
    assert "사유, 해결 방안, 구제 절차가 모두 필요합니다" in text
    assert "동의서를 내 주십시오." in text
    assert office.case(number).state is State.ASSIGNED


def test_a_form_seen_before_somebody_elses_change_does_nothing(office: StaffOffice) -> None:
    number = office.with_handler("w-1")
    old = str(office.case(number).version)
    one(office, "safety-01", number, "plan", plan="현장을 확인하겠습니다.")
    _, _, text = one(office, "safety-01", number, "decide", version=old, outcome="answered", text="고쳤습니다.")
    assert "그사이 다른 사람이 이 건을 변경했습니다" in text
    assert "고쳤습니다." in text
    assert office.case(number).state is State.PLANNED


def test_a_transfer_names_the_other_and_the_reason(office: StaffOffice) -> None:
    number = office.with_handler("w-1")
    assert one(office, "safety-01", number, "transfer", to="", why="다른 부서 일")[0] == 400
    assert one(office, "safety-01", number, "transfer", to="env-01", why=" ")[0] == 400
    assert one(office, "safety-01", number, "transfer", to="env-01", why="쓰레기 문제임")[0] == 303
    case = office.case(number)
    assert (case.handler_id, case.unit_code) == ("env-01", "env")
    (text,) = pages(office, "clerk-01", f"/staff/cases/{number}")
    assert "다른 담당자에게 배정했습니다" in text
    assert "쓰레기 문제임" in text


def test_a_closed_case_offers_no_acts(office: StaffOffice) -> None:
    number = office.with_handler("w-1")
    one(office, "safety-01", number, "withdraw", withdrawal="전화로 취하함")
    (text,) = pages(office, "safety-01", f"/staff/cases/{number}")
    assert office.case(number).state is State.WITHDRAWN
    assert 'id="acts-title"' not in text


def test_the_letter_can_be_seen_before_it_is_sent(office: StaffOffice) -> None:
    number = office.with_handler("w-1")

    async def story() -> tuple[int, str, bytes]:
        async with office.client() as client:
            await log_in(client, "safety-01")
            page = await (await client.get(f"/staff/cases/{number}")).text()
            form = {**REFUSAL, "csrf": token_on(page)}
            answer = await client.post(f"/staff/cases/{number}/preview/refusal", data=form)
            return answer.status, answer.content_type, await answer.read()

    status, kind, pdf = asyncio.run(story())
    assert (status, kind) == (200, "application/pdf")
    assert pdf.startswith(b"%PDF-")
    assert office.case(number).state is State.ASSIGNED


def test_a_changed_history_is_noticed_on_the_page(office: StaffOffice) -> None:
    number = office.with_handler("w-1")
    with office.database.transaction() as tx:
        tx.execute(schema.ledger.update().where(schema.ledger.c.sequence == 2).values(why="something else"))
    (text,) = pages(office, "clerk-01", f"/staff/cases/{number}")
    assert "이력이 바뀐 흔적이 있습니다" in text


def test_time_left_is_counted_in_working_time(office: StaffOffice) -> None:
    office.clock.at += timedelta(hours=7)  # 17:30 on Monday
    office.with_handler("w-1")
    (text,) = pages(office, "safety-01", "/staff/inbox")
    assert "3시간 남음" in text


def returning(office: StaffOffice, number: str) -> None:
    """The result was decided and its letter is on its way."""
    one(office, "safety-01", number, "decide", outcome="answered", text="고쳤습니다.")
    with office.database.transaction() as tx:
        case = submissions.by_number(tx, number)
        submissions.move(tx, case, Event.RETURN_STARTED, actor="system:returns", at=office.clock.now())


def tray(office: StaffOffice, delivery: int, name: str, **form: str) -> tuple[int, str, str]:
    async def story() -> tuple[int, str, str]:
        async with office.client() as client:
            await log_in(client, "clerk-01")
            page = await (await client.get("/staff/outgoing")).text()
            return await post(client, f"/staff/outgoing/{delivery}/{name}", form, token=token_on(page))

    return asyncio.run(story())


def state_of(office: StaffOffice, delivery: int) -> DeliveryState:
    with office.database.reading() as tx:
        return deliveries.get(tx, delivery).state


def test_a_result_is_posted_with_its_registered_number_and_closes_the_case(office: StaffOffice) -> None:
    number = office.with_handler("w-1", ways=ReturnChannel.POST)
    returning(office, number)
    letter = office.in_tray(number, Route.POST, Purpose.RESULT)
    status, _, text = tray(office, letter, "posted", registered="12345")
    assert status == 400
    assert "등기번호는 숫자 13자리입니다" in text
    assert tray(office, letter, "posted", registered=REGISTERED)[0] == 303
    assert state_of(office, letter) is DeliveryState.SENT
    assert office.case(number).state is State.CLOSED
    (text,) = pages(office, "clerk-01", f"/staff/cases/{number}")
    assert "12345-6789-0123" in text


def test_a_result_is_handed_over_only_with_name_and_identity(office: StaffOffice) -> None:
    number = office.with_handler("w-1", ways=ReturnChannel.PICKUP)
    returning(office, number)
    letter = office.in_tray(number, Route.PICKUP, Purpose.RESULT)
    assert tray(office, letter, "collected", collector="홍가람")[0] == 400
    assert tray(office, letter, "collected", collector="홍가람", identity="resident_card")[0] == 303
    assert state_of(office, letter) is DeliveryState.COLLECTED
    assert office.case(number).state is State.CLOSED
    (text,) = pages(office, "clerk-01", f"/staff/cases/{number}")
    assert "받아 간 사람: 홍가람 · 신분 확인: 주민등록증" in text


def test_what_is_in_doubt_is_settled_with_how_it_was_found_out(office: StaffOffice) -> None:
    number = office.with_handler("w-1")
    mail = office.in_tray(number, Route.EMAIL, in_doubt=True)
    assert tray(office, mail, "arrived", why="")[0] == 400
    assert tray(office, mail, "not-arrived", why="전화로 물음")[0] == 303
    assert state_of(office, mail) is DeliveryState.WAITING
    assert tray(office, mail, "again", route="email")[0] == 303
    assert state_of(office, mail) is DeliveryState.CANCELLED


def test_a_posted_letter_that_came_back_is_in_the_tray_again(office: StaffOffice) -> None:
    number = office.with_handler("w-1")
    letter = office.in_tray(number, Route.POST)
    tray(office, letter, "posted")
    assert tray(office, letter, "came-back", why="수취인불명")[0] == 303
    (text,) = pages(office, "clerk-01", "/staff/outgoing")
    assert "수취인불명" in text
    assert state_of(office, letter) is DeliveryState.RETURNED
