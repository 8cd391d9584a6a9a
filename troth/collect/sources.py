"""Where did this visit come from? It never guesses: what is neither declared nor on a table is named by its host alone.

The rules in order; the first that fits gives source and medium.

1. An advertiser's click mark in the landing address (`gclid`, `msclkid`, `fbclid`...).
2. No referrer: `direct`, `none`. A referrer that is no http(s) or app address: `(unreadable)`, `referral`.
3. A host of our own: `(internal)`; the caller keeps the source the visit began with.
4. An IP address: `(address)`, `referral`. 5. A host on a table. 6. Any other host: itself, `referral`.

Over these go `utm_source`, `utm_medium` and `utm_campaign`, each where it is present. A declared source without a
declared medium has the click mark's medium or none, never that of the referrer; only an assistant that
declares its own host (`utm_source=chatgpt.com`) is known for what it is.

Source: the campaign parameters as sites and advertisers use them; data/hosts.py.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from urllib.parse import unquote_plus

from troth.collect.data import hosts
from troth.collect.routes import is_address, read_host

DIRECT: Final = ("direct", "none")
INTERNAL: Final = ("(internal)", "none")
UNREADABLE: Final = ("(unreadable)", "referral")
ADDRESS: Final = "(address)"
LONGEST_VALUE: Final = 64
LONGEST_URL: Final = 8_192  # characters that are read; no browser's address of note is longer


@dataclass(frozen=True, slots=True)
class Source:
    """`referrer_host` is None for no referrer, for an unreadable one and for our own hosts."""

    source: str
    medium: str
    campaign: str | None
    referrer_host: str | None


def classify(referrer: str | None, url: str, own_hosts: frozenset[str]) -> Source:
    """Say where a landing on `url` came from; never raises.

    `own_hosts` are lower case, each `host` (any port) or `host:port`.
    """
    (source, medium), host = _referred(referrer, own_hosts)
    declared = _declared(url)
    if not declared:
        return Source(source, medium, None, host)
    click = next((hosts.CLICKS[mark] for mark in declared if mark in hosts.CLICKS), None)
    if click is not None:
        source, medium = click
    named = declared.get("utm_source")
    if named is not None:
        source, medium = _assistant(named) or (named, click[1] if click is not None else "none")
    return Source(source, declared.get("utm_medium", medium), declared.get("utm_campaign"), host)


def _referred(referrer: str | None, own_hosts: frozenset[str]) -> tuple[tuple[str, str], str | None]:
    if not referrer or not (text := referrer[:LONGEST_URL].strip()):
        return DIRECT, None
    found = _REFERRER.match(text)
    host, place = read_host(found[2]) if found is not None else ("", "")
    if found is None or not host:
        return UNREADABLE, None
    if found[1].lower() == "android-app":
        return hosts.APPS.get(host, (host, "referral")), host
    if host in own_hosts or place in own_hosts:
        return INTERNAL, None
    if is_address(host):
        return (ADDRESS, "referral"), ADDRESS
    return _known(host) or (host, "referral"), host


@lru_cache(maxsize=2_048)
def _known(host: str) -> tuple[str, str] | None:
    """Look the host up, then each host above it. No entry has more than four labels."""
    labels = host.split(".")
    for start in range(max(0, len(labels) - 4), len(labels) - 1):
        name = ".".join(labels[start:])
        known = hosts.EVERYWHERE.get(name)
        if known is None and start <= 1 and (start == 0 or labels[0] in hosts.FRONT_DOORS):
            known = hosts.AT_THE_DOOR.get(name)
        if known is not None:
            return known
    return None


def _assistant(named: str) -> tuple[str, str] | None:
    known = _known(named)
    return known if known is not None and known[1] == hosts.ASSISTANT else None


def _declared(url: str) -> dict[str, str]:
    """The landing address's campaign parameters and click marks; of one given twice, the first that says something."""
    query = url[:LONGEST_URL].partition("#")[0].partition("?")[2]
    if "utm_" not in query and "id=" not in query:
        return {}
    found: dict[str, str] = {}
    for name, value in _PAIRS.findall(query):
        if name not in found and (said := _plain(value)):
            found[name] = said
    return found


def _plain(value: str) -> str:
    """A value of at most 64 plain characters in lower case; `other` if it has any different character."""
    value = value[: LONGEST_VALUE * 12]  # `%xx` four times is the longest that one character takes
    value = unquote_plus(value) if "%" in value else value.replace("+", " ")
    value = value.strip()[:LONGEST_VALUE].lower().strip()
    return value if not value or _VALUE.fullmatch(value) else "other"


_PAIRS = re.compile(rf"(?:^|(?<=&))(utm_source|utm_medium|utm_campaign|{'|'.join(hosts.CLICKS)})=([^&]+)")
_REFERRER = re.compile(r"(https?|android-app)://([^/\\?#]*)", re.IGNORECASE | re.ASCII)
_VALUE = re.compile(r"[a-z0-9 ._+-]+")
