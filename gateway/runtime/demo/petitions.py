"""What the invented citizens of 온누리군 write about, read from `petitions.toml`; nobody and nothing in it is real."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from gateway.domain.submission import ReturnChannel

_FILE = Path(__file__).with_name("petitions.toml")
WAYS_KO: Mapping[ReturnChannel, str] = {
    ReturnChannel.INTERNET: "인터넷",
    ReturnChannel.FAX: "팩스",
    ReturnChannel.POST: "우편",
    ReturnChannel.PICKUP: "방문수령",
}


@dataclass(frozen=True, slots=True)
class Petition:
    """One citizen's words and particulars.

    Attributes:
        kind_code: the petition kind it belongs to.
        name, phone, fax, email, postcode, address: the citizen's.
        returns: the return channel chosen.
        title: of the petition.
        paragraphs: the petition itself.
        note: a short text beside an attached file.
        date: as written at the foot.
    """

    kind_code: str
    name: str
    phone: str
    postcode: str
    address: str
    returns: ReturnChannel
    title: str
    paragraphs: tuple[str, ...]
    fax: str = ""
    email: str = ""
    note: str = ""
    date: str = "2026. 11. 20."

    @property
    def full_address(self) -> str:
        """Postcode and address in one line."""
        return f"({self.postcode}) {self.address}"


@cache
def petitions() -> Mapping[str, Petition]:
    """Every petition by its kind."""
    with _FILE.open("rb") as file:
        rows = tomllib.load(file)["petition"]
    made = [
        Petition(**{**row, "returns": ReturnChannel(row["returns"]), "paragraphs": tuple(row["paragraphs"])})
        for row in rows
    ]
    return {petition.kind_code: petition for petition in made}
