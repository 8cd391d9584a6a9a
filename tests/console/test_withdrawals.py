"""Can an operator who may record what somebody told one of us, with its evidence, and can nobody else?"""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.console.conftest import Browser, Office, csrf_in
from tests.console.test_pages import text_of
from tests.console.test_requests import ADA, ada, letters
from troth.consent.record import State, history
from troth.rights import requests

HERE = "/infinity/console/withdrawals"


async def record(browser: Browser, **fields: str) -> httpx.Response:
    """The form, loaded and filled in."""
    page = await browser.get(HERE)
    return await browser.post(HERE, {"csrf": csrf_in(page.text), "by": "telephone", "note": "Rang at noon", **fields})


def acts(office: Office, ref: int) -> dict[str, tuple[State, str]]:
    with office.town.workspace().state.read() as conn:
        return {act.purpose: (act.state, act.evidence.how) for act in history(conn, ref)}


async def test_what_somebody_told_holds_and_is_on_record_with_its_words_sealed(office: Office) -> None:
    ref = ada(office).ref
    browser = await office.signed_in()
    assert "Record a withdrawal" in (await browser.get("/infinity/console/requests")).text
    answer = await record(browser, about=ADA, everything="yes", received_at="2026-11-09T12:00")
    assert answer.status_code == 303 and "It is recorded" in text_of((await browser.get(answer.headers["location"])).text)
    said = acts(office, ref)
    assert said["marketing-email"] == (State.OBJECTED, "by-telephone") and said["newsletter"] == (State.REFUSED, "by-telephone")
    with office.town.workspace().state.read() as conn:
        made = next(one for one in requests.of_person(conn, [ref]) if one.channel == "telephone")
        (note,) = requests.notes_of(office.town.workspace(), conn, made.id)
    assert (note.text, made.received_at.isoformat()) == ("Rang at noon", "2026-11-09T12:00:00+00:00")


async def test_one_purpose_ends_alone(office: Office) -> None:
    ref = ada(office).ref
    await record(await office.signed_in(), sender=ADA, by="email", **{"purpose-newsletter": "no"})
    assert acts(office, ref) == {"newsletter": (State.REFUSED, "by-email")}


async def test_a_mail_from_nobody_we_know_waits_and_is_asked_about(office: Office) -> None:
    ref = ada(office).ref
    browser = await office.signed_in()
    answer = await record(browser, sender="eve@people.example", by="email", everything="yes")
    assert "nothing was changed" in text_of((await browser.get(answer.headers["location"])).text) and acts(office, ref) == {}
    assert [one for one in letters(office) if one.startswith("eve@people.example")]


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"by": "pigeon"}, 400), ({"note": ""}, 400), ({"about": "", "everything": "yes"}, 400), ({"about": ADA}, 400),
        ({"about": ADA, "everything": "yes", "received_at": "yesterday"}, 400), ({"about": ADA, "everything": "yes", "csrf": "x"}, 403),
    ],
)  # fmt: skip
async def test_a_form_that_is_not_well_filled_in_changes_nothing(office: Office, fields: dict[str, Any], status: int) -> None:
    ref = ada(office).ref
    answer = await record(await office.signed_in(), **fields)
    assert answer.status_code == status and acts(office, ref) == {}


@pytest.mark.parametrize("name", ["Ansel", "Sabine"])
async def test_only_who_may_answer_requests_may_record(office: Office, name: str) -> None:
    browser = await office.signed_in(name)
    token = csrf_in((await browser.get("/infinity/console/")).text)
    assert (await browser.get(HERE)).status_code == 403
    assert (await browser.post(HERE, {"csrf": token, "by": "post", "about": ADA, "everything": "yes", "note": "x"})).status_code == 403
