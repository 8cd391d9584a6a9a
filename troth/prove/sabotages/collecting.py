"""Sabotages of what comes in."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

from troth.base import clock
from troth.collect import comments, people, pipeline, web
from troth.collect.agents import Agent
from troth.collect.door import Door
from troth.collect.pipeline import STEPS, Draft, Reader
from troth.gate.reasons import Reason
from troth.policy.conduct import DoNotTrack
from troth.policy.model import Policy
from troth.prove.sabotage import sabotage
from troth.reports import events
from troth.subjects import keys
from troth.subjects.directory import IdentifierKind

Changes = list[tuple[Any, Any, Any]]


def _after(step: Any, change: Any) -> tuple[Any, Any, Any]:
    """A step of the pipeline followed by a change of the draft."""

    def broken(reader: Reader, draft: Draft) -> None:
        step(reader, draft)
        change(draft)

    return (STEPS, STEPS.index(step), broken)


def _pages_with(wrong: dict[str, str]) -> Changes:
    """What is read of every page, with something else in its place."""
    honest = Reader._page
    return [(Reader, "_page", lambda self, url, path, referrer: honest(self, url, path, referrer) | wrong)]


@sabotage("which page was viewed is not told apart")
def blur_pages() -> Changes:
    return _pages_with({"page.route": "(other)", "visit.landing": "(other)"})


@sabotage("properties and form fields are thrown away")
def ignore_fields() -> Changes:
    return [(STEPS, STEPS.index(Reader.put_declared), lambda reader, draft: None)]


@sabotage("every visit is said to come from a search engine")
def invent_a_source() -> Changes:
    return _pages_with({"visit.source": "google", "visit.medium": "organic", "referrer.host": "www.google.com"})


@sabotage("internet addresses are not kept")
def forget_addresses() -> Changes:
    return [_after(Reader.put_network, lambda draft: draft.items.pop("device.ip", None))]


@sabotage("browsers are not recognised")
def forget_browsers() -> Changes:
    return [_after(Reader.put_agent, lambda draft: draft.items.update({"device.browser": "unknown"}))]


@sabotage("operating systems are guessed")
def guess_systems() -> Changes:
    return [_after(Reader.put_agent, lambda draft: draft.items.update({"device.os": "Windows"}))]


@sabotage("every visitor is said to accept cookies")
def assume_cookies_accepted() -> Changes:
    return [_after(Reader.put_network, lambda draft: draft.items.update({"cookie.accepted": "accepted"}))]


@sabotage("robots are counted as people")
def count_robots() -> Changes:
    return [(pipeline, "recognise", lambda agent: Agent("Firefox", "140", "Linux", "desktop", None))]


@sabotage("fields the policy does not declare are dropped in silence")
def hide_undeclared() -> Changes:
    return [(Reader, "_drop_item", lambda self, draft, group, name: None)]


@sabotage("a visitor without a cookie is recognised by address and browser")
def fingerprint() -> Changes:
    def recognise(draft: Draft) -> None:
        if not draft.people:
            draft.people = [(IdentifierKind.ANONYMOUS, f"{draft.origin.address}|{draft.origin.agent}")]

    return [_after(Reader.name_people, recognise)]


@sabotage("visitors at one address are taken for one person")
def join_by_address() -> Changes:
    def join(draft: Draft) -> None:
        if draft.people:
            draft.people = [(IdentifierKind.ANONYMOUS, draft.origin.address)]

    return [_after(Reader.name_people, join)]


@sabotage("a returning visitor is taken for a new one each time")
def forget_visitors() -> Changes:
    return [(people.People, "hash", lambda self, kind, value: os.urandom(16))]


@sabotage("required fields may be missing")
def require_nothing() -> Changes:
    return [(STEPS, STEPS.index(Reader.require_items), lambda reader, draft: None), (web, "lacks", lambda policy, event, fields: False)]


@sabotage("a comment is taken without its warning")
def skip_the_warning() -> Changes:
    class Anything(str):
        __hash__ = str.__hash__

        def __eq__(self, other: object) -> bool:
            return True

        def __ne__(self, other: object) -> bool:
            return False

    honest = comments.warning_of
    return [(web, "warning_of", lambda policy: (Anything(honest(policy)[0]), honest(policy)[1]))]


@sabotage("the channel that details came by is not noted")
def forget_channels() -> Changes:
    return [(STEPS, STEPS.index(Reader.put_channel), lambda reader, draft: None)]


@sabotage("what an event brings is kept as something else")
def lose_items() -> Changes:
    return [_after(Reader.name_people, lambda draft: draft.items.update(dict.fromkeys(draft.items, "something else")))]


@sabotage("what belongs to one sort of people is taken about anyone")
def hold_about_anyone() -> Changes:
    return [(Reader, "_drop_item", lambda self, draft, group, name: draft.drop_item(Reason.UNDECLARED_ITEM))]


@sabotage("which device was used is not told apart")
def forget_the_device() -> Changes:
    return [_after(Reader.put_agent, lambda draft: draft.items.update({"device.kind": "unknown"}))]


@sabotage("everything bears the same time")
def stop_the_clock() -> Changes:
    return [(events, "instant", lambda at: clock.instant(0))]


@sabotage("any site may send")
def trust_every_origin() -> Changes:
    return [(Door, "_check_origin", lambda self, workspace, headers: None)]


@sabotage("a browser that asks not to be tracked is asked otherwise")
def honour_do_not_track() -> Changes:
    def otherwise(policy: Policy, *rest: Any, **more: Any) -> Any:
        return honest(replace(policy, asking=replace(policy.asking, do_not_track=DoNotTrack.HONOUR)), *rest, **more)

    honest = web.asking
    return [(web, "asking", otherwise)]


@sabotage("what should be sealed rests readable")
def rest_in_the_open() -> Changes:
    seal: Any = lambda self, ref, keep, event, payload: payload  # noqa: E731
    unseal: Any = lambda self, ref, keep, event, sealed: sealed  # noqa: E731
    return [(keys.KeyRing, "seal", seal), (keys.KeyRing, "open", unseal)]
