"""What does a site's page talk to? The script, the choices, the forms and the comments, per workspace.

Cross-origin answers go only to origins that the policy lists.
Source: Fetch standard (CORS); STANDARDS "Signals and banners"
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Match, Route
from starlette.types import Scope

from troth.base.clock import now_micros
from troth.base.errors import Fault
from troth.browser import rule_list, script
from troth.collect import choices, embedded, twice
from troth.collect.asked import note_asked
from troth.collect.banner_words import banner_text
from troth.collect.calls_web import read_body
from troth.collect.comments import comments_under, warning_of
from troth.collect.door import Door
from troth.collect.hand_over import hand_over
from troth.collect.messages import EVENT_LIMIT, Message, read_object
from troth.collect.origins import Origins, in_force
from troth.collect.pipeline import Draft, Dropped, Origin, Reader
from troth.collect.privacy_signal import sent_in
from troth.collect.regime import regime_for
from troth.gate.plan import Plan
from troth.gate.reasons import SENTENCES, Reason
from troth.policy.conduct import DoNotTrack, Until
from troth.policy.model import EventType, Permission, Policy, permission_under
from troth.policy.shapes import LONGEST
from troth.versions import Coming
from troth.workspace import House, Workspace

_PREFLIGHT = {"access-control-allow-methods": "GET, POST", "access-control-allow-headers": "content-type", "access-control-max-age": "600"}
FORMS = {"contact": "Contact Requested", "newsletter": "Newsletter Requested"}  # usual names; any form may go by its event's own id
_BY_HAND = frozenset({"form", "chat"})  # channels on which a person sends what was typed into a page


NOTHING: Mapping[str, Any] = MappingProxyType({})


def routes(house: House, door: Door) -> list[Route]:
    """The routes of this room."""
    web, sites = _Web(house, door), Origins(house)
    return [
        Route("/{w}/troth.js", web.script),
        Route("/{w}/consent", sites.open_to_sites(web.asked), methods=["GET"]),
        Route("/{w}/consent/terms", sites.open_to_sites(web.asked), methods=["POST"]),
        Route("/{w}/consent", sites.open_to_sites(web.chosen), methods=["POST"]),
        Route("/{w}/forms/{form}", sites.open_to_sites(web.form_told), methods=["GET"]),
        Route("/{w}/forms/{form}", sites.open_to_sites(web.form), methods=["POST"]),
        Route("/{w}/comments", sites.open_to_sites(web.comments), methods=["GET"]),
        Route("/{w}/comments", sites.open_to_sites(web.comment), methods=["POST"]),
        _Preflight("/{w}/{rest:path}", web.preflight, methods=["OPTIONS"]),
        Route("/.well-known/gpc.json", web.gpc),
        Route("/.well-known/consent-o-matic.json", web.rules),
    ]


class _Preflight(Route):
    """A route for one method which, unlike Starlette's, does not turn every unknown address into a wrong method."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        return super().matches(scope) if scope.get("method") == "OPTIONS" else (Match.NONE, {})


