from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from html import unescape
from pathlib import Path

import pytest
import sqlalchemy as sa

from gateway.store import accounts
from gateway.store.schema import access_log, sessions
from tests.staff_office import PASSWORD, StaffOffice, log_in, post, token_on

SEE_OTHER, FORBIDDEN = 303, 403


@pytest.fixture
def office(tmp_path: Path) -> Iterator[StaffOffice]:
    office = StaffOffice(tmp_path)
    office.account("clerk-01", "safety-01")
    yield office
    office.close()


def test_a_clerk_logs_in_and_lands_on_the_desk(office: StaffOffice) -> None:
    async def story() -> tuple[int, str, str]:
        async with office.client() as client:
            assert await log_in(client, "clerk-01") == SEE_OTHER
            page = await client.get("/staff")
            return page.status, str(page.url.path), await page.text()

    status, path, text = asyncio.run(story())
    assert (status, path) == (200, "/staff/desk")
    assert "임새봄" in text


def test_the_cookie_is_closed_to_scripts_and_only_its_digest_is_stored(office: StaffOffice) -> None:
    async def story() -> str:
        async with office.client() as client:
            page = await (await client.get("/staff/login")).text()
            form = {"staff_id": "clerk-01", "password": PASSWORD, "csrf": token_on(page)}
            answer = await client.post("/staff/login", data=form, allow_redirects=False)
            return next(c for c in answer.headers.getall("Set-Cookie") if c.startswith("gw_staff="))

    cookie = asyncio.run(story())
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    token = cookie.split(";")[0].removeprefix("gw_staff=")
    with office.database.reading() as tx:
        stored = tx.execute(sa.select(sessions.c.token_sha256)).scalar_one()
    assert token not in stored


def test_five_wrong_passwords_lock_the_account_for_ten_minutes(office: StaffOffice) -> None:
    async def story() -> list[int]:
        async with office.client() as client:
            codes = [await log_in(client, "clerk-01", "not the password") for _ in range(5)]
            codes.append(await log_in(client, "clerk-01"))  # right, but locked
            office.clock.at += timedelta(minutes=9, seconds=59)
            codes.append(await log_in(client, "clerk-01"))
            office.clock.at += timedelta(seconds=1)
            codes.append(await log_in(client, "clerk-01"))
            return codes

    assert asyncio.run(story()) == [FORBIDDEN] * 7 + [SEE_OTHER]


def test_guessing_in_parallel_gains_nothing(office: StaffOffice) -> None:
    def guess(_: int) -> bool:
        with office.database.transaction() as tx:
            return accounts.begin_attempt(tx, "clerk-01", now=office.clock.now()) is not None

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(guess, range(24))) == accounts.MAX_FAILURES


def test_an_unknown_name_is_refused_like_a_wrong_password(office: StaffOffice) -> None:
    async def story() -> list[str]:
        async with office.client() as client:
            texts = []
            for staff_id in ("clerk-01", "nobody"):
                page = await (await client.get("/staff/login")).text()
                form = {"staff_id": staff_id, "password": "not the password"}
                texts.append((await post(client, "/staff/login", form, token=token_on(page)))[2])
            return [text.replace("clerk-01", "").replace("nobody", "").split("<main")[1].split('name="csrf"')[0]
                    for text in texts]  # fmt: skip

    known, unknown = asyncio.run(story())
    assert known == unknown


def test_an_idle_session_ends(office: StaffOffice) -> None:
    async def story() -> list[int]:
        async with office.client() as client:
            await log_in(client, "clerk-01")
            codes = []
            for minutes in (29, 29, 31):  # each look starts the half hour anew
                office.clock.at += timedelta(minutes=minutes)
                codes.append((await client.get("/staff/desk", allow_redirects=False)).status)
            return codes

    assert asyncio.run(story()) == [200, 200, SEE_OTHER]


def test_what_was_typed_outlives_a_lapsed_session(office: StaffOffice) -> None:
    number = office.with_handler("kept-1")
    plan = '현장을 "확인"하고 <내일>까지 수리하겠습니다.'

    async def story() -> tuple[int, str, str, str]:
        async with office.client() as client:
            await log_in(client, "safety-01")
            page = await (await client.get(f"/staff/cases/{number}")).text()
            version = re.findall(r'name="version" value="(\d+)"', page)[0]
            office.clock.at += timedelta(minutes=31)
            address = f"/staff/cases/{number}/plan"
            status, _, asked = await post(client, address, {"plan": plan, "version": version}, token=token_on(page))
            kept = hidden(asked, "kept")
            wrong = {"staff_id": "safety-01", "password": "wrong", "kept": kept}
            again = (await post(client, "/staff/login", wrong, token=token_on(asked)))[2]
            assert hidden(again, "kept") == kept
            right = {"staff_id": "safety-01", "password": PASSWORD, "kept": kept}
            _, _, shown = await post(client, "/staff/login", right, token=token_on(asked))
            assert f'action="{address}"' in shown
            assert office.case(number).plan == ""
            form = {"plan": hidden(shown, "plan"), "version": hidden(shown, "version")}
            done, led_to, _ = await post(client, address, form, token=token_on(shown))
            assert done == SEE_OTHER
            return status, asked, led_to, office.case(number).plan

    status, asked, led_to, told = asyncio.run(story())
    assert status == 401
    assert "로그인 시간이 지났습니다" in asked
    assert led_to.endswith("?done=planned")
    assert told == plan


