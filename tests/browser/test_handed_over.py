"""Does the piece of script in docs/bringing-consents.md hand an old banner's cookies over, so that nobody is asked twice in vain?"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.real import Town, town
from tests.browser.visit import BERLIN
from troth.base.clock import now
from troth.base.ids import new_token
from troth.collect.consent_lines import read_layout
from troth.consent.record import State, Strength
from troth.consent.standing import read_standing
from troth.policy.conduct import YesBy, YesStrength
from troth.subjects import directory
from troth.subjects.directory import IdentifierKind

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "bringing-consents.md"
SITE = "site-analytics"


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """A town whose business takes what its earlier banner recorded."""
    with town(tmp_path_factory.mktemp("town"), ["infinity"]) as built:
        workspace = built.served.app.house.workspace("infinity")
        policy = workspace.policy
        asking = replace(policy.asking, categories={"C0002": (SITE,)}, evidence={YesBy.IMPORT: YesStrength.EXPLICIT})
        workspace.publish(replace(policy, asking=asking, version=new_token(6), changed_on=now().date()))
        yield built


def snippet(here: Town) -> str:
    """The guide's own lines, for this server and over plain HTTP."""
    found = re.search(r"<script>\n(.*?)</script>", GUIDE.read_text("utf-8").replace("\n    ", "\n"), re.DOTALL)
    assert found is not None
    key = here.served.app.house.workspace("infinity").access["publishable_key"]
    text = found[1].replace("https://privacy.example.com/my-shop", f"{here.served.url}/infinity").replace("p_…", key)
    return text.replace(";secure", "")


def arrive(here: Town, browser: Browser, groups: str) -> Page:
    """Somebody who answered the old banner today comes to the site."""
    context = here.visitor(browser, BERLIN)
    old = {"OptanonConsent": f"groups={groups}", "OptanonAlertBoxClosed": now().isoformat()}
    context.add_cookies([{"name": name, "value": value, "url": here.sites["infinity"]} for name, value in old.items()])
    context.add_init_script(snippet(here))
    page = context.new_page()
    with page.expect_response(lambda answer: answer.url.endswith("/infinity/consent") and answer.request.method == "POST") as told:
        page.goto(here.sites["infinity"] + "/")
    assert told.value.status == 200
    page.wait_for_function("document.cookie.includes('troth_choice=')")
    page.reload()
    page.wait_for_selector("#troth-back", state="attached")
    return page


def cookies(page: Page) -> dict[str, str]:
    return {cookie["name"]: unquote(cookie["value"]) for cookie in page.context.cookies()}


def test_an_old_yes_holds_in_the_browser_and_on_the_server_and_is_marked(here: Town, browser: Browser) -> None:
    page = arrive(here, browser, "C0001:1,C0002:1")
    kept, workspace = cookies(page), here.served.app.house.workspace("infinity")
    assert json.loads(kept["troth_choice"])["purposes"][SITE].startswith("given ")
    with workspace.state.read() as conn:
        ref = directory.find(conn, directory.hash_of(workspace.keys, IdentifierKind.ANONYMOUS, kept["troth_visitor"]))
        standing = read_standing(conn, ref or 0)
    assert standing is not None and standing.states[SITE] is State.GIVEN and standing.imported == {SITE} and standing.strength is Strength.IMPORTED
    label = workspace.policy.purposes[SITE].label
    assert label not in (page.text_content("#troth-banner") or "" if page.query_selector("#troth-banner") else "")
    page.context.close()


def test_an_old_no_is_kept_and_not_asked_about_again(here: Town, browser: Browser) -> None:
    page = arrive(here, browser, "C0001:1,C0002:0")
    kept, label = cookies(page), here.served.app.house.workspace("infinity").policy.purposes[SITE].label
    assert json.loads(kept["troth_choice"])["purposes"][SITE].startswith("refused ") and "troth_visitor" not in kept
    assert label not in (page.text_content("#troth-banner") or "" if page.query_selector("#troth-banner") else "")
    page.context.close()


def test_the_guides_map_is_one(tmp_path: Path) -> None:
    found = re.search(r"    (columns:.*?)\n\n", GUIDE.read_text("utf-8"), re.DOTALL)
    assert found is not None
    (tmp_path / "map.yaml").write_text(found[1].replace("\n    ", "\n"))
    layout = read_layout(tmp_path / "map.yaml")
    assert layout.kind == "email" and layout.zone == "Europe/Berlin" and layout.purposes["Offers"] == ("newsletter", "marketing-email")
