"""Engines and transactions for SQLite (WAL, synchronous=FULL) and PostgreSQL.

Guarantees: what `transaction()` committed survives the loss of power; on SQLite a writing transaction takes the write
lock at its start, so it never fails half-way for want of it. Fails with `StorageUnavailable` when the database is
locked, full or gone; nothing was written then.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Dialect, Engine
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry

from gateway.domain.errors import StorageUnavailable
from gateway.domain.times import from_text, to_text

_LOCK_WAIT_MS = 10_000
_WRITES = "gateway_writes"


class Moment(sa.types.TypeDecorator[datetime]):
    """An aware datetime, kept as fixed-width UTC text so that both databases order and compare it alike."""

    impl = sa.String(32)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:  # noqa: ARG002 (inherited signature)
        """To text."""
        return None if value is None else to_text(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 (inherited signature)
        """From text."""
        return None if value is None else from_text(value)


class Database:
    """One database; threads and processes may share it, each transaction has its own connection.

    Args:
        url: `sqlite:////path/gateway.db` or `postgresql+psycopg://...`.
        lock_wait_ms: how long a writer waits for another before it gives up.
    """

    def __init__(self, url: str, *, lock_wait_ms: int = _LOCK_WAIT_MS) -> None:
        self.url = url
        self.engine = _engine(url, lock_wait_ms)
        self._writing = self.engine.execution_options(**{_WRITES: True})

    @property
    def is_sqlite(self) -> bool:
        """Whether this is the embedded database."""
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A writing transaction: commits at the end of the block, rolls back on any exception.

        Raises:
            StorageUnavailable: the database cannot take the transaction now; nothing was written.
        """
        with _translated(), self._writing.begin() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One consistent view for reading; whatever is written in it is rolled back."""
        with _translated(), self.engine.connect() as connection:
            try:
                yield connection
            finally:
                connection.rollback()

    def close(self) -> None:
        """Close all pooled connections."""
        self.engine.dispose()


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except OperationalError as error:
        raise StorageUnavailable(
            f"database: {error.orig}",
            remedy="See that the database is reachable, not locked by another program, and its disk has room.",
        ) from error
    except DBAPIError as error:
        if not error.connection_invalidated:
            raise
        raise StorageUnavailable(f"database connection lost: {error.orig}") from error


def _engine(url: str, lock_wait_ms: int) -> Engine:
    parsed = sa.make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return sa.create_engine(url, pool_pre_ping=True, pool_size=5, max_overflow=20)
    if parsed.database and parsed.database != ":memory:":
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(
        url,
        connect_args={"timeout": lock_wait_ms / 1000, "check_same_thread": False, "isolation_level": None},
    )

    @sa.event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, _record: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute("PRAGMA journal_size_limit=67108864")
        cursor.close()

    # sqlite3 opens no transactions of its own (isolation_level None above); ours say at once whether they will write.
    @sa.event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get(_WRITES)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine
