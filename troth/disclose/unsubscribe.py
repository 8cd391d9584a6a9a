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
from sqlalchemy import Connection

from troth.base.clock import now_micros
from troth.base.errors import Fault
from troth.collect import choices
from troth.consent.record import PROHIBITIONS, Evidence, State, Strength
from troth.consent.standing import Standing, read_standing
from troth.gate.plan import Plan, can_object
from troth.policy.model import Kind, Permission, Purpose
from troth.rights import requests
from troth.rights.objection import must_be_weighed
from troth.rights.requests import Right
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
    if declared is None or standing is None or not _can_stop(plan, declared, standing):
        return {}
    return {"List-Unsubscribe": f"<{link_for(workspace, Subscription(ref, purpose))}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}


def unsubscribe(workspace: Workspace, one: Subscription, everything: bool, how: str) -> None:
    """Stop one list for its recipient, or all marketing; it holds when this returns. Whom we do not know any more is told the same."""
    with workspace.state.write() as conn:
        plan, standing = workspace.plan_at(conn, now_micros()), read_standing(conn, one.ref)
        if standing is None:
            return
        wanted = [p for p in plan.policy.purposes.values() if p.id == one.purpose or (everything and p.kind is Kind.MARKETING)]
        before = plan.heard(standing).states
        acts = {p.id: _act(plan, p, standing) for p in wanted if before.get(p.id) not in PROHIBITIONS and _can_stop(plan, p, standing)}
        evidence = Evidence(Strength.EXPLICIT, how, plan.policy.version, "", standing.regime)
        if acts:
            choices.say(workspace, conn, one.ref, acts, evidence, now_micros())
        for purpose in acts:
            _have_weighed(workspace, conn, plan, plan.policy.purposes[purpose], standing)


def _can_stop(plan: Plan, purpose: Purpose, standing: Standing) -> bool:
    return plan.mode(purpose, standing.regime) is not Permission.NONE or can_object(purpose)


def _act(plan: Plan, purpose: Purpose, standing: Standing) -> State:
    if plan.heard(standing).states.get(purpose.id) is State.GIVEN:
        return State.WITHDRAWN
    return State.REFUSED if plan.mode(purpose, standing.regime) is Permission.ASK_BEFORE else State.OBJECTED


def _have_weighed(workspace: Workspace, conn: Connection, plan: Plan, purpose: Purpose, standing: Standing) -> None:
    """What is no marketing and needs no permission stops too, and somebody weighs it, as after a press in the centre."""
    if must_be_weighed(plan, purpose, standing.regime):
        made = requests.open_request(workspace, conn, Right.OBJECTION, standing.ref, standing.regime, about=purpose.id)
        requests.start(workspace, conn, made.id, "troth")


def _cipher(workspace: Workspace) -> AESGCM:
    """Under a key that only this workspace's secrets lead to."""
    return AESGCM(workspace.keys.hash_identifier("unsubscribe-key", workspace.id))
