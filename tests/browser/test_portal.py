from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from gateway.store import submissions
from tests.browser.conftest import DESK, PHONE, Pages, overflow, violations
from tests.citizen_office import LETTER, CitizenOffice

MEGABYTE = 1024 * 1024


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    photo, form = tmp_path / "가로등 사진.jpg", tmp_path / "민원신청서.hwp"
    photo.write_bytes(b"\xff\xd8\xff" + b"p" * 900_000)
    form.write_bytes(b"\xd0\xcf\x11\xe0" + b"h" * 17_000)
    return [str(photo), str(form)]


def fill(page: Page, files: list[str]) -> None:
    page.get_by_label("제목").fill("마을회관 앞 가로등이 꺼져 있습니다")
    page.get_by_label("내용", exact=True).fill("일주일째 꺼져 있어 밤길이 위험합니다.")
    page.get_by_label("이름 또는 업체명").fill("홍가람")
    page.locator("label[for=consent]").click()
    page.locator("#files").set_input_files(files)


def read_receipt(page: Page) -> tuple[str, str]:
    page.wait_for_url("**/receipt/*")
    number, code = page.locator("#receipt-number").inner_text(), page.locator("#access-code").inner_text()
    assert re.fullmatch(r"2026-\d{7}", number)
    assert re.fullmatch(r"\w{4}-\w{4}-\w{4}", code)
    return number, code


def open_case(page: Page, site: str, number: str, code: str) -> None:
    page.goto(f"{site}/case")
    page.get_by_label("접수번호").fill(number)
    page.get_by_label("확인번호").fill(code)
    page.get_by_role("button", name="확인하기").click()
    page.wait_for_url(f"**/case/{number}")


def test_a_citizen_on_a_phone_submits_two_files_and_follows_the_case_to_its_letter(
    pages: Pages, office: CitizenOffice, site: str, files: list[str]
) -> None:
    page = pages.open(PHONE)
    page.goto(site)
    page.get_by_role("link", name="민원 제출하기").click()
    fill(page, files)
    expect(page.locator("#file-rows li")).to_have_count(2)
    page.get_by_role("button", name="제출하기").click()
    number, code = read_receipt(page)
    expect(page.locator("main")).to_contain_text("민원신청서.hwp")

    other = pages.open(PHONE)
    open_case(other, site, number, code)
    expect(other.locator("[aria-current=step]")).to_contain_text("내용 확인")
    signers = office.directory.signers(office.assigned(number))
    office.plan_told(number, "내일 현장을 확인하겠습니다.")
    office.result_told(number)
    other.reload()
    expect(other.locator("aside")).to_contain_text(signers.handler_phone)
    other.get_by_role("link", name="처리 결과 보기").click()
    expect(other.locator("main")).to_contain_text("고장 난 가로등을 교체했습니다.")
    with other.expect_download() as download:
        other.get_by_role("link", name="공문 내려받기(PDF)").click()
    assert Path(download.value.path()).read_bytes() == LETTER


def test_it_works_without_javascript(pages: Pages, office: CitizenOffice, site: str, files: list[str]) -> None:
    page = pages.open(PHONE, javascript=False)
    page.goto(f"{site}/submit")
    page.get_by_role("button", name="제출하기").click()
    expect(page.locator("#form-trouble")).to_contain_text("제목을 적어 주십시오.")
    fill(page, files)
    page.locator("label[for=way-post]").click()
    page.get_by_label("우편번호").fill("55999")
    page.get_by_label("주소", exact=True).fill("전북특별자치도 온누리군 온누리읍 은하로 7")
    page.get_by_role("button", name="제출하기").click()
    number, code = read_receipt(page)
    open_case(page, site, number, code)
    expect(page.locator("main")).to_contain_text("은하로 7")
    with office.database.reading() as tx:
        case = submissions.by_number(tx, number)
        assert [original.name for original in submissions.originals(tx, case.id)] == [
            "본문.txt", "가로등 사진.jpg", "민원신청서.hwp",
        ]  # fmt: skip


def test_a_sixty_megabyte_file_is_refused_before_it_is_sent(
    pages: Pages, site: str, tmp_path: Path, files: list[str]
) -> None:
    big = tmp_path / "도면.zip"
    with big.open("wb") as out:
        out.truncate(60 * MEGABYTE)
    page = pages.open(PHONE)
    page.goto(f"{site}/submit")
    fill(page, [files[0], str(big)])
    expect(page.locator("#error-files")).to_have_text(
        "‘도면.zip’ 파일이 너무 큽니다. 파일 하나는 50 MB까지 받을 수 있습니다."
    )
    expect(page.locator("#file-rows li")).to_have_count(1)
    page.get_by_role("button", name="제출하기").click()
    read_receipt(page)


