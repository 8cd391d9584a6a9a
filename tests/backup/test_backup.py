"""A backup brings everything back but what was taken back: whoever withdrew stays out, whoever was erased stays gone."""

from __future__ import annotations

import errno
import io
import os
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.erasure import edda
from tests.serving import Served
from troth.backup import sealed, take
from troth.backup.restore import Gap, Restored, restore
from troth.base.clock import now
from troth.base.errors import Fault
from troth.cli import main
from troth.collect import choices, flagged
from troth.disclose import stopped, texts
from troth.ledger.checkpoint import Checkpoint, sign
from troth.ledger.entry import EntryKind
from troth.maintain import checkpoint
from troth.rights import erasure, restrict, review
from troth.rights.verify import Session, Shown
from troth.serve import free_port, in_thread
from troth.settings import Settings
from troth.store import shred
from troth.store.rescan import found_in
from troth.store.reveal import reveal_events
from troth.subjects import directory
from troth.subjects.directory import IdentifierKind
from troth.workspace import House, Workspace

PASSPHRASE = b"correct horse battery staple"
ADA, BEN, LATE, RITA = "ada-visitor-fedcba9876543210", "ben-visitor-0123456789", "late-visitor-0123456789", "rita-visitor-0123456789"
ROY = "roy-visitor-0123456789"
NUMBER = "+447900100017"
NEEDLES = [text.encode() for text in (edda.EMAIL, edda.PHONE, edda.NAME, edda.VISITOR, edda.ADDRESS, edda.ACCOUNT)]


@dataclass
class Before:
    """A town with a backup of it, and what has happened since: Ada withdrew, Ben was restricted, Edda erased.

    Late came and objected, Rita came and was restricted, somebody answered a text with STOP. One of Roy's two pages was removed after a look.
    """

    folder: Path
    backup: Path
    ada: int
    ben: int
    late: int
    roy: int
    edda: list[int]


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Before:
    folder = tmp_path_factory.mktemp("before")
    workspace, ingest = edda.town(folder)
    edda.send(ingest, edda.page("b1", "/", BEN), trusted=False)
    pages = edda.send(ingest, edda.page("roy-1", "/", ROY), edda.page("roy-2", "/pricing", ROY), trusted=False).events
    house = House(workspace.settings)
    take.take(house, (), folder / "monday.backup", PASSPHRASE)
    say(workspace, ADA, "withdraw")
    edda.send(ingest, edda.page("l1", "/", LATE), trusted=False)
    say(workspace, LATE, "reject-all")
    edda.send(ingest, edda.page("r1", "/", RITA), trusted=False)
    texts.take(workspace, texts.Inbound("SM0123456789", NUMBER, " Stop. "))
    with workspace.state.write() as conn:
        ada, ben, late, rita = (ref_of(workspace, conn, one) for one in (ADA, BEN, LATE, RITA))
        for one in (ben, rita):
            restrict.restrict(workspace, conn, Session(one, frozenset({one}), Shown.BROWSER, 1, "", "california", "site-visitor", False, now()))
        refs = edda.references(workspace, conn)
    remove(workspace, *pages[0])
    erasure.erase(workspace, refs[0])
    erasure.continue_cases(workspace)
    checkpoint(workspace)
    ingest.close()
    workspace.close()
    house.close()
    return Before(folder, folder / "monday.backup", ada, ben, late, pages[0][1], refs)


def remove(workspace: Workspace, event: int, ref: int) -> None:
    with workspace.state.write() as conn:
        flagged.note(conn, ref, event, "page-view", "page.title", "health", 0)
        (flag,) = flagged.waiting(conn)
    review.remove(workspace, flag.id, "odile")


def say(workspace: Workspace, visitor: str, how: str) -> None:
    body = {"anonymousId": visitor, "choices": {"site-analytics": "refused"}, "how": how, "tz": "America/Los_Angeles"}
    choices.choose(workspace, body)


