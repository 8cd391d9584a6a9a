"""Edda asks to be erased: a small town around her, and the erasure itself, as a process that may be killed.

Run as `python -m tests.erasure.edda FOLDER erase`: erases Edda and carries the case to its end.
"""

from __future__ import annotations

import sys
from pathlib import Path

import troth.app  # noqa: F401  (every room's tables)
from troth.base.clock import now_micros
from troth.collect import choices
from troth.collect.ingest import Answer, Ingest
from troth.collect.messages import Message
from troth.collect.pipeline import Origin
from troth.rights import erasure
from troth.serve import prepare_examples
from troth.settings import Settings
from troth.subjects import directory
from troth.subjects.directory import IdentifierKind
from troth.workspace import House, Workspace

EMAIL, PHONE, NAME = "edda.needle@people.example", "+447900155155", "Edda Needlewoman"
VISITOR, ADDRESS, ACCOUNT = "edda-visitor-0123456789abcdef", "198.51.100.23", "edda-account-77"
AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
INVOICE = "INV-NEEDLE-2026-0042"


def settings_of(folder: Path) -> Settings:
    """Data, secrets and tape side by side in a folder of the test's own."""
    return Settings(folder / "data", folder / "secrets", folder / "tape")


def send(ingest: Ingest, *messages: Message, trusted: bool = True) -> Answer:
    """What Edda's site sends."""
    return ingest.submit_and_wait(list(messages), Origin(trusted, ADDRESS, AGENT, now_micros()))


def page(id: str, path: str = "/pricing", visitor: str = VISITOR) -> Message:
    """One page view of Edda's browser."""
    context = {"page": {"url": f"http://127.0.0.1:8101{path}?who={visitor}", "title": "Prices"}, "timezone": "America/Los_Angeles"}
    return Message(type="page", anonymous_id=visitor, message_id=id, context=context)


def invoice(id: str) -> Message:
    """An invoice that bookkeeping law keeps."""
    return Message(
        type="track", event="Invoice Issued", user_id=ACCOUNT, message_id=id, properties={"invoice": INVOICE, "amount": "120.50", "name": NAME}
    )


def live(workspace: Workspace, ingest: Ingest) -> None:
    """Edda visits, chooses, writes, becomes a customer and gets an invoice; Ada does some of it too."""
    send(ingest, page("e1"), page("e2", "/product"), trusted=False)
    choices.choose(workspace, {"anonymousId": VISITOR, "choices": {"site-analytics": "given"}, "how": "accept-all", "tz": "America/Los_Angeles"})
    form = {"name": NAME, "email": EMAIL, "phone": PHONE, "message": f"please call {PHONE}"}
    send(ingest, Message(type="track", event="Contact Requested", anonymous_id=VISITOR, message_id="e3", properties=form), trusted=False)
    send(ingest, Message(type="group", user_id=ACCOUNT, message_id="e4", traits={"name": NAME, "email": EMAIL, "billing_contact": NAME}))
    send(ingest, invoice("e5"))
    send(ingest, page("a1", "/", "ada-visitor-fedcba9876543210"), trusted=False)
    workspace.lake.settle()
    send(ingest, page("e6", "/contact"), page("a2", "/contact", "ada-visitor-fedcba9876543210"), trusted=False)
    with workspace.state.write() as conn:  # she signed in on this browser and wrote under this address: one person
        refs = references(workspace, conn)
        for other in refs[1:]:
            from troth.subjects.links import How, join

            join(conn, refs[0], other, How.VERIFIED_IDENTIFIER)


def references(workspace: Workspace, conn: object) -> list[int]:
    """Edda's references, the visitor's first."""
    found = []
    names = {IdentifierKind.ANONYMOUS: VISITOR, IdentifierKind.PHONE: PHONE, IdentifierKind.EMAIL: EMAIL, IdentifierKind.ACCOUNT: ACCOUNT}
    for kind, value in names.items():
        ref = directory.find(conn, directory.hash_of(workspace.keys, kind, value))  # type: ignore[arg-type]
        if ref is not None and ref not in found:
            found.append(ref)
    return found


def town(folder: Path) -> tuple[Workspace, Ingest]:
    """The workspace with Edda in it."""
    settings = settings_of(folder)
    prepare_examples(settings)
    workspace = House(settings).workspace("infinity")
    ingest = Ingest(workspace)
    live(workspace, ingest)
    return workspace, ingest


if __name__ == "__main__":
    open_workspace = House(settings_of(Path(sys.argv[1]))).workspace("infinity")
    with open_workspace.state.read() as reading:
        edda = references(open_workspace, reading)
    if edda:
        erasure.erase(open_workspace, edda[0])
    erasure.continue_cases(open_workspace)
