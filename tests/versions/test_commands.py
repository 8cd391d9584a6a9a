"""Do the commands say what changed, why it matters, whom it concerns and how many they are, and never how few?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.versions.conftest import Business
from tests.versions.edits import added, new_recipient, one_more_word, promising, without
from troth.policy.demands import AnnouncedWhen
from troth.policy.write import to_yaml

Start = Callable[..., Business]
NEW = new_recipient("customer-service", "contact.name")


def test_a_difference_is_told_with_its_reason_and_whom_it_concerns(business: Start) -> None:
    here = business("infinity", promising(advance=timedelta(days=30), when=(AnnouncedWhen.DISCLOSURE,)))
    here.write(NEW, one_more_word)
    said = here.troth("policy", "diff", "infinity", str(here.file)).text
    assert "material: New House in France is a new recipient; it receives: name" in said
    assert "new-recipient: somebody receives data who received none; concerns: customer-contact" in said
    assert "a yes said before does not cover: Serving and supporting customers" in said
    assert f"announced as the policy promises; in force no sooner than {here.days(31)}" in said
    told = here.troth("policy", "diff", "infinity", str(here.file), "--json").json
    one, = told["material"]
    assert (one["type"], one["purposes"], one["populations"]) == ("new-recipient", ["customer-service"], ["customer-contact"])
    assert len(told["changes"]) == 2 and told["asks_again"] == ["customer-service"] and told["announce"]["no_sooner"] == str(here.days(31))


def test_two_files_two_versions_and_the_last_two_are_compared_alike(business: Start, tmp_path_factory: pytest.TempPathFactory) -> None:
    here = business()
    older = tmp_path_factory.mktemp("older") / "policy.yaml"
    older.write_text(here.file.read_text())
    here.publish_fine(NEW)
    ways = [("infinity@1", "infinity@2"), (str(older), str(here.file)), ("infinity@1", "infinity"), ("infinity",)]
    found = [here.troth("policy", "diff", *way, "--json").json["material"] for way in ways]
    assert found[0] and all(one == found[0] for one in found)
    wrong = {"no-such-version": ("infinity@9", "infinity"), "no-such-workspace": ("nobody",), "no-such-file": ("gone.yaml", "infinity")}
    for code, way in wrong.items():
        said = here.troth("policy", "diff", *way)
        assert said.code == 1 and code in said.text
    back = here.troth("policy", "diff", "infinity@2", "infinity@1").text
    assert "material" not in back and "New House no longer receives anything" in back


def test_people_are_counted_by_purpose_and_few_are_not_told(business: Start) -> None:
    here = business()
    here.write(NEW)
    for _ in range(4):
        here.customer()
    assert "customer-service: fewer than 5 people (customer-contact)" in here.troth("policy", "diff", "infinity", str(here.file)).text
    here.customer()
    assert "customer-service: 5 people (customer-contact)" in here.troth("policy", "diff", "infinity", str(here.file)).text
    one, = here.troth("policy", "diff", "infinity", str(here.file), "--json").json["people"]
    assert one == {"purpose": "customer-service", "populations": ["customer-contact"], "people": 5, "threshold": 5}


def test_only_those_for_whom_it_is_done_are_counted(business: Start) -> None:
    here = business()
    here.write(new_recipient("site-analytics", "page.route"))
    world = here.world()
    visitors = [world.visitor() for _ in range(7)]
    for visitor in visitors:
        visitor.view()
    for visitor in visitors[:2]:
        visitor.choose(site_analytics="refused")
    here.world().visitor("Europe/Berlin").choose(call_journey="given")  # asked first, and said nothing to this
    assert "site-analytics: 5 people" in here.troth("policy", "diff", "infinity", str(here.file)).text


def test_the_list_says_what_each_version_changed(business: Start) -> None:
    here = business()
    here.publish_fine(NEW, more="--reason new-features")
    here.publish_fine(without("recipients", "new-house"), effective_on=here.days(7))
    said = here.troth("policy", "versions", "infinity").text
    assert "earlier" in said and "in-force" in said and "coming" in said and "revised for new features" in said
    assert "new-recipient: New House in France is a new recipient" in said
    assert here.troth("policy", "versions", "infinity", "2").text == here.get("/policy/versions/2.yaml").text
    assert here.troth("policy", "versions", "infinity", "9").code == 1


def test_a_refused_publication_leaves_the_file_as_it_was(business: Start) -> None:
    here = business("infinity", promising(advance=timedelta(days=30), when=(AnnouncedWhen.ANY,)))
    here.write(one_more_word)
    before = here.file.read_text()
    assert here.troth("policy", "publish", str(here.file)).code == 1
    assert here.file.read_text() == before


@pytest.mark.promise("infisim-099")
def test_a_review_that_is_overdue_is_said(business: Start) -> None:
    here = business()
    here.publish_fine(lambda policy: replace(policy, notice=replace(policy.notice, reviewed_on=here.days(-364))))
    assert "due to be reviewed" not in here.troth("policy", "versions", "infinity").text
    here.clock.pass_by(timedelta(days=2))
    assert "due to be reviewed" in here.troth("policy", "versions", "infinity").text


def test_a_new_purpose_concerns_those_whom_it_will_be_about(business: Start) -> None:
    here = business()
    for _ in range(6):
        here.customer()
    raffles = replace(here.policy.purposes["feedback"], id="raffles", label="Raffles")
    here.file.write_text(to_yaml(added("purposes", raffles)(here.policy)))
    told = here.troth("policy", "diff", "infinity", str(here.file), "--json").json
    assert [one["type"] for one in told["material"]] == ["new-purpose"] and told["asks_again"] == ["raffles"]
    assert [(one["purpose"], one["people"]) for one in told["people"]] == [("raffles", 6)]
