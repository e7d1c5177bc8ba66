"""What a case handler does with a case: see it, tell the plan, decide or refuse, transfer it, close it on withdrawal.

Guarantees: each act is one transaction: the step of the transition table, its ledger entry, the clocks it touches and
the jobs it causes commit together or not at all. Only the handler, a deputy or a superior may act, and the ledger names
who did. Fails with `Forbidden`, with `IllegalTransition` naming the rule, with `WordsMissing` when the words that the
law asks for are missing, or with `StaleSubmission` when somebody else changed the case since it was shown.
"""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime

from sqlalchemy.engine import Connection

from dispatch.directory import Absence, Directory
from dispatch.stage import recorded_absences, start_period
from gateway.domain.clocks import ClockName
from gateway.domain.delivery import Purpose
from gateway.domain.errors import Forbidden, IllegalTransition, PermanentError
from gateway.domain.jobs import JobKind
from gateway.domain.lifecycle import Event, State, allows
from gateway.domain.people import Person, StaffRole
from gateway.domain.personal import mask
from gateway.domain.result import Outcome, Result
from gateway.domain.times import Clock
from gateway.store import clocks, jobs, submissions
from gateway.store.database import Database
from gateway.store.submissions import StaleSubmission, Submission

RULES: dict[Event, str] = {
    Event.PLAN_TOLD: "행정서비스헌장 C2: 배정된 건에 한 번 처리계획을 알립니다",
    Event.REASSIGNED: "민원처리법 시행령 제13조: 결정하기 전에만 다른 담당자에게 넘길 수 있습니다",
    Event.DECIDED: "민원처리법 제27조: 담당자에게 배정되어 진행 중인 건만 결과를 통지할 수 있습니다",
    Event.REFUSED: "민원처리법 제27조: 담당자에게 배정되어 진행 중인 건만 거부할 수 있습니다",
    Event.WITHDRAWN: "민원처리법 제22조: 처리가 끝나기 전에만 취하할 수 있습니다",
}
_WITH_HANDLER = frozenset({State.ASSIGNED, State.PLANNED, State.ON_HOLD})


class WordsMissing(PermanentError):
    """This step needs its words: a plan, or the reason why."""

    code = "words_missing"
    text_ko = "처리 계획이나 사유를 적어 주십시오."


