"""What did a hostile call leave behind? Counts rows, and searches answers, logs and files for what was sent."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from tests.running import Server, opened

_CODE = re.compile(r"[a-z][a-z0-9-]{2,40}")


def stored_by(server: Server, workspace: str = "infinity") -> tuple[int, int, int]:
    """How many rows, people and identifiers the workspace holds, without the canaries of its own proofs."""
    with opened(server.data, workspace) as found, found.state.read() as conn:
        proofs = {row[0] for row in conn.exec_driver_sql("SELECT ref FROM subject WHERE canary = 1 UNION SELECT ref FROM erased_subject")}
        refs = [row[0] for row in conn.exec_driver_sql("SELECT ref FROM journal")]
        for file in found.lake.files(conn):
            refs += pq.read_table(found.lake.path(file), columns=["ref"])["ref"].to_pylist()
        people = {row[0] for row in conn.exec_driver_sql("SELECT ref FROM subject")} - proofs
        identifiers = [row[0] for row in conn.exec_driver_sql("SELECT ref FROM identifier") if row[0] not in proofs]
    return sum(ref not in proofs for ref in refs), len(people), len(identifiers)


def is_coded(answer: Any) -> bool:
    """An error in the one shape every error has: a stable code and a message in words."""
    return isinstance(answer, dict) and bool(_CODE.fullmatch(str(answer.get("code", "")))) and 5 < len(str(answer.get("message", ""))) < 400


def files_with(folder: Path, needle: bytes) -> list[str]:
    """Files below a folder in which the needle stands, byte for byte."""
    return [path.name for path in folder.rglob("*") if path.is_file() and needle in path.read_bytes()]
