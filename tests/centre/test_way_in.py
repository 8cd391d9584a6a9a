"""Does a one-time link open the right page, once, for its owner alone?"""

from __future__ import annotations

from collections.abc import Callable

from tests.centre.conftest import Person, outbox

People = Callable[..., Person]


def test_a_link_from_the_mailbox_opens_the_persons_page(person: People) -> None:
    ada = person().come_in()
    assert ada.address in ada.get().text
    assert ada.address in ada.get("/data").text
