"""Can we die here and come back right? Named points at which a rehearsal may kill the process. Does nothing otherwise.

`TROTH_DIE_AT=<point>` makes the process end at once, as by `kill -9`, when it reaches that point.
"""

from __future__ import annotations

import os
import signal

_DIE_AT = os.environ.get("TROTH_DIE_AT", "")


def point(name: str) -> None:
    """A place where a crash must do no harm."""
    if name == _DIE_AT:
        os.kill(os.getpid(), signal.SIGKILL)
