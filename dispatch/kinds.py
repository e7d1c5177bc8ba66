"""Kinds of petition (`kinds.csv`): which unit, in what period, with which papers, what is usually told as the plan.

Guarantees: every loaded kind belongs to a known unit or to any (empty), and its periods are rules that can be read.
Fails with `ConfigurationError`, which names file and line.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType

from dispatch.deadlines import BadRule, Rule
from dispatch.tables import Line, by_key, read_csv
from gateway.domain.submission import ReturnChannel


class Group(StrEnum):
    """The legal group of a kind (민원처리법 §2)."""

    STATUTORY = "statutory"  # 법정
    INQUIRY = "inquiry"  # 질의
    SUGGESTION = "suggestion"  # 건의
    OTHER = "other"  # 기타
    GRIEVANCE = "grievance"  # 고충
    COMPLAINT = "complaint"  # 불편사항(헌장)


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of petition (민원 종류).

    Attributes:
        code: what programs call it.
        name: what people call it.
        group: its legal group.
        unit_code: who handles it; empty when any unit may.
        rule: the office's own period (단축 처리기간).
        statutory_rule: the period of the law (법정 처리기간).
        papers: what the citizen must bring.
        returns: by which ways the result can be given.
        words: words by which it is known.
        plan: what is usually told as the plan.
    """

    code: str
    name: str
    group: Group
    unit_code: str
    rule: Rule
    statutory_rule: Rule
    papers: tuple[str, ...] = ()
    returns: frozenset[ReturnChannel] = frozenset(ReturnChannel)
    words: str = ""
    plan: str = ""


_COLUMNS = (
    "code", "name", "group", "unit", "period", "statutory_period", "papers", "returns", "words", "plan",
)  # fmt: skip


def load_kinds(folder: Path, unit_codes: Collection[str]) -> Mapping[str, Kind]:
    """Read `kinds.csv`; kinds by code, in the file's order.

    Raises:
        ConfigurationError: a line is not as it should be.
    """
    lines = by_key(read_csv(folder / "kinds.csv", _COLUMNS), "code")
    return MappingProxyType({code: _kind(line, unit_codes) for code, line in lines.items()})


def _kind(line: Line, unit_codes: Collection[str]) -> Kind:
    unit_code = line.text("unit")
    if unit_code and unit_code not in unit_codes:
        raise line.fault(f"there is no unit '{unit_code}'", "use a code of units.csv, or leave it empty for any unit")
    rule = _rule(line, "period")
    return Kind(
        code=line.required("code"),
        name=line.required("name"),
        group=_group(line),
        unit_code=unit_code,
        rule=rule,
        statutory_rule=_rule(line, "statutory_period") if line.text("statutory_period") else rule,
        papers=line.parts("papers", ";"),
        returns=_returns(line),
        words=line.text("words"),
        plan=line.text("plan"),
    )


def _rule(line: Line, column: str) -> Rule:
    try:
        return Rule.parse(line.required(column))
    except BadRule as error:
        raise line.fault(error.cause, error.remedy) from None


def _group(line: Line) -> Group:
    try:
        return Group(line.required("group"))
    except ValueError:
        raise line.fault(f"there is no group '{line.text('group')}'", f"use one of: {', '.join(Group)}") from None


def _returns(line: Line) -> frozenset[ReturnChannel]:
    try:
        return frozenset(ReturnChannel(way) for way in line.parts("returns", "|")) or frozenset(ReturnChannel)
    except ValueError as error:
        raise line.fault(str(error), f"use some of: {'|'.join(ReturnChannel)}") from None
