"""Proofs of what the published texts say."""

from __future__ import annotations

import html
import re

from troth.policy.notice import live_recipients
from troth.prove.registry import proves
from troth.prove.world import World, check


def _text(page: str) -> str:
    """A page's words, without its marks."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


@proves(sabotage="hide-the-officer")
def the_notice_names_the_officer(world: World) -> None:
    check(world.policy.organisation.officer in _text(world.page("/policy")), "the notice does not name the data protection officer")


@proves(sabotage="hide-the-date")
def the_notice_ends_with_the_date_of_its_last_change(world: World) -> None:
    changed = world.policy.changed_on
    page = _text(world.page("/policy"))
    written = f"{changed.day} {changed:%B %Y}"
    check(written in page, "the notice does not say when it was last changed")
    check(page.rindex(written) > len(page) * 0.8, "the date of the last change does not stand at the bottom")


@proves(sabotage="hide-a-purpose")
def the_notice_says_everything_and_has_a_californian_part(world: World) -> None:
    page = _text(world.page("/policy"))
    for purpose in world.policy.purposes.values():
        check(purpose.notice[:60] in page, f"the notice says nothing of purpose {purpose.id}")
    for recipient in live_recipients(world.policy):
        check(recipient.label in page, f"the notice does not name recipient {recipient.id}")
    check("California" in page, "the notice has no part for California")


@proves(sabotage="hide-the-children-clause")
def the_notice_says_that_children_are_not_meant(world: World) -> None:
    check(world.policy.notice.children[:40] in _text(world.page("/policy")), "the notice says nothing of children")
    answer = world.post("/forms/contact", {"fields": {"name": "Someone", "email": world.address(), "age": "12"}})
    check(answer["status"] == 403 and answer.get("code") == "child", "a form that declares a child's age was taken")
    answer = world.post("/forms/contact", {"fields": {"name": "Someone", "email": world.address(), "age": "42"}})
    check(answer["status"] == 200, "a form that declares an adult's age was refused")


@proves(sabotage="hide-versions")
def every_version_has_an_effective_date_and_a_permanent_place(world: World) -> None:
    page = _text(world.page("/policy/versions"))
    check(world.policy.version in page, "the version in force is not listed")
    kept = _text(world.page(f"/policy/versions/{world.policy.version}"))
    check(next(iter(world.policy.purposes.values())).notice[:60] in kept, "a version cannot be read at its own address")
