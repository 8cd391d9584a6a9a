"""Erased means erased: at once in effect, gone in every file, refused when sent again, the same after any crash."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.erasure import edda
from troth.collect import choices
from troth.collect.ingest import Ingest
from troth.gate.reasons import Reason
from troth.rights import erasure
from troth.store.rescan import found_in
from troth.workspace import House, Workspace

NEEDLES = [text.encode() for text in (edda.EMAIL, edda.PHONE, edda.NAME, edda.VISITOR, edda.ADDRESS, edda.ACCOUNT, edda.INVOICE)]
POINTS = [
    "erasure.open_case", "erasure.tape", "erasure.tombstone", "erasure.keys", "erasure.rewrite", "erasure.generation", "erasure.truncate",
    "erasure.look", "erasure.receipt",
]


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The town before anybody asks to be erased."""
    folder = tmp_path_factory.mktemp("before")
    workspace, ingest = edda.town(folder)
    ingest.close()
    workspace.close()
    return folder


@pytest.fixture
def folder(before: Path, tmp_path: Path) -> Path:
    """A copy of the town to erase from."""
    shutil.copytree(before, tmp_path / "town")
    return tmp_path / "town"


def erase_in_a_process(folder: Path, die_at: str = "") -> int:
    environment = os.environ | {"TROTH_DIE_AT": die_at}
    done = subprocess.run([sys.executable, "-m", "tests.erasure.edda", str(folder)], env=environment, capture_output=True, timeout=120)
    assert done.returncode in (0, -9), done.stderr.decode()[-2000:]
    return done.returncode


def opened(folder: Path) -> Workspace:
    return House(edda.settings_of(folder)).workspace("infinity")


def seen_visitors(workspace: Workspace, purpose: str = "site-analytics") -> set[int]:
    grant = workspace.grant(purpose, "owner", "test")
    rows = workspace.views.run(grant, lambda view: view.execute(view.events.select("person")))
    return {row["person"] for row in rows}


def must_be_gone(folder: Path) -> None:
    """Edda is in no file; one case is complete; the ledger holds; Ada is still there."""
    assert found_in([folder / "data", folder / "tape"], NEEDLES) == []
    workspace = opened(folder)
    with workspace.state.read() as conn:
        cases = conn.exec_driver_sql("SELECT id, done FROM erasure_case").all()
        assert [done for _, done in cases] == [len(erasure.STEPS)]
        receipt = erasure.receipt_of(conn, cases[0][0])
        assert conn.exec_driver_sql("SELECT count(*) FROM subject").scalar_one() == 1  # Ada
        assert workspace.log.verify(conn, workspace.ledger_key.public_key()) > 0
    assert receipt is not None
    assert [kept["rule"] for kept in receipt["kept_by_law"]] == ["accounting"]  # type: ignore[attr-defined,union-attr]
    assert len(seen_visitors(workspace)) == 1
    assert list((workspace.secrets / "cases").iterdir()) == []
    assert len(list(workspace.secrets.glob("generation-*.key"))) == 1
    workspace.close()


def test_everything_is_findable_before(folder: Path) -> None:
    workspace = opened(folder)
    assert len(seen_visitors(workspace)) == 2
    with workspace.state.read() as conn:
        assert len(edda.references(workspace, conn)) == 3
    workspace.close()


def test_an_erased_person_is_in_no_file_and_the_invoice_stays_alone(folder: Path) -> None:
    assert erase_in_a_process(folder) == 0
    must_be_gone(folder)
    workspace = opened(folder)
    with workspace.state.read() as conn:
        kept = conn.exec_driver_sql("SELECT DISTINCT keep FROM kept").all()
        assert kept == [("accounting",)]
        refs = [row[0] for row in conn.exec_driver_sql("SELECT ref FROM kept")]
    from troth.store.reveal import held_rows

    with workspace.state.read() as conn:
        rows = held_rows(conn, workspace.lake, refs)
    assert rows
    assert {keep for row in rows for keep, _ in row.sealed} == {"accounting"}
    assert all(row.clear == {} for row in rows)
    workspace.close()


