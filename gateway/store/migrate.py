"""Brings a database to the current schema (Alembic), and tells whether it is there.

Guarantees: `upgrade` runs under the database's own lock, so that several processes may start at once; data is kept.
Fails with `StorageUnavailable` when the database cannot be reached.
"""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Connection

from gateway.store.database import Database

_ADVISORY_LOCK = 0x67617465  # "gate"; any constant will do


def upgrade(database: Database) -> None:
    """Make the schema current."""
    with database.transaction() as tx:
        if not database.is_sqlite:
            tx.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})")
        if _revision(tx) != head():
            command.upgrade(_config(tx), "head")


def head() -> str:
    """The newest revision."""
    return str(ScriptDirectory.from_config(_config(None)).get_current_head())


def revision(database: Database) -> str | None:
    """The revision a database is at; None when it is empty."""
    with database.reading() as tx:
        return _revision(tx)


def downgrade(database: Database, to: str) -> None:
    """Take a database back to an earlier revision, `base` for an empty one."""
    with database.transaction() as tx:
        command.downgrade(_config(tx), to)


def _revision(tx: Connection) -> str | None:
    return MigrationContext.configure(tx).get_current_revision()


def _config(connection: Connection | None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
