"""What did this person choose? Takes choices from banner, form or centre and makes them hold at once.

It decides nothing: acts are recorded with their evidence, and the epoch they move makes every process look again.
A no is also written to the tape, so that no restored backup forgets it.
Source: GDPR Art. 7(1), 7(3), 21; STANDARDS "Signals and banners"
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from troth.base.clock import instant, micros, now_micros
from troth.base.errors import Fault
from troth.collect import nobody
from troth.collect.calls import undo_joins
from troth.collect.regime import regime_told
from troth.consent.record import CARRIED, PROHIBITIONS, WEAK, Evidence, State, Strength, record
from troth.consent.standing import Standing, read_standing
from troth.gate.plan import Plan, can_object
from troth.ledger.tape import TapeKind
from troth.policy.conduct import YesBy, YesStrength
from troth.policy.model import EventType, Kind, Permission, Policy, Purpose, permission_under, wants_one_given
from troth.store.journal import count_refused
from troth.subjects import directory
from troth.subjects.directory import IdentifierKind, NewSubject
from troth.subjects.links import same_person
from troth.workspace import Workspace

_SCREEN = re.compile(r"(?!00[0-9]{14})[0-9a-f]{16}")  # those could be a telephone number, and the ledger takes none
_SELLS = frozenset({Kind.MARKETING, Kind.ADVERTISING, Kind.PERSONALISATION, Kind.JOINING, Kind.PUBLICATION})
HOW = frozenset({"accept-all", "reject-all", "choose", "withdraw", "gpc", "form", "centre"})
READ = {str(act): act for act in (YesBy.USE, YesBy.CONTINUED_USE, YesBy.BROWSER_SETTINGS)}  # a yes that nobody pressed: it is read from what they did


def say(workspace: Workspace, conn: Connection, ref: int, acts: Mapping[str, State], evidence: Evidence, at: int) -> int:
    """Record acts of one subject, and tell the tape of every no; returns the ledger entry's number.

    A no on a purpose that joined the subject with others undoes the joins and falls on what was joined.
    """
    entry = _record_and_tell(workspace, conn, ref, acts, evidence, at)
    for purpose, state in acts.items():
        if state in PROHIBITIONS:
            _undo_joins(workspace, conn, ref, purpose, state, evidence, at)
    return entry


def _record_and_tell(workspace: Workspace, conn: Connection, ref: int, acts: Mapping[str, State], evidence: Evidence, at: int) -> int:
    entry = record(conn, workspace.log, ref, acts, evidence, at)
    no = sorted(purpose for purpose, state in acts.items() if state in PROHIBITIONS)
    if no:
        kind = TapeKind.OBJECTION if State.OBJECTED in acts.values() else TapeKind.WITHDRAWAL
        # Whom the no fell on, and how each is found: a restored copy may not know them yet, or not as one person.
        people = directory.as_known(conn, sorted(same_person(conn, ref)))
        workspace.tape.append(kind, {"ref": ref, "purposes": no, "people": people}, instant(at))
    return entry


def _undo_joins(workspace: Workspace, conn: Connection, ref: int, purpose: str, state: State, evidence: Evidence, at: int) -> None:
    """Undo a person's joins for one purpose, and those of whom they were joined with.

    The no falls on the other side too: else calls that only the visitor's word allowed would stay in view.
    It goes no further than that, since somebody else may have called from the same telephone.
    """
    heard = replace(evidence, strength=Strength.RELAYED, how=CARRIED)
    for one in same_person(conn, ref):
        for other in undo_joins(conn, workspace.log, one, purpose, at):
            standing = read_standing(conn, other)
            if standing is not None and standing.states.get(purpose) not in PROHIBITIONS:
                _record_and_tell(workspace, conn, other, {purpose: state}, heard, at)
            undo_joins(conn, workspace.log, other, purpose, at)


def askable(policy: Policy, regime: str) -> list[Purpose]:
    """The purposes a browser is asked about under a regime: those a visit feeds and a person can allow or stop."""
    browser = {event.id for event in policy.events.values() if event.population == "site-visitor" and event.call}
    return [
        purpose
        for purpose in policy.purposes.values()
        if browser & set(purpose.events)
        and not purpose.populations
        and permission_under(policy, purpose, regime) is not Permission.NONE
        and purpose.kind not in (Kind.ESSENTIAL, Kind.SERVICE)
    ]


def screen_of(policy: Policy, regime: str) -> str:
    """The hash of the wording a person is shown under a regime."""
    shown = [(p.id, p.label, p.wording, p.loses, permission_under(policy, p, regime)) for p in askable(policy, regime)]
    return _hash_of((policy.version, regime, shown))


def _hash_of(shown: object) -> str:
    whole = hashlib.sha256(repr(shown).encode()).hexdigest()
    return next(whole[at : at + 16] for at in range(len(whole)) if _SCREEN.fullmatch(whole, at, at + 16))


SIGNAL = "gpc"  # how an act came about that Global Privacy Control spoke


def refused_by_signal(plan: Plan, regime: str) -> dict[str, State]:
    """What Global Privacy Control says to each purpose that the policy lets it refuse, under a regime."""
    found: dict[str, State] = {}
    for id in plan.policy.settings.global_privacy_control:
        purpose = plan.policy.purposes.get(id)
        mode = plan.mode(purpose, regime) if purpose is not None else Permission.NONE
        if purpose is not None and (mode is not Permission.NONE or can_object(purpose)):
            found[id] = State.REFUSED if mode is Permission.ASK_BEFORE else State.OBJECTED
    return found


def news_of_signal(conn: Connection, plan: Plan, standing: Standing) -> dict[str, State]:
    """What the signal says that has not been heard from this person: each purpose once, so that a later yes of theirs stands."""
    asked = f"SELECT 1 FROM consent_act WHERE ref = ? AND purpose = ? AND how = '{SIGNAL}' LIMIT 1"
    news: dict[str, State] = {}
    for purpose, state in refused_by_signal(plan, standing.regime).items():
        before = standing.states.get(purpose)
        if before not in PROHIBITIONS and conn.exec_driver_sql(asked, (standing.ref, purpose)).first() is None:
            news[purpose] = State.WITHDRAWN if before is State.GIVEN else state
    return news


def hear_signal(workspace: Workspace, conn: Connection, plan: Plan, standing: Standing, at: int) -> bool:
    """Let the signal hold for a person, in the caller's write transaction; False when there was nothing new to hear."""
    news = news_of_signal(conn, plan, standing)
    if news:
        evidence = Evidence(Strength.EXPLICIT, SIGNAL, plan.policy.version, screen_of(plan.policy, standing.regime), standing.regime)
        say(workspace, conn, standing.ref, news, evidence, at)
    return bool(news)


