"""What can be done with a policy from the command line? Check; the other commands have files of their own."""

from __future__ import annotations

import sys
from importlib import metadata
from pathlib import Path

import click

from troth.base.clock import now
from troth.commands import json_option, print_json, say
from troth.explain_commands import show
from troth.from_text_commands import draft_command, new, trace
from troth.notice_commands import notice_command
from troth.policy.finding import errors
from troth.policy.findings import report
from troth.policy.parse import inspect
from troth.policy.sarif import as_sarif
from troth.policy.schema import schema


@click.group()
def policy() -> None:
    """The policy file: check it, see what changed, put it in force."""


@policy.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--format", "form", type=click.Choice(["text", "json", "sarif"]), default="text", help="for people, or for a program")
@click.option("--notes", is_flag=True, help="tell notes too: what is as it should be and worth knowing")
@json_option
def check(file: Path, form: str, notes: bool, as_json: bool) -> None:
    """Look through a policy file; exit code 1 when something in it must be mended."""
    findings = inspect(file, now().date()).findings
    if form == "sarif":
        folder = file.parent.as_posix()
        print_json(as_sarif(findings, "" if folder == "." else f"{folder}/", metadata.version("troth")))
    elif as_json or form == "json":
        print_json([finding.as_json() for finding in findings])
    else:
        say(report(findings, notes) or f"{file.name}: nothing to mend")
    sys.exit(1 if errors(findings) else 0)


@policy.command("schema")
def schema_command() -> None:
    """Print the policy language as JSON Schema, for editors."""
    print_json(schema())


for command in (show, trace, draft_command, new, notice_command):
    policy.add_command(command)
