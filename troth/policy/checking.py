"""What does every check need? The policy, where its values stand, and a way to say what was found."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

from troth.policy.finding import Code, Notes, Place, Spot, meant, quoted, thing
from troth.policy.model import Policy

_SINGULAR = {Code.UNDECLARED_ITEM: "item", Code.UNDECLARED_EVENT: "event", Code.UNDECLARED_POPULATION: "population",
             Code.UNDECLARED_RETENTION: "retention rule", Code.UNDECLARED_PURPOSE: "purpose"}


@dataclass(frozen=True, slots=True)
class Checking:
    policy: Policy
    spots: Mapping[Place, Spot]
    notes: Notes
    today: date | None
    faults: frozenset[Place]  # places that could not be read
    around: frozenset[Place]  # and everything they stand in

    def found(self, code: Code, place: Place, message: str, help: str | None = None) -> None:
        """Say something of a place, unless what stands there could not be read."""
        unread = place in self.around or any(place[:length] in self.faults for length in range(1, len(place) + 1))
        if not unread:
            self.notes.add(code, message, self._spot(place), help, place)

    def names(self, code: Code, place: Place, names: Collection[str], known: Collection[str]) -> None:
        """Every name of a list must be declared."""
        for index, name in enumerate(names):
            if name and name not in known and not self.notes.full:
                self.name(code, (*place, index), name, known, names)

    def name(self, code: Code, place: Place, name: str, known: Collection[str], used: Collection[str] = ()) -> None:
        """One name must be declared."""
        if name and name not in known:
            kind = _SINGULAR[code]
            help = None if self.notes.weary else meant(name, known, used)
            self.found(code, place, f"{thing(place)} uses {quoted(name)}, which no {kind} declares", help)

    def own(self, place: Place) -> bool:
        """Whether it stands in the file itself, not in a parent's."""
        return self._spot(place).path == self._spot(("workspace",)).path

    def _spot(self, place: Place) -> Spot:
        """Where it stands, or the nearest thing around it that stands somewhere."""
        for length in range(len(place), -1, -1):
            spot = self.spots.get(place[:length])
            if spot is not None:
                return spot
        return Spot("policy.yaml", 1, 1)
