from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

from gateway.web import i18n
from tests.citizen_office import ROOT

WEB = ROOT / "gateway" / "web"
TEMPLATES = [
    *sorted((WEB / "templates" / "portal").glob("*.html")),
    WEB / "templates" / "base.html",
    WEB / "templates" / "errors" / "error.html",
]
MODULES = [
    *sorted((WEB / "portal").glob("*.py")),
    *(WEB / name for name in ("middleware.py", "csrf.py", "tries.py")),
    ROOT / "gateway" / "domain" / "errors.py",
    ROOT / "channels" / "webform.py",
]
HANGUL = re.compile(r"[가-힣]")


def asked_for(template: Path) -> Iterator[str]:
    text = template.read_text(encoding="utf-8")
    for double, single in re.findall(r"""\bt\(\s*(?:"([^"]*)"|'([^']*)')""", text):
        yield double or single


def written_in(module: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and HANGUL.search(node.value):
            yield node.value


def test_every_text_of_the_citizen_pages_has_an_english_one() -> None:
    texts = {text for template in TEMPLATES for text in asked_for(template)}
    texts |= {text for module in MODULES for text in written_in(module) if "\n" not in text}
    assert sorted(texts - set(i18n.english())) == []


def test_no_korean_stands_in_a_template_outside_a_lookup() -> None:
    for template in TEMPLATES:
        if template.name.endswith(".ko.html"):
            continue
        text = re.sub(r"""\bt\(\s*(?:"[^"]*"|'[^']*')""", "", template.read_text(encoding="utf-8"))
        assert not [line for line in text.splitlines() if HANGUL.search(line) and 'lang="ko"' not in line], template


def test_english_texts_fill_in_the_same_places() -> None:
    def places(text: str) -> set[str]:
        return {name for _, name, _, _ in Formatter().parse(text) if name}

    assert {k: v for k, v in i18n.english().items() if places(k) != places(v)} == {}
