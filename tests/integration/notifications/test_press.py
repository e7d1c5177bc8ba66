"""Letters set in type by the real Typst."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pypdf
import pypdfium2
import pytest

from gateway.domain.errors import MissingPart
from notifications.letters import Letter, LetterKind, Medium, Window
from notifications.press import TEMPLATES, LetterPress, TemplateBroken
from tests.returns_office import GRANTED, LETTER, REFUSED, pdf_text

LETTERS = {
    LetterKind.RECEIPT_SLIP: LETTER,
    LetterKind.PLAN: LETTER,
    LetterKind.RESULT: replace(LETTER, result=GRANTED),
    LetterKind.REFUSAL: replace(LETTER, result=REFUSED),
    LetterKind.PICKUP_NOTICE: replace(LETTER, place="온누리군청 안전건설과", until="평일 09:00-18:00"),
    LetterKind.FAX_COVER: replace(LETTER, fax_number="063-290-7777"),
}
SHEETS = [
    (kind, replace(letter, medium=medium, fax_number="063-290-7777"))
    for kind, letter in LETTERS.items()
    for medium in Medium
]
RESULT = LETTERS[LetterKind.RESULT]


@pytest.mark.parametrize(("kind", "letter"), SHEETS, ids=[f"{k}-{x.medium}" for k, x in SHEETS])
def test_every_letter_on_every_sheet_names_the_three_answerable_and_the_foot(
    press: LetterPress, kind: LetterKind, letter: Letter
) -> None:
    text = pdf_text(press.compose(kind, letter))
    for part in ("안전건설과", "063-290-2200", "주무관백이랑", "063-290-2210", "도로안전팀장강도윤", "063-290-2201"):
        assert part in text
    if kind is not LetterKind.FAX_COVER:
        for part in (
            "안전건설과-7(2026.11.23.)", "온누리군수", "55999", "군청로100", "www.onnuri.example", "063-290-2109",
            "minwon@onnuri.example", "부분공개(6)", "문서요지", "핵심어", "끝.", "수신", "제목",
        ):  # fmt: skip
            assert part in text


def test_a_refusal_shows_reason_solution_and_remedy(press: LetterPress) -> None:
    text = pdf_text(press.compose(LetterKind.REFUSAL, LETTERS[LetterKind.REFUSAL]))
    for words in (REFUSED.reason, REFUSED.solution, REFUSED.remedy):
        assert "".join(words.split()) in text


def test_the_same_letter_gives_the_same_bytes_from_any_press_and_thread(press: LetterPress) -> None:
    with ThreadPoolExecutor(4) as threads:
        made = list(threads.map(lambda _: press.compose(LetterKind.RESULT, RESULT), range(8)))
    assert {*made, LetterPress().compose(LetterKind.RESULT, RESULT)} == {made[0]}


def test_a_letter_is_archival_and_accessible_and_says_so(press: LetterPress) -> None:
    content = press.compose(LetterKind.RESULT, RESULT)
    reader = pypdf.PdfReader(BytesIO(content))
    root = reader.root_object
    metadata = content[content.index(b"<x:xmpmeta") : content.index(b"</x:xmpmeta>")].decode()  # never compressed
    assert "<pdfaid:part>2</pdfaid:part>" in metadata
    assert "<pdfaid:conformance>B</pdfaid:conformance>" in metadata
    assert "<pdfuaid:part>1</pdfuaid:part>" in metadata
    assert str(root["/Lang"]).startswith("ko")
    assert root["/StructTreeRoot"]
    found = reader.metadata
    assert found is not None
    assert found.creation_date == RESULT.dated_at
    assert found.title == "민원 처리결과 통지 (2026-0000123)"
    box = reader.pages[0].mediabox
    assert (round(box.width), round(box.height)) == (595, 842)  # A4


def test_signs_the_fonts_do_not_hold_are_marked_instead_of_failing_the_letter(press: LetterPress) -> None:
    text = pdf_text(press.compose(LetterKind.PLAN, replace(LETTER, text="웃음 \U0001f600 티베트 \u0f40 끝")))
    assert "웃음〓티베트〓끝" in text


@pytest.mark.parametrize(
    "words",
    [
        '#panic("x")',
        "*굵게* _기울임_ `코드`",
        '"] #read("/etc/passwd")',
        "$x^2$ <표> @참조 // 주석 /* */",
        "= 제목\n- 점",
    ],
)
def test_what_people_write_is_never_read_as_markup(press: LetterPress, words: str) -> None:
    text = pdf_text(press.compose(LetterKind.PLAN, replace(LETTER, text=words, title=words)))
    assert "".join(words.removeprefix("= ").split())[:8] in text


def test_a_letter_for_fax_is_black_on_white_after_its_cover(press: LetterPress) -> None:
    content = press.compose(LetterKind.RESULT, replace(RESULT, medium=Medium.FAX, fax_number="063-290-7777"))
    document = pypdfium2.PdfDocument(content)
    assert len(document) == 2
    for page in document:
        colours = page.render(scale=4, no_smoothtext=True, no_smoothpath=True).to_pil().convert("RGB").getcolors()
        assert colours is not None
        assert {colour for _, colour in colours} <= {(0, 0, 0), (255, 255, 255)}
    assert "2쪽" in pdf_text(content)
    document.close()


def test_the_address_of_a_posted_letter_stands_within_the_envelopes_window(press: LetterPress) -> None:
    long = replace(
        LETTER.to,
        name="주식회사 온누리친환경농업기술연구조합법인 대표이사 남궁온누리별하 외 37개 단체",
        address="전북특별자치도 온누리군 아주긴이름의면 더욱더긴이름의리 산123-45번지 가동 지하 2층 1204호",
    )
    window = Window(left_mm=95, top_mm=45, width_mm=95, height_mm=35)
    content = press.compose(LetterKind.RESULT, replace(RESULT, to=long, medium=Medium.POST, window=window))
    document = pypdfium2.PdfDocument(content)
    page = document[0]
    left, right = (mm / 25.4 * 72 for mm in (window.left_mm, window.left_mm + window.width_mm))
    top, bottom = (842 - mm / 25.4 * 72 for mm in (window.top_mm, window.top_mm + window.height_mm))
    shown = page.get_textpage().get_text_bounded(left=left - 1, right=right + 1, top=top + 1, bottom=bottom - 1)
    shown = "".join(shown.split())
    assert "대표이사남궁온누리별하외37개단체귀하" in shown
    assert "55914" in shown
    assert "온누리군청" not in shown
    document.close()


def test_a_long_letter_runs_over_pages_with_numbers_and_one_foot(press: LetterPress) -> None:
    long = "\n".join(f"{n}. " + "관계 부서와 협의하여 장기 계획에 반영하겠습니다. " * 12 for n in range(1, 60))
    content = press.compose(LetterKind.RESULT, replace(RESULT, result=replace(GRANTED, text=long)))
    pages = len(pypdf.PdfReader(BytesIO(content)).pages)
    text = pdf_text(content)
    assert pages >= 8
    assert f"-{pages}/{pages}-" in text
    assert text.count("상급자") == 1


def test_a_missing_font_folder_names_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(MissingPart) as caught:
        LetterPress(fonts=tmp_path)
    assert "fonts-nanum" in caught.value.remedy


def test_a_template_an_office_broke_is_named(tmp_path: Path) -> None:
    for template in TEMPLATES.glob("*.typ"):
        (tmp_path / template.name).write_text(template.read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "plan.typ").write_text('#import "base.typ": *\n#sheet[#told.nothing', encoding="utf-8")
    with pytest.raises(TemplateBroken, match=r"plan\.typ"):
        LetterPress(templates=tmp_path).compose(LetterKind.PLAN, LETTER)


def test_an_attachment_list_closes_the_document(press: LetterPress) -> None:
    text = pdf_text(press.compose(LetterKind.RESULT, replace(RESULT, attachments=("점검표", "현장 사진"))))
    assert "붙임1.점검표1부.2.현장사진1부.끝." in text
    assert text.count("끝.") == 1


def test_the_offices_seal_is_drawn_when_there_is_one(press: LetterPress) -> None:
    seal = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="80" height="80">'
        '<rect x="4" y="4" width="72" height="72" fill="none" stroke="#c00" stroke-width="6"/></svg>'
    )
    sealed = press.compose(LetterKind.RESULT, replace(RESULT, seal_svg=seal))
    assert "관인생략" not in pdf_text(sealed)
    assert "관인생략" in pdf_text(press.compose(LetterKind.RESULT, RESULT))
