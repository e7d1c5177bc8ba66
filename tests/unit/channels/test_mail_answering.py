"""When a machine may answer (RFC 3834)."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from channels.mail_answering import related, why_not

OWN = ("minwon@onnuri.example",)


def silent(
    mail_from: str = "garam@citizen.example",
    sender: str = "garam@citizen.example",
    machine: Mapping[str, str] | None = None,
    media_type: str = "text/plain",
) -> str:
    return why_not(mail_from=mail_from, sender=sender, machine=machine or {}, media_type=media_type, own=OWN)


@pytest.mark.parametrize(
    "machine", [{}, {"auto-submitted": "no"}, {"precedence": "first-class"}, {"return-path": "<a>"}]
)
def test_a_person_is_answered(machine: Mapping[str, str]) -> None:
    assert silent(machine=machine) == ""


@pytest.mark.parametrize(
    "machine",
    [
        {"auto-submitted": "auto-replied"},
        {"auto-submitted": "Auto-Generated; owner=x"},
        {"precedence": "Bulk"},
        {"precedence": "list"},
        {"precedence": "junk"},
        {"list-id": "<news.example>"},
        {"list-unsubscribe": "<mailto:x@y.example>"},
        {"x-auto-response-suppress": "DR, AutoReply"},
        {"x-auto-response-suppress": "All"},
        {"x-autoreply": "yes"},
        {"x-loop": "minwon@onnuri.example"},
        {"feedback-id": "1:mailer"},
    ],
)
def test_a_machine_or_a_list_is_not_answered(machine: Mapping[str, str]) -> None:
    assert silent(machine=machine)


@pytest.mark.parametrize(
    "address",
    [
        "", "<>", "noreply@citizen.example", "no-reply@x.example", "do_not_reply@x.example", "MAILER-DAEMON@x.example",
        "mailer-daemon", "postmaster@x.example", "bounces+12=garam@x.example", "list-request@x.example",
        "owner-list@x.example", "MINWON@onnuri.example", "news-noreply@x.example",
    ],
)  # fmt: skip
def test_addresses_behind_which_nobody_sits_are_not_answered(address: str) -> None:
    assert silent(mail_from=address, sender=address)


@pytest.mark.parametrize("address", ["replyson@x.example", "norepo@x.example", "bouncer.kim@x.example"])
def test_people_with_similar_names_are(address: str) -> None:
    assert silent(mail_from=address, sender=address) == ""


def test_reports_are_not_answered() -> None:
    assert silent(media_type="multipart/report")


def test_what_belongs_together() -> None:
    assert related("a@citizen.example", "b@CITIZEN.example")
    assert related("a@mail.citizen.example", "b@citizen.example")
    assert not related("a@citizen.example", "b@other.example")
    assert not related("", "")
