"""Which sites may call this route from their pages? Only those that the workspace's policy lists.

Source: Fetch standard (CORS)
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from troth.base.errors import Fault
from troth.policy.model import Policy
from troth.workspace import House, Workspace

Handler = Callable[[Request], Awaitable[Response]]


class Origins:
    """Opens routes with a workspace `w` in their path to that workspace's sites."""

    def __init__(self, house: House) -> None:
        self._house = house

    def open_to_sites(self, handler: Handler) -> Handler:
        """A handler that sites of the policy may call; any other origin is refused."""

        async def answer(http: Request) -> Response:
            headers = await run_in_threadpool(self.headers, http) if http.headers.get("origin") else {}
            if http.headers.get("origin") and not headers:
                raise Fault("origin-not-allowed", "the policy does not list the site this comes from", status=403)
            try:
                response = await handler(http)
            except Fault as fault:
                response = JSONResponse(fault.as_json(), fault.status, {"retry-after": "1"} if fault.status in (429, 503) else {})
            response.headers.update(headers)
            return response

        return answer

    def headers(self, http: Request) -> dict[str, str]:
        """What tells the browser that this origin may read the answer; empty when it may not."""
        origin = http.headers.get("origin", "")
        own = str(http.base_url).rstrip("/")
        if origin and (origin == own or origin in self._house.workspace(http.path_params["w"]).policy.site.origins):
            return {"access-control-allow-origin": origin, "vary": "origin"}
        return {}


def of_a_site(policy: Policy, page: str) -> bool:
    """Whether an address, as a browser says it of the page it is on, is of a site that the policy lists."""
    return any(page == origin or page.startswith(origin + "/") for origin in policy.site.origins)


async def in_force(workspace: Workspace) -> Policy:
    """The policy in force, read aside: whoever waits for the database keeps nobody else waiting."""
    return await run_in_threadpool(lambda: workspace.policy)
