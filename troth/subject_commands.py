"""Who is this, in the system's words, and with whom are they joined? `troth subject`: references and standings, never identifiers.

An identifier is asked for and not echoed, or read from standard input: what is typed after a command stays in the
shell's history. Each look at a person and each undoing is entered in the ledger.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from sqlalchemy import Connection

from troth.base.clock import instant, now
from troth.base.errors import Fault
from troth.collect.identify import part, standing_joins
from troth.commands import data_option, json_option, say, tell, workspace_of
from troth.consent.standing import Standing, read_standing
from troth.ledger.entry import EntryKind
from troth.rights.review import erase_child
from troth.subjects import directory
from troth.subjects.directory import IdentifierKind
from troth.subjects.links import Link, same_person
from troth.workspace import Workspace

OPERATOR = "command-line"
_NUMBER = click.IntRange(1, (1 << 63) - 1)  # what the database holds
workspace_option = click.option("--workspace", "name", default="infinity", show_default=True, help="whose subjects")


@click.group()
def subject() -> None:
    """People the data is about: what holds for them, and which references are one person."""


@dataclass(frozen=True, slots=True)
class Identifier:
    """What a person is asked for by. Given in no way: asked for, without an echo."""

    kind: IdentifierKind
    value: str

    @classmethod
    def read(cls, kind: str, email: str | None, phone: str | None, account: str | None) -> Identifier:
        """From an option, else from standard input or a prompt; raises `no-identifier`."""
        options = {IdentifierKind.EMAIL: email, IdentifierKind.PHONE: phone, IdentifierKind.ACCOUNT: account}
        for one, value in options.items():
            if value:
                return cls(one, value)
        waiting = not sys.stdin.isatty()
        value = sys.stdin.readline().strip() if waiting else str(click.prompt(kind, hide_input=True, err=True)).strip()
        if not value:
            raise Fault("no-identifier", "nothing was given to look for", help="troth subject show --kind email < file")
        return cls(IdentifierKind(kind), value[:256])


@subject.command()
@click.option("--kind", type=click.Choice([str(kind) for kind in IdentifierKind]), default="email", show_default=True, help="what is typed or piped")
@click.option("--email", default=None, help="stays in the shell's history")
@click.option("--phone", default=None, help="stays in the shell's history")
@click.option("--account", default=None, help="stays in the shell's history")
@workspace_option
@data_option
@json_option
def show(kind: str, email: str | None, phone: str | None, account: str | None, name: str, data: Path | None, as_json: bool) -> None:
    """What holds for one person: references, law, choices, joins."""
    identifier = Identifier.read(kind, email, phone, account)
    workspace = workspace_of(data, name)
    told = _told(workspace, identifier)
    tell(as_json, told, lambda value: _say_person(told))


def _told(workspace: Workspace, identifier: Identifier) -> dict[str, Any]:
    hashed = directory.hash_of(workspace.keys, identifier.kind, identifier.value)
    with workspace.state.write() as conn:
        ref = directory.find(conn, hashed)
        if ref is None:
            raise Fault("no-such-subject", "nobody is known by this", status=404)
        family = sorted(same_person(conn, ref))
        standings = [found for one in family if (found := read_standing(conn, one)) is not None]
        joins = {link.id: link for one in family for link in standing_joins(conn, one)}
        told = {"references": [_standing(conn, one) for one in standings], "joins": [_join(link) for link in joins.values()]}
        workspace.log.append(conn, EntryKind.OPERATOR_ACT, {"act": "subject-show", "ref": ref, "operator": OPERATOR}, now())
    return told


def _standing(conn: Connection, standing: Standing) -> dict[str, Any]:
    days = conn.exec_driver_sql("SELECT count(*) FROM held WHERE ref = ?", (standing.ref,)).scalar_one()
    return {
        "ref": str(standing.ref),
        "population": standing.population,
        "regime": standing.regime,
        "restricted": standing.restricted,
        "days_with_events": days,
        "choices": {purpose: str(state) for purpose, state in sorted(standing.states.items())},
    }


def _join(link: Link) -> dict[str, Any]:
    told = {"id": link.id, "a": str(link.a), "b": str(link.b), "how": link.how.value, "purpose": link.purpose}
    return told | {"since": instant(link.since).isoformat(timespec="seconds")}


def _say_person(told: dict[str, Any]) -> None:
    for one in told["references"]:
        restricted = ", restricted" if one["restricted"] else ""
        say(f"{one['ref']}  {one['population']}, {one['regime']}{restricted}, events on {one['days_with_events']} days")
        for purpose, state in one["choices"].items():
            say(f"    {purpose}: {state}")
    for one in told["joins"]:
        _say_join(one)


@subject.command()
@click.option("--kind", type=click.Choice([str(kind) for kind in IdentifierKind]), default="email", show_default=True, help="what is typed or piped")
@click.option("--ref", type=_NUMBER, default=None, help="a reference, instead of what is typed or piped")
@workspace_option
@data_option
@json_option
def child(kind: str, ref: int | None, name: str, data: Path | None, as_json: bool) -> None:
    """Somebody who is held turns out to be a child: erase them, on that ground."""
    workspace = workspace_of(data, name)
    if ref is None:
        identifier = Identifier.read(kind, None, None, None)
        with workspace.state.read() as conn:
            ref = directory.find(conn, directory.hash_of(workspace.keys, identifier.kind, identifier.value))
    case = erase_child(workspace, ref or 0, OPERATOR)
    tell(as_json, {"case": case}, lambda value: say(f"erased at once; the bytes follow while Troth runs. Case {case}"))


def _say_join(one: dict[str, Any]) -> None:
    say(f"join {one['id']}: {one['a']} and {one['b']}, {one['how']}, for {one['purpose'] or 'every purpose'}, since {one['since']}")


@subject.command()
@click.option("--ref", type=_NUMBER, default=None, help="of one reference only")
@workspace_option
@data_option
@json_option
def joins(ref: int | None, name: str, data: Path | None, as_json: bool) -> None:
    """The joins that stand, each with the number to undo it by."""
    workspace = workspace_of(data, name)
    with workspace.state.read() as conn:
        rows = [_join(link) for link in standing_joins(conn, ref)]
    tell(as_json, rows, lambda value: _say_joins(rows))


def _say_joins(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        _say_join(row)
    if not rows:
        say("nobody is joined")


@subject.command()
@click.argument("link_id", type=_NUMBER)
@workspace_option
@data_option
@json_option
def unjoin(link_id: int, name: str, data: Path | None, as_json: bool) -> None:
    """Undo one join: each reference has its own acts again, and what was forbidden meanwhile stays on both."""
    told = _join(part(workspace_of(data, name), link_id, OPERATOR))
    tell(as_json, told, lambda value: say(f"join {link_id} is undone"))
