"""Can a person say by which ways they are written to, and is that all it says?"""

from __future__ import annotations

import pytest

from tests.serving import Served
from troth.prove.messages import address, reached_by, write
from troth.prove.world import Told, World

OFFERS = {"email": "offers-email", "sms": "offers-sms"}


@pytest.fixture
def telecom(served: Served) -> World:
    """A business that writes by e-mail, text and post."""
    return served.world("infisim")


@pytest.fixture
def ada(telecom: World) -> Told:
    """Ada agreed to everything."""
    return telecom.tell(reached_by(telecom, "offers-email", "email"))


def test_my_choices_list_the_channels_and_a_no_ends_one_of_them(telecom: World, ada: Told) -> None:
    with telecom.centre().by_mail(address(ada, telecom, "email")) as centre:
        page = centre.get().text
        assert all(f'data-channel="{channel}"' in page for channel in ("email", "sms", "post"))
        assert "We write to you this way no more" in centre.post("/channels", channel="sms", say="stop").text
        assert write(telecom, "offers-sms", ada, channel="sms") == {"not-permitted": 1} and write(telecom, "offers-email", ada) == {"told": 1}
        said = {act["purpose"]: (act["said"], act["how"]) for act in centre.data()["choices"]}
        assert said["channel:sms"] == ("refused", "centre") and said["offers-sms"] == ("withdrawn", "centre")
        assert "Text messages" in centre.get().text  # in the history, by its name


def test_allowing_a_way_again_is_no_yes_to_what_goes_by_it(telecom: World, ada: Told) -> None:
    with telecom.centre().by_mail(address(ada, telecom, "email")) as centre:
        centre.post("/channels", channel="sms", say="stop")
        centre.post("/channels", channel="sms", say="give")
        assert write(telecom, "offers-sms", ada, channel="sms") == {"not-permitted": 1}
        centre.post("/choices", purpose="offers-sms", say="give")
        assert write(telecom, "offers-sms", ada, channel="sms") == {"told": 1}


@pytest.mark.parametrize(("channel", "say"), [("fax", "stop"), ("chat", "stop"), ("", "stop"), ("sms", "shout"), ("sms", "")])
def test_what_is_no_way_of_ours_is_refused(telecom: World, ada: Told, channel: str, say: str) -> None:
    with telecom.centre().by_mail(address(ada, telecom, "email")) as centre:
        assert centre.post("/channels", channel=channel, say=say).status_code == 400
        assert write(telecom, "offers-sms", ada, channel="sms") == {"told": 1}


def test_a_browser_alone_has_no_say_over_a_mailbox(served: Served) -> None:
    shop = served.world("infi")
    someone = shop.counted()
    someone.view("/")
    with shop.centre().by_browser(someone) as centre:
        assert "data-channel" not in centre.get().text and centre.post("/channels", channel="sms", say="stop").status_code == 400
    with shop.centre() as stranger:
        assert stranger.post("/channels", channel="sms", say="stop").status_code in (401, 403)
