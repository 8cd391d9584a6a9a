"""What do some pages show beside reports? People who called, the policy in short, and the keys of a workspace."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from troth.policy.diff import diff
from troth.policy.model import Permission, Policy, Purpose
from troth.policy.words import length
from troth.reports.asking import Withheld
from troth.reports.calls import CallReport
from troth.reports.refusals import left_out
from troth.workspace import Workspace, parse_policy


@dataclass(frozen=True, slots=True)
class Caller:
    """One person with joined calls. `source` is that of the latest call."""

    ref: int
    calls: int
    latest_at: int
    source: str


def callers(found: CallReport | Withheld) -> list[Caller]:
    """Everyone with a joined call in a report, latest first."""
    people: dict[int, Caller] = {}
    for call in () if isinstance(found, Withheld) else found.calls:
        if call.ref is not None:
            known = people.get(call.ref) or Caller(call.ref, 0, call.at, call.source or "")
            people[call.ref] = Caller(known.ref, known.calls + 1, known.latest_at, known.source)
    return list(people.values())


_PERMISSIONS = {Permission.NONE: "not asked for", Permission.MAY_OBJECT: "until they say no", Permission.ASK_BEFORE: "asked for first"}


@dataclass(frozen=True, slots=True)
class PurposeLine:
    """One purpose of the policy in force, in short."""

    purpose: Purpose
    basis: str
    permission: str
    kept: str
    roles: str
    left_out: int


@dataclass(frozen=True, slots=True)
class VersionLine:
    """One published version, and what it changed."""

    version: str
    hash: str
    published_at: datetime
    effective_at: datetime
    in_force: bool
    changes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PolicyPage:
    policy: Policy
    purposes: tuple[PurposeLine, ...]
    versions: tuple[VersionLine, ...]


def policy_page(workspace: Workspace) -> PolicyPage:
    """The policy in force and every version there was, newest first."""
    policy = workspace.policy
    with workspace.state.read() as conn:
        published = workspace.versions(conn)
    read = [parse_policy(one.text) for one in published]
    lines = []
    for n, one in enumerate(published):
        changes = [str(change) for change in diff(read[n - 1], read[n])] if n else []
        lines.append(VersionLine(one.version, one.hash, one.published_at, one.effective_at, one.version == policy.version, tuple(changes)))
    return PolicyPage(policy, tuple(_line(workspace, policy, purpose) for purpose in policy.purposes.values()), tuple(reversed(lines)))


def _line(workspace: Workspace, policy: Policy, purpose: Purpose) -> PurposeLine:
    roles = ", ".join(role for role, purposes in policy.roles.items() if purpose.id in purposes)
    kept = length(purpose.keep_for) if purpose.keep_for else "as its items are kept"
    basis, permission = purpose.basis.replace("-", " "), _PERMISSIONS[purpose.permission]
    return PurposeLine(purpose, basis, permission, kept, roles or "nobody", left_out(workspace, purpose.id))


@dataclass(frozen=True, slots=True)
class Key:
    """One key for programs. `shown` is what a page may show of it; `secret` whether it has to be asked for."""

    id: str
    name: str
    label: str
    shown: str
    secret: bool
    revealed: bool


_KEYS = {
    "publishable_key": ("Publishable key", "In the script of your site. It can send events and nothing else."),
    "write_key": ("Write key", "For your own servers that send events."),
    "api_key": ("API key", "For programs that read reports, as an owner."),
    "twilio_token": ("Twilio token", "Signs what the telephone provider sends."),
}


def keys_of(workspace: Workspace, revealed: str = "") -> tuple[Key, ...]:
    """The keys of a workspace, the secret ones masked, but for the one that is revealed."""
    return tuple(_key(id, name, label, workspace.access[id], id == revealed) for id, (name, label) in _KEYS.items() if id in workspace.access)


def _key(id: str, name: str, label: str, value: str, revealed: bool) -> Key:
    secret = id != "publishable_key"
    return Key(id, name, label, value if revealed or not secret else f"{value[:2]}{'•' * 12}", secret, revealed)
