"""I have a policy text, or nothing yet: how do I get the file? `troth policy trace`, `draft` and `new`."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from troth.base.clock import now
from troth.base.errors import Fault
from troth.commands import json_option, print_json, say, tell
from troth.policy.draft import Draft, draft
from troth.policy.draft_file import to_file
from troth.policy.draft_names import slug
from troth.policy.findings import errors, report
from troth.policy.parse import PolicyInvalid, read_policy, read_text
from troth.policy.settling import as_csv, read_settlement, settlement
from troth.policy.starter import ASKED, USUAL, Answers, Does, starter
from troth.policy.text import read_document
from troth.policy.trace import Near, Outcome, Placed
from troth.policy.trace import trace as trace_text

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_NEW_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.argument("text", type=_FILE)
@click.argument("file", metavar="POLICY", type=_FILE)
@click.option("--settled", type=_FILE, default=None, help="what a person settled: a sentence's hash, then promises, a reason or `nothing`")
@click.option("--write-settlement", type=_NEW_FILE, default=None, help="write such a file, with what the words suggest as comments")
@click.option("--explain", is_flag=True, help="show the promises that came near, how near, and by which words")
@click.option("--csv", "as_table", is_flag=True, help="print a table: deployment, ordinal, section, sha256, first_words, promises, reason")
@json_option
def trace(text: Path, file: Path, settled: Path | None, write_settlement: Path | None, explain: bool, as_table: bool, as_json: bool) -> None:
    """List each sentence of a policy text as backed by a promise, not a behaviour, or backed by nothing.

    TEXT is plain text, Markdown or HTML. Exit code 1 when a sentence is backed by nothing. In doubt it is, and the
    nearest promise is named.
    """
    document, policy = read_document(text), read_policy(file, now().date())
    known = read_settlement(settled, policy) if settled else {}
    placed = trace_text(document, policy, known)
    if write_settlement:
        _write(write_settlement, settlement(document, placed, known), over=write_settlement == settled)
    if as_table:
        click.echo(as_csv(policy.workspace, placed), nl=False)
    else:
        tell(as_json, _traced(document.name, placed), lambda value: _say_traced(placed, explain))
    sys.exit(1 if any(one.outcome is Outcome.NOTHING for one in placed) else 0)


def _write(path: Path, text: str, over: bool) -> None:
    if path.exists() and not over:
        raise Fault("file-exists", f"`{path.name}` exists already", help="name another file")
    try:
        path.write_text(text, "utf-8")
    except OSError:
        raise Fault("not-writable", f"`{path.name}` cannot be written") from None


def _counts(placed: Iterable[Placed]) -> dict[str, int]:
    outcomes = [one.outcome for one in placed]
    return {str(outcome): outcomes.count(outcome) for outcome in Outcome}


def _traced(name: str, placed: tuple[Placed, ...]) -> dict[str, Any]:
    return {"text": name, "counts": _counts(placed), "sentences": [_as_json(one) for one in placed]}


def _as_json(one: Placed) -> dict[str, Any]:
    sentence = one.sentence
    return {
        "ordinal": sentence.ordinal, "line": sentence.line, "section": sentence.section, "sha256": sentence.sha256, "text": sentence.text,
        "outcome": str(one.outcome), "promises": list(one.promises), "reason": one.reason or None, "by": one.by,
        "near": [{"promise": near.promise, "clause": near.clause, "score": round(near.likeness.score, 3), "words": list(near.likeness.words),
                  "denies": near.likeness.opposed, "other_time": near.likeness.other_time} for near in one.near],
    }


def _say_traced(placed: tuple[Placed, ...], explain: bool) -> None:
    for one in placed:
        say(f"line {one.sentence.line:<5}{_where(one):34} {_short(one.sentence.text)}")
        if one.outcome is Outcome.NOTHING and one.near and not explain:
            near = one.near[0]
            say(f"{'':10}nearest: {near.promise} ({near.clause}) {_short(near.sentence)}")
        for near in one.near if explain else ():
            say(f"{'':10}{_explained(near)}")
    counts = _counts(placed)
    say(f"{len(placed)} sentences: {counts['backed']} backed, {counts['not-a-behaviour']} not behaviours, {counts['nothing']} backed by nothing")


def _where(one: Placed) -> str:
    settled = ", settled" if one.by == "settled" else ""
    match one.outcome:
        case Outcome.BACKED:
            clause = next((near.clause for near in one.near if near.promise == one.promises[0]), "")
            return f"{' '.join(one.promises)}{settled}" + (f" ({clause})" if clause else "")
        case Outcome.NOT_A_BEHAVIOUR:
            return f"no behaviour: {one.reason}{settled}"
        case Outcome.NOTHING:
            return f"BACKED BY NOTHING{settled}"


def _explained(near: Near) -> str:
    alike = near.likeness
    but = [words for words, holds in (("one denies what the other says", alike.opposed), ("another length of time", alike.other_time)) if holds]
    more = (["the clause matches"] if alike.headed else []) + but
    return f"{alike.score:.2f} {near.promise} ({near.clause}) by {', '.join(alike.words)}" + (f"; {'; '.join(more)}" if more else "")


def _short(text: str) -> str:
    shown = "".join(letter if letter.isprintable() else " " for letter in text)
    return shown if len(shown) <= 100 else shown[:100] + "…"


@click.command("draft")
@click.argument("text", type=_FILE)
@click.option("--out", type=_NEW_FILE, default=None, help="write the policy file here (default: print it)")
@json_option
def draft_command(text: Path, out: Path | None, as_json: bool) -> None:
    """Write a starting policy from a policy text, by phrase rules; each guess is marked for a person to settle.

    Every sentence that promises something becomes a promise without a proof. The file is valid; it is no policy yet.
    """
    found = draft(read_document(text))
    made = to_file(found, now().date())
    wrong = errors(read_text(made).findings)
    if wrong:  # a guess that cannot stand is a fault of the rules, and said so
        raise PolicyInvalid(wrong)
    if out:
        _write(out, made, over=False)
    if as_json:
        print_json(_drafted(found, out))
    elif out is None:
        click.echo(made, nl=False)
    else:
        placed = {guess.sentence.ordinal for guess in found.guesses}
        say(f"{out.name}: {len(found.facts())} facts guessed from {len(placed)} sentences; {len(found.promising)} sentences became promises")
        say(f"settle each line marked `# guess`, then `troth policy check {out.name}`")


def _drafted(found: Draft, out: Path | None) -> dict[str, Any]:
    by: dict[int, list[dict[str, str]]] = {}
    for guess in found.guesses:
        by.setdefault(guess.sentence.ordinal, []).append({"kind": guess.kind, "value": guess.value, "rule": guess.rule})
    sentences = [
        {"ordinal": one.ordinal, "line": one.line, "section": one.section, "text": one.text, "facts": by.get(one.ordinal, []),
         "placed": one.ordinal in by, "reason": found.others.get(one.ordinal)}
        for one in found.document.sentences
    ]
    unplaced = sum(1 for one in sentences if not one["placed"] and not one["reason"])
    counts = {"facts": len(found.facts()), "placed": len(by), "unplaced": unplaced, "not-a-behaviour": len(found.others)}
    return {"text": found.document.name, "file": out.name if out else None, "counts": counts, "sentences": sentences}


@click.command()
@click.option("--name", default=None, help="the name of the business")
@click.option("--workspace", default=None, help="a short name for files and addresses (default: made from the name)")
@click.option("--email", default=None, help="where people write about their data")
@click.option("--country", default=None, help="the country of the business, such as GB")
@click.option("--address", default=None, help="its postal address")
@click.option("--telephone", default=None, help="its telephone number")
@click.option("--site", "sites", multiple=True, help="where its pages are, such as https://www.shop.example")
@click.option("--does", multiple=True, type=click.Choice([str(does) for does in Does]), help="what it does with people's data; may be repeated")
@click.option("--number", "numbers", multiple=True, help="a number to follow, such as +442079460151; the last one is for when all others are taken")
@click.option("--yes", is_flag=True, help="ask nothing; take what is usual for what was not given")
@click.option("--out", type=_NEW_FILE, default=Path("policy.yaml"), show_default=True, help="the file to write")
def new(name: str | None, workspace: str | None, email: str | None, country: str | None, address: str | None, telephone: str | None,
        sites: tuple[str, ...], does: tuple[str, ...], numbers: tuple[str, ...], yes: bool, out: Path) -> None:
    """Ask a few questions and write a short policy for a small business; every answer can be given as a flag."""
    name = _asked("The name of the business", name, "My business", yes)
    told = {
        "workspace": _asked("A short name for files and addresses", workspace, slug(name)[:31].strip("-"), yes),
        "email": _asked("Where people write about their data", email, f"privacy@{slug(name)}.example", yes),
        "country": _asked("The country of the business", country, "GB", yes).upper(),
        "address": _asked("Its postal address (may be left empty)", address, "", yes),
        "telephone": _asked("Its telephone number (may be left empty)", telephone, "", yes),
    }
    origins = sites or tuple(_asked("Where its pages are (may be left empty)", None, "", yes).split())
    chosen = frozenset(Does(word) for word in does) or _chosen(yes)
    if not chosen:
        raise Fault("nothing-chosen", "a business that does nothing with people's data needs no policy file", help="choose one with --does")
    made = starter(Answers(name=name, origins=origins, does=chosen, numbers=numbers, today=now().date(), **told))
    findings = read_text(made, path=out.name).findings
    if errors(findings):
        raise PolicyInvalid(findings)
    _write(out, made, over=False)
    say(f"{out.name}: {len(made.splitlines())} lines; read it, change it, then `troth policy check {out.name}`")
    remarks = report(findings)
    if remarks:
        say(remarks)


def _asked(question: str, given: str | None, usual: str, yes: bool) -> str:
    if given is not None or yes:
        return (given if given is not None else usual).strip()
    return re.sub(r"\s+", " ", str(click.prompt(question, default=usual, show_default=bool(usual)))).strip()


def _chosen(yes: bool) -> frozenset[Does]:
    if yes:
        return USUAL
    return frozenset(does for does, question in ASKED.items() if click.confirm(f"Does it {question.removesuffix('?')}", default=does in USUAL))
