"""What can be asked about keeping from the command line? `troth retain run` and `troth retain show`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from troth.base.clock import instant
from troth.commands import Commands, data_option, json_option, say, tell, workspace_of
from troth.retain import last_sweep, sweep
from troth.workspace import Workspace


@click.group(cls=Commands)
def retain() -> None:
    """How long data is kept, and the sweep that removes what is past its time."""


@retain.command("run")
@click.argument("name")
@data_option
@json_option
def run(name: str, data: Path | None, as_json: bool) -> None:
    """Sweep now."""
    report = sweep(workspace_of(data, name)).as_json()
    tell(as_json, report, _say_report)


def _say_report(report: Mapping[str, Any]) -> None:
    for event, count in report["events"].items():
        say(f"{count:>8}  {event}: whole events gone")
    for rule, count in report["parts"].items():
        say(f"{count:>8}  {rule}: sealed parts gone")
    say(f"{report['reduced']} events reduced, {report['files']} files written anew or unlinked, {report['keys']} keys destroyed")


@retain.command("show")
@click.argument("name")
@data_option
@json_option
def show(name: str, data: Path | None, as_json: bool) -> None:
    """Show how long each rule and purpose keeps, and the last sweep."""
    tell(as_json, told(workspace_of(data, name)), _say_rules)


def told(workspace: Workspace) -> dict[str, Any]:
    """Rules, purposes and the last sweep."""
    policy = workspace.policy
    with workspace.state.read() as conn:
        last = last_sweep(conn)
    rules = {one.id: {"days": one.keep_for.days if one.keep_for else None, "why": one.why, "ground": one.ground} for one in policy.retention.values()}
    purposes = {one.id: one.keep_for.days if one.keep_for else None for one in policy.purposes.values()}
    swept = {"at": instant(last.at).isoformat(), "policy": last.version, "removed": last.report} if last else None
    return {"rules": rules, "purposes": purposes, "last_sweep": swept}


def _say_rules(found: Mapping[str, Any]) -> None:
    for id, rule in found["rules"].items():
        say(f"{id:16} {rule['days'] or '-':>6} days  {rule['ground'] or rule['why']}")
    for id, days in found["purposes"].items():
        say(f"for {id:16} {days or '-':>2} days")
    say(f"last sweep: {found['last_sweep']['at'] if found['last_sweep'] else 'never'}")
