"""How does a person vouch for a promise from the command line? `troth attest`."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path

import click

from troth.commands import data_option, json_option, say, tell, workspace_of
from troth.prove.attest import attest as take


@click.command()
@click.argument("name")
@click.argument("promise")
@click.option("--document", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=True, help="what it is vouched on")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), required=True, help="the last day it holds, such as 2027-06-30")
@click.option("--by", required=True, help="who vouches")
@click.option("--not-shown", required=True, help="what the document does not show; people read it on the promises page")
@data_option
@json_option
def attest(name: str, promise: str, document: Path, until: datetime, by: str, not_shown: str, data: Path | None, as_json: bool) -> None:
    """Vouch for a promise that software cannot prove."""
    last: date = until.date()
    made = take(workspace_of(data, name), promise, by, document.name, document.read_bytes(), last, not_shown)
    tell(as_json, asdict(made), lambda value: say(f"{promise}: {made.in_words()}"))
