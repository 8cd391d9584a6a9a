"""Proofs of messages: who gets them, who does not, and what ends them."""

from __future__ import annotations

import re

from troth.policy.model import permission_under
from troth.prove.messages import address, mails, message, reached_by, tell_us, text_in, texts, write
from troth.prove.registry import proves
from troth.prove.world import BERLIN, CALIFORNIA, LONDON, Told, World, check

_ONE_CLICK = {"content": b"List-Unsubscribe=One-Click"}
_TOLD = {"told": 1}


def _willing(world: World, purpose: str, channel: str = "email") -> Told:
    """Somebody who agreed to everything, whose address the purpose has."""
    told = world.tell(reached_by(world, purpose, channel))
    check(told.answer.get("stored") == 1, f"event {told.event.id} was not kept though everything was permitted")
    return told


def _got(world: World, told: Told, channel: str) -> int:
    to = address(told, world, channel)
    return len(mails(world, to)) if channel == "email" else len(texts(world, to))


@proves(sabotage="skip-consent")
def a_message_needs_a_yes(world: World, purpose: str, channel: str = "email", besides: str = "") -> None:
    """`besides`: a purpose whose messages come without that yes."""
    event = reached_by(world, purpose, channel)
    unasked, refused = world.tell(event, willing=None), world.tell(event, willing=False)
    for one in (unasked, refused):
        check(write(world, purpose, one, channel=channel).get("told", 0) == 0, "a message went to somebody who has not agreed")
        check(_got(world, one, channel) == 0, "somebody who has not agreed got a message")
    someone = _willing(world, purpose, channel)
    check(write(world, purpose, someone, channel=channel) == _TOLD and _got(world, someone, channel) == 1, "somebody who agreed got no message")
    logged = [one for one in world.program("GET", "/messages").get("list", []) if one["purpose"] == purpose and one["channel"] == channel]
    check(logged and logged[0]["basis"] and logged[0]["entry"], "the message is not on record with its purpose and basis")
    world.tell(event, account=someone.account, willing=False)
    check(write(world, purpose, someone, channel=channel) == {"not-permitted": 1}, "a message went out after the yes was taken back")
    check(_got(world, someone, channel) == 1, "somebody who took the yes back got a message")
    if besides:
        customer = world.tell(reached_by(world, besides, "email"), willing=False)
        check(write(world, besides, customer) == _TOLD, "what needs no yes does not come without it")


@proves(sabotage="forget-who-left")
def a_message_has_a_link_that_ends_it(world: World, purpose: str, stays: str = "") -> None:
    someone, other = _willing(world, purpose), _willing(world, purpose)
    check(write(world, purpose, someone, other) == {"told": 2}, "somebody who allows messages got none")
    sent = mails(world, address(someone, world, "email"))[0]
    body, head = sent.get_body(("plain",)), re.fullmatch(r"<(\S+)>", str(sent["List-Unsubscribe"] or ""))
    found = re.search(r"http\S+/unsubscribe/[A-Za-z0-9_-]+", str(body.get_content()) if body is not None else "")
    check(found and head and sent["List-Unsubscribe-Post"], "the message holds no link that ends such messages")
    assert found is not None
    link = found[0]
    for way in ("GET", "GET", "HEAD"):  # mail scanners follow links
        check(world.http.request(way, link[link.index("/", 8) :]).status_code == 200, "the link leads nowhere")
    check(write(world, purpose, someone) == _TOLD, "somebody who only looked at the link was taken off the list")
    check(world.http.post(link[link.index("/", 8) :], **_ONE_CLICK).status_code == 200, "one click ends nothing")  # type: ignore[arg-type]
    check(write(world, purpose, someone) == {"not-permitted": 1}, "the next message goes to somebody who ended them by the link")
    check(write(world, purpose, other) == _TOLD, "one person's link ended another's messages")
    if stays:
        check(write(world, stays, someone) == _TOLD, "a message of another kind ended as well")


@proves(sabotage="forget-choices-in-the-centre")
def an_objection_ends_messages_at_once(world: World, purpose: str, stays: str = "") -> None:
    someone = _willing(world, purpose)
    check(write(world, purpose, someone) == _TOLD, "somebody who said nothing against it got no message")
    with world.centre().by_mail(address(someone, world, "email")) as centre:
        page = centre.post("/choices", purpose=purpose, say="stop")
        asked = [one for one in centre.data()["requests"] if one.get("status") not in (None, "fulfilled")]
    check(page.status_code == 200 and not asked, "an objection to marketing is weighed")
    check(write(world, purpose, someone) == {"not-permitted": 1}, "the next message goes to somebody who objected")
    if stays:
        check(write(world, stays, someone) == _TOLD, "what is no marketing ended as well")


