"""Which way a message goes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.delivery import Purpose, Route
from gateway.domain.submission import Channel, Contact, ReturnChannel
from notifications.addressing import NoAddress, Way, course, email_address, fax_number, way_by

FULL = Contact("홍가람", "010-0000-1234", "063-290-7777", "garam@citizen.example", "온누리읍 새벽길 12", "55914")
MAIL, FAX = Way(Route.EMAIL, "garam@citizen.example"), Way(Route.FAX, "0632907777")
POST = Way(Route.POST, "온누리읍 새벽길 12 (우55914) 홍가람")


@pytest.mark.parametrize(
    ("channel", "stated", "ways", "fallbacks"),
    [
        (Channel.WEB, ReturnChannel.INTERNET, (Way(Route.INTERNET), MAIL), (FAX, POST)),
        (Channel.WEB, ReturnChannel.FAX, (FAX,), (MAIL, POST)),
        (Channel.FAX, ReturnChannel.POST, (POST,), (FAX, MAIL)),
        (Channel.EMAIL, None, (Way(Route.INTERNET), MAIL), (FAX, POST)),
        (Channel.FAX, None, (FAX,), (MAIL, POST)),
        (Channel.POST, None, (POST,), (FAX, MAIL)),
    ],
)
def test_the_choice_or_else_the_way_in_decides(
    channel: Channel, stated: ReturnChannel | None, ways: tuple[Way, ...], fallbacks: tuple[Way, ...]
) -> None:
    for purpose in (Purpose.RESULT, Purpose.PLAN, Purpose.ACKNOWLEDGEMENT):
        found = course(purpose, channel, stated, FULL)
        assert (found.ways, found.fallbacks, found.trouble) == (ways, fallbacks, "")


def test_a_result_for_pickup_lies_at_the_counter_and_its_notice_goes_by_mail() -> None:
    assert course(Purpose.RESULT, Channel.WEB, ReturnChannel.PICKUP, FULL).ways == (Way(Route.PICKUP),)
    assert course(Purpose.PICKUP_NOTICE, Channel.WEB, ReturnChannel.PICKUP, FULL).ways == (MAIL,)


def test_someone_who_collects_and_has_neither_mail_nor_address_is_called() -> None:
    found = course(Purpose.PICKUP_NOTICE, Channel.POST, ReturnChannel.PICKUP, Contact("홍가람", phone="010-0000-1234"))
    assert found.ways == (Way(Route.PICKUP, "010-0000-1234"),)


def test_a_missing_address_falls_to_the_next_way_and_says_so() -> None:
    found = course(Purpose.RESULT, Channel.FAX, None, Contact("홍가람", email="garam@citizen.example"))
    assert found.ways == (MAIL,)
    assert "팩스 번호" in found.trouble


def test_with_no_address_at_all_the_way_stands_without_one_for_the_tray() -> None:
    for channel, stated, route in (
        (Channel.FAX, None, Route.FAX),
        (Channel.POST, None, Route.POST),
        (Channel.POST, ReturnChannel.PICKUP, Route.POST),
    ):
        found = course(Purpose.PLAN, channel, stated, Contact())
        assert found.ways == (Way(route),)
        assert found.trouble


def test_a_citizen_of_the_web_page_without_mail_reads_the_page() -> None:
    found = course(Purpose.RESULT, Channel.WEB, ReturnChannel.INTERNET, Contact("홍가람"))
    assert (found.ways, found.trouble) == ((Way(Route.INTERNET),), "")


@given(st.text(max_size=80))
def test_whatever_is_written_an_address_has_one_at_sign_and_no_line_break(written: str) -> None:
    for found in (email_address(written), email_address(f"{written}@x.example")):
        assert found == "" or (found.count("@") == 1 and not set(found) & set("\r\n ,;<>"))
    assert fax_number(written).lstrip("+").isdigit() or fax_number(written) == ""


def test_a_way_picked_by_hand_needs_its_address() -> None:
    assert way_by(Route.FAX, FULL) == FAX
    with pytest.raises(NoAddress):
        way_by(Route.EMAIL, Contact("홍가람"))
