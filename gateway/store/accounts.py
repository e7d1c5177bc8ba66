"""Staff accounts, sessions and the log of who looked at whose data.

Guarantees: passwords are kept as argon2id only and session tokens as SHA-256 only; a log-in attempt is counted before
the password is compared, so parallel guessing gains nothing over five tries in ten minutes; the access log is only ever
added to (개인정보의 안전성 확보조치 기준 §8). Fails by answering None or False, never by saying which part was wrong.
"""

from __future__ import annotations

import functools
import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy.engine import Connection

from gateway.domain.errors import PermanentError
from gateway.store.schema import access_log, accounts, sessions, submissions

IDLE = timedelta(minutes=30)
MAX_FAILURES = 5
LOCKED_FOR = timedelta(minutes=10)
MIN_PASSWORD_LENGTH = 9
_TOUCH_EVERY = timedelta(seconds=30)
_HASHER = PasswordHasher()


class WeakPassword(PermanentError):
    """A staff password has at least nine characters."""

    code = "weak_password"
    text_ko = "비밀번호는 9자 이상이어야 합니다."


@dataclass(frozen=True, slots=True)
class Session:
    """An open log-in of one member of staff."""

    staff_id: str
    created_at: datetime
    seen_at: datetime
    address: str


@dataclass(frozen=True, slots=True)
class Access:
    """One look at (or act on) a citizen's data. `number` is empty when no one submission was concerned."""

    at: datetime
    staff_id: str
    address: str
    number: str
    what: str
    id: int = 0


def hash_password(password: str) -> str:
    """An argon2id hash; about 50 ms and 64 MiB of work, so never in an event loop.

    Raises:
        WeakPassword: shorter than nine characters.
    """
    if len(password) < MIN_PASSWORD_LENGTH:
        raise WeakPassword(f"{len(password)} characters")
    return _HASHER.hash(password)


def password_matches(password_hash: str | None, password: str) -> bool:
    """Whether the password is the one; takes as long for an account that does not exist (None)."""
    try:
        return _HASHER.verify(password_hash or _decoy(), password) and password_hash is not None
    except (VerificationError, InvalidHashError):
        return False


def set_password(tx: Connection, staff_id: str, password: str, *, now: datetime) -> None:
    """Give the account this password, unlock it, and end its sessions; makes the account when there is none.

    Raises:
        WeakPassword: shorter than nine characters.
    """
    values = {"password_hash": hash_password(password), "failures": 0, "locked_until": None, "changed_at": now}
    changed = tx.execute(accounts.update().where(accounts.c.staff_id == staff_id).values(**values))
    if changed.rowcount == 0:
        tx.execute(accounts.insert().values(staff_id=staff_id, **values))
    tx.execute(sessions.delete().where(sessions.c.staff_id == staff_id))


def ensure_account(tx: Connection, staff_id: str, password: str, *, now: datetime) -> bool:
    """Make the account unless it exists already; whether it was made."""
    if tx.execute(sa.select(accounts.c.staff_id).where(accounts.c.staff_id == staff_id)).first() is not None:
        return False
    set_password(tx, staff_id, password, now=now)
    return True


def begin_attempt(tx: Connection, staff_id: str, *, now: datetime) -> str | None:
    """Count one log-in attempt in advance and hand out the hash to compare with.

    Returns:
        The stored hash, or None when there is no such account or it is locked. The fifth attempt in a row locks the
        account at once; `attempt_succeeded` takes that back.
    """
    row = tx.execute(sa.select(accounts).where(accounts.c.staff_id == staff_id).with_for_update()).first()
    if row is None or (row.locked_until is not None and row.locked_until > now):
        return None
    failures = 1 if row.locked_until is not None else row.failures + 1
    locked_until = now + LOCKED_FOR if failures >= MAX_FAILURES else None
    tx.execute(
        accounts.update().where(accounts.c.staff_id == staff_id).values(failures=failures, locked_until=locked_until),
    )
    return str(row.password_hash)


def attempt_succeeded(tx: Connection, staff_id: str, *, address: str, now: datetime) -> str:
    """Forget the failures and open a session; its token, which only the browser keeps."""
    tx.execute(accounts.update().where(accounts.c.staff_id == staff_id).values(failures=0, locked_until=None))
    token = secrets.token_urlsafe(32)
    tx.execute(
        sessions.insert().values(
            token_sha256=_digest(token), staff_id=staff_id, created_at=now, seen_at=now, address=address,
        ),
    )  # fmt: skip
    return token


def session(tx: Connection, token: str, *, now: datetime, idle: timedelta = IDLE) -> Session | None:
    """The session a token stands for, or None when it ended or was idle too long."""
    row = tx.execute(sa.select(sessions).where(sessions.c.token_sha256 == _digest(token))).first()
    if row is None or row.seen_at + idle <= now:
        return None
    return Session(row.staff_id, row.created_at, row.seen_at, row.address)


def needs_touch(opened: Session, *, now: datetime) -> bool:
    """Whether the time last seen is old enough to be written again (spares a write for each picture of a page)."""
    return now - opened.seen_at >= _TOUCH_EVERY


def touch(tx: Connection, token: str, *, now: datetime) -> None:
    """The session was used now."""
    tx.execute(sessions.update().where(sessions.c.token_sha256 == _digest(token)).values(seen_at=now))


def close_session(tx: Connection, token: str) -> None:
    """Log out."""
    tx.execute(sessions.delete().where(sessions.c.token_sha256 == _digest(token)))


def forget_idle(tx: Connection, *, now: datetime, idle: timedelta = IDLE) -> int:
    """Remove sessions that lapsed; how many."""
    return tx.execute(sessions.delete().where(sessions.c.seen_at <= now - idle)).rowcount


def log_access(
    tx: Connection, staff_id: str, what: str, *, now: datetime, address: str = "", submission_id: int | None = None,
) -> None:  # fmt: skip
    """Record who, when, from where, whose, what."""
    tx.execute(
        access_log.insert().values(
            at=now, staff_id=staff_id, address=address, submission_id=submission_id, what=what,
        ),
    )  # fmt: skip


def accesses(
    tx: Connection, *, limit: int = 100, number: str = "", staff_id: str = "", before: int = 0
) -> tuple[Access, ...]:
    """The newest entries of the access log, for one submission or one member of staff, older than one, when asked."""
    query = (
        sa.select(access_log, sa.func.coalesce(submissions.c.number, "").label("number"))
        .outerjoin(submissions, submissions.c.id == access_log.c.submission_id)
        .order_by(access_log.c.id.desc())
        .limit(limit)
    )
    if number:
        query = query.where(submissions.c.number == number)
    if staff_id:
        query = query.where(access_log.c.staff_id == staff_id)
    if before:
        query = query.where(access_log.c.id < before)
    return tuple(Access(r.at, r.staff_id, r.address, r.number, r.what, r.id) for r in tx.execute(query))


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


@functools.cache
def _decoy() -> str:
    """A hash no password fits, so that an unknown name costs as much time as a known one; made on first use."""
    return _HASHER.hash(secrets.token_urlsafe(32))
