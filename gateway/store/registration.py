"""The rows of a new submission: everything that `gateway.intake` commits for an arrival whose files are durable.

Guarantees: an arrival is registered once per channel and key; numbers are yearly and gap-free because the serial is
taken in the same transaction. Fails like any transaction, leaving nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from functools import cache
from itertools import chain
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

from gateway.domain.clocks import ClockStart
from gateway.domain.jobs import JobKind
from gateway.domain.lifecycle import State
from gateway.domain.personal import mask
from gateway.domain.submission import Arrival, ArrivedFile, Channel, Receipt, new_access_code, receipt_number
from gateway.domain.times import SEOUL, to_text
from gateway.store import ledger, schema
from gateway.store.jobs import JobState
from gateway.store.submissions import contact_columns

_Key = tuple[Channel, str]


def _locked_serial(dialect: Any) -> sa.Executable:
    """Makes the serial if need be and locks its row; both dialects spell it alike but have each their own `insert`."""
    new = dialect.insert(schema.serials).values(name=sa.bindparam("of"), last=0)
    unchanged = new.on_conflict_do_update(index_elements=["name"], set_={"last": schema.serials.c.last})
    return unchanged.returning(schema.serials.c.last)  # type: ignore[no-any-return] # of either dialect


# Statements are built once: for a batch of a few mails, building them took longer than running them.
_LOCKED_SERIAL = {"sqlite": _locked_serial(sqlite), "postgresql": _locked_serial(postgresql)}
_TAKEN_SERIAL = (
    schema.serials.update().where(schema.serials.c.name == sa.bindparam("of")).values(last=sa.bindparam("now_last"))
)
_KNOWN = sa.select(
    *(schema.submissions.c[name] for name in ("id", "number", "access_code")),
    *(schema.submissions.c[name] for name in ("channel", "arrival_key", "arrived_at", "received_at")),
).where(
    schema.submissions.c.channel.in_(sa.bindparam("channels", expanding=True)),
    schema.submissions.c.arrival_key.in_(sa.bindparam("keys", expanding=True)),
)
_NEW_SUBMISSIONS = schema.submissions.insert().returning(schema.submissions.c.id, sort_by_parameter_order=True)


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of an arrival whose bytes are durable."""

    file: ArrivedFile
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class DurableArrival:
    """An arrival ready to be registered.

    Attributes:
        arrival: what came.
        files: its files as stored.
        received_at: when the office counts it as received.
        clocks: what starts running with it.
    """

    arrival: Arrival
    files: tuple[StoredFile, ...]
    received_at: datetime
    clocks: tuple[ClockStart, ...]

    @property
    def key(self) -> _Key:
        """What makes it this one arrival."""
        return self.arrival.channel, self.arrival.key

    @property
    def year(self) -> int:
        """Whose yearly serial it takes."""
        return self.received_at.astimezone(SEOUL).year


def register(tx: Connection, durable: Sequence[DurableArrival], *, now: datetime) -> list[Receipt]:
    """Register arrivals in order; those registered before, or twice in this batch, get the first one's receipt."""
    last = _lock_serials(tx, (d.year for d in durable))  # one writer at a time from here on, on PostgreSQL too
    known = _known(tx, [d.arrival for d in durable])
    fresh: dict[_Key, DurableArrival] = {}
    for d in durable:
        if d.key not in known:
            fresh.setdefault(d.key, d)
    first = dict(zip(fresh, _insert(tx, list(fresh.values()), last, now), strict=True)) if fresh else {}
    return [
        first[d.key] if fresh.get(d.key) is d else replace(first.get(d.key) or known[d.key], repeated=True)
        for d in durable
    ]


def _insert(tx: Connection, durable: Sequence[DurableArrival], last: dict[int, int], now: datetime) -> list[Receipt]:
    numbers = _numbers(tx, [d.year for d in durable], last)
    codes = [new_access_code() for _ in durable]
    rows = [_submission_row(d, number, code) for d, number, code in zip(durable, numbers, codes, strict=True)]
    ids = list(tx.execute(_NEW_SUBMISSIONS, rows).scalars())
    batch = list(zip(ids, durable, strict=True))
    _insert_all(tx, schema.originals, chain.from_iterable(_original_rows(i, d.files) for i, d in batch))
    _insert_all(tx, schema.ledger, (_first_entry(i, n, d, now) for (i, d), n in zip(batch, numbers, strict=True)))
    _insert_all(tx, schema.clocks, chain.from_iterable(_clock_rows(i, d) for i, d in batch))
    _insert_all(tx, schema.jobs, chain.from_iterable(_first_jobs(i, d.arrival, now) for i, d in batch))
    return [
        Receipt(i, number, code, d.arrival.arrived_at, d.received_at)
        for (i, d), number, code in zip(batch, numbers, codes, strict=True)
    ]


