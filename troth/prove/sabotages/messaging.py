"""Sabotages of messages: who gets them, and what ends them."""

from __future__ import annotations

from typing import Any

from troth.collect import choices, pipeline, twice, web
from troth.consent.record import PROHIBITIONS
from troth.disclose import composing, forwarding, mailing, outbox, spoken, stopped, texts, trackers, unsubscribe
from troth.gate.admit import admit_message
from troth.gate.reasons import Reason, Refused
from troth.prove.sabotage import sabotage

Changes = list[tuple[Any, Any, Any]]


@sabotage("leaving a list by its link changes nothing")
def forget_who_left() -> Changes:
    return [(unsubscribe, "end", lambda *_said: {})]


@sabotage("what somebody tells one of us is written down and changes nothing")
def forget_what_was_told() -> Changes:
    return [(spoken, "end", lambda *_said: {}), (stopped, "stop", lambda *_said: False)]


@sabotage("a STOP is read like any other text")
def ignore_stop() -> Changes:
    return [(texts, "understood", lambda body, opt_out, rules: texts.Meant.WORDS)]


@sabotage("a text or letter need not say how to end such messages")
def send_without_a_way_out() -> Changes:
    return [(composing, "check_carries", lambda *_said: None), (mailing, "check_carries", lambda *_said: None)]


@sabotage("whoever wants no offers gets no message at all")
def let_one_no_end_all() -> Changes:
    honest = admit_message

    def admit(conn: Any, log: Any, plan: Any, purpose: str, channel: str, standing: Any, kind: str) -> int:
        if standing is not None and PROHIBITIONS & set(standing.states.values()):
            raise Refused(Reason.OBJECTED, purpose)
        return honest(conn, log, plan, purpose, channel, standing, kind)

    return [(outbox, "admit_message", admit)]


@sabotage("messages go to people whom they are not meant for, and nobody says so")
def write_to_those_not_meant() -> Changes:
    return [(mailing, "_about", lambda policy, purpose: tuple(policy.populations))]


@sabotage("nobody counts how many messages somebody had")
def forget_how_often() -> Changes:
    return [(outbox, "is_one_too_many", lambda *_said: False)]


@sabotage("half of a form is taken for all of it")
def take_half_a_form() -> Changes:
    at = pipeline.STEPS.index(pipeline.Reader.require_items)
    return [(web, "lacks", lambda policy, event, fields: False), (pipeline.STEPS, at, lambda reader, draft: None)]


@sabotage("nothing is said beside a form of what its messages are like")
def say_nothing_beside_the_form() -> Changes:
    honest = choices.form_words
    return [(choices, "form_words", lambda policy, event: honest(policy, event) | {"says": []})]


@sabotage("nothing can be bought without agreeing to messages")
def make_texts_a_condition() -> Changes:
    return [(web, "lacks", lambda policy, event, fields: "agree" not in fields)]


@sabotage("whatever address is typed into a form is on the list")
def believe_any_form() -> Changes:
    return [(twice, "hold", lambda *_said: False)]


@sabotage("what becomes of a mail is noticed of everybody")
def notice_everybody() -> Changes:
    return [(trackers, "may_notice", lambda plan, standing, rules: frozenset(rules.tracks if rules else ()))]


@sabotage("a demand for no more messages never reaches the client concerned")
def keep_it_from_the_client() -> Changes:
    return [(forwarding, "_tell", lambda client, spoken: False)]

