"""Where does anyone see whether promises are kept? The promises page: each promise, clause, proof and state."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from troth.base.errors import Fault
from troth.collect.calls_web import read_body
from troth.look import render
from troth.prove.scan import check_recording
from troth.prove.verify import State, as_json, promise_states, run_proofs
from troth.workspace import House

_LARGEST = 16 * 1024 * 1024  # of a recording sent over the wire
LABELS = {
    State.PROVEN: "proven",
    State.ATTESTED: "attested",
    State.BROKEN: "broken",
    State.UNPROVEN: "unproven",
    State.NOT_RUN: "not run yet",
    State.NOT_IN_FORCE: "not in force",
}


def routes(house: House) -> list[Route]:
    """The routes of this room."""

    async def promises(http: Request) -> Response:
        workspace = house.workspace(http.path_params["w"])
        states = await run_in_threadpool(promise_states, workspace)
        if "application/json" in http.headers.get("accept", ""):
            return JSONResponse(as_json(states))
        counts = Counter(one.state for one in states)
        policy = workspace.policy
        return render(
            "prove/promises.html", http, w=workspace.id, owner=policy.organisation.name, here="promises", policy=policy, states=states, counts=counts,
            labels=LABELS, State=State,
        )

    async def verify(http: Request) -> Response:
        workspace = house.for_program(http.path_params["w"], http.headers.get("authorization", ""))
        states = await run_in_threadpool(run_proofs, workspace, f"http://127.0.0.1:{workspace.settings.port}")
        return JSONResponse(as_json(states))

    async def scan(http: Request) -> Response:
        workspace = house.for_program(http.path_params["w"], http.headers.get("authorization", ""))
        body = _recorded(await read_body(http, _LARGEST))
        refused = body.get("refused", [])
        if not isinstance(refused, list) or not all(isinstance(one, str) and one in workspace.policy.purposes for one in refused):
            raise Fault("bad-field", "`refused` is a list of purpose ids")
        flags = await run_in_threadpool(check_recording, workspace.policy, body.get("recording"), refused)
        return JSONResponse([asdict(one) for one in flags])

    return [
        Route("/{w}/promises", promises), Route("/api/{w}/verify", verify, methods=["POST"]),
        Route("/api/{w}/cookies/check", scan, methods=["POST"]),
    ]


def _recorded(raw: bytes) -> dict[str, Any]:
    """What browsers record is read as they write it: as deep as it is, with halves of characters."""
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        raise Fault("bad-json", "the body is not valid JSON") from None
    if not isinstance(body, dict):
        raise Fault("bad-json", "the body must be a JSON object")
    return body
