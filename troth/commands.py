"""How do commands speak? What every command of `troth` shares: the data folder, JSON, coded errors."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from sqlalchemy.exc import DatabaseError

from troth import settings as settings_module
from troth.base.database import readable
from troth.base.errors import Fault
from troth.gate.reasons import Refused
from troth.policy.parse import PolicyInvalid
from troth.workspace import House, Workspace

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)

data_option = click.option("--data", type=click.Path(path_type=Path), default=None, help="the data folder (default: ./data)")
PORT = click.IntRange(1, 65535)
json_option = click.option("--json", "as_json", is_flag=True, help="print JSON")


class Commands(click.Group):
    """Turns coded errors into words and exit code 1."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run, and say a coded error instead of a traceback."""
        try:
            return super().invoke(ctx)
        except (Fault, Refused, PolicyInvalid) as error:
            say_error(error)
        except DatabaseError as error:
            say_error(readable(error, "the database"))
        except OSError as error:
            if error.filename is None or error.strerror is None:
                raise  # a pipe that ended, or nothing that a name would explain
            words = f"`{Path(str(error.filename)).name}`: {error.strerror.lower()}"
            say_error(Fault("file-unusable", words, help="name another place, or see who may use this one"))
        sys.exit(1)


def say_error(error: Exception) -> None:
    """A coded error on standard error, with its help when there is one."""
    if isinstance(error, Fault):
        err.print(f"{error.code}: {error.message}", markup=False, soft_wrap=True)
        if error.help:
            err.print(f"help: {error.help}", markup=False, soft_wrap=True)
    else:
        err.print(str(error), markup=False, soft_wrap=True)


def say(text: str) -> None:
    """One line for a person."""
    out.print(text, markup=False, soft_wrap=True)


def say_each(lines: Iterable[str]) -> None:
    """Lines for a person."""
    for line in lines:
        say(line)


def print_json(value: Any) -> None:
    """For programs."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False, default=str))


def tell(as_json: bool, value: Any, in_words: Callable[[Any], None]) -> None:
    """The same for a program or for a person."""
    if as_json:
        print_json(value)
    else:
        in_words(value)


def house_of(data: Path | None) -> House:
    """The house of a data folder that exists."""
    found = settings_module.load(data)
    if not found.data.exists():
        raise Fault("no-data-folder", f"there is no data folder `{found.data.name}` here", help="start with `make run`, or name it with --data")
    return House(found)


def workspace_of(data: Path | None, name: str) -> Workspace:
    """One workspace of that folder."""
    return house_of(data).workspace(name)
