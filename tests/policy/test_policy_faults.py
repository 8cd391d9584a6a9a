"""Is every fault of a policy file found, under its code, at its place? And does no file, whatever it holds, break the reader?

Each seeded fault changes infinity's file in one spot; `«` marks where the finding must stand.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from policy_edits import EXAMPLES

from troth.policy.finding import Code, Severity, errors
from troth.policy.findings import check, report
from troth.policy.parse import PolicyInvalid, inspect, parse, read_policy, read_text

TEXT = (EXAMPLES / "infinity" / "policy.yaml").read_text("utf-8")


@dataclass(frozen=True)
class Fault:
    code: Code
    old: str
    new: str  # with « before the spot
    help: str | None = None


FAULTS = [
    Fault(Code.DUPLICATE_KEY, "language: en", "language: en\n«language: en"),
    Fault(Code.ANCHOR, "title: Infinity", "title: «&name Infinity"),
    Fault(Code.ALIAS, "language: en", "language: «*name"),
    Fault(Code.TAG, 'version: "1"', 'version: «!!str "1"'),
    Fault(Code.TAB, "  pool: [", "«\t  pool: ["),
    Fault(Code.KEY_NOT_TEXT, "language: en", "language: en\n? «[a, b]\n: c"),
    Fault(Code.MANY_DOCUMENTS, "\norganisation:", "\n«---\norganisation:"),
    Fault(Code.NOT_YAML, "  role: controller", "  role: controller«: twice"),
    Fault(Code.HIDDEN_CHARACTER, "title: Infinity", "title: «\u202eInfinity"),
    Fault(Code.TOO_DEEP, "language: en", "language: " + "[" * 19 + "«" + "[" * 30),
    Fault(Code.UNKNOWN_LANGUAGE_VERSION, "troth: 1", "troth: «2"),
    Fault(
        Code.UNKNOWN_KEY,
        "    permission: may-object\n    events: [page-view, call]",
        "    «permision: may-object\n    events: [page-view, call]",
        "did you mean `permission`?",
    ),
    Fault(Code.UNKNOWN_KEY, "language: en", "language: en\n«colour: blue"),
    Fault(Code.MISSING_KEY, "  call-journey:\n    label: Joining your visit with your calls", "  «call-journey:"),
    Fault(Code.MISSING_KEY, "workspace: infinity", "«workspace:"),
    Fault(Code.WRONG_TYPE, "    joins: [web-call]", "    joins: «web-call"),
    Fault(Code.WRONG_TYPE, "    label: Taking calls", "    label: «[Taking calls]"),
    Fault(Code.EMPTY_TEXT, "    label: Taking calls", "    label: «''"),
    Fault(Code.NOT_A_NAME, "workspace: infinity", "workspace: «In Finity"),
    Fault(Code.NOT_A_NAME, 'pool: ["+442079460101"', 'pool: [«"020 7946 0101"'),
    Fault(Code.NOT_A_NAME, 'origins: ["http://127.0.0.1:8101"', 'origins: [«"http://127.0.0.1:8101/"'),
    Fault(Code.NOT_A_NAME, 'routes: ["/", "/product"', 'routes: ["/", «"product"'),
    Fault(Code.NOT_A_DAY, "effective_on: 2026-10-01", "effective_on: «2026-02-30"),
    Fault(Code.NOT_A_DAY, "changed_on: 2026-09-21", "changed_on: «21/09/2026"),
    Fault(
        Code.NOT_A_DURATION,
        "contact: {label: contact details, keep_for: 730d",
        "contact: {label: contact details, keep_for: «2 years",
        "did you mean `730d`?",
    ),
    Fault(Code.NOT_A_DURATION, "lease_for: 30m", "lease_for: «0m"),
    Fault(Code.NOT_A_NUMBER, "threshold: 5", "threshold: «five"),
    Fault(Code.NOT_A_FLAG, "values: word, keep: calls, personal: false}", "values: word, keep: calls, personal: «no}"),
    Fault(Code.NOT_ALLOWED, "    kind: joining", "    kind: «joinning", "did you mean `joining`?"),
    Fault(Code.NOT_ALLOWED, 'sentence: "We sold no', '«proof: {probe: a, audit: b}, sentence: "We sold no'),
    Fault(Code.REPEATED_NAME, "events: [page-view, preference-set]", "events: [page-view, «page-view]"),
    Fault(Code.UNDECLARED_ITEM, "items: [page.route, view.preference,", "items: [page.route, «view_preference,", "did you mean `view.preference`?"),
    Fault(Code.UNDECLARED_EVENT, "events: [comment]", "events: [«coment]", "did you mean `comment`?"),
    Fault(
        Code.UNDECLARED_POPULATION,
        "call: page\n    population: site-visitor",
        "call: page\n    population: «site-visitors",
        "did you mean `site-visitor`?",
    ),
    Fault(
        Code.UNDECLARED_RETENTION,
        "page.title: {label: title of the page, category: user.behavior.browsing_history, form: sealed, keep: usage",
        "page.title: {label: title of the page, category: user.behavior.browsing_history, form: sealed, keep: «use",
        "did you mean `usage`?",
    ),
    Fault(
        Code.UNDECLARED_REGIME,
        "regimes: [gdpr, uk, california, elsewhere]",
        "regimes: [gdpr, uk, «californa, elsewhere]",
        "did you mean `california`?",
    ),
    Fault(Code.UNDECLARED_REGIME, "default_regime: gdpr", "default_regime: «brazil"),
    Fault(
        Code.UNDECLARED_PURPOSE,
        "analyst: [site-analytics, call-journey]",
        "analyst: [«site-analytic, call-journey]",
        "did you mean `site-analytics`?",
    ),
    Fault(Code.UNKNOWN_CATEGORY, "item_category", "", None),
    Fault(Code.UNKNOWN_VOCABULARY, "form: clear, values: browser,", "form: clear, values: «browsers,", "did you mean `browser`?"),
    Fault(
        Code.BASIS_MISSING,
        "  newsletter:\n    label: Newsletter\n    kind: marketing\n    basis: consent\n",
        "  «newsletter:\n    label: Newsletter\n    kind: marketing\n",
    ),
    Fault(
        Code.CONSENT_NOT_ASKED,
        "    basis: consent\n    permission: ask-before\n    events: [subscription]",
        "    basis: consent\n    permission: «may-object\n    events: [subscription]",
    ),
    Fault(Code.CONSENT_NOT_ASKED, "  testimonials:", "  «testimonials:", None),
    Fault(Code.CONSENT_AS_CONDITION, "\nrights:", "\nchannels:\n  sms: {condition_of_purchase: «true}\nrights:"),
    Fault(Code.NOT_A_NAME, "\nrights:", "\nchannels:\n  sms: {quiet_hours: «\"21:00-8:00 Europe/London\"}\nrights:"),
    Fault(Code.NOT_A_NAME, "\nrights:", "\nchannels:\n  sms: {quiet_hours: «\"21:00-08:00 Europe/Londinium\"}\nrights:"),
    Fault(Code.NOT_A_NAME, "\nrights:", "\nchannels:\n  sms: {at_most: «2 a month}\nrights:"),
    Fault(Code.WORDING_MISSING, "  improvement:", "  «improvement:", None),
    Fault(Code.BELOW_FLOOR, "    joins: [web-call]", "    joins: [web-call]\n    «below_floor: {why: as the text says, by: Odile, on: 2026-10-01}"),
    Fault(
        Code.BELOW_FLOOR_UNNEEDED,
        "    label: Taking calls\n",
        "    label: Taking calls\n    «below_floor: {why: no reason, by: Odile, on: 2026-10-01}\n",
    ),
    Fault(Code.SPECIAL_DECLARED, "category: user.content.private,", "category: user.content.private, special: true,", None),
    Fault(
        Code.CLEAR_WITHOUT_VALUES,
        "  device.kind: {label: kind of device, category: user.device, form: clear, values: device,",
        "  «device.kind: {label: kind of device, category: user.device, form: clear,",
    ),
    Fault(Code.REMAINDER_NOT_CLEAR, "remainder: [page.route, visit.source", "remainder: [«page.url, visit.source"),
    Fault(Code.REMAINDER_UNUSED, "without: anonymous-remainder\n    remainder:", "without: nothing\n    «remainder:"),
    Fault(Code.REQUIRED_NOT_COLLECTED, "required: [contact.email]}", "required: [«company.name]}"),
    Fault(Code.UNUSED_ITEM, "items: [page.route, view.preference, cookie.visitor]", "items: [page.route, cookie.visitor]", None),
    Fault(Code.UNUSED_RETENTION, "\nitems:\n", "\n  «spare: {label: spare, keep_for: 1d}\n\nitems:\n"),
    Fault(Code.RETENTION_MISSING, "form: sealed, keep: contact, at: [traits.name, properties.name]}", "form: sealed}", None),
    Fault(Code.RECIPIENT_WITHOUT_TERMS, ", items: [page.route], terms: {signed_on: 2026-01-10, expires_on: 2028-01-10}}", ", items: [page.route]}"),
    Fault(
        Code.RECIPIENT_BEYOND_PURPOSE,
        "purposes: [site-analytics], items: [page.route],",
        "purposes: [site-analytics], items: [page.route, «invoice.number],",
    ),
    Fault(Code.TRANSFER_WITHOUT_SAFEGUARD, "category: e-mail delivery, country: CA", "category: e-mail delivery, country: «IN"),
    Fault(
        Code.COOKIE_WITHOUT_PURPOSE,
        "storage: cookie, purposes: [site-analytics, call-journey, personalisation, improvement]",
        "storage: cookie, «purposes: []",
    ),
    Fault(Code.NOTICE_INCOMPLETE, "    notice: When you write to us we use what you wrote and your contact details to answer.\n", "", None),
    Fault(Code.NOTICE_INCOMPLETE, "  complaints: Please tell us first if you are unhappy. You may always turn to the regulator.\n", "", None),
    Fault(Code.UNREADABLE, "language: en", "language: en\nextends: «/etc/policy.yaml"),
    Fault(Code.UNREADABLE, "language: en", "language: en\nextends: «../parent/policy.yaml"),
]
LOOSE = {  # faults whose place is the thing they fall in, named by the line's start
    "item_category": ("category: user.job_title,", "category: «user.job_titel,", "did you mean `user.job_title`?"),
}


def _seeded(fault: Fault) -> tuple[str, int, int]:
    """The faulty text and the line and column of its mark; where there is none, both are 0."""
    old, new, _ = LOOSE.get(fault.old, (fault.old, fault.new, None))
    assert old in TEXT, old
    marked = TEXT.replace(old, new, 1)
    offset = marked.find("«")
    if offset < 0:
        return marked, 0, 0
    start = marked.rfind("\n", 0, offset) + 1
    return marked.replace("«", ""), marked.count("\n", 0, offset) + 1, offset - start + 1


def _wordless(text: str, purpose: str) -> str:
    """The text without the wording of one purpose."""
    head, tail = text.split(f"\n  {purpose}:\n", 1)
    before, _, after = tail.partition("    wording:")
    return f"{head}\n  {purpose}:\n{before}{after.split(chr(10), 1)[1]}"


@pytest.mark.parametrize("fault", FAULTS, ids=[f"{number}-{fault.code}" for number, fault in enumerate(FAULTS)])
def test_a_seeded_fault_is_found_at_its_place(fault: Fault) -> None:
    text, line, column = _seeded(fault)
    for purpose in ("testimonials", "improvement"):
        text = _wordless(text, purpose) if f"«{purpose}" in fault.new else text
    found = [finding for finding in parse(text)[1] if finding.code is fault.code]
    assert found, f"no {fault.code}: {report(parse(text)[1])}"
    if line:
        assert (line, column) in [(finding.position.line, finding.position.column) for finding in found], report(found)
    help = LOOSE.get(fault.old, (None, None, fault.help))[2]
    assert help is None or help in [finding.help for finding in found], report(found)


@pytest.mark.parametrize("fault", FAULTS, ids=[f"{number}-{fault.code}" for number, fault in enumerate(FAULTS)])
def test_a_seeded_error_keeps_the_policy_from_being_returned(fault: Fault) -> None:
    policy, findings = parse(_seeded(fault)[0])
    assert (policy is None) == bool(errors(findings))


def test_the_sound_file_has_neither_errors_nor_warnings() -> None:
    policy, findings = parse(TEXT)
    assert policy is not None
    assert report(findings) == ""
    assert {finding.severity for finding in findings} == {Severity.NOTE}


def test_a_purpose_without_a_basis_rests_on_legitimate_interests_and_says_so() -> None:
    policy, findings = parse(TEXT)
    assert policy is not None
    feedback = policy.purposes["feedback"]
    assert (feedback.basis, feedback.basis_defaulted) == ("legitimate-interests", True)
    assert [finding.message for finding in findings if finding.code is Code.BASIS_DEFAULTED] == [
        "purpose `feedback` states no basis; legitimate interests are assumed"]


@pytest.mark.parametrize("purpose", list(read_policy(EXAMPLES / "infinity" / "policy.yaml").purposes))
def test_deleting_one_purpose_leaves_a_policy_that_can_be_published(purpose: str) -> None:
    head, tail = TEXT.split(f"\n  {purpose}:\n", 1)
    lines = tail.split("\n")
    end = next(index for index, line in enumerate(lines) if not line.startswith("    "))
    policy, findings = parse(f"{head}\n" + "\n".join(lines[end:]))
    assert policy is not None, report(findings)
    assert purpose not in policy.purposes


def test_every_fault_of_a_file_is_reported_together(golden: Callable[[str, str], None]) -> None:
    text = TEXT
    for fault in FAULTS:
        if fault.help or fault.code in {Code.NOT_A_DAY, Code.BASIS_MISSING, Code.CLEAR_WITHOUT_VALUES, Code.TRANSFER_WITHOUT_SAFEGUARD}:
            old, new, _ = LOOSE.get(fault.old, (fault.old, fault.new, None))
            text = text.replace(old, new.replace("«", ""), 1)
    golden("findings.txt", report(parse(text)[1]) + "\n")


def test_a_finding_reads_as_the_house_style_says() -> None:
    policy, findings = parse(TEXT.replace("items: [page.route, view.preference,", "items: [page.route, view_preference,"))
    wrong = next(finding for finding in findings if finding.code is Code.UNDECLARED_ITEM)
    line = next(number for number, words in enumerate(TEXT.split("\n"), 1) if "items: [page.route, view.preference," in words)
    assert policy is None
    assert str(wrong) == (f"policy.yaml:{line}:25 undeclared-item: purpose `personalisation` uses `view_preference`, which no item declares\n"
                          "help: did you mean `view.preference`?")
    assert wrong.as_json()["help"] == "did you mean `view.preference`?"


def test_a_suggestion_is_given_only_when_the_name_is_free() -> None:
    twice = TEXT.replace("items: [page.route, view.preference, cookie.visitor]", "items: [view.preference, view.preferenc, cookie.visitor]")
    wrong = next(finding for finding in parse(twice)[1] if finding.code is Code.UNDECLARED_ITEM)
    assert wrong.help != "did you mean `view.preference`?"


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault.help], ids=lambda fault: fault.code)
def test_a_suggestion_that_is_taken_mends_the_fault(fault: Fault) -> None:
    text, line, column = _seeded(fault)
    found = next(finding for finding in parse(text)[1] if finding.code is fault.code and finding.help)
    lines = text.split("\n")
    head, tail = lines[line - 1][:column - 1], lines[line - 1][column - 1:]
    wrong = next(end for end in range(1, len(tail) + 1) if end == len(tail) or (tail[end] in " ,:]}" and tail[:end] != "2"))
    lines[line - 1] = head + str(found.help).split("`")[1] + tail[wrong:]
    assert not [finding for finding in parse("\n".join(lines))[1] if finding.code is fault.code and finding.position == found.position]


def test_terms_expire_on_a_day_that_is_passed_in() -> None:
    path = EXAMPLES / "infinity" / "policy.yaml"
    assert not [finding for finding in inspect(path, date(2027, 1, 1)).findings if finding.code is Code.TERMS_EXPIRED]
    late = [finding.message for finding in inspect(path, date(2028, 1, 15)).findings if finding.code is Code.TERMS_EXPIRED]
    assert late == ["the terms of recipient `northcloud` expired on 2028-01-10", "the terms of recipient `dc-one` expired on 2028-01-10"]
    assert inspect(path, date(2028, 1, 15)).policy is not None


def test_a_policy_without_its_file_can_be_checked() -> None:
    policy = read_policy(EXAMPLES / "infinity" / "policy.yaml")
    assert {finding.position.line for finding in check(policy)} == {1}


def test_reading_a_file_that_is_wrong_raises_all_findings(tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text(TEXT.replace("troth: 1", "troth: 2").replace("threshold: 5", "threshold: five"), "utf-8")
    with pytest.raises(PolicyInvalid) as raised:
        read_policy(file)
    assert {finding.code for finding in errors(raised.value.findings)} == {Code.UNKNOWN_LANGUAGE_VERSION, Code.NOT_A_NUMBER}


@pytest.mark.parametrize(("data", "code"), [
    (b"\xff\xfet\x00r\x00", Code.NOT_UTF8), (b"title: \xe9", Code.NOT_UTF8), (b"", Code.NOT_A_MAPPING), (b"- a\n- b", Code.NOT_A_MAPPING),
    (b"just words", Code.NOT_A_MAPPING), (b"a: " + b"x" * (1 << 20), Code.TOO_LARGE), (b"[" * 100_000, Code.TOO_DEEP), (b"a: b: c", Code.NOT_YAML),
    (b"a: \x00", Code.HIDDEN_CHARACTER), (b"{a: 1, b: [", Code.NOT_YAML), (b"a: &x [*x]", Code.ALIAS),
])
def test_a_file_that_is_no_policy_is_a_finding(tmp_path: Path, data: bytes, code: Code) -> None:
    file = tmp_path / "policy.yaml"
    file.write_bytes(data)
    assert code in {finding.code for finding in inspect(file).findings}
    assert inspect(file).policy is None


def test_a_missing_file_and_a_folder_are_findings(tmp_path: Path) -> None:
    assert [finding.code for finding in inspect(tmp_path / "none.yaml").findings] == [Code.UNREADABLE]
    assert [finding.code for finding in inspect(tmp_path).findings] == [Code.UNREADABLE]


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.text(), st.binary().map(lambda data: data.decode("latin-1")), st.text("{}[]:,-&*!|>'\"%@`#? \n\tab<1~", max_size=200)))
def test_junk_never_raises(text: str) -> None:
    policy, findings = parse(text)
    assert policy is None
    assert errors(findings)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(TEXT)), st.integers(0, 400), st.text("{}[]:,-&*!|>'\" \nab1~", max_size=8)), min_size=1, max_size=5))
def test_a_damaged_policy_never_raises(cuts: list[tuple[int, int, str]]) -> None:
    text = TEXT
    for start, length, put in cuts:
        text = text[:start] + put + text[start + length:]
    policy, findings = parse(text)
    assert (policy is None) == bool(errors(findings))


@pytest.mark.parametrize("hostile", [
    "a: [" + "b," * 200_000 + "b]", "items: {" + ",".join(f"i{number}: {{}}" for number in range(20_000)) + "}",
    "\n".join(f"k{number}: 1" for number in range(80_000)), "purposes: {p: {items: [" + ",".join(f"i{number}" for number in range(120_000)) + "]}}",
    "&a " * 10 + "x", "a: " + "{" * 500,
])
def test_a_hostile_file_is_answered_quickly_and_briefly(hostile: str) -> None:
    started = time.process_time()
    policy, findings = parse(hostile)
    assert policy is None
    assert len(errors(findings)) <= 201 and len(findings) <= 603
    assert time.process_time() - started < 10


def test_a_file_with_too_many_faults_says_that_it_stops() -> None:
    findings = parse("\n".join(f"k{number}: 1" for number in range(300)))[1]
    assert len(findings) == 201
    assert Code.TOO_MANY_FINDINGS in {finding.code for finding in findings}


def _many_purposes(count: int) -> str:
    """Infinity's policy with so many purposes more, each with a note: the law raises it."""
    more = "".join(
        f"  more-{number}: {{label: Purpose {number}, kind: statistics, basis: legitimate-interests, permission: may-object, items: [page.route], "
        f"wording: May we count {number}?, notice: We count {number}.}}\n" for number in range(count))
    return TEXT.replace("\npurposes:\n", f"\npurposes:\n{more}", 1)


