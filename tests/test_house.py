"""Is the house in order? Sizes of files and functions, what must be documented, what may stand nowhere, every table's fate.

`TROTH_GOLDEN=1 pytest tests/test_house.py -k commands` (or `make docs`) writes docs/commands.md anew.
"""

from __future__ import annotations

import ast
import importlib
import os
import pkgutil
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import troth
from troth.base.database import metadata
from troth.cli import main
from troth.store.shred import ON_ERASURE, Fate

ROOT = Path(__file__).resolve().parent.parent
COMMANDS = ROOT / "docs" / "commands.md"
MADE_BELOW = "<!-- below this line: made from the commands themselves, by `make docs` -->"
LONGEST_FILE, LONGEST_FUNCTION = 450, 60
TEXT = frozenset({".py", ".md", ".toml", ".txt", ".yaml", ".yml", ".js", ".css", ".html", ".sh", ".json", ".csv", ".svg", "", ".service"})
# Spelled in halves, so that this file does not hold them either.
NOWHERE = [
    "py" + "pi.org",
    "python" + "hosted.org",
    "npm" + "js.org",
    "deb.deb" + "ian.org",
    "--index" + "-url",
    "--extra" + "-index",
    "--find" + "-links",
    "/wo" + "rk/",
    "/ro" + "ot/",
    "/ho" + "me/",
    "/tm" + "p/brief",
]
CLOCKS = re.compile(r"\bdatetime\.(now|utcnow|today)\(|\bdate\.today\(|\btime\.time(_ns)?\(")


def _python(*folders: str) -> list[Path]:
    return [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]


def _ours() -> Iterator[Path]:
    """Every text file that is, or would be, in the repository; without git, every one in our folders."""
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        paths = [
            *ROOT.glob("*"),
            *(path for folder in ("troth", "tests", "docs", "examples", "bench", "tools") for path in (ROOT / folder).rglob("*")),
        ]
    else:
        paths = [ROOT / name for name in listed.stdout.split("\0") if name]
    yield from (path for path in paths if path.is_file() and path.suffix in TEXT)


# sizes


def test_no_file_is_longer_than_a_reader_can_hold() -> None:
    long = {str(path.relative_to(ROOT)): count for path in _python("troth", "tests", "bench", "examples") if (count := _lines(path)) > LONGEST_FILE}
    assert long == {}


def _lines(path: Path) -> int:
    return len(path.read_text("utf-8").splitlines())


def test_no_function_is_longer_than_a_screen() -> None:
    long = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
        for path in _python("troth", "tests", "bench", "examples")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and (node.end_lineno or 0) - node.lineno + 1 > LONGEST_FUNCTION
    ]
    assert long == []


def test_every_file_says_first_which_question_it_answers() -> None:
    silent = [str(path.relative_to(ROOT)) for path in _python("troth", "tests") if path.stat().st_size and not ast.get_docstring(_tree(path))]
    assert silent == []


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


# one reader of time


def test_only_the_clock_reads_the_time() -> None:
    readers = [str(path.relative_to(ROOT)) for path in _python("troth") if path.name != "clock.py" and CLOCKS.search(path.read_text("utf-8"))]
    assert readers == []


# what must be documented


def test_only_the_re_scan_walks_through_a_data_folder() -> None:
    """Opening and closing a database's file beside SQLite drops its locks: sqlite.org/howtocorrupt.html, 2.2."""
    walking = {path.relative_to(ROOT).as_posix() for path in (ROOT / "troth").rglob("*.py") if ".rglob(" in path.read_text("utf-8")}
    assert walking == {"troth/store/rescan.py"}


def test_every_setting_is_documented() -> None:
    told = (ROOT / "docs" / "settings.md").read_text("utf-8")
    asked = {name for path in _ours() if path.suffix in {".py", ".sh"} for name in re.findall(r"\bTROTH_[A-Z_]*[A-Z]\b", path.read_text("utf-8"))}
    assert {name for name in asked - {"TROTH_CONFIG"} if f"`{name}`" not in told} == set()


def test_no_setting_is_documented_that_is_not_there() -> None:
    told = set(re.findall(r"^\| `(TROTH_[A-Z_]+)`", (ROOT / "docs" / "settings.md").read_text("utf-8"), re.MULTILINE))
    code = "".join(path.read_text("utf-8") for path in _python("troth", "tests"))
    assert {name for name in told if f'"{name}"' not in code} == set()


def test_every_flag_of_run_is_among_the_settings() -> None:
    told = (ROOT / "docs" / "settings.md").read_text("utf-8")
    flags = [option for parameter in main.commands["run"].params for option in parameter.opts]
    assert [flag for flag in flags if f"`{flag}" not in told] == []


