"""The staff's day in a real Chromium: verify by keyboard, plan, decide, post; every page free of axe violations."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from dispatch.stage import Assignment
from gateway.domain.delivery import Purpose, Route
from gateway.domain.jobs import JobKind, Stage
from gateway.domain.lifecycle import State
from gateway.domain.submission import Channel, ReturnChannel
from gateway.store import jobs, schema
from notifications.composing import Composer
from notifications.press import LetterPress
from notifications.stage import Composing
from tests.citizen_office import ROOT
from tests.staff_office import PASSWORD, StaffOffice

FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
WIDTHS = {1440: 900, 390: 844}
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
SHOTS = os.environ.get("STAFF_SHOTS", "")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=list(FLAGS))
        yield chromium
        chromium.close()


@pytest.fixture
def office(tmp_path: Path) -> Iterator[StaffOffice]:
    office = StaffOffice(tmp_path)
    office.account("clerk-01", "safety-01", "audit-lead", "minwon-lead")
    yield office
    office.close()


@pytest.fixture
def site(office: StaffOffice) -> Iterator[str]:
    with office.serving() as address:
        yield address


def logged_in(browser: Browser, site: str, staff_id: str, width: int = 1440, language: str = "ko") -> Page:
    context: BrowserContext = browser.new_context(viewport={"width": width, "height": WIDTHS[width]})
    page = context.new_page()
    page.goto(f"{site}/staff/login?lang={language}")
    page.get_by_label("아이디" if language == "ko" else "User id").fill(staff_id)
    page.locator("#password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "/staff/login" not in url)
    return page


def violations(page: Page) -> list[Any]:
    """What axe finds; its script goes in through the debugger, which the page's policy does not bind."""
    session = page.context.new_cdp_session(page)
    session.send("Runtime.evaluate", {"expression": AXE.read_text(encoding="utf-8")})
    found: list[Any] = page.evaluate(
        "axe.run().then(r => r.violations.map(v => [v.id, v.nodes.map(n => n.html.slice(0, 200))]))",
    )
    session.detach()
    return found


def shot(page: Page, name: str, width: int) -> None:
    if SHOTS:
        page.screenshot(path=str(Path(SHOTS) / f"{name}-{width}.png"), full_page=True)


def work_off(office: StaffOffice) -> None:
    """Do the assigning and composing that waits, as a worker would."""
    composer = Composer(LetterPress(), office.blobs, office.directory)
    stages: dict[JobKind, Stage] = {
        JobKind.ASSIGN: Assignment(office.database, office.directory, office.clock),
        JobKind.COMPOSE: Composing(office.database, office.clock, composer),
    }
    while True:
        with office.database.transaction() as tx:
            query = schema.jobs.select().where(schema.jobs.c.state == "waiting", schema.jobs.c.kind.in_(stages))
            row = tx.execute(query.order_by(schema.jobs.c.id)).first()
            lease = jobs.claim(tx, row.id, now=office.clock.now()) if row else None
        if lease is None:
            return
        stages[lease.kind](lease)


def test_a_doubtful_fax_is_verified_handled_and_posted(browser: Browser, office: StaffOffice, site: str) -> None:
    number = office.doubtful("f-1")

    clerk = logged_in(browser, site, "clerk-01")
    clerk.get_by_role("link", name=number).click()
    phone = clerk.get_by_label("전화")
    expect(phone).to_be_focused()  # the first doubtful field has the cursor
    expect(clerk.locator(".box.current")).to_have_attribute("data-for", "field-phone")
    expect(clerk.locator(".sheet img").first).to_have_js_property("complete", value=True)
    phone.fill("010-0000-5678")
    clerk.get_by_label("회신 방법").select_option("post")
    clerk.get_by_label("주소").fill("전북특별자치도 온누리군 온누리읍 새길 12")
    clerk.get_by_label("우편번호").fill("55999")
    clerk.get_by_label("제목").fill("새길 12 앞 가로등이 꺼져 있습니다")
    clerk.get_by_label("민원 종류").select_option("streetlight")
    clerk.keyboard.press("Control+Enter")
    expect(clerk.get_by_role("status")).to_contain_text("확인할 민원이 더 없습니다")
    assert office.case(number).contact.phone == "010-0000-5678"

    work_off(office)
    handler_id = office.case(number).handler_id
    office.account(handler_id)
    handler = logged_in(browser, site, handler_id)
    handler.get_by_role("link", name=number).click()
    handler.get_by_role("button", name="계획 안내하기").click()
    expect(handler.get_by_role("status")).to_contain_text("처리계획을 안내합니다")
    handler.get_by_label("처리결과 내용").fill("고장 난 등을 바꾸었습니다.\n\n불편을 드려 죄송합니다.")
    handler.get_by_role("button", name="결정하고 보내기").click()
    expect(handler.get_by_role("status")).to_contain_text("결정을 기록했습니다")
    work_off(office)

    clerk.goto(f"{site}/staff/outgoing")
    result = clerk.get_by_role("article", name=f"{number} 처리결과")
    result.get_by_label("등기번호").fill("1234567890123")
    result.get_by_role("button", name="우편 발송 완료").click()
    expect(clerk.get_by_role("status")).to_contain_text("우편으로 발송한 것으로 기록했습니다")
    assert office.case(number).state is State.CLOSED


