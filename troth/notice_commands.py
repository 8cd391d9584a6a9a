"""What does a policy tell people? The command that prints its notice, cookie page, short notice and record, in any form."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from troth.base.errors import Fault
from troth.commands import err
from troth.look.page import STYLE
from troth.look.paper import as_pdf
from troth.policy.language import languages
from troth.policy.model import Policy
from troth.policy.notice import as_document, as_markdown, cookie_page, notice
from troth.policy.notice_dpv import KINDS, as_jsonld
from troth.policy.notice_record import record
from troth.policy.notice_short import short_notice
from troth.policy.notice_texts import untranslated
from troth.policy.page import Page
from troth.policy.parse import read_policy

FORMS = ("html", "md", "pdf", "jsonld")


@click.command("notice")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--as", "kind", type=click.Choice(list(KINDS)), default="notice", help="what to print (default: notice)")
@click.option("--format", "form", type=click.Choice(FORMS), default="md", help="in which form (default: md)")
@click.option("--language", default="", help="in which language (default: the policy's own)")
@click.option("--base", default="", help="the address of the workspace, such as https://privacy.shop.example/shop, for links")
@click.option("--client", "clients", multiple=True, help="a client's name, for a processor's record; as often as needed")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), default=None, help="the file to write (default: standard output)")
def notice_command(file: Path, kind: str, form: str, language: str, base: str, clients: tuple[str, ...], out: Path | None) -> None:
    """The privacy notice of a policy, its cookie page, a short notice of a few sentences, or the record of processing (Art. 30).

    PDF is tagged and can be searched; JSON-LD uses the W3C Data Privacy Vocabulary.
    """
    policy = read_policy(file)
    if language and language not in languages():
        raise Fault("no-such-language", f"there is no language `{language}`", help=f"one of {', '.join(languages())}")
    left = untranslated(policy, language)
    if left:
        message = f"{file.name}: {len(left)} texts of its own are not in `{language}`, such as {left[0]}; all stand in `{policy.language}`"
        err.print(message, markup=False, soft_wrap=True)
    _write(_printed(policy, kind, form, language, base.rstrip("/"), clients), form, out)


def _printed(policy: Policy, kind: str, form: str, language: str, base: str, clients: tuple[str, ...]) -> bytes:
    if form == "jsonld":
        return (json.dumps(as_jsonld(policy, kind, base, language), indent=2, ensure_ascii=False) + "\n").encode()
    page = page_of(policy, kind, language, base, clients)
    match form:
        case "pdf":
            return as_pdf(page)
        case "html":
            return as_document(page, STYLE).encode()
        case _:
            return as_markdown(page).encode()


def page_of(policy: Policy, kind: str, language: str, base: str, clients: tuple[str, ...] = ()) -> Page:
    """One of the four texts, with its links below `base`."""
    home = f"{base}/" if base else ""
    match kind:
        case "cookies":
            return cookie_page(policy, language)
        case "short":
            return short_notice(policy, f"{home}policy", f"{home}privacy", language)
        case "record":
            return record(policy, clients, language)
        case _:
            return notice(policy, f"{home}policy/versions", f"{home}cookies", f"{home}privacy", language)


def _write(data: bytes, form: str, out: Path | None) -> None:
    if out is not None:
        out.write_bytes(data)
    elif form == "pdf" and sys.stdout.isatty():
        raise Fault("pdf-on-screen", "a PDF cannot be read on a screen of letters", help="name a file with --out")
    else:
        sys.stdout.buffer.write(data)
