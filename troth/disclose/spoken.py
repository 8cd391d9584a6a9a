"""What did somebody tell one of us: by telephone, by e-mail, in a letter, face to face? An operator records it with its evidence.

1. whom     the person who is named, else whoever the sender's address is filed under
2. trust    an e-mail holds at once from an address that is held. Whoever names the very number or mailbox that messages go to may end
            those, from anywhere: fewer messages harm nobody. What was heard, read or seen by an operator, the operator answers for
3. record   the no (or the yes to a channel) with how and when it came; the words themselves rest sealed with the person's requests
4. else     nothing changes, and whoever sent it is asked to show who they are
Source: GDPR Art. 7(1), 7(3), 11(2), 12(2), 12(6), 21; 47 CFR 64.1200(a)(10); docs/decisions/0028
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from sqlalchemy import Connection

from troth.base.clock import instant, now, now_micros
from troth.base.errors import Fault
from troth.consent.record import Strength
from troth.consent.standing import read_standing
from troth.disclose import letters, stopped
from troth.disclose.ending import What, allow, check, end
from troth.ledger.entry import EntryKind
from troth.policy.model import Policy
from troth.rights import requests
from troth.rights.deadlines import Pause
from troth.rights.rectify import ADDRESS
from troth.rights.requests import Right
from troth.subjects import directory
from troth.subjects.directory import IdentifierKind
from troth.subjects.links import same_person
from troth.workspace import Workspace

_OLDEST = timedelta(days=365)
_LONGEST_NOTE = 8_000
KINDS: Mapping[str, IdentifierKind] = {"email": IdentifierKind.EMAIL, "phone": IdentifierKind.PHONE, "account": IdentifierKind.ACCOUNT}
_CHANNEL = {"email": "email", "phone": "sms"}  # which channel an address is one of


class By(StrEnum):
    """How it came to us."""

    EMAIL = "email"
    TELEPHONE = "telephone"
    POST = "post"
    IN_PERSON = "in-person"

    @property
    def how(self) -> str:
        """As the act's evidence has it."""
        return "in-person" if self is By.IN_PERSON else f"by-{self}"


