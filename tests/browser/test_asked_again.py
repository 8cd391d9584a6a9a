"""Does the banner ask again only for what changed since somebody said yes? Seen from a real Chromium; the server's half is a fake.

Source: GDPR Art. 4(11), 7; docs/decisions/0021.
"""

from __future__ import annotations

from tests.browser.conftest import Open
from tests.browser.fake_server import PURPOSES, FakeTroth
from tests.browser.visit import BERLIN, Visit, until

CHANGED = {"version": "2", "anew": {"site-analytics": "2"}}


def _asked_about(person: Visit) -> list[str]:
    return [str(one) for one in person.page.locator("#troth-banner li b").all_inner_texts()]


def test_a_changed_purpose_is_asked_alone_and_the_others_keep_their_yes(visit: Open, fake: FakeTroth) -> None:
    ada = visit(BERLIN)
    ada.go()
    ada.press("accept")
    id = ada.id()
    fake.terms = CHANGED
    ada.go("/pricing")
    assert _asked_about(ada) == [PURPOSES["site-analytics"][0]]
    assert ada.page.evaluate("troth.choices()") == {"site-analytics": "not-asked", "call-journey": "given", "personalisation": "given"}
    assert ada.id() == id  # what is still allowed needs it
    ada.press("accept")
    until(lambda: len(fake.answers) == 2, "the answer")
    assert fake.answers[1]["choices"] == {"site-analytics": "given"} and fake.answers[1]["version"] == "2"
    ada.go()
    assert not ada.asked()
    assert ada.choice()["purposes"]["site-analytics"].endswith(" 2") and len(ada.choice()["purposes"]["call-journey"].split()) == 2


def test_who_said_no_is_not_asked_again(visit: Open, fake: FakeTroth) -> None:
    ben = visit(BERLIN)
    ben.go()
    ben.press("reject")
    fake.terms = CHANGED
    ben.go("/pricing")
    assert not ben.asked() and ben.id() is None


def test_a_yes_to_the_older_purpose_alone_keeps_nothing_in_the_browser(visit: Open, fake: FakeTroth) -> None:
    cleo = visit(BERLIN)
    cleo.go()
    cleo.page.evaluate("troth.set({'site-analytics': 'given', 'call-journey': 'refused', personalisation: 'refused'})")
    assert cleo.id()
    fake.terms = CHANGED
    cleo.go("/pricing")
    assert _asked_about(cleo) == [PURPOSES["site-analytics"][0]] and cleo.id() is None
