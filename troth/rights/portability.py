"""How does a person take their data elsewhere? Everything they gave, in a file that other programs can read.

What is sent to somebody else goes only to whom the person names. It sends nothing itself.
Source: GDPR Art. 20; Article 29 Working Party, guidelines on portability (WP 242); Cal. Civ. Code 1798.130(a)(3)
"""

from __future__ import annotations

import csv
import io
import json
from typing import Any

from troth.rights.access import Package

FORMAT = "troth-portable-1"
COLUMNS = ("at", "event", "source", "item", "label", "value", "collected_for")
_FORMULA = ("=", "@", "\t", "\r")


def portable(package: Package) -> dict[str, Any]:
    """The person's own data out of an access package: no word about us, no codes, every item with its time and source."""
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
        writer.writerow({name: _harmless(value) for name, value in row.items()})
    return text.getvalue().encode()


def _harmless(value: Any) -> Any:
    """A cell that no spreadsheet takes for a formula; a telephone number keeps its plus."""
    if not isinstance(value, str) or not value:
        return value
    sign = value[0] in "+-" and not value[1:].replace(" ", "").isdigit()
    return "'" + value if value.startswith(_FORMULA) or sign else value
