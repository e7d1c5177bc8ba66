"""A raw mail into sender, subject, text and files."""

from __future__ import annotations

import base64
import unicodedata
from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.limits import MailBounds
from channels.mime import Kind, Mail, understand

BOUNDS = MailBounds()


def read(raw: bytes | EmailMessage, bounds: MailBounds = BOUNDS) -> Mail:
    return understand(raw.as_bytes() if isinstance(raw, EmailMessage) else raw, bounds)


def letter(text: str = "가로등이 꺼졌습니다.") -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = "홍가람 <garam@citizen.example>"
    mail["To"] = "minwon@onnuri.example"
    mail["Subject"] = "가로등 고장 신고"
    mail.set_content(text)
    return mail


def names(mail: Mail) -> list[str]:
    return [file.name for file in mail.files]


def test_a_plain_letter() -> None:
    mail = read(letter())
    assert (mail.sender.name, mail.sender.email) == ("홍가람", "garam@citizen.example")
    assert (mail.subject, mail.text, mail.files, mail.notes) == ("가로등 고장 신고", "가로등이 꺼졌습니다.", (), ())


@pytest.mark.parametrize("raw", [b"", b"\r\n", b"\r\n\r\n", b"\x00" * 50, b"no header at all", b"From: <"])
def test_a_mail_that_is_hardly_one_is_still_understood_as_far_as_it_goes(raw: bytes) -> None:
    mail = read(raw)
    assert mail.files == ()
    assert mail.notes == ()


def test_a_mail_of_an_old_korean_program() -> None:
    body = base64.b64encode("도로가 파였습니다.\r\n".encode("cp949"))
    raw = (
        b"From: " + "홍가람".encode("euc-kr") + b" <garam@citizen.example>\r\n"
        b"Subject: " + "도로 파손".encode("euc-kr") + b"\r\n"
        b'Content-Type: text/plain; charset="ks_c_5601-1987"\r\nContent-Transfer-Encoding: base64\r\n\r\n' + body
    )
    mail = read(raw)
    assert (mail.sender.name, mail.subject, mail.text) == ("홍가람", "도로 파손", "도로가 파였습니다.")


def test_attachments_named_in_euc_kr_and_in_mac_letters_and_twice_the_same() -> None:
    decomposed = unicodedata.normalize("NFD", "사진.jpg").encode()
    raw = (
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
        b'--b\r\nContent-Type: application/octet-stream; name="' + "신청서.hwp".encode("euc-kr") + b'"\r\n\r\none\r\n'
        b'--b\r\nContent-Disposition: attachment; filename="' + decomposed + b'"\r\n\r\ntwo\r\n'
        b'--b\r\nContent-Disposition: attachment; filename="' + decomposed + b'"\r\n\r\nthree\r\n--b--\r\n'
    )
    mail = read(raw)
    assert names(mail) == ["신청서.hwp", "사진.jpg", "사진.jpg"]
    assert [file.content for file in mail.files] == [b"one", b"two", b"three"]


def test_the_plain_version_is_preferred_unless_it_says_nothing() -> None:
    both = letter("보통 글")
    both.add_alternative("<p>꾸민 글</p>", subtype="html")
    empty = letter(" \n")
    empty.add_alternative("<p>꾸민 글<br>둘째 줄</p><style>p{}</style>", subtype="html")
    assert read(both).text == "보통 글"
    assert read(empty).text == "꾸민 글\n둘째 줄"


def test_html_becomes_text_without_scripts_and_comments_and_with_the_addresses_of_links() -> None:
    html = (
        "<html><head><title>x</title></head><body><!-- hidden --><h1>제목</h1><p>안녕&nbsp;하세요 &amp; 반갑</p>"
        "<script>alert(1)</script><ul><li>하나<li>둘</ul><a href='https://onnuri.example/a'>여기</a></body>"
    )
    mail = EmailMessage()
    mail.set_content(html, subtype="html")
    assert read(mail).text == "제목\n\n안녕 하세요 & 반갑\n\n- 하나\n- 둘\n\n여기 <https://onnuri.example/a>"


def test_a_photo_within_the_text_is_kept_as_a_file() -> None:
    mail = letter()
    mail.add_alternative('<img src="cid:photo@x">', subtype="html")
    html = mail.get_payload()[1]  # type: ignore[index]
    html.add_related(b"\xff\xd8\xff", "image", "jpeg", cid="<photo@x>", filename="pothole.jpg")  # type: ignore[union-attr]
    (photo,) = read(mail).files
    assert (photo.name, photo.kind, photo.content_id) == ("pothole.jpg", Kind.INLINE, "photo@x")
    assert photo.content == b"\xff\xd8\xff"


def test_an_enclosed_mail_gives_its_text_and_its_files() -> None:
    inner = letter("안쪽 글")
    inner.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="지도.pdf")
    outer = letter("전달합니다.")
    outer.add_attachment(inner)
    mail = read(outer)
    assert mail.text == "전달합니다."
    assert names(mail) == ["가로등 고장 신고.txt", "지도.pdf"]
    assert mail.files[0].kind is Kind.MESSAGE
    assert mail.files[0].content.decode().endswith("\n\n안쪽 글")