def choose(workspace: Workspace, body: Mapping[str, Any], signal: bool = False) -> dict[str, Any]:
    """Take a browser's choices (see the banner's contract); they hold when this returns.

    Raises `bad-choice` for anything malformed. Without an identifier, or when nothing is permitted, what was chosen is kept
    under a random id that points to nobody. `signal`: the browser sent Global Privacy Control as well, which answers for the
    purposes it refuses.
    """
    choices, how = body.get("choices"), body.get("how")
    if not isinstance(choices, dict) or not isinstance(how, str) or how not in HOW | READ.keys():
        raise Fault("bad-choice", "a choice needs `choices` and how they were made")
    if any(value not in ("given", "refused") for value in choices.values()) or len(choices) > 100:
        raise Fault("bad-choice", "a choice is `given` or `refused`")
    visitor, at = visitor_in(body), now_micros()
    with workspace.state.write() as conn:
        plan = workspace.plan_at(conn, at)
        regime = regime_told(plan.policy, body)
        strength = _strength_of(plan.policy, how)
        signalled = refused_by_signal(plan, regime) if signal else {}
        chosen = {purpose: value == "given" for purpose, value in choices.items() if purpose in plan.policy.purposes}
        chosen = {purpose: yes for purpose, yes in chosen.items() if purpose not in signalled}
        chosen = {purpose: yes for purpose, yes in chosen.items() if not (yes and _shown_before(workspace, conn, plan, purpose, body))}
        if how in READ:
            chosen = {purpose: yes for purpose, yes in chosen.items() if not yes or _may_be_read(plan.policy, purpose, regime, strength)}
        canary = body.get("canary") == workspace.access.get("canary_key", "-")
        evidence = Evidence(strength, how, plan.policy.version, screen_in(body), regime)
        if visitor is None:
            receipt = _of_nobody(workspace, conn, plan, chosen, evidence, at, canary, signalled)
        else:
            receipt = _record(workspace, conn, plan, visitor, chosen, evidence, at, canary, signalled)
    return {"ok": True, "version": plan.policy.version, "receipt": receipt}


