"""Units, staff and kinds of one office, read from a folder of files into objects that never change.

Guarantees: every superior, deputy and unit named exists, nobody is his own superior through others, every handler can
sign (C6: unit, handler and superior with their phones), the triage desk has a handler. Fails with
`ConfigurationError`, which names file, line and remedy; on an unknown code with `NotFound`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from dispatch.charter import Charter, load_charter
from dispatch.kinds import Kind, load_kinds
from dispatch.rules import RouteRules, load_rules
from dispatch.tables import Line, by_key, read_csv
from gateway.domain.errors import IncompleteDocument, NotFound
from gateway.domain.office import OfficeFacts
from gateway.domain.people import Person, Signers, StaffRole, Unit

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Absence:
    """A stay away from work beside those in `staff.csv`.

    Attributes:
        person_id: who is away.
        away_from: since when.
        away_until: until when, exclusive; None while it is not known.
        deputy_id: who acts instead; empty for the deputy of `staff.csv`.
    """

    person_id: str
    away_from: datetime
    away_until: datetime | None = None
    deputy_id: str = ""

    def covers(self, person_id: str, moment: datetime) -> bool:
        """Whether this person is away at `moment` by this absence."""
        return (
            person_id == self.person_id
            and self.away_from <= moment
            and (self.away_until is None or moment < self.away_until)
        )


@dataclass(frozen=True, slots=True)
class Directory:
    """One office: its charter, units, people, kinds and routing rules, each by code in the files' order."""

    charter: Charter
    units: Mapping[str, Unit]
    people: Mapping[str, Person]
    kinds: Mapping[str, Kind]
    rules: RouteRules

    @property
    def office(self) -> OfficeFacts:
        """The office's own facts, for letters and pages."""
        return self.charter.office

    def unit(self, code: str) -> Unit:
        """One unit.

        Raises:
            NotFound: there is none of this code.
        """
        return _found(self.units, code, "unit")

    def person(self, person_id: str) -> Person:
        """One member of staff.

        Raises:
            NotFound: there is none of this id.
        """
        return _found(self.people, person_id, "member of staff")

    def kind(self, code: str) -> Kind:
        """One kind of petition.

        Raises:
            NotFound: there is none of this code.
        """
        return _found(self.kinds, code, "kind of petition")

    def staff_of(self, unit_code: str) -> tuple[Person, ...]:
        """Everyone of a unit."""
        return tuple(person for person in self.people.values() if person.unit_code == unit_code)

    def handlers_of(self, unit_code: str) -> tuple[Person, ...]:
        """Those of a unit who handle cases, superiors last."""
        handlers = [person for person in self.staff_of(unit_code) if StaffRole.HANDLER in person.roles]
        return tuple(sorted(handlers, key=lambda person: StaffRole.SUPERIOR in person.roles))

    def superior_of(self, person_id: str) -> Person | None:
        """Whose superior it is (상급자); None for the head of the office."""
        superior_id = self.person(person_id).superior_id
        return self.people[superior_id] if superior_id else None

    def is_superior(self, superior_id: str, person_id: str) -> bool:
        """Whether one stands anywhere above the other."""
        above = self.superior_of(person_id)
        while above is not None:
            if above.id == superior_id:
                return True
            above = self.superior_of(above.id)
        return False

    def is_absent(self, person_id: str, at: datetime, absences: Sequence[Absence] = ()) -> bool:
        """Whether the person is away, by `staff.csv` or by a recorded absence."""
        return self.person(person_id).absent_at(at) or any(absence.covers(person_id, at) for absence in absences)

    def deputy_for(self, person_id: str, at: datetime, absences: Sequence[Absence] = ()) -> Person | None:
        """Who acts for an absent person (대행자): the deputy, the deputy's deputy ..., else the first superior present.

        Returns:
            None when nobody of all these is there.
        """
        seen = {person_id}
        chain = [person_id]
        while chain:
            deputy_id = self._deputy_id(chain.pop(), at, absences)
            if deputy_id and deputy_id not in seen:
                if not self.is_absent(deputy_id, at, absences):
                    return self.people[deputy_id]
                seen.add(deputy_id)
                chain.append(deputy_id)
        above = self.superior_of(person_id)
        while above is not None and self.is_absent(above.id, at, absences):
            above = self.superior_of(above.id)
        return above

    def signers(self, handler_id: str) -> Signers:
        """Who stands behind a letter of this handler (C6).

        Raises:
            IncompleteDocument: there is no such handler, or a name or phone is missing.
        """
        handler = self.people.get(handler_id)
        superior = self.people.get(handler.superior_id) if handler else None
        if handler is None or superior is None:
            raise IncompleteDocument(f"no handler with a superior: {handler_id!r}")
        unit = self.units[handler.unit_code]
        return Signers(
            unit_name=unit.name,
            unit_phone=unit.phone,
            handler_name=handler.name,
            handler_title=handler.title,
            handler_phone=handler.phone,
            superior_name=superior.name,
            superior_title=superior.title,
            superior_phone=superior.phone,
        )

    def desk(self) -> Signers:
        """Who answers for a submission before it has a handler: the triage desk.

        Raises:
            IncompleteDocument: a name or phone is missing.
        """
        return self.signers(self.rules.triage_handler)

    def mail_address(self, handler_id: str) -> str:
        """A handler's e-mail address; empty when there is none."""
        person = self.people.get(handler_id)
        return person.email if person else ""

    def _deputy_id(self, person_id: str, at: datetime, absences: Sequence[Absence]) -> str:
        named = (absence.deputy_id for absence in absences if absence.covers(person_id, at) and absence.deputy_id)
        return next((n for n in named if n in self.people), self.person(person_id).deputy_id)


