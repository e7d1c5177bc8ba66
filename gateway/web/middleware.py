"""What happens around every page: request id, readable errors, security headers, form tokens, compression.

Guarantees: every answer carries the security headers; an error of any kind becomes a page (or JSON for scripts) in the
reader's language with a request id and nothing private; no changing request reaches a page without a checked form
token, except where the page reads a stream and checks the token itself. An unchecked stream is answered as 500.
"""

from __future__ import annotations

import secrets
import traceback
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any, Final

import structlog
from aiohttp import web

from gateway.domain.errors import GatewayError
from gateway.web import csrf, i18n
from gateway.web.context import CONTEXT
from gateway.web.pages import REQUEST_ID, render

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Frame = Callable[[web.Request], Awaitable[Mapping[str, Any]]]

CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
    "frame-src 'self'; form-action 'self'; frame-ancestors 'self'; base-uri 'none'"
)
_SECURITY_HEADERS: Final = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(), microphone=(), camera=(self), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_STATUS_BY_CODE: Final = {
    "storage_unavailable": HTTPStatus.SERVICE_UNAVAILABLE,
    "try_later": HTTPStatus.SERVICE_UNAVAILABLE,
    "lost_lease": HTTPStatus.CONFLICT,
    "stale": HTTPStatus.CONFLICT,
    "stale_delivery": HTTPStatus.CONFLICT,
    "too_large": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "not_found": HTTPStatus.NOT_FOUND,
    "forbidden": HTTPStatus.FORBIDDEN,
    "cross_site": HTTPStatus.FORBIDDEN,
    "too_many_tries": HTTPStatus.TOO_MANY_REQUESTS,
    "illegal_transition": HTTPStatus.CONFLICT,
    "unauthenticated": HTTPStatus.UNAUTHORIZED,
}
_TEXT_BY_STATUS: Final = {
    HTTPStatus.NOT_FOUND: "찾으시는 화면이 없습니다. 주소를 확인하시거나 첫 화면에서 다시 찾아 주십시오.",
    HTTPStatus.METHOD_NOT_ALLOWED: "이 주소에서는 할 수 없는 요청입니다.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "보내신 내용이 접수할 수 있는 크기를 넘었습니다.",
    HTTPStatus.BAD_REQUEST: "요청을 이해하지 못했습니다. 화면을 다시 연 뒤 시도해 주십시오.",
    HTTPStatus.TOO_MANY_REQUESTS: "요청이 너무 많습니다. 잠시 후 다시 시도해 주십시오.",
}
_UNKNOWN: Final = "일시적인 오류가 생겼습니다. 잠시 후 다시 시도해 주십시오."
_FORM_TYPES: Final = frozenset({"application/x-www-form-urlencoded", "multipart/form-data"})
_STREAMS: Final = "streams_form"
_log = structlog.get_logger(__name__)


def streams_form(handler: Handler) -> Handler:
    """Mark a page that reads its form as a stream and calls `csrf.check_token` itself, before it changes anything."""
    setattr(handler, _STREAMS, True)
    return handler


def status_of(error: GatewayError) -> int:
    """The HTTP status code an error is answered with."""
    return _STATUS_BY_CODE.get(
        error.code, HTTPStatus.SERVICE_UNAVAILABLE if error.transient else HTTPStatus.BAD_REQUEST
    )


def wants_json(request: web.Request) -> bool:
    """Whether a script asked, rather than a person's browser."""
    return "application/json" in request.headers.get("Accept", "")


def remote_address(request: web.Request) -> str:
    """The reader's address; a proxy we trust may name it."""
    context = request.app[CONTEXT]
    address = request.remote or ""
    if address in context.trusted_proxies:
        forwarded = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
        return forwarded or address
    return address


@web.middleware
async def surround(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Give the request an id, its answer the headers, and the log a line."""
    request[REQUEST_ID] = secrets.token_hex(6)
    try:
        response = await handler(request)
    except web.HTTPException as known:
        if known.status < HTTPStatus.BAD_REQUEST:
            _finish(request, known)
            raise
        response = await _error_page(request, known.status, "", _TEXT_BY_STATUS.get(HTTPStatus(known.status), _UNKNOWN))
        if "Allow" in known.headers:
            response.headers["Allow"] = known.headers["Allow"]
    except GatewayError as error:
        code = status_of(error)
        _log.info("refused", request_id=request[REQUEST_ID], path=request.path, code=error.code, cause=error.cause)
        response = await _error_page(request, code, error.code, error.text_ko)
        if error.transient:
            response.headers["Retry-After"] = "60"
    except Exception:  # noqa: BLE001 (the last net: a reader gets a page, the log gets the cause)
        # format_exc, not exc_info: a renderer that prints local variables would put people's forms into the log
        _log.error("page failed", request_id=request[REQUEST_ID], path=request.path, trace=traceback.format_exc())
        response = await _error_page(request, HTTPStatus.INTERNAL_SERVER_ERROR, "", _UNKNOWN)
    _finish(request, response)
    return response


@web.middleware
async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Check the form token of every changing request."""
    if request.method in csrf.SAFE_METHODS:
        return await handler(request)
    csrf.check_origin(request)
    if getattr(request.match_info.handler, _STREAMS, False):
        response = await handler(request)
        if not csrf.was_checked(request) and response.status < HTTPStatus.BAD_REQUEST:
            raise RuntimeError(f"{request.path} accepted a stream without checking its form token")
        return response
    token = request.headers.get(csrf.HEADER, "")
    if not token and request.content_type in _FORM_TYPES:
        token = str((await request.post()).get(csrf.FIELD, ""))
    csrf.check_token(request, token)
    return await handler(request)


FRAMES: Final = web.AppKey("error_frames", dict[str, Frame])  # by the beginning of an address
MIDDLEWARES: Final = (surround, guard)


def _finish(request: web.Request, response: web.StreamResponse) -> None:
    headers = response.headers
    for name, value in _SECURITY_HEADERS.items():
        headers.setdefault(name, value)
    headers["X-Request-Id"] = request[REQUEST_ID]
    if request.app[CONTEXT].https:
        headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    if response.prepared:
        return
    csrf.set_cookie(request, response)
    i18n.remember(request, response)
    if response.content_type in {"text/html", "application/json"} and isinstance(response, web.Response):
        response.enable_compression()


async def _error_page(request: web.Request, status: int, code: str, text_ko: str) -> web.Response:
    translator = i18n.Translator(i18n.language_of(request))
    values: dict[str, Any] = {"code": code, "text": translator(text_ko), "request_id": request[REQUEST_ID]}
    if wants_json(request):
        return web.json_response({**values, "status": status}, status=status)
    try:
        frame = await _frame(request)
        return render(request, "errors/error.html", {**frame, **values, "status": status}, status=status)
    except Exception:  # noqa: BLE001 (an error page that fails must not hide the first error)
        _log.error("error page failed", request_id=request[REQUEST_ID], trace=traceback.format_exc())
        return web.Response(text=f"{values['text']}\n({values['request_id']})", status=status)


async def _frame(request: web.Request) -> Mapping[str, Any]:
    """What surrounds an error page: the frame of the part whose address was asked for, else the citizen's."""
    for beginning, frame in request.app.get(FRAMES, {}).items():
        if request.path == beginning or request.path.startswith(f"{beginning}/"):
            return await frame(request)
    return {"frame": "base.html"}
