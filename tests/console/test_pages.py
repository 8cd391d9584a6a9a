"""Each operator sees the own workspace, in full words, and nothing of any other; every page is of use when empty."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.console.conftest import Office, csrf_in
from tests.reports.town import BERLIN
from troth.consent.record import State
from troth.ledger.entry import EntryKind
from troth.policy.parse import read_policy
from troth.serve import EXAMPLES
from troth.subjects.directory import IdentifierKind

HOME = "/infinity/console/"
PATHS = ("", "calls", "people", "requests", "refused", "imports", "policy", "settings", "workspaces")
CALIFORNIAN = "+12135550100"


def text_of(page: str) -> str:
    """A page's words, without its marks."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def fill(office: Office) -> None:
    """Two people from a newsletter, one of them calls; one who was not asked."""
    town = office.town
    for who in ("ada-ada-ada", "dov-dov-dov"):
        town.view(who, "/?utm_source=news&utm_medium=email")
    town.call(CALIFORNIAN, "ada-ada-ada")
    town.call("+4930555010")
    town.view("cleo-cleo-c", "/pricing", zone=BERLIN)


async def test_every_page_is_there_when_nothing_has_happened_and_says_what_to_do(office: Office) -> None:
    browser = await office.signed_in()
    for path in PATHS:
        page = await browser.get(HOME + path)
        assert page.status_code == 200, path
    empty = (await browser.get(HOME)).text
    assert "/infinity/troth.js" in empty
    assert "/infinity/hooks/twilio/voice" in (await browser.get(HOME + "calls")).text


async def test_the_overview_shows_the_figures_their_purpose_and_who_is_left_out(office: Office) -> None:
    fill(office)
    office.town.say("dov-dov-dov", {"site-analytics": State.OBJECTED})
    page = text_of((await (await office.signed_in()).get(HOME)).text)
    assert "Visits 1" in page and "People 1" in page and "Page views 2 1 of them without a person" in page and "Calls 2" in page
    assert "Learning how the site is used 1 person left out now, having said no" in page
    assert "Policy, version 1" in page
    assert "The person has not been asked, and this purpose asks first" in page


async def test_the_numbers_behind_the_chart_stand_in_a_table(office: Office) -> None:
    fill(office)
    page = (await (await office.signed_in()).get(HOME + "?days=7")).text
    assert '<svg class="wide"' in page and 'role="img"' in page
    assert "Tuesday 10 November: 2 visits, 2 calls" in page
    assert re.search(r"10 November 2026</th><td class=\"num\">2</td>", page)


async def test_calls_show_their_source_or_why_they_have_none_and_lead_to_the_visit(office: Office) -> None:
    fill(office)
    browser = await office.signed_in()
    page = (await browser.get(HOME + "calls")).text
    assert "the person has not been asked" in page and "020 7946" in page
    ref = office.town.ref(CALIFORNIAN, IdentifierKind.PHONE)
    assert f"{HOME}people/{ref}" in page
    journey = text_of((await browser.get(f"{HOME}people/{ref}")).text)
    assert "Visit from news (email)" in journey and "Call to 020 7946" in journey


async def test_a_join_is_parted_on_a_persons_page_and_the_undoing_shown(office: Office) -> None:
    fill(office)
    browser = await office.signed_in()
    ref = office.town.ref(CALIFORNIAN, IdentifierKind.PHONE)
    page = (await browser.get(f"{HOME}people/{ref}")).text
    (join,) = re.findall(r'data-join="(\d+)"', page)
    assert "a call came to the number their page showed" in text_of(page)
    form = {"csrf": csrf_in(page), "link": join}
    assert (await browser.post(f"{HOME}people/{ref}/part", form | {"csrf": "x"})).status_code == 403
    assert (await browser.post(f"{HOME}people/{ref}/part", form | {"link": "4711"})).status_code == 404
    done = await browser.post(f"{HOME}people/{ref}/part", form)
    assert done.headers["location"] == f"{HOME}people/{ref}?done=parted"
    after = (await browser.get(f"{HOME}people/{office.town.ref('ada-ada-ada')}?done=parted")).text
    assert f'data-parted="{join}"' in after and "data-join" not in after and "They are apart again" in after
    assert "Call to" not in text_of(after).partition("Read as one person")[0]
    assert (await browser.post(f"{HOME}people/{ref}/part", form)).status_code == 404
    (entry,) = office.town.entries(EntryKind.UNJOINED)
    assert entry["operator"] == next(one.id for one in office.operators.all() if one.name == "Odile")


