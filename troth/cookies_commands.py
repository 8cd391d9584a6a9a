"""Is what a browser meets what the policy lists? `troth cookies check` reads a recording of a visit, or asks a page what its server sets."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
import httpx

from troth.base.errors import Fault
from troth.commands import data_option, json_option, say, tell, workspace_of
from troth.prove.scan import Flag, check_recording

_LARGEST = 64 * 1024 * 1024
_WAIT = 20.0  # seconds


@click.group()
def cookies() -> None:
    """What rests in a visitor's browser, against the policy's list."""


@cookies.command("check")
@click.argument("name")
@click.argument("recording")
@click.option("--refused", multiple=True, help="a purpose that the visitor had said no to; whatever serves only such is flagged")
@data_option
@json_option
def check_command(name: str, recording: str, refused: tuple[str, ...], data: Path | None, as_json: bool) -> None:
    """Compare a visit with the list: a HAR file, a storage state saved by Playwright, or the address of a page.

    Of an address, what its server sets is seen and nothing that a script would do. Exit code 1 when something is not listed.
    """
    workspace = workspace_of(data, name)
    unknown = [one for one in refused if one not in workspace.policy.purposes]
    if unknown:
        raise Fault("no-such-purpose", "the policy names no purpose of this name", status=404)
    found = _recorded(recording) if recording.startswith(("https://", "http://")) else _read(Path(recording))
    flags = check_recording(workspace.policy, found, refused)
    tell(as_json, [asdict(one) for one in flags], lambda _: _say(flags))
    if flags:
        sys.exit(1)


def _say(flags: list[Flag]) -> None:
    for one in flags:
        say(f"{one.code}: {one.technology} {one.name} of {one.host}: {one.words}")
    if not flags:
        say("everything that was met is listed")


def _read(path: Path) -> Any:
    try:
        if path.stat().st_size > _LARGEST:
            raise Fault("too-large", f"a recording is at most {_LARGEST // 1024 // 1024} MB", status=413)
        return json.loads(path.read_bytes())
    except OSError:
        raise Fault("no-such-file", "there is no such file to read") from None
    except (ValueError, RecursionError):
        raise Fault("bad-recording", "the recording is not valid JSON") from None


def _recorded(url: str) -> Any:
    """One page as a recording of what its server answered."""
    try:
        with httpx.Client(timeout=_WAIT, follow_redirects=True) as http:
            answer = http.get(url)
    except (httpx.HTTPError, httpx.InvalidURL):
        raise Fault("page-unreachable", "the page did not answer", status=502) from None
    seen = (*answer.history, answer)
    return {"log": {"entries": [_entry(one) for one in seen]}}


def _entry(answer: httpx.Response) -> dict[str, Any]:
    headers = [{"name": name, "value": value} for name, value in answer.headers.multi_items()]
    return {"request": {"url": str(answer.url)}, "response": {"headers": headers}}
