"""The sample office, read once, and a case in it, on both databases."""

from __future__ import annotations

import pytest

from dispatch.directory import Directory, load_directory
from dispatch.promises import OfficePromises
from gateway.domain.times import FixedClock
from gateway.intake import Intake
from gateway.store.blobs import FileBlobs
from gateway.store.database import Database
from tests.dispatch_case import OFFICE, Case


@pytest.fixture(scope="session")
def directory() -> Directory:
    return load_directory(OFFICE, public_url="https://minwon.onnuri.example")


@pytest.fixture
def case(any_database: Database, blobs: FileBlobs, clock: FixedClock, directory: Directory) -> Case:
    intake = Intake(any_database, blobs, clock, OfficePromises(directory.charter))
    return Case(any_database, intake, directory, clock)
