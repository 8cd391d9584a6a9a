"""Is a change announced as the policy promises: in time, on the site, by message to those concerned, and never for a small one?"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.versions.conftest import Business
from tests.versions.edits import Edit, kept_longer, new_recipient, one_more_word, promising, without
from troth.consent.record import Evidence, State, Strength, record
from troth.disclose import announce, outbox
from troth.policy.demands import AnnouncedBy, AnnouncedWhen, RevisedFor
from troth.rights import erasure, restrict, verify
from troth.subjects import directory
from troth.subjects.directory import IdentifierKind

Start = Callable[..., Business]
MONTH = timedelta(days=30)
DISCLOSURE: Edit = new_recipient("service-messages", "contact.email")
LOUD = promising(
    advance=MONTH, when=(AnnouncedWhen.MATERIAL,), by=(AnnouncedBy.SITE, AnnouncedBy.EMAIL), individually=True, purpose="service-messages"
)


# in time


@pytest.mark.promise("cx-028", "infi-128")
@pytest.mark.parametrize(("name", "days"), [("cxinfinity", 14), ("infi", 30)])
def test_a_disclosure_takes_effect_no_sooner_than_it_was_promised_to_be_announced(business: Start, name: str, days: int) -> None:
    here = business(name)
    purpose = here.policy.purposes["site-analytics"]
    edit = new_recipient(purpose.id, purpose.items[0])
    before = here.file.read_text()
    earliest = here.days(days + 1)  # days begin at midnight, and it is morning
    said = here.publish(edit, more="--reason law")
    assert said.code == 1 and "notice-too-short" in said.text and f"--effective-on {earliest}" in said.text
    assert "New House in France is a new recipient" in said.text.replace("\n", " ")
    assert here.publish(effective_on=here.days(days), more="--reason law").code == 1
    assert list(here.versions()) == ["1"]
    assert "version: '1'" in here.file.read_text() and before != here.file.read_text()  # refused: only the edit itself is in the file
    here.publish_fine(effective_on=earliest, more="--reason law")
    assert here.versions()["2"]["state"] == "coming" and here.policy.version == "1"
    here.until(earliest)
    assert here.versions()["2"]["state"] == "in-force"


@pytest.mark.promise("cx-029", "infi-129")
@pytest.mark.parametrize("name", ["cxinfinity", "infi"])
def test_a_small_change_holds_at_once_and_nobody_is_written_to(business: Start, name: str) -> None:
    here = business(name)
    here.publish_fine(one_more_word, more="--minor --reason law")
    row = here.versions()["2"]
    assert (row["state"], row["announced"], row["by_mail"], row["material"]) == ("in-force", False, False, [])
    assert row["effective_at"] == row["published_at"]
    assert here.world().visitor().asked()["coming"] == []
    here.tend()
    assert here.letters() == []


@pytest.mark.promise("cx-029")
def test_a_disclosure_cannot_be_called_a_small_change(business: Start) -> None:
    here = business("cxinfinity")
    purpose = here.policy.purposes["site-analytics"]
    said = here.publish(new_recipient(purpose.id, purpose.items[0]), effective_on=here.days(40), more="--minor --reason law")
    assert said.code == 1 and "not-minor" in said.text and "new-recipient" in said.text
    assert list(here.versions()) == ["1"]


def test_announcing_cannot_be_promised_away_with_the_change_that_it_was_promised_for(business: Start) -> None:
    here = business("infinity", LOUD)
    said = here.publish(promising(), DISCLOSURE)
    assert said.code == 1 and "notice-too-short" in said.text
    assert here.publish(promising()).code == 1  # less notice is itself a change that matters


def test_a_later_version_on_the_announced_day_needs_no_second_month(business: Start) -> None:
    here = business("infinity", LOUD)
    day = here.days(31)
    here.publish_fine(DISCLOSURE, effective_on=day)
    here.clock.pass_by(timedelta(days=20))
    here.publish_fine(one_more_word, effective_on=day)
    assert [row["state"] for row in here.versions().values()] == ["in-force", "overtaken", "coming"]
    sooner = here.publish(one_more_word, effective_on=here.days(1))
    assert sooner.code == 1 and "notice-too-short" in sooner.text


# on the site


@pytest.mark.promise("cx-028", "infi-128")
def test_the_site_shows_the_change_until_it_holds(business: Start) -> None:
    here = business("infinity", LOUD)
    day = here.days(31)
    assert "data-coming" not in here.get("/policy").text
    here.publish_fine(DISCLOSURE, effective_on=day)
    for page in ("/policy", "/privacy"):
        text = here.get(page).text
        assert 'data-coming="2"' in text and "New House in France is a new recipient" in text and f"{day.day} {day:%B %Y}" in text
    coming, = here.world().visitor().asked()["coming"]
    assert coming["version"] == "2" and coming["effective_at"].startswith(str(day)) and "New House" in coming["changes"][0]
    ahead = here.get(coming["url"].removeprefix("/infinity")).text
    assert "not yet in force" in ahead and "New House" in ahead
    here.until(day)
    assert "data-coming" not in here.get("/policy").text and here.world().visitor().asked()["coming"] == []


# why


@pytest.mark.promise("cx-030")
def test_a_reason_is_given_where_the_policy_promises_to_record_it(business: Start) -> None:
    here = business("cxinfinity")
    said = here.publish(one_more_word)
    assert said.code == 1 and "reason-needed" in said.text
    assert here.troth("policy", "publish", str(here.file), "--reason", "").code == 2
    assert here.troth("policy", "publish", str(here.file), "--reason", "whim").code == 2
    here.publish_fine(more="--reason industry-practice")
    assert here.versions()["2"]["reason"] == "the practice of the industry"
    assert "Revised for the practice of the industry." in here.get("/policy/versions", accept="text/html").text
    assert "revised for the practice of the industry" in here.troth("policy", "versions", here.name).text


def test_a_reason_that_the_policy_does_not_name_is_refused(business: Start) -> None:
    here = business("infinity", promising(reasons=(RevisedFor.LAW,)))
    said = here.publish(one_more_word, more="--reason new-features")
    assert said.code == 1 and "reason-not-promised" in said.text


# by message


def _ref(here: Business, address: str) -> int:
    with here.workspace.state.read() as conn:
        found = directory.find(conn, directory.hash_of(here.workspace.keys, IdentifierKind.EMAIL, address))
    assert found is not None
    return found


@pytest.mark.promise("infi-128", "infisim-096")
def test_those_concerned_are_written_to_once_whatever_happens_meanwhile(business: Start) -> None:
    here = business("infinity", LOUD)
    people = sorted(here.customer() for _ in range(3))
    here.world().visitor().view()
    here.publish_fine(DISCLOSURE, effective_on=here.days(31))
    assert announce.go_on(here.workspace, at_once=2) == 2  # some are told, then the process is gone
    for _ in range(3):
        here.tend()
    assert [to for to, _ in here.letters()] == people
    text = here.letters()[0][1]
    assert "New House in France is a new recipient" in text and "/infinity/policy/versions/2" in text and "/infinity/privacy" in text
    late = here.customer()
    here.tend()
    assert sorted([*people, late]) == [to for to, _ in here.letters()]  # whoever comes before the day is told as well
    here.until(here.days(31))
    (telling,) = announce._open(here.workspace)
    here.tend()
    announce._close(here.workspace, telling)  # another process was as far
    assert here.letters() == []  # those sent rested for their three days, and none was sent again
    row, = [row for row in here.troth("policy", "versions", "infinity", "--json").json if row["version"] == "2"]
    assert row["told"] == {"told": 4}
    with here.workspace.state.read() as conn:
        acts = [entry.body for _, entry in here.workspace.log.entries(conn) if entry.body.get("act") == "policy-announced"]
    assert acts == [{"act": "policy-announced", "version": "2", "became": {"told": 4}}]


def test_nobody_is_told_who_is_erased_restricted_or_said_no(business: Start) -> None:
    here = business("infinity", LOUD)
    ada, edda, rob = (here.customer() for _ in range(3))
    erasure.erase(here.workspace, _ref(here, edda))
    with here.workspace.state.write() as conn:
        link = verify.make_link(here.workspace, conn, rob)
        assert link is not None
        token = verify.open_by_mailbox(here.workspace, conn, verify.use_link(here.workspace, conn, link.token))
        person = verify.read_session(here.workspace, conn, token)
        assert person is not None
        restrict.restrict(here.workspace, conn, person)
    here.publish_fine(DISCLOSURE, effective_on=here.days(31))
    here.tend()
    here.tend()
    assert [to for to, _ in here.letters()] == [ada]


def test_a_message_that_had_begun_when_the_process_died_goes_once(business: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    here = business("infinity", LOUD)
    ada = here.customer()
    here.publish_fine(DISCLOSURE, effective_on=here.days(31))

    class PowerCut(BaseException):
        """The process is gone."""

    def cut(*_: object) -> None:
        raise PowerCut

    for place, name in ((outbox, "_write"), (announce, "_enter")):
        honest = getattr(place, name)
        monkeypatch.setattr(place, name, cut)
        with pytest.raises(PowerCut):
            announce.go_on(here.workspace)
        monkeypatch.setattr(place, name, honest)
    with here.workspace.state.read() as conn:
        assert announce.told_of(conn, "2") == {"begun": 1}
    here.tend()
    here.tend()
    assert [to for to, _ in here.letters()] == [ada]


def test_the_person_sees_that_they_were_told_and_takes_it_along_when_they_leave(business: Start) -> None:
    here = business("infinity", LOUD)
    address = here.customer()
    with here.world().centre().by_mail(address) as centre:
        here.publish_fine(DISCLOSURE, effective_on=here.days(31))
        here.tend()
        rows = centre.data()["records"]["When you were written to about a new version of our policy"]
    assert [(row["version"], row["what became of it"]) for row in rows] == [("2", "told")]
    erasure.erase(here.workspace, _ref(here, address))
    with here.workspace.state.read() as conn:
        assert announce.told_of(conn, "2") == {}


@pytest.mark.promise("infisim-096", "infinext-062")
def test_a_message_goes_where_the_publisher_marks_it_and_else_not(business: Start) -> None:
    here = business("infinity", promising(by=(AnnouncedBy.SITE, AnnouncedBy.EMAIL), purpose="service-messages"))
    address = here.customer()
    here.publish_fine(DISCLOSURE)
    here.tend()
    assert here.letters() == []
    here.publish_fine(kept_longer("contact", 900), more="--by-mail")
    here.tend()
    assert [to for to, _ in here.letters()] == [address]
    assert "Our privacy policy has changed." in here.letters()[0][1]


def test_messages_need_a_purpose_that_the_policy_names(business: Start) -> None:
    here = business("infinity", LOUD, promising(by=(AnnouncedBy.EMAIL,), when=(AnnouncedWhen.MATERIAL,), individually=True))
    said = here.publish(DISCLOSURE)
    assert said.code == 1 and "no-purpose-for-messages" in said.text


def test_a_version_that_was_overtaken_is_told_no_further(business: Start) -> None:
    here = business("infinity", LOUD)
    here.customer()
    here.publish_fine(DISCLOSURE, effective_on=here.days(31))
    here.publish_fine(without("recipients", "new-house"), effective_on=here.days(0))
    here.tend()
    assert here.letters() == [] and here.versions()["2"]["state"] == "overtaken"
    assert "data-coming" not in here.get("/policy").text


def test_a_no_to_the_purpose_is_a_no_to_its_messages(business: Start) -> None:
    here = business("infinity", LOUD, promising(**{**_loud(), "purpose": "feedback"}))
    ada, ben = here.customer(), here.customer()
    with here.workspace.state.write() as conn:
        record(conn, here.workspace.log, _ref(here, ben), {"feedback": State.OBJECTED}, Evidence(Strength.EXPLICIT, "centre", "1", "", "uk"), 1)
    here.publish_fine(DISCLOSURE, effective_on=here.days(31))
    here.tend()
    assert [to for to, _ in here.letters()] == [ada]


def _loud() -> dict[str, object]:
    return {"advance": MONTH, "when": (AnnouncedWhen.MATERIAL,), "by": (AnnouncedBy.EMAIL,), "individually": True}
