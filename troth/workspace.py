"""What belongs to one controller? Its open files put together: state, keys, ledger, lake, policy in force.

It answers for isolation by construction (own database, own keys, own files) and for which policy version
holds at an instant. It decides nothing about data.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import BigInteger, Column, Connection, Integer, Table, Text

from troth.base.clock import instant, micros, now, now_micros
from troth.base.database import Database, key_metadata, metadata
from troth.base.errors import Fault
from troth.base.filelock import exclusive
from troth.base.ids import new_token
from troth.gate.admit import Reads
from troth.gate.grant import Grant
from troth.gate.plan import Plan
from troth.ledger.checkpoint import load_or_create_key
from troth.ledger.entry import EntryKind
from troth.ledger.log import Log
from troth.ledger.tape import Tape
from troth.policy.compose import narrows
from troth.policy.finding import errors
from troth.policy.model import Policy
from troth.policy.parse import PolicyInvalid, parse
from troth.policy.write import to_yaml
from troth.settings import Settings
from troth.store.journal import Classes
from troth.store.lake import Lake
from troth.store.view import Views
from troth.subjects.keys import KeyRing

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

_NAME = re.compile(r"[a-z][a-z0-9-]{1,30}")


@dataclass(frozen=True, slots=True)
class PublishedVersion:
    """One published policy version; `hash` is over its canonical text."""

    version: str
    hash: str
    published_at: datetime
    effective_at: datetime
    text: str


class Workspace:
    """One controller's data, keys and policy."""

    def __init__(self, settings: Settings, id: str) -> None:
        check_name(id)
        self.id, self.settings = id, settings
        self.folder = settings.data / id
        self.secrets = settings.secrets / id
        self.folder.mkdir(parents=True, exist_ok=True)
        self.secrets.mkdir(parents=True, exist_ok=True, mode=0o700)
        settings.tape.mkdir(parents=True, exist_ok=True)
        self.state = Database(self.folder / "state.db", metadata)
        self._key_database = Database(self.folder / "keys.db", key_metadata)
        self.keys = KeyRing(id, self._key_database, self.secrets)
        self.log = Log()
        self.reads = Reads(self.log)
        self.ledger_key = load_or_create_key(self.secrets / "ledger.key")
        self.tape = Tape(settings.tape / f"{id}.tape")
        self.classes = Classes()
        self.lake = Lake(self.folder / "lake", self.state)
        self.views = Views(self.lake, self.state, self.classes, self.folder / "tmp")
        self.access = _access(self.secrets / "access.json")
        self._plans: dict[str, Plan] = {}
        self._newest: tuple[int, list[PublishedVersion]] = (-1, [])
        self._guard = threading.Lock()

    @property
    def origin(self) -> str:
        """The ledger's name in its checkpoints."""
        return f"troth/{self.id}"

    def grant(self, purpose: str, role: str, operator: str, items: frozenset[str] = frozenset()) -> Grant:
        """A grant to query for a purpose under the policy in force; raises Refused."""
        return self.reads.admit(self.state, self.plan, purpose, role, operator, items)

    def grant_reveal(self, purpose: str, role: str, operator: str, canaries: bool = False) -> Grant:
        """A grant to see sealed items of everyone a purpose may see; entered each time; raises Refused."""
        return self.reads.admit_reveal(self.state, self.plan, purpose, role, operator, canaries)

    # the policy in force

    @property
    def plan(self) -> Plan:
        """The plan in force now; raises `no-policy` when none is."""
        with self.state.read() as conn:
            return self.plan_at(conn, now_micros())

    @property
    def policy(self) -> Policy:
        """The policy in force now."""
        return self.plan.policy

    def plan_at(self, conn: Connection, at: int) -> Plan:
        """The plan in force at an instant (microseconds), seen from the caller's transaction."""
        for version in reversed(self.versions(conn)):
            if micros(version.effective_at) <= at:
                return self.plan_of(version)
        raise Fault("no-policy", f"workspace `{self.id}` has no policy in force", help=f"troth policy publish {self.id}", status=503)

    def plan_of(self, version: PublishedVersion) -> Plan:
        """The compiled plan of one published version."""
        plan = self._plans.get(version.hash)
        if plan is None:
            plan = self._plans[version.hash] = Plan(parse_policy(version.text))
        return plan

    def versions(self, conn: Connection) -> list[PublishedVersion]:
        """Every published version, oldest first."""
        count = conn.exec_driver_sql("SELECT coalesce(max(id), 0) FROM policy_version").scalar_one()
        known, versions = self._newest
        if count != known:
            rows = conn.exec_driver_sql("SELECT version, hash, published_at, effective_at, text FROM policy_version ORDER BY id")
            versions = [PublishedVersion(row[0], row[1], instant(row[2]), instant(row[3]), row[4]) for row in rows]
            self._newest = (count, versions)
        return versions

    def publish(self, policy: Policy, operator: str = "owner") -> PublishedVersion:
        """Put a policy in force, from its effective date on; live, and never to be edited after.

        Raises `version-published`, `date-unchanged` or `other-workspace`.
        """
        if policy.workspace != self.id:
            raise Fault("other-workspace", f"this policy is for workspace `{policy.workspace[:30]}`, not `{self.id}`")
        text = to_yaml(policy)
        digest = hashlib.sha256(text.encode()).hexdigest()
        with self.state.write() as conn:
            earlier = self.versions(conn)
            for version in earlier:
                if version.version == policy.version:
                    if version.hash == digest:
                        return version
                    raise Fault("version-published", f"version `{policy.version}` is published and cannot be edited", help="raise `version`")
            if earlier and earlier[-1].text != text and not _dated_honestly(earlier[-1], policy):
                raise Fault("date-unchanged", "the text changed but `changed_on` did not", help="set `changed_on` to the day of the change")
            at = now_micros()
            starts = datetime.combine(policy.effective_on, datetime.min.time(), UTC)
            body = {"version": policy.version, "sha256": digest, "operator": operator}
            entry = self.log.append(conn, EntryKind.POLICY_PUBLISHED, body, instant(at))
            effective = max(at, micros(starts))
            conn.exec_driver_sql(
                "INSERT INTO policy_version (version, text, hash, published_at, effective_at, entry) VALUES (?, ?, ?, ?, ?, ?)",
                (policy.version, text, digest, at, effective, entry),
            )
        return PublishedVersion(policy.version, digest, instant(at), instant(effective), text)

    def close(self) -> None:
        """Let go of the files."""
        self.state.close()
        self._key_database.close()


