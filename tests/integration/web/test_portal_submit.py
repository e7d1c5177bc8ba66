from __future__ import annotations

import asyncio
import io
import re
import resource
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import pytest
import sqlalchemy as sa

from channels.webform import MEGABYTE, UploadLimits
from gateway.store import schema, submissions
from tests.citizen_office import CitizenOffice, Client

JSON = {"Accept": "application/json"}


@pytest.fixture
def office(tmp_path: Path) -> Iterator[CitizenOffice]:
    office = CitizenOffice(tmp_path)
    yield office
    office.close()


def run(office: CitizenOffice, steps: Callable[[Client], Awaitable[None]]) -> None:
    async def all_steps() -> None:
        async with office.client() as client:
            await steps(client)

    asyncio.run(all_steps())


async def hidden_fields(client: Client) -> dict[str, str]:
    page = await (await client.get("/submit")).text()
    return dict(re.findall(r'<input type="hidden" name="(csrf|token)" value="([^"]+)">', page))


def filled(
    hidden: Mapping[str, str], files: Mapping[str, bytes] | None = None, **fields: str,
) -> aiohttp.FormData:  # fmt: skip
    form = aiohttp.FormData(quote_fields=False, default_to_multipart=True)
    typed = {
        "title": "가로등 고장 신고", "text": "마을회관 앞 가로등이 꺼져 있습니다.", "name": "홍가람",
        "return_channel": "internet", "consent": "yes", **hidden, **fields,
    }  # fmt: skip
    for name, value in typed.items():
        form.add_field(name, value)
    for name, content in (files or {}).items():
        form.add_field("files", io.BytesIO(content), filename=name, content_type="application/octet-stream")
    return form


def rows(office: CitizenOffice) -> int:
    with office.database.reading() as tx:
        return int(tx.execute(sa.select(sa.func.count()).select_from(schema.submissions)).scalar_one())


def spooled(office: CitizenOffice) -> list[Path]:
    assert office.limits is not None
    return [path for path in office.limits.spool.rglob("*") if path.is_file()] if office.limits.spool.exists() else []


def test_a_form_with_two_files_becomes_one_submission_and_shows_its_receipt(office: CitizenOffice) -> None:
    async def steps(client: Client) -> None:
        files = {"사진.jpg": b"\xff\xd8\xff" * 100_000, "신청서.hwp": b"\xd0\xcf\x11\xe0" * 50}
        answer = await client.post("/submit", data=filled(await hidden_fields(client), files))
        page = await answer.text()
        assert answer.status == 200
        assert answer.url.path == "/receipt/2026-0000001"
        assert "사진.jpg" in page
        with office.database.reading() as tx:
            case = submissions.by_number(tx, "2026-0000001")
            kept = submissions.originals(tx, case.id)
        assert f"{case.access_code[:4]}-{case.access_code[4:8]}-{case.access_code[8:]}" in page
        assert case.contact.name == "홍가람"
        assert [original.name for original in kept] == ["본문.txt", "사진.jpg", "신청서.hwp"]
        assert office.blobs.read(kept[1].sha256) == files["사진.jpg"]

    run(office, steps)
    assert spooled(office) == []


def test_the_same_form_sent_twice_at_once_is_one_submission(office: CitizenOffice) -> None:
    async def steps(client: Client) -> None:
        hidden = await hidden_fields(client)
        answers = await asyncio.gather(
            *(client.post("/submit", data=filled(hidden, {"a.pdf": b"%PDF"}), headers=JSON) for _ in range(4)),
        )
        numbers = {(await answer.json())["number"] for answer in answers}
        assert numbers == {"2026-0000001"}

    run(office, steps)
    assert rows(office) == 1


def test_an_edited_form_from_the_same_page_is_another_submission(office: CitizenOffice) -> None:
    async def steps(client: Client) -> None:
        hidden = await hidden_fields(client)
        await client.post("/submit", data=filled(hidden), headers=JSON)
        await client.post("/submit", data=filled(hidden, text="하나 더 있습니다."), headers=JSON)

    run(office, steps)
    assert rows(office) == 2


