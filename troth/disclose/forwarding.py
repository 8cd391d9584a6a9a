"""Whose messages are they? Where this business sends for others, a demand for no more goes to the client concerned, and holds there.

A client has a workspace of its own. Each that knows the address has the demand in its queue, writes there no more, and is named to
the person, in a message to that very address. It tells nobody else who is known where.
Source: GDPR Art. 12(2), 21(2)-(3), 28(3)(e); docs/decisions/0028
"""

from __future__ import annotations

from troth.base.clock import now_micros
from troth.disclose import letters, stopped
from troth.disclose.ending import What, end
from troth.disclose.spoken import Spoken
from troth.policy.model import Role
from troth.rights import requests
from troth.rights.requests import Right
from troth.subjects import directory
from troth.subjects.directory import IdentifierKind
from troth.workspace import House, Workspace


def forward(house: House, workspace: Workspace, spoken: Spoken) -> list[str]:
    """Tell the clients concerned of a demand that was sent from an e-mail address, and the person which they are; returns their names."""
    if workspace.policy.organisation.role is Role.CONTROLLER or "@" not in spoken.sender or not spoken.no.selling:
        return []
    told = [client for client in house.clients_of(workspace.id) if _tell(client, spoken)]
    names = [client.policy.organisation.name for client in told]
    if names:
        with workspace.state.read() as conn:
            ref = directory.find(conn, directory.hash_of(workspace.keys, IdentifierKind.EMAIL, spoken.sender)) or 0
        letters.tell_clients(workspace, ref, spoken.sender, names, spoken.rehearsal)
    return names


def _tell(client: Workspace, spoken: Spoken) -> bool:
    """Whether this client knows the address; if so it has the demand, which holds at once."""
    at, hashed = now_micros(), directory.hash_of(client.keys, IdentifierKind.EMAIL, spoken.sender)
    with client.state.write() as conn:
        ref = directory.find(conn, hashed)
        if ref is None:
            return False
        standing = conn.exec_driver_sql("SELECT regime FROM subject WHERE ref = ?", (ref,)).one()
        end(client, conn, ref, What(selling=True, channels=("email",)), spoken.by.how)
        stopped.stop(client, conn, hashed, "email", at)
        requests.open_request(client, conn, Right.WITHDRAWAL, ref, standing[0], spoken.channel, text=spoken.note, received_at=spoken.received_at)
    return True
