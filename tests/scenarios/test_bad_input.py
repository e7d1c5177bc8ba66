"""What goes wrong on the way in: each kind of bad input is answered clearly at the edge; nothing is lost or half done.

One real gateway with its worker and no telephone line; its blobs lie on a small disk of their own that can be filled.
"""

from __future__ import annotations

import email.policy
import html
import smtplib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from gateway.domain.lifecycle import State
from gateway.domain.submission import Channel, Contact
from gateway.runtime.demo.client import PageRefused, Upload, WebPage
from gateway.runtime.demo.senders import FilledForm
from gateway.store import submissions
from ocr import troubles
from ocr.quality import doubts
from tests.edges import (
    CITIZEN,
    TYPED,
    WITH_CLERK,
    WITH_HANDLER,
    WORDS,
    Edges,
    edges_on_a_small_disk,
    full_disk,
    letter,
    locked_database,
    locked_pdf,
    logo,
    numbers,
    raw,
    street_photo,
)
from tests.faxline.pages import write_fax
from tests.services import wait_for

LETTER = f"가로등 고장 신고\n\n성명: 한봄이\n전화: 010-0000-2211\n회신방법: 인터넷\n\n{WORDS[:28]}\n{WORDS[28:]}"
PROGRAM = b"MZ\x90\x00\x03" + bytes(range(256)) * 8


@pytest.fixture(scope="module")
def edges(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edges]:
    """One gateway for this module, without a telephone line."""
    with edges_on_a_small_disk(tmp_path_factory.mktemp("edges")) as running_edges:
        yield running_edges


def told_of_pictures(edges: Edges, number: str) -> str:
    """What would have been doubted of its pages, had they come on paper."""
    with edges.parts.database.reading() as tx:
        transcript = submissions.transcript(tx, submissions.by_number(tx, number).id)
    assert transcript
    return " ".join(
        doubts(transcript.pages, (), troubles={}, known=Contact(), channel=Channel.POST, return_channel=None)
    )


def refused_page(told: pytest.ExceptionInfo[PageRefused]) -> WebPage:
    """The page that came back."""
    assert told.value.page is not None
    return told.value.page


# --- nothing in it ----------------------------------------------------------------------------------------------------


def test_an_empty_mail_is_registered_and_waits_for_a_person_who_can_hand_it_on(edges: Edges) -> None:
    sent = raw(letter("", "empty"))
    number = edges.mailed(sent)
    edges.stays_with_the_clerk(number, "내용이 없는 민원입니다")
    assert edges.files(number)["message.eml"] == sent
    edges.goes_on(number)


def test_a_mail_of_a_few_bytes_without_any_header_is_registered_and_waits_for_a_person(edges: Edges) -> None:
    number = edges.mailed(b"\r\n")
    edges.stays_with_the_clerk(number, "내용이 없는 민원입니다")
    assert edges.files(number) == {"message.eml": b"\r\n"}
    edges.goes_on(number)


def test_a_mail_without_attachments_is_whole_and_goes_straight_to_its_handler(edges: Edges) -> None:
    sent = raw(letter(WORDS, "words"))
    number = edges.mailed(sent)
    assert edges.until(number, *WITH_HANDLER).handler_id == "safety-01"
    assert edges.files(number)["message.eml"] == sent
    assert "read_doubtfully" not in edges.events(number)


# --- pictures beside words --------------------------------------------------------------------------------------------


def test_a_photo_with_a_banner_and_a_logo_beside_the_words_of_a_mail_hold_nobody_up(edges: Edges) -> None:
    message = letter(WORDS, "photo")
    photo, sign = street_photo(), logo()
    message.add_attachment(photo, maintype="image", subtype="jpeg", filename="현장.jpg")
    message.add_attachment(sign, maintype="image", subtype="png", disposition="inline", cid="<logo>", filename="l.png")
    number = edges.mailed(raw(message))
    assert edges.until(number, *WITH_HANDLER, *WITH_CLERK).handler_id == "safety-01"
    assert "쪽" in told_of_pictures(edges, number)
    assert edges.case(number).contact.phone == ""  # the banner's number is not the citizen's
    files = edges.files(number)
    assert (files["현장.jpg"], files["l.png"]) == (photo, sign)


