"""In which state is a consent, in the words of the standard? What a person said and what versions did since, told in their order.

A state is worked out, never stored: it follows from the acts, from the steps of the asking, and from the versions that took
effect. Of somebody who is not known, and closes the banner, nothing is noted. A yes lapses where the policy says how long a
choice holds; elsewhere it is asked for again.
Source: ISO/IEC TS 27560:2023 (states of a consent record); GDPR Art. 4(11), 7
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from troth.consent.record import Act, State, Strength
from troth.consent.steps import ConsentStep, Step


class ConsentState(StrEnum):
    """The standard's states."""

    UNKNOWN = "Unknown"  # nothing was said
    REQUESTED = "Requested"  # asked, not answered
    DEFERRED = "RequestDeferred"  # the person put the answer off
    GIVEN = "Given"
    RENEWED = "RenewedGiven"  # a yes to what had been agreed to before, and not taken back
    REFUSED = "Refused"
    WITHDRAWN = "Withdrawn"  # by the person
    INVALIDATED = "Invalidated"  # a new version is not what the yes was said to
    EXPIRED = "Expired"  # the time for which a choice holds is over
    REVOKED = "Revoked"  # by the controller: no version has the purpose any more


PERMITTING = frozenset({ConsentState.GIVEN, ConsentState.RENEWED})
_AGREED_BEFORE = PERMITTING | {ConsentState.INVALIDATED, ConsentState.EXPIRED, ConsentState.REVOKED}
_ASKING = frozenset({ConsentState.REQUESTED, ConsentState.DEFERRED})
_UNANSWERED = _ASKING | {ConsentState.UNKNOWN, ConsentState.INVALIDATED, ConsentState.EXPIRED, ConsentState.REVOKED}


@dataclass(frozen=True, slots=True)
class TakenOver:
    """A policy version at the instant it took effect: which purposes it has, and which of them it asks about anew."""

    version: str
    at: int
    entry: int
    purposes: frozenset[str]
    asks_again: frozenset[str]


@dataclass(frozen=True, slots=True)
class ConsentEvent:
    """What became of one purpose at an instant, by an act of the person, by a step of the asking, or (neither) by a version."""

    state: ConsentState
    at: int
    version: str
    entry: int
    act: Act | None
    step: ConsentStep | None = None


def events_of(
    purpose: str, acts: Iterable[Act], versions: Sequence[TakenOver], takes_imported: bool = False, asked: Iterable[ConsentStep] = ()
) -> list[ConsentEvent]:
    """Everything that happened to one purpose, oldest first. `versions` are those that took effect, oldest first.

    A yes that was only brought over from another system is `Unknown`, unless the policy takes it (`takes_imported`).
    """
    ended = _ended(purpose, versions)
    steps: list[tuple[int, int, Act | ConsentStep | TakenOver]] = [(one.at, 0, one) for one in versions if purpose in one.asks_again or one == ended]
    steps += [(one.at, 1, one) for one in asked if one.purpose == purpose]
    steps += [(act.at, 2, act) for act in acts if act.purpose == purpose]
    found: list[ConsentEvent] = []
    for at, _, step in sorted(steps, key=lambda one: one[:2]):
        before = found[-1].state if found else ConsentState.UNKNOWN
        if isinstance(step, ConsentStep):
            found += _stepped(step, before)
        elif isinstance(step, Act):
            before = next((event.state for event in reversed(found) if event.state not in _ASKING), ConsentState.UNKNOWN)
            found.append(ConsentEvent(_said(step, before, takes_imported), at, step.evidence.policy_version, step.entry, step))
        elif before in PERMITTING:
            state = ConsentState.REVOKED if step == ended else ConsentState.INVALIDATED
            found.append(ConsentEvent(state, at, step.version, step.entry, None))
    return found


def _stepped(step: ConsentStep, before: ConsentState) -> list[ConsentEvent]:
    """A step counts where it can: who answered is not being asked, and only a yes comes to an end."""
    if step.step is Step.EXPIRED:
        state = ConsentState.EXPIRED if before in PERMITTING or before is ConsentState.UNKNOWN else None
    else:
        wanted = ConsentState.REQUESTED if step.step is Step.REQUESTED else ConsentState.DEFERRED
        state = wanted if before in _UNANSWERED else None
    return [ConsentEvent(state, step.at, step.policy_version, step.entry, None, step)] if state is not None else []


def state_of(events: Sequence[ConsentEvent]) -> ConsentState:
    """The state that holds after all of them."""
    return events[-1].state if events else ConsentState.UNKNOWN


def _ended(purpose: str, versions: Sequence[TakenOver]) -> TakenOver | None:
    """The version since which no version has the purpose; None while the newest has it."""
    found = None
    for one in reversed(versions):
        if purpose in one.purposes:
            break
        found = one
    return found


def _said(act: Act, before: ConsentState, takes_imported: bool) -> ConsentState:
    state = act.state
    if state is State.GIVEN:
        if act.evidence.strength is Strength.IMPORTED and not takes_imported:
            return ConsentState.UNKNOWN
        return ConsentState.RENEWED if before in _AGREED_BEFORE else ConsentState.GIVEN
    if state is State.WITHDRAWN or (state is State.OBJECTED and before in PERMITTING):
        return ConsentState.WITHDRAWN
    return ConsentState.REFUSED
