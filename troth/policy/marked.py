"""Where does each word of the file stand? Text becomes a tree of marked nodes; what the words mean is not asked here.

Every key and value keeps its line and column, 1-based. Anchors, aliases, tags, repeated keys and further documents are
findings, never interpreted. The parser's events are read rather than its node tree: an alias is then seen before it
could be expanded, and depth is bounded without recursion.
Source: YAML 1.1 as libyaml reads it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import yaml

from troth.policy.finding import Code, Notes, Place, Spot, quoted

TEXT_LIMIT = 1 << 20  # bytes
DEPTH_LIMIT = 20
NULLS = frozenset({"", "~", "null", "Null", "NULL"})

# Control characters, line ends other than \n, and marks that make text look different from what it says.
HIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff\ud800-\udfff]")
_LEADING_TAB = re.compile(r"^( *)\t[ \t]*\S", re.MULTILINE)


class Scalar(NamedTuple):
    """Text as it stands in the file. `plain`: without quotes, so that an empty one or `null` means nothing."""

    text: str
    plain: bool
    spot: Spot

    @property
    def null(self) -> bool:
        """Whether it says "nothing"."""
        return self.plain and self.text in NULLS


class Listing(NamedTuple):
    entries: tuple[Node, ...]
    spot: Spot


class Entry(NamedTuple):
    """A key's place and its value."""

    key: Spot
    value: Node


class Table(NamedTuple):
    entries: dict[str, Entry]
    spot: Spot


Node = Scalar | Listing | Table


def read_tree(text: str, path: str, notes: Notes) -> Table | None:
    """The file's tree, or None when there is none to read; every reason is in `notes`."""
    if not _readable(text, path, notes):
        return None
    try:
        root = _Builder(path, notes).build(text)
    except yaml.YAMLError as problem:
        _note_syntax(problem, path, notes)
        return None
    if root is not None and not isinstance(root, Table):
        notes.add(Code.NOT_A_MAPPING, "a policy is a mapping of keys to values", root.spot)
    return root if isinstance(root, Table) else None


class Positions(Mapping[Place, Spot]):
    """Where each value stands: a word at itself, a list or mapping at its key. Looked up in the tree when asked."""

    def __init__(self, tree: Node) -> None:
        self._tree = tree

    def __getitem__(self, place: Place) -> Spot:
        node, key = self._tree, None
        for step in place:
            node, key = _step(node, step)
        return node.spot if isinstance(node, Scalar) or key is None else key

    def __iter__(self) -> Iterator[Place]:
        return _places(self._tree, ())

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _step(node: Node, step: str | int) -> tuple[Node, Spot | None]:
    """What a step leads to, and its key where it has one; a `KeyError` when it leads nowhere."""
    if isinstance(node, Table) and isinstance(step, str):
        entry = node.entries[step]
        return entry.value, entry.key
    if isinstance(node, Listing) and isinstance(step, int) and 0 <= step < len(node.entries):
        return node.entries[step], None
    raise KeyError(step)


def _places(node: Node, place: Place) -> Iterator[Place]:
    yield place
    if isinstance(node, Table):
        for name, entry in node.entries.items():
            yield from _places(entry.value, (*place, name))
    if isinstance(node, Listing):
        for index, value in enumerate(node.entries):
            yield from _places(value, (*place, index))


def _readable(text: str, path: str, notes: Notes) -> bool:
    if len(text) > TEXT_LIMIT or len(text.encode("utf-8", "replace")) > TEXT_LIMIT:
        notes.add(Code.TOO_LARGE, "the file is larger than 1 MiB", Spot(path, 1, 1))
        return False
    hidden = HIDDEN.search(text)
    if hidden:
        spot = _spot_of(text, hidden.start(), path)
        notes.add(Code.HIDDEN_CHARACTER, f"character U+{ord(hidden.group()):04X} cannot be seen and is not allowed", spot)
    for tab in _LEADING_TAB.finditer(text):
        spot = _spot_of(text, tab.start() + len(tab.group(1)), path)
        notes.add(Code.TAB, "a line starts with a tab; indent with spaces", spot)
    return not hidden


def _spot_of(text: str, offset: int, path: str) -> Spot:
    start = text.rfind("\n", 0, offset) + 1
    return Spot(path, text.count("\n", 0, offset) + 1, offset - start + 1)


def _note_syntax(problem: yaml.YAMLError, path: str, notes: Notes) -> None:
    mark = getattr(problem, "problem_mark", None) or getattr(problem, "context_mark", None)
    spot = Spot(path, mark.line + 1, mark.column + 1) if mark else Spot(path, 1, 1)
    if any(found.code is Code.TAB and found.position.line == spot.line for found in notes.findings):
        return
    notes.add(Code.NOT_YAML, f"not YAML: {getattr(problem, 'problem', None) or 'the text cannot be read'}", spot)


