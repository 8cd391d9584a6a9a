"""Does a sweep remove what is past its time, all of it, and nothing else? On a whole workspace whose clock is moved."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests.keeping import Place
from troth import versions
from troth.base.clock import now_micros
from troth.base.errors import Fault
from troth.gate.admit import admit_subject
from troth.policy.model import Basis, Permission, Policy
from troth.policy.write import to_yaml
from troth.retain import last_sweep, sweep, sweep_when_due
from troth.retain_commands import retain
from troth.store import shred
from troth.store.correct import correct
from troth.store.reveal import reveal_events
from troth.workspace import Workspace

DAY = timedelta(days=1)


def _shorter(policy: Policy, **days: int) -> Policy:
    """The same policy with shorter times for some purposes."""
    changed = {id.replace("_", "-"): count for id, count in days.items()}
    return replace(policy, purposes={id: replace(p, keep_for=changed[id] * DAY) if id in changed else p for id, p in policy.purposes.items()})


def _held(place: Place, *refs: int) -> list[tuple[str, Mapping[str, Any]]]:
    """All that is held about some people, as their own right would see it."""
    workspace = place.workspace
    found: list[tuple[str, Mapping[str, Any]]] = []
    with workspace.state.write() as conn:
        for ref in refs:
            grant = admit_subject(conn, workspace.log, workspace.plan, ref, "access")
            events = reveal_events(grant, conn, workspace.lake, workspace.keys, workspace.classes, frozenset({ref}))
            found += [(event.type, event.items) for event in events]
    return found


def _keys(place: Place, ref: int) -> set[str]:
    return {keep for keep, _ in place.workspace.keys.wrapped(ref)}


@pytest.fixture(params=["in the journal", "in the lake"])
def settled(request: pytest.FixtureRequest) -> bool:
    """Whether events have been settled before the sweep."""
    return bool(request.param == "in the lake")


@pytest.mark.promise("infinity-103")
def test_data_past_its_purpose_is_gone_and_younger_data_is_not(place: Place, settled: bool) -> None:
    place.publish(_shorter(place.workspace.policy, telephone=30, call_journey=30))
    old, young = place.caller(), place.person("enquirer", "uk")
    place.clock.pass_by(20 * DAY)
    place.keep(young, "call", **{"call.caller": "+442079460777", "call.status": "busy"})
    if settled:
        place.workspace.lake.settle()
    place.clock.pass_by(11 * DAY)
    report = sweep(place.workspace)
    assert _held(place, old) == []
    assert [items["call.caller"] for _, items in _held(place, young)] == ["+442079460777"]
    assert report.events == {"call": 1} and report.parts == {"calls": 1}
    assert _keys(place, old) == set() and _keys(place, young) == {"calls"}
    assert place.ledger("swept")[-1]["events"] == {"call": 1}


@pytest.mark.promise("infinity-103")
def test_no_byte_of_a_swept_value_is_left_in_any_file(place: Place, tmp_path: Path) -> None:
    place.publish(_shorter(place.workspace.policy, telephone=30, call_journey=30))
    ben = place.caller()
    wrapped = [blob for _, blob in place.workspace.keys.wrapped(ben)]
    place.workspace.lake.settle()
    place.clock.pass_by(31 * DAY)
    sweep(place.workspace)
    assert shred.look_for([tmp_path / "data"], [b"+442079460888", *wrapped]) == []
    assert list((tmp_path / "data" / "infinity" / "lake").glob("*.parquet")) == []


@pytest.mark.promise("infinity-104")
def test_a_ground_of_law_keeps_its_own_items_and_nothing_beside_them(place: Place, settled: bool) -> None:
    months = dict.fromkeys(("transactions", "customer_service", "service_messages", "feedback", "marketing_email", "improvement"), 30)
    place.publish(_shorter(place.workspace.policy, **months))
    ada = place.customer()
    place.keep(ada, "invoice", **{"invoice.number": "INV-7", "invoice.amount": "120", "contact.name": "Ada Lovelace"})
    if settled:
        place.workspace.lake.settle()
    place.clock.pass_by(31 * DAY)
    sweep(place.workspace)
    # the invoice, and the billing contact that the same rule keeps; no name, no address
    invoice = {"invoice.number": "INV-7", "invoice.amount": "120"}
    assert _held(place, ada) == [("customer-details", {"billing.contact": "books@example.com"}), ("invoice", invoice)]
    assert _keys(place, ada) == {"accounting"}
    grant = place.workspace.grant("transactions", "owner", "odile")
    assert place.workspace.views.run(grant, lambda view: view.execute(view.events)) == []
    place.clock.pass_by(2190 * DAY)
    sweep(place.workspace)
    assert _held(place, ada) == [] and _keys(place, ada) == set()


def test_a_row_loses_only_what_no_purpose_needs_any_more(place: Place, settled: bool) -> None:
    place.publish(_shorter(place.workspace.policy, site_analytics=30, improvement=200))
    cleo = place.visitor()
    if settled:
        place.workspace.lake.settle()
    place.clock.pass_by(31 * DAY)
    sweep(place.workspace)
    ((_, items),) = _held(place, cleo)
    assert items["page.route"] == "/pricing" and items["visit.source"] == "news"  # for joining visits with calls
    assert "device.browser" not in items
    place.clock.pass_by(370 * DAY)
    sweep(place.workspace)
    assert _held(place, cleo) == []


def test_every_view_shows_the_same_before_and_after(place: Place, settled: bool) -> None:
    place.publish(_shorter(place.workspace.policy, site_analytics=40, telephone=10, personalisation=5))
    for _ in range(6):
        place.visitor()
        place.caller()
        place.customer(f"{now_micros()}@example.com")
        place.clock.pass_by(9 * DAY)
        if settled:
            place.workspace.lake.settle()

    before = {purpose: _seen(place, purpose) for purpose in place.workspace.policy.roles["owner"]}
    assert sweep(place.workspace).events and any(before.values())
    assert {purpose: _seen(place, purpose) for purpose in before} == before


def _seen(place: Place, purpose: str) -> list[dict[str, Any]]:
    """What one purpose sees, clear and opened."""
    workspace = place.workspace
    grant = workspace.grant(purpose, "owner", "odile")
    rows = workspace.views.run(grant, lambda view: view.execute(view.events.order_by("seq")))
    opening = workspace.grant_reveal(purpose, "owner", "odile")
    with workspace.state.read() as conn:
        refs = frozenset(row["ref"] for row in rows)
        opened = {
            one.event: one.items for one in reveal_events(opening, conn, workspace.lake, workspace.keys, workspace.classes, refs) if one.items
        }
    return [*({name: value for name, value in row.items() if value is not None} for row in rows), opened]


def test_an_item_is_seen_no_longer_than_its_own_rule_keeps_it_swept_or_not(place: Place, settled: bool) -> None:
    device = {"device.browser", "device.os", "device.kind", "device.agent"}
    policy = place.workspace.policy
    items = {id: replace(one, keep="short") if id in device else one for id, one in policy.items.items()}
    short = replace(policy.retention["usage"], id="short", keep_for=10 * DAY)
    place.publish(replace(policy, items=items, retention=policy.retention | {"short": short}))
    cleo = place.person("site-visitor")
    agent = "Mozilla/5.0 (X11)"
    place.keep(cleo, "page-view", **{"page.route": "/pricing", "device.browser": "Firefox 140", "device.agent": agent, "device.ip": "203.0.113.9"})
    if settled:
        place.workspace.lake.settle()
    place.clock.pass_by(10 * DAY - timedelta(minutes=1))
    seen = _seen(place, "site-analytics")
    assert seen[0]["device.browser"] == "Firefox 140" and agent in str(seen)
    place.clock.pass_by(timedelta(minutes=2))
    row, opened = _seen(place, "site-analytics")
    assert row["page.route"] == "/pricing" and "device.browser" not in row and opened and agent not in str(opened)
    before = {purpose: _seen(place, purpose) for purpose in place.workspace.policy.roles["owner"]}
    assert sweep(place.workspace).reduced == 1
    assert {purpose: _seen(place, purpose) for purpose in before} == before


def test_a_row_whose_every_item_is_past_its_rule_is_seen_no_more(place: Place, settled: bool) -> None:
    rules = {id: replace(one, keep_for=(10 if id == "usage" else 20) * DAY) for id, one in place.workspace.policy.retention.items()}
    place.publish(replace(place.workspace.policy, retention=rules))
    place.visitor()
    place.caller()
    if settled:
        place.workspace.lake.settle()
    for days in (11, 10):
        place.clock.pass_by(days * DAY)
        before = {purpose: _seen(place, purpose) for purpose in place.workspace.policy.roles["owner"]}
        assert sweep(place.workspace).events
        assert {purpose: _seen(place, purpose) for purpose in before} == before
    assert [seen for seen in before.values() if seen != [{}]] == []


def test_rows_of_a_version_with_shorter_times_go_at_those_times_and_take_no_younger_ones_along(place: Place, settled: bool) -> None:
    longer = place.workspace.policy
    place.publish(_shorter(longer, telephone=30, call_journey=30))
    old, young = place.caller(), place.person("enquirer", "uk")
    place.clock.pass_by(20 * DAY)
    place.keep(young, "call", **{"call.caller": "+442079460777", "call.status": "busy"})
    place.publish(longer)  # from here on for 395 days; what came in before was said to go after 30
    if settled:
        place.workspace.lake.settle()
    for days, left in ((11, [young]), (20, [])):
        place.clock.pass_by(days * DAY)
        sweep(place.workspace)
        assert [ref for ref in (old, young) if _held(place, ref)] == left


def test_a_policy_in_words_of_an_older_language_permits_nothing_until_it_is_published_anew(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    policy, parse = place.workspace.policy, versions.parse_policy
    first = to_yaml(policy)
    monkeypatch.setattr(versions, "parse_policy", lambda text: parse(text.replace("retention:", "keeping:") if text == first else text))
    workspace = Workspace(place.workspace.settings, "infinity")
    for ask in (lambda: workspace.plan, lambda: workspace.publish(replace(policy, title="Another"))):
        with pytest.raises(Fault) as refused:
            ask()
        assert refused.value.code in ("version-unreadable", "version-published")
    assert list(place.house.policies()) == [policy]  # of the one that read it before
    replace(place, workspace=workspace).publish(policy)
    assert workspace.policy.purposes == policy.purposes
    workspace.close()


def test_a_row_that_needed_no_permission_serves_no_purpose_that_asks_first_today(place: Place) -> None:
    place.caller()
    policy = place.workspace.policy
    assert policy.purposes["telephone"].permission is Permission.NONE and len(_seen(place, "telephone")) == 2
    asking = replace(policy.purposes["telephone"], permission=Permission.ASK_BEFORE, basis=Basis.CONSENT, wording="May we?")
    place.publish(replace(policy, purposes=policy.purposes | {"telephone": asking}))
    assert _seen(place, "telephone") == [{}]


@pytest.mark.parametrize("tampered", [True, False])
def test_a_version_that_cannot_be_shown_permits_nothing_and_destroys_nothing(
    place: Place, settled: bool, tampered: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, parse = to_yaml(place.workspace.policy), versions.parse_policy
    ben = place.caller()
    place.publish(replace(place.workspace.policy, changed_on=place.workspace.policy.changed_on))
    if settled:
        place.workspace.lake.settle()
    if tampered:
        with place.workspace.state.write() as conn:
            conn.exec_driver_sql("UPDATE policy_version SET text = text || '# ' WHERE id = 1")
    else:  # written in words that this version of the language does not have
        monkeypatch.setattr(versions, "parse_policy", lambda text: parse(text.replace("retention:", "keeping:") if text == first else text))
    workspace = Workspace(place.workspace.settings, "infinity")
    again = replace(place, workspace=workspace)
    assert _seen(again, "telephone") == [{}] and sweep(workspace).events == {} and len(_held(again, ben)) == 1
    place.clock.pass_by(max(one.keep_for or DAY for one in place.workspace.policy.retention.values()) + DAY)  # today's rules end what they end
    sweep(workspace)
    assert _held(again, ben) == []
    workspace.close()


def test_a_second_sweep_finds_nothing_to_do(place: Place) -> None:
    place.publish(_shorter(place.workspace.policy, telephone=30, call_journey=30))
    place.caller()
    place.visitor()
    place.workspace.lake.settle()
    place.clock.pass_by(31 * DAY)
    assert sweep(place.workspace).files == 1
    assert sweep(place.workspace).as_json() == {"parts": {}, "events": {}, "reduced": 0, "files": 0, "keys": 0}


def test_a_time_that_passes_after_a_sweep_is_seen_by_the_next(place: Place) -> None:
    place.publish(_shorter(place.workspace.policy, telephone=30, call_journey=30))
    ben = place.caller()
    place.workspace.lake.settle()
    for days, held in ((29, 1), (0.5, 1), (1, 0)):
        place.clock.pass_by(days * DAY)
        sweep(place.workspace)
        assert len(_held(place, ben)) == held


def test_a_purpose_taken_out_of_the_policy_keeps_nothing(place: Place) -> None:
    cleo = place.visitor()
    place.workspace.lake.settle()
    sweep(place.workspace)
    policy = place.workspace.policy
    place.publish(replace(policy, purposes={id: one for id, one in policy.purposes.items() if id in ("telephone", "enquiries", "security")},
                          roles={"owner": ("telephone",)}, cookies={}, recipients={}, promises={},
                          settings=replace(policy.settings, global_privacy_control=())))  # fmt: skip
    assert sweep_when_due(place.workspace) is not None
    assert _held(place, cleo) == []


def test_a_key_stays_while_anything_is_left_under_it(place: Place) -> None:
    place.publish(_shorter(place.workspace.policy, telephone=30, call_journey=30))
    ben = place.caller()
    place.workspace.lake.settle()
    place.clock.pass_by(20 * DAY)
    place.keep(ben, "call", **{"call.caller": "+442079460888"})
    place.clock.pass_by(11 * DAY)
    report = sweep(place.workspace)
    assert report.keys == 0 and [items["call.caller"] for _, items in _held(place, ben)] == ["+442079460888"]


def test_a_correction_goes_with_what_it_corrected(place: Place) -> None:
    place.publish(_shorter(place.workspace.policy, telephone=30, call_journey=30))
    workspace, ben = place.workspace, place.caller()
    with workspace.state.write() as conn:
        grant = admit_subject(conn, workspace.log, workspace.plan, ben, "rectification")
        correct(conn, grant, workspace.keys, [ben], "call.caller", "+442079460889")
    assert [items["call.caller"] for _, items in _held(place, ben)] == ["+442079460889"]
    place.clock.pass_by(31 * DAY)
    sweep(workspace)
    with workspace.state.read() as conn:
        assert conn.exec_driver_sql("SELECT count(*) FROM correction").scalar_one() == 0


def test_somebody_who_comes_back_after_a_sweep_is_sealed_under_a_new_key(place: Place) -> None:
    place.publish(_shorter(place.workspace.policy, telephone=30, call_journey=30))
    ben = place.caller()
    before = place.workspace.keys.wrapped(ben)
    place.clock.pass_by(31 * DAY)
    assert sweep(place.workspace).keys == 1
    place.keep(ben, "call", **{"call.caller": "+442079460888"})
    assert place.workspace.keys.wrapped(ben) != before and len(_held(place, ben)) == 1


def test_what_law_kept_of_an_erased_person_goes_when_its_time_is_over(place: Place) -> None:
    ada = place.customer()
    place.workspace.lake.settle()
    at = now_micros()
    with place.workspace.state.write() as conn:
        grant = admit_subject(conn, place.workspace.log, place.workspace.plan, ada, "erasure")
        shred.tombstone(conn, grant, [ada], at)
        shred.keep_by_law(conn, [ada], {"accounting": ("bookkeeping", at + 10 * DAY // timedelta(microseconds=1))})
    sweep(place.workspace)
    assert _held(place, ada) == [("customer-details", {"billing.contact": "books@example.com"})]
    place.clock.pass_by(11 * DAY)
    sweep(place.workspace)
    assert _held(place, ada) == [] and _keys(place, ada) == set()


def test_the_index_and_the_duplicate_keys_of_a_swept_day_go_too(place: Place, settled: bool) -> None:
    place.publish(_shorter(place.workspace.policy, telephone=30, call_journey=30))
    ben = place.caller()
    if settled:
        place.workspace.lake.settle()
    place.clock.pass_by(31 * DAY)
    sweep(place.workspace)
    with place.workspace.state.read() as conn:
        for table in ("held", "seen", "journal"):
            assert conn.exec_driver_sql(f"SELECT count(*) FROM {table} WHERE ref = ?", (ben,)).scalar_one() == 0, table


def test_a_generation_that_a_crash_left_standing_ends_with_the_next_sweep(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.publish(_shorter(place.workspace.policy, telephone=30, call_journey=30))
    place.caller()
    place.clock.pass_by(31 * DAY)
    with monkeypatch.context() as dying:
        dying.setattr(place.workspace.keys, "turn_generation", _fails)
        with pytest.raises(RuntimeError):
            sweep(place.workspace)
    assert place.workspace.keys.generation == 1 and sweep(place.workspace).keys == 0
    assert place.workspace.keys.generation == 2
    sweep(place.workspace)
    assert [path.name for path in place.workspace.secrets.glob("generation-*")] == ["generation-2.key"]


def test_a_sweep_is_due_once_an_hour_and_at_a_new_policy(place: Place) -> None:
    assert sweep_when_due(place.workspace) is not None
    assert sweep_when_due(place.workspace) is None
    place.clock.pass_by(timedelta(hours=1, seconds=1))
    assert sweep_when_due(place.workspace) is not None
    place.publish(_shorter(place.workspace.policy, telephone=30))
    assert sweep_when_due(place.workspace) is not None


def test_a_failure_before_the_commit_changes_nothing(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.publish(_shorter(place.workspace.policy, telephone=30, call_journey=30))
    ben, cleo = place.caller(), place.visitor()
    place.workspace.lake.settle()
    place.clock.pass_by(31 * DAY)
    with monkeypatch.context() as broken:
        broken.setattr(place.workspace.log, "append", _fails)
        with pytest.raises(RuntimeError):
            sweep(place.workspace)
    with place.workspace.state.read() as conn:
        assert last_sweep(conn) is None and len(place.workspace.lake.files(conn)) == 1
    sweep(place.workspace)
    assert _held(place, ben) == [] and len(_held(place, cleo)) == 1


def _fails(*_args: object) -> int:
    raise RuntimeError("the disk went away")


def test_the_command_line_sweeps_and_shows(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place.caller()
    place.clock.pass_by(396 * DAY)
    for name, folder in (("SECRETS", "secrets"), ("TAPE", "tape")):
        monkeypatch.setenv(f"TROTH_{name}", str(tmp_path / folder))
    data = ["infinity", "--data", str(tmp_path / "data")]
    ran = CliRunner().invoke(retain, ["run", *data, "--json"])
    assert ran.exit_code == 0 and json.loads(ran.output)["events"] == {"call": 1}
    shown = json.loads(CliRunner().invoke(retain, ["show", *data, "--json"]).output)
    assert shown["rules"]["accounting"]["ground"] and shown["last_sweep"]["removed"]["events"] == {"call": 1}
    assert "last sweep" in CliRunner().invoke(retain, ["show", *data]).output