@pytest.mark.parametrize("die_at", POINTS)
def test_a_crash_at_any_step_ends_the_same(folder: Path, die_at: str) -> None:
    assert erase_in_a_process(folder, die_at) == -9, f"{die_at} was never reached"
    erase_in_a_process(folder)
    must_be_gone(folder)


def test_erasure_is_effective_before_its_physical_steps(folder: Path) -> None:
    workspace = opened(folder)
    with workspace.state.read() as conn:
        ref = edda.references(workspace, conn)[0]
    erasure.erase(workspace, ref)
    assert len(seen_visitors(workspace)) == 1
    with workspace.state.read() as conn:
        assert edda.references(workspace, conn) == []
    workspace.close()


def test_the_same_events_sent_again_are_refused_and_a_new_permission_makes_a_new_subject(folder: Path) -> None:
    workspace = opened(folder)
    with workspace.state.read() as conn:
        old = edda.references(workspace, conn)
    erasure.erase(workspace, old[0])
    ingest = Ingest(workspace)
    again = edda.send(ingest, edda.page("e1"), edda.page("e2", "/product"), edda.page("e6", "/contact"), trusted=False)
    assert again.stored == 0
    assert again.reasons == {Reason.ERASED: 3}
    assert edda.send(ingest, edda.invoice("e5")).reasons == {Reason.ERASED: 1}
    assert edda.send(ingest, edda.page("never-seen"), trusted=False).reasons == {Reason.ERASED: 1}
    choices.choose(workspace, {"anonymousId": edda.VISITOR, "choices": {"site-analytics": "given"}, "how": "accept-all", "tz": "Europe/London"})
    back = edda.send(ingest, edda.page("back"), trusted=False)
    assert back.stored == 1
    with workspace.state.read() as conn:
        new = edda.references(workspace, conn)
    assert len(new) == 1
    assert new[0] not in old
    ingest.close()
    workspace.close()


def test_a_case_that_begins_while_others_end_keeps_its_key(folder: Path) -> None:
    workspace = opened(folder)
    with workspace.state.write() as conn:
        refs = edda.references(workspace, conn)
        erasure._begin(workspace, conn, "begun-meanwhile", refs, "erasure")
        ending = threading.Thread(target=erasure._destroy_case_keys, args=(workspace,))  # what another process does with complete cases
        ending.start()
        ending.join(0.3)
    ending.join()
    assert [path.stem for path in (workspace.secrets / "cases").iterdir()] == ["begun-meanwhile"]
    assert erasure.continue_cases(workspace) == 1
    workspace.close()


def test_a_receipt_waits_until_no_old_page_of_the_log_is_held(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = opened(folder)
    with workspace.state.read() as conn:
        ref = edda.references(workspace, conn)[0]
    case = erasure.erase(workspace, ref)
    with monkeypatch.context() as reading:
        reading.setattr(workspace.state, "truncate_log", lambda: False)
        assert erasure.continue_cases(workspace) == 0
    with workspace.state.read() as conn:
        assert erasure.receipt_of(conn, case) is None
        assert [one.failure for one in erasure.open_cases(workspace)] == ["log-held"]
    assert erasure.continue_cases(workspace) == 1
    workspace.close()


def test_erasing_twice_or_nobody_is_a_clear_no(folder: Path) -> None:
    from troth.base.errors import Fault

    workspace = opened(folder)
    with pytest.raises(Fault, match="no-such-subject"):
        erasure.erase(workspace, 12345)
    workspace.close()


def test_the_receipt_lists_every_table(folder: Path) -> None:
    erase_in_a_process(folder)
    workspace = opened(folder)
    with workspace.state.read() as conn:
        tables = {row[0] for row in conn.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")}
        case = conn.exec_driver_sql("SELECT id FROM erasure_case").scalar_one()
        receipt = erasure.receipt_of(conn, case)
    assert receipt is not None
    listed = {row["table"] for row in receipt["tables"]}  # type: ignore[attr-defined]
    assert tables <= listed
    workspace.close()
