"""Which other rights can I use here? Restricting, sending elsewhere, complaining, knowing, erasing; each by one form.

What a right does stands in `troth.rights`; here it is only asked for and shown.
Source: GDPR Art. 12, 17-22; Cal. Civ. Code 1798.105-1798.130
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from starlette.responses import Response
from starlette.routing import Route

from troth.base.clock import instant, now
from troth.base.errors import Fault
from troth.centre.desk import Ask, Desk, Needs, details_missing, take_cookie
from troth.centre.words import BADGES, MEASURES, RIGHTS, STATUSES, STEPS, flash_of
from troth.disclose import letters, outbox, told
from troth.disclose.outbox import Attachment
from troth.policy.demands import FileFormat, PortabilityTo
from troth.policy.words import day, length
from troth.rights import california, complaint, erasure, portability, rectify, requests, restrict, verify
from troth.rights.access import opened
from troth.rights.disclosed import NAMED_BY_PERSON, disclosures_of, note_disclosure
from troth.rights.points import held_details, matching
from troth.rights.requests import Right, Status, SubjectRequest
from troth.rights.verify import Shown
from troth.subjects.links import same_person

_LONGEST_TEXT = 8_000


def acts(desk: Desk) -> list[Route]:
    """The routes of the other rights."""
    return [
        desk.get("/rights", _rights, Needs.SESSION),
        desk.post("/restrict", _restrict),
        desk.post("/lift", _lift),
        desk.post("/send", _send_elsewhere, Needs.DATA),
        desk.post("/complaint", _complain),
        desk.post("/measures", _measures, Needs.NOBODY),
        desk.post("/know", _know, Needs.DATA),
        desk.get("/detail", _detail, Needs.SESSION),
        desk.post("/detail", _give_detail),
        desk.get("/requests/{id}", _request, Needs.SESSION),
        desk.post("/requests/{id}", _answer),
        desk.get("/erase", _erase_page, Needs.DATA),
        desk.post("/erase", _erase, Needs.DATA),
        desk.get("/receipt/{id}", _receipt),
    ]


def _rights(ask: Ask) -> Response:
    with ask.workspace.state.read() as conn:
        mine = [_shown(one) for one in requests.of_person(conn, ask.person.refs)]
        left = california.entitlement(ask.policy, conn, ask.person, now())
    law, own = ask.policy.regimes.get(ask.person.regime), ask.policy.rights.answer_within
    within = length(own) if own else law.answer_within if law else ""
    return ask.page(
        "rights.html", tab="rights", mine=mine, flash=flash_of(ask), law=law, left=left, know=law is not None and "know" in law.rights,
        browser=ask.web_only, within=within,
    )


def _shown(one: SubjectRequest) -> dict[str, Any]:
    return {
        "id": one.shown, "right": RIGHTS[one.kind], "status": STATUSES[one.status], "badge": BADGES[one.status], "due_on": one.due_on,
        "received_at": one.received_at, "closed": one.closed, "fee": one.fee, "waiting": one.status is Status.WAITING,
    }


def _restrict(ask: Ask) -> Response:
    with ask.workspace.state.write() as conn:
        restrict.restrict(ask.workspace, conn, ask.person)
    return ask.back("/rights", "restricted")


def _lift(ask: Ask) -> Response:
    with ask.workspace.state.write() as conn:
        restrict.lift(ask.workspace, conn, ask.person)
    return ask.back("/rights", "lifted")


def _send_elsewhere(ask: Ask) -> Response:
    """The portable files to whom the person names; entered as a disclosure."""
    workspace, person = ask.workspace, ask.person
    to = ask.form.get("to", "").strip()
    if person.shown is not Shown.MAILBOX:
        raise Fault("mailbox-needed", "this needs the link that we send to your e-mail address", status=403)
    if not rectify.ADDRESS.fullmatch(to) or len(to) > 254:
        raise Fault("bad-address", "name the e-mail address of whom it goes to")
    if not ask.may_try("send", str(person.ref), verify.PER_SESSION):
        raise Fault("too-many-tries", "this was sent too often; try again in an hour", status=429)
    package, rules = ask.portable(), ask.policy.rights.portability
    if PortabilityTo.THIRD_PARTY not in rules.to:
        raise Fault("not-sent-to-others", "the file is given to you alone; you may pass it on", status=403)
    made_as = {FileFormat.JSON: ("data.json", "application/json", portability.as_json), FileFormat.CSV: ("data.csv", "text/csv", portability.as_csv)}
    files = tuple(Attachment(name, kind, make(package)) for name, kind, make in (made_as[format] for format in rules.formats))
    with workspace.state.write() as conn:
        made = requests.open_request(workspace, conn, Right.PORTABILITY, person.ref, person.regime, text=f"To: {to}")
    letters.send_portable(workspace, person.ref, to, person.address, files)
    with workspace.state.write() as conn:
        items = {item["id"] for event in package["events"] for item in event["items"]}
        note_disclosure(conn, workspace.log, person.ref, NAMED_BY_PERSON, "portability", items)
        requests.fulfil(workspace, conn, made.id, "sent-to-recipient")
    return ask.back("/rights", "ported")


def _complain(ask: Ask) -> Response:
    text = ask.form.get("text", "").strip()[:_LONGEST_TEXT]
    with ask.workspace.state.write() as conn:
        made, _ = complaint.complain(ask.workspace, conn, ask.person.ref, ask.person.regime, text)
    return ask.back(f"/requests/{made.shown}", "" if text else "more")


def _measures(ask: Ask) -> Response:
    """Anybody may ask how data is protected; the asking is on record."""
    person = ask.session
    with ask.workspace.state.write() as conn:
        regime = person.regime if person else ask.policy.settings.default_regime
        made = requests.open_request(ask.workspace, conn, Right.MEASURES, person.ref if person else 0, regime, ask.channel)
        requests.fulfil(ask.workspace, conn, made.id, "delivered")
    said = [MEASURES.get(one, one) for one in ask.policy.settings.measures]
    return ask.page("measures.html", tab="rights", measures=said)


def _know(ask: Ask) -> Response:
    workspace, person = ask.workspace, ask.person
    with workspace.state.write() as conn:
        made = california.ask_to_know(workspace, conn, person, now())
        grant = ask.own_right_in(conn, "know")
    if made.status is Status.REFUSED:
        return ask.back(f"/requests/{made.shown}")
    statement = told.sale_statement(workspace).words
    with workspace.state.read() as conn:
        report = california.know(ask.policy, opened(workspace, conn, grant, person.refs), disclosures_of(conn, person.refs), now(), statement)
        left = california.entitlement(ask.policy, conn, person, now())
    return ask.page("know.html", tab="rights", report=report, left=left)


# one more detail


def _detail(ask: Ask) -> Response:
    missing = [ask.policy.items[id] for id in details_missing(ask)]
    return ask.page("detail.html", tab="data", items=missing, flash=None) if missing else ask.back("/data")


def _give_detail(ask: Ask) -> Response:
    if not ask.may_try("detail", str(ask.person.ref), verify.PER_SESSION):
        raise Fault("too-many-tries", "too many details did not match; try again in an hour", status=429)
    item, value = ask.form.get("item", ""), ask.form.get("value", "")[:256]
    if item not in details_missing(ask):
        return ask.back("/data")
    grant = ask.own_right("verification")
    with ask.workspace.state.read() as conn:
        held = held_details(ask.policy, opened(ask.workspace, conn, grant, ask.person.refs))
    if not matching(ask.policy, held, {item: value}):
        raise Fault("not-verified", "that does not match what we hold", help="nothing was shown and nothing was changed", status=403)
    with ask.workspace.state.write() as conn:
        verify.add_point(conn, ask.token)
    return ask.back("/data", "detail")


# one's requests


def _mine(ask: Ask) -> SubjectRequest:
    id = requests.read_id(ask.http.path_params["id"])
    with ask.workspace.state.read() as conn:
        found = requests.get(conn, id)
    if found.ref not in ask.person.refs:  # another person's is as if it did not exist
        raise Fault("no-such-request", "there is no such request", status=404)
    return found


def _request(ask: Ask) -> Response:
    found = _mine(ask)
    with ask.workspace.state.read() as conn:
        taken = [{"said": STEPS[one.step], "at": one.at, "entry": one.entry} for one in requests.steps(conn, found.id)]
        notes = requests.notes_of(ask.workspace, conn, found.id)
    reply = complaint.reply_to(ask.policy, found) if found.kind is Right.COMPLAINT else None
    return ask.page(
        "request.html", tab="rights", one=_shown(found), steps=taken, notes=notes, reply=reply, reason=_reason(found), flash=flash_of(ask),
        about=ask.policy.purposes.get(found.about),
    )


def _reason(found: SubjectRequest) -> str:
    start = "beyond-entitlement-until-"
    if found.reason.startswith(start):
        return f"You have had the free answers of twelve months. The next is free from {found.reason.removeprefix(start)}."
    return {
        "compelling-grounds": "There are grounds that go before your objection; they are given below.",
        "repetitive": "The same was asked again and again; see below.", "no-answer": "We waited for your answer and heard nothing.",
    }.get(found.reason, found.reason)


def _answer(ask: Ask) -> Response:
    found = _mine(ask)
    text = ask.form.get("text", "").strip()[:_LONGEST_TEXT]
    if not text:
        raise Fault("empty-answer", "please write something")
    with ask.workspace.state.write() as conn:
        requests.answer(ask.workspace, conn, found.id, text)
    return ask.back(f"/requests/{found.shown}", "answered")


# leaving for good


def _erase_page(ask: Ask) -> Response:
    package = ask.package("erasure")
    return ask.page("erase.html", tab="rights", stays=[one for one in package["retention"] if one["ground"]], count=len(package["events"]))


def _erase(ask: Ask) -> Response:
    """Erase the person; effective when the receipt's page is shown. The physical steps follow by themselves."""
    workspace, person = ask.workspace, ask.person
    if ask.form.get("sure") != "yes":
        raise Fault("not-sure", "tick the box to say that you are sure")
    with workspace.state.write() as conn:
        if ask.web_only and same_person(conn, person.ref) != {person.ref}:
            raise Fault("mailbox-needed", "these visits are joined with an address; use the link that we send to it", status=403)
        requests.open_request(workspace, conn, Right.ERASURE, person.ref, person.regime)
        waiting = [one.id for one in requests.of_person(conn, person.refs) if not one.closed]
    outbox.forget(workspace, person.refs)
    case = erasure.erase(workspace, person.ref)
    with workspace.state.write() as conn:
        verify.forget(conn, person.refs)
        for id in waiting:  # what else they asked is nobody's now, and cannot be answered any more
            requests.fulfil(workspace, conn, id, "erased")
    outbox.forget(workspace, person.refs)  # what was written while the person was being erased
    return take_cookie(ask.back(f"/receipt/{case}"), workspace)


def _receipt(ask: Ask) -> Response:
    id = ask.http.path_params["id"][:64]
    with ask.workspace.state.read() as conn:
        case = erasure.case_of(conn, id)
        if case is None:
            raise Fault("no-such-case", "there is no such receipt", status=404)
        receipt = erasure.receipt_of(conn, id)
        kept = json.loads(conn.exec_driver_sql("SELECT kept FROM erasure_case WHERE id = ?", (id,)).scalar_one())
    stays = [{"rule": _rule(ask, rule), "ground": ground, "until": day(instant(until).date())} for rule, (ground, until) in kept.items()]
    gone_at = datetime.fromisoformat(str(receipt["gone_at"])) if receipt else None
    return ask.page("receipt.html", case=case, receipt=receipt, stays=stays, total=len(erasure.STEPS), gone_at=gone_at)


def _rule(ask: Ask, rule: str) -> str:
    return ask.policy.retention[rule].label if rule in ask.policy.retention else rule
