"""A small web client: reads pages, keeps cookies, fills in forms with what they already hold.

Guarantees: a form is sent with its hidden fields, to its own action, the way a browser without JavaScript would.
Fails with `PageRefused` when the answer is an error page.
"""

from __future__ import annotations

import http.cookiejar
import secrets
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser

from gateway.domain.errors import GatewayError

_PATIENCE_S = 60.0


class PageRefused(GatewayError):
    """A page answered with an error."""

    code = "page_refused"

    def __init__(self, cause: str = "", *, status: int = 0, page: WebPage | None = None) -> None:
        super().__init__(cause)
        self.status = status
        self.page = page


@dataclass(frozen=True, slots=True)
class Upload:
    """A file for a form."""

    field: str
    name: str
    media_type: str
    content: bytes


@dataclass(slots=True)
class Form:
    """A form as it stands on a page: its own values, which sending may replace."""

    action: str
    method: str
    fields: dict[str, list[str]] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class WebPage:
    """An answer.

    Attributes:
        url: where it came from, after redirects.
        text: its body.
        content: its body as bytes.
        forms: the forms on it.
    """

    url: str
    text: str
    content: bytes
    forms: tuple[Form, ...]

    def form(self, *, action: str = "", names: Sequence[str] = ()) -> Form:
        """The first form whose action holds `action` and that has all fields `names`.

        Raises:
            PageRefused: there is none.
        """
        for form in self.forms:
            if action in form.action and set(names) <= form.names:
                return form
        raise PageRefused(f"{self.url}: no form to '{action}' with {list(names)}")


class Client:
    """One person's browser.

    Args:
        base: `http://127.0.0.1:8080`.
    """

    def __init__(self, base: str) -> None:
        self._base = base
        jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), jar)

    def get(self, path: str) -> WebPage:
        """Open a page.

        Raises:
            PageRefused: it answered with an error.
        """
        return self._open(urllib.request.Request(urllib.parse.urljoin(self._base, path)))  # noqa: S310 (our own base)

    def send(
        self, page: WebPage, form: Form, values: Mapping[str, str] | None = None, uploads: Sequence[Upload] = ()
    ) -> WebPage:
        """Send a form with `values` in place of its own.

        Raises:
            PageRefused: the answer is an error.
        """
        pairs = [(n, v) for n, found in form.fields.items() if n not in (values or {}) for v in found]
        pairs += list((values or {}).items())
        url = urllib.parse.urljoin(page.url, form.action or page.url)
        if form.method == "get":
            return self.get(f"{url}?{urllib.parse.urlencode(pairs)}")
        content, media_type = _multipart(pairs, uploads) if uploads else _urlencoded(pairs)
        request = urllib.request.Request(url, content, {"Content-Type": media_type})  # noqa: S310 (our own base)
        return self._open(request)

    def _open(self, request: urllib.request.Request) -> WebPage:
        try:
            with self._opener.open(request, timeout=_PATIENCE_S) as answer:
                content: bytes = answer.read()
                return _page(answer.url, content)
        except urllib.error.HTTPError as error:
            with error:
                page = _page(request.full_url, error.read())
            told = f"{request.full_url}: {error.code}: {_visible(page.text)[:400]}"
            raise PageRefused(told, status=error.code, page=page) from error


def _urlencoded(pairs: Sequence[tuple[str, str]]) -> tuple[bytes, str]:
    return urllib.parse.urlencode(pairs).encode(), "application/x-www-form-urlencoded"


def _multipart(pairs: Sequence[tuple[str, str]], uploads: Sequence[Upload]) -> tuple[bytes, str]:
    """RFC 7578, names in UTF-8."""
    boundary = secrets.token_hex(16)
    pieces = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in pairs
    ]
    for upload in uploads:
        head = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="{upload.field}"; filename="{upload.name}"\r\n'
            f"Content-Type: {upload.media_type}\r\n\r\n"
        )
        pieces.append(head.encode() + upload.content + b"\r\n")
    pieces.append(f"--{boundary}--\r\n".encode())
    return b"".join(pieces), f"multipart/form-data; boundary={boundary}"


def _page(url: str, content: bytes) -> WebPage:
    text = content.decode("utf-8", "replace")
    reader = _FormReader()
    reader.feed(text)
    return WebPage(url, text, content, tuple(reader.forms))


def _visible(html: str) -> str:
    reader = _FormReader()
    reader.feed(html)
    return " ".join(" ".join(reader.words).split())


class _FormReader(HTMLParser):
    """Collects forms with the values a browser would send untouched."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.words: list[str] = []
        self._open: Form | None = None
        self._area: str | None = None
        self._select: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._open = Form(given.get("action", ""), given.get("method", "get").lower())
            self.forms.append(self._open)
        if self._open is None:
            return
        name = given.get("name", "")
        if name:
            self._open.names.add(name)
        if tag == "input" and name:
            self._input(given, name)
        elif tag == "textarea" and name:
            self._area = name
            self._open.fields[name] = [""]
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select and "selected" in given:
            self._open.fields[self._select] = [given.get("value", "")]

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None
        elif tag == "textarea":
            self._area = None
        elif tag == "select":
            self._select = None

    def handle_data(self, data: str) -> None:
        if self._area and self._open is not None:
            self._open.fields[self._area] = [self._open.fields[self._area][0] + data.removeprefix("\n")]
        else:
            self.words.append(data)

    def _input(self, given: Mapping[str, str], name: str) -> None:
        kind = given.get("type", "text")
        if self._open is None or kind in {"file", "submit", "button", "image", "reset"}:
            return
        if kind in {"checkbox", "radio"} and "checked" not in given:
            return
        self._open.fields.setdefault(name, []).append(given.get("value", "on"))
