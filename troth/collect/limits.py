"""Is one client asking too often? Limits each public door by client; the raw door of programs (`/v1/…`) is not among them.

Nothing of a client is kept but a keyed hash in memory, under a key that this process makes up and never writes: of an IPv6
address its network, since one machine has them all. So many hashes and no more: the one met longest ago goes first. What
is too much is answered 429 with `Retry-After`, and told in the log by door and workspace alone.
Source: RFC 6585 section 4; DESIGN section 8 (429 under pressure)
"""

from __future__ import annotations

import hashlib
import ipaddress
import logging
import math
import os
import re
import time
from collections import OrderedDict
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from troth import look
from troth.base.errors import Fault
from troth.collect.origins import Origins
from troth.settings import Limit, Settings
from troth.workspace import House

LOCAL = 50  # times as often from this machine: programs of the house, or a proxy that does not say for whom it asks
READING = 10  # times as often, where every page of a site asks what to show
_READ_BY_PAGES = frozenset({"consent", "forms", "chat"})
MOST = 20_000  # clients remembered, a few hundred bytes each
_DOOR = re.compile(
    r"/([a-z][a-z0-9-]{1,30})/(consent|forms|comments|unsubscribe|confirm|mail|privacy|receipts|number|chat|view|pixel\.gif|published)(?:/|$)"
)
_KNOWN_AS = {
    "comments": "forms", "confirm": "unsubscribe", "mail": "unsubscribe", "privacy": "centre",
    "view": "consent", "published": "consent", "pixel.gif": "number",
}  # fmt: skip
_logger = logging.getLogger("troth")


@dataclass(slots=True)
class _Bucket:
    """What a client has left at one door: so many calls, filled up evenly as time goes by."""

    left: float
    at: float


class Limits:
    """The limits as a layer around the application's pages."""

    def __init__(self, app: Any, house: House, settings: Settings) -> None:
        self._app, self._origins, self._limits = app, Origins(house), settings.limits
        self._key = os.urandom(32)
        self._buckets: OrderedDict[tuple[str, str, bytes], _Bucket] = OrderedDict()
        self._told: dict[tuple[str, str], float] = {}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        wait = self._wait(scope) if scope["type"] == "http" and scope["method"] != "OPTIONS" else 0
        if wait:
            await self._refused(scope, wait)(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _wait(self, scope: Mapping[str, Any]) -> int:
        """Seconds until this client may come again; 0: it may come in."""
        found = _DOOR.match(scope["path"])
        if found is None:
            return 0
        workspace, door = found[1], _KNOWN_AS.get(found[2], found[2])
        limit = self._limits.get(f"{workspace}/{door}", self._limits[door])
        if limit is None:
            return 0
        address = (scope.get("client") or ("",))[0]
        if door in _READ_BY_PAGES and (scope["method"] in ("GET", "HEAD") or scope["path"].endswith("/consent/terms")):
            door, limit = f"{door}, read", Limit(limit.calls * READING, limit.seconds)
        wait = self._take(workspace, door, limit, address)
        if wait:
            self._tell(workspace, door)
        return wait

    def _take(self, workspace: str, door: str, limit: Limit, address: str) -> int:
        now, most = time.monotonic(), limit.calls * (LOCAL if is_local(address) else 1)
        key = workspace, door, hashlib.blake2b(network_of(address).encode("utf-8", "replace"), key=self._key, digest_size=12).digest()
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = _Bucket(most, now)
            if len(self._buckets) > MOST:
                self._buckets.popitem(last=False)
        self._buckets.move_to_end(key)
        each = most / limit.seconds
        bucket.left, bucket.at = min(most, bucket.left + (now - bucket.at) * each), now
        if bucket.left >= 1:
            bucket.left -= 1
            return 0
        return max(1, math.ceil((1 - bucket.left) / each))

    def _tell(self, workspace: str, door: str) -> None:
        """One line a minute for each door, about nobody."""
        now = time.monotonic()
        if now - self._told.get((workspace, door), -60.0) >= 60 and (len(self._told) < 1_000 or (workspace, door) in self._told):
            self._told[(workspace, door)] = now
            _logger.warning("too many calls from one client at %s of %s", door, workspace)

    def _refused(self, scope: Any, wait: int) -> Response:
        named = _DOOR.match(scope["path"])
        http = Request(scope | {"path_params": {"w": named[1] if named else ""}})
        fault = Fault("too-many", "too much came from here in a short time", help=f"try again in {wait} seconds", status=429)
        headers = {"retry-after": str(wait), "cache-control": "no-store", "access-control-expose-headers": "retry-after"}
        with suppress(Fault):
            headers |= self._origins.headers(http)
        if look.wants_page(http):
            return look.error_page(http, fault.status, fault.code, fault.message, fault.help, headers=headers)
        return JSONResponse(fault.as_json(), fault.status, headers)


def network_of(address: str) -> str:
    """What one client is known by: its IPv4 address, or the /64 network of an IPv6 one."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address[:64]
    if isinstance(found, ipaddress.IPv6Address):
        return str(found.ipv4_mapped or ipaddress.ip_network((found, 64), strict=False).network_address)
    return str(found)


def is_local(address: str) -> bool:
    """Whether a call comes from this very machine."""
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return not address
