"""The house rules that a machine can check: which way imports run, how large rooms may grow, which standards are cited.

Reads the sources only; a finding names the file, so that it can be mended where it stands.
"""

from __future__ import annotations

import ast
import dataclasses
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from gateway.settings import Settings

TOP = Path(__file__).resolve().parent.parent
PACKAGES = ("gateway", "channels", "ocr", "dispatch", "notifications")
FILE_LINES = 400
FUNCTION_LINES = 60

CITING = (*PACKAGES, "office", "deploy")
_CITING_TYPES = frozenset({".py", ".typ", ".html", ".toml", ".css", ".js", ".mako"})
_RFC = re.compile(r"\bRFC (\d{3,5})\b")
_ITU = re.compile(r"(?<![\w.])(?:ITU-T )?(T\.\d{1,2}|E\.\d{3})(?![\w.]*\w)")
_OTHER = re.compile(r"\bISO(?:/IEC)? \d{3,5}(?:-\d+)?|\bKS X \d{4}|\[MS-[A-Z]+\]|\bKWCAG \d\.\d")
_ARTICLE = r"(?:§ ?|제)\d+(?:조?의\d+|조)?[①-⑳]?(?:[-~](?:§|제)?\d+조?)?"
_LAW = re.compile(rf"((?:개인정보 ?)?[가-힣]+법)( 시행령| 시행규칙)? ?({_ARTICLE}(?:, ?{_ARTICLE})*)")
_NUMBERS = re.compile(r"(\d+)(?:조?의(\d+)|조)?[①-⑳]?(?:[-~](?:§|제)?(\d+))?")


def _sources(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (TOP / folder).rglob("*.py"))


def _name(path: Path) -> str:
    return path.relative_to(TOP).as_posix()


def _citations(text: str) -> set[str]:
    """The standards and articles a text names, each in one spelling: `RFC 5321`, `ITU-T T.30`, `민원처리법 §19`."""
    found = {f"RFC {number}" for number in _RFC.findall(text)}
    found |= {f"ITU-T {name}" for name in _ITU.findall(text)}
    found |= set(_OTHER.findall(text))
    for law, decree, articles in _LAW.findall(text):
        for first, branch, last in _NUMBERS.findall(articles):
            numbers = range(int(first), int(last or first) + 1)
            found |= {f"{law}{decree} §{number}{'의' + branch if branch else ''}" for number in numbers}
    return found


def _functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def _imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def test_imports_run_one_way() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([str(linter), "--no-cache"], cwd=TOP, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]


def test_the_domain_needs_the_standard_library_only() -> None:
    foreign = [
        f"{_name(path)} imports {module}"
        for path in _sources("gateway/domain")
        for module in _imported(ast.parse(path.read_text(encoding="utf-8")))
        if module.split(".")[0] not in sys.stdlib_module_names and not module.startswith("gateway.domain")
    ]
    assert not foreign


def test_every_standard_the_code_cites_is_listed_and_no_other() -> None:
    cited: dict[str, str] = {}
    for path in sorted(path for folder in CITING for path in (TOP / folder).rglob("*")):
        if path.suffix in _CITING_TYPES:
            cited |= dict.fromkeys(_citations(path.read_text(encoding="utf-8")), _name(path))
    rows = (
        line.split("|")[1]
        for line in (TOP / "docs/standards.md").read_text(encoding="utf-8").splitlines()
        if "|" in line
    )
    listed = set().union(*(_citations(first) for first in rows))
    assert {name: where for name, where in cited.items() if name not in listed} == {}
    assert listed - cited.keys() == set()


def test_citations_are_found_in_every_spelling() -> None:
    text = (
        "RFC 2301 and RFC 5321 §4.2; T.4, ITU-T T.30; 민원처리법 시행령 제21조, 민법 §157-159, "
        "개인정보 보호법 §24, §24조의2, ISO 32000-1 §7"
    )
    assert _citations(text) == {
        "RFC 2301",
        "RFC 5321",
        "ITU-T T.4",
        "ITU-T T.30",
        "민원처리법 시행령 §21",
        "민법 §157",
        "민법 §158",
        "민법 §159",
        "개인정보 보호법 §24",
        "개인정보 보호법 §24의2",
        "ISO 32000-1",
    }


def test_the_sandbox_needs_the_standard_library_and_the_domain_only() -> None:
    tree = ast.parse((TOP / "gateway/sandbox.py").read_text(encoding="utf-8"))
    assert not [
        module
        for module in _imported(tree)
        if module.split(".")[0] not in sys.stdlib_module_names
        and not module.startswith(("gateway.domain", "gateway.sandbox"))
    ]


def test_no_file_outgrows_its_room() -> None:
    sizes = {
        _name(path): len(path.read_text(encoding="utf-8").splitlines())
        for path in _sources(*PACKAGES, "tests", "bench")
    }
    assert {name: lines for name, lines in sizes.items() if lines >= FILE_LINES} == {}


def test_no_function_is_too_long_to_read_at_once() -> None:
    long = [
        f"{_name(path)}: {function.name} has {lines} lines"
        for path in _sources(*PACKAGES, "tests", "bench")
        if "migrations/versions" not in _name(path)  # one revision is one table after another
        for function in _functions(ast.parse(path.read_text(encoding="utf-8")))
        if (lines := (function.end_lineno or 0) - function.lineno + 1) > FUNCTION_LINES
    ]
    assert not long


def test_every_module_says_what_it_is() -> None:
    silent = [
        _name(path)
        for path in _sources(*PACKAGES, "bench")
        if path.name != "__init__.py" and not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert not silent


def test_every_setting_is_documented_with_its_default() -> None:
    lines = (TOP / "docs/operations.md").read_text(encoding="utf-8").split("## Putting")[0].splitlines()
    rows = [[cell.strip(" `") for cell in line.split("|")[1:3]] for line in lines if line.startswith("| `")]
    assert dict(rows) == {
        field.name: str(field.default).replace("False", "false") for field in dataclasses.fields(Settings)
    }


def test_links_between_documents_lead_somewhere() -> None:
    documents = [*TOP.glob("*.md"), *(TOP / "docs").rglob("*.md")]
    broken = [
        f"{_name(document)}: {target}"
        for document in documents
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", document.read_text(encoding="utf-8"))
        if not (document.parent / target).exists()
    ]
    assert not broken
