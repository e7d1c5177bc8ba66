"""One frozen, validated object with everything an operator can set.

Guarantees: every value has a default that runs the gateway on one machine with no service to install; what is given is
checked at once. Order: defaults, then a TOML file, then `GATEWAY_*` environment variables (`GATEWAY_HTTP_PORT=8080`).
Fails with `ConfigurationError`, which names the setting and says what to write instead. Only `runtime` reads it.
"""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from gateway.domain.errors import ConfigurationError

_PREFIX = "GATEWAY_"
_HIGHEST_PORT = 65_535
_TRUE, _FALSE = frozenset({"1", "true", "yes", "on"}), frozenset({"0", "false", "no", "off"})


@dataclass(frozen=True, slots=True)
class Settings:
    """What an operator can set; a TOML file has the same names.

    Attributes:
        var: folder for everything the gateway keeps, unless a setting below says otherwise.
        office: folder with charter.toml, units.csv, staff.csv, kinds.csv, routes.toml.
        database: SQLAlchemy URL; empty means SQLite in `var`.
        lock_wait_s: seconds a write waits for another's lock on SQLite before senders are put off.
        blobs: folder for originals and renditions; empty means `var/blobs`.
        broker: Celery broker URL; empty means a folder below `var`.
        http_host, http_port: where the pages are served.
        public_url: how citizens reach the pages, for links in mails and letters.
        smtp_host, smtp_port: where mail is received.
        smtp_hostname: the name the mail receiver greets with.
        tls_certificate, tls_key: PEM files for STARTTLS; both or neither.
        mail_limit_mb: largest mail accepted.
        upload_file_limit_mb, upload_limit_mb: largest file and largest web submission accepted.
        fax_queue: HylaFAX `recvq` to watch; empty means `var/recvq`.
        fax_records: folder where the FaxRcvdCmd hook writes its records; empty means `ready` beside the queue.
        scans: hot folder for post; empty means `var/hotfolder`.
        scan_grace_s: seconds a scan whose end is missing must lie still before it is taken as it is.
        smart_host: where mail goes out: `smtp://host:25`, `smtps://`, or `folder:///path`; empty means `var/mailbox`.
        fax_host, fax_port, fax_login, fax_password: HylaFAX's hfaxd for outgoing faxes; an empty host means no line.
        workers: Celery worker processes.
        session_idle_min: minutes after which an idle staff session ends.
        secure_cookies: set the Secure flag on cookies; on wherever the pages are reached by https.
        log_json: log lines as JSON instead of text.
    """

    var: Path = Path("var")
    office: Path = Path("office")
    database: str = ""
    lock_wait_s: int = 10
    blobs: str = ""
    broker: str = ""
    http_host: str = "127.0.0.1"
    http_port: int = 8080
    public_url: str = "http://127.0.0.1:8080"
    smtp_host: str = "127.0.0.1"
    smtp_port: int = 8025
    smtp_hostname: str = "localhost"
    tls_certificate: str = ""
    tls_key: str = ""
    mail_limit_mb: int = 50
    upload_file_limit_mb: int = 50
    upload_limit_mb: int = 200
    fax_queue: str = ""
    fax_records: str = ""
    scans: str = ""
    scan_grace_s: int = 60
    smart_host: str = ""
    fax_host: str = ""
    fax_port: int = 4559
    fax_login: str = "gateway"
    fax_password: str = ""
    workers: int = 2
    session_idle_min: int = 30
    secure_cookies: bool = False
    log_json: bool = False

    def __post_init__(self) -> None:
        for name in ("var", "office"):  # children of ours work in other folders
            object.__setattr__(self, name, getattr(self, name).absolute())
        for name in ("http_port", "smtp_port", "fax_port"):
            if not 0 <= getattr(self, name) <= _HIGHEST_PORT:
                raise _wrong(name, getattr(self, name), "a port number from 0 to 65535 (0 takes a free one)")
        for name in (
            "lock_wait_s", "mail_limit_mb", "upload_file_limit_mb", "upload_limit_mb", "scan_grace_s", "workers",
            "session_idle_min",
        ):  # fmt: skip
            if getattr(self, name) < 1:
                raise _wrong(name, getattr(self, name), "a whole number from 1")
        if bool(self.tls_certificate) != bool(self.tls_key):
            raise _wrong("tls_key", self.tls_key, "both tls_certificate and tls_key, or neither")
        if self.smart_host and urlsplit(self.smart_host).scheme not in {"smtp", "smtps", "folder"}:
            raise _wrong("smart_host", self.smart_host, "smtp://host:port, smtps://host:port or folder:///path")
        if urlsplit(self.public_url).scheme not in {"http", "https"}:
            raise _wrong("public_url", self.public_url, "an address that begins with http:// or https://")

    @property
    def database_url(self) -> str:
        """Where the rows are."""
        return self.database or f"sqlite:///{self.var / 'gateway.db'}"

    @property
    def blob_folder(self) -> Path:
        """Where the files are."""
        return Path(self.blobs).absolute() if self.blobs else self.var / "blobs"

    @property
    def broker_folder(self) -> Path | None:
        """The filesystem broker's folder; None when a broker service is used."""
        return None if self.broker else self.var / "broker"

    @property
    def fax_queue_folder(self) -> Path:
        """HylaFAX's queue of received faxes."""
        return Path(self.fax_queue).absolute() if self.fax_queue else self.var / "recvq"

    @property
    def fax_record_folder(self) -> Path:
        """Where the fax hook leaves its records."""
        return Path(self.fax_records).absolute() if self.fax_records else self.fax_queue_folder.parent / "ready"

    @property
    def scan_folder(self) -> Path:
        """The hot folder for post."""
        return Path(self.scans).absolute() if self.scans else self.var / "hotfolder"

    @property
    def smart_host_url(self) -> str:
        """Where outgoing mail is handed over."""
        return self.smart_host or f"folder://{self.var / 'mailbox'}"


