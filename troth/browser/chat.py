"""Which bytes does a site include that has a chat? The widget, a script of its own, with its settings set into it.

Source: `chat.js` beside this file, whose top says what it keeps in a browser and when.
"""

from __future__ import annotations

import json
from functools import lru_cache
from importlib.resources import files
from typing import Any

_PLACE = '"__TROTH_CONFIG__"'


@lru_cache(maxsize=256)
def _script(config: str) -> bytes:
    text = files(__package__).joinpath("chat.js").read_text(encoding="utf-8")
    # `<` never reaches the page as itself, so no value can close a script element it was pasted into.
    return text.replace(_PLACE, config.replace("<", "\\u003c"), 1).encode()


def chat_script(config: dict[str, Any]) -> bytes:
    """`chat.js` as UTF-8 with `config` (`w`, `base`, `key`) in the place it keeps for it."""
    return _script(json.dumps(config, sort_keys=True, separators=(",", ":")))
