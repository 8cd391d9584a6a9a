"""Does a message leave only for its purpose, and does none stay behind? The mail server here is a small one of our own."""

from __future__ import annotations

import dataclasses
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from troth.base.clock import now_micros
from troth.base.errors import Fault
from troth.collect import choices
from troth.consent.record import Evidence, State, Strength
from troth.disclose import outbox
from troth.disclose.outbox import REQUEST, Letter, Sent
from troth.gate.reasons import Refused
from troth.rights.verify import Session
from troth.workspace import Workspace

People = Callable[..., Session]
ADDRESS = "ada@people.example"


def letter(person: Session, purpose: str = REQUEST, to: str = ADDRESS, subject: str = "Hello") -> Letter:
    return Letter(
        person.ref,
        to,
        purpose,
        "test",
        subject,
        "Dear Ada,\n\nhttps://x.example/open?t=abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz\n",
    )


def say(workspace: Workspace, person: Session, purpose: str, state: State) -> None:
    with workspace.state.write() as conn:
        choices.say(workspace, conn, person.ref, {purpose: state}, Evidence(Strength.EXPLICIT, "form", "1", "", "uk"), now_micros())


class MailServer:
    """Takes messages on loopback and remembers them."""

    def __init__(self) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"smtp://127.0.0.1:{self.socket.getsockname()[1]}"
        self.taken: list[str] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                peer, _ = self.socket.accept()
            except OSError:
                return
            with peer, peer.makefile("rwb") as talk:
                self._talk(talk)

    def _talk(self, talk: object) -> None:
        def answer(text: str) -> None:
            talk.write(f"{text}\r\n".encode())  # type: ignore[attr-defined]
            talk.flush()  # type: ignore[attr-defined]

        answer("220 here")
        for line in iter(talk.readline, b""):  # type: ignore[attr-defined]
            word = line[:4].upper()
            if word == b"DATA":
                answer("354 go on")
                body = b"".join(iter(talk.readline, b".\r\n"))  # type: ignore[attr-defined]
                self.taken.append(body.decode())
            answer("221 bye" if word == b"QUIT" else "250 ok")
            if word == b"QUIT":
                return


@contextmanager
def with_smtp(workspace: Workspace, url: str) -> Iterator[None]:
    before = workspace.settings
    workspace.settings = dataclasses.replace(before, smtp_url=url)
    yield
    workspace.settings = before


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    server = MailServer()
    yield server
    server.socket.close()


def due_again(workspace: Workspace) -> None:
    """As if the time until the next try had gone by."""
    with workspace.state.write() as conn:
        conn.exec_driver_sql("UPDATE outbox_message SET not_before = 0")


def status(workspace: Workspace, id: str) -> str:
    with workspace.state.read() as conn:
        return str(conn.exec_driver_sql("SELECT status FROM outbox_message WHERE id = ?", (id,)).scalar_one())


def test_without_a_mail_server_the_message_rests_as_a_file_with_its_link_whole(workspace: Workspace, person: People) -> None:
    id = outbox.send(workspace, letter(person()))
    path = outbox.path_of(workspace, id)
    assert f"To: {ADDRESS}" in path.read_text() and "?t=abcdefghijklmnopqrstuvwxyz0123456789" in path.read_text()
    assert status(workspace, id) == Sent.IN_FOLDER and path.stat().st_mode & 0o077 == 0


def test_with_a_mail_server_it_goes_out_and_its_file_is_removed(workspace: Workspace, person: People, mail_server: MailServer) -> None:
    with with_smtp(workspace, mail_server.url):
        id = outbox.send(workspace, letter(person()))
    assert len(mail_server.taken) == 1 and f"To: {ADDRESS}" in mail_server.taken[0]
    assert status(workspace, id) == Sent.SENT and not outbox.path_of(workspace, id).exists()


