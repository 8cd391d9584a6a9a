"""Proofs of what is published, with whose word, and of messages that somebody can decline."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from troth.policy.model import EventType
from troth.prove.registry import proves
from troth.prove.world import Told, World, check


def _published(world: World, purpose: str, words: str) -> bool:
    """Whether these words can be read by everyone, and by whoever works with them. What a proof made up is shown to nobody."""
    own = any(words in str(row["items"]) for row in world.events(purpose))
    if world.canary:
        return own
    answer = world.http.get(f"/{world.workspace}/published/{purpose}")
    check(answer.status_code == 200, "what is published cannot be read")
    everyone = words in answer.text
    check(own is everyone, "what everyone may read is not what those see who work with it")
    return everyone


@proves(sabotage="do-it-anyway")
def words_are_published_with_a_yes_alone_and_taken_down_without(world: World, purpose: str, item: str) -> None:
    found = world.policy.purposes[purpose]
    event = world.policy.events[found.events[0]]
    known = world.known(next(one for one in world.policy.events.values() if one.population == event.population and "contact.email" in one.items))
    others = {one: True for one in world.policy.purposes if one != purpose}
    for said in (others, others | {purpose: False}):
        silent = world.tell(event, willing=said)
        check(not _published(world, purpose, str(silent.values[item])), "words are published of somebody who did not agree")
    told = world.tell(event, account=known.account)
    words = str(told.values[item])
    check(told.answer.get("stored") == 1 and _published(world, purpose, words), "words are not published of somebody who agreed")
    check(known.account not in world.http.get(f"/{world.workspace}/published/{purpose}").text, "an address stands beside what is published")
    with world.centre().by_mail(str(known.values["contact.email"])) as centre:
        centre.post("/choices", purpose=purpose, say="stop")
    check(not _published(world, purpose, words), "words stay published after somebody took back their yes")


@proves(sabotage="write-to-everybody")
def a_message_is_sent_and_logged_but_not_to_who_objected(world: World, purpose: str) -> None:
    event = next(one for one in world.policy.events.values() if one.id in world.policy.purposes[purpose].events and "contact.email" in one.items)
    for willing in (True, False):
        known = world.known(event)
        address, words = str(known.values["contact.email"]), "What do you think of us? " + secrets.token_hex(8)
        if not willing:
            with world.centre().by_mail(address) as centre:
                centre.post("/choices", purpose=purpose, say="stop")
        body = {"person": {"account": known.account}, "purpose": purpose, "subject": "A question", "text": words, "operator": "proof"}
        answer = world.program("POST", "/messages", body)
        if willing:
            check(answer.get("became") == "told" and answer.get("mailing"), "a message was not sent and logged")
            check(words in world.letter_to(address), "a message did not come to who may be written to")
        else:
            check(answer.get("became") == "not-permitted", "a message to somebody who objected was not refused")
            check(words not in world.letter_to(address), "a message came to somebody who objected")


_ENOUGH = 1  # one more than the policy's threshold, so that one may leave


@dataclass(frozen=True, slots=True)
class Reported:
    """What somebody reports for a purpose's figures: which event, the property of its group, the property of a number."""

    event: EventType
    group: str
    number: str

    def by(self, world: World, account: str, group: str, number: int) -> None:
        """One report."""
        fields: dict[str, Any] = {self.group: group, self.number: number}
        answer = world.send("track", userId=account, event=self.event.name, context={"timezone": "Asia/Tokyo"}, properties=fields)
        check(answer.get("stored") == 1, "a customer's figures were not kept")


def _reported(world: World, purpose: str) -> Reported:
    event = world.policy.events[world.policy.purposes[purpose].events[0]]
    plain = [world.policy.items[item] for item in event.items if not world.policy.items[item].personal]
    found = {one.values: one.at[0].partition(".")[2] for one in reversed(plain)}
    check({"word", "number"} <= found.keys(), f"{event.id} brings no figures in groups")
    return Reported(event, found["word"], found["number"])


def _count(world: World, purpose: str, period: str) -> tuple[int | None, dict[str, float]]:
    answer = world.program("GET", f"/figures?purpose={purpose}&role={world.role(purpose)}")
    check(answer["status"] == 200, "the figures cannot be asked for")
    row: dict[str, Any] = next((one for one in answer["rows"] if one["group"] == period), {"contributors": 0, "averages": {}})
    return row["contributors"], row["averages"]


@proves(sabotage="count-those-who-left")
def who_opts_out_is_left_out_of_the_next_figures(world: World, purpose: str) -> None:
    known, period, report = _customer(world), "p" + secrets.token_hex(4), _reported(world, purpose)
    least = world.policy.aggregates.threshold
    report.by(world, known.account, period, 999_000)
    check(_count(world, purpose, period)[0] is None, "figures of too few are not held back")
    for _ in range(least):
        report.by(world, world.address(), period, 1_000)
    whole, before = _count(world, purpose, period)
    check(whole == least + _ENOUGH and before, "the contributors of a figure are not counted")
    with world.centre().by_mail(str(known.values["contact.email"])) as centre:
        centre.post("/choices", purpose=purpose, say="stop")
        left, without = _count(world, purpose, period)
        check(left == least and without != before, "the next figures do not leave out who opted out")
        check(set(without.values()) == {1000.0}, "what somebody brought who opted out still counts")
        centre.post("/choices", purpose=purpose, say="give")
    check(_count(world, purpose, period) == (whole, before), "who opts in again is not counted again")


def _customer(world: World) -> Told:
    events = [one for one in world.policy.events.values() if one.population in world.policy.aggregates.opt_out and one.call == "group"]
    check(events, "nobody may keep themselves out of what is published")
    return world.known(events[0])
