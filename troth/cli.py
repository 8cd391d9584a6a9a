"""What can be done from the command line? Every command of `troth`; each is a thin door to a room.

Exit codes: 0 done, 1 a coded error, 2 wrong use.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from troth import settings as settings_module
from troth.base.errors import Fault
from troth.gate.reasons import Refused
from troth.policy.parse import PolicyInvalid
from troth.workspace import House, owning

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


class Commands(click.Group):
    """Turns coded errors into words and exit code 1."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (Fault, Refused, PolicyInvalid) as error:
            say_error(error)
            sys.exit(1)


def say_error(error: Exception) -> None:
    """A coded error on standard error, with its help when there is one."""
    if isinstance(error, Fault):
        err.print(f"{error.code}: {error.message}", markup=False)
        if error.help:
            err.print(f"help: {error.help}", markup=False)
    else:
        err.print(str(error), markup=False)


def print_json(value: Any) -> None:
    """For programs."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False, default=str))


data_option = click.option("--data", type=click.Path(path_type=Path), default=None, help="the data folder (default: ./data)")
json_option = click.option("--json", "as_json", is_flag=True, help="print JSON")


def house_of(data: Path | None) -> House:
    """The house of a data folder that exists."""
    found = settings_module.load(data)
    if not found.data.exists():
        raise Fault("no-data-folder", f"there is no data folder `{found.data.name}` here", help="start with `make run`, or name it with --data")
    return House(found)


@click.group(cls=Commands)
@click.version_option(package_name="troth")
def main() -> None:
    """Troth: a privacy policy is a promise; Troth keeps it."""


@main.command()
@data_option
@click.option("--port", type=int, default=None, help="port to listen on (default: 8000)")
@click.option("--workers", type=int, default=None, help="processes that answer (default: 1)")
@click.option("--demo", is_flag=True, help="make the example workspaces and fill them")
@click.option("--host", default="127.0.0.1", help="address to listen on")
def run(data: Path | None, port: int | None, workers: int | None, demo: bool, host: str) -> None:
    """Serve everything; owns the data folder while it runs."""
    from troth.serve import serve

    chosen = settings_module.load(data, port, workers)
    with owning(chosen.data):
        serve(chosen, host, demo)


@main.group()
def workspace() -> None:
    """The workspaces of this data folder."""


@workspace.command("show")
@click.argument("name")
@data_option
@json_option
def workspace_show(name: str, data: Path | None, as_json: bool) -> None:
    """Keys, region and addresses of one workspace."""
    found = house_of(data).workspace(name)
    told = {"id": found.id, "title": found.policy.title, "version": found.policy.version, "region": found.policy.settings.region, **found.access}
    told |= {"paths": {name: f"/{found.id}/{name}" for name in ("policy", "cookies", "privacy", "promises", "console", "troth.js")}}
    if as_json:
        print_json(told)
    else:
        for name, value in told.items():
            out.print(f"{name:16} {value}", markup=False)


@workspace.command("list")
@data_option
@json_option
def workspace_list(data: Path | None, as_json: bool) -> None:
    """The workspaces there are."""
    names = house_of(data).names()
    print_json(names) if as_json else [out.print(name) for name in names]


if __name__ == "__main__":
    main()
