"""What if the data folder is read-only, is a file, fills up, or belongs to another Troth already? A coded error, and no half event."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.durability.resting import check_ledger, numbers_of, rows_of
from tests.durability.sending import event
from tests.running import ROOT, Server, free_port, opened
from troth.base.errors import Fault
from troth.settings import load
from troth.workspace import House


def run_once(data: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """`troth run` where it should not start; it must end by itself."""
    command = [sys.executable, "-m", "troth.cli", "run", "--data", str(data), "--port", str(free_port()), "--demo"]
    return subprocess.run(command, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, timeout=60)


def beside(tmp_path: Path) -> dict[str, str]:
    """Secrets and tape where they can be written, whatever the data folder is."""
    return {"TROTH_SECRETS": str(tmp_path / "secrets"), "TROTH_TAPE": str(tmp_path / "tape")}


@contextmanager
def mounted(folder: Path, options: str) -> Iterator[bool]:
    """A small file system of its own in `folder`; False where this machine does not let us mount."""
    folder.mkdir(exist_ok=True)
    tool = shutil.which("mount")
    done = tool is not None and subprocess.run([tool, "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], capture_output=True).returncode == 0
    try:
        yield done
    finally:
        if done:
            subprocess.run(["umount", "-l", str(folder)], check=False, capture_output=True)


def says(done: subprocess.CompletedProcess[str], code: str) -> None:
    assert done.returncode == 1, done.stderr
    assert done.stderr.startswith(f"{code}: "), done.stderr
    assert "Traceback" not in done.stderr


def test_a_file_in_place_of_the_data_folder_is_a_coded_error(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("this is no folder")
    says(run_once(tmp_path / "data", **beside(tmp_path)), "data-not-writable")
    assert (tmp_path / "data").read_text() == "this is no folder"


def test_a_read_only_data_folder_is_a_coded_error(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with mounted(data, "size=8m,ro") as done:
        if not done:  # an unwritable parent says the same, but root may write anywhere
            data = Path("/proc/troth-data")
        says(run_once(data, **beside(tmp_path)), "data-not-writable")


def test_a_data_folder_that_became_read_only_is_a_coded_error(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with mounted(data, "size=64m") as done:
        if not done:
            data = Path("/proc/troth-data")
        else:
            server = Server(data, environment=beside(tmp_path))
            server.start()
            server.stop()
            assert subprocess.run(["mount", "-o", "remount,ro", str(data)], capture_output=True).returncode == 0
        says(run_once(data, **beside(tmp_path)), "data-not-writable")


def test_a_second_run_on_the_same_folder_is_refused_and_harms_nothing(tmp_path: Path) -> None:
    server = Server(tmp_path / "data")
    try:
        server.start()
        assert server.post("/v1/track", event(1, "second-0001"))[1]["stored"] == 1
        says(run_once(tmp_path / "data"), "data-in-use")
        assert server.post("/v1/track", event(2, "second-0001"))[1]["stored"] == 1
    finally:
        server.kill()
    with opened(tmp_path / "data") as workspace:
        assert numbers_of(rows_of(workspace)) == {1: 1, 2: 1}


def test_a_workspace_that_cannot_be_opened_keeps_nobody_from_the_others(tmp_path: Path) -> None:
    house = House(load(tmp_path / "data"))
    keys = {name: house.create(name).access["write_key"] for name in ("first", "second")}
    house.close()
    (tmp_path / "data" / "first" / "state.db").write_bytes(b"no database at all " * 100)
    house = House(load(tmp_path / "data"))
    found = house.by_key(keys["second"])
    assert found is not None and found[0].id == "second"
    for key in (keys["first"], "w_" + "2" * 26):  # it may be this one's: sent again later, not refused for good
        with pytest.raises(Fault) as refused:
            house.by_key(key)
        assert (refused.value.code, refused.value.status) == ("database-unusable", 503)
    house.close()


def send_until_full(server: Server, most: int) -> tuple[list[int], list[tuple[int, str]]]:
    """Send events one by one until the server says no five times; the numbers kept, and what it said."""
    kept, said = [], []
    for number in range(most):
        status, answer = server.post("/v1/track", event(number, f"full-{number:05d}"))
        if status == 200:
            kept.append(number)
        else:
            said.append((status, answer["code"]))
            if len(said) == 5:
                break
    return kept, said


def fill(folder: Path, leave: int) -> Path:
    """A file that takes all the room but `leave` bytes."""
    found = os.statvfs(folder)
    filler = folder / "filler"
    filler.write_bytes(b"\x00" * max(0, found.f_bavail * found.f_frsize - leave))
    return filler


@pytest.mark.heavy
def test_a_full_disk_is_a_coded_error_and_keeps_exactly_what_was_acknowledged(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with mounted(data, "size=64m") as done:
        server = Server(data, environment=beside(tmp_path))
        try:
            server.start(None if done else _limit_files)
            filler = fill(data, 2_000_000) if done else None
            kept, said = send_until_full(server, 20_000)
            assert said == [(503, "disk-full")] * 5 or (not done and {code for _, code in said} <= {"disk-full", "storage-failed"})
            assert server.call("GET", "/healthz")[0] == 200
            if filler is None:
                server.kill()
                server.start()
            else:
                filler.unlink()
            assert server.post("/v1/track", event(99_999, "room-again"))[1]["stored"] == 1
            server.kill()
            stored = _stored(server)
        finally:
            server.kill()
    assert "Traceback" not in server.said() and "full-0" not in server.said()
    assert len(kept) > 5
    assert stored == dict.fromkeys([*kept, 99_999], 1)


def _stored(server: Server) -> dict[int, int]:
    workspace = House(server.settings).workspace("infinity")
    check_ledger(workspace)
    found = dict(numbers_of(rows_of(workspace)))
    workspace.close()
    return found


def _limit_files() -> None:
    """Where nothing can be mounted: no file may grow past a few megabytes."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (6_000_000, 6_000_000))
