"""What was typed into a staff form when the session had lapsed: carried through the log-in, then sent again by hand.

Guarantees: kept in the page itself and nowhere else; nothing of it is acted upon before the person has logged in and
pressed the button again, and then it is checked like any form. What was not kept by us, or is too long, is dropped.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from gateway.web import csrf

FIELD: Final = "kept"
_LONGEST: Final = 200_000  # characters; the longest staff form has four texts of 20,000
_NOT_TYPED: Final = frozenset({csrf.FIELD, "version"})
_WORTH_SHOWING: Final = 10  # characters; what is shorter is mostly a choice from a list


@dataclass(frozen=True, slots=True)
class Kept:
    """A form that waits: where it goes and its fields in their order."""

    address: str
    fields: tuple[tuple[str, str], ...]

    @property
    def texts(self) -> tuple[str, ...]:
        """What the person wrote, without choices and short answers."""
        return tuple(value for name, value in self.fields if name not in _NOT_TYPED and len(value) >= _WORTH_SHOWING)


def pack(address: str, form: Mapping[str, Any]) -> str:
    """The form as the text of one hidden field; empty when nothing was typed or it is too long to keep."""
    fields = [(name, value) for name, value in form.items() if isinstance(value, str) and name != csrf.FIELD]
    if not any(value.strip() for name, value in fields if name not in _NOT_TYPED):
        return ""
    packed = json.dumps([address, fields], ensure_ascii=False)
    return packed if len(packed) <= _LONGEST else ""


def unpack(packed: str) -> Kept | None:
    """The form that `pack` packed; None for anything else."""
    if not packed or len(packed) > _LONGEST:
        return None
    try:
        address, fields = json.loads(packed)
        pairs = tuple((name, value) for name, value in fields)
    except (ValueError, TypeError, RecursionError):
        return None
    whole = isinstance(address, str) and all(isinstance(part, str) for pair in pairs for part in pair)
    return Kept(address, pairs) if whole else None
