"""Proof that a form was filled in on our own page.

Guarantees: a changing request is let through only when the browser does not call it cross-site and the form carries a
token made from the reader's cookie with the office's secret. Tokens are masked afresh for each page, so that
compressed pages give nothing away (BREACH). Fails with `CrossSite`, answered as 403.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from typing import Final
from urllib.parse import urlsplit

from aiohttp import web

from gateway.domain.errors import PermanentError
from gateway.web.context import CONTEXT

COOKIE: Final = "gw_csrf"
FIELD: Final = "csrf"
HEADER: Final = "X-CSRF-Token"
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_NONCE_KEY: Final = web.RequestKey("csrf_nonce", str)
_CHECKED_KEY: Final = web.RequestKey("csrf_checked", bool)
_DIGEST_BYTES: Final = 32
_NONCE_CHARS: Final = 32


class CrossSite(PermanentError):
    """The form has expired or was not sent from this site; please open the page again."""

    code = "cross_site"
    text_ko = "입력 화면이 오래되었거나 다른 사이트에서 보낸 요청입니다. 화면을 다시 연 뒤 시도해 주십시오."


def token_for(request: web.Request) -> str:
    """A token for a form on the page being rendered; `middleware.guard` sets the cookie it belongs to."""
    nonce = request.get(_NONCE_KEY) or _nonce_in_cookie(request) or secrets.token_urlsafe(24)
    request[_NONCE_KEY] = nonce
    digest = _digest(request.app[CONTEXT].secret, nonce)
    pad = secrets.token_bytes(_DIGEST_BYTES)
    return base64.urlsafe_b64encode(pad + bytes(a ^ b for a, b in zip(pad, digest, strict=True))).decode()


def set_cookie(request: web.Request, response: web.StreamResponse) -> None:
    """Give the reader the cookie that the rendered tokens belong to, when one was rendered."""
    nonce = request.get(_NONCE_KEY)
    if nonce and nonce != _nonce_in_cookie(request):
        response.set_cookie(COOKIE, nonce, httponly=True, samesite="Lax", secure=request.app[CONTEXT].https)


def check_origin(request: web.Request) -> None:
    """Refuse what the browser itself calls cross-site.

    Raises:
        CrossSite: Sec-Fetch-Site or Origin name another site.
    """
    if request.headers.get("Sec-Fetch-Site") in {"cross-site", "same-site"}:
        raise CrossSite("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    ours = {request.host, urlsplit(request.app[CONTEXT].office.public_url).netloc}  # a proxy may change Host
    if origin and origin != "null" and urlsplit(origin).netloc not in ours:
        raise CrossSite(f"origin {origin}")


def check_token(request: web.Request, token: str) -> None:
    """Check a form's token and remember that it was checked.

    Raises:
        CrossSite: the token does not belong to the reader's cookie.
    """
    nonce = _nonce_in_cookie(request)
    try:
        raw = base64.urlsafe_b64decode(token.encode())
    except (binascii.Error, ValueError):
        raise CrossSite("token is not base64") from None
    pad, masked = raw[:_DIGEST_BYTES], raw[_DIGEST_BYTES:]
    if not nonce or len(masked) != _DIGEST_BYTES:
        raise CrossSite("no cookie or no token")
    digest = bytes(a ^ b for a, b in zip(pad, masked, strict=True))
    if not hmac.compare_digest(digest, _digest(request.app[CONTEXT].secret, nonce)):
        raise CrossSite("token does not belong to the cookie")
    request[_CHECKED_KEY] = True


def was_checked(request: web.Request) -> bool:
    """Whether `check_token` has passed for this request."""
    return bool(request.get(_CHECKED_KEY))


def _nonce_in_cookie(request: web.Request) -> str:
    nonce = request.cookies.get(COOKIE, "")
    return nonce if len(nonce) == _NONCE_CHARS else ""


def _digest(secret: bytes, nonce: str) -> bytes:
    return hmac.new(secret, b"csrf:" + nonce.encode(), hashlib.sha256).digest()
