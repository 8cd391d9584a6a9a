"""How is a document executed? Its fenced blocks, in order: commands, what they print, edits of a file, excerpts of it.

`sh` runs in one shell that goes on from block to block; `sh fails` must end with another code than 0; `sh background`
is started and ended with the test. A `text` block is what the block before it printed, exactly. `diff` takes lines
out of the file and puts others in their place. A `yaml` block stands in the file, word for word.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from tests.running import free_port

ROOT = Path(__file__).resolve().parents[2]
_FENCE = re.compile(r"^```([a-z ]+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_PORT = "127.0.0.1:8000"


@dataclass(frozen=True)
class Fenced:
    """One block of a document. `line`: where it begins."""

    kind: str
    text: str
    line: int


def blocks(document: Path) -> list[Fenced]:
    """The blocks of a document."""
    text = document.read_text("utf-8")
    return [Fenced(found.group(1).strip(), found.group(2), text.count("\n", 0, found.start()) + 1) for found in _FENCE.finditer(text)]


class Reader:
    """Somebody who does what a document says, in a folder of their own."""

    def __init__(self, folder: Path, file: str) -> None:
        self.folder, self.file = folder, folder / file
        self.port = free_port()
        self.printed = ""
        self._before = ""  # what earlier blocks set stays set
        self._servers: list[subprocess.Popen[bytes]] = []
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        self._environment = os.environ | {"PATH": path, "TROTH_PORT": str(self.port)}

    def follow(self, document: Path) -> int:
        """Do everything, and compare everything that is said to be printed; how many blocks there were."""
        found = blocks(document)
        for block in found:
            self._do(block, f"{document.name}:{block.line}")
        return len(found)

    def _do(self, block: Fenced, where: str) -> None:
        match block.kind:
            case "sh" | "sh fails":
                self._run(block.text, where, fails=block.kind == "sh fails")
            case "sh background":
                self._serve(block.text)
            case "text":
                assert self.printed.rstrip() == block.text.rstrip(), where
            case "diff":
                self._edit(block.text, where)
            case "yaml":
                assert block.text in self.file.read_text("utf-8"), where
            case _:
                raise AssertionError(f"{where}: nobody knows what to do with a block `{block.kind}`")

    def _run(self, text: str, where: str, fails: bool) -> None:
        text = text.replace(_PORT, f"127.0.0.1:{self.port}")
        command = ["bash", "-e", "-c", self._before + text]
        done = subprocess.run(command, cwd=self.folder, env=self._environment, capture_output=True, text=True, timeout=120)
        assert (done.returncode != 0) is fails, f"{where}: {done.returncode} {done.stderr[-1500:]}"
        self.printed = done.stdout
        self._before += "".join(f"{line}\n" for line in text.splitlines() if re.match(r"[A-Z]+=", line))

    def _serve(self, text: str) -> None:
        with (self.folder / "server.log").open("ab") as log:
            command, env = text.split(), self._environment
            self._servers.append(subprocess.Popen(command, cwd=self.folder, env=env, stdout=log, stderr=log, start_new_session=True))
        until = time.monotonic() + 60
        while time.monotonic() < until:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=5).close()
                return
            except OSError:
                time.sleep(0.1)
        raise AssertionError("the server did not answer within a minute")

    def _edit(self, text: str, where: str) -> None:
        """Each run of `-` lines is taken out, and the `+` lines that follow it stand in its place."""
        held = self.file.read_text("utf-8")
        for found in re.finditer(r"((?:^-.*\n)+)((?:^\+.*\n)*)", text, re.MULTILINE):
            old, new = ("".join(line[1:] + "\n" for line in part.splitlines()) for part in found.groups())
            assert held.count(old) == 1, f"{where}: the file does not hold this once: {old}"
            held = held.replace(old, new)
        self.file.write_text(held, "utf-8")

    def end(self) -> None:
        """Stop what was started."""
        for server in self._servers:
            os.killpg(server.pid, signal.SIGTERM)
            server.wait(timeout=30)
