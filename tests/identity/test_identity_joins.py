"""Are two references joined only on a trusted sender's word, only where the gate lets them, and can it be undone?

The cast: Ada agreed in Berlin; Cal, in California, may say no at any time; Cleo, in Berlin, was never asked.
"""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from tests.identity.conftest import BERLIN, COOKIE_PURPOSES, Town
from troth.base.clock import now_micros
from troth.base.errors import Fault
from troth.cli import main
from troth.collect.identify import part, standing_joins
from troth.collect.messages import Message
from troth.collect.pipeline import Origin
from troth.consent.record import State
from troth.gate.reasons import Reason
from troth.rights.erasure import erase
from troth.subjects.directory import IdentifierKind

ADA, CAL, CLEO = "ada-in-berlin", "cal-in-california", "cleo-in-berlin"
EMAIL, PHONE = IdentifierKind.EMAIL, IdentifierKind.PHONE
NO = dict.fromkeys(COOKIE_PURPOSES, State.OBJECTED)


@pytest.fixture
def ada(town: Town) -> int:
    """Ada agreed, and viewed a page."""
    town.agree(ADA)
    town.view(ADA, BERLIN)
    return town.ref(ADA)


# 1. sign in


def test_a_visitor_who_agreed_is_joined_with_the_account_she_signs_in_to(town: Town, ada: int) -> None:
    answer = town.identify(ADA, "account-1", zone=BERLIN)
    assert (answer.stored, answer.joined, dict(answer.reasons)) == (1, 1, {})
    account = town.account("account-1")
    assert account != ada and town.same(ada, account)
    assert town.sql("SELECT a, b, how, purpose, until FROM link") == [(ada, account, "signed-in", "", None)]
    assert set(town.persons("site-analytics").values()) == {min(ada, account)}


def test_a_visitor_who_may_object_and_has_not_is_joined(town: Town) -> None:
    town.view(CAL)
    assert town.identify(CAL, "account-1").joined == 1


def test_a_visitor_who_was_never_asked_is_known_to_nobody_and_joined_to_nobody(town: Town) -> None:
    town.view(CLEO, BERLIN)
    answer = town.identify(CLEO, "account-1", zone=BERLIN)
    assert (answer.stored, answer.joined, dict(answer.reasons)) == (1, 0, {Reason.UNKNOWN_SUBJECT: 1})
    assert town.refused() == {"unknown-subject": 1}


@pytest.mark.parametrize("zone", [BERLIN, "America/Los_Angeles"])
def test_a_visitor_who_said_no_to_every_use_of_the_cookie_is_not_joined(town: Town, zone: str) -> None:
    town.agree(ADA, zone)
    town.say(town.ref(ADA), dict.fromkeys(COOKIE_PURPOSES, State.WITHDRAWN))
    answer = town.identify(ADA, "account-1", zone=zone)
    assert (answer.joined, town.refused()) == (0, {"withdrawn": 1})
    assert town.sql("SELECT * FROM link") == []


def test_one_purpose_that_uses_the_cookie_is_enough(town: Town, ada: int) -> None:
    town.say(ada, {"site-analytics": State.WITHDRAWN, "call-journey": State.WITHDRAWN})
    assert town.identify(ADA, "account-1").joined == 1


def test_a_purpose_that_does_not_use_the_cookie_is_not_enough(town: Town) -> None:
    town.agree(CAL, "America/Los_Angeles")
    town.say(town.ref(CAL), NO)
    assert town.standing(town.ref(CAL)).states.get("improvement") is None  # which Cal may object to, and has not
    assert town.identify(CAL, "account-1").joined == 0


def test_an_account_whose_holder_objected_is_not_joined(town: Town, ada: int) -> None:
    town.identify(None, "account-1")
    town.say(town.account("account-1"), NO)
    assert (town.identify(ADA, "account-1").joined, town.refused()) == (0, {"objected": 1})


def test_an_account_under_restriction_is_not_joined(town: Town, ada: int) -> None:
    town.identify(None, "account-1")
    town.sql("UPDATE subject SET restricted = 1, epoch = epoch + 1 WHERE ref = ?", town.account("account-1"))
    assert (town.identify(ADA, "account-1").joined, town.refused()) == (0, {"restricted": 1})


def test_the_publishable_key_joins_nobody(town: Town, ada: int) -> None:
    town.identify(None, "account-1")
    assert town.identify(ADA, "account-1", trusted=False).joined == 0
    answer = town.send(Message(type="alias", previous_id=ADA, user_id="account-1"), trusted=False)
    assert (answer.joined, dict(answer.reasons)) == (0, {Reason.UNDECLARED_EVENT: 1})
    assert town.sql("SELECT * FROM link") == []


