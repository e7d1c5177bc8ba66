"""Sends the samples, each through the edge of its channel, a moment apart."""

from __future__ import annotations

import hashlib
import re
import threading
import time
from collections.abc import Iterable
from pathlib import Path

from gateway.domain.submission import Channel
from gateway.runtime.demo import senders
from gateway.runtime.demo.client import Upload
from gateway.runtime.demo.samples import Sample
from gateway.settings import Settings
from gateway.store import listing
from gateway.store.database import Database

_NUMBER = re.compile(r"\d{4}-\d{7}")
_PAUSE_S = 0.4


class Posting:
    """Sends samples and remembers which receipt number each got.

    Args:
        settings: of the running gateway.
        base: where its pages are.
    """

    def __init__(self, settings: Settings, base: str) -> None:
        self._settings = settings
        self._base = base
        self._given: dict[str, str] = {}
        self._digests: dict[str, str] = {}
        self._lock = threading.Lock()

    def send(self, samples: Iterable[Sample]) -> None:
        """Send all, in order."""
        for sample in samples:
            number = self._send(sample)
            with self._lock:
                if number:
                    self._given[sample.key] = number
                else:
                    self._digests[hashlib.sha256(sample.content).hexdigest()] = sample.key
            time.sleep(_PAUSE_S)  # so that a person can watch them come in

    def numbers(self, database: Database) -> dict[str, str]:
        """Receipt numbers by sample, as far as they are known: files are recognised by their content."""
        with self._lock:
            given, digests = dict(self._given), dict(self._digests)
        with database.reading() as tx:
            found = listing.numbers_of_files(tx, digests)
        return given | {digests[sha256]: number for sha256, number in found.items()}

    def _send(self, sample: Sample) -> str:
        """The receipt number, where the edge tells it."""
        settings = self._settings
        match sample.channel:
            case Channel.EMAIL:
                said = senders.mail(settings.smtp_port, sample.sender, sample.recipient, sample.content)
                return str(_NUMBER.findall(said)[0])
            case Channel.WEB:
                upload = Upload("files", sample.file_name, sample.media_type, sample.content)
                form = senders.FilledForm.open(self._base)
                answer = form.send(sample.form, [upload] if sample.file_name else [])
                return str(_NUMBER.findall(answer.url)[0])
            case Channel.FAX:
                queue, records = settings.fax_queue_folder, settings.fax_record_folder
                senders.fax(
                    queue, records, sample.file_name, sample.content, caller=sample.caller, dialled=sample.dialled
                )
            case Channel.POST:
                senders.scan(Path(settings.scan_folder) / "in", sample.file_name, sample.content)
        return ""
