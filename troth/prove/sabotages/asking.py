"""Sabotages of how people are asked and of what counts as their answer."""

from __future__ import annotations

from typing import Any

from troth.collect import choices, web
from troth.consent.record import State
from troth.gate import plan as planning
from troth.policy.conduct import AskMode
from troth.prove.sabotage import sabotage
from troth.prove.sabotages.permission import FORGETFUL
from troth.prove.sabotages.telling import without
from troth.rights import accepted, access

Changes = list[tuple[Any, Any, Any]]


def _asked_with(change: Any) -> Changes:
    """What a browser is told, changed."""
    honest = web.asking
    return [(web, "asking", lambda *given, **more: change(honest(*given, **more)))]


@sabotage("the notice leads to pages that are not there")
def hide_the_way_out() -> Changes:
    return _asked_with(lambda told: told | {"policy_url": told["policy_url"] + "-of-somebody-else"})


@sabotage("a banner is shown where refusing is left to the browser")
def ask_by_banner() -> Changes:
    return _asked_with(lambda told: told | {"asking": told["asking"] | {"mode": str(AskMode.OPT_OUT)}})


@sabotage("nobody reads how a browser refuses cookies")
def hide_browser_help() -> Changes:
    return without(lambda policy: [policy.asking.browser_help[:40]])


@sabotage("whatever somebody does is a yes that was given")
def take_use_for_consent() -> Changes:
    no: Any = lambda policy, purpose, regime: False  # noqa: E731
    return [*FORGETFUL, (choices, "wants_one_given", no), (planning, "wants_one_given", no)]


@sabotage("a no that comes with a yes is not heard")
def hear_only_yes() -> Changes:
    honest = choices.say

    def say(workspace: Any, conn: Any, ref: int, acts: Any, *rest: Any) -> int:
        return honest(workspace, conn, ref, dict.fromkeys(acts, State.GIVEN), *rest)

    return [(choices, "say", say)]


@sabotage("use of the site is noted as an explicit yes")
def take_notice_for_consent() -> Changes:
    honest = accepted._used
    return [(accepted, "_used", lambda *given: honest(*given) | {"strength": "explicit"})]




@sabotage("whoever uses the site is said to have agreed")
def take_everybody_for_agreed() -> Changes:
    return [(access, "agreement", lambda workspace, conn, refs: {"status": "agreed", "policy_version": workspace.policy.version, "at": "now"})]