def ref_of(workspace: Workspace, conn: Any, visitor: str) -> int:
    ref = directory.find(conn, directory.hash_of(workspace.keys, IdentifierKind.ANONYMOUS, visitor))
    assert ref is not None
    return ref


@pytest.fixture
def new(tmp_path: Path) -> Settings:
    """Where it is restored to."""
    return Settings(tmp_path / "new", tmp_path / "new-secrets", tmp_path / "new-tape", free_port())


def restored(before: Before, new: Settings, **more: Any) -> Restored:
    return restore(before.backup, new, PASSPHRASE, more.pop("tape", before.folder / "tape"), **more)


@pytest.fixture
def workspace(before: Before, new: Settings) -> Iterator[Workspace]:
    restored(before, new)
    house = House(new)
    yield house.workspace("infinity")
    house.close()


def seen(workspace: Workspace, purpose: str = "site-analytics") -> set[int]:
    grant = workspace.grant(purpose, "owner", "test")
    return {row["person"] for row in workspace.views.run(grant, lambda view: view.execute(view.events.select("person")))}


def test_the_backup_holds_everybody_and_shows_nobody(before: Before, tmp_path: Path, new: Settings) -> None:
    shown = before.backup.read_bytes()
    assert [one for one in NEEDLES if one in shown] == []
    (tmp_path / "no-tape").mkdir()
    restored(before, new, tape=tmp_path / "no-tape", gap=Gap("kim", "to see what is in it"))
    house = House(new)
    people = seen(house.workspace("infinity"))
    assert {before.ada, before.ben} <= people and people & set(before.edda)
    with house.workspace("infinity").state.read() as conn:
        values = erasure._what_is_held(conn, house.workspace("infinity"), _grant(house.workspace("infinity"), before.edda[0]), before.edda)[1]
    assert {edda.EMAIL, edda.PHONE} <= values  # its keys came with it: sealed items can be opened
    house.close()


def _grant(workspace: Workspace, ref: int) -> Any:
    from troth.gate.admit import admit_subject

    with workspace.state.write() as conn:
        return admit_subject(conn, workspace.log, workspace.plan, ref, "access")


def test_no_lost_permission_and_nobody_erased_comes_back(before: Before, workspace: Workspace) -> None:
    assert seen(workspace) & {before.ada, before.ben, before.late, *before.edda} == set()
    assert found_in([workspace.folder, workspace.settings.tape], NEEDLES) == []
    assert [workspace.keys.wrapped(ref) for ref in before.edda if dict(workspace.keys.wrapped(ref)).keys() - {"accounting"}] == []
    assert [path.name for path in workspace.secrets.glob("generation-*.key")] == ["generation-2.key"]
    assert list((workspace.secrets / "cases").iterdir()) == []
    with workspace.state.read() as conn:
        assert edda.references(workspace, conn) == []
        assert directory.erased_at(conn, directory.hash_of(workspace.keys, IdentifierKind.EMAIL, edda.EMAIL)) is not None
        assert [row[0] for row in conn.exec_driver_sql("SELECT done FROM erasure_case")] == [len(erasure.STEPS)]
        assert conn.exec_driver_sql("SELECT count(*) FROM sweep").scalar_one() == 1


def test_what_was_removed_after_a_look_does_not_come_back(before: Before, workspace: Workspace) -> None:
    grant = _grant(workspace, before.roy)
    with workspace.state.read() as conn:
        rows = list(reveal_events(grant, conn, workspace.lake, workspace.keys, workspace.classes, frozenset({before.roy})))
    assert [row.items["page.route"] for row in rows] == ["/pricing"]


def test_an_erasure_that_still_finds_something_is_in_effect_and_told(before: Before, new: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shred, "look_for", lambda folders, needles: ["lake/1-x.parquet"])
    done = restored(before, new)
    assert [list(cases.values()) for cases in done.unfinished.values()] == [["found-again: lake/1-x.parquet"]]
    house = House(new)
    workspace = house.workspace("infinity")
    assert seen(workspace) & set(before.edda) == set()
    with workspace.state.read() as conn:
        assert [entry.body["unfinished"] for _, entry in workspace.log.entries(conn) if entry.kind is EntryKind.RESTORED] == [1]
    monkeypatch.undo()
    assert erasure.continue_cases(workspace) == 1
    house.close()


