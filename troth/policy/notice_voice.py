"""Who speaks in a notice? A policy's own texts and one language's fixed phrases, put together sentence by sentence.

Where the policy's texts are in another language than the phrases, each run of them is marked, so that a page can say which
language it is in and nothing changes language unseen. What the sentences say is decided in the `notice_*` files.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from troth.policy.language import Language, capital, language
from troth.policy.model import Cookie, Item, Policy, Recipient
from troth.policy.notice_texts import in_language
from troth.policy.page import FOREIGN, HOME, Block, Paragraph, Part, bare

SILENT = "unstated"


@dataclass(frozen=True, slots=True)
class Voice:
    """`words` are the phrases spoken in; `own` those of the language that the policy's texts are in."""

    policy: Policy
    words: Language
    own: Language

    @property
    def mixed(self) -> bool:
        """Whether the policy's own texts stand in another language."""
        return self.words.id != self.own.id

    def say(self, key: str, **filled: object) -> str:
        return self.words.say(key, **filled)

    def text(self, own: str) -> str:
        """A text of the policy's own."""
        words = bare(own)
        return f"{FOREIGN}{words}{HOME}" if self.mixed and words else words

    def texts(self, own: Iterable[str], last: str = "and") -> str:
        """Texts of the policy's own, as its own language lists them; empty when there are none."""
        every = list(own)
        return self.text(self.own.listed(every, last)) if every else ""

    def listed(self, words: Iterable[str], last: str = "and") -> str:
        return self.words.listed(words, last)

    def length(self, kept: timedelta | None) -> str:
        return self.words.length(kept)

    def labels(self, items: Iterable[str]) -> str:
        known = (self.policy.items[id] for id in items if id in self.policy.items)
        return self.cell(item.label for item in known if there(self.policy, item))

    def cell(self, own: Iterable[str]) -> str:
        """Texts of the policy's own where a table or a term lists them, apart however many `and` they hold."""
        return self.text("; ".join(dict.fromkeys(own)))

    def uses(self, purposes: Iterable[str], last: str = "and") -> str:
        """Purposes inside a sentence, by the headings they have in the notice."""
        labels = (self.policy.purposes[id].label for id in purposes if id in self.policy.purposes)
        quoted = [self.say("quote", text=self.text(label)) for label in labels]
        return self.words.row(quoted, last) if quoted else ""

    def uses_cell(self, purposes: Iterable[str]) -> str:
        return self.cell(self.own.small(self.policy.purposes[id].label) for id in purposes if id in self.policy.purposes)

    def people(self, populations: Iterable[str]) -> str:
        return self.texts((self.policy.populations[id].label for id in populations if id in self.policy.populations), "or")

    def measure(self, id: str) -> str:
        """A measure of security in a sentence; one that a policy names by itself, by its name."""
        return self.say(f"measures.{id}") if self.words.has(f"measures.{id}") else capital(self.text(id.replace("-", " ")))

    def stated(self, key: str, value: StrEnum | None, **filled: object) -> list[Block]:
        """What is said of a word of the policy's language; nothing of one that leaves it unsaid."""
        if value is None or value == SILENT:
            return []
        return [Paragraph(self.say(f"{key}.{value}", **filled))]

    def part(self, id: str, heading: str, blocks: Iterable[Block], parts: Iterable[Part] = ()) -> Part | None:
        """A part, or None when there is nothing to say in it."""
        said, inner = tuple(blocks), tuple(parts)
        return Part(id, self.say(heading), said, inner) if said or inner else None


def voice(policy: Policy, spoken: str = "") -> Voice:
    """The voice for a language's id; without one, the policy's own. Raises `Unsaid` for a language there is no file for."""
    own = policy.language
    translated = in_language(policy, spoken or own)
    return Voice(translated, language(spoken or own), language(translated.language))


def joined(blocks: Iterable[Block]) -> list[Block]:
    """Sentences that follow one another as one paragraph."""
    found: list[Block] = []
    for block in blocks:
        last = found[-1] if found else None
        if isinstance(block, Paragraph) and isinstance(last, Paragraph):
            found[-1] = Paragraph(f"{last.text} {block.text}")
        else:
            found.append(block)
    return found


def paragraph(text: str) -> list[Block]:
    return [Paragraph(text)] if text else []


def live_items(policy: Policy) -> tuple[Item, ...]:
    """The items that a purpose needs and that are switched on; no other is collected."""
    needed = {item for purpose in policy.purposes.values() for item in purpose.items}
    return tuple(item for item in policy.items.values() if item.id in needed and there(policy, item))


def there(policy: Policy, item: Item) -> bool:
    """Whether an item can be held. One that a client switches on is told of by the parent, and by a client that did."""
    return item.on or policy.parent is None


def live_recipients(policy: Policy) -> tuple[Recipient, ...]:
    """The recipients that serve a purpose the policy has."""
    return tuple(each for each in policy.recipients.values() if any(id in policy.purposes for id in each.purposes))


def live_cookies(policy: Policy) -> tuple[Cookie, ...]:
    """The cookies that are strictly necessary or serve a purpose the policy has."""
    return tuple(each for each in policy.cookies.values() if not each.purposes or any(id in policy.purposes for id in each.purposes))