def test_a_mail_server_that_is_away_is_tried_again_later(workspace: Workspace, person: People, mail_server: MailServer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        nobody = f"smtp://127.0.0.1:{free.getsockname()[1]}"
    with with_smtp(workspace, nobody):
        id = outbox.send(workspace, letter(person()))
    assert status(workspace, id) == Sent.WAITING and outbox.path_of(workspace, id).exists()
    with with_smtp(workspace, mail_server.url):
        assert outbox.deliver_waiting(workspace) == 0  # not yet
        due_again(workspace)
        assert outbox.deliver_waiting(workspace) == 1
        assert outbox.deliver_waiting(workspace) == 0
    assert len(mail_server.taken) == 1 and not outbox.path_of(workspace, id).exists()


def test_a_message_for_a_purpose_goes_only_with_its_permission(workspace: Workspace, person: People) -> None:
    ada = person()
    with pytest.raises(Refused, match="has not been asked"):
        outbox.send(workspace, letter(ada, "newsletter"))
    say(workspace, ada, "newsletter", State.GIVEN)
    outbox.send(workspace, letter(ada, "newsletter"))
    say(workspace, ada, "newsletter", State.WITHDRAWN)
    with pytest.raises(Refused, match="took the permission back"):
        outbox.send(workspace, letter(ada, "newsletter"))
    with pytest.raises(Refused, match="no such purpose"):
        outbox.send(workspace, letter(ada, "anything"))


def test_a_message_still_waiting_when_the_permission_ends_is_not_sent(workspace: Workspace, person: People, mail_server: MailServer) -> None:
    ada = person()
    say(workspace, ada, "newsletter", State.GIVEN)
    with socket.create_server(("127.0.0.1", 0)) as free:
        nobody = f"smtp://127.0.0.1:{free.getsockname()[1]}"
    with with_smtp(workspace, nobody):
        id = outbox.send(workspace, letter(ada, "newsletter"))
    say(workspace, ada, "newsletter", State.WITHDRAWN)
    due_again(workspace)
    with with_smtp(workspace, mail_server.url):
        outbox.deliver_waiting(workspace)
    assert mail_server.taken == [] and status(workspace, id) == Sent.STOPPED and not outbox.path_of(workspace, id).exists()


def test_forgetting_a_person_removes_their_messages_and_nobody_elses(workspace: Workspace, person: People) -> None:
    ada, ben = person(), person()
    hers, his = outbox.send(workspace, letter(ada)), outbox.send(workspace, letter(ben))
    assert outbox.forget(workspace, [ada.ref]) == 1
    assert not outbox.path_of(workspace, hers).exists() and outbox.path_of(workspace, his).exists()


def test_files_that_nothing_names_and_old_ones_are_swept(workspace: Workspace, person: People) -> None:
    fresh, old, orphan = (outbox.send(workspace, letter(person())) for _ in range(3))
    with workspace.state.write() as conn:
        conn.exec_driver_sql("DELETE FROM outbox_message WHERE id = ?", (orphan,))
        past = (outbox.KEPT_FOR + timedelta(hours=1)) // timedelta(microseconds=1)
        conn.exec_driver_sql("UPDATE outbox_message SET at = at - ? WHERE id = ?", (past, old))
    assert outbox.sweep(workspace) == 2
    assert [outbox.path_of(workspace, id).exists() for id in (fresh, old, orphan)] == [True, False, False]


@pytest.mark.parametrize("to", ["", "ada", "ada@x.example\r\nBcc: all@x.example", "ada@x.example, eve@x.example", "a@b@c"])
def test_what_is_no_address_is_refused_and_leaves_nothing(workspace: Workspace, person: People, to: str) -> None:
    before = len(list(outbox.folder_of(workspace).iterdir()))
    with pytest.raises(Fault, match="bad-address"):
        outbox.send(workspace, letter(person(), to=to))
    assert len(list(outbox.folder_of(workspace).iterdir())) == before


def test_a_subject_cannot_add_a_header(workspace: Workspace, person: People) -> None:
    id = outbox.send(workspace, letter(person(), subject="Hello\r\nBcc: all@x.example"))
    head = outbox.path_of(workspace, id).read_text().partition("\n\n")[0]
    assert "\nBcc:" not in head


def test_nothing_about_a_request_leaves_for_somebody_who_was_erased_meanwhile(
    workspace: Workspace, person: People, mail_server: MailServer
) -> None:
    ada = person()
    with socket.create_server(("127.0.0.1", 0)) as free:
        nobody = f"smtp://127.0.0.1:{free.getsockname()[1]}"
    with with_smtp(workspace, nobody):
        id = outbox.send(workspace, letter(ada))
    with workspace.state.write() as conn:
        conn.exec_driver_sql("DELETE FROM subject WHERE ref = ?", (ada.ref,))
    due_again(workspace)
    with with_smtp(workspace, mail_server.url):
        outbox.deliver_waiting(workspace)
        with pytest.raises(Refused, match="no such subject"):
            outbox.send(workspace, letter(ada))
    assert mail_server.taken == [] and status(workspace, id) == Sent.STOPPED and not outbox.path_of(workspace, id).exists()
