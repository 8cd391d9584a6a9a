"""What may a program read? The console's reports as JSON, by session or API key, and aggregates made to leave the house.

`/api/<w>/overview`, `/calls` and `/refused` are for the business's own programs and exact; they act for the same
purposes as a page does. `/api/<w>/export` is for the world: cells that could point at somebody are held back.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from troth.base.clock import day_on, instant, now
from troth.base.errors import Fault
from troth.console.pages import days_asked
from troth.console.seat import Doorkeeper
from troth.gate.reasons import Refused
from troth.ledger.entry import EntryKind
from troth.reports.asking import Asker, Period, Withheld
from troth.reports.calls import CallReport, call_report
from troth.reports.overview import Overview, overview
from troth.reports.publishing import Published, publish
from troth.reports.refusals import RefusalReport, refusal_report
from troth.reports.visits import Share, Use, VisitReport, visit_report

Json = dict[str, Any]
Answer = Callable[[Request, Asker], Response]


def answering(door: Doorkeeper, answer: Answer) -> Callable[[Request], Awaitable[Response]]:
    """A handler for programs: coded errors are JSON, always."""

    def guarded(http: Request) -> Response:
        try:
            return answer(http, door.asker(http))
        except Refused as refused:
            return JSONResponse(refused.as_json(), refused.status)
        except Fault as fault:
            return JSONResponse(fault.as_json(), fault.status)

    async def respond(http: Request) -> Response:
        return await run_in_threadpool(guarded, http)

    return respond


def overview_json(http: Request, asker: Asker) -> Response:
    """The first page, for programs."""
    return _json(as_json(overview(asker, Period.latest(days_asked(http)))))


def calls_json(http: Request, asker: Asker) -> Response:
    """Every call of a period, for programs."""
    found = call_report(asker, Period.latest(days_asked(http)))
    if isinstance(found, Withheld):
        raise Fault(str(found.reason), found.sentence[:1].lower() + found.sentence[1:].removesuffix("."), status=403)
    return _json(_period(found.period) | _calls(found) | {"calls": [_call(call) for call in found.calls]})


def refused_json(http: Request, asker: Asker) -> Response:
    """What was refused, for programs."""
    return _json(_refused(refusal_report(asker.workspace, Period.latest(days_asked(http)))))


def export(http: Request, asker: Asker) -> Response:
    """One breakdown to be shared with anyone: small cells are held back, and the ledger has it."""
    report = http.query_params.get("report", "sources")
    days = days_asked(http)
    found = visit_report(asker, Period.latest(days))
    if isinstance(found, Withheld):
        raise Fault(str(found.reason), found.sentence[:1].lower() + found.sentence[1:].removesuffix("."), status=403)
    rows = export_rows(found, report)
    published = publish(rows, "people", asker.policy.aggregates.threshold)
    with asker.workspace.state.write() as conn:
        body = {"report": report, "days": days, "rows": len(rows), "operator": asker.operator, "policy": asker.policy.version}
        asker.workspace.log.append(conn, EntryKind.PUBLISHED, body, now())
    return _as_file(http, asker, report, published)


def export_rows(found: VisitReport, report: str) -> list[Json]:
    """The rows of one breakdown; raises `unknown-report`."""
    shares = {"sources": found.sources, "mediums": found.mediums, "campaigns": found.campaigns, "landings": found.landings}
    shares |= {"browsers": found.browsers, "systems": found.systems, "devices": found.devices}
    uses = {"pages": found.pages, "exits": found.exits, "features": found.features}
    if report == "days":
        return [{"name": day_on(day.day).isoformat(), "people": day.people, "visits": day.visits, "views": day.views} for day in found.by_day]
    if report in shares:
        return [{"name": one.name, "people": one.people, "visits": one.visits} for one in shares[report]]
    if report in uses:
        return [{"name": one.name, "people": one.people, "times": one.times} for one in uses[report]]
    raise Fault("unknown-report", "there is no such report", help="one of days, " + ", ".join([*shares, *uses]), status=404)


def _as_file(http: Request, asker: Asker, report: str, published: Published) -> Response:
    if http.query_params.get("format", "json") != "csv":
        return _json({"report": report} | published.as_json())
    headers = {"content-disposition": f'attachment; filename="{asker.workspace.id}-{report}.csv"', "cache-control": "no-store"}
    return Response(published.as_csv(), media_type="text/csv; charset=utf-8", headers=headers)


# the shapes


def as_json(found: Overview) -> Json:
    """An overview for a program. What is withheld says why."""
    return {
        **_period(found.period),
        "policy": found.policy_version,
        "purposes": [{"id": one.purpose, "left_out": one.left_out} for one in found.obeys],
        "visits": _withheld(found.visits) if isinstance(found.visits, Withheld) else _visits(found.visits),
        "calls": _withheld(found.calls) if isinstance(found.calls, Withheld) else _calls(found.calls),
        "sources": [
            {"name": row.source, "visits": row.visits, "people": row.people, "calls": row.calls, "conversion": _rounded(row.conversion)}
            for row in found.sources
        ],
        "refused": _refused(found.refusals)["reasons"],
    }


def _visits(found: VisitReport) -> Json:
    totals = {"visits": found.totals.visits, "people": found.totals.people, "page_views": found.totals.views}
    totals |= {"anonymous_page_views": found.totals.anonymous, "clicks": found.clicks}
    by_day = [
        {"on": day_on(d.day).isoformat(), "visits": d.visits, "people": d.people, "page_views": d.views, "anonymous_page_views": d.anonymous}
        for d in found.by_day
    ]
    shares = {"landings": found.landings, "sources": found.sources, "mediums": found.mediums, "campaigns": found.campaigns}
    shares |= {"browsers": found.browsers, "systems": found.systems, "devices": found.devices}
    uses = {"pages": found.pages, "exits": found.exits, "features": found.features}
    return (
        {"purpose": found.purpose, **totals, "by_day": by_day, "by_hour": list(found.by_hour)}
        | {name: [_share(one) for one in some] for name, some in shares.items()}
        | {name: [_use(one) for one in some] for name, some in uses.items()}
    )


def _share(one: Share) -> Json:
    return {"name": one.name, "visits": one.visits, "people": one.people}


def _use(one: Use) -> Json:
    return {"name": one.name, "times": one.times, "people": one.people, "anonymous": one.anonymous}


def _calls(found: CallReport) -> Json:
    joined = {"purpose": found.joining_purpose, "withheld": _withheld(found.joining) if found.joining else None}
    return {
        "purpose": found.purpose,
        "total": found.total,
        "joining": joined,
        "by_day": list(found.by_day),
        "by_number": dict(found.by_number),
        "by_state": {str(state): count for state, count in found.by_state},
        "not_joined_because": dict(found.reasons),
        "by_source": [
            {"name": one.source, "calls": one.calls, "visits": one.visits, "conversion": _rounded(one.conversion)} for one in found.by_source
        ],
    }


def _call(call: Any) -> Json:
    told = {"at": instant(call.at).isoformat(), "number": call.number, "status": call.status, "seconds": call.seconds, "joined": str(call.joined)}
    if call.ref is None:
        return told | {"why": call.why}
    return told | {"source": call.source, "medium": call.medium, "campaign": call.campaign, "ref": str(call.ref)}


def _refused(found: RefusalReport) -> Json:
    reasons = [
        {"reason": one.reason, "sentence": one.sentence, "count": one.count,
         "events": [{"event": each.event, "count": each.count, "kept": each.kept} for each in one.refusals]}
        for one in found.reasons
    ]  # fmt: skip
    return _period(found.period) | {
        "total": found.total,
        "reasons": reasons,
        "choices": [{"purpose": one.purpose, "count": one.count} for one in found.choices],
    }


def _period(period: Period) -> Json:
    first, last = period.dates
    return {"from": first.isoformat(), "to": last.isoformat()}


def _withheld(found: Withheld) -> Json:
    return {"withheld": str(found.reason), "because": found.sentence}


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, 4)


def _json(body: Json) -> Response:
    return JSONResponse(body, headers={"cache-control": "no-store"})
