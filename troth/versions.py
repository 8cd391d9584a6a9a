"""Which policy holds at an instant, and is a published version still what it was? Publishing, for one workspace.

A version is never edited: its row is never updated, the ledger holds the hash of its text and of the notice that people
read, and a version that does not match is not served and permits nothing. What holds is worked out from the clock at
each question, so that a version takes effect at its instant in every process, without anybody doing anything then.
Source: GDPR Art. 5(2), 7(1), 12(1); docs/decisions/0021
"""

from __future__ import annotations

import hashlib
import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Column, Connection, Integer, Table, Text

from troth.base.clock import instant, micros, now, now_micros
from troth.base.database import Database, metadata
from troth.base.errors import Fault
from troth.gate.plan import Asked, Plan
from troth.ledger.entry import Entry, EntryKind
from troth.ledger.log import Log
from troth.ledger.tree import leaf_hash, verify_inclusion
from troth.policy.announcing import Announcing, announcing, check_minor, check_notice_given, check_purpose, check_reason, effective_at, words_for
from troth.policy.demands import Announcements, RevisedFor
from troth.policy.material import asked_again
from troth.policy.model import Policy
from troth.policy.notice import as_html, as_markdown, notice
from troth.policy.parse import PolicyInvalid, parse
from troth.policy.write import to_yaml

policy_version = Table(
    "policy_version",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("version", Text, nullable=False, unique=True),
    Column("text", Text, nullable=False),
    Column("hash", Text, nullable=False),
    Column("published_at", BigInteger, nullable=False),
    Column("effective_at", BigInteger, nullable=False),
    Column("entry", Integer, nullable=False),
)
# The notice as it was made when its version was published: what people read stays what they read.
version_notice = Table(
    "version_notice",
    metadata,
    Column("version", Text, primary_key=True),
    Column("html", Text, nullable=False),
    Column("markdown", Text, nullable=False),
)
# Policies of others, under which data was collected that came with a business; by the hash of their text.
received_policy = Table("received_policy", metadata, Column("hash", Text, primary_key=True), Column("text", Text, nullable=False))
_RECEIVED = "received:"  # no version of ours can be called so
_VERSION = re.compile(r"(?!.*\.(md|yaml|json)$)[A-Za-z0-9][A-Za-z0-9._-]{0,39}")


@dataclass(frozen=True, slots=True)
class Revision:
    """How a version is published: by whom, why, called a small change or not, and whether people are to be written to."""

    operator: str = "owner"
    reason: RevisedFor | None = None
    minor: bool = False
    by_mail: bool = False


@dataclass(frozen=True, slots=True)
class PublishedVersion:
    """One published policy version; `hash` is over its canonical text. The rest is what the ledger says of it.

    `genuine`: the text is the one whose hash the ledger holds. `announced`: it had to be told of before it took effect.
    `material` names the types of its material changes, `asks_again` the purposes that an older yes does not cover.
    """

    version: str
    hash: str
    published_at: datetime
    effective_at: datetime
    text: str
    number: int = 0
    genuine: bool = True
    reason: str = ""
    material: tuple[str, ...] = ()
    asks_again: tuple[str, ...] = ()
    announced: bool = False
    by_mail: bool = False
    entry: int = 0


@dataclass(frozen=True, slots=True)
class Coming:
    """A version that is announced and does not hold yet. `changes` are the sentences that announce it."""

    version: str
    effective_at: datetime
    changes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class KeptNotice:
    """The notice of a version, as it was made when it was published."""

    html: str
    markdown: str


class VersionUnreadable(Fault):
    """A version in words of an older language: it permits nothing until the policy is published in today's."""

    def __init__(self, version: str) -> None:
        message = f"version `{version[:40]}` is written in words that this Troth no longer reads"
        super().__init__("version-unreadable", message, help="publish the policy anew, in today's words and as another version", status=503)


