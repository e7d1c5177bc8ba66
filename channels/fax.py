"""Fax in: takes what HylaFAX has received from its `recvq`.

Guarantees: a file that faxgetty still holds (flock) is left alone; a fax is removed from `recvq` only after acceptance
has committed, and its key (name, time, SHA-256) gives the same receipt when a crash came between the two; a cut,
damaged or truncated fax is accepted with what is wrong in its facts, never dropped. `recvq` itself is swept, so a fax
whose hook never ran (faxgetty killed in mid-call) is taken too, after `hook_grace_s`.
Fails by leaving the fax where it is: the store cannot take it now, or the file cannot be read.
Sources: hylafax-server(5F), faxrcvd(8C); ITU-T T.30; RFC 2306 (tags 326-328).
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from channels.faxrecord import CallRecord, find_record
from channels.folders import set_aside, sha256_of
from channels.settled import Likeness, locked
from channels.tiffdir import Directories, Page, read_directories
from channels.watching import Accept, Sweep, watch
from gateway.domain.errors import GatewayError
from gateway.domain.personal import mask
from gateway.domain.submission import Arrival, ArrivedFile, Channel, Contact, Receipt, Role
from gateway.domain.telephone import number_or_empty, spaced
from gateway.domain.times import Clock

_AT_ONCE = 8
_MAX_FACT = 200


@dataclass(frozen=True, slots=True)
class ReceivedFax:
    """One complete file in `recvq`, looked at."""

    path: Path
    likeness: Likeness
    sha256: str
    content: Directories
    record: CallRecord | None

    def arrival(self) -> Arrival:
        """This fax as the one door takes it; it arrived when its last page was complete."""
        facts = facts_of(self.content, self.record)
        number = number_or_empty(facts.get("caller", "")) or number_or_empty(facts.get("tsi", ""))
        return Arrival(
            channel=Channel.FAX,
            key=f"{self.path.name}:{self.likeness.mtime_ns}:{self.sha256}",
            arrived_at=datetime.fromtimestamp(self.likeness.mtime_ns / 1e9, UTC),
            files=(ArrivedFile(name=self.path.name, media_type="image/tiff", role=Role.PAGES, path=self.path),),
            contact=Contact(fax=spaced(number)),
            facts=facts,
        )


@dataclass(slots=True)
class FaxWatcher:
    """Watches one HylaFAX spool.

    Attributes:
        recvq: where HylaFAX puts received faxes.
        ready: where the hook puts its records; the watcher owns and empties it.
        failed: where a fax of zero bytes goes, with a note.
        accept: the door (`gateway.intake.Acceptor.accept`).
        clock: where the present moment comes from.
        hook_grace_s: how long a fax waits for its record before it is taken without one.
        interval_s: pause between two passes.
    """

    recvq: Path
    ready: Path
    failed: Path
    accept: Accept
    clock: Clock
    hook_grace_s: float = 30.0
    interval_s: float = 0.5
    _reported: set[tuple[str, str]] = field(default_factory=set)

    async def run(self, stop: asyncio.Event) -> None:
        """Sweep until `stop` is set."""
        await watch(self.sweep, stop, interval_s=self.interval_s, name="fax")

    async def sweep(self) -> Sweep:
        """Take every complete fax that lies there now, in the order of their names."""
        found, waiting, troubles = await asyncio.to_thread(self._look)
        gate = asyncio.Semaphore(_AT_ONCE)

        async def one(fax: ReceivedFax) -> Receipt | Exception | None:
            async with gate:
                return await self._take(fax)

        results = await asyncio.gather(*(one(fax) for fax in found))
        kept = [result for result in results if isinstance(result, Exception)]
        troubles += self._once((type(why).__name__, f"a fax stays in {self.recvq}: {why}") for why in kept)
        if not kept:
            self._reported.clear()
        return Sweep(
            receipts=tuple(result for result in results if isinstance(result, Receipt)),
            waiting=waiting,
            postponed=len(kept),
            set_aside=sum(result is None for result in results),
            troubles=tuple(troubles),
        )

    def _look(self) -> tuple[list[ReceivedFax], int, list[str]]:
        found: list[ReceivedFax] = []
        waiting = 0
        troubles: list[tuple[str, str]] = []
        for path in sorted(self.recvq.glob("fax*.tif")):
            try:
                fax = self._examine(path)
            except FileNotFoundError:  # another gateway took it, or it is not a plain file
                continue
            except OSError as why:
                troubles.append((path.name, f"{path.name} cannot be read: {why.strerror}"))
                continue
            if fax is None:
                waiting += 1
            else:
                found.append(fax)
        return found, waiting, self._once(troubles)

    def _examine(self, path: Path) -> ReceivedFax | None:
        """The fax at `path`, or None while it must be left alone."""
        likeness = Likeness.of(path)
        if locked(path):
            return None
        record = find_record(self.ready, path) if self.ready.is_dir() else None
        age_s = self.clock.now().timestamp() - likeness.mtime_ns / 1e9
        if record is None and age_s < self.hook_grace_s:
            return None
        with path.open("rb") as file:
            content = read_directories(file, likeness.size)
        return ReceivedFax(path, likeness, sha256_of(path), content, record)

    async def _take(self, fax: ReceivedFax) -> Receipt | Exception | None:
        """Accept one fax, then remove it; None when it held nothing, the error when it stays."""
        if not fax.likeness.size:
            await asyncio.to_thread(self._set_aside, fax)
            return None
        try:
            receipt = await self.accept(fax.arrival())
            await asyncio.to_thread(self._remove, fax)
        except (GatewayError, OSError) as why:  # registered or not, the next pass gets the same receipt
            return why
        return receipt

    def _remove(self, fax: ReceivedFax) -> None:
        """Only now, after the commit, and only when it is still the very file that was accepted."""
        try:
            if Likeness.of(fax.path) == fax.likeness:
                fax.path.unlink()
        except FileNotFoundError:
            pass
        if fax.record is not None:
            fax.record.path.unlink(missing_ok=True)

    def _set_aside(self, fax: ReceivedFax) -> None:
        caller = fax.record.caller if fax.record else ""
        set_aside(
            fax.path,
            self.failed,
            self.clock.now(),
            korean=f"팩스 연결은 있었으나 받은 쪽이 없습니다. 발신 번호: {caller or '알 수 없음'}",
            english=f"A call came in but no page was received. Caller: {caller or 'unknown'}",
        )
        if fax.record is not None:
            fax.record.path.unlink(missing_ok=True)

    def _once(self, troubles: Iterable[tuple[str, str]]) -> list[str]:
        """Each trouble is told once, not at every pass."""
        fresh = [trouble for trouble in dict.fromkeys(troubles) if trouble not in self._reported]
        self._reported.update(fresh)
        return [sentence for _, sentence in fresh]


def facts_of(content: Directories, record: CallRecord | None) -> dict[str, str]:
    """What is known of a fax, as text, personal numbers masked; only what is there.

    Keys: `pages`, `resolution` (`204x98`), `tsi`, `sub_address`, `seconds`, `bad_lines`, `damage`, `incomplete`,
    `caller`, `caller_name`, `dialled`, `device`, `communication`.
    """
    pages = content.pages
    tsi, *caller_id = next((page.description for page in pages if page.description), "").splitlines() or [""]
    # HylaFAX keeps the caller id below the TSI, in the order of CallIDPattern (deploy/hylafax): NMBR, NAME, NDID
    caller, caller_name, dialled, *_ = (*(line.strip() for line in caller_id), "", "", "")
    facts = {
        "pages": str(len(pages)),
        "resolution": _resolution(pages),
        "tsi": tsi.strip(),
        "sub_address": next((page.sub_address for page in pages if page.sub_address), ""),
        "seconds": str(sum(page.seconds for page in pages) or ""),
        "bad_lines": str(sum(page.bad_lines for page in pages) or ""),
        "damage": content.fault,
        "incomplete": "the line left no record of this call; the fax may have been cut",
    }
    if record is not None:
        facts |= {"incomplete": record.error, "device": record.device, "communication": record.communication}
        caller, caller_name, dialled = record.caller, record.caller_name, record.dialled
    facts |= {"caller": caller, "caller_name": caller_name, "dialled": dialled}
    return {name: mask(value[:_MAX_FACT]) for name, value in facts.items() if value}


def _resolution(pages: tuple[Page, ...]) -> str:
    sizes = Counter(f"{page.x_dpi:.0f}x{page.y_dpi:.0f}" for page in pages if page.x_dpi and page.y_dpi)
    return sizes.most_common(1)[0][0] if sizes else ""
