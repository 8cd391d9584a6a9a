"""Into which sentences is a policy text split? Headings, lists, clauses, abbreviations, tables; and always the same ones."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from troth.base.errors import Fault
from troth.policy.text import BYTES_LIMIT, LONGEST, Document, read_document, read_words, split
from troth.policy.text_blocks import Part


def parts(document: Document) -> list[tuple[str, str]]:
    return [(str(one.part), one.text) for one in document.sentences]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("We keep it. You may ask.", ["We keep it.", "You may ask."]),
        ("We use tools, e.g. a calendar, i.e. ours. Ask us.", ["We use tools, e.g. a calendar, i.e. ours.", "Ask us."]),
        ("Mr. J. Finch and Dr. Lark see it. Nobody else does.", ["Mr. J. Finch and Dr. Lark see it.", "Nobody else does."]),
        ("It is sent by Mailkite Inc. The bill is ours.", ["It is sent by Mailkite Inc.", "The bill is ours."]),
        ("It is sent by Mailkite Inc. Dublin keeps it.", ["It is sent by Mailkite Inc. Dublin keeps it."]),
        ("Version 2.1 holds. Art. 6 applies, cf. No. 7 there.", ["Version 2.1 holds.", "Art. 6 applies, cf. No. 7 there."]),
        ("Is it sold? Never! \"Not once.\" We mean it.", ["Is it sold?", "Never!", "\"Not once.\"", "We mean it."]),
        ("We may (i) read it; (ii) answer it; and (iii) keep it.", ["We may (i) read it;", "(ii) answer it; and", "(iii) keep it."]),
        ("We may: (i) read it; (ii) answer it; and (iii) keep it.", ["We may:", "(i) read it;", "(ii) answer it; and", "(iii) keep it."]),
        ("1.2 We keep it for 2 yrs. approx. as law asks.", ["1.2 We keep it for 2 yrs. approx. as law asks."]),
        ("Wait… then ask. ok.", ["Wait… then ask. ok."]),
    ],
)
def test_a_paragraph_is_split_where_a_sentence_ends(text: str, expected: list[str]) -> None:
    assert list(split(text)) == expected


def test_lines_of_plain_text_that_were_broken_to_fit_are_joined_and_others_are_not() -> None:
    text = "PRIVACY\nOUR SHOP LTD\n\n1. Data\n\n1.1 We take your name and your address and we keep\nboth of them.\n\n"
    text += "E-mail: a@x.example\nTel.: 020 7946 0000\n"
    assert parts(read_words(text, "a.txt")) == [
        ("heading", "PRIVACY"), ("heading", "OUR SHOP LTD"), ("heading", "1. Data"),
        ("sentence", "1.1 We take your name and your address and we keep both of them."),
        ("sentence", "E-mail: a@x.example"), ("sentence", "Tel.: 020 7946 0000"),
    ]


def test_lists_of_markdown_lean_on_the_sentence_before_them() -> None:
    document = read_words("## Data\n\nWe take:\n\n- your *name*\n- your `e-mail`\n\nAnd [more](/more).\n", "a.md")
    entries = [("entry", "your name"), ("entry", "your e-mail")]
    assert parts(document) == [("heading", "Data"), ("sentence", "We take:"), *entries, ("sentence", "And more.")]
    assert [one.around for one in document.sentences] == ["", "", "We take:", "We take:", ""]
    assert [one.leads for one in document.sentences] == [False, True, False, False, False]


def test_a_row_of_links_is_navigation_and_a_table_of_markdown_has_columns() -> None:
    document = read_words("[Home](/) | [Shop](/shop)\n\n| What | Why |\n|---|---|\n| Name | Orders |\n", "a.md")
    assert parts(document) == [("link", "Home"), ("link", "Shop"), ("heading", "What"), ("heading", "Why"), ("cell", "Name"), ("cell", "Orders")]
    assert document.sentences[5].around == "Why Name"


def test_a_page_gives_its_text_and_neither_scripts_nor_its_head() -> None:
    page = """<html><head><title>T</title></head><body><nav><a href=/>Home</a></nav><script>var a = "Never.";</script>
    <h2>Data</h2><p>We keep&nbsp;it. <b>You</b> may ask.<ul><li>name<li>address</ul><table><tr><th>What<tr><td>Names.</table>
    <footer>Ltd No. 7</footer></body></html>"""
    document = read_words(page, "a.html")
    assert parts(document) == [
        ("link", "Home"), ("heading", "Data"), ("sentence", "We keep it."), ("sentence", "You may ask."), ("entry", "name"), ("entry", "address"),
        ("heading", "What"), ("cell", "Names."), ("sentence", "Ltd No. 7"),
    ]
    assert document.sentences[0].foot and document.sentences[-1].foot and not document.sentences[2].foot


def test_a_sentence_is_named_by_the_first_half_of_the_hash_of_its_words_and_by_five_of_them() -> None:
    sentence = read_words("call   tracking.\n", "a.txt").sentences[0]
    assert (sentence.sha256, sentence.first_words) == ("8e26ba0567ff160f", "call tracking.")
    assert read_words("one two three four five six\n", "a.txt").sentences[0].first_words == "one two three four five"


def test_a_sentence_belongs_to_the_section_above_it() -> None:
    document = read_words("We begin.\n\n# Data\n\nWe keep it.\n", "a.md")
    assert [one.section for one in document.sentences] == ["Top", "Data", "Data"]


@given(st.text(max_size=400), st.sampled_from(["a.txt", "a.md", "a.html"]))
def test_any_text_has_the_same_sentences_every_time_or_none(text: str, name: str) -> None:
    def read() -> list[tuple[str, str]] | str:
        try:
            return parts(read_words(text, name))
        except Fault as fault:
            return fault.code

    found = read()
    assert found == read()
    assert found == "no-sentences" or all(text == " ".join(text.split()) for _, text in found)


@given(st.lists(st.text(alphabet="abcdefg ", min_size=4, max_size=30).filter(lambda text: text.strip()), min_size=1, max_size=8))
def test_no_word_of_a_plain_text_is_lost(lines: list[str]) -> None:
    found = read_words("\n\n".join(lines), "a.txt")
    assert " ".join(one.text for one in found.sentences).split() == " ".join(lines).split()


def test_what_cannot_be_read_is_a_coded_error(tmp_path: Path) -> None:
    for name, content, code in (
        ("a.txt", b"\xff\xfe\x00", "not-utf8"), ("b.txt", b"   \n", "no-sentences"), ("c.html", b"<p></p><script>a.</script>", "no-sentences"),
        ("d.txt", b"a" * (BYTES_LIMIT + 1), "too-large"), ("e.txt", b"We keep it. " * 6000, "too-large"),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(Fault) as caught:
            read_document(tmp_path / name)
        assert caught.value.code == code


@pytest.mark.parametrize("name", ["a.txt", "a.md", "a.html"])
@pytest.mark.parametrize("text", ["a " * 20_000, "A" * 30_000, "[a](b " * 5_000, "_a" * 10_000, "`" * 20_000 + "x", "a." * 10_000])
def test_what_is_too_long_for_a_sentence_is_taken_in_pieces(text: str, name: str) -> None:
    assert max(len(one.text) for one in read_words(text, name).sentences) <= LONGEST


def test_the_parts_are_five() -> None:
    assert list(map(str, Part)) == ["heading", "sentence", "entry", "cell", "link"]
