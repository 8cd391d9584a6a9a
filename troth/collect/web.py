"""What does a site's page talk to? The script, the choices, the forms and the comments, per workspace.

Cross-origin answers go only to origins that the policy lists.
Source: Fetch standard (CORS); STANDARDS "Signals and banners"
"""

from __future__ import annotations

import json
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from troth.base.clock import now_micros
from troth.base.errors import Fault
from troth.browser import script
from troth.collect import choices
from troth.collect.comments import comments_under, warning_of
from troth.collect.door import Door
from troth.collect.messages import EVENT_LIMIT, Message
from troth.collect.origins import Origins
from troth.collect.pipeline import Origin
from troth.collect.regime import regime_for
from troth.gate.reasons import SENTENCES, Reason
from troth.policy.model import Policy, permission_under
from troth.workspace import House, Workspace

_PREFLIGHT = {"access-control-allow-methods": "GET, POST", "access-control-allow-headers": "content-type", "access-control-max-age": "600"}
FORMS = {"contact": "Contact Requested", "newsletter": "Newsletter Requested"}


def routes(house: House, door: Door) -> list[Route]:
    """The routes of this room."""
    web, sites = _Web(house, door), Origins(house)
    return [
        Route("/{w}/troth.js", web.script),
        Route("/{w}/consent", sites.open_to_sites(web.asked), methods=["GET"]),
        Route("/{w}/consent", sites.open_to_sites(web.chosen), methods=["POST"]),
        Route("/{w}/forms/{form}", sites.open_to_sites(web.form), methods=["POST"]),
        Route("/{w}/comments", sites.open_to_sites(web.comments), methods=["GET"]),
        Route("/{w}/comments", sites.open_to_sites(web.comment), methods=["POST"]),
        Route("/{w}/{rest:path}", web.preflight, methods=["OPTIONS"]),
        Route("/.well-known/gpc.json", web.gpc),
    ]


class _Web:
    def __init__(self, house: House, door: Door) -> None:
        self._house, self._door, self._origins = house, door, Origins(house)

    def _workspace(self, http: Request) -> Workspace:
        return self._house.workspace(http.path_params["w"])

    async def script(self, http: Request) -> Response:
        """The one script a site includes."""
        workspace = self._workspace(http)
        config = {"w": workspace.id, "base": str(http.base_url).rstrip("/"), "key": workspace.access["publishable_key"]}
        headers = {"cache-control": "public, max-age=300", "cross-origin-resource-policy": "cross-origin"}
        return Response(script(config), media_type="text/javascript", headers=headers)

    async def asked(self, http: Request) -> Response:
        """What this browser is to be asked, under the law that covers it."""
        workspace = self._workspace(http)
        policy = await run_in_threadpool(lambda: workspace.policy)
        return JSONResponse(asking(policy, http.query_params.get("tz")), headers={"cache-control": "no-store"})

    async def chosen(self, http: Request) -> Response:
        """Take a browser's choices."""
        workspace = self._workspace(http)
        body = await _json(http)
        _check_key(workspace, body)
        return JSONResponse(await run_in_threadpool(choices.choose, workspace, body))

    async def form(self, http: Request) -> Response:
        """Take a form of the site as an event of its name."""
        workspace = self._workspace(http)
        name = FORMS.get(http.path_params["form"])
        if name is None:
            raise Fault("unknown-form", "the policy declares no such form", status=404)
        body = await _json(http)
        _check_key(workspace, body)
        fields = body.get("fields")
        if not isinstance(fields, dict):
            raise Fault("bad-form", "a form needs its `fields`")
        if is_child(workspace.policy, fields.pop("age", None)):
            raise Fault(str(Reason.CHILD), SENTENCES[Reason.CHILD], status=403)
        return await self._keep(workspace, http, name, fields, body)

    async def comments(self, http: Request) -> Response:
        """The public comments under an article, and the warning to show before posting."""
        workspace = self._workspace(http)
        article = http.query_params.get("article", "/")
        version, text = warning_of(workspace.policy)
        found = await run_in_threadpool(comments_under, workspace, article)
        return JSONResponse({"warning": {"version": version, "text": text}, "comments": found}, headers={"cache-control": "no-store"})

    async def comment(self, http: Request) -> Response:
        """Post a comment; refused unless the warning in force was shown."""
        workspace = self._workspace(http)
        body = await _json(http)
        _check_key(workspace, body)
        if body.get("warning") != warning_of(workspace.policy)[0]:
            raise Fault("warning-not-shown", "the warning that comments are public must be shown first", status=409)
        fields = {name: body[name] for name in ("name", "email", "text", "article", "warning") if body.get(name)}
        return await self._keep(workspace, http, "Comment Posted", fields, body)

    async def _keep(self, workspace: Workspace, http: Request, name: str, fields: dict[str, Any], body: dict[str, Any]) -> Response:
        message = Message(type="track", event=name, properties=fields, anonymous_id=body.get("anonymousId"), message_id=body.get("messageId"))
        message.context = {"timezone": body.get("tz"), "canary": body.get("canary")}
        address, agent = http.client.host if http.client else "", http.headers.get("user-agent", "")
        origin = Origin(False, address, agent, now_micros(), workspace.access["canary_key"])
        if name == "Newsletter Requested" and fields.get("email"):
            await run_in_threadpool(choices.subscribe, workspace, fields, body)
        answer = await self._door.ingest(workspace).submit([message], origin)
        if not answer.stored and not answer.duplicates:
            reason = Reason(next(iter(answer.reasons), Reason.NO_PERMISSION))
            raise Fault(str(reason), SENTENCES[reason], status=400 if reason is Reason.MISSING_ITEM else 403)
        dropped = {str(reason): count for reason, count in answer.dropped.items()}
        return JSONResponse({"ok": True} | ({"dropped": dropped} if dropped else {}))

    async def gpc(self, _http: Request) -> Response:
        """Whether this server honours Global Privacy Control. Source: W3C GPC, well-known resource."""
        latest = max((workspace.policy.changed_on for workspace in self._house.all()), default=None)
        return JSONResponse({"gpc": True} | ({"lastUpdate": latest.isoformat()} if latest else {}))

    async def preflight(self, http: Request) -> Response:
        """Say which origins may send."""
        return Response(status_code=204, headers=self._origins.headers(http) | _PREFLIGHT)


