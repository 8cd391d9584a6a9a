"""Does a person see all that is held about them and nothing of anyone else, and can they put it right and take it along?"""

from __future__ import annotations

import csv
import email
import io
import json
import secrets
from collections.abc import Callable
from email import policy as mail_policy
from typing import Any

from tests.calls.conftest import twilio_like
from tests.centre.conftest import CALIFORNIA, LONDON, Person, outbox
from troth.ledger.entry import EntryKind
from troth.prove.world import World
from troth.workspace import Workspace

People = Callable[..., Person]


def values(data: dict[str, Any], item: str) -> set[Any]:
    return {one["value"] for event in data["events"] for one in event["items"] if one["id"] == item}


def test_the_answer_lists_every_item_from_every_channel_and_nothing_of_a_stranger(person: People, world: World, served: Any) -> None:
    number = "+4479001" + f"{secrets.randbelow(10**5):05d}"
    ada, eve = person(LONDON, phone=number), person(LONDON, phone="+447900999999")
    visitor = world.visitor(LONDON)
    visitor.accept_all()
    visitor.view("/pricing", referrer="https://www.google.com/search", query="?utm_source=news")
    visitor.click("https://other.example/there", "other.example")
    visitor.track("Feature Used", feature="export")
    visitor.track("Preference Set", preference="dark")
    world.send("identify", traits={"email": ada.address, "name": "Ada King"})
    world.post("/forms/newsletter", {"fields": {"name": "Ada Lovelace", "email": ada.address}, "tz": LONDON})
    warning = world.http.get("/infinity/comments", params={"article": "/blog/one"}).json()["warning"]["version"]
    assert world.post("/comments", {"article": "/blog/one", "name": "Ada L", "email": ada.address, "text": "Well said", "warning": warning})["ok"]
    world.send("group", groupId="g1", traits={"email": ada.address, "company": "Engines Ltd", "username": "ada", "billing_contact": "Ms Byron"})
    world.send("track", event="Invoice Issued", properties={"invoice": "INV-77", "amount": "120", "email": ada.address})
    twilio_like.TwilioLike(served.url, "infinity", world.access["twilio_token"]).ring(number, "+442079460100")
    eve_visitor = world.visitor(CALIFORNIA)
    eve_visitor.view("/product")

    ada.come_in(visitor.id, mine=True)
    data = ada.data()
    expected = {
        "contact.email": {ada.address},
        "contact.phone": {number},
        "company.name": {"Engines Ltd"},
        "account.login": {"ada"},
        "billing.contact": {"Ms Byron"},
        "post.text": {"Well said"},
        "contact.message": {"please call"},
        "feature.name": {"export"},
        "view.preference": {"dark"},
        "link.host": {"other.example"},
        "cookie.visitor": {visitor.id},
        "call.caller": {number},
        "visit.source": {"news"},
    }
    assert {item: values(data, item) for item in expected} == expected
    assert {"Ada King", "Ada Lovelace", "Ada L"} < values(data, "contact.name")
    assert {event["type"] for event in data["events"]} >= {
        "page-view",
        "link-click",
        "feature-use",
        "preference-set",
        "identity",
        "enquiry",
        "subscription",
        "comment",
        "customer-details",
        "call",
    }
    assert {"your visits to the site", "forms you send", "telephone calls", "comments you post", "customer accounts"} == set(data["by_source"])
    whole = json.dumps(data)
    for stranger in (eve.address, eve_visitor.id, "+447900999999"):
        assert stranger not in whole


def test_the_answer_says_what_the_law_wants_said(person: People, world: World) -> None:
    ada = person(LONDON).come_in()
    data = ada.data()
    assert data["confirmation"] == "We hold data about you."
    assert data["responsible"]["name"] == "Infinity Web and Calls Ltd" and "Data Protection Officer" in data["officer"]
    assert {one["id"] for one in data["purposes"]} == {"enquiries"}
    assert data["purposes"][0]["kept_for"] == "2 years" and data["retention"][0]["why"]
    assert data["complaint"]["contact"] == "ico.org.uk" and data["rights"] and data["automated_decisions"]
    assert all(item["source"] and item["kept_for"] for event in data["events"] for item in event["items"])
    assert person(CALIFORNIA).come_in().data()["responsible"]["name"] == "Infinity Web and Calls Inc"
    page = ada.said(ada.get("/data"))
    for word in (ada.address, "please call", "Infinity Web and Calls Ltd", "ico.org.uk", "Answering enquiries", "2 years"):
        assert word in page


