"""What do people ask of us, by when, and what can be done about it? The operators' queue of subject requests.

Who may answer: an owner, or an operator whose role is `privacy-officer`. Reading what a person wrote and every act
is entered in the ledger. What an act does stands in `troth.rights`; the person is told by a letter of its own, and
reads it in their privacy page as well.
Source: GDPR Art. 12(3)-(6), 18(3), 21(1); Cal. Civ. Code 1798.130(a)(2)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import Connection

from troth.base.clock import now
from troth.base.errors import Fault
from troth.consent.standing import read_standing
from troth.console.seat import ANSWERING, Seat
from troth.disclose import letters
from troth.ledger.entry import EntryKind
from troth.policy.demands import Excessive
from troth.policy.words import day
from troth.rights import fees, objection, requests, restrict
from troth.rights.addresses import address_of
from troth.rights.deadlines import Pause, acknowledge_by, day_of, facts_for
from troth.rights.fees import Excess
from troth.rights.objection import Decision
from troth.rights.requests import Note, Right, Status, Step, StepTaken, SubjectRequest
from troth.workspace import Workspace

SOON = 7  # days before the deadline from which it is marked
LONGEST_TEXT = 8_000


class Act(StrEnum):
    """What an operator can do with a subject request."""

    START = "start"
    ASK = "ask"
    EXTEND = "extend"
    ANSWER = "answer"
    UPHOLD = "uphold"
    OVERRIDE = "override"
    REFUSE = "refuse"
    CHARGE = "charge"
    ANNOUNCE_LIFTING = "announce-lifting"
    LIFT = "lift"


REFUSALS: Mapping[str, str] = {
    "not-identified": "They have not shown who they are",
    "others-rights": "It would harm the rights of somebody else",
    "law-forbids": "A law forbids it, or makes us keep it",
    "claims": "It is needed for a legal claim",
    "not-ours": "We do not hold it, or act for somebody else",
    **{str(one): f"It is {one} (only after as many as the policy answers free)" for one in Excess},
}
PAUSES: Mapping[Pause, str] = {
    Pause.CLARIFICATION: "What they mean", Pause.IDENTITY: "To show who they are",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Waiting:
    """One line of the queue. `left` is in days; below nothing, it is overdue."""

    request: SubjectRequest
    left: int
    running: bool


@dataclass(frozen=True, slots=True)
class Opened:
    """One subject request as its page shows it. `may`: the acts that are open now."""

    request: SubjectRequest
    left: int
    running: bool
    acknowledge_on: date | None
    identity: str
    notes: tuple[Note, ...]
    steps: tuple[StepTaken, ...]
    may: frozenset[Act]
    restricted: bool
    repeats: bool


def check_may_answer(seat: Seat) -> None:
    """Raises `not-yours` unless this operator may answer requests."""
    if seat.role not in ANSWERING:
        raise Fault("not-yours", "only an owner or a privacy officer may see and answer people's requests", status=403)


def queue(workspace: Workspace) -> list[Waiting]:
    """Everything not closed, the nearest deadline first. Nothing a person wrote is opened."""
    at = now()
    with workspace.state.read() as conn:
        found = requests.unanswered(conn)
        deadlines = [requests.deadline_of(workspace, conn, one, at) for one in found]
    lines = [Waiting(one, _days_to(due.due_on, one, at), due.running) for one, due in zip(found, deadlines, strict=True)]
    return sorted(lines, key=lambda line: (line.left, line.request.received_at))


def _days_to(due_on: date, found: SubjectRequest, at: datetime) -> int:
    return (due_on - day_of(facts_for(found.regime), at)).days


def lately_closed(workspace: Workspace, most: int = 12) -> list[SubjectRequest]:
    """What was closed last."""
    with workspace.state.read() as conn:
        return requests.closed(conn, most)


def open_one(seat: Seat, shown: str) -> Opened:
    """One subject request with what the person wrote; that it was read is entered in the ledger. Raises `no-such-request`."""
    workspace, id = seat.workspace, requests.read_id(shown)
    with workspace.state.write() as conn:
        found = requests.get(conn, id)
        body = {"act": "request-read", "request": id, "operator": seat.session.operator.id}
        workspace.log.append(conn, EntryKind.OPERATOR_ACT, body, now())
        return _opened(workspace, conn, found)


def _opened(workspace: Workspace, conn: Connection, found: SubjectRequest) -> Opened:
    at, facts = now(), facts_for(found.regime)
    due = requests.deadline_of(workspace, conn, found, at)
    standing = read_standing(conn, found.ref) if found.ref else None
    taken, restricted = requests.steps(conn, found.id), standing is not None and standing.restricted
    repeats = fees.too_many(workspace, conn, found)
    return Opened(
        found, _days_to(due.due_on, found, at), due.running, acknowledge_by(facts, found.kind, day_of(facts, found.received_at)),
        _identity(conn, found), tuple(requests.notes_of(workspace, conn, found.id)), tuple(taken),
        _open_acts(found, taken, restricted, repeats and fees.may(workspace, found, Excessive.FEE), due.extended), restricted, repeats,
    )  # fmt: skip


def _identity(conn: Connection, found: SubjectRequest) -> str:
    """What is known of who asks."""
    if found.ref == 0:
        return "Somebody who has not shown who they are, or who was erased since"
    if read_standing(conn, found.ref) is None:
        return "Erased since"
    verified = conn.exec_driver_sql("SELECT 1 FROM identifier WHERE ref = ? AND kind = 'email' AND verified = 1", (found.ref,)).first()
    return "Shown by opening a link in their mailbox" if verified else "Shown by the identifier of their browser, and no more"


def _open_acts(found: SubjectRequest, taken: list[StepTaken], restricted: bool, charges: bool, extended: bool) -> frozenset[Act]:
    if found.closed:
        lifting = {Act.LIFT} if any(one.step is Step.TOLD for one in taken) else {Act.ANNOUNCE_LIFTING}
        return frozenset(lifting if found.kind is Right.RESTRICTION and restricted else ())
    acts = {Act.ASK, Act.REFUSE}
    acts |= {Act.UPHOLD, Act.OVERRIDE} if found.kind is Right.OBJECTION else {Act.ANSWER}
    acts |= {Act.START} if found.status is Status.OPEN else set()
    acts |= {Act.CHARGE} if charges and not found.fee else set()
    return frozenset(acts if extended else acts | {Act.EXTEND})


# the acts

Done = tuple[SubjectRequest, str]  # what became of it, and what the person is told; empty: nothing
Doing = Callable[[Workspace, Connection, SubjectRequest, Mapping[str, str], str], Done]


def act(seat: Seat, shown: str, what: str, form: Mapping[str, str]) -> SubjectRequest:
    """Do something with a subject request and tell the person. Raises `no-such-act`, or what the right itself raises."""
    id, workspace, by = requests.read_id(shown), seat.workspace, seat.session.operator.id
    with workspace.state.write() as conn:
        found = requests.get(conn, id)
        doing = DOING.get(Act(what)) if what in list(Act) else None
        if doing is None or what not in _opened(workspace, conn, found).may:
            raise Fault("no-such-act", "that cannot be done with this request as it stands", help="load the page again", status=409)
        done, words = doing(workspace, conn, found, form, by)
        body = {"act": f"request-{what}", "request": id, "operator": by}
        workspace.log.append(conn, EntryKind.OPERATOR_ACT, body, now())
        to = address_of(workspace, conn, found) if words else None
    if to:
        _tell(workspace, Act(what), done, to, words)
    if done.closed and done.ref == 0:  # what somebody unknown wrote has served
        with workspace.state.write() as conn:
            requests.forget_notes(workspace, conn, id)
    return done


def _tell(workspace: Workspace, what: Act, done: SubjectRequest, to: str, words: str) -> None:
    match what:
        case Act.ASK | Act.CHARGE:
            letters.ask_for_more(workspace, done, to, words)
        case Act.EXTEND:
            letters.tell_extension(workspace, done, to, words)
        case Act.ANNOUNCE_LIFTING:
            letters.announce_lifting(workspace, done.ref, to)
        case _:
            letters.tell_outcome(workspace, done, to, words)


def _text(form: Mapping[str, str]) -> str:
    words = form.get("text", "").strip()
    if not words:
        raise Fault("reason-missing", "write the words that the person is to read")
    if len(words) > LONGEST_TEXT:
        raise Fault("too-long", f"at most {LONGEST_TEXT} characters")
    return words


def _start(workspace: Workspace, conn: Connection, found: SubjectRequest, _form: Mapping[str, str], by: str) -> Done:
    return requests.start(workspace, conn, found.id, by), ""


def _ask(workspace: Workspace, conn: Connection, found: SubjectRequest, form: Mapping[str, str], by: str) -> Done:
    words, why = _text(form), form.get("why", "")
    if why not in PAUSES:
        raise Fault("bad-choice", "say what the person is asked for")
    return requests.ask_person(workspace, conn, found.id, Pause(why), by, words), words


def _extend(workspace: Workspace, conn: Connection, found: SubjectRequest, form: Mapping[str, str], by: str) -> Done:
    words = _text(form)
    return requests.extend(workspace, conn, found.id, words, by), words


def _answer(workspace: Workspace, conn: Connection, found: SubjectRequest, form: Mapping[str, str], by: str) -> Done:
    words = _text(form)
    requests.write_note(workspace, conn, found.id, by, words)
    return requests.fulfil(workspace, conn, found.id, "answered", by), words


def _weigh(decision: Decision) -> Doing:
    def decide(workspace: Workspace, conn: Connection, found: SubjectRequest, form: Mapping[str, str], by: str) -> Done:
        words = _text(form)
        upheld = decision is Decision.UPHELD
        said = "Your objection is upheld: it has stopped for good." if upheld else "There are compelling grounds that go before your objection:"
        return objection.weigh(workspace, conn, found.id, decision, words, by), f"{said}\n\n{words}"

    return decide


def _refuse(workspace: Workspace, conn: Connection, found: SubjectRequest, form: Mapping[str, str], by: str) -> Done:
    words, reason = _text(form), form.get("reason", "")
    if reason not in REFUSALS:
        raise Fault("bad-choice", "say on which ground it is refused")
    if reason in list(Excess):
        return fees.refuse_excess(workspace, conn, found.id, Excess(reason), words, by), words
    return requests.refuse(workspace, conn, found.id, reason, by, words), words


def _charge(workspace: Workspace, conn: Connection, found: SubjectRequest, form: Mapping[str, str], by: str) -> Done:
    words, why, fee = _text(form), form.get("why", ""), _money(form.get("fee", ""))
    if why not in list(Excess):
        raise Fault("bad-choice", "say why it may cost something")
    return fees.charge(workspace, conn, found.id, fee, Excess(why), words, by), f"It would cost {fee / 100:.2f}, because it is {why}.\n\n{words}"


def _money(text: str) -> int:
    whole, _, part = text.strip().replace(",", ".").partition(".")
    if not (whole.isascii() and whole.isdigit() and len(whole) < 6 and (not part or (part.isascii() and part.isdigit() and len(part) <= 2))):
        raise Fault("bad-fee", "write the fee as a plain amount, such as 12.50")
    return int(whole) * 100 + int(part.ljust(2, "0") or 0)


def _announce(workspace: Workspace, conn: Connection, found: SubjectRequest, _form: Mapping[str, str], by: str) -> Done:
    words = f"The restriction will be lifted. Told on {day(now().date())}."
    return restrict.announce_lifting(workspace, conn, found.id, by), words


def _lift(workspace: Workspace, conn: Connection, found: SubjectRequest, _form: Mapping[str, str], by: str) -> Done:
    restrict.lift_by_operator(workspace, conn, found.id, by)
    return requests.get(conn, found.id), "Your data is used again as our policy says; the restriction you asked for is lifted."


DOING: Mapping[Act, Doing] = {
    Act.START: _start, Act.ASK: _ask, Act.EXTEND: _extend, Act.ANSWER: _answer, Act.UPHOLD: _weigh(Decision.UPHELD),
    Act.OVERRIDE: _weigh(Decision.OVERRIDDEN), Act.REFUSE: _refuse, Act.CHARGE: _charge, Act.ANNOUNCE_LIFTING: _announce, Act.LIFT: _lift,
}  # fmt: skip
