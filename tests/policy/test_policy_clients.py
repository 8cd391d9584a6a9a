"""Does a client's policy only ever narrow its parent's? What it may say itself, what it may not, and where that is found."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from policy_edits import CHANNEL_LEAVES, EXAMPLES, LEAVES, PARTS, Key, edited

from troth.policy.changes import widens
from troth.policy.changes_conduct import CONDUCT_RULES
from troth.policy.compose import OWN, narrows
from troth.policy.conduct import ChannelRules
from troth.policy.facts import facts
from troth.policy.finding import Code, Finding, errors
from troth.policy.findings import report
from troth.policy.model import STRICTNESS, Permission, Policy, permission_under
from troth.policy.parse import parse, read_policy, read_text
from troth.policy.write import to_yaml

PARENT_TEXT = (EXAMPLES / "infinity" / "policy.yaml").read_text("utf-8")
INFINITY = read_policy(EXAMPLES / "infinity" / "policy.yaml")
RULED = set(PARTS) - {"notice", "settings", "calls", "organisation"}
SMALL = replace(INFINITY, promises=dict(list(INFINITY.promises.items())[:5]))

CLIENT = """\
troth: 1
extends: ../infinity/policy.yaml
workspace: corner
title: Corner Shop
version: "1"
effective_on: 2026-10-01
changed_on: 2026-10-01
organisation: {name: Corner Shop, role: controller, email: privacy@corner.example}
site: {origins: ["http://127.0.0.1:8104"], routes: ["/"]}
"""


def _client(more: str) -> tuple[Policy | None, list[Finding]]:
    return parse(CLIENT + more, {"../infinity/policy.yaml": PARENT_TEXT}.__getitem__)


def _line(text: str, words: str) -> int:
    return next(number for number, line in enumerate(text.split("\n"), 1) if words in line)


def test_a_client_that_says_nothing_more_has_its_parents_rules_and_its_own_name() -> None:
    policy, findings = _client("")
    assert policy is not None, report(findings)
    assert (policy.workspace, policy.parent, policy.organisation.name) == ("corner", "infinity", "Corner Shop")
    assert policy.purposes == INFINITY.purposes
    assert policy.organisation.group == ()
    assert (policy.promises, policy.readings, policy.calls.pool) == ({}, {}, ())


NARROWINGS = [
    "purposes: {site-analytics: {keep_for: 30d}}",
    "purposes: {site-analytics: {permission: ask-before, basis: consent}}",
    "purposes: {site-analytics: {items: [page.route], remainder: [page.route]}, call-journey: null}",
    "purposes: {telephone: {populations: [enquirer]}}",
    "purposes: {site-analytics: {remainder: [page.route]}}",
    "purposes: {site-analytics: {without: nothing, remainder: []}}",
    "retention: {usage: {keep_for: 12h}}",
    "items: {device.ip: null, page.url: null}",
    "items: {referrer.host: {form: sealed, values: null}}",
    "events: {feature-use: null}",
    "recipients: {mailworks: null, callcarrier: {items: [call.number]}}",
    "cookies: {troth_view: null, troth_visitor: {provider: Corner Shop, keep_for: 30d}}",
    "roles: {analyst: null, support: [telephone]}",
    "aggregates: {threshold: 20}",
    "settings: {ask_again_after: 90d, legal_reasons: [law]}",
    "settings: {global_privacy_control: [site-analytics, call-journey, personalisation, marketing-email]}",
    "regimes: [gdpr, uk]",
    "notice: {children: 'Ask your parents.', date_at: top}",
    "language: en",
    "calls: {pool: ['+442079460150'], fallback: '+442079460151'}",
    "sharing: {sale: never, beyond_providers: opt-in}",
    "asking: {mode: ask-first, do_not_track: honour, until: 90d}",
    "channels: {sms: {consent: explicit, stop: [reply], recorded: never}}",
    "linking: {cookie_to_person: never}\nprofiling: {allowed: never, automated_decisions: never}",
    "aggregates: {use: internal}",
    "children: {age: 21}",
    "free_text: {card: refuse, special: refuse}",
    "rights: {answer_within: 14d, fees: {after: 5}, portability: {of: any, direct: true}, restriction: {of: items}}",
    "announcements: {advance: 30d, when: [any], individually: true}",
    "access_control: {people: few, allow_list: [192.0.2.0/24]}",
    "transfers: {by: adequacy-or-clauses, countries: [GB]}",
    "complaints: {email: complaints@corner.example}",
]


@pytest.mark.parametrize("more", NARROWINGS)
def test_a_client_may_narrow(more: str) -> None:
    policy, findings = _client(more)
    assert policy is not None, report(findings)


WIDENINGS = [
    ("items:\n  shoe.size: {label: size of shoes, category: user.behavior, form: clear, values: number, keep: usage}", "shoe.size"),
    ("items:\n  page.url: {form: clear, values: route}", "page.url"),
    ("items:\n  page.url: {personal: false}", "page.url"),
    ("items:\n  page.url: {keep: contact}", "page.url"),
    ("items:\n  company.name: {populations: []}", "company.name"),
    ("items:\n  contact.name: {at: [traits.name, properties.name, properties.nick]}", "contact.name"),
    ("retention:\n  usage: {keep_for: 500d}", "usage"),
    ("retention:\n  usage: {ground: because}", "usage"),
    ("retention:\n  usage: {keep_for: null}", "usage"),
    ("purposes:\n  adverts: {label: Adverts, kind: advertising, basis: consent, permission: ask-before, items: [page.route], wording: May we?, "
     "notice: We show adverts.}", "adverts"),
    ("purposes:\n  call-journey: {permission: none}", "call-journey"),
    ("purposes:\n  call-journey: {kind: service}", "call-journey"),
    ("purposes:\n  newsletter: {basis: legitimate-interests}", "newsletter"),
    ("purposes:\n  telephone: {items: [call.number, device.ip]}", "telephone"),
    ("purposes:\n  telephone: {keep_for: 800d}", "telephone"),
    ("purposes:\n  telephone: {joins: [web-call]}", "telephone"),
    ("purposes:\n  telephone: {events: [call, page-view]}", "telephone"),
    ("purposes:\n  call-journey: {without: anonymous-remainder, remainder: [page.route]}", "call-journey"),
    ("purposes:\n  transactions: {populations: []}", "transactions"),
    ("purposes:\n  site-analytics: {below_floor: {why: cheaper, by: Odile, on: 2026-10-01}}", "site-analytics"),
    ("events:\n  call: {about: {caller: detach}}", "call"),
    ("events:\n  call: {items: [call.number, device.ip]}", "call"),
    ("cookies:\n  other: {provider: Them, purposes: [site-analytics], label: counts}", "other"),
    ("cookies:\n  troth_view: {purposes: []}", "troth_view"),
    ("cookies:\n  troth_session: {keep_for: 2d}", "troth_session"),
    ("recipients:\n  other: {label: Other, category: adverts, country: GB, purposes: [newsletter], items: [contact.email]}", "other"),
    ("recipients:\n  dc-one: {country: US, safeguard: binding-rules}", "dc-one"),
    ("recipients:\n  dc-one: {items: [page.route, page.url]}", "dc-one"),
    ("roles:\n  analyst: [site-analytics, call-journey, enquiries]", "analyst"),
    ("roles:\n  intern: [site-analytics]", "intern"),
    ("aggregates:\n  threshold: 2", "threshold"),
    ("rights:\n  fees: {after: 1}", "after"),
    ("settings:\n  region: us", "region"),
    ("children:\n  age: 13", "age"),
    ("children:\n  then: remove", "then"),
    ("free_text:\n  special: keep", "special"),
    ("asking:\n  do_not_track: ignore", "do_not_track"),
    ("asking:\n  until: changed", "until"),
    ("asking:\n  evidence: {use: by-use}", "evidence"),
    ("asking:\n  without_cookies: may-deny", "without_cookies"),
    ("linking:\n  cookie_to_person: identifies", "cookie_to_person"),
    ("linking:\n  by: [local-storage-link]", "by:"),
    ("addresses:\n  counts_as: never-identifies", "counts_as"),
    ("channels:\n  sms: {consent: none}", "sms"),
    ("channels:\n  telephone: {recorded: may}", "telephone"),
    ("profiling:\n  allowed: built", "allowed"),
    ("sharing:\n  sale: allowed", "sale"),
    ("acceptance:\n  withdrawable: false", "withdrawable"),
    ("rights:\n  offered: [access]", "offered"),
    ("rights:\n  by_agreement: true", "by_agreement"),
    ("rights:\n  erasure: {grounds: [unlawful]}", "erasure"),
    ("rights:\n  objection: {marketing: weighed}", "marketing"),
    ("rights:\n  portability: {formats: [json]}", "formats"),
    ("announcements:\n  effective: on-posting", "on-posting"),
    ("special_categories: collected", "special_categories"),
    ("populations:\n  enquirer: {controller: client}", "enquirer"),
    ("retention:\n  usage: {counted_from: contract-end}", "usage"),
    ("items:\n  page.url: {enabled: true}", "page.url"),
    ("settings:\n  measures: [csrf]", "measures"),
    ("settings:\n  global_privacy_control: []", "global_privacy_control"),
    ("settings:\n  default_regime: elsewhere", "default_regime"),
    ("regimes: [elsewhere]\nsettings: {default_regime: elsewhere}", "regimes"),
]


@pytest.mark.parametrize(("more", "where"), WIDENINGS)
def test_a_client_may_not_widen(more: str, where: str) -> None:
    policy, findings = _client(more)
    wide = [finding for finding in findings if finding.code is Code.CLIENT_WIDENS_PARENT]
    assert policy is None
    assert wide, report(findings)
    assert any((finding.path, finding.position.line) == ("policy.yaml", _line(CLIENT + more, where)) for finding in wide), report(wide)


def test_every_rule_of_conduct_and_rights_says_what_narrower_means() -> None:
    told = {(each.way[0], ".".join(each.way[1:])) for each in LEAVES if each.way[0] in RULED}
    told |= {("channels", each.way[-1]) for each in CHANNEL_LEAVES} | {("", "special_categories")}
    assert told == CONDUCT_RULES.keys()


def test_only_a_client_switches_on_what_its_parent_leaves_to_its_clients() -> None:
    left = PARENT_TEXT.replace("  view.preference: {", "  view.preference: {enabled_by: client, ", 1)
    parent, _ = parse(left)
    load = {"../infinity/policy.yaml": left}.__getitem__
    client, findings = parse(CLIENT + "items: {view.preference: {enabled: true}}", load)
    silent, _ = parse(CLIENT, load)
    assert parent is not None and client is not None and silent is not None, report(findings)
    assert [policy.items["view.preference"].on for policy in (parent, client, silent)] == [False, True, False]
    assert parse(CLIENT + "items: {view.preference: {enabled_by: policy}}", load)[0] is None


def test_rules_of_conduct_lose_what_a_client_removes() -> None:
    parent = replace(
        INFINITY, linking=replace(INFINITY.linking, purposes=("call-journey", "telephone")),
        channels={"telephone": ChannelRules("telephone", purposes=("call-journey",))},
        profiling=replace(INFINITY.profiling, items=("device.ip", "page.route")))
    load = {"../infinity/policy.yaml": to_yaml(parent)}.__getitem__
    policy, findings = parse(CLIENT + "purposes: {call-journey: null}\nitems: {device.ip: null}", load)
    assert policy is not None, report(findings)
    assert (policy.linking.purposes, policy.channels["telephone"].purposes, policy.profiling.items) == (("telephone",), (), ("page.route",))


def test_removing_an_item_takes_its_mentions_along() -> None:
    policy, findings = _client("items: {device.ip: null}")
    assert policy is not None, report(findings)
    assert not any("device.ip" in purpose.items for purpose in policy.purposes.values())
    assert not any("device.ip" in event.items for event in policy.events.values())


def test_a_cookie_whose_purpose_is_removed_goes_with_it_and_is_never_called_necessary() -> None:
    policy, findings = _client("purposes: {personalisation: null}")
    assert policy is not None, report(findings)
    assert "troth_view" not in policy.cookies
    assert "troth_visitor" in policy.cookies


def test_removing_what_is_not_there_is_found_with_a_suggestion() -> None:
    policy, findings = _client("purposes: {news-letter: null}")
    assert policy is None
    assert [(finding.code, finding.help) for finding in errors(findings)] == [(Code.REMOVES_NOTHING, "did you mean `newsletter`?")]


@pytest.mark.parametrize("key", ["workspace", "title", "version", "effective_on", "changed_on", "organisation"])
def test_a_client_must_say_who_it_is(key: str) -> None:
    text = "\n".join(line for line in CLIENT.split("\n") if not line.startswith(f"{key}:"))
    policy, findings = parse(text, {"../infinity/policy.yaml": PARENT_TEXT}.__getitem__)
    assert policy is None
    assert f"the policy has no `{key}`" in [finding.message for finding in findings if finding.code is Code.MISSING_KEY]


def test_a_broken_parent_is_named_with_its_own_faults() -> None:
    broken = PARENT_TEXT.replace("threshold: 5", "threshold: five")
    policy, findings = parse(CLIENT, {"../infinity/policy.yaml": broken}.__getitem__)
    assert policy is None
    assert [(finding.path, finding.code) for finding in findings] == [
        ("policy.yaml", Code.PARENT_INVALID), ("../infinity/policy.yaml", Code.NOT_A_NUMBER)]


@pytest.mark.parametrize("files", [
    {"policy.yaml": "extends: policy.yaml"},
    {"../b/policy.yaml": "extends: ../a/policy.yaml", "../a/policy.yaml": "extends: ../b/policy.yaml"},
    {f"{number}.yaml": f"extends: {number + 1}.yaml" for number in range(50)},
])
def test_a_circle_of_parents_is_found(files: dict[str, str]) -> None:
    policy, findings = parse(f"extends: {next(iter(files))}", files.__getitem__)
    assert policy is None
    assert Code.CYCLIC_EXTENSION in {finding.code for finding in findings}


def test_a_grandchild_stands_on_both() -> None:
    shop = CLIENT.replace("../infinity", "../../infinity") + "aggregates: {threshold: 9}"
    files = {"../infinity/policy.yaml": PARENT_TEXT, "shop/policy.yaml": shop}
    stall = CLIENT.replace("../infinity/policy.yaml", "shop/policy.yaml").replace("corner", "stall")
    policy, findings = parse(stall, files.__getitem__)
    assert policy is not None, report(findings)
    assert (policy.parent, policy.aggregates.threshold) == ("corner", 9)
    assert parse(stall + "aggregates: {threshold: 7}", files.__getitem__)[0] is None


@settings(max_examples=80, deadline=None)
@given(edited(SMALL))
def test_a_clients_policy_never_permits_what_its_parents_refuses(case: tuple[Policy, frozenset[Key]]) -> None:
    client, _ = case
    if narrows(SMALL, client):
        return
    for id, purpose in client.purposes.items():
        above = SMALL.purposes[id]
        assert set(purpose.items) <= set(above.items)
        assert above.keep_for is None or (purpose.keep_for is not None and purpose.keep_for <= above.keep_for)
        for law in (*SMALL.regimes, "unknown"):
            assert STRICTNESS[permission_under(client, purpose, law)] >= STRICTNESS[permission_under(SMALL, above, law)]


@settings(max_examples=60, deadline=None)
@given(edited(SMALL))
def test_what_does_not_widen_there_widens_or_is_free_on_the_way_back(case: tuple[Policy, frozenset[Key]]) -> None:
    client, _ = case
    back = [fact for fact in facts(client, SMALL) if fact.field == "permission"]
    there = [fact for fact in facts(SMALL, client) if fact.field == "permission"]
    assert all(widens(fact, SMALL, client) != widens(again, client, SMALL) for fact, again in zip(there, back, strict=True))


def test_the_examples_narrow_infinity_in_fact() -> None:
    for name in ("harbour", "alder"):
        policy = read_policy(EXAMPLES / name / "policy.yaml")
        assert policy.parent == "infinity"
        assert narrows(INFINITY, policy) == []
        assert narrows(policy, INFINITY) != []
        assert not set(policy.calls.pool) & set(INFINITY.calls.pool)
        assert policy.purposes.keys() < INFINITY.purposes.keys()


def test_alder_asks_before_it_counts_anyone() -> None:
    alder = read_policy(EXAMPLES / "alder" / "policy.yaml")
    counting = alder.purposes["site-analytics"]
    assert {permission_under(alder, counting, law) for law in alder.regimes} == {Permission.ASK_BEFORE}


def test_a_clients_findings_stand_in_its_own_file() -> None:
    parsed = read_text(CLIENT + "purposes: {call-journey: null}", {"../infinity/policy.yaml": PARENT_TEXT}.__getitem__)
    assert report(finding for finding in parsed.findings if finding.code is Code.UNDECLARED_PURPOSE) == ""


def test_what_a_client_owns_is_not_compared() -> None:
    assert {"organisation", "site", "calls", "promises", "readings"} <= OWN


PLATFORM_TEXT = (EXAMPLES / "cxinfinity" / "policy.yaml").read_text("utf-8")


@pytest.mark.parametrize("basis", ["contract", "legal-obligation"])
def test_a_client_of_a_processor_names_its_own_basis_for_what_is_done_as_it_instructs(basis: str) -> None:
    text = CLIENT.replace("../infinity/", "../cxinfinity/") + f"purposes:\n  interactions: {{basis: {basis}}}\n"
    policy, findings = parse(text, {"../cxinfinity/policy.yaml": PLATFORM_TEXT}.__getitem__)
    assert policy is not None, report(findings)
    assert policy.purposes["interactions"].basis == basis


def test_a_client_of_a_processor_still_may_not_ask_less_than_it() -> None:
    text = CLIENT.replace("../infinity/", "../cxinfinity/") + "purposes:\n  beyond-providers: {basis: contract, permission: none}\n"
    policy, findings = parse(text, {"../cxinfinity/policy.yaml": PLATFORM_TEXT}.__getitem__)
    assert policy is None and [finding.code for finding in errors(findings)] == [Code.CLIENT_WIDENS_PARENT]
