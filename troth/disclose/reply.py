"""How is somebody answered who wrote to us? One message to the address they gave, for the purpose they wrote for, and nothing else.

The address comes from what is held for that purpose, never from whoever answers. It puts nobody on a list: the gate lets
the message for its own purpose alone, each time.
Source: GDPR Art. 5(1)(b), 6(4)
"""

from __future__ import annotations

from troth.base.clock import now
from troth.base.errors import Fault
from troth.disclose.announce import Became, address_of
from troth.disclose.outbox import Letter, send
from troth.ledger.entry import EntryKind
from troth.workspace import Workspace

KIND = "reply"
LONGEST = 8_000


def reply(workspace: Workspace, purpose: str, role: str, operator: str, ref: int, text: str) -> str:
    """Answer one person; returns the message's id. Raises Refused for a role or a person that the purpose does not have.

    Raises `empty-answer`, `too-long`, and `no-address` when nothing to write to is held for the purpose.
    """
    workspace.grant(purpose, role, operator)
    if not text.strip():
        raise Fault("empty-answer", "write the words that the person is to read")
    if len(text) > LONGEST:
        raise Fault("too-long", f"at most {LONGEST} characters", status=413)
    with workspace.state.write() as conn:
        address, _ = address_of(workspace, conn, purpose, ref, KIND)
        if isinstance(address, Became):
            code = "not-permitted" if address is Became.NOT_PERMITTED else "no-address"
            raise Fault(code, "this person cannot be written to for this purpose", status=403)
        workspace.log.append(conn, EntryKind.OPERATOR_ACT, {"act": "reply", "purpose": purpose, "ref": ref, "operator": operator}, now())
    us = workspace.policy.organisation
    signed = f"{text.strip()}\n\n-- \n{us.name}, {us.address}\n{us.email}\n"
    return send(workspace, Letter(ref, address, purpose, KIND, f"Your message to {us.name}", signed))