HELLO, FILE = b"\r\n\r\nhello\r\n", b"\r\nContent-Type: a/b; name=f\r\n\r\nfile\r\n"


@pytest.mark.parametrize(
    ("declared", "body"),
    [
        (b"multipart/mixed", b"--x" + HELLO + b"--x" + FILE + b"--x--"),
        (b'multipart/mixed; boundary="wrong"', b"--x" + HELLO + b"--x" + FILE + b"--x--"),
        (b"multipart/mixed; boundary=x", b"--x\n\nhello\n--x\nContent-Type: a/b; name=f\n\nfile"),
        (b"multipart/mixed; boundary=x", b"--x" + HELLO + b"--x  " + FILE + b"--x--"),
        (b"multipart/mixed; boundary=x", b"preamble\r\n--x" + HELLO + b"--x" + FILE + b"--x--\r\nend"),
    ],
)
def test_multiparts_with_missing_wrong_or_odd_boundaries(declared: bytes, body: bytes) -> None:
    mail = read(b"Content-Type: " + declared + b"\r\n\r\n" + body)
    assert mail.text == "hello"
    assert [(file.name, file.content) for file in mail.files] == [("f", b"file")]


def test_a_multipart_without_any_parts_is_shown_as_text() -> None:
    assert read(b"Content-Type: multipart/mixed; boundary=x\r\n\r\njust words").text == "just words"


def test_junk_between_headers_and_an_mbox_line_do_not_hide_the_subject() -> None:
    raw = b"From someone Mon Nov 23 2026\nReceived: x\nthis is junk\nand more\nSubject: found\nbody: no\n\ntext"
    mail = read(raw)
    assert (mail.subject, mail.text) == ("found", "text")


def test_bounds_stop_the_unfolding_with_a_note() -> None:
    part = b"--b\r\nContent-Disposition: attachment; filename=f\r\n\r\n" + b"x" * 100 + b"\r\n"
    many = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + part * 50 + b"--b--"
    few = read(many, MailBounds(parts=10))
    small = read(many, MailBounds(decoded_bytes=250))
    assert (len(few.files), len(few.notes)) == (9, 1)
    assert (len(small.files), small.notes[0][:6]) == (2, "a file")
    deep = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(500))
    assert any("levels" in note for note in read(deep + b"\r\nbottom").notes)


def test_a_mail_within_a_mail_within_a_mail_stops_somewhere() -> None:
    raw = b"Content-Type: message/rfc822\r\n\r\n" * 2000 + b"Subject: bottom\r\n\r\ntext"
    assert any("levels" in note for note in read(raw).notes)


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("base64", b"aGVs\r\nbG8"),
        ("BASE64", b"aGVsbG8===="),
        ("base64", b"aGVs*bG8=\r\n-- \r\n"),
        ("quoted-printable", b"hel=\r\nlo"),
        ("x-uuencode", b"begin 644 f\n%:&5L;&\\ \n`\nend\n"),
        ("unheard-of", b"hello"),
        ("8bit", b"hello"),
    ],
)
def test_transfer_encodings_are_undone_as_far_as_they_go(encoding: str, body: bytes) -> None:
    raw = f"Content-Transfer-Encoding: {encoding}\r\nContent-Type: a/b; name=f\r\n\r\n".encode() + body
    assert read(raw).files[0].content[:5] == b"hello"


def test_names_lose_their_path_and_keep_their_ending_when_cut() -> None:
    raw = b'Content-Type: a/b; name="..\\\\..\\\\etc/' + b"n" * 500 + b'.pdf"\r\n\r\nx'
    (name,) = names(read(raw))
    assert len(name) == BOUNDS.name_chars
    assert name.endswith("n.pdf")
    assert "/" not in name


def test_what_tells_a_machine_is_kept() -> None:
    raw = b"Auto-Submitted: auto-replied\r\nPrecedence: bulk\r\nList-Id: <x>\r\nX-Other: y\r\n\r\n"
    assert dict(read(raw).machine) == {"auto-submitted": "auto-replied", "precedence": "bulk", "list-id": "<x>"}


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.binary(max_size=60),
            st.sampled_from(
                [
                    b"Content-Type: multipart/mixed; boundary=b\r\n", b"Content-Type: message/rfc822\r\n", b"--b\r\n",
                    b"--b--\r\n", b"\r\n", b"\n", b"Content-Type: text/html; charset=euc-kr\r\n", b"<p>&#x", b"=?b?q?",
                    b"Content-Transfer-Encoding: base64\r\n", b"Content-Disposition: attachment; filename*0*=",
                    b'Content-Type: multipart/alternative; boundary="b', b'From: "', b"Subject: =?euc-kr?B?",
                ]
            ),
        ),
        max_size=25,
    )
)  # fmt: skip
def test_no_bytes_make_a_mail_fail(pieces: list[bytes]) -> None:
    mail = read(b"".join(pieces))
    assert all(file.name for file in mail.files)
