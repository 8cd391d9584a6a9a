"""What may an editor tell a person who writes a policy? The language as JSON Schema, made from the tables that read it.

It says which keys and words there are, not whether the parts agree; `troth policy check` does.
Source: JSON Schema, draft 2020-12.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import yaml

from troth.policy.compose import OWN
from troth.policy.sections import POLICY_KEYS, VERSION_KEY
from troth.policy.shapes import Key, Shape

_NULL = {"type": "null"}
_EXTENDS = {"type": "string", "pattern": r"^[^/\\].*\.ya?ml$", "description": "The policy file that this one narrows, seen from this one."}


def schema() -> dict[str, Any]:
    """The schema of a policy file: a whole one, or a client's, which says only what differs from its parent's."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A policy that runs",
        "type": "object",
        "if": {"required": ["extends"]},
        "then": {"$ref": "#/$defs/client"},
        "else": {"$ref": "#/$defs/policy"},
        "$defs": {"policy": _object((VERSION_KEY, *POLICY_KEYS)), "client": _client()},
    }


def _client() -> dict[str, Any]:
    """A client's file: its own sections whole, the others in part, and `null` for what it leaves away."""
    keys = [key for key in POLICY_KEYS if key.name != "parent"]
    own = _object((VERSION_KEY, *(key for key in keys if key.name in OWN)))
    rest = _object((key for key in keys if key.name not in OWN), partly=True)
    properties = {"extends": _EXTENDS} | own["properties"] | rest["properties"]
    return own | {"properties": properties, "required": ["extends", *own["required"]]}


def _object(keys: Iterable[Key], partly: bool = False) -> dict[str, Any]:
    every = list(keys)
    return {
        "type": "object",
        "properties": {key.name: _property(key, partly) for key in every},
        "required": [] if partly else [key.name for key in every if key.needed],
        "additionalProperties": False,
    }


def _property(key: Key, partly: bool) -> dict[str, Any]:
    form = _form(key.shape, partly)
    told: dict[str, Any] = {"description": key.help}
    if key.example:
        told["examples"] = [yaml.load(key.example, Loader=plain_loader())]
    return told | (form if key.needed and not partly else {"anyOf": [form, _NULL]})


def _form(shape: Shape[Any], partly: bool) -> dict[str, Any]:
    if not shape.keys:
        removable = partly and "additionalProperties" in shape.form
        return dict(shape.form) | ({"additionalProperties": {"anyOf": [shape.form["additionalProperties"], _NULL]}} if removable else {})
    entry = _object(shape.keys, partly)
    if shape.named is None:
        return entry
    return {"type": "object", "propertyNames": dict(shape.named.form), "additionalProperties": {"anyOf": [entry, _NULL]} if partly else entry}


def plain_loader() -> type[yaml.SafeLoader]:
    """YAML as editors read it for a schema: days stay words, and only `true` and `false` are flags."""
    return _Plain


class _Plain(yaml.SafeLoader):
    """Without what YAML 1.2 left away."""


_LEFT_AWAY = ("tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:bool")
_Plain.yaml_implicit_resolvers = {
    letter: [(tag, pattern) for tag, pattern in resolvers if tag not in _LEFT_AWAY]
    for letter, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()}
_Plain.add_implicit_resolver(_LEFT_AWAY[1], re.compile("true|false"), ["t", "f"])
