"""What do we write to a person about their own subject request, and to recipients of their data? Short plain letters.

It sends them by the outbox under the purpose `request`; it decides nothing.
Source: GDPR Art. 12(1)-(4), 18(3), 19
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from troth.disclose.outbox import REQUEST, Attachment, Letter, send
from troth.policy.words import day, length
from troth.rights.passed_on import Change, Telling
from troth.rights.requests import SubjectRequest
from troth.workspace import Workspace


def send_link(workspace: Workspace, ref: int, to: str, url: str, lasts: timedelta) -> str:
    """The one-time link somebody asked for."""
    name = workspace.policy.organisation.name
    text = (
        f"Somebody, we hope you, asked to open your privacy page at {name}.\n\nOpen it here:\n\n{url}\n\n"
        f"The link works once, for {length(lasts)}. If it was not you, do nothing: nobody sees your data without this link.\n"
    )
    return _send(workspace, ref, to, "link", f"Your privacy page at {name}", text)


def send_withdrawal(workspace: Workspace, ref: int, to: str, url: str, lasts: timedelta) -> str:
    """The link by which the owner of an address takes back what somebody asked to be taken back in the chat."""
    name = workspace.policy.organisation.name
    text = (
        f"Somebody, we hope you, wrote in the chat of {name} that they take their consent back.\n\nIf that was you, say so here:\n\n{url}\n\n"
        f"The link works once, for {length(lasts)}. If it was not you, do nothing and nothing changes.\n"
    )
    return _send(workspace, ref, to, "withdrawal", f"Take your consent back? {name}", text)


def send_confirmation(workspace: Workspace, ref: int, to: str, url: str, lasts: timedelta) -> str:
    """The link by which the owner of a new address says that it is theirs."""
    name = workspace.policy.organisation.name
    text = (
        f"Somebody asked {name} to use this address from now on instead of an older one.\n\nIf that was you, say so here:\n\n{url}\n\n"
        f"The link works once, for {length(lasts)}. If it was not you, do nothing and nothing changes.\n"
    )
    return _send(workspace, ref, to, "confirm-address", f"Is this your new address? {name}", text)


def ask_twice(workspace: Workspace, to: str, url: str, labels: Sequence[str], lasts: timedelta, rehearsal: bool) -> str:
    """Whoever owns this address is asked whether they asked for messages; the only message before they say so."""
    name = workspace.policy.organisation.name
    text = (
        f"Somebody, we hope you, asked {name} for: {', '.join(labels)}.\n\nIf it was you, say so here:\n\n{url}\n\n"
        f"The link works once, for {length(lasts)}. If it was not you, do nothing: nothing more is sent, and this address is forgotten then.\n"
    )
    return _send(workspace, 0, to, "asked-twice", f"Is it you? {name}", text, rehearsal=rehearsal)


def ask_who(workspace: Workspace, to: str, home: str, rehearsal: bool) -> str:
    """Somebody we do not know by this address asked for something to end; they can show who they are. It tells nobody who is known."""
    name = workspace.policy.organisation.name
    text = (
        f"Thank you for your message to {name}. We cannot tell from this address whom it is about, so nothing was changed yet.\n\n"
        f"Please write again from the address that our messages go to, name the telephone number they go to, or open your privacy page:\n\n{home}\n"
    )
    return _send(workspace, 0, to, "who-asked", "Who is it about?", text, rehearsal=rehearsal)


def tell_clients(workspace: Workspace, ref: int, to: str, names: Sequence[str], rehearsal: bool) -> str:
    """Whoever wants no more of a company that we serve is told which it is, and that it was told. Source: GDPR Art. 12(2), 28(3)(e)."""
    listed = "\n".join(f"- {name}" for name in names)
    text = (
        f"You asked for no more messages. {workspace.policy.organisation.name} sends them for:\n\n{listed}\n\n"
        "It has your demand now, and none goes to you from here any more. What else you want of it, ask it: it decides on what is kept about you.\n"
    )
    return _send(workspace, ref, to, "clients-named", "Who wrote to you", text, rehearsal=rehearsal)


def ask_for_more(workspace: Workspace, made: SubjectRequest, to: str, question: str) -> str:
    """We need to know more before we can answer."""
    text = (
        f"Thank you for your request {made.shown}. Before we can answer it we need to ask you:\n\n{question}\n\n"
        "Please answer in your privacy page, or reply to this message.\n"
    )
    return _send(workspace, made.ref, to, "more-asked", "We need to ask you something", text)


def tell_extension(workspace: Workspace, made: SubjectRequest, to: str, why: str) -> str:
    """We take longer, with the reason and the new day. Source: GDPR Art. 12(3)."""
    text = f"Your request {made.shown} takes us longer. We answer by {day(made.due_on)}.\n\nThe reason: {why}\n"
    return _send(workspace, made.ref, to, "extended", "Your request takes us longer", text)


def tell_outcome(workspace: Workspace, made: SubjectRequest, to: str, words: str) -> str:
    """What became of a subject request, with how to go on if the person disagrees."""
    policy = workspace.policy
    law = policy.regimes.get(made.regime) or policy.regimes[policy.settings.default_regime]
    text = (
        f"Your request {made.shown} of {day(made.received_at.date())}:\n\n{words}\n\n"
        f"It cost you nothing.\n\nIf you disagree, answer this message, or turn to {law.authority} ({law.authority_contact}).\n"
    )
    if made.fee:
        text = text.replace("It cost you nothing.\n\n", "")
    return _send(workspace, made.ref, to, "outcome", "Your request", text)


def announce_lifting(workspace: Workspace, ref: int, to: str) -> str:
    """A restriction will be lifted; said before it is."""
    text = "Your data has only been stored since you asked for that. We are going to use it again as our policy says. If you disagree, answer now.\n"
    return _send(workspace, ref, to, "lifting", "Your data will be used again", text)


_CHANGES: Mapping[Change, tuple[str, str]] = {
    Change.ERASURE: (
        "Please erase data we gave you", "The person it is about has been erased here. Please erase it too, every copy and every link to it."
    ),
    Change.CORRECTION: (
        "Please correct data we gave you",
        "One part of it was wrong and has been put right here: {item}. Please stop using the old one, and ask us for the new one.",
    ),
    Change.RESTRICTION: (
        "Please only store data we gave you",
        "The person it is about has restricted it. Please store it and do nothing else with it until you hear from us.",
    ),
    Change.LIFTING: ("Data we gave you may be used again", "The restriction that we told you of is lifted."),
}


def tell_recipient(workspace: Workspace, one: Telling, to: str) -> str:
    """A recipient is told of a change of what it was given, by the numbers of the disclosures. Source: GDPR Art. 19."""
    policy = workspace.policy
    subject, words = _CHANGES[one.change]
    item = policy.items[one.item].label if one.item in policy.items else one.item
    numbers = ", ".join(str(number) for number in one.disclosures)
    text = (
        f"To {one.label}\n\n{policy.organisation.name} gave you data under the disclosure numbers {numbers}.\n\n{words.format(item=item)}\n\n"
        "Tell us when it is done, or why it cannot be.\n"
    )
    return _send(workspace, 0, to, f"recipient-{one.change}", subject, text, id=f"told{one.id}")


def send_portable(workspace: Workspace, ref: int, to: str, person: str, files: tuple[Attachment, ...]) -> str:
    """A person's data to whom the person named."""
    name = workspace.policy.organisation.name
    text = f"At the demand of the person it is about ({person}), {name} sends you the attached data. GDPR Art. 20(2).\n"
    return _send(workspace, ref, to, "portable", f"Data that a person asked {name} to send you", text, files)


def _send(
    workspace: Workspace, ref: int, to: str, kind: str, subject: str, text: str, files: tuple[Attachment, ...] = (), id: str = "",
    rehearsal: bool = False,
) -> str:
    foot = workspace.policy.organisation
    signed = f"{text}\n{foot.name}, {foot.address}\n{foot.email}\n"
    return send(workspace, Letter(ref, to, REQUEST, kind, subject, signed, files, rehearsal=rehearsal), id)
