"""The composition root: the only place that reads settings and knows every part.

Guarantees: nothing is opened before it is asked for, so a command that only reads starts quickly, and a worker process
builds its own parts after the fork. Fails with `ConfigurationError` or `MissingPart`, each with its remedy.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import ssl
from functools import cached_property
from pathlib import Path

from dispatch.directory import Directory, load_directory
from dispatch.promises import OfficePromises
from gateway.domain.errors import ConfigurationError
from gateway.domain.times import Clock, SystemClock
from gateway.intake import Intake
from gateway.settings import Settings, load
from gateway.store import migrate
from gateway.store.blobs import FileBlobs
from gateway.store.database import Database

_SECRET_BYTES = 32


def settings_from_environment() -> Settings:
    """The settings as the environment gives them."""
    return load(os.environ)


class Parts:
    """Everything the processes are made of, built on first use.

    Args:
        settings: what the operator set.
        clock: the present; the machine's own unless given.
    """

    def __init__(self, settings: Settings, clock: Clock | None = None) -> None:
        self.settings = settings
        self.clock = clock or SystemClock()

    @cached_property
    def database(self) -> Database:
        """Rows, at the current schema."""
        database = Database(self.settings.database_url)
        migrate.upgrade(database)
        return database

    @cached_property
    def blobs(self) -> FileBlobs:
        """Files by content."""
        return FileBlobs(self.settings.blob_folder)

    @cached_property
    def directory(self) -> Directory:
        """The office: charter, units, staff, kinds, rules."""
        return load_directory(self.settings.office, public_url=self.settings.public_url)

    @cached_property
    def intake(self) -> Intake:
        """The one door in."""
        return Intake(self.database, self.blobs, self.clock, OfficePromises(self.directory.charter))

    @cached_property
    def secret(self) -> bytes:
        """What signs cookies and tokens; made once and kept in a file only the gateway may read."""
        return _secret(self.settings.var / "secret")

    @cached_property
    def tls_context(self) -> ssl.SSLContext | None:
        """For STARTTLS; None when no certificate is set."""
        if not self.settings.tls_certificate:
            return None
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        try:
            context.load_cert_chain(self.settings.tls_certificate, self.settings.tls_key)
        except OSError as error:
            raise ConfigurationError(
                f"TLS certificate: {error}",
                remedy="Set tls_certificate and tls_key to a PEM certificate and its key, readable by the gateway.",
            ) from error
        return context


def _secret(path: Path) -> bytes:
    """Read the secret, or make it; of two processes that start at once, one makes it and both read it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        if not path.exists():
            with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
                out.write(secrets.token_bytes(_SECRET_BYTES))
                out.flush()
                os.fsync(out.fileno())
            with contextlib.suppress(FileExistsError):
                os.link(fresh, path)
        secret = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"secret: {error}", remedy=f"See that the gateway may write {path.parent}.") from error
    finally:
        fresh.unlink(missing_ok=True)
    if len(secret) < _SECRET_BYTES:
        raise ConfigurationError(
            f"{path} is too short", remedy=f"Remove {path}; a new one is made (staff log in again)."
        )
    return secret
