"""The sample office is whole; every mistake in an office's files is named with file, line and remedy."""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dispatch.directory import Absence, Directory, load_directory
from dispatch.kinds import Group
from dispatch.promises import OfficePromises
from gateway.domain.clocks import ClockName, Promises
from gateway.domain.errors import ConfigurationError, IncompleteDocument, NotFound
from gateway.domain.people import StaffRole
from gateway.domain.submission import ReturnChannel
from tests.dispatch_case import OFFICE

NOW = datetime(2026, 11, 23, 1, 30, tzinfo=UTC)


def test_the_sample_office_is_whole(directory: Directory) -> None:
    assert directory.office.name == "온누리군청"
    assert directory.office.public_url == "https://minwon.onnuri.example"
    assert len(directory.units) == 9
    assert len(directory.kinds) >= 20
    for code in directory.units.keys() - {"onnuri"}:
        assert 2 <= len(directory.handlers_of(code)) <= 4
    roles = {role for person in directory.people.values() for role in person.roles}
    assert roles == set(StaffRole)
    assert {kind.group for kind in directory.kinds.values()} == set(Group)
    assert directory.kind("passport").returns == {ReturnChannel.PICKUP, ReturnChannel.INTERNET}
    assert directory.kind("info-disclosure").papers == ("정보공개 청구서",)


def test_every_handler_can_sign_and_has_an_address(directory: Directory) -> None:
    for code in directory.units:
        for person in directory.handlers_of(code):
            assert directory.signers(person.id).unit_name == directory.unit(code).name
            assert directory.mail_address(person.id).endswith("@onnuri.example")
    assert directory.desk().handler_name == "서다온"


def test_who_is_not_known_cannot_sign_and_is_not_found(directory: Directory) -> None:
    with pytest.raises(IncompleteDocument):
        directory.signers("nobody")
    with pytest.raises(IncompleteDocument):
        directory.signers("deputy-governor")
    with pytest.raises(NotFound):
        directory.person("nobody")
    assert directory.mail_address("nobody") == ""


def test_the_line_of_command_is_followed_upwards(directory: Directory) -> None:
    assert [p.id for p in [directory.superior_of("safety-01")] if p] == ["safety-lead"]
    assert directory.superior_of("deputy-governor") is None
    assert directory.is_superior("deputy-governor", "safety-01")
    assert not directory.is_superior("city-lead", "safety-01")


def test_an_absent_handlers_deputy_acts_then_the_deputys_deputy_then_the_superior(directory: Directory) -> None:
    def away(*ids: str) -> list[Absence]:
        return [Absence(person_id, NOW - timedelta(hours=1)) for person_id in ids]

    def deputy(*ids: str) -> str | None:
        found = directory.deputy_for(ids[0], NOW, away(*ids))
        return found.id if found else None

    assert deputy("env-03") == "env-01"
    assert deputy("env-03", "env-01") == "env-02"
    assert deputy("env-03", "env-01", "env-02") == "env-lead"
    assert deputy(*directory.people) is None
    named = [Absence("env-03", NOW, None, "env-02")]
    assert [p.id for p in [directory.deputy_for("env-03", NOW, named)] if p] == ["env-02"]


def test_an_absence_ends_when_it_says(directory: Directory) -> None:
    absence = [Absence("env-03", NOW, NOW + timedelta(hours=1))]
    assert directory.is_absent("env-03", NOW, absence)
    assert not directory.is_absent("env-03", NOW + timedelta(hours=1), absence)
    assert not directory.is_absent("env-03", NOW - timedelta(seconds=1), absence)


@pytest.fixture
def office(tmp_path: Path) -> Path:
    return Path(shutil.copytree(OFFICE, tmp_path / "office"))


def spoil(office: Path, name: str, old: str, new: str) -> None:
    path = office / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