def test_a_sixty_megabyte_file_is_refused_in_words_without_javascript(pages: Pages, site: str, tmp_path: Path) -> None:
    big = tmp_path / "도면.zip"
    with big.open("wb") as out:
        out.truncate(60 * MEGABYTE)
    page = pages.open(PHONE, javascript=False)
    page.goto(f"{site}/submit")
    fill(page, [str(big)])
    page.get_by_role("button", name="제출하기").click()
    expect(page.locator("#form-trouble")).to_contain_text("‘도면.zip’ 파일이 너무 큽니다.")
    expect(page.get_by_label("내용", exact=True)).to_have_value("일주일째 꺼져 있어 밤길이 위험합니다.")


def test_a_lost_connection_loses_nothing_and_the_next_try_is_the_same_submission(
    pages: Pages, office: CitizenOffice, site: str, files: list[str]
) -> None:
    page = pages.open(PHONE)
    page.goto(f"{site}/submit")
    fill(page, files)
    page.route("**/submit", lambda route: route.abort("connectionreset"))
    page.get_by_role("button", name="제출하기").click()
    expect(page.locator("#form-trouble")).to_contain_text("연결이 끊겨")
    expect(page.locator("#file-rows li")).to_have_count(2)
    page.unroute("**/submit")
    page.get_by_role("button", name="제출하기").click()
    read_receipt(page)
    with office.database.reading() as tx:
        assert len(submissions.originals(tx, 1)) == 3


def test_a_file_can_be_removed_again_by_keyboard(pages: Pages, site: str, files: list[str]) -> None:
    page = pages.open(DESK)
    page.goto(f"{site}/submit")
    page.locator("#files").set_input_files(files)
    page.get_by_role("button", name="가로등 사진.jpg 삭제").press("Enter")
    expect(page.locator("#file-rows li")).to_have_count(1)
    expect(page.locator("#file-news")).to_contain_text("삭제했습니다")


def test_the_whole_form_can_be_filled_by_keyboard_alone(pages: Pages, site: str) -> None:
    page = pages.open(DESK)
    page.goto(site)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="본문 바로가기")).to_be_focused()
    page.goto(f"{site}/submit")
    page.get_by_label("제목").focus()
    page.keyboard.type("자판으로만 적습니다")
    page.keyboard.press("Tab")
    page.keyboard.type("내용입니다")
    page.locator("#way-internet").focus()
    page.keyboard.press("ArrowDown")
    expect(page.locator("#way-fax")).to_be_checked()
    page.keyboard.press("Tab")
    page.keyboard.type("063-290-0000")
    page.keyboard.press("Tab")
    page.keyboard.type("홍가람")
    page.locator("#consent").focus()
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    read_receipt(page)
    expect(page.locator("main")).to_contain_text("063-290-0000")


@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_no_page_has_an_axe_violation_or_is_too_wide(
    pages: Pages, office: CitizenOffice, site: str, size: dict[str, int], language: str
) -> None:
    page = pages.open(size, audited=True)
    found: dict[str, list[str]] = {}

    def audit(name: str) -> None:
        wrong = violations(page)
        if overflow(page) > 0:
            wrong.append(f"{overflow(page)} px too wide")
        if wrong:
            found[name] = wrong

    page.goto(f"{site}/?lang={language}")
    audit("home")
    for address in ("help", "privacy", "accessibility", "case", "nowhere", "submit"):
        page.goto(f"{site}/{address}")
        audit(address)
    page.locator("label[for=way-post]").click()
    page.locator("#send").click()
    page.locator("#form-trouble").wait_for()
    audit("submit with faults")
    page.locator("#title").fill("A title")
    page.locator("#text").fill("A text")
    page.locator("label[for=way-internet]").click()
    page.locator("label[for=consent]").click()
    page.locator("#send").click()
    page.wait_for_url("**/receipt/*")
    number = page.locator("#receipt-number").inner_text()
    audit("receipt")
    page.goto(f"{site}/case/{number}")
    audit("case")
    office.assigned(number)
    office.plan_told(number, "내일 현장을 확인하겠습니다.")
    office.result_told(number, refused=True)
    page.reload()
    audit("case with result")
    page.goto(f"{site}/case/{number}/result")
    audit("result")
    assert found == {}


def test_at_twice_the_text_size_nothing_is_lost_sideways(pages: Pages, site: str) -> None:
    page = pages.open({"width": 640, "height": 800})  # a 1280 px window at 200 %
    for address in ("", "submit", "case", "help"):
        page.goto(f"{site}/{address}")
        assert overflow(page) <= 0, address
