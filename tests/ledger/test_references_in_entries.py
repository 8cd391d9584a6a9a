"""May a reference be written as text in an entry? Always: the check for telephone numbers must never stop somebody's word."""

from __future__ import annotations

import secrets

import pytest

from troth.base.ids import new_reference
from troth.ledger.entry import check_body


@pytest.mark.parametrize("drawn", [0, 1, 10**11, -1])
def test_no_reference_passes_for_a_telephone_number(monkeypatch: pytest.MonkeyPatch, drawn: int) -> None:
    monkeypatch.setattr(secrets, "randbelow", lambda below: drawn % below)
    monkeypatch.setattr(secrets, "randbits", lambda bits: drawn % (1 << bits))
    reference = new_reference()
    assert 0 < reference < 2**63
    check_body({"ref": str(reference)})
