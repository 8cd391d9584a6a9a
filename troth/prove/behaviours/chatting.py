"""Proofs of the chat: where it stands, what becomes of what is said, and what one can take back in it."""

from __future__ import annotations

import re
import secrets
import time
from dataclasses import dataclass
from typing import Any

from troth.collect.chat import COOKIE, offer_of, purposes_of
from troth.collect.wishes import Wish, purposes_for
from troth.policy.model import Permission
from troth.prove.registry import proves
from troth.prove.world import BERLIN, LONDON, Centre, World, check

ELSEWHERE = "https://elsewhere.example"


@dataclass(slots=True)
class Talk:
    """One conversation in somebody's widget, and in the hands of whoever answers."""

    world: World
    email: str = ""
    session: str = ""
    id: str = ""

    def write(self, text: str, visitor: str = "", tz: str = LONDON) -> dict[str, Any]:
        """Write a line; the first one begins the conversation."""
        begin = {"session": self.session} if self.session else {"email": self.email}
        answer = self.world.post("/chat", {"text": text, "tz": tz, "anonymousId": visitor or None, **begin})
        check(answer["status"] == 200, f"a line of the chat was answered with {answer['status']}")
        self.session = self.session or str(answer["session"])
        return answer

    def lines(self, session: str = "") -> dict[str, Any]:
        """What the widget is told."""
        return self.world.post("/chat/lines", {"session": session or self.session, "after": 0})

    @property
    def role(self) -> str:
        """A role that may read it."""
        offer = offer_of(self.world.policy)
        check(offer, "the policy offers no chat")
        assert offer is not None
        return self.world.role(purposes_of(self.world.policy, offer)[0])

    def find(self) -> str:
        """The conversation's number: the newest that waits for an answer."""
        if not self.id:
            found = self.world.program("GET", f"/chats?role={self.role}")
            check(found["status"] == 200 and found["list"], "a conversation is not in the queue of those who answer")
            self.id = str(max(found["list"], key=lambda one: str(one["began_at"]))["id"])
        return self.id

    def answer(self, text: str) -> dict[str, Any]:
        """Somebody who answers says something."""
        return self.world.program("POST", f"/chats/{self.find()}?role={self.role}", {"text": text})

    def transcript(self, role: str = "") -> dict[str, Any]:
        """What whoever answers can read."""
        return self.world.program("GET", f"/chats/{self.find()}?role={role or self.role}")


@proves(sabotage="shuffle-the-chat")
def a_chat_is_kept_whole_and_goes_with_its_person(world: World) -> None:
    """The transcript in order, for those who answer and for the person; for nobody else; gone with the person."""
    talk, fresh = Talk(world, world.address()), secrets.token_hex(4)
    said = [("visitor", f"First {fresh}"), ("operator", f"Second {fresh}"), ("visitor", f"Third {fresh}")]
    for side, text in said:
        answer = talk.write(text) if side == "visitor" else talk.answer(text)
        check(answer["status"] == 200, "an answer in the chat was refused")
    kept = [(one["side"], one["text"]) for one in talk.transcript().get("transcript", [])]
    check(kept == said, "the transcript is not whole and in order for those who answer")
    check([(one["side"], one["text"]) for one in talk.lines()["lines"]] == said, "the transcript is not whole and in order for the person")
    _nobody_else_reads(world, talk)
    with world.centre().by_mail(talk.email) as centre:
        told = [str(item["value"]) for event in centre.data()["events"] for item in event["items"]]
        check(all(text in told for _, text in said), "the person's export lacks something that was said")
        centre.post("/erase", sure="yes")
    check(talk.lines()["status"] == 404, "a conversation is still there after its person was erased")
    check(talk.transcript()["status"] in (403, 404), "a transcript is still read after its person was erased")


def _nobody_else_reads(world: World, talk: Talk) -> None:
    check(talk.lines(secrets.token_hex(13))["status"] == 404, "a made-up secret opens a conversation")
    barred = next((role for role, purposes in world.policy.roles.items() if world.policy.channels["chat"].purposes[0] not in purposes), "nobody")
    check(talk.transcript(barred)["status"] == 403, "a role without the right reads the chat")
    headers = {"authorization": f"Bearer {world.access['api_key']}"}
    for other in ("some-other", "infinity" if world.workspace != "infinity" else "infi"):
        answer = world.http.get(f"/api/{other}/chats/{talk.id}?role={talk.role}", headers=headers)
        check(answer.status_code == 403, "another workspace's address answers to this one's key")