class Handling:
    """The acts of case handlers.

    Every act takes the submission's row number and the acting person's staff id. `version` is the one the person saw;
    when it is given and the case has changed since, nothing is done.

    Args:
        database: where cases lie.
        directory: the office.
        clock: the present.
    """

    def __init__(self, database: Database, directory: Directory, clock: Clock) -> None:
        self._database = database
        self._directory = directory
        self._clock = clock

    def see(self, submission_id: int, actor_id: str) -> Submission:
        """Take note of a case: the first time its handler (or who acts for them) opens it is recorded, once.

        Anyone else's look changes nothing and is no error; whether they may look is for the caller to decide.
        """
        now = self._clock.now()
        with self._database.reading() as tx:  # most looks are not the first and need no write lock
            submission = submissions.get(tx, submission_id)
            if not self._is_first_look(submission, actor_id, tx, now):
                return submission
        with self._database.transaction() as tx:
            submission = submissions.get(tx, submission_id)
            if not self._is_first_look(submission, actor_id, tx, now):
                return submission
            submissions.note(tx, submission.id, "first_seen", actor=_actor(actor_id), at=now)
            return submissions.change(tx, submission, first_seen_at=now)

    def tell_plan(self, submission_id: int, actor_id: str, plan: str, *, version: int | None = None) -> Submission:
        """Tell the citizen who handles the case and how (C2).

        The notice is queued in the same commit. The C2 clock runs on until it has left: written is not told
        (`notifications.closing`).

        Raises:
            Forbidden: the actor is neither handler, deputy nor superior.
            IllegalTransition: the case is not in a state for it.
            WordsMissing: there is no plan.
            StaleSubmission: it changed since `version`.
        """
        plan = _words(plan, "a plan")
        with self._database.transaction() as tx:
            submission, now = self._opened(tx, submission_id, actor_id, Event.PLAN_TOLD, version)
            moved = submissions.move(
                tx, submission, Event.PLAN_TOLD, actor=_actor(actor_id), at=now, why=plan,
                plan=mask(plan), told_at=now, first_seen_at=submission.first_seen_at or now,
            )  # fmt: skip
            jobs.add(tx, JobKind.COMPOSE, submission.id, subject=Purpose.PLAN, now=now)
            return moved

    def decide(self, submission_id: int, actor_id: str, result: Result, *, version: int | None = None) -> Submission:
        """Decide a case, or refuse it as unprocessable, and queue the letter that tells so.

        The period is kept with the decision. When no plan was told (what is done at once needs none), the letter itself
        tells handler and outcome, and C2 is kept when it leaves.

        Raises:
            Forbidden: the actor is neither handler, deputy nor superior.
            IllegalTransition: the case is not in a state for it.
            StaleSubmission: it changed since `version`.
        """
        refused = result.outcome is Outcome.UNPROCESSABLE
        event = Event.REFUSED if refused else Event.DECIDED
        purpose = Purpose.REFUSAL if refused else Purpose.RESULT
        with self._database.transaction() as tx:
            submission, now = self._opened(tx, submission_id, actor_id, event, version)
            moved = submissions.move(
                tx, submission, event, actor=_actor(actor_id), at=now, why=result.reason,
                facts={"outcome": result.outcome},
                result=submissions.result_column(_masked(result)), decided_at=now,
                first_seen_at=submission.first_seen_at or now,
            )  # fmt: skip
            clocks.satisfy(tx, submission.id, ClockName.PERIOD, at=now)
            jobs.add(tx, JobKind.COMPOSE, submission.id, subject=purpose, now=now)
            return moved

    def transfer(
        self,
        submission_id: int,
        actor_id: str,
        to_person_id: str,
        reason: str,
        *,
        kind_code: str = "",
        version: int | None = None,
    ) -> Submission:
        """Give a case to another handler, of this unit or another; an absent one's deputy gets it (C5).

        Args:
            submission_id: which case.
            actor_id: who gives it away.
            to_person_id: to whom.
            reason: why; the ledger keeps it.
            kind_code: another kind of petition, when the first was wrong; its period counts from receipt.
            version: what the actor saw.

        Raises:
            Forbidden: the actor is neither handler, deputy nor superior, or the other handles no cases.
            IllegalTransition: the case is not in a state for it, or lies with that person already.
            NotFound: no such person or kind.
            WordsMissing: there is no reason.
            StaleSubmission: it changed since `version`.
        """
        reason = _words(reason, "the reason of a transfer")
        with self._database.transaction() as tx:
            submission, now = self._opened(tx, submission_id, actor_id, Event.REASSIGNED, version)
            receiver, note = self._receiver(to_person_id, now, recorded_absences(tx, now))
            if receiver.id == submission.handler_id:
                raise IllegalTransition(f"{submission.number} lies with {receiver.name} already")
            kind = self._directory.kind(kind_code or submission.kind_code)
            moved = submissions.move(
                tx, submission, Event.REASSIGNED, actor=_actor(actor_id), at=now, why=reason,
                facts={"from_handler": submission.handler_id, "to_handler": receiver.id,
                       "unit": receiver.unit_code, "kind": kind.code, "note": note},
                handler_id=receiver.id, unit_code=receiver.unit_code, kind_code=kind.code,
                route_reason=f"이송: {mask(reason)}{note}", assigned_at=now,
            )  # fmt: skip
            if kind.code != submission.kind_code:
                start_period(tx, self._directory, submission, kind.code)
            jobs.add(tx, JobKind.COMPOSE, submission.id, subject=Purpose.HANDLER_NOTICE, now=now)
            return moved

    def withdraw(self, submission_id: int, actor_id: str, reason: str, *, version: int | None = None) -> Submission:
        """Close a case because the citizen took it back (취하); clocks that still run in time are void.

        Before a case has a handler, a clerk may do it.

        Raises:
            Forbidden: the actor may not act on this case.
            IllegalTransition: it has been returned or closed already.
            WordsMissing: there is no word of how the citizen asked for it.
            StaleSubmission: it changed since `version`.
        """
        reason = _words(reason, "how the citizen asked for it")
        with self._database.transaction() as tx:
            submission, now = self._opened(tx, submission_id, actor_id, Event.WITHDRAWN, version)
            voided = clocks.void_running(tx, submission.id, now=now)
            return submissions.move(
                tx, submission, Event.WITHDRAWN, actor=_actor(actor_id), at=now, why=reason,
                facts={"void_clocks": ", ".join(clock.name for clock in voided)}, closed_at=now,
            )  # fmt: skip

    def may_act(self, submission: Submission, actor_id: str, tx: Connection, now: datetime) -> bool:
        """Whether this person is the case's handler, a deputy or a superior; a clerk while it has no handler."""
        people, handler_id = self._directory.people, submission.handler_id
        if actor_id not in people:
            return False
        if handler_id not in people:
            return StaffRole.CLERK in people[actor_id].roles
        if actor_id in (handler_id, people[handler_id].deputy_id) or self._directory.is_superior(actor_id, handler_id):
            return True
        absences = recorded_absences(tx, now)
        if not self._directory.is_absent(handler_id, now, absences):
            return False
        deputy = self._directory.deputy_for(handler_id, now, absences)
        return deputy is not None and deputy.id == actor_id

    def _is_first_look(self, submission: Submission, actor_id: str, tx: Connection, now: datetime) -> bool:
        return (
            submission.first_seen_at is None
            and submission.state in _WITH_HANDLER
            and self.may_act(submission, actor_id, tx, now)
        )

    def _opened(
        self, tx: Connection, submission_id: int, actor_id: str, event: Event, version: int | None
    ) -> tuple[Submission, datetime]:
        now = self._clock.now()
        submission = submissions.get(tx, submission_id)
        if not self.may_act(submission, actor_id, tx, now):
            raise Forbidden(f"{actor_id} is neither handler, deputy nor superior of {submission.number}")
        if version is not None and version != submission.version:
            raise StaleSubmission(f"{submission.number} is at version {submission.version}, not {version}")
        if not allows(submission.state, event):
            raise IllegalTransition(
                f"no step '{event}' from state '{submission.state}' ({RULES[event]})", remedy=RULES[event]
            )
        return submission, now

    def _receiver(self, person_id: str, now: datetime, absences: tuple[Absence, ...]) -> tuple[Person, str]:
        person = self._directory.person(person_id)
        if StaffRole.HANDLER not in person.roles:
            raise Forbidden(f"{person.name} handles no cases")
        if not self._directory.is_absent(person.id, now, absences):
            return person, ""
        deputy = self._directory.deputy_for(person.id, now, absences)
        if deputy is None:
            return person, f" ({person.name} 부재, 대행자 없음)"
        return deputy, f" ({person.name} 부재, 대행자: {deputy.name})"


def _actor(person_id: str) -> str:
    return f"staff:{person_id}"


def _words(text: str, what: str) -> str:
    if not text.strip():
        raise WordsMissing(f"{what} is missing")
    return text.strip()


def _masked(result: Result) -> Result:
    words = {f.name: mask(getattr(result, f.name)) for f in fields(Result) if f.name != "outcome"}
    return Result(outcome=result.outcome, **words)
