"""What the web pages need, put together once by the composition root and handed to `create_app`.

Guarantees: no page reads settings, opens a database or knows the time by itself; all of it comes from here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from aiohttp import web

from channels.webform import UploadLimits
from dispatch.directory import Directory
from gateway.domain.office import OfficeFacts
from gateway.domain.submission import Arrival, Receipt
from gateway.domain.times import Clock
from gateway.store.blobs import Blobs
from gateway.store.database import Database

__all__ = ["CONTEXT", "Accepting", "StaticRoots", "UploadLimits", "WebContext"]


class Accepting(Protocol):
    """The one door in, as `gateway.intake.Acceptor` opens it."""

    async def accept(self, arrival: Arrival) -> Receipt:
        """Make `arrival` durable, then hand back its receipt."""
        ...


@dataclass(frozen=True, slots=True)
class StaticRoots:
    """Where the installed design system and htmx lie (folders of `node_modules`)."""

    krds: Path
    htmx: Path

    @classmethod
    def under(cls, node_modules: Path) -> StaticRoots:
        """The roots below one `node_modules` folder."""
        return cls(krds=node_modules / "krds-uiux" / "resources", htmx=node_modules / "htmx.org" / "dist")


@dataclass(frozen=True, slots=True)
class WebContext:
    """Everything the pages need.

    Attributes:
        database: transactions and readings.
        blobs: originals, renditions and letters by content address.
        acceptor: the door in.
        clock: the present moment.
        office: name, address, phones of this office.
        directory: the office's charter, hours, units and people.
        secret: at least 32 bytes; signs cookies and form tokens. Changing it logs everybody out.
        limits: what an upload may carry.
        static_roots: where the design system's files lie.
        https: cookies are marked Secure and HSTS is sent.
        trusted_proxies: addresses whose X-Forwarded-For is believed.
        kinds: petition kinds a citizen can choose from, as (code, Korean name).
        extras: parts that single pages need beyond these (staff pages), by name.
    """

    database: Database
    blobs: Blobs
    acceptor: Accepting
    clock: Clock
    office: OfficeFacts
    directory: Directory
    secret: bytes
    limits: UploadLimits
    static_roots: StaticRoots
    https: bool = False
    trusted_proxies: frozenset[str] = frozenset()
    kinds: tuple[tuple[str, str], ...] = ()
    extras: dict[str, Any] = field(default_factory=dict)


CONTEXT = web.AppKey("context", WebContext)
