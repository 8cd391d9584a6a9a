"""Which tables can hold data of a person, and how is each answered for? Every table of every room is declared here.

A table that is declared nowhere fails a test: an access package that forgets a table would be a false answer.
Source: GDPR Art. 15(1), 15(3)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from troth.base.clock import instant


@dataclass(frozen=True, slots=True)
class ByPerson:
    """Rows about a person. `by`: the columns that name them; `shown`: column to what it is called;
    `hidden`: column to why its content is not handed out."""

    title: str
    by: tuple[str, ...]
    shown: Mapping[str, str]
    hidden: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Rows about a person that another part of the package shows."""

    part: str


@dataclass(frozen=True, slots=True)
class NotPersonal:
    """Nothing in it is about a person who can be told by it."""

    why: str


Answer = ByPerson | Elsewhere | NotPersonal

_REFERENCE = "a random number that stands for you here and nowhere else"
_LEDGER = "the number of the ledger entry, shown with the act itself"
_SECRET = "a hash of a secret only you were sent"

ANSWERS: Mapping[str, Answer] = {
    "subject": ByPerson(
        "What we know you as", ("ref",),
        {"population": "kind of person", "regime": "law that covers you", "restricted": "restricted to storage", "created_at": "known since"},
        {"epoch": "a counter of changes", "canary": "marks our own test persons, which you are not"},
    ),
    "identifier": ByPerson(
        "What you are found by", ("ref",), {"kind": "kind", "verified": "shown to be yours", "since": "since"},
        {"hash": "a keyed hash; what it was made of stands among your details"},
    ),
    "link": ByPerson(
        "What is put together with your data", ("a", "b"),
        {"how": "on what grounds", "purpose": "for which purpose", "since": "since", "until": "undone on"},
        {"id": "a running number"},
    ),
    "consent_act": Elsewhere("choices"),
    "consent_step": ByPerson(
        "When you were asked, and which yes came to its end", ("ref",),
        {"purpose": "what for", "step": "what happened", "how": "how", "policy_version": "under which policy", "regime": "under which law",
         "at": "on"},
        {"id": "a running number", "strength": "how it is known", "screen": "a hash of the screen you saw", "entry": _LEDGER},
    ),
    "standing": Elsewhere("purposes"),
    "journal": Elsewhere("events"),
    "lake_file": Elsewhere("events"),
    "held": Elsewhere("events"),
    "correction": ByPerson(
        "What you put right", ("ref",), {"item": "item", "at": "on"}, {"sealed": "the value stands among your details", "entry": _LEDGER}
    ),
    "disclosure": Elsewhere("disclosures"),
    "disclosure_detail": ByPerson(
        "Papers behind disclosures of your data", ("ref",), {"disclosure": "number of the disclosure"},
        {"operator": "who acted for us", "details": "what the authority or case concerned brought; ask us about it", "salt": "a random number"},
    ),
    "recipient_notice": NotPersonal("which recipients were told of a change, by the numbers of the disclosures shown to you"),
    "announced_to": ByPerson(
        "When you were written to about a new version of our policy", ("ref",), {"version": "version", "became": "what became of it", "at": "on"},
        {"message": "a random number, by which no message is sent twice"},
    ),
    "mailed_to": ByPerson(
        "Messages to many that you were among", ("ref",), {"became": "what became of it", "at": "on"},
        {"mailing": "a hash of the text, by which it is sent to nobody twice", "message": "a random number, for the same"},
    ),
    "announcement": NotPersonal("how many people were told of a version, and when that was done"),
    "version_notice": NotPersonal("what our published policies said"),
    "received_policy": NotPersonal("policies of businesses that we took over"),
    "own_use": ByPerson(
        "When your data was looked up", ("ref",), {"purpose": "what for", "basis": "on what basis", "at": "on"},
        {"id": "a running number", "operator": "who acted for us", "reason": "why security looked; it may be about an attack", "entry": _LEDGER},
    ),
    "customer_contact": ByPerson("Your company as our customer", ("ref",), {"customer": "customer", "since": "since"}),
    "customer": NotPersonal("which companies are customers, and where their data is kept"),
    "customer_copy": NotPersonal("where copies of customers' data rest"),
    "supplier_terms": NotPersonal("what suppliers signed"),
    "supplier_safeguard": NotPersonal("what protects data at suppliers abroad"),
    "case_file": NotPersonal("numbers of cases and tickets, and whether they are open"),
    "chat": ByPerson(
        "Your conversations in the chat", ("ref",),
        {"began_at": "begun", "last_at": "last said something", "lines": "messages", "waiting": "waits for our answer", "closed": "ended",
         "wish": "what waits for your address"},
        {"id": "a random number", "session": _SECRET, "sealed": "the address you gave, which stands among your details"},
    ),
    "chat_line": Elsewhere("events"),
    "flagged": ByPerson(
        "What one of us was asked to look at", ("ref",),
        {"type": "in", "item": "item", "what": "because it may speak of", "state": "what became of it", "at": "on"},
        {"id": "a running number", "event": "a random number"},
    ),
    "sweep": NotPersonal("when data past its time was removed, in counts"),
    "subject_request": Elsewhere("requests"),
    "request_step": Elsewhere("requests"),
    "privacy_link": ByPerson(
        "Links sent to you that still work", ("ref", "visitor"), {"what": "what for", "expires_at": "until"},
        {"hash": _SECRET, "sealed": "your e-mail address, which stands among your details"},
    ),
    "privacy_session": ByPerson(
        "Your visits to the privacy centre", ("ref",),
        {"what": "how you showed who you are", "points": "details that matched", "opened_at": "from", "expires_at": "until"},
        {"hash": _SECRET, "sealed": "your e-mail address, which stands among your details"},
    ),
    "privacy_call": ByPerson(
        "A telephone you are showing to be yours", ("ref",), {"number": "number to call", "asked_at": "since"},
        {"hash": "a keyed hash of your number"},
    ),
    "privacy_try": NotPersonal("counts tries under keyed hashes for at most an hour; nothing leads from it to a person"),
    "outbox_message": ByPerson(
        "Messages to you", ("ref",),
        {"purpose": "what for", "kind": "kind", "channel": "sent by", "status": "what became of it", "at": "on"},
        {"id": "a random name", "attempts": "how often sending was tried", "address": "a keyed hash of where it went",
         "not_before": "when it is tried next", "left_at": "when it left, to count how many you had", "entry": "number of the ledger's entry",
         "rehearsal": "whether a proof of ours wrote it"},
    ),
    "number_lease": ByPerson(
        "Telephone numbers shown to you", ("ref",), {"number": "number", "since": "from", "until": "until"}, {"id": "a running number"}
    ),
    "tracked_number": NotPersonal("our own telephone numbers, and until when each is lent"),
    "call_progress": NotPersonal("when calls began and ended, under keyed hashes of their ids; the calls stand among the events"),
    "text_seen": NotPersonal("which texts have come, under keyed hashes of the provider's numbers of them; kept for a week"),
    "stopped_address": NotPersonal("keyed hashes of numbers and mailboxes that want no messages, used only to send them none"),
    "waiting_yes": NotPersonal("forms nobody has confirmed yet: sealed, under a hash of an address that may be anybody's; for a week"),
    "call_step": NotPersonal("which reports of calls have come, under keyed hashes of their ids"),
    "proof_result": NotPersonal("which promises are proven"),
    "attestation": NotPersonal("who works here and vouches for which promise"),
    "operator": NotPersonal("people who work here; they see their own account in the console"),
    "operator_role": NotPersonal("what people who work here may do"),
    "session": NotPersonal("who of the people who work here is signed in"),
    "sign_in_failure": NotPersonal("counts failed sign-ins of people who work here, under keyed hashes, for a while"),
    "seen": NotPersonal("keyed hashes of message ids, kept so that nothing is stored twice; the messages stand among the events"),
    "erased_subject": NotPersonal("random numbers of people who were erased; nothing else about them"),
    "erased_identifier": NotPersonal("keyed hashes of people who were erased, used only to refuse what is sent again"),
    "refused_visitor": NotPersonal("keyed hashes of browsers that refused, kept for a while, only to refuse page views that arrive late"),
    "anonymous_choice": NotPersonal("choices of browsers of which nothing is held, under random ids that only those browsers have"),
    "kept": NotPersonal("what a ground of law keeps of people who were erased; it stands on their receipt"),
    "erasure_case": NotPersonal("the steps of an erasure; it stands on its receipt, and its data goes with its key"),
    "row_class": NotPersonal("what rows may serve; the same for many people"),
    "refused": NotPersonal("counts of what was refused, by minute"),
    "access_import": NotPersonal("which access logs were imported, in counts and a keyed hash of each whole file"),
    "policy_version": NotPersonal("the published policies"),
    "ledger_entry": NotPersonal("what happened, in random numbers and commitments; entries about you are numbered in this package"),
    "ledger_node": NotPersonal("hashes of the ledger"),
    "ledger_head": NotPersonal("the size and root of the ledger"),
    "ledger_checkpoint": NotPersonal("signatures of the ledger"),
    "data_key": NotPersonal("the wrapped keys of your sealed data; handed out they would endanger it"),
}


