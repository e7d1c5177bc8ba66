"""A real Chromium, phone and desk sized pages in it, and axe-core; each page's console is checked when it closes.

`office` and `site` give the citizen pages of one whole office; staff tests bring their own server and use the rest.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from tests.citizen_office import ROOT, CitizenOffice

_ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
_AUDIT = """async () => {
  const found = await axe.run(document, { resultTypes: ["violations"] });
  return found.violations.map((v) => v.id + ": " + v.nodes.map((n) => n.html.slice(0, 160)).join(" | "));
}"""
_AT_REST = "Promise.all([document.fonts.ready, ...document.getAnimations().map((a) => a.finished.catch(() => 0))])"
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1440, "height": 900}


@cache
def _axe() -> str:
    return (ROOT / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


def violations(page: Page) -> list[str]:
    """What axe-core finds wrong on the page as it stands; empty when nothing."""
    page.wait_for_load_state("load")
    page.evaluate(_AT_REST)  # axe calls the colours of a button half-way through its transition a fault
    page.evaluate(_axe() + ";undefined")
    return list(page.evaluate(_AUDIT))


def overflow(page: Page) -> int:
    """By how many pixels the page is wider than its window."""
    return int(page.evaluate("document.documentElement.scrollWidth - window.innerWidth"))


@dataclass(slots=True)
class Pages:
    """Opens pages and remembers what went wrong in them."""

    browser: Browser
    wrong: list[str] = field(default_factory=list)
    _contexts: list[BrowserContext] = field(default_factory=list)

    def open(self, size: dict[str, int] | None = None, *, javascript: bool = True, audited: bool = False) -> Page:
        """A page in a browser profile of its own; `audited` lets axe-core's own inline styles past the policy."""
        width, height = (size or PHONE)["width"], (size or PHONE)["height"]
        context = self.browser.new_context(
            viewport={"width": width, "height": height}, java_script_enabled=javascript, bypass_csp=audited,
            locale="ko-KR", accept_downloads=True,
        )  # fmt: skip
        context.set_default_timeout(20_000)
        page = context.new_page()
        page.on("console", lambda message: self._heard(message))  # noqa: PLW0108 (Playwright marks bound methods; slots)
        page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self._contexts.append(context)
        return page

    def close(self) -> None:
        """Close all profiles."""
        for context in self._contexts:
            context.close()

    def _heard(self, message: ConsoleMessage) -> None:
        # Chromium itself reports every answer of 400 and above; those are what some tests are about
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            self.wrong.append(message.text)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium for a module: Playwright keeps an event loop running meanwhile, which others must not meet."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=list(_ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture
def pages(browser: Browser) -> Iterator[Pages]:
    """Pages in fresh profiles; the test fails when a script fails or the content policy is broken."""
    pages = Pages(browser)
    yield pages
    pages.close()
    assert pages.wrong == []


@pytest.fixture
def office(tmp_path: Path) -> Iterator[CitizenOffice]:
    office = CitizenOffice(tmp_path)
    yield office
    office.close()


@pytest.fixture
def site(office: CitizenOffice) -> Iterator[str]:
    """The address of the office's running pages."""
    with office.serving() as address:
        yield address
