"""Do the answers people get say what the register shows: transfers with what protects them, the company, sales?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.keeping import Place, a_place, infinity_policy
from tests.rights.test_passed_on import session
from troth.base.clock import now
from troth.base.errors import Fault
from troth.consent.record import State
from troth.consent.standing import read_standing
from troth.disclose import residency, told
from troth.gate.admit import admit_subject
from troth.gate.decide import Deny, MayUse, Permit, decide
from troth.gate.reasons import Reason
from troth.policy.model import Basis, Kind, Permission
from troth.reports.refusals import left_out
from troth.rights import california, objection
from troth.rights.access import Package, access_package
from troth.rights.disclosed import Disclosed, disclosures_of


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with a_place(tmp_path, infinity_policy()) as found:
        yield found


def package(place: Place, ref: int) -> Package:
    with place.workspace.state.write() as conn:
        grant = admit_subject(conn, place.workspace.log, place.workspace.plan, ref, "access")
    return access_package(place.workspace, [ref], grant)


def test_the_answer_lists_each_transfer_that_took_place_with_what_protects_it(place: Place) -> None:
    ada = place.customer()
    place.disclose(ada, "mailworks", purpose="service-messages")
    place.disclose(ada, "infinity-us", purpose="customer-service")
    place.disclose(ada, "northcloud", purpose="customer-service")  # stays in the United Kingdom
    transfers = package(place, ada)["transferred"]
    assert [(one["to"], one["country"], one["protected_by"]) for one in transfers] == [
        ("Mailworks", "Canada", "a decision that the country protects data well enough"),
        ("Infinity Web and Calls Inc", "the United States", "standard contractual clauses"),
    ]


def test_the_answer_names_the_company_that_the_persons_customer_contracts_with(place: Place) -> None:
    ada, ben = place.customer(), place.customer("ben@example.com")
    residency.onboard(place.workspace, "acme", "op_1", company="infinity-us")
    with place.workspace.state.write() as conn:
        residency.name_contact(conn, ada, "acme")
    assert package(place, ada)["responsible"]["name"] == "Infinity Web and Calls Inc"
    assert package(place, ben)["responsible"]["name"] == "Infinity Web and Calls Ltd"


def test_the_answer_to_a_californian_says_what_the_register_shows_of_sales(place: Place) -> None:
    ada = place.customer(regime="california")
    policy, at = place.workspace.policy, now()
    none = california.know(policy, [], [], at, told.sale_statement(place.workspace).words)
    assert none["sold_or_shared"] == [] and none["statement"] == policy.notice.no_sale
    with place.workspace.state.write() as conn:
        sale = "VALUES (?, 'x', 'newsletter', ?, ?, 1, 'Ad House', 'sale')"
        conn.exec_driver_sql(
            f"INSERT INTO disclosure (ref, recipient, purpose, items, at, entry, label, nature) {sale}",
            (ada, '["contact.email"]', int(at.timestamp() * 1_000_000)),
        )
        mine: list[Disclosed] = disclosures_of(conn, [ada])
    sold = california.know(policy, [], mine, now(), told.sale_statement(place.workspace).words)
    assert [one.endswith(", to Ad House") for one in sold["sold_or_shared"]] == [True]
    assert sold["statement"] == "The register shows 1 sale of personal information in this time."


def test_while_an_objection_is_weighed_the_purpose_stands_still_for_this_person_in_every_view(place: Place) -> None:
    ada, ben = place.caller(), place.caller()
    with place.workspace.state.write() as conn:
        made = objection.object_to(place.workspace, conn, replace(session(place, ada), population="enquirer"), "telephone")
        assert not made.closed
        assert decide(MayUse("telephone"), place.workspace.plan, read_standing(conn, ada), now()) == Deny(Reason.OBJECTED, "telephone")
        assert isinstance(decide(MayUse("telephone"), place.workspace.plan, read_standing(conn, ben), now()), Permit)
        assert isinstance(decide(MayUse("enquiries"), place.workspace.plan, read_standing(conn, ada), now()), Permit)
    grant = place.workspace.grant("telephone", "owner", "op_1")
    seen = place.workspace.views.run(grant, lambda view: {row["ref"] for row in view.execute(view.events.select("ref"))})
    assert seen == {ben} and left_out(place.workspace, "telephone") == 1


@pytest.mark.parametrize("basis", [Basis.CONTRACT, Basis.LEGAL_OBLIGATION, Basis.VITAL_INTERESTS])
def test_what_rests_on_a_contract_or_a_law_goes_on_and_the_answer_says_so(tmp_path: Path, basis: Basis) -> None:
    policy = infinity_policy()
    needless = replace(policy.purposes["telephone"], basis=basis, kind=Kind.SERVICE, permission=Permission.NONE)
    with a_place(tmp_path, infinity_policy(purposes={**policy.purposes, "telephone": needless})) as place:
        ada = place.caller()
        with place.workspace.state.write() as conn, pytest.raises(Fault, match="the right to object does not reach that"):
            objection.object_to(place.workspace, conn, session(place, ada), "telephone")
        place.say(ada, telephone=State.OBJECTED)
        with place.workspace.state.read() as conn:
            assert isinstance(decide(MayUse("telephone"), place.workspace.plan, read_standing(conn, ada), now()), Permit)

