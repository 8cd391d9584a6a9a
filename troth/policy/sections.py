"""Which keys does each section of a policy have, and what values? The language of the file, as one table per section.

It reads and writes; it does not ask whether the parts agree with one another (`findings`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from troth.policy.finding import Code, field_at, meant, quoted
from troth.policy.marked import Listing, Node, Table
from troth.policy.model import (
    Basis,
    BelowFloor,
    Calls,
    Cookie,
    EventType,
    Form,
    GroupCompany,
    Item,
    Kind,
    Leaving,
    NoticeRules,
    Organisation,
    Permission,
    Policy,
    Population,
    Promise,
    ProofKind,
    Purpose,
    Reading,
    Recipient,
    Regime,
    RetentionRule,
    Role,
    Settings,
    Site,
    Terms,
    Without,
)
from troth.policy.packs import regimes
from troth.policy.shapes import (
    COOKIE_NAME,
    COUNTRY,
    DAY,
    DURATION,
    FLAG,
    NAME,
    NUMBER,
    ORIGIN,
    ROUTE,
    TELEPHONE,
    Key,
    Shape,
    Where,
    among,
    choice,
    keyed,
    listing,
    mapping,
    read_fields,
    record,
    text,
)

TEXT = text()
LOOSE = text(empty=True)
NAMES = listing(NAME)
TEXTS = listing(TEXT)

CALLS = ("track", "page", "screen", "identify", "group", "alias")
CHANNELS = ("web", "form", "telephone", "blog", "social", "account", "email", "chat", "sms", "post", "import")
STORAGE = ("cookie", "local-storage", "session-storage")
DATE_PLACES = ("bottom", "top", "upper-right")
SAFEGUARDS = ("standard-contractual-clauses", "binding-rules", "data-privacy-framework", "transfer-agreement")
JOINS = ("web-call", "web-account", "web-form", "call-account", "web-chat")
LEGAL_REASONS = ("law", "terms-breach", "fraud", "security", "protect-rights", "support-request", "emergency")



COMPANY_KEYS = (Key("name", TEXT, True), Key("country", COUNTRY, True), Key("region", NAME, True),
                Key("responsible_for", listing(COUNTRY), default=()))
_COMPANIES = keyed(GroupCompany, COMPANY_KEYS)
GROUP: Shape[tuple[GroupCompany, ...]] = Shape(
    lambda node, where: tuple(_COMPANIES.read(node, where).values()),
    lambda companies: _COMPANIES.write({company.id: company for company in companies}), ())

ORGANISATION = record(Organisation, (
    Key("name", TEXT, True), Key("role", choice(Role), True), Key("address", LOOSE, default=""), Key("email", LOOSE, default=""),
    Key("telephone", LOOSE, default=""), Key("group", GROUP, default=()), Key("officer", LOOSE, default=""),
    Key("officer_email", LOOSE, default="")))

POPULATIONS = keyed(Population, (Key("label", TEXT, True), Key("category", TEXT, True)))

ITEMS = keyed(Item, (
    Key("label", TEXT, True), Key("category", TEXT, True), Key("form", choice(Form), True), Key("keep", LOOSE, default=""),
    Key("at", TEXTS, default=()), Key("values", NAME), Key("populations", NAMES, default=()), Key("personal", FLAG, default=True),
    Key("special", FLAG, default=False)))

RETENTION = keyed(RetentionRule, (
    Key("label", TEXT, True), Key("keep_for", DURATION), Key("why", LOOSE, default=""), Key("ground", TEXT)))

EVENTS = keyed(EventType, (
    Key("label", TEXT, True), Key("items", NAMES, True), Key("population", NAME, True), Key("call", among(CALLS)), Key("name", TEXT),
    Key("required", NAMES, default=()), Key("about", mapping(NAME, choice(Leaving)), default={}),
    Key("channel", among(CHANNELS), default="web")))

BELOW_FLOOR = record(BelowFloor, (Key("why", TEXT, True), Key("by", TEXT, True), Key("on", DAY, True)))

PURPOSE_KEYS = (
    Key("label", TEXT, True), Key("kind", choice(Kind), True), Key("basis", choice(Basis)), Key("permission", choice(Permission), True),
    Key("populations", NAMES, default=()), Key("events", NAMES, default=()), Key("items", NAMES, True), Key("keep_for", DURATION),
    Key("without", choice(Without), default=Without.NOTHING), Key("remainder", NAMES, default=()),
    Key("joins", listing(among(JOINS)), default=()), Key("wording", LOOSE, default=""), Key("notice", LOOSE, default=""),
    Key("loses", LOOSE, default=""), Key("below_floor", BELOW_FLOOR))


def _purpose(id: str, basis: Basis | None, **values: Any) -> Purpose:
    """A purpose that states no basis rests on legitimate interests, and says that this was assumed."""
    return Purpose(id=id, basis=basis or Basis.LEGITIMATE_INTERESTS, basis_defaulted=basis is None, **values)


def _purpose_fields(purpose: Purpose) -> Mapping[str, Any]:
    fields = {key.name: getattr(purpose, key.name) for key in PURPOSE_KEYS}
    return fields | {"basis": None if purpose.basis_defaulted else purpose.basis}


PURPOSES = keyed(_purpose, PURPOSE_KEYS, fields=_purpose_fields)

COOKIE_KEYS = (
    Key("provider", TEXT, True), Key("storage", among(STORAGE), default="cookie"), Key("purposes", NAMES, True), Key("keep_for", DURATION),
    Key("label", TEXT, True), Key("personal", FLAG, default=False))


def _cookie(id: str, **values: Any) -> Cookie:
    return Cookie(name=id, **values)


COOKIES = keyed(_cookie, COOKIE_KEYS, COOKIE_NAME)

TERMS = record(Terms, (Key("signed_on", DAY, True), Key("expires_on", DAY, True), Key("document", LOOSE, default="")))

RECIPIENTS = keyed(Recipient, (
    Key("label", TEXT, True), Key("category", TEXT, True), Key("country", COUNTRY, True), Key("purposes", NAMES, True),
    Key("items", NAMES, True), Key("terms", TERMS), Key("safeguard", among(SAFEGUARDS)), Key("group", FLAG, default=False)))

SITE = record(Site, (Key("origins", listing(ORIGIN), True), Key("routes", listing(ROUTE), True), Key("external_note", LOOSE, default="")))

CALLS_SECTION = record(Calls, (
    Key("pool", listing(TELEPHONE), default=()), Key("fallback", TELEPHONE, default=""),
    Key("lease_for", DURATION, default=Calls().lease_for)))

ROLES = mapping(NAME, NAMES)

SETTINGS = record(
    Settings,
    (
        Key("threshold", NUMBER, default=Settings().threshold),
        Key("ask_again_after", DURATION, default=Settings().ask_again_after),
        Key("legal_reasons", listing(among(LEGAL_REASONS)), default=()),
        Key("regions", NAMES, default=()),
        Key("region", LOOSE, default=""),
        Key("measures", NAMES, default=()),
        Key("fee_after", NUMBER, default=Settings().fee_after),
        Key("child_age", NUMBER, default=Settings().child_age),
        Key("global_privacy_control", NAMES, default=()),
        Key("default_regime", NAME, default=Settings().default_regime),
    ),
)

_NOTICE_TEXTS = ("changes", "boundary", "children", "special", "acceptance", "complaints", "contact", "public_warning", "cookies_intro",
                 "no_sale")
NOTICE = record(NoticeRules, (
    Key("date_at", among(DATE_PLACES), default="bottom"), *(Key(name, LOOSE, default="") for name in _NOTICE_TEXTS)))


_PROOF_KEYS = tuple(Key(str(kind), NAME) for kind in ProofKind)


def _read_proof(node: Node, where: Where) -> tuple[ProofKind, str] | None:
    """Exactly one kind of proof with the proof's name."""
    named = [(ProofKind(kind), name) for kind, name in read_fields(node, where, _PROOF_KEYS).items() if name]
    if len(named) != 1 and isinstance(node, Table):
        where.wrong(Code.NOT_ALLOWED, f"{field_at(where.place)} must name one of `static`, `audit`, `probe` or `attested`")
    return named[0] if len(named) == 1 else None


