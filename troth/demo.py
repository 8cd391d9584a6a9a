"""What does a newcomer start? Troth, the example sites and a month of traffic with one command, and a list of where to look.

    python -m troth.demo --port 8000 --data data

It owns the data folder as `troth run` does. The month is replayed once, into a new folder, through the real doors by
a process of its own (`examples/traffic/replay.py`); Ctrl-C stops everything. Whoever wants no traffic uses `troth run`.
"""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any
from urllib.parse import urlsplit

import click
from rich.progress import Progress

from troth import settings as settings_module
from troth.base.errors import Fault
from troth.commands import PORT, Commands, data_option, err, say, say_error
from troth.console.demo import prepare_demo_operators
from troth.serve import EXAMPLES, check_port, is_free, prepare_examples, serve
from troth.settings import Settings
from troth.workspace import House, owning

MARK = "demo.json"  # in the data folder: how far the replay came, and its tally
_SEED = 10
_PATIENCE = 60.0  # seconds for the server to answer


@dataclass(frozen=True, slots=True)
class OpenSite:
    """An example site that listens: where, and for which workspace."""

    title: str
    workspace: str
    origin: str


@click.group(cls=Commands, invoke_without_command=True)
@click.option("--port", type=PORT, default=None, help="port of Troth itself (default: 8000)")
@click.option("--examples", type=click.Path(exists=True, file_okay=False, path_type=Path), default=EXAMPLES, hidden=True)
@click.option("--visits", type=int, default=None, hidden=True, help="so many visits to the busiest site, and fewer to the others in proportion")
@data_option
def main(port: int | None, data: Path | None, examples: Path, visits: int | None) -> None:
    """Serve Troth and its example sites with a month of traffic, until stopped."""
    settings = settings_module.load(data, port)
    signal.signal(signal.SIGTERM, _leave)
    with owning(settings.data):
        check_port("127.0.0.1", settings.port, "make run PORT=8010")
        prepare_examples(settings, examples)
        accounts = prepare_demo_operators(settings)
        replay = Replay(settings, examples, visits_to(examples, visits))
        sites = start_sites(settings, examples)
        guide = threading.Thread(target=_guide, args=(settings, sites, accounts, replay), name="guide", daemon=True)
        guide.start()
        try:
            serve(settings, "127.0.0.1", demo=False)
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
        else:
            code = 0
        finally:
            replay.stop()
    sys.stdout.flush()
    os._exit(code)  # all is closed; Python's own end would only list what DuckDB's binding never lets go of


def _leave(_signal: int, _frame: FrameType | None) -> None:
    sys.exit(0)


def visits_to(examples: Path, most: int | None = None) -> dict[str, int]:
    """How many visits each workspace's site gets: as `sites.json` says, or in that proportion with `most` at the busiest."""
    usual = {site.workspace: site.visits for site in _load(examples / "sites" / "serve.py").read_sites()}
    return usual if most is None else {name: most * visits // max(usual.values()) for name, visits in usual.items()}


# the sites


def start_sites(settings: Settings, examples: Path = EXAMPLES) -> list[OpenSite]:
    """Serve every example site in threads of this process; raises `site-port-taken`."""
    sites = _load(examples / "sites" / "serve.py")
    house = House(settings)
    found = []
    for site in sites.read_sites():
        origins = house.workspace(site.workspace).policy.site.origins
        port = _port_for(site.title, site.port, [int(urlsplit(one).port or 80) for one in origins if urlsplit(one).hostname == "127.0.0.1"])
        listening = sites.start(replace(site, port=port), settings.base_url)
        found.append(OpenSite(site.title, site.workspace, listening.origin))
    house.close()
    return found


def _port_for(title: str, usual: int, allowed: list[int]) -> int:
    """The usual port, else another one that the site's policy lists: from any other its events would be refused."""
    ports = [port for port in dict.fromkeys([usual, *allowed]) if port in allowed]
    free = next((port for port in ports if is_free("127.0.0.1", port)), None)
    if free is None:
        wanted = " or ".join(str(port) for port in ports) or "any that the policy lists"
        raise Fault(
            "site-port-taken", f"{title} must listen on {wanted}, and something else does",
            help="stop that, or list another origin under `site: origins:` of its policy", status=503,
        )  # fmt: skip
    if free != usual:
        say(f"{title}: port {usual} is taken, so it listens on {free}")
    return free


def _load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"example_{path.stem}", path)
    assert spec is not None and spec.loader is not None
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# the traffic


