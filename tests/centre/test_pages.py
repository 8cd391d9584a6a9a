"""Can anybody read the policy, each of its versions for ever, and the cookies; with the date where it was promised?"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import httpx
import pytest

from tests.serving import Served
from troth.base.clock import now
from troth.workspace import Workspace


@pytest.fixture
def http(served: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=served.url, headers={"accept": "text/html"}) as client:
        yield client


def test_the_notice_stands_with_its_date_at_the_foot(http: httpx.Client, workspace: Workspace) -> None:
    page = http.get("/infinity/policy").text
    assert page.index("Last changed on") > page.index("How to reach us") and page.index("Last changed on") > page.index('id="cookies"')
    for purpose in workspace.policy.purposes.values():
        assert purpose.label in page
    assert 'href="/infinity/cookies"' in page and 'href="/infinity/privacy"' in page and 'href="/infinity/policy/versions"' in page


def test_the_notice_is_there_as_plain_text_too(http: httpx.Client) -> None:
    answer = http.get("/infinity/policy.md")
    assert answer.headers["content-type"].startswith("text/markdown") and answer.text.startswith("# Privacy policy of Infinity")


def test_the_cookies_page_lists_every_cookie(http: httpx.Client, workspace: Workspace) -> None:
    page = http.get("/infinity/cookies").text
    assert all(name in page for name in workspace.policy.cookies)


def test_a_page_that_is_not_there_is_a_page_or_a_code(http: httpx.Client) -> None:
    assert http.get("/infinity/policy/versions/99").status_code == 404
    assert http.get("/nowhere/policy").status_code == 404
    assert http.get("/infinity/policy/versions/99", headers={"accept": "application/json"}).json()["code"] == "no-such-version"


def test_each_version_stays_as_it_was_and_the_list_says_what_changed(http: httpx.Client, served: Served) -> None:
    workspace = served.app.house.workspace("harbour")
    old = workspace.policy
    gone = old.purposes[old.settings.global_privacy_control[0]]
    purposes = {id: one for id, one in old.purposes.items() if id != gone.id}
    cookies = {id: one for id, one in old.cookies.items() if gone.id not in one.purposes}
    new = dataclasses.replace(old, version="2", changed_on=now().date(), effective_on=now().date(), purposes=purposes, cookies=cookies)
    new = dataclasses.replace(
        new,
        settings=dataclasses.replace(old.settings, global_privacy_control=tuple(id for id in old.settings.global_privacy_control if id in purposes)),
        promises={id: dataclasses.replace(one, about=tuple(about for about in one.about if about in purposes)) for id, one in old.promises.items()},
    )
    before = http.get(f"/harbour/policy/versions/{old.version}").text
    workspace.publish(new)
    assert gone.label not in http.get("/harbour/policy").text
    after = http.get(f"/harbour/policy/versions/{old.version}").text
    assert gone.label in before and gone.label in after and "not in force today" in after
    listed = http.get("/harbour/policy/versions").text
    assert listed.index("Version 2") < listed.index(f"Version {old.version}") and gone.label in listed
    assert http.get(f"/harbour/policy/versions/{old.version}.md").text.startswith("# Privacy policy")


def test_the_notice_can_be_had_in_other_forms_and_in_short(http: httpx.Client) -> None:
    page = http.get("/infinity/policy").text
    assert page.count("<h1>") == 1 and '<html lang="en">' in page and '<nav class="contents"' in page
    for path in ("policy", "policy/short", "cookies"):
        text = http.get(f"/infinity/{path}").text
        for form, kind in (("pdf", "application/pdf"), ("md", "text/markdown; charset=utf-8"), ("jsonld", "application/ld+json")):
            assert f'href="/infinity/{path}.{form}"' in text
            answer = http.get(f"/infinity/{path}.{form}")
            assert answer.status_code == 200 and answer.headers["content-type"] == kind, (path, form)
    assert http.get("/infinity/policy.pdf").content.startswith(b"%PDF-")
    linked = http.get("/infinity/policy.jsonld").json()
    assert linked["@graph"][0]["@id"].endswith("/infinity/policy#notice")
    assert "answers for your data." in http.get("/infinity/policy/short").text


def test_the_notice_is_spoken_in_another_language_when_asked(http: httpx.Client) -> None:
    page = http.get("/infinity/policy?language=de").text
    assert '<html lang="de">' in page and '<article class="text" lang="de">' in page and "Wofür wir Daten verwenden" in page
    assert '<span lang="en">' in page and "nicht übersetzt" in page
    assert 'href="/infinity/policy.pdf?language=de"' in page
    assert "Wofür wir Daten verwenden" in http.get("/infinity/policy.md?language=de").text
    assert http.get("/infinity/policy?language=fr").status_code == 404
    assert http.get("/infinity/policy.pdf?language=../en", headers={"accept": "application/json"}).json()["code"] == "no-such-language"
    assert 'hreflang="de"' not in http.get("/infinity/policy").text, "no language is offered that the policy's own texts are not in"


def test_the_bare_addresses_lead_on_and_name_nobody_elses_business(http: httpx.Client) -> None:
    start = http.get("/infinity")
    assert start.status_code == 200 and all(f'href="/infinity{path}"' in start.text for path in ("/privacy", "/policy", "/cookies", "/promises"))
    bare = http.get("/")
    assert bare.status_code == 200 and "console" in bare.text and "infinity" not in bare.text.lower()
    assert http.get("/nowhere").status_code == 404
