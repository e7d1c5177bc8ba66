"""Faxes out: a real HylaFAX dials over the software line and a plain fax machine answers, or does not."""

from __future__ import annotations

import gc
import io
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image, ImageSequence

from gateway.domain.errors import Unreadable
from gateway.domain.telephone import NotDialable
from gateway.domain.times import SystemClock
from notifications.fax import Dialling, HylafaxLine
from notifications.hfaxd import FaxServerUnreachable, Server, Session
from notifications.ports import FaxJob, FaxState
from tests.faxline.line import CITIZEN, PERSON, FaxLine, fax_line
from tests.faxline.pages import draw


@pytest.fixture(scope="module")
def line() -> Iterator[FaxLine]:
    with fax_line() as line:
        yield line


@pytest.fixture
def free_line(line: FaxLine) -> FaxLine:
    """The line with no plan left from another test and nobody talking."""
    line.unplan(CITIZEN)
    line.until_quiet()
    return line


def letter(*texts: str) -> bytes:
    """A PDF of one page for each text."""
    pages = [draw(text).convert("1") for text in texts]
    out = io.BytesIO()
    pages[0].save(out, "PDF", resolution=204, save_all=True, append_images=pages[1:])
    return out.getvalue()


def sender(line: FaxLine, dialling: Dialling | None = None) -> HylafaxLine:
    return HylafaxLine(Server(**line.host), SystemClock(), dialling or Dialling(max_dials=1, max_tries=1))


