"""Is every proof that a policy may name in docs/proofs.md? `TROTH_GOLDEN=1 pytest tests/promises/test_documented.py` writes its lists anew."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import troth.prove.behaviours
import troth.prove.statics  # noqa: F401
from troth.prove.registry import ANALYSES, BEHAVIOURS

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "proofs.md"
MADE_BELOW = "<!-- made below this line -->"


def test_every_proof_is_documented_as_it_is() -> None:
    head = DOCUMENT.read_text("utf-8").partition(MADE_BELOW)[0]
    made = f"{head}{MADE_BELOW}\n\n" + "\n".join(_lists()) + "\n"
    if os.environ.get("TROTH_GOLDEN"):
        DOCUMENT.write_text(made, "utf-8")
    assert DOCUMENT.read_text("utf-8") == made, "docs/proofs.md is not what the proofs are; look, then run with TROTH_GOLDEN=1"


def _lists() -> Iterator[str]:
    yield "## By analysis (`static`)"
    themes: dict[str, list[str]] = {}
    for analysis in ANALYSES.values():
        theme = analysis.find.__module__.rpartition(".")[2]
        themes.setdefault(theme, []).append(f"- `{analysis.name}`{_settings(analysis.find)}: {' '.join((analysis.find.__doc__ or '').split())}")
    for theme in sorted(themes):
        yield from ("", f"### {theme.capitalize()}", "", *sorted(themes[theme]))
    yield from ("", "## By acting (`probe`)", "")
    yield from sorted(f"- `{behaviour.name}`{_settings(behaviour.act)}, broken by `{behaviour.sabotage}`" for behaviour in BEHAVIOURS.values())


def _settings(function: Callable[..., Any]) -> str:
    """The settings a promise gives; those in brackets may be left out, those with dots are lists."""
    found = []
    for name, one in list(inspect.signature(function).parameters.items())[1:]:
        word = f"{name}…" if "tuple" in str(one.annotation) else name
        found.append(word if one.default is one.empty else f"[{word}]")
    return f" {{{', '.join(found)}}}" if found else ""