@dataclass(slots=True)
class _Open:
    """A list or mapping whose end has not been seen; `key` waits for its value."""

    spot: Spot
    table: bool
    names: dict[str, Entry] = field(default_factory=dict)
    values: list[Node] = field(default_factory=list)
    key: tuple[str, Spot] | None = None


_new: Any = tuple.__new__  # a named tuple's own way of being made costs as much again


class _Builder:
    """Puts the parser's events together."""

    def __init__(self, path: str, notes: Notes) -> None:
        self._path, self._notes = path, notes
        self._open: list[_Open] = []
        self._root: Node | None = None
        self._documents = 0

    def build(self, text: str) -> Node | None:
        loader = yaml.CSafeLoader(text)
        while (event := loader.get_event()) is not None:
            if event.__class__ is yaml.ScalarEvent and event.tag is None and event.anchor is None:  # nearly all there is
                self._word(event)
            elif isinstance(event, yaml.NodeEvent):
                if not self._take(event):
                    return None
            elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
                self._close()
            elif isinstance(event, yaml.DocumentStartEvent):
                self._documents += 1
                if self._documents > 1:
                    self._add(Code.MANY_DOCUMENTS, "the file holds more than one document", self._spot(event))
                    return None
        if self._root is None:
            self._add(Code.NOT_A_MAPPING, "the file is empty", Spot(self._path, 1, 1))
        return self._root

    def _word(self, event: Any) -> None:
        """A plain word: the same as `_take` and `_place`, by the short way."""
        mark, word, top = event.start_mark, event.value, self._open[-1] if self._open else None
        spot = _new(Spot, (self._path, mark.line + 1, mark.column + 1))
        if top is not None and top.table and top.key is None and word not in top.names and word not in NULLS:
            top.key = (word, spot)
        elif top is not None and not top.table:
            top.values.append(_new(Scalar, (word, not event.style, spot)))
        else:
            self._place(_new(Scalar, (word, not event.style, spot)))

    def _take(self, event: yaml.NodeEvent) -> bool:
        """One value, key or opening; False when nothing further can be read."""
        spot = self._spot(event)
        if isinstance(event, yaml.AliasEvent):
            self._add(Code.ALIAS, f"alias {quoted(str(event.anchor))}: write the value out where it is meant", spot)
            self._place(Scalar("", True, spot))
            return True
        if event.anchor is not None:
            self._add(Code.ANCHOR, f"anchor {quoted(str(event.anchor))}: a policy says each thing where it is meant", spot)
        tag = getattr(event, "tag", None)
        if tag is not None and tag != "!":
            self._add(Code.TAG, f"tag {quoted(str(tag))}: values carry no tags", spot)
        if isinstance(event, yaml.ScalarEvent):
            self._place(Scalar(event.value, not event.style, spot))
            return True
        if len(self._open) >= DEPTH_LIMIT:
            self._add(Code.TOO_DEEP, f"values are nested more than {DEPTH_LIMIT} deep", spot)
            return False
        self._open.append(_Open(spot, isinstance(event, yaml.MappingStartEvent)))
        return True

    def _close(self) -> None:
        done = self._open.pop()
        node: Node = Table(done.names, done.spot) if done.table else Listing(tuple(done.values), done.spot)
        self._place(node)

    def _place(self, node: Node) -> None:
        """Put a finished value where it belongs: the root, a list, a waiting key, or as the next key."""
        if not self._open:
            self._root = node
            return
        top = self._open[-1]
        if not top.table:
            top.values.append(node)
        elif top.key is None:
            top.key = self._name(node, top)
        else:
            (name, spot), top.key = top.key, None
            if name not in top.names:
                top.names[name] = _new(Entry, (spot, node))

    def _name(self, node: Node, top: _Open) -> tuple[str, Spot]:
        if not isinstance(node, Scalar) or not node.text or node.null:
            self._add(Code.KEY_NOT_TEXT, "a key must be a word", node.spot)
            return "", node.spot
        if node.text in top.names:
            first = top.names[node.text].key
            self._add(Code.DUPLICATE_KEY, f"key {quoted(node.text)} was already given on line {first.line}", node.spot)
        return node.text, node.spot

    def _spot(self, event: yaml.Event) -> Spot:
        mark = event.start_mark
        return Spot(self._path, mark.line + 1, mark.column + 1) if mark else Spot(self._path, 1, 1)

    def _add(self, code: Code, message: str, spot: Spot) -> None:
        self._notes.add(code, message, spot)
