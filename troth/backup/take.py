"""How is everything of one moment put aside while it is in use? `take` writes one sealed file.

A workspace's moment: its maintenance lease is held, so that no file of events comes or goes and no key is destroyed,
while both databases are copied by SQLite and the files of events are opened. Collecting goes on meanwhile. An open file
stays readable after it is unlinked, so the lease ends there, and erasures wait no longer than the copying takes.
The tape is not in it: it must outlive it. A checkpoint signed at that moment and told to the tape marks where on the tape
a restore begins; it is told inside a write transaction, so no effect is under way whose line stands before it.
Source: sqlite.org/backup.html; DESIGN section 5
"""

from __future__ import annotations

import io
import json
import os
import resource
import sqlite3
import tarfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO, cast

from troth.backup.sealed import Writer, new_file, room_for
from troth.base.clock import now
from troth.base.errors import Fault
from troth.base.filelock import exclusive
from troth.workspace import House, Workspace

HOLDS = ("state", "events", "keys", "secrets", "operators")
MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True)
class Taken:
    """What a backup came to."""

    workspaces: tuple[str, ...]
    files: int
    bytes: int


def take(house: House, names: Sequence[str], to: Path, passphrase: bytes) -> Taken:
    """Back up these workspaces, or all, with what all share, into the new file `to`.

    Raises `no-such-workspace`, `backup-exists`, `disk-full`; then there is no file.
    """
    to = to.resolve()
    settings = house.settings
    if any(to.is_relative_to(folder) for folder in (settings.data, settings.secrets, settings.tape)):
        raise Fault("backup-inside", "a backup cannot be kept in the folders it is of", help="name another place with --to, on another disk")
    chosen = [house.workspace(name) for name in names or house.names()]
    if not chosen:
        raise Fault("nothing-to-back-up", "there is no workspace in this data folder")
    header = {"made_at": now().isoformat(), "workspaces": sorted(one.id for one in chosen), "holds": HOLDS}
    with new_file(to) as file:
        writer = Writer(file, passphrase, header)
        with tarfile.open(fileobj=cast(IO[bytes], writer), mode="w|", format=tarfile.PAX_FORMAT) as archive:
            packed = _Packing(archive)
            for workspace in chosen:
                packed.workspace(workspace)
            packed.shared(settings.data / "operators.db", settings.secrets, chosen[0].folder / "tmp")
        writer.finish()
    return Taken(tuple(header["workspaces"]), packed.files, to.stat().st_size)


class _Packing:
    """The archive being filled. Names in it are those of the folders: `data/…` and `secrets/…`."""

    def __init__(self, archive: tarfile.TarFile) -> None:
        self._archive, self.files = archive, 0

    def workspace(self, workspace: Workspace) -> None:
        id = workspace.id
        with ExitStack() as open_files:
            mark, held = _of_one_moment(workspace, open_files)
            self._add_bytes(f"{id}/{MANIFEST}", json.dumps(mark).encode())
            for name, file in held:
                self._add(name, file)

    def shared(self, operators: Path, secrets: Path, temp: Path) -> None:
        if operators.exists():
            with ExitStack() as open_files, room_for("a copy of the database"):
                self._add("data/operators.db", _copy_of(operators, temp, open_files))
        for path in sorted(secrets.iterdir()):
            if path.is_file() and path.suffix in (".key", ".json"):
                self._add_bytes(f"secrets/{path.name}", path.read_bytes())

    def _add(self, name: str, file: BinaryIO) -> None:
        found = tarfile.TarInfo(name)
        found.size, found.mode = os.fstat(file.fileno()).st_size, 0o600
        self._archive.addfile(found, file)
        self.files += 1

    def _add_bytes(self, name: str, content: bytes) -> None:
        found = tarfile.TarInfo(name)
        found.size, found.mode = len(content), 0o600
        self._archive.addfile(found, io.BytesIO(content))
        self.files += 1


def _of_one_moment(workspace: Workspace, open_files: ExitStack) -> tuple[dict[str, object], list[tuple[str, BinaryIO]]]:
    """The checkpoint of the moment, and everything of it as open files by name."""
    data, secrets, temp = f"data/{workspace.id}", f"secrets/{workspace.id}", workspace.folder / "tmp"
    held: list[tuple[str, BinaryIO]] = []
    with exclusive(workspace.secrets / "erasure.lock"), workspace.lake.lease(), room_for("a copy of the database"):
        mark = _mark(workspace)
        # The keys come second: a key is there before anything is sealed under it, and none is destroyed under the lease.
        for name in ("state.db", "keys.db"):
            held.append((f"{data}/{name}", _copy_of(workspace.folder / name, temp, open_files)))
        with workspace.state.read() as conn:
            files = workspace.lake.files(conn)
        _allow_open_files(len(files) + 256)
        held += [(f"{data}/lake/{file.name}", open_files.enter_context(workspace.lake.path(file).open("rb"))) for file in files]
        for path in _secrets_of(workspace.secrets):
            name = path.relative_to(workspace.secrets).as_posix()
            held.append((f"{secrets}/{name}", open_files.enter_context(path.open("rb"))))
    return mark, held


def _mark(workspace: Workspace) -> dict[str, object]:
    with workspace.state.write() as conn:
        signed = workspace.sign(conn)
    return {"size": signed.size, "root": signed.root.hex()}


def _secrets_of(folder: Path) -> Iterator[Path]:
    yield from sorted(path for path in folder.iterdir() if path.is_file() and not path.name.endswith((".lock", ".new")))
    yield from sorted((folder / "cases").glob("*.key"))


def _copy_of(database: Path, temp: Path, open_files: ExitStack) -> BinaryIO:
    """A consistent copy of a database, without a name by the time this returns: it is gone with its last reader."""
    with _nameless(temp) as path:
        try:
            with closing(sqlite3.connect(database, timeout=15)) as source, closing(sqlite3.connect(path)) as copy:
                source.backup(copy)
                copy.execute("PRAGMA journal_mode=DELETE")
        except sqlite3.OperationalError as failure:
            if "full" in str(failure):
                raise Fault("disk-full", "no room left to copy the database", help="free some space and start again", status=503) from None
            raise Fault("database-unusable", "the database cannot be copied now", help="try again", status=503) from None
        return open_files.enter_context(path.open("rb"))


@contextmanager
def _nameless(temp: Path) -> Iterator[Path]:
    own = temp / str(os.getpid())  # whoever opens a view next empties what a dead process left here
    own.mkdir(parents=True, exist_ok=True)
    path = own / f"copy-{os.urandom(6).hex()}"
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


def _allow_open_files(many: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < many:
        if hard != resource.RLIM_INFINITY and hard < many:
            raise Fault("too-many-files", f"a backup must hold {many} files open, and may not", help="raise `LimitNOFILE` for it", status=503)
        resource.setrlimit(resource.RLIMIT_NOFILE, (many, hard))
