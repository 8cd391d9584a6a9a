"""Do a correction and a restriction outlast what changes around them: a policy's retention rules, a join?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from troth.consent.standing import read_standing
from troth.gate.admit import admit_subject
from troth.gate.plan import Plan
from troth.rights.verify import Session
from troth.store.correct import correct, corrections
from troth.subjects import links
from troth.subjects.links import How
from troth.workspace import Workspace

NAME = "contact.name"


def test_a_correction_stands_though_a_later_version_keeps_the_item_by_another_rule(workspace: Workspace, person: Callable[..., Session]) -> None:
    session, policy = person(), workspace.policy
    moved = next(rule for rule in policy.retention if rule != policy.items[NAME].keep)
    later = Plan(replace(policy, items={**policy.items, NAME: replace(policy.items[NAME], keep=moved)}))
    without = Plan(replace(policy, items={id: item for id, item in policy.items.items() if id != NAME}))
    with workspace.state.write() as conn:
        correct(conn, admit_subject(conn, workspace.log, workspace.plan, session.ref, "test"), workspace.keys, [session.ref], NAME, "Ada Byron")
        for plan in (workspace.plan, later, without):
            grant = admit_subject(conn, workspace.log, plan, session.ref, "test")
            found = corrections(conn, workspace.keys, grant, [session.ref])
            assert [one.value for one in found.values()] == ["Ada Byron"]


def test_a_restriction_holds_for_whoever_is_joined_later_as_the_same_person(workspace: Workspace, person: Callable[..., Session]) -> None:
    restricted, other = person(), person()
    with workspace.state.write() as conn:
        conn.exec_driver_sql("UPDATE subject SET restricted = 1 WHERE ref = ?", (restricted.ref,))
        link = links.join(conn, restricted.ref, other.ref, How.OPERATOR)
        joined = read_standing(conn, other.ref)
        assert joined is not None and joined.restricted
        assert link is not None and links.unjoin(conn, link)
        alone = read_standing(conn, other.ref)
        assert alone is not None and not alone.restricted
