"""What becomes of a telephone call? It is kept once, when it ends, and joined to a visit if everybody lets it be.

1. note    before its end only a keyed hash of the call's id and its beginning are held, for a day at most
2. keep    the end makes an event about the caller, through the gate and the journal like every other
3. match   whoever was lent the number when the call began is the caller, as far as anyone can tell
4. join    the visitor's standing and the caller's must both permit; the reason of a no is counted
5. undo    a no on a purpose that joins undoes its joins, and falls on what was joined

A caller who withholds the number is a subject of that one call: nothing of the person is kept, yet the call
can be joined to the visit that led to it, and erased with it. An anonymous remainder could be neither.
Source: GDPR Art. 5(1)(b), 7(3), 21; STANDARDS "Calls"
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from sqlalchemy import BigInteger, Column, Connection, Index, LargeBinary, Table, Text

from troth.base.clock import instant, now_micros
from troth.base.database import metadata
from troth.collect.messages import Message
from troth.collect.numbers import LONGEST_CALL, PAIR, lent_to, tracked
from troth.collect.pipeline import Draft, Dropped, Origin, import_time
from troth.collect.regime import regime_for
from troth.collect.telephone import country_of, spelled
from troth.consent.record import CARRIED, PROHIBITIONS, Act, Evidence, State, Strength, history, record
from troth.consent.standing import Standing, read_standing, saying
from troth.gate.decide import Deny, MayJoin, Permit, decide
from troth.gate.plan import Plan
from troth.gate.reasons import Reason
from troth.ledger.entry import EntryKind
from troth.ledger.log import Log
from troth.policy.model import Purpose
from troth.store.journal import count_refused
from troth.subjects import directory, links
from troth.subjects.directory import IdentifierKind
from troth.subjects.links import How
from troth.workspace import Workspace

EVENT = "call"
OTHER = "other"

call_progress = Table(
    "call_progress",
    metadata,
    Column("call", LargeBinary, primary_key=True),
    Column("began_at", BigInteger),
    Column("ended_at", BigInteger),
    Column("day", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
call_step = Table(
    "call_step",
    metadata,
    Column("call", LargeBinary, primary_key=True),
    Column("status", Text, primary_key=True),
    Column("sequence", Text, primary_key=True),
    Column("day", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
Index("call_progress_day", call_progress.c.day)
Index("call_step_day", call_step.c.day)


class Status(StrEnum):
    """How a call stands. Source: Twilio voice status callbacks."""

    QUEUED = "queued"
    INITIATED = "initiated"
    RINGING = "ringing"
    IN_PROGRESS = "in-progress"
    COMPLETED = "completed"
    BUSY = "busy"
    NO_ANSWER = "no-answer"
    FAILED = "failed"
    CANCELED = "canceled"
    OTHER = "other"


_STATUSES = {status.value: status for status in Status}
_ENDS = frozenset({Status.COMPLETED, Status.BUSY, Status.NO_ANSWER, Status.FAILED, Status.CANCELED})


def status_of(text: str) -> Status:
    """The status of that name; `other` for one we do not know."""
    return _STATUSES.get(text, Status.OTHER)


@dataclass(frozen=True, slots=True)
class News:
    """One thing a provider says of one call, once its signature was checked.

    `caller` is empty when the number was withheld; `seconds` None when no length was said; `at` and `began`
    (where the provider says it) in microseconds.
    """

    call: str
    caller: str
    number: str
    status: Status
    sequence: str
    at: int
    seconds: int | None
    inbound: bool = True
    began: int | None = None
    canary: str = ""
    imported: bool = False  # of the past: `at` is kept as its own time
    visitor: str = ""  # only of an imported call: the cookie of the browser that was shown the number

    @property
    def ends(self) -> bool:
        """Whether the call is over. A status we do not know ends it when it comes with the call's length."""
        return self.status in _ENDS or (self.status is Status.OTHER and self.seconds is not None)


# 1. note


def note(workspace: Workspace, news: News) -> None:
    """Remember that a call has begun; what was said before, or of a call that is over, changes nothing."""
    if not news.inbound:
        return
    call = _hash(workspace, news)
    with workspace.state.write() as conn:
        if _is_new(conn, call, news, now_micros()):
            conn.exec_driver_sql(
                "INSERT INTO call_progress (call, began_at, day) VALUES (?, ?, ?) "
                "ON CONFLICT (call) DO UPDATE SET began_at = min(coalesce(began_at, excluded.began_at), excluded.began_at) WHERE ended_at IS NULL",
                (call, news.at, _day(now_micros())),
            )


def _hash(workspace: Workspace, news: News) -> bytes:
    return workspace.keys.hash_identifier(EVENT, news.call)