def test_an_alias_joins_what_was_before_with_the_account_and_is_no_refused_event(town: Town, ada: int) -> None:
    town.identify(None, "account-1")
    answer = town.send(Message(type="alias", previous_id=ADA, user_id="account-1"))
    assert (answer.joined, answer.stored, dict(answer.reasons)) == (1, 0, {})
    assert town.same(ada, town.account("account-1"))


def test_an_alias_joins_an_account_with_its_new_id(town: Town) -> None:
    town.identify(None, "old-name", zone=BERLIN)
    town.say(town.account("old-name"), {"site-analytics": State.GIVEN})
    town.identify(None, "new-name", zone=BERLIN)
    assert town.send(Message(type="alias", previous_id="old-name", user_id="new-name")).joined == 1


def test_an_alias_before_its_account_in_one_batch_finds_it(town: Town, ada: int) -> None:
    alias = Message(type="alias", previous_id=ADA, user_id="account-1")
    identify = Message(type="identify", user_id="account-1", traits={"email": "ada@people.example"})
    assert town.ingest.submit_and_wait([alias, identify], Origin(True, "", "", now_micros())).joined == 1


def test_a_browser_on_which_somebody_else_signs_in_next_puts_neither_with_the_other(town: Town, ada: int) -> None:
    town.identify(ADA, "account-1", zone=BERLIN, email="ada@people.example")
    answer = town.identify(ADA, "account-2", zone=BERLIN, email="ben@people.example")
    assert (answer.joined, dict(answer.reasons)) == (0, {Reason.STANDS_WITH_ANOTHER: 1})
    one, other = town.account("account-1"), town.account("account-2")
    assert town.same(ada, one) and not town.same(one, other) and not town.same(ada, other)
    erase(town.workspace, other)
    assert town.sql("SELECT count(*) FROM subject WHERE ref IN (?, ?)", ada, one) == [(2,)]


def test_a_second_browser_of_the_same_person_is_joined(town: Town, ada: int) -> None:
    town.identify(ADA, "account-1", zone=BERLIN)
    town.view(CAL)
    assert town.identify(CAL, "account-1").joined == 1 and town.same(ada, town.ref(CAL))


def test_two_accounts_of_one_mailbox_may_share_a_browser(town: Town, ada: int) -> None:
    town.identify(ADA, "account-1", zone=BERLIN, email="ada@people.example")
    town.identify(ADA, "account-2", zone=BERLIN, email="ada@people.example")
    assert town.same(ada, town.account("account-2"))


def test_signing_in_again_joins_no_second_time(town: Town, ada: int) -> None:
    assert [town.identify(ADA, "account-1").joined for _ in range(3)] == [1, 0, 0]
    assert town.refused() == {}


def test_made_up_people_are_joined_with_made_up_people_alone(town: Town) -> None:
    town.view(CAL, canary=town.workspace.access["canary_key"])
    assert town.standing(town.ref(CAL)).canary
    assert town.identify(CAL, "account-1").joined == 0


def test_a_join_stands_in_the_ledger_in_references(town: Town, ada: int) -> None:
    town.identify(ADA, "account-1")
    account = town.account("account-1")
    with town.workspace.state.read() as conn:
        bodies = [entry.body for _, entry in town.workspace.log.entries(conn) if entry.kind == "joined"]
    assert bodies == [{"a": ada, "b": account, "how": "signed-in", "purpose": ""}]


