"""What can be done from the command line? Every command of `troth`; each is a thin door to a room.

Exit codes: 0 done, 1 a coded error or a broken promise, 2 wrong use.
"""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path

import click
from rich.progress import Progress

from troth import settings as settings_module
from troth.attest_commands import attest
from troth.backup.commands import backup_command, restore_command
from troth.collect_commands import collect
from troth.commands import PORT, Commands, data_option, house_of, json_option, out, say, say_each, tell, workspace_of
from troth.consent_commands import consent
from troth.console.commands import operator
from troth.cookies_commands import cookies
from troth.disclose.commands import disclose
from troth.disclose.message_commands import message, withdrawal
from troth.ledger_commands import ledger
from troth.policy_commands import policy
from troth.prove.registry import BEHAVIOURS, Named, proofs_named
from troth.prove.verify import PromiseState, State, as_json, run_proofs
from troth.reports.api import read_since, refusals_told
from troth.reports.events import events_for
from troth.retain_commands import retain
from troth.serve import free_port, in_thread, running_at, serve
from troth.settings import Settings
from troth.subject_commands import subject
from troth.version_commands import diff_command, publish, versions
from troth.workspace import owning


@click.group(cls=Commands)
@click.version_option(package_name="troth")
def main() -> None:
    """Troth: a privacy policy is a promise; Troth keeps it."""


for command in (diff_command, publish, versions):
    policy.add_command(command)
for group in (
    attest, policy, operator, disclose, retain, collect, subject, ledger, consent, cookies, message, withdrawal, backup_command, restore_command,
):
    main.add_command(group)


@main.command()
@data_option
@click.option("--port", type=PORT, default=None, help="port to listen on (default: 8000)")
@click.option("--workers", type=click.IntRange(1, 64), default=None, help="processes that answer (default: 1)")
@click.option("--demo", is_flag=True, help="make the example workspaces")
@click.option("--host", default="127.0.0.1", help="address to listen on")
@click.option("--sabotage", default="", help="break the system in one named way, to see the proofs turn red")
def run(data: Path | None, port: int | None, workers: int | None, demo: bool, host: str, sabotage: str) -> None:
    """Serve everything; owns the data folder while it runs."""
    chosen = settings_module.load(data, port, workers)
    with owning(chosen.data):
        serve(chosen, host, demo, sabotage)


@main.group()
def workspace() -> None:
    """The workspaces of this data folder."""


@workspace.command("show")
@click.argument("name")
@data_option
@json_option
def workspace_show(name: str, data: Path | None, as_json: bool) -> None:
    """Keys, region and addresses of one workspace."""
    found = workspace_of(data, name)
    paths = {path: f"/{found.id}/{path}" for path in ("policy", "cookies", "privacy", "promises", "console", "troth.js")}
    told = {
        "id": found.id,
        "title": found.policy.title,
        "version": found.policy.version,
        "region": found.policy.settings.region,
        **found.access,
        "paths": paths,
    }
    tell(as_json, told, lambda value: say_each(f"{key:16} {one}" for key, one in told.items()))


@workspace.command("list")
@data_option
@json_option
def workspace_list(data: Path | None, as_json: bool) -> None:
    """The workspaces there are."""
    names = house_of(data).names()
    tell(as_json, names, lambda value: say_each(name for name in names))


@main.command()
@click.argument("name")
@click.option("--purpose", required=True, help="on behalf of which purpose")
@click.option("--role", default="owner", help="as an operator of this role")
@click.option("--since", default=None, help="an instant with its offset")
@data_option
@json_option
def events(name: str, purpose: str, role: str, since: str | None, data: Path | None, as_json: bool) -> None:
    """List what a purpose may see."""
    found = events_for(workspace_of(data, name), purpose, role, "command-line", read_since(since))
    tell(as_json, [asdict(one) for one in found], lambda value: say_each(f"{one.at}  {one.event:14} {one.person or 'anonymous'}" for one in found))


@main.command()
@click.argument("name")
@click.option("--since", default=None, help="an instant with its offset")
@data_option
@json_option
def refused(name: str, since: str | None, data: Path | None, as_json: bool) -> None:
    """Count what was refused, by event and reason."""
    rows = refusals_told(workspace_of(data, name), read_since(since))
    tell(as_json, rows, lambda value: say_each(f"{row['count']:>8}  {row['event']:16} {row['reason']}: {row['meaning']}" for row in rows))


@main.command()
@click.argument("name", default="infinity")
@data_option
@json_option
def verify(name: str, data: Path | None, as_json: bool) -> None:
    """Run the proof of every promise on the live system; exit code 1 when one is broken."""
    found = workspace_of(data, name)
    url = running_at(found.settings.data)
    if url is not None:
        states = _verified(name, data, url, as_json)
    else:
        resting = settings_module.load(data)
        quiet = Settings(resting.data, resting.secrets, resting.tape, free_port())
        with owning(resting.data), in_thread(quiet):
            states = _verified(name, data, quiet.base_url, as_json)
    tell(as_json, _json(states), lambda value: _say_states(states))
    sys.exit(1 if any(state.state is State.BROKEN for state in states) else 0)


def _verified(name: str, data: Path | None, url: str, quiet: bool) -> list[PromiseState]:
    with Progress(console=out, disable=quiet, transient=True) as progress:
        workspace = workspace_of(data, name)
        bar = progress.add_task("proofs", total=len(proofs_named(workspace.policy)))

        def told(proof: Named, words: str) -> None:
            progress.advance(bar)

        return run_proofs(workspace, url, told)


def _json(states: list[PromiseState]) -> list[dict[str, str]]:
    return as_json(states)


def _say_states(states: list[PromiseState]) -> None:
    for state in states:
        if state.state is not State.UNPROVEN:
            say(f"{state.id:14} {state.state:12} {state.sentence[:90]}" + (f"\n{'':27} {state.words}" if state.words else ""))
    counted = {kind: sum(1 for state in states if state.state is kind) for kind in State}
    say(", ".join(f"{count} {kind}" for kind, count in counted.items() if count))


@main.group()
def sabotage() -> None:
    """Ways of breaking the running system, to see its proofs turn red."""


@sabotage.command("list")
@json_option
def sabotage_list(as_json: bool) -> None:
    """Every way of breaking it, and the proofs that must then turn red."""
    import troth.prove.sabotages  # noqa: F401  (entering the list is what importing it does)
    from troth.prove.sabotage import SABOTAGES

    broken = {name: sorted(proof.name for proof in BEHAVIOURS.values() if proof.sabotage == name) for name in SABOTAGES}
    rows = [{"name": one.name, "words": one.words, "breaks": broken[one.name]} for one in SABOTAGES.values()]
    tell(as_json, rows, lambda value: say_each(f"{row['name']:28} {row['words']}" for row in rows))



if __name__ == "__main__":
    main()
