"""Does this browser send Global Privacy Control? What the signal refuses, for the browser and for its person when known.

Only the exact value `1` counts; of several headers one is enough. It is heard once: at first sight, or when the policy
lets it refuse more. A yes that the person gives after that, to us and by name, stands. It is no erasure, and a signal
that is no longer sent takes nothing back.
Source: W3C Global Privacy Control; Cal. Civ. Code 1798.135(e); 11 CCR 7025
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection

from troth.base.clock import now_micros
from troth.collect.choices import SIGNAL, hear_signal, news_of_signal, refused_by_signal
from troth.consent.standing import Standing, read_standing, saying
from troth.gate.plan import Plan
from troth.subjects import directory
from troth.subjects.directory import IdentifierKind
from troth.workspace import Workspace

HEADER = b"sec-gpc"


def sent_in(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether the headers of an HTTP call, as they came, carry the signal."""
    return any(name == HEADER and value == b"1" for name, value in headers)


def as_heard(plan: Plan, newcomer: Standing) -> Standing:
    """The standing of somebody of whom nothing is held yet and whose browser sends the signal."""
    return saying(newcomer, {**newcomer.states, **refused_by_signal(plan, newcomer.regime)})


def hear_visitor(workspace: Workspace, visitor: str) -> None:
    """The same for whoever has this browser's identifier; nothing is made for somebody unknown."""
    hashed = directory.hash_of(workspace.keys, IdentifierKind.ANONYMOUS, visitor)
    with workspace.state.read() as conn:
        ref = directory.find(conn, hashed)
    if ref is not None:
        hear_person(workspace, {ref})


def hear_person(workspace: Workspace, refs: Iterable[int]) -> None:
    """The same for a person who is known."""
    wanted = sorted(refs)
    with workspace.state.read() as conn:
        known = [standing for ref in wanted if (standing := read_standing(conn, ref)) is not None]
        if not any(news_of_signal(conn, workspace.plan, standing) for standing in known):
            return  # what was heard before costs no write
    with workspace.state.write() as conn:
        at = now_micros()
        plan = workspace.plan_at(conn, at)
        for ref in wanted:
            standing = read_standing(conn, ref)
            if standing is not None:
                hear_signal(workspace, conn, plan, standing, at)


def heard(conn: Connection, refs: Iterable[int]) -> list[str]:
    """The purposes that the signal ever refused for a person."""
    wanted = tuple(sorted(refs))
    asked = f"SELECT DISTINCT purpose FROM consent_act WHERE how = '{SIGNAL}' AND ref IN ({','.join('?' * len(wanted))}) ORDER BY purpose"
    return [row[0] for row in conn.exec_driver_sql(asked, wanted)]