def _is_new(conn: Connection, call: bytes, news: News, at: int) -> bool:
    """Whether this call, status and sequence were not told before."""
    _sweep(conn, at)
    step = "INSERT INTO call_step (call, status, sequence, day) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING"
    return bool(conn.exec_driver_sql(step, (call, news.status, news.sequence, _day(at))).rowcount)


def _sweep(conn: Connection, at: int) -> None:
    """What is older than the longest call is of no use: the event's own duplicate key guards what was kept."""
    before = _day(at - LONGEST_CALL // timedelta(microseconds=1))
    for table in ("call_progress", "call_step"):
        conn.exec_driver_sql(f"DELETE FROM {table} WHERE day < ?", (before,))


def _day(at: int) -> int:
    return at // 86_400_000_000


# 2. keep


class EndedCall:
    """A call that is over, on its way through the gate. One object, one transaction. See `troth.collect.channel`."""

    event = EVENT

    def __init__(self, workspace: Workspace, news: News) -> None:
        self._workspace, self._news = workspace, news
        self.key = _hash(workspace, news)
        self._began, self._seen = news.at, False
        self._visitor: int | None = None

    def begin(self, conn: Connection, at: int) -> bool:
        """Take the end of the call, once; and find out when it began and whom its number was lent to."""
        news, call = self._news, self.key
        new = _is_new(conn, call, news, at)
        found = conn.exec_driver_sql("SELECT began_at, ended_at FROM call_progress WHERE call = ?", (call,)).first()
        if not new or (found is not None and found[1] is not None):
            return False
        conn.exec_driver_sql(
            "INSERT INTO call_progress (call, ended_at, day) VALUES (?, ?, ?) ON CONFLICT (call) DO UPDATE SET ended_at = excluded.ended_at",
            (call, news.at, _day(at)),
        )
        began = news.began if news.began is not None or found is None else found[0]
        reckoned = news.at - (news.seconds or 0) * 1_000_000
        self._seen = began is not None and began <= news.at
        self._began = began if began is not None and self._seen else reckoned
        rest = self._workspace.plan_at(conn, at).policy.calls.lease_for
        if news.imported:  # leases of the past are gone: whoever imports calls knows whom their numbers were shown to
            shown_to = directory.hash_of(self._workspace.keys, IdentifierKind.ANONYMOUS, news.visitor)
            self._visitor = directory.find(conn, shown_to) if news.visitor else None
        elif news.number:
            self._visitor = lent_to(conn, news.number, self._began, news.at, self._seen, rest)
        return True

    def draft(self, plan: Plan) -> Draft:
        """The call in the policy's words. Calls that we make ourselves, and legs to an agent, are not declared."""
        news, policy = self._news, plan.policy
        event = policy.events.get(EVENT)
        if event is None or not news.inbound:
            raise Dropped(Reason.UNDECLARED_EVENT)
        ours = {*tracked(policy.calls), spelled(policy.calls.fallback)}
        said = {
            "call.number": news.number if news.number in ours and news.number else OTHER,
            "call.caller": news.caller,
            "call.status": str(news.status),
            "call.seconds": news.seconds,
            "contact.source": event.channel,
        }
        items = {item: value for item, value in said.items() if item in event.items and value not in ("", None)}
        if any(item not in items for item in event.required):
            raise Dropped(Reason.MISSING_ITEM)
        origin = Origin(trusted=True, address="", agent="", received_at=news.at)
        draft = Draft(Message(type=EVENT), origin, plan, event, items, source_at=self._began)
        if news.imported:
            draft.occurred_at = import_time(plan, event, news.at, now_micros())
        # The prefix keeps the one-call subject apart from every visitor's cookie.
        draft.people = [(IdentifierKind.PHONE, news.caller) if news.caller else (IdentifierKind.ANONYMOUS, f"call:{news.call}")]
        draft.regime = regime_for(policy, None, country_of(news.caller))
        draft.canary = bool(news.canary) and news.canary == self._workspace.access.get("canary_key")
        return draft

    def hear(self, conn: Connection, plan: Plan, standing: Standing) -> Standing:
        """The caller's standing, with what the visitor who was shown the number says of joining."""
        # Reading (docs/decisions/0018): a visitor who agreed to "telephone calls you make to us" spoke for the call to the number that
        # nobody else was shown. So a caller who never said anything is heard through that visitor: a yes there
        # is a yes here, a no there is a no. What the caller forbade stays forbidden.
        visitor = read_standing(conn, self._visitor) if self._visitor not in (None, standing.ref) else None
        if visitor is None:
            return standing
        visitor, standing = plan.heard(visitor), plan.heard(standing)
        states = dict(standing.states)
        for purpose in _joining(plan):
            said, own = visitor.states.get(purpose.id), states.get(purpose.id)
            if said in PROHIBITIONS:
                heard = own not in PROHIBITIONS
            else:
                heard = said is State.GIVEN and not visitor.restricted and (own is None or _taken_back(conn, standing.ref, visitor.ref, purpose.id))
            if heard and said is not None:
                states[purpose.id] = said
        return _saying(standing, states)

    # 3. and 4. match and join

    def end(self, conn: Connection, plan: Plan, kept: tuple[int, int], at: int) -> None:
        """Join a kept call to the visit that led to it, or count why not."""
        event, ref = kept
        caller = read_standing(conn, ref)
        others = [self._visitor] if self._visitor is not None else _joined_with(conn, plan, ref)
        verdict = self._judge(conn, plan, caller, others, at)
        if isinstance(verdict, Permit):
            for other in others:
                if caller is not None and other != ref:
                    self._join(conn, verdict.purpose, other, caller, event, at)
        elif caller is not None and not caller.canary:
            count_refused(conn, {("join", verdict.reason): 1}, at)

    def _judge(self, conn: Connection, plan: Plan, caller: Standing | None, others: list[int], at: int) -> Permit | Deny:
        """Both must permit, the visitor first: theirs is the visit that would be shown beside the call."""
        for other in others:
            verdict = decide(MayJoin(PAIR), plan, read_standing(conn, other), instant(at))
            if isinstance(verdict, Deny):
                return verdict
        verdict = decide(MayJoin(PAIR), plan, caller and self.hear(conn, plan, caller), instant(at))
        unheard = isinstance(verdict, Permit) or verdict.reason is Reason.NOT_ASKED
        return Deny(Reason.NO_VISIT) if unheard and not others else verdict

    def _join(self, conn: Connection, purpose: str, other: int, caller: Standing, event: int, at: int) -> None:
        workspace, how = self._workspace, How.NUMBER_AND_TIME if self._visitor is not None else How.CALLER_NUMBER
        visitor = read_standing(conn, other)
        agreed = visitor is not None and visitor.states.get(purpose) is State.GIVEN
        if agreed and how is How.NUMBER_AND_TIME and caller.states.get(purpose) is not State.GIVEN:
            version = workspace.plan_at(conn, at).policy.version
            evidence = Evidence(Strength.RELAYED, CARRIED, version, "", caller.regime)
            record(conn, workspace.log, caller.ref, {purpose: State.GIVEN}, evidence, at)
        links.join(conn, other, caller.ref, how, purpose)
        body = {"event": event, "a": other, "b": caller.ref, "how": how.value, "purpose": purpose}
        workspace.log.append(conn, EntryKind.JOINED, body, instant(at))


def _joining(plan: Plan) -> list[Purpose]:
    return [purpose for purpose in plan.policy.purposes.values() if PAIR in purpose.joins]


def _joined_with(conn: Connection, plan: Plan, ref: int) -> list[int]:
    """Whom a caller was joined with before: the number alone says who calls."""
    ids = {purpose.id for purpose in _joining(plan)}
    found = [one.b if one.a == ref else one.a for one in links.standing_links(conn, ref) if one.purpose in ids]
    return list(dict.fromkeys(found))


def _saying(standing: Standing, states: dict[str, State]) -> Standing:
    """The same standing with other states, as the gate remembers it by."""
    if states == standing.states:
        return standing
    relayed = standing.strength is Strength.NONE and State.GIVEN in states.values()
    return saying(standing, states, Strength.RELAYED if relayed else None)


def _taken_back(conn: Connection, caller: int, visitor: int, purpose: str) -> bool:
    """Whether the caller's no only came with a join, and the visitor has said yes since."""
    no, yes = _last(conn, caller, purpose), _last(conn, visitor, purpose)
    return no is not None and yes is not None and no.evidence.how == CARRIED and yes.state is State.GIVEN and yes.at > no.at


def _last(conn: Connection, ref: int, purpose: str) -> Act | None:
    return next((act for act in reversed(history(conn, ref)) if act.purpose == purpose), None)


# 5. undo


def undo_joins(conn: Connection, log: Log, ref: int, purpose: str, at: int) -> list[int]:
    """Undo every join of a reference for one purpose, each with its ledger entry; returns whom it was joined with."""
    others = []
    for one in links.standing_links(conn, ref):
        if one.purpose == purpose and links.unjoin(conn, one.id):
            log.append(conn, EntryKind.UNJOINED, {"a": one.a, "b": one.b, "purpose": purpose}, instant(at))
            others.append(one.b if one.a == ref else one.a)
    return others
