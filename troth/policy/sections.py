"""Which sections does a policy file have, and which keys has each? The language of the file, as one table per section.

It reads and writes; it does not ask whether the parts agree with one another (`findings`). The sections stand in five
files by meaning: what is held (`sections_data`), conduct, demands, what is told (`sections_told`), and the rest here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from troth.policy.demands import AssumedBasis, SpecialCategories
from troth.policy.finding import Code, meant, quoted
from troth.policy.marked import Listing, Node
from troth.policy.model import (
    Basis,
    Calls,
    Cookie,
    GroupCompany,
    Organisation,
    Policy,
    Recipient,
    Regime,
    Role,
    Settings,
    Site,
    Terms,
)
from troth.policy.packs import regimes
from troth.policy.sections_conduct import (
    ACCEPTANCE,
    ACCESS_CONTROL,
    ADDRESSES,
    AGGREGATES,
    ASKING,
    CHANNEL_RULES,
    DEPLOYMENT,
    LINKING,
    PROFILING,
    SECURITY,
    SHARING,
    TRANSFERS,
)
from troth.policy.sections_data import EVENTS, ITEMS, POPULATIONS, PURPOSES, RETENTION
from troth.policy.sections_demands import ANNOUNCEMENTS, BASIS, CHILDREN, COMPLAINTS, FREE_TEXT, RIGHTS
from troth.policy.sections_told import NOTICE, PROMISES, READINGS
from troth.policy.shapes import (
    COOKIE_NAME,
    COUNTRY,
    DAY,
    DURATION,
    FLAG,
    LOOSE,
    NAME,
    NAMES,
    ORIGIN,
    ROUTE,
    TELEPHONE,
    TEXT,
    TEXT_PLACE,
    TEXTS,
    Key,
    Shape,
    Where,
    among,
    choice,
    keyed,
    listing,
    mapping,
    part,
    record,
)

STORAGE = ("cookie", "local-storage", "session-storage", "pixel", "beacon", "http-cache", "shared-object", "identifier")
SAFEGUARDS = ("standard-contractual-clauses", "binding-rules", "data-privacy-framework", "transfer-agreement")
LEGAL_REASONS = ("law", "terms-breach", "fraud", "security", "protect-rights", "support-request", "emergency", "offence", "credit")

_COMPANIES = keyed(GroupCompany, (
    Key("name", TEXT, True, help="The company's name.", example="Example Shop Inc"),
    Key("country", COUNTRY, True, help="Where it is.", example="US"),
    Key("region", NAME, True, help="The region its data rests in.", example="us"),
    Key("responsible_for", listing(COUNTRY), default=(), help="Countries whose customers contract with it.", example="[US]")))
GROUP: Shape[tuple[GroupCompany, ...]] = Shape(
    lambda node, where: tuple(_COMPANIES.read(node, where).values()),
    lambda companies: _COMPANIES.write({company.id: company for company in companies}), (), keys=_COMPANIES.keys, named=NAME)

ORGANISATION = record(Organisation, (
    Key("name", TEXT, True, help="Who answers for the data.", example="Example Shop Ltd"),
    Key("role", choice(Role), True, help="Whether it decides about the data, or works for somebody who does.", example="controller"),
    Key("address", LOOSE, default="", help="Its postal address.", example="1 Example Street, Leeds"),
    Key("email", LOOSE, default="", help="Where to write.", example="privacy@shop.example"),
    Key("telephone", LOOSE, default="", help="Where to ring.", example='"+44 20 7946 0000"'),
    Key("group", GROUP, default=(), help="Companies of the same group.", example="{shop-us: {name: Example Shop Inc, country: US, region: us}}"),
    Key("officer", LOOSE, default="", help="The data protection officer.", example="Data Protection Officer"),
    Key("officer_email", LOOSE, default="", help="How to reach the officer.", example="dpo@shop.example"),
    Key("representative", LOOSE, default="", help="The representative of an organisation outside the law's territory.",
        example="Example Europe Ltd, Dublin"),
    Key("registrations", TEXTS, default=(), help="The company's registration numbers.", example='["01234567"]')))


def _cookie(id: str, **values: Any) -> Cookie:
    return Cookie(name=id, **values)


def _cookie_fields(cookie: Cookie) -> Mapping[str, Any]:
    return {key.name: getattr(cookie, key.name) for key in _COOKIE_KEYS}


_COOKIE_KEYS = (
    Key("provider", TEXT, True, help="Who sets it.", example="Example Shop"),
    Key("storage", among(STORAGE), default="cookie", help="Where it rests in the browser, or by what a browser is known again. "
        "A pixel, a beacon and a mark in the cache go by their host.", example="local-storage"),
    Key("purposes", NAMES, True, help="Purposes it serves; an empty list says that the site cannot do without it.", example="[counting]"),
    Key("keep_for", DURATION, help="How long it stays; left out: until the browser closes.", example="90d"),
    Key("label", TEXT, True, help="What it does, for the cookie page.", example="recognises a returning visitor"),
    Key("personal", FLAG, default=False, help="It points to a person.", example="true"))
COOKIES = keyed(_cookie, _COOKIE_KEYS, COOKIE_NAME, fields=_cookie_fields)

TERMS = record(Terms, (
    Key("signed_on", DAY, True, help="When the terms were signed.", example="2026-01-10"),
    Key("expires_on", DAY, True, help="When they end.", example="2028-01-10"),
    Key("document", LOOSE, default="", help="Where they are kept.", example="terms/hosting.pdf")))

RECIPIENTS = keyed(Recipient, (
    Key("label", TEXT, True, help="Who it is.", example="Northcloud Hosting"),
    Key("category", TEXT, True, help="What sort of recipient it is.", example="cloud storage"),
    Key("country", COUNTRY, True, help="Where it is.", example="GB"),
    Key("purposes", NAMES, True, help="Purposes it serves.", example="[counting]"),
    Key("items", NAMES, True, help="What it receives.", example="[page.route]"),
    Key("terms", TERMS, help="Its signed promise; without it nothing is sent.", example="{signed_on: 2026-01-10, expires_on: 2028-01-10}"),
    Key("safeguard", among(SAFEGUARDS), help="What protects data where no adequacy decision does.", example="standard-contractual-clauses"),
    Key("group", FLAG, default=False, help="It is a company of the same group.", example="true"),
    Key("email", LOOSE, default="", help="Where it is told of a person's subject request.", example="privacy@northcloud.example"),
    Key("announced_by", NAMES, default=(), help="Events whose forms say, when asking, that what they take goes to this recipient as well. "
        "It is then given that and nothing else.", example="[page-view]")))

SITE = record(Site, (
    Key("origins", listing(ORIGIN), True, help="Where the script may run.", example='["https://www.shop.example"]'),
    Key("routes", listing(ROUTE), True, help="Paths that count as pages; anything else is sealed.", example='["/", "/blog/:slug"]'),
    Key("external_note", LOOSE, default="", help="What is said of links that leave the site.", example="This link leaves our site.")))

CALLS_SECTION = part(
    Calls(),
    Key("pool", listing(TELEPHONE), help="Numbers that are lent to visits, so that a call can be joined to its visit.", example='["+442079460101"]'),
    Key("fallback", TELEPHONE, help="The number shown when all are lent or nobody agreed.", example='"+442079460100"'),
    Key("lease_for", DURATION, help="How long a number is lent.", example="20m"))

ROLES = mapping(NAME, NAMES)

SETTINGS = part(
    Settings(),
    Key("ask_again_after", DURATION, help="When a choice is asked for again.", example="90d"),
    Key("legal_reasons", listing(among(LEGAL_REASONS)), help="Reasons for which data may be disclosed without asking.", example="[law, fraud]"),
    Key("regions", NAMES, help="Regions on offer.", example="[uk, us]"),
    Key("region", LOOSE, help="The region this workspace rests in.", example="uk"),
    Key("measures", NAMES, help="Measures that keep data safe.", example="[encryption-at-rest]"),
    Key("global_privacy_control", NAMES, help="Purposes that the browser's signal refuses.", example="[counting]"),
    Key("default_regime", NAME, help="The law that counts for somebody of whom nothing is known.", example="uk"))


def _read_regimes(node: Node, where: Where) -> dict[str, Regime]:
    """The bodies of law the policy names, from the dated pack."""
    known = regimes()
    names = NAMES.read(node, where)
    for index, name in enumerate(names):
        if name and name not in known and not where.notes.full:
            spot = node.entries[index].spot if isinstance(node, Listing) else where.spot
            where.wrong(Code.UNDECLARED_REGIME, f"no body of law is known as {quoted(name)}", spot, meant(name, known, names))
    return {name: known[name] for name in names if name in known}


REGIMES: Shape[dict[str, Regime]] = Shape(
    _read_regimes, list, {}, form={"type": "array", "items": {"enum": list(regimes())}, "uniqueItems": True})

POLICY_KEYS = (
    Key("workspace", NAME, True, help="The short name the workspace has in addresses.", example="shop"),
    Key("title", TEXT, True, help="What the console calls it.", example="Example Shop"),
    Key("version", TEXT, True, help="The version of this text.", example='"1"'),
    Key("effective_on", DAY, True, help="The day from which it applies.", example="2026-10-01"),
    Key("changed_on", DAY, True, help="The day of its last change.", example="2026-09-21"),
    Key("language", NAME, default="en", help="The language of the text.", example="de"),
    Key("parent", NAME, help="The workspace whose policy this one narrows; `extends` sets it.", example="infinity"),
    Key("organisation", ORGANISATION, True, help="Who answers for the data."),
    Key("regimes", REGIMES, True, help="The bodies of law that count here, each a dated pack.", example="[gdpr, uk]"),
    Key("populations", POPULATIONS, True, help="The sorts of people that data is about."),
    Key("retention", RETENTION, True, help="How long things are kept, and why."),
    Key("items", ITEMS, True, help="Every kind of datum that may be held. What is not named here is never stored."),
    Key("events", EVENTS, default={}, help="What can happen, and what is noted of it."),
    Key("purposes", PURPOSES, True, help="What data is used for, on which basis, and how people are asked."),
    Key("cookies", COOKIES, default={}, help="What is stored in browsers."),
    Key("recipients", RECIPIENTS, default={}, help="Who is given data."),
    Key("site", SITE, default=Site((), ()), help="Where the script runs."),
    Key("calls", CALLS_SECTION, default=Calls(), help="Tracked telephone numbers."),
    Key("roles", ROLES, default={}, help="For which purposes each role of operators may act.", example="{analyst: [counting]}"),
    Key("settings", SETTINGS, default=Settings(), help="What the text leaves open and a deployment must choose."),
    Key("notice", NOTICE, default=NOTICE.blank, help="How the published notice behaves, and sentences of its own."),
    Key("basis", BASIS, default=BASIS.blank, help="What purposes rest on that name no basis."),
    Key("asking", ASKING, default=ASKING.blank, help="How people are asked about cookies and the like."),
    Key("acceptance", ACCEPTANCE, default=ACCEPTANCE.blank, help="How the policy itself is accepted."),
    Key("linking", LINKING, default=LINKING.blank, help="When a browser is linked to a person."),
    Key("addresses", ADDRESSES, default=ADDRESSES.blank, help="How internet addresses are treated."),
    Key("channels", CHANNEL_RULES, default={}, help="How each channel is used."),
    Key("profiling", PROFILING, default=PROFILING.blank, help="Profiles and automated decisions."),
    Key("sharing", SHARING, default=SHARING.blank, help="What is never sold, rented or given on."),
    Key("aggregates", AGGREGATES, default=AGGREGATES.blank, help="What counts of people may be used for."),
    Key("transfers", TRANSFERS, default=TRANSFERS.blank, help="What lets data cross a border, and where it rests."),
    Key("deployment", DEPLOYMENT, default=DEPLOYMENT.blank, help="Kinds of installation, and how clients are kept apart."),
    Key("access_control", ACCESS_CONTROL, default=ACCESS_CONTROL.blank, help="Who may see data, and from where."),
    Key("security", SECURITY, default=SECURITY.blank, help="How safe the text says data is."),
    Key("rights", RIGHTS, default=RIGHTS.blank, help="What people may demand, and how."),
    Key("children", CHILDREN, default=CHILDREN.blank, help="What becomes of children's data."),
    Key("special_categories", choice(SpecialCategories), default=SpecialCategories.UNSTATED,
        help="Whether data of special categories, such as health, is collected.", example="refused"),
    Key("free_text", FREE_TEXT, default=FREE_TEXT.blank, help="What is looked for in texts that people write, and what becomes of it."),
    Key("complaints", COMPLAINTS, default=COMPLAINTS.blank, help="How people complain."),
    Key("announcements", ANNOUNCEMENTS, default=ANNOUNCEMENTS.blank, help="How changes of the policy are announced."),
    Key("texts", mapping(NAME, mapping(TEXT_PLACE, TEXT)), default={},
        help="Texts of this policy in other languages, each by its place in the file.",
        example="{de: {populations/visitor/label: jemand auf der Website}}"),
    Key("promises", PROMISES, default={}, help="Each sentence of the policy, with the proof that it is kept."),
    Key("readings", READINGS, default={}, help="Where the text can be read two ways, and which reading was chosen."))

LANGUAGE_VERSION = "1"
_ASSUMED: Mapping[AssumedBasis, Basis] = {AssumedBasis.CLIENT_INSTRUCTION: Basis.CLIENT_INSTRUCTION}


def _policy(troth: str, **values: Any) -> Policy:
    """A policy; purposes that state no basis rest on the one the policy names for them."""
    assumed = _ASSUMED.get(values["basis"].default)
    if assumed is not None:
        values["purposes"] = {
            id: replace(purpose, basis=assumed) if purpose.basis_defaulted else purpose for id, purpose in values["purposes"].items()}
    return Policy(**values)


def _policy_fields(policy: Policy) -> Mapping[str, Any]:
    return {"troth": LANGUAGE_VERSION} | {key.name: getattr(policy, key.name) for key in POLICY_KEYS}


VERSION_KEY = Key("troth", TEXT, True, help="The version of this language.", example="1")
POLICY = record(_policy, (VERSION_KEY, *POLICY_KEYS), fields=_policy_fields)
