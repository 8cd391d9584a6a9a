"""Nobody enters without a password, nobody guesses one in peace, and a session ends when it should."""

from __future__ import annotations

import hashlib
import logging
from datetime import timedelta

import pytest

from tests.console.conftest import PASSWORD, Office, csrf_in
from troth.base.errors import Fault
from troth.console.demo import prepare_demo_operators
from troth.console.operators import Operators

HOME = "/infinity/console/"


async def test_the_right_password_opens_the_console(office: Office) -> None:
    browser = office.browser()
    answer = await browser.sign_in("Odile")
    assert (answer.status_code, answer.headers["location"]) == (303, HOME)
    page = await browser.get(HOME)
    assert page.status_code == 200 and "Odile" in page.text


async def test_a_wrong_password_and_a_wrong_name_get_the_same_answer(office: Office) -> None:
    browser = office.browser()
    wrong = await browser.sign_in("Odile", "five words in a row")
    nobody = await browser.sign_in("Nobody", PASSWORD)
    assert wrong.status_code == nobody.status_code == 401
    assert browser.session is None
    said = "The name or the password is not right."
    assert said in wrong.text and said in nobody.text


async def test_without_a_session_every_page_leads_to_the_sign_in_and_back(office: Office) -> None:
    for path in ("", "calls", "people", "people/123", "refused", "policy", "settings", "workspaces"):
        answer = await office.browser().get(HOME + path)
        assert answer.status_code == 303
        assert answer.headers["location"] == f"/infinity/console/sign-in?next={HOME}{path}"


async def test_signing_in_leads_back_to_the_page_that_was_asked_for_and_never_elsewhere(office: Office) -> None:
    for wanted, then in ((HOME + "calls", HOME + "calls"), ("https://evil.example/", HOME), ("//evil.example", HOME), ("/harbour/console/", HOME)):
        browser = office.browser()
        form = await browser.get("/infinity/console/sign-in")
        fields = {"csrf": csrf_in(form.text), "name": "Odile", "password": PASSWORD, "next": wanted}
        assert (await browser.post("/infinity/console/sign-in", fields)).headers["location"] == then


async def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites(office: Office) -> None:
    cookie = (await office.browser().sign_in("Odile")).headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=strict" in cookie and "secure" not in cookie


async def test_only_hashes_of_password_and_session_are_kept(office: Office) -> None:
    browser = await office.signed_in()
    kept = b"".join(path.read_bytes() for path in office.town.settings.data.glob("operators.db*"))
    assert browser.session is not None
    assert PASSWORD.encode() not in kept and browser.session.encode() not in kept
    assert b"$argon2id$" in kept and hashlib.sha256(browser.session.encode()).digest() in kept


async def test_guessing_one_operators_password_is_slowed_down_from_every_address(office: Office) -> None:
    for n in range(5):
        assert (await office.browser(f"198.51.100.{n}").sign_in("Odile", "guess upon guess")).status_code == 401
    right = await office.browser("198.51.100.77").sign_in("Odile")
    assert right.status_code == 429 and "wait a minute" in right.text.lower()
    assert (await office.browser("198.51.100.77").sign_in("Ansel")).status_code == 303
    office.town.clock.forward(seconds=61)
    assert (await office.browser("198.51.100.77").sign_in("Odile")).status_code == 303


async def test_guessing_from_one_address_is_slowed_down_for_every_name(office: Office) -> None:
    for n in range(20):
        assert (await office.browser().sign_in(f"name {n}", "guess upon guess")).status_code == 401
    assert (await office.browser().sign_in("Odile")).status_code == 429
    assert (await office.browser("198.51.100.1").sign_in("Odile")).status_code == 303


async def test_each_further_failure_makes_the_wait_longer(office: Office) -> None:
    sessions_wait = []
    for n in range(8):
        office.town.clock.forward(minutes=16)
        answer = await office.browser(f"198.51.100.{n}").sign_in("Odile", "guess upon guess")
        assert answer.status_code == 401
        with office.operators.database.read() as conn:
            row = conn.exec_driver_sql("SELECT max(blocked_until) FROM sign_in_failure WHERE count > 1").one()
        now = int(office.town.clock.at.timestamp() * 1e6)
        sessions_wait.append(max(0, round(((row[0] or 0) - now) / 60e6)))
    assert sessions_wait == [0, 0, 0, 0, 1, 2, 4, 8]


