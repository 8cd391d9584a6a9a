"""Somebody speaks while a question is being answered: what makes it be asked again, and what does not?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from sqlalchemy import Connection

from tests.identity.conftest import CALIFORNIA, Town
from troth.base.errors import Fault
from troth.collect import published
from troth.consent.record import State
from troth.gate.grant import Grant
from troth.rights.restrict import set_restricted
from troth.store.journal import Classes
from troth.store.lake import Lake
from troth.store.reveal import RevealedEvent
from troth.store.view import View
from troth.subjects.keys import KeyRing
from troth.subjects.links import How, join, same_person, standing_links, unjoin

COUNTING = "site-analytics"


@dataclass
class Asking:
    """A question during which something happens, as often as it is asked, `times` at most."""

    town: Town
    meanwhile: Callable[[], None]
    times: int = 1
    answers: list[set[int]] = field(default_factory=list)

    def ask(self) -> set[int]:
        grant = self.town.workspace.grant(COUNTING, "owner", "operator-1")
        return self.town.workspace.views.run(grant, self._answer)  # type: ignore[no-any-return]

    def _answer(self, view: View) -> set[int]:
        self.answers.append({row["ref"] for row in view.execute(view.events.select("ref").distinct())})
        if len(self.answers) <= self.times:
            self.meanwhile()
        return self.answers[-1]


@pytest.fixture
def two(town: Town) -> tuple[Town, int, int]:
    town.view("visitor-ann", CALIFORNIA)
    town.view("visitor-ben", CALIFORNIA)
    return town, town.ref("visitor-ann"), town.ref("visitor-ben")


def test_a_no_of_somebody_in_the_answer_is_followed(two: tuple[Town, int, int]) -> None:
    town, ann, ben = two
    asking = Asking(town, lambda: town.say(ann, {COUNTING: State.OBJECTED}))
    assert asking.ask() == {ben}
    assert asking.answers == [{ann, ben}, {ben}]


def test_a_restriction_of_somebody_in_the_answer_is_followed(two: tuple[Town, int, int]) -> None:
    town, ann, ben = two

    def restrict() -> None:
        with town.workspace.state.write() as conn:
            set_restricted(conn, [ann], True)

    assert Asking(town, restrict).ask() == {ben}


def test_a_yes_and_a_no_to_something_else_change_no_answer(two: tuple[Town, int, int]) -> None:
    town, ann, ben = two
    yes = Asking(town, lambda: town.say(ann, {COUNTING: State.GIVEN}), times=9)
    other = Asking(town, lambda: town.say(ben, {"personalisation": State.OBJECTED}), times=9)
    assert yes.ask() == other.ask() == {ann, ben}
    assert len(yes.answers) == len(other.answers) == 1


def test_a_no_of_somebody_who_is_not_in_it_changes_no_answer(two: tuple[Town, int, int]) -> None:
    town, ann, ben = two
    town.customer("carla@people.example")
    carla = town.account("carla@people.example")
    asking = Asking(town, lambda: town.say(carla, {COUNTING: State.OBJECTED}))
    assert asking.ask() == {ann, ben}
    assert len(asking.answers) == 1


def test_people_who_are_joined_change_no_answer_and_those_who_are_parted_do(two: tuple[Town, int, int]) -> None:
    town, ann, ben = two

    def together() -> None:
        with town.workspace.state.write() as conn:
            join(conn, ann, ben, How.OPERATOR)

    def part() -> None:
        with town.workspace.state.write() as conn:
            for one in standing_links(conn, ann):
                unjoin(conn, one.id)

    joined = Asking(town, together)
    joined.ask()
    assert len(joined.answers) == 1 and town.same(ann, ben)
    parted = Asking(town, part)
    parted.ask()
    assert len(parted.answers) == 2 and not town.same(ann, ben)


def test_a_no_that_falls_on_somebody_joined_meanwhile_is_followed(two: tuple[Town, int, int]) -> None:
    town, ann, ben = two

    def join_and_refuse() -> None:
        with town.workspace.state.write() as conn:
            join(conn, ann, ben, How.OPERATOR)
            assert same_person(conn, ann) == {ann, ben}
        town.say(ann, {COUNTING: State.OBJECTED})

    assert ann not in Asking(town, join_and_refuse).ask()


def test_whoever_keeps_parting_and_refusing_is_waited_for_no_longer_than_four_times(town: Town) -> None:
    refs = []
    for number in range(6):
        town.view(f"visitor-{number}", CALIFORNIA)
        refs.append(town.ref(f"visitor-{number}"))
    leaving = iter(refs)
    with pytest.raises(Fault, match="view-unsettled"):
        Asking(town, lambda: town.say(next(leaving), {COUNTING: State.OBJECTED}), times=6).ask()


def test_a_no_said_while_published_words_are_opened_is_heard(two: tuple[Town, int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    town, ann, ben = two
    opened: list[frozenset[int]] = []
    reveal = published.reveal_events

    def slowly(grant: Grant, conn: Connection, lake: Lake, keys: KeyRing, classes: Classes, refs: frozenset[int]) -> Iterator[RevealedEvent]:
        found = list(reveal(grant, conn, lake, keys, classes, refs))
        opened.append(refs)
        if len(opened) == 1:
            town.say(ann, {COUNTING: State.OBJECTED})
        return iter(found)

    monkeypatch.setattr(published, "reveal_events", slowly)
    grant = town.workspace.grant_reveal(COUNTING, "owner", "operator-1")
    assert {event.ref for event in published.revealed(town.workspace, grant, lambda view: view.events)} == {ben}
    assert opened == [{ann, ben}, {ben}]
