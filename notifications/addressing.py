"""Which way a message goes to the citizen, and what it falls back to.

Guarantees: pure; the method the citizen chose comes first (C2, C3), a submission without a stated choice is answered
the way it came; a way is named only with an address it can work with. When none is possible the course says why, and
the message waits in the outgoing tray for a person.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from gateway.domain.delivery import Purpose, Route
from gateway.domain.errors import PermanentError
from gateway.domain.submission import Channel, Contact, ReturnChannel
from gateway.domain.telephone import NotDialable, dialable

# One address, no header or address-list tricks (RFC 5321 §4.1.2 without quoted strings; non-ASCII by RFC 6531).
_EMAIL = re.compile(r"[^\s@<>()\[\],;:\\\"]{1,64}@[^\s@<>()\[\],;:\\\"]+\.[^\s@<>()\[\],;:\\\"]{2,}")
_LONGEST_EMAIL = 254

_BY_CHANNEL = {
    Channel.EMAIL: ReturnChannel.INTERNET,
    Channel.WEB: ReturnChannel.INTERNET,
    Channel.FAX: ReturnChannel.FAX,
    Channel.POST: ReturnChannel.POST,
}
# How someone who chose this is told things; what lies at the counter is announced by e-mail first.
_ROUTES = {
    ReturnChannel.INTERNET: Route.EMAIL,
    ReturnChannel.FAX: Route.FAX,
    ReturnChannel.POST: Route.POST,
    ReturnChannel.PICKUP: Route.EMAIL,
}
_RESULTS = frozenset({Purpose.RESULT, Purpose.REFUSAL})
# Policy: what fails falls to the next of these that has an address.
_FALLBACKS = (Route.FAX, Route.EMAIL, Route.POST)


class NoAddress(PermanentError):
    """There is no address for this way of reply."""

    code = "no_address"
    text_ko = "이 회신 방법에 필요한 연락처가 없습니다."


@dataclass(frozen=True, slots=True)
class Way:
    """One route with the address it goes to.

    Attributes:
        route: by which way.
        address: mail address, digits of a fax number, `name, address (postcode)`, a phone number for a pickup notice
            by telephone; empty for the page and for the counter.
    """

    route: Route
    address: str = ""


@dataclass(frozen=True, slots=True)
class Course:
    """How one message goes out.

    Attributes:
        ways: all of them are used; one by e-mail, fax or post without an address waits in the outgoing tray.
        fallbacks: in order, one after another, when a way of `ways` fails for good.
        chosen: the return channel that counts, stated or taken from the way in.
        trouble: why `ways` is not what was chosen, or lacks an address; in Korean words for the ledger.
    """

    ways: tuple[Way, ...]
    fallbacks: tuple[Way, ...] = ()
    chosen: ReturnChannel = ReturnChannel.INTERNET
    trouble: str = ""


def email_address(written: str) -> str:
    """A usable mail address, or nothing."""
    written = written.strip()
    return written if len(written) <= _LONGEST_EMAIL and _EMAIL.fullmatch(written) else ""


def fax_number(written: str) -> str:
    """Digits to dial, or nothing."""
    try:
        return dialable(written) if written.strip() else ""
    except NotDialable:
        return ""


def postal_address(contact: Contact) -> str:
    """Name, address and postcode in one line, or nothing without an address."""
    if not contact.address.strip():
        return ""
    code = f" (우{contact.postcode.strip()})" if contact.postcode.strip() else ""
    return f"{contact.address.strip()}{code} {contact.name.strip() or '민원인'}"


def effective(channel: Channel, stated: ReturnChannel | None) -> ReturnChannel:
    """The return channel that counts: the stated one, else the way it came in."""
    return stated or _BY_CHANNEL[channel]


def course(purpose: Purpose, channel: Channel, stated: ReturnChannel | None, contact: Contact) -> Course:
    """Ways and fallbacks for one message to the citizen.

    A result for pickup lies at the counter and is announced by a pickup notice of its own; every other message to a
    citizen who chose pickup goes by mail, letter or telephone.
    """
    chosen = effective(channel, stated)
    known = _known(contact)
    if chosen is ReturnChannel.PICKUP and purpose in _RESULTS:
        return Course((Way(Route.PICKUP),), chosen=chosen)
    wanted = _ROUTES[chosen]
    page = (Way(Route.INTERNET),) if chosen is ReturnChannel.INTERNET else ()
    rest = tuple(known[r] for r in _FALLBACKS if r in known and r is not wanted)
    if wanted in known:
        return Course((*page, known[wanted]), rest, chosen)
    if page:  # the page is a way of its own: whoever chose internet holds number and code
        return Course(page, (), chosen) if channel is Channel.WEB else _instead(chosen, rest, page)
    if chosen is ReturnChannel.PICKUP:
        post = tuple(way for way in rest if way.route is Route.POST)
        if not post and contact.phone.strip():
            return Course((Way(Route.PICKUP, contact.phone.strip()),), (), chosen, "전화로 알려 드려야 합니다.")
        rest = post or rest
    return _instead(chosen, rest, page)


def way_by(route: Route, contact: Contact) -> Way:
    """One way a person picked by hand.

    Raises:
        NoAddress: the contact has nothing for it.
    """
    if route in {Route.INTERNET, Route.PICKUP}:
        return Way(route)
    try:
        return _known(contact)[route]
    except KeyError:
        raise NoAddress(f"no address for {route}") from None


def _instead(chosen: ReturnChannel, rest: tuple[Way, ...], page: tuple[Way, ...]) -> Course:
    missing = {
        ReturnChannel.INTERNET: "전자우편 주소",
        ReturnChannel.FAX: "팩스 번호",
        ReturnChannel.POST: "우편 주소",
        ReturnChannel.PICKUP: "연락처",
    }[chosen]
    if rest:
        return Course((*page, rest[0]), rest[1:], chosen, f"{missing}가 없어 다른 방법으로 보냅니다.")
    unknown = Way(Route.POST if chosen is ReturnChannel.PICKUP else _ROUTES[chosen])
    return Course((*page, unknown), (), chosen, f"{missing}를 알 수 없습니다. 민원인의 연락처를 확인해 주십시오.")


def _known(contact: Contact) -> dict[Route, Way]:
    addresses = {
        Route.FAX: fax_number(contact.fax),
        Route.EMAIL: email_address(contact.email),
        Route.POST: postal_address(contact),
    }
    return {route: Way(route, address) for route, address in addresses.items() if address}
