"""Whole trips: in by each channel and out by each, through real sockets, files, a real worker and a real fax line."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path

import pypdf
from PIL import Image

from gateway.domain.delivery import DeliveryState, Purpose, Route
from gateway.domain.lifecycle import State
from gateway.domain.submission import Channel, ReturnChannel
from gateway.runtime.demo import paper, samples, senders
from gateway.runtime.demo.client import PageRefused, Upload
from gateway.runtime.demo.petitions import petitions
from gateway.store import submissions
from tests.faxline.pages import write_fax
from tests.scenarios.conftest import Office

WITH_HANDLER = (State.ASSIGNED, State.PLANNED)
ANSWER = "신고하신 시설을 현장에서 확인하고 수리를 마쳤습니다.\n\n다시 불편이 있으시면 담당자에게 알려 주시기 바랍니다."


def words(pdf: bytes) -> str:
    """All text of a PDF, without spaces."""
    return "".join("".join(page.extract_text().split()) for page in pypdf.PdfReader(io.BytesIO(pdf)).pages)


def names_the_three_things(office: Office, number: str, pdf: bytes) -> bool:
    """Whether a letter names unit, handler and superior with their phones (C6)."""
    signers = office.parts.directory.signers(office.case(number).handler_id)
    text = words(pdf)
    needed = (
        signers.unit_name, signers.unit_phone, signers.handler_name, signers.handler_phone,
        signers.superior_name, signers.superior_phone,
    )  # fmt: skip
    return all("".join(part.split()) in text for part in needed)


def test_mail_arrives_and_result_goes_out_by_internet(office: Office) -> None:
    letter = EmailMessage()
    letter["From"], letter["To"] = "봄이 <bomi@citizen.example>", "minwon@onnuri.example"
    letter["Subject"] = "가로등 고장 신고"
    letter["Message-ID"] = "<scenario-mail@citizen.example>"
    letter.set_content("온누리읍 새터길 12 앞 가로등이 사흘째 꺼져 있습니다.\n연락처 010-0000-2211 한봄이 드림\n")
    letter.add_attachment("위치 약도입니다.".encode(), maintype="text", subtype="plain", filename="약도.txt")
    said = senders.mail(
        office.gateway.ports["smtp"], "bomi@citizen.example", "minwon@onnuri.example", letter.as_bytes()
    )
    number = re.findall(r"\d{4}-\d{7}", said)[0]

    office.until(number, *WITH_HANDLER)
    case = office.case(number)
    assert (case.channel, case.handler_id) == (Channel.EMAIL, "safety-01")
    with office.parts.database.reading() as tx:
        assert [o.name for o in submissions.originals(tx, case.id)] == ["message.eml", "본문.txt", "약도.txt"]

    office.handler(number).tell_plan(number)
    office.delivery(number, Purpose.PLAN, Route.EMAIL, DeliveryState.SENT, DeliveryState.DELIVERED)
    office.handler(number).decide(number, ANSWER)
    office.until(number, State.CLOSED)

    subjects = [str(message["Subject"]) for message in office.sink.to("bomi@citizen.example")]
    assert len(subjects) == 3  # acknowledgement, plan, result: each once
    assert all(number in subject for subject in subjects)
    (pdf,) = office.citizen(number).letters()
    assert names_the_three_things(office, number, pdf)
    assert "수리를마쳤습니다" in words(pdf)
    office.delivery(number, Purpose.RESULT, Route.INTERNET, DeliveryState.DELIVERED)  # opened: proven
    assert office.intact(number)


def test_fax_arrives_and_result_goes_out_by_fax(office: Office, tmp_path: Path) -> None:
    before, received = office.newest(), len(office.line.citizen_results())
    about = "성명: 한봄이\n전화: 010-0000-2211\n팩스: 063-290-4600\n회신방법: 팩스"
    text = f"가로등 고장 신고\n\n{about}\n\n마을 앞 가로등이 꺼졌습니다."
    office.line.citizen_sends(write_fax(tmp_path / "petition.tif", [text]))
    number = office.arrived(Channel.FAX, after=before).number
    case = office.until(number, *WITH_HANDLER, State.AWAITING_VERIFICATION)
    if case.state is State.AWAITING_VERIFICATION:
        office.staff("clerk-01").confirm(number, {"name": "한봄이", "fax": "063-290-4600", "return_channel": "fax"})
        office.until(number, *WITH_HANDLER)
    assert office.case(number).contact.fax.replace("-", "").endswith("2904600")

    office.handler(number).tell_plan(number)
    office.delivery(number, Purpose.PLAN, Route.FAX, DeliveryState.DELIVERED)
    office.handler(number).decide(number, ANSWER)
    office.until(number, State.CLOSED)

    office.delivery(number, Purpose.RESULT, Route.FAX, DeliveryState.DELIVERED)
    results = [r for r in office.line.citizen_results()[received:] if r.get("pages_rx")]
    assert results
    for result in results:
        with Image.open(result["file"]) as page:
            assert page.width == 1728
    assert office.intact(number)


def test_scan_arrives_and_result_goes_out_by_post(office: Office) -> None:
    before = office.newest()
    told = replace(petitions()["bulky-waste"], returns=ReturnChannel.POST, email="", fax="")
    sheet = paper.scanned(paper.page("form", samples.printed(told)), paper.Wear(), seed=7)
    scan = paper.scan_pdf([sheet])
    place = senders.scan(office.gateway.var / "hotfolder" / "in", "scan-0001.pdf", scan)
    number = office.arrived(Channel.POST, after=before).number
    assert list((office.gateway.var / "hotfolder" / "archive").rglob("scan-0001*.pdf"))
    assert not place.exists()
    case = office.until(number, *WITH_HANDLER, State.AWAITING_VERIFICATION)
    if case.state is State.AWAITING_VERIFICATION:
        right = {"name": told.name, "phone": told.phone, "address": told.address, "postcode": told.postcode}
        office.staff("clerk-01").confirm(number, {**right, "return_channel": "post"})
        case = office.until(number, *WITH_HANDLER)
    assert (case.contact.name, case.return_channel, case.handler_id) == (told.name, ReturnChannel.POST, "env-01")

    clerk = office.staff("clerk-01")
    office.handler(number).tell_plan(number)
    plan = office.delivery(number, Purpose.PLAN, Route.POST, DeliveryState.WAITING)
    assert not office.told(number)  # a letter in the tray has told nobody
    clerk.confirm_posted(plan.id, "")
    assert office.told(number)
    office.handler(number).decide(number, ANSWER)
    waiting = office.delivery(number, Purpose.RESULT, Route.POST, DeliveryState.WAITING)
    pdf = clerk.client.get(f"/staff/outgoing/{waiting.id}/letter.pdf").content
    assert names_the_three_things(office, number, pdf)
    assert told.name in words(pdf)
    assert told.postcode in words(pdf)
    assert office.case(number).state is State.RETURNING
    clerk.confirm_posted(waiting.id, "12345-6789-0123")
    office.until(number, State.CLOSED)
    assert office.intact(number)


def test_web_form_arrives_and_result_is_collected_at_the_counter(office: Office) -> None:
    values = {
        "name": "유하람", "phone": "010-0000-4433", "title": "도로 파손 신고", "return_channel": "pickup",
        "text": "새터길 3 앞 도로에 구멍이 크게 났습니다. 차가 다니기 위험합니다.",
    }  # fmt: skip
    form = senders.FilledForm.open(office.gateway.web)
    upload = Upload("files", "현장 사진.jpg", "image/jpeg", _photo())  # nothing to read on it, nor needed
    receipt = form.send(values, [upload])
    number = re.findall(r"\d{4}-\d{7}", receipt.url)[0]
    assert office.case(number).access_code in receipt.text.replace("-", "")
    assert form.send(values, [upload]).url.startswith(receipt.url)  # sent twice: one submission

    office.until(number, *WITH_HANDLER)
    assert office.case(number).return_channel is ReturnChannel.PICKUP
    office.handler(number).tell_plan(number)
    office.handler(number).decide(number, ANSWER)
    lying = office.delivery(number, Purpose.RESULT, Route.PICKUP, DeliveryState.WAITING)
    clerk = office.staff("clerk-01")
    page = clerk.client.get("/staff/outgoing")
    collected = page.form(action=f"/staff/outgoing/{lying.id}/collected")
    try:
        clerk.client.send(page, collected, {"collector": "유하람", "identity": ""})
    except PageRefused as refused:
        assert "신분" in str(refused)  # noqa: PT017 (the refusal's words are the point)
    else:
        raise AssertionError("handed over without checking who it was")
    assert office.case(number).state is State.RETURNING
    clerk.hand_over(lying.id, "유하람")
    office.until(number, State.CLOSED)
    assert "유하람" in office.citizen(number).status()
    assert office.intact(number)


def test_what_cannot_be_done_is_refused_with_reason_solution_and_remedy(office: Office) -> None:
    form = senders.FilledForm.open(office.gateway.web)
    receipt = form.send(
        {
            "name": "구슬찬",
            "email": "seulchan@citizen.example",
            "title": "지방세 전액 면제 요청",
            "return_channel": "internet",
            "text": "올해 재산세를 전부 면제해 주십시오. 자동차세도 부탁드립니다.",
        },
        [],
    )
    number = re.findall(r"\d{4}-\d{7}", receipt.url)[0]
    office.until(number, *WITH_HANDLER)
    handler = office.handler(number)
    handler.tell_plan(number)
    handler.refuse(
        number, text="요청하신 면제는 처리할 수 없습니다.", reason="면제할 법적 근거가 없습니다.",
        solution="분할 납부를 신청하실 수 있습니다.",
    )  # fmt: skip
    office.until(number, State.CLOSED)
    (pdf,) = office.citizen(number).letters()
    text = words(pdf)
    assert "면제할법적근거가없습니다" in text
    assert "분할납부를신청하실수있습니다" in text
    assert "60일" in text
    assert names_the_three_things(office, number, pdf)


def test_a_stranger_without_the_code_sees_nothing(office: Office) -> None:
    form = senders.FilledForm.open(office.gateway.web)
    values = {
        "name": "비밀",
        "email": "b@citizen.example",
        "title": "비공개 건",
        "return_channel": "internet",
        "text": "내용입니다.",
    }
    number = re.findall(r"\d{4}-\d{7}", form.send(values, []).url)[0]
    stranger = senders.FilledForm.open(office.gateway.web).client
    page = stranger.get("/case")
    for code in ("AAAAAAAAAAAA", ""):
        try:
            answer = stranger.send(page, page.form(names=["number", "code"]), {"number": number, "code": code})
        except PageRefused as refused:
            assert "비공개 건" not in str(refused)  # noqa: PT017 (nothing of the case may be told)
        else:
            assert "비공개 건" not in answer.text


def _photo() -> bytes:
    out = io.BytesIO()
    Image.effect_noise((800, 600), 60).convert("RGB").save(out, "JPEG")
    return out.getvalue()
