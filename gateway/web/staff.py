"""All staff pages, added to the application when the composition root provides `StaffParts`.

Guarantees: every address below `/staff` but the log-in asks for a session and a role; `/staff` leads each member of
staff to their own first page.
"""

from __future__ import annotations

from aiohttp import web

from gateway.web import auth, cases, desk, documents, outgoing, overview, staff_page
from gateway.web.auth import SignedIn, requires
from gateway.web.context import CONTEXT
from gateway.web.middleware import FRAMES, Frame
from gateway.web.staff_parts import EXTRA, STAFF, StaffParts


@requires()
async def _home(_request: web.Request, me: SignedIn) -> web.StreamResponse:
    raise web.HTTPSeeOther(staff_page.home_of(me.person))


def attach(app: web.Application) -> None:
    """Add the staff pages, unless the application was put together without them.

    Raises:
        TypeError: `extras["staff"]` is something else.
    """
    parts = app[CONTEXT].extras.get(EXTRA)
    if parts is None:
        return
    if not isinstance(parts, StaffParts):
        raise TypeError(f"extras[{EXTRA!r}] is {type(parts).__name__}, not StaffParts")
    app[STAFF] = parts
    staff_page.set_up(app)
    frames: dict[str, Frame] = {auth.HOME: staff_page.error_frame}
    app[FRAMES] = frames
    app.router.add_get("/staff", _home)
    app.router.add_get("/staff/", _home)
    for part in (auth, desk, cases, documents, outgoing, overview):
        part.attach(app)
