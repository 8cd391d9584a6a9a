"""Do recipients hear of erasures, corrections and restrictions, once each, without a word about whom?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from email import message_from_bytes
from email import policy as mail_policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from tests.keeping import Place, a_place, infinity_policy
from troth import maintain
from troth.base.clock import now
from troth.disclose import told
from troth.rights import rectify, restrict
from troth.rights.disclosed import NAMED_BY_PERSON, note_disclosure
from troth.rights.erasure import continue_cases, erase, receipt_of
from troth.rights.verify import Session, Shown

ADA = "ada@example.com"


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """Infinity, whose mail supplier has an address for this and whose host has none."""
    policy = infinity_policy()
    mailworks = replace(policy.recipients["mailworks"], email="privacy@mailworks.example")
    with a_place(tmp_path, infinity_policy(recipients={**policy.recipients, "mailworks": mailworks})) as found:
        yield found


def session(place: Place, ref: int) -> Session:
    return Session(ref, frozenset({ref}), Shown.MAILBOX, 1, ADA, "uk", "customer-contact", False, now())


def messages(place: Place) -> list[EmailMessage]:
    folder = place.workspace.folder / "outbox"
    found = [message_from_bytes(path.read_bytes(), policy=mail_policy.default) for path in folder.glob("*.eml")] if folder.exists() else []
    return sorted(found, key=lambda one: str(one["to"]))


def test_at_an_erasure_each_recipient_is_told_by_number_and_the_receipt_says_so(place: Place) -> None:
    ada = place.customer()
    place.disclose(ada, "mailworks", purpose="service-messages")
    place.disclose(ada, "northcloud", purpose="customer-service")
    place.disclose(place.customer("ben@example.com"), "infinity-us", purpose="customer-service")
    case = erase(place.workspace, ada)
    assert messages(place) == []  # noted in the same transaction, sent by the next round
    maintain.tend(place.workspace)
    to_officer, to_mailworks = messages(place)
    assert (to_mailworks["to"], to_officer["to"]) == ("privacy@mailworks.example", "dpo@infinity.example")
    assert "To Northcloud Hosting" in to_officer.get_content() and "disclosure numbers 1." in to_mailworks.get_content()
    for message in (to_officer, to_mailworks):
        assert "erase it too" in message.get_content() and "Ada" not in str(message) and ADA not in str(message)
    with place.workspace.state.read() as conn:
        receipt = receipt_of(conn, case)
    assert receipt is not None and receipt["recipients_told"] == ["Mailworks", "Northcloud Hosting"]


def test_a_receipt_says_nobody_was_told_who_is_still_to_be_told(place: Place) -> None:
    ada = place.customer()
    place.disclose(ada, "mailworks", purpose="service-messages")
    case = erase(place.workspace, ada)
    assert continue_cases(place.workspace) == 1
    with place.workspace.state.read() as conn:
        receipt = receipt_of(conn, case)
    assert receipt is not None and (receipt["recipients_told"], receipt["recipients_to_tell"]) == ([], ["Mailworks"])


def test_each_is_told_once_whatever_dies_on_the_way(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    ada = place.customer()
    place.disclose(ada, "mailworks", purpose="service-messages")
    erase(place.workspace, ada)
    monkeypatch.setattr(told, "mark_told", lambda *_: (_ for _ in ()).throw(OSError))
    for _ in range(2):
        with pytest.raises(OSError):
            told.tell_recipients(place.workspace)
    monkeypatch.undo()
    assert told.tell_recipients(place.workspace) == 1 and told.tell_recipients(place.workspace) == 0
    assert len(messages(place)) == 1
    assert [body["act"] for body in place.ledger("request-step") if "recipient" in str(body.get("act"))] == ["recipients-to-tell", "recipient-told"]


def test_a_correction_is_told_to_who_received_that_item_and_to_no_other(place: Place) -> None:
    ada = place.customer()
    place.disclose(ada, "mailworks", purpose="service-messages")
    place.disclose(ada, "infinity-us", purpose="customer-service", items=["company.name"])
    with place.workspace.state.write() as conn:
        rectify.ask(place.workspace, conn, session(place, ada), "contact.name", "Ada King")
    told.tell_recipients(place.workspace)
    (message,) = messages(place)
    assert message["to"] == "privacy@mailworks.example" and "name" in message.get_content()
    assert "Ada" not in message.get_content()


def test_a_restriction_and_its_lifting_are_told(place: Place) -> None:
    ada = place.customer()
    place.disclose(ada, "mailworks", purpose="service-messages")
    with place.workspace.state.write() as conn:
        restrict.restrict(place.workspace, conn, session(place, ada))
        restrict.lift(place.workspace, conn, session(place, ada))
    told.tell_recipients(place.workspace)
    assert sorted(str(one["subject"]) for one in messages(place)) == ["Data we gave you may be used again", "Please only store data we gave you"]


def test_an_authority_a_recipient_of_ones_own_choice_and_a_canarys_are_not_told(place: Place) -> None:
    ada, canary = place.customer(), place.customer("canary@example.com")
    legal = {"nature": "legal", "reason": "law", "force": "enforceable", "authority": "Example Court", "reference": "12"}
    place.disclose(ada, "", items=["contact.phone"], **legal)
    with place.workspace.state.write() as conn:
        note_disclosure(conn, place.workspace.log, ada, NAMED_BY_PERSON, "portability", ["contact.name"])
        conn.exec_driver_sql("UPDATE subject SET canary = 1 WHERE ref = ?", (canary,))
    place.disclose(canary, "mailworks", purpose="service-messages")
    erase(place.workspace, ada)
    erase(place.workspace, canary)
    assert told.tell_recipients(place.workspace) == 0
    assert continue_cases(place.workspace) == 2


def test_nobody_is_noted_where_nothing_was_passed_on(place: Place) -> None:
    erase(place.workspace, place.customer())
    assert told.tell_recipients(place.workspace) == 0
    assert [body for body in place.ledger("request-step") if body.get("act") == "recipients-to-tell"] == []
    assert len(place.ledger("erased")) == 1
