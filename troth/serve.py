"""How does `troth run` serve? uvicorn over the application, in one process or several that share one folder."""

from __future__ import annotations

import gc
import json
import logging
import multiprocessing
import os
import signal
import socket
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from pathlib import Path

import uvicorn

from troth.app import Troth
from troth.base.errors import Fault
from troth.base.filelock import exclusive
from troth.policy.parse import read_policy
from troth.prove.sabotage import break_now
from troth.settings import Settings, load
from troth.workspace import House

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"


def application() -> Troth:
    """The application of the settings in the environment; what each worker process calls."""
    sabotage = os.environ.get("TROTH_SABOTAGE")
    if sabotage:
        break_now(sabotage)
    collect_seldom()
    end_with_parent()
    logging.getLogger("uvicorn.error").addFilter(without_words)
    return Troth(load(), prove_at_start=True)


def end_with_parent() -> None:
    """One of several processes ends when the one that owns the data folder is gone, however it went: nobody else would end it."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_after, args=(parent,), name="parent", daemon=True).start()


def _end_after(parent: BaseProcess) -> None:
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)


def without_words(record: logging.LogRecord) -> bool:
    """A log filter: of an exception its kind and its places in the code are told, never its words, which may be somebody's."""
    if record.exc_info and record.exc_info[0] is not None:
        kind, _, where = record.exc_info
        record.exc_text = "".join(traceback.format_tb(where)) + kind.__name__
        record.exc_info = None
    return True


def collect_seldom() -> None:
    """Let Python look for cycles less often: events are many small dictionaries without any, and each look costs more than they do."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def serve(settings: Settings, host: str, demo: bool, sabotage: str = "") -> None:
    """Serve until stopped. `demo` makes the example workspaces first; `sabotage` breaks it in one named way. Raises `port-taken`."""
    check_port(host, settings.port, "name another with --port")
    if demo:
        prepare_examples(settings)
    (settings.data / "troth.url").write_text(f"http://127.0.0.1:{settings.port}\n")
    os.environ |= {
        "TROTH_DATA": str(settings.data),
        "TROTH_SECRETS": str(settings.secrets),
        "TROTH_TAPE": str(settings.tape),
        "TROTH_PORT": str(settings.port),
        "TROTH_WORKERS": str(settings.workers),
        "TROTH_SABOTAGE": sabotage,
    }
    uvicorn.run(
        "troth.serve:application", factory=True, host=host, port=settings.port, workers=settings.workers, log_level="warning",
        access_log=False, server_header=False, timeout_graceful_shutdown=10, backlog=2048,
    )


@contextmanager
def in_thread(settings: Settings) -> Iterator[Troth]:
    """Serve from a thread of this process on loopback while the block runs: for tests and for proofs at rest."""
    app = Troth(settings)
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=settings.port, log_level="error", access_log=False))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until = time.monotonic() + 20
    while not server.started and time.monotonic() < until:
        time.sleep(0.02)
    if not server.started:
        raise Fault("not-started", "the server did not start within 20 seconds", status=503)
    try:
        yield app
    finally:
        server.should_exit = True
        thread.join(timeout=30)


def free_port() -> int:
    """A port of loopback nobody listens on now."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def check_port(host: str, port: int, help: str) -> None:
    """Raises `port-taken` when one cannot listen there."""
    if not is_free(host, port):
        raise Fault("port-taken", f"something listens on port {port} already, or `{host}` is no address of this machine", help=help, status=503)


def is_free(host: str, port: int) -> bool:
    """Whether one can listen there now."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family) as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind(address)
    except OSError:
        return False
    return True


def running_at(data: Path) -> str | None:
    """Where the Troth that owns a data folder answers, or None when none does."""
    try:
        with exclusive(data / "troth.lock", wait=False):
            return None
    except BlockingIOError:
        return (data / "troth.url").read_text().strip() or None
    except OSError:
        return None


def prepare_examples(settings: Settings, examples: Path = EXAMPLES) -> None:
    """Make the example workspaces with their policies, where they are not there yet."""
    house = House(settings)
    for name in _example_workspaces(examples):
        policy = examples / name / "policy.yaml"
        if policy.exists():
            workspace = house.create(name)
            with workspace.state.read() as conn:
                known = workspace.versions(conn)
            if not known:
                house.publish(read_policy(policy))
    house.close()


def _example_workspaces(examples: Path) -> list[str]:
    """The workspaces that the table of the example sites names, in its order: parents stand before their clients."""
    table = examples / "sites" / "sites.json"
    sites = json.loads((table if table.exists() else EXAMPLES / "sites" / "sites.json").read_text(encoding="utf-8"))
    return list(dict.fromkeys(site["workspace"] for site in sites))
