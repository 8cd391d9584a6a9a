"""Which forms does a site have, and what does sending one say yes to? Those of the policy, and what that form alone is for."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.running import ROOT
from tests.serving import serving
from troth.prove.world import LONDON, World

EXAMPLES = ROOT / "examples"


@pytest.fixture(scope="module")
def infisim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """InfiSIM as it stands, alone."""
    folder = tmp_path_factory.mktemp("forms")
    with serving(folder, only(folder, "infisim")) as served:
        yield served.world("infisim")


def only(folder: Path, name: str, change: tuple[str, str] = ("", "")) -> Path:
    """Examples of which only one is there, with one change of its text."""
    (folder / "examples" / name).mkdir(parents=True)
    text = (EXAMPLES / name / "policy.yaml").read_text()
    assert change[0] in text
    (folder / "examples" / name / "policy.yaml").write_text(text.replace(*change, 1) if change[0] else text)
    shutil.copytree(EXAMPLES / "sites", folder / "examples" / "sites")
    return folder / "examples"


def sent(world: World, form: str, **fields: str) -> dict[str, object]:
    return world.post(f"/forms/{form}", {"fields": fields, "tz": LONDON})


def answers(world: World) -> list[str]:
    return [str(row["items"].get("contact.email")) for row in world.events("research", "researcher")]


def test_a_form_goes_by_the_id_of_an_event_of_the_policy(infisim: World) -> None:
    email = infisim.address()
    assert sent(infisim, "order", name="Ada", email=email, product="line")["status"] == 200
    assert [row for row in infisim.events("orders") if row["items"].get("contact.email") == email]


def test_sending_a_survey_is_the_yes_to_the_research_it_is_for_and_to_nothing_else(infisim: World) -> None:
    email = infisim.address()
    assert sent(infisim, "survey", answers="In the valley.", email=email)["status"] == 200
    assert email in answers(infisim)
    with infisim.centre().by_mail(email) as centre:
        said = {act["purpose"]: act["said"] for act in centre.data()["choices"]}
    assert said == {"research": "given"}


def test_a_no_said_later_takes_the_yes_of_a_form_back(infisim: World) -> None:
    email = infisim.address()
    sent(infisim, "survey", answers="On the hill.", email=email)
    with infisim.centre().by_mail(email) as centre:
        centre.post("/choices", purpose="research", say="stop")
    assert email not in answers(infisim)


@pytest.mark.parametrize("form", ["nothing-of-the-kind", "page-view", "invoice", "call"])
def test_a_form_that_the_policy_does_not_have_is_refused(infisim: World, form: str) -> None:
    answer = sent(infisim, form, email=infisim.address(), invoice="I-1")
    assert (answer["status"], answer["code"]) == (404, "unknown-form")


def test_a_purpose_that_other_events_feed_as_well_is_not_agreed_to_by_a_form(tmp_path: Path) -> None:
    shared = only(tmp_path, "infisim", ("    events: [subscription]\n", "    events: [subscription, survey]\n"))
    with serving(tmp_path, shared) as served:
        answer = sent(served.world("infisim"), "newsletter", email="cleo@people.example")
    assert (answer["status"], answer["code"]) == (403, "not-asked")
