"""What can be handed over from the command line? `troth disclose …`, the same acts as the HTTP API."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import click

from troth.base.errors import Fault
from troth.commands import Commands, data_option, json_option, print_json, say, tell, workspace_of
from troth.disclose import said
from troth.disclose.acquire import folder_for_package, read_package, transfer_business, write_package
from troth.disclose.acquired import receive_business

operator_option = click.option("--operator", default="owner", help="who acts, as a reference")


@click.group(cls=Commands)
def disclose() -> None:
    """Hand data to others, and show who received what."""


@disclose.command("to")
@click.argument("name")
@click.argument("recipient", default="")
@click.option("--person", required=True, help="whom it is about: email=…, phone=…, account=…, anonymousId=… or ref=…")
@click.option("--purpose", default="", help="which of the policy's purposes it serves")
@click.option("--item", "items", multiple=True, help="an item to hand over; without, all that the recipient may have")
@click.option("--nature", default="service", help="service, legal or fraud-exchange")
@click.option("--reason", default="", help="for legal: one of the policy's legal reasons")
@click.option("--set", "more", multiple=True, help="what the reason asks for: reference=…, authority=…, force=…, case=…, ticket=…, approver=…")
@operator_option
@data_option
@json_option
def to(
    name: str, recipient: str, person: str, purpose: str, items: tuple[str, ...], nature: str, reason: str, more: tuple[str, ...], operator: str,
    data: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """Disclose one person's items to a recipient of the policy, or to an authority."""
    asked: dict[str, Any] = {"recipient": recipient, "purpose": purpose, "items": list(items), "nature": nature, "reason": reason}
    asked |= {"operator": operator, "person": _pairs((person,))} | _pairs(more)
    done = said.disclose_as_said(workspace_of(data, name), asked, {})
    tell(as_json, done, lambda value: say(f"disclosure {value['id']} to {value['label']}: {', '.join(value['items'])} ({value['mechanism']})"))


@disclose.command("list")
@click.argument("name")
@click.option("--ref", default="", help="of one person")
@click.option("--since", default="", help="an instant with its offset")
@data_option
@json_option
def list_(name: str, ref: str, since: str, data: Path | None, as_json: bool) -> None:
    """List the register."""
    rows = said.list_disclosures(workspace_of(data, name), {"ref": ref, "since": since}, {})
    tell(as_json, rows, lambda value: _say_all(f"{row['at'][:10]}  {row['label']:24} {row['nature']:14} {', '.join(row['items'])}" for row in rows))


@disclose.command("transfers")
@click.argument("name")
@click.argument("ref")
@data_option
@json_option
def transfers(name: str, ref: str, data: Path | None, as_json: bool) -> None:
    """Where one person's data went, and what protects it there."""
    rows = said.list_transfers(workspace_of(data, name), {"ref": ref}, {})
    tell(as_json, rows, lambda value: _say_all(f"{row['at'][:10]}  {row['label']:24} {row['country']}  {row['mechanism']}" for row in rows))


@disclose.command("recipients")
@click.argument("name")
@click.option("--ref", default="", help="of one person")
@data_option
@json_option
def recipients(name: str, ref: str, data: Path | None, as_json: bool) -> None:
    """Which kinds of third parties received which kinds of data."""
    found = said.list_received(workspace_of(data, name), {"ref": ref}, {})
    tell(as_json, found, _say_received)


def _say_received(found: Mapping[str, Any]) -> None:
    for category in found["categories"]:
        say(category)
        for one in found["recipients"].get(category, ()):
            say(f"  {one['label']:24} {', '.join(one['kinds'])}")


@disclose.command("sale-statement")
@click.argument("name")
@click.option("--since", default="", help="an instant with its offset (default: twelve months ago)")
@data_option
@json_option
def sale_statement(name: str, since: str, data: Path | None, as_json: bool) -> None:
    """State how much personal information was sold; exit code 1 when any was."""
    found = said.show_sale_statement(workspace_of(data, name), {"since": since}, {})
    tell(as_json, found, lambda value: say(f"{value['statement']} ({value['sales']} since {value['since'][:10]})"))
    if not found["holds"]:
        raise SystemExit(1)


@disclose.command("suppliers")
@click.argument("name")
@data_option
@json_option
def list_suppliers(name: str, data: Path | None, as_json: bool) -> None:
    """List recipients and what they signed."""
    rows = said.list_suppliers(workspace_of(data, name), {}, {})
    tell(as_json, rows, lambda value: _say_all(f"{row['id']:16} {row['country']}  {row['category']:20} {len(row['terms'])} terms" for row in rows))


