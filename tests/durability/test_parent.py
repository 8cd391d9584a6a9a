"""Who goes on serving when the process that owns the data folder is killed? Nobody."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from tests.running import Server


@pytest.mark.heavy
def test_workers_end_when_the_process_that_owns_the_folder_is_killed(tmp_path: Path) -> None:
    server = Server(tmp_path / "data", workers=2).start()
    try:
        assert server._process is not None
        os.kill(server._process.pid, signal.SIGKILL)  # the parent alone, not its group
        server._process.wait(timeout=30)
        until = time.monotonic() + 30
        while time.monotonic() < until:
            try:
                server.call("GET", "/healthz")
            except OSError:
                return
            time.sleep(0.2)
        raise AssertionError("a worker still answers")
    finally:
        server.kill()