def _dated_honestly(earlier: PublishedVersion, policy: Policy) -> bool:
    """Whether a changed text says a later day than the one before it; the same day is honest when it is today."""
    before = parse_policy(earlier.text).changed_on
    return policy.changed_on > before or policy.changed_on == before == now().date()


def check_name(id: str) -> None:
    """A workspace's name is a short lower-case word."""
    if not _NAME.fullmatch(id):
        raise Fault("bad-workspace-name", "a workspace's name is 2 to 31 lower-case letters, digits and dashes", status=404)


def _access(path: Path) -> dict[str, str]:
    """The workspace's keys for programs, made on first use; readable by their owner alone."""
    if path.exists():
        return dict(json.loads(path.read_text()))
    made = {"write_key": "w_" + new_token(), "publishable_key": "p_" + new_token(), "twilio_token": new_token(32)}
    made |= {"api_key": "a_" + new_token(), "canary_key": "c_" + new_token()}
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        json.dump(made, file)
    return made


class House:
    """All workspaces of one data folder, opened on first use, and the lock that says one Troth owns it."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._open: dict[str, Workspace] = {}
        self._by_key: dict[str, tuple[Workspace, str]] = {}
        self._guard = threading.Lock()

    def names(self) -> list[str]:
        """The workspaces there are."""
        return sorted(path.parent.name for path in self.settings.data.glob("*/state.db"))

    def workspace(self, id: str) -> Workspace:
        """One workspace; raises `no-such-workspace`."""
        found = self._open.get(id)
        if found is None:
            if not _NAME.fullmatch(id) or not (self.settings.data / id / "state.db").exists():
                raise Fault("no-such-workspace", "there is no such workspace", status=404)
            found = self._opened(id)
        return found

    def create(self, id: str) -> Workspace:
        """Open a workspace, making it when it is new."""
        check_name(id)
        return self._open.get(id) or self._opened(id)

    def publish(self, policy: Policy) -> PublishedVersion:
        """Put a policy in force in its workspace; a client's must keep within its parent's. Raises PolicyInvalid."""
        if policy.parent is not None and policy.parent in self.names():
            wider = errors(narrows(self.workspace(policy.parent).policy, policy))
            if wider:
                raise PolicyInvalid(wider)
        return self.create(policy.workspace).publish(policy)

    def clients_of(self, id: str) -> list[Workspace]:
        """The workspaces whose policy names this one as its parent."""
        return [found for found in self.all() if found.policy.parent == id]

    def by_key(self, key: str) -> tuple[Workspace, str] | None:
        """Whose key this is, and which of its keys (`write_key` or `publishable_key`)."""
        found = self._by_key.get(key)
        if found is None and key[:2] in ("w_", "p_"):
            for name in self.names():
                self.workspace(name)
            found = self._by_key.get(key)
        return found

    def for_program(self, id: str, authorization: str) -> Workspace:
        """The workspace a program may act for: its `Authorization: Bearer <api_key>` must be that workspace's own.

        Raises `sign-in-needed` (401) without a key and `other-workspace` (403) with any other, whether or not
        the workspace exists.
        """
        scheme, _, key = authorization.partition(" ")
        if scheme.lower() != "bearer" or not key:
            raise Fault("sign-in-needed", "send the workspace's api key as a bearer token", status=401)
        known = _NAME.fullmatch(id) and (self.settings.data / id / "state.db").exists()
        if not known or not hmac.compare_digest(self.workspace(id).access["api_key"].encode(), key.encode()):
            raise Fault("other-workspace", "this key is not for this workspace", status=403)
        return self.workspace(id)

    def _opened(self, id: str) -> Workspace:
        with self._guard:
            if id not in self._open:
                self._open[id] = workspace = Workspace(self.settings, id)
                for kind in ("write_key", "publishable_key"):
                    self._by_key[workspace.access[kind]] = (workspace, kind)
            return self._open[id]

    def all(self) -> Iterator[Workspace]:
        """Every workspace, opened."""
        for name in self.names():
            yield self.workspace(name)

    def close(self) -> None:
        """Close every workspace."""
        for workspace in self._open.values():
            workspace.close()


@contextmanager
def owning(folder: Path) -> Iterator[None]:
    """Own the data folder while the block runs; raises `data-in-use` when another Troth does."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with exclusive(folder / "troth.lock", wait=False):
            yield
    except BlockingIOError:
        help = "stop it, or name another folder with --data"
        raise Fault("data-in-use", f"another `troth run` owns `{folder.name}`", help, status=503) from None
    except (NotADirectoryError, FileExistsError, PermissionError, OSError) as failure:
        if getattr(failure, "filename", None) is None or not str(failure.filename).startswith(str(folder)):
            raise
        raise Fault("data-not-writable", f"`{folder.name}` cannot be written", help="check who owns the data folder", status=503) from None


def parse_policy(text: str) -> Policy:
    """A stored version read back; raises PolicyInvalid."""
    policy, findings = parse(text)
    if policy is None:
        raise PolicyInvalid(findings)
    return policy
