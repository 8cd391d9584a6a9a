"""Whatever is joined, said and parted in whatever order: does each reference stand as a simple model says?

The model knows for each reference what it said itself last, and which no came to it over a join. It is written from
the words of DESIGN section 5: a merge takes the stricter standing; undoing it restores each reference's own acts, and
prohibitions made meanwhile stay on both.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from troth.base.clock import now_micros
from troth.base.database import Database, metadata
from troth.consent.record import PROHIBITIONS, Evidence, State, Strength, record
from troth.consent.standing import Standing, read_standings
from troth.ledger.log import Log
from troth.subjects import links
from troth.subjects.links import How

REFS, PURPOSES = (1, 2, 3, 4), ("counting", "joining")
EVIDENCE = Evidence(Strength.EXPLICIT, "choose", "1", "", "gdpr")
Key = tuple[int, str]


class Model:
    """What was said, and who is who."""

    def __init__(self) -> None:
        self.joined: dict[int, tuple[int, int]] = {}
        self.own: dict[Key, State] = {}  # what a reference said itself last
        self.carried: dict[Key, tuple[State, int]] = {}  # a no that came over a join after that, and from whom

    def family(self, ref: int) -> set[int]:
        found = {ref}
        while more := {end for pair in self.joined.values() if found & set(pair) for end in pair} - found:
            found |= more
        return found

    def say(self, ref: int, purpose: str, state: State) -> None:
        self.own[ref, purpose] = state
        self.carried.pop((ref, purpose), None)
        for other in self.family(ref) - {ref}:
            if state in PROHIBITIONS:
                self.carried[other, purpose] = (state, ref)
            elif self.carried.get((other, purpose), (state, 0))[1] == ref:
                del self.carried[other, purpose]

    def stands(self, ref: int, purpose: str) -> State | None:
        carried = self.carried.get((ref, purpose))
        return carried[0] if carried else self.own.get((ref, purpose))

    def forbidden(self, ref: int, purpose: str) -> bool:
        return any(self.stands(one, purpose) in PROHIBITIONS for one in self.family(ref))


class Joining(RuleBasedStateMachine):
    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.state, self.log, self.model = Database(Path(self.folder.name) / "state.db", metadata), Log(), Model()
        self.seen: dict[int, Standing] = {}
        with self.state.write() as conn:
            for ref in REFS:
                into = "INSERT INTO subject (ref, epoch, population, regime, restricted, canary, created_at) VALUES (?, 1, 'p', 'gdpr', 0, 0, 0)"
                conn.exec_driver_sql(into, (ref,))

    @rule(a=st.sampled_from(REFS), b=st.sampled_from(REFS))
    def join(self, a: int, b: int) -> None:
        with self.state.write() as conn:
            id = links.join(conn, a, b, How.SIGNED_IN)
        already = a == b or any(set(pair) == {a, b} for pair in self.model.joined.values())
        assert (id is None) == already
        if id is not None:
            self.model.joined[id] = (a, b)

    @precondition(lambda self: self.model.joined)
    @rule(which=st.integers(0, 9))
    def part(self, which: int) -> None:
        id = sorted(self.model.joined)[which % len(self.model.joined)]
        with self.state.write() as conn:
            assert links.unjoin(conn, id)
        del self.model.joined[id]

    @rule(ref=st.sampled_from(REFS), purpose=st.sampled_from(PURPOSES), state=st.sampled_from(list(State)))
    def say(self, ref: int, purpose: str, state: State) -> None:
        with self.state.write() as conn:
            record(conn, self.log, ref, {purpose: state}, EVIDENCE, now_micros())
        self.model.say(ref, purpose, state)

    @invariant()
    def each_stands_as_the_model_says(self) -> None:
        if not hasattr(self, "model"):
            return
        with self.state.read() as conn:
            found = read_standings(conn, REFS)
            for ref in REFS:
                assert links.same_person(conn, ref) == self.model.family(ref)
        for ref in REFS:
            for purpose in PURPOSES:
                said = found[ref].states.get(purpose)
                assert (said in PROHIBITIONS) == self.model.forbidden(ref, purpose), (ref, purpose)
                if said not in PROHIBITIONS:
                    assert said == self.model.own.get((ref, purpose)), "somebody else's yes"
            before = self.seen.get(ref)
            if before is not None and before.states != found[ref].states:
                assert before.epoch != found[ref].epoch, "a standing changed and its epoch did not: memories would go on using the old one"
        self.seen = found

    def teardown(self) -> None:
        if hasattr(self, "folder"):
            self.state.close()
            self.folder.cleanup()


Joining.TestCase.settings = settings(max_examples=15, stateful_step_count=20, deadline=None)
TestJoining = Joining.TestCase