class _Web:
    def __init__(self, house: House, door: Door) -> None:
        self._house, self._door, self._origins = house, door, Origins(house)

    def _workspace(self, http: Request) -> Workspace:
        return self._house.workspace(http.path_params["w"])

    async def script(self, http: Request) -> Response:
        """The one script a site includes."""
        workspace = self._workspace(http)
        config: dict[str, Any] = {"w": workspace.id, "base": str(http.base_url).rstrip("/"), "key": workspace.access["publishable_key"]}
        if (await in_force(workspace)).asking.google_consent_mode:
            config["signals"] = list(embedded.SIGNALS)  # denied before any tag runs
        headers = {"cache-control": "public, max-age=300", "cross-origin-resource-policy": "cross-origin"}
        return Response(script(config), media_type="text/javascript", headers=headers)

    async def asked(self, http: Request) -> Response:
        """What this browser is to be asked, under the law that covers it, and what was said of it already.

        Whoever is known says so in the body of a POST: an address is read and kept by proxies on the way.
        """
        workspace = self._workspace(http)
        said = await json_of(http) if http.method == "POST" else {"tz": http.query_params.get("tz")}
        tz, visitor = (given if isinstance(given := said.get(one), str) else None for one in ("tz", "visitor"))
        plan, coming = await run_in_threadpool(lambda: (workspace.plan, workspace.coming()))
        untracked = http.headers.get("dnt") == "1"
        asked = asking(plan.policy, tz, untracked) | {"signal": sent_in(http.headers.raw)}
        asked |= {"anew": asked_anew(plan, asked["regime"]), "coming": [_announced(workspace, one) for one in coming]}
        before = await run_in_threadpool(embedded.said_already, workspace, visitor)
        asked |= before | {"free": [id for id in asked["free"] if id not in before["elsewhere"] and id not in before["refused"]]}
        return JSONResponse(asked, headers={"cache-control": "no-store"})

    async def chosen(self, http: Request) -> Response:
        """Take a browser's choices."""
        workspace = self._workspace(http)
        body = await json_of(http)
        check_key(workspace, body)
        take = hand_over if "imported" in body else note_asked if "asked" in body else choices.choose
        return JSONResponse(await run_in_threadpool(take, workspace, body, sent_in(http.headers.raw)))

    async def form_told(self, http: Request) -> Response:
        """What must stand at a form: its words with the hash each yes carries, and who else receives what is written into it."""
        policy = await in_force(self._workspace(http))
        event = form_event(policy, http.path_params["form"])
        if event is None:
            raise Fault("unknown-form", "the policy declares no such form", status=404)
        others = [{"label": one.label, "country": one.country} for one in policy.recipients.values() if event.id in one.announced_by]
        words = "".join(f"What you give here also goes to {one['label']}. " for one in others).strip()
        told = choices.form_words(policy, event) | {"screen": choices.form_screen(policy, event), "goes_to": others, "text": words}
        return JSONResponse(told, headers={"cache-control": "no-store"})

    async def form(self, http: Request) -> Response:
        """Take a form of the site as an event of its name."""
        workspace = self._workspace(http)
        policy = await in_force(workspace)
        event = form_event(policy, http.path_params["form"])
        if event is None:
            raise Fault("unknown-form", "the policy declares no such form", status=404)
        body = await json_of(http)
        check_key(workspace, body)
        fields = body.get("fields")
        if not isinstance(fields, dict):
            raise Fault("bad-form", "a form needs its `fields`")
        draft = await run_in_threadpool(_read, workspace, *_sent(workspace, http, event.name or event.id, fields, body))
        if draft is None:  # refused there, for what it is: nobody agrees to anything by it
            return await self._keep(workspace, http, event.name or event.id, fields, body)
        fields.pop("age", None)  # it has said what it was asked for
        if lacks(policy, event, fields):
            raise Fault(str(Reason.MISSING_ITEM), SENTENCES[Reason.MISSING_ITEM], status=400)  # nobody agrees by half a form
        if await run_in_threadpool(twice.hold, workspace, event, declared_in(draft), body, http.client.host if http.client else ""):
            return JSONResponse({"ok": True, "confirm": "sent"})
        receipt = await run_in_threadpool(choices.ask_by_form, workspace, event, next(iter(draft.people), None), body)
        return await self._keep(workspace, http, event.name or event.id, fields, body, {"receipt": receipt} if receipt else {})

    async def comments(self, http: Request) -> Response:
        """The public comments under an article, and the warning to show before posting."""
        workspace = self._workspace(http)
        article = http.query_params.get("article", "/")
        version, text = warning_of(await in_force(workspace))
        found = await run_in_threadpool(comments_under, workspace, article)
        return JSONResponse({"warning": {"version": version, "text": text}, "comments": found}, headers={"cache-control": "no-store"})

    async def comment(self, http: Request) -> Response:
        """Post a comment; refused unless the warning in force was shown."""
        workspace = self._workspace(http)
        body = await json_of(http)
        check_key(workspace, body)
        if body.get("warning") != warning_of(await in_force(workspace))[0]:
            raise Fault("warning-not-shown", "the warning that comments are public must be shown first", status=409)
        fields = {name: body[name] for name in ("name", "email", "website", "text", "article", "warning") if body.get(name)}
        return await self._keep(workspace, http, "Comment Posted", fields, body)

    async def _keep(
        self, workspace: Workspace, http: Request, name: str, fields: dict[str, Any], body: dict[str, Any], told: Mapping[str, Any] = NOTHING
    ) -> Response:
        message, origin = _sent(workspace, http, name, fields, body)
        answer = await self._door.ingest(workspace).submit([message], origin)
        if not answer.stored and not answer.duplicates:
            reason = Reason(next(iter(answer.reasons), Reason.NO_PERMISSION))
            raise Fault(str(reason), SENTENCES[reason], status=400 if reason is Reason.MISSING_ITEM else 403)
        dropped = {str(reason): count for reason, count in answer.dropped.items()}
        return JSONResponse({"ok": True} | ({"dropped": dropped} if dropped else {}) | dict(told))

    async def gpc(self, _http: Request) -> Response:
        """Whether this server honours Global Privacy Control. Source: W3C GPC, well-known resource."""
        latest = max((policy.changed_on for policy in self._house.policies()), default=None)
        return JSONResponse({"gpc": True} | ({"lastUpdate": latest.isoformat()} if latest else {}))

    async def rules(self, _http: Request) -> Response:
        """How a program that chooses for people operates the banner, in Consent-O-Matic's language; anybody's to read."""
        return Response(rule_list(), media_type="application/json", headers={"access-control-allow-origin": "*"})

    async def preflight(self, http: Request) -> Response:
        """Say which origins may send."""
        return Response(status_code=204, headers=await run_in_threadpool(self._origins.headers, http) | _PREFLIGHT)


