"""What may a program read? Events for a purpose, and refusals by reason, with the workspace's own key."""

from __future__ import annotations

import hmac
from dataclasses import asdict
from datetime import datetime

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from troth.base.clock import micros
from troth.base.errors import Fault
from troth.gate.reasons import SENTENCES, Reason
from troth.reports.events import events_for
from troth.reports.figures import figures
from troth.store.journal import refusals_since
from troth.workspace import House, Workspace


def routes(house: House) -> list[Route]:
    """The routes of this room."""

    async def events(http: Request) -> Response:
        workspace = house.for_program(http.path_params["w"], http.headers.get("authorization", ""))
        canary = http.headers.get("troth-canary", "")
        canaries = bool(canary) and hmac.compare_digest(canary.encode(), workspace.access["canary_key"].encode())
        since = read_since(http.query_params.get("since"))
        purpose = http.query_params.get("purpose", "")
        found = await run_in_threadpool(events_for, workspace, purpose, http.query_params.get("role", "owner"), "program", since, canaries)
        return JSONResponse([asdict(one) for one in found])

    async def refused(http: Request) -> Response:
        workspace = house.for_program(http.path_params["w"], http.headers.get("authorization", ""))
        return JSONResponse(await run_in_threadpool(refusals_told, workspace, read_since(http.query_params.get("since"))))

    async def summed(http: Request) -> Response:
        workspace = house.for_program(http.path_params["w"], http.headers.get("authorization", ""))
        canary = http.headers.get("troth-canary", "")
        canaries = bool(canary) and hmac.compare_digest(canary.encode(), workspace.access["canary_key"].encode())
        purpose, role = http.query_params.get("purpose", ""), http.query_params.get("role", "owner")
        found = await run_in_threadpool(figures, workspace, purpose, role, "program", canaries)
        return JSONResponse(found.as_json(), headers={"cache-control": "no-store"})

    return [Route("/api/{w}/events", events), Route("/api/{w}/refusals", refused), Route("/api/{w}/figures", summed)]


def read_since(text: str | None) -> datetime | None:
    """An instant with its offset, as asked for; raises `bad-time`."""
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError:
        raise Fault("bad-time", "`since` is an instant such as 2026-11-22T09:00:00Z") from None
    if found.tzinfo is None:
        raise Fault("bad-time", "`since` needs its offset, such as the Z of 2026-11-22T09:00:00Z")
    return found


def refusals_told(workspace: Workspace, since: datetime | None) -> list[dict[str, object]]:
    """Refusals by event and reason, with the reason in words."""
    with workspace.state.read() as conn:
        counted = refusals_since(conn, micros(since) if since else 0)
    return [
        {"event": event, "reason": reason, "count": count, "meaning": SENTENCES[Reason(reason)] if reason in set(Reason) else reason}
        for (event, reason), count in sorted(counted.items())
    ]