@proves(sabotage="forget-what-was-told")
def a_word_to_us_ends_messages(world: World, purpose: str, stays: str = "") -> None:
    someone = _willing(world, purpose)
    known, unknown = address(someone, world, "email"), world.address()
    check(write(world, purpose, someone) == _TOLD, "somebody who allows messages got none")
    strange = tell_us(world, by="email", purposes=[purpose], **{"from": unknown})
    check(strange.get("became") == "verification-asked", "a mail from an address nobody knows changed something, or was passed over")
    check(mails(world, unknown), "whoever wrote from an address nobody knows is not asked who they are")
    check(write(world, purpose, someone) == _TOLD, "a mail from an address nobody knows ended somebody's messages")
    said = tell_us(world, by="email", purposes=[purpose], **{"from": known})
    check(said.get("became") == "recorded" and said.get("request"), "a withdrawal by e-mail is not on record")
    check(write(world, purpose, someone) == {"not-permitted": 1}, "the next message goes to somebody who ended them by e-mail")
    with world.centre().by_mail(known) as centre:
        held = centre.data()
    recorded = [act for act in held["choices"] if act["purpose"] == purpose and act["how"] == "by-email" and act["at"]]
    check(recorded, "it is not on record how and when it came")
    if stays:
        check(write(world, stays, someone) == _TOLD, "a message of another kind ended as well")


@proves(sabotage="forget-what-was-told")
def a_mail_naming_a_number_ends_its_texts(world: World, purpose: str, stays: str) -> None:
    someone, reader = _willing(world, purpose, "sms"), _willing(world, stays)
    number = address(someone, world, "sms")
    check(write(world, purpose, someone, channel="sms") == _TOLD, "somebody who agreed got no text")
    said = tell_us(world, by="email", channels={"sms": False}, person={"phone": number}, **{"from": address(reader, world, "email")})
    check(said.get("became") == "recorded", "a mail that names the number is not taken")
    check(write(world, purpose, someone, channel="sms") == {"not-permitted": 1}, "the next text goes to a number whose owner ended them by e-mail")
    check(len(texts(world, number)) == 1, "a text went to a number whose owner ended them")
    check(write(world, stays, reader) == _TOLD, "e-mails ended as well")


@proves(sabotage="ignore-stop")
def a_reply_of_stop_ends_texts(world: World, purpose: str) -> None:
    for word in ("stop", " STOP!! ", "ＳＴＯＰ."):
        someone = _willing(world, purpose, "sms")
        number = address(someone, world, "sms")
        check(write(world, purpose, someone, channel="sms") == _TOLD, "somebody who agreed got no text")
        text_in(world, number, "Thank you, see you on Tuesday")
        check(write(world, purpose, someone, channel="sms") == _TOLD, "an ordinary reply ended somebody's texts")
        id = "SM" + number[-10:] + "0" * 20
        for _ in range(2):  # providers send again
            text_in(world, number, word, id)
        check(write(world, purpose, someone, channel="sms") == {"not-permitted": 1}, "a text goes out after a STOP")
        text_in(world, number, "stop")
        answers = [one for one in texts(world, number) if "no more texts" in one]
        check(len(answers) == 1, "a STOP is not answered exactly once")
        text_in(world, number, "START")
        check(write(world, purpose, someone, channel="sms").get("told", 0) == 0, "a START was taken for a yes that must be asked for")


@proves(sabotage="send-without-a-way-out")
def a_message_says_how_to_end_such_messages(world: World, purpose: str, channel: str) -> None:
    someone, words = _willing(world, purpose, channel), world.policy.channels[channel].opt_out_text
    bare = message(world, purpose, someone, channel=channel, bare=True)
    check(bare["status"] == 400 and bare.get("code") == "opt-out-missing", "a message that does not say how to end such messages was taken")
    sent = message(world, purpose, someone, channel=channel)
    if channel == "post":
        listed = [one for one in sent.get("letters", []) if one["address"] == address(someone, world, channel)]  # type: ignore[attr-defined]
        check(len(listed) == 1 and words in listed[0]["text"], "a letter to somebody who agreed is not on the list, or does not say how to end them")
        tell_us(world, by="telephone", channels={"post": False}, person={"account": someone.account})
        again = message(world, purpose, someone, channel=channel)
        check(again.get("letters") == [] and again.get("became") == {"not-permitted": 1}, "somebody who ended letters is on the next list")
        return
    number = address(someone, world, channel)
    check(sent.get("became") == _TOLD and words in texts(world, number)[0], "a text does not say how to end them")
    text_in(world, number, world.policy.channels[channel].stop_words[0])
    check(write(world, purpose, someone, channel=channel) == {"not-permitted": 1}, "a text goes to somebody who ended them as they were told to")


