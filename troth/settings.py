"""What may be set from outside, with its default and meaning? Nothing else is.

Every setting is an environment variable `TROTH_…` or a flag of `troth run`; docs/settings.md lists them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from troth.base.clock import duration
from troth.base.errors import Fault


@dataclass(frozen=True, slots=True)
class Limit:
    """So many calls of one client in so many seconds."""

    calls: int
    seconds: float


DOORS: Mapping[str, Limit] = {
    "consent": Limit(120, 60), "forms": Limit(30, 60), "centre": Limit(240, 60), "unsubscribe": Limit(600, 60), "receipts": Limit(60, 60),
    "number": Limit(240, 60), "chat": Limit(120, 60),
}
"""How often one client may come to each public door. Mail providers leave lists for many people from one address."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Where things are. `secrets` and `tape` lie beside the data folder so that neither shares its backups."""

    data: Path
    secrets: Path
    tape: Path
    port: int = 8000
    public_url: str = ""  # how browsers reach us; empty: http://127.0.0.1:<port>
    workers: int = 1
    limits: Mapping[str, Limit | None] = field(default_factory=lambda: dict(DOORS))  # by door, or workspace/door; None: no limit
    smtp_url: str = ""  # smtp://name:password@host:port; empty: messages go to the outbox folder
    sms_url: str = ""  # https://account:token@host of a provider that speaks as Twilio does; empty: texts go to the outbox folder
    sms_from: str = ""  # the number or service that texts come from

    @property
    def base_url(self) -> str:
        """The public address without a trailing slash."""
        return (self.public_url or f"http://127.0.0.1:{self.port}").rstrip("/")


def load(data: Path | str | None = None, port: int | None = None, workers: int | None = None) -> Settings:
    """The settings: flags first, then the environment, then the defaults."""
    folder = Path(data or os.environ.get("TROTH_DATA", "data")).resolve()
    beside = folder.parent
    return Settings(
        data=folder,
        secrets=Path(os.environ.get("TROTH_SECRETS", beside / f"{folder.name}-secrets")).resolve(),
        tape=Path(os.environ.get("TROTH_TAPE", beside / f"{folder.name}-tape")).resolve(),
        port=port or _number("TROTH_PORT", 8000, 65535),
        public_url=os.environ.get("TROTH_PUBLIC_URL", ""),
        workers=workers or _number("TROTH_WORKERS", 1, 64),
        limits=read_limits(os.environ.get("TROTH_LIMITS", "")),
        smtp_url=os.environ.get("TROTH_SMTP_URL", ""),
        sms_url=os.environ.get("TROTH_SMS_URL", ""),
        sms_from=os.environ.get("TROTH_SMS_FROM", ""),
    )


def read_limits(text: str) -> dict[str, Limit | None]:
    """`consent=60/1m, shop/forms=5/10m, number=off` over the defaults; raises `bad-setting`."""
    found: dict[str, Limit | None] = dict(DOORS)
    for part in filter(None, (part.strip() for part in text.split(","))):
        said = re.fullmatch(r"((?:[a-z][a-z0-9-]{1,30}/)?([a-z]+))=(?:off|([1-9][0-9]{0,6})/([0-9]{1,5}[smhd]))", part, re.ASCII)
        within = duration(said[4]).total_seconds() if said and said[4] else 1.0
        if said is None or said[2] not in DOORS or not within:
            message = "`TROTH_LIMITS` is a list such as `consent=60/1m, shop/forms=5/10m, number=off`"
            raise Fault("bad-setting", message, help=f"the doors are {', '.join(DOORS)}")
        found[said[1]] = Limit(int(said[3]), within) if said[3] else None
    return found


def _number(name: str, default: int, most: int) -> int:
    given = os.environ.get(name, "")
    if not given:
        return default
    if not (given.isascii() and given.isdigit() and len(given) < 9 and 1 <= int(given) <= most):
        raise Fault("bad-setting", f"`{name}` is not a whole number from 1 to {most}", help="docs/settings.md has every setting")
    return int(given)
