"""The record that the FaxRcvdCmd hook (`deploy/hylafax/faxrcvd`) writes for each received call.

Guarantees: reads only complete records (the hook renames them into place) of the known form, bounded in size; a record
older than its fax belongs to an earlier fax of the same name and is not used. Fails by returning None: a fax without a
record is taken after a grace period all the same.
Form: fields ended by NUL: `gateway-fax-1`, file, device, communication id, error text, caller's number, caller's name,
dialled number (hylafax faxrcvd(8C): file, devID, commID, errorMsg, CIDNumber, CIDName, ...).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

FORM = "gateway-fax-1"
_FIELDS = 7
_MAX_BYTES = 16 * 1024
_OLDER_S = 2.0


@dataclass(frozen=True, slots=True)
class CallRecord:
    """What the line told of one call; every part may be empty."""

    path: Path
    fax: str
    device: str = ""
    communication: str = ""
    error: str = ""
    caller: str = ""
    caller_name: str = ""
    dialled: str = ""


def find_record(folder: Path, fax: Path) -> CallRecord | None:
    """The newest record for the received file `fax`, or None.

    Raises:
        OSError: the folder cannot be read.
    """
    complete_at = fax.stat().st_mtime
    candidates = [
        (made_at, path)
        for path in folder.glob(f"{fax.name}.*")
        if (made_at := path.stat().st_mtime) >= complete_at - _OLDER_S
    ]
    for _, path in sorted(candidates, reverse=True):
        record = _parse(path)
        if record is not None and record.fax == fax.name:
            return record
    return None


def _parse(path: Path) -> CallRecord | None:
    with path.open("rb") as file:
        raw = file.read(_MAX_BYTES)
    parts = [_text(part) for part in raw.split(b"\0")]
    if parts[0] != FORM or len(parts) < _FIELDS + 2:
        return None
    fax, device, communication, error, caller, caller_name, dialled = parts[1 : _FIELDS + 1]
    return CallRecord(path, Path(fax).name, device, communication, error, caller, caller_name, dialled)


def _text(raw: bytes) -> str:
    for encoding in ("utf-8", "cp949"):
        try:
            return raw.decode(encoding).strip()
        except UnicodeDecodeError:
            continue
    return raw.decode("latin-1").strip()