def take_back(
    workspace: Workspace, conn: Connection, refs: Iterable[int], wanted: Iterable[str], how: str, screen: str, at: int
) -> list[str]:
    """Take back what a person allows of these purposes, in the caller's transaction; returns those that have stopped.

    What was agreed to is withdrawn; what goes on until a no, and was asked about or sells something, is objected to. `screen`: where they said so.
    """
    plan, stopped = workspace.plan_at(conn, at), dict[str, None]()
    for ref in refs:
        standing = read_standing(conn, ref)
        if standing is None:
            continue
        acts = _no_to(plan, plan.heard(standing), wanted)
        if acts:
            say(workspace, conn, ref, acts, Evidence(Strength.EXPLICIT, how, plan.policy.version, screen, standing.regime), at)
            stopped |= dict.fromkeys(acts)
    return list(stopped)


def _no_to(plan: Plan, standing: Standing, wanted: Iterable[str]) -> dict[str, State]:
    acts: dict[str, State] = {}
    asked = {one.id for one in askable(plan.policy, standing.regime)}
    for id in wanted:
        purpose = plan.policy.purposes.get(id)
        before = standing.states.get(id)
        if purpose is None or before in PROHIBITIONS or (purpose.populations and standing.population not in purpose.populations):
            continue
        if before is State.GIVEN:
            acts[id] = State.WITHDRAWN
        elif plan.mode(purpose, standing.regime) is Permission.MAY_OBJECT and (id in asked or purpose.kind in _SELLS):
            acts[id] = State.OBJECTED
    return acts


def _strength_of(policy: Policy, how: str) -> Strength:
    """How good the evidence of an act is. Raises `not-a-yes` for one that this policy does not take for an answer."""
    if how not in READ:
        return Strength.EXPLICIT
    declared = policy.asking.evidence.get(READ[how])
    if declared is None:
        raise Fault("not-a-yes", "the policy does not take this for an answer", status=409)
    return Strength.BY_USE if declared is YesStrength.BY_USE else Strength.IMPLIED  # never as good as one that was given


def _may_be_read(policy: Policy, id: str, regime: str, strength: Strength) -> bool:
    """Whether a yes to a purpose may be read from what somebody did: only what a browser is asked about, and not where the law wants one given."""
    asked = next((one for one in askable(policy, regime) if one.id == id), None)
    return asked is not None and (strength not in WEAK or not wants_one_given(policy, asked, regime))


def visitor_in(body: Mapping[str, Any]) -> str | None:
    """The browser's identifier, when it sent one; raises `bad-choice`."""
    visitor = body.get("anonymousId")
    if visitor is not None and not (isinstance(visitor, str) and 8 <= len(visitor) <= 128):
        raise Fault("bad-choice", "`anonymousId` is a text of 8 to 128 characters, or absent")
    return visitor


def receipt(policy: Policy, entry: int, at: int) -> dict[str, object]:
    """What the browser is told of an act that was recorded."""
    return {"entry": entry, "at": instant(at).isoformat(), "version": policy.version}


def _of_nobody(
    workspace: Workspace, conn: Connection, plan: Plan, chosen: Mapping[str, bool], evidence: Evidence, at: int, canary: bool,
    signalled: Mapping[str, State],
) -> dict[str, object] | None:
    """A choice of somebody of whom nothing is held: counted, and kept under a random id. The signal alone is no choice."""
    acts = {one: State.GIVEN if yes else _no(plan, one, evidence.regime) for one, yes in chosen.items()}
    count_refused(conn, {("choice", purpose): 1 for purpose in {*signalled, *(one for one, yes in chosen.items() if not yes)}}, at)
    return nobody.receipt(plan.policy, *nobody.record_choice(workspace, conn, acts, evidence, at, canary), at) if acts else None


def _no(plan: Plan, purpose: str, regime: str) -> State:
    mode = permission_under(plan.policy, plan.policy.purposes[purpose], regime)
    return State.REFUSED if mode is Permission.ASK_BEFORE else State.OBJECTED


def screen_in(body: Mapping[str, Any]) -> str:
    """The hash of the screen, as `screen_of` made it; a sender's other words would stay in the ledger for ever."""
    given = body.get("screen")
    return given if isinstance(given, str) and _SCREEN.fullmatch(given) else ""


def _shown_before(workspace: Workspace, conn: Connection, plan: Plan, purpose: str, body: Mapping[str, Any]) -> bool:
    """Whether the screen a yes was said on is of a version from before this purpose changed: what it was said to is no more."""
    asked = plan.anew.get(purpose)
    if asked is None or body.get("version") is None:
        return False
    shown = next((one for one in workspace.versions(conn) if one.version == body["version"]), None)
    return shown is None or micros(shown.effective_at) < asked.since


