"""What can be written, and recorded, from the command line? `troth message`, `troth withdrawal`: the same acts as the HTTP API."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

import click

from troth.base.errors import Fault
from troth.commands import data_option, json_option, say, tell, workspace_of
from troth.disclose.composing import Channel
from troth.disclose.mailing import Mailing, send_to_all
from troth.disclose.printing import print_list, tally
from troth.disclose.said_messages import to_said, withdrawal_as_said
from troth.disclose.spoken import By
from troth.gate.reasons import Refused
from troth.workspace import House


@click.command()
@click.argument("name")
@click.option("--purpose", required=True, help="what it is sent for: one of the policy's purposes")
@click.option("--text", "file", required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path), help="what is written")
@click.option("--subject", default="", help="without: the first line of the text; a text message or letter has none")
@click.option("--channel", type=click.Choice([str(one) for one in Channel]), default="email", help="how it goes")
@click.option("--to", "people", multiple=True, help="only to this person: email=…, phone=…, account=… or ref=…")
@click.option("--out", type=click.Path(path_type=Path), help="for post: the new file of the list to print")
@data_option
@json_option
def message(
    name: str, purpose: str, file: Path, subject: str, channel: str, people: tuple[str, ...], out: Path | None, data: Path | None, as_json: bool
) -> None:  # fmt: skip
    """Write to everybody whom the gate lets for a purpose, each once; run again, it goes on with whoever is left."""
    words, way = _words(file), Channel(channel)
    first, _, rest = words.partition("\n")
    mailing = Mailing(purpose, subject, words, way) if subject or way is not Channel.EMAIL else Mailing(purpose, first.strip(), rest)
    workspace = workspace_of(data, name)
    to = to_said(workspace, [_pair(one) for one in people] or None)
    if way is Channel.POST:
        with _new_list(out, workspace.settings.data) as printed:
            made = print_list(workspace, mailing, to)
            printed.write(made.as_csv())
        counted = made.counted
    else:
        counted = send_to_all(workspace, mailing, to)
    told = {"mailing": mailing.id, "became": tally(counted)}
    tell(as_json, told, lambda value: _say_all(f"{count:>8}  {one}" for one, count in sorted(counted.items())))


@click.command()
@click.argument("name")
@click.option("--by", required=True, type=click.Choice([str(one) for one in By]), help="how it came")
@click.option("--from", "sender", default="", help="the e-mail address or number it came from")
@click.option("--person", default="", help="whom it is about, if not whoever sent it: email=…, phone=…, account=… or ref=…")
@click.option("--purpose", "purposes", multiple=True, help="a purpose that ends")
@click.option("--channel", "channels", multiple=True, help="how they may be written to: email=no, sms=yes, post=no")
@click.option("--everything", is_flag=True, help="everything that sells ends")
@click.option("--received", "received_at", default="", help="when it came, an instant with its offset (default: now)")
@click.option("--note", required=True, help="what was said, or where it is written down; kept sealed")
@click.option("--operator", default="owner", help="who acts, as a reference")
@data_option
@json_option
def withdrawal(
    name: str, by: str, sender: str, person: str, purposes: tuple[str, ...], channels: tuple[str, ...], everything: bool, received_at: str,
    note: str, operator: str, data: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """Record what somebody told one of us: what ends, and how they may be written to."""
    workspace = workspace_of(data, name)
    said: dict[str, Any] = {"by": by, "from": sender, "purposes": list(purposes), "everything": everything, "received_at": received_at, "note": note}
    said |= {"operator": operator, "person": _pair(person) if person else {}, "channels": dict(_said_of(one) for one in channels)}
    done = withdrawal_as_said(House(workspace.settings), workspace, said, {})
    words = ", ".join(f"{name}: {state}" for name, state in done["acts"].items()) or "nothing that was not so before"
    tell(as_json, done, lambda value: say(f"{value['became']}, number {value['request']}: {words}"))


def _words(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except ValueError:
        raise Fault("not-utf8", f"`{file.name}` is not UTF-8", help="save it as UTF-8") from None


@contextmanager
def _new_list(out: Path | None, data: Path) -> Iterator[TextIO]:
    """The file to print from, opened before anybody counts as written to; gone again when nobody was."""
    if out is None:
        raise Fault("list-missing", "name the new file of the list to print", help="--out letters.csv")
    if out.exists() or out.resolve().is_relative_to(data):
        raise Fault("list-in-the-way", "the list needs a new file, outside the data folder", help="name another with --out")
    try:
        opened = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError:
        raise Fault("list-not-writable", f"`{out.name}` cannot be written there", help="name another place with --out") from None
    try:
        with os.fdopen(opened, "w", encoding="utf-8", newline="") as file:
            yield file
    except (Fault, Refused):
        out.unlink()
        raise


def _pair(text: str) -> dict[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise Fault("bad-field", "write it as name=value")
    return {name: value}


def _said_of(text: str) -> tuple[str, bool]:
    ((channel, word),) = _pair(text).items()
    if word not in ("yes", "no"):
        raise Fault("bad-field", "write a channel as email=no or sms=yes")
    return channel, word == "yes"


def _say_all(lines: Iterable[str]) -> None:
    for line in lines:
        say(line)
