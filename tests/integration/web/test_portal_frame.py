from __future__ import annotations

import asyncio
import gzip
import re
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from gateway.intake import Acceptor
from gateway.web.app import create_app
from gateway.web.context import StaticRoots
from gateway.web.static_files import StaticFiles
from tests.citizen_office import ROOT, CitizenOffice, Client

PAGES = ("/", "/submit", "/case", "/help", "/privacy", "/accessibility", "/nowhere")


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


def test_every_page_forbids_inline_scripts_and_other_sites(office: CitizenOffice) -> None:
    async def steps(client: Client) -> None:
        for address in PAGES:
            answer = await client.get(address)
            page = await answer.text()
            policy = answer.headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy
            assert "unsafe" not in policy
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.headers["Cache-Control"] == "no-store"
            assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", page), address
            assert not re.search(r'(?:src|href)="(?:https?:)?//', page), address

    run(office, steps)


def test_every_page_names_the_office_and_says_that_it_is_invented(office: CitizenOffice) -> None:
    async def steps(client: Client) -> None:
        for address in PAGES:
            page = await (await client.get(address)).text()
            for part in ("온누리군청", "063-290-2000", "가상의 기관", "본문 바로가기", '<html lang="ko"'):
                assert part in page, address

    run(office, steps)


def test_a_real_office_carries_no_demonstration_banner(office: CitizenOffice) -> None:
    charter = replace(office.directory.charter, demonstration=False)
    office.directory = replace(office.directory, charter=charter)

    async def steps(client: Client) -> None:
        page = await (await client.get("/")).text()
        assert "가상의 기관" not in page
        assert "대한민국 공식 전자정부 누리집" in page

    run(office, steps)


def test_english_is_chosen_once_and_stays(office: CitizenOffice) -> None:
    async def steps(client: Client) -> None:
        await client.get("/?lang=en")
        page = await (await client.get("/submit")).text()
        assert '<html lang="en"' in page
        assert "How do you want the result?" in page
        await client.get("/?lang=ko")
        assert "결과를 받을 방법" in await (await client.get("/submit")).text()

    run(office, steps)


def test_english_pages_show_korean_only_where_the_office_gave_no_english(office: CitizenOffice) -> None:
    async def steps(client: Client) -> None:
        facts = office.directory.office
        known = [facts.name, facts.address, "한국어", *(kind.name for kind in office.directory.kinds.values())]
        for address in PAGES:
            page = await (await client.get(address, params={"lang": "en"})).text()
            for part in sorted(known, key=len, reverse=True):
                page = page.replace(part, "")
            assert re.findall(r"[가-힣][가-힣 ]*", page) == [], address

    run(office, steps)


def test_an_unknown_page_and_a_wrong_method_are_answered_with_a_page(office: CitizenOffice) -> None:
    async def steps(client: Client) -> None:
        answer = await client.get("/nowhere")
        assert answer.status == 404
        assert answer.headers["X-Request-Id"] in await answer.text()
        assert (await client.get("/case/leave")).status in {303, 404, 405, 200}
        as_json = await client.get("/nowhere", headers={"Accept": "application/json"})
        assert (await as_json.json())["status"] == 404

    run(office, steps)


def test_readiness_tells_a_lost_database_while_the_process_lives(office: CitizenOffice) -> None:
    async def steps(client: Client) -> None:
        assert (await client.get("/readyz")).status == 200
        office.database.close()
        (office.folder / "gateway.db").unlink()
        (office.folder / "gateway.db").mkdir()
        assert (await client.get("/readyz")).status == 503
        assert (await client.get("/healthz")).status == 200

    run(office, steps)


def test_a_fault_of_ours_is_a_page_with_a_number_and_nothing_private(
    office: CitizenOffice, capfd: pytest.CaptureFixture[str]
) -> None:
    async def fails(_request: web.Request) -> web.StreamResponse:
        secret_of_a_citizen = "900101-1234567"
        raise RuntimeError(f"cannot read {len(secret_of_a_citizen)} letters of /var/lib/gateway")

    async def steps() -> None:
        acceptor = Acceptor(office.intake)
        app = create_app(office.context(acceptor))
        app.router.add_get("/fails", fails)
        async with TestClient(TestServer(app)) as client:
            answer = await client.get("/fails")
            page = await answer.text()
        await acceptor.close()
        assert answer.status == 500
        assert answer.headers["X-Request-Id"] in page
        assert "일시적인 오류" in page
        assert "/var/lib" not in page
        logged = "".join(capfd.readouterr())
        assert "cannot read 14 letters" in logged
        assert answer.headers["X-Request-Id"] in logged
        assert "900101-1234567" not in logged

    asyncio.run(steps())


def test_static_files_are_compressed_versioned_and_confined(office: CitizenOffice) -> None:
    async def steps(client: Client) -> None:
        styles = StaticFiles(StaticRoots.under(ROOT / "node_modules")).address("krds/css/component/output.css")
        answer = await client.get(styles, headers={"Accept-Encoding": "gzip"})
        assert answer.headers["Content-Encoding"] == "gzip"
        assert "immutable" in answer.headers["Cache-Control"]
        again = await client.get(styles, headers={"If-None-Match": answer.headers["ETag"]})
        assert again.status == 304
        for outside in ("app/%2e%2e/app.py", "krds/../package.json", "app/", "other/x.css", "krds/scss/a.scss"):
            assert (await client.get(f"/static/{outside}")).status == 404

    run(office, steps)


def test_the_styles_call_no_other_site(office: CitizenOffice) -> None:
    async def steps(client: Client) -> None:
        page = await (await client.get("/")).text()
        for address in re.findall(r'<link rel="stylesheet" href="([^"]+)"', page):
            answer = await client.get(address, headers={"Accept-Encoding": "identity"})
            assert answer.status == 200
            assert not re.search(r"url\(['\"]?(?:https?:)?//|@import ['\"]http", await answer.text())

    run(office, steps)


def test_gzip_is_what_it_says(office: CitizenOffice) -> None:
    async def steps(client: Client) -> None:
        raw = await client.session.get(
            client.make_url("/static/app/site.css"), headers={"Accept-Encoding": "gzip"}, auto_decompress=False,
        )  # fmt: skip
        assert b"@font-face" in gzip.decompress(await raw.read())

    run(office, steps)
