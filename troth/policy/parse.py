"""What policy does a file state, and what is wrong with it? The one door: text in, a policy or findings out.

1. The text becomes a marked tree (`marked`). 2. A client's tree is laid over its parent's (`compose`).
3. The sections are read (`sections`). 4. The parts are checked against one another and the law (`findings`).
5. A client is checked against its parent (`compose`). Every step goes on after a fault, so that all faults are reported
together. A policy with an error is never returned.
"""

from __future__ import annotations

import gc
import posixpath
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from troth.policy.compose import lay_over, widenings
from troth.policy.finding import Code, Finding, Notes, Place, Spot, errors, quoted
from troth.policy.findings import check_into
from troth.policy.marked import TEXT_LIMIT, Entry, Positions, Scalar, Table, read_tree
from troth.policy.model import Policy
from troth.policy.sections import LANGUAGE_VERSION, POLICY
from troth.policy.shapes import Where

Load = Callable[[str], str]
"""Gives the text of a parent by the name after `extends:`, seen from the first file."""

PARENTS_LIMIT = 5


class PolicyInvalid(Exception):
    """The file cannot run. `findings` holds everything found, warnings too; the message lists the errors."""

    def __init__(self, findings: list[Finding]) -> None:
        super().__init__("\n".join(str(finding) for finding in errors(findings)))
        self.findings = findings


@dataclass(frozen=True, slots=True)
class Parsed:
    """A file as read. `draft` has blanks where values were wrong: for looking at, never for running."""

    draft: Policy | None
    findings: list[Finding]
    positions: Mapping[Place, Spot]
    tree: Table | None = None

    @property
    def policy(self) -> Policy | None:
        """The policy, or None when any finding is an error."""
        return None if errors(self.findings) else self.draft


class _Unreadable(Exception):
    """A file that gives no text."""

    def __init__(self, code: Code, why: str) -> None:
        super().__init__(why)
        self.code, self.why = code, why


def read_policy(path: Path, today: date | None = None) -> Policy:
    """The policy a file states, its parents read from beside it. Raises `PolicyInvalid` with all findings.

    `today` lets expired terms be found.
    """
    parsed = inspect(path, today)
    if parsed.policy is None:
        raise PolicyInvalid(parsed.findings)
    return parsed.policy


def inspect(path: Path, today: date | None = None) -> Parsed:
    """The file as read, with findings and positions. Never raises for what a file holds."""
    try:
        text = _text_of(path)
    except _Unreadable as problem:
        notes = Notes()
        notes.add(problem.code, problem.why, Spot(path.name, 1, 1))
        return Parsed(None, notes.findings, {})
    return read_text(text, lambda name: _text_of(path.parent / name), path.name, today)


def parse(text: str, load: Load | None = None) -> tuple[Policy | None, list[Finding]]:
    """The policy `text` states, or None when a finding is an error; and all findings in the order of the file.

    `load` gives the text of a parent; without it a file that extends another cannot be read.
    """
    parsed = read_text(text, load)
    return parsed.policy, parsed.findings


def read_text(text: str, load: Load | None = None, path: str = "policy.yaml", today: date | None = None) -> Parsed:
    """The text as read; `path` names it in findings."""
    with _undisturbed():
        return _read(text, load, path, today, ())


@contextmanager
def _undisturbed() -> Iterator[None]:
    """No collection of garbage meanwhile: nothing of a growing tree is any, and looking through it again and again
    costs as much as reading the file.
    """
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()


def _read(text: str, load: Load | None, path: str, today: date | None, above: tuple[str, ...]) -> Parsed:
    """`above` names the files that led here through `extends`, this one last."""
    notes = Notes()
    tree, parent = read_tree(text, path, notes), None
    if tree is not None and "extends" in tree.entries:
        tree, parent = _on_parent(tree, load, path, notes, above)
    if tree is None:
        return Parsed(None, notes.findings, {})
    spots = Positions(tree)
    draft = _read_sections(tree, path, notes)
    faults = [finding.place for finding in notes.findings if finding.place]
    check_into(notes, draft, spots, today, faults)
    if parent is not None:
        widenings(parent, draft, spots, notes)
    ordered = sorted(notes.findings, key=lambda found: (found.path != path, found.path, found.position.line, found.position.column))
    return Parsed(draft, ordered, spots, tree)