def test_the_picture_zooms_and_turns_by_keyboard(browser: Browser, office: StaffOffice, site: str) -> None:
    number = office.doubtful("f-1")
    page = logged_in(browser, site, "clerk-01")
    page.goto(f"{site}/staff/desk/{number}")
    sheet = page.locator(".sheet-frame").first
    page.get_by_role("region", name="문서 그림").focus()

    def size() -> tuple[int, int]:
        box = sheet.bounding_box()
        assert box
        return round(box["width"]), round(box["height"])

    width, height = size()
    page.keyboard.press("+")
    assert size()[0] > width
    page.keyboard.press("0")
    assert size() == (width, height)
    page.keyboard.press("r")
    assert size()[0] == width
    assert size()[1] < width < height


def test_the_letter_preview_opens_in_another_tab(browser: Browser, office: StaffOffice, site: str) -> None:
    number = office.with_handler("w-1")
    page = logged_in(browser, site, "safety-01")
    page.goto(f"{site}/staff/cases/{number}")
    with page.context.expect_event("response", lambda r: r.url.endswith("/preview/plan")) as answer:
        page.get_by_role("button", name="문서 미리보기").first.click()
    assert answer.value.headers["content-type"] == "application/pdf"
    page.get_by_role("button", name="계획 안내하기").click()  # the form can still be sent afterwards
    expect(page.get_by_role("status")).to_contain_text("처리계획을 안내합니다")


def test_forms_work_without_scripts(browser: Browser, office: StaffOffice, site: str) -> None:
    number = office.doubtful("f-1")
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{site}/staff/desk/{number}")
    page.get_by_label("아이디").fill("clerk-01")
    page.locator("#password").fill(PASSWORD)
    page.get_by_role("button", name="로그인").click()
    page.get_by_role("button", name="확인하고 다음").click()
    expect(page.get_by_role("status")).to_contain_text("확인했습니다")
    assert office.case(number).state is State.TRANSCRIBED


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("language", ["ko", "en"])
def test_every_staff_page_is_free_of_violations_and_fits(
    browser: Browser, office: StaffOffice, site: str, width: int, language: str
) -> None:
    doubtful, unreadable = office.doubtful("f-1"), office.unreadable("m-1")
    office.doubtful("p-1", Channel.POST)
    planned, pickup = office.with_handler("w-1"), office.with_handler("w-2", ways=ReturnChannel.PICKUP)
    office.in_tray(planned, Route.POST)
    office.in_tray(planned, Route.FAX, Purpose.RESULT)
    office.in_tray(pickup, Route.PICKUP, Purpose.RESULT)
    office.in_tray(pickup, Route.EMAIL, in_doubt=True)
    rounds = {
        "minwon-lead": ["desk", f"desk/{doubtful}", f"desk/{unreadable}", "outgoing", "inbox"],
        "safety-01": ["inbox", f"cases/{planned}", "no-such-page"],
        "audit-lead": ["overview", "charter", "access", f"cases/{planned}", "desk"],
    }
    stranger = browser.new_page(viewport={"width": width, "height": WIDTHS[width]})
    stranger.goto(f"{site}/staff/login?lang={language}")
    assert violations(stranger) == []
    shot(stranger, f"login-{language}", width)
    for staff_id, addresses in rounds.items():
        page = logged_in(browser, site, staff_id, width, language)
        for address in addresses:
            page.goto(f"{site}/staff/{address}")
            page.wait_for_load_state("networkidle")
            shot(page, f"{staff_id}-{address.replace('/', '-')}-{language}", width)
            assert violations(page) == [], address
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), address
        page.context.close()
    stranger.close()
