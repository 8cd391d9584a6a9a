"""Is the law that moves kept as dated data, whole for every regime, and is it what the readers go by?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from troth.policy import packs
from troth.policy.packs import adequacy, read_pack, regimes
from troth.policy.packs_rights import deadlines, fees, verifying, verifying_under
from troth.policy.sections_demands import RIGHTS_NAMES
from troth.rights.deadlines import Pause, all_facts

ABOUT_RIGHTS: list[Callable[[], Mapping[str, Any]]] = [deadlines, fees, verifying]


@pytest.mark.parametrize("pack", [regimes, *ABOUT_RIGHTS])
def test_every_entry_of_a_pack_has_its_day_and_its_source(pack: Callable[[], Mapping[str, Any]]) -> None:
    for law in pack().values():
        assert law.as_of > date(2025, 1, 1)
        assert len(law.source) > 8


@pytest.mark.parametrize("pack", ABOUT_RIGHTS)
def test_every_regime_has_deadlines_fees_and_verification(pack: Callable[[], Mapping[str, Any]]) -> None:
    assert pack().keys() == regimes().keys()


def test_the_adequate_countries_have_a_day_and_a_source() -> None:
    assert adequacy().as_of > date(2025, 1, 1) and "Art. 45" in adequacy().source
    assert "GB" in adequacy().until


def test_the_rights_of_the_packs_are_those_a_policy_can_name() -> None:
    assert {right for law in regimes().values() for right in law.rights} == set(RIGHTS_NAMES)


def test_a_policy_can_name_only_pauses_that_a_clock_knows() -> None:
    assert {why for law in deadlines().values() for why in law.pauses} <= {str(pause) for pause in Pause}


def test_clocks_go_by_the_packs() -> None:
    for id, law in deadlines().items():
        assert (all_facts()[id].answer, all_facts()[id].as_of) == (law.answer, law.as_of)
        assert all_facts()[id].free_in_a_year == fees()[id].free_in_a_year


def test_a_law_without_data_of_its_own_counts_as_the_european_one() -> None:
    assert verifying_under("nowhere") == verifying()["gdpr"]
    assert verifying_under("california").details == 2


def test_a_pack_with_a_fault_is_never_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (Path(packs.__file__).parent / "packs" / "adequacy.yaml").read_text("utf-8")
    (tmp_path / "adequacy.yaml").write_text(text.replace("as_of: ", "as_of: soon "), "utf-8")
    monkeypatch.setattr(packs, "_FOLDER", tmp_path)
    with pytest.raises(ValueError, match="as_of"):
        read_pack("adequacy.yaml", packs._ADEQUACY)
