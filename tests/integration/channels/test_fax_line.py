"""Faxes in, over the software line: a citizen's machine dials a real HylaFAX and the gateway takes what it received."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from channels.fax import FaxWatcher
from gateway.domain.submission import Arrival, Receipt
from gateway.domain.times import SystemClock
from gateway.intake import Acceptor, Intake
from gateway.store import submissions
from gateway.store.database import Database
from tests.faxline.line import CITIZEN, OFFICE, FaxLine, fax_line
from tests.faxline.pages import FINE_DPI, STANDARD_DPI, write_fax


@pytest.fixture(scope="module")
def line() -> Iterator[FaxLine]:
    with fax_line() as line:
        yield line


def taken(line: FaxLine, intake: Intake, tmp_path: Path, *, within_s: float = 40) -> Receipt:
    """The next fax, taken by a running watcher."""

    async def wait() -> Receipt:
        receipts: asyncio.Queue[Receipt] = asyncio.Queue()
        acceptor = Acceptor(intake)

        async def accept(arrival: Arrival) -> Receipt:
            receipt = await acceptor.accept(arrival)
            receipts.put_nowait(receipt)
            return receipt

        stop = asyncio.Event()
        watcher = FaxWatcher(
            line.hylafax.recvq, line.hylafax.ready, tmp_path / "failed", accept, SystemClock(), interval_s=0.1
        )
        watching = asyncio.create_task(watcher.run(stop))
        receipt = await asyncio.wait_for(receipts.get(), within_s)
        stop.set()
        await watching
        await acceptor.close()
        return receipt

    return asyncio.run(wait())


def facts(database: Database, receipt: Receipt) -> Mapping[str, str]:
    with database.reading() as tx:
        return submissions.get(tx, receipt.submission_id).facts


@pytest.mark.parametrize("y_dpi", [STANDARD_DPI, FINE_DPI])
def test_a_citizens_fax_is_registered_within_moments_of_its_last_page(
    line: FaxLine, intake: Intake, database: Database, tmp_path: Path, y_dpi: int
) -> None:
    line.until_quiet()
    line.citizen_sends(write_fax(tmp_path / "petition.tif", ["가로등 고장 신고", "약도"], y_dpi=y_dpi))
    receipt = taken(line, intake, tmp_path)

    told = facts(database, receipt)
    assert told["pages"] == "2"
    assert told["resolution"] == f"204x{y_dpi}"
    assert told["tsi"] == "+82 63 290 4600"
    assert told["caller"] == CITIZEN
    assert told["dialled"] == OFFICE
    assert "incomplete" not in told
    with database.reading() as tx:
        assert submissions.get(tx, receipt.submission_id).contact.fax == "063-290-4600"
    assert [path.name for path in line.hylafax.recvq.iterdir() if path.name != "seqf"] == []


def test_a_fax_cut_in_the_middle_is_registered_with_the_reason(
    line: FaxLine, intake: Intake, database: Database, tmp_path: Path
) -> None:
    line.until_quiet()
    texts = ["첫째 쪽", "\n".join("내용이 많은 둘째 쪽입니다 " * 3 for _ in range(30))]
    line.plan(OFFICE, "cut", pages=1, then_s=2.0, times=1)
    line.citizen_sends(write_fax(tmp_path / "cut.tif", texts))
    receipt = taken(line, intake, tmp_path)

    told = facts(database, receipt)
    assert told["incomplete"]
    assert int(told["pages"]) >= 1
