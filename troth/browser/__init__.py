"""Which bytes does a site include? The one script, with its settings set into it. It decides nothing.

Source: `troth.js` beside this file, whose top says what it keeps in a browser and when.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from importlib.resources import files
from typing import Any

_PLACE = '"__TROTH_CONFIG__"'
_BESIDE = re.compile(r"^[ \t]*//.*\n|^[ \t]+|[ \t]+// [^\n`\"']*$", re.MULTILINE)  # what a reader of the file needs and a browser does not


def script(config: dict[str, Any]) -> bytes:
    """`troth.js` as UTF-8 with `config` (`w`, `base`, `key`) in the place it keeps for it."""
    return _script(json.dumps(config, sort_keys=True))


@lru_cache(maxsize=256)
def _script(config: str) -> bytes:
    text = _BESIDE.sub("", files(__package__).joinpath("troth.js").read_text(encoding="utf-8"))
    # `<` never reaches the page as itself, so no value can close a script element it was pasted into.
    return text.replace(_PLACE, config.replace("<", "\\u003c"), 1).encode()
