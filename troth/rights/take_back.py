"""How is consent taken back that somebody asked to take back without showing who they are? A case, a link, then at once.

The case waits in the operators' queue with the conversation's number. The link goes to the address that was given, if anything is
held under it; whoever opens it has shown that the mailbox is theirs, and what the wish ends has ended. It answers nobody
and tells nobody whether a person exists.
Source: GDPR Art. 7(3), 12(6)
"""

from __future__ import annotations

from sqlalchemy import Connection

from troth.base.clock import now_micros
from troth.collect.choices import take_back
from troth.collect.wishes import Wish, purposes_for
from troth.rights import requests, verify
from troth.rights.requests import Right, SubjectRequest
from troth.rights.verify import NewLink, OneTimeLink
from troth.subjects.links import same_person
from troth.workspace import Workspace

HOW = "chat"


def open_case(workspace: Workspace, conn: Connection, wish: Wish, chat: str, regime: str, proof: bool = False) -> SubjectRequest:
    """A case for a wish that could not be carried out at once; `chat` is the conversation's number."""
    channel = requests.PROOF if proof else HOW
    return requests.open_request(workspace, conn, Right.WITHDRAWAL, 0, regime, channel, str(wish), f"Asked for in the chat, conversation {chat}.")


def make_link(workspace: Workspace, conn: Connection, case: SubjectRequest, address: str) -> NewLink | None:
    """The link that carries a case out; None when nothing is held under the address."""
    return verify.make_withdrawal(workspace, conn, address, case.id)


def carry_out(workspace: Workspace, conn: Connection, link: OneTimeLink) -> list[str]:
    """The mailbox's owner has shown who they are: end what the case asks for, and close it. Returns the purposes that stopped."""
    case = requests.get(conn, link.case)
    wanted = purposes_for(workspace.plan_at(conn, now_micros()).policy, Wish(case.about))
    stopped = take_back(workspace, conn, sorted(same_person(conn, link.ref)), wanted, HOW, case.shown, now_micros())
    if not case.closed:
        requests.fulfil(workspace, conn, case.id, "withdrawn", "person")
        requests.forget_notes(workspace, conn, case.id)
    return stopped
