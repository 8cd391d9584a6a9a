"""What belongs together in a drafted policy? Guesses laid over the catalogue, so that every name that is used is declared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from troth.policy.draft import Draft, Guess
from troth.policy.draft_names import slug
from troth.policy.marked import HIDDEN
from troth.policy.phrases import table

_HOME = {"uk": "GB", "gdpr": "DE", "california": "US"}
_UNASKED = {"contract": "none", "legal-obligation": "none", "legitimate-interests": "may-object", "consent": "ask-before"}


class _Flow(yaml.CSafeDumper):
    """One line a value, never anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def flow(value: Any) -> str:
    """A value as YAML on one line."""
    text = yaml.dump(value, Dumper=_Flow, default_flow_style=True, width=1_000_000, allow_unicode=True, sort_keys=False).strip()
    return text.removesuffix("...").strip()


def said(text: str) -> str:
    """Words of the text in a comment: one line, nothing invisible, not too long."""
    words = " ".join(HIDDEN.sub("", text).split())
    return f"`{words[:70]}…`" if len(words) > 70 else f"`{words}`"


def mark(guess: Guess, indent: str = "", more: str = "") -> str:
    """The comment that marks a guess."""
    value = "" if guess.kind.startswith("organisation") else f" {HIDDEN.sub('', guess.value)[:60]}"
    return f"{indent}# guess ({guess.rule}, line {guess.line}){value}: {said(guess.sentence.body)}; {more + ' ' if more else ''}settle this"


@dataclass
class Parts:
    """The pieces of the file, and which guesses each rests on."""

    name: str
    workspace: str
    organisation: Mapping[str, str]
    regimes: list[str]
    home: str
    retention: dict[str, Any] = field(default_factory=dict)
    items: dict[str, Any] = field(default_factory=dict)
    events: dict[str, Any] = field(default_factory=dict)
    purposes: dict[str, dict[str, Any]] = field(default_factory=dict)
    populations: set[str] = field(default_factory=set)
    sections: dict[str, Any] = field(default_factory=dict)
    notice: dict[str, Any] = field(default_factory=dict)
    readings: dict[str, Any] = field(default_factory=dict)
    rests_on: dict[str, list[Guess]] = field(default_factory=dict)
    draft: Draft | None = None

    def why(self, what: str) -> list[Guess]:
        """The guesses something rests on."""
        return self.rests_on.get(what, [])

    def note(self, what: str, guess: Guess) -> None:
        """Remember a guess under what it says; once each rule."""
        known = self.rests_on.setdefault(what, [])
        if all((one.rule, one.value) != (guess.rule, guess.value) for one in known):
            known.append(guess)

    def about_recipient(self, id: str) -> list[Guess]:
        """What was guessed of a recipient's country and safeguard."""
        assert self.draft is not None
        return [guess for kind in ("country", "safeguard") for guess in self.draft.of(kind) if guess.detail[0] == id]

    def served_by(self, guess: Guess) -> tuple[list[str], list[str]]:
        """The purposes and items that a recipient's own sentence names."""
        assert self.draft is not None
        near = [one for one in self.draft.guesses if one.sentence.ordinal == guess.sentence.ordinal]
        purposes = [one.value for one in near if one.kind == "purpose" and one.value in self.purposes]
        usable = {item for id in purposes for item in self.purposes[id]["items"]}
        items = [one.value for one in near if one.kind == "item" and one.value in usable]
        return list(dict.fromkeys(purposes)), list(dict.fromkeys(items))


def put_together(found: Draft) -> Parts:
    """The pieces of a draft."""
    own = {key: found.of(f"organisation.{key}")[0].value for key in ("name", "role", "email", "telephone") if found.of(f"organisation.{key}")}
    name = own.get("name", "settle the name of the organisation")
    regimes = [guess.value for guess in found.of("regime")] or ["gdpr"]
    workspace = slug(name)[:31].strip("-") if "name" in own else "settle-this"
    workspace = workspace if len(workspace) > 1 else "settle-this"
    organisation = {"name": name, "role": "controller"} | own
    organisation |= {} if "email" in own or "telephone" in own else {"address": "settle where the organisation is"}
    parts = Parts(name, workspace, organisation, [*regimes, "elsewhere"], _HOME[regimes[0]], draft=found)
    _put_purposes(found, parts)
    _put_items(found, parts)
    _put_events(parts)
    _put_retention(found, parts)
    _put_sections(found, parts)
    _put_notice(found, parts)
    return parts


def _put_purposes(found: Draft, parts: Parts) -> None:
    known = table("catalogue")["purposes"]
    for guess in found.guesses:
        if guess.kind == "purpose":
            parts.note(f"purpose {guess.value}", guess)
        elif guess.kind == "basis":
            parts.note(f"purpose {guess.detail[0]}", guess)
    wanted = list(dict.fromkeys(guess.value for guess in found.of("purpose"))) or ["enquiries"]
    bases = {guess.detail[0]: guess.detail[1] for guess in reversed(found.of("basis"))}
    items = {guess.value for guess in found.of("item")}
    for id in wanted:
        purpose = {key: value for key, value in known[id].items() if key not in ("needs", "keep", "items")}
        if id in bases and bases[id] != purpose["basis"]:
            purpose |= {"basis": bases[id], "permission": _UNASKED[bases[id]]}
        if purpose["permission"] == "ask-before" and "wording" not in purpose:
            purpose["wording"] = f"May we use your details for this: {purpose['label']}?"
        purpose["items"] = [item for item in known[id]["items"] if item in items or item in known[id]["needs"]]
        parts.purposes[id] = purpose
    for guess in found.of("setting"):
        if guess.detail[0] == "purposes.without" and "site-analytics" in parts.purposes:
            parts.note("purpose site-analytics", guess)
            parts.purposes["site-analytics"] |= {"without": "anonymous-remainder", "remainder": ["page.route"]}


