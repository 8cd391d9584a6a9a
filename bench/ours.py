"""The other side of `bare`: Troth's own application as `troth run` serves it, but for the proofs it runs at its start."""

from __future__ import annotations

from troth.app import Troth
from troth.serve import collect_seldom
from troth.settings import load


def application() -> Troth:
    """The application of the settings in the environment."""
    collect_seldom()
    return Troth(load())
