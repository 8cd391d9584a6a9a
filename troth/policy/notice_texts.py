"""Which texts does a policy hold itself, and in which languages? What a notice says in the policy's own words.

A policy is spoken in another language only when all that its notice needs is there in it: half a translation would be two
languages in one sentence. What is missing is named, never passed over.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any

from troth.policy.model import Policy

# The texts of each part. Names of organisations, recipients and cookies are the same in every language.
ENTRIES: Mapping[str, tuple[str, ...]] = {
    "populations": ("label",), "retention": ("label", "why", "ground"), "items": ("label", "sensitive"),
    "purposes": ("label", "notice", "loses", "wording"), "cookies": ("label",), "recipients": ("category",),
    "channels": ("opt_out_text", "carrier_charges", "announcement"),
}
RECORDS: Mapping[str, tuple[str, ...]] = {
    "organisation": ("officer",), "asking": ("browser_help",), "complaints": ("procedure",),
    "notice": ("changes", "boundary", "children", "special", "acceptance", "complaints", "contact", "cookies_intro", "no_sale", "public_warning"),
}
NOT_IN_NOTICES = frozenset({"wording", "public_warning"})  # said elsewhere, so a notice does without


def own_texts(policy: Policy) -> dict[str, str]:
    """Every text of the policy that can be translated, by its place: `purposes/newsletter/label`."""
    return dict(_texts(policy))


def _texts(policy: Policy) -> Iterator[tuple[str, str]]:
    for section, names in RECORDS.items():
        for name in names:
            yield from _text(f"{section}/{name}", getattr(getattr(policy, section), name))
    for section, names in ENTRIES.items():
        for id, entry in getattr(policy, section).items():
            for name in names:
                yield from _text(f"{section}/{id}/{name}", getattr(entry, name))


def _text(place: str, text: str | None) -> Iterator[tuple[str, str]]:
    address = bool(text) and " " not in str(text) and ("://" in str(text) or str(text).startswith("/"))
    if text and not address:
        yield place, text


def untranslated(policy: Policy, spoken: str) -> list[str]:
    """The places of texts that a notice in this language would need and the policy lacks; none for the policy's own."""
    if spoken in ("", policy.language):
        return []
    there = policy.texts.get(spoken, {})
    return [place for place in own_texts(policy) if place not in there and place.rpartition("/")[2] not in NOT_IN_NOTICES]


def in_language(policy: Policy, spoken: str) -> Policy:
    """The policy with its own texts in the language, when it holds all that a notice needs; otherwise as it is."""
    if spoken == policy.language or spoken not in policy.texts or untranslated(policy, spoken):
        return policy
    changed: dict[str, Any] = {"language": spoken}
    for place, text in policy.texts[spoken].items():
        section, *way = place.split("/")
        part = changed.get(section, getattr(policy, section, None))
        changed[section] = _with(part, way, text)
    return replace(policy, **changed)


def _with(part: Any, way: list[str], text: str) -> Any:
    """The part with one text put in its place; a place that is not there changes nothing."""
    step, *rest = way
    if isinstance(part, Mapping) and rest:
        return {**part, step: _with(part[step], rest, text)} if step in part else part
    if is_dataclass(part) and not isinstance(part, type) and not rest and step in {field.name for field in fields(part)}:
        return replace(part, **{step: text})
    return part
