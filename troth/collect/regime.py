"""Which law covers this person? From where the browser's clock says it is; unknown means the strictest default.

A time zone is no proof of residence, but the browser says it without being asked and it is never stored.
Source: IANA time zone database (zone.tab), by way of the tzdata package
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Any

from troth.policy.model import Policy


@lru_cache(maxsize=1)
def countries_by_zone() -> dict[str, str]:
    """Time zone name to ISO 3166 country code."""
    found: dict[str, str] = {}
    for line in files("tzdata").joinpath("zoneinfo/zone.tab").read_text().splitlines():
        if line and not line.startswith("#"):
            country, _, zone = line.split("\t")[:3]
            found[zone] = country
    return found


def regime_for(policy: Policy, time_zone: str | None, country: str | None = None) -> str:
    """The regime's id: by a country that is known, else by time zone, else the policy's default."""
    if time_zone and len(time_zone) <= 64:
        for regime in policy.regimes.values():
            if time_zone in regime.time_zones:
                return regime.id
        country = country or countries_by_zone().get(time_zone)
    if not country:
        return policy.settings.default_regime
    for regime in policy.regimes.values():
        if country in regime.countries:
            return regime.id
    anywhere = [regime.id for regime in policy.regimes.values() if "*" in regime.countries]
    return anywhere[0] if anywhere else policy.settings.default_regime


def regime_told(policy: Policy, said: Mapping[str, Any]) -> str:
    """The same by the time zone in what a page sent; one that is no text tells nothing."""
    tz = said.get("tz")
    return regime_for(policy, tz if isinstance(tz, str) else None)