def test_a_sixty_megabyte_file_is_refused_in_words_and_the_form_comes_back_filled(office: CitizenOffice) -> None:
    async def steps(client: Client) -> None:
        files = {"도면.zip": b"x" * (60 * MEGABYTE)}
        answer = await client.post("/submit", data=filled(await hidden_fields(client), files))
        page = await answer.text()
        assert answer.status == 413
        assert "‘도면.zip’ 파일이 너무 큽니다. 파일 하나는 50 MB까지 받을 수 있습니다." in page
        assert "마을회관 앞 가로등이 꺼져 있습니다." in page

    run(office, steps)
    assert rows(office) == 0
    assert spooled(office) == []


def test_a_request_far_over_the_limit_is_answered_before_all_of_it_is_read(tmp_path: Path) -> None:
    office = CitizenOffice(tmp_path, limits=UploadLimits(tmp_path / "spool", MEGABYTE, 2 * MEGABYTE))

    async def steps(client: Client) -> None:
        files = {"큰 파일.bin": b"x" * (30 * MEGABYTE)}
        answer = await client.post("/submit", data=filled(await hidden_fields(client), files), headers=JSON)
        assert answer.status == 413
        assert "너무 큽니다" in (await answer.json())["faults"]["files"]

    run(office, steps)
    office.close()


def test_empty_and_surplus_files_are_named(tmp_path: Path) -> None:
    office = CitizenOffice(tmp_path, limits=UploadLimits(tmp_path / "spool", files=2))

    async def steps(client: Client) -> None:
        files = {"빈 파일.pdf": b"", "a.pdf": b"%PDF", "b.pdf": b"%PDF"}
        answer = await client.post("/submit", data=filled(await hidden_fields(client), files), headers=JSON)
        told = (await answer.json())["faults"]["files"]
        assert "‘빈 파일.pdf’ 파일에 내용이 없습니다" in told
        assert "파일은 2개까지" in told

    run(office, steps)
    office.close()


def test_a_locked_database_keeps_what_was_typed_and_registers_nothing(office: CitizenOffice) -> None:
    async def steps(client: Client) -> None:
        hidden = await hidden_fields(client)
        with office.database.transaction():  # someone else holds the write lock
            answer = await client.post("/submit", data=filled(hidden, {"a.pdf": b"%PDF"}))
            page = await answer.text()
        assert answer.status == 503
        assert "지금은 안전하게 접수할 수 없습니다" in page
        assert "마을회관 앞 가로등이 꺼져 있습니다." in page
        again = await client.post("/submit", data=filled(hidden, {"a.pdf": b"%PDF"}))
        assert again.url.path == "/receipt/2026-0000001"

    run(office, steps)
    assert rows(office) == 1