def rows_about(conn: Connection, refs: Iterable[int]) -> dict[str, list[dict[str, Any]]]:
    """Everything in the tables that are shown as they are, by the table's title; titles without rows are left out."""
    present = {row[0] for row in conn.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'")}
    wanted = sorted(set(refs))
    found: dict[str, list[dict[str, Any]]] = {}
    for name, answer in ANSWERS.items():
        if isinstance(answer, ByPerson) and name in present:
            rows = _rows(conn, name, answer, wanted)
            if rows:
                found[answer.title] = rows
    return found


def _rows(conn: Connection, name: str, answer: ByPerson, refs: list[int]) -> list[dict[str, Any]]:
    columns = ", ".join(f'"{column}"' for column in answer.shown)
    marks = ",".join("?" * len(refs))
    where = " OR ".join(f'"{by}" IN ({marks})' for by in answer.by)
    rows = conn.exec_driver_sql(f"SELECT {columns} FROM {name} WHERE {where}", tuple(refs) * len(answer.by))
    return [{title: _plain(column, value) for (column, title), value in zip(answer.shown.items(), row, strict=True)} for row in rows]


def _plain(column: str, value: Any) -> Any:
    if column in ("restricted", "verified"):
        return bool(value)
    if isinstance(value, int) and value > 10**14:  # microseconds since 1970
        return instant(value).isoformat(timespec="seconds")
    return value
