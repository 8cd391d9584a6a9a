"""What can be done about losing everything? `troth backup`, while it is in use, and `troth restore`, before it is again."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from troth import settings as settings_module
from troth.backup.restore import Gap, Restored, restore
from troth.backup.sealed import read_passphrase
from troth.backup.take import HOLDS, take
from troth.base.errors import Fault
from troth.commands import data_option, house_of, json_option, say, tell

_file = click.Path(dir_okay=False, path_type=Path)
_known = click.Path(exists=True, dir_okay=False, path_type=Path)
_folder = click.Path(file_okay=False, path_type=Path)
_passphrase_option = click.option(
    "--passphrase-file", "passphrase_file", type=_file, required=True, help="a file whose first line is the passphrase; keep it elsewhere"
)


@click.command("backup")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--to", type=_file, required=True, help="the new file")
@_passphrase_option
@data_option
@json_option
def backup_command(names: tuple[str, ...], to: Path, passphrase_file: Path, data: Path | None, as_json: bool) -> None:
    """Copy everything of one moment into one sealed file: these workspaces, or all. A server may go on serving."""
    taken = take(house_of(data), names, to, read_passphrase(passphrase_file))
    told = asdict(taken) | {"holds": HOLDS}
    words = f"{', '.join(taken.workspaces)}: {taken.files} files, {taken.bytes} bytes\nIt holds {', '.join(HOLDS)}; the tape is not in it."
    tell(as_json, told, lambda value: say(words))


@click.command("restore")
@click.argument("file", type=_file)
@click.option("--data", type=_folder, required=True, help="the new data folder; its secrets and tape come to lie beside it")
@_passphrase_option
@click.option("--tape", type=_folder, default=None, help="the folder of the tapes (default: beside the data folder)")
@click.option("--known", type=_known, multiple=True, help="a signed checkpoint from elsewhere that the tape must know")
@click.option("--accept-gap", "by", default=None, help="who answers for what the tape may be missing")
@click.option("--why", default=None, help="why; needed with --accept-gap")
@json_option
def restore_command(
    file: Path, data: Path, passphrase_file: Path, tape: Path | None, known: tuple[Path, ...], by: str | None, why: str | None, as_json: bool
) -> None:
    """Bring a backup back into a new folder, with all that people have said since; it opens no port."""
    if (by is None) != (why is None) or by == "" or why == "":
        raise Fault("gap-unsigned", "a gap needs who answers for it and why", help="give both --accept-gap NAME and --why TEXT")
    settings = settings_module.load(data)
    gap = Gap(by, why) if by and why else None
    done = restore(file, settings, read_passphrase(passphrase_file), tape or settings.tape, known, gap)
    tell(as_json, asdict(done), lambda value: _say_restored(done))


def _say_restored(done: Restored) -> None:
    say(f"restored as of {done.made_at}")
    for id, counts in done.replayed.items():
        lines = ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items())) or "nothing since"
        say(f"{id:16} from the tape: {lines}; its ledger goes on as {done.origins[id]}")
    for id, cases in done.unfinished.items():
        for case, hindered in cases.items():
            say(f"{id:16} erasure {case} is in effect, but not at its end: {hindered}")
    for id in done.gaps:
        say(f"{id:16} restored with a gap: what the tape lacks is forgotten")
