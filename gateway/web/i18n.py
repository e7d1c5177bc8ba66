"""Korean first, English second: every text on a page is written in Korean and looked up in `texts/en.toml`.

Guarantees: a text without an English entry is shown in Korean rather than not at all; a test names such texts. The
language is what the reader chose (`?lang=`, kept in a cookie), Korean otherwise.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from aiohttp import web

KOREAN: Final = "ko"
ENGLISH: Final = "en"
LANGUAGES: Final = (KOREAN, ENGLISH)
COOKIE: Final = "gw_lang"
_YEAR_S: Final = 365 * 24 * 3600
_TEXTS = Path(__file__).with_name("texts")


@cache
def english() -> Mapping[str, str]:
    """Korean text to English text."""
    found: dict[str, str] = {}
    for path in sorted(_TEXTS.glob("en*.toml")):
        for section in tomllib.loads(path.read_text(encoding="utf-8")).values():
            found.update(section)
    return found


@dataclass(frozen=True, slots=True)
class Translator:
    """Looks texts up in one language; called as `t("접수번호")` or `t("{n}개", n=3)`."""

    language: str = KOREAN

    def __call__(self, korean: str, **values: object) -> str:
        """The text in this language with `{names}` filled in."""
        text = english().get(korean, korean) if self.language == ENGLISH else korean
        return text.format(**values) if values else text


def language_of(request: web.Request) -> str:
    """`ko` or `en`: chosen in the address, else in the cookie, else Korean."""
    for chosen in (request.query.get("lang"), request.cookies.get(COOKIE)):
        if chosen in LANGUAGES:
            return chosen
    return KOREAN


def remember(request: web.Request, response: web.StreamResponse) -> None:
    """Keep a language chosen in the address for the next pages."""
    chosen = request.query.get("lang")
    if chosen in LANGUAGES and chosen != request.cookies.get(COOKIE):
        response.set_cookie(COOKIE, chosen, max_age=_YEAR_S, samesite="Lax", httponly=True)