PROOF: Shape[tuple[ProofKind, str] | None] = Shape(_read_proof, lambda proof: {str(proof[0]): proof[1]} if proof else None, None)


def _promise(proof: tuple[ProofKind, str] | None, **values: Any) -> Promise:
    kind, name = proof or (None, None)
    return Promise(kind=kind, proof=name, **values)


def _promise_fields(promise: Promise) -> Mapping[str, Any]:
    proof = (promise.kind, promise.proof) if promise.kind and promise.proof else None
    return {key.name: proof if key.name == "proof" else getattr(promise, key.name) for key in _PROMISE_KEYS}


_PROMISE_KEYS = (Key("clause", TEXT, True), Key("sentence", TEXT, True), Key("about", NAMES, default=()), Key("proof", PROOF),
                 Key("note", LOOSE, default=""))
PROMISES = keyed(_promise, _PROMISE_KEYS, fields=_promise_fields)
READINGS = keyed(Reading, (Key("conflict", TEXT, True), Key("chosen", TEXT, True), Key("why", TEXT, True)))


def _read_regimes(node: Node, where: Where) -> dict[str, Regime]:
    """The bodies of law the policy names, from the dated pack."""
    known = regimes()
    names = NAMES.read(node, where)
    for index, name in enumerate(names):
        if name and name not in known and not where.notes.full:
            spot = node.entries[index].spot if isinstance(node, Listing) else where.spot
            where.wrong(Code.UNDECLARED_REGIME, f"no body of law is known as {quoted(name)}", spot, meant(name, known, names))
    return {name: known[name] for name in names if name in known}


POLICY_KEYS = (
    Key("workspace", NAME, True), Key("title", TEXT, True), Key("version", TEXT, True), Key("effective_on", DAY, True),
    Key("changed_on", DAY, True), Key("language", NAME, default="en"), Key("parent", NAME),
    Key("organisation", ORGANISATION, True), Key("regimes", Shape(_read_regimes, list, {}), True),
    Key("populations", POPULATIONS, True), Key("retention", RETENTION, True), Key("items", ITEMS, True),
    Key("events", EVENTS, default={}), Key("purposes", PURPOSES, True), Key("cookies", COOKIES, default={}),
    Key("recipients", RECIPIENTS, default={}), Key("site", SITE, default=Site((), ())), Key("calls", CALLS_SECTION, default=Calls()),
    Key("roles", ROLES, default={}), Key("settings", SETTINGS, default=Settings()), Key("notice", NOTICE, default=NoticeRules()),
    Key("promises", PROMISES, default={}), Key("readings", READINGS, default={}))

LANGUAGE_VERSION = "1"


def _policy(troth: str, **values: Any) -> Policy:
    return Policy(**values)


def _policy_fields(policy: Policy) -> Mapping[str, Any]:
    return {"troth": LANGUAGE_VERSION} | {key.name: getattr(policy, key.name) for key in POLICY_KEYS}


POLICY = record(_policy, (Key("troth", TEXT, True), *POLICY_KEYS), fields=_policy_fields)
