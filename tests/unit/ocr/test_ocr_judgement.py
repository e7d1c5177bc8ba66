"""Reading order, tick boxes cut out of lines, sanity of text layers, doubts."""

from __future__ import annotations

from dataclasses import replace

from gateway.domain.submission import Channel, Contact
from gateway.domain.transcript import Field, FieldName, Line, Page, Source
from ocr.detector import Rect
from ocr.glyphless import font_bytes
from ocr.marks import Mark, split_at_marks
from ocr.order import reading_order
from ocr.pages import sanity
from ocr.quality import doubts, sure_contact
from ocr.recognise import tidy
from ocr.rendition_images import layout
from ocr.rendition_office import share_of
from ocr.rendition_texts import decode, html_to_text

PAGE = Page(1, 1, 595, 842, Source.OCR, (Line("글자가 있는 줄", 0.95),))


def _why(pages: list[Page], *fields: Field, channel: Channel = Channel.FAX, known: Contact | None = None) -> str:
    return " ".join(doubts(pages, fields, troubles={}, known=known or Contact(), channel=channel, return_channel=None))


def test_a_forms_row_stays_together_and_columns_come_one_after_the_other() -> None:
    form = [Rect(100, y, 300, y + 40) for y in range(0, 1200, 100)]
    values = [Rect(1400, y, 1600, y + 40) for y in range(0, 1200, 100)]
    assert reading_order([*form, *values], 2480)[0] == [form[0], values[0]]
    left = [Rect(200, y, 1150, y + 40) for y in range(0, 1200, 100)]
    right = [Rect(1330, y, 2280, y + 40) for y in range(0, 1200, 100)]
    rows = reading_order([*right, *left], 2480)
    assert [row[0] for row in rows] == [*left, *right]


def test_a_line_is_cut_at_its_tick_boxes() -> None:
    line = Rect(100, 0, 900, 60)
    marks = [Mark(Rect(110, 10, 150, 50), ticked=False), Mark(Rect(500, 10, 540, 50), ticked=True)]
    pieces = split_at_marks([line], marks)
    assert [(rect.left, rect.right, sign) for rect, sign in pieces] == [(154, 496, "☐"), (544, 900, "☑")]


def test_broken_encodings_are_no_sound_text() -> None:
    assert sanity("민원인: 김하늘 (010-0000-1234) 「도로법」") > 0.95
    assert sanity("\ue012\ue034\ue0ff\u0003\u0004") < 0.5


def test_look_alikes_and_rules_are_set_right() -> None:
    assert tidy("| 『도로법』 제1조ㆍ제2조 ~") == "「도로법」 제1조·제2조"


def test_a_sure_reading_raises_no_doubt() -> None:
    fields = (Field(FieldName.NAME, "김하늘", 0.95), Field(FieldName.PHONE, "010-0000-1234", 0.9))
    assert _why([PAGE], *fields) == ""
    assert sure_contact(fields) == Contact(name="김하늘", phone="010-0000-1234")


def test_each_reason_to_look_is_told() -> None:
    assert "신뢰도 50%" in _why([replace(PAGE, lines=(Line("흐린 줄", 0.5),))])
    assert "읽지 못한 글자" in _why([replace(PAGE, missed_ink=0.3)])
    assert "성명을 찾지 못했습니다" in _why([PAGE])
    assert "'팩스번호' 값을" in _why([PAGE], Field(FieldName.FAX, "063-290-1234", 0.6))
    told = doubts([], (), troubles={"a.pdf": "손상"}, known=Contact(), channel=Channel.WEB, return_channel=None)
    assert told == ("a.pdf: 손상",)


def test_what_the_channel_knows_needs_no_confirmation() -> None:
    known = Contact(name="김하늘", fax="063-290-1234")
    assert _why([PAGE], Field(FieldName.FAX, "063-290-1239", 0.4), known=known) == ""
    assert _why([PAGE], channel=Channel.EMAIL) == ""


def test_faxes_keep_their_aspect_and_scans_their_size() -> None:
    for height, dpi in ((1146, 98), (2292, 196)):
        page_wide, page_high, wide, high = layout(1728, height, (204, dpi))
        assert (round(page_wide), round(page_high)) == (595, 842)
        assert wide <= 596
        assert high <= 843
        assert abs(wide / high - (1728 / 204) / (height / dpi)) < 0.01
    assert layout(2480, 3508, (300, 300))[0] == 2480 * 72 / 300
    assert round(layout(4000, 3000, (72, 72))[0]) == 842


