"""Can a notice be had in every form, and does each say the same? PDF read back by another library, linked data by its own rules."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import pypdf
import pytest
from click.testing import CliRunner
from policy_edits import EXAMPLES, part

from troth.base.errors import Fault
from troth.cli import main
from troth.look import font
from troth.look.paper import CELL, as_pdf, columns, lines_of
from troth.policy.model import Basis, Kind, Policy, Role
from troth.policy.notice import as_document, as_markdown, cookie_page, notice
from troth.policy.notice_dpv import KINDS, as_jsonld, terms
from troth.policy.notice_record import record
from troth.policy.notice_short import short_notice
from troth.policy.packs import categories, regimes
from troth.policy.page import Bullets, Facts, Grid, Link, Page, Paragraph, Part, bare
from troth.policy.parse import read_policy

INFINITY = read_policy(EXAMPLES / "infinity" / "policy.yaml")
BAKERY = Path(__file__).parent / "speaking" / "baeckerei.yaml"
WORDS = "Grüße, Žofie Łukasik: „fünf“ €"


def _texts(policy: Policy, language: str = "") -> dict[str, Page]:
    return {"notice": notice(policy, "/v", "/c", "/p", language), "cookies": cookie_page(policy, language),
            "short": short_notice(policy, "/policy", "/privacy", language), "record": record(policy, language=language)}


@lru_cache(maxsize=8)
def _pdf(kind: str, language: str = "") -> pypdf.PdfReader:
    return pypdf.PdfReader(io.BytesIO(as_pdf(_texts(INFINITY, language)[kind], "https://www.infinity.example")))


def _words(reader: pypdf.PdfReader) -> str:
    return " ".join(" ".join(page.extract_text() for page in reader.pages).split())


def _said(page: Page) -> Iterator[str]:
    """Every text of a page, from start to end."""
    yield from (page.title, page.dated)
    for part_ in page.parts:
        yield from _said_in(part_)


def _said_in(part_: Part) -> Iterator[str]:
    yield part_.heading
    for block in part_.blocks:
        match block:
            case Paragraph(text) | Link(text, _):
                yield text
            case Bullets(lines):
                yield from lines
            case Facts(pairs):
                yield from (text for pair in pairs for text in pair)
            case Grid(caption, head, rows):
                yield from (caption, *head, *(cell for row in rows for cell in row))
    for inner in part_.parts:
        yield from _said_in(inner)


# paper


@pytest.mark.parametrize("kind", ["notice", "cookies", "short", "record"])
@pytest.mark.parametrize("language", ["", "de"])
def test_every_word_of_a_text_can_be_found_in_its_pdf(kind: str, language: str) -> None:
    """Cells of a table run beside one another, so each word is looked for, not each sentence."""
    there = set(_words(_pdf(kind, language)).split())
    missing = {word for text in _said(_texts(INFINITY, language)[kind]) for word in bare(text).split() if word not in there}
    assert missing == set()


def test_a_pdf_has_a_title_a_language_and_tags() -> None:
    reader = _pdf("notice")
    root: Any = reader.trailer["/Root"]
    assert reader.metadata and reader.metadata.title == "Privacy policy of Infinity Web and Calls Ltd"
    assert (root["/Lang"], root["/MarkInfo"]["/Marked"].value, root["/ViewerPreferences"]["/DisplayDocTitle"].value) == ("en", True, True)
    tags = [element["/S"] for element in _elements(root["/StructTreeRoot"]["/K"])]
    assert tags.count("/H1") == 1
    assert {"/Document", "/Sect", "/H2", "/H3", "/P", "/L", "/LI", "/Lbl", "/LBody", "/Table", "/TR", "/TH", "/TD", "/Caption", "/Link"} <= set(tags)
    assert b"<dc:language><rdf:Bag><rdf:li>en" in root["/Metadata"].get_data()


def _elements(node: Any) -> Iterator[Any]:
    node = node.get_object()
    yield node
    for each in node.get("/K", []):
        inner = each.get_object()
        if isinstance(inner, pypdf.generic.DictionaryObject) and inner.get("/S"):
            yield from _elements(inner)


def test_the_heads_of_a_table_say_what_they_are_the_head_of() -> None:
    root: Any = _pdf("record").trailer["/Root"]
    heads = [element["/A"]["/Scope"] for element in _elements(root["/StructTreeRoot"]["/K"]) if element["/S"] == "/TH"]
    assert {"/Column", "/Row"} == set(heads)


def test_every_mark_on_a_sheet_leads_back_to_its_element() -> None:
    reader = _pdf("notice")
    root: Any = reader.trailer["/Root"]["/StructTreeRoot"]
    numbers = root["/ParentTree"]["/Nums"]
    back = {int(numbers[at]): numbers[at + 1].get_object() for at in range(0, len(numbers), 2)}
    for at, page in enumerate(reader.pages):
        marks = page.get_contents().get_data().count(b"MCID")
        assert len(back[int(page["/StructParents"])]) == marks > 0, at
    boxes = [box.get_object() for page in reader.pages for box in page.get("/Annots", [])]
    assert boxes and all(back[int(box["/StructParent"])]["/S"] == "/Link" for box in boxes)
    assert {box["/A"]["/URI"] for box in boxes} >= {"https://www.infinity.example/v", "https://www.infinity.example/p"}


def test_letters_of_other_languages_are_in_the_pdf() -> None:
    text = Page(WORDS, "de", "", "bottom", (Part("a", WORDS, (Paragraph(WORDS), Grid("", (WORDS,), ((WORDS,),)))),))
    assert _words(pypdf.PdfReader(io.BytesIO(as_pdf(text)))).count("Žofie Łukasik: „fünf“ €") >= 3


def test_a_letter_that_the_font_lacks_is_an_error_and_not_a_gap() -> None:
    with pytest.raises(Fault, match="no letter U\\+6F22"):
        as_pdf(notice(part("notice", children="漢")(INFINITY), "v"))


@pytest.mark.parametrize(("place", "first"), [("upper-right", True), ("top", True), ("bottom", False)])
def test_the_date_stands_on_paper_where_the_policy_says(place: str, first: bool) -> None:
    reader = pypdf.PdfReader(io.BytesIO(as_pdf(notice(part("notice", date_at=place)(INFINITY), "v"))))
    sheets = [page.extract_text() for page in reader.pages]
    assert ("Last changed on" in sheets[0]) == first and ("Last changed on" in sheets[-1]) != first
    if first:
        above = sheets[0].index("Last changed on") < sheets[0].index("Privacy policy of")
        assert above == (place == "upper-right")


def test_no_line_is_wider_than_its_column() -> None:
    letters = font.read(CELL.font)
    rows = [("Name", "Data"), ("https://a-very-long-address.example/" + "x" * 120, "short"), ("", "several words that need more than one line " * 9)]
    widths = columns(rows, [CELL] * 3, 471.0)
    assert abs(sum(widths) - 471) < 0.01
    for row in rows:
        for cell, width in zip(row, widths, strict=True):
            for line in lines_of(cell, CELL, width - 6):
                assert letters.width(line) * CELL.size / 1000 <= width - 6 + 0.01


def test_a_cut_font_keeps_what_is_used_and_is_a_font() -> None:
    whole = font.read("DejaVuSerifCondensed")
    used = {whole.glyph(letter) for letter in "Äb€"}
    cut = whole.cut(used)
    assert len(cut) < 60_000 < sum(len(table) for table in whole.tables.values())
    assert cut[:4] == b"\0\1\0\0"


# linked data


@pytest.mark.parametrize("kind", list(KINDS))
@pytest.mark.parametrize("policy", [INFINITY, read_policy(BAKERY)], ids=["infinity", "bakery"])
def test_linked_data_uses_known_terms_and_every_reference_has_its_end(kind: str, policy: Policy) -> None:
    linked = as_jsonld(policy, kind, "https://www.shop.example/policy")
    known = {term for part_, words in terms().items() if part_ != "prefixes" for term in words.values()}
    ids = {node["@id"] for node in linked["@graph"]}
    for node in _nodes(linked["@graph"]):
        for key, value in node.items():
            assert key.startswith("@") or key.split(":")[0] in linked["@context"], key
            for type_ in [value] if isinstance(value, str) else value if key == "@type" else []:
                assert key != "@type" or type_.split(":")[0] in linked["@context"], type_
        if set(node) == {"@id"}:
            assert node["@id"] in ids | known, node
    assert linked["@graph"][0]["@type"] == KINDS[kind]
    assert len(ids) == len(linked["@graph"])
    json.dumps(linked)


def _nodes(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for each in value.values():
            yield from _nodes(each)
    if isinstance(value, list):
        for each in value:
            yield from _nodes(each)


def test_every_word_of_a_policy_has_its_term() -> None:
    said = terms()
    assert said["bases"].keys() == {str(basis) for basis in Basis}
    assert said["kinds"].keys() == {str(kind) for kind in Kind}
    assert said["roles"].keys() == {str(role) for role in Role}
    assert said["data"].keys() == categories().data.keys()
    assert said["subjects"].keys() == categories().subjects.keys()
    assert set(regimes()["gdpr"].rights) <= said["gdpr_rights"].keys()
    for part_, words in said.items():
        assert part_ == "prefixes" or all(term.split(":")[0] in said["prefixes"] for term in words.values()), part_


def test_linked_data_says_purpose_basis_time_and_country() -> None:
    graph = {node["@id"]: node for node in as_jsonld(INFINITY)["@graph"]}
    newsletter = graph["#purpose-newsletter"]
    assert newsletter["dpv:hasLegalBasis"] == [{"@id": "dpv:Consent"}, {"@id": "eu-gdpr:A6-1-a"}]
    assert newsletter["dpv:hasPurpose"] == [{"@id": "dpv:DirectMarketing"}]
    assert newsletter["dpv:hasStorageCondition"]["dpv:hasDuration"]["rdf:value"] == {"@value": "P730D", "@type": "xsd:duration"}
    assert graph["#recipient-callcarrier"]["dpv:hasThirdCountry"]["dct:identifier"] == "US"
    assert graph["#recipient-callcarrier"]["dpv:hasLegalBasis"] == [{"@id": "eu-gdpr:A46-2-c"}]
    assert graph["#recipient-mailworks"]["dpv:hasLegalBasis"] == [{"@id": "eu-gdpr:A45-3"}], "Canada protects data well enough"
    assert graph["#recipient-northcloud"]["dpv:hasCountry"]["dct:identifier"] == "GB"


# the command


def _run(*words: str) -> Any:
    return CliRunner().invoke(main, ["policy", "notice", *words])


@pytest.mark.parametrize("kind", list(KINDS))
def test_the_command_prints_every_text_in_every_form(kind: str, tmp_path: Path) -> None:
    begins = {"html": b"<!doctype html>", "md": b"# ", "pdf": b"%PDF-1.7", "jsonld": b'{\n  "@context"'}
    for form, start in begins.items():
        out = tmp_path / f"x.{form}"
        done = _run(str(BAKERY), "--as", kind, "--format", form, "--out", str(out))
        assert done.exit_code == 0, done.output
        assert out.read_bytes().startswith(start), form


def test_the_command_says_which_texts_are_not_translated() -> None:
    done = _run(str(EXAMPLES / "infinity" / "policy.yaml"), "--language", "de", "--as", "short")
    assert done.exit_code == 0 and "texts of its own are not in `de`" in done.stderr and "Kurz gesagt" in done.stdout
    assert _run(str(BAKERY), "--language", "en", "--as", "short").stderr == ""


def test_the_command_knows_no_language_without_a_file() -> None:
    done = _run(str(BAKERY), "--language", "fr")
    assert done.exit_code == 1 and "there is no language `fr`" in done.stderr


def test_a_processors_record_names_its_clients() -> None:
    infisim = EXAMPLES / "infisim" / "policy.yaml"
    assert "Ofen und Söhne" in _run(str(infisim), "--as", "record", "--client", "Ofen und Söhne").stdout


def test_a_whole_document_has_one_heading_one_language_and_landmarks() -> None:
    html = as_document(notice(INFINITY, "v"), "p { margin: 0 }")
    assert html.count("<h1>") == html.count("<main>") == html.count("<article") == html.count("<nav") == 1
    assert '<html lang="en">' in html and "<title>Privacy policy of Infinity" in html and "<script" not in html
    assert html.count("<th ") == html.count('scope="col"') + html.count('scope="row"') > 40


# the short notice and the record


def test_the_short_notice_is_short_and_true() -> None:
    text = as_markdown(short_notice(INFINITY))
    assert len(text.split()) < 170
    assert "all 7 of them" in text and "3 months to 6 years" in text and "We do not sell your data." in text


def test_the_record_of_a_controller_holds_all_that_article_30_asks() -> None:
    text = as_markdown(record(INFINITY))
    assert "Art. 30(1) GDPR" in text and "on behalf of clients" not in text
    for purpose in INFINITY.purposes.values():
        assert f"| {purpose.label} |" in text
    for recipient in INFINITY.recipients.values():
        assert recipient.label in text
    parts = "Data protection officer", "Time limits for erasure", "Technical and organisational measures"
    for words in (*parts, "| Yes | Standard contractual clauses |"):
        assert words in text


def test_a_purpose_of_a_client_is_in_the_processors_record_and_not_in_the_controllers() -> None:
    from dataclasses import replace

    theirs = replace(INFINITY.purposes["telephone"], basis=Basis.CLIENT_INSTRUCTION)
    both = replace(INFINITY, purposes={**INFINITY.purposes, "telephone": theirs})
    text = as_markdown(record(both))
    own, behalf = text.split("## Processing on behalf of clients")
    assert "| Taking calls |" not in own and "| Taking calls |" in behalf and "Art. 30(1) and (2) GDPR" in own
    only = as_markdown(record(replace(both, purposes={"telephone": theirs}), ("One Ltd", "Two Ltd")))
    assert "Art. 30(2) GDPR" in only and "One Ltd and Two Ltd" in only and "## Our own processing" not in only
    assert timedelta(days=395) == theirs.keep_for and "13 months" in only
