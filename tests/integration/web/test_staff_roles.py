"""Every staff route against every role: nobody reaches more than the table says, and no route is left out of it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest

from gateway.domain.delivery import Route
from gateway.domain.jobs import JobKind
from gateway.store import accounts, jobs, schema, submissions
from gateway.store.jobs import MAX_ATTEMPTS, JobState
from tests.citizen_office import Client
from tests.staff_office import StaffOffice, log_in, post, token_on

CLERK, HANDLER, SUPERIOR, ADMINISTRATOR, AUDITOR = (
    "clerk-01",
    "safety-01",
    "deputy-governor",
    "system-admin",
    "audit-lead",
)
STRANGER = "env-01"  # a handler of another unit
EVERYONE = (CLERK, HANDLER, SUPERIOR, ADMINISTRATOR, AUDITOR, STRANGER)
READERS = (CLERK, HANDLER, SUPERIOR, AUDITOR)
ACTORS = (HANDLER, SUPERIOR)

CASE, DESK, OUT = "/staff/cases/{number}", "/staff/desk/{number}", "/staff/outgoing/{delivery}"
GETS = {
    "/staff": EVERYONE,
    "/staff/": EVERYONE,
    "/staff/desk": (CLERK,),
    DESK: (CLERK,),
    "/staff/inbox": (HANDLER, SUPERIOR, STRANGER),
    CASE: READERS,
    CASE + "/originals/{original}": READERS,
    CASE + "/renditions/{original}": READERS,
    CASE + "/pages/{original}/{page}.png": READERS,
    "/staff/outgoing": (CLERK,),
    OUT + "/letter.pdf": READERS,
    "/staff/overview": (CLERK, SUPERIOR, ADMINISTRATOR, AUDITOR),
    "/staff/charter": EVERYONE,
    "/staff/access": (AUDITOR,),
}
# An empty form: who may act is told what is missing (or led on), nobody else gets that far.
POSTS = {
    DESK + "/confirm": (CLERK,),
    DESK + "/reread": (CLERK,),
    CASE + "/{act}": ACTORS,
    CASE + "/preview/{purpose}": ACTORS,
    OUT + "/{act}": (CLERK,),
    "/staff/jobs/{job}/retry": (CLERK, ADMINISTRATOR),
}
OPEN_TO_ALL = {("GET", "/staff/login"), ("POST", "/staff/login"), ("POST", "/staff/logout")}


@pytest.fixture
def office(tmp_path: Path) -> Iterator[StaffOffice]:
    office = StaffOffice(tmp_path)
    office.account(*EVERYONE)
    yield office
    office.close()


def filled(office: StaffOffice) -> dict[str, str]:
    """A case of safety-01 with a file, a letter in the tray and a stuck job."""
    number = office.with_handler("w-1")
    delivery = office.in_tray(number, Route.POST)
    now = office.clock.now()
    with office.database.transaction() as tx:
        case = submissions.by_number(tx, number)
        (paper,) = submissions.originals(tx, case.id)
        submissions.describe_original(tx, paper.id, pages=1, rendition_sha256=paper.sha256)
        job = jobs.add(tx, JobKind.DELIVER, case.id, now=now)
        for _ in range(MAX_ATTEMPTS):
            lease = jobs.claim(tx, job, now=now)
            assert lease
            if jobs.fail(tx, lease, now=now, why="no way") is not JobState.STUCK:
                tx.execute(schema.jobs.update().where(schema.jobs.c.id == job).values(run_after=now))
    return {"number": number, "original": str(paper.id), "page": "1", "delivery": str(delivery), "job": str(job)}


def addresses(pattern: str, facts: dict[str, str]) -> list[str]:
    """The pattern filled in; where it has an act, once for each act."""
    acts = {
        CASE + "/{act}": ("plan", "decide", "refuse", "transfer", "withdraw"),
        CASE + "/preview/{purpose}": ("plan", "result", "refusal"),
        OUT + "/{act}": ("posted", "collected", "told", "again", "arrived", "not-arrived", "came-back", "cancel"),
    }.get(pattern, ("",))
    return [pattern.format(**facts, act=act, purpose=act) for act in acts]


async def as_someone(client: Client, staff_id: str) -> str:
    """Log in (or stay out, without a name); a form token."""
    if staff_id:
        assert await log_in(client, staff_id) == 303
        return token_on(await (await client.get("/staff/charter")).text())
    return token_on(await (await client.get("/staff/login")).text())


def test_the_table_names_every_staff_route(office: StaffOffice) -> None:
    async def routes() -> set[tuple[str, str]]:
        async with office.client() as client:
            return {
                (route.method, route.resource.canonical)
                for route in client.app.router.routes()
                if route.resource and route.resource.canonical.startswith("/staff") and route.method != "HEAD"
            }

    named = {("GET", path) for path in GETS} | {("POST", path) for path in POSTS} | OPEN_TO_ALL
    assert asyncio.run(routes()) == named


@pytest.mark.parametrize("staff_id", EVERYONE)
def test_pages_open_to_the_roles_named_and_to_nobody_else(office: StaffOffice, staff_id: str) -> None:
    facts = filled(office)

    async def story() -> dict[str, int]:
        async with office.client() as client:
            await as_someone(client, staff_id)
            found = {}
            for pattern in GETS:
                for address in addresses(pattern, facts):
                    found[pattern] = (await client.get(address, allow_redirects=False)).status
            return found

    expected = {pattern: 200 if staff_id in roles else 403 for pattern, roles in GETS.items()}
    expected |= {"/staff": 303, "/staff/": 303}
    assert asyncio.run(story()) == expected


@pytest.mark.parametrize("staff_id", EVERYONE)
def test_acts_are_refused_to_roles_not_named(office: StaffOffice, staff_id: str) -> None:
    facts = filled(office)

    async def story() -> dict[str, int]:
        async with office.client() as client:
            token = await as_someone(client, staff_id)
            found = {}
            for pattern, roles in POSTS.items():
                if staff_id not in roles:
                    for address in addresses(pattern, facts):
                        found[address] = (await post(client, address, {}, token=token))[0]
            return found

    before = office.case(facts["number"])
    assert set(asyncio.run(story()).values()) == {403}
    assert office.case(facts["number"]) == before


@pytest.mark.parametrize("staff_id", [CLERK, HANDLER, SUPERIOR, ADMINISTRATOR])
def test_acts_are_open_to_the_roles_named(office: StaffOffice, staff_id: str) -> None:
    facts = filled(office)

    async def story() -> dict[str, int]:
        async with office.client() as client:
            token = await as_someone(client, staff_id)
            found = {}
            for pattern, roles in POSTS.items():
                if staff_id in roles:
                    for address in addresses(pattern, facts):
                        found[address] = (await post(client, address, {}, token=token))[0]
            return found

    assert 403 not in set(asyncio.run(story()).values())
    assert 500 not in set(asyncio.run(story()).values())


def test_without_a_session_everything_leads_to_the_log_in(office: StaffOffice) -> None:
    facts = filled(office)

    async def story() -> set[tuple[int, str]]:
        async with office.client() as client:
            token = await as_someone(client, "")
            found = set()
            for pattern in GETS:
                for address in addresses(pattern, facts):
                    answer = await client.get(address, allow_redirects=False)
                    found.add((answer.status, answer.headers["Location"].split("?")[0]))
            for pattern in POSTS:
                for address in addresses(pattern, facts):
                    status, led_to, _ = await post(client, address, {}, token=token)
                    found.add((status, led_to.split("?")[0]))
            return found

    before = office.case(facts["number"])
    assert asyncio.run(story()) == {(303, "/staff/login")}
    assert office.case(facts["number"]) == before


def test_a_form_without_its_token_changes_nothing(office: StaffOffice) -> None:
    facts = filled(office)

    async def story() -> set[int]:
        async with office.client() as client:
            await as_someone(client, HANDLER)
            found = set()
            for pattern in POSTS:
                for address in addresses(pattern, facts):
                    found.add((await client.post(address, data={"plan": "x"}, allow_redirects=False)).status)
            return found

    before = office.case(facts["number"])
    assert asyncio.run(story()) == {403}
    assert office.case(facts["number"]) == before


def test_an_error_page_of_the_staff_pages_keeps_their_frame_and_menu(office: StaffOffice) -> None:
    filled(office)

    async def story() -> dict[str, str]:
        async with office.client() as client:
            nobody = await (await client.get("/staff/nothing")).text()
            await as_someone(client, HANDLER)
            missing = await (await client.get("/staff/nothing")).text()
            forbidden = await (await client.get("/staff/access")).text()
            return {"nobody": nobody, "missing": missing, "forbidden": forbidden}

    pages = asyncio.run(story())
    assert all("민원 처리 업무" in page and 'href="/submit"' not in page for page in pages.values())
    assert ["로그아웃" in page for page in pages.values()] == [False, True, True]
    assert "관리자에게 권한을 요청" in pages["forbidden"]


def test_the_access_log_is_read_on_page_by_page(office: StaffOffice) -> None:
    with office.database.transaction() as tx:
        for number in range(70):
            accounts.log_access(tx, f"reader-{number:02}", "listed", now=office.clock.now())

    async def story() -> tuple[str, str]:
        async with office.client() as client:
            await as_someone(client, AUDITOR)
            first = await (await client.get("/staff/access")).text()
            older = re.findall(r'href="(/staff/access\?[^"]+)"', first)[0]
            return first, await (await client.get(unescape(older))).text()

    first, second = asyncio.run(story())
    shown = [set(re.findall(r"reader-\d\d", page)) for page in (first, second)]
    assert len(shown[0] | shown[1]) == 70
    assert not shown[0] & shown[1]