class Replay:
    """The month of traffic: a process of its own that knows nothing but the doors, run once a data folder."""

    def __init__(self, settings: Settings, examples: Path, visits: dict[str, int]) -> None:
        self._settings, self._script, self._visits = settings, examples / "traffic" / "replay.py", visits
        self._mark = settings.data / MARK
        self._process: subprocess.Popen[str] | None = None
        self._stopped = threading.Event()

    @property
    def state(self) -> str:
        """`new`, `interrupted` or `done`."""
        if not self._mark.exists():
            return "new" if self._is_empty() else "done"  # a folder that others filled gets no traffic
        return str(json.loads(self._mark.read_text()).get("state", "interrupted"))

    def _is_empty(self) -> bool:
        house = House(self._settings)
        try:
            for workspace in house.all():
                with workspace.state.read() as conn:
                    if conn.exec_driver_sql("SELECT (SELECT count(*) FROM journal) + (SELECT count(*) FROM lake_file)").scalar_one():
                        return False
            return True
        finally:
            house.close()

    def run(self) -> bool:
        """Replay it; True when it came to its end."""
        self._write({"state": "interrupted"})
        command = [sys.executable, str(self._script)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True)
        assert self._process.stdin is not None and self._process.stdout is not None
        with self._process.stdin as job:  # keys go by pipe, never by argument
            job.write(json.dumps(self._job()))
        with Progress(console=err, transient=True, disable=not err.is_terminal) as progress:
            bar = progress.add_task("replaying a month of traffic", total=None)
            for line in self._process.stdout:
                said: dict[str, Any] = json.loads(line)
                if "tally" in said:
                    self._write({"state": "done", "tally": said["tally"]})
                else:
                    progress.update(bar, completed=said["done"], total=said["of"])
        return self._process.wait() == 0

    def _job(self) -> dict[str, Any]:
        house = House(self._settings)
        told: dict[str, Any] = {}
        for name, visits in self._visits.items():
            workspace = house.workspace(name)
            policy, keys = workspace.policy, ("write_key", "publishable_key", "twilio_token")
            told[name] = {"origin": policy.site.origins[0], "keys": {key: workspace.access[key] for key in keys}, "visits": visits}
            told[name] |= {"numbers": list(policy.calls.pool), "fallback": policy.calls.fallback}
        house.close()
        return {"server": self._settings.base_url, "seed": _SEED, "workspaces": told}

    def _write(self, value: dict[str, Any]) -> None:
        fresh = self._mark.with_suffix(".new")
        fresh.write_text(json.dumps(value))
        os.replace(fresh, self._mark)

    def stop(self) -> None:
        """End the process, if it still runs."""
        self._stopped.set()
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait(timeout=10)

    @property
    def stopped(self) -> bool:
        """Whether it is to stop."""
        return self._stopped.is_set()


# where to look


def _guide(settings: Settings, sites: list[OpenSite], accounts: dict[str, tuple[str, str]], replay: Replay) -> None:
    """Wait for the server, replay the month where it is due, and say where to look."""
    try:
        if not _answers(settings.base_url, replay):
            return
        state = replay.state
        if state == "new" and not replay.run():
            state = "interrupted"
        if replay.stopped:
            return
        if state == "interrupted":
            say(f"The traffic did not come to its end: for all of it, stop, remove `{settings.data.name}` and start again.")
        _say_where(settings, sites, accounts)
    except Fault as fault:
        say_error(fault)


def _answers(url: str, replay: Replay) -> bool:
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until and not replay.stopped:
        try:
            with urllib.request.urlopen(f"{url}/healthz", timeout=2):
                return True
        except OSError:
            time.sleep(0.1)
    return False


def _say_where(settings: Settings, sites: list[OpenSite], accounts: dict[str, tuple[str, str]]) -> None:
    url = settings.base_url
    say("\nTroth runs. Where to look:\n")
    for site in sites:
        name, password = accounts.get(site.workspace, ("", ""))
        say(f"{site.title}")
        say(f"  the site          {site.origin}/")
        say(f"  its console       {url}/{site.workspace}/console/")
        say(f"                    name {name}, password {password}")
        say(f"  privacy centre    {url}/{site.workspace}/privacy")
        say(f"  promises          {url}/{site.workspace}/promises")
        say(f"  letters it wrote  {settings.data / site.workspace / 'outbox'}\n")
    elsewhere = "" if settings.data == Path("data").resolve() else f" --data {settings.data}"
    say(f"Change a line of examples/infinity/policy.yaml, then `.venv/bin/troth policy publish examples/infinity/policy.yaml{elsewhere}`.")
    say("Ctrl-C stops everything.")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