@disclose.command("terms")
@click.argument("name")
@click.argument("recipient")
@click.option("--signed-on", required=True, help="the day they were signed, such as 2026-01-10")
@click.option("--expires-on", required=True, help="the last day they hold")
@click.option("--document", default="", help="where the paper is")
@operator_option
@data_option
def terms(name: str, recipient: str, signed_on: str, expires_on: str, document: str, operator: str, data: Path | None) -> None:
    """Record that a recipient accepted terms."""
    asked = {"signed_on": signed_on, "expires_on": expires_on, "document": document, "operator": operator}
    print_json(said.terms_as_said(workspace_of(data, name), asked, {"id": recipient}))


@disclose.command("safeguard")
@click.argument("name")
@click.argument("recipient")
@click.option("--kind", required=True, help="standard-contractual-clauses, transfer-agreement, binding-rules or data-privacy-framework")
@click.option("--signed-on", required=True, help="the day they were signed, such as 2026-01-10")
@click.option("--expires-on", required=True, help="the last day they hold")
@operator_option
@data_option
def safeguard(name: str, recipient: str, kind: str, signed_on: str, expires_on: str, operator: str, data: Path | None) -> None:
    """Record what protects data at a recipient abroad."""
    asked = {"kind": kind, "signed_on": signed_on, "expires_on": expires_on, "operator": operator}
    print_json(said.safeguard_as_said(workspace_of(data, name), asked, {"id": recipient}))


@disclose.command("case")
@click.argument("act", type=click.Choice(["open", "close"]))
@click.argument("name")
@click.argument("number")
@click.option("--kind", default="ticket", help="ticket or breach")
@operator_option
@data_option
def case(act: str, name: str, number: str, kind: str, operator: str, data: Path | None) -> None:
    """Open or close a case or ticket."""
    workspace = workspace_of(data, name)
    if act == "open":
        print_json(said.open_as_said(workspace, {"number": number, "kind": kind, "operator": operator}, {}))
    else:
        print_json(said.close_as_said(workspace, {"operator": operator}, {"id": number}))


@disclose.command("business")
@click.argument("name")
@click.option("--acquirer", default="", help="who buys the business")
@click.option("--country", default="", help="the acquirer's country, two letters")
@click.option("--safeguard", default="", help="what protects the data there, if anything must")
@click.option("--out", "folder", type=click.Path(path_type=Path), required=True, help="a new folder, outside the data folder")
@operator_option
@data_option
def business(name: str, acquirer: str, country: str, safeguard: str, folder: Path, operator: str, data: Path | None) -> None:
    """Make the package for whoever buys the business."""
    workspace = workspace_of(data, name)
    if folder.resolve().is_relative_to(workspace.settings.data):
        raise Fault("folder-inside-data", "the package must not rest in the data folder", help="name a folder elsewhere with --out")
    with folder_for_package(folder):
        package = transfer_business(workspace, acquirer, country or said.home_country(workspace.policy), operator, safeguard)
        write_package(package, folder)
    say(f"{len(package.people)} people to {acquirer}, in {folder.name}")


@disclose.command("receive")
@click.argument("name")
@click.argument("folder", type=click.Path(path_type=Path, exists=True))
@operator_option
@data_option
def receive(name: str, folder: Path, operator: str, data: Path | None) -> None:
    """Take a package into this workspace, under the purposes it came with."""
    say(f"{receive_business(workspace_of(data, name), read_package(folder), operator)} events kept")


@disclose.command("customer")
@click.argument("act", type=click.Choice(["enter", "show", "advise", "move", "place", "end"]))
@click.argument("name")
@click.argument("customer")
@click.option("--company", default="", help="enter: the group company it contracts with")
@click.option("--country", default="", help="enter: the customer's country")
@click.option("--region", default="", help="advise, move, place: which region")
@click.option("--store", default="", help="place: which store")
@operator_option
@data_option
def customer(act: str, name: str, customer: str, company: str, country: str, region: str, store: str, operator: str, data: Path | None) -> None:
    """Enter a customer, or say where its data may rest."""
    acts = {"enter": said.customer_as_said, "show": said.show_customer, "advise": said.advise_as_said}
    acts |= {"move": said.move_as_said, "place": said.place_as_said, "end": said.end_as_said}
    asked = {"id": customer, "company": company, "country": country, "region": region, "store": store, "operator": operator}
    print_json(acts[act](workspace_of(data, name), asked, {"id": customer}))


def _say_all(lines: Iterable[str]) -> None:
    for line in lines:
        say(line)


def _pairs(texts: tuple[str, ...]) -> dict[str, Any]:
    found = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise Fault("bad-field", "write it as name=value")
        found[name] = value
    return found


