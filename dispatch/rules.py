"""The explicit rules of routing (`routes.toml`): addresses, fax lines, forms, addressees, words.

Guarantees: loaded rules name known units and kinds only; finding is pure and the same text finds the same. Spaces and
signs do not matter, since scans space words oddly. Fails with `ConfigurationError`, which names the rule.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from dispatch.kinds import Kind
from dispatch.tables import Section, read_toml
from dispatch.words import compact
from gateway.domain.errors import ConfigurationError
from gateway.domain.people import Person, StaffRole, Unit
from gateway.domain.personal import phone_digits

_FILE = "routes.toml"
_FIRST_LINES = 15
_LABEL_LINE = 80  # characters without spaces
_LONGEST = 20_000  # characters; what a matter is about stands on its first pages
_TO = r"(?:수신|받는곳|받는이|받는사람|제출처|접수처)(?:자|처|인)?[^가-힣]{0,3}.{0,20}?"
_HONOURED = r"(?:과장님|과장|팀장님|팀장|장님|장)?(?:님)?(?:귀하|귀중|앞|께|담당자)"


@dataclass(frozen=True, slots=True)
class FormRule:
    """A form known by its title."""

    title: str
    kind_code: str


@dataclass(frozen=True, slots=True)
class WordRule:
    """Words that settle the kind: one of `any_of`, one of `also` when given, none of `without`."""

    any_of: tuple[str, ...]
    also: tuple[str, ...]
    without: tuple[str, ...]
    kind_code: str

    def found_in(self, plain: str) -> str:
        """The word that fits in a compact text, or an empty text."""
        if any(compact(word) in plain for word in self.without):
            return ""
        if self.also and not any(compact(word) in plain for word in self.also):
            return ""
        return next((word for word in self.any_of if compact(word) in plain), "")


@dataclass(frozen=True, slots=True)
class Furniture:
    """What every form and letter carries, so that it says nothing about whose matter it is.

    Attributes:
        lines: beginnings of short lines that are left out, compact.
        phrases: what is left out wherever it stands.
    """

    lines: tuple[str, ...] = ()
    phrases: re.Pattern[str] | None = None

    def cleared(self, text: str) -> str:
        """`text` without the furniture, at most its first part."""
        text = unicodedata.normalize("NFC", text[:_LONGEST])
        kept = "\n".join(line for line in _own_words(text) if not self._is_furniture(compact(line)))
        return self.phrases.sub(" ", kept) if self.phrases else kept

    def _is_furniture(self, plain: str) -> bool:
        """A longer line is a sentence, whatever it begins with."""
        return len(plain) <= _LABEL_LINE and plain.startswith(self.lines)


@dataclass(frozen=True, slots=True)
class RouteRules:
    """All explicit rules of an office.

    Attributes:
        triage_unit: who looks at what nobody is sure about.
        triage_handler: who of them.
        triage_kind: the kind of what fits no other.
        enough: likeness from which a unit is taken without asking, 0-1.
        addresses: unit by mail address, lower case.
        fax_lines: unit by fax number, digits only.
        forms: in the file's order.
        words: in the file's order.
        furniture: what is left out when words are compared.
    """

    triage_unit: str
    triage_handler: str
    triage_kind: str
    enough: float
    addresses: Mapping[str, str]
    fax_lines: Mapping[str, str]
    forms: tuple[FormRule, ...]
    words: tuple[WordRule, ...]
    furniture: Furniture

    def unit_by_address(self, mail_to: str) -> tuple[str, str] | None:
        """The unit whose own address is among those of a mail (parted by commas), with that address."""
        for address in re.split(r"[,;\s]+", mail_to.lower()):
            if unit_code := self.addresses.get(address.strip("<>")):
                return unit_code, address.strip("<>")
        return None

    def unit_by_fax_line(self, dialled: str) -> str:
        """The unit whose own fax line was called, or an empty text."""
        return self.fax_lines.get(phone_digits(dialled), "")

    def form_in(self, title: str, text: str) -> FormRule | None:
        """The form whose title is the submission's, or stands alone on one of its first lines."""
        lines = {compact(line) for line in [title, *[ln for ln in text.splitlines() if ln.strip()][:_FIRST_LINES]]}
        return next((form for form in self.forms if compact(form.title) in lines), None)

    def words_in(self, text: str) -> tuple[tuple[WordRule, str], ...]:
        """The word rules that fit, each with the word found."""
        plain = compact(text)
        return tuple((rule, word) for rule in self.words if (word := rule.found_in(plain)))


def _own_words(text: str) -> Iterator[str]:
    """The lines of a mail without those it quotes (RFC 3676 §4.5) and without its signature (§4.3)."""
    for line in text.splitlines():
        if line.rstrip() == "--":
            return
        if not line.startswith(">"):
            yield line


def addressed_unit(text: str, units: Mapping[str, Unit], *, among: Container[str]) -> str:
    """The unit a letter is addressed to: `수신: 안전건설과`, `안전건설과장 귀하`; empty when none or several."""
    lines = [compact(line) for line in text[:_LONGEST].splitlines()]
    found = {
        code
        for code, unit in units.items()
        if code in among
        and any(re.search(f"{_TO}{compact(unit.name)}|{compact(unit.name)}{_HONOURED}", line) for line in lines)
    }
    return found.pop() if len(found) == 1 else ""


