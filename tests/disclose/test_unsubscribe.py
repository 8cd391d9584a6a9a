"""Does a message to many reach those it may, once, and does the link in it stop exactly what it says, for nobody else?"""

from __future__ import annotations

import email
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from email import policy as mail_policy
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from click.testing import CliRunner
from starlette.applications import Starlette

from tests.keeping import Place, Programs
from tests.rights.test_outbox import MailServer, due_again, with_smtp
from troth.centre import unsubscribe as pages
from troth.cli import main
from troth.consent.record import PROHIBITIONS, State, history
from troth.consent.standing import read_standing
from troth.disclose import carriers, outbox
from troth.disclose import mailing as mailings
from troth.disclose.announce import Became
from troth.disclose.mailing import Mailing, send_to_all
from troth.disclose.outbox import Letter
from troth.rights import requests

NEWS, OFFERS = "newsletter", "marketing-email"
ONE_CLICK = {"content": b"List-Unsubscribe=One-Click", "headers": {"content-type": "application/x-www-form-urlencoded"}}
Web = Callable[..., httpx.Response]


@pytest.fixture
def web(place: Place) -> Web:
    """Whoever opens or posts to a link: no cookie, no sign-in, no page of ours before it."""
    programs = Programs(Starlette(routes=pages.routes(place.house)))

    def ask(method: str, url: str, **more: object) -> httpx.Response:
        return programs.request(method, urlsplit(url).path, **more)

    return ask


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    server = MailServer()
    yield server
    server.socket.close()


def standing(place: Place, ref: int) -> dict[str, State]:
    with place.workspace.state.read() as conn:
        found = read_standing(conn, ref)
    assert found is not None
    return dict(found.states)


def subscriber(place: Place, address: str, **said: State) -> int:
    """A customer who reads both lists."""
    ref = place.customer(address, "uk")
    place.say(ref, newsletter=State.GIVEN, **said)
    place.keep(ref, "subscription", **{"contact.email": address})
    return ref


def messages(place: Place) -> dict[str, EmailMessage]:
    """What is in the outbox, by whom it is to."""
    read = [email.message_from_bytes(path.read_bytes(), policy=mail_policy.SMTP) for path in sorted(outbox.folder_of(place.workspace).glob("*.eml"))]
    assert len({str(one["To"]) for one in read}) == len(read), "somebody got two"
    return {str(one["To"]): one for one in read}


def link_in(message: EmailMessage) -> str:
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    found = re.fullmatch(r"<(http\S+)>", str(message["List-Unsubscribe"]))
    assert found, message["List-Unsubscribe"]
    return found[1]


def offer(place: Place, *addresses: str) -> dict[str, tuple[int, str]]:
    """Write to customers about products; who each is and the link that each got."""
    refs = {address: subscriber(place, address) for address in addresses}
    assert send_to_all(place.workspace, Mailing(OFFERS, "New", "Look at this."))[Became.TOLD] == len(addresses)
    return {to: (refs[to], link_in(one)) for to, one in messages(place).items()}


def test_the_command_writes_once_to_everybody_the_gate_lets(place: Place, tmp_path: Path) -> None:
    ada, ben, cleo = (subscriber(place, f"{name}@people.example") for name in ("ada", "ben", "cleo"))
    place.say(ben, marketing_email=State.OBJECTED)
    place.restrict(cleo)
    place.caller()
    file = tmp_path / "news.txt"
    file.write_text("Good news\n\nWe can do more.\n", "utf-8")
    data = str(place.workspace.settings.data)
    (tmp_path / "data-secrets").symlink_to(tmp_path / "secrets")  # the command finds the keys where it looks for them
    command = ["message", "infinity", "--purpose", OFFERS, "--text", str(file), "--data", data]
    assert CliRunner().invoke(main, command, catch_exceptions=False).output.split() == ["2", "not-permitted", "1", "told"]
    (message,) = messages(place).values()
    assert (str(message["To"]), str(message["Subject"])) == ("ada@people.example", "Good news")
    text = message.get_content()
    assert "We can do more." in text and f"\n{link_in(message).rpartition('/')[0]}/" in text.replace("\r", "") and "/all\n" in text.replace("\r", "")
    outbox.path_of(place.workspace, next(outbox.folder_of(place.workspace).glob("*.eml")).stem).unlink()
    assert CliRunner().invoke(main, command, catch_exceptions=False).output.split() == ["2", "not-permitted"]
    assert messages(place) == {} and standing(place, ada)[NEWS] is State.GIVEN
    assert "people.example" not in str(place.ledger("operator-act")) and len(place.ledger("operator-act")) == 2


