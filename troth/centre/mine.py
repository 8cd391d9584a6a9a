"""What have I said to each purpose, and how do I change it? One button a purpose, what it costs, and the whole history.

Each press is recorded at once with its evidence; the next event already meets it. A browser's privacy signal is
heard here as well, and shown as honoured.
Source: GDPR Art. 7(3), 13(2)(b)-(c), 21; 11 CCR 7025(c)(6)
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection
from starlette.responses import Response
from starlette.routing import Route

from troth.base.clock import now_micros
from troth.base.errors import Fault
from troth.centre import ways
from troth.centre.desk import Ask, Desk, Needs, as_file
from troth.centre.words import ACTS, flash_of, how_of
from troth.collect import choices, privacy_signal
from troth.consent.record import PROHIBITIONS, WAY, Evidence, State, Strength
from troth.consent.standing import read_standings
from troth.gate.plan import Plan, can_object
from troth.ledger import verifier
from troth.policy.model import STRICTNESS, Permission, Purpose
from troth.policy.words import BASES, capital
from troth.rights.access import acts_of
from troth.rights.consent_receipt import receipt_of
from troth.rights.objection import object_to
from troth.rights.verify import Session, Shown


@dataclass(frozen=True, slots=True)
class Choice:
    """One purpose as the person meets it. `press` is what the button says and sends, or None for no button."""

    purpose: Purpose
    on: bool
    state: str
    why: str
    press: tuple[str, str] | None
    weighed: bool


def mine(desk: Desk) -> list[Route]:
    """The routes of choices."""
    return [desk.post("/choices", _choose), desk.get("/receipt.json", _receipt, Needs.SESSION), desk.get("/verifier.py", _verifier)]


def home(ask: Ask) -> Response:
    """My choices."""
    person, plan = ask.person, ask.workspace.plan
    if ask.signal:
        privacy_signal.hear_person(ask.workspace, person.refs)
    with ask.workspace.state.read() as conn:
        signal = [_label(plan, id) for id in privacy_signal.heard(conn, person.refs)]
        shown = [_choice(plan, person, purpose, *_stands(conn, plan, person, purpose)) for purpose in concerning(plan, person)]
        channels = ways.shown(ask, conn)
        acts = [
            {"label": _label(plan, act.purpose), "said": ACTS[act.state], "at": act.at, "how": how_of(act),
             "version": act.evidence.policy_version, "entry": act.entry, "state": str(act.state)}
            for act in reversed(acts_of(conn, person.refs))
        ]
    mine_to_say = [one for one in shown if one.press is not None and not one.weighed]
    rest = [one for one in shown if one.press is None or one.weighed]
    return ask.page("mine.html", tab="choices", choices=mine_to_say, rest=rest, acts=acts, channels=channels, signal=signal, flash=flash_of(ask))


def _receipt(ask: Ask) -> Response:
    """What I said, signed, with the proof that the ledger has it."""
    body = json.dumps(receipt_of(ask.workspace, ask.person.refs), ensure_ascii=False, indent=2).encode()
    return as_file(body, "application/json", f"{ask.workspace.id}-receipt.json")


def _verifier(_ask: Ask) -> Response:
    """The program that checks a receipt offline; anybody's to have."""
    return as_file(Path(verifier.__file__).read_bytes(), "text/x-python", "verifier.py")


def concerning(plan: Plan, person: Session) -> list[Purpose]:
    """The purposes that are about this sort of person; of a browser, those that its visits feed."""
    if person.shown is Shown.BROWSER:
        return choices.askable(plan.policy, person.regime)
    order = list(plan.policy.populations)
    met = set(order[: order.index(person.population) + 1]) if person.population in order else set(order)
    return [one for one in plan.policy.purposes.values() if _is_about(plan, one, person.population, met)]


def _is_about(plan: Plan, purpose: Purpose, population: str, met: set[str]) -> bool:
    """A purpose fed only by what a different sort of person does is not theirs to decide."""
    if purpose.populations and population not in purpose.populations:
        return False
    return not purpose.events or any(plan.policy.events[event].population in met for event in purpose.events)


