"""Where can a person complain? Here first, and always to the regulator as well; the answer is never empty.

Source: GDPR Art. 13(2)(d), 77; Data Protection Act 2018 s. 164A
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from troth.policy.model import Policy, Regime
from troth.rights import requests
from troth.rights.access import law_of
from troth.rights.deadlines import Pause, acknowledge_by, day_of, facts_for
from troth.rights.requests import Right, SubjectRequest
from troth.workspace import Workspace

_HOME = {"uk": "uk", "eu": "gdpr", "us": "california"}  # where the organisation keeps data, as the regime of its regulator


@dataclass(frozen=True, slots=True)
class Regulator:
    name: str
    contact: str


@dataclass(frozen=True, slots=True)
class Reply:
    """What is said at once: that it will be looked into here, by when, and who else can be turned to."""

    here: str
    acknowledged_by: date | None
    due_on: date
    regulators: tuple[Regulator, ...]


def regulators(policy: Policy, regime: str) -> tuple[Regulator, ...]:
    """The person's own regulator first, then the one where the organisation is."""
    home = policy.regimes.get(_HOME.get(policy.settings.region, ""))
    laws: list[Regime] = [law_of(policy, regime), *([home] if home else [])]
    return tuple(dict.fromkeys(Regulator(law.authority, law.authority_contact) for law in laws))


def complain(workspace: Workspace, conn: Connection, ref: int, regime: str, text: str, channel: str = "centre") -> tuple[SubjectRequest, Reply]:
    """Take a complaint; `ref` is 0 for somebody unknown. Without a word of what it is about, the person is asked."""
    made = requests.open_request(workspace, conn, Right.COMPLAINT, ref, regime, channel, text=text)
    if not text.strip():
        made = requests.ask_person(workspace, conn, made.id, Pause.CLARIFICATION, "troth")
    return made, reply_to(workspace.policy, made)


def reply_to(policy: Policy, made: SubjectRequest) -> Reply:
    """What is said to a complaint."""
    facts = facts_for(made.regime)
    by = acknowledge_by(facts, made.kind, day_of(facts, made.received_at))
    officer = policy.organisation.officer or policy.organisation.name
    here = f"Your complaint has arrived. {officer} looks into it and answers you. You may turn to a regulator now or later, whatever we say."
    return Reply(here, by, made.due_on, regulators(policy, made.regime))
