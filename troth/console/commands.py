"""What can be done about operators from the command line? Adding, listing, a new password, removing."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from troth import settings as settings_module
from troth.base.errors import Fault
from troth.console.operators import Operators
from troth.settings import Settings
from troth.workspace import House

data_option = click.option("--data", type=click.Path(path_type=Path), default=None, help="the data folder (default: ./data)")
json_option = click.option("--json", "as_json", is_flag=True, help="print JSON")
stdin_option = click.option("--password-stdin", is_flag=True, help="read the password from standard input")


@click.group()
def operator() -> None:
    """The people who work here, and what they may enter."""


@operator.command()
@click.argument("name")
@click.option("--workspace", "-w", required=True, help="the workspace to enter")
@click.option("--role", required=True, help="a role of that workspace's policy")
@stdin_option
@data_option
def add(name: str, workspace: str, role: str, password_stdin: bool, data: Path | None) -> None:
    """Add an operator, or give one there is another role."""
    settings = _settings(data)
    _check_role(settings, workspace, role)
    operators = Operators(settings)
    known = any(one.name == name for one in operators.all())
    made = operators.add(name, workspace, role, None if known else _ask_password(password_stdin))
    click.echo(f"{made.name} is {role} of {workspace}")


@operator.command()
@click.argument("name")
@stdin_option
@data_option
def password(name: str, password_stdin: bool, data: Path | None) -> None:
    """Set a new password; the operator's sessions end."""
    operators = Operators(_settings(data))
    operators.set_password(name, _ask_password(password_stdin))
    click.echo("the password is set")


@operator.command("list")
@data_option
@json_option
def list_(data: Path | None, as_json: bool) -> None:
    """Everyone who may sign in, with their roles."""
    found = Operators(_settings(data)).all()
    if as_json:
        click.echo(json.dumps([{"id": one.id, "name": one.name, "roles": one.roles} for one in found], indent=2, ensure_ascii=False))
    for one in () if as_json else found:
        click.echo(f"{one.name:24} {', '.join(f'{w}: {role}' for w, role in one.roles.items())}")
    if not found and not as_json:
        click.echo("nobody yet; add the first with `troth operator add NAME --workspace W --role owner`")


@operator.command()
@click.argument("name")
@click.option("--workspace", "-w", default=None, help="take away this role only")
@data_option
def remove(name: str, workspace: str | None, data: Path | None) -> None:
    """Take an operator's role away, or the operator altogether."""
    Operators(_settings(data)).remove(name, workspace)
    click.echo("done")


def _settings(data: Path | None) -> Settings:
    found = settings_module.load(data)
    if not found.data.exists():
        raise Fault("no-data-folder", f"there is no data folder `{found.data.name}` here", help="start with `make run`, or name it with --data")
    return found


def _check_role(settings: Settings, workspace: str, role: str) -> None:
    house = House(settings)
    roles = house.workspace(workspace).policy.roles
    house.close()
    if role not in roles:
        raise Fault("no-such-role", f"the policy of `{workspace}` names no role `{role[:30]}`", help=f"it names {', '.join(sorted(roles))}")


def _ask_password(from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    return str(click.prompt("Password", hide_input=True, confirmation_prompt=True))
