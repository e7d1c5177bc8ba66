"""One way to answer with a page.

`render` gives every template the office, the language, the translator `t`, the form token and the addresses of static
files; templates escape everything they print.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import aiohttp_jinja2
import jinja2
from aiohttp import web

from dispatch.deadlines import Rule, Span
from gateway.domain.submission import grouped
from gateway.domain.telephone import spaced
from gateway.domain.times import SEOUL, korean_date, korean_moment
from gateway.web import csrf
from gateway.web.context import CONTEXT
from gateway.web.i18n import ENGLISH, KOREAN, Translator, language_of
from gateway.web.static_files import FILES

_WEEKDAYS_KO: Final = "월화수목금토일"
_SPANS_EN: Final = {
    Span.MINUTES: "minute", Span.HOURS: "hour", Span.DAYS: "day",
    Span.WEEKS: "week", Span.MONTHS: "month", Span.YEARS: "year",
}  # fmt: skip
REQUEST_ID: Final = web.RequestKey("request_id", str)


def moment(value: datetime | None, language: str = KOREAN) -> str:
    """A moment as people read it: `2026. 11. 23.(월) 14:30`, or `Mon 23 Nov 2026, 14:30`."""
    if value is None:
        return ""
    local = value.astimezone(SEOUL)
    if language == ENGLISH:
        return f"{local:%a} {local.day} {local:%b %Y, %H:%M}"
    return f"{korean_date(value)}({_WEEKDAYS_KO[local.weekday()]}) {local:%H:%M}"


def day(value: datetime | None, language: str = KOREAN) -> str:
    """A date as people read it."""
    if value is None:
        return ""
    local = value.astimezone(SEOUL)
    if language == ENGLISH:
        return f"{local:%a} {local.day} {local:%b %Y}"
    return f"{korean_date(value)}({_WEEKDAYS_KO[local.weekday()]})"


def period(rule: Rule, language: str = KOREAN) -> str:
    """A limit of the charter as people read it: `30분`, or `30 minutes`."""
    if language != ENGLISH:
        return rule.korean
    return f"{rule.amount} {_SPANS_EN[rule.span]}{'s' if rule.amount > 1 else ''}"


def size(count: int) -> str:
    """Bytes as people read them: `17 KB`, `3.2 MB`."""
    kilobyte, megabyte = 1024, 1024 * 1024
    if count >= megabyte:
        return f"{count / megabyte:.1f}".removesuffix(".0") + " MB"
    return f"{max(1, round(count / kilobyte))} KB" if count else "0 KB"


def paragraphs(text: str) -> list[str]:
    """Text parted at blank lines."""
    return [part.strip() for part in text.replace("\r\n", "\n").split("\n\n") if part.strip()]


def set_up(app: web.Application) -> None:
    """Prepare the templates of `gateway/web/templates`."""
    environment = aiohttp_jinja2.setup(
        app,
        loader=jinja2.PackageLoader("gateway.web", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        default_helpers=False,
    )
    environment.filters.update(
        moment=moment, day=day, size=size, period=period, paragraphs=paragraphs, grouped=grouped, spaced=spaced,
        korean_moment=korean_moment, korean_date=korean_date,
    )  # fmt: skip


def render(
    request: web.Request,
    template: str,
    values: Mapping[str, Any] | None = None,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> web.Response:
    """Answer with a template.

    Args:
        request: what is being answered.
        template: path below `templates/`.
        values: what the template shows.
        status: HTTP status code.
        headers: further response headers.
    """
    context = request.app[CONTEXT]
    language = language_of(request)
    hours = context.directory.charter.calendar.hours
    common = {
        "office": context.office,
        "charter": context.directory.charter,
        "hours": f"{hours.opens:%H:%M}~{hours.closes:%H:%M}",
        "lunch": f"{hours.lunch_from:%H:%M}~{hours.lunch_until:%H:%M}",
        "demonstration": context.directory.charter.demonstration,
        "lang": language,
        "t": Translator(language),
        "static": request.app[FILES].address,
        "csrf_token": lambda: csrf.token_for(request),
        "path": request.path,
        "request_id": request.get(REQUEST_ID, ""),
        "now": context.clock.now(),
        "limits": context.limits,
        "staff": None,
    }
    text = aiohttp_jinja2.render_string(template, request, {**common, **(values or {})})
    return web.Response(
        text=text,
        content_type="text/html",
        charset="utf-8",
        status=status,
        headers={"Cache-Control": "no-store", "Content-Language": language, **(headers or {})},
    )