MISTAKES = [
    ("units.csv", "safety,안전건설과,onnuri", "safety,안전건설과,nowhere", "line 4: there is no unit 'nowhere'"),
    ("units.csv", "063-290-2300", "290-2300", "units.csv, line 5: '290-2300' is not a phone number"),
    ("units.csv", "code,name", "code,title", "units.csv, line 1: columns are"),
    ("staff.csv", "safety-01,백이랑", "safety-02,백이랑", "'safety-02' stands already in line"),
    ("staff.csv", "handler,safety-lead,safety-02", "handler,,safety-02", "cannot sign a letter"),
    ("staff.csv", "handler,safety-lead,safety-02", "handler,safety-lead,nobody", "no deputy 'nobody'"),
    ("staff.csv", "superior,,,군정", "superior,safety-lead,,군정", "his own superior"),
    ("staff.csv", "bir@onnuri.example,handler", "bir@onnuri.example,boss", "'boss' is not a valid StaffRole"),
    ("staff.csv", "bir@onnuri.example", "bir", "'bir' is not an e-mail address"),
    ("staff.csv", "가드레일,,", "가드레일,tomorrow,", "'tomorrow' is no date"),
    ("staff.csv", "가드레일,,", "가드레일,,,surplus", "more cells than columns"),
    ("kinds.csv", "safety,2d,7d", "safety,2 days,7d", "kinds.csv, line 2: cannot read the period '2 days'"),
    ("kinds.csv", "other,safety,2d", "other,roads,2d", "there is no unit 'roads'"),
    ("kinds.csv", "other,safety,2d", "civil,safety,2d", "there is no group 'civil'"),
    ("kinds.csv", "internet|fax|post", "pigeon", "'pigeon' is not a valid ReturnChannel"),
    ("kinds.csv", "streetlight,가로등 고장 신고", "streetlight,", "'name' is empty"),
    ("routes.toml", 'kind = "streetlight"', 'kind = "lamps"', "[[words] number 1]: there is no kind 'lamps'"),
    ("routes.toml", 'unit = "minwon"', 'unit = "desk"', "there is no unit 'desk'"),
    ("routes.toml", 'handler = "minwon-01"', 'handler = "tax-01"', "does not belong to"),
    ("routes.toml", '= "safety"', '= "roads"', "names the unit 'roads'"),
    ("routes.toml", "[likeness]", "[similarity]", "unknown: similarity"),
    ("charter.toml", 'limit = "30min"', 'limit = "soon"', "[C1]: cannot read the period 'soon'"),
    ("charter.toml", "[promises.C2]", "[promises.C3]", "promise C2 is missing"),
    ("charter.toml", "closes = 18:00:00", "closes = 08:00:00", "must be in order"),
    ("charter.toml", 'phone = "063-290-2000"', "", "'phone' is missing"),
    ("charter.toml", "demonstration = true", 'demonstration = "no"', "'demonstration' is neither true nor false"),
    ("charter.toml", "homepage", "hompage", "'homepage' is missing"),
    ("charter.toml", "closures = []", 'closures = ["2026-01-02"]', "'closures' is no list of days"),
    ("charter.toml", "[hours]", "[hours", "charter.toml: "),
]  # fmt: skip


@pytest.mark.parametrize(("name", "old", "new", "cause"), MISTAKES, ids=[m[3] for m in MISTAKES])
def test_a_mistake_is_named_with_file_and_remedy(office: Path, name: str, old: str, new: str, cause: str) -> None:
    spoil(office, name, old, new)
    with pytest.raises(ConfigurationError) as refused:
        load_directory(office, public_url="http://localhost")
    assert cause in refused.value.cause
    assert refused.value.cause.startswith(name)
    assert refused.value.remedy


def test_a_missing_file_and_a_file_from_excel_are_named(office: Path) -> None:
    text = (office / "units.csv").read_text(encoding="utf-8")
    (office / "units.csv").write_bytes(text.encode("cp949"))
    with pytest.raises(ConfigurationError, match=r"units\.csv, line 2: not UTF-8") as refused:
        load_directory(office, public_url="http://localhost")
    assert "CSV UTF-8" in refused.value.remedy
    (office / "units.csv").unlink()
    with pytest.raises(ConfigurationError, match=r"units\.csv is missing"):
        load_directory(office, public_url="http://localhost")


def test_a_byte_order_mark_is_no_mistake_and_absences_are_read(office: Path) -> None:
    path = office / "staff.csv"
    text = path.read_text(encoding="utf-8").replace("가드레일,,", "가드레일,2026-11-23,2026-11-24")
    path.write_text(text, encoding="utf-8-sig")
    directory = load_directory(office, public_url="http://localhost")
    assert directory.is_absent("safety-01", NOW)
    assert directory.is_absent("safety-01", NOW + timedelta(days=1))
    assert not directory.is_absent("safety-01", NOW + timedelta(days=2))


def test_the_promises_start_c1_and_c2_from_receipt(directory: Directory) -> None:
    promises: Promises = OfficePromises(directory.charter)
    received = promises.received_at(datetime(2026, 11, 20, 12, 0, tzinfo=UTC))  # Friday 21:00 in Seoul
    assert received == datetime(2026, 11, 23, 0, 0, tzinfo=UTC)
    c1, c2 = promises.at_receipt(received)
    assert (c1.name, c1.rule, c1.due_at) == (ClockName.C1, "30min", datetime(2026, 11, 23, 0, 30, tzinfo=UTC))
    assert (c2.name, c2.rule, c2.due_at) == (ClockName.C2, "3h", datetime(2026, 11, 23, 3, 0, tzinfo=UTC))
