"""Does data flow one way? Every room of `troth/` imports only from rooms above it in ARCHITECTURE.md's table.

Imports are read from the source with `ast`, those inside functions too; nothing is imported to look.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def rooms_in(text: str) -> list[str]:
    """The rooms of the table under `## The rooms`, the first one first: folders, and files by their stem; `*` stands for any name."""
    table = text.partition("## The rooms")[2].partition("\n## ")[0]
    cells = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    names = [name.removesuffix("/").removesuffix(".py") for cell in cells for name in re.findall(r"`([^`]+)`", cell)]
    return [one for name in names for one in ([path.stem for path in sorted((ROOT / "troth").glob(f"{name}.py"))] if "*" in name else [name])]


ROOMS = rooms_in((ROOT / "ARCHITECTURE.md").read_text("utf-8"))


def room_of(path: Path) -> str:
    """The room a file of `troth/` belongs to."""
    return path.relative_to(ROOT / "troth").parts[0].removesuffix(".py")


def imported(source: str, package: str = "troth") -> Iterator[tuple[int, str]]:
    """Line and room of every import of ours in a source, wherever it stands. `package` resolves relative ones."""
    for node in ast.walk(ast.parse(source)):
        modules: list[str] = []
        if isinstance(node, ast.Import):
            modules = [name.name for name in node.names]
        elif isinstance(node, ast.ImportFrom):
            outer = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*outer, *([node.module] if node.module else [])])
            modules = [f"{base}.{name.name}" for name in node.names] if base == "troth" else [base]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "import_module":
            modules = [arg.value for arg in node.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
        for module in modules:
            parts = module.split(".")
            if parts[0] == "troth" and len(parts) > 1:
                yield getattr(node, "lineno", 0), parts[1]


def breaches(room: str, source: str, package: str) -> list[str]:
    """What a file of a room imports from rooms below it in the table."""
    above = ROOMS[: ROOMS.index(room) + 1]
    return [f"line {line}: {room} imports {other}" for line, other in imported(source, package) if other not in above]


def _files(room: str) -> list[Path]:
    alone = ROOT / "troth" / f"{room}.py"
    return [alone] if alone.exists() else sorted((ROOT / "troth" / room).rglob("*.py"))


def _package(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).parent.parts)


def test_the_table_lists_every_room_once_and_no_other() -> None:
    there = {room_of(path) for path in (ROOT / "troth").rglob("*.py")} - {"__init__"}
    assert sorted(ROOMS) == sorted(there)


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_from_rooms_above_it(room: str) -> None:
    found = [f"{path.relative_to(ROOT)} {breach}" for path in _files(room) for breach in breaches(room, path.read_text("utf-8"), _package(path))]
    assert found == []


def test_what_people_see_never_reaches_into_the_store() -> None:
    found = [
        f"{path.relative_to(ROOT)} line {line}"
        for room in ROOMS
        if room in ("centre", "console", "cli") or room.endswith("commands")
        for path in _files(room)
        for line, other in imported(path.read_text("utf-8"), _package(path))
        if other == "store"
    ]
    assert found == []


def test_only_the_gate_makes_grants() -> None:
    makers = {room_of(path) for path in (ROOT / "troth").rglob("*.py") if "_made_by_admit" in path.read_text("utf-8")}
    assert makers == {"gate"}


@pytest.mark.parametrize(
    "source",
    [
        "from troth.store.lake import Lake",
        "import troth.store.lake",
        "from troth import store",
        "from ..store import lake",
        "from .. import store",
        "def late():\n    from troth.store import lake",
        "import importlib\nimportlib.import_module('troth.store')",
    ],
)
def test_every_way_to_import_is_seen(source: str) -> None:
    assert breaches("gate", source, "troth.gate") != []


def test_an_import_from_above_is_no_breach() -> None:
    assert breaches("gate", "from troth.base import clock\nfrom .reasons import Reason\nimport json", "troth.gate") == []
