"""What did a program or a command ask about messages? Send one to many, show what left, record what somebody told one of us.

Shared by the HTTP API and the command line. It decides nothing: the gate does, and each act has a file of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from troth.base.clock import instant, micros
from troth.base.errors import Fault
from troth.disclose.composing import Channel
from troth.disclose.ending import What
from troth.disclose.forwarding import forward
from troth.disclose.mailing import EVERYBODY, Mailing, To, send_to_all, send_to_one
from troth.disclose.printing import print_list, tally
from troth.disclose.said import operator_said, person_said, text
from troth.disclose.spoken import By, Outcome, Spoken, channels_said, record_spoken
from troth.subjects import directory
from troth.workspace import House, Workspace

Said = Mapping[str, Any]
_MOST = 500
_MESSAGE = frozenset({"purpose", "channel", "subject", "text", "to", "person", "operator"})
_LONGEST_TEXT = 20_000
_WITHDRAWAL = frozenset({"by", "from", "person", "purposes", "channels", "everything", "received_at", "note", "operator"})


def message_as_said(workspace: Workspace, said: Said, path: Said) -> dict[str, Any]:
    """Write to everybody whom the gate lets, to those who are named and whom it lets, or (`person`) to one. On paper: the list comes back."""
    _only(said, _MESSAGE, "a message")
    mailing = Mailing(text(said, "purpose"), text(said, "subject"), text(said, "text"), channel_said(text(said, "channel")))
    if (mailing.channel is Channel.EMAIL and (not mailing.subject.strip() or not mailing.subject.isprintable())) or len(mailing.text) > _LONGEST_TEXT:
        raise Fault("bad-field", f"a message needs a `subject` of one line and a `text` of at most {_LONGEST_TEXT} characters")
    if "person" in said and mailing.channel is not Channel.POST:
        done = send_to_one(workspace, mailing, person_said(workspace, said["person"]), operator_said(said))
        return {"mailing": mailing.id, "became": str(done)}
    to = to_said(workspace, said.get("to"), bool(path.get("canary")))
    if mailing.channel is Channel.POST:
        return print_list(workspace, mailing, to).as_json()
    return {"mailing": mailing.id, "became": tally(send_to_all(workspace, mailing, to))}


def channel_said(word: str) -> Channel:
    """A channel by its name, e-mail when none is said; raises `no-such-channel`."""
    try:
        return Channel(word or Channel.EMAIL)
    except ValueError:
        raise Fault("no-such-channel", f"a message goes by {', '.join(Channel)}", status=404) from None


def to_said(workspace: Workspace, people: object, canaries: bool = False) -> To:
    """Whom a message may go to at most. Raises `bad-person`, or `bad-field` for a list that is none."""
    if people is None:
        return To(None, canaries) if canaries else EVERYBODY
    if not isinstance(people, list) or not 0 < len(people) <= _MOST:
        raise Fault("bad-field", f"`to` is a list of 1 to {_MOST} people")
    return To(frozenset(person_said(workspace, one) for one in people), canaries)


def list_messages(workspace: Workspace, said: Said, _path: Said) -> list[dict[str, Any]]:
    """What left, and what did not: channel, purpose, basis and sort of each message, with the ledger entry of the gate's yes."""
    ref = directory.read_reference(said.get("ref"))
    if ref is None and said.get("ref"):
        raise Fault("bad-person", "`ref` is a person's reference, digits only")
    policy = workspace.policy
    read = "SELECT id, ref, channel, purpose, kind, status, at, left_at, entry FROM outbox_message"
    with workspace.state.read() as conn:
        where, values = (" WHERE ref = ?", (ref,)) if ref else ("", ())
        rows = conn.exec_driver_sql(f"{read}{where} ORDER BY at DESC LIMIT 1000", values).all()
    return [
        {
            "id": row[0], "ref": str(row[1]) if row[1] else None, "channel": row[2], "purpose": row[3], "kind": row[4], "status": row[5],
            "basis": str(policy.purposes[row[3]].basis) if row[3] in policy.purposes else None, "at": instant(row[6]).isoformat(),
            "left_at": instant(row[7]).isoformat() if row[7] else None, "entry": row[8] or None,
        }
        for row in rows
    ]  # fmt: skip


def withdrawal_as_said(house: House, workspace: Workspace, said: Said, path: Said) -> dict[str, Any]:
    """Record what somebody told one of us, and tell the clients whom it concerns."""
    spoken = replace(spoken_said(said), rehearsal=bool(path.get("canary")))
    done = record_spoken(workspace, spoken)
    return shown(done) | {"clients": forward(house, workspace, spoken)}


def spoken_said(said: Said) -> Spoken:
    """Raises `bad-field` for anything that is not of the right shape."""
    _only(said, _WITHDRAWAL, "a withdrawal")
    try:
        by = By(text(said, "by"))
    except ValueError:
        raise Fault("bad-field", f"`by` is how it came: {', '.join(By)}") from None
    person, channels, purposes, everything = said.get("person", {}), said.get("channels", {}), said.get("purposes", []), said.get("everything", False)
    if not isinstance(person, dict) or len(person) > 1 or not all(isinstance(one, str) and len(one) <= 256 for one in person.values()):
        raise Fault("bad-person", "a person is one of `email`, `phone`, `account` or `ref`")
    if not isinstance(channels, dict) or not all(isinstance(yes, bool) for yes in channels.values()):
        raise Fault("bad-field", "`channels` says true or false of each channel")
    if not isinstance(purposes, list) or not all(isinstance(one, str) for one in purposes) or not isinstance(everything, bool):
        raise Fault("bad-field", "`purposes` is a list of purposes, and `everything` true or false")
    no, yes = channels_said(channels)
    no = What(tuple(purposes), no.channels, everything)
    about = next(((str(kind), str(value)) for kind, value in person.items()), ("", ""))
    return Spoken(by, operator_said(said), no, yes, text(said, "from").strip()[:256], about, _instant(text(said, "received_at")), text(said, "note"))


def _instant(word: str) -> int:
    try:
        return micros(datetime.fromisoformat(word)) if word else 0
    except (ValueError, TypeError, OverflowError):
        raise Fault("bad-time", "`received_at` is an instant with its offset, such as 2026-11-22T09:00:00Z") from None


def shown(done: Outcome) -> dict[str, Any]:
    """What became of it, as it is told."""
    return asdict(done) | {"ref": str(done.ref) if done.ref else None, "acts": dict(done.acts)}


def _only(said: Said, known: frozenset[str], what: str) -> None:
    if said.keys() - known:
        raise Fault("bad-field", f"{what} has the fields " + ", ".join(sorted(known)))
