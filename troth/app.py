"""How do the pieces come together? One ASGI application over one house of workspaces. It answers nothing itself."""

from __future__ import annotations

import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from troth import look
from troth.base.errors import Fault
from troth.base.filelock import exclusive
from troth.centre import routes as centre_routes
from troth.collect.calls_web import routes as calls_routes
from troth.collect.door import Door
from troth.collect.limits import Limits
from troth.collect.scriptless import routes as scriptless_routes
from troth.collect.web import routes as web_routes
from troth.console.routes import routes as console_routes
from troth.disclose.api import routes as disclose_routes
from troth.disclose.carriers import check_settings
from troth.gate.reasons import Refused
from troth.look.static import routes as look_routes
from troth.maintain import tend_all
from troth.prove.pages import routes as proof_routes
from troth.prove.verify import run_proofs
from troth.reports.api import routes as report_routes
from troth.settings import Settings
from troth.workspace import House

_HEADERS = {
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"strict-origin-when-cross-origin",
    b"x-frame-options": b"DENY",
    b"cross-origin-opener-policy": b"same-origin",
}


class Troth:
    """The application: `/v1/…` goes straight to the collection door, the rest to Starlette."""

    def __init__(self, settings: Settings, prove_at_start: bool = False) -> None:
        check_settings(settings)
        self.settings = settings
        self._prove_at_start = prove_at_start
        self.house = House(settings)
        self.door = Door(self.house)
        self._maintenance = Maintenance(self.house)
        self.pages = Starlette(
            routes=[Route("/healthz", _health), Route("/", _start), *self._rooms()],
            exception_handlers={Fault: _fault, Refused: _refused, 404: _not_found, 405: _wrong_method, 500: _broken},  # type: ignore[dict-item]
            lifespan=self._lifespan,
            middleware=[Middleware(SecurityHeaders), Middleware(Limits, house=self.house, settings=settings)],
        )

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and scope["path"].startswith("/v1/"):
            await self.door(scope, receive, send)
        else:
            await self.pages(scope, receive, send)

    @asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        self._maintenance.start()
        if self._prove_at_start:
            threading.Thread(target=self._prove, name="proofs", daemon=True).start()
        yield
        self._maintenance.stop()
        self.door.close()
        self.house.close()


    def _rooms(self) -> Iterator[Route]:
        """Every room's routes; the sites' come last, since they hold the widest pattern."""
        yield from look_routes()
        yield from report_routes(self.house)
        yield from proof_routes(self.house)
        for room in (console_routes, centre_routes, disclose_routes, calls_routes, scriptless_routes, web_routes):
            yield from room(self.house, self.door)

    def _prove(self) -> None:
        """Run every proof once, by the first process that gets to it, when the doors are open."""
        time.sleep(2)
        try:
            with exclusive(self.settings.data / "proofs.lock", wait=False):
                for policy in self.house.policies():
                    run_proofs(self.house.workspace(policy.workspace), f"http://127.0.0.1:{self.settings.port}")
        except BlockingIOError:
            return


class Maintenance:
    """Settles journals and signs checkpoints now and then, in one thread."""

    def __init__(self, house: House, every: float = 5.0) -> None:
        self._house, self._every = house, every
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="maintenance", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Finish the round that runs, then stop."""
        self._stop.set()
        self._thread.join(timeout=60)

    def _run(self) -> None:
        while not self._stop.wait(self._every):
            tend_all(self._house)


class SecurityHeaders:
    """Puts the headers every answer carries; pages add their own content security policy."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with(message: Any) -> None:
            if message["type"] == "http.response.start":
                present = {name for name, _ in message["headers"]}
                message["headers"] = [*message["headers"], *((n, v) for n, v in _HEADERS.items() if n not in present)]
            await send(message)

        await self._app(scope, receive, send_with)


async def _start(http: Request) -> Response:
    """Whoever comes to the bare address. It names no business: who is served here is theirs to say."""
    return look.render("start.html", http)


async def _health(_request: Request) -> Response:
    return JSONResponse({"status": "ok"})


_NOT_FOUND = Fault("not-found", "there is nothing here", help="look at the address once more, or go back", status=404)
_WRONG_METHOD = Fault("method-not-allowed", "this address is not for that method", status=405)
_BROKEN = Fault("failed", "something failed here; it was refused and nothing was kept", status=500)


async def _fault(http: Request, fault: Fault) -> Response:
    """A coded error as who asks reads it: a page for people, JSON for programs."""
    headers = {"retry-after": "1"} if fault.status in (429, 503) else {}
    if look.wants_page(http):
        return look.error_page(http, fault.status, fault.code, fault.message, fault.help, headers=headers)
    return JSONResponse(fault.as_json(), fault.status, headers)


async def _refused(http: Request, refused: Refused) -> Response:
    return await _fault(http, Fault(str(refused.reason), str(refused), status=refused.status))


async def _not_found(http: Request, _error: Exception) -> Response:
    return await _fault(http, _NOT_FOUND)


async def _broken(http: Request, _error: Exception) -> Response:
    return await _fault(http, _BROKEN)


async def _wrong_method(http: Request, _error: Exception) -> Response:
    return await _fault(http, _WRONG_METHOD)