def load(environment: Mapping[str, str], file: Path | None = None) -> Settings:
    """Settings from defaults, a TOML file and the environment.

    Args:
        environment: usually `os.environ`.
        file: a TOML file; `GATEWAY_SETTINGS` names one when none is given.

    Raises:
        ConfigurationError: an unknown name, a wrong type or value, or a file that cannot be read.
    """
    named = environment.get(f"{_PREFIX}SETTINGS", "")
    chosen = file or (Path(named) if named else None)
    values: dict[str, Any] = _from_file(chosen) if chosen else {}
    types = {field.name: type(field.default) for field in dataclasses.fields(Settings)}
    for name in types:
        text = environment.get(_PREFIX + name.upper())
        if text is not None:
            values[name] = text
    unknown = sorted(set(values) - set(types))
    if unknown:
        raise ConfigurationError(
            f"unknown settings: {', '.join(unknown)}",
            remedy=f"Remove them from {chosen}, or use one of: {', '.join(sorted(types))}.",
        )
    return Settings(**{name: _typed(name, value, types[name]) for name, value in values.items()})


def _from_file(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{file}: {error}", remedy="Give a readable TOML file in UTF-8.") from error


def _typed(name: str, value: Any, wanted: type) -> Any:
    if isinstance(value, wanted) and not (wanted is int and isinstance(value, bool)):
        return value
    text = str(value).strip()
    if issubclass(wanted, Path):
        return Path(text)
    if wanted is bool and text.lower() in _TRUE | _FALSE:
        return text.lower() in _TRUE
    if wanted is int and text.lstrip("-").isdigit():
        return int(text)
    if wanted is str:
        return text
    raise _wrong(name, value, "a whole number" if wanted is int else "true or false")


def _wrong(name: str, value: object, instead: str) -> ConfigurationError:
    return ConfigurationError(f"setting {name} = {value!r}", remedy=f"Set {name} to {instead}.")
