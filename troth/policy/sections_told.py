"""How does a file say what people are told and what is promised? The keys of the notice, promises and readings.

It reads and writes; what the words mean is in `model`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from troth.policy.demands import Contradiction, Licence, NoticeRules
from troth.policy.finding import Code, field_at
from troth.policy.marked import Listing, Node, Table
from troth.policy.model import Promise, ProofKind, Reading
from troth.policy.shapes import (
    DAY,
    FLAG,
    LINK,
    LOOSE,
    NAME,
    NAMES,
    TEXT,
    TEXTS,
    Key,
    Shape,
    Where,
    among,
    choice,
    keyed,
    mapping,
    part,
    read_fields,
    record,
    write_fields,
)

DATE_PLACES = ("bottom", "top", "upper-right")

LICENCE = record(Licence, (
    Key("credit", TEXT, True, help="Whom to name when the text is used again.", example="Example Foundation"),
    Key("url", LINK, default="", help="Where the licence stands.", example="https://licence.example/by-sa"),
    Key("share_alike", FLAG, default=False, help="What is made from it must carry the same licence.", example="true")))

NOTICE = part(
    NoticeRules(),
    Key("date_at", among(DATE_PLACES), help="Where the date of the last change stands.", example="upper-right"),
    Key("changes", LOOSE, help="What the notice says of changes.", example="The new text is published here."),
    Key("boundary", LOOSE, help="Where this policy ends.", example="Links lead to places that have policies of their own."),
    Key("children", LOOSE, help="What the notice says of children; what is done is in `children`.", example="The site is meant for adults."),
    Key("special", LOOSE, help="What the notice says of special categories.", example="Please do not send us anything about your health."),
    Key("acceptance", LOOSE, help="What the notice says of accepting it.", example="By using the site you take note of this policy."),
    Key("complaints", LOOSE, help="What the notice says of complaints.", example="Please tell us first if you are unhappy."),
    Key("contact", LOOSE, help="Where to turn.", example="Write to privacy@shop.example."),
    Key("public_warning", LOOSE, help="What is shown before somebody posts in public.", example="What you post here is public."),
    Key("cookies_intro", LOOSE, help="What the cookie page begins with.", example="A cookie is a small text that a site leaves in your browser."),
    Key("no_sale", LOOSE, help="The statement on sale that California asks for.", example="We have not sold personal information."),
    Key("version_shown", FLAG, help="The notice shows its version.", example="false"),
    Key("reviewed_on", DAY, help="When the text was last looked through.", example="2026-09-01"),
    Key("combined", FLAG, help="Privacy and cookies stand in one document.", example="true"),
    Key("licence", LICENCE, help="Under which licence the text may be used again.", example="{credit: Example Foundation}"))


def _read_words(node: Node, where: Where) -> tuple[str, ...]:
    """One word or a list of them."""
    return TEXTS.read(node, where) if isinstance(node, Listing) else (TEXT.read(node, where),)


_WORDS: Shape[tuple[str, ...]] = Shape(
    _read_words, lambda words: words[0] if len(words) == 1 else list(words), (), form={"anyOf": [TEXT.form, TEXTS.form]})
PROOF_KEYS = (
    Key(str(ProofKind.STATIC), NAME, help="Proven by looking at the policy file.", example="no-item-without-a-purpose"),
    Key(str(ProofKind.AUDIT), NAME, help="Proven by what is stored and the ledger.", example="every-disclosure-is-in-the-register"),
    Key(str(ProofKind.PROBE), NAME, help="Proven by a made-up person on the live system.", example="each-page-viewed-is-logged"),
    Key(str(ProofKind.ATTESTED), NAME, help="A person vouches, with a document and its expiry.", example="staff-are-trained"),
    Key("with", mapping(NAME, _WORDS), default={}, help="What the proof is told of this promise.", example="{items: [page.route]}"))
Named = tuple[ProofKind, str, Mapping[str, tuple[str, ...]]]


def _read_proof(node: Node, where: Where) -> Named | None:
    """Exactly one kind of proof with the proof's name, and what it is told of this promise."""
    fields = read_fields(node, where, PROOF_KEYS)
    given = fields.pop("with")
    named = [(ProofKind(kind), name, given) for kind, name in fields.items() if name]
    if len(named) != 1 and isinstance(node, Table):
        where.wrong(Code.NOT_ALLOWED, f"{field_at(where.place)} must name one of `static`, `audit`, `probe` or `attested`")
    return named[0] if len(named) == 1 else None


def _write_proof(proof: Named | None) -> Any:
    if proof is None:
        return None
    unnamed = {str(kind): None for kind in ProofKind}
    return write_fields(unnamed | {str(proof[0]): proof[1], "with": proof[2]}, PROOF_KEYS)


PROOF: Shape[Named | None] = Shape(_read_proof, _write_proof, None, keys=PROOF_KEYS)


def _promise(proof: Named | None, **values: Any) -> Promise:
    kind, name, given = proof or (None, None, {})
    return Promise(kind=kind, proof=name, given=given, **values)


def _promise_fields(promise: Promise) -> Mapping[str, Any]:
    proof = (promise.kind, promise.proof, promise.given) if promise.kind and promise.proof else None
    return {key.name: proof if key.name == "proof" else getattr(promise, key.name) for key in _PROMISE_KEYS}


_PROMISE_KEYS = (
    Key("clause", TEXT, True, help="Where the text says it.", example="§2 What we note"),
    Key("sentence", TEXT, True, help="The promise, in a person's words.", example="We note which pages you view."),
    Key("about", NAMES, default=(), help="Purposes it rests on.", example="[counting]"),
    Key("proof", PROOF, help="How it is shown to hold.", example="{probe: each-page-viewed-is-logged}"),
    Key("note", LOOSE, default="", help="What the promises page adds.", example="Shown for the site, not for the shop."))
PROMISES = keyed(_promise, _PROMISE_KEYS, fields=_promise_fields)

READINGS = keyed(Reading, (
    Key("conflict", TEXT, True, help="What can be read two ways.", example="cookies are anonymous, yet they identify people"),
    Key("chosen", TEXT, True, help="The reading chosen: `strict`, `literal`, or a sentence.", example="strict"),
    Key("why", TEXT, True, help="Why this one.", example="what protects people more goes first"),
    Key("between", TEXTS, default=(), help="The promises or words that contradict each other.", example="[shop-001, shop-002]"),
    Key("strict", LOOSE, default="", help="What the strict reading means.", example="no cookie is ever tied to a person"),
    Key("literal", LOOSE, default="", help="What the literal reading means.", example="cookies of members identify them"),
    Key("settles", choice(Contradiction), help="The contradiction of `troth policy check` that it answers.",
        example="cookies-anonymous-yet-identifying")))