async def test_who_may_not_see_a_person_parts_nothing(office: Office) -> None:
    fill(office)
    ref = office.town.ref(CALIFORNIAN, IdentifierKind.PHONE)
    browser = await office.signed_in("Sabine")
    token = csrf_in((await browser.get(HOME)).text)
    assert (await browser.post(f"{HOME}people/{ref}/part", {"csrf": token, "link": "1"})).status_code == 404
    assert office.town.entries(EntryKind.UNJOINED) == []


async def test_no_callers_number_and_no_address_stands_on_any_page(office: Office) -> None:
    fill(office)
    browser = await office.signed_in()
    ref = office.town.ref(CALIFORNIAN, IdentifierKind.PHONE)
    for path in (*PATHS, f"people/{ref}"):
        page = (await browser.get(HOME + path)).text
        for trace in (CALIFORNIAN, "213-555", "2135550100", "203.0.113.7", "ada-ada-ada"):
            assert trace not in page, (path, trace)


async def test_a_policy_that_does_not_join_says_so_where_the_sources_would_stand(office: Office) -> None:
    office.operators.add("Alma", "alder", "owner", "four words in a row")
    office.town.view("ada-ada-ada", "/", w="alder", zone="Europe/London")
    browser = await office.signed_in("Alma", w="alder")
    said = "This policy does not join calls to visits, so calls have no source."
    for path in ("", "calls", "people"):
        page = await browser.get(f"/alder/console/{path}")
        assert page.status_code == 200 and said in page.text, path


async def test_a_role_sees_only_what_its_purposes_allow(office: Office) -> None:
    fill(office)
    support = text_of((await (await office.signed_in("Sabine")).get(HOME)).text)
    assert "Calls 2" in support and "Visits" not in support.replace("Visits and calls", "")
    assert "This role may not act for this purpose" in support
    analyst = text_of((await (await office.signed_in("Ansel")).get(HOME)).text)
    assert "Visits 2" in analyst and "This role may not act for this purpose" in analyst


async def test_secret_keys_are_masked_shown_on_request_to_an_owner_and_that_is_in_the_ledger(office: Office) -> None:
    access = office.town.workspace().access
    browser = await office.signed_in()
    page = (await browser.get(HOME + "settings")).text
    assert access["publishable_key"] in page
    assert not any(access[key] in page for key in ("write_key", "api_key", "twilio_token", "canary_key"))
    shown = (await browser.post(HOME + "settings/reveal", {"csrf": csrf_in(page), "key": "write_key"})).text
    assert access["write_key"] in shown and access["api_key"] not in shown
    (entry,) = office.town.entries(EntryKind.OPERATOR_ACT)
    assert entry["act"] == "key-revealed" and entry["key"] == "write_key" and "Odile" not in json.dumps(entry)


async def test_another_role_may_not_see_the_keys(office: Office) -> None:
    browser = await office.signed_in("Ansel")
    page = (await browser.get(HOME + "settings")).text
    assert office.town.workspace().access["publishable_key"] not in page
    answer = await browser.post(HOME + "settings/reveal", {"csrf": csrf_in(page), "key": "write_key"})
    assert answer.status_code == 403 and office.town.workspace().access["write_key"] not in answer.text