def test_a_street_photo_beside_the_words_of_a_form_holds_nobody_up(edges: Edges) -> None:
    photo = street_photo()
    number = edges.web(Upload("files", "IMG_0001.jpg", "image/jpeg", photo))
    assert edges.until(number, *WITH_HANDLER, *WITH_CLERK).handler_id == "safety-01"
    assert "쪽" in told_of_pictures(edges, number)
    assert edges.files(number)["IMG_0001.jpg"] == photo


def test_a_photo_without_a_word_beside_it_waits_for_a_person(edges: Edges) -> None:
    message = letter("", "only-photo")
    message.add_attachment(street_photo(), maintype="image", subtype="jpeg", filename="현장.jpg")
    number = edges.mailed(raw(message))
    edges.stays_with_the_clerk(number, "1쪽")
    edges.goes_on(number)


# --- files that are not what they seem --------------------------------------------------------------------------------


def test_a_program_that_calls_itself_a_pdf_is_kept_unopened_and_waits_for_a_person(edges: Edges) -> None:
    number = edges.web(Upload("files", "신청서.pdf", "application/pdf", PROGRAM))
    assert edges.stays_with_the_clerk(number, troubles.UNKNOWN) is State.AWAITING_VERIFICATION
    assert edges.files(number)["신청서.pdf"] == PROGRAM
    edges.goes_on(number)


def test_a_fax_page_that_calls_itself_a_pdf_is_read_as_what_it_is(edges: Edges, tmp_path: Path) -> None:
    page = write_fax(tmp_path / "page.tif", [LETTER]).read_bytes()
    message = letter(WORDS, "lying")
    message.add_attachment(page, maintype="application", subtype="pdf", filename="신청서.pdf")
    number = edges.mailed(raw(message))
    edges.until(number, *WITH_HANDLER)
    with edges.parts.database.reading() as tx:
        lying = submissions.originals(tx, edges.case(number).id)[-1]
    assert (lying.name, lying.media_type, lying.pages, lying.trouble) == ("신청서.pdf", "image/tiff", 1, "")
    assert edges.files(number)["신청서.pdf"] == page


def test_an_encrypted_pdf_is_kept_and_the_clerk_is_told_to_ask_for_an_open_one(edges: Edges) -> None:
    locked = locked_pdf()
    beside_words = edges.web(Upload("files", "신청서.pdf", "application/pdf", locked))
    message = letter("", "locked")
    message.add_attachment(locked, maintype="application", subtype="pdf", filename="신청서.pdf")
    alone = edges.mailed(raw(message))
    assert edges.stays_with_the_clerk(beside_words, troubles.ENCRYPTED) is State.AWAITING_VERIFICATION
    assert edges.stays_with_the_clerk(alone, troubles.ENCRYPTED) is State.QUARANTINED
    for number in (beside_words, alone):
        assert edges.files(number)["신청서.pdf"] == locked
        edges.goes_on(number)


# --- nothing, or half of it -------------------------------------------------------------------------------------------


def test_a_scan_of_zero_bytes_goes_to_the_failed_folder_with_a_note(edges: Edges) -> None:
    before = edges.newest()
    place = edges.scan("빈 스캔.pdf", b"")
    failed = edges.gateway.var / "hotfolder" / "failed" / "빈 스캔.pdf"
    note = failed.with_name("빈 스캔.pdf.txt")
    wait_for(note.exists, "the note")
    assert failed.read_bytes() == b""
    assert "크기가 0인 파일입니다. 다시 스캔해 주십시오." in note.read_text(encoding="utf-8")
    assert "Scan the paper again" in note.read_text(encoding="utf-8")
    assert not place.exists()
    assert edges.after(before) == []


def test_a_fax_of_zero_bytes_goes_aside_with_the_callers_number(edges: Edges) -> None:
    before = edges.newest()
    place = edges.fax("fax000000901.tif", b"", error="no page")
    note = edges.parts.settings.fax_queue_folder.parent / "failed-faxes" / "fax000000901.tif.txt"
    wait_for(note.exists, "the note")
    assert "063-290-4600" in note.read_text(encoding="utf-8")
    assert not place.exists()
    assert edges.after(before) == []


