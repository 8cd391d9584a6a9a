"""Who gets a message that is sent to many? Everybody whom the gate lets for its purpose, each once, with the way to stop it in it.

The same text for the same purpose by the same channel is the same mailing: begun again it goes on where it was. It chooses nobody
beyond the gate; `only` makes it fewer. A letter on paper goes on a list for whoever prints it (`troth.disclose.printing`).
Source: GDPR Art. 6(1)(a), 21(2); Directive 2002/58/EC Art. 13; RFC 8058; docs/decisions/0026, 0027
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import BigInteger, Column, Connection, Table, Text

from troth.base.clock import instant, micros, now, now_micros
from troth.base.database import metadata
from troth.base.errors import Fault
from troth.base.ids import new_token
from troth.disclose.announce import Became, address_of
from troth.disclose.composing import Channel, check_carries, filled
from troth.disclose.outbox import KEPT_FOR, Letter, Sent, became, send
from troth.disclose.unsubscribe import ALL, Subscription, link_for
from troth.gate.reasons import Refused
from troth.ledger.entry import EntryKind
from troth.policy.finding import meant, quoted
from troth.policy.material import populations_of
from troth.policy.model import Policy
from troth.subjects.links import same_person
from troth.workspace import Workspace

mailed_to = Table(
    "mailed_to",
    metadata,
    Column("mailing", Text, primary_key=True),
    Column("ref", BigInteger, primary_key=True, autoincrement=False),
    Column("message", Text, nullable=False),
    Column("became", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
)
KIND = "mailing"
_AT_ONCE = 200
_AGAIN = {Sent.HELD: Became.HELD, Sent.STOPPED: Became.NOT_PERMITTED}


@dataclass(frozen=True, slots=True)
class Mailing:
    """One text for one purpose, by one channel."""

    purpose: str
    subject: str
    text: str
    channel: Channel = Channel.EMAIL

    @property
    def id(self) -> str:
        """The same for the same text, subject, purpose and channel."""
        by = () if self.channel is Channel.EMAIL else (str(self.channel),)
        return hashlib.sha256("\0".join((self.purpose, self.subject, self.text, *by)).encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class To:
    """Whom a mailing may go to at most. `only`: these references; None: everybody. `canaries`: a proof's own persons, and nobody else."""

    only: Collection[int] | None = None
    canaries: bool = False


EVERYBODY = To()


def send_to_all(workspace: Workspace, mailing: Mailing, to: To = EVERYBODY) -> Counter[Became]:
    """Write to everybody who is left to write to; returns what became of how many, this time.

    Raises `no-such-purpose`, and what a text or letter must carry (`opt-out-missing`, `charges-missing`).
    """
    check(workspace.policy, mailing)
    counted: Counter[Became] = Counter()
    after = -1
    while waiting := waiting_for(workspace, mailing, to, after):
        counted.update(_write_to(workspace, mailing, ref) for ref in waiting)
        after = waiting[-1]
    counted.update(not_meant(workspace, mailing, to))
    enter_act(workspace, mailing, counted)
    return counted


def not_meant(workspace: Workspace, mailing: Mailing, to: To) -> Counter[Became]:
    """How many of those who are named are no such people as the purpose is about."""
    if not to.only:
        return Counter()
    about = _about(workspace.policy, mailing.purpose)
    marks = ",".join("?" * len(to.only))
    read = f"SELECT count(*) FROM subject WHERE ref IN ({marks}) AND canary = ? AND population NOT IN ({','.join('?' * len(about))})"
    with workspace.state.read() as conn:
        count = int(conn.exec_driver_sql(read, (*to.only, int(to.canaries), *about)).scalar_one())
    return Counter({Became.NOT_MEANT: count} if count else {})


def check(policy: Policy, mailing: Mailing) -> None:
    """Raises when the policy has no such purpose, or the text does not say what a message of this channel must."""
    if mailing.purpose not in policy.purposes:
        help = meant(mailing.purpose, policy.purposes)
        raise Fault("no-such-purpose", f"the policy names no purpose {quoted(mailing.purpose)}", help=help, status=404)
    if not mailing.text.strip():
        raise Fault("empty-message", "the message is empty")
    check_carries(policy, mailing.channel, mailing.purpose, filled(policy, mailing.channel, mailing.text))


def enter_act(workspace: Workspace, mailing: Mailing, counted: Counter[Became]) -> None:
    """The ledger's entry of a mailing: counts, and nobody."""
    with workspace.state.write() as conn:
        body = {"act": "mailing", "purpose": mailing.purpose, "mailing": mailing.id, "became": {str(one): counted[one] for one in sorted(counted)}}
        body |= {"channel": str(mailing.channel)}
        workspace.log.append(conn, EntryKind.OPERATOR_ACT, body, now())