async def test_the_brake_holds_in_another_process_and_keeps_no_name_or_address(office: Office, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for _ in range(5):
        await office.browser("198.51.100.4").sign_in("Quentin Unknown", "guess upon guess")
    with office.operators.database.read() as conn:
        rows = conn.exec_driver_sql("SELECT who FROM sign_in_failure").all()
    assert len(rows) == 2
    kept = b"".join(path.read_bytes() for path in office.town.settings.data.glob("operators.db*"))
    for trace in (b"Quentin", b"198.51.100.4"):
        assert trace not in kept
    assert "Quentin" not in caplog.text and "198.51.100" not in caplog.text


async def test_a_session_ends_after_half_an_hour_of_rest(office: Office) -> None:
    browser = await office.signed_in()
    for _ in range(3):
        office.town.clock.at += timedelta(minutes=29)
        assert (await browser.get(HOME + "settings")).status_code == 200
    office.town.clock.at += timedelta(minutes=30)
    assert (await browser.get(HOME + "settings")).status_code == 303


async def test_a_session_ends_after_twelve_hours_of_work(office: Office) -> None:
    browser = await office.signed_in()
    started = office.town.clock.at
    while office.town.clock.at < started + timedelta(hours=11, minutes=40):
        assert (await browser.get(HOME + "settings")).status_code == 200
        office.town.clock.forward(minutes=20)
    office.town.clock.forward(minutes=21)
    assert (await browser.get(HOME + "settings")).status_code == 303


async def test_signing_in_again_changes_the_session_and_ends_the_old_one(office: Office) -> None:
    browser = await office.signed_in()
    old = browser.session
    assert (await browser.sign_in("Odile")).status_code == 303
    assert browser.session != old
    thief = office.browser()
    thief.http.cookies.set("troth_session", str(old))
    assert (await thief.get(HOME + "settings")).status_code == 303


async def test_signing_out_ends_the_session_on_the_server(office: Office) -> None:
    browser = await office.signed_in()
    stolen = browser.session
    page = await browser.get(HOME + "settings")
    assert (await browser.post(HOME + "sign-out", {"csrf": csrf_in(page.text)})).status_code == 303
    thief = office.browser()
    thief.http.cookies.set("troth_session", str(stolen))
    assert (await thief.get(HOME + "settings")).status_code == 303


async def test_a_form_sent_after_the_session_ended_says_that_nothing_was_changed(office: Office) -> None:
    browser = await office.signed_in()
    token = csrf_in((await browser.get(HOME + "settings")).text)
    office.town.clock.at += timedelta(minutes=31)
    answer = await browser.post(HOME + "settings/reveal", {"csrf": token, "key": "api_key"})
    assert (answer.status_code, answer.headers["location"]) == (303, HOME + "sign-in?ended=1")
    assert "nothing was changed" in (await browser.get(answer.headers["location"])).text


async def test_a_role_that_is_not_held_is_not_taken_away(office: Office) -> None:
    browser = await office.signed_in()
    with pytest.raises(Fault) as caught:
        office.operators.remove("Odile", "harbour")
    assert caught.value.code == "no-such-role"
    assert (await browser.get(HOME + "settings")).status_code == 200


async def test_a_form_without_its_token_or_from_another_site_changes_nothing(office: Office) -> None:
    browser = await office.signed_in()
    page = await browser.get(HOME + "settings")
    good = {"csrf": csrf_in(page.text), "key": "api_key"}
    reveal = HOME + "settings/reveal"
    secret = office.town.workspace().access["api_key"]
    for fields, headers in (
        ({"key": "api_key"}, {}),
        ({"key": "api_key", "csrf": "x" * 26}, {}),
        (good, {"origin": "https://evil.example"}),
        (good, {"sec-fetch-site": "same-site"}),
    ):
        answer = await browser.post(reveal, fields, **headers)
        assert answer.status_code == 403 and "forged-form" in answer.text and secret not in answer.text
    assert secret in (await browser.post(reveal, good, origin="http://troth.test")).text


async def test_the_sign_in_form_must_be_the_one_this_browser_was_shown(office: Office) -> None:
    shown = csrf_in((await office.browser().get("/infinity/console/sign-in")).text)
    other = office.browser()
    fields = {"csrf": shown, "name": "Odile", "password": PASSWORD}
    assert (await other.post("/infinity/console/sign-in", fields)).status_code == 403
    assert other.session is None


async def test_an_oversized_form_is_refused(office: Office) -> None:
    browser = office.browser()
    form = await browser.get("/infinity/console/sign-in")
    fields = {"csrf": csrf_in(form.text), "name": "Odile", "password": "x" * 20_000}
    assert (await browser.post("/infinity/console/sign-in", fields)).status_code == 413


def test_names_and_passwords_that_will_not_do_are_refused(office: Office) -> None:
    bad: list[tuple[str, str | None, str]] = [("O", PASSWORD, "bad-operator-name"), ("O\x00dile", PASSWORD, "bad-operator-name")]
    bad += [("Otto", "short", "weak-password"), ("Otto", None, "password-missing")]
    for name, password, code in bad:
        with pytest.raises(Fault) as caught:
            office.operators.add(name, "infinity", "owner", password)
        assert caught.value.code == code


async def test_a_new_password_and_a_removal_end_the_operators_sessions(office: Office) -> None:
    browser, other = await office.signed_in("Odile"), await office.signed_in("Ansel")
    office.operators.set_password("Odile", "another four words")
    office.operators.remove("Ansel")
    assert (await browser.get(HOME + "settings")).status_code == 303
    assert (await other.get(HOME + "settings")).status_code == 303
    assert [one.name for one in office.operators.all()] == ["Hugo", "Odile", "Sabine"]


def test_demonstration_owners_keep_their_passwords_from_start_to_start(office: Office) -> None:
    first = prepare_demo_operators(office.town.settings)
    assert set(first) == {"infinity", "harbour", "alder"}
    assert prepare_demo_operators(office.town.settings) == first
    path = office.town.settings.secrets / "demo-operators.json"
    assert path.stat().st_mode & 0o777 == 0o600
    operators = Operators(office.town.settings)
    assert all(operators.check_password(name, password) for name, password in first.values())
    operators.close()