@pytest.mark.parametrize("w", ["harbour", "alder", "nowhere", "no-such-place"])
async def test_any_other_workspace_is_the_same_refusal_whether_it_exists_or_not(office: Office, w: str) -> None:
    fill(office)
    browser = await office.signed_in("Odile")
    for path in (*PATHS, "people/12345"):
        page = await browser.get(f"/{w}/console/{path}")
        assert page.status_code == 403 and "other-workspace" in page.text
    told = await browser.get(f"/{w}/console/", accept="application/json")
    assert (told.status_code, told.json()["code"]) == (403, "other-workspace")
    post = await browser.post(f"/{w}/console/settings/reveal", {"csrf": "x", "key": "api_key"})
    assert post.status_code == 403
    for report in ("overview", "calls", "refused", "export"):
        answer = await browser.get(f"/api/{w}/{report}")
        assert (answer.status_code, answer.json()["code"]) == (403, "other-workspace")
        assert answer.json()["message"] == "you hold no role in this workspace"


async def test_an_operator_of_two_workspaces_may_switch(office: Office) -> None:
    office.operators.add("Odile", "harbour", "owner", None)
    browser = await office.signed_in("Odile")
    assert "/harbour/console/" in (await browser.get(HOME + "workspaces")).text
    assert (await browser.get("/harbour/console/")).status_code == 200
    assert (await browser.get("/alder/console/")).status_code == 403


@pytest.mark.parametrize("path", ["requests/ffffffffffffffff", "people/9999999999999999999", "review/9999999999999999999", "people/\u00b2"])
async def test_a_number_too_large_to_be_held_is_nobodys(office: Office, path: str) -> None:
    browser = await office.signed_in()
    assert (await browser.get(HOME + path)).status_code == 404
    assert (await browser.get(HOME + "calls?days=\u00b2")).status_code == 200
    fields = {"csrf": csrf_in((await browser.get(HOME)).text), "kind": "ref", "value": "9999999999999999999"}
    assert (await browser.post(HOME + "child", fields)).status_code == 404


async def test_a_role_that_may_not_read_the_chat_is_told_which_may_and_led_on(office: Office) -> None:
    office.town.house.create("infisim").publish(read_policy(EXAMPLES / "infisim" / "policy.yaml"))
    office.operators.add("Iris", "infisim", "owner", "four words in a row")
    browser = await office.signed_in("Iris", w="infisim")
    page = await browser.get("/infisim/console/chats")
    assert page.status_code == 403 and "Live chat" in page.text and "--role support" in page.text and 'href="/infisim/console/"' in page.text
    told = await browser.get("/infisim/console/chats", accept="application/json")
    assert (told.status_code, told.json()["code"]) == (403, "role-not-allowed")


HOSTILE = '"><script>alert(1)</script>\'{{7*7}}<img src=x onerror=alert(2)>'


async def test_hostile_strings_come_out_as_text(office: Office) -> None:
    town = office.town
    town.view("ada-ada-ada", f"/{HOSTILE}?utm_source={HOSTILE}&utm_campaign={HOSTILE}", f"https://{HOSTILE}/", agent=HOSTILE)
    town.follow("ada-ada-ada", HOSTILE)
    town.use("ada-ada-ada", HOSTILE)
    office.operators.add("<b>Bobby</b>", "infinity", "owner", "four words in a row")
    browser = await office.signed_in("<b>Bobby</b>")
    for path in (*PATHS, f"?days={HOSTILE}", f"people/{HOSTILE.replace('/', '')}", "calls?days=-1", "calls?days=99999999999999999999"):
        page = await browser.get(HOME + path)
        assert page.status_code in (200, 404), path
        assert "<script>alert" not in page.text and "<img src=x" not in page.text and "<b>Bobby" not in page.text and ">49<" not in page.text
    failed = await office.browser().sign_in(HOSTILE, HOSTILE)
    assert failed.status_code == 401 and "alert(1)" not in failed.text


async def test_pages_allow_no_foreign_and_no_inline_script(office: Office) -> None:
    fill(office)
    browser = await office.signed_in()
    for path in (*PATHS, "sign-in"):
        page = await browser.get(HOME + path)
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy
        assert page.headers["cache-control"] == "no-store"
        assert not re.search(r"\son\w+=|\sstyle=|<script(?! src)|https?://(?!127\.0\.0\.1|www\.infinity\.example)[^\"' <]*\.(js|css|woff)", page.text)