@proves(sabotage="forget-what-was-told")
def support_changes_each_channel(world: World, ends: str, starts: str) -> None:
    """`ends`: what goes by e-mail and is ended; `starts`: what goes by text and is begun."""
    someone = _willing(world, ends)
    world.tell(someone.event, account=someone.account, more={})
    check(write(world, ends, someone) == _TOLD, "somebody who agreed got no message")
    tell_us(world, by="telephone", channels={"sms": False}, person={"account": someone.account})
    check(write(world, starts, someone, channel="sms") == {"not-permitted": 1}, "texts go to somebody who wants none")
    said = tell_us(world, by="telephone", channels={"email": False, "sms": True}, person={"account": someone.account})
    check(said.get("became") == "recorded", "support cannot change how somebody is written to")
    check(write(world, ends, someone) == {"not-permitted": 1}, "e-mails go to somebody who wants none")
    check(write(world, starts, someone, channel="sms") == _TOLD, "texts do not go to somebody who wants them")


@proves(sabotage="let-one-no-end-all")
def a_notice_goes_to_whoever_wants_no_offers(world: World, purpose: str, selling: str) -> None:
    someone = _willing(world, selling)
    tell_us(world, by="telephone", everything=True, person={"account": someone.account})
    check(write(world, purpose, someone) == _TOLD, "a notice about the service does not reach somebody who wants no offers")
    check(write(world, selling, someone) == {"not-permitted": 1}, "an offer reaches somebody who wants none")
    logged = [one for one in world.program("GET", "/messages").get("list", []) if one["purpose"] == purpose]
    basis = world.policy.purposes[purpose].basis
    check(logged and logged[0]["basis"] == basis and logged[0]["kind"], "the notice is not logged with its basis and sort")


@proves(sabotage="write-to-those-not-meant")
def only_those_meant_are_written_to(world: World, purpose: str, answer: str = "", profile: str = "") -> None:
    """`answer`: an event that answers such a message, which `profile` then sees with where it came from."""
    event, declared = reached_by(world, purpose, "email"), world.policy.purposes[purpose]
    for tz in (LONDON, BERLIN, CALIFORNIA):
        someone = world.tell(event, willing=None, tz=tz)
        asks = permission_under(world.policy, declared, world.law(tz)) == "ask-before"
        check(write(world, purpose, someone) == ({"not-permitted": 1} if asks else _TOLD), "a message ignores the law of whoever gets it")
    meant = set(declared.populations)
    others = [one for one in world.policy.events.values() if one.call == "track" and one.population not in meant and "contact.email" in one.items]
    check(meant and others, f"{purpose} is not about some people alone")
    stranger = world.tell(min(others, key=lambda one: len(one.items)))
    check(write(world, purpose, stranger) == {"not-meant": 1}, "a message goes to somebody who is not registered, or it is not said why none does")
    check(not mails(world, str(stranger.values["contact.email"])), "somebody who is not registered got a message")
    if answer:
        told = world.tell(world.policy.events[answer])
        rows = told.among(world.events(profile))
        check(rows and all(row["event"] == answer for row in rows), "the answer does not join the profile with where it came from")
        if "contact.source" in world.policy.purposes[profile].items:
            channel = world.policy.events[answer].channel
            check(all(row["items"].get("contact.source") == channel for row in rows), "the profile does not say by which channel the answer came")


@proves(sabotage="forget-how-often")
def one_more_than_promised_is_held_back(world: World, purpose: str, channel: str = "email") -> None:
    rate = world.policy.channels[channel].at_most
    check(rate, f"the policy does not say how many messages go by {channel}")
    assert rate is not None
    someone = _willing(world, purpose, channel)
    for _ in range(rate.count):
        check(write(world, purpose, someone, channel=channel) == _TOLD, "a message within the promised number was held back")
    check(write(world, purpose, someone, channel=channel) == {"held": 1}, "one message more than promised went out")
    check(_got(world, someone, channel) == rate.count, "somebody got more messages than promised")