class Versions:
    """The published versions of one workspace."""

    def __init__(self, workspace: str, state: Database, log: Log) -> None:
        self._workspace, self._state, self._log = workspace, state, log
        self._plans: dict[str, Plan] = {}
        self._newest: tuple[int, list[PublishedVersion]] = (-1, [])
        self._words: dict[str, tuple[str, ...]] = {}

    # what holds

    def all(self, conn: Connection) -> list[PublishedVersion]:
        """Every published version, oldest first, seen from the caller's transaction."""
        count = conn.exec_driver_sql("SELECT coalesce(max(id), 0) FROM policy_version").scalar_one()
        known, versions = self._newest
        if count != known:
            versions = self._read(conn)
            self._newest = (count, versions)
        return versions

    def at(self, conn: Connection, at: int) -> PublishedVersion | None:
        """The version in force at an instant (microseconds): the last published of those that had taken effect."""
        return next((one for one in reversed(self.all(conn)) if micros(one.effective_at) <= at), None)

    def coming(self, conn: Connection, at: int) -> list[PublishedVersion]:
        """The versions that will take effect after an instant, soonest first; those that were overtaken never will."""
        known = self.all(conn)
        found = [one for one in known if micros(one.effective_at) > at and not overtaken(one, known)]
        return sorted(found, key=lambda one: one.effective_at)

    def announced(self, conn: Connection, at: int) -> list[Coming]:
        """What people are to be told of versions to come, soonest first: those that had to be announced."""
        return [Coming(one.version, one.effective_at, self._changes(conn, one)) for one in self.coming(conn, at) if one.announced and one.genuine]

    def _changes(self, conn: Connection, version: PublishedVersion) -> tuple[str, ...]:
        if version.hash not in self._words:
            older = before(version, self.all(conn))
            new = self.plan_of(version, conn).policy
            found = announcing(self._readable(older, conn), new, version.published_at)
            self._words[version.hash] = tuple(words_for(found.told or found.material))
        return self._words[version.hash]

    def plan_of(self, version: PublishedVersion, conn: Connection | None = None) -> Plan:
        """The compiled plan of one version. Raises `version-tampered` and `version-unreadable`: what is not what was published permits nothing."""
        if not version.genuine:
            raise tampered(version.version)
        plan = self._plans.get(version.hash)
        if plan is None:
            known = self._newest[1] if conn is None else self.all(conn)
            try:
                policy = parse_policy(version.text)
            except PolicyInvalid:
                raise VersionUnreadable(version.version) from None
            plan = self._plans[version.hash] = Plan(policy, _asked_anew(version, known), self._policy_of)
        return plan

    def _readable(self, version: PublishedVersion | None, conn: Connection | None = None) -> Policy | None:
        """The policy of a version, if there is one that can be read."""
        try:
            return self.plan_of(version, conn).policy if version is not None else None
        except VersionUnreadable:
            return None

    def _policy_of(self, version: str) -> Policy | None:
        """The policy of an earlier version, for what was collected under it; None when it is not what was published."""
        if version.startswith(_RECEIVED):
            return self._received(version.removeprefix(_RECEIVED))
        found = next((one for one in self._newest[1] if one.version == version and one.genuine), None)
        if found is None:
            return None
        plan = self._plans.get(found.hash)
        return plan.policy if plan else self._readable(found)

    def _received(self, digest: str) -> Policy | None:
        with self._state.read() as conn:
            text = conn.exec_driver_sql("SELECT text FROM received_policy WHERE hash = ?", (digest,)).scalar()
        try:
            return parse_policy(text) if text is not None and _sha256(text) == digest else None
        except PolicyInvalid:
            return None

    # what was published

    def as_they_rest(self, conn: Connection) -> list[PublishedVersion]:
        """Every version as it rests now, each compared with the ledger now, whatever is remembered."""
        return self._read(conn)

    def read(self, conn: Connection, version: str) -> PublishedVersion | None:
        """One version as it rests now, compared with the ledger now. Raises `version-tampered` when it is another."""
        found = next((one for one in self._read(conn) if one.version == version), None)
        if found is not None and not found.genuine:
            raise tampered(version)
        return found

    def notice_of(self, conn: Connection, version: PublishedVersion) -> KeptNotice | None:
        """The notice as it was made at the time; None for a version older than this record. Raises `version-tampered`."""
        row = conn.exec_driver_sql("SELECT html, markdown FROM version_notice WHERE version = ?", (version.version,)).first()
        said = self._log.entry(conn, version.entry).body.get("notice")
        if row is None and said is None:
            return None
        if row is None or said != _notice_hash(KeptNotice(row[0], row[1])):
            raise tampered(version.version)
        return KeptNotice(row[0], row[1])

    def _read(self, conn: Connection) -> list[PublishedVersion]:
        rows = conn.exec_driver_sql("SELECT id, version, text, hash, published_at, effective_at, entry FROM policy_version ORDER BY id").all()
        return [self._with_entry(conn, *row) for row in rows]

    def _with_entry(
        self, conn: Connection, number: int, version: str, text: str, digest: str, published_at: int, effective_at: int, entry: int
    ) -> PublishedVersion:
        body = self._entry(conn, entry)
        genuine = _sha256(text) == digest == body.get("sha256") and body.get("version") == version
        genuine = genuine and body.get("effective_at", effective_at) == effective_at and body.get("at") == published_at
        return PublishedVersion(
            version, digest, instant(published_at), instant(effective_at), text, number, genuine, str(body.get("reason", "")),
            tuple(body.get("material", ())), tuple(body.get("asks_again", ())), bool(body.get("announced")), bool(body.get("by_mail")), entry,
        )

    def _entry(self, conn: Connection, idx: int) -> dict[str, Any]:
        """What the ledger says of a publication; nothing when the entry is another, or not in its tree."""
        try:
            data, size = next(self._log.raw_entries(conn, idx, idx + 1))[1], self._log.size(conn)
            verify_inclusion(leaf_hash(data), idx, size, self._log.prove_inclusion(conn, idx, size), self._log.root(conn))
            entry = Entry.from_canonical(data)
        except (Fault, StopIteration, TypeError, ValueError):  # whatever cannot be read is not what was published
            return {}
        return {**entry.body, "at": micros(entry.at)} if entry.kind is EntryKind.POLICY_PUBLISHED else {}

    # publishing

    def publish(self, policy: Policy, how: Revision) -> PublishedVersion:
        """Put a policy in force from its effective date on; live, and never to be edited after.

        Raises `version-published`, `date-unchanged`, `other-workspace`, `bad-version`, and what announcing raises.
        """
        check_names(self._workspace, policy)
        text, kept = to_yaml(policy), made_notice(policy)  # before the lock, under which events wait
        with self._state.write() as conn:
            known = self.all(conn)
            for version in known:
                if version.version == policy.version:
                    return _again(version, text, policy)
            newest = self._readable(known[-1], conn) if known else None
            if newest is not None and known[-1].text != text and not _dated_honestly(newest, policy):
                raise Fault("date-unchanged", "the text changed but `changed_on` did not", help="set `changed_on` to the day of the change")
            at = now_micros()
            old, starts, found = self._announcing(conn, policy, at, how)
            body = _entry_body(text, policy, kept, how) | {
                "effective_at": starts, "material": sorted({str(one.type) for one in found.material}),
                "asks_again": list(asked_again(old, policy)) if old else [],
                "announced": found.needed and starts > at, "by_mail": found.by_mail or how.by_mail,
            }
            entry = self._log.append(conn, EntryKind.POLICY_PUBLISHED, body, instant(at))
            conn.exec_driver_sql(
                "INSERT INTO policy_version (version, text, hash, published_at, effective_at, entry) VALUES (?, ?, ?, ?, ?, ?)",
                (policy.version, text, _sha256(text), at, starts, entry),
            )
            conn.exec_driver_sql("INSERT INTO version_notice (version, html, markdown) VALUES (?, ?, ?)", (policy.version, kept.html, kept.markdown))
            return self._read(conn)[-1]

    def receive(self, text: str) -> str:
        """Keep another's policy; returns the version that rows collected under it name. Raises PolicyInvalid."""
        parse_policy(text)
        with self._state.write() as conn:
            conn.exec_driver_sql("INSERT INTO received_policy (hash, text) VALUES (?, ?) ON CONFLICT DO NOTHING", (_sha256(text), text))
        return _RECEIVED + _sha256(text)

    def _announcing(self, conn: Connection, policy: Policy, at: int, how: Revision) -> tuple[Policy | None, int, Announcing]:
        """The policy that this one follows, when it takes effect, and how it must be told; raises where that cannot be."""
        asked = micros(effective_at(Announcements(), policy, instant(at)))
        base = self.at(conn, asked)
        old = self._readable(base, conn)
        promised = old.announcements if old else policy.announcements
        starts = effective_at(promised, policy, instant(at))
        found = announcing(old, policy, instant(at))
        if old is not None:
            check_reason(promised, how.reason)
            check_notice_given(found, starts)
            if how.minor:
                check_minor(found)
            if found.by_mail or how.by_mail:
                check_purpose(old, policy)
        return old, micros(starts), found


