"""Reading an office's CSV and TOML files so that every mistake names the file, the line and the remedy.

Guarantees: text is UTF-8 (a byte order mark is taken off), NFC and stripped; a column that is missing or unknown, and a
row with too many cells, is an error. Fails with `ConfigurationError`, whose cause reads `kinds.csv, line 7: ...`.
"""

from __future__ import annotations

import csv
import io
import re
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from gateway.domain.errors import ConfigurationError
from gateway.domain.times import SEOUL

_PHONE = re.compile(r"0(?:2|[3-6]\d|10|70|80)-\d{3,4}-\d{4}|1\d{3}-\d{4}")
_EMAIL = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")
_SAVE_AS_UTF8 = "save the file as UTF-8 (in Excel: CSV UTF-8)"


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a CSV file with the place it stands at."""

    file: str
    number: int
    cells: Mapping[str, str]

    def fault(self, what: str, remedy: str) -> ConfigurationError:
        """The error to raise about this line."""
        return ConfigurationError(f"{self.file}, line {self.number}: {what}", remedy=remedy)

    def text(self, column: str) -> str:
        """A cell that may be empty."""
        return self.cells[column]

    def required(self, column: str) -> str:
        """A cell that must be filled.

        Raises:
            ConfigurationError: it is empty.
        """
        if not self.cells[column]:
            raise self.fault(f"'{column}' is empty", f"fill in '{column}'")
        return self.cells[column]

    def phone(self, column: str, *, required: bool = True) -> str:
        """A phone or fax number with its area code.

        Raises:
            ConfigurationError: it is not one.
        """
        number = self.required(column) if required else self.text(column)
        if number and not _PHONE.fullmatch(number):
            raise self.fault(f"'{number}' is not a phone number", "write it with its area code, 063-290-1234")
        return number

    def email(self, column: str) -> str:
        """An e-mail address, or nothing.

        Raises:
            ConfigurationError: it is not one.
        """
        address = self.text(column)
        if address and not _EMAIL.fullmatch(address):
            raise self.fault(
                f"'{address}' is not an e-mail address", "write it as name@office.example, or leave it out"
            )
        return address

    def parts(self, column: str, separator: str) -> tuple[str, ...]:
        """A cell that holds several, without empty ones."""
        return tuple(part.strip() for part in self.cells[column].split(separator) if part.strip())

    def moment(self, column: str, *, end: bool = False) -> datetime | None:
        """A day or a moment in Seoul; a bare day is its 00:00, or its 24:00 when it ends something.

        Raises:
            ConfigurationError: it is neither.
        """
        text = self.text(column)
        if not text:
            return None
        try:
            found = datetime.fromisoformat(text)
        except ValueError:
            raise self.fault(f"'{text}' is no date", "write 2026-11-23 or 2026-11-23T14:00") from None
        found = found if found.tzinfo else found.replace(tzinfo=SEOUL)
        return found + timedelta(days=1) if end and len(text) == len("2026-11-23") else found


def read_csv(path: Path, columns: Iterable[str]) -> list[Line]:
    """The rows of a CSV file whose first line names exactly these columns, in any order.

    Raises:
        ConfigurationError: the file is missing, not UTF-8, or its columns or rows are not as they should be.
    """
    wanted = set(columns)
    reader = csv.DictReader(io.StringIO(_text_of(path), newline=""))
    found = [(name or "").strip() for name in reader.fieldnames or ()]
    if set(found) != wanted or len(found) != len(wanted):
        raise Line(path.name, 1, {}).fault(
            f"columns are {', '.join(found) or 'missing'}", f"the first line must name: {', '.join(sorted(wanted))}"
        )
    reader.fieldnames = found
    lines = []
    for row in reader:
        cells = {name: (row[name] or "").strip() for name in found}
        line = Line(path.name, reader.line_num, cells)
        if row.get(None):  # DictReader keeps surplus cells under the key None
            raise line.fault("more cells than columns", "put a text that holds a comma in double quotes")
        if any(cells.values()):
            lines.append(line)
    return lines


def by_key(lines: Iterable[Line], column: str) -> dict[str, Line]:
    """The lines by their key.

    Raises:
        ConfigurationError: a key is empty or stands twice.
    """
    found: dict[str, Line] = {}
    for line in lines:
        key = line.required(column)
        if key in found:
            raise line.fault(
                f"'{key}' stands already in line {found[key].number}", f"give each line its own '{column}'"
            )
        found[key] = line
    return found


def read_toml(path: Path) -> dict[str, Any]:
    """A TOML file.

    Raises:
        ConfigurationError: the file is missing, not UTF-8 or not TOML.
    """
    try:
        return tomllib.loads(_text_of(path))
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{path.name}: {error}", remedy="correct the file at the place named") from None


@dataclass(frozen=True, slots=True)
class Section:
    """One table of a TOML file; what is taken out is checked, what is left over is an error."""

    file: str
    name: str
    values: dict[str, Any]

    @classmethod
    def of(cls, file: str, document: Mapping[str, Any], name: str) -> Section:
        """The table called `name`; empty when there is none."""
        values = document.get(name, {})
        if not isinstance(values, dict):
            raise ConfigurationError(f"{file}: '{name}' is no table", remedy=f"write it as [{name}]")
        return cls(file, name, dict(values))

    def fault(self, what: str, remedy: str) -> ConfigurationError:
        """The error to raise about this table."""
        return ConfigurationError(f"{self.file}, [{self.name}]: {what}", remedy=remedy)

    def text(self, key: str, default: str | None = None) -> str:
        """A text; required unless there is a default."""
        found = self.values.pop(key, default)
        if not isinstance(found, str) or (default is None and not found.strip()):
            raise self.fault(f"'{key}' is missing or no text", f'write {key} = "..."')
        return unicodedata.normalize("NFC", found.strip())

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts; empty when it is missing."""
        found = self.values.pop(key, [])
        if not isinstance(found, list) or not all(isinstance(text, str) for text in found):
            raise self.fault(f"'{key}' is no list of texts", f'write {key} = ["...", "..."]')
        return tuple(unicodedata.normalize("NFC", text) for text in found)

    def flag(self, key: str, *, default: bool) -> bool:
        """Yes or no."""
        found = self.values.pop(key, default)
        if not isinstance(found, bool):
            raise self.fault(f"'{key}' is neither true nor false", f"write {key} = {str(default).lower()}")
        return found

    def number(self, key: str, default: float) -> float:
        """A number above 0."""
        found = self.values.pop(key, default)
        if isinstance(found, bool) or not isinstance(found, int | float) or found <= 0:
            raise self.fault(f"'{key}' is no number above 0", f"write {key} = {default}")
        return float(found)

    def clock_time(self, key: str, default: time) -> time:
        """A time of day."""
        found = self.values.pop(key, default)
        if not isinstance(found, time):
            raise self.fault(f"'{key}' is no time of day", f"write {key} = {default.isoformat()}")
        return found

    def dates(self, key: str) -> frozenset[date]:
        """A list of days; empty when it is missing."""
        found = self.values.pop(key, [])
        if not isinstance(found, list) or not all(type(day) is date for day in found):
            raise self.fault(f"'{key}' is no list of days", f"write {key} = [2026-01-02]")
        return frozenset(found)

    def finish(self) -> None:
        """Refuse what nobody asked for: it is most likely misspelt.

        Raises:
            ConfigurationError: something is left over.
        """
        if self.values:
            raise self.fault(f"unknown: {', '.join(sorted(self.values))}", "correct the spelling or remove it")


def _text_of(path: Path) -> str:
    try:
        return unicodedata.normalize("NFC", path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise ConfigurationError(f"{path} is missing", remedy=f"put {path.name} into {path.parent}") from None
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise ConfigurationError(f"{path.name}, line {line}: not UTF-8", remedy=_SAVE_AS_UTF8) from None
