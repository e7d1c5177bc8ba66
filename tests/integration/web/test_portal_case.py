from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.domain.delivery import DeliveryState
from gateway.domain.submission import Channel, Contact, Receipt, grouped
from gateway.store import deliveries
from tests.citizen_office import LETTER, CitizenOffice, Client
from tests.parts import arrival


@pytest.fixture
def office(tmp_path: Path) -> Iterator[CitizenOffice]:
    office = CitizenOffice(tmp_path)
    yield office
    office.close()


@pytest.fixture
def receipt(office: CitizenOffice) -> Receipt:
    return office.intake.accept(arrival(text="가로등이 꺼져 있습니다."))


def run(office: CitizenOffice, steps: Callable[[Client], Awaitable[None]]) -> None:
    async def all_steps() -> None:
        async with office.client() as client:
            await steps(client)

    asyncio.run(all_steps())


async def look_up(client: Client, number: str, code: str) -> tuple[int, str, str]:
    page = await (await client.get("/case")).text()
    found = re.search(r'name="csrf" value="([^"]+)"', page)
    assert found
    answer = await client.post("/case", data={"csrf": found[1], "number": number, "code": code})
    return answer.status, answer.url.path, await answer.text()


def test_number_and_code_open_the_case_however_they_are_typed(office: CitizenOffice, receipt: Receipt) -> None:
    async def steps(client: Client) -> None:
        status, path, page = await look_up(client, " 2026 - 1 ", f" {grouped(receipt.access_code).lower()} ")
        assert (status, path) == (200, f"/case/{receipt.number}")
        assert "담당자를 정하고 있습니다" in page

    run(office, steps)


def test_a_fax_says_that_it_is_answered_by_fax_and_a_night_arrival_from_when_time_counts(office: CitizenOffice) -> None:
    office.clock.at += timedelta(hours=9)  # Monday 19:30
    came = arrival("night", channel=Channel.FAX, arrived_at=office.clock.now(), return_channel=None)
    got = office.intake.accept(replace(came, contact=Contact("홍가람", fax="0632900001")))

    async def steps(client: Client) -> None:
        _, _, page = await look_up(client, got.number, got.access_code)
        assert "팩스 · 063-290-0001" in page
        assert "2026. 11. 23.(월) 19:30" in page
        assert "기한은 2026. 11. 24.(화) 09:00부터 셉니다" in page

    run(office, steps)


def test_without_the_code_nothing_of_a_case_is_shown(office: CitizenOffice, receipt: Receipt) -> None:
    other = office.intake.accept(arrival("key-2", title="다른 사람의 민원"))

    async def steps(client: Client) -> None:
        for path in ("", "/result", "/letters/1.pdf"):
            answer = await client.get(f"/case/{receipt.number}{path}", allow_redirects=False)
            assert (answer.status, answer.headers["Location"]) == (303, f"/case?number={receipt.number}")
        await look_up(client, receipt.number, receipt.access_code)
        assert "다른 사람의 민원" not in await (await client.get(f"/case/{other.number}")).text()

    run(office, steps)


def test_a_forged_or_lapsed_cookie_opens_nothing(office: CitizenOffice, receipt: Receipt) -> None:
    async def steps(client: Client) -> None:
        client.session.cookie_jar.update_cookies({"gw_case": receipt.number})
        assert (await client.get(f"/case/{receipt.number}")).url.path == "/case"
        await look_up(client, receipt.number, receipt.access_code)
        assert (await client.get(f"/case/{receipt.number}")).url.path == f"/case/{receipt.number}"
        office.clock.at += timedelta(minutes=31)
        assert (await client.get(f"/case/{receipt.number}")).url.path == "/case"

    run(office, steps)


def test_an_unknown_number_and_a_wrong_code_are_told_the_same(office: CitizenOffice, receipt: Receipt) -> None:
    async def steps(client: Client) -> None:
        wrong = await look_up(client, receipt.number, "ABCD-EFGH-JKMN")
        unknown = await look_up(client, "2026-0009999", "ABCD-EFGH-JKMN")
        assert wrong[0] == unknown[0] == 404
        assert "접수번호 또는 확인번호가 맞지 않습니다." in wrong[2]
        assert "접수번호 또는 확인번호가 맞지 않습니다." in unknown[2]

    run(office, steps)


