"""What can be done with a policy from the command line? Check, show, diff, publish, list versions."""

from __future__ import annotations

import re
import sys
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

import click

from troth.base.clock import now
from troth.base.errors import Fault
from troth.commands import data_option, house_of, json_option, print_json, say, say_each, tell, workspace_of
from troth.policy.compose import narrows
from troth.policy.diff import Change, diff
from troth.policy.finding import Finding, errors
from troth.policy.findings import report
from troth.policy.model import Policy
from troth.policy.parse import inspect, read_policy
from troth.workspace import parse_policy


@click.group()
def policy() -> None:
    """The policy file: check it, see what changed, put it in force."""


@policy.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@json_option
def check(file: Path, as_json: bool) -> None:
    """Look through a policy file; exit code 1 when something in it must be mended."""
    findings = inspect(file, now().date()).findings
    if as_json:
        print_json([_as_json(one) for one in findings])
    else:
        say(report(findings, notes=False) or f"{file.name}: nothing to mend")
    sys.exit(1 if errors(findings) else 0)


def _as_json(finding: Finding) -> dict[str, Any]:
    return asdict(finding)


@policy.command()
@click.argument("name")
@data_option
@json_option
def show(name: str, data: Path | None, as_json: bool) -> None:
    """The policy in force: its purposes, and how permission works for each under each law."""
    from troth.policy.model import permission_under

    found = workspace_of(data, name).policy
    rows = [
        {"purpose": one.id, "basis": str(one.basis)} | {law: str(permission_under(found, one, law)) for law in found.regimes}
        for one in found.purposes.values()
    ]
    tell(as_json, {"version": found.version, "purposes": rows}, lambda value: say_each("  ".join(str(cell) for cell in row.values()) for row in rows))


@policy.command()
@click.argument("name")
@data_option
@json_option
def versions(name: str, data: Path | None, as_json: bool) -> None:
    """Every version that was ever published, oldest first."""
    workspace = workspace_of(data, name)
    with workspace.state.read() as conn:
        rows = [
            {"version": one.version, "published_at": one.published_at.isoformat(), "effective_at": one.effective_at.isoformat(), "sha256": one.hash}
            for one in workspace.versions(conn)
        ]
    tell(as_json, rows, lambda value: say_each(f"{row['version']:8} in force from {row['effective_at']}" for row in rows))


@policy.command("diff")
@click.argument("name")
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@data_option
@json_option
def diff_command(name: str, file: Path | None, data: Path | None, as_json: bool) -> None:
    """What changed, in words: between the last two versions, or between the one in force and FILE."""
    changes = _changes(data, name, file)
    tell(as_json, [change.as_json() for change in changes], lambda value: _say_changes(changes))


def _changes(data: Path | None, name: str, file: Path | None) -> list[Change]:
    workspace = workspace_of(data, name)
    if file is not None:
        return diff(workspace.policy, read_policy(file))
    with workspace.state.read() as conn:
        known = workspace.versions(conn)
    if len(known) < 2:
        raise Fault("one-version", "there is only one version so far", help=f"troth policy diff {name} policy.yaml")
    return diff(parse_policy(known[-2].text), parse_policy(known[-1].text))


def _say_changes(changes: list[Change]) -> None:
    if not changes:
        say("nothing changed")
    for change in changes:
        say(("material: " if change.material else "          ") + str(change))


@policy.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--as-is", is_flag=True, help="do not raise `version` and `changed_on` for me")
@data_option
@json_option
def publish(file: Path, as_is: bool, data: Path | None, as_json: bool) -> None:
    """Put a policy file in force, live: no restart.

    A text that changed needs a new `version` and today's `changed_on`; unless --as-is is given, they are
    written into the file for you, and said.
    """
    policy = read_policy(file)
    house = house_of(data)
    workspace = house.create(policy.workspace)
    with workspace.state.read() as conn:
        known = workspace.versions(conn)
    if known and not as_is and diff(parse_policy(known[-1].text), policy) and policy.version == known[-1].version:
        policy = _raised(file, policy, len(known) + 1)
        say(f"{file.name}: version is now `{policy.version}`, changed_on {policy.changed_on}")
    changes = diff(parse_policy(known[-1].text), policy) if known else []
    published = house.publish(policy)
    told = {"workspace": workspace.id, "version": published.version, "effective_at": published.effective_at.isoformat()}
    told_changes = [one.as_json() for one in changes]
    tell(as_json, told | {"changes": told_changes}, lambda value: _say_published(workspace.id, published.version, changes))
    for client in house.clients_of(workspace.id):
        if errors(narrows(policy, client.policy)):
            say(f"{client.id} now promises more than its parent: narrow its policy and publish it")


def _say_published(name: str, version: str, changes: list[Change]) -> None:
    say(f"published version {version} of {name}")
    _say_changes(changes)


def _raised(file: Path, policy: Policy, number: int) -> Policy:
    """The file with its version and date raised by hand of this command, read again."""
    today: date = now().date()
    text = file.read_text(encoding="utf-8")
    text = re.sub(r"(?m)^version:.*$", f'version: "{number}"', text, count=1)
    text = re.sub(r"(?m)^changed_on:.*$", f"changed_on: {today}", text, count=1)
    file.write_text(text, encoding="utf-8")
    return read_policy(file)
