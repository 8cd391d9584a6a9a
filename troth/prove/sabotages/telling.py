"""Sabotages of what published pages say: each takes words out of them."""

from __future__ import annotations

import html
from collections.abc import Callable
from typing import Any

from troth import look
from troth.centre import pages
from troth.policy.model import Policy
from troth.prove.sabotage import sabotage

Changes = list[tuple[Any, Any, Any]]


def without(words: Callable[[Policy], list[str]]) -> Changes:
    """Pages as they are, but for some words of the policy."""
    honest = look.render

    def render(template: str, http: Any, *, status: int = 200, headers: Any = None, **context: Any) -> Any:
        made = honest(template, http, status=status, headers=headers, **context)
        policy = context.get("policy")
        return _blank(made, words(policy)) if isinstance(policy, Policy) else made

    def page(http: Any, policy: Policy, *rest: Any) -> Any:
        return _blank(whole(http, policy, *rest), words(policy))

    whole = pages._page
    return [(look, "render", render), (pages, "_page", page)]


def _blank(made: Any, words: list[str]) -> Any:
    text = bytes(made.body).decode()
    for word in words:
        text = text.replace(str(html.escape(word)), "…").replace(word, "…")
    made.body = text.encode()
    made.headers["content-length"] = str(len(made.body))
    return made


@sabotage("the notice does not name the data protection officer")
def hide_the_officer() -> Changes:
    return without(lambda policy: [policy.organisation.officer, policy.organisation.officer.lower()])


@sabotage("the notice does not say when it was last changed")
def hide_the_date() -> Changes:
    return without(lambda policy: [f"{policy.changed_on.day} {policy.changed_on:%B %Y}"])


@sabotage("the notice leaves a purpose out")
def hide_a_purpose() -> Changes:
    return without(lambda policy: [next(iter(policy.purposes.values())).notice[:60]])


@sabotage("the notice says nothing of children")
def hide_the_children_clause() -> Changes:
    return without(lambda policy: [policy.notice.children[:40]])


@sabotage("earlier texts of the policy cannot be read")
def hide_versions() -> Changes:
    return without(lambda policy: [next(iter(policy.purposes.values())).notice[:60]])


@sabotage("nobody is told what they lose by withdrawing")
def hide_what_is_lost() -> Changes:
    return without(lambda policy: [purpose.loses[:25] for purpose in policy.purposes.values() if purpose.loses])


@sabotage("complaints are answered without naming the regulator")
def hide_the_regulator() -> Changes:
    return without(lambda policy: ["Information Commissioner"])


@sabotage("the statement of measures is empty")
def hide_measures() -> Changes:
    return without(lambda policy: ["<li"])
