"""Who looks at a demonstration? One owner per workspace, with a password made here and kept for the next start."""

from __future__ import annotations

import json
import os
from pathlib import Path

from troth.base.ids import new_token
from troth.console.operators import Operators
from troth.console.seat import OWNER
from troth.settings import Settings

FILE = "demo-operators.json"


def prepare_demo_operators(settings: Settings) -> dict[str, tuple[str, str]]:
    """Workspace to (name, password) of its demonstration owner; the same again at every start.

    The passwords rest in `demo-operators.json` in the secrets folder, readable by its owner alone.
    """
    path = settings.secrets / FILE
    known: dict[str, list[str]] = json.loads(path.read_text()) if path.exists() else {}
    names = sorted(found.parent.name for found in settings.data.glob("*/state.db"))
    wanted = {w: known.get(w) or [f"{w}-owner", new_token(16)] for w in names}
    _write(path, wanted)
    operators = Operators(settings)
    there = {one.name for one in operators.all()}
    for w, (name, password) in wanted.items():
        operators.add(name, w, OWNER, password)
        if name in there and operators.check_password(name, password) is None:
            operators.set_password(name, password)
    operators.close()
    return {w: (name, password) for w, (name, password) in wanted.items()}


def _write(path: Path, wanted: dict[str, list[str]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(wanted, file, indent=2)
