"""Alembic's entry: runs the migrations over the connection that `migrate.upgrade` gives it."""

from typing import Any, Literal

from alembic import context

from gateway.store.database import Moment
from gateway.store.schema import metadata


def _render(kind: str, column_type: Any, _context: Any) -> str | Literal[False]:
    """Moments are plain text columns; a migration must not change when our type does."""
    return "sa.String(length=32)" if kind == "type" and isinstance(column_type, Moment) else False


connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, render_item=_render)
with context.begin_transaction():
    context.run_migrations()
