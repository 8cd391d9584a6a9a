"""What goes to whoever buys the business? A package of people, their choices and their data, on record for each of them.

Each row carries the purposes it was collected for that its person still permits, and the policy travels along.
Restricted people stay behind. It moves no keys. Receiving is `acquired`.
Source: GDPR Art. 5(1)(b), 6(1)(f), 13(3), 14; Cal. Civ. Code 1798.140(ad)(2)(C)
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from troth.base.clock import instant, micros, now
from troth.base.errors import Fault
from troth.consent.standing import Standing
from troth.disclose.register import Person, check_operator, enter_refusal, known_about, meet, permitted_events, write_row
from troth.gate.admit import admit_disclosure
from troth.gate.decide import Deny
from troth.gate.disclosure import MayDisclose, Nature, PermitDisclosure, decide_disclosure
from troth.gate.grant import Grant
from troth.gate.plan import Plan
from troth.gate.reasons import Refused
from troth.ledger.entry import EntryKind
from troth.policy.model import Policy
from troth.policy.write import to_yaml
from troth.retain import within
from troth.rights.disclosed import Disclosed
from troth.store.reveal import RevealedEvent
from troth.workspace import Workspace

FORMAT = "troth-business-transfer/1"
_BATCH = 50


@dataclass(frozen=True, slots=True)
class Package:
    """What an acquirer receives: `manifest` says what binds it; one entry of `people` a person."""

    manifest: dict[str, Any]
    people: list[dict[str, Any]] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """The shape it travels in."""
        return {"manifest": self.manifest, "people": self.people}


# handing over


def transfer_business(workspace: Workspace, acquirer: str, country: str, operator: str, safeguard: str = "") -> Package:
    """Make the package for a named acquirer, entering a disclosure for each person in it.

    Raises Refused, on record, without an acquirer or where nothing safeguards a transfer to `country`.
    """
    check_operator(operator)
    if len(acquirer) > 200 or not acquirer.isprintable():
        raise Fault("bad-field", "`acquirer` is one line of at most 200 characters")
    question = MayDisclose("", nature=Nature.BUSINESS_TRANSFER, named=acquirer, country=country, safeguard=safeguard)
    plan = workspace.plan
    _refuse_at_once(workspace, plan, question, operator)
    with workspace.state.read() as conn:
        refs = [row[0] for row in conn.exec_driver_sql("SELECT ref FROM subject WHERE canary = 0 ORDER BY ref")]
    done: set[int] = set()
    packed: list[_Packed] = []
    for start in range(0, len(refs), _BATCH):
        with workspace.state.write() as conn:
            for ref in refs[start : start + _BATCH]:
                person = meet(conn, plan.policy, ref) if ref not in done else None
                if person is not None:
                    done |= person.refs
                    packed.extend(_packed(workspace, conn, plan, person, question, operator))
    package = Package(_manifest(plan.policy, acquirer), _released(workspace, packed, question, operator))
    package.manifest["people"] = len(package.people)
    return package


@dataclass(frozen=True, slots=True)
class _Packed:
    """One person's entry, the register's row of it, and the epochs that it was decided on."""

    entry: dict[str, Any]
    row: int
    epochs: dict[int, int]


def _epochs(conn: Connection, refs: Iterable[int]) -> dict[int, int]:
    found = ((ref, conn.exec_driver_sql("SELECT epoch FROM subject WHERE ref = ?", (ref,)).first()) for ref in sorted(refs))
    return {ref: row[0] for ref, row in found if row is not None}


def _released(workspace: Workspace, packed: list[_Packed], question: MayDisclose, operator: str) -> list[dict[str, Any]]:
    """What goes, as everybody's standing is when it goes: whoever said something since they were packed is packed anew, or stays behind."""
    with workspace.state.write() as conn:
        plan = workspace.plan_at(conn, micros(now()))
        same = [_epochs(conn, one.epochs) == one.epochs for one in packed]
        people = [one.entry for one, is_same in zip(packed, same, strict=True) if is_same]
        there = {ref for one, is_same in zip(packed, same, strict=True) if is_same for ref in one.epochs}
        for one in (one for one, is_same in zip(packed, same, strict=True) if not is_same):
            conn.exec_driver_sql("DELETE FROM disclosure WHERE id = ?", (one.row,))
            workspace.log.append(conn, EntryKind.OPERATOR_ACT, {"act": "disclosure-not-made", "disclosure": one.row, "operator": operator}, now())
            person = meet(conn, plan.policy, int(one.entry["person"]))
            if person is not None and not person.refs & there:
                there |= person.refs
                people.extend(again.entry for again in _packed(workspace, conn, plan, person, question, operator))
    return people


def _refuse_at_once(workspace: Workspace, plan: Plan, question: MayDisclose, operator: str) -> None:
    anybody = Standing(-1, 0, "", plan.policy.settings.default_regime)
    with workspace.state.write() as conn:
        verdict = decide_disclosure(question, plan, anybody, now(), known_about(conn, plan.policy, None))
        if not isinstance(verdict, Deny):
            return
        refused = Refused(verdict.reason, verdict.about)
        enter_refusal(workspace, conn, plan, None, question, operator, refused)
    raise refused


