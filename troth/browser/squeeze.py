"""How few bytes can the script be and still mean the same? Drops what only a reader needs, and shortens its own names.

It knows the JavaScript that `troth.js` is written in and no more: each statement ends in `;` or `}`, a regular expression
follows a `(`, templates do not nest, and a name that the file declares means no global anywhere in it. A name that is ever
a property, a key or a short form of one stays as it is. Nothing rests on a constant being one. There are no classes and no methods in short form.
Source: ECMA-262, 12 (lexical grammar); docs/decisions/0027.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from itertools import count
from string import ascii_letters

_TOKEN = re.compile(
    r"(?P<beside>\s+|//[^\n]*|/\*.*?\*/)"
    r"|(?P<text>\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*')"
    r"|(?P<template>`(?:[^`\\]|\\.)*`)"
    r"|(?P<name>[A-Za-z_$][\w$]*)"
    r"|(?P<number>\d[\w.]*)"
    r"|(?P<regex>(?<=\()/(?:[^/\\\[\n]|\\.|\[(?:[^\]\\]|\\.)*\])+/[a-z]*)"
    r"|(?P<mark>\.\.\.|\?\.|=>|.)",
    re.DOTALL,
)
_OPEN, _CLOSE = "([{", ")]}"
_HELD = re.compile(r"\$\{([^}]*)\}")
Token = tuple[str, str]  # its kind, and itself


def squeezed(text: str) -> str:
    """The same script in fewer bytes."""
    tokens = list(_tokens(text))
    names = _shorter(tokens)
    return "".join(_spaced(_declared_together([_renamed(token, names) for token in tokens])))


def _tokens(text: str) -> Iterator[Token]:
    for found in _TOKEN.finditer(text):
        if found.lastgroup and found.lastgroup != "beside":
            yield found.lastgroup, found[0]


def _declared_together(tokens: list[Token]) -> list[Token]:
    """Constants as variables, and declarations that follow one another as one."""
    done: list[Token] = []
    declaring = [False]  # for each open bracket, whether what stands now is a declaration
    for kind, word in tokens:
        if kind == "mark" and word in _OPEN:
            declaring.append(False)
        elif kind == "mark" and word in _CLOSE:
            declaring.pop()
        elif word in ("const", "let"):
            if declaring[-1] and done[-1][1] == ";":
                done[-1] = ("mark", ",")
                continue
            declaring[-1], word = True, "let"
        elif done and done[-1][1] == ";":
            declaring[-1] = False
        done.append((kind, word))
    return done


def _spaced(tokens: list[Token]) -> Iterator[str]:
    """A space only where two words would run together."""
    before = ""
    for at, (kind, word) in enumerate(tokens):
        if word in (",", ";") and at + 1 < len(tokens) and tokens[at + 1][1] == "}":
            continue  # what ends a list or a block need not be said twice
        worded = kind in ("name", "number")
        yield " " + word if worded and re.search(r"[\w$]$", before) and before[-1:] != "`" else word
        before = word if kind != "text" else ""


def _renamed(token: Token, names: dict[str, str]) -> Token:
    kind, word = token
    if kind == "template":
        lines = re.sub(r"\n", "", word)  # the line ends of a template here are those of a style sheet
        return kind, _HELD.sub(lambda held: "${" + "".join(_spaced([_renamed(one, names) for one in _tokens(held[1])])) + "}", lines)
    return (kind, names.get(word, word)) if kind == "name" else token


def _shorter(tokens: list[Token]) -> dict[str, str]:
    """A short name for each that the file declares and uses in no other sense, the most used first."""
    declared, kept, used = _uses(tokens)
    spare = (name for name in _short_names() if name not in used)
    return dict(zip((name for name, _ in used.most_common() if name in declared - kept), spare, strict=False))


def _uses(tokens: list[Token]) -> tuple[set[str], set[str], Counter[str]]:
    """Which names are declared, which must be kept, and how often each is used."""
    declared: set[str] = set()
    kept: set[str] = set()
    used: Counter[str] = Counter(word for kind, word in _with_held(tokens) if kind == "name")
    inside: list[str] = []
    for at, (kind, word) in enumerate(tokens):
        before, after = (tokens[one][1] if 0 <= one < len(tokens) else "" for one in (at - 1, at + 1))
        if kind == "mark" and word in _OPEN:
            inside.append(word)
        elif kind == "mark" and word in _CLOSE:
            inside.pop()
        elif kind == "name" and (before in (".", "?.") or (inside[-1:] == ["{"] and before in ("{", ",") and after in (",", "}", ":", "="))):
            kept.add(word)
        elif kind == "name" and before in ("const", "let"):
            declared.add(word)
    return declared, kept, used


def _with_held(tokens: list[Token]) -> Iterator[Token]:
    for kind, word in tokens:
        yield kind, word
        if kind == "template":
            for held in _HELD.findall(word):
                yield from _tokens(held)


def _short_names() -> Iterator[str]:
    yield from ascii_letters
    for number in count():
        for letter in ascii_letters:
            yield f"{letter}{number}"
