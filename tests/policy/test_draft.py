"""Is a drafted policy valid, marked and honest? Whatever the text; and nothing is guessed from a denial."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from placing import NAMES, TEXTS, document

from troth.base.errors import Fault
from troth.cli import main
from troth.policy.draft import Draft, Guess, draft, phrases
from troth.policy.draft_file import to_file
from troth.policy.draft_names import companies_in, international
from troth.policy.findings import errors
from troth.policy.model import Permission, Policy
from troth.policy.parse import read_text
from troth.policy.phrases import table
from troth.policy.text import Sentence, read_words

TODAY = date(2026, 11, 22)
SENTENCES = [one.text for name in NAMES for one in document(name).sentences]


def facts(text: str, name: str = "a.md") -> set[tuple[str, str]]:
    return set(draft(read_words(text, name)).facts())


def policy_of(found: Draft) -> tuple[str, Policy]:
    """The file of a draft and the policy it states; it must be valid."""
    text = to_file(found, TODAY)
    parsed = read_text(text)
    assert errors(parsed.findings) == []
    assert parsed.policy is not None
    return text, parsed.policy


# the file


@pytest.mark.parametrize("name", NAMES)
def test_a_draft_is_valid_and_holds_every_promising_sentence_with_its_section_and_no_proof(name: str) -> None:
    found = draft(document(name))
    _, policy = policy_of(found)
    assert [(one.clause, one.sentence) for one in policy.promises.values()] == [(one.section, one.body) for one in found.promising]
    assert all(promise.proof is None for promise in policy.promises.values())


@pytest.mark.parametrize("name", NAMES)
def test_every_guess_is_marked_with_its_rule_and_line_for_a_person_to_settle(name: str) -> None:
    found = draft(document(name))
    text, _ = policy_of(found)
    marked = set(re.findall(r"^ *# guess \(([\w-]+), line (\d+)\).*; (?:for what\? )?settle this$", text, re.MULTILINE))
    first = {(kind, value): guess for guess in reversed(found.guesses) for kind, value in [(guess.kind, guess.value)]}
    assert {(guess.rule, str(guess.line)) for guess in first.values()} <= marked


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(SENTENCES), min_size=1, max_size=25), st.sampled_from(["a.md", "a.txt"]))
def test_any_mixture_of_sentences_gives_a_valid_file(sentences: list[str], name: str) -> None:
    policy_of(draft(read_words("\n\n".join(sentences), name)))


HOSTILE = st.text(st.one_of(st.characters(exclude_categories=("Cs",)), st.sampled_from("\n\t'\"#:{}[]&*!|>%@`-?,\\~<=€ abc.ü")), max_size=200)


@settings(max_examples=80, deadline=None)
@given(HOSTILE, st.sampled_from(["a.md", "a.txt", "a.html"]))
def test_any_text_at_all_gives_a_valid_file_or_a_coded_error(text: str, name: str) -> None:
    try:
        found = draft(read_words(f"{text}\n\nWe keep {text[:50]} for two years. Write to {text[:20]}@x.example, {text[:20]} Ltd.", name))
    except Fault as fault:
        assert fault.code == "no-sentences"
        return
    policy_of(found)


@pytest.mark.parametrize("rule", [row["id"] for row in table("guesses")["settings"]])
def test_every_setting_a_rule_can_guess_is_one_the_language_has(rule: str) -> None:
    row = next(row for row in table("guesses")["settings"] if row["id"] == rule)
    sentence = read_words("We do so.", "a.md").sentences[0]
    guess = Guess("setting", rule, rule, sentence, (row["key"], sentence.body if row.get("text") else row["value"]))
    text, _ = policy_of(Draft(document("pedal"), (guess,), (), {}))
    assert row["key"].partition(".")[0] in text


@pytest.mark.parametrize(("kind", "value"), [
    *(("purpose", id) for id in table("catalogue")["purposes"]), *(("item", id) for id in table("catalogue")["items"]),
    *(("right", phrase.row["fact"]) for phrase in phrases("rights")), *(("regime", phrase.row["fact"]) for phrase in phrases("regimes")),
])
def test_everything_a_rule_can_guess_can_stand_alone_in_a_file(kind: str, value: str) -> None:
    sentence = read_words("We do so.", "a.md").sentences[0]
    _, policy = policy_of(Draft(document("pedal"), (Guess(kind, value, "a-rule", sentence),), (), {}))
    place = {"purpose": policy.purposes, "item": policy.items, "right": policy.rights.offered, "regime": policy.regimes}[kind]
    assert value in place


def test_every_rule_has_an_id_of_its_own_and_names_something_of_the_catalogue() -> None:
    kinds = ("items", "purposes", "bases", "rights", "recipients", "retention", "counted_from", "regimes", "settings", "children", "safeguards")
    ids = [row["id"] for kind in kinds for row in table("guesses")[kind]]
    assert len(ids) == len(set(ids))
    catalogue = table("catalogue")
    assert {row["fact"] for row in table("guesses")["items"]} <= set(catalogue["items"])
    assert {row["fact"] for row in table("guesses")["purposes"]} == set(catalogue["purposes"])
    assert {row["fact"] for row in table("guesses")["retention"]} == set(catalogue["retention"])


# the guesses


@pytest.mark.parametrize(("text", "fact"), [
    ("We record your IP address.", ("item", "device.ip")), ("We take your e-mail address.", ("item", "contact.email")),
    ("We ask for your delivery address.", ("item", "contact.address")), ("We count visits: statistics are made.", ("purpose", "site-analytics")),
    ("We share data with Brightpost Ltd.", ("recipient", "brightpost")),
    ("The newsletter is sent by Mailkite GmbH in Germany.", ("country", "mailkite DE")),
    ("We never sell your details.", ("setting", "sharing.sale=never")), ("We do not record calls.", ("setting", "channels.telephone.recorded=never")),
    ("We use a cookie called `ab_seen` for ten days.", ("cookie", "ab_seen")), ("Enquiries are kept for two years.", ("retention", "730d")),
    ("You have the right to have data erased, that is erasure.", ("right", "erasure")),
    ("Children under 13 may not order.", ("setting", "children.age=13")),
    ("We answer within 14 days.", ("setting", "rights.answer_within=14d")),
])
def test_a_sentence_that_states_a_fact_gives_it(text: str, fact: tuple[str, str]) -> None:
    assert fact in facts(text)


@pytest.mark.parametrize(("text", "fact"), [
    ("We do not record your IP address.", ("item", "device.ip")), ("We never ask for your delivery address.", ("item", "contact.address")),
    ("We sell bicycles.", ("setting", "sharing.sale=never")), ("We send no newsletter.", ("purpose", "newsletter")),
    ("Calls are recorded.", ("setting", "channels.telephone.recorded=never")),
    ("Please do not send us your e-mail address.", ("item", "contact.email")),
])
def test_a_denial_a_duty_and_another_sense_give_nothing(text: str, fact: tuple[str, str]) -> None:
    assert fact not in facts(text)


def test_a_transfer_without_a_safeguard_becomes_a_comment_and_no_recipient() -> None:
    found = draft(read_words("# Who else\n\nMailkite in the United States sends the newsletter.\n", "a.md"))
    text, policy = policy_of(found)
    assert policy.recipients == {}
    assert "# mailkite: its country has no adequate protection and the text names no `safeguard` for it: settle this" in text
    safe = draft(read_words("# Who else\n\nMailkite in the United States sends the newsletter under standard contractual clauses.\n", "a.md"))
    assert policy_of(safe)[1].recipients["mailkite"].safeguard == "standard-contractual-clauses"


def test_two_sentences_that_disagree_become_a_reading_to_settle() -> None:
    _, policy = policy_of(draft(read_words("We do not record calls.\n\nAll our calls are recorded.\n", "a.md")))
    reading = policy.readings["two-values-of-channels-telephone-recorded"]
    assert "line 1 says channels.telephone.recorded=never" in reading.conflict and "line 3" in reading.conflict


def test_a_basis_said_in_words_decides_how_permission_works() -> None:
    _, policy = policy_of(draft(read_words("We make statistics of visits only if you agree.", "a.md")))
    assert policy.purposes["site-analytics"].permission is Permission.ASK_BEFORE


def test_a_company_is_known_by_what_it_does_and_by_its_ending() -> None:
    def names(text: str, disclosing: bool = True) -> list[tuple[str, str]]:
        sentence: Sentence = read_words(text, "a.md").sentences[0]
        return [(one.id, one.country) for one in companies_in(sentence, disclosing)]

    assert names("Parcel Fox delivers your order.") == [("parcel-fox", "")]
    assert names("Files rest with Stonebridge Hosting Ltd in Ireland.") == [("stonebridge-hosting", "IE")]
    assert names("The United Kingdom and Monday receive nothing.") == []
    assert names("We mend bikes in Norwich.", disclosing=False) == []


def test_a_british_number_is_told_with_its_country() -> None:
    assert international("020 7946 0161") == international("+44 (0)20 7946 0161") == "+442079460161"
    assert international("555-0100") == "5550100"


# the command


def test_the_command_writes_once_and_tells_what_it_placed(tmp_path: Path) -> None:
    out, run = tmp_path / "policy.yaml", CliRunner().invoke
    first = run(main, ["policy", "draft", str(TEXTS / "pedal.md"), "--out", str(out)])
    assert first.exit_code == 0 and "facts guessed from" in first.output
    assert run(main, ["policy", "check", str(out)]).exit_code == 0
    assert run(main, ["policy", "draft", str(TEXTS / "pedal.md"), "--out", str(out)]).exit_code == 1
    told = json.loads(run(main, ["policy", "draft", str(TEXTS / "pedal.md"), "--json"]).output)
    placed = [one for one in told["sentences"] if one["placed"]]
    assert told["counts"]["placed"] == len(placed) == sum(bool(one["facts"]) for one in told["sentences"])
    assert told["counts"]["unplaced"] == sum(not one["placed"] and not one["reason"] for one in told["sentences"]) > 0
    assert run(main, ["policy", "trace", str(TEXTS / "pedal.md"), str(out)]).exit_code == 0
