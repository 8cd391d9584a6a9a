"""Does what somebody told one of us hold like what they press, with its evidence, and for nobody else?"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests.disclose.shop import ADA, BEN, CARRIED, TEXTS, Shop, a_shop, policy_of
from troth.base.clock import instant, now_micros
from troth.cli import main
from troth.consent.record import State, Strength, history
from troth.disclose.announce import Became
from troth.disclose.composing import Channel
from troth.disclose.ending import What
from troth.disclose.mailing import Mailing, send_to_all
from troth.disclose.said import list_disclosures
from troth.disclose.spoken import By, Spoken, record_spoken
from troth.rights import erasure, requests
from troth.rights.requests import Right, Status

MAIL = "ada@people.example"
SENT: dict[str, Any] = {"from": MAIL}
ALL: dict[str, Any] = {"from": MAIL, "everything": True}


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with a_shop(tmp_path, policy_of("infi")) as found:
        yield found


@pytest.fixture
def telecom(tmp_path: Path) -> Iterator[Shop]:
    with a_shop(tmp_path, policy_of("infisim")) as found:
        yield found


def tell(shop: Shop, status: int = 201, **said: Any) -> dict[str, Any]:
    found: dict[str, Any] = shop.post("withdrawals", status, **({"note": "She said so."} | said))
    return found


def test_a_mail_from_a_held_address_holds_at_once_with_how_and_when(shop: Shop) -> None:
    ada, ben = shop.holder(MAIL), shop.holder("ben@people.example")
    came = instant(now_micros() - timedelta(days=2) // timedelta(microseconds=1)).isoformat()
    said = tell(shop, by="email", purposes=["marketing-email"], received_at=came, note="No more news, please. Ada", **{"from": MAIL})
    assert (said["became"], said["acts"]) == ("recorded", {"marketing-email": "objected"})
    assert send_to_all(shop.workspace, Mailing("marketing-email", "News", "New.")) == {Became.TOLD: 1, Became.NOT_PERMITTED: 1}
    with shop.workspace.state.read() as conn:
        (act,) = history(conn, ada)
        (made,) = requests.of_person(conn, [ada])
        (note,) = requests.notes_of(shop.workspace, conn, made.id)
        assert requests.unanswered(conn) == [] and history(conn, ben) == []
    assert (act.evidence.how, made.kind, made.channel, made.status) == ("by-email", Right.WITHDRAWAL, "email", Status.FULFILLED)
    assert (note.text, note.by, made.received_at.isoformat()) == ("No more news, please. Ada", "program", came)
    (entry,) = [body for body in shop.ledger("operator-act") if body["act"] == "spoken"]
    assert (entry["by"], entry["received"][:10]) == ("email", came[:10]) and "please" not in str(shop.ledger("operator-act"))


def test_a_mail_from_an_address_nobody_knows_changes_nothing_and_is_asked_about(shop: Shop) -> None:
    ada = shop.holder(MAIL)
    said = tell(shop, by="email", purposes=["marketing-email"], person={"email": MAIL}, everything=False, **{"from": "eve@people.example"})
    ended = {"channel:email": State.REFUSED, "marketing-email": State.OBJECTED}  # the messages that go to the address that is named, and no more
    assert said["became"] == "recorded" and shop.states(ada) == ended
    said = tell(shop, by="email", purposes=["mail-statistics"], person={"account": "7"}, **{"from": "eve@people.example"})
    assert (said["became"], said["acts"], said["ref"]) == ("verification-asked", {}, None) and shop.states(ada) == ended
    (letter,) = shop.mails("eve@people.example")
    assert MAIL not in letter.get_content() and "/infi/privacy" in letter.get_content()
    with shop.workspace.state.read() as conn:
        assert [(one.kind, one.status, one.ref) for one in requests.unanswered(conn)] == [(Right.WITHDRAWAL, Status.WAITING, 0)]


def test_what_a_proof_says_in_nobodys_name_waits_in_no_queue(shop: Shop) -> None:
    spoken = Spoken(By.EMAIL, "owner", What(("marketing-email",)), sender="nobody@people.example", note="No more.", rehearsal=True)
    assert record_spoken(shop.workspace, spoken).became == "verification-asked"
    with shop.workspace.state.read() as conn:
        assert requests.unanswered(conn) == []


def test_a_mail_that_names_a_number_ends_its_texts_and_nothing_else(shop: Shop) -> None:
    reader, ada = shop.reader(ADA), shop.holder(MAIL)
    for sender in ("eve@people.example", MAIL):
        said = tell(shop, by="email", channels={"sms": False}, person={"phone": ADA}, **{"from": sender})
        assert said["became"] == "recorded"
    assert shop.states(reader)[TEXTS] is State.WITHDRAWN and shop.states(ada) == {}
    assert send_to_all(shop.workspace, Mailing(TEXTS, "", CARRIED, Channel.SMS)).keys() == {Became.NOT_PERMITTED}
    said = tell(shop, by="email", channels={"sms": False}, person={"phone": BEN}, **{"from": "eve@people.example"})
    assert (said["became"], said["ref"]) == ("recorded", None)  # a number that nobody gave yet


def test_support_sets_each_channel_and_campaigns_follow(telecom: Shop) -> None:
    ada = telecom.person("customer-contact", "uk", MAIL)
    telecom.say(ada, offers_email=State.GIVEN, offers_post=State.GIVEN)
    telecom.keep(ada, "customer-details", **{"contact.email": MAIL, "contact.phone": ADA, "contact.address": "1 Quay, Norwich"})
    said = tell(telecom, by="telephone", channels={"email": False, "sms": True}, person={"email": MAIL}, **{"from": ADA})
    assert said["acts"] == {"offers-email": "withdrawn", "channel:email": "refused", "offers-sms": "given"} | {
        name: state for name, state in said["acts"].items() if name == "newsletter"}
    with telecom.workspace.state.read() as conn:
        yes = next(act for act in history(conn, ada) if act.purpose == "offers-sms")
    assert (yes.evidence.strength, yes.evidence.how) == (Strength.RELAYED, "by-telephone")
    assert send_to_all(telecom.workspace, Mailing("offers-email", "Offer", "New.")) == {Became.NOT_PERMITTED: 1}
    tell(telecom, by="post", channels={"sms": False}, person={"email": MAIL})
    assert telecom.states(ada)["offers-sms"] is State.WITHDRAWN and telecom.states(ada)["offers-post"] is State.GIVEN


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"by": "pigeon"}, "bad-field"), ({"from": ""}, "bad-person"), (SENT, "nothing-named"),
        (SENT | {"purposes": ["marketing-emial"]}, "no-such-purpose"), (SENT | {"channels": {"fax": False}}, "no-such-channel"),
        (SENT | {"channels": {"email": "no"}}, "bad-field"), (SENT | {"purposes": "all"}, "bad-field"),
        (ALL | {"person": {"name": "Ada"}}, "bad-person"), (ALL | {"person": [MAIL]}, "bad-person"),
        (ALL | {"received_at": "2999-01-01T00:00:00Z"}, "bad-time"), (ALL | {"received_at": "yesterday"}, "bad-time"),
        (ALL | {"note": " "}, "evidence-missing"), (ALL | {"note": "x" * 8_001}, "too-long"), (ALL | {"from": 7}, "bad-field"),
        (ALL | {"colour": "blue"}, "bad-field"), (SENT | {"channels": {"sms": True}}, "cannot-allow"),
    ],
)  # fmt: skip
def test_what_is_not_well_said_is_refused_and_changes_nothing(shop: Shop, said: dict[str, Any], code: str) -> None:
    ada = shop.holder(MAIL)
    answer = shop.http.request("POST", "/api/infi/withdrawals", json={"note": "So.", "by": "post"} | said, headers=shop.key)
    assert (answer.status_code in (400, 404, 409), answer.json()["code"]) == (True, code)
    assert shop.states(ada) == {} and MAIL not in answer.text


def test_another_workspaces_key_and_person_are_refused(shop: Shop) -> None:
    neighbour = shop.neighbour("harbour", shop.workspace.policy)
    ada = shop.holder(MAIL)
    body = {"by": "telephone", "person": {"ref": str(ada)}, "everything": True, "note": "So."}
    stranger = shop.http.request("POST", "/api/infi/withdrawals", json=body, headers=neighbour.key)
    assert stranger.status_code == 403
    assert shop.http.request("POST", "/api/harbour/withdrawals", json=body, headers=neighbour.key).json()["became"] == "verification-asked"
    assert shop.states(ada) == {}


def test_the_command_records_the_same(shop: Shop, tmp_path: Path) -> None:
    ada = shop.holder(MAIL)
    (tmp_path / "data-secrets").symlink_to(tmp_path / "secrets")
    command = ["withdrawal", "infi", "--by", "telephone", "--person", f"email={MAIL}", "--everything", "--channel", "email=no"]
    command += ["--note", "rang", "--json"]
    done = CliRunner().invoke(main, [*command, "--data", str(shop.workspace.settings.data)], catch_exceptions=False)
    assert json.loads(done.output)["became"] == "recorded" and shop.states(ada)["marketing-email"] is State.OBJECTED
    wrong = CliRunner().invoke(main, [*command, "--channel", "email=maybe", "--data", str(shop.workspace.settings.data)])
    assert wrong.exit_code != 0 and "bad-field" in wrong.output


def test_nobody_is_on_record_as_handed_over_where_the_package_has_no_place(shop: Shop, tmp_path: Path) -> None:
    shop.holder(MAIL)
    command = ["disclose", "business", "infi", "--acquirer", "New House", "--out", str(tmp_path), "--data", str(shop.workspace.settings.data)]
    assert "folder-exists" in CliRunner().invoke(main, command).output
    assert list_disclosures(shop.workspace, {}, {}) == []


def test_whoever_is_erased_leaves_nothing_of_what_they_told_us(shop: Shop) -> None:
    ada = shop.holder(MAIL)
    tell(shop, by="telephone", purposes=["marketing-email"], person={"email": MAIL}, note="Rang from Leeds, very cross")
    erasure.erase(shop.workspace, ada)
    with shop.workspace.state.read() as conn:
        rows = conn.exec_driver_sql("SELECT ref FROM subject_request WHERE kind = 'withdrawal'").all()
    assert [row[0] for row in rows] == [0]
