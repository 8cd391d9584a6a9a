"""What did this browser answer to the banner that stood here before ours? Takes over another tool's cookies at a first visit.

A site's page hands its old cookies to the door of choices. A no is taken at its word. A yes is weaker evidence: it is marked
so, opens what asks first only where the policy takes it, and never changes what the person said to us. What a cookie says of
its time is believed only as far as it can be: past, and not before any site asked anybody.
Source: GDPR Art. 7(1); docs/decisions/0029
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from troth.base.clock import now_micros
from troth.base.errors import Fault
from troth.collect import choices, nobody
from troth.collect.consent_lines import OLDEST, Word, said_by, shown
from troth.collect.import_consent import Outcome, evidence, judge, last_act, state_of
from troth.collect.regime import regime_told
from troth.consent.banners import cookies_in, read_cookies
from troth.consent.record import State
from troth.consent.standing import read_standing
from troth.gate.plan import Plan
from troth.policy.model import Permission
from troth.store.journal import count_refused
from troth.subjects import directory
from troth.subjects.directory import IdentifierKind, NewSubject
from troth.workspace import Workspace

Said = Mapping[str, bool]


def hand_over(workspace: Workspace, body: Mapping[str, Any], signal: bool) -> dict[str, Any]:
    """Take over what `imported` holds: the cookies of another tool, as an object or as `document.cookie` has them.

    The answer says what was taken; `choice` is what the page's script keeps of it, in its own form, or None.
    Raises `bad-choice`, `bad-consent-cookie` and `bad-consent-string`.
    """
    cookies, visitor = _cookies(body.get("imported")), choices.visitor_in(body)
    answers, at = read_cookies(cookies), now_micros()
    with workspace.state.write() as conn:
        plan = workspace.plan_at(conn, at)
        regime = regime_told(plan.policy, body)
        said, said_at, tool = said_by(answers, plan.policy.asking.categories)
        asked = {purpose.id for purpose in choices.askable(plan.policy, regime)}
        signalled = choices.refused_by_signal(plan, regime) if signal else {}
        said = {purpose: yes for purpose, yes in said.items() if purpose in asked and purpose not in signalled}
        said_at = said_at if said_at is not None and OLDEST <= said_at <= at else None
        canary = body.get("canary") == workspace.access.get("canary_key", "-")
        receipt = _take(workspace, conn, plan, visitor, said, said_at, tool, regime, canary) if said else None
    held = {purpose: yes for purpose, yes in said.items() if not yes or _opens(plan, purpose, regime)}
    taken = {"given": sorted(one for one, yes in held.items() if yes), "refused": sorted(one for one, yes in held.items() if not yes)}
    taken |= {"to_be_asked": sorted(said.keys() - held.keys())}
    choice = _choice(plan, held, at if said_at is None else said_at) if held else None
    return {"ok": True, "version": plan.policy.version, "receipt": receipt, "imported": taken, "choice": choice}


def _cookies(given: object) -> dict[str, str]:
    found = given.get("cookies") if isinstance(given, dict) else None
    if isinstance(found, str):
        return cookies_in(found)
    if isinstance(found, dict) and all(isinstance(value, str) for value in found.values()):
        return found
    raise Fault("bad-choice", "`imported` holds `cookies`: names with their values, or the text of `document.cookie`")


def _opens(plan: Plan, purpose: str, regime: str) -> bool:
    """Whether a yes of another tool opens this purpose here."""
    return plan.takes_imported or plan.mode(plan.policy.purposes[purpose], regime) is not Permission.ASK_BEFORE


def _take(
    workspace: Workspace, conn: Connection, plan: Plan, visitor: str | None, said: Said, said_at: int | None, tool: str, regime: str, canary: bool
) -> dict[str, Any] | None:
    at = now_micros()
    proof = evidence(plan, tool, said_at, regime)
    hashed = directory.hash_of(workspace.keys, IdentifierKind.ANONYMOUS, visitor) if visitor else None
    ref = directory.find(conn, hashed) if hashed is not None else None
    if ref is None and (hashed is None or not _left(plan, said, regime)):
        acts = {one: State.GIVEN if yes else state_of(plan, one, Word.REFUSED, None, regime) for one, yes in said.items()}
        count_refused(conn, {("choice", purpose): 1 for purpose, yes in said.items() if not yes}, at)
        if hashed is not None:
            nobody.refuse_latecomers(conn, hashed, at)
        return nobody.receipt(plan.policy, *nobody.record_choice(workspace, conn, acts, proof, at, canary), at)
    if ref is None and hashed is not None:
        ref = directory.create(conn, hashed, IdentifierKind.ANONYMOUS, NewSubject("site-visitor", regime, canary))
    entry = _say(workspace, conn, plan, ref or 0, said, said_at, tool)
    return None if entry is None else choices.receipt(plan.policy, entry, at)


def _left(plan: Plan, said: Said, regime: str) -> bool:
    """Whether anything is permitted to somebody of whom nothing but this is known, so that something may point to them."""
    asked = choices.askable(plan.policy, regime)
    modes = {purpose.id: plan.mode(purpose, regime) for purpose in asked}
    return any(said[one] and _opens(plan, one, regime) if one in said else mode is Permission.MAY_OBJECT for one, mode in modes.items())


def _say(workspace: Workspace, conn: Connection, plan: Plan, ref: int, said: Said, said_at: int | None, tool: str) -> int | None:
    standing = read_standing(conn, ref)
    if standing is None:
        return None
    proof = evidence(plan, tool, said_at, standing.regime)
    acts: dict[str, State] = {}
    for purpose, yes in said.items():
        known = last_act(conn, ref, purpose)
        own = standing.states.get(purpose)
        if yes and own is not None and own is not State.GIVEN and known is None:
            continue  # said no under another reference
        heard = known is not None and known.how == proof.how
        if judge(yes, said_at, known, plan.takes_imported, heard) is Outcome.RECORDED:
            acts[purpose] = state_of(plan, purpose, Word.GIVEN if yes else Word.REFUSED, known, standing.regime)
    return choices.say(workspace, conn, ref, acts, proof, now_micros()) if acts else None


def _choice(plan: Plan, held: Said, at: int) -> str:
    """What the script keeps in the browser: each answer with its day, and of a yes the version that asked anew since."""
    anew = {id: asked.version for id, asked in plan.anew.items()}
    kept = {one: " ".join(filter(None, ("given" if yes else "refused", shown(at), anew.get(one, "")))) for one, yes in sorted(held.items())}
    return json.dumps({"version": plan.policy.version, "how": "import", "purposes": kept}, separators=(",", ":"))