def test_seeing_ones_data_is_a_free_request_answered_on_the_spot_and_entered_once_a_visit(person: People, workspace: Workspace) -> None:
    ada = person().come_in()
    ada.get("/data")
    asked = [one for one in ada.data()["requests"] if one["right"] == "access"]
    assert [(one["status"], one["outcome"], one["fee"]) for one in asked] == [("fulfilled", "delivered", 0)]


def test_a_join_can_be_undone_by_the_person_and_by_nobody_else(person: People, world: World) -> None:
    visitor = world.visitor(CALIFORNIA)
    visitor.view("/pricing")
    ada, eve = person().come_in(visitor.id, mine=True), person().come_in()
    assert visitor.id in values(ada.data(), "cookie.visitor")
    link = ada.get("/data").text.split('name="link" value="')[1].split('"')[0]
    assert eve.post("/separate", link=link).status_code == 404
    assert visitor.id in values(ada.data(), "cookie.visitor")
    assert "apart from your data again" in ada.follow(ada.post("/separate", link=link)).text
    assert "page-view" not in {event["type"] for event in ada.data()["events"]}
    assert ada.post("/separate", link=link).status_code == 404


def test_a_browser_is_not_joined_unless_the_person_says_it_is_theirs(person: People, world: World) -> None:
    visitor = world.visitor(CALIFORNIA)
    visitor.view("/pricing")
    ada = person().come_in(visitor.id, mine=False)
    assert "page-view" not in {event["type"] for event in ada.data()["events"]}


def test_a_corrected_number_stands_everywhere_and_the_old_one_is_only_a_fact_of_the_ledger(
    person: People, world: World, workspace: Workspace
) -> None:
    ada = person(phone="+447900111111").come_in()
    assert "put right everywhere" in ada.follow(ada.post("/correct", item="contact.phone", value="+44 7900 222222")).text
    for text in (ada.get("/data.json").text, ada.get("/data").text, ada.get("/portable.csv").text):
        assert "+44 7900 222222" in text and "+447900111111" not in text
    assert "+44 7900 222222" in str(world.events("enquiries")) and "+447900111111" not in str(world.events("enquiries"))
    with workspace.state.read() as conn:
        facts = [
            entry.body for _, entry in workspace.log.entries(conn) if entry.kind is EntryKind.REQUEST_STEP and entry.body.get("act") == "corrected"
        ]
    assert facts[-1]["item"] == "contact.phone" and "222222" not in str(facts) and "111111" not in str(facts)
    world.send("identify", traits={"email": ada.address, "phone": "+447900333333"})
    assert values(ada.data(), "contact.phone") == {"+44 7900 222222", "+447900333333"}  # what comes later counts as it comes


def test_a_new_address_counts_once_its_own_mailbox_was_opened(person: People, workspace: Workspace) -> None:
    ada = person().come_in()
    old, new = ada.address, f"new.{secrets.token_hex(5)}@people.example"
    before = set(outbox(workspace))
    assert "We sent a link to the new address" in ada.follow(ada.post("/correct", item="contact.email", value=new)).text
    assert values(ada.data(), "contact.email") == {old}
    fresh = person(known=False)
    fresh.address = new
    fresh.post("/link", email=new)  # the new address opens nothing yet
    message = next(path for path in set(outbox(workspace)) - before if new.encode() in path.read_bytes())
    token = message.read_text().split("open?t=")[1].split()[0]
    assert "Is this your new address?" in ada.get(f"/open?t={token}").text
    ada.follow(ada.post("/open", t=token))
    assert values(ada.data(), "contact.email") == {new}
    later = person(known=False)
    later.address = old
    count = len(outbox(workspace))
    later.post("/link", email=old)
    fresh.ask_for_link()
    assert len(outbox(workspace)) == count + 1


