"""The composition root: the only place that reads settings and knows every part.

Guarantees: nothing is opened before it is asked for, so a command that only reads starts quickly, and a worker process
builds its own parts after the fork. Fails with `ConfigurationError` or `MissingPart`, each with its remedy.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import ssl
from collections.abc import Sequence
from datetime import timedelta
from functools import cached_property
from pathlib import Path

from channels.limits import MEGABYTE, MailBounds
from channels.mime import MailReader, sandbox_limits
from channels.unfold import Unfolding
from dispatch.directory import Directory, load_directory
from dispatch.escalation import hand_over_before_c1, mark_breaches
from dispatch.handling import Handling
from dispatch.promises import OfficePromises
from dispatch.stage import Assignment
from gateway.domain.errors import ConfigurationError
from gateway.domain.jobs import JobKind, Stage
from gateway.domain.times import Clock, SystemClock
from gateway.intake import Acceptor, Intake
from gateway.runtime.sweep import Chore
from gateway.runtime.work import Workshop
from gateway.sandbox import Sandbox
from gateway.settings import Settings, load
from gateway.store import accounts, migrate
from gateway.store.blobs import FileBlobs
from gateway.store.database import Database
from gateway.web.context import StaticRoots, UploadLimits, WebContext
from gateway.web.staff_parts import EXTRA, StaffParts
from notifications.composing import Composer
from notifications.delivering import Delivering, sweep_in_doubt
from notifications.fax import HylafaxLine
from notifications.hfaxd import Server
from notifications.mail import mail_way
from notifications.press import LetterPress
from notifications.stage import Acknowledging, Composing
from notifications.tray import Tray
from ocr.fields import OwnContacts
from ocr.stage import Transcription

_SECRET_BYTES = 32
_NODE_MODULES = Path(__file__).resolve().parents[2] / "node_modules"


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
        database = Database(self.settings.database_url, lock_wait_ms=1000 * self.settings.lock_wait_s)
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

    @cached_property
    def fax_line(self) -> HylafaxLine | None:
        """Outgoing faxes; None when the office has set no fax server."""
        settings = self.settings
        if not settings.fax_host:
            return None
        server = Server(settings.fax_host, settings.fax_port, settings.fax_login, settings.fax_password)
        return HylafaxLine(server, self.clock)

    @cached_property
    def workshop(self) -> Workshop:
        """What a worker does."""
        return Workshop(self.database, self.clock, self._stages())

    def chores(self) -> Sequence[Chore]:
        """What happens because time passed."""
        database, clock = self.database, self.clock
        calendar = self.directory.charter.calendar
        return (
            Chore("hand over before C1", 5, lambda: hand_over_before_c1(database, clock, calendar)),
            Chore("mark breaches", 15, lambda: mark_breaches(database, clock)),
            Chore("settle what is in doubt", 10, lambda: sweep_in_doubt(database, clock)),
            Chore("forget idle sessions", 300, self._forget_sessions),
            Chore("sweep temporary blobs", 3600, self.blobs.sweep),
        )

    def web_context(self, door: Acceptor) -> WebContext:
        """What the pages need."""
        settings = self.settings
        return WebContext(
            database=self.database,
            blobs=self.blobs,
            acceptor=door,
            clock=self.clock,
            office=self.directory.office,
            directory=self.directory,
            secret=self.secret,
            limits=UploadLimits(
                spool=settings.var / "spool" / "web",
                file_bytes=settings.upload_file_limit_mb * MEGABYTE,
                submission_bytes=settings.upload_limit_mb * MEGABYTE,
            ),
            static_roots=StaticRoots.under(_NODE_MODULES),
            https=settings.secure_cookies,
            kinds=tuple((code, kind.name) for code, kind in self.directory.kinds.items()),
            extras={EXTRA: self._staff_parts()},
        )

    def close(self) -> None:
        """Let go of children and connections."""
        for name in ("_reader_child", "_transcription"):
            if name in self.__dict__:
                self.__dict__[name].close()
        if "database" in self.__dict__:
            self.database.close()

    def _staff_parts(self) -> StaffParts:
        return StaffParts(
            directory=self.directory,
            handling=Handling(self.database, self.directory, self.clock),
            tray=Tray(self.database, self.clock),
            press=self._press,
            idle=timedelta(minutes=self.settings.session_idle_min),
        )

    @cached_property
    def _press(self) -> LetterPress:
        return LetterPress()

    @cached_property
    def _reader_child(self) -> Sandbox:
        return Sandbox("channels.mime_child", **sandbox_limits(MailBounds()))

    @cached_property
    def _transcription(self) -> Transcription:
        own = own_contacts(self.directory)
        return Transcription(self.database, self.blobs, self.clock, own=own, work=self.settings.var / "work")

    def _stages(self) -> dict[JobKind, Stage]:
        database, blobs, clock, directory = self.database, self.blobs, self.clock, self.directory
        composer = Composer(self._press, blobs, directory)
        composing = Composing(database, clock, composer)
        mail = mail_way(self.settings.smart_host_url, hostname=self.settings.smtp_hostname)
        return {
            JobKind.UNFOLD: Unfolding(
                database,
                blobs,
                clock,
                MailReader(self._reader_child),
                own_addresses=directory.charter.intake_addresses,
                work=self.settings.var / "work",
            ),
            JobKind.TRANSCRIBE: self._transcription,
            JobKind.ASSIGN: Assignment(database, directory, clock),
            JobKind.ACKNOWLEDGE: Acknowledging(composing),
            JobKind.COMPOSE: composing,
            JobKind.DELIVER: Delivering(database, blobs, clock, composer, directory, mail, self.fax_line),
        }

    def _forget_sessions(self) -> int:
        with self.database.transaction() as tx:
            return accounts.forget_idle(
                tx, now=self.clock.now(), idle=timedelta(minutes=self.settings.session_idle_min)
            )


def own_contacts(directory: Directory) -> OwnContacts:
    """The office's own numbers and addresses, which stand on its forms and are never a citizen's."""
    office, people, units = directory.office, directory.people.values(), directory.units.values()
    phones = {office.phone, office.fax, *(p.phone for p in people), *(n for u in units for n in (u.phone, u.fax))}
    emails = {office.email, *(p.email for p in people), *directory.charter.intake_addresses}
    return OwnContacts(
        phones=frozenset(phones - {""}),
        emails=frozenset(e.lower() for e in emails if e),
        domains=frozenset({directory.charter.domain.lower()}),
        addresses=frozenset({office.address}),
    )


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
