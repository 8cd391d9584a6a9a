"""What can be done with versions of a policy from the command line? Compare two, publish one, list them all.

A side of a comparison is a file, a workspace (its version in force) or `workspace@version`.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import click

from troth.base.clock import now
from troth.base.errors import Fault
from troth.centre.versions import Row, rows_of
from troth.commands import data_option, house_of, json_option, print_json, say, say_each, tell, workspace_of
from troth.disclose.announce import told_of
from troth.disclose.concerned import Concerned, concerned
from troth.policy.announcing import Announcing, announcing, first_day_after, review_due_on
from troth.policy.compose import narrows
from troth.policy.demands import RevisedFor
from troth.policy.diff import Change, diff
from troth.policy.finding import errors
from troth.policy.material import MaterialChange, asked_again, materials
from troth.policy.model import Policy
from troth.policy.parse import PolicyInvalid, read_policy
from troth.policy.words import day
from troth.versions import before, dated_honestly
from troth.workspace import PublishedVersion, Revision, Workspace, parse_policy

# compare


@click.command("diff")
@click.argument("one", metavar="A")
@click.argument("other", metavar="[B]", required=False)
@data_option
@json_option
def diff_command(one: str, other: str | None, data: Path | None, as_json: bool) -> None:
    """What changed from A to B, in words: what matters and why, whom it concerns, who is asked again.

    A and B are files, workspaces (their version in force) or versions (`infinity@1`). With A alone, a workspace: its last
    two versions. People are counted where a workspace or --data is named; few people are not told.
    """
    old, new = (_side(data, one), _side(data, other)) if other else _last_two(data, one)
    counted = _counted(data, old, new, [one, other or one])
    if as_json:
        print_json(_as_json(old, new, counted))
    else:
        _say_difference(old, new, counted)


def _side(data: Path | None, name: str) -> Policy:
    path = Path(name)
    if path.is_file():
        return read_policy(path)
    if path.suffix in (".yaml", ".yml"):
        raise Fault("no-such-file", f"there is no file `{name}`")
    workspace, _, version = name.partition("@")
    return parse_policy(_published(workspace_of(data, workspace), version).text) if version else workspace_of(data, workspace).policy


def _published(workspace: Workspace, version: str) -> PublishedVersion:
    with workspace.state.read() as conn:
        found = workspace.published.read(conn, version)
    if found is None:
        raise Fault("no-such-version", f"no version `{version}` was ever published", help=f"troth policy versions {workspace.id}", status=404)
    return found


def _last_two(data: Path | None, name: str) -> tuple[Policy, Policy]:
    workspace = workspace_of(data, name)
    with workspace.state.read() as conn:
        known = workspace.versions(conn)
    if len(known) < 2:
        raise Fault("one-version", "there is only one version so far", help=f"troth policy diff {name} policy.yaml")
    return workspace.plan_of(known[-2]).policy, workspace.plan_of(known[-1]).policy


def _counted(data: Path | None, old: Policy, new: Policy, sides: list[str]) -> list[Concerned]:
    """How many people material changes concern, in the workspace of these policies; nothing where none is named."""
    if data is None and all(Path(side).is_file() for side in sides):
        return []
    house = house_of(data)
    return concerned(house.workspace(old.workspace), materials(old, new), new) if old.workspace in house.names() else []


def _as_json(old: Policy, new: Policy, counted: list[Concerned]) -> dict[str, Any]:
    found = announcing(old, new, now())
    return {
        "from": old.version, "to": new.version, "changes": [one.as_json() for one in diff(old, new)],
        "material": [one.as_json() for one in materials(old, new)], "asks_again": list(asked_again(old, new)),
        "announce": {"needed": found.needed, "by_mail": found.by_mail, "no_sooner": first_day_after(found.no_sooner) if found.no_sooner else None},
        "people": [one.as_json() for one in counted],
    }


def _say_difference(old: Policy, new: Policy, counted: list[Concerned]) -> None:
    changes, important = diff(old, new), materials(old, new)
    _say_changes(changes, important)
    again = [new.purposes[id].label for id in asked_again(old, new)]
    if again:
        say(f"a yes said before does not cover: {', '.join(again)}")
    for one in counted:
        say(f"concerned by {one}")
    _say_announcing(announcing(old, new, now()))


def _say_changes(changes: list[Change], important: list[MaterialChange]) -> None:
    if not changes:
        say("nothing changed")
    known = {(one.change.place, one.change.key): one for one in important}
    for change in changes:
        matters = known.get((change.place, change.key))
        if matters is None:
            say(f"          {change}")
        else:
            say(f"material: {change}")
            about = f"; concerns: {', '.join(matters.populations)}" if matters.populations else ""
            say(f"          {matters.type}: {matters.reason}{about}")


def _say_announcing(found: Announcing) -> None:
    if found.needed:
        when = f"; in force no sooner than {first_day_after(found.no_sooner)}" if found.no_sooner else ""
        say(f"announced as the policy promises{' and by message' if found.by_mail else ''}{when}")


# publish


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--as-is", is_flag=True, help="do not raise `version`, `changed_on` and `effective_on` for me")
@click.option("--effective-on", type=click.DateTime(["%Y-%m-%d"]), default=None, help="the day it takes effect (UTC); written into the file")
@click.option("--reason", type=click.Choice([str(one) for one in RevisedFor]), default=None, help="why the policy is revised")
@click.option("--minor", is_flag=True, help="this is a small change; refused when it is not")
@click.option("--by-mail", is_flag=True, help="write to the people concerned, also where the policy does not promise it")
@data_option
@json_option
def publish(
    file: Path, as_is: bool, effective_on: datetime | None, reason: str | None, minor: bool, by_mail: bool, data: Path | None, as_json: bool
) -> None:
    """Put a policy file in force, live: no restart. It takes effect on its day, and is never edited after.

    A text that changed needs a new `version` and today's `changed_on`, and says from when it applies; unless --as-is is
    given, they are written into the file for you, and said. A change that must be announced first is refused until then.
    """
    policy = read_policy(file)
    house = house_of(data)
    workspace = house.create(policy.workspace)
    with workspace.state.read() as conn:
        known = workspace.versions(conn)
    as_it_was = file.read_text(encoding="utf-8")
    policy, raised = (policy, "") if as_is else _raised(file, policy, known, effective_on.replace(tzinfo=UTC).date() if effective_on else None)
    how = Revision(reason=RevisedFor(reason) if reason else None, minor=minor, by_mail=by_mail)
    try:
        published = house.publish(policy, how)
    except (Fault, PolicyInvalid):
        file.write_text(as_it_was, encoding="utf-8")  # refused: the file is as it was
        raise
    old = _followed(workspace, published) or policy
    told = {"workspace": workspace.id, "version": published.version, "effective_at": published.effective_at.isoformat()}
    told_more = {"changes": [one.as_json() for one in diff(old, policy)], "material": [one.as_json() for one in materials(old, policy)]}
    before_now = any(one.version == published.version for one in known)
    tell(as_json, told | told_more | _announced(published), lambda value: _say_published(workspace.id, published, old, policy, raised, before_now))
    for client in house.clients_of(workspace.id):
        if not as_json and errors(narrows(policy, client.policy)):
            say(f"{client.id} now promises more than its parent: narrow its policy and publish it")


def _followed(workspace: Workspace, published: PublishedVersion) -> Policy | None:
    """The policy that a version takes over from; None for the first."""
    with workspace.state.read() as conn:
        older = before(published, workspace.versions(conn))
    return workspace.plan_of(older).policy if older else None


def _announced(published: PublishedVersion) -> dict[str, Any]:
    return {"asks_again": list(published.asks_again), "announced": published.announced, "by_mail": published.by_mail, "reason": published.reason}


def _say_published(name: str, published: PublishedVersion, old: Policy, new: Policy, raised: str, before_now: bool) -> None:
    if before_now:
        say(f"version {published.version} of {name} was published before, word for word; nothing was done")
        return
    if raised:
        say(raised)
    say(f"published version {published.version} of {name}")
    if published.effective_at > now():
        say(f"in force from {day(published.effective_at.date())}; until then the present version holds")
    _say_changes(diff(old, new), materials(old, new))
    ways = [way for way, used in (("on the site", published.announced and published.effective_at > now()), ("by message", published.by_mail)) if used]
    if ways:
        say(f"announced {' and '.join(ways)}")


def _raised(file: Path, policy: Policy, known: list[PublishedVersion], effective_on: date | None) -> tuple[Policy, str]:
    """The file with its version and dates raised by hand of this command, read again; and what to say of it."""
    newest, today = _newest(known), now().date()
    wanted: dict[str, str] = {}
    if known and (newest is None or diff(newest, policy)):  # an older text that is published again is a change like any other
        taken = {one.version for one in known}
        if policy.version in taken:
            number = next(n for n in range(len(known) + 1, len(known) + 1000) if str(n) not in taken)
            wanted = {"version": f'"{number}"', "changed_on": str(today)}
        elif newest is not None and not dated_honestly(newest, policy):
            wanted = {"changed_on": str(today)}
        wanted |= {"effective_on": str(today)} if wanted and policy.effective_on < today else {}
    if effective_on is not None and effective_on != policy.effective_on:
        wanted["effective_on"] = str(effective_on)
    if not wanted:
        return policy, ""
    text = file.read_text(encoding="utf-8")
    for key, value in wanted.items():
        text = re.sub(rf"(?m)^{key}:.*$", f"{key}: {value}", text, count=1)
    file.write_text(text, encoding="utf-8")
    policy = read_policy(file)
    shown = [f"{name} is now `{value}`" if name == "version" else f"{name} {value}" for name, value in _fields(policy, wanted)]
    return policy, f"{file.name}: {', '.join(shown)}"


def _newest(known: list[PublishedVersion]) -> Policy | None:
    """The version published last; None before the first, and for one in an earlier state of the language."""
    try:
        return parse_policy(known[-1].text) if known else None
    except PolicyInvalid:
        return None


def _fields(policy: Policy, names: dict[str, str]) -> list[tuple[str, object]]:
    return [(name, getattr(policy, name)) for name in names]


# list


@click.command()
@click.argument("name")
@click.argument("version", required=False)
@data_option
@json_option
def versions(name: str, version: str | None, data: Path | None, as_json: bool) -> None:
    """Every version that was ever published, oldest first; with VERSION, the text of that one, as it was in force.

    To go back to an older text, write it to a file and publish it: it becomes a new version.
    """
    workspace = workspace_of(data, name)
    if version is not None:
        click.echo(_published(workspace, version).text, nl=False)
        return
    rows, due_on = rows_of(workspace), review_due_on(workspace.policy)
    if as_json:
        print_json([row.as_json() | {"told": _told(workspace, row)} for row in rows])
        return
    for row in rows:
        _say_row(workspace, row)
    if due_on is not None and due_on <= now().date():
        say(f"the policy was due to be reviewed on {day(due_on)}: read it, then set `notice.reviewed_on` and publish")


def _told(workspace: Workspace, row: Row) -> dict[str, int]:
    with workspace.state.read() as conn:
        return dict(sorted(told_of(conn, row.version).items()))


def _say_row(workspace: Workspace, row: Row) -> None:
    reason = f", revised for {row.reason}" if row.reason else ""
    say(f"{row.version:8} {row.state:10} in force from {row.effective_at.isoformat()}{reason}")
    told = _told(workspace, row)
    say_each(f"{'':8} {one.type}: {one.change}" for one in row.material)
    if told:
        say(f"{'':8} by message: {', '.join(f'{count} {became}' for became, count in told.items())}")
