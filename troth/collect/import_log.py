"""What became of every line of an access log? Reads a file line by line and keeps of it what the gate allows.

An access log carries no permission and no cookie, so its page views are about nobody: the gate leaves of each what
may be kept without permission (its route, where it came from, the day), by the log's own time. No address becomes
an identifier. What is no page view is counted, and nothing else is left of it.

Every line counts once. The number of lines done commits together with what is kept of them, beside a keyed hash of
the file up to there, which points to nobody: a crash is gone on from, a file that has grown is gone on with, and the
same file again is `already-imported`.
Source: GDPR Art. 5(1)(c), 25; `troth.collect.access_log` for what a line is
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import BigInteger, Column, Connection, Integer, LargeBinary, Table, Text

from troth.base.clock import instant, now, now_micros
from troth.base.database import metadata
from troth.base.errors import Fault
from troth.base.filelock import exclusive
from troth.collect.access_log import BadLine, LogLine, Outcome, parse, shift, what_became
from troth.collect.batch import Answer
from troth.collect.ingest import Ingest
from troth.collect.messages import Message
from troth.collect.pipeline import Origin
from troth.collect.routes import split_url
from troth.gate.reasons import Reason
from troth.ledger.entry import EntryKind
from troth.workspace import Workspace

TOGETHER = 4_000  # lines in one transaction
_LONGEST = 1 << 19  # bytes read of one line: more than any line may have
_MICROSECOND = timedelta(microseconds=1)

access_import = Table(
    "access_import",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("label", Text, nullable=False),
    Column("lines", Integer, nullable=False),  # of the file, from its beginning, that are done
    Column("digest", LargeBinary, nullable=False),  # keyed, over those lines
    Column("shift", BigInteger, nullable=False),
    Column("counts", Text, nullable=False),
    Column("began_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
)


@dataclass(slots=True)
class Counts:
    """What became of the lines of one import: `outcomes` of all, `kept` and `refused` of the page views."""

    outcomes: Counter[str] = field(default_factory=Counter)
    kept: int = 0
    refused: Counter[str] = field(default_factory=Counter)

    def as_json(self) -> str:
        """The shape they rest in."""
        return json.dumps({"outcomes": self.outcomes, "kept": self.kept, "refused": self.refused}, sort_keys=True)


@dataclass(frozen=True, slots=True)
class Import:
    """One import as it rests. `lines`: how far into the file it has come; `complete`: nothing of it is left to do."""

    id: int
    label: str
    lines: int
    digest: bytes
    shift: int
    counts: Counts
    began_at: int
    ended_at: int | None

    @property
    def complete(self) -> bool:
        """Whether it came to the end of its file."""
        return self.ended_at is not None

    @property
    def holds(self) -> bool:
        """Whether its lines are done with. Where every page view was refused (too old, say) they may come again."""
        return self.counts.kept > 0 or not self.counts.refused or not self.complete


def imports(conn: Connection) -> list[Import]:
    """Every import there was, oldest first."""
    rows = conn.exec_driver_sql("SELECT id, label, lines, digest, shift, counts, began_at, ended_at FROM access_import ORDER BY id")
    return [Import(row[0], row[1], row[2], row[3], row[4], _counts(row[5]), row[6], row[7]) for row in rows]


def import_access_log(
    workspace: Workspace, ingest: Ingest, path: Path, option: str = "keep", sites: Iterable[str] = (),
    told: Callable[[int], object] = lambda size: None,
) -> Import:
    """Import a file; returns what became of it. `option` shifts its dates (see `access_log.shift`); `sites` are hosts
    whose pages count as inside, besides the policy's own. `told` hears of bytes read, of twice the file's size.

    Raises `already-imported`, `empty-log`, `import-running` and `bad-shift`.
    """
    try:
        with exclusive(workspace.secrets / "import.lock", wait=False):
            with workspace.state.read() as conn:
                before = imports(conn)
            survey = _survey(workspace, path, before, told)
            run = _Run(workspace, ingest, path, survey, before, option, sites)
            return run.run(told)
    except BlockingIOError:
        raise Fault("import-running", "another import into this workspace is running", help="wait for it to end", status=409) from None


# 1. look through the file once: its newest line gives the shift, its hashes say what is done already


@dataclass(frozen=True, slots=True)
class _Survey:
    lines: int
    newest_at: datetime | None
    done: Import | None  # the import that came furthest into this very file


def _survey(workspace: Workspace, path: Path, before: list[Import], told: Callable[[int], object]) -> _Survey:
    ends = {one.lines for one in before}
    lines, newest, done = 0, None, None
    reader = _Lines(workspace, path)
    for lines, text in enumerate(reader, start=1):
        told(reader.size)
        if lines in ends:
            digest = reader.digest()
            done = next((one for one in before if one.lines == lines and one.digest == digest and one.holds), done)
        line = _parsed(text)
        if isinstance(line, LogLine) and (newest is None or line.at > newest):
            newest = line.at
    return _Survey(lines, newest, done)


class _Lines:
    """The lines of a file as text, with a running hash over them. A line too long to read is cut, and so malformed."""

    def __init__(self, workspace: Workspace, path: Path) -> None:
        self._keys, self._path = workspace.keys, path
        self._sum = hashlib.sha256()
        self.size = 0  # bytes of the line read last

    def __iter__(self) -> Iterator[str]:
        with self._path.open("rb") as file:
            first = True
            while part := file.readline(_LONGEST):
                raw, self.size = part, len(part)
                self._sum.update(raw.rstrip(b"\r\n"))
                while not part.endswith(b"\n") and (part := file.readline(_LONGEST)):
                    self._sum.update(part.rstrip(b"\r\n"))
                    self.size += len(part)
                self._sum.update(b"\n")
                yield raw.decode("utf-8-sig" if first else "utf-8", errors="replace")
                first = False

    def digest(self) -> bytes:
        """The keyed hash of the lines so far."""
        return self._keys.hash_identifier("access-log", self._sum.hexdigest())


def _parsed(text: str) -> LogLine | BadLine:
    try:
        return parse(text)
    except BadLine as bad:
        return bad


# 2. read it again from where it was left, and keep what may be kept


class _Run:
    def __init__(
        self, workspace: Workspace, ingest: Ingest, path: Path, survey: _Survey, before: list[Import], option: str, sites: Iterable[str]
    ) -> None:
        if not survey.lines:
            raise Fault("empty-log", "the file has no lines")
        done = survey.done
        if done is not None and done.complete and done.lines == survey.lines:
            raise Fault("already-imported", "every line of this file was imported before", status=409)
        self._workspace, self._ingest, self._path, self._last = workspace, ingest, path, survey.lines
        self._first = done.lines if done is not None else 0
        going_on = done if done is not None and not done.complete else None
        self._id = going_on.id if going_on else None
        self._counts = going_on.counts if going_on else Counts()
        by = instant(going_on.shift) - instant(0) if going_on else shift(survey.newest_at or now(), option, now())
        self._shift, self._began_at = by, going_on.began_at if going_on else now_micros()
        self._inside = frozenset(site.partition("://")[2].strip("/").lower() or site.lower() for site in sites)
        self._site = (*workspace.policy.site.origins, "http://localhost")[0]

    def run(self, told: Callable[[int], object]) -> Import:
        """All lines that are left, so many a transaction."""
        reader, waiting, outcomes = _Lines(self._workspace, self._path), list[Message](), Counter[str]()
        for number, text in enumerate(reader, start=1):
            told(reader.size)
            if number > self._first:
                line = _parsed(text)
                outcome = what_became(line)
                outcomes[outcome] += 1
                if outcome is Outcome.PAGE_VIEW and isinstance(line, LogLine):
                    waiting.append(self._message(line))
            if number == self._last or (number > self._first and (number - self._first) % TOGETHER == 0):
                self._keep(waiting, outcomes, number, reader.digest())
                waiting, outcomes = [], Counter()
            if number == self._last:  # what was written to the file meanwhile is for the next import
                break
        with self._workspace.state.read() as conn:
            return next(one for one in imports(conn) if one.id == self._id)

    def _message(self, line: LogLine) -> Message:
        target = line.target if line.target.startswith("/") else (split_url(line.target).path or "/")
        referrer = line.referrer or ""
        if split_url(referrer).host in self._inside:
            referrer = self._site
        page = {"url": self._site + target, "referrer": referrer}
        context = {"import": True, "userAgent": line.agent or "", "page": page}
        return Message(type="page", timestamp=(line.at + self._shift).isoformat(), context=context)

    def _keep(self, messages: list[Message], outcomes: Counter[str], lines: int, digest: bytes) -> None:
        def within(conn: Connection, answer: Answer) -> None:
            self._counts.outcomes += outcomes
            self._counts.kept += answer.stored + answer.anonymous
            # Of each anonymous remainder the rest was withheld for want of a subject: that is no refused page view.
            self._counts.refused += answer.reasons - Counter({str(Reason.NO_SUBJECT): answer.anonymous})
            self._note(conn, lines, digest)

        self._ingest.submit_and_wait(messages, Origin(True, "", "", now_micros()), within=within)

    def _note(self, conn: Connection, lines: int, digest: bytes) -> None:
        at = now_micros()
        ended_at = at if lines == self._last else None
        if self._id is None:
            values = (self._path.name[:80], lines, digest, self._shift // _MICROSECOND, self._counts.as_json(), self._began_at, ended_at)
            into = "INSERT INTO access_import (label, lines, digest, shift, counts, began_at, ended_at) VALUES (?, ?, ?, ?, ?, ?, ?)"
            self._id = int(conn.exec_driver_sql(into, values).lastrowid)
        else:
            change = "UPDATE access_import SET lines = ?, digest = ?, counts = ?, ended_at = ? WHERE id = ?"
            conn.exec_driver_sql(change, (lines, digest, self._counts.as_json(), ended_at, self._id))
        if ended_at is not None:
            body = {"act": "import", "lines": self._counts.outcomes.total(), "kept": self._counts.kept}
            self._workspace.log.append(conn, EntryKind.OPERATOR_ACT, body, instant(at))


def _counts(text: str) -> Counts:
    found = json.loads(text)
    return Counts(Counter(found["outcomes"]), found["kept"], Counter(found["refused"]))
