"""Who are the same person? Joins references when a trusted sender says so and the gate lets it; a join can be undone.

1. sign in   `identify` and `alias` with the secret key name a visitor and an account. The visitor must let the
             cookie be tied to a person, by a purpose that uses it, and the account must not forbid that purpose
2. verify    an address or number that two references have both shown to be theirs is one person's
3. part      an operator undoes a join: each has its own acts again; what was forbidden meanwhile stays on both

A browser's word joins nothing. What two people share joins nobody: whoever signs in next on a browser, or has the same number at
their desk, would be shown the first one's data, and erased with it. A pair that was parted is not joined again by itself, unless the visitor has
agreed to something since. Rows keep their reference; links say which belong together.
Source: GDPR Art. 5(1)(b), 7(3), 11, 16
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from troth.base.clock import instant, now_micros
from troth.base.errors import Fault
from troth.collect.batch import Answer, Call, Incoming, Refusals
from troth.collect.messages import Message
from troth.collect.pipeline import Origin
from troth.consent.record import PROHIBITIONS
from troth.consent.standing import Standing, read_standing
from troth.gate.decide import Deny, MayUse, decide
from troth.gate.plan import Plan, permits
from troth.gate.reasons import Reason
from troth.ledger.entry import EntryKind
from troth.policy.model import Permission
from troth.subjects import directory, links
from troth.subjects.directory import IdentifierKind
from troth.subjects.links import How, Link, same_person
from troth.workspace import Workspace

COOKIE = "cookie.visitor"
_EVENT = "join"  # what refused joins are counted under
_SIGN_IN = frozenset({"identify", "alias"})


@dataclass(frozen=True, slots=True)
class Named:
    """Two names of one person, as a trusted sender gives them. `before`: the visitor, or who the account was."""

    before: tuple[tuple[IdentifierKind, str], ...]
    account: str


def named_in(message: Message, origin: Origin) -> Named | None:
    """The two names in a message of a trusted sender; None when it does not say who is who."""
    if message.type not in _SIGN_IN or not origin.trusted or message.user_id in (None, ""):
        return None
    account = str(message.user_id)[:256]
    previous = message.previous_id if message.type == "alias" else None
    if previous not in (None, ""):
        # Segment's previousId is an anonymous id before a sign-up and an account's id after a change of it.
        name = str(previous)
        return Named(((IdentifierKind.ANONYMOUS, name[:128]), (IdentifierKind.ACCOUNT, name[:256])), account)
    return Named(((IdentifierKind.ANONYMOUS, message.anonymous_id[:128]),), account) if message.anonymous_id else None


def only_says_who(message: Message, origin: Origin) -> bool:
    """Whether a message that the policy declares no event for has done its work all the same: an alias keeps nothing."""
    return message.type == "alias" and named_in(message, origin) is not None


class Joins:
    """The joins that one writer makes, inside the transaction of the events that gave rise to them."""

    def __init__(self, workspace: Workspace, hash: Callable[[IdentifierKind, str], bytes]) -> None:
        self._log, self._hash = workspace.log, hash

    def join(self, conn: Connection, plan: Plan, calls: Sequence[Call], batch: Sequence[Incoming], refusals: Refusals, at: int) -> None:
        """Join what a batch says is one person, or count why not."""
        for one in batch:
            if one.draft.origin.trusted and one.ref and not one.gone and one.draft.message.type in ("identify", "group"):
                self._verify(conn, one, refusals, at)
        for call in calls:
            if call.origin.trusted and call.channel is None:
                for message in call.messages:
                    named = named_in(message, call.origin)
                    if named is not None:
                        self._sign_in(conn, plan, named, call.answer, refusals, at)

    # 1. sign in

    def _sign_in(self, conn: Connection, plan: Plan, named: Named, answer: Answer, refusals: Refusals, at: int) -> None:
        visitor = self._known(conn, *named.before)
        account = self._known(conn, (IdentifierKind.ACCOUNT, named.account))
        if visitor is None or account is None or visitor.canary != account.canary:
            _count(answer, refusals, Reason.UNKNOWN_SUBJECT, visitor or account)
        elif account.ref not in same_person(conn, visitor.ref):
            reason = _why_not(plan, visitor, account, at)
            if reason is None and _parted(conn, visitor.ref, account.ref, unless_agreed=True):
                reason = Reason.JOIN_UNDONE
            if reason is None and not links.is_named(conn, visitor.ref) and links.are_two(conn, visitor.ref, account.ref):
                reason = Reason.STANDS_WITH_ANOTHER
            self._join(conn, visitor, account, How.SIGNED_IN, reason, answer, refusals, at)

    def _known(self, conn: Connection, *names: tuple[IdentifierKind, str]) -> Standing | None:
        for kind, value in names:
            ref = directory.find(conn, self._hash(kind, value))
            if ref is not None:
                return read_standing(conn, ref)
        return None

    # 2. verify

    def _verify(self, conn: Connection, one: Incoming, refusals: Refusals, at: int) -> None:
        """What a trusted sender names of a person is verified. Who merely named it before loses it to them."""
        for kind, value in [*one.draft.people[:1], *one.draft.also]:
            hashed = self._hash(kind, value)
            directory.attach(conn, one.ref, hashed, kind, verified=True)
            other = directory.find(conn, hashed)
            if other is None or other in same_person(conn, one.ref):
                continue
            if not directory.is_verified(conn, hashed):
                if directory.has_more_names(conn, other):  # else nobody could find that person's data any more
                    directory.claim(conn, one.ref, hashed)
                continue
            holder, named = read_standing(conn, other), read_standing(conn, one.ref)
            if holder is not None and named is not None and holder.canary == named.canary:
                reason = Reason.RESTRICTED if holder.restricted or named.restricted else None
                if reason is None and _parted(conn, other, one.ref, unless_agreed=False):
                    reason = Reason.JOIN_UNDONE
                if reason is None and kind is IdentifierKind.PHONE and links.are_two(conn, other, one.ref):
                    reason = Reason.STANDS_WITH_ANOTHER
                self._join(conn, holder, named, How.VERIFIED_IDENTIFIER, reason, one.answer, refusals, at)

    # both

    def _join(
        self, conn: Connection, a: Standing, b: Standing, how: How, reason: Reason | None, answer: Answer, refusals: Refusals, at: int
    ) -> None:
        if reason is not None:
            _count(answer, refusals, reason, a)
        elif links.join(conn, a.ref, b.ref, how) is not None:
            self._log.append(conn, EntryKind.JOINED, {"a": a.ref, "b": b.ref, "how": how.value, "purpose": ""}, instant(at))
            answer.joined += 1


def _why_not(plan: Plan, visitor: Standing, account: Standing, at: int) -> Reason | None:
    """None when some purpose that uses the cookie is permitted by the visitor and not forbidden by the account.

    An account that was never asked about it is heard through the visitor: they are one person by the sender's word.
    """
    if account.restricted:
        return Reason.RESTRICTED
    reasons: list[Reason] = []
    for purpose in plan.policy.purposes.values():
        if COOKIE in purpose.items:
            verdict = decide(MayUse(purpose.id, frozenset({COOKIE})), plan, visitor, instant(at))
            state = account.states.get(purpose.id)
            denial = verdict.reason if isinstance(verdict, Deny) else permits(state, Permission.MAY_OBJECT) if state in PROHIBITIONS else None
            if denial is None:
                return None
            reasons.append(denial)
    return reasons[0] if reasons else Reason.JOIN_NOT_PROMISED


def _parted(conn: Connection, a: int, b: int, unless_agreed: bool) -> bool:
    """Whether these two were parted; with `unless_agreed`, only while `a` has agreed to nothing since."""
    pair = "purpose = '' AND until IS NOT NULL AND ((a = ? AND b = ?) OR (b = ? AND a = ?))"
    parted_at = conn.exec_driver_sql(f"SELECT max(until) FROM link WHERE {pair}", (a, b, a, b)).scalar_one()
    if parted_at is None or not unless_agreed:
        return parted_at is not None
    agreed = "SELECT 1 FROM consent_act WHERE ref = ? AND state = 'given' AND at > ? LIMIT 1"
    return conn.exec_driver_sql(agreed, (a, parted_at)).first() is None


def _count(answer: Answer, refusals: Refusals, reason: Reason, about: Standing | None) -> None:
    answer.reasons[reason] += 1
    if about is None or not about.canary:
        refusals[(_EVENT, reason)] += 1


# 3. part


def standing_joins(conn: Connection, ref: int | None = None) -> list[Link]:
    """The joins that stand now, of one reference or of all, oldest first."""
    if ref is not None:
        return sorted(links.standing_links(conn, ref), key=lambda link: link.id)
    rows = conn.exec_driver_sql("SELECT id, a, b, how, purpose, since FROM link WHERE until IS NULL ORDER BY id")
    return [Link(row[0], row[1], row[2], How(row[3]), row[4], row[5]) for row in rows]


@dataclass(frozen=True, slots=True)
class Parted:
    """A join that was undone; `until` in microseconds."""

    link: Link
    until: int


def joins_around(conn: Connection, ref: int, purpose: str) -> list[Link]:
    """The joins that stand of one person, for every purpose or for this one, oldest first."""
    found = {link.id: link for one in _family(conn, ref, purpose) for link in standing_joins(conn, one) if link.purpose in ("", purpose)}
    return [found[id] for id in sorted(found)]


def parted_around(conn: Connection, ref: int, purpose: str) -> list[Parted]:
    """The joins of one person that were undone, the latest first."""
    family = sorted(_family(conn, ref, purpose))
    marks = ",".join("?" * len(family))
    rows = conn.exec_driver_sql(
        f"SELECT id, a, b, how, purpose, since, until FROM link WHERE until IS NOT NULL AND (a IN ({marks}) OR b IN ({marks})) ORDER BY until DESC",
        (*family, *family),
    )
    return [Parted(Link(row[0], row[1], row[2], How(row[3]), row[4], row[5]), row[6]) for row in rows if row[4] in ("", purpose)]


def _family(conn: Connection, ref: int, purpose: str) -> set[int]:
    """All references that are joined with `ref` now, for every purpose or for this one, itself included."""
    seen, ahead = {ref}, [ref]
    while ahead:
        for link in standing_joins(conn, ahead.pop()):
            for other in {link.a, link.b} - seen:
                if link.purpose in ("", purpose):
                    seen.add(other)
                    ahead.append(other)
    return seen


def part(workspace: Workspace, link_id: int, operator: str) -> Link:
    """Undo one join; it holds when this returns. `operator` is a reference, never a name. Raises `no-such-join`."""
    with workspace.state.write() as conn:
        found = next((link for link in standing_joins(conn) if link.id == link_id), None)
        if found is None or not links.unjoin(conn, link_id):
            raise Fault("no-such-join", "there is no such join, or it was undone before", help="troth subject joins", status=404)
        body = {"a": found.a, "b": found.b, "how": found.how.value, "purpose": found.purpose, "operator": operator}
        workspace.log.append(conn, EntryKind.UNJOINED, body, instant(now_micros()))
    return found
