"""Which pages does the privacy officer work with? The queue of requests, one page a request, and the joins of a person.

It shows and passes on: what can be done with a request stands in `troth.console.queue`.
Source: GDPR Art. 12, 16, 21
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from troth.base.errors import Fault
from troth.collect.identify import Parted, joins_around, part, parted_around
from troth.console import queue
from troth.console.queue import Act
from troth.console.seat import Seat
from troth.look import render
from troth.policy.model import Policy
from troth.reports.asking import Withheld, joining_purpose
from troth.reports.journey import Journey, journey
from troth.reports.overview import obeyed
from troth.rights.fees import Excess
from troth.rights.requests import Note, Right, Status, Step, SubjectRequest
from troth.subjects import directory
from troth.subjects.links import How, Link

RIGHTS: Mapping[Right, str] = {
    Right.ACCESS: "Access", Right.RECTIFICATION: "Correction", Right.ERASURE: "Erasure", Right.RESTRICTION: "Restriction",
    Right.LIFTING: "Lifting of a restriction", Right.PORTABILITY: "Taking data elsewhere", Right.OBJECTION: "Objection",
    Right.COMPLAINT: "Complaint", Right.QUESTION: "Question", Right.KNOW: "What is known", Right.MEASURES: "How data is protected",
    Right.UNCLEAR: "Unclear", Right.WITHDRAWAL: "Withdrawal of consent",
}  # fmt: skip
STATUSES: Mapping[Status, tuple[str, str]] = {
    Status.OPEN: ("new", "warn"), Status.WAITING: ("waiting for the person", "told"), Status.IN_PROGRESS: ("being worked on", "told"),
    Status.FULFILLED: ("done", "good"), Status.REFUSED: ("refused", "bad"), Status.EXPIRED: ("ran out", "none"),
}  # fmt: skip
STEPS: Mapping[Step, str] = {
    Step.RECEIVED: "It arrived", Step.MORE_ASKED: "The person was asked for something", Step.ANSWERED: "The person answered",
    Step.STARTED: "Work on it began", Step.EXTENDED: "More time was taken", Step.FEE_SET: "A fee was set", Step.TOLD: "The person was told",
    Step.CLOSED: "It was closed",
}  # fmt: skip
GROUNDS: Mapping[How, str] = {
    How.VERIFIED_IDENTIFIER: "both have shown the same address or number to be theirs", How.SIGNED_IN: "they signed in with this browser",
    How.NUMBER_AND_TIME: "a call came to the number their page showed, while it showed it", How.CALLER_NUMBER: "the same telephone number called",
    How.OPERATOR: "an operator put them together",
}  # fmt: skip
DONE: Mapping[str, tuple[str, str]] = {
    Act.START: ("good", "You work on it now."),
    Act.ASK: ("good", "The person was asked, and it waits for them."),
    Act.EXTEND: ("good", "More time is taken, and the person was told why."),
    Act.ANSWER: ("good", "It is answered and closed."),
    Act.UPHOLD: ("good", "The objection is upheld: the purpose has stopped for this person."),
    Act.OVERRIDE: ("warn", "Compelling grounds go before it: the purpose goes on, and the person was told why."),
    Act.REFUSE: ("warn", "It is refused, and the person was told why."),
    Act.CHARGE: ("good", "The person was told the fee, and it waits for them."),
    Act.ANNOUNCE_LIFTING: ("good", "The person was told that the restriction will be lifted."),
    Act.LIFT: ("good", "The restriction is lifted."),
    "parted": ("good", "They are apart again. What either forbade meanwhile stays forbidden for both."),
}


class DeskPages:
    """The handlers of `/<w>/console/requests…` and of joins."""

    def requests(self, http: Request, seat: Seat) -> Response:
        """The queue."""
        queue.check_may_answer(seat)
        waiting, closed = queue.queue(seat.workspace), queue.lately_closed(seat.workspace)
        return _show(http, seat, "requests", "requests.html", waiting=waiting, closed=closed, soon=queue.SOON)

    def request(self, http: Request, seat: Seat) -> Response:
        """One request."""
        queue.check_may_answer(seat)
        found = queue.open_one(seat, http.path_params["id"])
        policy = seat.workspace.policy
        return _show(
            http, seat, "requests", "request.html", found=found, one=found.request, about=_about(policy, found.request),
            law=_law(policy, found.request), Act=Act, refusals=queue.REFUSALS, pauses=queue.PAUSES, excess=list(Excess),
        )

    def act(self, http: Request, seat: Seat, form: dict[str, str]) -> Response:
        """Do something with a request."""
        queue.check_may_answer(seat)
        shown, what = http.path_params["id"], http.path_params["act"]
        queue.act(seat, shown, what, form)
        return RedirectResponse(f"/{seat.w}/console/requests/{shown}?done={what}", 303)

    def journey(self, http: Request, seat: Seat) -> Response:
        """What one person looked at before calling, and with whom they are joined."""
        ref, found = _person(http, seat)
        joins, parted = _joins(seat, ref) if isinstance(found, Journey) else ((), ())
        purposes = () if found is None else obeyed_by(seat, found)
        return _show(
            http, seat, "people", "journey.html", status=404 if found is None else 200, found=found, obeys=purposes, joins=joins, parted=parted,
            grounds=GROUNDS, labels={one.id: one.label for one in seat.workspace.policy.purposes.values()},
        )

    def part(self, http: Request, seat: Seat, form: dict[str, str]) -> Response:
        """Undo one join of a person this operator may see; raises `no-such-join` for any other."""
        ref, found = _person(http, seat)
        joins, _ = _joins(seat, ref) if isinstance(found, Journey) else ((), ())
        asked = form.get("link", "")
        if not any(str(one.id) == asked for one in joins):
            raise Fault("no-such-join", "there is no such join, or it was undone before", help="load the page again", status=404)
        part(seat.workspace, int(asked), seat.session.operator.id)
        return RedirectResponse(f"/{seat.w}/console/people/{ref}?done=parted", 303)


def obeyed_by(seat: Seat, found: Journey | Withheld) -> tuple[object, ...]:
    """The purposes a journey rests on."""
    return tuple(obeyed(seat.asker, found.purpose))


def _person(http: Request, seat: Seat) -> tuple[int, Journey | Withheld | None]:
    ref = directory.read_reference(http.path_params["ref"])
    return (ref, journey(seat.asker, ref)) if ref else (0, None)


def _joins(seat: Seat, ref: int) -> tuple[tuple[Link, ...], tuple[Parted, ...]]:
    purpose = joining_purpose(seat.workspace.policy) or ""
    with seat.workspace.state.read() as conn:
        return tuple(joins_around(conn, ref, purpose)), tuple(parted_around(conn, ref, purpose))


def _about(policy: Policy, one: SubjectRequest) -> str:
    if one.about in policy.purposes:
        return policy.purposes[one.about].label
    return policy.items[one.about].label if one.about in policy.items else one.about


def _law(policy: Policy, one: SubjectRequest) -> str:
    return policy.regimes[one.regime].label if one.regime in policy.regimes else one.regime


def _by(note: Note, seat: Seat) -> str:
    if note.by == "person":
        return "The person"
    return "You" if note.by == seat.session.operator.id else "We"


def _show(http: Request, seat: Seat, here: str, template: str, status: int = 200, **context: Any) -> Response:
    flash = DONE.get(http.query_params.get("done", ""))
    words: dict[str, Any] = {"rights": RIGHTS, "statuses": STATUSES, "step_words": STEPS, "wrote": lambda note: _by(note, seat)}
    return render(f"console/{template}", http, status=status, seat=seat, here=here, flash=flash, **words, **context)
