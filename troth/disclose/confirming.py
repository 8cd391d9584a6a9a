"""How does the owner of an address learn that a list was asked for in their name? One message with one link, and no word of offers.

Source: GDPR Art. 7(1); BGH I ZR 164/09; docs/decisions/0028
"""

from __future__ import annotations

from troth.base.errors import Fault
from troth.collect import twice
from troth.disclose import letters
from troth.disclose.ending import shown
from troth.rights import verify
from troth.rights.rectify import ADDRESS
from troth.workspace import Workspace


def ask(workspace: Workspace, address: str, token: str, purposes: tuple[str, ...], rehearsal: bool) -> None:
    """Send the link; to what is no address nothing goes, and its form is forgotten in time."""
    if ADDRESS.fullmatch(address):
        url = f"{workspace.settings.base_url}/{workspace.id}/confirm/{token}"
        letters.ask_twice(workspace, address, url, shown(workspace.policy, purposes), twice.WAITS_FOR, rehearsal)


def may_ask(workspace: Workspace, address: str, client: str) -> bool:
    """Whether this address may be written to once more; raises `too-many-tries` when one client asks for many."""
    with workspace.state.write() as conn:
        fair = verify.may_try(workspace, conn, "twice", client, verify.PER_CLIENT)
        wanted = verify.may_try(workspace, conn, "twice-address", address.lower(), verify.PER_ADDRESS)
    if not fair:
        raise Fault("too-many-tries", "too much was asked for from here; try again in a quarter of an hour", status=429)
    return wanted


twice.ASK.append(ask)
twice.MAY_ASK.append(may_ask)
