"""How do findings reach a program that shows them beside the code? As SARIF 2.1.0. It finds nothing itself.

Source: OASIS Static Analysis Results Interchange Format (SARIF) 2.1.0, sections 3.13 to 3.28
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from troth.policy.finding import Code, Finding, Severity, severity_of

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS: Mapping[Severity, str] = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "note"}


def as_sarif(findings: Iterable[Finding], folder: str, version: str) -> dict[str, Any]:
    """One run with a result for each finding, and a rule for each code that is used.

    `folder` is put before the files' own paths, so that a program finds them from where it was called.
    """
    listed = list(findings)
    codes = sorted({found.code for found in listed}, key=list(Code).index)
    driver = {"name": "troth", "version": version, "rules": [_rule(code) for code in codes]}
    results = [_result(found, codes.index(found.code), folder) for found in listed]
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [{"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}]}


def _rule(code: Code) -> dict[str, Any]:
    return {"id": str(code), "defaultConfiguration": {"level": _LEVELS[severity_of(code)]}}


def _result(found: Finding, rule: int, folder: str) -> dict[str, Any]:
    text = f"{found.message}. {found.help}" if found.help else found.message
    region = {"startLine": found.position.line, "startColumn": found.position.column}
    where = {"artifactLocation": {"uri": f"{folder}{found.path}"}, "region": region}
    return {
        "ruleId": str(found.code), "ruleIndex": rule, "level": _LEVELS[found.severity],
        "message": {"text": text}, "locations": [{"physicalLocation": where}],
    }  # fmt: skip
