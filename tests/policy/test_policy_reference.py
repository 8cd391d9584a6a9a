"""Does every key of the language say what it means, and is every example and published page true?

`TROTH_GOLDEN=1 pytest tests/policy -k published` (or `make docs`) writes the reference and the schema anew.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from policy_edits import EXAMPLES

from troth.policy.finding import errors
from troth.policy.model import Policy
from troth.policy.parse import parse
from troth.policy.reference import SMALL, Told, every_key, reference
from troth.policy.schema import plain_loader, schema
from troth.policy.write import to_yaml

DOCS = Path(__file__).parents[2] / "docs"
KEYS = list(every_key())
SHOWN = [told for told in KEYS if told.key.example]
FILES = sorted(path.parent.name for path in EXAMPLES.glob("*/policy.yaml"))


def _read(text: str) -> Any:
    return yaml.load(text, Loader=plain_loader())


def _with(told: Told) -> dict[str, Any]:
    """The small policy with one key's example in its place. Where a name is the author's choice, the first one there is."""
    file = _read(SMALL)
    table = file
    for deep, step in enumerate(told.way[:-1], 1):
        name = next(iter(table), "example") if step == "{id}" else step
        table = table.setdefault(name, _needed(".".join(told.way[:deep])))
    if told.way[-2:-1] == ("proof",) and told.way[-1] != "with":
        table.clear()  # one kind of proof at a time
    table[told.way[-1]] = _read(told.key.example)
    return file


def _needed(around: str) -> dict[str, Any]:
    """What else must be there where an example's surroundings are not in the small policy."""
    return {each.way[-1]: _read(each.key.example) for each in KEYS if each.at.rpartition(".")[0] == around and each.key.needed}


def _at(policy: Policy, told: Told) -> Any:
    value: Any = yaml.safe_load(to_yaml(policy))
    for step in told.way:
        value = next(iter(value.values())) if step == "{id}" else value.get(step)
        if value is None:
            return None
    return value


@pytest.mark.parametrize("told", KEYS, ids=lambda told: told.at)
def test_every_key_says_what_it_means_in_a_sentence(told: Told) -> None:
    assert told.key.help.endswith(".") and told.key.help[0].isupper()
    assert told.key.example or told.key.shape.keys, "it has neither an example nor keys of its own"


# What a text can say and no policy may: it is read so that the text can be told.
SAID_TO_BE_REFUSED = {"channels.{id}.condition_of_purchase": "consent-as-condition"}


@pytest.mark.parametrize("told", SHOWN, ids=lambda told: told.at)
def test_every_example_is_read_and_says_more_than_the_default(told: Told) -> None:
    policy, findings = parse(yaml.safe_dump(_with(told), sort_keys=False, allow_unicode=True))
    if told.at in SAID_TO_BE_REFUSED:
        assert [finding.code for finding in errors(findings)] == [SAID_TO_BE_REFUSED[told.at]]
        return
    assert policy is not None, [str(finding) for finding in errors(findings)]
    assert _at(policy, told) is not None, "the example is the default"
    assert parse(to_yaml(policy))[0] == policy


@pytest.mark.parametrize("told", SHOWN, ids=lambda told: told.at)
def test_the_schema_accepts_every_example(told: Told) -> None:
    assert [error.message for error in VALID.iter_errors(_with(told))] == []


VALID = Draft202012Validator(schema())


def test_the_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(schema())


@pytest.mark.parametrize("name", FILES)
def test_the_examples_hold_to_the_schema(name: str) -> None:
    file = _read((EXAMPLES / name / "policy.yaml").read_text("utf-8"))
    assert [f"{list(error.path)}: {error.message[:200]}" for error in VALID.iter_errors(file)] == []


def _without(key: str) -> Callable[[dict[str, Any]], object]:
    return lambda file: file.pop(key)


@pytest.mark.parametrize("damage", [
    _without("purposes"), _without("troth"), lambda file: file.update(purpose={}), lambda file: file.update(effective_on="soon"),
    lambda file: file["purposes"]["counting"].update(permission="perhaps"), lambda file: file["purposes"]["counting"].update(keep_for="3 months"),
    lambda file: file["items"].update({"Page": file["items"]["page.route"]}), lambda file: file["channels"].update(pigeon={}),
    lambda file: file["retention"]["usage"].update(keeps="90d"), lambda file: file.update(rights={"fees": {"after": "twice"}}),
    lambda file: file.update(site={"origins": ["www.shop.example/path"], "routes": ["/"]}), lambda file: file.update(items=[]),
])
def test_what_the_parser_refuses_the_schema_refuses_too(damage: Callable[[dict[str, Any]], object]) -> None:
    file = _read(SMALL)
    assert VALID.is_valid(file)
    damage(file)
    assert not VALID.is_valid(file)
    assert errors(parse(yaml.safe_dump(file, sort_keys=False))[1])


def test_the_published_reference_is_what_the_tables_say() -> None:
    _published("policy-reference.md", reference())


def test_the_published_schema_is_what_the_tables_say() -> None:
    _published("policy.schema.json", json.dumps(schema(), indent=1, ensure_ascii=False) + "\n")


def _published(name: str, text: str) -> None:
    file = DOCS / name
    if os.environ.get("TROTH_GOLDEN"):
        file.write_text(text, "utf-8")
    assert file.read_text("utf-8") == text, f"docs/{name} is not what the tables say; look, then run `make docs`"