def test_html_loses_what_runs_and_what_fetches() -> None:
    markup = "<head><title>x</title></head><script>alert(1)</script><p>성명 <b>김하늘</b></p><img src='http://a.example/b'>끝"
    assert html_to_text(markup) == "성명 김하늘\n끝"
    assert html_to_text("<p>열린 <script>안 닫힌") == "열린"


def test_korean_encodings_are_told_apart() -> None:
    text = "안녕하십니까 민원입니다"
    assert {decode(text.encode(e)) for e in ("utf-8", "cp949", "utf-16", "iso2022_kr", "utf-8-sig")} == {text}


def test_a_rendition_that_lost_its_letters_is_noticed() -> None:
    assert share_of("가나다라", "나 다 라 가") == 1.0
    assert share_of("가나다라", "가") == 0.25
    assert share_of("", "") == 1.0


def test_the_invisible_font_is_a_font() -> None:
    font = font_bytes()
    assert font[:4] == b"\0\1\0\0"
    assert len(font) < 600


WORDS = Page(2, 1, 595, 842, Source.PLAIN, (Line("집 앞 가로등이 사흘째 꺼져 있어 신고합니다. 사진을 붙입니다.", 1.0),))
PHOTO = Page(3, 1, 595, 842, Source.OCR, missed_ink=0.6)


def test_a_picture_beside_the_senders_own_words_is_evidence_and_holds_nobody_up() -> None:
    worn = replace(PAGE, lines=(Line("흐린 간판", 0.3),), missed_ink=0.5)
    for channel in (Channel.EMAIL, Channel.WEB):
        assert _why([WORDS, PHOTO, worn], channel=channel) == ""


def test_a_number_on_a_photographed_banner_holds_up_only_who_wrote_nothing() -> None:
    banner = replace(PHOTO, lines=(Line("임대문의 010-0000-7788", 0.9),), missed_ink=0.0)
    on_it = Field(FieldName.PHONE, "010-0000-7788", 0.72, original_id=banner.original_id, page=1)
    assert _why([WORDS, banner], on_it, channel=Channel.EMAIL) == ""
    assert "'전화번호' 값을" in _why([banner], on_it, channel=Channel.EMAIL)
    in_words = replace(on_it, original_id=WORDS.original_id)
    assert "'전화번호' 값을" in _why([WORDS, banner], in_words, channel=Channel.EMAIL)


def test_a_picture_without_words_is_looked_at() -> None:
    signature = replace(WORDS, lines=(Line("나의 iPhone에서 보냄", 1.0),))
    for pages in ([PHOTO], [signature, PHOTO], [replace(WORDS, lines=(), blank=True), PHOTO]):
        assert "글자를 찾지 못했습니다" in _why(pages, channel=Channel.EMAIL)


def test_words_beside_pages_excuse_nothing_on_paper() -> None:
    for channel in (Channel.FAX, Channel.POST):
        assert "글자를 찾지 못했습니다" in _why([WORDS, PHOTO], channel=channel)


def test_a_file_that_cannot_be_opened_counts_beside_any_words() -> None:
    told = doubts(
        [WORDS], (), troubles={"a.pdf": "손상"}, known=Contact(), channel=Channel.WEB, return_channel=None
    )  # fmt: skip
    assert told == ("a.pdf: 손상",)


def test_a_submission_without_any_content_is_looked_at() -> None:
    blank = replace(PAGE, source=Source.NONE, lines=(), blank=True)
    for pages in ([], [blank], [replace(WORDS, lines=(), blank=True)]):
        assert "내용이 없는 민원입니다" in _why(pages, channel=Channel.EMAIL)
    assert "내용이 없는 민원입니다" in _why([blank], channel=Channel.FAX)


def test_a_fax_that_broke_off_is_looked_at_however_well_it_reads() -> None:
    told = doubts([PAGE], (), troubles={}, known=Contact("김하늘", fax="063-290-1234"), channel=Channel.FAX,
                  return_channel=None, cut=True)  # fmt: skip
    assert told == ("팩스가 끝까지 오지 않았을 수 있습니다. 빠진 쪽이 없는지 확인해 주십시오.",)