def send_to_one(workspace: Workspace, mailing: Mailing, ref: int, operator: str) -> Became:
    """Write to one person, where the gate lets the purpose; what became of it is entered. Raises `no-such-purpose`.

    The same text goes to the same person once.
    """
    check(workspace.policy, mailing)
    done = _write_to(workspace, mailing, ref)
    with workspace.state.write() as conn:
        body = {"act": "message", "purpose": mailing.purpose, "mailing": mailing.id, "became": str(done), "operator": operator}
        workspace.log.append(conn, EntryKind.OPERATOR_ACT, body, now())
    return done


def waiting_for(workspace: Workspace, mailing: Mailing, to: To, after: int) -> list[int]:
    """The next people the purpose is about of whom nothing final is known yet, in the order of their references."""
    about = _about(workspace.policy, mailing.purpose)
    read = (
        f"SELECT s.ref FROM subject s LEFT JOIN mailed_to m ON m.ref = s.ref AND m.mailing = ? "
        f"WHERE s.population IN ({','.join('?' * len(about))}) AND s.canary = ? AND s.ref > ? AND (m.ref IS NULL OR m.became != ?) "
        "AND s.ref NOT IN (SELECT ref FROM erased_subject)"
    )
    values: tuple[object, ...] = (mailing.id, *about, int(to.canaries), after, Became.TOLD)
    if to.only is not None:
        read, values = f"{read} AND s.ref IN ({','.join('?' * len(to.only))})", (*values, *to.only)
    with workspace.state.read() as conn:
        return [row[0] for row in conn.exec_driver_sql(f"{read} ORDER BY s.ref LIMIT ?", (*values, _AT_ONCE))]


def _about(policy: Policy, purpose: str) -> tuple[str, ...]:
    """The sorts of people to ask the gate about: those the purpose names; else whoever feeds it, and who they become later."""
    found = populations_of(policy, purpose)
    order = tuple(policy.populations)
    return found if policy.purposes[purpose].populations or not found else order[order.index(found[0]) :]


def _write_to(workspace: Workspace, mailing: Mailing, ref: int) -> Became:
    """Write to one person. A message has its number before it leaves, so that whoever goes on here sends none twice."""
    with workspace.state.write() as conn:
        began = conn.exec_driver_sql("SELECT message, at FROM mailed_to WHERE mailing = ? AND ref = ?", (mailing.id, ref)).first()
        if began is not None and began[0] and now_micros() - began[1] > micros(instant(0) + KEPT_FOR):
            return enter(conn, mailing, ref, began[0], Became.TOLD)  # too long ago for the outbox to know: never twice
        if has_it(conn, mailing, ref):
            return enter(conn, mailing, ref, "", Became.TOLD)
        address, _ = address_of(workspace, conn, mailing.purpose, ref, KIND, mailing.channel)
        if isinstance(address, Became):
            return enter(conn, mailing, ref, "", address)
        message = (began[0] if began else "") or new_token()
        enter(conn, mailing, ref, message, Became.BEGUN)
    try:
        send(workspace, _letter(workspace, mailing, ref, address), message)
        done = _AGAIN.get(became(workspace, message), Became.TOLD)
    except Refused:
        done = Became.NOT_PERMITTED
    except Fault:  # what is held is no address after all
        done = Became.NO_ADDRESS
    with workspace.state.write() as conn:
        return enter(conn, mailing, ref, message if done is Became.TOLD else "", done)


def has_it(conn: Connection, mailing: Mailing, ref: int) -> bool:
    """Whether the same person was written to under another reference."""
    read = "SELECT 1 FROM mailed_to WHERE mailing = ? AND ref = ? AND became IN (?, ?)"
    others = same_person(conn, ref) - {ref}
    return any(conn.exec_driver_sql(read, (mailing.id, other, Became.TOLD, Became.BEGUN)).first() for other in others)


def _letter(workspace: Workspace, mailing: Mailing, ref: int, address: str) -> Letter:
    us, purpose = workspace.policy.organisation, workspace.policy.purposes[mailing.purpose]
    text = filled(workspace.policy, mailing.channel, mailing.text.strip())
    if mailing.channel is Channel.EMAIL:
        stop = link_for(workspace, Subscription(ref, mailing.purpose))
        text = f"{text}\n\n-- \n{us.name}, {us.address}\n{us.email}\n\nStop “{purpose.label}”:\n{stop}\n\nStop all marketing:\n{stop}{ALL}\n"
    return Letter(ref, address, mailing.purpose, KIND, mailing.subject, text, channel=mailing.channel)


def enter(conn: Connection, mailing: Mailing, ref: int, message: str, done: Became) -> Became:
    """Remember what became of writing to one person."""
    conn.exec_driver_sql(
        "INSERT INTO mailed_to (mailing, ref, message, became, at) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (mailing, ref) DO UPDATE SET became = excluded.became, message = excluded.message",
        (mailing.id, ref, message, done, now_micros()),
    )
    return done
