"""Sabotages of the chat, of what is looked for in people's words, and of children."""

from __future__ import annotations

from typing import Any

from troth.centre import chat as chat_pages
from troth.collect import chat, free_text
from troth.collect.children import ChildRule
from troth.collect.origins import Origins
from troth.disclose import announce, reply
from troth.prove.sabotage import sabotage
from troth.reports import events

Changes = list[tuple[Any, Any, Any]]


@sabotage("what was said in a chat comes back in another order")
def shuffle_the_chat() -> Changes:
    honest = chat.lines
    return [(chat, "lines", lambda *given, **more: list(reversed(honest(*given, **more))))]


@sabotage("the chat answers any site")
def chat_anywhere() -> Changes:
    return [(Origins, "headers", lambda self, http: {"access-control-allow-origin": http.headers.get("origin", "*")})]


@sabotage("no page has a chat")
def hide_the_chat() -> Changes:
    return [(chat, "offer_of", lambda policy: None)]


@sabotage("nothing that is written in the chat is heard as a wish")
def deaf_chat() -> Changes:
    return [(chat_pages, "wish_in", lambda text: None)]


@sabotage("a child's age means nothing")
def take_children() -> Changes:
    return [(ChildRule, "declared", lambda self, given, on, group="properties": False)]


@sabotage("words of special categories are overlooked")
def overlook_words() -> Changes:
    return [(free_text, "categories_in", lambda text: ())]


@sabotage("numbers of cards and identities stay in what people write")
def overlook_numbers() -> Changes:
    return [(free_text, "numbers_in", lambda text: [])]


@sabotage("identity numbers are shown whole to everybody")
def show_identity_numbers() -> Changes:
    return [(events, "mask", lambda value: str(value))]


@sabotage("an answer goes to whoever was written to last, not to the address that was given")
def reply_elsewhere() -> Changes:
    honest = announce.address_of
    return [(reply, "address_of", lambda *given: ("somebody.else@people.example", honest(*given)[1]))]
