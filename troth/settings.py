"""What may be set from outside, with its default and meaning? Nothing else is.

Every setting is an environment variable `TROTH_…` or a flag of `troth run`; docs/settings.md lists them.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from troth.base.errors import Fault


@dataclass(frozen=True, slots=True)
class Settings:
    """Where things are. `secrets` and `tape` lie beside the data folder so that neither shares its backups."""

    data: Path
    secrets: Path
    tape: Path
    port: int = 8000
    public_url: str = ""  # how browsers reach us; empty: http://127.0.0.1:<port>
    workers: int = 1
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
        port=port or _number("TROTH_PORT", 8000),
        public_url=os.environ.get("TROTH_PUBLIC_URL", ""),
        workers=workers or _number("TROTH_WORKERS", 1),
        smtp_url=os.environ.get("TROTH_SMTP_URL", ""),
        sms_url=os.environ.get("TROTH_SMS_URL", ""),
        sms_from=os.environ.get("TROTH_SMS_FROM", ""),
    )


def _number(name: str, default: int) -> int:
    given = os.environ.get(name, "")
    if given and not (given.isascii() and given.isdigit()):
        raise Fault("bad-setting", f"`{name}` is not a whole number", help="docs/settings.md has every setting")
    return int(given) if given else default
