"""Fields from lines of text, with and without places."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.domain.transcript import Box, Field, FieldName, Line, Page, Source
from ocr.fields import OwnContacts, find_fields
from ocr.reader import plain_page

OWN = OwnContacts(
    phones=frozenset({"063-290-2000", "0632902109"}),
    emails=frozenset({"minwon@onnuri.example"}),
    addresses=frozenset({"군청로 100"}),
)


def _values(text: str) -> dict[str, str]:
    return {f.name.value: f.value for f in find_fields([plain_page(text)], OWN)}


def _page(*cells: tuple[str, float, float, float]) -> Page:
    """Cells of a form: text, left, top, confidence."""
    lines = tuple(
        Line(text, confidence, Box(left, top, min(1.0, left + 0.02 * len(text)), top + 0.015))
        for text, left, top, confidence in cells
    )
    return Page(7, 1, 595, 842, Source.OCR, lines)


def _one(page: Page, name: FieldName) -> Field:
    return next(f for f in find_fields([page], OWN) if f.name is name)


def test_a_typed_form_gives_all_its_fields() -> None:
    assert _values(
        "제목 : 소음 민원\n성   명: 김동인 (인)\n주민등록번호: 850314-1234567\n"
        "Tel. (063) 290-1234 / FAX 063.290.1235\n주소 (우)55999 전북 온누리군 새빛읍 솔밭길 8\n"
        "처리결과 통지방법: [ ] 우편  [√] 전자우편  [ ] 방문\n이메일 Foo@Mail.example\n2026. 11. 20.\n"
    ) == {
        "name": "김동인", "birth_date": "1985-03-14", "resident_number": "850314-1******", "phone": "063-290-1234",
        "fax": "063-290-1235", "email": "foo@mail.example", "address": "전북 온누리군 새빛읍 솔밭길 8",
        "postcode": "55999", "title": "소음 민원", "return_channel": "internet", "date": "2026-11-20",
    }  # fmt: skip


def test_a_letter_gives_its_writer_by_the_sign_off() -> None:
    found = _values(
        "안녕하세요. 저는 새빛읍에 사는 이도윤입니다.\n도로가 파였습니다. 답변은 우편으로 보내 주세요.\n"
        "전북특별자치도 온누리군 새빛읍 들꽃로 3\n이도윤 드림\n010-0000-1234\na.b@mail.example"
    )
    assert found["name"] == "이도윤"
    assert found["return_channel"] == "post"
    assert found["address"].endswith("들꽃로 3")
    assert (found["phone"], found["email"]) == ("010-0000-1234", "a.b@mail.example")


def test_the_offices_own_numbers_are_nobodys() -> None:
    text = (
        "온누리군청 군청로 100\n전화 063-290-2000 팩스 063-290-2109\nminwon@onnuri.example\n주소: 온누리군 군청로 100"
    )
    assert _values(text) == {}


def test_a_label_without_a_value_looks_on_the_next_line() -> None:
    assert _values("성명\n박서준\n연락처\n010-0000-7777") == {"name": "박서준", "phone": "010-0000-7777"}


def test_a_cells_value_stands_to_its_right_and_keeps_its_place_and_confidence() -> None:
    page = _page(
        ("성명", 0.1, 0.2, 0.95), ("김하늘", 0.3, 0.2, 0.91), ("연락처", 0.1, 0.24, 0.9), ("이두리", 0.3, 0.3, 0.9)
    )
    name = _one(page, FieldName.NAME)
    assert (name.value, name.confidence, name.original_id, name.page) == ("김하늘", 0.91, 7, 1)
    assert name.box == page.lines[1].box
    assert FieldName.PHONE not in {f.name for f in find_fields([page])}


def test_a_value_may_stand_below_its_label() -> None:
    page = _page(
        ("성명", 0.1, 0.2, 0.95),
        ("연락처", 0.5, 0.2, 0.9),
        ("김하늘", 0.1, 0.22, 0.9),
        ("010-0000-1111", 0.5, 0.22, 0.9),
    )
    assert _one(page, FieldName.NAME).value == "김하늘"
    assert _one(page, FieldName.PHONE).value == "010-0000-1111"


def test_the_ticked_option_counts_and_two_ticks_are_doubtful() -> None:
    one = _page(
        ("회신방법", 0.1, 0.5, 0.9),
        ("☐ 인터넷", 0.3, 0.5, 0.9),
        ("☑ 우편", 0.5, 0.5, 0.9),
        ("☐ 방문수령", 0.7, 0.5, 0.9),
    )
    assert _one(one, FieldName.RETURN_CHANNEL).value == "post"
    two = _page(("회신방법", 0.1, 0.5, 0.9), ("☑ 팩스", 0.3, 0.5, 0.9), ("☑ 우편", 0.5, 0.5, 0.9))
    assert _one(two, FieldName.RETURN_CHANNEL).confidence < 0.8
    none = _page(("회신방법", 0.1, 0.5, 0.9), ("☐ 팩스", 0.3, 0.5, 0.9), ("☐ 우편", 0.5, 0.5, 0.9))
    assert not find_fields([none])


def test_a_fax_machines_head_line_and_another_cells_number_are_no_phone() -> None:
    page = _page(("FROM : 063-000-4417", 0.05, 0.01, 0.9), ("팩스", 0.1, 0.3, 0.9), ("063-000-4417", 0.3, 0.3, 0.9))
    assert [(f.name, f.value) for f in find_fields([page])] == [(FieldName.FAX, "063-000-4417")]


def test_a_letters_heading_is_its_title_when_none_is_labelled() -> None:
    head = "수신: 온누리군수\n자동차세 이중 과세에 관한 문의\n지난 8월에 차를 팔았는데 세금이 나와 문의"
    assert _values(head)["title"] == "자동차세 이중 과세에 관한 문의"
    assert _values("민원신청\n제목: 소음 신고\n밤마다 시끄러워 신고합니다")["title"] == "소음 신고"


def test_a_word_that_only_begins_like_a_label_is_none() -> None:
    assert _values("주소지 변경 신청에 대하여\n전화기가 고장입니다") == {}


def test_a_labelled_value_outranks_a_number_in_the_text() -> None:
    assert _values("공사 업체 063-290-9999에 물었습니다.\n연락처: 010-0000-2222")["phone"] == "010-0000-2222"


@given(st.lists(st.text(max_size=60), max_size=12))
@settings(deadline=None)
def test_any_lines_give_fields_of_their_own_page(texts: list[str]) -> None:
    page = plain_page("\n".join(texts))
    assert all(0 <= f.confidence <= 1 and f.value for f in find_fields([page]))
