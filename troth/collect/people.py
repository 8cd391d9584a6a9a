"""Whom is an event about, and what holds for them in this transaction? Remembers both between transactions.

A memory is never trusted: inside each write transaction the epoch of every subject of the batch is compared
with the one remembered, and whoever changed is read again: identifiers, standing and all. What may be kept is
the gate's; only newcomers of whom something may be kept are made.
Source: GDPR Art. 7(3), 11, 17
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec
from sqlalchemy import Connection

from troth.collect.batch import Incoming
from troth.collect.choices import hear_signal
from troth.collect.privacy_signal import as_heard
from troth.consent.record import Evidence, State, Strength, record
from troth.consent.standing import NOBODY, Standing, read_standings, saying
from troth.gate.plan import Plan
from troth.gate.reasons import Reason
from troth.subjects import directory
from troth.subjects.directory import IdentifierKind, NewSubject
from troth.subjects.links import same_person
from troth.workspace import Workspace

_REMEMBERED = 200_000
_SPOKEN = frozenset({IdentifierKind.EMAIL, IdentifierKind.PHONE})
_AT_ONCE = 500  # values in one statement
# One row comes back, so that the database is asked once and not once a subject.
_EPOCHS = "SELECT json_group_array(json_array(ref, epoch)) FROM subject WHERE ref IN (SELECT value FROM json_each(?))"


class People:
    """The people that one writer meets."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._hashes: dict[tuple[IdentifierKind, str], bytes] = {}
        self._refs: dict[bytes, int] = {}
        self._filed: dict[int, list[bytes]] = {}  # the other way round, to forget by
        self._standings: dict[int, Standing] = {}
        self._erased: dict[bytes, int] = {}  # of this batch's unknown identifiers, when their subject was erased

    def forget_all(self) -> None:
        """After a transaction that failed nothing remembered counts."""
        self._refs.clear()
        self._filed.clear()
        self._standings.clear()

    # 1. who is known

    def meet(self, conn: Connection, batch: Sequence[Incoming]) -> None:
        """Give each event its reference, where it has one, with standings as of this transaction."""
        if len(self._refs) > _REMEMBERED:
            self.forget_all()
        for one in batch:
            if not one.gone and one.draft.people:
                one.hash = self.hash(*one.draft.people[0])
        hashes = {one.hash for one in batch if one.hash is not None}
        self._check_epochs(conn, {self._refs[hashed] for hashed in hashes if hashed in self._refs})
        self._find(conn, [hashed for hashed in hashes if hashed not in self._refs])
        for one in batch:
            if one.hash is not None:
                one.ref = self._refs.get(one.hash, 0)

    def hash(self, kind: IdentifierKind, value: str) -> bytes:
        """The keyed hash of an identifier; remembered, but for addresses and numbers, which should rest nowhere in the clear."""
        if kind in _SPOKEN:
            return directory.hash_of(self._workspace.keys, kind, value)
        hashed = self._hashes.get((kind, value))
        if hashed is None:
            if len(self._hashes) > _REMEMBERED:
                self._hashes.clear()
            hashed = self._hashes[(kind, value)] = directory.hash_of(self._workspace.keys, kind, value)
        return hashed

    def _check_epochs(self, conn: Connection, refs: set[int]) -> None:
        """Forget whoever changed since, and whoever is gone."""
        if not refs:
            return
        found = conn.exec_driver_sql(_EPOCHS, (msgspec.json.encode(list(refs)).decode(),)).scalar_one()
        epochs: dict[int, int] = dict(msgspec.json.decode(found))
        for ref in refs:
            if ref not in epochs:
                self._workspace.keys.forget(ref)
            standing = self._standings.get(ref)
            if standing is None or standing.epoch != epochs.get(ref):
                self._forget(ref)

    def _forget(self, ref: int) -> None:
        self._standings.pop(ref, None)
        for hashed in self._filed.pop(ref, ()):
            self._refs.pop(hashed, None)

    def _find(self, conn: Connection, hashes: list[bytes]) -> None:
        """Look up identifiers that are not remembered; of those filed nowhere, when they were erased."""
        self._erased = {}
        for start in range(0, len(hashes), _AT_ONCE):
            part = tuple(hashes[start : start + _AT_ONCE])
            marks = ",".join("?" * len(part))
            for hashed, ref in conn.exec_driver_sql(f"SELECT hash, ref FROM identifier WHERE hash IN ({marks})", part):
                self._file(hashed, ref)
            gone = f"SELECT hash, erased_at FROM erased_identifier WHERE hash IN ({marks})"  # and of browsers that refused, only for a while
            erased = conn.exec_driver_sql(f"{gone} UNION ALL SELECT hash, at FROM refused_visitor WHERE hash IN ({marks})", part + part)
            self._erased.update((row[0], row[1]) for row in erased)
        self._read(conn, {self._refs[hashed] for hashed in hashes if hashed in self._refs})

    def _file(self, hashed: bytes, ref: int) -> None:
        self._refs[hashed] = ref
        self._filed.setdefault(ref, []).append(hashed)

    def _read(self, conn: Connection, refs: Iterable[int]) -> None:
        missing = [ref for ref in refs if ref not in self._standings]
        for ref in missing:
            self._workspace.keys.forget(ref)  # one of its keys may have gone since it was last read
        found = read_standings(conn, missing) if missing else {}
        self._standings.update(found)
        for ref in missing:
            if ref not in found:
                self._forget(ref)

    def _read_again(self, conn: Connection, ref: int) -> None:
        """After an act: what holds for a person holds for every reference joined as the same."""
        for one in same_person(conn, ref):
            self._standings.pop(one, None)
        self._read(conn, [ref])

    # 2. what holds for them

    def standing(self, conn: Connection, plan: Plan, one: Incoming, at: int) -> Standing | Reason:
        """The standing to decide on, or why there is none. A newcomer of whom nothing may be kept is not made."""
        if one.hash is None:
            return NOBODY
        one.ref = one.ref or self._refs.get(one.hash, 0)  # an earlier event of this batch may have made them
        if one.channel is not None and one.ref and not directory.is_verified(conn, one.hash):
            self._show_holder(conn, one, one.hash)
        if one.ref:
            self._read(conn, (one.ref,))  # an earlier event of this batch may have spoken for them
        self._take_relayed_consent(conn, plan, one, at)
        if one.ref:
            self._hear_signal(conn, plan, one, at)
            self._read(conn, (one.ref,))
            self._raise_population(conn, plan, one)
            return self._standings[one.ref]
        erased = self._erased.get(one.hash)
        if erased is not None and not self._came_back(one, erased):
            return Reason.ERASED
        newcomer = _newcomer(one, -1)
        if one.channel is not None:
            newcomer = one.channel.hear(conn, plan, newcomer)
        if one.draft.origin.signal:
            newcomer = as_heard(plan, newcomer)
        newcomer = saying(newcomer, {**newcomer.states, **self._relayed(plan, one)})
        treatment = plan.treatment(one.draft.event.id, newcomer)
        if treatment.refusal or treatment.anonymous:
            return newcomer
        self._create(conn, one)
        self._take_relayed_consent(conn, plan, one, at)
        self._hear_signal(conn, plan, one, at)
        self._read(conn, (one.ref,))
        return self._standings[one.ref]

    def _hear_signal(self, conn: Connection, plan: Plan, one: Incoming, at: int) -> None:
        if one.draft.origin.signal:
            self._read(conn, (one.ref,))
            if hear_signal(self._workspace, conn, plan, self._standings[one.ref], at):
                self._read_again(conn, one.ref)

    def _show_holder(self, conn: Connection, one: Incoming, hashed: bytes) -> None:
        """Who calls from a number has shown that it is theirs; a reference with other names had only named it."""
        if not directory.has_more_names(conn, one.ref):
            directory.attach(conn, one.ref, hashed, one.draft.people[0][0], verified=True)
            return
        one.ref = 0
        erased_at = directory.erased_at(conn, hashed)
        if erased_at is not None:
            self._erased[hashed] = erased_at

    def _came_back(self, one: Incoming, erased_at: int) -> bool:
        """After an erasure only a trusted sender's later event counts; browsers need a new permission first."""
        source_at = one.draft.source_at
        return one.draft.origin.trusted and source_at is not None and source_at > erased_at

    def _create(self, conn: Connection, one: Incoming) -> None:
        draft = one.draft
        assert one.hash is not None
        new = NewSubject(draft.event.population, draft.regime, draft.canary)
        one.ref = directory.create(conn, one.hash, draft.people[0][0], new, verified=draft.origin.trusted)
        if one.channel is not None:
            directory.claim(conn, one.ref, one.hash)
        self._attach_others(conn, one)
        self._file(one.hash, one.ref)
        self._standings[one.ref] = _newcomer(one, one.ref)

    def _attach_others(self, conn: Connection, one: Incoming) -> None:
        for kind, value in one.draft.also:
            directory.attach(conn, one.ref, self.hash(kind, value), kind, one.draft.origin.trusted)

    def _raise_population(self, conn: Connection, plan: Plan, one: Incoming) -> None:
        """A visitor who writes becomes an enquirer; one a customer names becomes a customer contact; never back."""
        now, wanted = plan.rank.get(self._standings[one.ref].population), plan.rank.get(one.draft.event.population)
        if now is not None and wanted is not None and wanted > now:
            last = wanted == len(plan.rank) - 1
            if not last or one.draft.origin.trusted:
                population = one.draft.event.population
                conn.exec_driver_sql("UPDATE subject SET population = ?, epoch = epoch + 1 WHERE ref = ?", (population, one.ref))
                self._read_again(conn, one.ref)
        self._attach_others(conn, one)

    # 3. what another system says they said

    def _take_relayed_consent(self, conn: Connection, plan: Plan, one: Incoming, at: int) -> None:
        """A trusted sender may relay what its own banner was told (Segment's `context.consent`).

        It fills in where the person has not spoken to us; it never overrides what the person told us.
        """
        acts = self._relayed(plan, one)
        if not acts or (not one.ref and State.GIVEN not in acts.values()):
            return
        if not one.ref:
            erased = self._erased.get(one.hash or b"")
            if erased is not None and not self._came_back(one, erased):
                return
            self._create(conn, one)
        evidence = Evidence(Strength.RELAYED, "relayed", plan.policy.version, "", one.draft.regime)
        record(conn, self._workspace.log, one.ref, acts, evidence, at)
        self._read_again(conn, one.ref)

    def _relayed(self, plan: Plan, one: Incoming) -> dict[str, State]:
        """What an event relays that is news of its person."""
        said = (one.draft.message.context or {}).get("consent")
        preferences = said.get("categoryPreferences") if isinstance(said, dict) else None
        if not one.draft.origin.trusted or not isinstance(preferences, dict):
            return {}
        states = self._standings[one.ref].states if one.ref else {}
        acts: dict[str, State] = {}
        for purpose, yes in preferences.items():
            known = states.get(purpose)
            if purpose in plan.policy.purposes and isinstance(yes, bool) and (known is None or (known is State.GIVEN and not yes)):
                acts[purpose] = State.GIVEN if yes else (State.WITHDRAWN if known else State.REFUSED)
        return acts


def _newcomer(one: Incoming, ref: int) -> Standing:
    """What holds for a subject that has said nothing yet, as `read_standings` would have it."""
    draft = one.draft
    signature = (draft.regime, False, frozenset[tuple[str, State]](), Strength.NONE)
    return Standing(ref, 1, draft.event.population, draft.regime, canary=draft.canary, signature=signature)
