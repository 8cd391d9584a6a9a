"""Objecting, restricting, matching details, complaining, taking data along: is each what its law says?"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rights.conftest import promising
from troth.base.clock import now
from troth.base.errors import Fault
from troth.consent.record import State, history
from troth.consent.standing import read_standing
from troth.gate.decide import Deny, MayUse, Permit, decide
from troth.gate.reasons import Reason
from troth.policy.demands import ObjectionEffect
from troth.rights import complaint, objection, portability, requests, restrict
from troth.rights.objection import Decision
from troth.rights.points import held_details, matching
from troth.rights.requests import Right, Status
from troth.rights.verify import Session
from troth.store.reveal import RevealedEvent
from troth.workspace import Workspace

People = Callable[..., Session]


def may(workspace: Workspace, ref: int, purpose: str) -> Permit | Deny:
    with workspace.state.read() as conn:
        return decide(MayUse(purpose), workspace.plan, read_standing(conn, ref), now())


def test_objecting_to_marketing_ends_it_without_a_reason_and_nobody_can_override(workspace: Workspace, person: People) -> None:
    ada = person(regime="california", population="customer-contact")
    assert isinstance(may(workspace, ada.ref, "marketing-email"), Permit)
    with workspace.state.write() as conn:
        made = objection.object_to(workspace, conn, ada, "marketing-email")
    assert made.status is Status.FULFILLED and made.outcome == Decision.UPHELD
    assert may(workspace, ada.ref, "marketing-email") == Deny(Reason.OBJECTED, "marketing-email")
    with workspace.state.write() as conn, pytest.raises(Fault, match="no-override"):
        objection.weigh(workspace, conn, made.id, Decision.OVERRIDDEN, "we would rather", "op_1")


def test_an_objection_stops_its_own_purpose_and_no_other(workspace: Workspace, person: People) -> None:
    ada = person(regime="california")
    with workspace.state.write() as conn:
        made = objection.object_to(workspace, conn, ada, "improvement")
    assert made.about == "improvement" and made.closed
    assert isinstance(may(workspace, ada.ref, "improvement"), Deny)
    assert isinstance(may(workspace, ada.ref, "site-analytics"), Permit)


def test_what_must_be_weighed_is_decided_by_somebody_with_a_reason(workspace: Workspace, person: People) -> None:
    ada = person()
    with workspace.state.write() as conn:
        made = objection.object_to(workspace, conn, ada, "telephone", "I only called once")
        assert made.status is Status.IN_PROGRESS
        with pytest.raises(Fault, match="reason-missing"):
            objection.weigh(workspace, conn, made.id, Decision.OVERRIDDEN, "", "op_1")
        decided = objection.weigh(workspace, conn, made.id, Decision.OVERRIDDEN, "a dispute about that call is open", "op_1")
        assert decided.status is Status.REFUSED and decided.reason == "compelling-grounds"
        standing = read_standing(conn, ada.ref)
        assert standing is not None and "telephone" not in standing.states
        assert [act.state for act in history(conn, ada.ref)] == [State.OBJECTED]


def test_where_the_policy_says_that_any_objection_is_final_nobody_weighs_it(workspace: Workspace, person: People) -> None:
    ada = person()
    final = replace(workspace.policy.rights.objection, others=ObjectionEffect.ABSOLUTE)
    with promising(workspace, objection=final), workspace.state.write() as conn:
        made = objection.object_to(workspace, conn, ada, "telephone")
        other = requests.open_request(workspace, conn, Right.OBJECTION, ada.ref, "uk", about="telephone")
        with pytest.raises(Fault, match="no-override"):
            objection.weigh(workspace, conn, other.id, Decision.OVERRIDDEN, "we would rather", "op_1")
    assert made.outcome == Decision.UPHELD and may(workspace, ada.ref, "telephone") == Deny(Reason.OBJECTED, "telephone")


def test_overriding_one_objection_leaves_another_that_is_still_weighed(workspace: Workspace, person: People) -> None:
    ada = person()
    with workspace.state.write() as conn:
        first = objection.object_to(workspace, conn, ada, "telephone", "I only called once")
        second = objection.object_to(workspace, conn, ada, "telephone", "and it was a wrong number")
        objection.weigh(workspace, conn, first.id, Decision.OVERRIDDEN, "a dispute about that call is open", "op_1")
    assert may(workspace, ada.ref, "telephone") == Deny(Reason.OBJECTED, "telephone")
    with workspace.state.write() as conn:
        objection.weigh(workspace, conn, second.id, Decision.OVERRIDDEN, "it was not", "op_1")
    assert isinstance(may(workspace, ada.ref, "telephone"), Permit)


def test_a_contract_cannot_be_objected_to(workspace: Workspace, person: People) -> None:
    ada = person()
    with workspace.state.write() as conn:
        with pytest.raises(Fault, match="cannot-object"):
            objection.object_to(workspace, conn, ada, "transactions")
        with pytest.raises(Fault, match="no-such-purpose"):
            objection.object_to(workspace, conn, ada, "nonsense")


def test_restricting_stops_every_use_and_the_person_is_told_before_somebody_lifts_it(workspace: Workspace, person: People) -> None:
    ada = person()
    with workspace.state.write() as conn:
        made = restrict.restrict(workspace, conn, ada)
    assert all(may(workspace, ada.ref, purpose) == Deny(Reason.RESTRICTED, purpose) for purpose in ("enquiries", "telephone", "security"))
    with workspace.state.write() as conn:
        with pytest.raises(Fault, match="not-told-yet"):
            restrict.lift_by_operator(workspace, conn, made.id, "op_1")
        restrict.announce_lifting(workspace, conn, made.id, "op_1")
        restrict.lift_by_operator(workspace, conn, made.id, "op_1")
    assert isinstance(may(workspace, ada.ref, "enquiries"), Permit)


def test_a_complaint_names_the_persons_regulator_and_the_one_at_home(workspace: Workspace, person: People) -> None:
    ada = person(regime="gdpr")
    with workspace.state.write() as conn:
        made, reply = complaint.complain(workspace, conn, ada.ref, "gdpr", "too many mails")
    assert "looks into it" in reply.here and made.status is Status.OPEN
    assert [one.contact for one in reply.regulators] == ["edpb.europa.eu lists them all", "ico.org.uk"]


def test_a_complaint_without_a_word_is_asked_about_and_never_dropped(workspace: Workspace, person: People) -> None:
    ada = person()
    with workspace.state.write() as conn:
        made, reply = complaint.complain(workspace, conn, ada.ref, "uk", "  ")
        assert made.status is Status.WAITING and reply.regulators
        assert made.id in {one.id for one in requests.unanswered(conn)}


def event(**items: str) -> RevealedEvent:
    return RevealedEvent(1, 1, "enquiry", 0, (), {name.replace("_", "."): value for name, value in items.items()}, 1)


def test_two_reliable_details_match_and_one_or_unreliable_ones_do_not(workspace: Workspace) -> None:
    policy = workspace.policy
    held = held_details(
        policy, [event(contact_email="Ada@x.example", contact_phone="+44 7900 112233", contact_name="Ada Lovelace", company_name="Engines")]
    )
    email, phone = {"contact.email": "ada@x.example"}, {"contact.phone": "07900 112233"}
    assert matching(policy, held, email) == 1
    assert matching(policy, held, email | phone) == 2
    assert matching(policy, held, {"contact.name": "Ada Lovelace", "company.name": "Engines"}) == 0
    assert matching(policy, held, email | {"contact.phone": "07900 999999"}) == 1
    assert matching(policy, held, email | {"account.login": "ada@x.example"}) == 1


@given(st.lists(st.text(max_size=40), min_size=1, max_size=4))
def test_the_csv_file_has_each_value_in_a_cell_of_its_own_and_no_formula(values: list[str]) -> None:
    package = {
        "made_at": "",
        "responsible": {"name": "x"},
        "events": [
            {"at": "", "type": "t", "source": "s", "collected_for": [], "items": [{"id": "i", "label": "l", "value": value} for value in values]}
        ],
    }
    read = list(csv.DictReader(io.StringIO(portability.as_csv(package).decode(errors="surrogatepass"), newline="")))
    assert len(read) == len(values)
    for row, value in zip(read, values, strict=True):
        assert row["value"] in (value, "'" + value)
        assert not row["value"].startswith(("=", "@"))


def test_a_telephone_number_keeps_its_plus_in_the_csv_file() -> None:
    items = [{"id": "contact.phone", "label": "number", "value": "+44 7900 112233"}]
    items += [{"id": "x", "label": "x", "value": value} for value in ("-1+cmd", "\n=cmd", "\t=cmd")]
    package = {"made_at": "", "responsible": {"name": "x"}, "events": [{"at": "", "type": "t", "source": "s", "collected_for": [], "items": items}]}
    read = list(csv.DictReader(io.StringIO(portability.as_csv(package).decode(), newline="")))
    assert [row["value"] for row in read] == ["+44 7900 112233", "'-1+cmd", "'\n=cmd", "'\t=cmd"]