def _read_sections(tree: Table, path: str, notes: Notes) -> Policy:
    version = tree.entries.get("troth")
    if version is not None and isinstance(version.value, Scalar) and version.value.text != LANGUAGE_VERSION:
        message = f"the file is written for version {quoted(version.value.text)} of the language; this is version `{LANGUAGE_VERSION}`"
        notes.add(Code.UNKNOWN_LANGUAGE_VERSION, message, version.value.spot, place=("troth",))
    return POLICY.read(tree, Where((), Spot(path, 1, 1), notes))


def _on_parent(tree: Table, load: Load | None, path: str, notes: Notes, above: tuple[str, ...]) -> tuple[Table | None, Policy | None]:
    """The file's tree laid over its parent's, and the parent; two Nones when the parent cannot serve."""
    extends = tree.entries["extends"]
    name = _parent_name(extends, path if above else "", notes)
    if name is None:
        return None, None
    if name in above or len(above) >= PARENTS_LIMIT:
        notes.add(Code.CYCLIC_EXTENSION, f"{quoted(name)} comes back to itself through `extends`", extends.value.spot)
        return None, None
    try:
        text = _loaded(load, name)
    except _Unreadable as problem:
        notes.add(problem.code, f"the parent {quoted(name)} cannot be read: {problem.why}", extends.value.spot)
        return None, None
    below = _read(text, load, name, None, (*above, name))
    if below.policy is None or below.tree is None:
        _pass_on(below.findings, name, extends, notes)
        return None, None
    return lay_over(below.tree, tree, below.policy.workspace, notes), below.policy


def _parent_name(extends: Entry, path: str, notes: Notes) -> str | None:
    """The parent's name seen from the first file, or None when it is no relative path to a policy file."""
    node = extends.value
    if not isinstance(node, Scalar) or node.null or node.text.startswith(("/", "\\")) or not node.text.endswith((".yaml", ".yml")):
        notes.add(Code.UNREADABLE, "`extends` must be the path of a policy file, seen from this one", node.spot)
        return None
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), node.text))


def _pass_on(findings: list[Finding], name: str, extends: Entry, notes: Notes) -> None:
    """A broken parent's errors, each at its own place, under one that says whose they are."""
    faults = errors(findings)
    if not any(fault.code in {Code.CYCLIC_EXTENSION, Code.PARENT_INVALID} for fault in faults):
        count = "an error" if len(faults) == 1 else f"{len(faults)} errors"
        notes.add(Code.PARENT_INVALID, f"the parent {quoted(name)} has {count} of its own", extends.value.spot)
    for fault in faults:
        notes.add(fault.code, fault.message, Spot(fault.path, fault.position.line, fault.position.column), fault.help)


def _loaded(load: Load | None, name: str) -> str:
    if load is None:
        raise _Unreadable(Code.UNREADABLE, "there is no place to read parents from")
    try:
        return load(name)
    except (OSError, ValueError, LookupError):
        raise _Unreadable(Code.UNREADABLE, "it is not there") from None


def _text_of(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(TEXT_LIMIT + 1)
    except (OSError, ValueError) as problem:
        why = problem.strerror if isinstance(problem, OSError) and problem.strerror else "it is not a path"
        raise _Unreadable(Code.UNREADABLE, why.lower()) from None
    if len(data) > TEXT_LIMIT:
        raise _Unreadable(Code.TOO_LARGE, "the file is larger than 1 MiB")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _Unreadable(Code.NOT_UTF8, "the file is not UTF-8") from None
