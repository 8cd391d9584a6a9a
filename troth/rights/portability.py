"""How does a person take their data elsewhere? What the policy lets them take along, in a file that other programs can read.

Of whom their law asks no basis, all of it: there a policy cannot narrow the file by bases. What is sent to somebody else goes
only to whom the person names. It sends nothing itself.
Source: GDPR Art. 20; Article 29 Working Party, guidelines on portability (WP 242); Cal. Civ. Code 1798.130(a)(3)
"""

from __future__ import annotations

import csv
import io
import json
from typing import Any

from troth.policy.demands import PortabilityOf, PortabilityRules
from troth.rights.access import WORKED_OUT, Package

FORMAT = "troth-portable-1"
COLUMNS = ("at", "event", "source", "item", "label", "value", "collected_for")
_FORMULA = ("=", "@", "\t", "\r", "\n")
_NO_BASES = frozenset({"california"})  # Source: Cal. Civ. Code 1798.130(a)(3)(B)(iii)


def to_take_along(package: Package, rules: PortabilityRules, regime: str) -> Package:
    """An access package with the items alone that the policy lets this person take along.

    # Reading: what was observed of somebody counts as provided by them; what was worked out from it does not (WP 242, II).
    """
    under = frozenset[str]() if regime in _NO_BASES else frozenset(rules.under)

    def goes(item: dict[str, Any]) -> bool:
        return (rules.of is PortabilityOf.ANY or item["source"] != WORKED_OUT) and (not under or bool(under & set(item["rests_on"])))

    events = [event | {"items": [item for item in event["items"] if goes(item)]} for event in package["events"]]
    return package | {"events": [event for event in events if event["items"]]}


def portable(package: Package) -> dict[str, Any]:
    """The items of a package that was narrowed to them: no word about us, no codes, every item with its time and source."""
    return {"format": FORMAT, "made_at": package["made_at"], "from": package["responsible"]["name"], "items": rows(package)}


def rows(package: Package) -> list[dict[str, Any]]:
    """One row an item, oldest first."""
    return [
        {
            "at": event["at"],
            "event": event["type"],
            "source": event["source"],
            "item": item["id"],
            "label": item["label"],
            "value": item["value"],
            "collected_for": "; ".join(event["collected_for"]),
        }
        for event in package["events"]
        for item in event["items"]
    ]


def as_json(package: Package) -> bytes:
    """The file as JSON, in UTF-8."""
    return json.dumps(portable(package), ensure_ascii=False, indent=2).encode()


def as_csv(package: Package) -> bytes:
    """The file as CSV in UTF-8, with a first row of names. Source: RFC 4180"""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, quoting=csv.QUOTE_ALL)
    writer.writeheader()
    for row in rows(package):
        writer.writerow({name: harmless(value) for name, value in row.items()})
    return text.getvalue().encode()


def harmless(value: Any) -> Any:
    """A cell that no spreadsheet takes for a formula; a telephone number keeps its plus."""
    if not isinstance(value, str) or not value:
        return value
    sign = value[0] in "+-" and not value[1:].replace(" ", "").isdecimal()
    return "'" + value if value.startswith(_FORMULA) or sign else value
