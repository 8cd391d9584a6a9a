"""Is another tool's answer taken over at a first visit: its no at its word, its yes as weaker evidence, and never over our own?"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.consent.test_banners import CLOSED, ONETRUST
from tests.keeping import Place, a_place, infinity_policy
from troth.base.clock import now
from troth.base.errors import Fault
from troth.collect.choices import choose
from troth.collect.consent_lines import Code, Form, Layout, lines_of
from troth.collect.hand_over import hand_over
from troth.collect.import_consent import import_consents
from troth.consent.record import State, Strength
from troth.consent.standing import Standing, read_standing
from troth.gate.decide import MayUse, Permit, decide
from troth.policy.conduct import YesBy, YesStrength
from troth.subjects import directory
from troth.subjects.directory import IdentifierKind

SITE, BERLIN, LONDON, ME = "site-analytics", "Europe/Berlin", "Europe/London", "my-browser-0001"
CATEGORIES = {"C0002": (SITE,), "C0004": ("personalisation",)}
YES = {"OptanonConsent": "groups=C0002:1", "OptanonAlertBoxClosed": CLOSED}
NO = {"OptanonConsent": "groups=C0002:0", "OptanonAlertBoxClosed": CLOSED}


def a_business(folder: Path, takes: bool) -> Any:
    policy = infinity_policy()
    evidence = {YesBy.IMPORT: YesStrength.EXPLICIT} if takes else {}
    return a_place(folder, replace(policy, asking=replace(policy.asking, categories=CATEGORIES, evidence=evidence)))


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with a_business(tmp_path, takes=False) as found:
        yield found


@pytest.fixture
def willing(tmp_path: Path) -> Iterator[Place]:
    with a_business(tmp_path, takes=True) as found:
        yield found


def hand(place: Place, cookies: object, tz: str = BERLIN, visitor: str | None = ME, signal: bool = False) -> dict[str, Any]:
    body = {"imported": {"cookies": cookies}, "tz": tz} | ({"anonymousId": visitor} if visitor else {})
    return hand_over(place.workspace, body, signal)


def me(place: Place) -> Standing | None:
    with place.workspace.state.read() as conn:
        ref = directory.find(conn, directory.hash_of(place.workspace.keys, IdentifierKind.ANONYMOUS, ME))
        return read_standing(conn, ref) if ref is not None else None


def counted(place: Place) -> bool:
    return isinstance(decide(MayUse(SITE), place.workspace.plan, me(place), now()), Permit)


def test_a_yes_that_the_policy_takes_opens_its_purpose_and_is_marked(willing: Place) -> None:
    told = hand(willing, YES)
    standing = me(willing)
    assert standing is not None and standing.states[SITE] is State.GIVEN and standing.strength is Strength.IMPORTED and counted(willing)
    assert told["imported"] == {"given": [SITE], "refused": [], "to_be_asked": []} and told["receipt"]["entry"] > 0
    kept = json.loads(told["choice"])
    assert kept["purposes"] == {SITE: "given 2024-05-01"} and kept["version"] == willing.workspace.policy.version
    assert willing.ledger("consent")[-1]["how"] == "import.onetrust"
    before = len(willing.ledger("consent"))
    assert hand(willing, YES)["receipt"] is None and len(willing.ledger("consent")) == before  # the same cookie again is no news


def test_a_yes_that_the_policy_does_not_take_makes_nobody_and_is_asked_for_again(place: Place) -> None:
    told = hand(place, YES)
    assert me(place) is None and told["imported"] == {"given": [], "refused": [], "to_be_asked": [SITE]} and told["choice"] is None
    with place.workspace.state.read() as conn:
        assert conn.exec_driver_sql("SELECT count(*) FROM subject").scalar_one() == 0


def test_a_no_is_taken_at_its_word_and_points_to_nobody(place: Place) -> None:
    told = hand(place, NO)
    assert me(place) is None and told["imported"]["refused"] == [SITE] and len(told["receipt"]["id"]) == 26
    assert json.loads(told["choice"])["purposes"] == {SITE: "refused 2024-05-01"}


def test_where_one_may_object_an_old_no_stops_the_counting(place: Place) -> None:
    choose(place.workspace, {"choices": {"personalisation": "given"}, "how": "choose", "tz": LONDON, "anonymousId": ME})
    hand(place, YES, LONDON)
    assert counted(place)
    hand(place, NO, LONDON)  # of the same day as the yes: the no wins
    standing = me(place)
    assert standing is not None and standing.states[SITE] in (State.OBJECTED, State.WITHDRAWN) and not counted(place)


def test_what_was_said_to_us_is_not_touched_by_an_older_cookie(willing: Place) -> None:
    choose(willing.workspace, {"choices": {SITE: "given"}, "how": "choose", "tz": BERLIN, "anonymousId": ME})
    hand(willing, NO)
    assert counted(willing)
    willing.clock.pass_by(timedelta(minutes=1))
    choose(willing.workspace, {"choices": {SITE: "refused"}, "how": "withdraw", "tz": BERLIN, "anonymousId": ME})
    hand(willing, YES)
    hand(willing, {"klaro": '{"C0002":true}'})  # a yes of unknown time
    hand(willing, YES | {"OptanonAlertBoxClosed": "2031-01-01T00:00:00Z"})  # a time that is still to come is no time
    assert not counted(willing)


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+14:00", "1969-12-31T23:59:59Z"])
def test_a_time_that_cannot_be_is_no_time(willing: Place, at: str) -> None:
    told = hand(willing, YES | {"OptanonAlertBoxClosed": at})
    assert told["imported"]["given"] == [SITE] and now().date().isoformat() in told["choice"]


def test_the_browsers_signal_outweighs_an_old_yes(willing: Place) -> None:
    told = hand(willing, YES, "America/Los_Angeles", signal=True)
    refused = set(willing.workspace.policy.settings.global_privacy_control)
    assert (SITE in refused) == (SITE not in told["imported"]["given"])


@pytest.mark.parametrize("imported", [None, 3, {}, {"cookies": 3}, {"cookies": {"a": 1}}, {"cookies": {"klaro": "{"}},
                                      {"cookies": {"gpp": "x" * 70_000}}, {"cookies": {"euconsent-v2": "同意"}}])  # fmt: skip
def test_what_cannot_be_read_is_refused_with_a_code_and_changes_nothing(place: Place, imported: object) -> None:
    with pytest.raises(Fault) as refused:
        hand_over(place.workspace, {"imported": imported, "anonymousId": ME, "tz": BERLIN}, False)
    assert refused.value.code in ("bad-choice", "bad-consent-cookie", "bad-consent-string") and refused.value.status == 400
    assert me(place) is None and place.ledger("consent") == []


def test_an_export_of_cookies_is_read_like_any_file(willing: Place) -> None:
    path = willing.workspace.settings.data.parent / "cookies.json"
    cookies = (dict(YES), f"OptanonConsent={ONETRUST}", {"klaro": '{"C0002":true}'}, {"klaro": "{"})
    rows = [{"kind": "anonymous", "value": ME if number == 0 else f"browser-{number}", "cookies": one} for number, one in enumerate(cookies)]
    path.write_text("\n".join(map(json.dumps, rows)))
    policy = willing.workspace.policy
    lines = list(lines_of(path, Form.BANNER_COOKIES, Layout(purposes=dict(policy.asking.categories)), policy.purposes, 2**60, lambda size: None))
    report = import_consents(willing.workspace, lines)
    assert [(one.line, one.code) for one in report.findings] == [(2, Code.NOTHING_SAID), (3, Code.YES_WITHOUT_TIME), (4, Code.BAD_COOKIE)]
    assert report.newcomers == 1 and counted(willing)