def _put_items(found: Draft, parts: Parts) -> None:
    known = table("catalogue")["items"]
    for guess in found.guesses:
        if guess.kind == "item":
            parts.note(f"item {guess.value}", guess)
    wanted = {guess.value for guess in found.of("item")} | {item for purpose in parts.purposes.values() for item in purpose["items"]}
    parts.items = {id: item for id, item in known.items() if id in wanted}


def _put_events(parts: Parts) -> None:
    for id, event in table("catalogue")["events"].items():
        if any(id in purpose["events"] for purpose in parts.purposes.values()):
            parts.events[id] = event | {"items": [item for item in event["items"] if item in parts.items]}
            parts.populations.add(event["population"])
    for purpose in parts.purposes.values():
        purpose["events"] = [id for id in purpose["events"] if id in parts.events]
    parts.populations |= set() if parts.populations else {"enquirer"}


def _put_retention(found: Draft, parts: Parts) -> None:
    known, groups = table("catalogue")["retention"], {item["keep"] for item in parts.items.values()}
    uses = {id: table("catalogue")["purposes"][id]["keep"] for id in parts.purposes}
    lengths: dict[str, str] = {}
    for guess in found.guesses:
        if guess.kind != "retention":
            continue
        group, counted = guess.detail
        serving = [f"purpose {id}" for id, keep in uses.items() if keep == group and group not in groups]
        for what in serving or [f"retention {group}" if group in groups else "retention"]:
            parts.note(what, guess)
        lengths.setdefault(group, guess.value)
        if group in groups and group not in parts.retention:
            parts.retention[group] = known[group] | {"keep_for": guess.value, "why": "settle why"} | ({"counted_from": counted} if counted else {})
    parts.retention = {id: parts.retention.get(id, rule) for id, rule in known.items() if id in groups}
    for id, purpose in parts.purposes.items():
        purpose["keep_for"] = lengths.get(uses[id]) or known[uses[id]]["keep_for"]


def _put_sections(found: Draft, parts: Parts) -> None:
    """Settings by their dotted keys. A key said twice with two values becomes a reading."""
    values: dict[str, tuple[Any, Guess]] = {}
    for guess in found.of("setting"):
        key, value = guess.detail
        if key == "purposes.without":
            continue
        if key in values and values[key][0] != value and not key.endswith((".by", ".stop")):
            parts.readings[slug(f"two-values-of-{key}", 80)] = _reading(key, values[key][1], guess)
            parts.note(f"section {key.partition('.')[0]}", guess)
            continue
        if key in values and isinstance(value, list):
            value = list(dict.fromkeys([*values[key][0], *value]))
        values[key] = (value, guess)
        parts.note(f"section {key.partition('.')[0]}", guess)
    for right in found.of("right"):
        parts.note("section rights", right)
    if found.of("right"):
        values["rights.offered"] = ([guess.value for guess in found.of("right")], found.of("right")[0])
    for key, (value, _) in values.items():
        section, *path = key.split(".")
        if section != "notice":
            _set(parts.sections, [section, *path], f"{value}d" if key in ("rights.answer_within", "announcements.advance") else value)
    if "reply" in parts.sections.get("channels", {}).get("sms", {}).get("stop", []):
        parts.sections["channels"]["sms"]["stop_words"] = ["STOP"]
    parts.notice |= {"date_at": values["notice.date_at"][0]} if "notice.date_at" in values else {}


def _set(into: dict[str, Any], path: list[str], value: Any) -> None:
    for step in path[:-1]:
        into = into.setdefault(step, {})
    into[path[-1]] = HIDDEN.sub("", value) if isinstance(value, str) else value


def _reading(key: str, first: Guess, second: Guess) -> dict[str, str]:
    return {
        "conflict": f"line {first.line} says {first.value}, and line {second.line} says {second.value}",
        "chosen": f"what line {first.line} says, until a person settles it",
        "why": "two sentences of the text disagree; this file can say only one of them",
    }


def _put_notice(found: Draft, parts: Parts) -> None:
    email = parts.organisation.get("email")
    parts.notice["contact"] = f"Write to {email}." if email else "Settle where people may turn."
    complaint = next((guess.sentence.body for guess in found.of("right") if guess.value == "complaint"), None)
    parts.notice["complaints"] = HIDDEN.sub("", complaint) if complaint else "You may always turn to the regulator."
    changes = next((guess for guess in found.of("setting") if guess.detail[0].startswith("announcements")), None)
    parts.notice |= {"changes": HIDDEN.sub("", changes.sentence.body)} if changes else {}
    if "california" in parts.regimes:
        sale = next((guess for guess in found.of("setting") if guess.detail[0] == "sharing.sale"), None)
        unsaid = "To settle: whether personal data was sold or shared in the last twelve months."
        parts.notice["no_sale"] = HIDDEN.sub("", sale.sentence.body) if sale else unsaid
