"""Is a STOP understood however it is written, obeyed at once, answered once, and nothing else taken for one?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.disclose.shop import ADA, BEN, CARRIED, TEXTS, Shop, a_shop, policy_of
from troth.backup.replay import replay_since
from troth.base.errors import Fault
from troth.consent.record import PROHIBITIONS, State, history
from troth.disclose import outbox, stopped
from troth.disclose.announce import Became
from troth.disclose.composing import Channel
from troth.disclose.mailing import Mailing, send_to_all
from troth.disclose.outbox import Letter
from troth.disclose.texts import Meant, plain, read_text, understood
from troth.gate.reasons import Refused
from troth.policy.conduct import ChannelConsent, ChannelRules
from troth.policy.model import Permission
from troth.rights import requests
from troth.rights.requests import Right
from troth.subjects import directory
from troth.subjects.directory import IdentifierKind

STOP_WORDS = ["STOP", "STOPALL", "STOP ALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT", "OPT OUT"]


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with a_shop(tmp_path, policy_of("infi")) as found:
        yield found


def sale(n: int = 0) -> Mailing:
    return Mailing(TEXTS, "", f"{CARRIED} {n}", Channel.SMS)


@given(
    word=st.sampled_from(STOP_WORDS), upper=st.lists(st.booleans(), min_size=12, max_size=12),
    around=st.text(" .!?,;:-*\n\t\u200b\"'", max_size=6),
)  # fmt: skip
def test_a_stop_word_in_any_case_with_any_punctuation_is_a_stop(word: str, upper: list[bool], around: str) -> None:
    written = "".join(letter.upper() if up else letter.lower() for letter, up in zip(word, upper, strict=False))
    assert understood(f"{around}{written}{around[::-1]}", "", None) is Meant.STOP


@given(st.text(max_size=200))
def test_no_text_in_any_script_breaks_the_reading(text: str) -> None:
    assert understood(text, "", ChannelRules("sms", stop_words=("ARRÊT", "停止"))) in Meant and plain(plain(text)) == plain(text)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("ＳＴＯＰ", Meant.STOP), ("s.t.o.p", Meant.STOP), ("arrêt", Meant.STOP), ("停止。", Meant.STOP),
        ("Please stop texting me!", Meant.ASKED_TO_STOP),
        ("take me off this list", Meant.ASKED_TO_STOP), ("Don’t text me again", Meant.ASKED_TO_STOP), ("bitte keine SMS mehr", Meant.ASKED_TO_STOP),
        ("I withdraw my consent", Meant.ASKED_TO_STOP), ("Help", Meant.HELP), ("info?", Meant.HELP), ("Unstop", Meant.START), ("START", Meant.START),
        ("Don't stop!", Meant.WORDS), ("Can I stop by tomorrow?", Meant.WORDS), ("When does the sale end?", Meant.WORDS), ("", Meant.WORDS),
        ("Cancel my order 12, please", Meant.WORDS), ("не надо", Meant.WORDS), ("🛑", Meant.WORDS), ("stopwatch", Meant.WORDS),
        ("Thanks!", Meant.WORDS),
    ],
)  # fmt: skip
def test_words_mean_what_people_mean(text: str, meant: Meant) -> None:
    assert understood(text, "", ChannelRules("sms", stop_words=("Arrêt", "停止"))) is meant


def test_a_stop_stops_the_text_that_already_waits(shop: Shop) -> None:
    ref = shop.reader(ADA)
    shop.use(sms_url="http://a:b@127.0.0.1:1", sms_from="+442079460000")  # nobody answers there
    assert send_to_all(shop.workspace, sale())[Became.TOLD] == 1
    (waiting,) = shop.texts(ADA)
    assert shop.text_in(ADA, "stop").status_code == 200
    shop.clock.pass_by(timedelta(hours=1))
    shop.use(sms_url="")
    outbox.deliver_waiting(shop.workspace)
    assert waiting not in shop.texts(ADA) and shop.states(ref)[TEXTS] is State.WITHDRAWN
    assert send_to_all(shop.workspace, sale(1)) == {Became.NOT_PERMITTED: 1}


def test_a_stop_is_answered_once_without_an_offer_and_stands_on_the_tape(shop: Shop) -> None:
    ref = shop.reader(ADA)
    for _ in range(3):
        assert shop.text_in(ADA, "STOP", "SM0123456789").status_code == 200  # the provider sends again
    shop.text_in(ADA, "STOP")  # and so does Ada
    (answer,) = shop.texts(ADA)
    assert answer.endswith(": you get no more texts from us.")
    with shop.workspace.state.read() as conn:
        acts = [act for act in history(conn, ref) if act.evidence.how == "by-text"]
    assert {act.purpose: act.state for act in acts} == {TEXTS: State.WITHDRAWN, "channel:sms": State.REFUSED}
    told = shop.workspace.tape.path.read_text()
    assert ADA not in told and str(ref) in told and '"opt-out"' in told


def test_a_stop_holds_for_the_number_whoever_else_gave_it(shop: Shop) -> None:
    shop.reader(ADA)
    other = shop.reader(BEN)
    shop.text_in(ADA, "STOP")
    with pytest.raises(Refused, match="no messages this way"):
        outbox.send(shop.workspace, Letter(other, ADA, TEXTS, "test", "", CARRIED, channel=Channel.SMS))
    assert outbox.send(shop.workspace, Letter(other, BEN, TEXTS, "test", "", CARRIED, channel=Channel.SMS))


def test_a_stop_leaves_what_goes_by_mail(shop: Shop) -> None:
    ada = shop.holder("ada@people.example")
    with shop.workspace.state.write() as conn:
        directory.attach(conn, ada, directory.hash_of(shop.workspace.keys, IdentifierKind.PHONE, ADA), IdentifierKind.PHONE, False)
    shop.text_in(ADA, "STOP")
    assert send_to_all(shop.workspace, Mailing("marketing-email", "News", "New."))[Became.TOLD] == 1
    assert shop.states(ada)["channel:sms"] in PROHIBITIONS


def test_an_ordinary_reply_changes_nothing_and_is_kept(shop: Shop) -> None:
    ref = shop.reader(ADA)
    shop.text_in(ADA, "See you at 5")
    assert shop.texts() == [] and shop.states(ref) == {TEXTS: State.GIVEN}
    assert send_to_all(shop.workspace, sale())[Became.TOLD] == 1


def test_plain_words_stop_and_somebody_reads_them(shop: Shop) -> None:
    ref = shop.reader(ADA)
    shop.text_in(ADA, "Please stop texting me, I never asked for it")
    assert shop.states(ref)[TEXTS] is State.WITHDRAWN and len(shop.texts(ADA)) == 1
    with shop.workspace.state.read() as conn:
        (waiting,) = requests.unanswered(conn)
        (note,) = requests.notes_of(shop.workspace, conn, waiting.id)
    assert (waiting.kind, waiting.channel, waiting.ref) == (Right.WITHDRAWAL, "sms", ref) and note.text.startswith("Please stop")


def test_a_start_is_no_yes_where_a_yes_must_be_asked_for(shop: Shop) -> None:
    ref = shop.reader(ADA)
    shop.text_in(ADA, "STOP")
    shop.text_in(ADA, "START")
    assert shop.states(ref) == {TEXTS: State.WITHDRAWN, "channel:sms": State.GIVEN}
    assert send_to_all(shop.workspace, sale()) == {Became.NOT_PERMITTED: 1}
    assert len(shop.texts(ADA)) == 2 and "still needs it" in shop.texts(ADA)[0] + shop.texts(ADA)[1]


def test_a_start_takes_a_no_back_that_was_silence_before(tmp_path: Path) -> None:
    asked = policy_of("infi", sms={"consent": ChannelConsent.UNSTATED})
    silent = replace(asked.purposes[TEXTS], permission=Permission.MAY_OBJECT, basis=asked.purposes["marketing-email"].basis)
    with a_shop(tmp_path, replace(asked, purposes={**asked.purposes, TEXTS: silent})) as shop:
        ref = shop.reader(ADA, "elsewhere")
        with shop.workspace.state.write() as conn:
            conn.exec_driver_sql("DELETE FROM standing")
        shop.text_in(ADA, "STOP")
        assert shop.states(ref)[TEXTS] in PROHIBITIONS
        shop.text_in(ADA, "UNSTOP")
        assert shop.states(ref)[TEXTS] is State.GIVEN


def test_help_says_who_writes_and_how_it_ends(shop: Shop) -> None:
    shop.text_in(BEN, "HELP")  # nobody we know
    (answer,) = shop.texts(BEN)
    assert "Text messages" in answer and "Reply STOP" in answer and "carrier may charge" in answer and "privacy@infi.example" in answer


@pytest.mark.parametrize("word", ["STOP", "HELP"])
def test_what_the_provider_answered_is_not_answered_again(shop: Shop, word: str) -> None:
    ref = shop.reader(ADA)
    shop.text_in(ADA, "arrêtez", OptOutType=word)
    assert shop.texts() == [] and (shop.states(ref)[TEXTS] is State.WITHDRAWN) == (word == "STOP")


def test_a_text_that_the_provider_did_not_sign_is_refused_and_changes_nothing(shop: Shop) -> None:
    ref = shop.reader(ADA)
    neighbour = shop.neighbour("harbour", shop.workspace.policy).workspace
    for token in ("x" * 32, neighbour.access["twilio_token"]):
        answer = shop.text_in(ADA, "STOP", token=token)
        assert (answer.status_code, answer.json()["code"]) == (403, "bad-signature")
    assert shop.states(ref) == {TEXTS: State.GIVEN} and shop.texts() == []


@pytest.mark.parametrize("sender", ["", "anonymous", "266696687", "+1", "ada@people.example"])
def test_a_text_from_nowhere_is_refused(shop: Shop, sender: str) -> None:
    assert shop.text_in(sender, "STOP").json()["code"] == "bad-text"


@pytest.mark.parametrize("id", ["", "a", "SM-1", "x" * 65])
def test_a_text_without_a_number_of_its_own_is_refused(shop: Shop, id: str) -> None:
    with pytest.raises(Fault, match="bad-text"):
        read_text([("MessageSid", id), ("From", ADA), ("Body", "STOP")], "")


def test_a_flood_from_one_number_is_answered_429_and_its_stop_is_still_heard(shop: Shop) -> None:
    ref = shop.reader(ADA)
    answers = [shop.text_in(ADA, f"hello {n}").status_code for n in range(32)]
    assert answers[:30] == [200] * 30 and answers[-1] == 429
    assert shop.text_in(ADA, "STOP").status_code == 200 and shop.states(ref)[TEXTS] is State.WITHDRAWN
    assert shop.text_in(BEN, "hello").status_code == 200


def test_what_a_text_says_rests_in_no_log_of_ours_and_no_file_name(shop: Shop) -> None:
    shop.reader(ADA)
    shop.text_in(ADA, "Please stop texting me")
    with shop.workspace.state.read() as conn:
        entries = [entry.body for _, entry in shop.workspace.log.entries(conn)]
    assert ADA not in str(entries) and "texting" not in str(entries)
    assert not [path for path in shop.workspace.folder.rglob("*") if "7900" in path.name]


def test_a_restored_copy_hears_the_stop_from_the_tape(shop: Shop) -> None:
    ref = shop.reader(ADA)
    before = len(list(shop.workspace.tape.read()))
    shop.text_in(ADA, "STOP")
    number = directory.hash_of(shop.workspace.keys, IdentifierKind.PHONE, ADA)
    with shop.workspace.state.write() as conn:  # as the copy from before was
        conn.exec_driver_sql("DELETE FROM stopped_address")
        conn.exec_driver_sql("DELETE FROM consent_act WHERE state != 'given'")
        conn.exec_driver_sql("DELETE FROM standing WHERE purpose = 'channel:sms'")
        conn.exec_driver_sql("UPDATE standing SET state = 'given'")
    replay_since(shop.workspace, list(shop.workspace.tape.read())[before:])
    assert shop.states(ref)[TEXTS] is State.WITHDRAWN and shop.states(ref)["channel:sms"] in PROHIBITIONS
    with shop.workspace.state.read() as conn:
        assert stopped.is_stopped(conn, number, "sms")