def test_a_number_that_sent_stop_is_written_to_no_more(workspace: Workspace) -> None:
    hashed = directory.hash_of(workspace.keys, IdentifierKind.PHONE, NUMBER)
    with workspace.state.read() as conn:
        assert stopped.is_stopped(conn, hashed, "sms")


def test_the_restored_ledger_says_so_and_goes_on_under_another_name(workspace: Workspace) -> None:
    with workspace.state.read() as conn:
        entries = [entry for _, entry in workspace.log.entries(conn)]
        workspace.log.verify(conn, workspace.ledger_key.public_key())
    told = [entry.body for entry in entries if entry.kind is EntryKind.RESTORED]
    done = {"withdrawal": 1, "objection": 1, "restriction": 2, "opt-out": 1, "removal": 1, "erasure": 1}
    assert [(one["gap"], one["replayed"], one["unfinished"]) for one in told] == [(False, done, 0)]
    assert workspace.origin.startswith("troth/infinity/restored-")
    assert [entry.body["origin"] for entry in entries if entry.kind is EntryKind.LOG_ORIGIN] == ["troth/infinity", workspace.origin]


def test_through_the_public_doors_the_noes_stand_from_the_first_request_on(before: Before, new: Settings) -> None:
    restored(before, new)
    with in_thread(new) as app:
        served = Served(new.base_url, app)
        world = served.world("infinity")
        key = (world.access["write_key"], "")
        page = {"context": {"page": {"url": "http://127.0.0.1:8101/pricing"}, "timezone": "America/Los_Angeles"}}
        for visitor in (ADA, BEN, LATE, RITA, edda.VISITOR):
            sent = page | {"anonymousId": visitor, "messageId": f"again-{visitor}", "timestamp": "2026-01-05T10:00:00Z"}
            assert world.http.post("/v1/page", json=sent, auth=key).status_code == 200
        stranger = page | {"anonymousId": "new-visitor-0123456789", "messageId": "again-new"}
        assert world.http.post("/v1/page", json=stranger, auth=key).status_code == 200
        workspace = app.house.workspace("infinity")
        people = seen(workspace) - {0}  # what stays without permission is nobody's
        with workspace.state.read() as conn:
            assert people == {ref_of(workspace, conn, "new-visitor-0123456789"), before.roy}
            assert directory.find(conn, directory.hash_of(workspace.keys, IdentifierKind.ANONYMOUS, edda.VISITOR)) is None
        world.http.close()


def test_a_restore_may_be_done_again_from_the_same_tape(before: Before, new: Settings, tmp_path: Path) -> None:
    first = restored(before, new)
    later = replace(new, data=tmp_path / "later", secrets=tmp_path / "later-secrets", tape=tmp_path / "later-tape")
    again = restored(before, later, tape=new.tape)  # the tape that the first restore went on with
    assert again.replayed["infinity"] == first.replayed["infinity"]
    assert again.origins["infinity"] != first.origins["infinity"]


def test_a_tape_older_than_the_backup_is_refused_until_somebody_signs(before: Before, new: Settings, tmp_path: Path) -> None:
    shutil.copytree(before.folder / "tape", tmp_path / "old")
    tape = tmp_path / "old" / "infinity.tape"
    tape.write_bytes(b"")
    with pytest.raises(Fault) as refused:
        restored(before, new, tape=tmp_path / "old")
    assert refused.value.code == "tape-too-old" and not new.data.exists() and not new.secrets.exists()
    with pytest.raises(Fault):  # the ledger holds no address
        restored(before, new, tape=tmp_path / "old", gap=Gap("kim@people.example", "the disk of the tape is lost"))
    done = restored(before, new, tape=tmp_path / "old", gap=Gap("kim", "the disk of the tape is lost"))
    assert done.gaps == ["infinity"]
    house = House(new)
    with house.workspace("infinity").state.read() as conn:
        told = [entry.body for _, entry in house.workspace("infinity").log.entries(conn) if entry.kind is EntryKind.RESTORED]
    assert [(one["gap"], one["by"]) for one in told] == [(True, "kim")]
    assert done.origins["infinity"] != "troth/infinity"
    house.close()


