"""Does the gate judge a disclosure right, whatever is asked? Properties of `decide_disclosure`, and one test a reason."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.keeping import START, infinity_policy
from troth.consent.record import State, Strength
from troth.consent.standing import Standing
from troth.gate import disclosure
from troth.gate.decide import Deny
from troth.gate.disclosure import CHECKS, Force, Known, MayDisclose, Mechanism, Nature, PermitDisclosure, Safeguard, decide_disclosure
from troth.gate.plan import Plan
from troth.gate.reasons import Reason
from troth.policy.model import Terms
from troth.policy.packs import adequacy

POLICY = infinity_policy()
PLAN = Plan(POLICY)
KNOWN = Known(adequacy(), open_cases=frozenset({"B-1"}), open_tickets=frozenset({"T-9"}))

words = st.sampled_from(["", "x", "B-1", "T-9", "Example Court"])
listed = st.sampled_from(sorted(POLICY.recipients))
items = st.frozensets(st.sampled_from([*POLICY.items, "made.up"]), max_size=4)
standings = st.builds(
    Standing, st.just(7), st.just(1), st.sampled_from(["", *POLICY.populations]), st.sampled_from([*POLICY.regimes, ""]), st.booleans(),
    st.dictionaries(st.sampled_from(sorted(POLICY.purposes)), st.sampled_from(list(State)), max_size=4), st.just(Strength.NONE),
)  # fmt: skip


def questions(recipients: st.SearchStrategy[str]) -> st.SearchStrategy[MayDisclose]:
    reasons = ["", "made-up", *POLICY.settings.legal_reasons]
    return st.builds(
        MayDisclose, recipient=recipients, purpose=st.sampled_from(["", "made-up", *POLICY.purposes]), items=items,
        nature=st.sampled_from(list(Nature)), reason=st.sampled_from(reasons), justification=words, reference=words,
        force=st.sampled_from(list(Force)), case=words, ticket=words, approver=words, named=words,
        country=st.sampled_from(["", "GB", "CA", "US", "IN"]), safeguard=st.sampled_from(["", "standard-contractual-clauses", "a handshake"]),
    )  # fmt: skip


everyone = st.one_of(listed, st.just(""))
instants = st.datetimes(datetime(2025, 1, 1), datetime(2032, 1, 1), timezones=st.just(UTC))


@given(questions(st.text(min_size=1)), standings)
def test_an_unlisted_recipient_is_never_permitted(question: MayDisclose, standing: Standing) -> None:
    if question.recipient not in POLICY.recipients:
        assert isinstance(decide_disclosure(question, PLAN, standing, START, KNOWN), Deny)


@given(questions(everyone), standings)
def test_a_sale_is_never_permitted(question: MayDisclose, standing: Standing) -> None:
    verdict = decide_disclosure(replace(question, nature=Nature.SALE), PLAN, standing, START, KNOWN)
    assert verdict == Deny(Reason.SALE)


@given(questions(listed), standings, instants)
def test_a_permit_never_goes_beyond_what_recipient_and_purpose_list(question: MayDisclose, standing: Standing, at: datetime) -> None:
    verdict = decide_disclosure(question, PLAN, standing, at, KNOWN)
    if isinstance(verdict, PermitDisclosure):
        recipient = POLICY.recipients[question.recipient]
        assert verdict.items and verdict.items <= frozenset(recipient.items)
        assert recipient.terms is not None and recipient.terms.signed_on <= at.date() <= recipient.terms.expires_on
        if question.purpose:
            assert question.purpose in recipient.purposes and verdict.items <= frozenset(POLICY.purposes[question.purpose].items)


@given(questions(everyone), standings, instants, st.sampled_from(sorted(POLICY.purposes)))
def test_a_no_never_opens_what_was_closed(question: MayDisclose, standing: Standing, at: datetime, purpose: str) -> None:
    before = decide_disclosure(question, PLAN, standing, at, KNOWN)
    for worse in (replace(standing, states={**standing.states, purpose: State.WITHDRAWN}), replace(standing, restricted=True)):
        if isinstance(before, Deny):
            assert isinstance(decide_disclosure(question, PLAN, worse, at, KNOWN), Deny)


def test_nobody_whose_country_is_not_named_is_protected_by_clauses() -> None:
    buyer = MayDisclose("", nature=Nature.BUSINESS_TRANSFER, named="x", safeguard="standard-contractual-clauses")
    assert decide_disclosure(buyer, PLAN, Standing(1, 1, "enquirer", "uk"), START, KNOWN) == Deny(Reason.NO_SAFEGUARD, "")


@given(questions(everyone), standings, instants)
def test_whatever_is_permitted_abroad_has_something_that_protects_it(question: MayDisclose, standing: Standing, at: datetime) -> None:
    verdict = decide_disclosure(question, PLAN, standing, at, KNOWN)
    if isinstance(verdict, PermitDisclosure):
        at_home = verdict.receiver.country in adequacy().home
        assert (verdict.mechanism is Mechanism.HOME) == at_home and verdict.receiver.country


@pytest.mark.parametrize("name", sorted(CHECKS))
def test_an_error_in_any_rule_is_a_refusal(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    def fails(_facts: Any) -> None:
        raise RuntimeError

    monkeypatch.setitem(CHECKS, name, fails)
    question = MayDisclose("northcloud", "customer-service")
    assert decide_disclosure(question, PLAN, _ada(), START, KNOWN) == Deny(Reason.GATE_FAILED)


def _ada(**changes: Any) -> Standing:
    return replace(Standing(7, 1, "customer-contact", "uk"), **changes)


LEGAL = MayDisclose("", items=frozenset({"contact.name"}), nature=Nature.LEGAL, named="Example Court", country="GB")
SERVICE = MayDisclose("northcloud", "customer-service")
REFUSALS = [
    (replace(SERVICE, nature=Nature.SALE), Reason.SALE),
    (replace(SERVICE, recipient="strangers"), Reason.UNKNOWN_RECIPIENT),
    (replace(SERVICE, recipient=""), Reason.UNKNOWN_RECIPIENT),
    (replace(SERVICE, nature=Nature.BUSINESS_TRANSFER), Reason.UNKNOWN_RECIPIENT),
    (MayDisclose("", nature=Nature.BUSINESS_TRANSFER, country="GB"), Reason.RECIPIENT_NOT_NAMED),
    (replace(LEGAL, reason="law", named=" "), Reason.RECIPIENT_NOT_NAMED),
    (replace(LEGAL, reason="support-request", ticket="T-9"), Reason.UNKNOWN_RECIPIENT),
    (replace(LEGAL, reason="emergency"), Reason.REASON_NOT_LISTED),
    (MayDisclose("guardnet", "security", nature=Nature.FRAUD_EXCHANGE, reason="law"), Reason.REASON_NOT_LISTED),
    (replace(LEGAL, reason="law"), Reason.NO_JUSTIFICATION),
    (replace(LEGAL, reason="law", reference="12", force=Force.UNENFORCEABLE), Reason.NOT_ENFORCEABLE),
    (replace(LEGAL, reason="terms-breach", case="B-2"), Reason.CASE_NOT_OPEN),
    (replace(SERVICE, purpose="made-up"), Reason.UNKNOWN_PURPOSE),
    (replace(SERVICE, purpose=""), Reason.UNKNOWN_PURPOSE),
    (replace(SERVICE, purpose="telephone"), Reason.PURPOSE_NOT_INSTRUCTED),
    (replace(SERVICE, items=frozenset({"made.up"})), Reason.UNDECLARED_ITEM),
    (replace(SERVICE, items=frozenset({"page.route"})), Reason.ITEM_NOT_FOR_PURPOSE),
    (replace(SERVICE, items=frozenset({"company.name"})), Reason.ITEM_NOT_FOR_RECIPIENT),
    (replace(LEGAL, reason="law", reference="12", force=Force.ENFORCEABLE, items=frozenset()), Reason.ITEMS_NOT_NAMED),
    (replace(LEGAL, reason="law", reference="12", force=Force.ENFORCEABLE, country="IN"), Reason.NO_SAFEGUARD),
    (replace(LEGAL, reason="law", reference="12", force=Force.ENFORCEABLE, country=""), Reason.NO_SAFEGUARD),
]


@pytest.mark.parametrize(("question", "reason"), REFUSALS)
def test_each_fault_has_its_reason(question: MayDisclose, reason: Reason) -> None:
    verdict = decide_disclosure(question, PLAN, _ada(), START, KNOWN)
    assert isinstance(verdict, Deny) and verdict.reason is reason


@pytest.mark.parametrize(
    ("standing", "reason"),
    [
        (None, Reason.UNKNOWN_SUBJECT),
        (_ada(restricted=True), Reason.RESTRICTED),
        (_ada(population="site-visitor"), Reason.ITEM_NOT_FOR_POPULATION),
    ],
)
def test_whom_it_is_about_decides_too(standing: Standing | None, reason: Reason) -> None:
    verdict = decide_disclosure(SERVICE, PLAN, standing, START, KNOWN)
    assert isinstance(verdict, Deny) and verdict.reason is reason


def test_restricted_data_is_opened_to_a_binding_demand_and_not_to_a_case_of_our_own() -> None:
    demand = replace(LEGAL, reason="law", reference="12", force=Force.ENFORCEABLE)
    ours = replace(LEGAL, reason="terms-breach", case="B-1")
    assert isinstance(decide_disclosure(demand, PLAN, _ada(restricted=True), START, KNOWN), PermitDisclosure)
    assert decide_disclosure(ours, PLAN, _ada(restricted=True), START, KNOWN) == Deny(Reason.RESTRICTED)


def test_terms_hold_from_their_first_day_to_their_last() -> None:
    bare = replace(POLICY.recipients["northcloud"], terms=None)
    plan = Plan(replace(POLICY, recipients={**POLICY.recipients, "northcloud": bare}))
    known = replace(KNOWN, terms={"northcloud": (Terms(date(2026, 11, 1), date(2026, 11, 30)),)})
    found = {}
    for day in (31, 32, 61, 62):  # 31 October, 1 November, 30 November, 1 December
        at = datetime(2026, 10, 1, 23, 59, tzinfo=UTC) + (day - 1) * (datetime(2026, 1, 2) - datetime(2026, 1, 1))
        verdict = decide_disclosure(SERVICE, plan, _ada(), at, known)
        found[at.date().isoformat()] = verdict.reason if isinstance(verdict, Deny) else "yes"
    assert found == {"2026-10-31": Reason.NO_TERMS, "2026-11-01": "yes", "2026-11-30": "yes", "2026-12-01": Reason.TERMS_EXPIRED}


def test_a_safeguard_that_has_run_out_protects_nothing() -> None:
    bare = replace(POLICY.recipients["callcarrier"], safeguard=None)
    plan = Plan(replace(POLICY, recipients={**POLICY.recipients, "callcarrier": bare}))
    over = Safeguard("standard-contractual-clauses", date(2025, 1, 1), date(2026, 11, 21))
    known = replace(KNOWN, safeguards={"callcarrier": (over,)})
    question = MayDisclose("callcarrier", "telephone")
    assert decide_disclosure(question, plan, _ada(), START, known) == Deny(Reason.NO_SAFEGUARD, "US")


def test_each_safeguard_of_the_policys_language_names_its_mechanism() -> None:
    from troth.policy.sections import SAFEGUARDS

    assert set(disclosure.SAFEGUARD_MECHANISMS) == set(SAFEGUARDS)