async def test_static_files_are_cached_by_their_hash_and_nothing_else_is_served(office: Office) -> None:
    browser = office.browser()
    found = re.search(r"/static/troth\.css\?v=\w+", (await browser.get("/infinity/console/sign-in")).text)
    assert found is not None
    style = await browser.get(found[0])
    assert style.status_code == 200 and "immutable" in style.headers["cache-control"]
    assert (await browser.get("/static/troth.css?v=old")).headers["cache-control"] == "public, max-age=300"
    assert (await browser.get("/static/troth.css", **{"if-none-match": style.headers["etag"]})).status_code == 304
    for path in ("/static/..%2fpage.py", "/static/nothing.css", "/static/.css"):
        assert (await browser.get(path)).status_code == 404


# programs


def bearer(office: Office, w: str = "infinity") -> dict[str, str]:
    return {"authorization": f"Bearer {office.town.workspace(w).access['api_key']}"}


async def test_a_program_reads_the_same_figures_with_its_key(office: Office) -> None:
    fill(office)
    found: dict[str, Any] = (await office.browser().get("/api/infinity/overview?days=7", **bearer(office))).json()
    assert (found["from"], found["to"], found["policy"]) == ("2026-11-04", "2026-11-10", "1")
    visits = found["visits"]
    assert (visits["visits"], visits["people"], visits["page_views"], visits["anonymous_page_views"]) == (2, 2, 2, 1)
    assert found["sources"] == [{"name": "news", "visits": 2, "people": 2, "calls": 1, "conversion": 0.5}]
    assert found["calls"]["total"] == 2 and found["calls"]["by_state"] == {"joined": 1, "not permitted": 1}
    calls = (await office.browser().get("/api/infinity/calls", **bearer(office))).json()["calls"]
    joined = next(call for call in calls if call["joined"] == "joined")
    assert joined["ref"] == str(office.town.ref(CALIFORNIAN, IdentifierKind.PHONE)) and joined["source"] == "news"
    refused = (await office.browser().get("/api/infinity/refused", **bearer(office))).json()
    assert "not-asked" in {one["reason"] for one in refused["reasons"]}


async def test_a_program_needs_a_key_and_it_opens_one_workspace(office: Office) -> None:
    for headers, status in (({}, 401), ({"authorization": "Bearer a_wrong"}, 403), (bearer(office, "harbour"), 403)):
        answer = await office.browser().get("/api/infinity/overview", **headers)
        assert answer.status_code == status and set(answer.json()) >= {"code", "message"}
    write_key = {"authorization": f"Bearer {office.town.workspace().access['write_key']}"}
    assert (await office.browser().get("/api/infinity/overview", **write_key)).status_code == 403


async def test_what_is_made_to_be_shared_holds_small_cells_back_and_is_in_the_ledger(office: Office) -> None:
    for n in range(6):
        office.town.view(f"visitor-{n:04}", "/", "https://www.google.com/")
    for n in range(9):
        office.town.view(f"reader-{n:05}", "/?utm_source=news")
    office.town.view("ada-ada-ada", "/", "https://www.bing.com/")
    found = (await office.browser().get("/api/infinity/export?report=sources", **bearer(office))).json()
    rows = {row["name"]: row for row in found["rows"]}
    assert rows["news"]["people"] == 9
    assert rows["bing"]["people"] is rows["bing"]["visits"] is None and rows["bing"]["note"]
    assert rows["google"]["people"] is None  # it hides the other
    assert found["total"]["people"] == 16
    assert [entry["report"] for entry in office.town.entries(EntryKind.PUBLISHED)] == ["sources"]
    sheet = (await office.browser().get("/api/infinity/export?report=sources&format=csv", **bearer(office))).text
    assert "bing,,,held back" in sheet
    assert (await office.browser().get("/api/infinity/export?report=people", **bearer(office))).status_code == 404
