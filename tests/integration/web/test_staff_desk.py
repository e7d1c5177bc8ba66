from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from gateway.domain.jobs import JobKind
from gateway.domain.lifecycle import State
from gateway.domain.submission import Channel, ReturnChannel
from gateway.domain.transcript import FieldName
from gateway.store import jobs, ledger, schema, submissions
from tests.citizen_office import Client
from tests.staff_office import DOUBT, StaffOffice, log_in, post, token_on

READ = {
    "field-name": "홍가람", "field-phone": "010-0000-1234", "field-title": "가로등이 꺼졌습니다", "field-address": "",
    "field-postcode": "", "field-return_channel": "post", "field-email": "garam@citizen.example", "field-fax": "",
}  # fmt: skip


@pytest.fixture
def office(tmp_path: Path) -> Iterator[StaffOffice]:
    office = StaffOffice(tmp_path)
    office.account("clerk-01")
    yield office
    office.close()


async def confirmed(client: Client, office: StaffOffice, number: str, **changed: str) -> tuple[int, str, str]:
    page = await (await client.get(f"/staff/desk/{number}")).text()
    form = {**READ, "version": str(office.case(number).version), **changed}
    return await post(client, f"/staff/desk/{number}/confirm", form, token=token_on(page))


def test_the_first_to_lapse_stands_on_top(office: StaffOffice) -> None:
    early = office.doubtful("f-1")
    office.clock.at += timedelta(minutes=10)
    late = office.doubtful("p-1", Channel.POST)
    quarantined = office.unreadable("m-1")

    async def story() -> str:
        async with office.client() as client:
            await log_in(client, "clerk-01")
            return await (await client.get("/staff/desk")).text()

    text = asyncio.run(story())
    assert text.index(early) < text.index(late) < text.index(quarantined)
    assert "20분 남음" in text
    assert DOUBT in text


def test_what_was_handed_over_unverified_stays_on_the_desk(office: StaffOffice) -> None:
    number = office.with_handler("w-1")
    with office.database.transaction() as tx:
        submissions.change(tx, submissions.by_number(tx, number), unverified=True)

    async def story() -> str:
        async with office.client() as client:
            await log_in(client, "clerk-01")
            page = await (await client.get("/staff/desk")).text()
            await confirmed(client, office, number)
            return page

    assert number in asyncio.run(story())
    case = office.case(number)
    assert (case.state, case.unverified) == (State.ASSIGNED, False)


def test_the_page_shows_the_document_the_doubt_and_where_it_stands(office: StaffOffice) -> None:
    number = office.doubtful("f-1")

    async def story() -> tuple[str, int, bytes]:
        async with office.client() as client:
            await log_in(client, "clerk-01")
            text = await (await client.get(f"/staff/desk/{number}")).text()
            picture = await client.get(f"/staff/cases/{number}/pages/1/1.png")
            return text, picture.status, await picture.read()

    text, status, picture = asyncio.run(story())
    assert DOUBT in text
    assert 'class="box doubtful" data-for="field-phone" x="130.0" y="130.0"' in text
    assert "<mark" in text
    assert status == 200
    assert picture.startswith(b"\x89PNG")


def test_a_confirmation_corrects_the_contact_and_sends_the_case_on(office: StaffOffice) -> None:
    number, following = office.doubtful("f-1"), office.doubtful("f-2")

    async def story() -> tuple[int, str, str]:
        async with office.client() as client:
            await log_in(client, "clerk-01")
            return await confirmed(client, office, number, kind="streetlight", note="전화로 확인함")

    assert asyncio.run(story())[:2] == (303, f"/staff/desk/{following}?done=next")
    case = office.case(number)
    assert (case.state, case.kind_code) == (State.TRANSCRIBED, "streetlight")
    assert (case.title, case.return_channel) == ("가로등이 꺼졌습니다", ReturnChannel.POST)
    with office.database.reading() as tx:
        transcript = submissions.transcript(tx, case.id)
        assert transcript
        assert next(f for f in transcript.fields if f.name is FieldName.PHONE).verified
        assert jobs.outstanding(tx, case.id, JobKind.ASSIGN)
        events = [(entry.event, entry.actor, entry.why) for entry, _ in ledger.history(tx, case.id)]
    assert ("clerk_note", "staff:clerk-01", "전화로 확인함") in events
    assert ("verified", "staff:clerk-01", "") in events


