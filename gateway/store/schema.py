"""All tables. Migrations in `migrations/` make exactly this; a test compares the two."""

from __future__ import annotations

import sqlalchemy as sa

from gateway.store.database import Moment

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    },
)


def _text(name: str, length: int | None = None) -> sa.Column[str]:
    """A text column that is never NULL: absence is the empty text."""
    kind = sa.Text() if length is None else sa.String(length)
    return sa.Column(name, kind, nullable=False, server_default="")


def _of_submission(*, primary_key: bool = False, index: bool = False) -> sa.Column[int]:
    return sa.Column(
        "submission_id", sa.ForeignKey("submissions.id"), nullable=False, primary_key=primary_key, index=index,
    )  # fmt: skip


# Yearly serials. The row is updated in the same transaction that uses the number, so there are no gaps.
serials = sa.Table(
    "serials",
    metadata,
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("last", sa.Integer, nullable=False),
)

submissions = sa.Table(
    "submissions",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("number", sa.String(16), nullable=False, unique=True),
    sa.Column("access_code", sa.String(16), nullable=False),
    sa.Column("channel", sa.String(16), nullable=False),
    sa.Column("arrival_key", sa.String(200), nullable=False),
    sa.Column("arrived_at", Moment, nullable=False),
    sa.Column("received_at", Moment, nullable=False),
    sa.Column("state", sa.String(32), nullable=False),
    sa.Column("version", sa.Integer, nullable=False, server_default="1"),
    _text("title"),
    _text("text"),
    _text("kind_code", 64),
    _text("return_channel", 16),
    _text("contact_name"),
    _text("contact_phone", 64),
    _text("contact_fax", 64),
    _text("contact_email", 320),
    _text("contact_address"),
    _text("contact_postcode", 16),
    sa.Column("facts", sa.JSON, nullable=False),
    _text("unit_code", 64),
    _text("handler_id", 64),
    _text("route_reason"),
    sa.Column("unverified", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("assigned_at", Moment),
    sa.Column("first_seen_at", Moment),
    sa.Column("told_at", Moment),
    _text("plan"),
    sa.Column("result", sa.JSON(none_as_null=True)),
    sa.Column("decided_at", Moment),
    sa.Column("closed_at", Moment),
    sa.UniqueConstraint("channel", "arrival_key"),
    sa.Index("ix_submissions_state_received", "state", "received_at"),
    sa.Index("ix_submissions_handler", "handler_id", "state"),
    sa.Index("ix_submissions_unit", "unit_code", "state"),
)

originals = sa.Table(
    "originals",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    _of_submission(),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("parent_id", sa.ForeignKey("originals.id")),
    sa.Column("role", sa.String(16), nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False, index=True),
    sa.Column("size", sa.BigInteger, nullable=False),
    _text("name"),
    _text("media_type", 128),
    sa.Column("pages", sa.Integer),
    sa.Column("rendition_sha256", sa.String(64)),
    _text("trouble"),
    sa.UniqueConstraint("submission_id", "position"),
)

transcripts = sa.Table(
    "transcripts",
    metadata,
    _of_submission(primary_key=True),
    sa.Column("content", sa.Text, nullable=False),  # Transcript.to_json
    sa.Column("read_at", Moment, nullable=False),
)

ledger = sa.Table(
    "ledger",
    metadata,
    _of_submission(primary_key=True),
    sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("at", Moment, nullable=False),
    sa.Column("actor", sa.String(128), nullable=False),
    sa.Column("event", sa.String(64), nullable=False),
    _text("why"),
    sa.Column("facts", sa.JSON, nullable=False),
    sa.Column("previous", sa.String(64), nullable=False),
    sa.Column("digest", sa.String(64), nullable=False),
)

jobs = sa.Table(
    "jobs",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("kind", sa.String(32), nullable=False),
    _of_submission(index=True),
    _text("subject", 64),
    sa.Column("state", sa.String(16), nullable=False),  # jobs.JobState
    sa.Column("run_after", Moment, nullable=False),
    sa.Column("rung_at", Moment),
    _text("token", 64),
    sa.Column("lease_until", Moment),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    _text("last_error"),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("finished_at", Moment),
    # Finished jobs leave these partial indexes, so finding due work costs the same with a million of them behind us.
    sa.Index(
        "ix_jobs_waiting", "run_after",
        sqlite_where=sa.text("state = 'waiting'"), postgresql_where=sa.text("state = 'waiting'"),
    ),
    sa.Index(
        "ix_jobs_leased", "lease_until",
        sqlite_where=sa.text("state = 'leased'"), postgresql_where=sa.text("state = 'leased'"),
    ),
)  # fmt: skip

clocks = sa.Table(
    "clocks",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    _of_submission(),
    sa.Column("name", sa.String(32), nullable=False),
    sa.Column("rule", sa.String(32), nullable=False),
    sa.Column("started_at", Moment, nullable=False),
    sa.Column("due_at", Moment, nullable=False),
    sa.Column("satisfied_at", Moment),
    sa.Column("breached_at", Moment),
    sa.UniqueConstraint("submission_id", "name"),
    sa.Index(
        "ix_clocks_running", "due_at",
        sqlite_where=sa.text("satisfied_at IS NULL"), postgresql_where=sa.text("satisfied_at IS NULL"),
    ),
)  # fmt: skip

deliveries = sa.Table(
    "deliveries",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    _of_submission(),
    sa.Column("purpose", sa.String(32), nullable=False),
    sa.Column("route", sa.String(16), nullable=False),
    sa.Column("position", sa.Integer, nullable=False),  # 1 = first choice, 2 = what it fell back to, ...
    sa.Column("state", sa.String(16), nullable=False, index=True),
    _text("address"),  # mail address, fax number, or name and postal address
    _text("subject"),
    _text("body"),
    sa.Column("document_sha256", sa.String(64)),  # the letter (PDF blob)
    _text("document_number", 64),  # register number of the letter, e.g. 민원봉사과-123
    _text("reason"),  # why it waits, failed or came back
    sa.Column("proof", sa.JSON, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("changed_at", Moment, nullable=False),
    sa.UniqueConstraint("submission_id", "purpose", "route", "position"),
)

delivery_attempts = sa.Table(
    "delivery_attempts",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("delivery_id", sa.ForeignKey("deliveries.id"), nullable=False, index=True),
    sa.Column(
        "key", sa.String(200), nullable=False, unique=True
    ),  # Message-ID, JOBINFO: ours, written before it leaves
    sa.Column("started_at", Moment, nullable=False),
    sa.Column("until", Moment, nullable=False),  # an attempt still open after this is in doubt
    sa.Column("ended_at", Moment),
    _text("outcome", 16),
    _text("detail"),
)

absences = sa.Table(
    "absences",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("staff_id", sa.String(64), nullable=False, index=True),
    sa.Column("away_from", Moment, nullable=False),
    sa.Column("away_until", Moment),
    _text("deputy_id", 64),
    _text("why"),
)

accounts = sa.Table(
    "accounts",
    metadata,
    sa.Column("staff_id", sa.String(64), primary_key=True),
    sa.Column("password_hash", sa.Text, nullable=False),
    sa.Column("failures", sa.Integer, nullable=False, server_default="0"),
    sa.Column("locked_until", Moment),
    sa.Column("changed_at", Moment, nullable=False),
)

sessions = sa.Table(
    "sessions",
    metadata,
    sa.Column("token_sha256", sa.String(64), primary_key=True),
    sa.Column("staff_id", sa.String(64), nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("seen_at", Moment, nullable=False, index=True),
    _text("address", 64),
)

access_log = sa.Table(
    "access_log",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("at", Moment, nullable=False, index=True),
    sa.Column("staff_id", sa.String(64), nullable=False),
    _text("address", 64),
    sa.Column("submission_id", sa.ForeignKey("submissions.id"), index=True),
    sa.Column("what", sa.String(64), nullable=False),
)
