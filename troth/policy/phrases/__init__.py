"""Which words and phrases are privacy policies written in? Reads the tables beside this file; what follows from them is others'.

Rules are data with ids, so that a person who doubts a guess can find the rule that made it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

_FOLDER = Path(__file__).parent


@lru_cache(maxsize=4)
def table(name: str) -> Mapping[str, Any]:
    """One table, by the name of its file."""
    found = yaml.safe_load((_FOLDER / f"{name}.yaml").read_text("utf-8"))
    if not isinstance(found, dict):
        raise ValueError(f"the table {name} is not a mapping")
    return found


@lru_cache(maxsize=16)
def words_of(name: str) -> frozenset[str]:
    """One list of words of the table `words`."""
    return frozenset(str(table("words")[name]).split())
