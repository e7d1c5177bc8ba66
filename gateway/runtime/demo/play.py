"""Plays everyone in the office and the citizens, one step at a time, as each case comes to them.

Guarantees: a case is touched only when it waits for the one who acts; every act is done on the pages. Over when every
sample is answered, or waits for something that this machine does not have (a fax line), with its reason.
"""

from __future__ import annotations

from collections.abc import Sequence

from gateway.domain.delivery import DONE, DeliveryState, Purpose, Route
from gateway.domain.lifecycle import FINAL, State
from gateway.domain.submission import ReturnChannel
from gateway.runtime.bootstrap import Parts
from gateway.runtime.demo.players import Citizen, Staff
from gateway.runtime.demo.posting import Posting
from gateway.runtime.demo.samples import Sample
from gateway.store import accounts, deliveries, submissions
from gateway.store.deliveries import Delivery
from gateway.store.submissions import Submission

CLERK = "clerk-01"
_OTHERS = (("system-admin", "administrator"), ("audit-lead", "auditor"))
_ANSWER = (
    "신청하신 내용을 현장과 관련 자료로 확인하였습니다.\n\n"
    "필요한 조치를 마쳤음을 알려 드립니다. 다시 불편한 점이 있으시면 아래 담당자에게 알려 주시기 바랍니다."
)
_REFUSED = "local-tax"
_RESULTS = frozenset({Purpose.RESULT, Purpose.REFUSAL})
_SETTLED = DONE | {DeliveryState.FAILED, DeliveryState.CANCELLED, DeliveryState.RETURNED}


class Play:
    """The play.

    Args:
        base: where the pages are.
        parts: over the gateway's folder, for looking on.
        password: of every log-in.
        cast: the samples.
        posting: knows which sample got which number.
    """

    def __init__(self, base: str, parts: Parts, password: str, cast: Sequence[Sample], posting: Posting) -> None:
        self._base = base
        self._parts = parts
        self._password = password
        self._cast = cast
        self._posting = posting
        self._staff: dict[str, Staff] = {}
        self._read: set[str] = set()
        self.notes: list[str] = []
        self.logins: list[tuple[str, str]] = []
        for staff_id, what in _OTHERS:
            self._make_account(staff_id, what)

    def act(self) -> bool:
        """Let everyone do what waits for them; whether the play is over."""
        numbers = self._posting.numbers(self._parts.database)
        done = [self._act(sample, numbers[sample.key]) for sample in self._cast if sample.key in numbers]
        return len(done) == len(self._cast) and all(done)

    def _act(self, sample: Sample, number: str) -> bool:
        """One step of one case; True when nothing is left to do here."""
        with self._parts.database.reading() as tx:
            case = submissions.by_number(tx, number)
            leaving = deliveries.for_submission(tx, case.id)
        by_hand = [d for d in leaving if d.state is DeliveryState.WAITING and d.route in {Route.POST, Route.PICKUP}]
        for delivery in by_hand:
            self._give(sample, case, delivery)
        match case.state:
            case State.AWAITING_VERIFICATION | State.QUARANTINED:
                self._verify(sample, case)
            case State.ASSIGNED:
                self._as_handler(case).tell_plan(number)
                self._say(f"{case.handler_id} tells the plan of {number}")
            case State.PLANNED:
                self._decide(sample, case)
            case State.RETURNING | State.UNDELIVERABLE:
                return bool(leaving) and all(_waits_for_a_line(d) or d.state in DONE for d in leaving)
            case _ if case.state in FINAL:
                self._open(sample, case)
                return all(_waits_for_a_line(d) or d.state in _SETTLED for d in leaving)
        return False

    def _verify(self, sample: Sample, case: Submission) -> None:
        right = {"name": sample.name, "return_channel": str(sample.return_channel), "title": sample.title}
        self._as(CLERK, "clerk").confirm(case.number, right)
        self._say(f"{CLERK} reads {case.number} from the picture, corrects and confirms it")

    def _decide(self, sample: Sample, case: Submission) -> None:
        handler = self._as_handler(case)
        if sample.kind_code == _REFUSED:
            handler.refuse(
                case.number,
                text="신청하신 내용은 처리할 수 없음을 알려 드립니다.",
                reason="신청하신 감면은 관계 법령에서 정한 대상에 해당하지 않습니다.",
                solution="분할 납부를 신청하시거나 해당 여부를 다시 확인할 자료를 내실 수 있습니다.",
            )
            self._say(f"{case.handler_id} refuses {case.number} with reason, solution and remedy")
        else:
            handler.decide(case.number, _ANSWER)
            self._say(f"{case.handler_id} decides {case.number}")

    def _give(self, sample: Sample, case: Submission, delivery: Delivery) -> None:
        clerk = self._as(CLERK, "clerk")
        if delivery.route is Route.PICKUP:
            clerk.hand_over(delivery.id, sample.name)
            self._say(f"{CLERK} hands {case.number} over at the counter, identity checked")
            return
        registered = f"12345-6789-{delivery.id:04d}" if delivery.purpose in _RESULTS else ""
        clerk.confirm_posted(delivery.id, registered)
        self._say(f"{CLERK} prints and posts the {delivery.purpose} of {case.number}")

    def _open(self, sample: Sample, case: Submission) -> None:
        if sample.return_channel is not ReturnChannel.INTERNET or case.number in self._read:
            return
        self._read.add(case.number)
        letters = Citizen.open(self._base, case.number, case.access_code).letters()
        self._say(f"the citizen opens {case.number}: {len(letters)} letter, {sum(map(len, letters)) // 1000} KB")

    def _as_handler(self, case: Submission) -> Staff:
        return self._as(case.handler_id, "case handler")

    def _as(self, staff_id: str, what: str) -> Staff:
        if staff_id not in self._staff:
            self._make_account(staff_id, what)
            self._staff[staff_id] = Staff.log_in(self._base, staff_id, self._password)
        return self._staff[staff_id]

    def _make_account(self, staff_id: str, what: str) -> None:
        with self._parts.database.transaction() as tx:
            accounts.set_password(tx, staff_id, self._password, now=self._parts.clock.now())
        self.logins.append((staff_id, what))

    def _say(self, what: str) -> None:
        self.notes.append(what)


def _waits_for_a_line(delivery: Delivery) -> bool:
    """Whether it lies in the tray because this machine has no fax line."""
    return delivery.route is Route.FAX and delivery.state is DeliveryState.WAITING
