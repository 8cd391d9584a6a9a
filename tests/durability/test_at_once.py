"""Is a withdrawal that one process accepted in force on another at its next act: collecting, asking, sending, handing over?

A server is one process; this one opens the same folder beside it, with memories of its own that were warm before.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.running import BROWSER, Server
from troth.base.clock import now, now_micros
from troth.base.errors import Fault
from troth.collect.ingest import Ingest
from troth.collect.messages import Message
from troth.collect.pipeline import Origin
from troth.disclose import outbox, said
from troth.disclose.outbox import Letter
from troth.disclose.unsubscribe import Subscription, link_for
from troth.gate.reasons import Refused
from troth.rights.consent_record import Records
from troth.settings import load
from troth.subjects import directory
from troth.subjects.directory import IdentifierKind
from troth.workspace import House, Workspace

SITE, NEWS, BERLIN = "site-analytics", "newsletter", "Europe/Berlin"
ADA, MAIL, NOWHERE = "adas-browser-0000001", "ada@people.example", "smtp://127.0.0.1:1"
HANDED = {"recipient": "mailworks", "purpose": NEWS, "items": ["contact.email"], "operator": "odile"}


@dataclass
class Two:
    """One folder, a server on it, and this process beside it."""

    there: Server
    here: Workspace
    ingest: Ingest
    sent: int = 0

    def collect_here(self) -> int:
        """One more event of Ada's browser, kept by this process; how many were stored."""
        self.sent += 1
        context = {"timezone": BERLIN, "userAgent": BROWSER}
        message = Message(type="track", event="Feature Used", anonymous_id=ADA, properties={"feature": f"n{self.sent}"}, context=context)
        return self.ingest.submit_and_wait([message], Origin(True, "", "", now_micros())).stored

    def seen_here(self) -> int:
        """How many of her events a question asked here may see."""
        ref = self.ref(IdentifierKind.ANONYMOUS, ADA)
        grant = self.here.grant(SITE, "owner", "odile")
        return int(self.here.views.run(grant, lambda view: len(view.execute(view.events.filter(view.events.ref == ref)))))

    def ref(self, kind: IdentifierKind, value: str) -> int:
        with self.here.state.read() as conn:
            found = directory.find(conn, directory.hash_of(self.here.keys, kind, value))
        assert found is not None
        return found

    def hand_over_here(self) -> object:
        return said.disclose_as_said(self.here, HANDED | {"person": {"email": MAIL}}, {})

    def letter(self) -> Letter:
        return Letter(self.ref(IdentifierKind.EMAIL, MAIL), MAIL, NEWS, "test", "News", "Dear Ada,\n")

    def choose_there(self, word: str, how: str) -> None:
        body = {"key": self.there.access()["publishable_key"], "anonymousId": ADA, "choices": {SITE: word}, "how": how, "tz": BERLIN}
        status, answer = self.there.post("/infinity/consent", body)
        assert status == 200 and answer["receipt"], answer


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Two]:
    data = tmp_path_factory.mktemp("at-once") / "data"
    server = Server(data, environment={"TROTH_SMTP_URL": NOWHERE}).start()
    house = House(replace(load(data), smtp_url=NOWHERE))
    found = Two(server, house.workspace("infinity"), Ingest(house.workspace("infinity")))
    try:
        yield found
    finally:
        found.ingest.close()
        house.close()
        server.kill()


def test_collecting_and_asking_stop_here_with_a_withdrawal_accepted_there(two: Two) -> None:
    two.choose_there("given", "accept-all")
    assert [two.collect_here() for _ in range(3)] == [1, 1, 1] and two.seen_here() == 3
    two.choose_there("refused", "withdraw")
    assert two.collect_here() == 0 and two.seen_here() == 0
    two.choose_there("given", "choose")
    assert two.collect_here() == 1


def test_a_message_queued_here_does_not_leave_and_nothing_is_handed_over_after_a_withdrawal_there(two: Two) -> None:
    context = {"timezone": BERLIN, "userAgent": BROWSER, "consent": {"categoryPreferences": {NEWS: True}}}
    body = {"event": "Newsletter Requested", "userId": MAIL, "messageId": "asked-1", "properties": {"name": "Ada", "email": MAIL}, "context": context}
    assert two.there.post("/v1/track", body)[1]["stored"] == 1
    waiting = outbox.send(two.here, two.letter())  # nobody takes mail, so it waits
    assert _status(two, waiting) == "waiting" and two.hand_over_here()
    link = urlsplit(link_for(two.here, Subscription(two.letter().ref, NEWS))).path
    assert two.there.call("POST", link, b"List-Unsubscribe=One-Click", {"content-type": "application/x-www-form-urlencoded"})[0] == 200
    with pytest.raises(Refused):
        outbox.send(two.here, two.letter())
    with pytest.raises((Refused, Fault)) as refused:
        two.hand_over_here()
    assert "took the permission back" in str(refused.value)
    with two.here.state.write() as conn:  # its next try is now
        conn.exec_driver_sql("UPDATE outbox_message SET not_before = 0 WHERE id = ?", (waiting,))
    outbox.deliver(two.here, waiting)
    assert _status(two, waiting) not in ("waiting", "sent") and not outbox.path_of(two.here, waiting).exists()


def _status(two: Two, id: str) -> str:
    with two.here.state.read() as conn:
        return str(conn.exec_driver_sql("SELECT status FROM outbox_message WHERE id = ?", (id,)).scalar_one())


def test_what_was_lawful_before_stays_marked_so(two: Two) -> None:
    """The record says from when to when each yes stood; what was done in between was lawful, and is not undone."""
    with two.here.state.read() as conn:
        record = Records(two.here, conn).of(two.ref(IdentifierKind.ANONYMOUS, ADA))
        news = Records(two.here, conn).of(two.letter().ref)
    assert record is not None and news is not None
    spans = next(one for one in record["dpv:hasProcess"] if one["troth:purpose"] == SITE)["troth:lawful"]
    assert len(spans) == 2 and spans[0]["from"] < spans[0]["until"] <= spans[1]["from"] and spans[1]["until"] is None
    ended = next(one for one in news["dpv:hasProcess"] if one["troth:purpose"] == NEWS)
    assert ended["troth:state"] == "Withdrawn" and [bool(one["until"]) for one in ended["troth:lawful"]] == [True]
    assert ended["troth:lawful"][0]["until"] <= now().isoformat()


def test_the_folder_is_shared_by_two_processes(two: Two, tmp_path: Path) -> None:
    """Else the tests above show nothing: the server owns the folder, and it is not this process."""
    assert two.there._process is not None and two.there._process.poll() is None and two.there.data == two.here.settings.data
