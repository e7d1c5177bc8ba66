"""The office's charter (`charter.toml`): who it is, when it works, and what it promises.

Guarantees: a loaded charter names everything a letter must carry and has at least the promises C1 and C2. Fails with
`ConfigurationError`, which names the file, the table and the remedy.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from pathlib import Path
from types import MappingProxyType

from dispatch.calendar import OfficeCalendar, OfficeHours
from dispatch.deadlines import BadRule, Rule
from dispatch.tables import Section, read_toml
from gateway.domain.clocks import ClockName
from gateway.domain.errors import ConfigurationError
from gateway.domain.office import OfficeFacts

_FILE = "charter.toml"


@dataclass(frozen=True, slots=True)
class Promise:
    """One promise of the charter.

    Attributes:
        id: `C1`, `C2`, ... as in the charter.
        rule: its limit.
        text: its words, as citizens read them.
    """

    id: str
    rule: Rule
    text: str


@dataclass(frozen=True, slots=True)
class Charter:
    """The office itself.

    Attributes:
        office: what letters say about it.
        domain: its mail domain.
        intake_addresses: mail addresses that take submissions, lower case.
        calendar: when it works.
        promises: by id; C1 and C2 are always there.
        demonstration: this office is invented, and its pages say so instead of claiming to be the government's.
    """

    office: OfficeFacts
    domain: str
    intake_addresses: frozenset[str]
    calendar: OfficeCalendar
    promises: Mapping[str, Promise]
    demonstration: bool = False


def load_charter(folder: Path, *, public_url: str) -> Charter:
    """Read `charter.toml`.

    Args:
        folder: the office's folder.
        public_url: where citizens reach the gateway's pages.

    Raises:
        ConfigurationError: something is missing, misspelt or not of its kind.
    """
    document = read_toml(folder / _FILE)
    unknown = document.keys() - {"office", "hours", "promises"}
    if unknown:
        raise ConfigurationError(f"{_FILE}: unknown: {', '.join(sorted(unknown))}", remedy="correct the spelling")
    section = Section.of(_FILE, document, "office")
    office = OfficeFacts(
        name=section.text("name"),
        authority=section.text("authority"),
        postcode=section.text("postcode"),
        address=section.text("address"),
        homepage=section.text("homepage"),
        phone=section.text("phone"),
        fax=section.text("fax"),
        email=section.text("email"),
        public_url=public_url.rstrip("/"),
        english_name=section.text("english_name", ""),
    )
    domain = section.text("domain").lower()
    addresses = frozenset(address.lower() for address in section.texts("intake_addresses")) or {office.email.lower()}
    demonstration = section.flag("demonstration", default=False)
    section.finish()
    return Charter(
        office=office,
        domain=domain,
        intake_addresses=frozenset(addresses),
        calendar=_calendar(Section.of(_FILE, document, "hours")),
        promises=_promises(document.get("promises", {})),
        demonstration=demonstration,
    )


def _calendar(section: Section) -> OfficeCalendar:
    hours = {
        "opens": section.clock_time("opens", time(9)),
        "closes": section.clock_time("closes", time(18)),
        "lunch_from": section.clock_time("lunch_from", time(12)),
        "lunch_until": section.clock_time("lunch_until", time(13)),
    }
    closures, openings = section.dates("closures"), section.dates("openings")
    section.finish()
    try:
        return OfficeCalendar(OfficeHours(**hours), closures, openings)
    except ValueError as error:
        raise section.fault(str(error), "put the times in order; without a lunch break give one time twice") from None


def _promises(document: Mapping[str, object]) -> Mapping[str, Promise]:
    promises = {}
    for name in document:
        section = Section.of(_FILE, document, name)
        try:
            promises[name] = Promise(name, Rule.parse(section.text("limit")), section.text("text", ""))
        except BadRule as error:
            raise section.fault(error.cause, error.remedy) from None
        section.finish()
    for name in (ClockName.C1, ClockName.C2):
        if name not in promises:
            raise ConfigurationError(
                f"{_FILE}: promise {name} is missing", remedy=f"write [promises.{name}] with a limit"
            )
    return MappingProxyType(promises)
