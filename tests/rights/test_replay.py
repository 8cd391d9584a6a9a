"""Does a backup that knows nothing of a restriction or a correction learn both from the tape?"""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.keeping import Place, a_place, infinity_policy
from tests.rights.test_passed_on import session
from troth.consent.standing import read_standing
from troth.gate.admit import admit_subject
from troth.ledger.tape import TapeKind
from troth.rights import rectify, restrict
from troth.rights.replay import replay
from troth.store.reveal import reveal_events
from troth.subjects import directory
from troth.subjects.directory import IdentifierKind
from troth.workspace import Workspace


def backed_up(place: Place, folder: Path) -> Path:
    """A copy of the data folder as it is now."""
    place.workspace.state.truncate_log()
    shutil.copytree(place.workspace.settings.data, folder / "backup")
    return folder / "backup"


def restored(place: Place, backup: Path) -> Workspace:
    """The workspace as the backup has it, with the secrets and the tape of today."""
    place.workspace.close()
    shutil.rmtree(place.workspace.settings.data)
    shutil.copytree(backup, place.workspace.settings.data)
    return Workspace(place.workspace.settings, "infinity")


def names(workspace: Workspace, ref: int, item: str) -> set[str]:
    with workspace.state.write() as conn:
        grant = admit_subject(conn, workspace.log, workspace.plan, ref, "access")
        events = list(reveal_events(grant, conn, workspace.lake, workspace.keys, workspace.classes, frozenset({ref})))
    return {str(event.items[item]) for event in events if item in event.items}


def test_a_restored_backup_is_told_of_restrictions_and_corrections(tmp_path: Path) -> None:
    with a_place(tmp_path / "place", infinity_policy()) as place:
        ada, ben = place.customer(), place.customer("ben@example.com")
        backup = backed_up(place, tmp_path)
        with place.workspace.state.write() as conn:
            restrict.restrict(place.workspace, conn, session(place, ben))
            rectify.ask(place.workspace, conn, session(place, ada), "contact.name", "Ada King")
            rectify.ask(place.workspace, conn, session(place, ada), "contact.phone", "+44 20 7946 0111")
        tape = place.workspace.tape.path.read_bytes()
        assert b"King" not in tape and b"79460111" not in tape and b"7946 0111" not in tape
        again = restored(place, backup)
        assert names(again, ada, "contact.name") == {"Ada Lovelace"}
        for _ in range(2):  # safe to run again
            with again.state.write() as conn:
                done = [record.kind for record in again.tape.read() if replay(conn, record)]
        assert done == [TapeKind.RESTRICTION, TapeKind.CORRECTION, TapeKind.CORRECTION]
        assert names(again, ada, "contact.name") == {"Ada King"} and names(again, ada, "contact.phone") == {"+44 20 7946 0111"}
        with again.state.read() as conn:
            standing = read_standing(conn, ben)
            assert standing is not None and standing.restricted
            assert directory.find(conn, directory.hash_of(again.keys, IdentifierKind.PHONE, "+442079460111")) == ada
        again.close()


def test_a_person_who_is_gone_is_passed_over(tmp_path: Path) -> None:
    with a_place(tmp_path, infinity_policy()) as place:
        ada = place.customer()
        with place.workspace.state.write() as conn:
            rectify.ask(place.workspace, conn, session(place, ada), "contact.name", "Ada King")
            restrict.restrict(place.workspace, conn, session(place, ada))
        from troth.rights.erasure import erase

        erase(place.workspace, ada)
        with place.workspace.state.write() as conn:
            assert sum(replay(conn, record) for record in place.workspace.tape.read()) == 2
            assert conn.exec_driver_sql("SELECT count(*) FROM correction").scalar_one() == 0
            assert conn.exec_driver_sql("SELECT count(*) FROM subject").scalar_one() == 0
