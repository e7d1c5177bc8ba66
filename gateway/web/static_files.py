"""The design system, htmx and our own scripts and styles, served from where they are installed.

Guarantees: only files below the three roots and of known types leave; each is read once, compressed once and carries
an ETag. Nothing comes from a third party. Fails with 404.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from aiohttp import web

from gateway.web.context import StaticRoots

_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
}
_COMPRESSED: Final = frozenset({".css", ".js", ".svg"})
_VERSION_CHARS: Final = 10
_YEAR: Final = "public, max-age=31536000, immutable"
_DAY: Final = "public, max-age=86400"
OWN_ROOT: Final = Path(__file__).with_name("static")


@dataclass(frozen=True, slots=True)
class _Loaded:
    body: bytes
    compressed: bytes | None
    media_type: str
    etag: str


@dataclass(slots=True)
class StaticFiles:
    """Serves `/static/{krds,htmx,app}/...`."""

    roots: StaticRoots
    _loaded: dict[str, _Loaded] = field(default_factory=dict)
    _versions: dict[str, str] = field(default_factory=dict)

    def address(self, name: str) -> str:
        """The versioned address of a file, e.g. `app/site.css`; a changed file gets a new address."""
        if name not in self._versions:
            path = self._path(name)
            version = hashlib.sha256(path.read_bytes()).hexdigest()[:_VERSION_CHARS] if path else ""
            self._versions[name] = version
        version = self._versions[name]
        return f"/static/{name}?v={version}" if version else f"/static/{name}"

    async def serve(self, request: web.Request) -> web.Response:
        """Answer with the file."""
        name = request.match_info["name"]
        loaded = self._loaded.get(name)
        if loaded is None:
            path = self._path(name)
            if path is None:
                raise web.HTTPNotFound
            loaded = self._loaded[name] = await asyncio.to_thread(_load, path)
        headers = {
            "ETag": loaded.etag,
            "Cache-Control": _YEAR if "v" in request.query else _DAY,
            "Vary": "Accept-Encoding",
            "Content-Type": loaded.media_type,
        }
        if request.headers.get("If-None-Match") == loaded.etag:
            return web.Response(status=304, headers=headers)
        if loaded.compressed is not None and "gzip" in request.headers.get("Accept-Encoding", ""):
            return web.Response(body=loaded.compressed, headers={**headers, "Content-Encoding": "gzip"})
        return web.Response(body=loaded.body, headers=headers)

    def _path(self, name: str) -> Path | None:
        family, _, rest = name.partition("/")
        root = {"krds": self.roots.krds, "htmx": self.roots.htmx, "app": OWN_ROOT}.get(family)
        if root is None or not rest:
            return None
        path = (root / rest).resolve()
        if path.suffix not in _TYPES or not path.is_relative_to(root.resolve()) or not path.is_file():
            return None
        return path


def _load(path: Path) -> _Loaded:
    body = path.read_bytes()
    return _Loaded(
        body=body,
        compressed=gzip.compress(body, mtime=0) if path.suffix in _COMPRESSED else None,
        media_type=_TYPES[path.suffix],
        etag=f'"{hashlib.sha256(body).hexdigest()[:32]}"',
    )


FILES = web.AppKey("static_files", StaticFiles)
