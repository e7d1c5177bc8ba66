"""One press for the run, and returns over a real database, blobs and a mail folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.domain.times import FixedClock
from gateway.store.blobs import FileBlobs
from gateway.store.database import Database
from notifications.mail import FolderWay
from notifications.press import LetterPress
from tests.returns_office import Returns, ScriptedLine


@pytest.fixture(scope="session")
def press() -> LetterPress:
    return LetterPress()


@pytest.fixture
def mailbox(tmp_path: Path) -> Path:
    return tmp_path / "mailbox"


@pytest.fixture
def line() -> ScriptedLine:
    return ScriptedLine()


@pytest.fixture
def returns(
    database: Database, blobs: FileBlobs, clock: FixedClock, press: LetterPress, mailbox: Path, line: ScriptedLine
) -> Returns:
    return Returns(database, blobs, clock, press, FolderWay(mailbox), line)