def test_who_stops_half_way_through_goes_on_and_writes_to_nobody_twice(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ada", "ben", "cleo"):
        subscriber(place, f"{name}@people.example")
    sent, true_send = [], mailings.send

    def dies(workspace: object, letter: Letter, id: str) -> str:
        sent.append(true_send(place.workspace, letter, id))
        if len(sent) == 2:
            raise KeyboardInterrupt
        return sent[-1]

    monkeypatch.setattr(mailings, "send", dies)
    mailing = Mailing(NEWS, "News", "This month.")
    with pytest.raises(KeyboardInterrupt):
        send_to_all(place.workspace, mailing)
    assert send_to_all(place.workspace, mailing)[Became.TOLD] == 2
    assert len(messages(place)) == 3 and len(set(sent)) == 3


def test_the_head_of_a_message_survives_the_mail_server_whole(place: Place, mail_server: MailServer, web: Web) -> None:
    ref = subscriber(place, "ada@people.example")
    with with_smtp(place.workspace, mail_server.url):
        send_to_all(place.workspace, Mailing(NEWS, "News", "This month."))
    (taken,) = mail_server.taken
    message = email.message_from_string(taken.replace("\r\n", "\n"), policy=mail_policy.default)
    assert "=?" not in taken.partition("\r\n\r\n")[0] and "ada@" not in link_in(message)
    assert web("POST", link_in(message), **ONE_CLICK).status_code == 200 and standing(place, ref)[NEWS] is State.WITHDRAWN


def test_one_click_stops_exactly_that_list_for_exactly_that_person(place: Place, web: Web) -> None:
    lists = offer(place, "ada@people.example", "ben@people.example")
    (ada, link), (ben, other) = lists.values()
    for _ in range(3):  # scanners follow links, again and again
        assert web("GET", link).status_code == web("GET", f"{link}/all").status_code == web("HEAD", link).status_code == 200
    assert standing(place, ada) == standing(place, ben) == {NEWS: State.GIVEN}
    answer = web("POST", link, **ONE_CLICK)
    assert answer.status_code == 200 and not answer.history and "set-cookie" not in answer.headers
    assert standing(place, ada) == {NEWS: State.GIVEN, OFFERS: State.OBJECTED} and standing(place, ben) == {NEWS: State.GIVEN}
    with place.workspace.state.read() as conn:
        act = history(conn, ada)[-1]
        assert (act.evidence.how, act.purpose) == ("one-click", OFFERS) and len(history(conn, ada)) == 2
    assert web("POST", link, **ONE_CLICK).text == answer.text  # replayed: the same answer, nothing more on record
    with place.workspace.state.read() as conn:
        assert len(history(conn, ada)) == 2
    counted = send_to_all(place.workspace, Mailing(OFFERS, "Newer", "Look at this too."))
    assert counted == {Became.TOLD: 1, Became.NOT_PERMITTED: 1} and other != link


def test_a_withdrawal_stops_the_message_that_already_waits(place: Place, web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    ref = subscriber(place, "ada@people.example")
    with with_smtp(place.workspace, "smtp://127.0.0.1:1"):  # nobody answers there
        send_to_all(place.workspace, Mailing(NEWS, "News", "This month."))
        (message,) = messages(place).values()
        assert web("POST", link_in(message), **ONE_CLICK).status_code == 200
        assert standing(place, ref)[NEWS] is State.WITHDRAWN
        due_again(place.workspace)
        handed: list[bytes] = []
        monkeypatch.setattr(carriers, "hand_over", lambda _url, body: handed.append(body))
        assert outbox.deliver_waiting(place.workspace) == 0 and handed == [] and messages(place) == {}


def test_the_button_stops_all_marketing_and_nothing_else(place: Place, web: Web) -> None:
    ((ada, link),) = offer(place, "ada@people.example").values()
    place.say(ada, feedback=State.GIVEN)
    page = web("GET", link, headers={"accept": "text/html"}).text
    assert f'action="{urlsplit(link).path}/all"' in page and "ada@" not in page
    said = web("POST", f"{link}/all", content=b"by=page", headers={"accept": "text/html"})
    assert said.status_code == 200 and "no more marketing messages" in said.text
    stopped = {purpose for purpose, state in standing(place, ada).items() if state in PROHIBITIONS}
    policy = place.workspace.policy
    assert stopped == {id for id, one in policy.purposes.items() if one.kind == "marketing"} and standing(place, ada)["feedback"] is State.GIVEN
    with place.workspace.state.read() as conn:
        assert history(conn, ada)[-1].evidence.how == "unsubscribe-page"


def test_what_was_not_made_here_is_refused_in_one_way_and_not_for_ever(place: Place, web: Web) -> None:
    ((ada, link),) = offer(place, "ada@people.example").values()
    home, _, token = link.rpartition("/")
    neighbour = place.neighbour("harbour", replace(place.workspace.policy, workspace="harbour"))
    flipped = token[:20] + ("A" if token[20] != "A" else "B") + token[21:]
    elsewhere = link.replace("/infinity/", f"/{neighbour.workspace.id}/")
    forged = [f"{home}/{flipped}", f"{home}/{token[:-4]}", f"{home}/x", f"{home}/{'A' * 3000}", elsewhere]
    answers = [web("POST", one, **ONE_CLICK) for one in forged]
    assert {(one.status_code, one.text) for one in answers} == {(404, answers[0].text)} and "no-such-link" in answers[0].text
    assert standing(place, ada) == {NEWS: State.GIVEN}
    assert [web("POST", forged[0], **ONE_CLICK).status_code for _ in range(100)][-1] == 429
    assert web("POST", link, **ONE_CLICK).status_code == 200  # a true one is never refused: whole providers post from one address


def test_a_message_about_the_service_says_how_to_stop_it_and_somebody_weighs_that(place: Place, web: Web) -> None:
    ref = subscriber(place, "ada@people.example")
    id = outbox.send(place.workspace, Letter(ref, "ada@people.example", "service-messages", "policy-change", "It changes", "As follows."))
    (message,) = messages(place).values()
    assert id and web("POST", link_in(message), **ONE_CLICK).status_code == 200
    assert standing(place, ref)["service-messages"] is State.OBJECTED
    with place.workspace.state.read() as conn:
        (made,) = requests.of_person(conn, [ref])
    assert (made.kind, made.about, bool(made.closed)) == (requests.Right.OBJECTION, "service-messages", False)
    own = outbox.send(place.workspace, Letter(ref, "ada2@people.example", outbox.REQUEST, "link", "Your page", "Open it."))
    assert "List-Unsubscribe" not in outbox.path_of(place.workspace, own).read_text()