def test_where_no_purpose_uses_the_cookie_nothing_is_joined(town: Town, ada: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("troth.collect.identify.COOKIE", "cookie.of-nobody")
    assert (town.identify(ADA, "account-1").joined, town.refused()) == (0, {"join-not-promised": 1})


# what follows from a join


def test_a_no_said_by_the_account_stops_the_visits_too_and_a_yes_goes_no_further(town: Town, ada: int) -> None:
    town.identify(ADA, "account-1")
    account = town.account("account-1")
    town.say(account, {"site-analytics": State.WITHDRAWN})
    assert town.standing(ada).states["site-analytics"] is State.WITHDRAWN
    assert town.persons("site-analytics") == {}
    town.say(ada, {"site-analytics": State.GIVEN})
    assert town.standing(ada).states["site-analytics"] is State.WITHDRAWN


def test_whoever_takes_a_no_back_is_counted_again(town: Town, ada: int) -> None:
    town.identify(ADA, "account-1")
    town.say(ada, {"site-analytics": State.WITHDRAWN})
    assert town.persons("site-analytics") == {}
    town.say(ada, {"site-analytics": State.GIVEN})
    assert ada in town.persons("site-analytics")
    assert "site-analytics" not in town.standing(town.account("account-1")).states


def test_a_no_said_in_one_browser_is_not_lifted_by_a_yes_in_another(town: Town, ada: int) -> None:
    town.agree("ada-at-work")
    for browser in (ADA, "ada-at-work"):
        assert town.identify(browser, "account-1").joined == 1
    everyone = (ada, town.ref("ada-at-work"), town.account("account-1"))
    town.say(ada, {"site-analytics": State.WITHDRAWN})
    town.say(town.ref("ada-at-work"), {"site-analytics": State.GIVEN})
    assert {town.standing(ref).states["site-analytics"] for ref in everyone} == {State.WITHDRAWN}
    town.say(ada, {"site-analytics": State.GIVEN})
    assert [town.standing(ref).states.get("site-analytics") for ref in everyone] == [State.GIVEN, State.GIVEN, None]


def test_a_no_that_came_over_a_join_outlasts_it_whatever_a_third_says(town: Town, ada: int) -> None:
    town.agree("ada-at-work")
    for browser in (ADA, "ada-at-work"):
        town.identify(browser, "account-1")
    town.say(ada, {"site-analytics": State.WITHDRAWN})
    town.say(town.ref("ada-at-work"), {"site-analytics": State.GIVEN})
    part(town.workspace, town.sql("SELECT id FROM link WHERE a = ?", ada)[0][0], "operator-1")
    assert town.standing(town.account("account-1")).states["site-analytics"] is State.WITHDRAWN


def test_erasing_one_erases_all_that_is_joined(town: Town, ada: int) -> None:
    town.identify(ADA, "account-1")
    erase(town.workspace, town.account("account-1"))
    assert town.sql("SELECT * FROM link") == town.sql("SELECT * FROM identifier") == []
    assert town.identify(ADA, "account-1").joined == 0


# 2. verify


def test_a_caller_and_a_contact_of_one_number_are_one_person_whoever_comes_first(town: Town) -> None:
    town.customer("account-1", email="ada@lantern.example", phone="+447700900901")
    town.call("+447700900901")
    assert town.ref("+447700900901", PHONE) == town.account("account-1")
    town.call("+447700900902")
    assert town.customer("account-2", email="ben@lantern.example", phone="+44 7700 900902").joined == 1
    caller, contact = town.ref("+447700900902", PHONE), town.account("account-2")
    assert caller != contact and town.same(caller, contact)
    assert town.sql("SELECT how FROM link") == [("verified-identifier",)]


def test_a_number_somebody_only_named_goes_to_whoever_it_is_verified_for(town: Town) -> None:
    town.enquire("prankster@people.example", "+447700900903")
    prankster = town.ref("prankster@people.example", EMAIL)
    assert town.ref("+447700900903", PHONE) == prankster
    assert town.customer("account-1", email="ada@lantern.example", phone="+447700900903").joined == 0
    contact = town.account("account-1")
    assert town.ref("+447700900903", PHONE) == contact and not town.same(prankster, contact)
    assert town.ref("prankster@people.example", EMAIL) == prankster


def test_the_only_name_of_somebody_who_wrote_is_not_taken_from_them(town: Town) -> None:
    town.enquire("ada@lantern.example")
    writer = town.ref("ada@lantern.example", EMAIL)
    assert town.customer("account-1", email="ada@lantern.example").joined == 0
    assert town.ref("ada@lantern.example", EMAIL) == writer
    assert not town.same(writer, town.account("account-1"))


def test_two_accounts_with_one_verified_address_are_one_person(town: Town) -> None:
    town.customer("account-1", email="ada@lantern.example")
    assert town.customer("account-2", email="Ada@Lantern.example").joined == 1
    assert town.same(town.account("account-1"), town.account("account-2"))


def test_two_people_at_one_desk_telephone_are_two_and_one_leaves_without_the_other(town: Town) -> None:
    town.call("+447700900905")
    assert town.customer("account-1", email="ada@lantern.example", phone="+447700900905").joined == 1
    answer = town.customer("account-2", email="ben@lantern.example", phone="+447700900905")
    assert (answer.joined, dict(answer.reasons)) == (0, {Reason.STANDS_WITH_ANOTHER: 1})
    ada, ben = town.account("account-1"), town.account("account-2")
    assert town.same(ada, town.ref("+447700900905", PHONE)) and not town.same(ada, ben)
    erase(town.workspace, ben)
    assert town.sql("SELECT count(*) FROM subject WHERE ref = ?", ada) == [(1,)]


def test_a_restricted_caller_is_joined_with_nobody(town: Town) -> None:
    town.call("+447700900904")
    town.sql("UPDATE subject SET restricted = 1, epoch = epoch + 1 WHERE ref = ?", town.ref("+447700900904", PHONE))
    assert town.customer("account-1", email="a@lantern.example", phone="+447700900904").joined == 0
    assert town.refused()["restricted"] == 1


# 3. part


def test_parting_gives_each_its_own_acts_again_and_a_no_said_meanwhile_stays_on_both(town: Town, ada: int) -> None:
    town.identify(ADA, "account-1")
    account = town.account("account-1")
    town.say(account, {"personalisation": State.OBJECTED})
    town.say(account, {"improvement": State.GIVEN})
    (link,) = town.sql("SELECT id FROM link")
    part(town.workspace, link[0], "operator-1")
    assert not town.same(ada, account)
    given = dict.fromkeys(("site-analytics", "call-journey"), State.GIVEN)
    assert town.standing(ada).states == {**given, "personalisation": State.OBJECTED}
    assert town.standing(account).states == {"personalisation": State.OBJECTED, "improvement": State.GIVEN}
    with town.workspace.state.read() as conn:
        bodies = [entry.body for _, entry in town.workspace.log.entries(conn) if entry.kind == "unjoined"]
    assert bodies == [{"a": ada, "b": account, "how": "signed-in", "purpose": "", "operator": "operator-1"}]


def test_who_was_parted_is_not_joined_again_until_the_visitor_agrees_anew(town: Town, ada: int) -> None:
    town.identify(ADA, "account-1")
    part(town.workspace, town.sql("SELECT id FROM link")[0][0], "operator-1")
    assert (town.identify(ADA, "account-1").joined, town.refused()) == (0, {"join-undone": 1})
    town.say(ada, {"site-analytics": State.GIVEN})
    assert town.identify(ADA, "account-1").joined == 1


def test_callers_an_operator_parted_from_a_contact_stay_apart(town: Town) -> None:
    town.call("+447700900905")
    town.customer("account-1", email="a@lantern.example", phone="+447700900905")
    part(town.workspace, town.sql("SELECT id FROM link")[0][0], "operator-1")
    assert town.customer("account-1", email="a@lantern.example", phone="+447700900905").joined == 0
    assert town.refused()["join-undone"] == 1


def test_a_join_is_undone_once(town: Town, ada: int) -> None:
    town.identify(ADA, "account-1")
    (link,) = town.sql("SELECT id FROM link")
    part(town.workspace, link[0], "operator-1")
    with pytest.raises(Fault) as caught:
        part(town.workspace, link[0], "operator-1")
    assert caught.value.code == "no-such-join"


# the command line


def test_the_command_line_shows_a_person_without_naming_them_and_undoes_a_join(town: Town, ada: int) -> None:
    town.identify(ADA, "account-1", email="ada@people.example")
    run, data = CliRunner(), ["--data", str(town.settings.data)]
    shown = run.invoke(main, ["subject", "show", "--kind", "email", *data], input="ada@people.example\n")
    assert shown.exit_code == 0 and "site-analytics: given" in shown.output
    assert str(ada) in shown.output and "ada@people.example" not in shown.output
    assert run.invoke(main, ["subject", "show", "--account", "account-1", *data]).output == shown.output
    with town.workspace.state.read() as conn:
        (link,) = standing_joins(conn)
    assert f"join {link.id}: {ada} and {town.account('account-1')}" in run.invoke(main, ["subject", "joins", *data]).output
    assert run.invoke(main, ["subject", "unjoin", str(link.id), *data]).exit_code == 0
    assert "nobody is joined" in run.invoke(main, ["subject", "joins", *data]).output
    assert run.invoke(main, ["subject", "unjoin", str(link.id), *data]).exit_code == 1


def test_asking_for_nobody_is_a_coded_error(town: Town) -> None:
    data = ["--data", str(town.settings.data)]
    for given, code in (("\n", "no-identifier"), ("nobody@people.example\n", "no-such-subject")):
        said = CliRunner().invoke(main, ["subject", "show", *data], input=given)
        assert said.exit_code == 1 and code in said.stderr
