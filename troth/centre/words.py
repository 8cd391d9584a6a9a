"""How does the centre say what happened? Every short sentence it uses more than once."""

from __future__ import annotations

from collections.abc import Mapping

from troth.centre.desk import Ask
from troth.consent.record import Act, State, Strength
from troth.policy.language import language
from troth.policy.words import small
from troth.rights.requests import Right, Status, Step

ACTS: Mapping[State, str] = {
    State.GIVEN: "You agreed.",
    State.REFUSED: "You said no.",
    State.WITHDRAWN: "You took your agreement back.",
    State.OBJECTED: "You objected.",
}
HOW: Mapping[str, str] = {
    "accept-all": "“accept all” on the site", "reject-all": "“reject all” on the site", "choose": "your choice on the site",
    "withdraw": "the site's privacy choices", "gpc": "your browser's privacy signal", "form": "a form on the site",
    "centre": "here in the privacy centre", "one-click": "“unsubscribe” in your mail program", "unsubscribe-page": "the link in a message",
    "chat": "the chat", "relayed": "told to us by another system",
    "by-text": "your text message", "by-email": "your e-mail to us", "by-telephone": "your call to us",
    "by-post": "your letter to us", "in-person": "your word to one of us", "confirmed": "the link in the message we sent to confirm it",
}
RIGHTS: Mapping[Right, str] = {
    Right.ACCESS: "See my data", Right.RECTIFICATION: "Put something right", Right.ERASURE: "Erase me", Right.RESTRICTION: "Only store my data",
    Right.LIFTING: "Use my data again", Right.PORTABILITY: "Take my data elsewhere", Right.OBJECTION: "Object", Right.COMPLAINT: "Complaint",
    Right.QUESTION: "Question", Right.KNOW: "What is known about me", Right.MEASURES: "How my data is protected", Right.UNCLEAR: "Letter",
    Right.WITHDRAWAL: "Take consent back",
}
STATUSES: Mapping[Status, str] = {
    Status.OPEN: "waiting for us", Status.WAITING: "waiting for you", Status.IN_PROGRESS: "being worked on", Status.FULFILLED: "done",
    Status.REFUSED: "refused", Status.EXPIRED: "closed, as we heard nothing",
}
BADGES: Mapping[Status, str] = {
    Status.OPEN: "told", Status.WAITING: "warn", Status.IN_PROGRESS: "told", Status.FULFILLED: "good", Status.REFUSED: "bad", Status.EXPIRED: "none",
}
STEPS: Mapping[Step, str] = {
    Step.RECEIVED: "It arrived.", Step.MORE_ASKED: "We asked you for something.", Step.ANSWERED: "You answered.",
    Step.STARTED: "Somebody works on it.", Step.EXTENDED: "We took more time, and said why.", Step.FEE_SET: "A fee was set, with its reason.",
    Step.TOLD: "You were told.", Step.CLOSED: "It was closed.",
}
MEASURES: Mapping[str, str] = language("en").under("measures")
_DONE: Mapping[str, tuple[str, str]] = {
    "given": ("good", "“{label}” is allowed from now on. You can take it back here at any time."),
    "withdrawn": ("good", "“{label}” has stopped. {loses}What was done before you took it back stays lawful."),
    "taken-back": ("good", "What you had agreed to is taken back. What was done before stays lawful."),
    "stopped": ("good", "“{label}” has stopped, without any weighing of reasons. {loses}"),
    "weighed": ("told", "Your objection to “{label}” is on record. It has stopped while somebody weighs it, and we answer you."),
    "channel-off": ("good", "We write to you this way no more."),
    "channel-on": ("good", "We may write to you this way again, for what you allow."),
    "another-browser": ("warn", "The visits of that browser stand with somebody else's data already, and stay apart from yours."),
    "corrected": ("good", "It is put right everywhere it is shown."),
    "confirm": ("told", "We sent a link to the new address. Once it is opened there, it takes the old one's place."),
    "restricted": ("good", "From now on your data is only stored. Nothing else is done with it, and nothing new is taken, until you lift this."),
    "lifted": ("good", "Your data may be used again, for what you allow."),
    "call": ("told", "Now call us from that number, and come back here."),
    "called": ("good", "Your call came. The calls from that number stand with your data now."),
    "no-call": ("warn", "No call has come yet from that number. It is there some seconds after you hang up."),
    "separated": ("good", "Those visits are apart from your data again."),
    "measures": ("good", "Here is how your data is protected."),
    "ported": ("good", "Your data is on its way to whom you named. It was entered in the ledger."),
    "question": ("good", "Your question has arrived. The privacy officer answers it."),
    "more": ("warn", "Please tell us a little more, so that we can answer."),
    "answered": ("good", "Thank you, your answer has arrived."),
    "detail": ("good", "That matches. Your data is open to you now."),
    "left": ("good", "You have left the privacy centre."),
}


def how_of(act: Act) -> str:
    """By which means an act came; of one that another system recorded, that it did, and which."""
    how, _, source = act.evidence.how.partition(".")
    if act.evidence.strength is not Strength.IMPORTED:
        return HOW.get(act.evidence.how, act.evidence.how)
    when = "" if how == "import" else ", which does not say when"
    return f"brought over from an earlier system ({source}){when}; it was not said to us"


def flash_of(ask: Ask) -> dict[str, str] | None:
    """What the page says was done just now; words of ours alone, whatever stands in the address."""
    found = _DONE.get(ask.http.query_params.get("done", ""))
    if found is None:
        return None
    purpose = ask.policy.purposes.get(ask.http.query_params.get("p", ""))
    if purpose is None and "{label}" in found[1]:
        return None
    loses = f"Without it: {small(purpose.loses)}. " if purpose and purpose.loses else ""
    return {"tone": found[0], "text": found[1].format(label=purpose.label if purpose else "", loses=loses)}