@pytest.mark.parametrize(
    "packed",
    [
        "", "{", "[]", "[1, []]", '"x"', '["/staff/cases/1/plan"]', '["https://evil.example/", []]',
        '["//evil.example/staff/", [["a", "b"]]]', '["/staff/cases/1/plan", [["a", 1]]]',
        '["/staff/cases/1/plan", [["a"]]]',
    ],
)  # fmt: skip
def test_a_kept_form_that_is_not_ours_is_dropped(office: StaffOffice, packed: str) -> None:
    async def story() -> tuple[int, str, str]:
        async with office.client() as client:
            page = await (await client.get("/staff/login")).text()
            form = {"staff_id": "clerk-01", "password": PASSWORD, "kept": packed}
            return await post(client, "/staff/login", form, token=token_on(page))

    assert asyncio.run(story())[:2] == (SEE_OTHER, "/staff")


def hidden(page: str, name: str) -> str:
    """The value of a hidden field."""
    found = re.search(rf'<input type="hidden" name="{name}" value="([^"]*)"', page)
    assert found, name
    return unescape(found[1])


def test_log_out_ends_the_session_on_the_server(office: StaffOffice) -> None:
    async def story() -> int:
        async with office.client() as client:
            await log_in(client, "clerk-01")
            page = await (await client.get("/staff/desk")).text()
            kept = client.session.cookie_jar.filter_cookies(client.make_url("/staff"))["gw_staff"].value
            await post(client, "/staff/logout", {}, token=token_on(page))
            answer = await client.get("/staff/desk", cookies={"gw_staff": kept}, allow_redirects=False)
            return answer.status

    assert asyncio.run(story()) == SEE_OTHER


def test_a_new_password_ends_open_sessions(office: StaffOffice) -> None:
    async def story() -> int:
        async with office.client() as client:
            await log_in(client, "clerk-01")
            with office.database.transaction() as tx:
                accounts.set_password(tx, "clerk-01", "another long password", now=office.clock.now())
            return (await client.get("/staff/desk", allow_redirects=False)).status

    assert asyncio.run(story()) == SEE_OTHER


@pytest.mark.parametrize(
    ("wanted", "led_to"),
    [
        ("/staff/charter?x=1", "/staff/charter?x=1"),
        ("https://elsewhere.example/", "/staff"),
        ("//elsewhere.example/staff/", "/staff"),
        ("/staff/\\elsewhere.example", "/staff"),
        ("/staffroom", "/staff"),
        ("/case", "/staff"),
        ("", "/staff"),
    ],
)
def test_nobody_is_led_elsewhere_after_logging_in(office: StaffOffice, wanted: str, led_to: str) -> None:
    async def story() -> str:
        async with office.client() as client:
            page = await (await client.get("/staff/login")).text()
            form = {"staff_id": "clerk-01", "password": PASSWORD, "next": wanted}
            return (await post(client, "/staff/login", form, token=token_on(page)))[1]

    assert asyncio.run(story()) == led_to


def test_a_password_has_nine_characters(office: StaffOffice) -> None:
    with office.database.transaction() as tx, pytest.raises(accounts.WeakPassword):
        accounts.set_password(tx, "clerk-01", "short", now=office.clock.now())


def test_an_account_is_made_once(office: StaffOffice) -> None:
    with office.database.transaction() as tx:
        assert not accounts.ensure_account(tx, "clerk-01", "another password", now=office.clock.now())
        assert accounts.ensure_account(tx, "clerk-02", PASSWORD, now=office.clock.now())


def test_log_ins_are_in_the_access_log_with_where_they_came_from(office: StaffOffice) -> None:
    async def story() -> None:
        async with office.client() as client:
            await log_in(client, "clerk-01", "not the password")
            await log_in(client, "clerk-01")

    asyncio.run(story())
    with office.database.reading() as tx:
        rows = tx.execute(sa.select(access_log.c.what, access_log.c.address).order_by(access_log.c.id)).all()
    assert [tuple(row) for row in rows] == [("login_refused", "127.0.0.1"), ("logged_in", "127.0.0.1")]
