"""What is held about me, and how do I put it right or take it along? The readable page, the files, corrections, joins.

Seeing one's data is a subject request like any other: opened and answered on the spot, once a visit, free.
Source: GDPR Art. 15, 16, 20
"""

from __future__ import annotations

import json
from typing import Any

from starlette.responses import Response
from starlette.routing import Route

from troth.base.clock import now
from troth.base.errors import Fault
from troth.base.ids import number_in
from troth.centre.desk import Ask, Desk, Needs, as_file
from troth.centre.front import send_confirmation
from troth.centre.words import flash_of
from troth.policy.demands import FileFormat
from troth.rights import portability, rectify, requests, verify, verify_call
from troth.rights.access import Package
from troth.rights.rectify import correctable
from troth.rights.requests import Right
from troth.subjects.links import How, Link, standing_links

_SHOWN = 300  # events on the page; the file has all
_GROUNDS = {
    How.VERIFIED_IDENTIFIER: "you said that this browser is yours", How.SIGNED_IN: "you signed in on it",
    How.NUMBER_AND_TIME: "a call came to the number you were shown, while you were shown it",
    How.CALLER_NUMBER: "the same telephone number called", How.OPERATOR: "somebody here put it together",
}


def data(desk: Desk) -> list[Route]:
    """The routes of one's data."""
    return [
        desk.get("/data", _page, Needs.DATA),
        desk.get("/data.json", _json, Needs.DATA),
        desk.get("/portable.json", _portable_json, Needs.DATA),
        desk.get("/portable.csv", _portable_csv, Needs.DATA),
        desk.post("/correct", _correct, Needs.DATA),
        desk.post("/separate", _separate),
        desk.post("/phone", _phone, Needs.MAILBOX),
        desk.post("/phone/check", _check_phone, Needs.MAILBOX),
    ]


def _page(ask: Ask) -> Response:
    package = _answered(ask)
    with ask.workspace.state.read() as conn:
        call_us = verify_call.waiting_call(conn, ask.person)
        joined = [_join(ask, one) for ref in sorted(ask.person.refs) for one in standing_links(conn, ref)]
    unique = {one["id"]: one for one in joined}
    return ask.page(
        "data.html", tab="data", package=package, groups=_grouped(package), details=_details(ask, package), joined=list(unique.values()),
        flash=flash_of(ask), today=now().date(), more=max(len(package["events"]) - _SHOWN, 0), browser=ask.web_only, call_us=call_us,
    )


def _json(ask: Ask) -> Response:
    return as_file(json.dumps(_answered(ask), ensure_ascii=False, indent=2).encode(), "application/json", "my-data.json")


def _portable_json(ask: Ask) -> Response:
    _must_be_offered(ask, FileFormat.JSON)
    return as_file(portability.as_json(_ported(ask)), "application/json", "my-data-portable.json")


def _portable_csv(ask: Ask) -> Response:
    _must_be_offered(ask, FileFormat.CSV)
    return as_file(portability.as_csv(_ported(ask)), "text/csv", "my-data-portable.csv")


def _answered(ask: Ask) -> Package:
    """The package, with the subject request it answers on record once a visit."""
    _once_a_visit(ask, Right.ACCESS)
    return ask.package()


def _ported(ask: Ask) -> Package:
    _once_a_visit(ask, Right.PORTABILITY)
    return ask.portable()


def _must_be_offered(ask: Ask, format: FileFormat) -> None:
    if format not in ask.policy.rights.portability.formats:
        raise Fault("format-not-offered", "the file is not offered in this format", status=404)


def _once_a_visit(ask: Ask, right: Right) -> None:
    person = ask.person
    with ask.workspace.state.write() as conn:
        before = requests.of_person(conn, person.refs)
        if not any(one.kind is right and one.received_at >= person.opened_at for one in before):
            made = requests.open_request(ask.workspace, conn, right, person.ref, person.regime)
            requests.fulfil(ask.workspace, conn, made.id, "delivered")


def _grouped(package: Package) -> list[dict[str, Any]]:
    """The newest events by what they are, for reading."""
    found: dict[str, dict[str, Any]] = {}
    for event in reversed(package["events"][-_SHOWN:]):
        group = found.setdefault(event["type"], {"what": event["what"], "source": event["source"], "for": event["collected_for"], "events": []})
        group["events"].append(event)
    return list(found.values())


def _details(ask: Ask, package: Package) -> list[dict[str, Any]]:
    """What the person can put right, with the value that stands now. Not from a browser's identifier alone."""
    if ask.web_only:
        return []
    found: dict[str, list[str]] = {}
    for event in package["events"]:
        for item in event["items"]:
            values = found.setdefault(item["id"], [])
            if str(item["value"]) not in values:
                values.append(str(item["value"]))
    return [{"id": item.id, "label": item.label, "values": found[item.id]} for item in correctable(ask.policy) if item.id in found]


def _correct(ask: Ask) -> Response:
    if ask.web_only:
        raise Fault("mailbox-needed", "this needs the link that we send to your e-mail address", status=403)
    workspace, person = ask.workspace, ask.person
    item = ask.form.get("item", "")
    if not ask.may_try("correct", str(person.ref), verify.PER_CLIENT):
        raise Fault("too-many-tries", "too many changes in a short time; try again in a quarter of an hour", status=429)
    value = rectify.check(ask.policy, item, ask.form.get("value", ""))
    with workspace.state.write() as conn:
        made = rectify.ask(workspace, conn, person, item, value)
    if made.closed:
        return ask.back("/data", "corrected")
    send_confirmation(workspace, person.ref, value, made.id)
    return ask.back("/data", "confirm")


def _join(ask: Ask, one: Link) -> dict[str, Any]:
    purpose = ask.policy.purposes.get(one.purpose)
    return {"id": one.id, "how": _GROUNDS[one.how], "since": one.since, "purpose": purpose.label if purpose else "", "browser": one.purpose == ""}


def _separate(ask: Ask) -> Response:
    with ask.workspace.state.write() as conn:
        verify.undo_join(ask.workspace, conn, ask.person, number_in(ask.form.get("link", "")))
    return ask.back("/data", "separated")


def _phone(ask: Ask) -> Response:
    """Calls are held under the number that called. Whoever calls us from it has shown that it is theirs."""
    if not ask.may_try("phone", str(ask.person.ref), verify.PER_SESSION):
        raise Fault("too-many-tries", "too many numbers were tried; try again in an hour", status=429)
    with ask.workspace.state.write() as conn:
        verify_call.ask_to_call(ask.workspace, conn, ask.person, ask.form.get("number", "")[:32])
    return ask.back("/data", "call")


def _check_phone(ask: Ask) -> Response:
    with ask.workspace.state.write() as conn:
        came = verify_call.take_call(ask.workspace, conn, ask.person)
    return ask.back("/data", "called" if came else "no-call")
