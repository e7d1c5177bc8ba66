"""The office itself: what the head and foot of every outgoing document say about it.

Guarantees: an `OfficeFacts` cannot be built without the parts that an official document must carry. Fails with
`IncompleteDocument`, which names the missing part.
"""

from __future__ import annotations

from dataclasses import dataclass

from gateway.domain.errors import IncompleteDocument

_MAY_BE_EMPTY = frozenset({"english_name"})


@dataclass(frozen=True, slots=True)
class OfficeFacts:
    """The public office in whose name letters go out (행정업무의 운영 및 혁신에 관한 규정 시행규칙, 별지 제1호서식).

    Attributes:
        name: the office as the head of a letter shows it: `온누리군청`.
        authority: the issuing authority (발신 명의): `온누리군수`; the seal stands on its last letter.
        postcode: five digits.
        address: road-name address of the office.
        homepage: the office's own site, as printed.
        phone: main number.
        fax: main fax number.
        email: the address mail comes from and is answered to.
        public_url: where citizens reach the gateway's pages, without a closing slash.
        english_name: for the English second line; may be empty.

    Raises:
        IncompleteDocument: a part is missing.
    """

    name: str
    authority: str
    postcode: str
    address: str
    homepage: str
    phone: str
    fax: str
    email: str
    public_url: str
    english_name: str = ""

    def __post_init__(self) -> None:
        missing = [part for part in self.__slots__ if part not in _MAY_BE_EMPTY and not getattr(self, part).strip()]
        if missing:
            raise IncompleteDocument(f"the office's own facts lack: {', '.join(missing)}")
