"""The edges as running servers: pages, mail receiver, folder watchers, around one acceptor and one event loop.

Guarantees: each edge stops when `stop` is set, lets what is being accepted finish, and is waited for. Fails at the
start with a `ConfigurationError` that names the address that is taken.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator

import structlog
from aiohttp import web

from channels.fax import FaxWatcher
from channels.hotfolder import HotFolder
from channels.limits import MEGABYTE, SmtpLimits
from channels.settled import Settling
from channels.smtp import MailServer, SmtpReceiver
from channels.webform import clear_spool
from gateway.domain.errors import ConfigurationError
from gateway.intake import Acceptor
from gateway.runtime.bootstrap import Parts
from gateway.web.app import create_app

_log = structlog.get_logger()
_GRACE_S = 10.0


@contextlib.asynccontextmanager
async def acceptor(parts: Parts) -> AsyncIterator[Acceptor]:
    """The asynchronous door, closed after everyone has left."""
    door = Acceptor(parts.intake)
    try:
        yield door
    finally:
        await door.close()


async def pages(parts: Parts, door: Acceptor, stop: asyncio.Event, ready: Callable[[int], None]) -> None:
    """Serve the pages until `stop`; `ready` is told the port."""
    settings = parts.settings
    context = parts.web_context(door)
    clear_spool(context.limits.spool)  # what a crash in mid-upload left; nobody was given a receipt for it
    runner = web.AppRunner(create_app(context), access_log=None, shutdown_timeout=_GRACE_S)
    await runner.setup()
    try:
        site = web.TCPSite(runner, settings.http_host, settings.http_port)
        with _named_address("http_port", settings.http_host, settings.http_port):
            await site.start()
        ready(runner.addresses[0][1])
        await stop.wait()
    finally:
        await runner.cleanup()


async def mail(parts: Parts, door: Acceptor, stop: asyncio.Event, ready: Callable[[int], None]) -> None:
    """Receive mail until `stop`; `ready` is told the port."""
    settings = parts.settings
    server = MailServer(
        SmtpReceiver(
            addresses=parts.directory.charter.intake_addresses,
            accept=door.accept,
            clock=parts.clock,
            limits=SmtpLimits(message_bytes=settings.mail_limit_mb * MEGABYTE),
        ),
        host=settings.smtp_host,
        port=settings.smtp_port,
        hostname=settings.smtp_hostname,
        spool=settings.var / "spool" / "mail",
        tls_context=parts.tls_context,
    )
    with _named_address("smtp_port", settings.smtp_host, settings.smtp_port):
        await server.start()
    ready(server.port)
    await stop.wait()
    await server.stop(_GRACE_S)


async def folders(parts: Parts, door: Acceptor, stop: asyncio.Event) -> None:
    """Watch the fax queue and the hot folder until `stop`."""
    settings = parts.settings
    scans = settings.scan_folder
    fax = FaxWatcher(
        recvq=settings.fax_queue_folder,
        ready=settings.fax_record_folder,
        failed=settings.fax_queue_folder.parent / "failed-faxes",  # on the queue's own disk: setting aside is a rename
        accept=door.accept,
        clock=parts.clock,
    )
    post = HotFolder(
        incoming=scans / "in",
        archive=scans / "archive",
        failed=scans / "failed",
        accept=door.accept,
        clock=parts.clock,
        label="post",
        settling=Settling(parts.clock, grace_s=settings.scan_grace_s),
    )
    for folder in (fax.recvq, fax.ready, post.incoming):
        folder.mkdir(parents=True, exist_ok=True)
    async with asyncio.TaskGroup() as watchers:
        watchers.create_task(fax.run(stop))
        watchers.create_task(post.run(stop))


@contextlib.contextmanager
def _named_address(setting: str, host: str, port: int) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ConfigurationError(
            f"{host}:{port}: {error.strerror or error}",
            remedy=f"Another program uses this address: stop it, or set {setting} to a free port.",
        ) from error