def _sent(workspace: Workspace, http: Request, name: str, fields: dict[str, Any], body: Mapping[str, Any]) -> tuple[Message, Origin]:
    """What a page sent, as the pipeline reads it."""
    visitor, id = (given if isinstance(given := body.get(one), str) else None for one in ("anonymousId", "messageId"))
    message = Message(type="track", event=name, properties=fields, anonymous_id=visitor, message_id=id)
    message.context = {"timezone": body.get("tz"), "canary": body.get("canary")}
    address, agent = http.client.host if http.client else "", http.headers.get("user-agent", "")
    return message, Origin(False, address, agent, now_micros(), workspace.access["canary_key"], sent_in(http.headers.raw))


def _read(workspace: Workspace, message: Message, origin: Origin) -> Draft | None:
    """What would be kept of it, were it permitted; None when it will be refused whoever permits it (a robot's, a child's, half a form)."""
    try:
        return Reader(workspace.plan).read(message, origin)
    except Dropped:
        return None


def declared_in(draft: Draft) -> dict[str, Any]:
    """The fields that the policy declares, as they may be kept: numbers that should not be are blanked."""
    items = draft.plan.policy.items
    sent = ((path, draft.items[id]) for id in draft.event.items if id in draft.items for path in items[id].at)
    return {path.removeprefix("properties."): value for path, value in sent if path.startswith("properties.")}


def form_event(policy: Policy, form: str) -> EventType | None:
    """The event that a form of the site is sent as: by the event's id, or by the usual name of such a form."""
    sent = [event for event in policy.events.values() if event.channel in _BY_HAND and event.call == "track"]
    return next((event for event in sent if event.id == form), None) or next((event for event in sent if event.name == FORMS.get(form, "")), None)


