"""How is the right to be forgotten kept? Durable named steps, each safe to run again after a crash.

1. open_case   locators, needles and the receipt's address are sealed under the case's own key
2. tombstone   one short transaction: from here on nobody finds the person, and replays are refused
3. keys        the data keys go, but of classes that a ground of law keeps
4. rewrite     journal rows and lake files go; key generation turns; logs are truncated
5. look        the needles are looked for in every file of the data folder
6. receipt     what went, what stays and why; then the case's key is destroyed

Steps 1 and 2 are done when `erase` returns. `continue_cases` does the rest, batched over people, and again
after a crash. Step data is ids and codes only; an exception becomes a code.
Source: GDPR Art. 12(3), 17, 17(3)(b), 19
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import BigInteger, Column, Connection, Integer, LargeBinary, Table, Text

from troth.base.clock import instant, micros, now, now_micros
from troth.base.database import metadata
from troth.base.errors import Fault
from troth.base.filelock import exclusive
from troth.base.ids import new_token
from troth.base.rehearse import point
from troth.gate.admit import admit_subject
from troth.gate.grant import Grant
from troth.ledger.entry import EntryKind
from troth.ledger.tape import TapeKind
from troth.policy.model import Form, Policy
from troth.policy.write import to_yaml
from troth.rights.passed_on import Change, note_change, tellings_of
from troth.store import shred
from troth.store.reveal import held_rows, reveal_events
from troth.subjects.keys import load_or_create
from troth.subjects.links import same_person
from troth.workspace import Workspace

# What other rooms must remove of a person besides rows, such as the files of messages; each safe to run again.
ALSO_REMOVE: list[Callable[[Workspace], object]] = []
STEPS = ("open_case", "tombstone", "keys", "rewrite", "look", "receipt")
_POINTS_TO_A_PERSON = ("user.name", "user.contact", "user.device.ip_address", "user.device.cookie_id", "user.account", "user.financial")

erasure_case = Table(
    "erasure_case",
    metadata,
    Column("id", Text, primary_key=True),
    Column("refs", Text, nullable=False),
    Column("opened_at", BigInteger, nullable=False),
    Column("done", Integer, nullable=False),  # how many steps are done
    Column("sealed", LargeBinary, nullable=False),
    Column("counts", Text, nullable=False),
    Column("kept", Text, nullable=False),
    Column("receipt", Text, nullable=False),
    Column("failure", Text, nullable=False),
    Column("ground", Text, nullable=False, server_default=""),  # why, where nobody asked for it
)


@dataclass(frozen=True, slots=True)
class Case:
    """One erasure on its way. `done` counts finished steps; six of them and it is complete."""

    id: str
    refs: tuple[int, ...]
    opened_at: int
    done: int
    failure: str

    @property
    def complete(self) -> bool:
        """Whether every step is done and the receipt stands."""
        return self.done >= len(STEPS)


def erase(workspace: Workspace, ref: int, act: str = "erasure", ground: str = "") -> str:
    """Erase a person who has shown who they are; effective when this returns. Returns the case's id.

    `ground`: a code for why, where it is not the person who asks; it stands in the ledger and on the receipt.

    Raises `no-such-subject` when there is nobody (any more). The physical steps follow by `continue_cases`.
    """
    case = _open_case(workspace, [ref], act, ground)
    _tombstone(workspace, case)
    return case


def erase_again(workspace: Workspace, id: str, refs: Iterable[int], hashes: Iterable[bytes], at: int) -> None:
    """Erase in a restored copy whom the tape says was erased at `at` (microseconds); `continue_cases` does the rest.

    Safe to run twice. Nobody else goes, whoever they are joined with in the copy.
    """
    with workspace.state.write() as conn:
        there = sorted(ref for ref in refs if _exists(conn, ref))
        for hashed in hashes:
            conn.exec_driver_sql("DELETE FROM identifier WHERE hash = ? AND since <= ?", (hashed, at))  # filed elsewhere in the copy
            conn.exec_driver_sql(
                "INSERT INTO erased_identifier (hash, erased_at) VALUES (?, ?) "
                "ON CONFLICT (hash) DO UPDATE SET erased_at = max(erased_at, excluded.erased_at)",
                (hashed, at),
            )
        if there and case_of(conn, id) is None:
            _begin(workspace, conn, id, there, "erasure")
    _tombstone(workspace, id, at)


def remove_canaries(workspace: Workspace) -> int:
    """Erase the people that proofs made up, in one case; returns how many there were."""
    with workspace.state.read() as conn:
        refs = [row[0] for row in conn.exec_driver_sql("SELECT ref FROM subject WHERE canary = 1")]
    if refs:
        _tombstone(workspace, _open_case(workspace, refs, "canaries"))
    return len(refs)


def case_of(conn: Connection, id: str) -> Case | None:
    """One case, or None."""
    row = conn.exec_driver_sql("SELECT id, refs, opened_at, done, failure FROM erasure_case WHERE id = ?", (id,)).first()
    return Case(row[0], tuple(json.loads(row[1])), row[2], row[3], row[4]) if row else None


def receipt_of(conn: Connection, id: str) -> dict[str, object] | None:
    """The receipt of a complete case: no personal data, so anyone who has its id may read it."""
    row = conn.exec_driver_sql("SELECT receipt FROM erasure_case WHERE id = ? AND done >= ?", (id, len(STEPS))).first()
    return dict(json.loads(row[0])) if row else None


def continue_cases(workspace: Workspace) -> int:
    """Bring every open case one or more steps on, to its end if nothing hinders; returns how many are complete now."""
    if not open_cases(workspace) and not list(_case_keys(workspace)):
        return 0
    with exclusive(workspace.secrets / "erasure.lock"):
        for case in open_cases(workspace):
            if case.done < 2:
                _tombstone(workspace, case.id)
        due = open_cases(workspace)
        _destroy_keys(workspace, due)
        _rewrite(workspace, due)
        complete = sum(_look_and_receipt(workspace, case) for case in due)
        _destroy_case_keys(workspace)
        return complete


def open_cases(workspace: Workspace) -> list[Case]:
    """The cases that are not at their end, oldest first."""
    with workspace.state.read() as conn:
        rows = conn.exec_driver_sql("SELECT id FROM erasure_case WHERE done < ? ORDER BY opened_at", (len(STEPS),)).all()
        return [case for row in rows if (case := case_of(conn, row[0])) is not None]


# 1


def _open_case(workspace: Workspace, asked_for: list[int], act: str, ground: str = "") -> str:
    id = new_token()
    with workspace.state.write() as conn:
        refs = sorted({one for ref in asked_for for one in same_person(conn, ref)})
        if not any(_exists(conn, one) for one in refs):
            raise Fault("no-such-subject", "there is nobody to erase", status=404)
        begun = conn.exec_driver_sql("SELECT id FROM erasure_case WHERE done = 1 AND refs = ?", (json.dumps(refs),)).first()
        if begun is not None:  # asked again before it took effect: one case, not two
            return str(begun[0])
        _begin(workspace, conn, id, refs, act, ground)
        point("erasure.open_case")
    return id


def _begin(workspace: Workspace, conn: Connection, id: str, refs: list[int], act: str, ground: str = "") -> None:
    at = now_micros()
    grant = admit_subject(conn, workspace.log, workspace.plan_at(conn, at), refs[0], act)
    grounds, values = _what_is_held(conn, workspace, grant, refs)
    needles = _needles(grant.plan.policy, values) + _wrapped_keys(workspace, refs, grounds)
    sealed = _case_cipher(workspace, id).encrypt(b"\x00" * 12, msgspec.msgpack.encode({"needles": needles}), id.encode())
    conn.exec_driver_sql(
        "INSERT INTO erasure_case (id, refs, opened_at, done, sealed, counts, kept, receipt, failure, ground) "
        "VALUES (?, ?, ?, 1, ?, '{}', ?, '', '', ?)",
        (id, json.dumps(refs), at, sealed, json.dumps(grounds), ground),
    )
    workspace.log.append(conn, EntryKind.REQUEST_OPENED, {"case": id, "right": act} | ({"ground": ground} if ground else {}), instant(at))


def _exists(conn: Connection, ref: int) -> bool:
    return conn.exec_driver_sql("SELECT 1 FROM subject WHERE ref = ?", (ref,)).first() is not None


def _what_is_held(
    conn: Connection, workspace: Workspace, grant: Grant, refs: list[int]
) -> tuple[dict[str, tuple[str, int]], set[str]]:
    """Grounds that keep something (rule to ground and until), and every sealed value, for the re-scan."""
    policy = grant.plan.policy
    grounds: dict[str, tuple[str, int]] = {}
    kept_items: set[str] = set()
    for row in held_rows(conn, workspace.lake, refs):
        for keep, _ in row.sealed:
            rule = policy.retention.get(keep)
            if rule is not None and rule.ground and rule.keep_for is not None:
                until = micros(instant(row.at) + rule.keep_for)
                if until > now_micros():
                    grounds[keep] = (rule.ground, max(until, grounds.get(keep, ("", 0))[1]))
    values: set[str] = set()
    for event in reveal_events(grant, conn, workspace.lake, workspace.keys, workspace.classes, frozenset(refs)):
        for item, value in event.items.items():
            declared = policy.items.get(item)
            if declared is not None and declared.form is Form.SEALED and declared.category.startswith(_POINTS_TO_A_PERSON):
                (kept_items if declared.keep in grounds else values).add(str(value))
    return grounds, values - kept_items


def _needles(policy: Policy, values: Iterable[str]) -> list[bytes]:
    """What is looked for at the end: what points to the person, in the spellings that may rest somewhere.

    A text that the policy itself holds (its own example address, say) tells nothing and is left out.
    """
    public = to_yaml(policy)
    found: set[bytes] = set()
    for value in values:
        for spelling in {value, value.lower(), value.lstrip("+")}:
            if len(spelling) >= 5 and spelling not in public:
                found.add(spelling.encode("utf-8", "replace"))
    return sorted(found)


def _wrapped_keys(workspace: Workspace, refs: Iterable[int], grounds: Mapping[str, object]) -> list[bytes]:
    return [wrapped for ref in refs for keep, wrapped in workspace.keys.wrapped(ref) if keep not in grounds]


def _case_cipher(workspace: Workspace, id: str) -> AESGCM:
    folder = workspace.secrets / "cases"
    folder.mkdir(mode=0o700, exist_ok=True)
    return AESGCM(load_or_create(folder / f"{id}.key"))


# 2


def _tombstone(workspace: Workspace, id: str, told_at: int | None = None) -> None:
    """`told_at`: the tape tells it, and tells when; it is not told again."""
    at = told_at or now_micros()
    with workspace.state.write() as conn:
        case = case_of(conn, id)
        if case is None or case.done >= 2:
            return
        grant = admit_subject(conn, workspace.log, workspace.plan_at(conn, at), case.refs[0], "erasure")
        hashes = [
            row[0].hex() for ref in case.refs for row in conn.exec_driver_sql("SELECT hash FROM identifier WHERE ref = ?", (ref,))
        ]
        # The tape first: a line without its effect is replayed harmlessly, an effect without its line would be forgotten.
        if told_at is None:
            workspace.tape.append(TapeKind.ERASURE, {"refs": list(case.refs), "identifiers": hashes, "case": id}, instant(at))
        point("erasure.tape")
        note_change(conn, workspace.log, case.refs, Change.ERASURE, at, erasure=id)  # while the register still knows who received what
        counts = shred.tombstone(conn, grant, case.refs, at)
        grounds = json.loads(conn.exec_driver_sql("SELECT kept FROM erasure_case WHERE id = ?", (id,)).scalar_one())
        shred.keep_by_law(conn, case.refs, {keep: (ground, until) for keep, (ground, until) in grounds.items()})
        workspace.log.append(conn, EntryKind.ERASED, {"case": id, "refs": list(case.refs)}, instant(at))
        _done(conn, id, 2, counts)
        point("erasure.tombstone")
    for ref in case.refs:
        workspace.keys.forget(ref)


def _done(conn: Connection, id: str, step: int, counts: dict[str, int] | None = None) -> None:
    conn.exec_driver_sql("UPDATE erasure_case SET done = ?, failure = '' WHERE id = ? AND done < ?", (step, id, step))
    if counts is not None:
        conn.exec_driver_sql("UPDATE erasure_case SET counts = ? WHERE id = ?", (json.dumps(counts), id))


def _grounds(workspace: Workspace, case: Case) -> frozenset[str]:
    with workspace.state.read() as conn:
        return frozenset(json.loads(conn.exec_driver_sql("SELECT kept FROM erasure_case WHERE id = ?", (case.id,)).scalar_one()))


# 3


def _destroy_keys(workspace: Workspace, cases: list[Case]) -> None:
    for case in cases:
        if case.done < 3:
            for ref in case.refs:
                workspace.keys.destroy(ref, _grounds(workspace, case))
            point("erasure.keys")
            with workspace.state.write() as conn:
                counts = json.loads(conn.exec_driver_sql("SELECT counts FROM erasure_case WHERE id = ?", (case.id,)).scalar_one())
                _done(conn, case.id, 3, counts | shred.count_left(conn, case.refs))


# 4


def _rewrite(workspace: Workspace, cases: list[Case]) -> None:
    due = [case for case in cases if case.done < 4]
    if not due:
        return
    for remove in ALSO_REMOVE:
        remove(workspace)
    grounds = {ref: _grounds(workspace, case) for case in due for ref in case.refs}
    shred.rewrite_without(workspace.lake, workspace.state, grounds)
    point("erasure.rewrite")
    workspace.keys.turn_generation()
    point("erasure.generation")
    with workspace.state.write() as conn:
        workspace.log.append(conn, EntryKind.KEY_GENERATION, {"cases": [case.id for case in due]}, now())
        for case in due:
            for ref in case.refs:
                conn.exec_driver_sql("UPDATE erased_subject SET swept = 1 WHERE ref = ?", (ref,))
            _done(conn, case.id, 4)
    workspace.state.truncate_log()
    point("erasure.truncate")


# 5 and 6


def _look_and_receipt(workspace: Workspace, case: Case) -> bool:
    with workspace.state.read() as conn:
        sealed, counts, grounds, why = conn.exec_driver_sql("SELECT sealed, counts, kept, ground FROM erasure_case WHERE id = ?", (case.id,)).one()
        tellings = tellings_of(conn, case.id)
    needles = msgspec.msgpack.decode(_case_cipher(workspace, case.id).decrypt(b"\x00" * 12, sealed, case.id.encode()))["needles"]
    truncated = workspace.state.truncate_log()
    left = shred.look_for([workspace.folder], needles)
    if left or not truncated:  # a reader may hold old pages of the log: they are not gone yet
        failure = "found-again: " + ", ".join(sorted(set(left)))[:200] if left else "log-held"
        with workspace.state.write() as conn:
            conn.exec_driver_sql("UPDATE erasure_case SET failure = ? WHERE id = ?", (failure, case.id))
        return False
    point("erasure.look")
    receipt = _receipt(case, json.loads(counts), json.loads(grounds)) | {
        "recipients_told": [one.label for one in tellings if one.told_at is not None],
        "recipients_to_tell": [one.label for one in tellings if one.told_at is None],
    } | ({"ground": why} if why else {})
    with workspace.state.write() as conn:
        conn.exec_driver_sql(
            "UPDATE erasure_case SET done = ?, receipt = ?, sealed = x'', refs = '[]', failure = '' WHERE id = ?",
            (len(STEPS), json.dumps(receipt), case.id),
        )
        workspace.log.append(conn, EntryKind.REQUEST_CLOSED, {"case": case.id, "outcome": "erased"}, now())
        point("erasure.receipt")
    workspace.state.truncate_log()
    return True


def _case_keys(workspace: Workspace) -> Iterator[Path]:
    yield from (workspace.secrets / "cases").glob("*.key")


def _destroy_case_keys(workspace: Workspace) -> None:
    """Destroy the keys of cases that are complete, whichever run completed them."""
    there = list(_case_keys(workspace))
    with workspace.state.write() as conn:  # a case makes its key before it is committed: now each key found is a case, or none's
        still_open = {row[0] for row in conn.exec_driver_sql("SELECT id FROM erasure_case WHERE done < ?", (len(STEPS),))}
    for path in there:
        if path.stem not in still_open:
            path.write_bytes(os.urandom(32))
            path.unlink()


def _receipt(case: Case, counts: dict[str, int], grounds: dict[str, tuple[str, int]]) -> dict[str, object]:
    tables = [
        {"table": name, "what": str(rule.fate), "rows": counts.get(name, 0)} for name, rule in sorted(shred.ON_ERASURE.items())
    ]
    kept = [{"rule": keep, "ground": ground, "until": instant(until).date().isoformat()} for keep, (ground, until) in grounds.items()]
    return {
        "case": case.id,
        "asked_at": instant(case.opened_at).isoformat(),
        "gone_at": now().isoformat(),
        "stores": ["state database", "key database", "lake files", "key generations", "write-ahead logs"],
        "tables": tables,
        "kept_by_law": kept,
        "kept_to_refuse": "keyed hashes of identifiers and event ids, which only serve to refuse what is sent again",
    }