def is_child(policy: Policy, declared: object) -> bool:
    """Whether a declared age is a child's, where the policy promises not to take children's data."""
    age = str(declared or "").strip()
    return bool(policy.notice.children) and age.isdigit() and int(age[:4]) < policy.settings.child_age


def asking(policy: Policy, time_zone: str | None) -> dict[str, Any]:
    """What a browser in this time zone is to be asked: regime, purposes with their mode, and the words."""
    regime = regime_for(policy, time_zone)
    purposes = choices.askable(policy, regime)
    return {
        "regime": regime,
        "regime_label": policy.regimes[regime].label,
        "version": policy.version,
        "screen": choices.screen_of(policy, regime),
        "ask_again_after_days": policy.settings.ask_again_after.days,
        "gpc": [id for id in policy.settings.global_privacy_control if any(p.id == id for p in purposes)],
        "joins": [p.id for p in purposes if p.joins],
        "policy_url": f"/{policy.workspace}/policy",
        "cookies_url": f"/{policy.workspace}/cookies",
        "privacy_url": f"/{policy.workspace}/privacy",
        "external_note": policy.site.external_note,
        "purposes": [
            {"id": p.id, "label": p.label, "wording": p.wording or p.notice, "mode": str(permission_under(policy, p, regime)), "loses": p.loses}
            for p in purposes
        ],
        "cookies": [
            {"name": c.name, "purposes": list(c.purposes), "storage": c.storage, "keep_for_days": c.keep_for.days if c.keep_for else None}
            for c in policy.cookies.values()
        ],
        "text": _TEXT,
    }


_TEXT = {
    "title": "Your choice",
    "intro": "Some things we only do if you agree, others until you say no. Nothing on this site depends on it.",
    "accept": "Accept all",
    "reject": "Reject all",
    "choose": "Choose",
    "save": "Save my choice",
    "back": "Privacy choices",
    "policy": "Privacy policy",
    "cookies": "Cookies",
    "close": "Close",
}


async def _json(http: Request) -> dict[str, Any]:
    raw = b""
    async for part in http.stream():
        raw += part
        if len(raw) > EVENT_LIMIT:
            raise Fault("too-large", f"the body is larger than {EVENT_LIMIT // 1024} KB", status=413)
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        raise Fault("bad-json", "the body is not valid JSON") from None
    if not isinstance(body, dict):
        raise Fault("bad-json", "the body must be a JSON object")
    return body


def _check_key(workspace: Workspace, body: dict[str, Any]) -> None:
    if body.get("key") not in (workspace.access["publishable_key"], workspace.access["write_key"]):
        raise Fault("bad-key", "the key is missing or belongs to another workspace", status=403)



