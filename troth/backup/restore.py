"""How does a backup come back without forgetting what people have said since? `restore` opens no port.

1. unpack    into folders beside the ones wanted, checked to the last byte
2. compare   the tape must know the backup's checkpoint, and any newer one that is shown; else somebody signs for the gap
3. replay    every line of the tape since: erasures to their end, and every no; then the sweep
4. tell      the ledger has a RESTORED entry; where its lost entries were vouched for, it goes on under a new origin
5. rename    only now are the folders where they were wanted; whatever went wrong before, nothing is

Source: GDPR Art. 5(1)(e), 17, 32(1)(c); DESIGN section 5
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Any, cast

from troth.backup.replay import replay_since
from troth.backup.sealed import Reader, room_for
from troth.backup.take import MANIFEST
from troth.base.clock import now
from troth.base.errors import Fault
from troth.base.ids import new_token
from troth.collect import nobody
from troth.collect.asked import lapse_when_due
from troth.console.operators import Operators
from troth.gate.reasons import Refused
from troth.ledger.checkpoint import Checkpoint, load_or_create_key, parse_unverified, verify
from troth.ledger.durable import sync_folder
from troth.ledger.entry import EntryKind, check_body
from troth.ledger.note import NoteInvalid
from troth.ledger.tape import Tape, TapeKind, TapeRecord
from troth.maintain import checkpoint
from troth.retain import sweep
from troth.rights.erasure import continue_cases, open_cases
from troth.settings import Settings
from troth.workspace import House, Workspace, check_name

_PLACE = re.compile(r"(data|secrets)(/[A-Za-z0-9_-][A-Za-z0-9_.-]{0,200}){1,3}", re.ASCII)
_PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class Gap:
    """Somebody answers for what the tape may be missing."""

    by: str
    why: str


@dataclass(slots=True)
class Restored:
    """What came back: per workspace, how many lines of each kind were done again, and under which origin its ledger goes on."""

    made_at: str
    replayed: dict[str, dict[str, int]] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)
    gaps: list[str] = field(default_factory=list)
    unfinished: dict[str, dict[str, str]] = field(default_factory=dict)  # cases by id, with what hinders them; the server goes on with them


def restore(file: Path, settings: Settings, passphrase: bytes, tape: Path, known: Sequence[Path] = (), gap: Gap | None = None) -> Restored:
    """Bring a backup back as `settings.data` and `settings.secrets`, told by the tapes in `tape` what it must not forget.

    `known`: signed checkpoints from elsewhere, such as an auditor's. The tapes go on in `settings.tape`.
    Raises a `Fault` and leaves nothing behind when anything is amiss. An erasure that found something again is in effect but not
    at its end: it is told in `unfinished`.
    """
    if gap is not None:
        check_body({"by": gap.by, "why": gap.why})
    with room_for("what is restored"), _beside(settings, tape) as draft:
        header, marks = _unpack(file, draft, passphrase)
        done = Restored(str(header["made_at"]))
        notes = [path.read_text("utf-8", errors="replace") for path in known]
        if not {_speaks_of(note) for note in notes} <= marks.keys():
            raise Fault("checkpoint-invalid", "a checkpoint that was shown is of no workspace in this backup")
        house = House(draft)
        for id, mark in marks.items():
            lines, since = _compare(draft, id, mark, notes, gap)
            _restore_workspace(house, id, mark, lines, since, gap, done)
        house.close()
        if (draft.data / "operators.db").exists():
            _end_sessions(draft)
    return done


# where it is put together


@contextmanager
def _beside(settings: Settings, tape: Path) -> Iterator[Settings]:
    """Folders beside the ones wanted, which take their place when the block ends well and are gone when it does not."""
    wanted = [settings.data, settings.secrets]
    in_place = tape.resolve() == settings.tape.resolve()
    if not in_place:
        wanted.append(settings.tape)
    for folder in wanted:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise Fault("not-empty", f"`{folder.name}` is there already and not empty", help="name a new folder with --data")
    token = new_token(6)
    drafts = {folder: folder.with_name(f".{folder.name}.restoring-{token}") for folder in wanted}
    try:
        for draft in drafts.values():
            draft.parent.mkdir(parents=True, exist_ok=True)
            draft.mkdir(mode=0o700)
        if not in_place:
            for path in sorted(tape.glob("*.tape")):
                shutil.copyfile(path, drafts[settings.tape] / path.name)
                (drafts[settings.tape] / path.name).chmod(0o600)
        there = drafts.get(settings.tape, settings.tape)
        yield replace(settings, data=drafts[settings.data], secrets=drafts[settings.secrets], tape=there, smtp_url="", sms_url="")
        _rename(drafts)
    finally:
        for draft in drafts.values():
            shutil.rmtree(draft, ignore_errors=True)


def _rename(drafts: dict[Path, Path]) -> None:
    """The data folder last: only with it is there anything that could be served."""
    with ExitStack() as undo:
        for folder in reversed(drafts):
            drafts[folder].rename(folder)
            undo.callback(folder.rename, drafts[folder])
            sync_folder(folder.parent)
        undo.pop_all()


# 1


def _unpack(file: Path, draft: Settings, passphrase: bytes) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """The header, and the checkpoint of each workspace."""
    roots = {"data": draft.data, "secrets": draft.secrets}
    marks: dict[str, dict[str, Any]] = {}
    try:
        opened = file.open("rb")
    except OSError:
        raise Fault("no-such-backup", "the backup cannot be read", help="check its name and who owns it") from None
    with opened:
        reader = Reader(opened, passphrase)
        with tarfile.open(fileobj=cast(IO[bytes], reader), mode="r|") as archive:
            for member in archive:
                content = archive.extractfile(member)
                if content is None or not (_PLACE.fullmatch(member.name) or member.name.endswith(f"/{MANIFEST}")):
                    raise Fault("backup-altered", "the backup holds what no backup holds")
                if member.name.endswith(f"/{MANIFEST}"):
                    id = member.name.partition("/")[0]
                    check_name(id)
                    marks[id] = json.loads(content.read())
                else:
                    root, _, rest = member.name.partition("/")
                    _write(roots[root] / rest, content)
        reader.finish()
        return reader.header, marks


def _write(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        shutil.copyfileobj(content, file, _PIECE)
        file.flush()
        os.fsync(file.fileno())


# 2


def _compare(draft: Settings, id: str, mark: Mapping[str, Any], notes: Sequence[str], gap: Gap | None) -> tuple[list[TapeRecord], int | None]:
    """The tape, and the place on it from which the backup knows nothing; None when the tape is too old to say."""
    lines = Tape(draft.tape / f"{id}.tape").read()
    signed = {(line.body["size"], line.body["root"]): place for place, line in reversed(list(enumerate(lines))) if line.kind is TapeKind.CHECKPOINT}
    public = load_or_create_key(draft.secrets / id / "ledger.key").public_key()
    shown = [one for note in notes if (one := _checkpoint_of(id, note, public)) is not None]
    since = signed.get((mark["size"], mark["root"]))
    if since is None or any((one.size, one.root.hex()) not in signed for one in shown):
        if gap is None:
            raise Fault(
                "tape-too-old", f"the tape of `{id}` is older than a checkpoint that is known: it may lack erasures and withdrawals",
                help="bring the newest tape with --tape, or sign for what may be missing with --accept-gap NAME --why TEXT", status=503,
            )
        return lines, None
    return lines, since


def _checkpoint_of(id: str, note: str, public: Any) -> Checkpoint | None:
    if _speaks_of(note) != id:
        return None
    try:
        return verify(note, public, parse_unverified(note).origin)
    except NoteInvalid:
        raise Fault("checkpoint-invalid", "a checkpoint that was shown is not one this ledger's key signed") from None


def _speaks_of(note: str) -> str:
    """The workspace a checkpoint names; nobody has vouched for it yet."""
    try:
        room, _, rest = parse_unverified(note).origin.partition("/")
    except NoteInvalid:
        raise Fault("checkpoint-invalid", "what was shown is no signed checkpoint") from None
    return rest.partition("/")[0] if room == "troth" else ""


# 3 and 4


def _restore_workspace(
    house: House, id: str, mark: Mapping[str, Any], lines: list[TapeRecord], since: int | None, gap: Gap | None, done: Restored
) -> None:
    moved_on = since is None or any(line.body != mark for line in lines[since:] if line.kind is TapeKind.CHECKPOINT)
    if moved_on:  # entries that are lost here were vouched for: going on under their log's name would look like a forgery
        (house.settings.secrets / id / "origin").write_text(f"troth/{id}/restored-{new_token(9)}\n")
    workspace = house.workspace(id)
    with workspace.state.write() as conn:
        workspace.log.verify(conn, workspace.ledger_key.public_key())
        for table in ("privacy_session", "privacy_link"):
            conn.exec_driver_sql(f"DELETE FROM {table}")  # doors that may have been closed since
    counts = replay_since(workspace, lines[since or 0 :])
    continue_cases(workspace)
    left = open_cases(workspace)
    body: dict[str, object] = {"made_at": done.made_at, "after": mark["size"], "replayed": counts, "gap": since is None, "unfinished": len(left)}
    if since is None and gap is not None:
        body |= {"by": gap.by, "why": gap.why}
        done.gaps.append(id)
    with workspace.state.write() as conn:
        workspace.log.append(conn, EntryKind.RESTORED, body, now())
    _sweep(workspace)
    checkpoint(workspace)
    done.replayed[id], done.origins[id] = counts, workspace.origin
    done.unfinished |= {id: {case.id: case.failure or "not begun" for case in left}} if left else {}


def _sweep(workspace: Workspace) -> None:
    try:
        sweep(workspace)
        nobody.forget(workspace)
        lapse_when_due(workspace)
    except (Fault, Refused) as failure:
        if getattr(failure, "code", "") != "no-policy":  # without a policy nothing was ever collected
            raise


def _end_sessions(draft: Settings) -> None:
    operators = Operators(draft)
    with operators.database.write() as conn:
        conn.exec_driver_sql("DELETE FROM session")
    operators.database.close()
