"""Sabotages of disclosure: each takes one rule out of the gate's list."""

from __future__ import annotations

from typing import Any

from troth.disclose import register, told
from troth.gate import disclosure
from troth.gate.disclosure import CHECKS, Mechanism
from troth.prove.sabotage import sabotage

Changes = list[tuple[Any, Any, Any]]


def _without(*rules: str) -> Changes:
    return [(CHECKS, rule, lambda facts: None) for rule in rules]


@sabotage("personal data may be sold")
def allow_sales() -> Changes:
    return _without("sale")


@sabotage("anyone may receive data")
def allow_unknown_recipients() -> Changes:
    return _without("recipient", "terms", "items")


@sabotage("suppliers may use data for whatever they like")
def allow_own_purposes() -> Changes:
    return _without("purpose", "items", "person")


@sabotage("what a person said is not asked when data is handed over")
def hand_over_whatever_was_said() -> Changes:
    return _without("person")


@sabotage("whoever works for us receives what any form took")
def forget_what_a_form_said() -> Changes:
    return [(register, "_announced_to", lambda workspace, conn, plan, person, question: None)]


@sabotage("suppliers get every field they ask for")
def hand_over_everything() -> Changes:
    return _without("items")


@sabotage("disclosures need no evidence")
def skip_evidence() -> Changes:
    return _without("evidence")


@sabotage("any reason is a legal reason")
def allow_any_reason() -> Changes:
    return _without("reason", "evidence")


@sabotage("nobody looks what protects a transfer")
def ignore_transfers() -> Changes:
    return [(disclosure, "mechanism_to", lambda facts: Mechanism.HOME)]


@sabotage("the statement on sale says nothing of what was counted")
def guess_sales() -> Changes:
    honest = told.sale_statement

    def statement(workspace: Any, since: Any = None) -> Any:
        from dataclasses import replace

        return replace(honest(workspace, since), sales=7)

    return [(told, "sale_statement", statement)]


@sabotage("people are not told who received their data")
def empty_disclosures() -> Changes:
    from troth.rights import access

    return [(access, "_disclosures", lambda known, conn, refs: [])]