def test_any_number_of_notes_never_makes_an_error_nor_hides_one() -> None:
    parsed = read_text(_many_purposes(1000))
    assert parsed.policy is not None and len(parsed.policy.purposes) > 1000
    assert [finding.severity for finding in parsed.findings if finding.code is Code.TOO_MANY_NOTES] == [Severity.NOTE]
    broken = read_text(_many_purposes(1000) + "\nno_such_section: 1\n")
    assert [finding.code for finding in errors(broken.findings)] == [Code.UNKNOWN_KEY]


def test_any_number_of_warnings_never_hides_an_error() -> None:
    gone = ", ".join(f"gone-{number}" for number in range(300))
    parsed = read_text(TEXT.replace("  analyst: [", f"  analyst: [{gone}, ", 1).replace("promises:\n", "promises:\n  x: {clause: A}\n", 1))
    assert [finding.code for finding in errors(parsed.findings)] == [Code.MISSING_KEY]
    assert Code.TOO_MANY_WARNINGS in {finding.code for finding in parsed.findings}


def test_infinity_is_read_in_a_tenth_of_a_second() -> None:
    spent = []
    for _ in range(5):
        started = time.process_time()
        read_text(TEXT)
        spent.append(time.process_time() - started)
    assert min(spent) < 0.1
