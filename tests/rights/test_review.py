"""What becomes of what somebody was asked to look at, and of a child that is found among those who are held?

Two businesses that take no children's data, a real server, and its console by the api and in a browser's hands.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.collect.test_forms import only
from tests.serving import Served, serving
from troth.base.errors import Fault
from troth.collect import flagged
from troth.collect.flagged import CHILD
from troth.console.talk import Talker
from troth.prove.world import LONDON, World
from troth.rights import erasure, review
from troth.store.shred import look_for
from troth.subjects import directory
from troth.subjects.directory import IdentifierKind
from troth.workspace import Workspace


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("review")) as running:
        yield running


@pytest.fixture
def world(served: Served) -> World:
    return served.world("infi")


@pytest.fixture
def workspace(served: Served) -> Workspace:
    return served.app.house.workspace("infi")


def sent(world: World, message: str, **more: Any) -> tuple[str, dict[str, Any]]:
    email = world.address()
    return email, world.post("/forms/contact", {"fields": {"email": email, "message": message} | more, "tz": LONDON})


def ref_of(workspace: Workspace, email: str) -> int | None:
    with workspace.state.read() as conn:
        return directory.find(conn, directory.hash_of(workspace.keys, IdentifierKind.EMAIL, email))


def flags_of(workspace: Workspace, ref: int | None) -> list[flagged.Flag]:
    with workspace.state.read() as conn:
        return [one for one in flagged.waiting(conn) if one.ref == ref]


def enquiries(world: World, email: str) -> list[str]:
    return [str(row["items"].get("contact.message")) for row in world.events("enquiries") if row["items"].get("contact.email") == email]


# flags


def test_a_text_that_speaks_of_health_waits_for_a_look_and_the_queue_holds_no_word_of_it(world: World, workspace: Workspace) -> None:
    email, answer = sent(world, "My diabetes is nobody's business")
    assert answer["status"] == 200 and enquiries(world, email) == ["My diabetes is nobody's business"]
    (flag,) = flags_of(workspace, ref_of(workspace, email))
    assert (flag.type, flag.item, flag.what) == ("enquiry", "contact.message", "health")
    with workspace.state.read() as conn:
        tables = [row[0] for row in conn.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'")]
        assert "diabetes" not in "".join(str(conn.exec_driver_sql(f"SELECT * FROM {table}").all()) for table in tables)
    assert review.read(workspace, flag.id, "odile")[1] == "My diabetes is nobody's business"


def test_what_may_stay_stays_and_is_not_asked_about_again(world: World, workspace: Workspace) -> None:
    email, _ = sent(world, "I am on strike")
    (flag,) = flags_of(workspace, ref_of(workspace, email))
    review.keep(workspace, flag.id, "odile")
    assert flags_of(workspace, flag.ref) == [] and enquiries(world, email) == ["I am on strike"]
    with pytest.raises(Fault, match="nothing like that"):
        review.keep(workspace, flag.id, "odile")


@pytest.mark.parametrize("settled", [False, True])
def test_what_is_removed_is_gone_byte_for_byte_and_the_rest_stays(world: World, workspace: Workspace, settled: bool) -> None:
    email, _ = sent(world, "a harmless word")
    world.post("/forms/contact", {"fields": {"email": email, "message": "my chemotherapy begins"}, "tz": LONDON})
    with workspace.state.read() as conn:
        ref = ref_of(workspace, email)
        row = conn.exec_driver_sql("SELECT sealed FROM journal WHERE ref = ? ORDER BY seq DESC LIMIT 1", (ref,)).scalar_one()
    if settled:
        workspace.lake.settle()
    (flag,) = flags_of(workspace, ref)
    review.remove(workspace, flag.id, "odile")
    assert enquiries(world, email) == ["a harmless word"] and flags_of(workspace, ref) == []
    assert look_for([workspace.folder], [bytes(row)[20:60]]) == []


def test_numbers_leave_their_place_blank_and_say_so(world: World) -> None:
    email, answer = sent(world, "card 4111 1111 1111 1111, ssn 219-09-9999, till 7")
    assert answer["dropped"] == {"card-number": 1, "national-id": 1}
    assert enquiries(world, email) == ["card •••• •••• •••• ••••, ssn •••-••-••••, till 7"]


def test_a_trusted_program_s_texts_are_looked_at_as_well(world: World) -> None:
    email = world.address()
    fields = {"email": email, "message": "IBAN DE89 3704 0044 0532 0130 00"}
    assert world.send("track", userId=email, event="Email Received", properties=fields)["dropped"] == {"card-number": 1}
    assert enquiries(world, email) == ["IBAN •••• •••• •••• •••• •••• ••"]


@pytest.mark.parametrize(("rule", "message", "code"), [
    ("card: refuse", "4111 1111 1111 1111", "card-number"), ("national_id: refuse", "219-09-9999", "national-id"),
    ("special: refuse", "I have diabetes", "special-category"),
])
def test_a_policy_may_refuse_what_others_blank_or_flag(tmp_path: Path, rule: str, message: str, code: str) -> None:
    examples = only(tmp_path, "infi", ("\nchildren: {age: 13, then: refuse}\n", f"\nfree_text: {{{rule}}}\nchildren: {{age: 13, then: refuse}}\n"))
    with serving(tmp_path, examples) as alone:
        shop = alone.world("infi")
        email, answer = sent(shop, message)
        assert (answer["status"], answer["code"]) == (403, code)
        assert enquiries(shop, email) == [] and ref_of(alone.app.house.workspace("infi"), email) is None


# children


def doors(world: World, email: str, **said: Any) -> list[dict[str, Any]]:
    """The same said at every door."""
    context = {"timezone": LONDON}
    return [
        world.post("/forms/contact", {"fields": {"email": email, "message": "hi"} | said, "tz": LONDON}),
        world.send("track", userId=email, event="Contact Requested", properties={"email": email, "message": "hi"} | said, context=context),
        world.send("identify", userId=email, traits={"email": email, "name": "Somebody"} | said, context=context),
        world.send("group", userId=email, groupId="g", traits={"email": email} | said, context=context),
    ]


@pytest.mark.parametrize("said", [{"age": 12}, {"age": "12"}, {"date_of_birth": "2024-02-29"}, {"birthday": "2020-05-05"}, {"age_range": "6-12"}])
def test_every_door_refuses_a_child_and_nothing_is_left(world: World, workspace: Workspace, said: dict[str, Any]) -> None:
    email = world.address()
    answers = doors(world, email, **said)
    assert {one["code"] for one in answers} == {"child"} and {one["status"] for one in answers} == {400, 403}
    assert ref_of(workspace, email) is None and enquiries(world, email) == []


def test_a_batch_loses_the_child_and_no_one_else(world: World) -> None:
    ada, child = world.address(), world.address()
    batch = [
        {"type": "track", "event": "Contact Requested", "userId": one, "properties": {"email": one, "message": "hi", "age": age}}
        for one, age in ((ada, 30), (child, 9))
    ]
    answer = world._said(world.http.post("/v1/batch", json={"batch": batch}, auth=(world.access["write_key"], "")))
    assert answer["stored"] == 1 and answer["refused"] == {"child": 1}
    assert enquiries(world, ada) == ["hi"] and enquiries(world, child) == []


def test_a_stored_child_is_erased_on_that_ground_and_the_receipt_and_ledger_say_so(world: World, workspace: Workspace) -> None:
    email, _ = sent(world, "hi")
    case = world.program("POST", "/child", {"email": email})["case"]
    assert enquiries(world, email) == [] and ref_of(workspace, email) is None
    erasure.continue_cases(workspace)
    with workspace.state.read() as conn:
        receipt = erasure.receipt_of(conn, case)
    assert receipt is not None and receipt["ground"] == "child"
    assert world.program("POST", "/child", {"email": email})["code"] == "no-such-subject"
    assert sent(world, "hi")[1]["status"] == 200


def test_a_program_s_word_for_a_child_that_is_held_removes_them(world: World, workspace: Workspace) -> None:
    email, _ = sent(world, "hi")
    assert world.send("identify", userId=email, traits={"email": email, "date_of_birth": "2020-01-01"})["code"] == "child"
    assert review.erase_due(workspace) == 1 and review.erase_due(workspace) == 0
    assert ref_of(workspace, email) is None and enquiries(world, email) == []


def test_anybody_s_word_for_it_waits_for_an_operator(world: World, workspace: Workspace) -> None:
    email, _ = sent(world, "hi")
    refused = world.post("/forms/contact", {"fields": {"email": email, "message": "hi", "age": 9}, "tz": LONDON})
    assert refused["code"] == "child" and review.erase_due(workspace) == 0 and enquiries(world, email) == ["hi"]
    (flag,) = flags_of(workspace, ref_of(workspace, email))
    assert flag.what == CHILD and review.read(workspace, flag.id, "odile")[1] == ""
    with pytest.raises(Fault, match="about a person"):
        review.remove(workspace, flag.id, "odile")
    review.erase_flagged_child(workspace, flag.id, "odile")
    assert ref_of(workspace, email) is None and enquiries(world, email) == []


def test_who_says_in_words_that_they_are_twelve_waits_for_a_look(world: World, workspace: Workspace) -> None:
    email, answer = sent(world, "Hi, I am 12 years old and I like tills")
    assert answer["status"] == 200
    assert [flag.what for flag in flags_of(workspace, ref_of(workspace, email))] == [CHILD]


def test_a_policy_that_says_nothing_of_children_removes_none(served: Served) -> None:
    other = served.world("infisim")
    known = other.known()
    answer = other.program("POST", "/child", {"email": str(known.values["contact.email"])})
    assert (answer["status"], answer["code"]) == (409, "children-not-refused")


@pytest.mark.parametrize(("body", "status"), [({}, 404), ({"ref": "1"}, 404), ({"ref": "x" * 5_000}, 404), ({"email": "nobody@people.example"}, 404)])
def test_nobody_is_removed_for_an_identifier_of_nobody(world: World, body: dict[str, Any], status: int) -> None:
    assert world.program("POST", "/child", body)["status"] == status


def test_only_the_workspace_s_own_key_may_look_or_act(world: World, served: Served) -> None:
    other = served.world("infisim").access["api_key"]
    for path in ("/flags", "/chats", "/chats/0000000000000001"):
        for key, status in ((other, 403), ("a_made_up", 403), ("", 401)):
            headers = {"authorization": f"Bearer {key}"} if key else {}
            assert world.http.get(f"/api/infi{path}", headers=headers).status_code == status
    assert world.http.post("/api/infi/child", content=json.dumps({"ref": "1"}), headers={"authorization": f"Bearer {other}"}).status_code == 403


def test_a_role_without_the_purpose_reads_no_chat(workspace: Workspace) -> None:
    assert Talker(workspace, "marketer", "op").purpose == "" and Talker(workspace, "support", "op").purpose == "chat-service"
