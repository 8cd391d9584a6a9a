"""What policy does a file state, and what is wrong with it? The one door: text in, a policy or findings out.

1. The text becomes a marked tree (`marked`). 2. A client's tree is laid over its parent's (`compose`).
3. The sections are read (`sections`). 4. The parts are checked against one another and the law (`findings`).
5. A client is checked against its parent. Every step goes on after a fault, so that all faults are reported together.
A policy with an error is never returned.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from troth.policy.compose import lay_over, widenings
from troth.policy.finding import Code, Finding, Notes, Place, Spot, errors, quoted
from troth.policy.findings import check_into
from troth.policy.marked import Entry, Scalar, Table, TEXT_LIMIT, positions, read_tree
from troth.policy.model import Policy
from troth.policy.sections import LANGUAGE_VERSION, POLICY
from troth.policy.shapes import Where

Load = Callable[[str], str]
PARENTS_LIMIT = 5


class PolicyInvalid(Exception):
    """The file cannot run. `findings` holds everything found, worst and mildest."""

    def __init__(self, findings: list[Finding]) -> None:
        super().__init__("\n".join(str(finding) for finding in errors(findings)))
        self.findings = findings


@dataclass(frozen=True, slots=True)
class Parsed:
    """A file as read. `draft` has blanks where values were wrong: for looking at, never for running."""

    draft: Policy | None
    findings: list[Finding]
    positions: Mapping[Place, Spot]

    @property
    def policy(self) -> Policy | None:
        """The policy, or None when any finding is an error."""
        return None if errors(self.findings) else self.draft


def read_policy(path: Path, today: date | None = None) -> Policy:
    """The policy a file states, its parents read from beside it. Raises `PolicyInvalid` with all findings.

    `today` lets expired terms be found.
    """
    parsed = inspect(path, today)
    if parsed.policy is None:
        raise PolicyInvalid(parsed.findings)
    return parsed.policy


def inspect(path: Path, today: date | None = None) -> Parsed:
    """The file as read, with findings and positions; never raises for what a file holds."""
    try:
        text = _read_text(path)
    except (OSError, ValueError) as problem:
        notes = Notes()
        code = Code.NOT_UTF8 if isinstance(problem, UnicodeDecodeError) else Code.TOO_LARGE if isinstance(problem, ValueError) else Code.PARENT_UNREADABLE
        notes.add(code, _why_unreadable(problem), Spot(path.name, 1, 1))
        return Parsed(None, notes.findings, {})
    return read_text(text, lambda name: _read_text(path.parent / name), path.name, today)


def parse(text: str, load: Load | None = None) -> tuple[Policy | None, list[Finding]]:
    """The policy `text` states, or None when a finding is an error; and all findings in the order of the file.

    `load` gives the text of a parent by the name after `extends:`.
    """
    parsed = read_text(text, load)
    return parsed.policy, parsed.findings


def read_text(text: str, load: Load | None = None, path: str = "policy.yaml", today: date | None = None) -> Parsed:
    """The text as read; `path` names it in findings."""
    notes = Notes()
    tree, parent = _whole_tree(text, load, path, notes, ())
    if tree is None:
        return Parsed(None, notes.findings, {})
    spots = dict(positions(tree))
    draft = _read_sections(tree, path, notes)
    faults = [finding.place for finding in notes.findings if finding.place]
    check_into(notes, draft, spots, today, faults)
    if parent is not None:
        widenings(parent, draft, spots, notes)
    return Parsed(draft, sorted(notes.findings, key=lambda found: (found.path != path, found.path, found.position.line, found.position.column)), spots)


def _read_sections(tree: Table, path: str, notes: Notes) -> Policy:
    version = tree.entries.get("troth")
    if version is not None and isinstance(version.value, Scalar) and version.value.text != LANGUAGE_VERSION:
        message = f"the file is written for version {quoted(version.value.text)} of the language; this is version `{LANGUAGE_VERSION}`"
        notes.add(Code.UNKNOWN_LANGUAGE_VERSION, message, version.value.spot)
    return POLICY.read(tree, Where((), Spot(path, 1, 1), notes))


def _whole_tree(text: str, load: Load | None, path: str, notes: Notes, above: tuple[str, ...]) -> tuple[Table | None, Policy | None]:
    """The file's tree with its parents' under it, and the parent's policy when it has one."""
    tree = read_tree(text, path, notes)
    if tree is None or "extends" not in tree.entries:
        return tree, None
    extends = tree.entries["extends"]
    name = _parent_name(extends, path if above else "", notes)
    if name is None:
        return None, None
    if name in above or len(above) >= PARENTS_LIMIT:
        notes.add(Code.CYCLIC_EXTENSION, f"{quoted(name)} comes back to itself through `extends`", extends.value.spot)
        return None, None
    return _over_parent(tree, extends, name, load, notes, (*above, name))


def _over_parent(tree: Table, extends: Entry, name: str, load: Load | None, notes: Notes,
                 above: tuple[str, ...]) -> tuple[Table | None, Policy | None]:
    try:
        if load is None:
            raise OSError("no place to read parents from")
        text = load(name)
    except (OSError, ValueError, KeyError) as problem:
        notes.add(Code.PARENT_UNREADABLE, f"the parent {quoted(name)} cannot be read: {_why_unreadable(problem)}", extends.value.spot)
        return None, None
    below = Notes()
    parent_tree, grandparent = _whole_tree(text, load, name, below, above)
    parent = None if parent_tree is None else _read_sections(parent_tree, name, below)
    if parent is not None:
        check_into(below, parent, dict(positions(parent_tree)) if parent_tree else {}, None, [])
    if parent is not None and grandparent is not None:
        widenings(grandparent, parent, dict(positions(parent_tree)) if parent_tree else {}, below)
    faults = errors(below.findings)
    if parent_tree is None or parent is None or faults:
        if not any(fault.code is Code.CYCLIC_EXTENSION for fault in faults):
            notes.add(Code.PARENT_INVALID, f"the parent {quoted(name)} has {len(faults)} errors of its own", extends.value.spot)
        for fault in faults:
            notes.add(fault.code, fault.message, Spot(fault.path, fault.position.line, fault.position.column), fault.help)
        return None, None
    return lay_over(parent_tree, tree, parent.workspace, notes), parent


def _parent_name(extends: Entry, path: str, notes: Notes) -> str | None:
    """The parent's name seen from the first file, or None when it is no relative path to a policy file."""
    node = extends.value
    if not isinstance(node, Scalar) or node.null or node.text.startswith(("/", "\\")) or not node.text.endswith((".yaml", ".yml")):
        notes.add(Code.PARENT_UNREADABLE, "`extends` must be a path to a policy file, seen from this one", node.spot)
        return None
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), node.text))


def _read_text(path: Path) -> str:
    with path.open("rb") as file:
        data = file.read(TEXT_LIMIT + 1)
    if len(data) > TEXT_LIMIT:
        raise ValueError("the file is larger than 1 MiB")
    return data.decode("utf-8-sig")


def _why_unreadable(problem: Exception) -> str:
    match problem:
        case UnicodeDecodeError():
            return "the file is not UTF-8"
        case OSError():
            return (problem.strerror or str(problem)).lower()
        case _:
            return str(problem) if isinstance(problem, ValueError) else "it is not there"
