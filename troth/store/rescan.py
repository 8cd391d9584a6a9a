"""Does any byte of this person still rest in a file? Looks, in a process of its own, for needles given on standard input.

It opens every file below the folders, and the columns of Parquet files too, and prints the names of those that
hold a needle; never a needle itself.
"""

from __future__ import annotations

import json
import mmap
import sys
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as pq

SHORTEST = 5


def found_in(folders: Sequence[Path], needles: Sequence[bytes]) -> list[str]:
    """The names, below their folder, of files that hold any needle of at least five bytes."""
    wanted = [needle for needle in needles if len(needle) >= SHORTEST]
    return [
        str(path.relative_to(folder))
        for folder in folders
        for path in sorted(path for path in folder.rglob("*") if path.is_file())
        if _stands_in(path, wanted)
    ]


def _stands_in(path: Path, needles: Sequence[bytes]) -> bool:
    try:
        if path.stat().st_size == 0:
            return False
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as view:
            if any(view.find(needle) >= 0 for needle in needles):
                return True
        return path.suffix == ".parquet" and _stands_in_columns(path, needles)
    except FileNotFoundError:  # a file that went while we looked holds nothing
        return False


def _stands_in_columns(path: Path, needles: Sequence[bytes]) -> bool:
    table = pq.read_table(path)
    for field in table.schema:
        if pa.types.is_string(field.type) or pa.types.is_binary(field.type):
            values = pa.compute.unique(table[field.name].combine_chunks()).to_pylist()
            whole = b"\x00".join(value.encode() if isinstance(value, str) else value for value in values if value is not None)
            if any(needle in whole for needle in needles):
                return True
    return False


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    print(json.dumps(found_in([Path(folder) for folder in asked["folders"]], [bytes.fromhex(one) for one in asked["needles"]])))
