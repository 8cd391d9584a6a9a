"""Who gets a letter on paper? A list for whoever prints it: the addresses of those whom the gate lets, as it lets them now.

Being put on the list is the moment of sending. Whoever is on it is marked as leaving before the list is written, so that nobody gets
the same letter twice; a list that was never written is not known to have gone. The list is the operator's to keep and to shred.
Source: GDPR Art. 21(2)-(3); docs/decisions/0028
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from dataclasses import asdict, dataclass

from troth.base.clock import now_micros
from troth.base.ids import new_token
from troth.consent.standing import read_standing
from troth.disclose.announce import Became, address_of
from troth.disclose.composing import Channel, filled
from troth.disclose.hours import is_one_too_many
from troth.disclose.mailing import EVERYBODY, KIND, Mailing, To, check, enter, enter_act, has_it, not_meant, waiting_for
from troth.disclose.outbox import Sent
from troth.gate.admit import admit_message
from troth.gate.reasons import Refused
from troth.rights.portability import harmless
from troth.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Line:
    """One letter of a list."""

    name: str
    address: str
    text: str


@dataclass(frozen=True, slots=True)
class PrintList:
    """The letters of one mailing, and what became of how many people."""

    mailing: str
    lines: tuple[Line, ...]
    counted: Counter[Became]

    def as_json(self) -> dict[str, object]:
        return {"mailing": self.mailing, "letters": [asdict(line) for line in self.lines], "became": tally(self.counted)}

    def as_csv(self) -> str:
        """One line a letter, with a head; what a spreadsheet would take for a formula is marked as text."""
        out = io.StringIO()
        writer = csv.writer(out)
        writer.writerow(["name", "address", "text"])
        writer.writerows([harmless(line.name), harmless(line.address), harmless(line.text)] for line in self.lines)
        return out.getvalue()


def tally(counted: Counter[Became]) -> dict[str, int]:
    """The counts for a program."""
    return {str(one): count for one, count in sorted(counted.items())}


def print_list(workspace: Workspace, mailing: Mailing, to: To = EVERYBODY) -> PrintList:
    """Everybody who is left to write to, on one list. Raises as `send_to_all` does."""
    check(workspace.policy, mailing)
    lines: dict[str, Line] = {}
    counted: Counter[Became] = Counter()
    after = -1
    while waiting := waiting_for(workspace, mailing, to, after):
        for ref in waiting:
            counted[_put_on(workspace, mailing, ref, lines)] += 1
        after = waiting[-1]
    counted.update(not_meant(workspace, mailing, to))
    with workspace.state.write() as conn:
        for id in lines:
            conn.exec_driver_sql("UPDATE outbox_message SET status = ? WHERE id = ?", (Sent.SENT, id))
    enter_act(workspace, mailing, counted)
    return PrintList(mailing.id, tuple(lines.values()), counted)


def _put_on(workspace: Workspace, mailing: Mailing, ref: int, lines: dict[str, Line]) -> Became:
    """Put one person on the list, in the transaction in which the gate lets them."""
    at, id = now_micros(), new_token()
    with workspace.state.write() as conn:
        if has_it(conn, mailing, ref):
            return enter(conn, mailing, ref, "", Became.TOLD)
        address, name = address_of(workspace, conn, mailing.purpose, ref, KIND, Channel.POST)
        if isinstance(address, Became):
            return enter(conn, mailing, ref, "", address)
        plan = workspace.plan_at(conn, at)
        if is_one_too_many(conn, plan.policy.channels.get(Channel.POST), ref, mailing.purpose, at):
            return enter(conn, mailing, ref, "", Became.HELD)
        try:
            entry = admit_message(conn, workspace.log, plan, mailing.purpose, Channel.POST, read_standing(conn, ref), KIND)
        except Refused:
            return enter(conn, mailing, ref, "", Became.NOT_PERMITTED)
        conn.exec_driver_sql(
            "INSERT INTO outbox_message (id, ref, purpose, kind, status, attempts, at, channel, left_at, entry) "
            "VALUES (?, ?, ?, ?, ?, 1, ?, ?, ?, ?)",
            (id, ref, mailing.purpose, KIND, Sent.LEAVING, at, Channel.POST, at, entry),
        )
        done = enter(conn, mailing, ref, id, Became.TOLD)
    lines[id] = Line(name, address, filled(workspace.policy, Channel.POST, mailing.text.strip()))
    return done
