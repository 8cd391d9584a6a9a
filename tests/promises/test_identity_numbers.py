"""What becomes of a social security number at a client that switched it on? Held sealed, shown as a mask, whole to one role.

The five deployments' own run shows the other half: where nobody switched it on, it is refused. This client is made for the test.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.serving import Served, serving
from tests.serving import __file__ as beside
from troth.prove.behaviours.events import sealed_values_rest_nowhere_in_clear
from troth.prove.behaviours.refusing import identity_numbers_are_masked
from troth.prove.sabotage import sabotaged
from troth.prove.world import Broken

EXAMPLES = Path(beside).resolve().parent.parent / "examples"
NUMBER = "civil.social-security"
ABOUT = {"event": "end-user-record", "item": NUMBER, "purpose": "civil-details"}


@pytest.fixture(scope="module")
def payroll(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Tern's policy, with social security numbers switched on instead of left out."""
    folder = tmp_path_factory.mktemp("payroll")
    for name in ("cxinfinity", "tern"):
        (folder / "examples" / name).mkdir(parents=True)
        text = (EXAMPLES / name / "policy.yaml").read_text()
        switched = text.replace(f"  {NUMBER}: null\n", f"  {NUMBER}: {{enabled: true}}\n")
        assert (switched != text) is (name == "tern")
        (folder / "examples" / name / "policy.yaml").write_text(switched)
    with serving(folder, folder / "examples") as served:
        yield served


@pytest.mark.promise("cx-011")
def test_a_number_that_a_client_switched_on_is_kept_and_masked(payroll: Served) -> None:
    world = payroll.world("tern")
    assert world.policy.items[NUMBER].on
    identity_numbers_are_masked(world, **ABOUT)
    sealed_values_rest_nowhere_in_clear(world, "end-user-record", NUMBER)


def test_a_mask_that_shows_the_number_turns_it_red(payroll: Served) -> None:
    with sabotaged("show-identity-numbers"), pytest.raises(Broken):
        identity_numbers_are_masked(payroll.world("tern"), **ABOUT)