def lacks(policy: Policy, event: EventType, fields: dict[str, Any]) -> bool:
    """Whether a form leaves out what its event must carry, or leaves a box unticked that must be ticked."""
    for item in (policy.items[id] for id in event.required if id in policy.items):
        given = [fields.get(path.removeprefix("properties.")) for path in item.at if path.startswith("properties.")]
        said = next((str(value).strip() for value in given if value is not None), "")
        if given and (not said or (item.values == "flag" and said.lower() not in ("true", "1", "yes"))):
            return True
    return False


def asking(policy: Policy, time_zone: str | None, untracked: bool = False) -> dict[str, Any]:
    """What a browser in this time zone is to be asked: regime, purposes with their mode, and the words.

    `untracked`: it sent Do Not Track. A policy that honours the signal does nothing then without a yes.
    """
    regime = regime_for(policy, time_zone)
    first = untracked and policy.asking.do_not_track is DoNotTrack.HONOUR
    purposes = choices.askable(policy, regime)
    modes = {p.id: Permission.ASK_BEFORE if first else permission_under(policy, p, regime) for p in purposes}
    return {
        "regime": regime,
        "regime_label": policy.regimes[regime].label,
        "version": policy.version,
        "language": policy.language,
        "screen": choices.screen_of(policy, regime),
        "ask_again_after_days": _held_for(policy).days,
        "gpc": [id for id in policy.settings.global_privacy_control if any(p.id == id for p in purposes)],
        "joins": [p.id for p in purposes if p.joins],
        "free": embedded.needless(policy, regime),
        "signals": embedded.signals(policy, regime),
        "read": {} if first else embedded.readable(policy, regime),
        "policy_url": f"/{policy.workspace}/policy",
        "cookies_url": f"/{policy.workspace}/cookies",
        "privacy_url": f"/{policy.workspace}/privacy",
        "external_note": policy.site.external_note,
        "purposes": [
            {"id": p.id, "label": p.label, "wording": p.wording or p.notice, "loses": p.loses,
             "mode": str(modes[p.id]), "kind": str(p.kind)}
            for p in purposes
        ],
        "cookies": [
            {"name": c.name, "purposes": list(c.purposes), "storage": c.storage, "keep_for_days": c.keep_for.days if c.keep_for else None}
            for c in policy.cookies.values()
        ],
        "asking": {"mode": policy.asking.mode, "without_cookies": policy.asking.without_cookies, "do_not_track": policy.asking.do_not_track,
                   "manage_url": policy.asking.manage_url, "analytics_opt_out": policy.asking.analytics_opt_out},
        "text": banner_text(policy, set(modes.values())),
    }


def asked_anew(plan: Plan, regime: str) -> dict[str, str]:
    """The purposes that ask first here and changed so much that a yes from before counts no more, with the version that did it."""
    declared = ((id, plan.policy.purposes.get(id), asked.version) for id, asked in plan.anew.items())
    return {id: version for id, purpose, version in declared if purpose is not None and plan.mode(purpose, regime) is Permission.ASK_BEFORE}


def _announced(workspace: Workspace, one: Coming) -> dict[str, Any]:
    url = f"/{workspace.id}/policy/versions/{one.version}"
    return {"version": one.version, "effective_at": one.effective_at.isoformat(), "url": url, "changes": list(one.changes)}


def _held_for(policy: Policy) -> timedelta:
    """How long a choice holds before it is asked again."""
    match policy.asking.until:
        case None:
            return policy.settings.ask_again_after
        case Until():
            return LONGEST
        case held:
            return held


async def json_of(http: Request, limit: int = EVENT_LIMIT) -> dict[str, Any]:
    """The JSON object that a page sent, within a limit; raises `too-large`, `bad-json` or `too-deep`."""
    return read_object(await read_body(http, limit))


def check_key(workspace: Workspace, body: Mapping[str, Any]) -> None:
    """Raises `bad-key` unless one of the workspace's keys came along."""
    if body.get("key") not in (workspace.access["publishable_key"], workspace.access["write_key"]):
        raise Fault("bad-key", "the key is missing or belongs to another workspace", status=403)