def test_a_tape_cut_off_before_a_checkpoint_that_is_shown_is_refused(before: Before, new: Settings, tmp_path: Path) -> None:
    shutil.copytree(before.folder / "tape", tmp_path / "cut")
    tape = tmp_path / "cut" / "infinity.tape"
    house = House(edda.settings_of(before.folder))
    with house.workspace("infinity").state.read() as conn:
        note = conn.exec_driver_sql("SELECT note FROM ledger_checkpoint ORDER BY size DESC LIMIT 1").scalar_one()
    house.close()
    (tmp_path / "checkpoint").write_text(note)
    restored(before, new, known=[tmp_path / "checkpoint"])
    tape.write_bytes(b"".join(tape.read_bytes().splitlines(keepends=True)[:-1]))
    other = replace(new, data=tmp_path / "other", secrets=tmp_path / "other-secrets", tape=tmp_path / "other-tape")
    with pytest.raises(Fault) as refused:
        restored(before, other, tape=tmp_path / "cut", known=[tmp_path / "checkpoint"])
    assert refused.value.code == "tape-too-old"


@pytest.mark.parametrize("what", ["of another workspace", "no checkpoint"])
def test_a_checkpoint_that_says_nothing_of_this_backup_is_not_passed_over(before: Before, new: Settings, tmp_path: Path, what: str) -> None:
    note = sign(Checkpoint("troth/elsewhere", 3, bytes(32)), Ed25519PrivateKey.generate()) if what == "of another workspace" else "hello"
    (tmp_path / "checkpoint").write_text(note)
    with pytest.raises(Fault) as refused:
        restored(before, new, known=[tmp_path / "checkpoint"])
    assert refused.value.code == "checkpoint-invalid" and not new.data.exists()


def test_a_folder_in_use_is_not_restored_into(before: Before, new: Settings) -> None:
    new.data.mkdir()
    (new.data / "note").write_text("mine")
    with pytest.raises(Fault) as refused:
        restored(before, new)
    assert refused.value.code == "not-empty" and [path.name for path in new.data.iterdir()] == ["note"]


def damaged(how: str, whole: bytes) -> bytes:
    match how:
        case "cut in a chunk":
            return whole[:-100]
        case "cut between chunks":
            file = io.BytesIO()
            writer = sealed.Writer(file, PASSPHRASE, {"made_at": "", "workspaces": [], "holds": []})
            writer.write(bytes(3 << 20))  # and never finished
            return file.getvalue()
        case "altered":
            return whole[:-2000] + bytes([whole[-2000] ^ 1]) + whole[-1999:]
        case "header altered":
            return whole.replace(b'"infinity"', b'"infinitz"', 1)
        case "goes on":
            return whole + b"more"
        case "newer":
            return whole.replace(b"troth-backup 1\n", b"troth-backup 2\n", 1)
        case _:
            return b"something else\n" + whole


@pytest.mark.parametrize(
    ("how", "code"),
    [
        ("cut in a chunk", "backup-cut-off"), ("cut between chunks", "backup-cut-off"), ("altered", "backup-altered"),
        ("header altered", "backup-not-opened"), ("goes on", "backup-altered"), ("newer", "backup-too-new"), ("another", "not-a-backup"),
    ],
)  # fmt: skip
def test_a_file_that_is_not_whole_restores_nothing(before: Before, new: Settings, tmp_path: Path, how: str, code: str) -> None:
    bad = tmp_path / "bad.backup"
    bad.write_bytes(damaged(how, before.backup.read_bytes()))
    with pytest.raises(Fault) as refused:
        restore(bad, new, PASSPHRASE, before.folder / "tape")
    assert refused.value.code == code
    assert [path.name for path in tmp_path.iterdir()] == ["bad.backup"]


