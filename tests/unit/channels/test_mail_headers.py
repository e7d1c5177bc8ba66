"""Header fields as they really come."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.mail_headers import Address, address, addresses, parameters, text


def word(content: str, codec: str, label: str) -> bytes:
    return f"=?{label}?B?{base64.b64encode(content.encode(codec)).decode()}?=".encode()


@pytest.mark.parametrize(
    ("raw", "read"),
    [
        (word("도로 파손 신고", "cp949", "ks_c_5601-1987"), "도로 파손 신고"),
        (word("도로 파손", "utf-8", "UTF-8") + b"\r\n " + word(" 신고", "utf-8", "utf-8"), "도로 파손 신고"),
        ("도로 파손 신고".encode("euc-kr"), "도로 파손 신고"),
        ("도로 파손 신고".encode(), "도로 파손 신고"),
        (b"=?utf-8?q?=EB=8F=84=EB=A1=9C?= repair", "도로 repair"),
        (b"=?utf-8?B?64+E66Gc?", "도로"),  # end missing
        (b"=?utf-8?B?64+E66G", "도\ufffd"),  # cut inside a letter
        (b"Re:=?EUC-KR?B?tbW3zg==?=!", "Re:도로!"),  # no blanks around
        (b"=?utf-8*ko?B?64+E66Gc?=", "도로"),  # language tag, RFC 2231 §5
        (b"=?utf-8?Q?two words?=", "two words"),  # blanks inside
        (b"=?nonsense?B?!!!?=", ""),
        (b"50% = half? =?", "50% = half? =?"),
    ],
)
def test_a_subject_is_read(raw: bytes, read: str) -> None:
    assert text(raw) == read


def test_words_split_inside_a_letter_are_joined_before_decoding() -> None:
    whole = "수수료".encode("euc-kr")
    pieces = [base64.b64encode(part).decode() for part in (whole[:3], whole[3:])]
    assert text(" ".join(f"=?euc-kr?B?{piece}?=" for piece in pieces).encode()) == "수수료"


@pytest.mark.parametrize(
    ("raw", "name", "email"),
    [
        (b"garam@citizen.example", "", "garam@citizen.example"),
        (b"<garam@citizen.example>", "", "garam@citizen.example"),
        (b'"Hong, Garam" <garam@citizen.example>', "Hong, Garam", "garam@citizen.example"),
        (b"garam@citizen.example (Hong Garam)", "Hong Garam", "garam@citizen.example"),
        (word("홍가람", "cp949", "ks_c_5601-1987") + b" <garam@citizen.example>", "홍가람", "garam@citizen.example"),
        (b'"' + word("홍가람", "utf-8", "utf-8") + b'" <g@c.example>', "홍가람", "g@c.example"),
        ("홍가람".encode("euc-kr") + b" <g@c.example>", "홍가람", "g@c.example"),
        (b'"a@b.example" <real@c.example>', "a@b.example", "real@c.example"),
        (b'"unclosed <real@c.example>', "unclosed", "real@c.example"),
        (b"Only A Name", "Only A Name", ""),
        (b"MAILER-DAEMON (Mail Delivery System)", "Mail Delivery System", ""),
        (b"", "", ""),
    ],
)
def test_a_sender_is_read(raw: bytes, name: str, email: str) -> None:
    assert address(raw) == Address(name, email)


def test_several_addresses_keep_their_order() -> None:
    found = addresses(b'"One, A" <a@x.example>, b@x.example; =?utf-8?Q?C=2C_D?= <c@x.example>')
    assert [one.email for one in found] == ["a@x.example", "b@x.example", "c@x.example"]
    assert found[2].name == "C, D"


@pytest.mark.parametrize(
    "field",
    [
        b"filename*=UTF-8''%EC%8B%A0%EC%B2%AD%EC%84%9C.hwp",
        b"filename*0*=UTF-8''%EC%8B%A0; filename*1*=%EC%B2%AD%EC%84; filename*2*=%9C.hwp",
        b"filename*1=.hwp; filename*0*=UTF-8''%EC%8B%A0%EC%B2%AD%EC%84%9C",
        b"filename*=euc-kr''%BD%C5%C3%BB%BC%AD.hwp",
        b'filename="=?utf-8?B?7Iug7LKt7IScLmh3cA==?="',
        b"filename==?utf-8?B?7Iug7LKt7IScLmh3cA==?=",
        b'filename="' + "신청서.hwp".encode("euc-kr") + b'"',
        b'filename="' + "신청서.hwp".encode() + b'"',
        b'filename="' + "신청서.hwp".encode(),  # quote never closed
        b'filename="%EC%8B%A0%EC%B2%AD%EC%84%9C.hwp"',
        b"filename=plain.hwp; filename*=UTF-8''%EC%8B%A0%EC%B2%AD%EC%84%9C.hwp",
    ],
)
def test_a_korean_file_name_is_read_in_every_way_it_is_written(field: bytes) -> None:
    assert parameters(b"attachment; " + field) == ("attachment", {"filename": "신청서.hwp"})


def test_semicolons_and_quotes_inside_a_name_stay() -> None:
    assert parameters(rb'application/PDF; name="a;b \"c\".pdf"; charset=utf-8') == (
        "application/pdf",
        {"name": 'a;b "c".pdf', "charset": "utf-8"},
    )


@given(st.binary(max_size=400))
def test_no_bytes_make_a_header_fail(raw: bytes) -> None:
    text(raw)
    addresses(raw)
    parameters(raw)


@pytest.mark.timeout(20)
@pytest.mark.parametrize("piece", [b"=?", b'"\\', b"(", b";a*0*=", b"=?a?B?", b"<", b"@", b';a="\\'])
def test_a_header_made_to_be_slow_is_not(piece: bytes) -> None:
    raw = piece * 100_000
    text(raw)
    addresses(raw)
    parameters(raw)
