"""How does a file of what happened come in? `troth collect`: an access log, with a progress bar and a report of every line."""

from __future__ import annotations

from pathlib import Path

import click
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from troth.collect.import_log import import_access_log
from troth.collect.ingest import Ingest
from troth.commands import data_option, err, json_option, say, tell, workspace_of
from troth.gate.reasons import Reason
from troth.reports.imports import ImportFunnel, funnel_of
from troth.workspace import Workspace


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, readable=True, path_type=Path))
@click.option("--as", "kind", type=click.Choice(["access-log"]), required=True, help="what the file is")
@click.option("--workspace", "name", default="infinity", show_default=True, help="whose visits it tells of")
@click.option("--shift", "option", default="keep", show_default=True, help="`keep` its dates, move them by `90d`, or end them `now` or at an instant")
@click.option("--site", "sites", multiple=True, help="a host that counts as inside, besides the policy's own")
@data_option
@json_option
def collect(file: Path, kind: str, name: str, option: str, sites: tuple[str, ...], data: Path | None, as_json: bool) -> None:
    """Import a file, and say what became of every line of it.

    Page views pass the gate like any other. A log carries no permission and no cookie, so what is kept of them
    points to nobody. The same file is imported once; one that has grown is gone on with.
    """
    workspace = workspace_of(data, name)
    found = _import(workspace, file, option, sites, quiet=as_json)
    tell(as_json, found.as_json(), lambda value: _say(found))


def _import(workspace: Workspace, file: Path, option: str, sites: tuple[str, ...], quiet: bool) -> ImportFunnel:
    ingest = Ingest(workspace)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    try:
        with Progress(*columns, console=err, disable=quiet, transient=True) as progress:
            # Twice: it is looked through for its newest line and for what is done already, then read.
            bar = progress.add_task("lines", total=2 * file.stat().st_size)
            return funnel_of(import_access_log(workspace, ingest, file, option, sites, lambda size: progress.advance(bar, size)))
    finally:
        ingest.close()
        workspace.close()


def _say(found: ImportFunnel) -> None:
    lines = [
        ("lines read", found.read),
        ("  malformed", found.malformed),
        ("  assets", found.assets),
        ("  robots", found.robots),
        ("  not a page: method", found.other_method),
        ("  not a page: status", found.other_status),
        ("  page views", found.page_views),
        ("    kept", found.kept),
        *((f"    refused: {words}", count) for words, count in found.refused_in_words),
    ]
    for words, count in lines:
        say(f"{count:>10,}  {words}")
    if found.refused.get(str(Reason.TOO_OLD)):
        say("help: `--shift now` moves the log so that its newest line falls on this moment")
