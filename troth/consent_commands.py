"""What can be shown of what people said, and how does it come from elsewhere? `troth consent`: records for an auditor, in
references alone, the check of a receipt, and taking over what another system recorded.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from troth.base.clock import micros, now, now_micros
from troth.collect import consent_lines, import_consent
from troth.collect.consent_lines import Form, Layout
from troth.collect.import_consent import Report
from troth.commands import data_option, err, json_option, say, tell, workspace_of
from troth.ledger import verifier
from troth.ledger.entry import EntryKind
from troth.reports.api import read_since
from troth.rights.consent_receipt import sign_up_to
from troth.rights.consent_record import FORMAT, Records
from troth.workspace import Workspace

OPERATOR = "command-line"
NOT_ALL_TAKEN = 3  # exit code: some lines were not taken
_SHOWN = 20


@click.group()
def consent() -> None:
    """What people said: records for an auditor, receipts, and consents that another system recorded."""


@consent.command("export")
@click.argument("name")
@click.option("--since", default="", help="only people who said something at or after this instant, with its offset")
@data_option
@json_option
def export_command(name: str, since: str, data: Path | None, as_json: bool) -> None:
    """The consent records (ISO/IEC TS 27560), each person a random reference; `troth ledger export` proves them."""
    workspace = workspace_of(data, name)
    at = read_since(since)
    _enter(workspace, since)
    with workspace.state.read() as conn:
        records = Records(workspace, conn).since(micros(at) if at else 0)
        if as_json:
            _print_all(workspace, records)
        else:
            _say_all(records)


def _enter(workspace: Workspace, since: str) -> None:
    """The ledger has that the records were looked at, and a checkpoint has every act that is in them."""
    with workspace.state.write() as conn:
        body = {"act": "consent-export", "since": since, "operator": OPERATOR}
        entry = workspace.log.append(conn, EntryKind.OPERATOR_ACT, body, now())
    sign_up_to(workspace, entry)


def _print_all(workspace: Workspace, records: Iterator[dict[str, Any]]) -> None:
    """One record a line, so that many need no memory; together they are one JSON document."""
    head = json.dumps({"format": FORMAT, "workspace": workspace.id, "made_at": now().isoformat(timespec="seconds")})
    click.echo(f'{head[:-1]}, "records": [', nl=False)
    for number, record in enumerate(records):
        click.echo(("," if number else "") + "\n" + json.dumps(record, ensure_ascii=False), nl=False)
    click.echo("\n]}")


def _say_all(records: Iterator[dict[str, Any]]) -> None:
    for record in records:
        ref = record["dpv:hasDataSubject"]["dct:identifier"]
        for process in record["dpv:hasProcess"]:
            last = process["troth:events"][-1] if process["troth:events"] else {}
            entry = f"{last['dpv:isIndicatedAtTime'][:19]}, policy {last['dct:hasVersion']}, entry {last['troth:entry']}" if last else "never asked"
            say(f"{ref:>20}  {process['troth:purpose']:24} {process['troth:state']:13} {entry}")


@consent.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--key", default="", help="the fingerprint of the ledger's key, as you know it from elsewhere")
def check(file: Path, key: str) -> None:
    """Check the receipt in FILE offline: its signature, and that the ledger has every act in it; exit code 1 when it does not hold."""
    sys.exit(verifier.main(["--receipt", str(file), *(("--key", key) if key else ())]))


@consent.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, readable=True, path_type=Path))
@click.option("--as", "form", type=click.Choice([str(one) for one in Form]), required=True, help="what the file is")
@click.option("--workspace", "name", default="infinity", show_default=True, help="whose people it tells of")
@click.option("--map", "layout", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="how to read it: its columns, purposes and words")
@click.option("--dry-run", "dry", is_flag=True, help="say what would become of each line, and write nothing")
@data_option
@json_option
def import_command(file: Path, form: str, name: str, layout: Path | None, dry: bool, data: Path | None, as_json: bool) -> None:
    """Take over what another system says that people said, each with its weaker evidence; the same FILE twice changes nothing.

    A CSV has the columns `kind`, `value`, `purpose`, `state`, `at`, and if it likes `source`, `wording` and `country`; for
    `banner-cookies` it has `cookies` in place of purpose and state. Exit code 3 when lines were not taken.
    """
    workspace = workspace_of(data, name)
    found = _import(workspace, file, Form(form), consent_lines.read_layout(layout) if layout else Layout(), dry, quiet=as_json)
    tell(as_json, found.as_json(), lambda value: _say_import(found))
    sys.exit(NOT_ALL_TAKEN if found.findings else 0)


def _import(workspace: Workspace, file: Path, form: Form, layout: Layout, dry: bool, quiet: bool) -> Report:
    policy = workspace.policy
    layout = replace(layout, purposes={**policy.asking.categories, **layout.purposes})
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    try:
        with Progress(*columns, console=err, disable=quiet, transient=True) as progress:
            bar = progress.add_task("lines", total=file.stat().st_size)
            lines = consent_lines.lines_of(file, form, layout, policy.purposes, now_micros(), lambda size: progress.advance(bar, size))
            return import_consent.import_consents(workspace, lines, dry)
    finally:
        workspace.close()


def _say_import(found: Report) -> None:
    say(f"{found.lines:>10,}  lines read{', none written' if found.dry else ''}")
    for outcome, words in import_consent.SENTENCES.items():
        if found.said[outcome]:
            say(f"{found.said[outcome]:>10,}    {words}")
    say(f"{len(found.findings):>10,}  lines not taken")
    for one in found.findings[:_SHOWN]:
        say(f"    line {one.line} {one.code}: {consent_lines.SENTENCES[one.code]}")
    if len(found.findings) > _SHOWN:
        say(f"    and {len(found.findings) - _SHOWN:,} more; --json has each")