@contextmanager
def no_file_larger_than(count: int) -> Iterator[None]:
    """A disk that is full for larger files: writing beyond fails with EFBIG."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (count, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_spool_disk_keeps_what_was_typed_and_names_the_file(office: CitizenOffice) -> None:
    async def steps(client: Client) -> None:
        hidden = await hidden_fields(client)
        with no_file_larger_than(8 * MEGABYTE):
            answer = await client.post("/submit", data=filled(hidden, {"큰 도면.pdf": b"x" * (9 * MEGABYTE)}))
            page = await answer.text()
        assert answer.status == 503
        assert "‘큰 도면.pdf’ 파일을 지금은 저장할 수 없습니다." in page
        assert "마을회관 앞 가로등이 꺼져 있습니다." in page

    run(office, steps)
    assert rows(office) == 0


def test_a_blob_store_without_room_keeps_what_was_typed(office: CitizenOffice) -> None:
    async def steps(client: Client) -> None:
        hidden = await hidden_fields(client)
        (office.folder / "blobs").write_text("a file where the folder should be")
        answer = await client.post("/submit", data=filled(hidden, {"a.pdf": b"%PDF"}))
        page = await answer.text()
        assert answer.status == 503
        assert "지금은 안전하게 접수할 수 없습니다" in page
        assert "마을회관 앞 가로등이 꺼져 있습니다." in page

    run(office, steps)
    assert rows(office) == 0


@pytest.mark.parametrize(
    ("typed", "fault"),
    [
        ({"title": ""}, "title"),
        ({"text": ""}, "text"),
        ({"consent": ""}, "consent"),
        ({"return_channel": "pigeon"}, "return_channel"),
        ({"return_channel": "fax"}, "fax"),
        ({"return_channel": "fax", "fax": "063-290-0000", "name": ""}, "name"),
        ({"return_channel": "post", "postcode": "5599"}, "postcode"),
        ({"return_channel": "post", "postcode": "55999"}, "address"),
        ({"return_channel": "pickup"}, "phone"),
        ({"phone": "전화 주세요"}, "phone"),
        ({"email": "garam@"}, "email"),
        ({"kind": "no-such-kind"}, "kind"),
    ],
)
def test_what_is_missing_is_named_beside_its_field(office: CitizenOffice, typed: dict[str, str], fault: str) -> None:
    async def steps(client: Client) -> None:
        answer = await client.post("/submit", data=filled(await hidden_fields(client), None, **typed), headers=JSON)
        assert answer.status == 422
        assert fault in (await answer.json())["faults"]

    run(office, steps)
    assert rows(office) == 0


def test_without_a_name_it_is_registered_all_the_same(office: CitizenOffice) -> None:
    async def steps(client: Client) -> None:
        answer = await client.post("/submit", data=filled(await hidden_fields(client), name=""), headers=JSON)
        assert answer.status == 201

    run(office, steps)


def test_after_hours_the_receipt_names_the_next_working_morning(office: CitizenOffice) -> None:
    office.clock.at = datetime(2026, 11, 20, 11, 0, tzinfo=UTC)  # Friday 20:00 in Seoul

    async def steps(client: Client) -> None:
        page = await (await client.post("/submit", data=filled(await hidden_fields(client)))).text()
        assert "2026. 11. 23.(월) 09:00" in page
        assert "늦어도 2026. 11. 23.(월) 12:00까지" in page

    run(office, steps)


@pytest.mark.parametrize("broken", ["csrf", "cookie", "origin", "site"])
def test_a_form_from_elsewhere_is_refused(office: CitizenOffice, broken: str) -> None:
    async def steps(client: Client) -> None:
        hidden = await hidden_fields(client)
        headers = {
            "origin": {"Origin": "https://elsewhere.example"},
            "site": {"Sec-Fetch-Site": "cross-site"},
        }.get(broken, {})
        if broken == "csrf":
            hidden["csrf"] = "AAAA"
        if broken == "cookie":
            client.session.cookie_jar.clear()
        answer = await client.post("/submit", data=filled(hidden, {"a.pdf": b"%PDF"}), headers=headers)
        assert answer.status == 403
        assert "다른 사이트에서 보낸 요청" in await answer.text()

    run(office, steps)
    assert rows(office) == 0


def test_a_body_cut_short_leaves_nothing_behind(office: CitizenOffice) -> None:
    async def steps(client: Client) -> None:
        hidden = await hidden_fields(client)
        cookie = "; ".join(f"{c.key}={c.value}" for c in client.session.cookie_jar)
        body = (
            f'--b\r\nContent-Disposition: form-data; name="csrf"\r\n\r\n{hidden["csrf"]}\r\n'
            '--b\r\nContent-Disposition: form-data; name="files"; filename="a.pdf"\r\n\r\n%PDF and then'
        ).encode()
        reader, writer = await asyncio.open_connection("127.0.0.1", client.port)
        head = (
            f"POST /submit HTTP/1.1\r\nHost: 127.0.0.1:{client.port}\r\nCookie: {cookie}\r\n"
            f"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: {len(body) + 5000}\r\n\r\n"
        )
        writer.write(head.encode() + body)
        await writer.drain()
        writer.close()
        await writer.wait_closed()
        del reader

    run(office, steps)  # closing the server waits for the request to end
    assert spooled(office) == []
    assert rows(office) == 0
