"""Sabotages of people's rights."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from typing import Any

from starlette.responses import HTMLResponse

from troth.centre.desk import Ask
from troth.collect import choices
from troth.console import queue
from troth.gate.plan import Plan
from troth.prove.sabotage import sabotage
from troth.prove.sabotages.permission import FORGETFUL
from troth.rights import access, california, erasure, requests, verify
from troth.rights.requests import Right
from troth.store import reveal, shred

Changes = list[tuple[Any, Any, Any]]
_ACTS = import_module("troth.centre.acts")  # the room itself names a function so


@sabotage("whoever asks for their data gets an empty answer")
def empty_access() -> Changes:
    return [(access, "opened", lambda workspace, conn, grant, refs: [])]


@sabotage("restricting changes nothing")
def ignore_restrictions() -> Changes:
    honest = Plan.denial
    return [*FORGETFUL, (Plan, "denial", lambda self, purpose, standing: honest(self, purpose, replace(standing, restricted=False)))]


@sabotage("erasing gives a receipt and erases nobody")
def keep_the_erased() -> Changes:
    return [(shred, "tombstone", lambda conn, grant, refs, at: {})]


@sabotage("what law keeps is erased as well, and no ground is named")
def forget_legal_grounds() -> Changes:
    honest = erasure._what_is_held
    return [(erasure, "_what_is_held", lambda conn, workspace, grant, refs: ({}, honest(conn, workspace, grant, refs)[1]))]


@sabotage("corrections are taken and forgotten")
def forget_corrections() -> Changes:
    return [(reveal, "put_right", lambda items, ref, at, standing: None)]


@sabotage("any identifier opens somebody's data")
def let_anyone_in() -> Changes:
    def anybody(workspace: Any, conn: Any, visitor: str) -> Any:
        found = conn.exec_driver_sql("SELECT ref FROM subject LIMIT 1").first()
        return found[0] if found else None

    return [(verify, "visitor_ref", anybody)]


@sabotage("one-time links are never sent")
def let_nobody_in() -> Changes:
    return [(verify, "make_link", lambda workspace, conn, address, visitor="": None)]


@sabotage("asking for a link tells whether an address is known")
def tell_who_is_known() -> Changes:
    honest = Ask.page

    def page(self: Ask, template: str, status: int = 200, **context: Any) -> Any:
        if template == "front.html" and context.get("asked"):
            with self.workspace.state.read() as conn:
                if verify.find_by_email(self.workspace, conn, self.form.get("email", "")) is None:
                    return HTMLResponse("we do not know this address", 404)
        return honest(self, template, status, **context)

    return [(Ask, "page", page)]


@sabotage("what a person said before is not shown to them")
def forget_history() -> Changes:
    return [(access, "acts_of", lambda conn, refs: [])]


@sabotage("choices made in the privacy centre are not recorded")
def forget_choices_in_the_centre() -> Changes:
    return [(choices, "say", lambda workspace, conn, ref, acts, evidence, at: 0)]


@sabotage("every request costs money")
def charge_for_rights() -> Changes:
    honest = access._asked
    return [(access, "_asked", lambda workspace, conn, one: honest(workspace, conn, one) | {"fee": 2500})]


@sabotage("questions belong to nobody and are never found again")
def lose_questions() -> Changes:
    honest = requests.open_request

    def open_request(workspace: Any, conn: Any, kind: Right, ref: int, *rest: Any, **more: Any) -> Any:
        return honest(workspace, conn, kind, 0 if kind is Right.QUESTION else ref, *rest, **more)

    return [(requests, "open_request", open_request)]


@sabotage("Californians are told that nothing was collected")
def know_nothing() -> Changes:
    honest = california.know
    return [(california, "know", lambda *told: honest(*told) | {"categories": [], "sources": []})]


@sabotage("a request to know is answered however often it comes")
def answer_for_ever() -> Changes:
    return [(california, "entitlement", lambda policy, conn, session, at: california.Entitlement(9, None))]


@sabotage("any detail counts as matching")
def believe_any_detail() -> Changes:
    return [(_ACTS, "matching", lambda policy, held, given: True)]


@sabotage("Californians are not told who received data")
def hide_who_received() -> Changes:
    return [(_ACTS, "disclosures_of", lambda conn, refs: [])]


@sabotage("an objection is decided without a ground")
def decide_without_a_ground() -> Changes:
    return [(queue, "_text", lambda form: form.get("text", "").strip() or "-")]
