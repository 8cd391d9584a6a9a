"""What becomes of what other systems say that people said? Takes over consents from a file, each with its weaker evidence.

An older line never overrides a newer act, and a yes from a file overrides no later no, no undated no, and no no that the
person said to us (unless the policy takes such a yes for an explicit one). A no is taken at its word. The same file
twice changes nothing. What is taken over is an act like any other, on the tape when it is a no.
Source: GDPR Art. 7(1), 7(3), 17; ISO/IEC TS 27560:2023; docs/decisions/0029
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice
from typing import Any

from sqlalchemy import Connection

from troth.base.clock import instant, now_micros
from troth.base.errors import Fault
from troth.base.filelock import exclusive
from troth.collect import choices
from troth.collect.consent_lines import Code, Finding, Line, Word
from troth.collect.regime import regime_for
from troth.consent.record import PROHIBITIONS, Evidence, State, Strength
from troth.consent.standing import read_standing
from troth.gate.plan import Plan, can_object
from troth.ledger.entry import EntryKind
from troth.policy.model import Permission
from troth.subjects import directory
from troth.subjects.directory import IdentifierKind, NewSubject
from troth.subjects.links import same_person
from troth.workspace import Workspace

IMPORTED, UNDATED = "import.", "import-undated."
TOGETHER = 500  # lines in one transaction


class Outcome(StrEnum):
    """What became of what a line says to one purpose."""

    RECORDED = "recorded"
    KNOWN = "known"  # held already, as good or better
    OLDER = "older"  # something newer is held
    OUTWEIGHED = "outweighed"  # a yes that a no outweighs
    ERASED = "erased"  # of somebody erased since
    NEEDLESS = "needless"  # the purpose asks nobody, and nobody can object to it
    NOBODY = "nobody"  # the no of a browser that nothing is held of: it needs no record


SENTENCES = {
    Outcome.RECORDED: "recorded", Outcome.KNOWN: "known already", Outcome.OLDER: "older than what is held",
    Outcome.OUTWEIGHED: "a yes that a no outweighs", Outcome.ERASED: "about somebody who was erased since",
    Outcome.NEEDLESS: "to a purpose that asks nobody", Outcome.NOBODY: "the no of a browser of which nothing is held",
}


@dataclass(frozen=True, slots=True)
class Known:
    """The last act that is held of somebody on one purpose. `at` in microseconds."""

    state: State
    strength: Strength
    at: int
    how: str

    @property
    def undated(self) -> bool:
        """Whether it is a no of which nobody knows when it was said."""
        return self.how.startswith(UNDATED)


@dataclass(slots=True)
class Report:
    """What became of every line. `said` counts words to purposes, by outcome; a line may say several."""

    lines: int = 0
    said: Counter[Outcome] = field(default_factory=Counter)
    acts: Counter[str] = field(default_factory=Counter)
    newcomers: int = 0
    findings: list[Finding] = field(default_factory=list)
    dry: bool = False

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        codes = Counter(str(one.code) for one in self.findings)
        return {
            "dry_run": self.dry, "lines": self.lines, "not_taken": len(self.findings), "outcomes": {str(one): self.said[one] for one in Outcome},
            "acts": dict(sorted(self.acts.items())), "newcomers": self.newcomers, "codes": dict(sorted(codes.items())),
            "findings": [{"line": one.line, "code": str(one.code)} for one in self.findings],
        }  # fmt: skip


def judge(yes: bool, at: int | None, known: Known | None, explicit: bool = False, heard: bool = False) -> Outcome:
    """What becomes of an imported word beside the last act that is held. Pure.

    `at` in microseconds, None: not known, of a no alone. `explicit`: the policy takes such a yes for an explicit one.
    `heard`: this very undated no was taken over before.
    """
    if known is None:
        return Outcome.RECORDED
    stopped, brought = known.state in PROHIBITIONS, known.strength is Strength.IMPORTED
    if yes:
        if at is None:
            return Outcome.OUTWEIGHED if stopped else Outcome.KNOWN
        if not stopped:
            return Outcome.RECORDED if brought and at > known.at else Outcome.KNOWN
        return Outcome.RECORDED if at > known.at and not known.undated and (brought or explicit) else Outcome.OUTWEIGHED
    if at is None:
        return Outcome.KNOWN if heard or known.undated or (stopped and not brought) else Outcome.RECORDED
    if stopped:
        return Outcome.RECORDED if brought and not known.undated and at > known.at else Outcome.KNOWN
    return Outcome.RECORDED if at >= known.at else Outcome.OLDER


def import_consents(workspace: Workspace, lines: Iterable[Line | Finding], dry: bool = False) -> Report:
    """Take over what lines say, so many a transaction; returns what became of each. `dry`: nothing is written.

    Raises `import-running`.
    """
    report, run = Report(dry=dry), _Run(workspace, dry)
    try:
        with exclusive(workspace.secrets / "import.lock", wait=False):
            for part in _parts(lines):
                _take(workspace, run, report, part)
            _enter(workspace, report)
    except BlockingIOError:
        raise Fault("import-running", "another import into this workspace is running", help="wait for it to end", status=409) from None
    return report


def _parts(lines: Iterable[Line | Finding]) -> Iterator[list[Line | Finding]]:
    left = iter(lines)
    while part := list(islice(left, TOGETHER)):
        yield part


def _take(workspace: Workspace, run: _Run, report: Report, part: list[Line | Finding]) -> None:
    found = [one for one in part if isinstance(one, Line)]
    report.lines += len(part)
    report.findings += [one for one in part if isinstance(one, Finding)]
    opened: Callable[[], Any] = workspace.state.read if run.dry else workspace.state.write
    with opened() as conn:
        plan = workspace.plan_at(conn, now_micros())
        for line in found:
            run.take(conn, plan, line, report)


def _enter(workspace: Workspace, report: Report) -> None:
    """The ledger has that consents were taken over; a file that changed nothing changes nothing here either."""
    if report.acts and not report.dry:
        with workspace.state.write() as conn:
            body = {"act": "consent-import", "lines": report.lines, "recorded": report.said[Outcome.RECORDED], "not_taken": len(report.findings)}
            workspace.log.append(conn, EntryKind.OPERATOR_ACT, body, instant(now_micros()))


class _Run:
    """One import. What a dry run would have written is remembered, so that its later lines meet it."""

    def __init__(self, workspace: Workspace, dry: bool) -> None:
        self._workspace, self.dry = workspace, dry
        self._would: dict[tuple[bytes, str], Known] = {}
        self._made: set[bytes] = set()

    def take(self, conn: Connection, plan: Plan, line: Line, report: Report) -> None:
        """What one line says, purpose by purpose."""
        hashed = directory.hash_of(self._workspace.keys, line.kind, line.value)
        ref = directory.find(conn, hashed)
        erased_at = directory.erased_at(conn, hashed) if ref is None else None
        acts: dict[str, State] = {}
        for purpose, word in line.said.items():
            if erased_at is not None and (line.at is None or line.at <= erased_at):
                outcome = Outcome.ERASED
            else:
                outcome = self._judged(conn, plan, line, hashed, ref, purpose, word)
            if outcome is Outcome.RECORDED:
                known = self._known(conn, hashed, ref, purpose)
                acts[purpose] = state_of(plan, purpose, word, known, _regime(conn, plan, line, ref))
            report.said[outcome] += 1
        if ref is None and acts and line.kind is IdentifierKind.ANONYMOUS and State.GIVEN not in acts.values():
            report.said[Outcome.RECORDED] -= len(acts)
            report.said[Outcome.NOBODY] += len(acts)
        elif acts:
            report.acts.update(map(str, acts.values()))
            report.newcomers += ref is None and hashed not in self._made
            self._write(conn, plan, line, hashed, ref, acts)

    def _judged(self, conn: Connection, plan: Plan, line: Line, hashed: bytes, ref: int | None, purpose: str, word: Word) -> Outcome:
        declared = plan.policy.purposes[purpose]
        mode = plan.mode(declared, _regime(conn, plan, line, ref))
        yes = word is Word.GIVEN
        if mode is Permission.NONE and (yes or not can_object(declared)):
            return Outcome.NEEDLESS
        heard = ref is not None and _heard(conn, ref, purpose, UNDATED + line.source)
        found = judge(yes, line.at, self._known(conn, hashed, ref, purpose), plan.takes_imported, heard)
        if yes and found is Outcome.RECORDED and ref is not None:
            others = (last_act(conn, one, purpose) for one in same_person(conn, ref) - {ref})
            if any(one is not None and judge(yes, line.at, one, plan.takes_imported) is Outcome.OUTWEIGHED for one in others):
                return Outcome.OUTWEIGHED
        return found

    def _known(self, conn: Connection, hashed: bytes, ref: int | None, purpose: str) -> Known | None:
        would = self._would.get((hashed, purpose))
        return would if would is not None else last_act(conn, ref, purpose) if ref is not None else None

    def _write(self, conn: Connection, plan: Plan, line: Line, hashed: bytes, ref: int | None, acts: dict[str, State]) -> None:
        at = now_micros()
        if self.dry:
            self._made.add(hashed)
            for purpose, state in acts.items():
                self._would[(hashed, purpose)] = Known(state, Strength.IMPORTED, at if line.at is None else line.at, _how(line))
            return
        if ref is None:
            new = NewSubject(population_for(plan, line.kind, acts), _regime(conn, plan, line, None))
            ref = directory.create(conn, hashed, line.kind, new)
        choices.say(self._workspace, conn, ref, acts, evidence(plan, line.source, line.at, _regime(conn, plan, line, ref), line.wording), at)


def evidence(plan: Plan, source: str, at: int | None, regime: str, wording: str = "") -> Evidence:
    """How an imported act came to us. `at`: when it was said, in microseconds; None: nobody knows."""
    how = (UNDATED if at is None else IMPORTED) + source
    return Evidence(Strength.IMPORTED, how, plan.policy.version, wording, regime, at)


def state_of(plan: Plan, purpose: str, word: Word, known: Known | None, regime: str) -> State:
    """The act that a word is: a no after a yes is a withdrawal."""
    if word is Word.GIVEN:
        return State.GIVEN
    if word is Word.WITHDRAWN or (known is not None and known.state is State.GIVEN):
        return State.WITHDRAWN
    asks = plan.mode(plan.policy.purposes[purpose], regime) is Permission.ASK_BEFORE
    return State.REFUSED if asks and word is Word.REFUSED else State.OBJECTED


def last_act(conn: Connection, ref: int, purpose: str) -> Known | None:
    """The last act of one reference on a purpose."""
    asked = "SELECT state, strength, at, how FROM consent_act WHERE ref = ? AND purpose = ? ORDER BY id DESC LIMIT 1"
    row = conn.exec_driver_sql(asked, (ref, purpose)).first()
    return Known(State(row[0]), Strength(row[1]), row[2], row[3]) if row else None


def population_for(plan: Plan, kind: IdentifierKind, purposes: Iterable[str]) -> str:
    """What somebody of whom only a consent is known starts as: of the people that its purpose is about."""
    policy = plan.policy
    declared = [policy.purposes[purpose] for purpose in purposes]
    fed = [policy.events[event].population for purpose in declared for event in purpose.events if event in policy.events]
    wanted = [*(one for purpose in declared for one in purpose.populations), *fed, *policy.populations]
    if kind is IdentifierKind.ANONYMOUS:
        return next((one for one in wanted if one == "site-visitor"), wanted[0])
    return next((one for one in wanted if one != "site-visitor"), wanted[0])


def _heard(conn: Connection, ref: int, purpose: str, how: str) -> bool:
    asked = "SELECT 1 FROM consent_act WHERE ref = ? AND purpose = ? AND how = ? LIMIT 1"
    return conn.exec_driver_sql(asked, (ref, purpose, how)).first() is not None


def _regime(conn: Connection, plan: Plan, line: Line, ref: int | None) -> str:
    standing = read_standing(conn, ref) if ref is not None else None
    return standing.regime if standing is not None else regime_for(plan.policy, None, line.country or None)


def _how(line: Line) -> str:
    return (UNDATED if line.at is None else IMPORTED) + line.source


__all__ = ["Code", "Finding", "Known", "Outcome", "Report", "evidence", "import_consents", "judge", "last_act", "population_for", "state_of"]
