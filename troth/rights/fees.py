"""May this subject request cost something, or be refused for being too many? Only when it repeats.

The first ones of a kind in a year are free and are answered, whatever anybody thinks of them; how many is the
policy's `rights.fees.after`, and which of the two may be, its `rights.fees.excessive`.
Source: GDPR Art. 12(5); Cal. Civ. Code 1798.145(h)(3)
"""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

from sqlalchemy import Connection

from troth.base.errors import Fault
from troth.policy.demands import Excessive
from troth.policy.packs_rights import fees
from troth.rights import requests
from troth.rights.deadlines import Pause
from troth.rights.requests import SubjectRequest
from troth.subjects.links import same_person
from troth.workspace import Workspace

YEAR = timedelta(days=365)


class Excess(StrEnum):
    """Why a subject request may be charged for or refused."""

    REPETITIVE = "repetitive"
    UNFOUNDED = "unfounded"
    EXCESSIVE = "excessive"


def earlier_alike(conn: Connection, found: SubjectRequest) -> int:
    """How many of the same kind the same person sent in the year before this one."""
    if found.ref == 0:
        return 0
    since = found.received_at - YEAR
    return sum(
        one.kind is found.kind and one.about == found.about and since <= one.received_at < found.received_at and one.id != found.id
        for one in requests.of_person(conn, same_person(conn, found.ref))
    )


def too_many(workspace: Workspace, conn: Connection, found: SubjectRequest) -> bool:
    """Whether it comes after as many as the policy answers free in a year."""
    return earlier_alike(conn, found) >= workspace.policy.rights.fees.after


def may(workspace: Workspace, found: SubjectRequest, what: Excessive) -> bool:
    """Whether one that repeats too often may be charged for (`fee`) or refused (`refuse`), by its law and by the policy's word."""
    law, own = (fees().get(found.regime) or fees()["gdpr"]).excessive, workspace.policy.rights.fees.excessive
    return all(one in (what, Excessive.FEE_OR_REFUSE) for one in (law, own) if one is not Excessive.UNSTATED)


def charge(workspace: Workspace, conn: Connection, id: int, fee: int, why: Excess, text: str, by: str) -> SubjectRequest:
    """Ask a fee for a subject request that repeats, with the reason in words; raises `first-requests-are-free` or `not-promised`."""
    found = requests.get(conn, id)
    _must_repeat(workspace, conn, found, Excessive.FEE, text)
    if fee <= 0:
        raise Fault("bad-fee", "a fee is more than nothing")
    requests.set_fee(workspace, conn, id, fee, by)
    return requests.ask_person(workspace, conn, id, Pause.FEE, by, f"{why}: {text}")


def refuse_excess(workspace: Workspace, conn: Connection, id: int, why: Excess, text: str, by: str) -> SubjectRequest:
    """Refuse a subject request that repeats, with the reason in words; raises `first-requests-are-free` or `not-promised`."""
    _must_repeat(workspace, conn, requests.get(conn, id), Excessive.REFUSE, text)
    return requests.refuse(workspace, conn, id, why, by, text)


def _must_repeat(workspace: Workspace, conn: Connection, found: SubjectRequest, what: Excessive, text: str) -> None:
    if not text.strip():
        raise Fault("reason-missing", "the person must be told why")
    if not too_many(workspace, conn, found):
        raise Fault("first-requests-are-free", "the first requests of a kind in a year are free and are answered", status=409)
    if not may(workspace, found, what):
        raise Fault("not-promised", "the policy says that such requests meet something else", help="see `rights.fees.excessive`", status=409)
