"""Does a file of consents change exactly what it may, once, and does a no always win over a yes that is older or weaker?"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from tests.keeping import Place, a_place, infinity_policy
from troth.base.clock import instant, micros
from troth.base.errors import Fault
from troth.cli import main
from troth.collect.consent_lines import Code, Finding, Form, Layout, Word, lines_of
from troth.collect.import_consent import Known, Outcome, Report, import_consents, judge
from troth.consent.record import PROHIBITIONS, State, Strength, history
from troth.consent.standing import Standing, read_standing
from troth.gate.decide import MayUse, Permit, decide
from troth.ledger import verifier
from troth.policy.conduct import YesBy, YesStrength
from troth.policy.model import Policy
from troth.rights.consent_receipt import receipt_of
from troth.rights.consent_record import Records
from troth.subjects import directory
from troth.subjects.directory import IdentifierKind
from troth.subjects.links import How, join

NEWS, ADA = "newsletter", "ada@people.example"
HEAD = ("kind", "value", "purpose", "state", "at", "source", "wording")
NOW = micros(datetime(2026, 11, 22, 9, 0, tzinfo=UTC))


def taking(policy: Policy) -> Policy:
    """The same business, which takes an imported yes for an explicit one."""
    return replace(policy, asking=replace(policy.asking, evidence={YesBy.IMPORT: YesStrength.EXPLICIT}))


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with a_place(tmp_path, infinity_policy()) as found:
        yield found


@pytest.fixture
def willing(tmp_path: Path) -> Iterator[Place]:
    with a_place(tmp_path, taking(infinity_policy())) as found:
        yield found


def written(place: Place, *rows: tuple[str, ...], head: tuple[str, ...] = HEAD) -> Path:
    path = place.workspace.settings.data.parent / "consents.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([head, *rows])
    return path


def bring(place: Place, *rows: tuple[str, ...], layout: Layout = Layout(), dry: bool = False) -> Report:
    policy = place.workspace.policy
    lines = lines_of(written(place, *rows), Form.CSV, layout, policy.purposes, NOW, lambda size: None)
    return import_consents(place.workspace, list(lines), dry)


def row(state: str, at: str = "2024-05-01T10:00:00+00:00", who: str = ADA, purpose: str = NEWS, source: str = "mailer") -> tuple[str, ...]:
    return ("email", who, purpose, state, at, source, "Send me the letter")


def ref_of(place: Place, who: str = ADA) -> int | None:
    with place.workspace.state.read() as conn:
        return directory.find(conn, directory.hash_of(place.workspace.keys, IdentifierKind.EMAIL, who))


def standing_of(place: Place, who: str = ADA) -> Standing:
    ref = ref_of(place, who)
    with place.workspace.state.read() as conn:
        found = read_standing(conn, ref or 0)
    assert found is not None
    return found


def may_mail(place: Place, who: str = ADA) -> bool:
    return isinstance(decide(MayUse(NEWS), place.workspace.plan, standing_of(place, who), instant(NOW)), Permit)


def counts(report: Report) -> dict[str, int]:
    return {str(outcome): count for outcome, count in report.said.items() if count}


def everything(place: Place) -> list[Any]:
    with place.workspace.state.read() as conn:
        acts = conn.exec_driver_sql("SELECT * FROM consent_act").all()
        return [acts, conn.exec_driver_sql("SELECT * FROM standing").all(), place.workspace.log.size(conn), len(place.workspace.tape.read())]


def test_an_imported_yes_is_marked_and_opens_nothing_that_asks_first_unless_the_policy_takes_it(place: Place) -> None:
    assert counts(bring(place, row("yes"))) == {"recorded": 1}
    standing = standing_of(place)
    assert standing.states == {NEWS: State.GIVEN} and standing.strength is Strength.IMPORTED and standing.population == "enquirer"
    assert not may_mail(place)
    place.publish(taking(place.workspace.policy))
    assert may_mail(place)


def test_the_same_file_twice_changes_nothing(willing: Place) -> None:
    rows = [row("yes"), row("no", "", "ben@people.example"), row("withdrawn", "2025-01-01", "cleo@people.example")]
    rows.append(row("yes", who="dov@people.example"))
    first = bring(willing, *rows)
    assert first.newcomers == 4 and sum(first.acts.values()) == 4 and willing.ledger("operator-act")[-1]["act"] == "consent-import"
    before = everything(willing)
    second = bring(willing, *rows)
    assert counts(second) == {"known": 4} and not second.acts and everything(willing) == before


def test_a_dry_run_says_the_same_and_writes_nothing(willing: Place) -> None:
    rows = [row("yes"), row("no", "2025-01-01T00:00:00Z"), row("yes", "2024-12-01T00:00:00Z"), row("perhaps")]
    before = everything(willing)
    dry = bring(willing, *rows, dry=True)
    assert everything(willing) == before and ref_of(willing) is None
    wet = bring(willing, *rows)
    assert wet.as_json() | {"dry_run": True} == dry.as_json() and counts(wet) == {"recorded": 2, "outweighed": 1}


def test_what_a_person_said_here_is_overridden_by_nothing_older_or_weaker(place: Place) -> None:
    ref = place.person("enquirer", "uk", ADA)
    place.say(ref, newsletter=State.REFUSED)
    assert counts(bring(place, row("yes"))) == {"outweighed": 1}
    place.clock.pass_by(timedelta(days=2))
    assert counts(bring(place, row("yes", "2026-11-22T08:00:00Z"))) == {"outweighed": 1}
    place.say(ref, newsletter=State.GIVEN)
    assert counts(bring(place, row("no", "2026-11-01T00:00:00Z"))) == {"older": 1}
    assert counts(bring(place, row("yes", "2026-11-22T08:00:00Z"))) == {"known": 1}
    assert standing_of(place).strength is Strength.EXPLICIT and may_mail(place)
    assert counts(bring(place, row("no", ""))) == {"recorded": 1}  # a no at its word, also when nobody knows its time
    assert not may_mail(place) and standing_of(place).states[NEWS] is State.WITHDRAWN
    place.say(ref, newsletter=State.GIVEN)
    assert counts(bring(place, row("no", ""))) == {"known": 1} and may_mail(place)  # heard before; the person spoke since


def test_a_no_is_told_to_the_tape_and_of_a_browser_that_is_not_held_nothing_is_made(place: Place) -> None:
    lines = len(place.workspace.tape.read())
    assert counts(bring(place, row("no"), ("anonymous", "visitor-12345", "site-analytics", "no", "2024-01-01", "banner", ""))) == {
        "recorded": 1, "nobody": 1}
    assert len(place.workspace.tape.read()) == lines + 1
    with place.workspace.state.read() as conn:
        assert conn.exec_driver_sql("SELECT count(*) FROM subject").scalar_one() == 1


def test_an_erased_person_is_not_brought_back_by_an_old_list(willing: Place) -> None:
    with willing.workspace.state.write() as conn:
        hashed = directory.hash_of(willing.workspace.keys, IdentifierKind.EMAIL, ADA)
        conn.exec_driver_sql("INSERT INTO erased_identifier (hash, erased_at) VALUES (?, ?)", (hashed, NOW - 1))
    assert counts(bring(willing, row("yes"), row("no", ""))) == {"erased": 2} and ref_of(willing) is None


def test_a_joined_persons_no_outweighs_a_yes_to_the_other_reference(willing: Place) -> None:
    ref, other = willing.person("enquirer", "uk", ADA), willing.person("enquirer", "uk", "ada.l@people.example")
    with willing.workspace.state.write() as conn:
        join(conn, ref, other, How.VERIFIED_IDENTIFIER)
    willing.say(other, newsletter=State.REFUSED)
    assert counts(bring(willing, row("yes"))) == {"outweighed": 1}


BAD = [
    (row("maybe"), Code.UNKNOWN_STATE), (row("yes", purpose="telepathy"), Code.UNKNOWN_PURPOSE), (row("yes", "2031-01-01"), Code.IN_FUTURE),
    (row("no", "1994-12-31"), Code.BEFORE_1995), (row("yes", "last spring"), Code.BAD_TIME), (row("yes", ""), Code.YES_WITHOUT_TIME),
    (row("yes", "2024-05-01 10:00:00"), Code.NO_ZONE), (row("yes", who="ada at home"), Code.BAD_IDENTIFIER),
    (("carrier-pigeon", ADA, NEWS, "yes", "2024-05-01", "x", ""), Code.UNKNOWN_KIND), (row("yes", source="ada@people.example"), Code.BAD_SOURCE),
    (row("yes", source="tel-4420-7946-0999"), Code.BAD_SOURCE), (("phone", "12", NEWS, "yes", "2024-05-01", "x", ""), Code.BAD_IDENTIFIER),
    (("email",), Code.BAD_IDENTIFIER), (row("yes", who="a\u202e@people.example"), Code.BAD_IDENTIFIER),
    (row("ja", who="名前@例え.テスト"), Code.UNKNOWN_STATE),
]  # fmt: skip


@pytest.mark.parametrize(("bad", "code"), BAD, ids=[f"{code}-{number}" for number, (_, code) in enumerate(BAD)])
def test_each_fault_of_a_line_has_its_code_and_number_and_tells_nothing_else(place: Place, bad: tuple[str, ...], code: Code) -> None:
    report = bring(place, row("yes", who="good@people.example"), bad, row("no", who="last@people.example"))
    assert report.findings == [Finding(3, code)] and report.said[Outcome.RECORDED] == 2 and report.lines == 3
    assert "people.example" not in json.dumps(report.as_json()) and "ada" not in json.dumps(report.as_json())


def test_columns_words_and_purposes_are_mapped(place: Place) -> None:
    layout = Layout({"value": "E-Mail", "purpose": "Liste", "state": "Status", "at": "Am"}, {"Rundbrief": (NEWS, "marketing-email")},
                    {"angemeldet": Word.GIVEN}, "email", "crm", "Europe/Berlin")
    path = written(place, (ADA, "Rundbrief", "Angemeldet", "2024-05-01 10:00"), head=("E-Mail", "Liste", "Status", "Am"))
    lines = list(lines_of(path, Form.CSV, layout, place.workspace.policy.purposes, NOW, lambda size: None))
    assert counts(import_consents(place.workspace, lines)) == {"recorded": 2}
    with place.workspace.state.read() as conn:
        acts = history(conn, ref_of(place) or 0)
    assert {act.purpose for act in acts} == {NEWS, "marketing-email"} and {act.evidence.how for act in acts} == {"import.crm"}
    assert instant(acts[0].at) == datetime(2024, 5, 1, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize("raw", [b"", b"\n", b"kind;value\n", b"\xff\xfe\x00x\n1,2"], ids=["empty", "blank", "no columns", "noise"])
def test_a_file_that_is_none_is_refused_whole_and_coded(place: Place, raw: bytes) -> None:
    path = place.workspace.settings.data.parent / "odd.csv"
    path.write_bytes(raw)
    with pytest.raises(Fault) as refused:
        list(lines_of(path, Form.CSV, Layout(), place.workspace.policy.purposes, NOW, lambda size: None))
    assert refused.value.code in ("empty-file", "no-such-column")


def test_the_record_and_a_receipt_show_it_as_brought_over_and_the_receipt_holds(willing: Place, tmp_path: Path) -> None:
    bring(willing, row("yes"), row("no", "", "ben@people.example"))
    ref, ben = ref_of(willing) or 0, ref_of(willing, "ben@people.example") or 0
    with willing.workspace.state.read() as conn:
        records = Records(willing.workspace, conn)
        (event,) = next(one for one in (records.of(ref) or {})["dpv:hasProcess"] if one["troth:purpose"] == NEWS)["troth:events"]
        (undated,) = next(one for one in (records.of(ben) or {})["dpv:hasProcess"] if one["troth:purpose"] == NEWS)["troth:events"]
    assert event["troth:imported"] and event["troth:source"] == "mailer" and event["troth:strength"] == "imported" and event["troth:state"] == "Given"
    assert event["dpv:isIndicatedAtTime"] == "2024-05-01T10:00:00+00:00" and len(event["troth:importedWording"]) == 16
    assert not undated["troth:dated"] and undated["troth:state"] == "Refused"
    path = tmp_path / "receipt.json"
    path.write_text(json.dumps(receipt_of(willing.workspace, {ref})))
    assert verifier.main(["--receipt", str(path)]) == 0
    path.write_text(path.read_text().replace("2024-05-01T10:00:00", "2024-05-01T10:00:01"))
    assert verifier.main(["--receipt", str(path)]) == 1
    place = willing
    place.publish(replace(place.workspace.policy, asking=replace(place.workspace.policy.asking, evidence={})))
    with place.workspace.state.read() as conn:
        process = next(one for one in (Records(place.workspace, conn).of(ref) or {})["dpv:hasProcess"] if one["troth:purpose"] == NEWS)
    assert process["troth:state"] == "Unknown"  # what permits nothing is not called given


WORDS = st.lists(st.tuples(st.booleans(), st.one_of(st.none(), st.integers(0, 6))).filter(lambda one: not one[0] or one[1] is not None), max_size=8)


def outcome_of(words: list[tuple[bool, int | None]], known: Known | None = None) -> tuple[State | None, int]:
    """What stands after these words, each judged in turn, and how many were recorded."""
    count, heard = 0, False
    for yes, at in words:
        if judge(yes, at, known, heard=heard) is Outcome.RECORDED:
            how = "import-undated.x" if at is None else "import.x"
            known = Known(State.GIVEN if yes else State.REFUSED, Strength.IMPORTED, 3 if at is None else at, how)
            count, heard = count + 1, heard or at is None
    return (known.state if known else None), count


@given(WORDS, st.randoms())
def test_in_any_order_the_latest_word_stands_and_a_no_wins_ties_and_when_undated(words: list[tuple[bool, int | None]], random: Any) -> None:
    nos = [at for yes, at in words if not yes]
    latest_yes = max((at for yes, at in words if yes and at is not None), default=-1)
    permitted = latest_yes >= 0 and None not in nos and latest_yes > max((at for at in nos if at is not None), default=-1)
    shuffled = list(words)
    random.shuffle(shuffled)
    for some in (words, shuffled):
        state, _ = outcome_of(some)
        assert (state is State.GIVEN) == permitted and (state is None) == (not words)


SAID_HERE = st.sampled_from([Strength.EXPLICIT, Strength.RELAYED])


@given(st.booleans(), st.one_of(st.none(), st.integers(0, 9)), st.sampled_from(State), SAID_HERE, st.integers(0, 9))
def test_a_word_said_to_us_is_never_opened_by_an_imported_yes(yes: bool, at: int | None, state: State, strength: Strength, said_at: int) -> None:
    found = judge(yes, at, Known(state, strength, said_at, "centre"))
    assert not (found is Outcome.RECORDED and yes and state in PROHIBITIONS)
    if found is Outcome.RECORDED:
        assert at is None or at >= said_at


def test_the_command_reports_every_line_and_its_exit_code_means_something(willing: Place, tmp_path: Path) -> None:
    for name in ("secrets", "tape"):
        (tmp_path / f"data-{name}").symlink_to(tmp_path / name)
    data, path = str(willing.workspace.settings.data), written(willing, row("yes"), row("nope"))
    run = CliRunner().invoke(main, ["consent", "import", str(path), "--as", "csv", "--dry-run", "--data", data])
    assert run.exit_code == 3 and "2  lines read, none written" in run.output and "line 3 unknown-state" in run.output and ADA not in run.output
    run = CliRunner().invoke(main, ["consent", "import", str(path), "--as", "csv", "--json", "--data", data])
    told = json.loads(run.output)
    assert told["outcomes"]["recorded"] == 1 and told["findings"] == [{"line": 3, "code": "unknown-state"}] and run.exit_code == 3
    assert may_mail(willing)
    (tmp_path / "map.yaml").write_text("columns: {value: x}\nsecret: 1\n")
    run = CliRunner().invoke(main, ["consent", "import", str(path), "--as", "csv", "--map", str(tmp_path / "map.yaml"), "--data", data])
    assert run.exit_code == 1 and "bad-map" in run.output

