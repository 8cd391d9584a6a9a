"""What can be done with the ledger from the command line? Export it for an auditor, verify it, look at its newest entries."""

from __future__ import annotations

from pathlib import Path

import click

from troth.commands import data_option, json_option, say, say_each, tell, workspace_of
from troth.ledger import note
from troth.ledger.export import export


@click.group()
def ledger() -> None:
    """What happened: export it for an auditor, verify it here."""


@ledger.command("export")
@click.argument("name")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@data_option
@json_option
def export_command(name: str, folder: Path, data: Path | None, as_json: bool) -> None:
    """Write entries, checkpoints, proofs, key and a verifier into FOLDER; check them with `python verifier.py FOLDER`."""
    workspace = workspace_of(data, name)
    with workspace.state.write() as conn:
        workspace.sign(conn)
    with workspace.state.read() as conn:
        last = export(conn, folder, workspace.ledger_key)
    told = {"entries": last.size, "folder": str(folder), "key": note.fingerprint(note.public_bytes(workspace.ledger_key.public_key()))}
    tell(as_json, told, lambda value: say(f"{last.size} entries in {folder}; the key's fingerprint is {told['key']}"))


@ledger.command("verify")
@click.argument("name")
@data_option
@json_option
def verify_command(name: str, data: Path | None, as_json: bool) -> None:
    """Recompute the whole ledger from its entries, and its signed checkpoints; exit code 1 when anything does not hold."""
    workspace = workspace_of(data, name)
    with workspace.state.read() as conn:
        size = workspace.log.verify(conn, workspace.ledger_key.public_key())
    tell(as_json, {"entries": size, "holds": True}, lambda value: say(f"{size} entries, every checkpoint holds"))


@ledger.command("show")
@click.argument("name")
@click.option("--last", type=click.IntRange(1, 1000), default=20, help="how many")
@data_option
@json_option
def show(name: str, last: int, data: Path | None, as_json: bool) -> None:
    """The newest entries."""
    workspace = workspace_of(data, name)
    with workspace.state.read() as conn:
        size = workspace.log.size(conn)
        rows = [
            {"index": index, "kind": str(entry.kind), "at": entry.at.isoformat(), "body": dict(entry.body)}
            for index, entry in workspace.log.entries(conn, max(size - last, 0), size)
        ]
    tell(as_json, rows, lambda value: say_each(f"{row['index']:>8}  {row['at']}  {row['kind']}" for row in rows))
