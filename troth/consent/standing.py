"""What holds for a person now? Reads the acts that stand; it does not say what they permit (that is the gate's).

Source: GDPR Art. 7(3), 18, 21; a merge takes the stricter standing
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from sqlalchemy import Connection

from troth.consent.record import PROHIBITIONS, WEAK, State, Strength
from troth.subjects.links import same_person

Signature = tuple[str, bool, frozenset[tuple[str, State]], Strength]
Said = dict[str, tuple[State, Strength, int]]


@dataclass(frozen=True, slots=True)
class Standing:
    """What holds for one subject: the law that covers it, what it said per purpose, whether it is restricted.

    `epoch` is the subject's counter at reading time; a different counter means this is old. `given_at`: when each yes
    was said, in microseconds; a yes is to what the policy said then. `imported`: each yes that only another system's file
    or cookie tells of. `weakly`: each that is read from what the person did.
    """

    ref: int
    epoch: int
    population: str
    regime: str
    restricted: bool = False
    states: Mapping[str, State] = field(default_factory=dict)
    strength: Strength = Strength.NONE
    canary: bool = False
    signature: Signature = ("", False, frozenset(), Strength.NONE)
    given_at: Mapping[str, int] = field(default_factory=dict)
    imported: frozenset[str] = frozenset()
    weakly: frozenset[str] = frozenset()


NOBODY = Standing(ref=0, epoch=0, population="", regime="", signature=("", False, frozenset(), Strength.NONE))


def saying(standing: Standing, states: Mapping[str, State], strength: Strength | None = None) -> Standing:
    """The same standing with other states, and the signature that goes with them. `strength` None: as it was."""
    strength = standing.strength if strength is None else strength
    signature = (standing.regime, standing.restricted, frozenset(states.items()), strength)
    return replace(standing, states=states, strength=strength, signature=signature)


def without_yes(standing: Standing, purposes: Iterable[str]) -> Standing:
    """The same standing as if these purposes had not been asked about; a no is never taken away."""
    gone = {purpose for purpose in purposes if standing.states.get(purpose) is State.GIVEN}
    states = {purpose: state for purpose, state in standing.states.items() if purpose not in gone}
    given_at = {purpose: at for purpose, at in standing.given_at.items() if purpose not in gone}
    heard = saying(standing, states, standing.strength if State.GIVEN in states.values() else Strength.NONE)
    return replace(heard, given_at=given_at, imported=standing.imported - gone, weakly=standing.weakly - gone)


def read_standing(conn: Connection, ref: int) -> Standing | None:
    """The standing of one subject; None when there is no such subject (never was, or erased)."""
    return read_standings(conn, [ref]).get(ref)


def read_standings(conn: Connection, refs: Iterable[int]) -> dict[int, Standing]:
    """The standings of several subjects in two statements; those that do not exist are left out."""
    wanted = list(refs)
    found: dict[int, Standing] = {}
    for start in range(0, len(wanted), 500):
        part = tuple(wanted[start : start + 500])
        marks = ",".join("?" * len(part))
        said: dict[int, Said] = {}
        rows = conn.exec_driver_sql(f"SELECT ref, purpose, state, strength, at FROM standing WHERE ref IN ({marks})", part)
        for ref, purpose, state, strength, at in rows:
            said.setdefault(ref, {})[purpose] = (State(state), Strength(strength), at)
        linked = _linked(conn, part, marks)
        rows = conn.exec_driver_sql(f"SELECT ref, epoch, population, regime, restricted, canary FROM subject WHERE ref IN ({marks})", part)
        for ref, epoch, population, regime, restricted, canary in rows.all():
            own = said.get(ref, {})
            if ref in linked:
                own, restricted = _with_prohibitions(conn, ref, own), restricted or _restricted_elsewhere(conn, ref)
            found[ref] = _standing(ref, epoch, population, regime, bool(restricted), bool(canary), own)
    return found


def _linked(conn: Connection, refs: tuple[int, ...], marks: str) -> set[int]:
    rows = conn.exec_driver_sql(
        f"SELECT a, b FROM link WHERE until IS NULL AND purpose = '' AND (a IN ({marks}) OR b IN ({marks}))", refs + refs
    )
    return {ref for row in rows for ref in row}


def _with_prohibitions(conn: Connection, ref: int, own: Said) -> Said:
    """What the same person forbade under another reference holds here too, an objection before any other no; what it allowed does not."""
    merged = dict(own)
    for other in same_person(conn, ref) - {ref}:
        for purpose, state, strength, at in conn.exec_driver_sql("SELECT purpose, state, strength, at FROM standing WHERE ref = ?", (other,)):
            if State(state) in PROHIBITIONS and (purpose not in merged or merged[purpose][0] is not State.OBJECTED):
                merged[purpose] = (State(state), Strength(strength), at)
    return merged


def _restricted_elsewhere(conn: Connection, ref: int) -> bool:
    """Whether the same person is restricted under another reference."""
    found = "SELECT 1 FROM subject WHERE ref = ? AND restricted = 1"
    return any(conn.exec_driver_sql(found, (other,)).first() for other in same_person(conn, ref) - {ref})


def _standing(ref: int, epoch: int, population: str, regime: str, restricted: bool, canary: bool, said: Said) -> Standing:
    states = {purpose: state for purpose, (state, _, _) in said.items()}
    given = [strength for state, strength, _ in said.values() if state is State.GIVEN]
    given_at = {purpose: at for purpose, (state, _, at) in said.items() if state is State.GIVEN}
    imported = frozenset(purpose for purpose, (state, by, _) in said.items() if state is State.GIVEN and by is Strength.IMPORTED)
    strength = min(given, key=list(Strength).index, default=Strength.NONE)
    signature = (regime, restricted, frozenset(states.items()), strength)
    weakly = frozenset(purpose for purpose, (state, by, _) in said.items() if state is State.GIVEN and by in WEAK)
    return Standing(ref, epoch, population, regime, restricted, states, strength, canary, signature, given_at, imported, weakly)
