"""What would be stored of an event, and why? `troth policy show`, in words, as a table or as JSON."""

from __future__ import annotations

from pathlib import Path

import click

from troth.base.clock import now
from troth.base.errors import Fault
from troth.commands import data_option, json_option, say, say_each, tell, workspace_of
from troth.consent.record import State
from troth.gate.plan import Plan
from troth.gate.shown import ItemShown, PurposeShown, Shown, Stored, standing_of
from troth.gate.shown import show as show_event
from troth.policy.finding import quoted
from troth.policy.model import Policy, permission_under
from troth.policy.parse import read_policy
from troth.policy.words import PERMISSIONS


@click.command("show")
@click.argument("what", metavar="FILE_OR_NAME")
@click.option("--event", default=None, help="the event to explain, such as `page-view`")
@click.option("--with", "given", default="", help="purposes the person said yes to, with commas between")
@click.option("--standing", "said", default="", help="what the person said: `purpose=given` (or refused, withdrawn, objected), with commas between")
@click.option("--regime", default="", help="the law that covers the person (default: the policy's own default)")
@click.option("--restricted", is_flag=True, help="the person's data is restricted to storage")
@click.option("--nobody", is_flag=True, help="the event says nothing of whom it is about")
@data_option
@json_option
def show(what: str, event: str | None, given: str, said: str, regime: str, restricted: bool, nobody: bool, data: Path | None, as_json: bool) -> None:
    """What would be stored of an event, item by item, and why; without --event, how permission works for each purpose.

    FILE_OR_NAME is a policy file, or a workspace whose policy in force is meant. The answer is the gate's own.
    """
    policy = read_policy(Path(what), now().date()) if what.endswith((".yaml", ".yml")) else workspace_of(data, what).policy
    if event is None:
        _tell_purposes(policy, as_json)
        return
    plan = Plan(policy)
    states = {purpose: State.GIVEN for purpose in _listed(given)} | _states(said)
    shown = show_event(plan, event, standing_of(plan, event, states, regime, restricted, nobody), now())
    tell(as_json, shown.as_json(), lambda value: _tell(shown, nobody))


def _tell_purposes(policy: Policy, as_json: bool) -> None:
    rows = [
        {"purpose": one.id, "basis": str(one.basis)} | {law: str(permission_under(policy, one, law)) for law in policy.regimes}
        for one in policy.purposes.values()
    ]
    told = {"version": policy.version, "purposes": rows}
    tell(as_json, told, lambda value: say_each("  ".join(str(cell) for cell in row.values()) for row in rows))


def _listed(words: str) -> list[str]:
    return [word.strip() for word in words.split(",") if word.strip()]


def _states(said: str) -> dict[str, State]:
    found: dict[str, State] = {}
    for pair in _listed(said):
        purpose, _, word = pair.partition("=")
        if word == "not-asked":
            continue
        if word not in set(State):
            known = ", ".join([*map(str, State), "not-asked"])
            raise Fault("not-a-standing", f"{quoted(pair)} does not say what the person said", help=f"write `purpose=` and one of {known}")
        found[purpose.strip()] = State(word)
    return found


def _tell(shown: Shown, nobody: bool) -> None:
    whom = "nobody it names" if nobody else f"somebody under {shown.regime}"
    said = ", ".join(f"{purpose} {state}" for purpose, state in shown.said.items()) or "nothing yet"
    say(f"{shown.event} ({shown.label.lower()}), about {whom}, who said: {said}")
    say(_stored(shown))
    rows = [("item", "fate", "for", "how, or why not")] + [_row(item) for item in shown.items]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    say("")
    for row in rows:
        say("  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[3]]))
    say("")
    for purpose in shown.purposes:
        say(_about(purpose))


def _row(item: ItemShown) -> tuple[str, str, str, str]:
    kept = f"{item.why}; kept by {item.keep}" if item.keep else item.why
    return item.item, str(item.fate), " ".join(item.purposes) or "-", kept


def _stored(shown: Shown) -> str:
    reason = f": {shown.reason}" if shown.reason else ""
    match shown.stored:
        case Stored.ALL:
            return f"it is kept, under the person's reference, with {shown.when}"
        case Stored.REMAINDER:
            return f"only an anonymous remainder is kept, about nobody, with {shown.when}{reason}"
        case Stored.NOTHING:
            return f"nothing is kept; the refusal is counted{reason}"


def _about(purpose: PurposeShown) -> str:
    verdict = f"refused ({purpose.reason})" if purpose.reason else "permitted"
    stricter = f"; the policy says {purpose.policy_says}, and the law ({purpose.law}) is stricter" if purpose.law else ""
    clauses: dict[str, list[str]] = {}
    for id, clause in purpose.promises:
        clauses.setdefault(clause, []).append(id)
    promised = "; ".join(f"{clause} ({', '.join(ids)})" for clause, ids in clauses.items()) or "no promise names it"
    asked = f"{PERMISSIONS[purpose.holds]}, on the basis of {_basis(purpose)}{stricter}"
    return f"{purpose.purpose}: {verdict}: {purpose.sentence}\n    {asked}\n    {promised}"


def _basis(purpose: PurposeShown) -> str:
    return purpose.basis.replace("-", " ")


