"""Which keys does a policy file have, in words? The reference page, made from the tables that read the file.

Every key has a meaning, a default and an example; the examples are read as parts of `SMALL`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from troth.policy.sections import POLICY_KEYS, VERSION_KEY
from troth.policy.shapes import Key, Shape

SMALL = """\
troth: 1
workspace: shop
title: Example Shop
version: "1"
effective_on: 2026-10-01
changed_on: 2026-09-21
organisation: {name: Example Shop Ltd, role: controller, email: privacy@shop.example}
regimes: [gdpr, uk]
populations:
  visitor: {label: someone who visits the site, category: citizen_voter}
retention:
  usage: {label: use of the site, keep_for: 90d, why: a quarter shows which pages are read}
items:
  page.route: {label: which page was viewed, category: user.behavior.browsing_history, form: clear, values: route, keep: usage}
events:
  page-view: {label: A page is viewed, call: page, population: visitor, items: [page.route]}
purposes:
  counting:
    label: Counting visits
    kind: statistics
    basis: legitimate-interests
    permission: may-object
    events: [page-view]
    items: [page.route]
    wording: May we count your visit?
    notice: We count which pages are read.
cookies:
  visitor_id: {provider: Example Shop, purposes: [counting], keep_for: 90d, label: recognises a returning visitor}
recipients:
  northcloud: {label: Northcloud Hosting, category: cloud storage, country: GB, purposes: [counting], items: [page.route],
    terms: {signed_on: 2026-01-10, expires_on: 2028-01-10}}
site: {origins: ["https://www.shop.example"], routes: ["/", "/blog/:slug"]}
channels:
  sms: {stop_words: [STOP]}
promises:
  shop-001: {clause: §2, sentence: We note which pages you view., about: [counting], proof: {probe: each-page-viewed-is-logged}}
readings:
  anonymous-cookies: {conflict: "cookies are anonymous, yet they identify people", chosen: strict, why: what protects people more goes first}
notice: {contact: Write to privacy@shop.example., complaints: Please tell us first if you are unhappy.}
"""

_HEAD = """\
# The policy file, key by key

Made from the tables that read the file, by `make docs`; every example is read by a test. How to write a first policy is in
[first-policy.md](first-policy.md), what `troth policy check` says in [policy-errors.md](policy-errors.md). For editors there is
[policy.schema.json](policy.schema.json).

A key is needed, has a default, or may be left out. Durations are a number with `w`, `d`, `h`, `m` or `s`. A client's file names
its parent with `extends: ../parent/policy.yaml` and says only what differs; it may narrow and never widen, and `key: null` takes
away what the parent has.

This small policy has one of almost everything:

```yaml
"""


@dataclass(frozen=True, slots=True)
class Told:
    """One key with its way through the file; `{id}` stands for a name that the author chooses."""

    way: tuple[str, ...]
    key: Key

    @property
    def at(self) -> str:
        return ".".join(self.way)


def every_key() -> Iterator[Told]:
    """Every key of the language, in the order of the file."""
    yield from _keys((VERSION_KEY, *POLICY_KEYS), ())


def _keys(keys: tuple[Key, ...], way: tuple[str, ...]) -> Iterator[Told]:
    for key in keys:
        yield Told((*way, key.name), key)
        yield from _keys(key.shape.keys, _inside(key.shape, (*way, key.name)))


def _inside(shape: Shape[Any], way: tuple[str, ...]) -> tuple[str, ...]:
    return (*way, "{id}") if shape.named is not None else way


def reference() -> str:
    """The page, as Markdown."""
    parts = [_HEAD + SMALL + "```\n", _table("## The file itself", "", (VERSION_KEY, *POLICY_KEYS), ())]
    for told in every_key():
        if told.key.shape.keys:
            way = _inside(told.key.shape, told.way)
            parts.append(_table(f"{'#' * min(len(told.way) + 1, 4)} `{'.'.join(way)}`", told.key.help, told.key.shape.keys, way))
    return "\n".join(parts)


def _table(heading: str, help: str, keys: tuple[Key, ...], way: tuple[str, ...]) -> str:
    rows = [f"| `{key.name}` | {_meaning(key)} | {_default(key)} | {_example(key)} |" for key in keys]
    said = [help, ""] if help else []
    return "\n".join([heading, "", *said, "| key | what it means | default | example |", "|---|---|---|---|", *rows, ""])


def _meaning(key: Key) -> str:
    words = _words(key.shape.form)
    return f"{key.help} One of {words}." if words else key.help


def _words(form: Any) -> str:
    if "items" in form:
        form = form["items"]
    words = [word for word in form.get("enum", []) if isinstance(word, str)]
    return "" if {"true", "false"} <= set(words) else ", ".join(f"`{word}`" for word in words)


def _default(key: Key) -> str:
    if key.needed:
        return "needed"
    if key.default is None or key.default in ((), "") or key.shape.keys or key.default == {}:
        return "left out"
    return f"`{_said(key.shape.write(key.default))}`"


def _said(value: Any) -> str:
    return str(yaml.safe_dump(value, default_flow_style=True, width=1000)).removesuffix("...\n").strip()


def _example(key: Key) -> str:
    return f"`{key.name}: {key.example}`" if key.example else "below"
