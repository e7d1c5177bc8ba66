"""Post in: takes scans from a folder that the office's scanners write into.

Guarantees: a scan is taken only when settled (see `channels.settled`); it is claimed by a rename, so two gateways on
one folder never take the same file, and what a killed gateway had claimed is taken over by the next; it is archived
under `archive/YYYY-MM-DD/` only after acceptance has committed. A cut or unreadable scan is accepted and flagged; only
a scan of zero bytes is set aside, with a note in Korean and English. Its key (name, time, SHA-256) gives the very same
file, moved back, the same receipt. Fails by leaving the scan in the folder: the store cannot take it now.
"""

from __future__ import annotations

import asyncio
import logging
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path

from channels.claims import Claim, ClaimRoom
from channels.folders import archive_folder, move_into, require_one_disk, set_aside, sha256_of
from channels.settled import Likeness, Settling, Standing, ending_of
from channels.watching import Accept, Sweep, watch
from gateway.domain.errors import GatewayError, PermanentError
from gateway.domain.personal import mask
from gateway.domain.submission import Arrival, ArrivedFile, Channel, Receipt, Role
from gateway.domain.times import Clock

_AT_ONCE = 8
_EMPTY = ("크기가 0인 파일입니다. 다시 스캔해 주십시오.", "It is empty. Scan the paper again.")
_log = logging.getLogger(__name__)
_NOT_SCANS = frozenset({"thumbs.db", "desktop.ini"})
_UNFINISHED = (".part", ".partial", ".tmp", ".crdownload", ".filepart", "~")


@dataclass(frozen=True, slots=True)
class _Kept:
    """A scan that was not accepted, and why; `aside` when it went to the folder of failures."""

    why: str
    aside: bool = False


