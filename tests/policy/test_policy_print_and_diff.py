"""Is a printed policy the policy, and are differences exactly the facts that were edited?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st
from policy_edits import EXAMPLES, Key, edited, entry, without

from troth.policy.diff import Change, diff, stale_date
from troth.policy.finding import errors
from troth.policy.model import Permission, Policy
from troth.policy.parse import parse, read_policy, read_text
from troth.policy.write import to_yaml

INFINITY = read_policy(EXAMPLES / "infinity" / "policy.yaml")
SMALL = replace(INFINITY, promises=dict(list(INFINITY.promises.items())[:5]))  # fewer promises: the same edits, a quicker print


def _keys(changes: list[Change]) -> frozenset[Key]:
    """Places of changes; a member's key stands behind."""
    return frozenset((*change.place, *([change.key] if change.key else [])) for change in changes)


@settings(max_examples=60, deadline=None)
@given(edited(SMALL))
def test_reading_what_was_printed_gives_the_same_policy(case: tuple[Policy, frozenset[Key]]) -> None:
    policy, _ = case
    again = read_text(to_yaml(policy))
    assert again.draft == policy
    assert (again.policy is None) == bool(errors(again.findings))


@settings(max_examples=100, deadline=None)
@given(edited(SMALL))
def test_differences_are_exactly_the_edited_facts(case: tuple[Policy, frozenset[Key]]) -> None:
    policy, facts = case
    changes = diff(SMALL, policy)
    assert _keys(changes) == facts
    assert len(changes) == len(facts)
    assert all(change.sentences and all(change.sentences) for change in changes)


@settings(max_examples=30, deadline=None)
@given(edited(SMALL))
def test_a_policy_does_not_differ_from_itself(case: tuple[Policy, frozenset[Key]]) -> None:
    policy, _ = case
    assert diff(policy, policy) == []
    assert diff(policy, read_text(to_yaml(policy)).draft or SMALL) == []


@settings(max_examples=30, deadline=None)
@given(edited(SMALL), st.booleans())
def test_a_difference_there_and_back_names_the_same_facts(case: tuple[Policy, frozenset[Key]], back: bool) -> None:
    policy, facts = case
    assert _keys(diff(policy, SMALL) if back else diff(SMALL, policy)) == facts


def test_the_three_examples_survive_printing() -> None:
    for name in ("infinity", "harbour", "alder"):
        policy = read_policy(EXAMPLES / name / "policy.yaml")
        assert parse(to_yaml(policy))[0] == policy


def test_a_printed_policy_can_be_read_by_a_person() -> None:
    text = to_yaml(INFINITY)
    assert "title: Infinity · web and calls\n" in text
    assert "    keep_for: 395d\n" in text
    assert "&id" not in text


def test_a_printed_policy_with_a_parent_needs_no_other_file() -> None:
    harbour = read_policy(EXAMPLES / "harbour" / "policy.yaml")
    again, _ = parse(to_yaml(harbour), load=None)
    assert again is not None
    assert again.parent == "infinity"


def test_removing_the_joining_purpose_is_told_in_words() -> None:
    change, = diff(INFINITY, without("purposes", "call-journey")(INFINITY))
    assert change.sentences[0] == "Joining your visit with your calls is no longer done"
    assert "its question leaves the banner" in change.sentences
    assert "its sentence leaves the notice" in change.sentences
    assert "calls are still taken but not joined" in change.sentences
    assert not change.material


def test_an_idle_cookie_is_named_when_its_only_purpose_goes() -> None:
    change, = diff(INFINITY, without("purposes", "personalisation")(INFINITY))
    assert "no longer set: cookie `troth_view`" in change.sentences


def test_what_lets_more_be_done_is_material_and_its_reverse_is_not() -> None:
    cases = [
        without("purposes", "call-journey"), without("items", "device.ip"), without("recipients", "mailworks"), without("cookies", "troth_view"),
        entry("purposes", "site-analytics", permission=Permission.ASK_BEFORE), entry("retention", "usage", keep_for=None),
        entry("items", "page.url", form="clear"), entry("purposes", "telephone", events=()),
    ]
    widening = {5, 6}
    for number, edit in enumerate(cases):
        there, = diff(INFINITY, edit(INFINITY))
        back, = diff(edit(INFINITY), INFINITY)
        assert there.material == (number in widening), number
        assert back.material == (number not in widening), number


def test_a_recipient_in_another_country_is_material_both_ways() -> None:
    moved = entry("recipients", "dc-one", country="FR")(INFINITY)
    assert [change.material for change in (*diff(INFINITY, moved), *diff(moved, INFINITY))] == [True, True]
    assert str(diff(INFINITY, moved)[0]) == "Data Centre One is now in France, before in Ireland"


def test_a_change_is_json(golden: Callable[[str, str], None]) -> None:
    changed = replace(without("purposes", "call-journey")(entry("retention", "calls", keep_for=None)(INFINITY)), changed_on=date(2026, 11, 1))
    lines = [f"{'material: ' if change.material else ''}{change}" for change in diff(INFINITY, changed)]
    golden("diff.txt", "\n".join(lines) + "\n")
    assert diff(INFINITY, changed)[0].as_json() == {
        "place": ["changed_on"], "key": "", "before": "2026-09-21", "after": "2026-11-01", "material": False,
        "sentences": ["the policy was last changed on 1 November 2026, before that on 21 September 2026"]}


def test_a_changed_text_under_an_old_date_is_found() -> None:
    changed = without("purposes", "newsletter")(INFINITY)
    finding = stale_date(INFINITY, changed)
    assert finding is not None and finding.code == "date-unchanged" and finding.severity == "error"
    assert stale_date(INFINITY, replace(changed, changed_on=date(2026, 11, 1))) is not None  # the version is still the old one
    assert stale_date(INFINITY, replace(changed, changed_on=date(2026, 11, 1), version="2")) is None
    assert stale_date(INFINITY, INFINITY) is None
