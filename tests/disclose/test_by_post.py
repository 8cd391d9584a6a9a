"""Is a list of letters made of those alone who may be written to, once, and does each letter say how to end them?"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.disclose.shop import Shop, a_shop, policy_of
from troth.base.errors import Fault
from troth.cli import main
from troth.consent.record import State
from troth.disclose import printing
from troth.disclose.announce import Became
from troth.disclose.composing import Channel
from troth.disclose.mailing import Mailing
from troth.disclose.printing import print_list

WORDS = "Our offers for winter. {opt-out}"
HOW = "Ring us or write to us, and no more letters with offers come."


@pytest.fixture
def telecom(tmp_path: Path) -> Iterator[Shop]:
    with a_shop(tmp_path, policy_of("infisim")) as found:
        yield found


def customer(shop: Shop, name: str, address: str, **said: State) -> int:
    ref = shop.person("customer-contact", "uk", f"{name.lower()}@people.example")
    shop.say(ref, **({"offers_post": State.GIVEN} | said))
    shop.keep(ref, "customer-details", **{"contact.name": name, "contact.address": address, "contact.email": f"{name.lower()}@people.example"})
    return ref


def letters(text: str = WORDS) -> Mailing:
    return Mailing("offers-post", "", text, Channel.POST)


def test_the_list_holds_whoever_agreed_once_with_the_way_out(telecom: Shop) -> None:
    customer(telecom, "Ada", "1 Quay, Norwich")
    customer(telecom, "Ben", "2 Quay, Norwich", offers_post=State.WITHDRAWN)
    cleo = customer(telecom, "Cleo", "3 Quay, Norwich")
    telecom.say(cleo, **{"channel:post": State.REFUSED})
    made = print_list(telecom.workspace, letters())
    assert [(line.name, line.address) for line in made.lines] == [("Ada", "1 Quay, Norwich")] and made.lines[0].text.endswith(HOW)
    assert made.counted == {Became.TOLD: 1, Became.NOT_PERMITTED: 2}
    assert print_list(telecom.workspace, letters()).lines == ()
    assert "Quay" not in str(telecom.ledger("operator-act"))


@pytest.mark.parametrize("words", ["Our offers for winter.", "Our offers {opt-in}", "{opt-out}".replace("-", "_")])
def test_a_letter_that_does_not_say_how_to_end_them_is_refused(telecom: Shop, words: str) -> None:
    customer(telecom, "Ada", "1 Quay, Norwich")
    with pytest.raises(Fault, match="opt-out-missing"):
        print_list(telecom.workspace, letters(words))


def test_a_list_that_was_never_written_is_not_made_again(telecom: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    customer(telecom, "Ada", "1 Quay, Norwich")

    def dies(*_said: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(printing, "not_meant", dies)
        with pytest.raises(KeyboardInterrupt):
            print_list(telecom.workspace, letters())
    assert print_list(telecom.workspace, letters()).lines == ()
    assert [one["status"] for one in telecom.get("messages")] == ["leaving"]


def test_the_command_writes_a_table_for_its_owner_alone(telecom: Shop, tmp_path: Path) -> None:
    customer(telecom, "=Ada()", "1 Quay, Norwich")
    (tmp_path / "data-secrets").symlink_to(tmp_path / "secrets")
    (tmp_path / "offer.txt").write_text(WORDS, "utf-8")
    out, data = tmp_path / "letters.csv", str(telecom.workspace.settings.data)
    command = ["message", "infisim", "--purpose", "offers-post", "--channel", "post", "--text", str(tmp_path / "offer.txt"), "--data", data]
    assert "list-missing" in CliRunner().invoke(main, command).output
    assert "list-in-the-way" in CliRunner().invoke(main, [*command, "--out", f"{data}/letters.csv"]).output
    nowhere = str(tmp_path / "no" / "letters.csv")
    assert "list-not-writable" in CliRunner().invoke(main, [*command, "--out", nowhere]).output  # and nobody counts as written to
    assert CliRunner().invoke(main, [*command, "--out", str(out)], catch_exceptions=False).output.split() == ["1", "told"]
    assert out.stat().st_mode & 0o077 == 0
    (row,) = csv.DictReader(out.read_text("utf-8").splitlines())
    assert (row["name"], row["address"]) == ("'=Ada()", "1 Quay, Norwich") and HOW in row["text"]
    assert "list-in-the-way" in CliRunner().invoke(main, [*command, "--out", str(out)]).output
