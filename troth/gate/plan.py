"""What does this policy mean for each event? A policy compiled for collection and for views.

It reads no clock and no store. Deciding on an event is one dictionary look-up: per event type and
signature of a standing, the treatment is worked out once and remembered, so that the number of
purposes costs nothing and sets of permissions that never occur cost nothing either.
Source: GDPR Art. 5(1)(b)-(c), 6, 25
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from troth.consent.record import PROHIBITIONS, State, Strength
from troth.consent.standing import NOBODY, Standing, without_yes
from troth.gate.reasons import Reason
from troth.gate.then import Earlier, Then
from troth.policy.conduct import YesBy, YesStrength
from troth.policy.model import Basis, EventType, Form, Kind, Permission, Policy, Purpose, Without, permission_under, wants_one_given

_MEMO = 100_000
ABSOLUTE = frozenset({Kind.MARKETING, Kind.ADVERTISING})  # an objection to these is never weighed
_WEIGHED = frozenset({Basis.LEGITIMATE_INTERESTS, Basis.PUBLIC_TASK})


@dataclass(frozen=True, slots=True)
class RowClass:
    """What a stored row may serve, fixed when it was collected. `permitted`: purpose to how it was permitted.

    `how` is `given` (the person said yes), `unobjected` (asked for nothing, said nothing) or `needless`.
    """

    policy_version: str
    event: str
    regime: str
    permitted: tuple[tuple[str, str], ...]
    strength: Strength


@dataclass(frozen=True, slots=True)
class Treatment:
    """What becomes of one event type under one standing.

    `refusal` is set when nothing of it may be kept. `anonymous` rows keep only `clear`, the day and no
    reference. `sealed` groups items by retention rule.
    """

    row_class: RowClass
    clear: tuple[str, ...]
    sealed: tuple[tuple[str, tuple[str, ...]], ...]
    anonymous: bool = False
    refusal: Reason | None = None
    withheld: Reason | None = None  # why an anonymous remainder is all there is
    items: frozenset[str] = frozenset()  # all of `clear` and `sealed`


@dataclass(frozen=True, slots=True)
class ViewRule:
    """What one purpose may see now: which items, which rows, how far back."""

    purpose: Purpose
    items: frozenset[str]
    keep_for: timedelta | None


def permits(state: State | None, mode: Permission) -> Reason | None:
    """Whether a state permits under a mode: None if it does, else the reason it does not."""
    match state:
        case State.WITHDRAWN:
            denial: Reason | None = Reason.WITHDRAWN
        case State.OBJECTED:
            denial = Reason.OBJECTED
        case State.REFUSED:
            denial = Reason.REFUSED
        case State.GIVEN:
            return None
        case None:
            denial = Reason.NOT_ASKED if mode is Permission.ASK_BEFORE else None
    return None if mode is Permission.NONE else denial


def can_object(purpose: Purpose) -> bool:
    """Whether there is a right to object: to what rests on interests of ours, and always to marketing. Source: GDPR Art. 21."""
    return purpose.basis in _WEIGHED or purpose.kind in ABSOLUTE


@dataclass(frozen=True, slots=True)
class Asked:
    """Since when, and from which version on, a purpose is no longer what people said yes to before."""

    since: int
    version: str


class Plan:
    """One policy version, compiled. Immutable but for its memory of treatments.

    `anew`: the purposes that earlier versions of this policy changed so much that an older yes no longer counts.
    `earlier` finds an older version's policy, for what was collected under it.
    """

    def __init__(self, policy: Policy, anew: Mapping[str, Asked] | None = None, earlier: Earlier | None = None) -> None:
        self.policy = policy
        self.anew: Mapping[str, Asked] = anew or {}
        self.then = Then(policy, earlier)
        self._of_event = {event.id: tuple(one for one in policy.purposes.values() if _takes(one, event)) for event in policy.events.values()}
        self._held_of = {event.id: _may_be_held_of(policy, event.population) for event in policy.events.values()}
        self._treatments: dict[tuple[str, object], Treatment] = {}
        self._modes: dict[tuple[str, str], Permission] = {}
        self._rules = {purpose.id: ViewRule(purpose, frozenset(purpose.items), purpose.keep_for) for purpose in policy.purposes.values()}
        self.rank = {population: at for at, population in enumerate(policy.populations)}  # the later one knows more of us
        self._by_message = {(event.call, event.name): event for event in policy.events.values() if event.call}
        self._by_id = {(event.call, event.id): event for event in policy.events.values() if event.call}

    def event_for(self, call: str, name: str | None) -> EventType | None:
        """The event type a message carries: by its call and name, or by the event's own id."""
        return self._by_message.get((call, name)) or self._by_id.get((call, name or "")) or self._by_message.get((call, None))

    def mode(self, purpose: Purpose, regime: str) -> Permission:
        """How permission works for a purpose under a regime (remembered)."""
        key = (purpose.id, regime)
        if key not in self._modes:
            self._modes[key] = permission_under(self.policy, purpose, regime)
        return self._modes[key]

    def heard(self, standing: Standing) -> Standing:
        """The standing as this version hears it: where a purpose asks first, a yes to what it was before a change is none.

        Nor is a yes that was only brought over from another system, unless the policy takes it for an explicit one; nor one that
        was read from what somebody did, where their law wants one that was given. A no is heard whatever changed since and
        however it came. Reading: docs/decisions/0021, 0031. Source: GDPR Art. 4(11), 6(4), 7
        """
        if not standing.given_at or not (self.anew or standing.imported or standing.weakly):
            return standing
        stale = [purpose for purpose, at in standing.given_at.items() if self._is_stale(purpose, at, standing.regime)]
        stale += [purpose for purpose in standing.imported if not self._takes_imported(purpose, standing.regime)]
        stale += [purpose for purpose in standing.weakly if self._is_too_weak(purpose, standing.regime)]
        return without_yes(standing, stale) if stale else standing

    def _is_stale(self, purpose: str, at: int, regime: str) -> bool:
        asked, declared = self.anew.get(purpose), self.policy.purposes.get(purpose)
        if asked is None or at >= asked.since or declared is None:
            return False
        return self.mode(declared, regime) is Permission.ASK_BEFORE

    def _is_too_weak(self, purpose: str, regime: str) -> bool:
        declared = self.policy.purposes.get(purpose)
        return declared is None or wants_one_given(self.policy, declared, regime)

    @property
    def takes_imported(self) -> bool:
        """Whether a yes brought over from another system opens what asks first."""
        return self.policy.asking.evidence.get(YesBy.IMPORT) is YesStrength.EXPLICIT

    def _takes_imported(self, purpose: str, regime: str) -> bool:
        declared = self.policy.purposes.get(purpose)
        return self.takes_imported or declared is None or self.mode(declared, regime) is not Permission.ASK_BEFORE

    def treatment(self, event: str, standing: Standing) -> Treatment:
        """What becomes of an event of this type about a subject of this standing."""
        standing = self.heard(standing)
        key = (event, standing.signature)
        found = self._treatments.get(key)
        if found is None:
            if len(self._treatments) >= _MEMO:
                self._treatments.clear()
            found = self._treatments[key] = self._work_out(event, standing)
        return found

    def _work_out(self, event: str, standing: Standing) -> Treatment:
        kept: dict[str, None] = {}
        permitted: list[tuple[str, str]] = []
        denials: list[Reason] = []
        purposes = self._of_event.get(event, ())
        for purpose in purposes:
            denial = self.denial(purpose, standing)
            if denial is None:
                permitted.append((purpose.id, self._how(purpose, standing)))
                kept.update(dict.fromkeys(purpose.items))
            else:
                denials.append(denial)
        row_class = RowClass(self.policy.version, event, standing.regime, tuple(sorted(permitted)), standing.strength)
        held_of = self._held_of[event]
        items = [item for item in self.policy.events[event].items if item in kept and item in held_of and self.policy.items[item].on]
        if permitted and items:
            return self._full(row_class, items)
        reason = denials[0] if denials else Reason.NO_PERMISSION
        return self._without(row_class, purposes, reason)

    def denial(self, purpose: Purpose, standing: Standing) -> Reason | None:
        """Why this purpose is not permitted for this standing now, or None."""
        if standing is NOBODY or standing.ref == 0:
            return Reason.NO_SUBJECT
        if standing.restricted:
            return Reason.RESTRICTED
        state = self.heard(standing).states.get(purpose.id)
        if state is State.OBJECTED and can_object(purpose):
            return Reason.OBJECTED  # while it is weighed, too: GDPR Art. 18(1)(d)
        return permits(state, self.mode(purpose, standing.regime))

    def _how(self, purpose: Purpose, standing: Standing) -> str:
        if standing.states.get(purpose.id) is State.GIVEN:
            return "given"
        return "needless" if self.mode(purpose, standing.regime) is Permission.NONE else "unobjected"

    def _full(self, row_class: RowClass, items: list[str]) -> Treatment:
        clear = tuple(item for item in items if self.policy.items[item].form is Form.CLEAR)
        sealed: dict[str, list[str]] = {}
        for item in items:
            if self.policy.items[item].form is Form.SEALED:
                sealed.setdefault(self.policy.items[item].keep, []).append(item)
        groups = tuple((keep, tuple(group)) for keep, group in sealed.items())
        return Treatment(row_class, clear, groups, items=frozenset(items))

    def _without(self, row_class: RowClass, purposes: tuple[Purpose, ...], reason: Reason) -> Treatment:
        event = self.policy.events[row_class.event]
        serving = [purpose for purpose in purposes if purpose.without is Without.REMAINDER]
        left = {item for purpose in serving for item in purpose.remainder} & self._held_of[event.id]
        clear = tuple(i for i in event.items if i in left and self.policy.items[i].form is Form.CLEAR and self.policy.items[i].on)
        if not serving or not clear:
            return Treatment(row_class, (), (), refusal=reason)
        permitted = tuple(sorted((purpose.id, "remainder") for purpose in serving))
        anonymous = RowClass(row_class.policy_version, row_class.event, "", permitted, Strength.NONE)
        return Treatment(anonymous, clear, (), anonymous=True, withheld=reason, items=frozenset(clear))

    def view_rule(self, purpose: str) -> ViewRule | None:
        """What a purpose may see, or None when the policy names no such purpose."""
        return self._rules.get(purpose)

    def serves(self, row_class: RowClass, purpose: Purpose) -> bool:
        """Whether rows of a class may serve `purpose` now. Later policies narrow, never widen.

        A row serves only purposes it was collected for; where the purpose asks first today, only rows
        whose subject said yes.
        """
        how = dict(row_class.permitted).get(purpose.id)
        event = self.policy.events.get(row_class.event)
        if how is None or event is None or not _takes(purpose, event) or self.then.purpose(row_class.policy_version, purpose.id) is None:
            return False
        if how in ("unobjected", "needless"):  # nobody said yes
            return self.mode(purpose, row_class.regime) is not Permission.ASK_BEFORE
        return True

    def shows(self, row_class: RowClass, purpose: Purpose) -> frozenset[str]:
        """What a purpose may see of rows of a class: what it used when they came in and still uses, of what may be held about such people."""
        return self.then.items(row_class.policy_version, purpose) & self._held_of.get(row_class.event, frozenset())

    def stopped_by(self, purpose: Purpose) -> frozenset[State]:
        """Which words of a subject stop this purpose under any law of the policy."""
        if any(self.mode(purpose, regime) is not Permission.NONE for regime in self.policy.regimes):
            return PROHIBITIONS
        return frozenset({State.OBJECTED}) if can_object(purpose) else frozenset()


def _takes(purpose: Purpose, event: EventType) -> bool:
    """Whether a purpose uses events of this type: those it names, about the people it is for."""
    return event.id in purpose.events and (not purpose.populations or event.population in purpose.populations)


def _may_be_held_of(policy: Policy, population: str) -> frozenset[str]:
    return frozenset(id for id, item in policy.items.items() if not item.populations or population in item.populations)