def test_after_five_wrong_codes_even_the_right_one_waits_ten_minutes(office: CitizenOffice, receipt: Receipt) -> None:
    async def steps(client: Client) -> None:
        for _ in range(5):
            assert (await look_up(client, receipt.number, "WRONG"))[0] == 404
        status, _, page = await look_up(client, receipt.number, receipt.access_code)
        assert status == 429
        assert "10분 뒤에 다시" in page
        office.clock.at += timedelta(minutes=10)
        assert (await look_up(client, receipt.number, receipt.access_code))[0] == 200

    run(office, steps)


def test_the_page_follows_the_case_from_handler_to_result(office: CitizenOffice, receipt: Receipt) -> None:
    async def steps(client: Client) -> None:
        await look_up(client, receipt.number, receipt.access_code)
        address = f"/case/{receipt.number}"
        signers = office.directory.signers(office.assigned(receipt.number))
        page = await (await client.get(address)).text()
        for part in (signers.unit_name, signers.handler_name, signers.handler_phone, signers.superior_phone):
            assert part in page
        assert "2026. 11. 23.(월) 14:30" in page  # C2: three working hours after 10:30, without lunch
        office.plan_told(receipt.number, "내일 현장을 확인하겠습니다.")
        page = await (await client.get(address)).text()
        assert "내일 현장을 확인하겠습니다." in page
        assert "14:30" not in page
        assert (await client.get(f"{address}/result")).url.path == address  # nothing to read yet
        office.result_told(receipt.number)
        assert "결과가 나왔습니다" in await (await client.get(address)).text()
        page = await (await client.get(f"{address}/result")).text()
        assert "고장 난 가로등을 교체했습니다." in page
        assert signers.superior_name in page

    run(office, steps)


def test_opening_the_result_proves_its_delivery_once(office: CitizenOffice, receipt: Receipt) -> None:
    office.assigned(receipt.number)
    office.result_told(receipt.number)

    async def steps(client: Client) -> None:
        await look_up(client, receipt.number, receipt.access_code)
        opened_at = office.clock.now()
        page = await (await client.get(f"/case/{receipt.number}/result")).text()
        letter = re.search(r'href="(/case/[^"]+\.pdf)"', page)
        assert letter
        office.clock.at += timedelta(minutes=5)
        answer = await client.get(letter[1])
        assert await answer.read() == LETTER
        assert answer.content_type == "application/pdf"
        assert answer.headers["Cache-Control"] == "no-store"
        with office.database.reading() as tx:
            (delivery,) = deliveries.for_submission(tx, receipt.submission_id)
        assert delivery.state is DeliveryState.DELIVERED
        assert delivery.proof["opened"] == opened_at.isoformat()

    run(office, steps)


def test_a_refusal_shows_reason_solution_and_remedy(office: CitizenOffice, receipt: Receipt) -> None:
    office.assigned(receipt.number)
    office.result_told(receipt.number, refused=True)

    async def steps(client: Client) -> None:
        await look_up(client, receipt.number, receipt.access_code)
        page = await (await client.get(f"/case/{receipt.number}/result")).text()
        for part in ("토지 소유자의 동의가 없습니다.", "동의서를 붙여", "60일 안에 이의신청"):
            assert part in page

    run(office, steps)


def test_leaving_closes_the_case_in_this_browser(office: CitizenOffice, receipt: Receipt) -> None:
    async def steps(client: Client) -> None:
        _, _, page = await look_up(client, receipt.number, receipt.access_code)
        found = re.search(r'name="csrf" value="([^"]+)"', page)
        assert found
        await client.post("/case/leave", data={"csrf": found[1]})
        assert (await client.get(f"/case/{receipt.number}")).url.path == "/case"

    run(office, steps)