def load_directory(folder: Path, *, public_url: str) -> Directory:
    """Read an office from its folder: charter.toml, units.csv, staff.csv, kinds.csv, routes.toml.

    Args:
        folder: where the files lie, all UTF-8.
        public_url: where citizens reach the gateway's pages; letters name it.

    Raises:
        ConfigurationError: a file, line or table is not as it should be.
    """
    charter = load_charter(folder, public_url=public_url)
    units = _units(folder)
    people = _people(folder, units)
    kinds = load_kinds(folder, units.keys())
    rules = load_rules(folder, units=units, people=people, kinds=kinds)
    return Directory(charter, units, people, kinds, rules)


def _found(known: Mapping[str, _T], code: str, what: str) -> _T:
    try:
        return known[code]
    except KeyError:
        raise NotFound(f"no {what} {code!r}") from None


def _units(folder: Path) -> Mapping[str, Unit]:
    lines = by_key(read_csv(folder / "units.csv", ("code", "name", "parent", "phone", "fax", "duties")), "code")
    units = {}
    for code, line in lines.items():
        parent = line.text("parent")
        if parent and (parent not in lines or parent == code):
            raise line.fault(f"there is no unit '{parent}' above it", "use the code of another unit, or leave it empty")
        units[code] = Unit(
            code=code,
            name=line.required("name"),
            phone=line.phone("phone"),
            fax=line.phone("fax", required=False),
            parent_code=parent,
            duties=line.text("duties"),
        )
    return MappingProxyType(units)


_STAFF_COLUMNS = (
    "id", "name", "title", "unit", "phone", "email", "roles", "superior", "deputy", "duties", "absent_from",
    "absent_until",
)  # fmt: skip


def _people(folder: Path, units: Mapping[str, Unit]) -> Mapping[str, Person]:
    lines = by_key(read_csv(folder / "staff.csv", _STAFF_COLUMNS), "id")
    people = {person_id: _person(line, lines, units) for person_id, line in lines.items()}
    for person in people.values():
        _check_line_of_command(person, people, lines[person.id])
    return MappingProxyType(people)


def _person(line: Line, everyone: Mapping[str, Line], units: Mapping[str, Unit]) -> Person:
    person_id = line.required("id")
    if line.required("unit") not in units:
        raise line.fault(f"there is no unit '{line.text('unit')}'", "use a code of units.csv")
    for column in ("superior", "deputy"):
        named = line.text(column)
        if named and (named not in everyone or named == person_id):
            raise line.fault(f"there is no {column} '{named}'", "use the id of another line, or leave it empty")
    try:
        roles = frozenset(StaffRole(role) for role in line.parts("roles", "|"))
    except ValueError as error:
        raise line.fault(str(error), f"use some of: {'|'.join(StaffRole)}") from None
    return Person(
        id=person_id,
        name=line.required("name"),
        title=line.required("title"),
        unit_code=line.text("unit"),
        phone=line.phone("phone"),
        email=line.email("email"),
        roles=roles,
        superior_id=line.text("superior"),
        deputy_id=line.text("deputy"),
        duties=line.text("duties"),
        absent_from=line.moment("absent_from"),
        absent_until=line.moment("absent_until", end=True),
    )


def _check_line_of_command(person: Person, people: Mapping[str, Person], line: Line) -> None:
    if StaffRole.HANDLER in person.roles and not person.superior_id:
        raise line.fault("a handler without a superior cannot sign a letter (C6)", "fill in 'superior'")
    seen, above = {person.id}, person.superior_id
    while above:
        if above in seen:
            raise line.fault("is his own superior through others", "correct 'superior' in one of these lines")
        seen.add(above)
        above = people[above].superior_id
