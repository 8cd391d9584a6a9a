"""Is what becomes of a mail noticed only of whom it is permitted, as the mail leaves and as it comes back?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.disclose.shop import Shop, a_shop, policy_of
from troth.consent.record import State
from troth.disclose import outbox, trackers
from troth.disclose.composing import Attachment
from troth.disclose.outbox import Letter
from troth.disclose.trackers import Noticed, door
from troth.policy.conduct import Profiling
from troth.prove.messages import whole

MAIL = "ada@people.example"
PAGE = "https://www.infi-shop.example/products/till?a=1&b=2"


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with a_shop(tmp_path, policy_of("infi")) as found:
        yield found


def news(ref: int, *files: Attachment) -> Letter:
    return Letter(ref, MAIL, "marketing-email", "news", "News", f"Look at {PAGE}.\n\nGreetings", files)


def noted(shop: Shop) -> dict[str, int]:
    """How many events of each kind rest in the journal."""
    with shop.workspace.state.read() as conn:
        known = shop.workspace.classes.all(conn)
        rows = conn.exec_driver_sql("SELECT class FROM journal WHERE ref > 0").all()
    kinds = [known[row[0]].event for row in rows]
    return {kind: kinds.count(kind) for kind in kinds if kind.startswith("mail")}


def doors_in(text: str) -> dict[str, str]:
    return {what: urlsplit(link).path for link, what in re.findall(r"(http[^\s\"<>]+/mail/(\w+)/[A-Za-z0-9_-]+)", text)}


def test_an_opening_and_a_click_are_noted_of_the_recipient_and_the_link_leads_on(shop: Shop) -> None:
    outbox.send(shop.workspace, news(shop.holder(MAIL), Attachment("a.txt", "text/plain", b"whole")))
    (mail,) = shop.mails(MAIL)
    found = doors_in(whole(mail))
    assert found.keys() == {"opened", "followed"} and "ada" not in str(found) and [one.get_filename() for one in mail.iter_attachments()] == ["a.txt"]
    picture = shop.http.request("GET", found["opened"])
    assert picture.headers["content-type"] == "image/gif" and picture.headers["cache-control"] == "no-store"
    led = shop.http.request("GET", found["followed"])
    assert (led.status_code, led.headers["location"]) == (302, PAGE) and noted(shop) == {"mail-open": 1, "mail-click": 1}


def test_the_links_that_end_messages_are_never_led_through_a_door(shop: Shop) -> None:
    words = f"{shop.workspace.settings.base_url}/infi/unsubscribe/abc"
    outbox.send(shop.workspace, Letter(shop.holder(MAIL), MAIL, "marketing-email", "news", "News", words))
    assert "/infi/unsubscribe/abc" in whole(shop.mails(MAIL)[0]) and "followed" not in doors_in(whole(shop.mails(MAIL)[0]))


def test_the_mail_of_whoever_objects_carries_nothing_even_if_it_was_written_before(shop: Shop) -> None:
    ref = shop.holder(MAIL)
    shop.use(smtp_url="smtp://127.0.0.1:1")  # nobody answers there
    outbox.send(shop.workspace, news(ref), "one")
    shop.say(ref, mail_statistics=State.OBJECTED)
    shop.use(smtp_url="")
    shop.clock.pass_by(timedelta(hours=1))
    with shop.workspace.state.write() as conn:
        conn.exec_driver_sql("UPDATE outbox_message SET status = 'waiting'")
    outbox.send(shop.workspace, news(ref), "two")
    assert doors_in(whole(shop.mails(MAIL)[-1])) == {}


def test_who_objects_after_the_mail_came_is_noticed_no_more_and_the_link_still_leads_on(shop: Shop) -> None:
    ref = shop.holder(MAIL)
    outbox.send(shop.workspace, news(ref))
    found = doors_in(whole(shop.mails(MAIL)[0]))
    shop.say(ref, mail_statistics=State.OBJECTED, marketing_profile=State.OBJECTED)
    assert shop.http.request("GET", found["opened"]).status_code == 200 and shop.http.request("GET", found["followed"]).status_code == 302
    assert noted(shop) == {}


def test_what_was_not_made_here_leads_nowhere(shop: Shop) -> None:
    ref, neighbour = shop.holder(MAIL), shop.neighbour("harbour", shop.workspace.policy).workspace
    true = urlsplit(door(shop.workspace, "followed", Noticed(ref, MAIL, "news", PAGE))).path
    elsewhere = urlsplit(door(neighbour, "followed", Noticed(ref, MAIL, "news", "https://evil.example/"))).path.replace("/harbour/", "/infi/")
    forged = [true[:-4] + "AAAA", true[:60], elsewhere, true.replace("followed", "opened"), "/infi/mail/followed/x"]
    forged += ["/infi/mail/followed/" + "A" * 5_000]
    answers = [shop.http.request("GET", one) for one in forged]
    assert {(one.status_code, one.json()["code"]) for one in answers} == {(404, "no-such-link")} and noted(shop) == {}
    assert shop.http.request("GET", "/infi/mail/sold/x").status_code == 404
    assert [shop.http.request("GET", forged[0]).status_code for _ in range(100)][-1] == 429
    assert shop.http.request("GET", true).status_code == 302


def test_somebody_erased_since_is_nobody_to_notice_anything_of(shop: Shop) -> None:
    opened = urlsplit(door(shop.workspace, "opened", Noticed(77, MAIL, "news"))).path
    assert shop.http.request("GET", opened).status_code == 200 and noted(shop) == {}
    assert trackers.event_for(shop.workspace.policy, trackers.Tracks.OPENS) is not None


def test_openings_and_clicks_each_follow_their_own_permission(tmp_path: Path) -> None:
    policy = policy_of("infi")
    both = policy.purposes["mail-statistics"]
    opens = replace(both, id="opens", events=("mail-open",), items=("contact.email", "mail.letter"))
    clicks = replace(both, id="clicks", events=("mail-click",), items=("contact.email", "mail.letter", "mail.link"))
    purposes = {id: one for id, one in policy.purposes.items() if id not in ("mail-statistics", "marketing-profile")}
    with a_shop(tmp_path, replace(policy, purposes=purposes | {"opens": opens, "clicks": clicks}, profiling=Profiling())) as shop:
        left_of: dict[tuple[str, ...], set[str]] = {
            ("opens",): {"followed"}, ("clicks",): {"opened"}, ("opens", "clicks"): set(), (): {"opened", "followed"}
        }
        for n, (said, left) in enumerate(left_of.items()):
            ref = shop.holder(f"n{n}@people.example")
            shop.say(ref, **dict.fromkeys(said, State.OBJECTED))
            outbox.send(shop.workspace, replace(news(ref), to=f"n{n}@people.example"))
            assert set(doors_in(whole(shop.mails(f"n{n}@people.example")[0]))) == left


def test_a_mail_that_no_carrier_took_yet_carries_nothing_once_its_reader_objects(shop: Shop) -> None:
    ref = shop.holder(MAIL)
    shop.use(smtp_url="smtp://127.0.0.1:1")  # nobody answers there
    id = outbox.send(shop.workspace, news(ref))
    shop.say(ref, mail_statistics=State.OBJECTED)
    shop.use(smtp_url="")
    shop.clock.pass_by(timedelta(hours=1))
    outbox.deliver_waiting(shop.workspace)
    assert shop.status(id) == "in-folder" and doors_in(whole(shop.mails(MAIL)[0])) == {}
