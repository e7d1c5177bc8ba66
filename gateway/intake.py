"""The only door in: `Intake.accept` makes an arrival durable and hands back a receipt.

Guarantees: when `accept` returns, blobs are on disk and the submission, its originals, first ledger entry, clocks and
first job are committed together; presenting the same arrival again (same channel and key) returns the same receipt
and adds nothing. Fails with `StorageUnavailable`, after which nothing is registered and the channel must keep what it
has (SMTP 451, HTTP 503, file left in place).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from gateway.domain.clocks import Promises
from gateway.domain.errors import GatewayError, StorageUnavailable
from gateway.domain.submission import Arrival, ArrivedFile, Receipt, Role
from gateway.domain.times import Clock
from gateway.store.blobs import Blobs
from gateway.store.database import Database
from gateway.store.registration import DurableArrival, StoredFile, register

_BATCH = 64


class Intake:
    """Makes arrivals durable.

    Args:
        database: where rows go.
        blobs: where files go.
        clock: the present.
        promises: the office's calendar, for the moment of receipt and the clocks that start with it.
    """

    def __init__(self, database: Database, blobs: Blobs, clock: Clock, promises: Promises) -> None:
        self._database = database
        self._blobs = blobs
        self._clock = clock
        self._promises = promises

    def accept(self, arrival: Arrival) -> Receipt:
        """Accept one arrival.

        Raises:
            StorageUnavailable: it could not be made durable; nothing was registered.
        """
        outcome = self.accept_all([arrival])[0]
        if isinstance(outcome, GatewayError):
            raise outcome
        return outcome

    def accept_all(self, arrivals: Sequence[Arrival]) -> list[Receipt | GatewayError]:
        """Accept several arrivals in one commit, in order.

        Returns:
            For each arrival its receipt, or why it could not be stored; one that could not does not hold up the others.
        """
        return self.register(self.store(arrivals))

    def store(self, arrivals: Sequence[Arrival]) -> list[DurableArrival | GatewayError]:
        """Make the files of several arrivals durable; nothing is registered by this.

        Returns:
            For each arrival itself with its files as stored, or why one of them could not be.
        """
        bundles = [_with_text(arrival) for arrival in arrivals]
        whole = [files for files in bundles if not isinstance(files, GatewayError)]
        contents = [file.content for files in whole for file in files if file.content is not None]
        blobs = iter(self._blobs.put_all(contents))
        return [self._stored(arrival, files, blobs) for arrival, files in zip(arrivals, bundles, strict=True)]

    def register(self, stored: Sequence[DurableArrival | GatewayError]) -> list[Receipt | GatewayError]:
        """Register those arrivals whose files are durable in one commit, in order.

        Returns:
            As `accept_all`.
        """
        durable = [outcome for outcome in stored if isinstance(outcome, DurableArrival)]
        try:
            with self._database.transaction() as tx:
                receipts = iter(register(tx, durable, now=self._clock.now()))
        except GatewayError as error:
            return [error if isinstance(outcome, DurableArrival) else outcome for outcome in stored]
        return [next(receipts) if isinstance(outcome, DurableArrival) else outcome for outcome in stored]

    def _stored(
        self,
        arrival: Arrival,
        files: Sequence[ArrivedFile] | GatewayError,
        blobs: Iterator[str | StorageUnavailable],
    ) -> DurableArrival | GatewayError:
        if isinstance(files, GatewayError):
            return files
        try:
            # every content's outcome is taken before any is looked at, so that the next arrival gets its own
            outcomes = [self._put_file(file) if file.content is None else next(blobs) for file in files]
            received_at = self._promises.received_at(arrival.arrived_at)
            return DurableArrival(
                arrival=arrival,
                files=tuple(_stored_file(file, outcome) for file, outcome in zip(files, outcomes, strict=True)),
                received_at=received_at,
                clocks=self._promises.at_receipt(received_at),
            )
        except GatewayError as error:
            return error
        except Exception as error:  # noqa: BLE001 (one arrival's trouble is not that of the others in its batch)
            return StorageUnavailable(f"acceptance failed: {error!r}")

    def _put_file(self, file: ArrivedFile) -> tuple[str, int] | StorageUnavailable:
        assert file.path is not None  # noqa: S101 (an ArrivedFile has content or path)
        try:
            return self._blobs.put_file(file.path)
        except StorageUnavailable as error:
            return error


def _with_text(arrival: Arrival) -> tuple[ArrivedFile, ...] | StorageUnavailable:
    """The arrival's files; what the citizen typed is an original too (the column keeps it masked)."""
    if not arrival.text:
        return arrival.files
    try:
        text = arrival.text.encode()
    except UnicodeEncodeError as error:
        return StorageUnavailable(f"a text that is none: {error}")
    return (ArrivedFile("본문.txt", "text/plain; charset=utf-8", Role.BODY, text), *arrival.files)


def _stored_file(file: ArrivedFile, outcome: str | tuple[str, int] | StorageUnavailable) -> StoredFile:
    if isinstance(outcome, StorageUnavailable):
        raise outcome
    if isinstance(outcome, tuple):
        return StoredFile(file, *outcome)
    return StoredFile(file, outcome, len(file.content or b""))


class Acceptor:
    """The asynchronous front of `Intake` for the edges: arrivals that wait together share one commit.

    While one batch is being committed the next one gathers, so the batch grows with the load and a lone arrival waits
    for nobody. Used within one event loop.
    """

    def __init__(self, intake: Intake, *, batch: int = _BATCH) -> None:
        self._intake = intake
        self._batch = batch
        self._waiting: list[tuple[Arrival, asyncio.Future[Receipt]]] = []
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="intake")
        self._running: asyncio.Task[None] | None = None

    async def accept(self, arrival: Arrival) -> Receipt:
        """Accept one arrival; returns when it is durable.

        Raises:
            StorageUnavailable: it could not be made durable; nothing was registered.
        """
        future: asyncio.Future[Receipt] = asyncio.get_running_loop().create_future()
        self._waiting.append((arrival, future))
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._drain())
        # a caller that goes away (connection lost) does not undo what is being committed
        return await asyncio.shield(future)

    async def close(self) -> None:
        """Finish what is waiting."""
        if self._running is not None:
            await self._running
        self._thread.shutdown()

    async def _drain(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            batch, self._waiting = self._waiting[: self._batch], self._waiting[self._batch :]
            arrivals = [arrival for arrival, _ in batch]
            try:
                outcomes = await loop.run_in_executor(self._thread, self._intake.accept_all, arrivals)
            except Exception as error:  # noqa: BLE001 (whatever went wrong, no caller may wait for ever)
                failure = StorageUnavailable(f"acceptance failed: {error!r}")
                outcomes = [failure for _ in batch]
            for (_, future), outcome in zip(batch, outcomes, strict=True):
                if future.cancelled():
                    continue
                if isinstance(outcome, GatewayError):
                    future.set_exception(outcome)
                else:
                    future.set_result(outcome)
