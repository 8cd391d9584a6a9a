"""Does a site's form agree to nothing by halves, and does a comment show what its policy shows and no more?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.serving import Served, serving

BERLIN = "Europe/Berlin"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("forms")) as running:
        yield running


def agreed(served: Served, purpose: str) -> int:
    with served.app.house.workspace("infi").state.read() as conn:
        return int(conn.exec_driver_sql("SELECT count(*) FROM consent_act WHERE purpose = ? AND state = 'given'", (purpose,)).scalar_one())


@pytest.mark.parametrize("fields", [{"phone": "+12125550177"}, {"phone": "+12125550177", "agree": "false"}, {"agree": "true"}])
def test_a_number_without_agreement_or_agreement_without_a_number_permits_no_texts(served: Served, fields: dict[str, Any]) -> None:
    answer = served.world("infi").post("/forms/text-signup", {"fields": fields, "tz": BERLIN})
    assert (answer["status"], answer.get("code")) == (400, "missing-item")
    assert agreed(served, "text-messages") == 0


def test_a_number_with_agreement_permits_texts_and_the_order_needs_neither(served: Served) -> None:
    shop = served.world("infi")
    order = {"name": "Ada", "email": shop.address(), "product_ordered": "till", "quantity": "1"}
    assert shop.post("/forms/order", {"fields": order, "tz": BERLIN})["status"] == 200
    assert agreed(served, "text-messages") == 0
    given = {"phone": shop.number(), "agree": "true"}
    assert shop.post("/forms/text-signup", {"fields": given, "tz": BERLIN})["status"] == 200
    assert agreed(served, "text-messages") == 1
    assert [row["items"]["sms.agreed"] for row in shop.events("text-messages", role="marketer")] == ["true"]


@pytest.mark.parametrize(
    ("given", "shown"), [("https://ada.example/notes", "https://ada.example/notes"), ("javascript:alert(1)", None), ("", None)]
)
def test_a_comment_shows_the_web_site_of_who_gave_one_and_never_the_address(served: Served, given: str, shown: str | None) -> None:
    site, article = served.world("infinext"), "/blog/averages"
    warning = site.http.get("/infinext/comments", params={"article": article}).json()["warning"]["version"]
    text, email = f"said with {given or 'nothing'}", site.address()
    posted = {"article": article, "name": "Ada", "email": email, "website": given, "text": text, "warning": warning}
    assert site.post("/comments", posted)["status"] == 200
    comments = site.http.get("/infinext/comments", params={"article": article}).json()["comments"]
    mine = next(one for one in comments if one["text"] == text)
    assert mine.get("website") == shown and mine["name"] == "Ada"
    assert email not in str(comments)
