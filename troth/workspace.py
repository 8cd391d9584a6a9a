"""What belongs to one controller? Its open files put together: state, keys, ledger, lake, policy in force.

It answers for isolation by construction (own database, own keys, own files) and for which policy version
holds at an instant. It decides nothing about data.
"""

from __future__ import annotations

import hmac
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection

from troth.base.clock import now, now_micros
from troth.base.database import Database, key_metadata, metadata
from troth.base.errors import Fault
from troth.base.filelock import exclusive
from troth.base.ids import new_token
from troth.gate.admit import Reads
from troth.gate.grant import Grant
from troth.gate.plan import Plan
from troth.ledger.checkpoint import Checkpoint, load_or_create_key, parse_unverified
from troth.ledger.durable import create_private
from troth.ledger.log import Log
from troth.ledger.tape import Tape, TapeKind
from troth.policy.compose import narrows
from troth.policy.finding import errors
from troth.policy.model import Policy
from troth.policy.parse import PolicyInvalid
from troth.settings import Settings
from troth.store.journal import Classes
from troth.store.lake import Lake
from troth.store.view import Views
from troth.subjects.keys import KeyRing
from troth.versions import Coming, PublishedVersion, Revision, Versions, parse_policy

_NAME = re.compile(r"[a-z][a-z0-9-]{1,30}")


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
        self.published = Versions(id, self.state, self.log)

    @property
    def origin(self) -> str:
        """The ledger's name in its checkpoints: another one after a restore that lost entries (`troth/backup/restore.py`)."""
        later = self.secrets / "origin"
        return later.read_text().strip() if later.exists() else f"troth/{self.id}"

    def grant(self, purpose: str, role: str, operator: str, items: frozenset[str] = frozenset()) -> Grant:
        """A grant to query for a purpose under the policy in force; raises Refused."""
        return self.reads.admit(self.state, self.plan, purpose, role, operator, items)

    def grant_reveal(self, purpose: str, role: str, operator: str, canaries: bool = False) -> Grant:
        """A grant to see sealed items of everyone a purpose may see; entered each time; raises Refused."""
        return self.reads.admit_reveal(self.state, self.plan, purpose, role, operator, canaries)

    def sign(self, conn: Connection) -> Checkpoint:
        """Sign the ledger as it stands, in the caller's write transaction; the tape is told before that commits."""
        signed = parse_unverified(self.log.checkpoint(conn, self.origin, self.ledger_key, now()))
        self.tape.append(TapeKind.CHECKPOINT, {"size": signed.size, "root": signed.root.hex()}, now())
        return signed

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
        version = self.published.at(conn, at)
        if version is None:
            help = f"troth policy publish {self.id}"
            raise Fault("no-policy", f"workspace `{self.id}` has no policy in force", help=help, status=503)
        return self.published.plan_of(version, conn)

    def plan_of(self, version: PublishedVersion) -> Plan:
        """The compiled plan of one published version; raises `version-tampered`."""
        return self.published.plan_of(version)

    def versions(self, conn: Connection) -> list[PublishedVersion]:
        """Every published version, oldest first."""
        return self.published.all(conn)

    def coming(self) -> list[Coming]:
        """The announced versions that do not hold yet, soonest first."""
        with self.state.read() as conn:
            return self.published.announced(conn, now_micros())

    def publish(self, policy: Policy, how: Revision = Revision()) -> PublishedVersion:
        """Put a policy in force, from its effective date on; live, and never to be edited after. Raises what `Versions.publish` does."""
        return self.published.publish(policy, how)

    def close(self) -> None:
        """Let go of the files."""
        self.state.close()
        self._key_database.close()


def check_name(id: str) -> None:
    """A workspace's name is a short lower-case word."""
    if not _NAME.fullmatch(id):
        raise Fault("bad-workspace-name", "a workspace's name is 2 to 31 lower-case letters, digits and dashes", status=404)


def _access(path: Path) -> dict[str, str]:
    """The workspace's keys for programs, made on first use; readable by their owner alone."""
    made = {"write_key": "w_" + new_token(), "publishable_key": "p_" + new_token(), "twilio_token": new_token(32)}
    made |= {"api_key": "a_" + new_token(), "canary_key": "c_" + new_token()}
    if not path.exists():
        create_private(path, json.dumps(made).encode())  # another process may have been first: then its keys are the keys
    return dict(json.loads(path.read_text()))


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

    def publish(self, policy: Policy, how: Revision = Revision()) -> PublishedVersion:
        """Put a policy in force in its workspace; a client's must keep within its parent's. Raises PolicyInvalid."""
        if policy.parent is not None and policy.parent in self.names():
            wider = errors(narrows(self.workspace(policy.parent).policy, policy))
            if wider:
                raise PolicyInvalid(wider)
        return self.create(policy.workspace).publish(policy, how)

    def policies(self) -> Iterator[Policy]:
        """The policies in force; a workspace that has none yet, or cannot be opened, keeps nobody from the others."""
        for name in self.names():
            try:
                policy = self.workspace(name).policy
            except Fault:
                continue
            yield policy

    def clients_of(self, id: str) -> list[Workspace]:
        """The workspaces whose policy names this one as its parent."""
        return [self.workspace(policy.workspace) for policy in self.policies() if policy.parent == id]

    def by_key(self, key: str) -> tuple[Workspace, str] | None:
        """Whose key this is, and which of its keys (`write_key` or `publishable_key`).

        A workspace that cannot be opened keeps nobody from the others; a key that may be its own is not called unknown.
        """
        found, closed = self._by_key.get(key), None
        if found is None and key[:2] in ("w_", "p_"):
            for name in self.names():
                try:
                    self.workspace(name)
                except Fault as fault:
                    closed = fault
            found = self._by_key.get(key)
        if found is None and closed is not None:
            raise closed
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



__all__ = ["House", "PublishedVersion", "Revision", "Workspace", "check_name", "owning", "parse_policy"]
