"""How does an operator record what somebody told one of us? A form: how it came, whom it is about, what ends.

What it does stands in `troth.disclose.spoken`. Who may: whoever may answer people's requests.
Source: GDPR Art. 7(1), 7(3), 12(2)
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from troth.base.clock import micros
from troth.base.errors import Fault
from troth.centre.ways import label_of
from troth.console.queue import check_may_answer
from troth.console.seat import Seat
from troth.disclose.ending import What, channels_of
from troth.disclose.forwarding import forward
from troth.disclose.spoken import By, Spoken, channels_said, record_spoken
from troth.gate.plan import can_object
from troth.look import render
from troth.policy.model import Permission, Policy, Purpose
from troth.workspace import House

_WORDS = {By.EMAIL: "By e-mail", By.TELEPHONE: "By telephone", By.POST: "In a letter", By.IN_PERSON: "Face to face"}
_DONE = {
    "recorded": ("good", "It is recorded, and holds from now on."),
    "verification-asked": ("warn", "Nobody is known by that, so nothing was changed. Whoever sent it is asked; it waits among the requests."),
}


class WithdrawalPages:
    """The handlers of `/<w>/console/withdrawals`."""

    def __init__(self, house: House) -> None:
        self._house = house

    def form(self, http: Request, seat: Seat) -> Response:
        """The empty form."""
        check_may_answer(seat)
        policy = seat.workspace.policy
        channels = [(id, label_of(id)) for id in channels_of(policy)]
        flash = _DONE.get(http.query_params.get("done", ""))
        purposes = [one for one in policy.purposes.values() if _can_end(policy, one)]
        return render("console/withdrawals.html", http, seat=seat, here="requests", flash=flash, by=_WORDS, channels=channels, purposes=purposes)

    def record(self, http: Request, seat: Seat, form: dict[str, str]) -> Response:
        """Record it."""
        check_may_answer(seat)
        spoken = _spoken(seat.session.operator.id, form, seat.workspace.policy)
        done = record_spoken(seat.workspace, spoken)
        forward(self._house, seat.workspace, spoken)
        return RedirectResponse(f"/{seat.w}/console/withdrawals?done={done.became}", 303)


def _can_end(policy: Policy, purpose: Purpose) -> bool:
    return purpose.permission is not Permission.NONE or can_object(purpose)


def _spoken(operator: str, form: Mapping[str, str], policy: Policy) -> Spoken:
    try:
        by = By(form.get("by", ""))
    except ValueError:
        raise Fault("bad-choice", "say how it came") from None
    channels = {id: form[f"channel-{id}"] == "yes" for id in channels_of(policy) if form.get(f"channel-{id}") in ("yes", "no")}
    no, yes = channels_said(channels)
    purposes = tuple(id for id in policy.purposes if form.get(f"purpose-{id}") == "no")
    about = form.get("about", "").strip()[:256]
    kind = "email" if "@" in about else "phone" if about.startswith("+") else "account"
    return Spoken(
        by, operator, What(purposes, no.channels, form.get("everything") == "yes"), yes, form.get("sender", "").strip()[:256],
        (kind, about) if about else ("", ""), _received(form.get("received_at", "")), form.get("note", ""),
    )  # fmt: skip


def _received(word: str) -> int:
    """A moment as a browser's field writes it, in UTC, as the form says."""
    try:
        return micros(datetime.fromisoformat(word).replace(tzinfo=UTC)) if word else 0
    except (ValueError, OverflowError):
        raise Fault("bad-time", "say when it came, as day and time") from None
