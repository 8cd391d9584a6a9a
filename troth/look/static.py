"""Which files stand beside the pages? The stylesheet and the mark, served with their hash so that caches may keep them.

Only names found in the folder at start are served; no path from outside reaches the disk.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

FOLDER = Path(__file__).parent / "static"
_TYPES = {".css": "text/css; charset=utf-8", ".svg": "image/svg+xml", ".js": "text/javascript; charset=utf-8"}
_FOR_EVER = "public, max-age=31536000, immutable"
_FOR_A_WHILE = "public, max-age=300"


@dataclass(frozen=True, slots=True)
class StaticFile:
    body: bytes
    media_type: str
    hash: str


@lru_cache(maxsize=1)
def files() -> dict[str, StaticFile]:
    """Every file of the folder by name."""
    found: dict[str, StaticFile] = {}
    for path in sorted(FOLDER.iterdir()):
        if path.suffix in _TYPES:
            body = path.read_bytes()
            found[path.name] = StaticFile(body, _TYPES[path.suffix], hashlib.sha256(body).hexdigest()[:12])
    return found


def address(name: str) -> str:
    """The address of a file, with its hash; raises KeyError for one that is not there."""
    return f"/static/{name}?v={files()[name].hash}"


def routes() -> list[Route]:
    """The routes of this room."""
    return [Route("/static/{name}", _serve), Route("/favicon.ico", _icon)]


async def _serve(http: Request) -> Response:
    found = files().get(http.path_params["name"])
    if found is None:
        return PlainTextResponse("there is no such file", 404)
    headers = {
        "etag": f'"{found.hash}"',
        "cache-control": _FOR_EVER if http.query_params.get("v") == found.hash else _FOR_A_WHILE,
        "x-content-type-options": "nosniff",
    }
    if http.headers.get("if-none-match") == headers["etag"]:
        return Response(status_code=304, headers=headers)
    return Response(found.body, media_type=found.media_type, headers=headers)


async def _icon(_http: Request) -> Response:
    mark = files()["mark.svg"]
    return Response(mark.body, media_type=mark.media_type, headers={"cache-control": _FOR_A_WHILE})
