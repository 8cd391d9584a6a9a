"""Who is told of a coming version, and who has been? One message to each person concerned, through the gate, sent once.

The site shows it by itself (`troth.centre.versions`); here are the messages that the policy promises. Each is written for
the purpose the policy names, under the version that still holds, to the address that this purpose may see. Whoever is
erased, restricted or said no gets none, and is not asked for again. What was told stays on record with the person.
Source: GDPR Art. 12(1), 13(3); WP260 par. 30-31; docs/decisions/0021
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import BigInteger, Column, Connection, Integer, Table, Text

from troth.base.clock import instant, micros, now_micros
from troth.base.database import metadata
from troth.base.errors import Fault
from troth.base.ids import new_token
from troth.consent.standing import read_standing
from troth.disclose.composing import Channel
from troth.disclose.outbox import KEPT_FOR, Letter, send
from troth.gate.admit import admit_use
from troth.gate.reasons import Refused
from troth.ledger.entry import EntryKind
from troth.policy.announcing import check_purpose, words_for
from troth.policy.material import MaterialChange, materials, populations_of
from troth.policy.model import Policy
from troth.policy.words import day
from troth.rights.rectify import ADDRESS
from troth.store.reveal import reveal_events
from troth.subjects.links import same_person
from troth.versions import before, overtaken
from troth.workspace import PublishedVersion, Workspace

announcement = Table(
    "announcement",
    metadata,
    Column("version", Text, primary_key=True),
    Column("told", Integer, nullable=False),
    Column("done_at", BigInteger, nullable=False),
    Column("entry", Integer, nullable=False),
)
announced_to = Table(
    "announced_to",
    metadata,
    Column("version", Text, primary_key=True),
    Column("ref", BigInteger, primary_key=True, autoincrement=False),
    Column("message", Text, nullable=False),
    Column("became", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
)
KIND = "policy-change"
_AT_ONCE = 200  # people a round, so that a round of maintenance stays short
# What each channel is addressed by, and how such an address looks.
_ADDRESSES: Mapping[Channel, tuple[str, re.Pattern[str]]] = {
    Channel.EMAIL: ("user.contact.email", ADDRESS),
    Channel.SMS: ("user.contact.phone_number", re.compile(r"\+[0-9 ().\-/]{6,24}")),
    Channel.POST: ("user.contact.address", re.compile(r"\S(.|\n){3,498}\S")),
}


class Became(StrEnum):
    """What became of telling one person."""

    BEGUN = "begun"  # a message has its number, and may or may not have left
    TOLD = "told"
    NOT_PERMITTED = "not-permitted"
    NO_ADDRESS = "no-address"
    NOT_MEANT = "not-meant"  # the purpose is not about such people
    HELD = "held"  # one more than the policy lets a person have


@dataclass(frozen=True, slots=True)
class Telling:
    """One version that people are being written to about."""

    version: PublishedVersion
    old: Policy
    purpose: str
    changes: tuple[MaterialChange, ...]


def go_on(workspace: Workspace, at_once: int = _AT_ONCE) -> int:
    """Tell some more of the people whom a version still has to be told to; returns how many messages went.

    Safe to run again and from several processes: a person's message has its number before it leaves.
    """
    sent = 0
    for telling in _open(workspace):
        with workspace.state.read() as conn:
            waiting = _waiting(conn, telling, at_once)
        sent += sum(_tell(workspace, telling, ref) for ref in waiting)
        if not waiting:
            _close(workspace, telling)
    return sent


def told_of(conn: Connection, version: str) -> Counter[str]:
    """How many people were told of a version, and how many were not, by what became of it."""
    rows = conn.exec_driver_sql("SELECT became, count(*) FROM announced_to WHERE version = ? GROUP BY 1", (version,))
    return Counter({became: count for became, count in rows})


def _open(workspace: Workspace) -> Iterator[Telling]:
    """The versions that are to be told by message, until that is done; one that never takes effect is not told further."""
    with workspace.state.read() as conn:
        known = workspace.versions(conn)
        done = {row[0] for row in conn.exec_driver_sql("SELECT version FROM announcement")}
    for version in known:
        older = before(version, known)
        if version.by_mail and version.version not in done and older is not None and not overtaken(version, known):
            old, new = workspace.plan_of(older).policy, workspace.plan_of(version).policy
            yield Telling(version, old, check_purpose(old, new), tuple(materials(old, new)))


def _waiting(conn: Connection, telling: Telling, at_once: int) -> list[int]:
    """People of the populations concerned who have not been told, nor found not to be tellable."""
    about = set(populations_of(telling.old, telling.purpose))
    if telling.changes:
        about &= {population for change in telling.changes for population in change.populations}
    if not about:
        return []
    marks = ",".join("?" * len(about))
    read = (
        f"SELECT s.ref FROM subject s LEFT JOIN announced_to a ON a.ref = s.ref AND a.version = ? WHERE s.population IN ({marks}) "
        "AND s.canary = 0 AND s.created_at <= ? AND (a.ref IS NULL OR a.became = ?) "
        "AND s.ref NOT IN (SELECT ref FROM erased_subject) ORDER BY s.ref LIMIT ?"
    )
    values = (telling.version.version, *sorted(about), micros(telling.version.effective_at), Became.BEGUN, at_once)
    return [row[0] for row in conn.exec_driver_sql(read, values)]


def _tell(workspace: Workspace, telling: Telling, ref: int) -> bool:
    """Write to one person; whether a message went. The gate is asked twice: for the address, and when it is sent."""
    version = telling.version.version
    with workspace.state.write() as conn:
        began = conn.exec_driver_sql("SELECT message, at FROM announced_to WHERE version = ? AND ref = ?", (version, ref)).first()
        if began is not None and now_micros() - began[1] > micros(instant(0) + KEPT_FOR):
            return _enter(conn, version, ref, began[0], Became.TOLD)  # too long ago for the outbox to know: never twice
        if _told_already(conn, version, ref):
            return _enter(conn, version, ref, "", Became.TOLD)
        address, population = address_of(workspace, conn, telling.purpose, ref, "announcer")
        if isinstance(address, Became):
            return _enter(conn, version, ref, "", address)
        message = began[0] if began else new_token()
        if began is None:
            _enter(conn, version, ref, message, Became.BEGUN)
    try:
        send(workspace, _letter(workspace, telling, ref, address, population), message)
        became = Became.TOLD
    except Refused:
        became = Became.NOT_PERMITTED
    except Fault:  # what is held is no address after all
        became = Became.NO_ADDRESS
    with workspace.state.write() as conn:
        _enter(conn, version, ref, message, became)
    return became is Became.TOLD


def _told_already(conn: Connection, version: str, ref: int) -> bool:
    """Whether the same person was told under another reference."""
    others = same_person(conn, ref) - {ref}
    read = "SELECT 1 FROM announced_to WHERE version = ? AND ref = ? AND became IN (?, ?)"
    return any(conn.exec_driver_sql(read, (version, other, Became.TOLD, Became.BEGUN)).first() for other in others)


def address_of(
    workspace: Workspace, conn: Connection, purpose: str, ref: int, who: str, channel: Channel = Channel.EMAIL
) -> tuple[str | Became, str]:
    """The newest address of a channel that the purpose may see, through the gate, or why there is none; with the sort of person,
    or for a letter on paper their name.
    """
    plan, standing = workspace.plan_at(conn, now_micros()), read_standing(conn, ref)
    declared, (category, form) = plan.policy.purposes.get(purpose), _ADDRESSES[channel]
    wanted = {id: plan.policy.items[id].category for id in (declared.items if declared else ())}
    items = frozenset(id for id, kind in wanted.items() if kind.startswith(category))
    names = frozenset(id for id, kind in wanted.items() if kind == "user.name") if channel is Channel.POST else frozenset()
    if not items:
        return Became.NO_ADDRESS, ""
    try:
        grant = admit_use(conn, workspace.log, plan, purpose, standing, who, items=items | names)
    except Refused:
        return Became.NOT_PERMITTED, ""
    events = list(reveal_events(grant, conn, workspace.lake, workspace.keys, workspace.classes, same_person(conn, ref)))
    held = [str(event.items[id]) for event in reversed(events) for id in sorted(items & event.items.keys()) if form.fullmatch(str(event.items[id]))]
    name = next((str(event.items[id]) for event in reversed(events) for id in sorted(names & event.items.keys())), "")
    population = standing.population if standing else ""
    return (held[0] if held else Became.NO_ADDRESS), name if channel is Channel.POST else population


def _letter(workspace: Workspace, telling: Telling, ref: int, address: str, population: str) -> Letter:
    """What is written: when, what changes for people like this one, where the whole text is and what they can do."""
    us, version = telling.old.organisation, telling.version
    words = words_for(telling.changes, population) or ["the wording of the policy"]
    when = "Our privacy policy has changed." if version.effective_at <= instant(now_micros()) else (
        f"Our privacy policy changes on {day(version.effective_at.date())}. Until then the present one holds."
    )
    home = f"{workspace.settings.base_url}/{workspace.id}"
    lines = "\n".join(f"- {one[:1].upper()}{one[1:]}" for one in words)
    text = (
        f"{when}\n\nWhat changes for you:\n\n{lines}\n\nThe whole text:\n\n{home}/policy/versions/{version.version}\n\n"
        f"What you allow, and every right you have, is here:\n\n{home}/privacy\n\n{us.name}, {us.address}\n{us.email}\n"
    )
    return Letter(ref, address, telling.purpose, KIND, f"Our privacy policy changes: {us.name}", text)


def _enter(conn: Connection, version: str, ref: int, message: str, became: Became) -> bool:
    conn.exec_driver_sql(
        "INSERT INTO announced_to (version, ref, message, became, at) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (version, ref) DO UPDATE SET became = excluded.became",
        (version, ref, message, became, now_micros()),
    )
    return False


def _close(workspace: Workspace, telling: Telling) -> None:
    """Nobody waits any more; once the version holds, its telling is over and entered in the ledger. Before, newcomers may come."""
    version = telling.version
    with workspace.state.write() as conn:
        at = now_micros()
        closed = conn.exec_driver_sql("SELECT 1 FROM announcement WHERE version = ?", (version.version,)).first()
        if at < micros(version.effective_at) or closed is not None:  # another process may have been first
            return
        became = told_of(conn, version.version)
        body = {"act": "policy-announced", "version": version.version, "became": dict(sorted(became.items()))}
        entry = workspace.log.append(conn, EntryKind.OPERATOR_ACT, body, instant(at))
        conn.exec_driver_sql(
            "INSERT INTO announcement (version, told, done_at, entry) VALUES (?, ?, ?, ?)",
            (version.version, became[Became.TOLD], at, entry),
        )
