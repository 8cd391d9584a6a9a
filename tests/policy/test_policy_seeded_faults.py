"""Does each fault that somebody may make in any of the five policies give its one finding, at its line?

A fault changes one thing of a policy's data; the file is printed one value a line, so that a line says where it is.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from policy_edits import EXAMPLES

from troth.policy.check_contradictions import FOUND_BY
from troth.policy.finding import Code, Finding
from troth.policy.parse import inspect, read_policy, read_text
from troth.policy.sarif import as_sarif
from troth.policy.sections import POLICY
from troth.policy_commands import check

DEPLOYMENTS = ("infinity", "cxinfinity", "infi", "infinext", "infisim")
Data = dict[str, Any]
Seed = Callable[[Data], str]
"""Changes the data and returns what stands in the line where the finding must be."""

SEEDS: dict[str, tuple[Code, Seed]] = {}


def seeds(code: Code) -> Callable[[Seed], Seed]:
    def remember(seed: Seed) -> Seed:
        SEEDS[seed.__name__.replace("_", "-")] = (code, seed)
        return seed

    return remember


def first(section: dict[str, Any], fits: Callable[[Any], bool] = lambda _: True) -> str:
    """The first id whose value fits."""
    return next(id for id, value in section.items() if fits(value))


@seeds(Code.UNDECLARED_ITEM)
def a_purpose_uses_what_nothing_declares(data: Data) -> str:
    data["purposes"][first(data["purposes"])]["items"].append("nothing.declares-this")
    return "nothing.declares-this"


@seeds(Code.UNDECLARED_ITEM)
def an_event_carries_what_nothing_declares(data: Data) -> str:
    data["events"][first(data["events"])]["items"].append("nothing.declares-this")
    return "nothing.declares-this"


@seeds(Code.UNDECLARED_EVENT)
def a_purpose_names_an_event_that_is_none(data: Data) -> str:
    data["purposes"][first(data["purposes"], lambda purpose: purpose.get("events"))]["events"].append("no-such-event")
    return "no-such-event"


@seeds(Code.UNDECLARED_POPULATION)
def an_event_is_about_nobody_declared(data: Data) -> str:
    data["events"][first(data["events"])]["population"] = "passer-by"
    return "passer-by"


def others_than(data: Data, population: str) -> list[str]:
    return [next(id for id in data["populations"] if id != population)]


@seeds(Code.OTHER_POPULATION)
def a_purpose_for_some_uses_an_event_about_others(data: Data) -> str:
    purpose = data["purposes"][first(data["purposes"], lambda purpose: len(purpose.get("events", ())) == 1)]
    (event,) = purpose["events"]
    purpose["populations"] = others_than(data, data["events"][event]["population"])
    return str(event)


@seeds(Code.OTHER_POPULATION)
def an_event_carries_an_item_of_others(data: Data) -> str:
    carried = [(item, event["population"]) for event in data["events"].values() for item in event["items"]]
    item, population = next((item, whose) for item, whose in carried if [one for one, _ in carried].count(item) == 1)
    data["items"][item]["populations"] = others_than(data, population)
    return item


@seeds(Code.UNDECLARED_PURPOSE)
def a_role_may_act_for_a_purpose_that_is_gone(data: Data) -> str:
    data["roles"][first(data["roles"])].append("purpose-that-is-gone")
    return "purpose-that-is-gone"


@seeds(Code.BASIS_MISSING)
def a_purpose_has_no_basis(data: Data) -> str:
    asking = first(data["purposes"], lambda purpose: purpose["permission"] == "ask-before" and purpose.get("basis") == "consent")
    del data["purposes"][asking]["basis"]
    return f"{asking}:"


@seeds(Code.UNUSED_ITEM)
def an_item_is_needed_by_no_purpose(data: Data) -> str:
    data["items"]["spare.note"] = {"label": "spare", "category": "user.content.private", "form": "sealed", "keep": first(data["retention"])}
    return "spare.note:"


@seeds(Code.RETENTION_MISSING)
def an_item_is_kept_by_no_rule(data: Data) -> str:
    keeps = [item["keep"] for item in data["items"].values()]
    id = first(data["items"], lambda item: keeps.count(item["keep"]) > 1)
    del data["items"][id]["keep"]
    return f"{id}:"


@seeds(Code.RETENTION_MISSING)
def a_rule_says_neither_how_long_nor_why(data: Data) -> str:
    id = first(data["retention"])
    data["retention"][id] = {"label": "for ever"}
    return f"{id}:"


@seeds(Code.COUNTED_FROM_COLLECTION)
def a_rule_starts_when_nobody_can_tell(data: Data) -> str:
    id = first(data["retention"], lambda rule: rule.get("keep_for") and "counted_from" not in rule)
    data["retention"][id]["counted_from"] = "last-contact"
    return f"{id}:"


@seeds(Code.UNDECLARED_RETENTION)
def an_item_is_kept_by_a_rule_that_is_none(data: Data) -> str:
    keeps = [item["keep"] for item in data["items"].values()]
    data["items"][first(data["items"], lambda item: keeps.count(item["keep"]) > 1)]["keep"] = "until-whenever"
    return "until-whenever"


@seeds(Code.RECIPIENT_WITHOUT_TERMS)
def a_recipient_signed_nothing(data: Data) -> str:
    id = first(data["recipients"], lambda recipient: recipient.get("terms"))
    del data["recipients"][id]["terms"]
    return f"{id}:"


@seeds(Code.TRANSFER_WITHOUT_SAFEGUARD)
def a_recipient_is_abroad_without_a_safeguard(data: Data) -> str:
    id = first(data["recipients"], lambda recipient: recipient.get("terms"))
    data["recipients"][id].pop("safeguard", None)
    data["recipients"][id]["country"] = "CN"
    return "CN"


@seeds(Code.RECIPIENT_BEYOND_PURPOSE)
def a_recipient_gets_more_than_it_needs(data: Data) -> str:
    id = first(data["recipients"], lambda recipient: recipient["purposes"])
    needed = {item for purpose in data["recipients"][id]["purposes"] for item in data["purposes"][purpose]["items"]}
    following = ("user.behavior", "user.device")
    more = first({item: None for item in data["items"] if item not in needed and not data["items"][item]["category"].startswith(following)})
    data["recipients"][id]["items"].append(more)
    return more


@seeds(Code.CONSENT_NOT_ASKED)
def a_purpose_asks_without_words(data: Data) -> str:
    id = first(data["purposes"], lambda purpose: purpose.get("basis") == "consent")
    del data["purposes"][id]["wording"]
    return f"{id}:"


@seeds(Code.UNPROVEN)
def a_promise_has_no_proof(data: Data) -> str:
    id = first(data["promises"], lambda promise: promise.get("proof"))
    del data["promises"][id]["proof"]
    return f"{id}:"


@seeds(Code.COOKIE_WITHOUT_PURPOSE)
def a_cookie_points_to_a_person_for_no_purpose(data: Data) -> str:
    data["cookies"]["spare"] = {"provider": "Somebody", "purposes": [], "label": "spare", "personal": True}
    return "purposes: []"


@seeds(Code.NOTICE_INCOMPLETE)
def a_purpose_cannot_be_told(data: Data) -> str:
    id = first(data["purposes"], lambda purpose: purpose.get("notice"))
    del data["purposes"][id]["notice"]
    return f"{id}:"


@seeds(Code.NOTICE_INCOMPLETE)
def nobody_can_be_reached(data: Data) -> str:
    del data["notice"]["contact"]
    return "notice:"


@seeds(Code.BELOW_FLOOR)
def a_purpose_runs_below_the_law(data: Data) -> str:
    answers = {"why": "the board took the risk", "by": "Odile", "on": "2026-10-01"}
    data["purposes"]["spare"] = {
        "label": "Spare", "kind": "advertising", "basis": "contract", "permission": "none", "items": [first(data["items"])],
        "wording": "Spare.", "notice": "We use it.", "below_floor": answers,
    }  # fmt: skip
    return "below_floor:"


@seeds(Code.CONTRADICTION)
def the_text_says_two_things(data: Data) -> str:
    if len(data["organisation"].get("registrations", ())) > 1:
        data["security"] = {"claims": ["complete", "not-guaranteed"]}
        return "claims:"
    data["organisation"]["registrations"] = ["00000001", "00000002"]
    return "registrations:"


@seeds(Code.CONTRADICTION)
def a_reading_no_longer_settles(data: Data) -> str:
    id = first(data["readings"], lambda reading: reading.get("settles") in {str(kind) for kind in FOUND_BY})
    del data["readings"][id]["settles"]
    return ""


@seeds(Code.UNKNOWN_KEY)
def a_key_that_nobody_knows(data: Data) -> str:
    data["organisation"]["colour"] = "blue"
    return "colour:"


@seeds(Code.NOT_A_DAY)
def a_day_that_does_not_exist(data: Data) -> str:
    data["effective_on"] = "2026-02-30"
    return "2026-02-30"


@seeds(Code.CLEAR_WITHOUT_VALUES)
def a_clear_item_without_a_vocabulary(data: Data) -> str:
    id = first(data["items"], lambda item: item["form"] == "clear")
    del data["items"][id]["values"]
    return f"{id}:"


@seeds(Code.REQUIRED_NOT_COLLECTED)
def an_event_requires_what_it_does_not_carry(data: Data) -> str:
    id = first(data["events"])
    missing = first({item: None for item in data["items"] if item not in data["events"][id]["items"]})
    data["events"][id]["required"] = [missing]
    return missing


@seeds(Code.UNKNOWN_CATEGORY)
def an_item_of_no_known_kind(data: Data) -> str:
    data["items"][first(data["items"], lambda item: item["category"].startswith(("user.name", "user.contact")))]["category"] = "user.shoe_size"
    return "user.shoe_size"


def printed(data: Data) -> str:
    return str(yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=4000, default_flow_style=False))


def data_of(deployment: str) -> Data:
    return copy.deepcopy(POLICY.write(read_policy(EXAMPLES / deployment / "policy.yaml")))


def said(findings: list[Finding]) -> set[tuple[str, str]]:
    return {(found.code, found.message) for found in findings}


@pytest.mark.parametrize("deployment", DEPLOYMENTS)
@pytest.mark.parametrize("fault", SEEDS)
def test_a_seeded_fault_gives_its_one_finding_at_its_line(deployment: str, fault: str) -> None:
    code, seed = SEEDS[fault]
    data = data_of(deployment)
    before = read_text(printed(data)).findings
    marker = seed(data)
    text = printed(data)
    new = [found for found in read_text(text).findings if (found.code, found.message) not in said(before)]
    assert [found.code for found in new] == [code], [str(found) for found in new]
    assert marker in text.splitlines()[new[0].position.line - 1], str(new[0])


def settled_readings() -> list[tuple[str, str, str]]:
    found = []
    for deployment in DEPLOYMENTS:
        for id, reading in read_policy(EXAMPLES / deployment / "policy.yaml").readings.items():
            if reading.settles in FOUND_BY:
                found.append((deployment, id, str(reading.settles)))
    return found


@pytest.mark.parametrize(("deployment", "reading", "kind"), settled_readings())
def test_each_contradiction_is_found_by_itself_when_no_reading_settles_it(deployment: str, reading: str, kind: str) -> None:
    data = data_of(deployment)
    del data["readings"][reading]
    found = [one for one in read_text(printed(data)).findings if one.code is Code.CONTRADICTION]
    assert len(found) == 1 and f"({kind})" in found[0].message
    assert found[0].help is not None
    data["readings"]["another"] = {"conflict": "both stand there", "chosen": "the stricter", "why": "somebody decided", "settles": kind}
    assert not [one for one in read_text(printed(data)).findings if one.code is Code.CONTRADICTION], "the suggestion does not help"


def test_every_contradiction_there_is_a_search_for_stands_in_some_policy() -> None:
    assert {kind for _, _, kind in settled_readings()} == {str(kind) for kind in FOUND_BY}


def test_a_reading_of_what_is_not_there_is_told() -> None:
    data = data_of("infinity")
    data["readings"]["two-company-numbers"]["settles"] = "safety-absolute-yet-not"
    new = {found.code for found in read_text(printed(data)).findings if found.severity != "note"}
    assert new == {Code.READING_UNNEEDED, Code.CONTRADICTION}


def test_a_client_is_not_asked_to_settle_what_its_parent_settled() -> None:
    for client in ("harbour", "alder"):
        assert not [found for found in inspect(EXAMPLES / client / "policy.yaml").findings if "contradiction" in found.code]


def test_findings_reach_other_programs_as_sarif() -> None:
    data = data_of("infi")
    data["organisation"]["colour"] = "blue"
    findings = read_text(printed(data)).findings
    run = as_sarif(findings, "policies/", "1.0")["runs"][0]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert len(run["results"]) == len(findings)
    for result, found in zip(run["results"], findings, strict=True):
        place = result["locations"][0]["physicalLocation"]
        assert rules[result["ruleIndex"]] == result["ruleId"] == found.code
        assert place["artifactLocation"]["uri"] == "policies/policy.yaml"
        assert place["region"] == {"startLine": found.position.line, "startColumn": found.position.column}
        assert result["level"] == {"error": "error", "warning": "warning", "note": "note"}[found.severity]
        assert result["message"]["text"].startswith(found.message)


def test_the_command_speaks_to_programs_and_its_exit_code_says_whether_something_must_be_mended(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    data = data_of("infinext")
    good.write_text(printed(data), "utf-8")
    data["organisation"]["colour"] = "blue"
    bad.write_text(printed(data), "utf-8")
    for form in ("text", "json", "sarif"):
        assert CliRunner().invoke(check, [str(good), "--format", form]).exit_code == 0
        done = CliRunner().invoke(check, [str(bad), "--format", form])
        assert done.exit_code == 1 and "unknown-key" in done.output
    assert CliRunner().invoke(check, [str(bad), "--format", "xml"]).exit_code == 2
    assert "contradiction-settled" in CliRunner().invoke(check, [str(good), "--notes"]).output
    assert "contradiction-settled" not in CliRunner().invoke(check, [str(good)]).output


def test_there_are_enough_of_them() -> None:
    assert len(SEEDS) * len(DEPLOYMENTS) >= 60


@pytest.mark.parametrize("deployment", DEPLOYMENTS)
def test_the_five_have_nothing_to_mend_and_settle_what_they_contradict(deployment: str) -> None:
    policy = read_policy(EXAMPLES / deployment / "policy.yaml")
    findings = read_text(printed(POLICY.write(policy))).findings
    weighty = [str(found) for found in findings if found.severity != "note"]
    assert [line for line in weighty if "below-floor" not in line] == []
    assert any(found.code is Code.CONTRADICTION_SETTLED for found in findings)
