"""The sample office, read once for all tests of dispatch."""

from pathlib import Path

import pytest

from dispatch.directory import Directory, load_directory

OFFICE = Path(__file__).parents[3] / "office"


@pytest.fixture(scope="session")
def directory() -> Directory:
    return load_directory(OFFICE, public_url="https://minwon.onnuri.example")