@proves(sabotage="chat-anywhere")
def the_chat_stands_only_where_it_was_set_up(world: World) -> None:
    own = world.policy.site.origins[0]
    asked = world.http.get(f"/{world.workspace}/chat", headers={"origin": own})
    check(asked.status_code == 200, "the chat is not there on its own site")
    cookie = asked.json()["cookie"]
    check(cookie and cookie["name"] == COOKIE and COOKIE in world.page("/cookies"), "the chat's cookie is not declared")
    check(Talk(world).write("Is anybody there?")["session"], "the chat on its own site sets nothing by which it goes on")
    script = world.http.get(f"/{world.workspace}/chat.js", headers={"referer": f"{ELSEWHERE}/page"})
    body = {"key": world.access["publishable_key"], "text": "Hello", **world._flag()}
    refused = [
        script, world.http.get(f"/{world.workspace}/chat", headers={"origin": ELSEWHERE}),
        world.http.post(f"/{world.workspace}/chat", json=body, headers={"origin": ELSEWHERE}),
        world.http.post(f"/{world.workspace}/chat", json=body),
    ]  # fmt: skip
    check(all(one.status_code == 403 for one in refused), "the chat answers a site that was not set up for it")
    check(not any(one.headers.get("set-cookie") for one in refused), "something is set on a site that was not set up for the chat")


@proves(sabotage="hide-the-chat")
def the_chat_opens_from_the_lower_right(world: World) -> None:
    own = world.policy.site.origins[0]
    script = world.http.get(f"/{world.workspace}/chat.js", headers={"referer": f"{own}/"})
    check(script.status_code == 200 and "javascript" in script.headers["content-type"], "the chat's script is not served to its own site")
    placed = re.search(r":host \{[^}]*position: fixed;[^}]*inset-inline-end: [^;]+;[^}]*bottom: ", script.text)
    check(placed and "<svg" not in script.text, "the chat's sign does not stand at the lower right")
    asked = world.http.get(f"/{world.workspace}/chat", headers={"origin": own})
    check(asked.status_code == 200 and asked.json()["text"]["open"], "the chat does not say that it opens")
    check(Talk(world).write("Hello")["lines"], "the chat does not open")
    check(world.http.get(f"/{world.workspace}/chat", headers={"origin": ELSEWHERE}).status_code == 403, "a site without the chat is shown it")


@proves(sabotage="deaf-chat")
def consent_is_taken_back_in_the_chat(world: World) -> None:
    """At once for the browser; for an address once its mailbox has shown who it is."""
    counted = world.visiting().id
    someone = world.visitor(BERLIN).allow(counted)
    check(someone.view("/").get("stored") == 1, "nothing was kept after consent")
    answer = Talk(world).write("I want to withdraw my consent, please", someone.id)
    check(counted in answer.get("withdrew", []), "what was written in the chat did not take consent back")
    words = " ".join(str(one["text"]) for one in answer["lines"] if one["side"] == "automatic")
    check(world.policy.purposes[counted].label in words, "the chat does not say what was taken back")
    check(not world.policy.purposes[counted].loses or world.policy.purposes[counted].loses in words, "the chat does not say what is lost")
    check(someone.view("/").get("stored") == 0, "something was kept after consent was taken back in the chat")
    _for_an_address(world)


def _for_an_address(world: World) -> None:
    told = world.known()
    asked = [id for id in purposes_for(world.policy, Wish.WITHDRAW) if world.policy.purposes[id].permission is Permission.ASK_BEFORE]
    address = str(told.values["contact.email"])
    with world.centre().by_mail(address) as centre:
        before = world.letter_to(address)
        answer = Talk(world, address).write("withdraw my consent")
        check(re.search(r"\b[0-9a-f]{16}\b", str(answer["lines"])), "no case is opened for what stands under an address")
        _stand(centre, asked, given=True)
        link = re.search(r"/privacy/open[?]t=([A-Za-z0-9]+)", _next_letter(world, address, before))
        check(link, "the mailbox is sent no link")
        assert link is not None
        with world.centre() as owner:
            owner.get(f"/open?t={link[1]}")
            _stand(centre, asked, given=True)
            owner.post("/open", t=link[1])
        _stand(centre, asked, given=False)


def _next_letter(world: World, address: str, before: str, within: float = 4.0) -> str:
    """The letter that comes after another one."""
    until = time.monotonic() + within
    while (found := world.letter_to(address)) == before and time.monotonic() < until:
        time.sleep(0.05)
    return found if found != before else ""


def _stand(centre: Centre, asked: list[str], given: bool) -> None:
    """Whether the purposes that ask first are allowed by whoever came in."""
    last = {act["purpose"]: act["said"] for act in centre.data()["choices"]}
    said = [last[id] for id in asked if id in last]
    check(said and all((one == "given") is given for one in said), f"consent under an address is {'not ' if given else 'still '}there")