def _entry_body(text: str, policy: Policy, kept: KeptNotice, how: Revision) -> dict[str, Any]:
    """What the ledger is told of a version by itself."""
    return {
        "version": policy.version, "sha256": _sha256(text), "notice": _notice_hash(kept), "operator": how.operator, "reason": str(how.reason or ""),
    }


def before(version: PublishedVersion, known: list[PublishedVersion]) -> PublishedVersion | None:
    """The version that a version takes over from: the last published before it of those in force by then."""
    return next((one for one in reversed(known) if one.number < version.number and one.effective_at <= version.effective_at), None)


def overtaken(version: PublishedVersion, known: list[PublishedVersion]) -> bool:
    """Whether a later publication takes effect first, so that this version never holds."""
    return any(one.number > version.number and one.effective_at <= version.effective_at for one in known)


def _asked_anew(version: PublishedVersion, known: list[PublishedVersion]) -> dict[str, Asked]:
    """Since when each purpose is no longer what people said yes to before, along the versions that were in force."""
    found: dict[str, Asked] = {}
    one: PublishedVersion | None = version
    while one is not None and (older := before(one, known)) is not None:
        for purpose in one.asks_again:
            found.setdefault(purpose, Asked(micros(one.effective_at), one.version))
        one = older
    return found


def _again(version: PublishedVersion, text: str, policy: Policy) -> PublishedVersion:
    """The same once more is no change; anything else under a published name is refused."""
    with suppress(PolicyInvalid):
        if version.text == text or parse_policy(version.text) == policy:
            return version
    raise Fault("version-published", f"version `{policy.version}` is published and cannot be edited", help="raise `version`", status=409)