@dataclass(frozen=True, slots=True)
class Spoken:
    """What one of us was told. `sender`: the address or number it came from; `about`: whom it names, as (kind, value).

    `no`: what ends; `yes`: channels that may be used. `received_at` in microseconds; `note`: their words, or a reference to them.
    """

    by: By
    operator: str
    no: What = field(default_factory=What)
    yes: What = field(default_factory=What)
    sender: str = ""
    about: tuple[str, str] = ("", "")
    received_at: int = 0
    note: str = ""
    rehearsal: bool = False

    @property
    def channel(self) -> str:
        """By which channel it is on record: what a proof says in nobody's name waits in no operator's queue."""
        return requests.PROOF if self.rehearsal else str(self.by)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of it: `recorded`, or `verification-asked`. `acts`: what was news; `request`: under which number it is on record."""

    became: str
    request: str
    ref: int
    acts: Mapping[str, str]


RECORDED, ASKED = "recorded", "verification-asked"


def record_spoken(workspace: Workspace, spoken: Spoken) -> Outcome:
    """Record it; it holds when this returns. Raises `bad-time`, `bad-person`, `nothing-named`, `no-such-purpose`, `cannot-allow`..."""
    _check(workspace.policy, spoken)
    with workspace.state.write() as conn:
        ref, no = _whom(workspace, conn, spoken)
        known = no is not None and (ref or no.channels)
        outcome = _record(workspace, conn, spoken, ref, no) if known and no is not None else _ask(workspace, conn, spoken)
    if outcome.became == ASKED and ADDRESS.fullmatch(spoken.sender):
        letters.ask_who(workspace, spoken.sender, f"{workspace.settings.base_url}/{workspace.id}/privacy", spoken.rehearsal)
    return outcome


def _check(policy: Policy, spoken: Spoken) -> None:
    at = spoken.received_at
    if at and not now() - _OLDEST <= instant(at) <= now() + timedelta(minutes=5):
        raise Fault("bad-time", "it was received within the last year, and not in the future")
    if spoken.about[0] and spoken.about[0] not in (*KINDS, "ref"):
        raise Fault("bad-person", "a person is one of `email`, `phone`, `account` or `ref`")
    if not (spoken.about[1] or spoken.sender):
        raise Fault("bad-person", "say who it came from, or whom it is about")
    if len(spoken.note) > _LONGEST_NOTE:
        raise Fault("too-long", f"a note has at most {_LONGEST_NOTE} characters")
    if not spoken.note.strip():
        raise Fault("evidence-missing", "say what was said, or where it is written down")
    for what in (spoken.no, spoken.yes) if spoken.yes != What() else (spoken.no,):
        if what != What() or spoken.yes == What():
            check(policy, what)


# 1. and 2. whom, and may we believe it?


def _whom(workspace: Workspace, conn: Connection, spoken: Spoken) -> tuple[int, What | None]:
    """The person (0: nobody known), and what of it holds: all, the messages to an address that is named, or (None) nothing yet."""
    sent = _find(workspace, conn, _kind_of(spoken.sender), spoken.sender)
    named = _find(workspace, conn, *spoken.about) if spoken.about[1] else sent
    ours = sent and named in same_person(conn, sent)
    if named and (ours or spoken.by is not By.EMAIL):
        return named, spoken.no
    channel = _CHANNEL.get(spoken.about[0], "")
    asked = {*spoken.no.channels, *(id for id, rules in workspace.policy.channels.items() if set(spoken.no.purposes) & set(rules.purposes))}
    if channel and (channel in asked or spoken.no.selling) and spoken.yes == What():
        return named, What(channels=(channel,))
    return 0, None


def _find(workspace: Workspace, conn: Connection, kind: str, value: str) -> int:
    if kind == "ref":
        ref = directory.read_reference(value)
        return ref if ref is not None and read_standing(conn, ref) else 0
    return (directory.find(conn, directory.hash_of(workspace.keys, KINDS[kind], value)) or 0) if kind in KINDS and value else 0


def _kind_of(address: str) -> str:
    return "email" if "@" in address else "phone"


# 3. record


def _record(workspace: Workspace, conn: Connection, spoken: Spoken, ref: int, no: What) -> Outcome:
    at = now_micros()
    acts = {name: str(state) for one in same_person(conn, ref) for name, state in end(workspace, conn, one, no, spoken.by.how).items()} if ref else {}
    if spoken.yes != What():
        acts |= {name: str(state) for name, state in allow(workspace, conn, ref, spoken.yes, spoken.by.how, Strength.RELAYED).items()}
    kind, value = spoken.about
    if kind in _CHANNEL and _CHANNEL[kind] in no.channels:
        stopped.stop(workspace, conn, directory.hash_of(workspace.keys, KINDS[kind], value), _CHANNEL[kind], at)
    standing = read_standing(conn, ref) if ref else None
    regime = standing.regime if standing else workspace.policy.settings.default_regime
    about = no.purposes[0] if len(no.purposes) == 1 else ""
    made = requests.open_request(
        workspace, conn, Right.WITHDRAWAL, ref, regime, spoken.channel, about, spoken.note, by=spoken.operator, received_at=spoken.received_at
    )
    requests.fulfil(workspace, conn, made.id, RECORDED, spoken.operator)
    body = {"act": "spoken", "request": made.id, "ref": ref, "by": str(spoken.by), "operator": spoken.operator, "said": dict(sorted(acts.items()))}
    body |= {"received": instant(spoken.received_at or at).isoformat(timespec="seconds")}
    workspace.log.append(conn, EntryKind.OPERATOR_ACT, body, instant(at))
    return Outcome(RECORDED, made.shown, ref, acts)


# 4. ask


def _ask(workspace: Workspace, conn: Connection, spoken: Spoken) -> Outcome:
    text = f"{spoken.note.strip()}\n\nAnswer to: {spoken.sender}" if spoken.sender else spoken.note
    made = requests.open_request(
        workspace, conn, Right.WITHDRAWAL, 0, workspace.policy.settings.default_regime, spoken.channel, text=text, received_at=spoken.received_at
    )
    requests.ask_person(workspace, conn, made.id, Pause.IDENTITY, spoken.operator)
    return Outcome(ASKED, made.shown, 0, {})


def channels_said(channels: Mapping[str, bool]) -> tuple[What, What]:
    """What `{channel: yes or no}` says: the no, and the yes."""
    return What(channels=tuple(id for id, yes in channels.items() if not yes)), What(channels=tuple(id for id, yes in channels.items() if yes))
