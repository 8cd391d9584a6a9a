"""Is Global Privacy Control honoured: exactly `1`, at once, once in the ledger, for the browser and its person?"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.centre.conftest import BERLIN, CALIFORNIA, Person
from tests.serving import Served
from troth.collect.choices import refused_by_signal
from troth.consent.record import State, history
from troth.consent.standing import Standing, read_standing
from troth.ledger.entry import EntryKind
from troth.prove.world import AGENT, World
from troth.subjects import directory
from troth.subjects.directory import IdentifierKind
from troth.workspace import Workspace

SIGNAL = [("sec-gpc", "1")]
Headers = list[tuple[str, str]]
People = Callable[..., Person]


class Browser:
    """A browser at a site of infinity's that sends such headers."""

    def __init__(self, served: Served, workspace: Workspace, headers: Headers, zone: str = CALIFORNIA) -> None:
        self.id, self.workspace, self.zone = secrets.token_hex(16), workspace, zone
        self._url, self._policy = served.url, workspace.policy
        self._headers = [("user-agent", AGENT), ("origin", workspace.policy.site.origins[0]), ("content-type", "text/plain"), *headers]

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """What its script posts."""
        answer = httpx.post(self._url + path, content=json.dumps(body), headers=self._headers)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def view(self) -> dict[str, Any]:
        """View a page."""
        page = {"url": self._policy.site.origins[0] + "/pricing", "path": "/pricing"}
        message = {"type": "page", "messageId": secrets.token_hex(12), "anonymousId": self.id, "context": {"page": page, "timezone": self.zone}}
        return self.post("/v1/batch", {"writeKey": self.workspace.access["publishable_key"], "batch": [message]})

    def choose(self, how: str, **choices: str) -> dict[str, Any]:
        """Press a button of the banner."""
        said = {purpose.replace("_", "-"): state for purpose, state in choices.items()}
        body = {"key": self.workspace.access["publishable_key"], "anonymousId": self.id, "choices": said, "how": how, "tz": self.zone}
        return self.post("/infinity/consent", body)

    def asked(self) -> dict[str, Any]:
        return dict(httpx.get(f"{self._url}/infinity/consent", params={"tz": self.zone}, headers=self._headers).json())

    def number(self) -> dict[str, Any]:
        return dict(httpx.post(f"{self._url}/infinity/number", json={"visitor": self.id}, headers=self._headers).json())

    @property
    def standing(self) -> Standing | None:
        with self.workspace.state.read() as conn:
            ref = directory.find(conn, directory.hash_of(self.workspace.keys, IdentifierKind.ANONYMOUS, self.id))
            return read_standing(conn, ref) if ref is not None else None

    @property
    def acts(self) -> list[tuple[str, State, str]]:
        """(purpose, what was said, how) in order."""
        assert self.standing is not None
        with self.workspace.state.read() as conn:
            return [(act.purpose, act.state, act.evidence.how) for act in history(conn, self.standing.ref)]

    def entries(self) -> int:
        """How often the ledger says something of what this person said."""
        assert self.standing is not None
        with self.workspace.state.read() as conn:
            found = [entry for _, entry in self.workspace.log.entries(conn) if entry.kind is EntryKind.CONSENT]
        return sum(entry.body["ref"] == self.standing.ref for entry in found)


@pytest.fixture
def browser(served: Served, workspace: Workspace) -> Callable[..., Browser]:
    return lambda headers=(), zone=CALIFORNIA: Browser(served, workspace, list(headers), zone)


Browsers = Callable[..., Browser]


def test_the_first_event_with_the_signal_meets_it_and_it_is_entered_once_not_per_hit(browser: Browsers, workspace: Workspace) -> None:
    cal = browser(SIGNAL)
    assert cal.view()["stored"] == 1 and cal.view()["stored"] == 1 and cal.view()["stored"] == 1
    assert cal.standing is not None
    refused = refused_by_signal(workspace.plan, "california")
    assert set(refused) == set(workspace.policy.settings.global_privacy_control)
    assert {purpose: cal.standing.states[purpose] for purpose in refused} == refused
    assert cal.entries() == 1 and {how for _, _, how in cal.acts} == {"gpc"}
    assert cal.number()["leased"] is False


