"""What does a notice say to a machine? A policy as linked data, in terms of the W3C Data Privacy Vocabulary.

The words of a policy become terms by `packs/dpv.yaml`. Every purpose is a process with its basis, people, data, recipients
and time. The texts for people stand beside the terms in the language asked for.
Source: Data Privacy Vocabulary; JSON-LD 1.1; GDPR Art. 13, 14, 30.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from troth.policy.finding import Notes
from troth.policy.marked import Scalar, Table, read_tree
from troth.policy.model import Cookie, Item, Policy, Population, Purpose, Recipient, Role
from troth.policy.notice import dated
from troth.policy.notice_law import given
from troth.policy.notice_record import on_behalf
from troth.policy.notice_uses import kept
from troth.policy.notice_voice import Voice, live_cookies, live_items, live_recipients, voice
from troth.policy.packs import adequacy
from troth.policy.page import bare

_PACK = Path(__file__).parent / "packs" / "dpv.yaml"
Node = dict[str, Any]
KINDS: Mapping[str, str] = {"notice": "dpv:PrivacyNotice", "cookies": "dpv:PrivacyNotice", "short": "dpv:PrivacyNotice", "record": "dpv:ROPA"}


@lru_cache(maxsize=1)
def terms() -> Mapping[str, Mapping[str, str]]:
    """The vocabulary's terms by part and by a policy's own word."""
    notes = Notes()
    tree = read_tree(_PACK.read_text("utf-8"), "dpv.yaml", notes)
    if tree is None or notes.findings:
        raise ValueError(f"pack dpv.yaml: {notes.findings[0] if notes.findings else 'empty'}")
    return {part: {name: each.value.text for name, each in entry.value.entries.items() if isinstance(each.value, Scalar)}
            for part, entry in tree.entries.items() if isinstance(entry.value, Table)}


def as_jsonld(policy: Policy, kind: str = "notice", base: str = "", language: str = "") -> Node:
    """A notice, cookie page, short notice or record as JSON-LD. `base` is the address that ids begin with; empty: relative ones.

    Raises `Unsaid` for a language there is no file for.
    """
    say = voice(policy, language)
    purposes = _of_cookies(say.policy) if kind == "cookies" else tuple(say.policy.purposes.values())
    whole = kind != "short"
    graph: list[Node] = [_document(say, kind, base, purposes), _organisation(say, base)]
    graph += [_process(say, purpose, base) if whole else _brief(say, purpose, base) for purpose in purposes]
    if whole:
        graph += [_population(say, one, base) for one in say.policy.populations.values()]
        items, served = {id for purpose in purposes for id in purpose.items}, {purpose.id for purpose in purposes}
        graph += [_item(say, item, base) for item in live_items(say.policy) if item.id in items]
        graph += [_recipient(say, one, items, base) for one in live_recipients(say.policy) if served & set(one.purposes)]
    if kind == "cookies":
        graph += [_cookie(say, cookie, base) for cookie in live_cookies(say.policy)]
    return {"@context": dict(terms()["prefixes"]), "@graph": graph}


def _of_cookies(policy: Policy) -> tuple[Purpose, ...]:
    served = {id for cookie in live_cookies(policy) for id in cookie.purposes}
    return tuple(purpose for purpose in policy.purposes.values() if purpose.id in served)


def _ref(base: str, kind: str, id: str) -> Node:
    return {"@id": f"{base}#{kind}-{id}" if id else f"{base}#{kind}"}


def _refs(base: str, kind: str, ids: Iterable[str]) -> list[Node]:
    return [_ref(base, kind, id) for id in ids]


def _said(say: Voice, own: str) -> Node:
    """A text of the policy's own, with its language."""
    return {"@value": bare(own), "@language": say.own.id}


def _phrase(say: Voice, words: str) -> Node:
    return {"@value": bare(words), "@language": say.words.id}


def _day(on: date) -> Node:
    return {"@value": on.isoformat(), "@type": "xsd:date"}


def _named(words: Iterable[str]) -> list[Node]:
    return [{"@id": word} for word in dict.fromkeys(words)]


def _document(say: Voice, kind: str, base: str, purposes: Iterable[Purpose]) -> Node:
    policy = say.policy
    node = _ref(base, kind, "") | {
        "@type": KINDS[kind], "dct:title": _phrase(say, say.say(f"title.{kind}", name=policy.organisation.name)), "dct:language": say.words.id,
        "dct:hasVersion": policy.version, "dct:modified": _day(policy.changed_on), "dct:valid": _day(policy.effective_on),
        "dct:description": _phrase(say, dated(say)), _entity(policy): _ref(base, "organisation", ""),
        "dpv:hasProcess": _refs(base, "purpose", (purpose.id for purpose in purposes))}
    if kind != "cookies":
        node |= {"dpv:hasRight": _rights(say), "dpv:hasTechnicalOrganisationalMeasure": _measures(say)}
    else:
        node["dpv:isImplementedUsingTechnology"] = _refs(base, "cookie", (cookie.name for cookie in live_cookies(policy)))
    return {key: value for key, value in node.items() if value != []}


def _entity(policy: Policy) -> str:
    return "dpv:hasDataProcessor" if policy.organisation.role is Role.PROCESSOR else "dpv:hasDataController"


def _organisation(say: Voice, base: str) -> Node:
    us = say.policy.organisation
    node = _ref(base, "organisation", "") | {
        "@type": terms()["roles"][us.role], "dpv:hasName": us.name, "dpv:hasAddress": us.address,
        "dpv:hasContact": [reach for reach in (us.email, us.telephone) if reach], "dpv:hasRepresentative": us.representative}
    if us.officer or us.officer_email:
        officer = {"@type": "dpv:DataProtectionOfficer", "dpv:hasName": us.officer, "dpv:hasContact": us.officer_email}
        node["dpv:hasDataProtectionOfficer"] = {key: value for key, value in officer.items() if value}
    return {key: value for key, value in node.items() if value}


