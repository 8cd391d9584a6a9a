"""What does a setting that cannot be read lead to? A coded error that names it, no traceback."""

from __future__ import annotations

import pytest

from troth.base.errors import Fault
from troth.settings import load


@pytest.mark.parametrize("name", ["TROTH_PORT", "TROTH_WORKERS"])
def test_a_setting_that_is_no_number_is_named(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "eight")
    with pytest.raises(Fault) as refused:
        load()
    assert refused.value.code == "bad-setting" and name in refused.value.message
