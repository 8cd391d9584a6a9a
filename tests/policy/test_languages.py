"""Does every language say the same, and is nothing said in another one unseen?"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from string import Formatter

import pytest
from policy_edits import EXAMPLES, part

from troth.policy import language as languages_room
from troth.policy.diff import diff
from troth.policy.language import OWN_PARTS, Unsaid, language, languages
from troth.policy.notice import as_html, as_markdown, cookie_page, notice
from troth.policy.notice_record import record
from troth.policy.notice_short import short_notice
from troth.policy.notice_texts import in_language, own_texts, untranslated
from troth.policy.packs import categories, countries, regimes
from troth.policy.page import FOREIGN, HOME
from troth.policy.parse import parse, read_policy

INFINITY = read_policy(EXAMPLES / "infinity" / "policy.yaml")
OTHERS = [id for id in languages() if id != "en"]


def _places(phrase: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(phrase) if name}


def _shared(id: str) -> dict[str, str]:
    return {key: phrase for key, phrase in language(id).phrases.items() if not key.startswith(OWN_PARTS)}


def test_there_is_more_than_one_language() -> None:
    assert {"en", "de"} <= set(languages())
    assert languages()["de"] == "Deutsch"


@pytest.mark.parametrize("id", OTHERS)
def test_every_language_has_the_same_phrases_with_the_same_places(id: str) -> None:
    english, other = _shared("en"), _shared(id)
    assert english.keys() == other.keys(), english.keys() ^ other.keys()
    assert {key: (_places(english[key]), _places(other[key])) for key in english if _places(english[key]) != _places(other[key])} == {}


@pytest.mark.parametrize("id", OTHERS)
def test_every_language_names_what_the_packs_name(id: str) -> None:
    spoken = language(id)
    assert spoken.under("countries").keys() == countries().keys()
    assert spoken.under("categories").keys() == categories().data.keys()
    assert spoken.under("subjects").keys() == categories().subjects.keys()
    assert spoken.under("tongues").keys() == languages().keys()


@pytest.mark.parametrize("id", languages())
def test_every_language_knows_every_body_of_law(id: str) -> None:
    for law in regimes():
        assert {f"laws.{law}.{part}" for part in ("within", "answer", "authority", "contact")} <= language(id).phrases.keys()


def test_the_english_words_for_an_authority_are_those_of_the_pack() -> None:
    for law in regimes().values():
        assert language("en").say(f"laws.{law.id}.authority") == law.authority
        assert language("en").say(f"laws.{law.id}.contact") == law.authority_contact


@pytest.mark.parametrize("id", OTHERS)
def test_no_phrase_was_left_in_english(id: str) -> None:
    words = {key: re.sub(r"\{.*?\}", "", phrase) for key, phrase in _shared(id).items() if phrase == language("en").phrases[key]}
    same = {key for key, said in words.items() if re.search("[a-z]{4}", said)}
    names = {"channels.chat", "ways.blog", "cookies.heading", "cookies.kind", "laws.uk.contact", "laws.california.contact"}
    months = {f"months.{month}" for month in range(1, 13)}
    assert same - names - months <= {"ways.chat", "receivers.name", "cookies.name", "record.name"}, same - names - months


def test_a_phrase_that_is_missing_is_an_error_and_not_another_languages() -> None:
    with pytest.raises(Unsaid, match="no-such-phrase"):
        language("de").say("no-such-phrase")
    with pytest.raises(Unsaid, match="who"):
        language("de").say("who.controller")
    for unknown in ("fr", "../en", "", "EN"):
        with pytest.raises(Unsaid):
            language(unknown)


def test_a_language_without_a_phrase_writes_no_notice(monkeypatch: pytest.MonkeyPatch) -> None:
    spoken = language("de")
    poorer = replace(spoken, phrases={key: phrase for key, phrase in spoken.phrases.items() if key != "giving.heading"})
    monkeypatch.setattr("troth.policy.notice_voice.language", lambda id: poorer if id == "de" else languages_room.language(id))
    with pytest.raises(Unsaid, match=r"giving\.heading"):
        notice(INFINITY, "versions", language="de")


def test_untranslated_texts_of_a_policy_are_announced_and_marked() -> None:
    html = as_html(notice(INFINITY, "versions", language="de"))
    assert html.startswith('<article class="notice" lang="de">')
    assert "ist in der Sprache Englisch verfasst und nicht übersetzt" in html
    assert f'<span lang="en">{INFINITY.purposes["telephone"].notice}</span>' in html
    assert FOREIGN not in html and HOME not in html
    english = as_html(notice(INFINITY, "versions"))
    assert "<span lang" not in english and "verfasst" not in english


def test_no_english_phrase_stands_in_a_german_text() -> None:
    """What is outside the marked runs is German: none of the English phrases that have no place in them occurs there."""
    from troth.policy.page import as_html as printed

    said = {phrase for key, phrase in language("en").phrases.items() if len(phrase.split()) > 3 and not _places(phrase)}
    texts = notice(INFINITY, "v", language="de"), cookie_page(INFINITY, "de"), short_notice(INFINITY, language="de"), record(INFINITY, language="de")
    for page in texts:
        html = re.sub(r'<span lang="en">.*?</span>', "", printed(page))
        assert [phrase for phrase in said if phrase in html] == []


def test_marks_in_a_policys_own_text_mark_nothing() -> None:
    tricky = part("notice", children=f"{HOME}<b>{FOREIGN}{FOREIGN}x")(INFINITY)
    html = as_html(notice(tricky, "v", language="de"))
    assert '<span lang="en">&lt;b&gt;x</span>' in html
    assert html.count("<span lang") == html.count("</span>")
    assert FOREIGN not in as_markdown(notice(tricky, "v"))


def test_every_phrase_is_said_somewhere() -> None:
    folder = Path(languages_room.__file__).parent
    code = "\n".join(path.read_text("utf-8") for path in (*folder.glob("*.py"), *(folder.parent / "centre").glob("*.py")))
    parts = {"bases", "kinds", "permissions", "safeguards", "channels", "countries", "categories", "subjects", "style", "list", "laws",
             "recorded", "transcripts"}  # read as wholes, or by names put together
    dead = [key for key in _shared("en") if not _said(key, code) and key.split(".")[0] not in parts]
    assert dead == []


def _said(key: str, code: str) -> bool:
    part, _, name = key.rpartition(".")
    whole = f'"{key}"' in code
    filled = re.search(rf'"{re.escape(part)}\.(?:[a-z_-]*)?\{{|"{re.escape(part)}\." \+|stated\("{re.escape(part)}"', code)
    listed = re.search(rf'"{re.escape(name)}"', code) and re.search(rf'"{re.escape(part)}\.\{{', code)
    return bool(whole or filled or listed)


# a policy's own texts

BAKERY = Path(__file__).parent / "speaking" / "baeckerei.yaml"


def test_a_policy_with_all_its_texts_is_spoken_in_that_language_whole() -> None:
    policy = read_policy(BAKERY)
    assert untranslated(policy, "en") == untranslated(policy, "de") == []
    english = as_markdown(notice(policy, "v", language="en"))
    assert "Counting visits" in english and "Besuche" not in english
    assert "<span lang" not in as_html(notice(policy, "v", language="en"))


@pytest.mark.parametrize("place", ["purposes/rundbrief/label", "notice/contact", "retention/besuch/why", "recipients/brief/category"])
def test_one_missing_text_leaves_them_all_and_is_named(place: str) -> None:
    policy = read_policy(BAKERY)
    fewer = replace(policy, texts={"en": {key: text for key, text in policy.texts["en"].items() if key != place}})
    assert untranslated(fewer, "en") == [place]
    html = as_html(notice(fewer, "v", language="en"))
    assert "has not been translated" in html and '<span lang="de">Besuche zählen</span>' in html and "Counting visits" not in html


def test_a_changed_translation_is_told_as_one_and_matters_to_nobody() -> None:
    policy = read_policy(BAKERY)
    other = replace(policy, texts={"en": {**policy.texts["en"], "purposes/rundbrief/label": "Letter"}})
    without = replace(policy, texts={})
    told = [[(str(change), change.material) for change in diff(one, two)] for one, two in ((policy, other), (policy, without), (without, policy))]
    assert told == [[("what the policy says itself reads otherwise in `en`", False)], [("what the policy says itself is gone in `en`", False)],
                    [("what the policy says itself is now there in `en`", False)]]


def test_a_text_for_nothing_and_a_language_nobody_speaks_are_found() -> None:
    text = BAKERY.read_text("utf-8")
    _, findings = parse(text.replace("    purposes/rundbrief/label:", "    purposes/rundbrif/label:"))
    findings = [one for one in findings if one.severity != "note"]
    assert [(str(one.code), one.help) for one in findings] == [("unknown-key", "did you mean `purposes/rundbrief/label`?")]
    assert findings[0].position.line == 1 + text[: text.index("    purposes/rundbrief/label:")].count("\n")
    _, findings = parse(text.replace("texts:\n  en:", "texts:\n  xx:"))
    assert [str(one.code) for one in findings if one.severity != "note"] == ["not-allowed"]


def test_every_text_of_the_five_policies_can_be_translated_away() -> None:
    """What a notice says in a policy's own words is all among the texts that can be translated; names and addresses are not."""
    for name in ("infinity", "cxinfinity", "infi", "infinext", "infisim"):
        policy = read_policy(EXAMPLES / name / "policy.yaml")
        spoken = replace(policy, texts={"de": dict.fromkeys(own_texts(policy), "übersetzt")})
        assert in_language(spoken, "de").language == "de"
        html = as_html(notice(spoken, "v", language="de"))
        for purpose in policy.purposes.values():
            assert purpose.label not in html and (not purpose.notice or purpose.notice not in html), (name, purpose.id)
