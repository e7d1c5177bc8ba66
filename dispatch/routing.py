"""To whom a submission goes: explicit rules first, then the likeness of words, then the load within the unit.

Guarantees: every submission gets a unit, a handler and a reason in words; what is not sure goes to the triage desk with
the best guesses beside it. Pure: the same matter, load and absences give the same decision.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from dispatch.directory import Absence, Directory
from dispatch.rules import addressed_person, addressed_unit
from dispatch.words import Likeness
from gateway.domain.people import Person

_SHOWN = 3
_TITLE_COUNTS = 3
_CLEARLY = 1.3  # how many times the second best a handler's duties must be to outweigh the load
_CONTRADICTS = 1.1  # how many times likelier another unit must be to doubt a word rule
_KIND_ENOUGH = 0.3


@dataclass(frozen=True, slots=True)
class Matter:
    """What routing may know of a submission.

    Attributes:
        kind_code: the kind the citizen chose, if any.
        title: subject line or form title.
        text: all that was read or typed.
        mail_to: the addresses a mail was sent to, parted by commas.
        dialled: the fax number that was called.
    """

    kind_code: str = ""
    title: str = ""
    text: str = ""
    mail_to: str = ""
    dialled: str = ""

    @property
    def weighted(self) -> str:
        """Title and text for comparing; the title counts more."""
        return "\n".join([self.title] * _TITLE_COUNTS + [self.text])


@dataclass(frozen=True, slots=True)
class Decision:
    """Where a submission goes, and why.

    Attributes:
        kind_code: which kind of petition.
        unit_code: which unit.
        handler_id: who handles it; the deputy when the handler is away.
        reason: why, in Korean words; kept on the ledger and shown.
        candidates: the likeliest units with their likeness 0-1, best first.
        confident: False when it goes to the triage desk for want of certainty.
    """

    kind_code: str
    unit_code: str
    handler_id: str
    reason: str
    candidates: tuple[tuple[str, float], ...]
    confident: bool


@dataclass(frozen=True, slots=True)
class _Finding:
    """What the rules or the words came to, as far as they went."""

    reason: str
    kind_code: str = ""
    unit_code: str = ""
    handler_id: str = ""


class Router:
    """Decides for one office; built once, used by many threads.

    Args:
        directory: the office.
    """

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._rules = directory.rules
        self._handling = {code: directory.handlers_of(code) for code in directory.units}
        self._handling = {code: people for code, people in self._handling.items() if people}
        self._units = Likeness({code: self._description(code) for code in self._handling})
        self._kinds = Likeness({code: f"{k.name} {k.name} {k.words}" for code, k in directory.kinds.items()})
        self._working = {code: _without_leaders(people) for code, people in self._handling.items()}
        self._duties = {
            code: Likeness({person.id: person.duties for person in people}, prior=1.0)
            for code, people in self._working.items()
        }

    def decide(
        self,
        matter: Matter,
        *,
        at: datetime,
        load: Mapping[str, int] | None = None,
        absences: Sequence[Absence] = (),
    ) -> Decision:
        """Kind, unit and handler of one submission.

        Args:
            matter: what is known.
            at: the present, for absences.
            load: open cases by handler.
            absences: those recorded beside `staff.csv`.
        """
        about = self._about(matter)
        scores = self._units.scores(about.weighted)
        candidates = tuple((code, round(score, 3)) for code, score in list(scores.items())[:_SHOWN] if score > 0)
        found = self._by_rules(matter, about, scores) or self._by_likeness(about, scores)
        if found is None:
            return self._to_triage(matter, candidates, at, absences)
        kind_code = found.kind_code or self._kind_within(about, found.unit_code)
        handler_id, chosen = self._handler(found, kind_code, about, at, load or {}, absences)
        reason = f"{found.reason}. {chosen}"
        return Decision(kind_code, found.unit_code, handler_id, reason, candidates, confident=True)

    def _about(self, matter: Matter) -> Matter:
        """The matter without what every form and letter carries."""
        cleared = self._rules.furniture.cleared
        return replace(matter, title=cleared(matter.title), text=cleared(matter.text))

    def _description(self, unit_code: str) -> str:
        unit = self._directory.units[unit_code]
        people = " ".join(person.duties for person in self._handling[unit_code])
        kinds = " ".join(f"{k.name} {k.words}" for k in self._directory.kinds.values() if k.unit_code == unit_code)
        # the intake desk is named in every letter, so its name says nothing
        name = "" if unit_code == self._rules.triage_unit else unit.name
        return self._rules.furniture.cleared(f"{name} {unit.duties} {people} {kinds}")

    # which unit

    def _by_rules(self, matter: Matter, about: Matter, scores: Mapping[str, float]) -> _Finding | None:
        chosen = self._directory.kinds.get(matter.kind_code)
        if chosen and chosen.unit_code:
            return _Finding(f"민원인이 고른 종류: {chosen.name}", chosen.code, chosen.unit_code)
        found = self._by_addressee(matter) or self._by_form(matter) or self._by_words(about, scores)
        if found and chosen:
            return replace(found, kind_code=chosen.code)
        return found

    def _by_addressee(self, matter: Matter) -> _Finding | None:
        units = self._directory.units
        text = f"{matter.title}\n{matter.text}"
        if person_id := addressed_person(text, self._directory.people):
            person = self._directory.people[person_id]
            return _Finding(
                f"문서에 적힌 담당자: {person.name} {person.title}", "", person.unit_code, handler_id=person_id
            )
        if by_address := self._rules.unit_by_address(matter.mail_to):
            unit_code, address = by_address
            return _Finding(f"받는 전자우편 주소 {address}: {units[unit_code].name}", "", unit_code)
        if unit_code := self._rules.unit_by_fax_line(matter.dialled):
            return _Finding(f"받은 팩스 번호 {matter.dialled}: {units[unit_code].name}", "", unit_code)
        others = self._handling.keys() - {self._rules.triage_unit}  # everybody writes to the intake desk
        if unit_code := addressed_unit(text, units, among=others):
            return _Finding(f"문서에 적힌 처리부서: {units[unit_code].name}", "", unit_code)
        return None

    def _by_form(self, matter: Matter) -> _Finding | None:
        form = self._rules.form_in(matter.title, matter.text)
        kind = self._directory.kinds[form.kind_code] if form else None
        if form is None or kind is None or not kind.unit_code:
            return None
        return _Finding(f"서식 제목: {form.title}", kind.code, kind.unit_code)

    def _by_words(self, matter: Matter, scores: Mapping[str, float]) -> _Finding | None:
        """Words that settle it: those of the title before those of the text, and only when they agree on a unit."""
        for text in (matter.title, matter.weighted):
            hits = [
                (self._directory.kinds[rule.kind_code], word)
                for rule, word in self._rules.words_in(text)
                if self._directory.kinds[rule.kind_code].unit_code
            ]
            if len({kind.unit_code for kind, _ in hits}) == 1:
                kind, _ = hits[0]
                likeliest = next(iter(scores))
                if scores[likeliest] > _CONTRADICTS * scores.get(kind.unit_code, 0.0):
                    return None  # the rest of the text speaks for another unit
                return _Finding(f"표시 낱말: {', '.join(word for _, word in hits)}", kind.code, kind.unit_code)
        return None

    def _by_likeness(self, matter: Matter, scores: Mapping[str, float]) -> _Finding | None:
        likeliest = next(iter(scores), "")
        if not likeliest or scores[likeliest] < self._rules.enough:
            return None
        shared = ", ".join(self._units.shared_words(matter.weighted, likeliest))
        name = self._directory.units[likeliest].name
        chosen = self._directory.kinds.get(matter.kind_code)
        words = f": {shared}" if shared else ""
        return _Finding(
            f"업무분장과 비슷함({name} {scores[likeliest]:.2f}){words}", chosen.code if chosen else "", likeliest
        )

    def _kind_within(self, matter: Matter, unit_code: str) -> str:
        """The likeliest kind of a unit, or the general one."""
        kinds = self._directory.kinds
        for rule, _ in self._rules.words_in(matter.weighted):
            if kinds[rule.kind_code].unit_code == unit_code:
                return rule.kind_code
        own = [code for code, kind in kinds.items() if kind.unit_code == unit_code]
        best = next(iter(self._kinds.scores(matter.weighted, among=own).items()), ("", 0.0))
        return best[0] if best[1] >= _KIND_ENOUGH else self._rules.triage_kind

    def _to_triage(
        self, matter: Matter, candidates: tuple[tuple[str, float], ...], at: datetime, absences: Sequence[Absence]
    ) -> Decision:
        units = self._directory.units
        guesses = ", ".join(f"{units[code].name} {score:.2f}" for code, score in candidates) or "없음"
        desk = self._rules.triage_unit
        handler, note = self._present(self._directory.person(self._rules.triage_handler), at, absences)
        kind_code = matter.kind_code if matter.kind_code in self._directory.kinds else self._rules.triage_kind
        reason = f"처리부서가 확실하지 않아 {units[desk].name}에서 분류(후보: {guesses}). {note or handler.name}"
        return Decision(kind_code, desk, handler.id, reason, candidates, confident=False)

    # which handler

    def _handler(
        self,
        found: _Finding,
        kind_code: str,
        matter: Matter,
        at: datetime,
        load: Mapping[str, int],
        absences: Sequence[Absence],
    ) -> tuple[str, str]:
        if found.handler_id:
            handler, why = self._directory.person(found.handler_id), "문서에 적힌 담당자"
        else:
            handler, why = self._by_duties(found.unit_code, kind_code, matter, load)
        present, note = self._present(handler, at, absences)
        return present.id, note or f"{why}: {handler.name} {handler.title}"

    def _by_duties(self, unit_code: str, kind_code: str, matter: Matter, load: Mapping[str, int]) -> tuple[Person, str]:
        kind = self._directory.kinds[kind_code]
        text = f"{matter.weighted}\n{kind.name} {kind.words}" if kind.unit_code else matter.weighted
        text = text.replace(self._directory.units[unit_code].name, " ")  # it says nothing about who in the unit
        people = {person.id: person for person in self._working[unit_code]}
        scores = self._duties[unit_code].scores(text)
        best = next(iter(scores.values()))
        fitting = [person_id for person_id, score in scores.items() if best and score * _CLEARLY >= best]
        if len(fitting) == 1:
            return people[fitting[0]], "담당업무가 맞음"
        lightest = min(fitting or people, key=lambda person_id: (load.get(person_id, 0), person_id))
        return people[lightest], f"맡은 건이 가장 적음({load.get(lightest, 0)}건)"

    def _present(self, handler: Person, at: datetime, absences: Sequence[Absence]) -> tuple[Person, str]:
        """The handler, or who acts for him when he is away, with the note that says so."""
        if not self._directory.is_absent(handler.id, at, absences):
            return handler, ""
        deputy = self._directory.deputy_for(handler.id, at, absences)
        if deputy is None:
            return handler, f"{handler.name} 부재, 대행자도 없음: {handler.name} {handler.title}"
        return deputy, f"{handler.name} 부재, 대행자: {deputy.name} {deputy.title}"


def _without_leaders(people: tuple[Person, ...]) -> tuple[Person, ...]:
    """Those who work on cases; the ones they report to only when there is nobody else."""
    led_by = {person.superior_id for person in people}
    return tuple(person for person in people if person.id not in led_by) or people