def confirmation(one: Person, workspace: Workspace, new: str, item: str = "contact.email") -> str:
    """The token in the link that a new address was sent."""
    before = set(outbox(workspace))
    one.follow(one.post("/correct", item=item, value=new))
    message = next(path for path in set(outbox(workspace)) - before if new.encode() in path.read_bytes())
    return message.read_text().split("open?t=")[1].split()[0]


def test_a_stranger_to_whom_a_slip_of_the_finger_sent_the_link_is_shown_nothing(person: People, workspace: Workspace) -> None:
    ada, eve = person().come_in(), person().come_in()
    slip = f"slip.{secrets.token_hex(5)}@people.example"
    token = confirmation(ada, workspace, slip)
    stranger = person(known=False)
    for one in (stranger, eve):  # with nobody's session, and with one of their own
        assert one.get(f"/open?t={token}").status_code == 403
        answer = one.post("/open", t=token)
        assert answer.status_code == 403 and "not-the-asker" in answer.text and ada.address not in answer.text
    assert stranger.get("/data").status_code == 401 and ada.address not in eve.get("/data.json").text
    assert values(ada.data(), "contact.email") == {ada.address}
    assert "put right everywhere" in ada.follow(ada.post("/open", t=token)).text  # it was not used up


def test_an_address_of_somebody_else_is_not_had_by_asking_them_to_confirm_it(person: People, workspace: Workspace) -> None:
    mallory, ada = person().come_in(), person()
    token = confirmation(mallory, workspace, ada.address)
    ada.come_in()
    assert ada.post("/open", t=token).status_code == 403
    assert ada.address not in mallory.get("/data.json").text


def test_each_link_puts_right_what_it_was_sent_for(person: People, workspace: Workspace) -> None:
    ada = person().come_in()
    first, second = (f"{word}.{secrets.token_hex(5)}@people.example" for word in ("first", "second"))
    tokens = [confirmation(ada, workspace, first), confirmation(ada, workspace, second)]
    ada.follow(ada.post("/open", t=tokens[0]))
    assert values(ada.data(), "contact.email") == {first}
    assert ada.post("/open", t=tokens[1]).status_code == 410  # who could open it before cannot any more
    waiting = [one["status"] for one in ada.data()["requests"] if one["right"] == "rectification"]
    assert sorted(waiting) == ["expired", "fulfilled"]


def test_whoever_came_in_by_the_older_address_is_out_once_the_new_one_counts(person: People, workspace: Workspace) -> None:
    ada = person().come_in()
    intruder = person(known=False)
    intruder.address = ada.address
    intruder.come_in()
    pending = ada.ask_for_link()
    token = confirmation(ada, workspace, f"new.{secrets.token_hex(5)}@people.example")
    ada.follow(ada.post("/open", t=token))
    assert ada.get("/data").status_code == 200 and intruder.get("/data").status_code == 401
    assert intruder.get(f"/open?t={pending}").status_code == 410


def test_the_file_to_take_along_is_what_the_policy_says(person: People, world: World, served: Any) -> None:
    infi = served.world("infi")
    known = infi.known(infi.policy.events["registration"])
    infi.tell(infi.policy.events["account-act"], ["feature.name", "account.content"], account=known.account)
    with infi.centre().by_mail(str(known.values["contact.email"])) as centre:
        every = {row["item"] for row in centre.get("/portable.json").json()["items"]}
        held = {item["id"] for event in centre.data()["events"] for item in event["items"]}
    assert {"contact.email", "account.content"} <= every  # by contract
    assert {"feature.name", "contact.source"} <= held and not {"feature.name", "contact.source"} & every
    ada = person().come_in()
    rows = {row["item"] for row in ada.get("/portable.json").json()["items"]}
    assert {"contact.email", "contact.message", "contact.source"} <= rows


def test_what_cannot_be_corrected_is_refused(person: People) -> None:
    ada = person().come_in()
    for item, value, code in (
        ("billing.contact", "Eve", "not-correctable"),
        ("page.url", "x", "not-correctable"),
        ("nonsense", "x", "not-correctable"),
        ("contact.name", "", "bad-value"),
        ("contact.name", "x" * 300, "bad-value"),
        ("contact.email", "x", "bad-address"),
        ("contact.phone", "call me", "bad-number"),
    ):
        answer = ada.post("/correct", item=item, value=value)
        assert answer.status_code in (400, 403) and code in answer.text, item


