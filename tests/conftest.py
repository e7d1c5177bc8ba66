"""Parts that many tests share: an injected clock, a migrated database, blobs, and the one door in."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.domain.times import FixedClock
from gateway.intake import Intake
from gateway.store import migrate
from gateway.store.blobs import FileBlobs
from gateway.store.database import Database
from tests.parts import OpenAlways
from tests.services import postgresql

NOON = datetime(2026, 11, 23, 1, 30, tzinfo=UTC)  # Monday 10:30 in Seoul


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOON)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """A migrated SQLite file; each test has its own."""
    database = Database(f"sqlite:///{tmp_path / 'gateway.db'}", lock_wait_ms=500)
    migrate.upgrade(database)
    yield database
    database.close()


@pytest.fixture
def blobs(tmp_path: Path) -> FileBlobs:
    return FileBlobs(tmp_path / "blobs")


@pytest.fixture
def intake(database: Database, blobs: FileBlobs, clock: FixedClock) -> Intake:
    return Intake(database, blobs, clock, OpenAlways())


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """One private PostgreSQL for the whole run."""
    with postgresql() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def any_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """The same test on both databases, each time migrated from nothing."""
    postgres = request.param == "postgresql"
    url = request.getfixturevalue("postgresql_url") if postgres else f"sqlite:///{tmp_path / 'any.db'}"
    database = Database(url)
    try:
        if postgres:  # one server for the run: begin from nothing each time
            migrate.upgrade(database)
            migrate.downgrade(database, "base")
        migrate.upgrade(database)
        yield database
    finally:
        database.close()