def addressed_person(text: str, people: Mapping[str, Person]) -> str:
    """The handler a letter is addressed to: `백이랑 주무관님께`, `담당자: 백이랑`; empty when none or several.

    A handler who is merely named is not meant: the letter may be a complaint about them.
    """
    lines = [compact(line) for line in text[:_LONGEST].splitlines()]
    found = {
        person.id
        for person in people.values()
        if StaffRole.HANDLER in person.roles and any(_addresses(line, person) for line in lines)
    }
    return found.pop() if len(found) == 1 else ""


def _addresses(line: str, person: Person) -> bool:
    name, title = compact(person.name), compact(person.title)
    return name in line and bool(
        re.search(f"{name}(?:{title})?(?:님)?(?:께|귀하|앞)|^(?:수신|받는이|받는사람|담당자?)(?:자)?{name}", line),
    )


def load_rules(
    folder: Path, *, units: Mapping[str, Unit], people: Mapping[str, Person], kinds: Mapping[str, Kind]
) -> RouteRules:
    """Read `routes.toml`.

    Raises:
        ConfigurationError: a rule is not as it should be, or names what is not there.
    """
    document = read_toml(folder / _FILE)
    unknown = document.keys() - {"triage", "likeness", "addresses", "fax_lines", "forms", "words", "ignore"}
    if unknown:
        raise ConfigurationError(f"{_FILE}: unknown: {', '.join(sorted(unknown))}", remedy="correct the spelling")
    unit_code, handler, kind_code = _triage(document, units, people, kinds)
    likeness = Section.of(_FILE, document, "likeness")
    enough = likeness.number("enough", 0.45)
    likeness.finish()
    return RouteRules(
        triage_unit=unit_code,
        triage_handler=handler,
        triage_kind=kind_code,
        enough=enough,
        addresses={key.lower(): code for key, code in _units_by(document, "addresses", units).items()},
        fax_lines={phone_digits(key): code for key, code in _units_by(document, "fax_lines", units).items()},
        forms=tuple(_form(section, kinds) for section in _array(document, "forms")),
        words=tuple(_word_rule(section, kinds) for section in _array(document, "words")),
        furniture=_furniture(Section.of(_FILE, document, "ignore")),
    )


def _triage(
    document: Mapping[str, object], units: Mapping[str, Unit], people: Mapping[str, Person], kinds: Mapping[str, Kind]
) -> tuple[str, str, str]:
    section = Section.of(_FILE, document, "triage")
    unit_code, handler, kind_code = section.text("unit"), section.text("handler"), section.text("kind")
    section.finish()
    if unit_code not in units:
        raise section.fault(f"there is no unit '{unit_code}'", "use a code of units.csv")
    if handler not in people or people[handler].unit_code != unit_code:
        raise section.fault(f"'{handler}' does not belong to '{unit_code}'", "use an id of staff.csv of that unit")
    if not people[handler].superior_id:
        raise section.fault(f"'{handler}' has no superior (C6)", "choose one with a superior")
    return unit_code, handler, _known_kind(section, kind_code, kinds)


def _furniture(section: Section) -> Furniture:
    lines = tuple(compact(line) for line in section.texts("lines"))
    phrases = sorted((compact(phrase) for phrase in section.texts("phrases")), key=len, reverse=True)
    section.finish()
    if not all((*lines, *phrases)):
        raise section.fault("an empty text would leave out everything", "remove it")
    spaced = "|".join(r"[ \t]*".join(map(re.escape, phrase)) for phrase in phrases)  # scans space words oddly
    return Furniture(lines, re.compile(spaced, re.IGNORECASE) if spaced else None)


def _units_by(document: Mapping[str, object], name: str, units: Mapping[str, Unit]) -> dict[str, str]:
    section = Section.of(_FILE, document, name)
    found = {key: section.text(key) for key in list(section.values)}
    for key, code in found.items():
        if code not in units:
            raise section.fault(f"'{key}' names the unit '{code}', which does not exist", "use a code of units.csv")
    return found


def _array(document: Mapping[str, object], name: str) -> list[Section]:
    tables = document.get(name, [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise ConfigurationError(f"{_FILE}: '{name}' is no list of tables", remedy=f"write each as [[{name}]]")
    return [Section(_FILE, f"[{name}] number {i}", dict(table)) for i, table in enumerate(tables, start=1)]


def _form(section: Section, kinds: Mapping[str, Kind]) -> FormRule:
    rule = FormRule(section.text("title"), _known_kind(section, section.text("kind"), kinds))
    section.finish()
    return rule


def _word_rule(section: Section, kinds: Mapping[str, Kind]) -> WordRule:
    any_of = section.texts("any")
    if not any_of:
        raise section.fault("'any' is missing or empty", 'write any = ["..."]')
    kind_code = _known_kind(section, section.text("kind"), kinds)
    rule = WordRule(any_of, section.texts("also"), section.texts("without"), kind_code)
    section.finish()
    return rule


def _known_kind(section: Section, code: str, kinds: Mapping[str, Kind]) -> str:
    if code not in kinds:
        raise section.fault(f"there is no kind '{code}'", "use a code of kinds.csv")
    return code