def test_hostile_words_are_shown_as_words(person: People) -> None:
    ada = person().come_in()
    ada.post("/correct", item="contact.name", value="<script>alert(1)</script>")
    assert "<script>alert" not in ada.get("/data").text and "&lt;script&gt;alert" in ada.get("/data").text


def test_data_is_taken_along_as_csv_and_json(person: People) -> None:
    ada = person(phone="+447900444444").come_in()
    rows = list(csv.DictReader(io.StringIO(ada.get("/portable.csv").text)))
    whole = ada.get("/portable.json")
    assert whole.headers["content-disposition"].startswith("attachment")
    same = [(row["item"], row["value"], row["at"]) for row in rows]
    assert same == [(row["item"], str(row["value"]), row["at"]) for row in whole.json()["items"]]
    assert ("contact.phone", "+447900444444") in {(item, value) for item, value, _ in same}


def test_data_is_sent_to_whom_the_person_names_and_the_sending_is_on_record(person: People, workspace: Workspace) -> None:
    ada = person().come_in()
    to, before = f"other.{secrets.token_hex(4)}@service.example", set(outbox(workspace))
    ada.follow(ada.post("/send", to=to))
    message = email.message_from_bytes(next(iter(set(outbox(workspace)) - before)).read_bytes(), policy=mail_policy.default)
    assert message["To"] == to
    sent = {part.get_filename(): part.get_content() for part in message.iter_attachments()}
    assert ada.address in sent["data.csv"] and ada.address in sent["data.json"].decode()
    given = ada.data()["disclosures"]
    assert [one["to"] for one in given] == ["named-by-person"] and "e-mail address" in given[0]["items"]


def test_old_policies_items_are_still_in_the_answer(person: People, workspace: Workspace) -> None:
    ada = person().come_in()
    assert values(ada.data(), "contact.message") == {"please call"}
    assert {one["label"] for event in ada.data()["events"] for one in event["items"]} >= {"what a person wrote", "e-mail address"}


def test_calls_are_shown_once_their_number_was_shown_to_be_the_persons_by_a_call(person: People, world: World, served: Any) -> None:
    number, provider = "+4479002" + f"{secrets.randbelow(10**5):05d}", twilio_like.TwilioLike(served.url, "infinity", world.access["twilio_token"])
    provider.ring(number, "+442079460100")
    ada, eve = person().come_in(), person().come_in()
    assert number not in ada.get("/data.json").text

    def call_us(one: Person) -> str:
        page = one.follow(one.post("/phone", number=number))
        return page.text.split("telephone call <strong>")[1].split("<")[0]

    ours, hers = call_us(eve), call_us(ada)
    assert ours != hers
    assert "No call has come yet" in ada.follow(ada.post("/phone/check")).text  # an earlier call shows nothing
    provider.ring(number, hers)
    assert "No call has come yet" in eve.follow(eve.post("/phone/check")).text
    assert "Your call came" in ada.follow(ada.post("/phone/check")).text
    assert len([event for event in ada.data()["events"] if event["type"] == "call"]) == 2
    assert number not in eve.get("/data.json").text
    assert ada.post("/phone/check").status_code == 410 and ada.post("/phone", number="nonsense").status_code == 400


def test_a_telephone_that_somebody_else_has_too_shows_no_data_of_theirs(person: People, world: World, served: Any) -> None:
    number, provider = "+4479003" + f"{secrets.randbelow(10**5):05d}", twilio_like.TwilioLike(served.url, "infinity", world.access["twilio_token"])
    ada, ben = (f"{name}.{secrets.token_hex(4)}@lantern.example" for name in ("ada", "ben"))
    for address in (ada, ben):
        world.send("group", userId=address, groupId="lantern", traits={"name": "Somebody", "email": address, "phone": number})
    here = person(known=False)
    here.address = ben
    here.come_in()
    page = here.follow(here.post("/phone", number=number))
    provider.ring(number, page.text.split("telephone call <strong>")[1].split("<")[0])
    answer = here.post("/phone/check")
    assert answer.status_code == 409 and "number-of-another" in answer.text and ada not in here.get("/data.json").text
