"""Who may write in the chat, read it and end it? Strangers, forgers, floods and other workspaces are refused, and lose nobody anything.

Two businesses with a chat, INFI's and InfiSIM's, and one without; a real server.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from tests.serving import Served, serving
from troth.base import clock
from troth.centre.chat import PER_CHAT, PER_CLIENT
from troth.collect import chat
from troth.collect.wishes import Wish, purposes_for, wish_in
from troth.prove.behaviours.chatting import ELSEWHERE, Talk
from troth.prove.world import BERLIN, LONDON, World
from troth.retain import sweep


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("chat")) as running:
        yield running


@pytest.fixture
def shop(served: Served) -> World:
    """INFI, where proofs act without a limit, as they do when they run."""
    return served.world("infi", canary=True)


def rows(served: Served, table: str, name: str = "infi") -> int:
    with served.app.house.workspace(name).state.read() as conn:
        return int(conn.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one())


# refused, and nothing kept


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"text": ""}, 400, "empty-line"),
        ({"text": "   "}, 400, "empty-line"),
        ({"text": None}, 400, "empty-line"),
        ({"text": ["hello"]}, 400, "empty-line"),
        ({"text": "x" * 2_001}, 413, "too-long"),
        ({"text": "x" * 10_000_000}, 413, "too-large"),
        ({"text": "hello", "email": "no address"}, 400, "bad-address"),
        ({"text": "hello", "session": "a" * 26}, 404, "no-such-chat"),
        ({"text": "hello", "session": 7}, 404, "no-such-chat"),
        ({"text": "hello", "session": "a" * 5_000}, 404, "no-such-chat"),
        ({"text": "hello", "session": ""}, 404, "no-such-chat"),
        ({"text": "hello", "key": "p_of_somebody_else"}, 403, "bad-key"),
        ({"text": "hello", "age": "12"}, 403, "child"),
    ],
)
def test_what_is_not_a_line_of_a_chat_is_refused_and_nothing_is_kept(
    served: Served, shop: World, body: dict[str, Any], status: int, code: str
) -> None:
    before = rows(served, "chat_line"), rows(served, "subject")
    answer = shop.post("/chat", body)
    assert (answer["status"], answer["code"]) == (status, code)
    assert (rows(served, "chat_line"), rows(served, "subject")) == before


@pytest.mark.parametrize("raw", [b"", b"[]", b"{", b'"text"', b"[" * 5_000, b"\xff\xfe"])
def test_what_is_no_json_object_is_refused(shop: World, raw: bytes) -> None:
    answer = shop.http.post("/infi/chat", content=raw, headers={"origin": shop.policy.site.origins[0]})
    assert answer.status_code == 400 and answer.json()["code"] in ("bad-json", "too-deep")


def test_half_a_character_is_refused_before_anything_is_kept(served: Served, shop: World) -> None:
    before = rows(served, "chat_line")
    raw = b'{"key": "%s", "text": "half a smile \\ud83d"}' % shop.access["publishable_key"].encode()
    answer = shop.http.post("/infi/chat", content=raw, headers={"origin": shop.policy.site.origins[0]})
    assert (answer.status_code, answer.json()["code"]) == (400, "bad-json") and rows(served, "chat_line") == before


@pytest.mark.parametrize("page", ["http://[", "https://evil.example/x", "null", "http://127.0.0.1:8107.evil.example/"])
def test_the_widget_is_refused_to_a_page_that_is_nobodys(shop: World, page: str) -> None:
    answer = shop.http.get("/infi/chat.js", headers={"referer": page})
    assert (answer.status_code, answer.json()["code"]) == (403, "origin-not-allowed")


@pytest.mark.parametrize("after", [-1, "1", 1.5, True, 10**9, None])
def test_a_number_that_is_none_is_refused(shop: World, after: object) -> None:
    talk = Talk(shop)
    talk.write("Hello")
    assert shop.post("/chat/lines", {"session": talk.session, "after": after})["code"] == "bad-number"


def test_another_site_another_workspace_and_nobodys_page_are_refused(served: Served, shop: World) -> None:
    body = {"key": shop.access["publishable_key"], "text": "hello"}
    for headers in ({"origin": ELSEWHERE}, {"origin": "null"}, {}):
        assert shop.http.post("/infi/chat", json=body, headers=headers).status_code == 403
    other = served.world("infisim", canary=True)
    talk = Talk(shop)
    talk.write("Only for the shop")
    assert other.post("/chat/lines", {"session": talk.session, "after": 0})["status"] == 404
    assert other.post("/chat", {"session": talk.session, "text": "hello"})["status"] == 404
    assert other.program("GET", f"/chats/{talk.find()}?role=support")["status"] == 404
    assert "Only for the shop" not in str(other.events("live-chat", "support"))


def test_a_workspace_whose_policy_has_no_chat_has_none(served: Served) -> None:
    world = served.world("infinity")
    headers = {"origin": world.policy.site.origins[0]}
    assert world.http.get("/infinity/chat", headers=headers).json()["code"] == "no-chat"
    assert world.http.get("/infinity/chat.js", headers=headers).status_code == 404
    assert world.post("/chat", {"text": "hello"})["code"] == "no-chat"
    assert world.program("GET", "/chats")["code"] == "no-chat"


def test_a_flood_is_told_to_wait_and_others_go_on(served: Served) -> None:
    world = served.world("infisim")
    talk, answers = Talk(world), []
    talk.write("Hello")
    for _ in range(PER_CHAT.tries + 1):
        answers.append(world.post("/chat", {"session": talk.session, "text": "again"}))
    assert [one["status"] for one in answers].count(429) == 1 and answers[-1]["code"] == "too-many-tries"
    begun = [world.post("/chat", {"text": "Hello"})["status"] for _ in range(PER_CLIENT.tries + 1)]
    assert begun[-1] == 429 and begun.count(200) >= PER_CLIENT.tries - 2
    assert world.post("/chat/lines", {"session": talk.session, "after": 0})["status"] == 200


def test_somebody_who_objected_to_the_chat_is_refused_and_nothing_is_kept(served: Served) -> None:
    world = served.world("infisim", canary=True)
    email = world.address()
    Talk(world, email).write("Hello")
    with world.centre().by_mail(email) as centre:
        centre.post("/choices", purpose="live-chat", say="object")
        centre.post("/choices", purpose="live-chat", say="stop")
        centre.post("/choices", purpose="quality", say="object")
        centre.post("/choices", purpose="quality", say="stop")
    before = rows(served, "chat_line", "infisim")
    answer = world.post("/chat", {"text": "Hello again", "email": email})
    assert (answer["status"], answer["code"]) == (403, "objected") and rows(served, "chat_line", "infisim") == before


# kept, in order, and where


@pytest.mark.parametrize(
    "words",
    [
        "Привет, мир",
        "שלום",
        "مرحبا بالعالم",
        "こんにちは",
        "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 👩‍👩‍👧",
        "<script>alert(1)</script>",
        "'; DROP TABLE chat; --",
    ],
)
def test_words_of_every_script_are_kept_as_they_are(shop: World, words: str) -> None:
    talk = Talk(shop)
    talk.write(words)
    assert [one["text"] for one in talk.lines()["lines"]] == [words]
    assert [one["text"] for one in talk.transcript()["transcript"]] == [words]


def test_what_is_said_rests_sealed_and_stands_in_no_ledger_or_table(served: Served, shop: World) -> None:
    talk = Talk(shop, shop.address())
    talk.write("a very particular sentence")
    workspace = served.app.house.workspace("infi")
    with workspace.state.read() as conn:
        tables = [row[0] for row in conn.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'")]
        held = "".join(str(conn.exec_driver_sql(f"SELECT * FROM {table}").all()) for table in tables)
    for secret in ("very particular", talk.email, talk.session):
        assert secret not in held


def test_a_conversation_goes_on_after_its_words_have_settled(served: Served, shop: World) -> None:
    talk = Talk(shop)
    talk.write("one")
    served.app.house.workspace("infi").lake.settle()
    talk.answer("two")
    talk.write("three")
    assert [one["text"] for one in talk.lines()["lines"]] == ["one", "two", "three"]


def test_a_conversation_that_has_ended_takes_no_more(served: Served, shop: World) -> None:
    talk = Talk(shop)
    talk.write("Hello")
    workspace = served.app.house.workspace("infi")
    with workspace.state.write() as conn:
        chat.close(conn, chat.by_secret(conn, talk.session))
    assert shop.post("/chat", {"session": talk.session, "text": "and?"})["code"] == "chat-closed"
    assert talk.lines()["closed"] is True and len(talk.lines()["lines"]) == 1


def test_whoever_gave_no_address_finds_the_chat_by_its_own_name_alone(shop: World) -> None:
    someone = shop.visitor(LONDON)
    someone.view("/")
    answer = Talk(shop).write("A word without an address", someone.id)
    with shop.centre() as centre:
        centre.post("/browser", v=answer["name"])
        assert centre.items()["chat.text"] == ["A word without an address"]
    with shop.centre().by_browser(someone) as centre:
        assert "chat.text" not in centre.items(), "a chat was put together with visits"


def test_an_address_that_somebody_else_names_opens_nothing_of_its_owner(shop: World) -> None:
    email = shop.address()
    Talk(shop, email).write("the owner's words")
    stranger = Talk(shop, email)
    stranger.write("a stranger's words")
    assert [one["text"] for one in stranger.lines()["lines"]] == ["a stranger's words"]


def test_words_go_at_the_end_of_their_time_and_the_pointers_with_them(served: Served) -> None:
    world = served.world("infisim", canary=True)
    talk = Talk(world)
    talk.write("for half a year")
    workspace = served.app.house.workspace("infisim")
    before = clock._shift
    try:
        clock._shift += timedelta(days=181) // timedelta(microseconds=1)
        sweep(workspace)
        assert chat.forget_old(workspace) >= 1 and chat.forget_old(workspace) == 0
        assert talk.lines()["status"] == 404
    finally:
        clock._shift, clock._last = before, 0


# wishes


@pytest.mark.parametrize(
    "words",
    [
        "withdraw my consent",
        "Withdraw my consent.",
        "I WITHDRAW MY CONSENT!!!",
        "Hi, I want to withdraw my consent please",
        "revoke all my permissions",
        "I no longer consent",
        "ich widerrufe meine Einwilligung",
        "Bitte meine Einwilligung widerrufen",
        "withdraw consent, my e-mail is ada@example.com",
    ],
)
def test_consent_is_taken_back_in_plain_words_of_two_languages(words: str) -> None:
    assert wish_in(words) is Wish.WITHDRAW


@pytest.mark.parametrize(
    ("words", "wish"),
    [
        ("unsubscribe", Wish.UNSUBSCRIBE),
        ("Unsubscribe me from your newsletter", Wish.UNSUBSCRIBE),
        ("Newsletter abbestellen", Wish.UNSUBSCRIBE),
        ("stop texting me", Wish.STOP_TEXTS),
        ("keine SMS mehr", Wish.STOP_TEXTS),
        ("delete my data", Wish.DELETE),
        ("Please erase all my data!", Wish.DELETE),
    ],
)
def test_other_wishes_are_heard_as_what_they_are(words: str, wish: Wish) -> None:
    assert wish_in(words) is wish


@pytest.mark.parametrize(
    "words",
    [
        "What does withdraw my consent mean?",
        "I did not withdraw my consent",
        "withdraw",
        "How do I withdraw my consent?",
        "my sister says: delete my data",
        "unsubscribe is what the letter said, why?",
        "stop",
        "",
        "Where is my order?",
        "withdraw my consent. I do not want that" + " really" * 80,
    ],
)
def test_a_question_or_a_story_is_no_wish_and_is_read_by_a_person(words: str) -> None:
    assert wish_in(words) is None


@pytest.mark.parametrize("again", ["all my ", "all of my ", "alle meine ", "please ", "okay, ", "dear you "])
def test_a_line_made_to_be_read_in_very_many_ways_is_read_at_once(again: str) -> None:
    """Two readings of each word were 2**26 of the line: a minute in which nothing else is answered."""
    began = time.thread_time()
    assert wish_in(("withdraw " if again.startswith("al") else "") + again * 26 + "x") is None
    assert time.thread_time() - began < 1


def test_what_one_wish_ends_is_not_what_another_ends(served: Served) -> None:
    policy = served.world("infi").policy
    every, texts, mail = (set(purposes_for(policy, wish)) for wish in (Wish.WITHDRAW, Wish.STOP_TEXTS, Wish.UNSUBSCRIBE))
    assert (
        texts == {"text-messages"}
        and "marketing-email" in mail
        and "text-messages" not in mail
        and {"site-analytics", "text-messages"} <= every
    )
    assert not every & {"orders", "transactions", "chat-service", "security"}


def test_a_wish_with_nothing_to_end_and_no_address_opens_a_case_and_asks_for_one(served: Served) -> None:
    world = served.world("infi")
    talk, open_before = Talk(world), rows(served, "subject_request")
    said = str(talk.write("withdraw my consent")["lines"][-1]["text"])
    assert "has allowed nothing" in said and rows(served, "subject_request") == open_before + 1
    with served.app.house.workspace("infi").state.read() as conn:
        kind, about, ref = conn.exec_driver_sql(
            "SELECT kind, about, ref FROM subject_request ORDER BY received_at DESC LIMIT 1"
        ).one()
    assert (kind, about, ref) == ("withdrawal", "withdraw", 0)
    email = world.address()
    assert email not in str(talk.write(email)["lines"][-1]["text"]) and rows(served, "subject_request") == open_before + 2
    assert len(talk.write(email)["lines"]) == 1, "a wish is carried out once"


def test_whether_anything_is_held_under_an_address_is_told_to_nobody(shop: World) -> None:
    known = str(shop.known().values["contact.email"])
    answers = [str(Talk(shop, email).write("withdraw my consent")["lines"][-1]["text"]) for email in (known, shop.address())]
    assert len({one.rpartition("Your wish is case")[0] for one in answers}) == 1


def test_a_stranger_can_end_nothing_in_somebody_elses_name(shop: World) -> None:
    someone = shop.visitor(BERLIN).allow("site-analytics")
    someone.view("/")
    for guess in ("", "0" * 32, someone.id[:20], someone.id.upper() if someone.id.upper() != someone.id else "f" * 32):
        assert Talk(shop).write("withdraw my consent", guess)["withdrew"] == []
    assert someone.view("/").get("stored") == 1


def test_who_wants_to_be_deleted_is_led_to_the_centre(shop: World) -> None:
    said = str(Talk(shop).write("delete my data")["lines"][-1]["text"])
    assert f"{str(shop.http.base_url).rstrip('/')}/infi/privacy" in said
