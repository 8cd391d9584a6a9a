"""How does somebody leave a list by the message itself? A token in each message that stops its purpose for its recipient, and the stopping.

A list is a purpose. The token is encrypted under the workspace's own key: it shows nothing, holds for ever and here alone, and needs no
table. A withdrawal is recorded like any other, so that it holds everywhere at once. Asking twice changes nothing.
Source: RFC 8058, RFC 2369; GDPR Art. 7(3), 21(2)-(3); docs/decisions/0026
"""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from troth.base.errors import Fault
from troth.consent.standing import read_standing
from troth.disclose.ending import What, can_stop, end
from troth.workspace import Workspace

ONE_CLICK, BY_PAGE = "one-click", "unsubscribe-page"
ALL = "/all"
_NONCE, _REF = 12, 8


@dataclass(frozen=True, slots=True)
class Subscription:
    """One recipient and one list."""

    ref: int
    purpose: str


def link_for(workspace: Workspace, one: Subscription) -> str:
    """The address at which a recipient leaves one list; with `ALL` after it, every list for marketing."""
    nonce = os.urandom(_NONCE)
    sealed = _cipher(workspace).encrypt(nonce, one.ref.to_bytes(_REF, "big") + one.purpose.encode(), workspace.id.encode())
    token = base64.urlsafe_b64encode(nonce + sealed).decode().rstrip("=")
    return f"{workspace.settings.base_url}/{workspace.id}/unsubscribe/{token}"


def read_token(workspace: Workspace, token: str) -> Subscription:
    """Whom a token is of. Raises `no-such-link` for whatever was not made here, without saying why."""
    try:
        raw = base64.urlsafe_b64decode(token[:512] + "=" * (-len(token) % 4))
        told = _cipher(workspace).decrypt(raw[:_NONCE], raw[_NONCE:], workspace.id.encode())
        return Subscription(int.from_bytes(told[:_REF], "big"), told[_REF:].decode())
    except (ValueError, InvalidTag):
        help = "open the link of the message itself, or your privacy page"
        raise Fault("no-such-link", "this link was not made here, or it is not whole", help=help, status=404) from None


def headers_for(workspace: Workspace, ref: int, purpose: str) -> Mapping[str, str]:
    """What a message says to mail programs about leaving its list; nothing where the person cannot stop its purpose."""
    with workspace.state.read() as conn:
        plan, standing = workspace.plan, read_standing(conn, ref)
    declared = plan.policy.purposes.get(purpose)
    if declared is None or standing is None or not can_stop(plan, declared, standing):
        return {}
    return {"List-Unsubscribe": f"<{link_for(workspace, Subscription(ref, purpose))}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}


def unsubscribe(workspace: Workspace, one: Subscription, everything: bool, how: str) -> None:
    """Stop one list for its recipient, or all marketing; it holds when this returns. Whom we do not know any more is told the same."""
    with workspace.state.write() as conn:
        end(workspace, conn, one.ref, What((one.purpose,), selling=everything), how)


def _cipher(workspace: Workspace) -> AESGCM:
    """Under a key that only this workspace's secrets lead to."""
    return AESGCM(workspace.keys.hash_identifier("unsubscribe-key", workspace.id))