def _dated_honestly(before: Policy, policy: Policy) -> bool:
    """Whether a changed text says a later day than the one before it; the same day is honest when it is today."""
    return policy.changed_on > before.changed_on or policy.changed_on == before.changed_on == now().date()


def check_names(workspace: str, policy: Policy) -> None:
    """Raise `other-workspace` or `bad-version`: a version's name is part of its address for ever."""
    if policy.workspace != workspace:
        raise Fault("other-workspace", f"this policy is for workspace `{policy.workspace[:30]}`, not `{workspace}`")
    if not _VERSION.fullmatch(policy.version):
        raise Fault("bad-version", "a version is 1 to 40 letters, digits, dots, dashes and underscores, and does not end like a file")


def made_notice(policy: Policy) -> KeptNotice:
    """The notice as people read it from now on."""
    home = f"/{policy.workspace}"
    page = notice(policy, f"{home}/policy/versions", f"{home}/cookies", f"{home}/privacy")
    return KeptNotice(as_html(page), as_markdown(page))


def tampered(version: str) -> Fault:
    """The fault of a version that is not the one that was published."""
    message = f"version `{version[:40]}` is not what was published: it does not match its ledger entry"
    return Fault("version-tampered", message, help="restore it from a backup; `troth ledger verify` says whether the ledger itself holds", status=503)


def parse_policy(text: str) -> Policy:
    """A stored version read back; raises PolicyInvalid."""
    policy, findings = parse(text)
    if policy is None:
        raise PolicyInvalid(findings)
    return policy


def _notice_hash(kept: KeptNotice) -> str:
    return _sha256(kept.html + "\0" + kept.markdown)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
