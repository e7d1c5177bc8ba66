"""Citizen pages: home, submit, receipt, my case, result, help, privacy.

Guarantees: each page parses, calls one function, renders. Nothing here needs an account; a case opens with number and
code only.
"""

from __future__ import annotations

from aiohttp import web

from gateway.web.portal import case, information, submit


def attach(app: web.Application) -> None:
    """Add the citizen pages."""
    information.attach(app)
    submit.attach(app)
    case.attach(app)
