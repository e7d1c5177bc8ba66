"""Faxes out over HylaFAX: `HylafaxLine` implements `ports.FaxLine`.

Guarantees: a document that is no whole PDF and a number that is none are refused before anything is dialled; the job
carries our key (JOBINFO) from its first moment, so `find` meets it whether or not the answer to its submission arrived;
only JPARM STATE is believed (event 126 says "completed" for failures too). A job whose wake-up faxq lost is woken.
Fails with `FaxServerUnreachable` (ask `find` before submitting again), `FaxRefused`, `NotDialable` or `Unreadable`.

HylaFAX forgets finished jobs when faxqclean runs: `outcome` and `find` give None then (see docs/fax.md).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from gateway.domain.errors import Unreadable
from gateway.domain.telephone import dialable
from gateway.domain.times import Clock
from notifications.hfaxd import Bare, FaxRefused, Server, Session
from notifications.ports import FaxJob, FaxState

_A4_MM = {"PAGEWIDTH": 209, "PAGELENGTH": 296}
_FINE_LPI = 196
_LOST_S = 4.0
_POKE_EVERY_S = 30.0
_PDF_TAIL = 2048
_STATES = {"ACTIVE": FaxState.ACTIVE, "DONE": FaxState.DONE, "FAILED": FaxState.FAILED}
# Final codes after which dialling the same number again can help: what the call itself ran into (0xx-2xx), time over
# (325), too many dials or tries (333, 334). All other 3xx are about the document, the job or the server's set-up.
_CALL_CODES = re.compile(r"[012]\d\d|325|333|334")


@dataclass(frozen=True, slots=True)
class Dialling:
    """How hard the server tries before it gives a job back.

    Attributes:
        max_dials: calls that do not connect (busy, no answer).
        max_tries: calls that connect and break off.
        keep_minutes: after this the server gives up whatever happened.
        modem: which modem or class, `any` for all.
        international_prefix: replaces the `+` of a foreign number; empty leaves it to HylaFAX's dial rules.
        fine: 196 lines per inch instead of 98.
        error_correction: ECM (T.30 annex A).
    """

    max_dials: int = 3
    max_tries: int = 3
    keep_minutes: int = 60
    modem: str = "any"
    international_prefix: str = ""
    fine: bool = True
    error_correction: bool = True


@dataclass(slots=True)
class HylafaxLine:
    """Sends through one hfaxd; holds no connection between calls and may be shared by threads.

    Attributes:
        server: where hfaxd is.
        clock: where the present moment comes from.
        dialling: how hard to try.
        sender: who the jobs are from (FROMUSER).
    """

    server: Server
    clock: Clock
    dialling: Dialling = field(default_factory=Dialling)
    sender: str = "gateway"
    _poked: dict[str, float] = field(default_factory=dict)

    def submit(self, pdf: bytes, number: str, key: str) -> str:
        """Hand one document over and return the server's job id; ask `find(key)` before.

        Raises:
            FaxServerUnreachable: it may or may not have the job; ask `find` before submitting again.
            FaxRefused: hfaxd refuses the job.
            NotDialable: the number is none.
            Unreadable: the document is no whole PDF.
        """
        _require_pdf(pdf)
        digits = dialable(number)
        if self.dialling.international_prefix and digits.startswith("+"):
            digits = self.dialling.international_prefix + digits[1:]
        with Session(self.server) as session:
            document = session.upload(pdf)
            job_id = session.new_job()
            for name, value in self._parameters(digits, key).items():
                session.set(name, value)
            session.set("DOCUMENT", Bare(document))
            session.submit()
        return job_id

    def find(self, key: str) -> FaxJob | None:
        """The newest job submitted under `key`, waiting or finished; None when the server knows none.

        Raises:
            FaxServerUnreachable: the server does not answer.
        """
        with Session(self.server) as session:
            rows = [row for queue in ("sendq", "doneq") for row in session.jobs(queue, "%j|%J")]
            ids = sorted(int(job_id) for job_id, info in rows if info == key and job_id.isdigit())
            return self._read(session, str(ids[-1])) if ids else None

    def outcome(self, job_id: str) -> FaxJob | None:
        """How the job stands now; None when the server no longer knows it. Wakes a job that faxq forgot.

        Raises:
            FaxServerUnreachable: the server does not answer.
        """
        with Session(self.server) as session:
            job = self._read(session, job_id)
            forgotten = job is not None and job.state is FaxState.WAITING and self._forgotten(session, job_id)
        if forgotten:
            self._wake(job_id)
        return job

    def cancel(self, job_id: str) -> bool:
        """Stop a job, on the line too; False when it is finished or unknown.

        Raises:
            FaxServerUnreachable: the server does not answer.
        """
        with Session(self.server) as session:
            if not session.select(job_id):
                return False
            try:
                session.kill()
            except FaxRefused:  # 504: already done
                return False
            return True

    def lines(self) -> dict[str, str]:
        """Each modem and what it says of itself, for the health check.

        Raises:
            FaxServerUnreachable: the server does not answer.
        """
        with Session(self.server) as session:
            return dict(row[:2] for row in session.modems("%m|%s"))

    def _parameters(self, digits: str, key: str) -> dict[str, str | int]:
        dialling = self.dialling
        days, minutes = divmod(dialling.keep_minutes, 24 * 60)
        keep = f"{days:02d}{minutes // 60:02d}{minutes % 60:02d}"
        return {
            "FROMUSER": self.sender,
            "DIALSTRING": digits,
            "EXTERNAL": digits,
            "JOBINFO": key,
            "LASTTIME": Bare(keep),
            "MAXDIALS": dialling.max_dials,
            "MAXTRIES": dialling.max_tries,
            "SCHEDPRI": 127,
            "MODEM": dialling.modem,
            "NOTIFY": Bare("NONE"),
            "NOTIFYADDR": self.sender,
            "PAGECHOP": Bare("NONE"),
            "USEECM": dialling.error_correction,
            "VRES": _FINE_LPI if dialling.fine else _FINE_LPI // 2,
            **_A4_MM,
        }

    def _read(self, session: Session, job_id: str) -> FaxJob | None:
        if not session.select(job_id):
            return None
        told = session.parameters()
        code = told.get("STATUSCODE", "")
        state = _STATES.get(told.get("STATE", ""), FaxState.WAITING)
        return FaxJob(
            id=job_id,
            key=told.get("JOBINFO", ""),
            state=state,
            code=code,
            detail=told.get("STATUS", ""),
            pages_sent=_count(told, "NPAGES"),
            pages_total=_count(told, "TOTPAGES"),
            dials=_count(told, "TOTDIALS"),
            retryable=state is not FaxState.FAILED or _CALL_CODES.fullmatch(code) is not None,
        )

    def _forgotten(self, session: Session, job_id: str) -> bool:
        """Due for more than a moment and still neither dialled nor refused: faxq 6.0 can lose a wake-up."""
        now = self.clock.now().timestamp()
        if now - self._poked.get(job_id, 0.0) < _POKE_EVERY_S:
            return False
        for found, state, due in session.jobs("sendq", "%j|%a|%Z"):
            if found == job_id:  # R is ready, T (suspended) what a killed gateway left half-woken
                return state == "T" or (state == "R" and due.isdigit() and now - int(due) > _LOST_S)
        return False

    def _wake(self, job_id: str) -> None:
        """Suspend and submit again, in two sessions: the first one's copy of the job may be a second old and refuse."""
        self._poked = {job_id: self.clock.now().timestamp()}
        for step in (Session.suspend, Session.submit):
            with Session(self.server) as session:
                try:
                    if session.select(job_id):
                        step(session)
                except FaxRefused:  # it moved on by itself, or was suspended already
                    continue


def _require_pdf(document: bytes) -> None:
    """Junk would be dialled and only then fail (measured): look at both ends first."""
    tail = document[-_PDF_TAIL:]
    if not document.startswith(b"%PDF-") or b"startxref" not in tail or b"%%EOF" not in tail:
        raise Unreadable("not a whole PDF, so it is not faxed", remedy="compose the letter again")


def _count(told: dict[str, str], name: str) -> int:
    value = told.get(name, "")
    return int(value) if value.isdigit() else 0