@dataclass(slots=True)
class HotFolder:
    """One watched folder.

    Attributes:
        incoming: where scanners write; folders within it and hidden files are not looked at.
        archive: where accepted scans go, by day.
        failed: where a scan goes that can never be accepted, with a note.
        accept: the door (`gateway.intake.Acceptor.accept`).
        clock: where the present moment comes from.
        label: what the office calls this folder; becomes the fact `folder`.
        settling: what counts as complete.
        interval_s: pause between two passes.
    """

    incoming: Path
    archive: Path
    failed: Path
    accept: Accept
    clock: Clock
    label: str = ""
    settling: Settling = field(kw_only=True)
    interval_s: float = 0.5
    _room: ClaimRoom | None = None
    _reported: set[str] = field(default_factory=set)

    async def run(self, stop: asyncio.Event) -> None:
        """Sweep until `stop` is set.

        Raises:
            ConfigurationError: the folders cannot be used together.
        """
        await asyncio.to_thread(self.open)
        try:
            await watch(self.sweep, stop, interval_s=self.interval_s, name=f"hot folder {self.label}".strip())
        finally:
            await asyncio.to_thread(self.close)

    def open(self) -> None:
        """Make the folders and this gateway's own room for claims.

        Raises:
            ConfigurationError: the folders cannot be used together.
        """
        require_one_disk(self.incoming, self.archive, self.failed)
        if self._room is None:
            self._room = ClaimRoom.open(self.incoming / ".taking")

    def close(self) -> None:
        """Let go of the room; a claim left in it is put back."""
        if self._room is not None:
            self._room.close(self.incoming)
            self._room = None

    async def sweep(self) -> Sweep:
        """Take every settled scan that lies there now, in the order of their names."""
        claims, waiting = await asyncio.to_thread(self._claim)
        gate = asyncio.Semaphore(_AT_ONCE)

        async def one(claim: Claim) -> Receipt | _Kept:
            async with gate:
                return await self._take(claim)

        results = await asyncio.gather(*(one(claim) for claim in claims))
        kept = [result for result in results if isinstance(result, _Kept)]
        return Sweep(
            receipts=tuple(result for result in results if isinstance(result, Receipt)),
            waiting=waiting,
            postponed=sum(not result.aside for result in kept),
            set_aside=sum(result.aside for result in kept),
            troubles=self._news(kept),
        )

    def _claim(self) -> tuple[list[Claim], int]:
        """What earlier passes and killed gateways left claimed first, then what has settled."""
        self.open()
        room = self._room
        if room is None:
            raise AssertionError("just opened")
        claims = room.leftovers()
        present = [path for path in sorted(self.incoming.iterdir()) if _is_scan(path)]
        self.settling.forget_missing(set(present))
        waiting = 0
        for path in present:
            standing = self._judge(path)
            if standing in {Standing.GROWING, Standing.LOCKED}:
                waiting += 1
            elif standing is not Standing.GONE and (claim := room.claim(path)):
                claims.append(claim)
        return claims, waiting

    def _judge(self, path: Path) -> Standing:
        try:
            return self.settling.judge(path).standing
        except OSError as why:
            if path.name not in self._reported:
                self._reported.add(path.name)
                _log.warning("hot folder %s: %s cannot be read: %s", self.label, path.name, why.strerror)
            return Standing.LOCKED

    async def _take(self, claim: Claim) -> Receipt | _Kept:
        try:
            likeness = await asyncio.to_thread(Likeness.of, claim.path)
            if likeness.size == 0:
                return await asyncio.to_thread(self._fail, claim, *_EMPTY)
            receipt = await self.accept(await asyncio.to_thread(self._arrival, claim, likeness))
        except PermanentError as why:
            return await asyncio.to_thread(self._fail, claim, why.text_ko, why.public_text)
        except (GatewayError, OSError) as why:
            await asyncio.to_thread(claim.put_back, self.incoming)
            return _Kept(f"{claim.name} stays in the folder: {why}")
        try:
            await asyncio.to_thread(self._archive, claim, likeness)
        except OSError as why:  # it stays claimed; the next pass gets the same receipt and archives it
            return _Kept(f"{claim.name} is registered as {receipt.number} but cannot be archived: {why}")
        return receipt

    def _arrival(self, claim: Claim, likeness: Likeness) -> Arrival:
        ending = ending_of(claim.path)
        name = unicodedata.normalize("NFC", claim.name)
        facts = {"folder": self.label, "damage": ending.fault}
        if not ending.media_type:
            facts["damage"] = "its kind is unknown, so whether it is whole cannot be told"
        return Arrival(
            channel=Channel.POST,
            key=f"{name}:{likeness.mtime_ns}:{sha256_of(claim.path)}",
            arrived_at=self.clock.now(),
            files=(ArrivedFile(name=name, media_type=ending.media_type, role=Role.PAGES, path=claim.path),),
            facts={name: mask(value) for name, value in facts.items() if value},
        )

    def _archive(self, claim: Claim, accepted: Likeness) -> None:
        """After the commit; a scan that grew meanwhile goes back, so that its longer form is registered as well."""
        if Likeness.of(claim.path) != accepted:
            claim.put_back(self.incoming)
        else:
            move_into(claim.path, archive_folder(self.archive, self.clock.now()))
            claim.done()

    def _fail(self, claim: Claim, korean: str, english: str) -> _Kept:
        place = set_aside(claim.path, self.failed, self.clock.now(), korean=korean, english=english)
        claim.done()
        return _Kept(f"{claim.name} was set aside as {place}: {english}", aside=True)

    def _news(self, kept: list[_Kept]) -> tuple[str, ...]:
        """What was set aside, always; what stays, once."""
        stays = {result.why for result in kept if not result.aside}
        fresh = stays - self._reported
        self._reported = (self._reported & stays) | fresh
        return (*(result.why for result in kept if result.aside), *sorted(fresh))


def _is_scan(path: Path) -> bool:
    name = path.name.lower()
    hidden = name.startswith((".", "~$")) or name in _NOT_SCANS or name.endswith(_UNFINISHED)
    return not hidden and path.is_file() and not path.is_symlink()