def _rights(say: Voice) -> list[Node]:
    """The GDPR's rights by their terms; those of other laws by their words."""
    known = terms()["gdpr_rights"]
    found: dict[str, Node] = {}
    for law in say.policy.regimes.values():
        for right in given(say.policy, law):
            term = known.get(right) if law.id in ("gdpr", "uk") else None
            words = {"@type": "dpv:DataSubjectRight", "dct:title": _phrase(say, say.say(f"right.{right}")), "dct:coverage": law.id}
            found.setdefault(term or f"{law.id} {right}", {"@id": term} if term else words)
    return list(found.values())


def _measures(say: Voice) -> list[Node]:
    known, policy = terms()["measures"], say.policy
    return [{"@type": known.get(id, "dpv:TechnicalOrganisationalMeasure"), "dct:title": _phrase(say, say.measure(id))}
            for id in policy.settings.measures]


def _brief(say: Voice, purpose: Purpose, base: str) -> Node:
    return _ref(base, "purpose", purpose.id) | {
        "@type": "dpv:PersonalDataProcess", "dct:title": _said(say, purpose.label),
        "dpv:hasPurpose": _named([terms()["kinds"][purpose.kind]])}


def _process(say: Voice, purpose: Purpose, base: str) -> Node:
    policy = say.policy
    people = purpose.populations or tuple(dict.fromkeys(policy.events[id].population for id in purpose.events if id in policy.events))
    node = _brief(say, purpose, base) | {
        "dct:description": _said(say, purpose.notice), "dpv:hasLegalBasis": _named(_bases(policy, purpose)),
        "dpv:hasPersonalData": _refs(base, "item", (id for id in purpose.items if id in policy.items)),
        "dpv:hasDataSubject": _refs(base, "population", (id for id in people if id in policy.populations)),
        "dpv:hasRecipient": _refs(base, "recipient", (one.id for one in live_recipients(policy) if purpose.id in one.purposes)),
        "dpv:hasStorageCondition": _stored(say, kept(policy, purpose))}
    if on_behalf(purpose):
        node["dpv:hasDataProcessor"] = _ref(base, "organisation", "")
    if purpose.loses:
        node["dpv:hasConsequence"] = _said(say, purpose.loses)
    return {key: value for key, value in node.items() if value not in ([], "")}


def _bases(policy: Policy, purpose: Purpose) -> Iterable[str]:
    """The general term, and the article's where the GDPR or its United Kingdom twin holds."""
    yield terms()["bases"][purpose.basis]
    if purpose.basis in terms()["gdpr_bases"] and policy.regimes.keys() & {"gdpr", "uk"}:
        yield terms()["gdpr_bases"][purpose.basis]


def _stored(say: Voice, span: timedelta | None, until: str = "") -> Node:
    """How long something is kept; `until` says what ends it where no time does."""
    if span is None:
        ended = {"@type": "dpv:UntilEventDuration", "dct:title": _phrase(say, until or say.length(None))}
        return {"@type": "dpv:StorageDuration", "dpv:hasDuration": ended}
    whole, rest = span.days, int((span % timedelta(days=1)).total_seconds())
    words = (f"P{whole}D" if whole else "P") + (f"T{rest}S" if rest or not whole else "")
    value = {"@type": "dpv:TemporalDuration", "rdf:value": {"@value": words, "@type": "xsd:duration"}, "dct:title": _phrase(say, say.length(span))}
    return {"@type": "dpv:StorageDuration", "dpv:hasDuration": value}


def _population(say: Voice, one: Population, base: str) -> Node:
    return _ref(base, "population", one.id) | {"@type": terms()["subjects"].get(one.category, "dpv:DataSubject"), "dct:title": _said(say, one.label)}


def _item(say: Voice, item: Item, base: str) -> Node:
    kinds = [terms()["data"].get(item.category, "dpv:PersonalData")]
    if item.special:
        kinds.append("dpv:SpecialCategoryPersonalData")
    rule = say.policy.retention.get(item.keep)
    node = _ref(base, "item", item.id) | {"@type": kinds, "dct:title": _said(say, item.label)}
    return node | ({"dpv:hasStorageCondition": _stored(say, rule.keep_for)} if rule else {})


def _recipient(say: Voice, one: Recipient, items: set[str], base: str) -> Node:
    abroad = one.country not in adequacy().home
    place = {"@type": "dpv:ThirdCountry" if abroad else "dpv:Country", "dct:identifier": one.country,
             "dct:title": _phrase(say, say.words.country(one.country))}
    node = _ref(base, "recipient", one.id) | {
        "@type": "dpv:Recipient", "dpv:hasName": bare(one.label), "dct:description": _said(say, one.category),
        "dpv:hasThirdCountry" if abroad else "dpv:hasCountry": place,
        "dpv:hasPersonalData": _refs(base, "item", (id for id in one.items if id in items))}
    if abroad:
        node["dpv:hasLegalBasis"] = _named([terms()["safeguards"][one.safeguard] if one.safeguard else "eu-gdpr:A45-3"])
    return node


def _cookie(say: Voice, cookie: Cookie, base: str) -> Node:
    return _ref(base, "cookie", cookie.name) | {
        "@type": "dpv:Technology", "dct:title": cookie.name, "dct:description": _said(say, cookie.label), "dct:publisher": cookie.provider,
        "dpv:hasPurpose": _refs(base, "purpose", (id for id in cookie.purposes if id in say.policy.purposes)),
        "dpv:hasStorageCondition": _stored(say, cookie.keep_for, say.say("cookies.session"))}