def followed(fax: HylafaxLine, job_id: str, *, within_s: float = 60.0) -> FaxJob:
    """The job at its end."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        job = fax.outcome(job_id)
        if job is not None and job.state.final:
            return job
        time.sleep(0.2)
    raise AssertionError(f"not finished in {within_s} s: {fax.outcome(job_id)}")


def test_a_letter_reaches_the_citizens_machine_and_the_server_proves_each_page(free_line: FaxLine) -> None:
    fax = sender(free_line)
    before = len(free_line.citizen_results())

    job_id = fax.submit(letter("처리 결과 통지", "붙임 1"), "063-290-4600", "delivery-41")
    job = followed(fax, job_id)

    assert (job.state, job.code, job.pages_sent, job.pages_total) == (FaxState.DONE, "000", 2, 2)
    assert job.key == "delivery-41"
    (result,) = free_line.citizen_results()[before:]
    assert result["pages_rx"] == 2
    with Image.open(Path(result["file"])) as received:
        assert sum(1 for _ in ImageSequence.Iterator(received)) == 2
        assert received.width == 1728


def test_the_job_is_found_by_our_key_while_it_waits_and_when_it_is_done(free_line: FaxLine) -> None:
    fax = sender(free_line)

    job_id = fax.submit(letter("처리계획 안내"), "+82 63 290 4600", "delivery-42")
    waiting = fax.find("delivery-42")
    followed(fax, job_id)
    finished = fax.find("delivery-42")

    assert waiting is not None
    assert waiting.id == job_id
    assert finished is not None
    assert finished.state is FaxState.DONE
    assert fax.find("delivery-4") is None
    assert fax.outcome("99999") is None


def test_a_busy_number_fails_in_words_and_may_be_dialled_again(free_line: FaxLine) -> None:
    fax = sender(free_line)
    free_line.plan(CITIZEN, "busy")

    job = followed(fax, fax.submit(letter("통지"), CITIZEN, "delivery-43"))

    assert job.state is FaxState.FAILED
    assert job.pages_sent == 0
    assert job.dials == 1
    assert job.retryable
    assert job.detail


def test_busy_once_then_free_is_dialled_again_by_the_server(free_line: FaxLine) -> None:
    fax = sender(free_line, Dialling(max_dials=3))
    free_line.plan(CITIZEN, "busy", times=1)

    job = followed(fax, fax.submit(letter("통지"), CITIZEN, "delivery-44"))

    assert job.state is FaxState.DONE
    assert job.dials == 2


def test_a_person_who_answers_is_no_fax_machine(free_line: FaxLine) -> None:
    fax = sender(free_line)

    job = followed(fax, fax.submit(letter("통지"), PERSON, "delivery-45"))

    assert job.state is FaxState.FAILED
    assert job.pages_sent == 0


def test_a_cancelled_fax_is_not_sent(free_line: FaxLine) -> None:
    fax = sender(free_line, Dialling(max_dials=5))
    free_line.plan(CITIZEN, "busy")

    job_id = fax.submit(letter("통지"), CITIZEN, "delivery-46")
    assert fax.cancel(job_id)
    job = followed(fax, job_id)

    assert job.state is FaxState.FAILED
    assert not job.retryable
    assert not fax.cancel(job_id)
    assert not fax.cancel("99999")


def test_junk_and_wrong_numbers_never_reach_the_server(free_line: FaxLine) -> None:
    fax = sender(free_line)
    whole = letter("통지")

    for junk in (b"", b"hello", whole[: len(whole) // 2], b"\x00" * 100 + whole):
        with pytest.raises(Unreadable):
            fax.submit(junk, CITIZEN, "delivery-47")
    for number in ("112", "063-290", "전화 없음", "0632904600;0632904601", "060-700-1234"):
        with pytest.raises(NotDialable):
            fax.submit(whole, number, "delivery-47")

    assert fax.find("delivery-47") is None


def test_a_wrong_password_and_a_dead_server_are_told_with_a_remedy(free_line: FaxLine) -> None:
    refused = HylafaxLine(Server(**{**free_line.host, "password": "wrong"}), SystemClock())
    silent = HylafaxLine(Server(**{**free_line.host, "port": 1}, timeout_s=2), SystemClock())

    for fax, remedy in ((refused, "hosts.hfaxd"), (silent, "systemctl")):
        with pytest.raises(FaxServerUnreachable) as told:
            fax.submit(letter("통지"), CITIZEN, "delivery-48")
        assert told.value.transient
        assert remedy in told.value.remedy


def test_a_server_that_breaks_off_is_unreachable_and_leaves_nothing_open() -> None:
    with socket.create_server(("127.0.0.1", 0)) as rude:
        port = int(rude.getsockname()[1])

        def hang_up() -> None:
            line, _ = rude.accept()
            line.close()

        answering = threading.Thread(target=hang_up)
        answering.start()
        with pytest.raises(FaxServerUnreachable):
            HylafaxLine(Server(port=port, timeout_s=5), SystemClock()).find("delivery-1")
        answering.join()
    gc.collect()  # a socket left open would warn here, and warnings are errors


def test_the_health_check_sees_the_modem(free_line: FaxLine) -> None:
    assert list(sender(free_line).lines().values()) == ["Running and idle"]


def test_a_job_that_nobody_wakes_is_woken_by_asking_for_it(free_line: FaxLine) -> None:
    fax = sender(free_line, Dialling(max_dials=3))
    free_line.plan(CITIZEN, "busy", times=1)
    job_id = fax.submit(letter("통지"), CITIZEN, "delivery-49")
    wait_for_code(fax, job_id, "001")
    with Session(fax.server) as session:  # as a gateway killed in the middle of waking leaves it
        assert session.select(job_id)
        session.suspend()

    assert followed(fax, job_id).state is FaxState.DONE


def wait_for_code(fax: HylafaxLine, job_id: str, code: str) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with Session(fax.server) as session:
            session.select(job_id)
            told = session.parameters()
        if told["STATUSCODE"] == code and told["STATE"] == "SLEEPING":
            return
        time.sleep(0.1)
    raise AssertionError(told)


def test_a_fax_cut_in_the_middle_is_dialled_again_and_the_rest_follows(free_line: FaxLine) -> None:
    fax = sender(free_line, Dialling(max_dials=3, max_tries=3))
    free_line.plan(CITIZEN, "cut", pages=1, then_s=2.0, times=1)
    long = "\n".join("내용이 빽빽한 통지입니다. " * 2 for _ in range(40))

    job = followed(fax, fax.submit(letter(long, long), CITIZEN, "delivery-50"))

    assert (job.state, job.pages_sent, job.pages_total) == (FaxState.DONE, 2, 2)
    assert job.dials == 2
