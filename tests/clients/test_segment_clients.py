"""Do the official Segment clients, unmodified, deliver? Python and Node, straight and through a line that fails once."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.clients.proxy import Seen, Trouble, between
from tests.durability.resting import rows_of
from tests.running import Server, opened
from troth.consent.record import State
from troth.consent.standing import read_standing
from troth.subjects import directory
from troth.subjects.directory import IdentifierKind

CACHE = Path(__file__).parent / ".node"
NODE_CLIENT = "@segment/analytics-node"
Send = Callable[[str, str, str], None]  # address, key, prefix of every id

# What becomes of the nine messages: rows by event type. One was never declared, one was never asked, one joins names.
EXPECTED = Counter({"page-view": 2, "screen-view": 1, "feature-use": 1, "identity": 1, "customer-details": 1})


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("clients") / "data")
    try:
        yield server.start()
    finally:
        server.kill()


@pytest.fixture(scope="module")
def node_modules() -> Path:
    """The Node client, installed by name into a folder that is kept between runs."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.fail("this test needs Node: install the packages `nodejs` and `npm`, then run it again")
    if not (CACHE / "node_modules" / NODE_CLIENT / "package.json").exists():
        CACHE.mkdir(exist_ok=True)
        (CACHE / "package.json").write_text('{"private": true}\n')
        command = [npm, "install", "--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts", NODE_CLIENT]
        done = subprocess.run(command, cwd=CACHE, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, f"npm could not install {NODE_CLIENT}: {done.stderr[-500:]}"
    return CACHE


def send_with_node(modules: Path) -> Send:
    def send(address: str, key: str, prefix: str) -> None:
        script = Path(__file__).with_name("segment.mjs")
        done = subprocess.run(["node", str(script), str(modules), address, key, prefix], capture_output=True, text=True, timeout=110)
        assert done.returncode == 0, done.stderr

    return send


def send_with_python(address: str, key: str, prefix: str, packed: bool = False) -> None:
    from segment.analytics.client import Client

    failures: list[Exception] = []
    client = Client(
        key, host=address, gzip=packed, max_retries=8, upload_size=100, upload_interval=0.5, on_error=lambda error, _batch: failures.append(error)
    )
    page = {"url": "http://127.0.0.1:8101/pricing?utm_source=news", "title": "Pricing", "referrer": "https://www.google.com/"}
    agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
    context: dict[str, Any] = {"timezone": "America/Los_Angeles", "page": page, "userAgent": agent}
    preferences = {"site-analytics": True, "call-journey": False, "no-such-purpose": True}
    asked = context | {"timezone": "Europe/Berlin", "consent": {"categoryPreferences": preferences}}
    who = {"anonymous_id": f"{prefix}-visitor", "timestamp": datetime.now(UTC)}
    account = {"user_id": f"{prefix}-account", "timestamp": datetime.now(UTC)}
    client.page(name="Pricing", context=context, **who)
    client.screen(name="Start", context=context, **who)
    client.track(event="Feature Used", properties={"feature": "search", "undeclared": "shoe size 43"}, context=context, **who)
    client.track(event="Never Declared", properties={"feature": "search"}, context=context, **who)
    client.page(context=asked, **who | {"anonymous_id": f"{prefix}-agreed"})
    client.page(context=context | {"timezone": "Europe/Berlin"}, **who | {"anonymous_id": f"{prefix}-unasked"})
    client.identify(traits={"name": "Ada Test", "email": f"{prefix}@example.com", "hat": "red"}, context=context, **account)
    client.group(group_id="company-1", traits={"company": "Example Ltd", "name": "Ada Test"}, context=context, **account)
    client.alias(previous_id=f"{prefix}-visitor", context=context, **account)
    client.shutdown()
    assert failures == []


def kept_of(server: Server, prefix: str) -> tuple[Counter[str], dict[str, int | None]]:
    """Rows by event type of the people of one sending, and their references."""
    names = {
        "visitor": (IdentifierKind.ANONYMOUS, f"{prefix}-visitor"),
        "agreed": (IdentifierKind.ANONYMOUS, f"{prefix}-agreed"),
        "unasked": (IdentifierKind.ANONYMOUS, f"{prefix}-unasked"),
        "account": (IdentifierKind.ACCOUNT, f"{prefix}-account"),
    }
    with opened(server.data) as workspace:
        rows = rows_of(workspace)
        with workspace.state.read() as conn:
            refs = {name: directory.find(conn, directory.hash_of(workspace.keys, kind, value)) for name, (kind, value) in names.items()}
            classes = workspace.classes.all(conn)
    return Counter(classes[row.row_class].event for row in rows if row.ref and row.ref in refs.values()), refs


def check(server: Server, prefix: str) -> None:
    kept, refs = kept_of(server, prefix)
    assert kept == EXPECTED
    assert refs["unasked"] is None, "somebody who was never asked is on file"
    assert refs["agreed"] is not None
    with opened(server.data) as workspace, workspace.state.read() as conn:
        standing = read_standing(conn, refs["agreed"])
    assert standing is not None
    assert (standing.states.get("site-analytics"), standing.states.get("call-journey")) == (State.GIVEN, State.REFUSED)
    assert "no-such-purpose" not in standing.states


def says_what_became(seen: Seen, trouble: Trouble) -> None:
    """The server's answers tell refusals by reason, and duplicates where its first answer was lost."""
    assert seen.troubled == (trouble is not Trouble.NONE)
    assert all(status == 200 for status in seen.statuses)
    said = [json.loads(answer) for answer in seen.answers if answer]
    assert bool(sum(one.get("duplicates", 0) for one in said)) == (trouble is Trouble.DROPPED)
    assert {"undeclared-event", "not-asked"} <= {reason for one in said for reason in one.get("refused", {})}


@pytest.mark.heavy
@pytest.mark.parametrize("trouble", Trouble)
def test_the_node_client_delivers_and_nothing_is_stored_twice(server: Server, node_modules: Path, trouble: Trouble) -> None:
    prefix = f"node-{trouble.name.lower()}"
    with between(server.port, trouble) as (address, seen):
        send_with_node(node_modules)(address, server.access()["write_key"], prefix)
    says_what_became(seen, trouble)
    check(server, prefix)


@pytest.mark.heavy
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("trouble", Trouble)
def test_the_python_client_delivers_and_nothing_is_stored_twice(server: Server, trouble: Trouble, packed: bool) -> None:
    prefix = f"python-{trouble.name.lower()}-{packed}".lower()
    with between(server.port, trouble) as (address, seen):
        send_with_python(address, server.access()["write_key"], prefix, packed)
    assert any(headers.get("content-encoding") == "gzip" for headers in seen.headers) == packed
    says_what_became(seen, trouble)
    check(server, prefix)