def _record(
    workspace: Workspace, conn: Connection, plan: Plan, visitor: str, chosen: Mapping[str, bool], evidence: Evidence, at: int, canary: bool,
    signalled: Mapping[str, State],
) -> dict[str, object] | None:
    how, regime = evidence.how, evidence.regime
    hashed = directory.hash_of(workspace.keys, IdentifierKind.ANONYMOUS, visitor)
    ref = directory.find(conn, hashed)
    if ref is None:
        if how in READ and _said_no(conn, hashed):  # who said no goes on using the site, and it stays a no
            return None
        asked = [p for p in askable(plan.policy, regime) if p.id not in signalled]
        left = [p for p in asked if chosen.get(p.id, permission_under(plan.policy, p, regime) is Permission.MAY_OBJECT)]
        if not left:  # nothing is permitted, so nothing that points to the person is made
            if chosen or signalled or how not in READ:  # else nobody said no
                nobody.refuse_latecomers(conn, hashed, at)
            return _of_nobody(workspace, conn, plan, chosen, evidence, at, canary, signalled)
        ref = directory.create(conn, hashed, IdentifierKind.ANONYMOUS, NewSubject("site-visitor", regime, canary))
    standing = read_standing(conn, ref)
    if signalled and standing is not None:
        hear_signal(workspace, conn, plan, standing, at)
    before = plan.heard(standing).states if standing else {}
    acts: dict[str, State] = {}
    for purpose, yes in chosen.items():
        if yes and not (how in READ and before.get(purpose) in PROHIBITIONS):
            acts[purpose] = State.GIVEN
        elif yes:
            continue
        elif before.get(purpose) is State.GIVEN or how == "withdraw":
            acts[purpose] = State.WITHDRAWN
        else:
            acts[purpose] = _no(plan, purpose, regime)
    acts = {purpose: state for purpose, state in acts.items() if before.get(purpose) is not state}
    return receipt(plan.policy, say(workspace, conn, ref, acts, evidence, at), at) if acts else None


def _said_no(conn: Connection, hashed: bytes) -> bool:
    asked = "SELECT 1 FROM refused_visitor WHERE hash = ? UNION ALL SELECT 1 FROM erased_identifier WHERE hash = ?"
    return conn.exec_driver_sql(asked, (hashed, hashed)).first() is not None


def ask_by_form(workspace: Workspace, event: EventType, who: tuple[IdentifierKind, str] | None, body: Mapping[str, Any]) -> dict[str, Any] | None:
    """Somebody sends a form: the asking is the permission for purposes that ask first and that this form alone feeds. Returns what is on record.

    A newsletter or a survey is such a purpose; one that other events feed as well is not, and is asked for by itself.
    `who`: whom its event will be filed under.
    """
    at = now_micros()
    with workspace.state.write() as conn:
        plan = workspace.plan_at(conn, at)
        asked = [p.id for p in plan.policy.purposes.values() if p.events == (event.id,) and p.permission is Permission.ASK_BEFORE]
        if who is None or not asked:
            return None
        regime = regime_told(plan.policy, body)
        hashed = directory.hash_of(workspace.keys, *who)
        canary = body.get("canary") == workspace.access.get("canary_key", "-")
        ref = directory.find(conn, hashed) or directory.create(conn, hashed, who[0], NewSubject(event.population, regime, canary))
        evidence = Evidence(Strength.EXPLICIT, "form", plan.policy.version, form_screen(plan.policy, event), regime)
        entry = say(workspace, conn, ref, dict.fromkeys(asked, State.GIVEN), evidence, at)
    return {"entry": entry, "at": instant(at).isoformat(), "version": evidence.policy_version, "screen": evidence.screen}


def form_words(policy: Policy, event: EventType) -> dict[str, Any]:
    """What must be read beside a form before it is sent: what it asks for, and what the messages that follow are like."""
    asked = [p for p in policy.purposes.values() if p.events == (event.id,) and p.permission is Permission.ASK_BEFORE]
    ids = {p.id for p in asked}
    rules = [one for one in policy.channels.values() if ids & set(one.purposes)]
    says = [words for one in rules for words in (_AUTOMATED if one.automated else "", one.carrier_charges, one.opt_out_text, _NO_CONDITION) if words]
    return {
        "form": event.id, "version": policy.version, "policy_url": f"/{policy.workspace}/policy", "required": list(event.required),
        "purposes": [{"id": p.id, "label": p.label, "wording": p.wording or p.notice} for p in asked], "says": list(dict.fromkeys(says)),
    }  # fmt: skip


def form_screen(policy: Policy, event: EventType) -> str:
    """The hash of what is read beside a form, as its acts carry it."""
    return _hash_of(form_words(policy, event))


_AUTOMATED = "The messages may be sent by a machine."
_NO_CONDITION = "You can buy without agreeing to this."
