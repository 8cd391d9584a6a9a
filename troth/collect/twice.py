"""Was it really the owner of this address who asked? Where the policy wants a yes said twice, a form waits until its link is pressed.

1. hold     what was sent rests sealed under a key of its own; nobody has agreed to anything yet, and nobody new is made. Of
            somebody known it is noted that they were asked
2. confirm  a POST with the token: the yes is recorded once, with the words it was asked in, what was sent is handed on, and the
            token is used up
3. purge    what nobody confirms in time goes, with its key; so does what was asked before its address was erased
Whoever sends the form learns nothing of who is on the list. How the link gets to the address is not this room's (`ASK`).
Source: GDPR Art. 4(11), 7(1); BGH I ZR 164/09 (double opt-in); STANDARDS "Double opt-in"
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import BigInteger, Column, Connection, Index, LargeBinary, Table, Text

from troth.base.clock import instant, now_micros
from troth.base.database import metadata
from troth.base.errors import Fault
from troth.base.ids import new_token
from troth.collect import choices
from troth.collect.asked import note_once
from troth.collect.regime import regime_told
from troth.consent.record import Evidence, State, Strength
from troth.consent.steps import Step
from troth.gate.plan import Plan
from troth.gate.reasons import SENTENCES, Reason
from troth.ledger.entry import EntryKind
from troth.policy.conduct import ChannelConsent
from troth.policy.model import EventType, Permission
from troth.subjects import directory
from troth.subjects.directory import IdentifierKind, NewSubject
from troth.subjects.keys import KeyMissing
from troth.workspace import Workspace

ASKED, CONFIRMED = "asked-twice", "confirmed"  # how the asking, and the act, came about
WAITS_FOR = timedelta(days=7)
_KEEP = "waiting"  # the name under which its own key seals what was sent
_MICROSECOND = timedelta(microseconds=1)

waiting_yes = Table(
    "waiting_yes",
    metadata,
    Column("hash", LargeBinary, primary_key=True),  # of the token
    Column("owner", BigInteger, nullable=False),  # whose key seals it: nobody's but its own
    Column("address", LargeBinary, nullable=False),  # its keyed hash
    Column("event", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("screen", Text, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("asked_at", BigInteger, nullable=False),
    Column("said_at", BigInteger),  # the yes is recorded; what was sent is still to be handed on
)
Index("waiting_yes_address", waiting_yes.c.address)


@dataclass(frozen=True, slots=True)
class Held:
    """A form that waits for its yes: which event it is, what was sent, and what it asks for. `asked_at` in microseconds.

    `message`: the id that what was sent is handed on under, so that it is kept once.
    """

    event: str
    fields: Mapping[str, Any]
    body: Mapping[str, Any]
    purposes: tuple[str, ...]
    version: str
    screen: str
    asked_at: int
    message: str


@dataclass(frozen=True, slots=True)
class _Row:
    """Where it rests."""

    held: Held
    owner: int
    address: bytes
    said: bool


# Whoever can write to an address enters itself here: it is given the address, the token, what is asked for, and whether a proof asks.
ASK: list[Callable[[Workspace, str, str, tuple[str, ...], bool], None]] = []
# Whether an address may be asked once more, and (by raising) whether this client may.
MAY_ASK: list[Callable[[Workspace, str, str], bool]] = []


def needing(plan: Plan, event: EventType) -> tuple[str, ...]:
    """The purposes that this form asks for and that need a yes said twice."""
    rules = plan.policy.channels.get("email")
    if rules is None or rules.consent is not ChannelConsent.DOUBLE:
        return ()
    asked = [p.id for p in plan.policy.purposes.values() if p.events == (event.id,) and p.permission is Permission.ASK_BEFORE]
    return tuple(id for id in asked if id in rules.purposes)


# 1. hold


def hold(workspace: Workspace, event: EventType, fields: Mapping[str, Any], body: Mapping[str, Any], client: str) -> bool:
    """Hold a form that needs a yes said twice, and have its owner asked; False for any other form, which goes its usual way.

    Raises `missing-item` when there is no address that could be asked.
    """
    purposes, address = needing(workspace.plan, event), str(fields.get("email") or "").strip()[:256]
    if not purposes:
        return False
    if not address:
        raise Fault(str(Reason.MISSING_ITEM), SENTENCES[Reason.MISSING_ITEM])
    if not all(may(workspace, address, client) for may in MAY_ASK):
        return True  # asked too often: whoever sends it is told what everybody is told
    token, owner, at = new_token(), secrets.randbits(62) + 1, now_micros()
    kept = {"fields": dict(fields), "body": {name: body[name] for name in ("tz", "canary") if name in body}}
    workspace.keys.ensure({(owner, _KEEP)})
    sealed = workspace.keys.seal(owner, _KEEP, owner, json.dumps(kept).encode())
    with workspace.state.write() as conn:
        plan = workspace.plan_at(conn, at)
        screen = choices.form_screen(plan.policy, event)
        hashed = directory.hash_of(workspace.keys, IdentifierKind.EMAIL, address)
        conn.exec_driver_sql(
            "INSERT INTO waiting_yes (hash, owner, address, event, version, screen, sealed, asked_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (_hashed(token), owner, hashed, event.id, plan.policy.version, screen, sealed, at),
        )
        ref = directory.find(conn, hashed)
        if ref is not None:  # nobody is made for having been asked
            evidence = Evidence(Strength.NONE, ASKED, plan.policy.version, screen, regime_told(plan.policy, body))
            note_once(conn, workspace.log, plan, ref, purposes, Step.REQUESTED, evidence, at)
        told = {"act": ASKED, "purposes": sorted(purposes), "policy": plan.policy.version, "screen": screen}
        workspace.log.append(conn, EntryKind.REQUEST_STEP, told, instant(at))
    for ask in ASK:
        ask(workspace, address, token, purposes, body.get("canary") == workspace.access.get("canary_key", "-"))
    return True


# 2. confirm


def look(workspace: Workspace, conn: Connection, token: str) -> Held:
    """What a token would confirm, without using it; raises `link-not-good` alike for used, old and invented ones."""
    return _read(workspace, conn, token).held


def confirm(workspace: Workspace, token: str) -> Held:
    """Record the yes, once; it holds when this returns. Raises `link-not-good`.

    What was sent is the caller's to hand on, and the token to use up then (`use_up`): until then it is good, so that nothing is lost.
    """
    at = now_micros()
    with workspace.state.write() as conn:
        found = _read(workspace, conn, token)
        held, address = found.held, found.address
        if found.said:
            return held
        plan = workspace.plan_at(conn, at)
        event = plan.policy.events[held.event]
        regime = regime_told(plan.policy, held.body)
        canary = held.body.get("canary") == workspace.access.get("canary_key", "-")
        ref = directory.find(conn, address)
        if ref is None:
            ref = directory.create(conn, address, IdentifierKind.EMAIL, NewSubject(event.population, regime, canary), verified=True)
        directory.attach(conn, ref, address, IdentifierKind.EMAIL, True)
        asked = Evidence(Strength.NONE, ASKED, held.version, held.screen, regime, held.asked_at)
        note_once(conn, workspace.log, plan, ref, held.purposes, Step.REQUESTED, asked, at)
        evidence = Evidence(Strength.EXPLICIT, CONFIRMED, held.version, held.screen, regime)
        choices.say(workspace, conn, ref, dict.fromkeys(held.purposes, State.GIVEN), evidence, at)
        conn.exec_driver_sql("UPDATE waiting_yes SET said_at = ? WHERE hash = ?", (at, _hashed(token)))
    return held


def use_up(workspace: Workspace, token: str) -> None:
    """What was sent is handed on: the token is good no more, and nothing of it is left here."""
    with workspace.state.write() as conn:
        owner = conn.exec_driver_sql("DELETE FROM waiting_yes WHERE hash = ? AND said_at IS NOT NULL RETURNING owner", (_hashed(token),)).first()
    if owner is not None:
        workspace.keys.destroy(owner[0], frozenset())


def _read(workspace: Workspace, conn: Connection, token: str) -> _Row:
    read = "SELECT owner, address, event, version, screen, sealed, asked_at, said_at FROM waiting_yes WHERE hash = ? AND asked_at > ?"
    row = conn.exec_driver_sql(read, (_hashed(token), now_micros() - WAITS_FOR // _MICROSECOND)).first()
    plan = workspace.plan_at(conn, now_micros())
    event = plan.policy.events.get(row[2]) if row is not None else None
    erased = directory.erased_at(conn, row[1]) if row is not None else None
    try:
        if row is None or event is None or not needing(plan, event) or (erased is not None and erased >= row[6]):
            raise KeyMissing
        kept = json.loads(workspace.keys.open(row[0], _KEEP, row[0], row[5]))
    except KeyMissing:
        help = "fill in the form again; a new link comes at once"
        raise Fault("link-not-good", "this link was used, is too old or was never made", help=help, status=410) from None
    held = Held(event.id, kept["fields"], kept["body"], needing(plan, event), row[3], row[4], row[6], f"twice-{_hashed(token).hex()}")
    return _Row(held, row[0], row[1], row[7] is not None)


# 3. purge


def purge(workspace: Workspace) -> int:
    """Forget what nobody confirmed in time, and what was asked before its address was erased; returns how many."""
    before = now_micros() - WAITS_FOR // _MICROSECOND
    read = (
        "SELECT w.hash, w.owner FROM waiting_yes w LEFT JOIN erased_identifier e ON e.hash = w.address "
        "WHERE w.asked_at <= ? OR e.erased_at >= w.asked_at"
    )
    with workspace.state.write() as conn:
        gone = conn.exec_driver_sql(read, (before,)).all()
        for hashed, _ in gone:
            conn.exec_driver_sql("DELETE FROM waiting_yes WHERE hash = ?", (hashed,))
    for _, owner in gone:
        workspace.keys.destroy(owner, frozenset())
    return len(gone)


def _hashed(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()
