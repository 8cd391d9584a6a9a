"""What does a browser get for the id of its receipt? The signed record of a choice that names nobody, as a file.

The id is the authority: it is random, and nobody but the browser that chose was told it. `troth consent check` and
`verifier.py --receipt` check the file offline.
Source: ISO/IEC TS 27560:2023 (consent receipt)
"""

from __future__ import annotations

import json

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from troth.centre.desk import as_file
from troth.collect.origins import Origins
from troth.rights.consent_receipt import receipt_of_nobody
from troth.workspace import House


def routes(house: House) -> list[Route]:
    """The routes of receipts."""

    async def answer(http: Request) -> Response:
        workspace = house.workspace(http.path_params["w"])
        found = await run_in_threadpool(receipt_of_nobody, workspace, http.path_params["id"])
        body = json.dumps(found, ensure_ascii=False, indent=2).encode()
        return as_file(body, "application/json", f"{workspace.id}-receipt.json")

    return [Route("/{w}/receipts/{id}.json", Origins(house).open_to_sites(answer), methods=["GET"])]
