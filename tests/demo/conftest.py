"""The newcomer's command, started as a newcomer starts it, on free ports and in a folder of its own."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.running import ROOT, free_port
from troth.base.filelock import exclusive
from troth.settings import Settings, load


@dataclass
class Demo:
    """A demo that runs: its folder, its ports, its process."""

    data: Path
    port: int
    sites: dict[str, int]
    process: subprocess.Popen[bytes]
    log: Path
    started_at: float

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def settings(self) -> Settings:
        return load(self.data, self.port)

    @property
    def tally(self) -> dict[str, dict[str, int]]:
        found: dict[str, Any] = json.loads((self.data / "demo.json").read_text())
        assert found["state"] == "done", self.said()
        return dict(found["tally"])

    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def wait_for(self, words: str, seconds: float = 120) -> float:
        """Until it says this; how long it took since the start."""
        until = time.monotonic() + seconds
        while words not in self.said():
            assert self.process.poll() is None, self.said()[-3_000:]
            assert time.monotonic() < until, self.said()[-3_000:]
            time.sleep(0.1)
        return time.monotonic() - self.started_at

    def get(self, url: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(url, timeout=30) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def wait_for_proofs(self, seconds: float = 120) -> None:
        """Until the proofs that begin with the server have ended: while they act, nothing stands still."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            try:
                with exclusive(self.data / "proofs.lock", wait=False):
                    return
            except BlockingIOError:
                time.sleep(0.3)
        raise AssertionError("the proofs did not end")

    def interrupt(self, how: signal.Signals = signal.SIGINT) -> int:
        """Ctrl-C, as a terminal sends it: to the process and to what it started."""
        os.killpg(self.process.pid, how)
        return self.process.wait(timeout=30)


def moved_examples(folder: Path) -> tuple[Path, dict[str, int]]:
    """A copy of the examples whose sites stand on free ports."""
    examples = folder / "examples"
    shutil.copytree(ROOT / "examples", examples)
    sites = json.loads((examples / "sites" / "sites.json").read_text())
    ports = {site["name"]: free_port() for site in sites}
    for site in sites:
        policy = examples / site["workspace"] / "policy.yaml"
        policy.write_text(re.sub(rf"(127\.0\.0\.1|localhost):{site['port']}\b", rf"\1:{ports[site['name']]}", policy.read_text()))
        site["port"] = ports[site["name"]]
    (examples / "sites" / "sites.json").write_text(json.dumps(sites))
    return examples, ports


@contextmanager
def demo_in(folder: Path, data: Path | None = None, visits: int = 120, kept: tuple[Path, dict[str, int]] | None = None) -> Iterator[Demo]:
    examples, ports = kept or moved_examples(folder)
    data, port, log = data or folder / "data", free_port(), folder / f"demo-{time.monotonic_ns()}.log"
    command = [sys.executable, "-m", "troth.demo", "--port", str(port), "--data", str(data), "--examples", str(examples), "--visits", str(visits)]
    with log.open("wb") as out:
        process = subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=out, start_new_session=True)
    demo = Demo(data, port, ports, process, log, time.monotonic())
    try:
        yield demo
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(timeout=30)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with demo_in(tmp_path_factory.mktemp("demo")) as found:
        found.wait_for("Ctrl-C stops everything")
        found.wait_for_proofs()
        yield found
