"""What can be shown of a consent? One record for each reference: whom, which notice, what for, on what terms, every event.

The terms are those of the notice as linked data (`troth.policy.notice_dpv`), of the version that the last word on the purpose was
said under. A record names a person by a random reference alone. It shows; it decides nothing.
Source: ISO/IEC TS 27560:2023 as mapped by the W3C DPV guide consent-27560; GDPR Art. 7(1); docs/decisions/0026
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sqlalchemy import Connection

from troth.base.clock import instant, micros, now_micros
from troth.collect import choices, nobody
from troth.collect.nobody import AnonymousChoice
from troth.consent.record import CARRIED, WAY, Act, State, Strength, history
from troth.consent.standing import Standing, read_standing
from troth.consent.states import PERMITTING, ConsentEvent, ConsentState, TakenOver, events_of, state_of
from troth.consent.steps import ConsentStep, Step, steps_of
from troth.policy.model import Permission, Policy
from troth.policy.notice_dpv import as_jsonld, terms
from troth.versions import PublishedVersion, overtaken
from troth.workspace import Workspace

FORMAT = "troth-consent-record-1"
CONFORMS = "https://w3id.org/dpv/schema/dpv-27560#record"
Node = dict[str, Any]
_STATES: Mapping[ConsentState, str] = {
    ConsentState.UNKNOWN: "dpv:ConsentUnknown", ConsentState.GIVEN: "dpv:ConsentGiven", ConsentState.RENEWED: "dpv:RenewedConsentGiven",
    ConsentState.REFUSED: "dpv:ConsentRefused", ConsentState.WITHDRAWN: "dpv:ConsentWithdrawn",
    ConsentState.REQUESTED: "dpv:ConsentRequested", ConsentState.DEFERRED: "dpv:ConsentRequestDeferred", ConsentState.EXPIRED: "dpv:ConsentExpired",
    ConsentState.INVALIDATED: "dpv:ConsentInvalidated", ConsentState.REVOKED: "dpv:ConsentRevoked",
}
_STRENGTHS: Mapping[Strength, str] = {
    Strength.EXPLICIT: "dpv:ExpressedConsent", Strength.RELAYED: "dpv:ExpressedConsent", Strength.IMPLIED: "dpv:ImpliedConsent",
    Strength.BY_USE: "dpv:ImpliedConsent", Strength.IMPORTED: "dpv:Consent", Strength.NONE: "dpv:Consent",
}


class Records:
    """Makes the records of one workspace, seen from one transaction."""

    def __init__(self, workspace: Workspace, conn: Connection) -> None:
        self._workspace, self._conn = workspace, conn
        self._plan, self._at = workspace.plan, now_micros()
        known = workspace.versions(conn)
        self._versions = {one.version: one for one in known}
        held = [one for one in known if one.genuine and not overtaken(one, known) and one.effective_at <= instant(self._at)]
        self._held = sorted(held, key=lambda one: (one.effective_at, one.number))
        self._linked: dict[str, dict[str, Node]] = {}
        self._taken_over: dict[str, list[TakenOver]] = {}

    def of(self, ref: int) -> Node | None:
        """The record of one reference; None when there is no such subject."""
        standing = read_standing(self._conn, ref)
        if standing is None:
            return None
        acts = history(self._conn, ref)
        asked = steps_of(self._conn, ref)
        return self._record(str(ref), standing, acts, self._purposes(standing, [*acts, *asked]), asked)

    def of_nobody(self, choice: AnonymousChoice) -> Node:
        """The record of a choice by somebody of whom nothing is held: its subject is a random id that only their browser has."""
        standing = Standing(0, 0, "nobody", choice.regime)
        return self._record(choice.id, standing, list(choice.acts), [act.purpose for act in choice.acts]) | {"troth:anonymous": True}

    def _record(self, subject: str, standing: Standing, acts: list[Act], purposes: Iterable[str], asked: Iterable[ConsentStep] = ()) -> Node:
        told = {purpose: self._events(purpose, acts, standing.regime, asked) for purpose in purposes}
        named = {event.version for events in told.values() for event in events} & self._versions.keys()
        us = self._node(self._plan.policy.version, "organisation")
        return {
            "@context": dict(terms()["prefixes"]) | {"troth": "urn:troth:consent#"},
            "@type": "dpv:ConsentRecord",
            "dct:identifier": f"{self._workspace.id}-{subject}",
            "dct:conformsTo": CONFORMS,
            "troth:format": FORMAT,
            "dpv:hasDataSubject": {"@type": "dpv:DataSubject", "dct:identifier": subject, "dct:type": standing.population},
            "dpv:hasDataController": us,
            "dpv:hasApplicableLaw": standing.regime,
            "dpv:hasNotice": [self.notice(self._versions[one]) for one in sorted(named, key=lambda one: self._versions[one].number)],
            "dpv:hasProcess": [self._process(purpose, standing, events) for purpose, events in told.items()],
        }

    def since(self, at: int) -> Iterator[Node]:
        """The records of everybody who said something at or after an instant, then those of nobody we know; those that proofs made
        up are left out."""
        read = (
            "SELECT DISTINCT a.ref FROM (SELECT ref, at FROM consent_act UNION ALL SELECT ref, at FROM consent_step) a "
            "JOIN subject s ON s.ref = a.ref "
            "WHERE a.at >= ? AND s.canary = 0 AND a.ref NOT IN (SELECT ref FROM erased_subject) ORDER BY a.ref"
        )
        for row in self._conn.exec_driver_sql(read, (at,)).all():
            record = self.of(row[0])
            if record is not None:
                yield record
        yield from map(self.of_nobody, nobody.choices_since(self._conn, self._plan.policy, at))

    def notice(self, version: PublishedVersion) -> Node:
        """The notice of a version by its permanent address, its language and its hashes, which the ledger has too."""
        policy = self._policy(version.version)
        body = self._workspace.log.entry(self._conn, version.entry).body
        return {
            "@id": self._address(version.version), "@type": "dpv:ConsentNotice", "dct:hasVersion": version.version,
            "dct:language": policy.language, "dct:issued": version.published_at.isoformat(), "dct:valid": version.effective_at.isoformat(),
            "troth:policySha256": version.hash, "troth:noticeSha256": str(body.get("notice", "")), "troth:entry": version.entry,
        }

    def _purposes(self, standing: Standing, acts: Iterable[Act | ConsentStep]) -> list[str]:
        """What was said something to, then what the person could be asked for and said nothing to."""
        said = dict.fromkeys(act.purpose for act in acts if not act.purpose.startswith(WAY))  # a channel is no purpose of processing
        policy = self._plan.policy
        open_to = [one for one in policy.purposes.values() if self._plan.mode(one, standing.regime) is Permission.ASK_BEFORE]
        return [*said, *(one.id for one in open_to if one.id not in said and _concerns(policy, one.id, standing.population))]

    def _events(self, purpose: str, acts: Iterable[Act], regime: str, asked: Iterable[ConsentStep]) -> list[ConsentEvent]:
        declared = self._plan.policy.purposes.get(purpose)
        asks = declared is not None and self._plan.mode(declared, regime) is Permission.ASK_BEFORE
        return events_of(purpose, acts, self._versions_for(regime), self._plan.takes_imported or not asks, asked)

    def _versions_for(self, regime: str) -> list[TakenOver]:
        """The versions as they took effect. A purpose that needs no yes now is not asked about anew, as the gate has it."""
        if regime not in self._taken_over:
            plan = self._plan
            asks = {id for id, one in plan.policy.purposes.items() if plan.mode(one, regime) is Permission.ASK_BEFORE}
            self._taken_over[regime] = [
                TakenOver(
                    one.version, micros(one.effective_at), one.entry,
                    purposes=frozenset(self._policy(one.version).purposes), asks_again=frozenset(one.asks_again) & asks,
                )
                for one in self._held
            ]
        return self._taken_over[regime]

    def _process(self, purpose: str, standing: Standing, events: list[ConsentEvent]) -> Node:
        """A purpose on the terms of the version that it was last spoken of under, and what happened to it."""
        spoken = next((event.version for event in reversed(events) if event.act is not None), self._plan.policy.version)
        version = spoken if spoken in self._versions and purpose in self._policy(spoken).purposes else self._plan.policy.version
        found = dict(self._node(version, f"purpose-{purpose}"))
        for key in ("dpv:hasPersonalData", "dpv:hasRecipient"):
            found[key] = [self._node(version, one["@id"].partition("#")[2]) or one for one in found.get(key, [])]
        home = f"{self._workspace.settings.base_url}/{self._workspace.id}/privacy"
        document = self._node(version, "notice")
        return found | {
            "troth:purpose": purpose, "dpv:hasDataController": self._node(version, "organisation").get("dpv:hasName", ""),
            "dpv:hasJurisdiction": standing.regime, "dpv:hasRight": document.get("dpv:hasRight", []),
            "dpv:hasConsentControl": {"@type": "dpv:WithdrawConsent", "@id": home},
            "troth:state": str(state_of(events)), "dpv:hasConsentStatus": _STATES[state_of(events)],
            "troth:lawful": _lawful(events),
            "troth:events": [self._event(event, standing) for event in events],
        }

    def _event(self, event: ConsentEvent, standing: Standing) -> Node:
        found: Node = {
            "troth:state": str(event.state), "dpv:hasConsentStatus": _STATES[event.state], "dpv:isIndicatedAtTime": instant(event.at).isoformat(),
            "dct:hasVersion": event.version, "troth:entry": event.entry, "dpv:hasDuration": "dpv:UntilEventDuration",
        }
        if event.step is not None:
            return found | self._stepped(event.step)
        if event.act is None:
            return found | {"@type": "dpv:ConsentStatus", "troth:type": "new-version", "dpv:isIndicatedBy": "dpv:DataController"}
        act, said = event.act, event.act.evidence
        return found | {
            "@type": _STRENGTHS[said.strength], "troth:type": "objection" if act.state is State.OBJECTED else "consent",
            "dpv:isIndicatedBy": "dpv:DataSubject", "dpv:hasIndicationMethod": said.how, "troth:carried": said.how == CARRIED,
            "troth:act": str(act.state), "troth:strength": str(said.strength), "dpv:hasJurisdiction": said.regime or standing.regime,
            "troth:screen": said.screen, "troth:screenIsOfVersion": self._is_screen(said.screen, said.policy_version, said.regime),
            "troth:wordingSha256": self._wording(act),
        } | (self._brought(act) if said.strength is Strength.IMPORTED else {})

    def _stepped(self, step: ConsentStep) -> Node:
        """A step of the asking: the controller asks and lets a yes end, the person puts the answer off."""
        by = "dpv:DataSubject" if step.step is Step.DEFERRED else "dpv:DataController"
        return {"@type": "dpv:ConsentStatus", "troth:type": "asking", "dpv:isIndicatedBy": by, "dpv:hasIndicationMethod": step.how,
                "troth:carried": False, "troth:act": str(step.step), "troth:strength": step.strength, "troth:screen": step.screen}

    def _brought(self, act: Act) -> Node:
        """Of an act that another system recorded: which, and that it was said to words of theirs. `dct:hasVersion` took it over."""
        how, _, source = act.evidence.how.partition(".")
        return {"troth:imported": True, "troth:source": source, "troth:dated": how == "import", "troth:screenIsOfVersion": False,
                "troth:wordingSha256": "", "troth:importedWording": act.evidence.screen}

    def _is_screen(self, screen: str, version: str, regime: str) -> bool:
        """Whether this hash is that of what the version shows under this law."""
        return version in self._versions and bool(screen) and screen == choices.screen_of(self._policy(version), regime)

    def _wording(self, act: Act) -> str:
        """The hash of what the version says of the purpose: label, wording and what one goes without."""
        version = act.evidence.policy_version
        purpose = self._policy(version).purposes.get(act.purpose) if version in self._versions else None
        return hashlib.sha256("\0".join((purpose.label, purpose.wording, purpose.loses)).encode()).hexdigest() if purpose else ""

    def _policy(self, version: str) -> Policy:
        return self._workspace.plan_of(self._versions[version]).policy

    def _address(self, version: str) -> str:
        return f"{self._workspace.settings.base_url}/{self._workspace.id}/policy/versions/{version}"

    def _node(self, version: str, id: str) -> Node:
        """One thing of a version's notice as linked data."""
        if version not in self._linked:
            graph = as_jsonld(self._policy(version), "notice", self._address(version))["@graph"]
            self._linked[version] = {one["@id"].partition("#")[2]: one for one in graph}
        return self._linked[version].get(id, {})


def _lawful(events: Iterable[ConsentEvent]) -> list[Node]:
    """From when to when a yes stood. What was done then was lawful and stays so, whatever came after. Source: GDPR Art. 7(3)."""
    found: list[Node] = []
    for event in events:
        stands = bool(found) and found[-1]["until"] is None
        if event.state in PERMITTING and not stands:
            found.append({"from": instant(event.at).isoformat(), "until": None})
        elif event.state not in PERMITTING and stands:
            found[-1]["until"] = instant(event.at).isoformat()
    return found


def _concerns(policy: Policy, purpose: str, population: str) -> bool:
    """Whether a purpose is about this sort of person."""
    one = policy.purposes[purpose]
    people = one.populations or tuple(policy.events[id].population for id in one.events)
    return not people or population in people