@pytest.mark.parametrize(
    ("headers", "honoured"),
    [
        ([("sec-gpc", "1")], True), ([("Sec-GPC", "1")], True), ([("sec-gpc", "0"), ("sec-gpc", "1")], True),
        ([("sec-gpc", "1"), ("sec-gpc", "0")], True), ([("sec-gpc", "0")], False), ([("sec-gpc", "true")], False),
        ([("sec-gpc", "01")], False), ([("sec-gpc", "1;x")], False), ([("dnt", "1")], False), ([], False),
    ],
)  # fmt: skip
def test_only_a_header_of_exactly_1_counts(browser: Browsers, headers: Headers, honoured: bool) -> None:
    cal = browser(headers)
    cal.view()
    assert cal.standing is not None
    assert (cal.standing.states.get("call-journey") is State.OBJECTED) is honoured
    assert cal.asked()["signal"] is honoured


def test_a_yes_from_before_the_signal_is_taken_back_and_its_number_is_no_longer_lent(served: Served, browser: Browsers) -> None:
    cal = browser()
    cal.view()
    assert cal.number()["leased"] is True
    cal.choose("accept-all", call_journey="given", site_analytics="given")
    cal._headers += SIGNAL
    cal.view()
    assert cal.standing is not None
    assert cal.standing.states["call-journey"] is State.WITHDRAWN and cal.standing.states["site-analytics"] is State.GIVEN
    assert cal.number()["leased"] is False


def test_pressing_accept_all_under_the_signal_accepts_the_rest(browser: Browsers) -> None:
    cal = browser(SIGNAL)
    cal.choose("accept-all", call_journey="given", personalisation="given", site_analytics="given")
    assert cal.standing is not None
    assert cal.standing.states["site-analytics"] is State.GIVEN
    assert cal.standing.states["call-journey"] is not State.GIVEN and ("call-journey", State.OBJECTED, "gpc") in cal.acts


def test_of_whom_everything_is_refused_nothing_is_made(browser: Browsers) -> None:
    dov = browser(SIGNAL, BERLIN)
    dov.choose("reject-all", site_analytics="refused", call_journey="refused")
    dov.view()
    assert dov.standing is None


def test_the_centre_shows_it_as_honoured_and_a_later_yes_by_name_stands(
    browser: Browsers, served: Served, workspace: Workspace, world: World
) -> None:
    cal = browser(SIGNAL)
    cal.view()
    at_home = Person(served.url, workspace)
    at_home.http.headers["sec-gpc"] = "1"
    assert 'data-signal="honoured"' in at_home.get().text
    page = at_home.follow(at_home.post("/browser", v=cal.id))
    label = workspace.policy.purposes["call-journey"].label
    assert 'data-signal="honoured"' in page.text and label in page.text and "your browser's privacy signal" in at_home.said(page)
    at_home.follow(at_home.post("/choices", purpose="call-journey", say="give"))
    cal.view()
    assert cal.standing is not None and cal.standing.states["call-journey"] is State.GIVEN
    assert cal.number()["leased"] is True
    at_home.http.close()


def test_who_is_known_is_heard_in_the_centre_too(person: People, workspace: Workspace) -> None:
    ada = person(CALIFORNIA).come_in()
    assert "data-signal" not in ada.get().text
    ada.http.headers["sec-gpc"] = "1"
    assert 'data-signal="honoured"' in ada.get().text
    from tests.centre.test_acts import ref_of

    with workspace.state.read() as conn:
        standing = read_standing(conn, ref_of(workspace, ada))
    assert standing is not None and standing.states["marketing-email"] is State.OBJECTED


def test_a_server_of_ones_own_that_sends_the_header_says_nothing_of_its_visitors(served: Served, workspace: Workspace) -> None:
    visitor = secrets.token_hex(16)
    body = {"anonymousId": visitor, "context": {"timezone": CALIFORNIA, "page": {"url": "http://127.0.0.1:8101/"}}}
    answer = httpx.post(served.url + "/v1/page", json=body, auth=(workspace.access["write_key"], ""), headers={"sec-gpc": "1"})
    assert answer.json()["stored"] == 1
    with workspace.state.read() as conn:
        ref = directory.find(conn, directory.hash_of(workspace.keys, IdentifierKind.ANONYMOUS, visitor))
        assert ref is not None and history(conn, ref) == []
