"""Is every bad file answered by findings, with place and word, and never by a traceback or a long wait?"""

from __future__ import annotations

from pathlib import Path

import pytest

from troth.policy.check_names import TAKEN
from troth.policy.finding import Code, Finding, errors
from troth.policy.parse import inspect, parse
from troth.policy.reference import SMALL
from troth.store.lake import FIXED

BOMB = "a0: &a0 [lol, lol]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12))

FILES = [
    (b"x: y\n" * 2_000_000, Code.TOO_LARGE),  # ten megabytes
    (b"\x00" * 10_000_000, Code.TOO_LARGE),
    (SMALL.encode("utf-16"), Code.NOT_UTF8),
    (SMALL.encode("utf-32"), Code.NOT_UTF8),
    (SMALL.replace("§2", "\u00a72").encode("latin-1"), Code.NOT_UTF8),
    (SMALL.encode("utf-8").replace(b"title", b"ti\xc0\xaftle"), Code.NOT_UTF8),
    (b"- " * 50_000 + b"x", Code.TOO_DEEP),
    (b"a: " + b"{a: " * 50_000, Code.TOO_DEEP),
    (BOMB.encode(), Code.ANCHOR),
    (BOMB.encode(), Code.ALIAS),
    (SMALL.encode() + b"base: &base {a: 1}\nmore: {<<: *base}\n", Code.ALIAS),
    (SMALL.encode() + b'"title": Another title\n', Code.DUPLICATE_KEY),
    (SMALL.encode().replace(b"  counting:\n", b"  counting: {label: One}\n  counting:\n"), Code.DUPLICATE_KEY),
    (SMALL.encode().replace(b"    kind:", b"\tkind:"), Code.TAB),
    (SMALL.encode() + b"---\ntroth: 1\n", Code.MANY_DOCUMENTS),
    (SMALL.encode().replace(b"title: Example", b"title: !!python/object Example"), Code.TAG),
]


@pytest.mark.parametrize(("data", "code"), FILES, ids=[f"{code}-{number}" for number, (_, code) in enumerate(FILES)])
def test_a_bad_file_is_a_finding(tmp_path: Path, data: bytes, code: Code) -> None:
    file = tmp_path / "policy.yaml"
    file.write_bytes(data)
    parsed = inspect(file)
    assert parsed.policy is None
    assert code in {finding.code for finding in errors(parsed.findings)}


def _line(findings: list[Finding], code: Code) -> list[int]:
    return [finding.position.line for finding in findings if finding.code is code]


@pytest.mark.parametrize("name", sorted(TAKEN))
def test_no_item_may_have_the_name_of_what_a_stored_event_has_of_its_own(name: str) -> None:
    policy, findings = parse(SMALL.replace("page.route", name))
    assert policy is None
    assert [finding.code for finding in errors(findings)] == [Code.NOT_A_NAME]


def test_the_names_that_are_taken_are_those_of_the_store() -> None:
    assert set(FIXED.names) | {"event", "person", "head"} <= TAKEN


NO_DAYS = ["2026-02-29", "2026-02-30", "2026-13-01", "2026-00-10", "0000-01-01", "2026-1-1", "20261001", "tomorrow", "2026-10-01T00:00:00Z"]


@pytest.mark.parametrize("day", NO_DAYS)
def test_a_day_that_does_not_exist_is_a_finding_at_its_line(day: str) -> None:
    policy, findings = parse(SMALL.replace("effective_on: 2026-10-01", f"effective_on: {day}"))
    assert policy is None
    assert _line(findings, Code.NOT_A_DAY) == [5]


VALUES = [
    ("asking: {mode: ask-frist}", Code.NOT_ALLOWED, "did you mean `ask-first`?"),
    ("asking: {until: for ever}", Code.NOT_A_DURATION, None),
    ("asking: {evidence: {clicks: explicit}}", Code.NOT_ALLOWED, "did you mean `click`?"),
    ("asking: {analytics_opt_out: http://optout.example}", Code.NOT_A_NAME, None),
    ("asking: {manage_url: cookies}", Code.NOT_A_NAME, None),
    ("askng: {mode: notice}", Code.UNKNOWN_KEY, "did you mean `asking`?"),
    ("sharing: {sales: never}", Code.UNKNOWN_KEY, "did you mean `sale`?"),
    ("linking: {purposes: [counting-visits]}", Code.UNDECLARED_PURPOSE, "did you mean `counting`?"),
    ("linking: {populations: [visitors]}", Code.UNDECLARED_POPULATION, "did you mean `visitor`?"),
    ("profiling: {items: [page.routes]}", Code.UNDECLARED_ITEM, "did you mean `page.route`?"),
    ("aggregates: {threshold: a few}", Code.NOT_A_NUMBER, None),
    ("access_control: {allow_list: [192.0.2.300]}", Code.NOT_A_NAME, None),
    ("access_control: {allow_list: [192.0.2.1/24]}", Code.NOT_A_NAME, None),
    ("rights: {answer_within: 36h}", Code.NOT_A_DURATION, None),
    ("rights: {only_under: [california]}", Code.UNDECLARED_REGIME, None),
    ("rights: {offered: [acces]}", Code.NOT_ALLOWED, "did you mean `access`?"),
    ("rights: {fees: [free]}", Code.WRONG_TYPE, None),
    ("children: {age: thirteen}", Code.NOT_A_NUMBER, None),
    ("special_categories: never", Code.NOT_ALLOWED, None),
    ("announcements: {advance: soon}", Code.NOT_A_DURATION, None),
    ("settings: {threshold: 5}", Code.UNKNOWN_KEY, None),
]


@pytest.mark.parametrize(("more", "code", "help"), VALUES)
def test_a_wrong_word_is_found_where_it_stands_with_what_was_meant(more: str, code: Code, help: str | None) -> None:
    _, findings = parse(SMALL + more + "\n")
    found = [finding for finding in findings if finding.code is code and finding.position.line == SMALL.count("\n") + 1]
    assert len(found) == 1, [str(finding) for finding in findings]
    assert help is None or found[0].help == help


def test_a_channel_nobody_knows_is_found() -> None:
    _, findings = parse(SMALL.replace("  sms: {", "  smss: {"))
    assert [finding.help for finding in findings if finding.code is Code.NOT_ALLOWED] == ["did you mean `sms`?"]
