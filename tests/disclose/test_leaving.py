"""Does a message leave once, at a fit hour, not too often, and only while it is permitted? Texts go to a small provider of our own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.disclose.shop import ADA, BEN, CARRIED, TEXTS, Provider, Shop, a_shop, policy_of
from troth.base.errors import Fault
from troth.consent.record import State
from troth.disclose import carriers, outbox
from troth.disclose.announce import Became
from troth.disclose.composing import Channel
from troth.disclose.mailing import Mailing, send_to_all
from troth.disclose.outbox import Letter, Sent
from troth.gate.reasons import Reason, Refused
from troth.policy.conduct import AtMost, QuietHours

QUIET = QuietHours(21 * 60, 8 * 60, "Europe/London")


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with a_shop(tmp_path, policy_of("infi", sms={"quiet_hours": QUIET, "at_most": AtMost(2, 30)})) as found:
        yield found


@pytest.fixture
def provider() -> Provider:
    return Provider()


def text(ref: int, to: str = ADA, words: str = CARRIED, purpose: str = TEXTS) -> Letter:
    return Letter(ref, to, purpose, "test", "", words, channel=Channel.SMS)


def sent(shop: Shop, provider: Provider, letter: Letter, id: str = "one") -> str:
    with provider.serving() as url:
        shop.use(sms_url=url, sms_from="+442079460000")
        outbox.send(shop.workspace, letter, id)
    return shop.status(id)


def test_a_text_goes_to_the_provider_as_the_account_and_once(shop: Shop, provider: Provider) -> None:
    ref = shop.reader(ADA)
    assert sent(shop, provider, text(ref)) == sent(shop, provider, text(ref)) == Sent.SENT
    assert provider.taken == [{"From": "+442079460000", "To": ADA, "Body": CARRIED}]
    assert provider.seen == [("/2010-04-01/Accounts/AC123/Messages.json", "AC123:secret")] and shop.texts() == []


ANSWERS = [(429, "waiting"), (500, "waiting"), (503, "waiting"), (400, "failed"), (401, "failed"), (0, "unknown")]


@pytest.mark.parametrize(("answer", "became"), ANSWERS)
def test_each_answer_of_the_provider_has_its_meaning(shop: Shop, answer: int, became: str) -> None:
    assert sent(shop, Provider([answer]), text(shop.reader(ADA))) == became


def test_what_was_not_taken_is_tried_again_when_the_provider_says_and_no_sooner(shop: Shop) -> None:
    ref, busy = shop.reader(ADA), Provider([429, 201], retry_after="600")
    with busy.serving() as url:
        shop.use(sms_url=url, sms_from="+442079460000")
        outbox.send(shop.workspace, text(ref), "one")
        shop.clock.pass_by(timedelta(minutes=9))
        assert outbox.deliver_waiting(shop.workspace) == 0 and len(busy.taken) == 1
        shop.clock.pass_by(timedelta(minutes=2))
        assert outbox.deliver_waiting(shop.workspace) == 1 and shop.status("one") == Sent.SENT


def test_a_provider_that_never_takes_it_is_given_up(shop: Shop) -> None:
    ref, broken = shop.reader(ADA), Provider([500])
    with broken.serving() as url:
        shop.use(sms_url=url, sms_from="+442079460000")
        outbox.send(shop.workspace, text(ref), "one")
        waits = []
        while shop.status("one") == Sent.WAITING:
            shop.clock.pass_by(timedelta(minutes=1))
            waits.append(outbox.deliver_waiting(shop.workspace))
    assert shop.status("one") == Sent.FAILED and len(broken.taken) == 8 and len(waits) > 30  # each wait is longer than the one before


def test_a_process_that_dies_after_handing_over_sends_nothing_twice(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    ref, handed = shop.reader(ADA), []

    def dies(_settings: object, one: carriers.Text) -> None:
        handed.append(one)
        raise KeyboardInterrupt

    monkeypatch.setattr(carriers, "hand_over_text", dies)
    shop.use(sms_url="http://a:b@127.0.0.1:1", sms_from="+442079460000")
    with pytest.raises(KeyboardInterrupt):
        outbox.send(shop.workspace, text(ref), "one")
    assert shop.status("one") == Sent.LEAVING
    for _ in range(3):
        outbox.deliver_waiting(shop.workspace)
        outbox.send(shop.workspace, text(ref), "one")
        shop.clock.pass_by(timedelta(minutes=1, seconds=1))
    assert shop.status("one") == Sent.UNKNOWN and len(handed) == 1 and shop.texts() == []


def test_in_quiet_hours_a_message_waits_for_the_recipients_own_morning(shop: Shop) -> None:
    here, there = shop.reader(ADA), shop.reader("+14155550123", "california")
    shop.clock.set(datetime(2026, 11, 22, 12, 0, tzinfo=UTC))  # noon in London, five in the morning in California
    outbox.send(shop.workspace, text(here), "here")
    outbox.send(shop.workspace, text(there, "+14155550123"), "there")
    assert (shop.status("here"), shop.status("there")) == (Sent.IN_FOLDER, Sent.WAITING)
    shop.clock.set(datetime(2026, 11, 22, 17, 0, tzinfo=UTC))  # nine in California, seven in Honolulu: one number tells no more than its country
    outbox.deliver_waiting(shop.workspace)
    assert shop.status("there") == Sent.WAITING
    shop.clock.set(datetime(2026, 11, 22, 19, 1, tzinfo=UTC))
    outbox.deliver_waiting(shop.workspace)
    assert shop.status("there") == Sent.IN_FOLDER


def test_a_message_about_ones_own_request_does_not_wait_for_the_morning(shop: Shop) -> None:
    shop.clock.set(datetime(2026, 11, 22, 23, 0, tzinfo=UTC))
    outbox.send(shop.workspace, text(shop.reader(ADA), words="You get no more.", purpose=outbox.REQUEST), "one")
    assert shop.status("one") == Sent.IN_FOLDER


def test_a_withdrawal_at_night_stops_what_waits_for_the_morning(shop: Shop, provider: Provider) -> None:
    ref = shop.reader(ADA)
    shop.clock.set(datetime(2026, 11, 22, 23, 0, tzinfo=UTC))
    assert sent(shop, provider, text(ref)) == Sent.WAITING and shop.texts() == [CARRIED]
    assert shop.text_in(ADA, "Stop.").status_code == 200
    shop.clock.set(datetime(2026, 11, 23, 9, 0, tzinfo=UTC))
    with provider.serving() as url:
        shop.use(sms_url=url)
        outbox.deliver_waiting(shop.workspace)
    assert shop.status("one") == Sent.STOPPED and [one for one in provider.taken if "Sale" in one["Body"]] == [] and CARRIED not in shop.texts()


def test_one_more_than_the_policy_says_is_held_and_goes_when_there_is_room_again(shop: Shop) -> None:
    ref, ben = shop.reader(ADA), shop.reader(BEN)
    for n in range(2):
        assert send_to_all(shop.workspace, Mailing(TEXTS, "", f"{CARRIED} {n}", Channel.SMS)) == {Became.TOLD: 2}
    third = Mailing(TEXTS, "", f"{CARRIED} 3", Channel.SMS)
    assert send_to_all(shop.workspace, third) == {Became.HELD: 2}
    outbox.send(shop.workspace, text(ben, BEN, "Your order is on its way.", outbox.REQUEST))  # not of the channel's purposes
    assert len(shop.texts(ADA)) == 2 and len(shop.texts(BEN)) == 3
    shop.clock.pass_by(timedelta(days=4))
    outbox.sweep(shop.workspace)
    assert shop.texts() == [] and send_to_all(shop.workspace, third) == {Became.HELD: 2}  # files go, the count stays
    shop.clock.pass_by(timedelta(days=27))
    outbox.sweep(shop.workspace)
    assert send_to_all(shop.workspace, third) == {Became.TOLD: 2} and ref


def test_a_no_to_a_channel_leaves_other_channels_and_what_cannot_be_spared(shop: Shop) -> None:
    ref = shop.holder("ada@people.example")
    shop.say(ref, **{"channel:email": State.REFUSED})
    with pytest.raises(Refused) as refused:
        outbox.send(shop.workspace, Letter(ref, "ada@people.example", "marketing-email", "test", "News", "New."))
    assert refused.value.reason is Reason.NOT_THIS_WAY
    assert outbox.send(shop.workspace, Letter(ref, "ada@people.example", "service-messages", "test", "A fault", "Mended."))


@pytest.mark.parametrize(
    ("words", "code"),
    [("Sale!", "opt-out-missing"), ("Sale! Reply STOP to end these messages.", "charges-missing"), (CARRIED + "x" * 1_600, "too-long")],
)
def test_a_text_without_what_it_must_say_is_refused_and_leaves_nothing(shop: Shop, words: str, code: str) -> None:
    with pytest.raises(Fault, match=code):
        outbox.send(shop.workspace, text(shop.reader(ADA), words=words))
    assert shop.texts() == []


@pytest.mark.parametrize("to", ["", "anonymous", "12", "+", "+44 7900 123456; +447900654321", "ada@people.example"])
def test_what_is_no_number_is_refused(shop: Shop, to: str) -> None:
    with pytest.raises(Fault, match="bad-number"):
        outbox.send(shop.workspace, text(shop.reader(ADA), to))


def test_a_person_made_up_by_a_proof_is_handed_to_nobody(shop: Shop, provider: Provider) -> None:
    ref = shop.reader(ADA)
    with shop.workspace.state.write() as conn:
        conn.exec_driver_sql("UPDATE subject SET canary = 1 WHERE ref = ?", (ref,))
    assert sent(shop, provider, text(ref)) == Sent.IN_FOLDER and provider.taken == [] and shop.texts(ADA) == [CARRIED]


@pytest.mark.parametrize("url", ["provider.example", "https://provider.example", "https://account@provider.example", "ftp://a:b@provider.example"])
def test_a_provider_that_cannot_be_reached_as_it_is_written_is_refused_at_the_start(shop: Shop, url: str) -> None:
    shop.use(sms_url=url, sms_from="+442079460000")
    with pytest.raises(Fault, match="bad-setting"):
        carriers.check_settings(shop.workspace.settings)
    shop.use(sms_url="https://a:b@provider.example", sms_from="")
    with pytest.raises(Fault, match="bad-setting"):
        carriers.check_settings(shop.workspace.settings)


def test_infis_own_policy_sends_no_text_at_night(tmp_path: Path) -> None:
    with a_shop(tmp_path, policy_of("infi")) as shop:
        ref = shop.reader(ADA)
        shop.clock.set(datetime(2026, 11, 23, 3, 0, tzinfo=UTC))  # in London, where the number is of
        id = outbox.send(shop.workspace, text(ref))
        assert (shop.status(id), outbox.deliver_waiting(shop.workspace), shop.status(id)) == ("waiting", 0, "waiting")
        shop.clock.set(datetime(2026, 11, 23, 8, 1, tzinfo=UTC))
        outbox.deliver_waiting(shop.workspace)
        assert shop.status(id) == "in-folder"
