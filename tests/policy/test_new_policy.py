"""Does `troth policy new` write a short, valid policy, whatever is answered? By questions, by flags and with neither."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from troth.cli import main
from troth.policy.finding import Severity
from troth.policy.parse import read_policy, read_text
from troth.policy.starter import ASKED, USUAL, Answers, Does, starter

WORDS = st.text(st.characters(exclude_categories=("C", "Zl", "Zp")), min_size=1, max_size=40).map(str.strip).filter(bool)


@given(
    does=st.frozensets(st.sampled_from(list(Does)), min_size=1), country=st.sampled_from(["GB", "US", "DE", "BR", "??"]), name=WORDS, address=WORDS,
    numbers=st.lists(st.sampled_from(["+442079460151", "+442079460152", "+442079460153"]), max_size=3, unique=True),
    origins=st.lists(st.sampled_from(["https://a.example", "https://b.example:8443"]), max_size=2, unique=True),
)
def test_whatever_is_answered_the_policy_is_short_valid_and_without_a_warning(
    does: frozenset[Does], country: str, name: str, address: str, numbers: list[str], origins: list[str]
) -> None:
    text = starter(Answers("a-business", name, "privacy@a.example", country, address, "", tuple(origins), does, tuple(numbers), date(2026, 11, 22)))
    parsed = read_text(text)
    assert [str(one) for one in parsed.findings if one.severity is not Severity.NOTE] == []
    assert parsed.policy is not None and parsed.policy.title == name
    assert len(text.splitlines()) < 150


def test_each_thing_a_business_does_brings_its_purpose_and_its_question() -> None:
    assert set(ASKED) == set(Does)
    purposes = set()
    for does in Does:
        policy = read_text(starter(Answers("a-business", "A", "a@a.example", does=frozenset({does}), today=date(2026, 11, 22)))).policy
        assert policy is not None
        purposes |= set(policy.purposes)
    assert purposes == {"site-analytics", "enquiries", "telephone", "appointments", "sms-service", "orders", "newsletter"}


def test_reminders_by_text_message_say_how_they_are_stopped() -> None:
    policy = read_text(starter(Answers("a-business", "A", "a@a.example", does=frozenset({Does.SMS}), today=date(2026, 11, 22)))).policy
    assert policy is not None
    assert list(map(str, policy.channels["sms"].stop)) == ["reply"]
    assert policy.channels["sms"].purposes == ("sms-service",)


def test_flags_questions_and_neither_lead_to_a_file(tmp_path: Path) -> None:
    run = CliRunner().invoke
    flags, asked, usual = (tmp_path / name for name in ("flags.yaml", "asked.yaml", "usual.yaml"))
    assert run(main, ["policy", "new", "--name", "Kiln & Co", "--does", "orders", "--yes", "--out", str(flags)]).exit_code == 0
    assert set(read_policy(flags).purposes) == {"orders"}
    assert read_policy(flags).workspace == "kiln-co"
    answers = "Corner Shop\ncorner\nask@corner.example\nUS\n\n\n\nn\ny\nn\nn\nn\nn\ny\n"
    shown = run(main, ["policy", "new", "--out", str(asked)], input=answers)
    assert shown.exit_code == 0 and "Does it count visits to the site" in shown.output
    assert set(read_policy(asked).purposes) == {"enquiries", "newsletter"}
    assert "california" in read_policy(asked).regimes
    assert run(main, ["policy", "new", "--yes", "--out", str(usual)]).exit_code == 0
    assert len(read_policy(usual).purposes) == len(USUAL)


@pytest.mark.parametrize(("words", "code"), [
    (["--yes", "--out", "policy.yaml"], "file-exists"), (["--yes", "--workspace", "Not A Name", "--out", "other.yaml"], "not-a-name"),
    (["--yes", "--site", "www.a.example", "--out", "other.yaml"], "not-a-name"),
    (["--out", "other.yaml"], "nothing-chosen"),
])
def test_what_cannot_stand_is_said_and_nothing_is_written(words: list[str], code: str, tmp_path: Path) -> None:
    here = [str(tmp_path / word) if word.endswith(".yaml") else word for word in words]
    (tmp_path / "policy.yaml").write_text("here already\n", "utf-8")
    done = CliRunner().invoke(main, ["policy", "new", *here], input="A\na-b\na@a.example\nGB\n\n\n\n" + "n\n" * len(Does))
    assert done.exit_code == 1 and code in done.output + done.stderr
    assert [file.name for file in tmp_path.iterdir()] == ["policy.yaml"]
    assert (tmp_path / "policy.yaml").read_text("utf-8") == "here already\n"