def test_a_file_of_zero_bytes_is_named_on_the_form_which_keeps_what_was_typed(edges: Edges) -> None:
    before = edges.newest()
    form = FilledForm.open(edges.gateway.web)
    with pytest.raises(PageRefused) as told:
        form.send(TYPED, [Upload("files", "빈 파일.pdf", "application/pdf", b"")])
    page = refused_page(told)
    assert told.value.status == 422
    assert "‘빈 파일.pdf’ 파일에 내용이 없습니다(0바이트)." in html.unescape(page.text)
    assert page.form(names=["token"]).fields["text"] == [WORDS]
    assert edges.after(before) == []
    message = letter(WORDS, "zero")
    message.add_attachment(b"", maintype="application", subtype="pdf", filename="빈 파일.pdf")
    number = edges.mailed(raw(message))  # a mail cannot be handed back: it is taken, and a person told
    edges.stays_with_the_clerk(number, troubles.EMPTY)
    edges.goes_on(number)


def test_a_truncated_tiff_is_kept_as_it_came_and_the_clerk_is_told(edges: Edges, tmp_path: Path) -> None:
    whole = write_fax(tmp_path / "whole.tif", [LETTER, LETTER]).read_bytes()
    cut = whole[: len(whole) * 2 // 3]
    before = edges.newest()
    edges.fax("fax000000902.tif", cut, error="call dropped")
    faxed = edges.arrived(Channel.FAX, after=before).number
    place = edges.scan("잘린 스캔.tif", cut)
    scanned = edges.arrived(Channel.POST, after=before).number
    edges.stays_with_the_clerk(faxed, "팩스가 끝까지 오지 않았을 수 있습니다")
    edges.stays_with_the_clerk(scanned, "손상")
    wait_for(lambda: not place.exists(), "the scan to leave the folder")
    (archived,) = (edges.gateway.var / "hotfolder" / "archive").rglob("잘린 스캔.tif")
    assert archived.read_bytes() == cut
    assert edges.files(faxed) == {"fax000000902.tif": cut}
    assert edges.files(scanned) == {"잘린 스캔.tif": cut}
    for number in (faxed, scanned):
        edges.goes_on(number)


# --- too much ---------------------------------------------------------------------------------------------------------


def test_a_file_of_sixty_megabytes_is_refused_in_words_and_the_form_can_be_sent_without_it(edges: Edges) -> None:
    before = edges.newest()
    form = FilledForm.open(edges.gateway.web)
    with pytest.raises(PageRefused) as told:
        form.send(TYPED, [Upload("files", "동영상.mp4", "video/mp4", bytes(60 << 20))])
    page = refused_page(told)
    assert told.value.status == 413
    assert "‘동영상.mp4’ 파일이 너무 큽니다. 파일 하나는 50 MB까지" in html.unescape(page.text)
    assert page.form(names=["token"]).fields["text"] == [WORDS]
    assert edges.after(before) == []
    again = FilledForm(form.client, page).send(TYPED, [])
    (number,) = edges.after(before)
    assert number in again.url
    edges.until(number, *WITH_HANDLER)


def test_a_mail_of_sixty_megabytes_is_refused_at_once_or_at_its_end_and_nothing_of_it_stays(edges: Edges) -> None:
    before = edges.newest()
    body = letter(WORDS, "large").as_bytes(policy=email.policy.SMTP) + (b"0" * 76 + b"\r\n") * ((60 << 20) // 78)
    with smtplib.SMTP("127.0.0.1", edges.gateway.ports["smtp"], timeout=60) as client:
        client.ehlo("sender.example")
        announced = client.mail(CITIZEN, [f"SIZE={len(body)}"])
        assert announced[0] == 552
    with pytest.raises(smtplib.SMTPResponseException) as told:
        edges.mail(body)
    assert told.value.smtp_code == 552
    assert "larger than this office accepts" in str(told.value.smtp_error)
    assert edges.after(before) == []
    assert not list((edges.gateway.var / "spool").rglob("mail-*"))


# --- the gateway's own troubles ---------------------------------------------------------------------------------------


def said(edges: Edges, words: str, *, since: int) -> Callable[[], bool]:
    """Whether the gateway's log says so by now."""
    return lambda: words in edges.gateway.log.read_text(encoding="utf-8")[since:]


def keeps_off_and_takes_once(edges: Edges, trouble: AbstractContextManager[None], key: str, folder: Path) -> None:
    """While the trouble lasts nothing is taken and all is kept by its sender; afterwards each comes in once."""
    page = write_fax(folder / "page.tif", [f"{LETTER}\n{key}"]).read_bytes()
    mail, upload = (
        raw(letter(f"{WORDS} {key}", key)),
        Upload("files", "붙임.txt", "text/plain", f"{WORDS} {key}".encode()),
    )
    form = FilledForm.open(edges.gateway.web)
    before, since = edges.newest(), len(edges.gateway.log.read_text(encoding="utf-8"))
    with trouble, ThreadPoolExecutor(2) as people:
        scan, fax = edges.scan(f"{key}.tif", page), edges.fax(f"{key}.tif", page)
        mailing, sending = people.submit(edges.mail, mail), people.submit(form.send, TYPED, [upload])
        with pytest.raises(smtplib.SMTPResponseException) as put_off:
            mailing.result()
        with pytest.raises(PageRefused) as told:
            sending.result()
        wait_for(said(edges, f"{key}.tif stays in the folder", since=since), "word of the scan")
        wait_for(said(edges, "a fax stays in", since=since), "word of the fax")
        wait_for(scan.exists, "the scan to be back in its folder")
        assert (scan.read_bytes(), fax.read_bytes()) == (page, page)
        assert edges.after(before) == []
    assert put_off.value.smtp_code == 451
    assert "could not be stored safely; please send it again later" in str(put_off.value.smtp_error)
    back = refused_page(told)
    assert told.value.status == 503
    assert "지금은 안전하게 접수할 수 없습니다. 잠시 후 다시 보내 주십시오." in html.unescape(back.text)
    assert back.form(names=["token"]).fields["text"] == [WORDS]

    first, again = edges.mail(mail), edges.mail(mail)
    assert "received before" in again
    assert numbers(first) == numbers(again) != []
    receipts = {FilledForm(form.client, back).send(TYPED, [upload]).url.partition("?")[0] for _ in range(2)}
    assert len(receipts) == 1
    wait_for(lambda: not scan.exists() and not fax.exists(), "scan and fax to be taken")
    wait_for(lambda: len(edges.after(before)) >= 4, "all four")
    came = {edges.case(number).channel: number for number in edges.after(before)}
    assert len(edges.after(before)) == len(came) == 4
    assert edges.files(came[Channel.EMAIL])["message.eml"] == mail
    assert edges.files(came[Channel.WEB])["붙임.txt"] == upload.content
    assert list(edges.files(came[Channel.FAX]).values()) == [page]
    assert list(edges.files(came[Channel.POST]).values()) == [page]
    for number in came.values():
        edges.until(number, *WITH_HANDLER, *WITH_CLERK)
        assert edges.intact(number)


def test_a_full_blob_disk_puts_every_sender_off_and_each_is_taken_once_when_there_is_room(
    edges: Edges, tmp_path: Path
) -> None:
    keeps_off_and_takes_once(edges, full_disk(edges), "fax000000903", tmp_path)
    assert not list((edges.disk / "blobs" / "new").iterdir())  # nothing half written


def test_a_locked_database_puts_every_sender_off_and_each_is_taken_once_when_it_is_free(
    edges: Edges, tmp_path: Path
) -> None:
    keeps_off_and_takes_once(edges, locked_database(edges), "fax000000904", tmp_path)


def test_a_mail_whose_files_find_no_room_is_unfolded_whole_when_there_is(edges: Edges) -> None:
    message, photo = letter(WORDS, "no-room"), street_photo()
    message.add_attachment(photo, maintype="image", subtype="jpeg", filename="현장.jpg")
    sent = raw(message)
    with full_disk(edges, but=len(sent) + len(photo) // 2):
        number = edges.mailed(sent)
        wait_for(lambda: "No space left" in edges.put_off(number).get("unfold", ""), "the unfolding to be put off")
        assert edges.files(number) == {"message.eml": sent}
        assert "unfolded" not in edges.events(number)
    assert edges.until(number, *WITH_HANDLER).handler_id == "safety-01"
    assert edges.files(number)["현장.jpg"] == photo
    assert edges.events(number).count("unfolded") == 1