def _lock_serials(tx: Connection, years: Iterable[int]) -> dict[int, int]:
    """The last serial taken in each year, which no one else can take on from until this transaction ends."""
    upsert = _LOCKED_SERIAL[tx.dialect.name]
    return {year: tx.execute(upsert, {"of": _serial_name(year)}).scalar_one() for year in sorted(set(years))}


def _numbers(tx: Connection, years: Sequence[int], last: dict[int, int]) -> list[str]:
    """One receipt number per year given, in order; `last` is what the locked serials held."""
    numbers = []
    for year in years:
        last[year] += 1
        numbers.append(receipt_number(year, last[year]))
    for year in set(years):
        tx.execute(_TAKEN_SERIAL, {"of": _serial_name(year), "now_last": last[year]})
    return numbers


def _serial_name(year: int) -> str:
    return f"receipt:{year}"


def _known(tx: Connection, arrivals: Sequence[Arrival]) -> dict[_Key, Receipt]:
    rows = tx.execute(_KNOWN, {"channels": {a.channel for a in arrivals}, "keys": {a.key for a in arrivals}})
    return {
        (Channel(r.channel), r.arrival_key): Receipt(r.id, r.number, r.access_code, r.arrived_at, r.received_at)
        for r in rows
    }


def _submission_row(durable: DurableArrival, number: str, code: str) -> dict[str, object]:
    arrival = durable.arrival
    return {
        "number": number,
        "access_code": code,
        "channel": arrival.channel,
        "arrival_key": arrival.key,
        "arrived_at": arrival.arrived_at,
        "received_at": durable.received_at,
        "state": State.RECEIVED,
        "title": mask(arrival.title),
        "text": mask(arrival.text),
        "kind_code": arrival.kind_code,
        "return_channel": arrival.return_channel or "",
        "facts": {name: mask(fact) for name, fact in arrival.facts.items()},
        **contact_columns(arrival.contact),
    }


def _original_rows(submission_id: int, files: Sequence[StoredFile]) -> list[dict[str, object]]:
    return [
        {
            "submission_id": submission_id,
            "position": position,
            "role": stored.file.role,
            "sha256": stored.sha256,
            "size": stored.size,
            "name": stored.file.name,
            "media_type": stored.file.media_type,
        }
        for position, stored in enumerate(files, start=1)
    ]


def _first_entry(submission_id: int, number: str, durable: DurableArrival, now: datetime) -> dict[str, object]:
    channel, files = durable.arrival.channel, durable.files
    facts = {"number": number, "channel": channel, "files": str(len(files))}
    facts |= {f"sha256:{position}": stored.sha256 for position, stored in enumerate(files, start=1)}
    return ledger.row(ledger.first_entry(submission_id, "received", actor=f"system:{channel}", at=now, facts=facts))


def _clock_rows(submission_id: int, durable: DurableArrival) -> list[dict[str, object]]:
    return [
        {
            "submission_id": submission_id,
            "name": start.name,
            "rule": start.rule,
            "started_at": durable.received_at,
            "due_at": start.due_at,
        }
        for start in durable.clocks
    ]


def _first_jobs(submission_id: int, arrival: Arrival, now: datetime) -> list[dict[str, object]]:
    """A mail is unfolded first, which decides whether a machine may answer it (RFC 3834); all else is read at once."""
    kinds = [JobKind.UNFOLD] if arrival.channel is Channel.EMAIL else [JobKind.TRANSCRIBE, JobKind.ACKNOWLEDGE]
    return [
        {
            "kind": kind,
            "submission_id": submission_id,
            "state": JobState.WAITING,
            "run_after": now,
            "created_at": now,
        }
        for kind in kinds
    ]


def _insert_all(tx: Connection, table: sa.Table, rows: Iterable[Mapping[str, Any]]) -> None:
    """Insert rows of the same columns through the driver: binding them one by one cost more than storing them."""
    found = list(rows)
    if found:
        statement = _insert_statement(table.name, tuple(found[0]), tx.dialect.paramstyle)
        tx.exec_driver_sql(statement, [tuple(_plain(value) for value in row.values()) for row in found])


@cache
def _insert_statement(table: str, columns: tuple[str, ...], paramstyle: str) -> str:
    mark = "?" if paramstyle == "qmark" else "%s"
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join(mark for _ in columns)})"  # noqa: S608 (names of our own schema)


def _plain(value: object) -> object:
    """A value as the driver takes it: what `Moment`, JSON and text columns would make of it."""
    if isinstance(value, datetime):
        return to_text(value)
    if isinstance(value, dict):
        return json.dumps(value)
    return str(value) if isinstance(value, StrEnum) else value
