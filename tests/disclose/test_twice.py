"""Is somebody on a list only after the owner of the address said so, and is an address that nobody confirmed forgotten?"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.disclose.shop import Shop, a_shop, policy_of
from troth.base.clock import now
from troth.base.errors import Fault
from troth.collect import twice
from troth.collect.ingest import Ingest
from troth.consent.record import State, history
from troth.disclose.announce import Became
from troth.disclose.mailing import Mailing, send_to_all
from troth.ledger import verifier
from troth.prove.world import AGENT
from troth.rights import erasure
from troth.rights.consent_receipt import receipt_of
from troth.rights.consent_record import Records
from troth.subjects import directory
from troth.subjects.directory import IdentifierKind
from troth.subjects.keys import KeyMissing

MAIL = "ada@people.example"


@pytest.fixture
def telecom(tmp_path: Path) -> Iterator[Shop]:
    with a_shop(tmp_path, policy_of("infisim")) as found:
        yield found


def subscribe(shop: Shop, address: Any = MAIL) -> httpx.Response:
    body = {"key": shop.workspace.access["publishable_key"], "fields": {"name": "Ada", "email": address}, "tz": "Europe/London"}
    return send(shop, "newsletter", body)


def send(shop: Shop, form: str, body: dict[str, Any]) -> httpx.Response:
    return shop.http.request("POST", f"/{shop.workspace.id}/forms/{form}", json=body, headers={"user-agent": AGENT})


def link_to(shop: Shop, address: str = MAIL) -> str:
    found = re.search(r"http\S+/confirm/\S+", shop.mails(address)[-1].get_content())
    assert found
    return urlsplit(found[0]).path


def ref_of(shop: Shop, address: str = MAIL) -> int | None:
    with shop.workspace.state.read() as conn:
        return directory.find(conn, directory.hash_of(shop.workspace.keys, IdentifierKind.EMAIL, address))


def issue(shop: Shop) -> dict[Became, int]:
    return dict(send_to_all(shop.workspace, Mailing("newsletter", "Issue", f"News {len(shop.mails())}.")))


def test_a_form_alone_puts_nobody_on_the_list_and_makes_nobody(telecom: Shop) -> None:
    assert subscribe(telecom).json() == {"ok": True, "confirm": "sent"}
    assert ref_of(telecom) is None and issue(telecom) == {} and len(telecom.mails(MAIL)) == 1
    words = telecom.mails(MAIL)[0].get_content()
    assert "offers" not in words.lower() and "List-Unsubscribe" not in telecom.mails(MAIL)[0]


def test_only_a_post_with_the_link_is_the_yes_and_it_holds_once(telecom: Shop) -> None:
    subscribe(telecom)
    link = link_to(telecom)
    for method in ("GET", "HEAD", "GET"):
        assert telecom.http.request(method, link, headers={"accept": "text/html"}).status_code == 200 and ref_of(telecom) is None
    assert telecom.http.request("POST", link).status_code == 200
    ref = ref_of(telecom)
    assert ref is not None and issue(telecom) == {Became.TOLD: 1}
    with telecom.workspace.state.read() as conn:
        (act,) = history(conn, ref)
    beside = telecom.http.request("GET", "/infisim/forms/newsletter").json()
    assert (act.purpose, act.state, act.evidence.how, act.evidence.screen) == ("newsletter", State.GIVEN, "confirmed", beside["screen"])
    again = telecom.http.request("POST", link)
    assert (again.status_code, again.json()["code"]) == (410, "link-not-good")
    with telecom.workspace.state.read() as conn:
        assert len(history(conn, ref)) == 1


def test_a_yes_that_could_not_be_handed_on_is_good_still_and_counts_once(telecom: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    subscribe(telecom)
    link = link_to(telecom)

    async def full(*_: Any) -> None:
        raise Fault("busy", "too many events are waiting", status=503)

    with monkeypatch.context() as broken:
        broken.setattr(Ingest, "submit", full)
        assert telecom.http.request("POST", link).status_code == 503
    assert issue(telecom) == {Became.NO_ADDRESS: 1}
    assert telecom.http.request("POST", link).status_code == 200 and issue(telecom) == {Became.TOLD: 1}
    assert telecom.http.request("POST", link).status_code == 410
    assert [state for state, _ in states(telecom)] == ["Requested", "Given"]
    with telecom.workspace.state.read() as conn:
        assert conn.exec_driver_sql("SELECT count(*) FROM waiting_yes").scalar_one() == 0


def states(shop: Shop, purpose: str = "newsletter") -> list[tuple[str, str]]:
    ref = ref_of(shop)
    assert ref is not None
    with shop.workspace.state.read() as conn:
        record = Records(shop.workspace, conn).of(ref)
    assert record is not None
    process = next(one for one in record["dpv:hasProcess"] if one["troth:purpose"] == purpose)
    return [(event["troth:state"], event["dpv:isIndicatedAtTime"]) for event in process["troth:events"]]


def test_being_asked_stands_in_the_record_before_the_yes_at_its_own_time(telecom: Shop, tmp_path: Path) -> None:
    subscribe(telecom)
    asked = now()
    telecom.clock.pass_by(timedelta(hours=3))
    telecom.http.request("POST", link_to(telecom))
    (first, first_at), (then, then_at) = states(telecom)
    assert (first, then) == ("Requested", "Given")
    assert abs(datetime.fromisoformat(first_at) - asked) < timedelta(minutes=1) < datetime.fromisoformat(then_at) - asked
    ref = ref_of(telecom)
    assert ref is not None
    path = tmp_path / "receipt.json"
    path.write_text(json.dumps(receipt_of(telecom.workspace, [ref])))
    assert verifier.main(["--receipt", str(path)]) == 0


def test_of_somebody_known_it_is_noted_at_once_and_once(telecom: Shop) -> None:
    fields = {"answers": "In the valley.", "email": MAIL}
    key = telecom.workspace.access["publishable_key"]
    send(telecom, "survey", {"key": key, "fields": fields, "tz": "Europe/London"})
    assert states(telecom) == []
    for _ in range(2):
        subscribe(telecom)
    assert [state for state, _ in states(telecom)] == ["Requested"] and Became.TOLD not in issue(telecom)


def test_what_waits_is_no_more_than_may_be_kept(telecom: Shop) -> None:
    body = {"key": telecom.workspace.access["publishable_key"], "tz": "Europe/London"}
    fields = {"name": "Ada", "email": MAIL, "age": 40, "card": "4111 1111 1111 1111", "note": ["x"]}
    send(telecom, "newsletter", body | {"fields": fields})
    with telecom.workspace.state.read() as conn:
        held = twice.look(telecom.workspace, conn, link_to(telecom).rpartition("/")[2])
    assert held.fields == {"name": "Ada", "email": MAIL}


def test_what_was_not_made_here_is_refused_in_one_way_and_not_for_ever(telecom: Shop) -> None:
    subscribe(telecom)
    link = link_to(telecom)
    neighbour = telecom.neighbour("harbour", replace(telecom.workspace.policy, workspace="harbour"))
    forged = [link[:-1] + ("2" if link[-1] != "2" else "3"), link[:-5], "/infisim/confirm/x", "/infisim/confirm/" + "a" * 3_000,
              link.replace("infisim", neighbour.workspace.id), "/infisim/confirm/%00%ff"]  # fmt: skip
    answers = [telecom.http.request("POST", one) for one in forged]
    assert {(one.status_code, one.json()["code"]) for one in answers} == {(410, "link-not-good")}
    assert [telecom.http.request("POST", forged[0]).status_code for _ in range(100)][-1] == 429
    assert telecom.http.request("POST", link).status_code == 200


def test_who_is_on_the_list_cannot_be_found_out_by_the_form(telecom: Shop) -> None:
    first = subscribe(telecom)
    telecom.http.request("POST", link_to(telecom))
    assert subscribe(telecom).text == first.text and len(telecom.mails(MAIL)) == 2


def test_an_address_that_nobody_confirms_is_forgotten(telecom: Shop) -> None:
    subscribe(telecom)
    link = link_to(telecom)
    with telecom.workspace.state.read() as conn:
        owner, sealed = conn.exec_driver_sql("SELECT owner, sealed FROM waiting_yes").one()
    assert MAIL.encode() not in sealed and b"Ada" not in sealed
    telecom.clock.pass_by(twice.WAITS_FOR + timedelta(seconds=1))
    assert telecom.http.request("POST", link).status_code == 410
    assert twice.purge(telecom.workspace) == 1 and twice.purge(telecom.workspace) == 0
    with telecom.workspace.state.read() as conn:
        assert conn.exec_driver_sql("SELECT count(*) FROM waiting_yes").scalar_one() == 0
    with pytest.raises(KeyMissing):
        telecom.workspace.keys.open(owner, "waiting", owner, sealed)


def test_what_was_asked_before_an_erasure_cannot_be_confirmed_after_it(telecom: Shop) -> None:
    subscribe(telecom)
    telecom.http.request("POST", link_to(telecom))
    subscribe(telecom)
    link, ref = link_to(telecom), ref_of(telecom)
    assert ref is not None
    erasure.erase(telecom.workspace, ref)
    assert telecom.http.request("POST", link).status_code == 410 and ref_of(telecom) is None and twice.purge(telecom.workspace) == 1
    subscribe(telecom)
    assert telecom.http.request("POST", link_to(telecom)).status_code == 200 and ref_of(telecom) not in (None, ref)


def test_one_address_is_asked_so_often_and_no_more_and_a_flood_is_refused(telecom: Shop) -> None:
    answers = [subscribe(telecom).status_code for _ in range(8)]
    assert set(answers) == {200} and len(telecom.mails(MAIL)) == 5
    more = [subscribe(telecom, f"n{n}@people.example").status_code for n in range(95)]
    assert more[-1] == 429 and more[0] == 200


@pytest.mark.parametrize("address", ["nobody", "a@b", "ada@people.example\r\nBcc: eve@people.example", "", 7, None])
def test_what_is_no_address_gets_no_message(telecom: Shop, address: Any) -> None:
    answer = subscribe(telecom, address)
    assert answer.status_code in (200, 400, 403) and telecom.mails() == [] and issue(telecom) == {}


def test_a_form_without_an_address_says_yes_to_nothing(tmp_path: Path) -> None:
    policy = policy_of("infisim")
    form = replace(policy.events["subscription"], required=())
    with a_shop(tmp_path, replace(policy, events=policy.events | {"subscription": form})) as shop:
        body = {"key": shop.workspace.access["publishable_key"], "fields": {"name": "Ada"}, "anonymousId": "a-browser-of-ada", "tz": "Europe/London"}
        answer = send(shop, "newsletter", body)
        assert (answer.status_code, answer.json()["code"]) == (400, "missing-item")
        with shop.workspace.state.read() as conn:
            assert conn.exec_driver_sql("SELECT count(*) FROM consent_act").scalar_one() == 0