def test_a_full_disk_leaves_nothing(before: Before, new: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Fault) as refused:
        restored(before, new)
    assert refused.value.code == "disk-full" and list(tmp_path.iterdir()) == []
    with pytest.raises(Fault) as refused, sealed.new_file(tmp_path / "file") as file:
        file.write(b"x")
    assert refused.value.code == "disk-full" and list(tmp_path.iterdir()) == []


def test_a_backup_taken_while_files_come_and_go_is_of_one_moment(tmp_path: Path, new: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace, ingest = edda.town(tmp_path / "busy")
    house, copy_of, threads = House(workspace.settings), take._copy_of, []

    def rewrite_all() -> None:  # as an erasure does
        with workspace.lake.lease():
            with workspace.state.read() as conn:
                files = workspace.lake.files(conn)
            for file in files:
                workspace.lake.rewrite([file], lambda table: table)
        workspace.lake.unlink_retired(at_once=True)

    def meanwhile(database: Path, *more: Any) -> Any:
        if database.name == "keys.db":  # the list of files has been copied, and no file opened yet
            edda.send(ingest, edda.page("busy-1"), trusted=False)  # collecting goes on
            threads.append(threading.Thread(target=rewrite_all))
            threads[0].start()
            threads[0].join(0.5)
        return copy_of(database, *more)

    monkeypatch.setattr(take, "_copy_of", meanwhile)
    take.take(house, ("infinity",), tmp_path / "backup", PASSPHRASE)
    threads[0].join()
    checkpoint(workspace)
    restore(tmp_path / "backup", new, PASSPHRASE, workspace.settings.tape)
    again = House(new)
    copy = again.workspace("infinity")
    with copy.state.read() as conn:
        refs = edda.references(copy, conn)
        assert copy.lake.files(conn) and all(copy.lake.path(file).exists() for file in copy.lake.files(conn))
    grant = _grant(copy, refs[0])
    with copy.state.read() as conn:
        rows = list(reveal_events(grant, conn, copy.lake, copy.keys, copy.classes, frozenset(refs)))
    assert {row.items.get("page.url") for row in rows if row.type == "page-view"} >= {f"http://127.0.0.1:8101/product?who={edda.VISITOR}"}
    again.close()
    ingest.close()
    workspace.close()
    house.close()


def test_by_command_while_a_server_serves(tmp_path: Path) -> None:
    workspace, ingest = edda.town(tmp_path)
    ingest.close()
    settings = replace(workspace.settings, port=free_port())
    workspace.close()
    secret = tmp_path / "passphrase"
    secret.write_bytes(PASSPHRASE + b"\n")
    os.environ |= {"TROTH_SECRETS": str(settings.secrets), "TROTH_TAPE": str(settings.tape)}
    backup = ["backup", "infinity", "--to", str(tmp_path / "b"), "--passphrase-file", str(secret), "--data", str(settings.data)]
    try:
        with in_thread(settings):
            made = CliRunner().invoke(main, backup)
            assert made.exit_code == 0 and "the tape is not in it" in made.output, made.output
            assert CliRunner().invoke(main, backup).exit_code == 1  # there is one of this name
    finally:
        del os.environ["TROTH_SECRETS"], os.environ["TROTH_TAPE"]
    wrong = tmp_path / "wrong"
    wrong.write_text("another passphrase\n")
    back = ["restore", str(tmp_path / "b"), "--data", str(tmp_path / "back"), "--tape", str(settings.tape), "--passphrase-file"]
    assert CliRunner().invoke(main, [*back, str(wrong)]).exit_code == 1
    assert not (tmp_path / "back").exists()
    done = CliRunner().invoke(main, [*back, str(secret)])
    assert done.exit_code == 0 and "infinity" in done.output, done.output
    assert (tmp_path / "back" / "infinity" / "state.db").exists() and oct((tmp_path / "b").stat().st_mode & 0o777) == "0o600"
    assert list((tmp_path / "back" / "infinity" / "lake").glob("*.parquet"))
