"""Small makers that tests share."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from gateway.domain.clocks import ClockName, ClockStart
from gateway.domain.submission import Arrival, ArrivedFile, Channel, Contact, ReturnChannel, Role


class OpenAlways:
    """An office without closing time, for tests in which the calendar does not matter (a `Promises`)."""

    def received_at(self, arrived_at: datetime) -> datetime:
        return arrived_at

    def at_receipt(self, received_at: datetime) -> tuple[ClockStart, ...]:
        return (
            ClockStart(ClockName.C1, "30min", received_at + timedelta(minutes=30)),
            ClockStart(ClockName.C2, "3h", received_at + timedelta(hours=3)),
        )


def arrival(
    key: str = "key-1",
    *,
    channel: Channel = Channel.WEB,
    content: bytes = b"%PDF-1.7 not really",
    name: str = "petition.pdf",
    arrived_at: datetime = datetime(2026, 11, 23, 1, 30, tzinfo=UTC),
    text: str = "",
    title: str = "가로등 고장 신고",
    return_channel: ReturnChannel | None = ReturnChannel.INTERNET,
) -> Arrival:
    """An arrival with one small file."""
    return Arrival(
        channel=channel,
        key=key,
        arrived_at=arrived_at,
        files=(ArrivedFile(name, "application/pdf", Role.ATTACHMENT, content),),
        contact=Contact(name="홍가람", phone="010-0000-1234", email="garam@citizen.example"),
        title=title,
        text=text,
        return_channel=return_channel,
    )
