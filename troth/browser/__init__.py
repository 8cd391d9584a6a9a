"""Which bytes does a site include? The one script, with its settings set into it. It decides nothing.

Source: `troth.js` beside this file, whose top says what it keeps in a browser and when.
"""

from __future__ import annotations

import json
from functools import lru_cache
from importlib.resources import files
from typing import Any

from troth.browser.squeeze import squeezed

_PLACE = '"__TROTH_CONFIG__"'


def script(config: dict[str, Any]) -> bytes:
    """`troth.js` as UTF-8 with `config` (`w`, `base`, `key`) in the place it keeps for it."""
    return _script(json.dumps(config, sort_keys=True, separators=(",", ":")))


def rule_list() -> bytes:
    """How Consent-O-Matic operates the banner: its rules, which name the banner's ids and the kinds of purposes."""
    return files(__package__).joinpath("consent-o-matic.json").read_bytes()


@lru_cache(maxsize=256)
def _script(config: str) -> bytes:
    # `<` never reaches the page as itself, so no value can close a script element it was pasted into.
    return _text().replace(_PLACE, config.replace("<", "\\u003c"), 1).encode()


@lru_cache(maxsize=1)
def _text() -> str:
    return squeezed(files(__package__).joinpath("troth.js").read_text(encoding="utf-8"))