def test_the_commands_are_documented_as_they_are() -> None:
    head = COMMANDS.read_text("utf-8").partition(MADE_BELOW)[0]
    made = f"{head}{MADE_BELOW}\n\n{documented(main)}"
    if os.environ.get("TROTH_GOLDEN"):
        COMMANDS.write_text(made, "utf-8")
    assert COMMANDS.read_text("utf-8") == made, "docs/commands.md is not what the commands say; look, then run `make docs`"


def documented(root: click.Command) -> str:
    """Every command below `root` with its arguments, options and what they mean, as Markdown."""
    return "\n".join(_section(path, command) for path, command in _tree_of(root, ("troth",)))


def _tree_of(command: click.Command, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    if isinstance(command, click.Group):
        for name in sorted(command.commands):
            yield from _tree_of(command.commands[name], (*path, name))
    else:
        yield path, command


def _section(path: tuple[str, ...], command: click.Command) -> str:
    arguments = [_shown(one) for one in command.params if isinstance(one, click.Argument)]
    options = [f"- `{', '.join(one.opts)}`{_said(one)}" for one in command.params if isinstance(one, click.Option)]
    help = (command.help or "").partition("\f")[0].replace("\n\n", "\n").strip()
    return "\n".join([f"### `{' '.join([*path, *arguments])}`", "", help, "", *options, ""])


def _shown(argument: click.Argument) -> str:
    if argument.metavar:
        return argument.metavar
    name = "|".join(map(str, argument.type.choices)) if isinstance(argument.type, click.Choice) else (argument.name or "").upper()
    return name if argument.required else f"[{name}]"


def _said(option: click.Option) -> str:
    choices = f"; one of {', '.join(f'`{one}`' for one in option.type.choices)}" if isinstance(option.type, click.Choice) else ""
    default = f" (default: `{option.default}`)" if option.show_default else ""
    needed = "; needed" if option.required else ""
    return f": {option.help}{default}{choices}{needed}"


def test_every_command_says_what_it_does() -> None:
    commands = list(_tree_of(main, ("troth",)))
    assert [" ".join(path) for path, command in commands if not command.help] == []
    assert [(*path, one.name) for path, command in commands for one in command.params if isinstance(one, click.Option) and not one.help] == []


# what may stand nowhere


@pytest.mark.parametrize("word", NOWHERE)
def test_no_machine_and_no_index_is_named(word: str) -> None:
    assert [str(path.relative_to(ROOT)) for path in _ours() if word in path.read_text("utf-8", errors="replace")] == []


# what the documents point to is there


DOCUMENTS = [str(path.relative_to(ROOT)) for path in _ours() if path.suffix == ".md" and "golden" not in path.parts]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_what_a_document_points_to_is_there(document: str) -> None:
    text = (ROOT / document).read_text("utf-8")
    folder = (ROOT / document).parent
    written = re.findall(r"`((?:troth|tests|docs|examples|bench|tools|\.ci)/[\w./-]+)`", text)
    named = {ROOT / name for name in written if "/out/" not in name}  # what a run writes is not in a fresh clone
    linked = {folder / name for name in re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", text) if not name.startswith("/")}
    assert sorted(str(path.relative_to(ROOT)) for path in named | linked if not path.exists()) == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_a_command_that_a_document_names_is_there(document: str) -> None:
    text = (ROOT / document).read_text("utf-8")
    named = re.findall(r"(?:^ {4}|`|bin/)troth ([a-z][a-z-]*)(?: ([a-z][a-z-]*))?", text, re.MULTILINE)
    assert [f"troth {first} {second}" for first, second in named if not _is_command(first, second)] == []


def _is_command(first: str, second: str) -> bool:
    found = main.commands.get(first)
    return found is not None and (not isinstance(found, click.Group) or not second or second in found.commands)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_a_make_target_that_a_document_names_is_there(document: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = set(re.findall(r"(?:^ {4}|`)make ([a-z-]+)", (ROOT / document).read_text("utf-8"), re.MULTILINE))
    assert named - targets == set()


# every table has a fate


def _import_everything() -> None:
    for module in pkgutil.walk_packages(troth.__path__, "troth."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)


def test_every_table_of_the_state_database_says_what_erasure_does_to_it() -> None:
    _import_everything()
    assert set(metadata.tables) - set(ON_ERASURE) == set()
    assert set(ON_ERASURE) - set(metadata.tables) == set()


def test_a_table_that_names_a_subject_is_not_called_impersonal() -> None:
    _import_everything()
    named = {name for name, table in metadata.tables.items() if "ref" in table.c and ON_ERASURE[name].fate is Fate.NOT_PERSONAL}
    assert named == set()


def test_the_columns_an_erasure_goes_by_exist() -> None:
    _import_everything()
    assert [f"{name}.{column}" for name, rule in ON_ERASURE.items() for column in rule.columns if column not in metadata.tables[name].c] == []
