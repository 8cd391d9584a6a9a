"""What can be shown of what people said? `troth consent`: records for an auditor, in references alone, and the check of a receipt."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from troth.base.clock import micros, now
from troth.commands import data_option, json_option, say, workspace_of
from troth.ledger import verifier
from troth.ledger.entry import EntryKind
from troth.reports.api import read_since
from troth.rights.consent_receipt import sign_up_to
from troth.rights.consent_record import FORMAT, Records
from troth.workspace import Workspace

OPERATOR = "command-line"


@click.group()
def consent() -> None:
    """What people said: records for an auditor, and receipts."""


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
