"""What backs a sentence, and why? Promises by words, reasons by rules, settlements by people; in doubt nothing."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st
from placing import TEXTS, traced

from troth.base.errors import Fault
from troth.cli import main
from troth.policy.likeness import Comparison, stem, words_in
from troth.policy.model import Policy
from troth.policy.parse import PolicyInvalid, read_policy
from troth.policy.settling import COLUMNS, as_csv, read_settlement, settlement
from troth.policy.text import read_words
from troth.policy.trace import Outcome, Placed, is_reason, reasons, rules, trace

PEDAL = read_policy(TEXTS / "pedal.policy.yaml")


def placed(text: str, policy: Policy = PEDAL, name: str = "a.md") -> Placed:
    """The last sentence of a text."""
    return trace(read_words(text, name), policy)[-1]


# by words


def test_a_promise_in_other_words_backs_a_sentence_and_its_words_are_named() -> None:
    one = placed("Reply STOP to end our text messages.")
    assert (one.outcome, one.promises) == (Outcome.BACKED, ("pp-19",))
    assert "ends" in one.near[0].likeness.words


def test_a_sentence_that_denies_what_is_promised_is_backed_by_nothing_and_the_promise_is_named_as_help() -> None:
    one = placed("The Sunday Spin newsletter does not go only to those who asked for it.")
    assert (one.outcome, one.near[0].promise, one.near[0].likeness.opposed) == (Outcome.NOTHING, "pp-16", True)


@pytest.mark.parametrize(("text", "backed"), [
    ("We sell your details.", False), ("We never sell your details.", True), ("We don't sell your details to anyone.", True),
    ("Your details are sold to nobody.", True),
])
def test_never_and_not_must_agree(text: str, backed: bool) -> None:
    assert (placed(text).outcome is Outcome.BACKED) is backed


@pytest.mark.parametrize(("text", "backed"), [
    ("Repair jobs are kept for two years.", True), ("Repair jobs are kept for 24 months.", False), ("Repair jobs are kept for seven years.", False),
])
def test_lengths_of_time_must_agree(text: str, backed: bool) -> None:
    assert (placed(text).outcome is Outcome.BACKED) is backed


def test_an_entry_of_a_list_leans_on_its_lead() -> None:
    assert placed("When you book a repair we ask for:\n\n- your name\n").promises[0] == "pp-01"
    assert placed("Your name.").outcome is Outcome.NOTHING


def test_a_policy_without_promises_backs_nothing() -> None:
    empty = placed("We never sell your details.", read_policy(TEXTS.parents[2] / "examples" / "alder" / "policy.yaml"))
    assert (empty.outcome, empty.near) == (Outcome.NOTHING, ())


@given(st.lists(st.sampled_from([promise.sentence for promise in PEDAL.promises.values()]), min_size=2, max_size=6, unique=True))
def test_a_text_of_the_promises_themselves_is_backed_by_them(sentences: list[str]) -> None:
    by_sentence = {promise.sentence: id for id, promise in PEDAL.promises.items()}
    for one in trace(read_words("\n\n".join(sentences), "a.md"), PEDAL):
        assert one.outcome is Outcome.NOT_A_BEHAVIOUR or one.promises[0] == by_sentence[one.sentence.text]


def test_rare_words_weigh_more_than_common_ones() -> None:
    promises = [words_in(text) for text in ("We keep invoices.", "We keep orders.", "We keep names.", "We keep recordings.")]
    comparison = Comparison([], promises)
    assert comparison.weight(stem("invoices")) > comparison.weight(stem("keep"))
    assert comparison.alike(words_in("Invoices."), promises[0]).score > comparison.alike(words_in("We keep."), promises[0]).score


@pytest.mark.parametrize(("one", "other"), [
    ("erasure", "deleted"), ("retained", "keeps"), ("enquiries", "question"), ("rectify", "corrected"), ("visited", "visitor"), ("ninety", "90"),
])
def test_words_that_mean_the_same_count_as_one(one: str, other: str) -> None:
    assert stem(one) == stem(other)


# by rules


EXAMPLES = {
    "registered": "Pedal Post Ltd is registered in England under number 01234567.", "what-we-are": "Pedal Post is a small bike shop.",
    "only-an-address": "Tel.: 020 7946 0177", "write-or-ring": "Write to hello@pedalpost.example or ring us.",
    "street": "Pedal Post, 7 Mill Lane, Norwich", "means": "“Personal data” means data about a person.",
    "quoted-means": "In this text \"we\" and \"us\" refers to the shop.", "what-a-cookie-is": "A cookie is a small file that a browser keeps.",
    "construed": "Unless otherwise defined, words are as in the law.", "not-secure": "No method of transmission is ever wholly secure.",
    "no-guarantee": "We cannot guarantee this.", "not-responsible": "We are not responsible for what they write.",
    "up-to-them": "What they do is up to them.", "reader-must": "You must keep your password safe.",
    "please-do-not": "Please do not send us card numbers.",
    "check-this-page": "We advise you to review this page.", "check-now-and-then": "Check back soon.", "thanks": "Thank you for reading.",
    "matters-to-us": "Your privacy is very important.", "committed": "We are committed to doing well.",
    "about-this-text": "This notice explains what we do.",
    "see-elsewhere": "For further information see below.",
}


@pytest.mark.parametrize("rule", [rule.id for rule in rules() if rule.id not in ("is-a-heading", "is-a-link", "lead-in")])
def test_every_rule_knows_a_sentence_and_gives_its_reason(rule: str) -> None:
    one = placed(EXAMPLES[rule])
    assert (one.by, one.reason) == (rule, next(known.reason for known in rules() if known.id == rule))


def test_headings_links_and_leads_are_known_by_how_they_are_written() -> None:
    found = trace(read_words("# Data\n\n[Home](/)\n\nA few others:\n\n- Parcel Fox\n", "a.md"), PEDAL)
    assert [one.by for one in found[:3]] == ["is-a-heading", "is-a-link", "lead-in"]


def test_what_was_said_before_is_a_duplicate_of_it() -> None:
    found = trace(read_words("We paint the shop green each May.\n\nBlue too.\n\nWe paint the shop green each May.\n", "a.md"), PEDAL)
    assert [one.reason for one in found] == ["", "", "duplicate-of:1"]


def test_the_reasons_are_the_closed_list() -> None:
    assert set(reasons()) == {"navigation", "heading", "contact-details", "definition-without-effect", "disclaimer", "boilerplate", "company-facts",
                              "duty-on-the-reader", "duplicate-of"}
    assert {rule.reason for rule in rules()} | {"duplicate-of"} == set(reasons())
    assert is_reason("duplicate-of:7") and not is_reason("duplicate-of") and not is_reason("courtesy")


# by people


def test_what_was_settled_holds_until_the_sentence_changes(tmp_path: Path) -> None:
    text = "We paint the shop green."
    hash = read_words(text, "a.md").sentences[0].sha256
    file = tmp_path / "trace.yaml"
    for said, outcome, by in (("pp-01 pp-02", Outcome.BACKED, ("pp-01", "pp-02")), ("boilerplate", Outcome.NOT_A_BEHAVIOUR, ()),
                              ("nothing", Outcome.NOTHING, ()), ("duplicate-of:3", Outcome.NOT_A_BEHAVIOUR, ())):
        file.write_text(f"{hash}: {said}  # line 1\n", "utf-8")
        known = read_settlement(file, PEDAL)
        one = trace(read_words(text, "a.md"), PEDAL, known)[0]
        assert (one.outcome, one.promises, one.by) == (outcome, by, "settled")
        assert trace(read_words("We paint the shop blue.", "a.md"), PEDAL, known)[0].by != "settled"


@pytest.mark.parametrize("name", ["merrow", "pedal", "lantern"])
def test_a_settlement_that_is_written_with_its_marks_taken_away_settles_everything_as_it_was(name: str, tmp_path: Path) -> None:
    from placing import document

    policy, before = read_policy(TEXTS / f"{name}.policy.yaml"), traced(name)
    written = settlement(document(name), before, {})
    file = tmp_path / "trace.yaml"
    file.write_text(written, "utf-8")
    assert read_settlement(file, policy) == {}
    file.write_text("\n".join(line[2:] if line[2:18].isalnum() and line[18:19] == ":" else line for line in written.splitlines()), "utf-8")
    after = trace(document(name), policy, read_settlement(file, policy))
    assert [(one.outcome, one.promises, one.reason) for one in after] == [(one.outcome, one.promises, one.reason) for one in before]
    assert {one.by for one in after} == {"settled"}
    assert settlement(document(name), after, read_settlement(file, policy)).count("\n# ") == 2


@pytest.mark.parametrize(("content", "code"), [
    ("6a84d0cd5b108ad1: pp-99\n", "bad-settlement"), ("6a84d0cd5b108ad1: courtesy\n", "bad-settlement"), ("short: pp-01\n", "bad-settlement"),
    ("6a84d0cd5b108ad1: [pp-01]\n", "bad-settlement"), ("6a84d0cd5b108ad1: ''\n", "bad-settlement"),
])
def test_a_settlement_that_means_nothing_is_refused(content: str, code: str, tmp_path: Path) -> None:
    file = tmp_path / "trace.yaml"
    file.write_text(content, "utf-8")
    with pytest.raises(Fault) as caught:
        read_settlement(file, PEDAL)
    assert caught.value.code == code


@pytest.mark.parametrize("content", ["- a\n- b\n", "a: b: c\n", "a: &x b\n", "6a84d0cd5b108ad1: pp-01\n6a84d0cd5b108ad1: pp-02\n"])
def test_a_settlement_that_is_not_a_mapping_of_hashes_is_a_finding(content: str, tmp_path: Path) -> None:
    file = tmp_path / "trace.yaml"
    file.write_text(content, "utf-8")
    with pytest.raises((PolicyInvalid, Fault)):
        read_settlement(file, PEDAL)


# as a command


def run(*words: str) -> Result:
    return CliRunner().invoke(main, ["policy", *words])


def test_the_command_fails_when_a_sentence_is_backed_by_nothing_and_not_when_all_are_settled(tmp_path: Path) -> None:
    text, policy, file = TEXTS / "pedal.md", str(TEXTS / "pedal.policy.yaml"), tmp_path / "trace.yaml"
    first = run("trace", str(text), policy, "--write-settlement", str(file))
    assert first.exit_code == 1 and "BACKED BY NOTHING" in first.output and "nearest:" in first.output
    lines = [line.replace(": nothing ", ": boilerplate ")[2:] if ": nothing " in line else line for line in file.read_text("utf-8").splitlines()]
    file.write_text("\n".join(lines) + "\n", "utf-8")
    second = run("trace", str(text), policy, "--settled", str(file))
    assert second.exit_code == 0 and "0 backed by nothing" in second.output
    again = run("trace", str(text), policy, "--write-settlement", str(file))
    assert again.exit_code == 1 and "file-exists" in again.output + again.stderr
    assert run("trace", str(text), policy, "--settled", str(file), "--write-settlement", str(file)).exit_code == 0
    assert "boilerplate" in file.read_text("utf-8")


def test_json_and_the_table_say_the_same() -> None:
    text, policy = str(TEXTS / "lantern.html"), str(TEXTS / "lantern.policy.yaml")
    told = json.loads(run("trace", text, policy, "--json").output)
    rows = list(csv.DictReader(io.StringIO(run("trace", text, policy, "--csv").output)))
    assert tuple(rows[0]) == COLUMNS
    assert {row["deployment"] for row in rows} == {"lantern"}
    assert [(row["sha256"], row["promises"].split(), row["reason"] or None) for row in rows] == [
        (one["sha256"], one["promises"], one["reason"]) for one in told["sentences"]
    ]
    assert sum(told["counts"].values()) == len(rows)
    assert told["counts"]["nothing"] == sum(not row["promises"] and not row["reason"] for row in rows)


def test_explaining_shows_scores_words_and_what_speaks_against() -> None:
    shown = run("trace", str(TEXTS / "pedal.md"), str(TEXTS / "pedal.policy.yaml"), "--explain").output
    assert "pp-19 (Texts) by ends, answering, sms" in shown
    assert "the clause matches" in shown and "one denies what the other says" in shown
    assert "another length of time" in shown


def test_a_table_keeps_commas_and_quotes_of_a_sentence() -> None:
    rows = list(csv.reader(io.StringIO(as_csv("x", trace(read_words('We "keep", you see, all.', "a.md"), PEDAL)))))
    assert rows[1][4] == 'We "keep", you see, all.'
