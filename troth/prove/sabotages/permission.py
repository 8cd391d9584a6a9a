"""Sabotages of the gate and of what people said."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from troth.collect import choices, nobody, web
from troth.consent.record import PROHIBITIONS
from troth.gate import decide as deciding
from troth.gate import plan as planning
from troth.gate.plan import Plan, RowClass
from troth.gate.then import Then
from troth.policy.model import Purpose
from troth.prove.sabotage import sabotage
from troth.store import view as viewing

Changes = list[tuple[Any, str, Any]]

# The plan remembers treatments; a sabotage of how they are worked out must not meet remembered ones.
FORGETFUL: Changes = [(Plan, "treatment", lambda self, event, standing: self._work_out(event, standing))]


@sabotage("the gate permits whatever it is asked, whatever people said")
def skip_consent() -> Changes:
    return [*FORGETFUL, (planning, "permits", lambda state, mode: None), (planning, "can_object", lambda purpose: False)]


@sabotage("who refuses is followed like anybody")
def follow_those_who_refuse() -> Changes:
    return [*skip_consent(), (nobody, "refuse_latecomers", lambda conn, hashed, at: None)]


@sabotage("what people said stops nothing, neither at collection nor at a question")
def do_it_anyway() -> Changes:
    return [*skip_consent(), (Plan, "serves", lambda self, kind, purpose: True), (viewing.Views, "_denied", lambda self, conn, grant, links: ())]


@sabotage("a withdrawal is recorded but changes nothing at collection")
def ignore_withdrawals() -> Changes:
    def permits(state: Any, mode: Any) -> Any:
        return None if state in PROHIBITIONS else honest(state, mode)

    honest = planning.permits
    return [*FORGETFUL, (planning, "permits", permits)]


@sabotage("people who said no stay in every view")
def show_those_who_said_no() -> Changes:
    honest = viewing.Views._denied

    def denied(self: Any, conn: Any, grant: Any, links: Any) -> tuple[int, ...]:
        hidden = honest(self, conn, grant, links)
        said_no = {row[0] for row in conn.exec_driver_sql("SELECT ref FROM standing WHERE state <> 'given'")}
        return tuple(ref for ref in hidden if ref not in said_no)

    return [(viewing.Views, "_denied", denied)]


@sabotage("any purpose may be asked for and sees every row")
def any_purpose() -> Changes:
    def view_rule(self: Plan, purpose: str) -> Any:
        found: Purpose = self.policy.purposes.get(purpose) or next(iter(self.policy.purposes.values()))
        return planning.ViewRule(found, frozenset(self.policy.items), None)

    return [(Plan, "view_rule", view_rule), (Plan, "serves", lambda self, kind, purpose: True)]


@sabotage("every purpose sees every item")
def show_every_item() -> Changes:
    honest = Plan.view_rule

    def view_rule(self: Plan, purpose: str) -> Any:
        rule = honest(self, purpose)
        return replace(rule, items=frozenset(self.policy.items)) if rule else None

    def items(self: Then, version: str, purpose: Purpose) -> frozenset[str]:
        then = self.policy(version)
        return frozenset(then.items) if then else frozenset()

    return [(Plan, "view_rule", view_rule), (Then, "items", items)]


@sabotage("any purpose sees every item of every row")
def use_for_anything() -> Changes:
    def items(self: Then, version: str, purpose: Purpose) -> frozenset[str]:
        then = self.policy(version)
        return frozenset(then.items) if then else frozenset()

    return [*any_purpose(), (Then, "items", items)]


@sabotage("any role may act for any purpose")
def any_role() -> Changes:
    honest = deciding._query

    def query(purpose: str, role: str, items: frozenset[str], plan: Plan) -> Any:
        for able in plan.policy.roles:
            verdict = honest(purpose, able, items, plan)
            if isinstance(verdict, deciding.Permit):
                return verdict
        return honest(purpose, role, items, plan)

    return [(deciding, "_query", query)]


@sabotage("the banner asks about nothing")
def hide_the_question() -> Changes:
    return [(choices, "askable", lambda policy, regime: [])]


@sabotage("everybody is treated as if no strict law covered them")
def forget_the_law() -> Changes:
    from troth.collect import pipeline, regime

    def loosest(policy: Any, time_zone: Any, country: Any = None) -> str:
        return "elsewhere"

    return [(pipeline, "regime_for", loosest), (regime, "regime_for", loosest), (web, "regime_for", loosest)]


@sabotage("rows collected for one purpose serve another")
def serve_other_purposes() -> Changes:
    def serves(self: Plan, kind: RowClass, purpose: Purpose) -> bool:
        return True

    return [(Plan, "serves", serves)]


@sabotage("choices that a person makes are not recorded")
def forget_choices() -> Changes:
    return [(choices, "_record", lambda *_args: None)]


@sabotage("who keeps out of the figures is counted all the same")
def count_those_who_left() -> Changes:
    return [(viewing.Views, "_denied", lambda self, conn, grant, links: ())]


@sabotage("messages go to everybody, whatever they said")
def write_to_everybody() -> Changes:
    def denial(self: Plan, purpose: Purpose, standing: Any) -> Any:
        return None

    return [*FORGETFUL, (Plan, "denial", denial)]