def _stands(conn: Connection, plan: Plan, person: Session, purpose: Purpose) -> tuple[State | None, Permission]:
    """What holds for a person under all their references: any no first, then any yes; and the strictest way of asking."""
    standings = [plan.heard(standing) for standing in read_standings(conn, person.refs).values()]
    states = [standing.states[purpose.id] for standing in standings if purpose.id in standing.states]
    modes = [plan.mode(purpose, standing.regime) for standing in standings]
    mode = max(modes, key=lambda one: STRICTNESS[one], default=plan.mode(purpose, person.regime))
    no = next((state for state in states if state in PROHIBITIONS), None)
    return no or next(iter(states), None), mode


def _choice(plan: Plan, person: Session, purpose: Purpose, state: State | None, mode: Permission) -> Choice:
    off = state in PROHIBITIONS or (state is None and mode is Permission.ASK_BEFORE)
    if mode is Permission.NONE:
        return _needless(plan, purpose, state)
    if off:
        said = "You have not been asked, so we do not do it." if state is None else ACTS[state]
        return Choice(purpose, False, said, "", ("give", "Allow"), False)
    said = ACTS[state] if state is not None else "We do this until you say no."
    return Choice(purpose, not person.restricted, said, "", ("stop", "Take it back" if state is State.GIVEN else "Stop this"), False)


def _needless(plan: Plan, purpose: Purpose, state: State | None) -> Choice:
    why = f"We do not ask, because it rests on {BASES[purpose.basis]}."
    if not can_object(purpose):
        return Choice(purpose, True, why, "", None, False)
    if state is State.OBJECTED:
        return Choice(purpose, False, "You objected, so it has stopped. Somebody weighs it, unless that was done, and answers you.", why, None, True)
    return Choice(purpose, True, why, "You may object: it stops at once, and somebody weighs your reasons.", ("stop", "Object"), True)


def _choose(ask: Ask) -> Response:
    plan, person = ask.workspace.plan, ask.person
    purpose = next((one for one in concerning(plan, person) if one.id == ask.form.get("purpose")), None)
    word = ask.form.get("say")
    if purpose is None or word not in ("give", "stop"):
        raise Fault("bad-choice", "a choice names a purpose of yours and what you say to it")
    with ask.workspace.state.write() as conn:
        state, mode = _stands(conn, plan, person, purpose)
        done = _give(ask, conn, plan, purpose) if word == "give" else _stop(ask, conn, plan, purpose, state, mode)
    return ask.back("", done, p=purpose.id)


def _give(ask: Ask, conn: Connection, plan: Plan, purpose: Purpose) -> str:
    """A yes is said under each of the person's references, since a no under any of them would outweigh it."""
    if plan.mode(purpose, ask.person.regime) is Permission.NONE:
        raise Fault("bad-choice", "this purpose needs no permission")
    for ref in sorted(ask.person.refs):
        choices.say(ask.workspace, conn, ref, {purpose.id: State.GIVEN}, _evidence(ask, plan), now_micros())
    return "given"


def _stop(ask: Ask, conn: Connection, plan: Plan, purpose: Purpose, state: State | None, mode: Permission) -> str:
    if state is State.GIVEN and mode is not Permission.NONE:  # a yes that nothing rests on cannot be taken back, only objected beside
        choices.say(ask.workspace, conn, ask.person.ref, {purpose.id: State.WITHDRAWN}, _evidence(ask, plan), now_micros())
        return "withdrawn"
    if mode is Permission.ASK_BEFORE:
        choices.say(ask.workspace, conn, ask.person.ref, {purpose.id: State.REFUSED}, _evidence(ask, plan), now_micros())
        return "withdrawn"
    made = object_to(ask.workspace, conn, ask.person, purpose.id, ask.form.get("why", "")[:4_000])
    return "stopped" if made.closed else "weighed"


def _evidence(ask: Ask, plan: Plan) -> Evidence:
    regime = ask.person.regime
    return Evidence(Strength.EXPLICIT, "centre", plan.policy.version, choices.screen_of(plan.policy, regime), regime)


def _label(plan: Plan, id: str) -> str:
    if id.startswith(WAY):
        return ways.label_of(id.removeprefix(WAY))
    return plan.policy.purposes[id].label if id in plan.policy.purposes else capital(id)
