"""Faxes in, over the software line: a citizen's machine dials a real HylaFAX and the gateway takes what it received."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from channels.fax import FaxWatcher
from gateway.domain.submission import Arrival, Receipt
from gateway.domain.times import SystemClock
from gateway.intake import Acceptor, Intake
from gateway.store import submissions
from gateway.store.database import Database
from tests.faxline.line import CITIZEN, NEIGHBOUR, OFFICE, OFFICE_SECOND, FaxLine, fax_line
from tests.faxline.pages import FINE_DPI, STANDARD_DPI, write_fax


@pytest.fixture(scope="module")
def line() -> Iterator[FaxLine]:
    with fax_line(modems=(OFFICE, OFFICE_SECOND)) as line:
        yield line


@pytest.fixture
def free_line(line: FaxLine) -> FaxLine:
    """The line with no plan left from another test and nobody talking."""
    line.unplan(OFFICE)
    line.until_quiet()
    return line


def taken(line: FaxLine, intake: Intake, tmp_path: Path, *, faxes: int = 1, within_s: float = 40) -> list[Receipt]:
    """The next faxes, taken by a running watcher."""

    async def wait() -> list[Receipt]:
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
        got = [await asyncio.wait_for(receipts.get(), within_s) for _ in range(faxes)]
        stop.set()
        await watching
        await acceptor.close()
        return got

    return asyncio.run(wait())


def facts(database: Database, receipt: Receipt) -> Mapping[str, str]:
    with database.reading() as tx:
        return submissions.get(tx, receipt.submission_id).facts


@pytest.mark.parametrize("y_dpi", [STANDARD_DPI, FINE_DPI])
def test_a_citizens_fax_is_registered_within_moments_of_its_last_page(
    free_line: FaxLine, intake: Intake, database: Database, tmp_path: Path, y_dpi: int
) -> None:
    free_line.citizen_sends(write_fax(tmp_path / "petition.tif", ["가로등 고장 신고", "약도"], y_dpi=y_dpi))
    (receipt,) = taken(free_line, intake, tmp_path)

    told = facts(database, receipt)
    assert told["pages"] == "2"
    assert told["resolution"] == f"204x{y_dpi}"
    assert told["tsi"] == "+82 63 290 4600"
    assert told["caller"] == CITIZEN
    assert told["dialled"] == OFFICE
    assert "incomplete" not in told
    with database.reading() as tx:
        assert submissions.get(tx, receipt.submission_id).contact.fax == "063-290-4600"
    assert [path.name for path in free_line.hylafax.recvq.iterdir() if path.name != "seqf"] == []


def test_a_fax_cut_in_the_middle_is_registered_with_the_reason(
    free_line: FaxLine, intake: Intake, database: Database, tmp_path: Path
) -> None:
    texts = ["첫째 쪽", "\n".join("내용이 많은 둘째 쪽입니다 " * 3 for _ in range(30))]
    free_line.plan(OFFICE, "cut", pages=1, then_s=2.0, times=1)
    free_line.citizen_sends(write_fax(tmp_path / "cut.tif", texts))
    (receipt,) = taken(free_line, intake, tmp_path)

    told = facts(database, receipt)
    assert told["incomplete"]
    assert int(told["pages"]) >= 1


def test_two_lines_take_two_calls_at_once(
    free_line: FaxLine, intake: Intake, database: Database, tmp_path: Path
) -> None:
    free_line.citizen_sends(write_fax(tmp_path / "one.tif", ["가로등 고장"]), OFFICE)
    free_line.citizen_sends(write_fax(tmp_path / "two.tif", ["도로 파손"]), OFFICE_SECOND, machine=NEIGHBOUR)

    told = [facts(database, receipt) for receipt in taken(free_line, intake, tmp_path, faxes=2)]

    assert {(fax["caller"], fax["dialled"]) for fax in told} == {(CITIZEN, OFFICE), (NEIGHBOUR, OFFICE_SECOND)}


def test_a_plain_machine_without_error_correction_is_received_as_well(
    free_line: FaxLine, intake: Intake, database: Database, tmp_path: Path
) -> None:
    free_line.citizen_sends(write_fax(tmp_path / "plain.tif", ["민원 신청서"]), ecm=False)
    (receipt,) = taken(free_line, intake, tmp_path)
    assert facts(database, receipt)["pages"] == "1"
    assert free_line.citizen_results()[-1]["error_correcting_mode"] == 0


def test_a_faxgetty_killed_in_mid_call_leaves_a_fax_that_is_registered_without_its_record(
    free_line: FaxLine, intake: Intake, database: Database, tmp_path: Path
) -> None:
    texts = ["첫째 쪽", *("\n".join("내용이 많은 쪽입니다 " * 3 for _ in range(30)) for _ in range(4))]
    free_line.citizen_sends(write_fax(tmp_path / "long.tif", texts))
    deadline = time.monotonic() + 30
    while not free_line.pages_confirmed() and time.monotonic() < deadline:
        time.sleep(0.01)
    free_line.hylafax.kill_faxgetty(free_line.exchange.devices[OFFICE])
    (path,) = free_line.hylafax.recvq.glob("fax*.tif")
    long_ago = time.time() - 60  # the grace for the hook is over
    os.utime(path, (long_ago, long_ago))

    (receipt,) = taken(free_line, intake, tmp_path)

    told = facts(database, receipt)
    assert "no record" in told["incomplete"]
    assert int(told["pages"]) >= 1
    assert told["tsi"] == "+82 63 290 4600"
    free_line.hylafax.start_faxgetty(free_line.exchange.devices[OFFICE])