def test_the_last_confirmation_leads_back_to_the_desk(office: StaffOffice) -> None:
    number = office.doubtful("f-1")

    async def story() -> tuple[int, str, str]:
        async with office.client() as client:
            await log_in(client, "clerk-01")
            return await confirmed(client, office, number)

    assert asyncio.run(story())[1] == "/staff/desk?done=verified"


def test_of_two_clerks_the_second_is_told_and_keeps_what_was_typed(office: StaffOffice) -> None:
    number = office.doubtful("f-1")
    version = str(office.case(number).version)

    async def story() -> tuple[int, str, str]:
        async with office.client() as client:
            await log_in(client, "clerk-01")
            await confirmed(client, office, number)
            return await confirmed(client, office, number, version=version, **{"field-name": "홍가을"})

    status, _, text = asyncio.run(story())
    assert status == 409
    assert 'value="홍가을"' in text
    assert "그사이 다른 사람이" in text
    assert office.case(number).contact.name == "홍가람"


def test_a_resident_number_typed_by_a_clerk_is_masked(office: StaffOffice) -> None:
    number = office.doubtful("f-1")

    async def story() -> None:
        async with office.client() as client:
            await log_in(client, "clerk-01")
            await confirmed(client, office, number, **{"field-title": "900101-1234567 확인", "note": "900101-1234567"})

    asyncio.run(story())
    assert office.case(number).title == "900101-1****** 확인"
    with office.database.reading() as tx:
        assert "1234567" not in str(ledger.history(tx, office.case(number).id))


def test_a_quarantined_one_can_be_read_again_once(office: StaffOffice) -> None:
    number = office.unreadable("m-1")

    async def story() -> list[int]:
        async with office.client() as client:
            await log_in(client, "clerk-01")
            page = await (await client.get(f"/staff/desk/{number}")).text()
            assert "파일이 손상되었습니다." in page
            return [(await post(client, f"/staff/desk/{number}/reread", {}, token=token_on(page)))[0] for _ in "12"]

    assert asyncio.run(story()) == [303, 303]
    with office.database.reading() as tx:
        job = schema.jobs.c
        asked = sa.select(job.id).where(job.kind == JobKind.TRANSCRIBE, job.submission_id == office.case(number).id)
        assert len(tx.execute(asked).all()) == 1  # asked for twice, queued once


def test_a_file_that_no_one_can_draw_is_no_picture_but_still_a_download(office: StaffOffice) -> None:
    number = office.unreadable("m-1")

    async def story() -> tuple[int, int, str, str, bytes]:
        async with office.client() as client:
            await log_in(client, "clerk-01")
            picture = await client.get(f"/staff/cases/{number}/pages/1/1.png")
            file = await client.get(f"/staff/cases/{number}/originals/1")
            kind, how = file.headers["Content-Type"], file.headers["Content-Disposition"]
            return picture.status, file.status, kind, how, await file.read()

    picture, status, kind, how, content = asyncio.run(story())
    assert (picture, status, kind) == (404, 200, "application/octet-stream")
    assert how.startswith("attachment;")
    assert content == b"no document at all"


def test_every_look_at_a_document_is_in_the_access_log(office: StaffOffice) -> None:
    number = office.doubtful("f-1")

    async def story() -> None:
        async with office.client() as client:
            await log_in(client, "clerk-01")
            await client.get(f"/staff/desk/{number}")
            await client.get(f"/staff/cases/{number}/originals/1")
            await confirmed(client, office, number)

    asyncio.run(story())
    with office.database.reading() as tx:
        rows = (
            tx.execute(sa.select(schema.access_log.c.what).where(schema.access_log.c.submission_id.is_not(None)))
            .scalars()
            .all()
        )
    assert rows == ["opened_verification", "opened_original", "opened_verification", "verified"]


def test_a_file_of_another_case_is_not_found_under_this_one(office: StaffOffice) -> None:
    first, _second = office.doubtful("f-1"), office.doubtful("f-2")

    async def story() -> list[int]:
        async with office.client() as client:
            await log_in(client, "clerk-01")
            paths = ("originals/2", "renditions/2", "pages/2/1.png")
            return [(await client.get(f"/staff/cases/{first}/{path}")).status for path in paths]

    assert asyncio.run(story()) == [404, 404, 404]