def _manifest(policy: Policy, acquirer: str) -> dict[str, Any]:
    purposes = {
        one.id: {"label": one.label, "basis": str(one.basis), "permission": str(one.permission), "items": list(one.items), "notice": one.notice}
        for one in policy.purposes.values()
    }
    bound = "This data may be used for the purposes listed here alone, by each person's own choices, under the policy enclosed."
    return {
        "format": FORMAT, "from": policy.organisation.name, "workspace": policy.workspace, "acquirer": acquirer,
        "made_at": now().isoformat(), "bound": bound, "purposes": purposes, "policy": {"version": policy.version, "text": to_yaml(policy)},
    }  # fmt: skip


def _packed(
    workspace: Workspace, conn: Connection, plan: Plan, person: Person, question: MayDisclose, operator: str
) -> Iterator[_Packed]:
    """One person's entry, with its disclosure on record; nothing for a person of whom nothing may go."""
    permitted = _permitted(plan, person.standing)
    if not permitted:
        return
    conn.exec_driver_sql("SAVEPOINT person")
    try:
        known = known_about(conn, plan.policy, person)
        grant, permit = admit_disclosure(conn, workspace.log, plan, question, person.standing, operator, known)
    except Refused:
        conn.exec_driver_sql("RELEASE person")
        return
    events = list(_under_purposes(plan, grant, permitted, permitted_events(workspace, conn, grant, permit, person.refs)))
    if not events:
        conn.exec_driver_sql("ROLLBACK TO person")
        conn.exec_driver_sql("RELEASE person")
        return
    row = write_row(conn, _row(person, permit, grant, events))
    conn.exec_driver_sql("RELEASE person")
    standing = person.standing
    states = {purpose: str(state) for purpose, state in sorted(standing.states.items())}
    entry = {
        "person": str(standing.ref), "population": standing.population, "regime": standing.regime, "strength": str(standing.strength),
        "states": states, "permitted": sorted(permitted), "events": events,
    }  # fmt: skip
    yield _Packed(entry, row, _epochs(conn, person.refs))


def _permitted(plan: Plan, standing: Standing) -> frozenset[str]:
    return frozenset(
        one.id
        for one in plan.policy.purposes.values()
        if plan.denial(one, standing) is None and (not one.populations or standing.population in one.populations)
    )


def _under_purposes(plan: Plan, grant: Grant, permitted: frozenset[str], events: list[RevealedEvent]) -> Iterator[dict[str, Any]]:
    """Each event with the purposes that still carry it, and the items those purposes use."""
    for event in events:
        age = grant.at - instant(event.at)
        ours = [plan.policy.purposes[id] for id in event.purposes if id in permitted]
        purposes = [one for one in ours if event.type in one.events and within(one.keep_for, age)]
        used = {item for one in purposes for item in one.items}
        items = {item: value for item, value in event.items.items() if item in used}
        if items:
            at, listed = instant(event.at).isoformat(), [one.id for one in purposes]
            yield {"event": event.type, "id": str(event.event), "at": at, "purposes": listed, "items": items}


def _row(person: Person, permit: PermitDisclosure, grant: Grant, events: list[dict[str, Any]]) -> Disclosed:
    items = tuple(sorted({item for event in events for item in event["items"]}))
    to = permit.receiver
    return Disclosed(
        to.label, "", items, micros(grant.at), 0, person.standing.ref, grant.entry or 0, to.label, to.category, to.country, "",
        str(permit.mechanism), str(Nature.BUSINESS_TRANSFER), "", False,
    )  # fmt: skip


@contextmanager
def folder_for_package(folder: Path) -> Iterator[Path]:
    """A new folder to write a package into, made before anything is on record; gone again, where nothing was written, when that fails."""
    try:
        folder.mkdir(parents=True, mode=0o700)
    except FileExistsError:
        raise Fault("folder-exists", f"`{folder.name}` is already there", help="name a folder that is new", status=409) from None
    except OSError:
        raise Fault("folder-unusable", f"`{folder.name}` cannot be made", help="name a folder elsewhere", status=409) from None
    try:
        yield folder
    except BaseException:
        with suppress(OSError):
            folder.rmdir()
        raise


def write_package(package: Package, folder: Path) -> None:
    """Write a package as `manifest.json` and `people.jsonl`, readable by their owner alone, into a new folder."""
    lines = "".join(json.dumps(person, ensure_ascii=False) + "\n" for person in package.people)
    for name, text in (("manifest.json", json.dumps(package.manifest, ensure_ascii=False, indent=2)), ("people.jsonl", lines)):
        with os.fdopen(os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)


def read_package(folder: Path) -> Package:
    """Read what `write_package` wrote; raises `bad-package`."""
    try:
        manifest = json.loads((folder / "manifest.json").read_text())
        people = [json.loads(line) for line in (folder / "people.jsonl").read_text().splitlines()]
    except (OSError, ValueError):
        raise Fault("bad-package", "this folder holds no package that can be read") from None
    return Package(manifest, people)
