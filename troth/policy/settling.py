"""What did a person settle about the sentences of a text? Reads and writes the settlement file, and the table of sentences.

A settlement names a sentence by its hash: when the sentence changes, nothing is settled of it any more. What the machine
placed is written as a comment, to be settled by taking the mark away. The table has the columns deployment, ordinal,
section, sha256 (its first 16 digits), first_words, promises, reason.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from pathlib import Path

from troth.base.errors import Fault
from troth.policy.finding import Notes, meant, quoted
from troth.policy.marked import Scalar, read_tree
from troth.policy.model import Policy
from troth.policy.parse import PolicyInvalid
from troth.policy.text import Document
from troth.policy.trace import Outcome, Placed, is_reason, reasons

COLUMNS = ("deployment", "ordinal", "section", "sha256", "first_words", "promises", "reason")
_HASH_LENGTH = 16

Settled = Mapping[str, tuple[str, ...]]


def read_settlement(path: Path, policy: Policy) -> Settled:
    """What each hash is settled as. Raises PolicyInvalid for what is not YAML, `bad-settlement` for what means nothing."""
    notes = Notes()
    try:
        tree = read_tree(path.read_text("utf-8"), path.name, notes)
    except UnicodeDecodeError:
        raise Fault("not-utf8", f"`{path.name}` is not UTF-8", help="save it as UTF-8") from None
    if tree is None and _only_comments(path):
        return {}
    if notes.findings or tree is None:
        raise PolicyInvalid(notes.findings)
    return {hash: _settled(path.name, hash, entry.value, policy) for hash, entry in tree.entries.items()}


def _only_comments(path: Path) -> bool:
    return all(not line.strip() or line.lstrip().startswith("#") for line in path.read_text("utf-8").splitlines())


def _settled(name: str, hash: str, node: object, policy: Policy) -> tuple[str, ...]:
    line = node.spot.line if isinstance(node, Scalar) else 1
    words = tuple(node.text.split()) if isinstance(node, Scalar) else ()
    if len(hash) != _HASH_LENGTH or not words:
        raise Fault("bad-settlement", f"{name}:{line}: a settlement is a sentence's hash, then promises, a reason or `nothing`")
    for word in words:
        alone = len(words) == 1 and (word == Outcome.NOTHING or is_reason(word))
        if not alone and word not in policy.promises:
            message = f"{name}:{line}: {quoted(word)} is neither a promise of the policy nor a reason"
            raise Fault("bad-settlement", message, help=meant(word, [*policy.promises, *reasons(), "nothing"]))
    return words


def settlement(document: Document, placed: Iterable[Placed], settled: Settled) -> str:
    """The settlement file: what was settled as it stands, everything else as a comment to be settled."""
    lines = [f"# What a person settled about the sentences of `{document.name}`: a hash, then promises, a reason, or `nothing`.",
             "# A line that begins with `#` is what the words suggest; take the `#` away to settle it, or write what is right.",
             f"# The reasons: {', '.join(reasons())}."]
    for one in placed:
        mark = "" if one.by == "settled" else "# "
        lines.append(f"{mark}{one.sentence.sha256}: {said(one)}  # line {one.sentence.line}: {_shown(one.sentence.text)}")
    gone = [hash for hash in settled if hash not in document.by_hash]
    lines += [f"# {hash}: {' '.join(settled[hash])}  # no such sentence now" for hash in gone]
    return "\n".join(dict.fromkeys(lines)) + "\n"


def said(one: Placed) -> str:
    """Where a sentence belongs, in the words of a settlement."""
    return " ".join(one.promises) or one.reason or str(Outcome.NOTHING)


def _shown(text: str) -> str:
    words = "".join(letter if letter.isprintable() else " " for letter in text)
    return words if len(words) <= 90 else words[:90] + "…"


def as_csv(deployment: str, placed: Iterable[Placed]) -> str:
    """The table of sentences; both last columns are empty for what is backed by nothing."""
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(COLUMNS)
    for one in placed:
        sentence = one.sentence
        writer.writerow([deployment, sentence.ordinal, sentence.section, sentence.sha256, sentence.first_words, " ".join(one.promises), one.reason])
    return written.getvalue()
