"""What is remembered of a transaction that was rolled back? Nothing: a number it gave away is given to somebody else."""

from __future__ import annotations

from pathlib import Path

import pytest

from troth.base.database import Database, metadata
from troth.consent.record import Strength
from troth.gate.plan import RowClass
from troth.store.journal import Classes

KEPT = RowClass("1", "page", "gdpr", (("site-analytics", "given"),), Strength.EXPLICIT)
OTHER = RowClass("1", "page", "gdpr", (("security", "needless"),), Strength.NONE)


class Undone(Exception):
    pass


@pytest.mark.parametrize("looks", ["number", "all"])
def test_a_row_class_of_a_rolled_back_transaction_is_never_mistaken_for_another(tmp_path: Path, looks: str) -> None:
    state, classes = Database(tmp_path / "state.db", metadata), Classes()
    with pytest.raises(Undone), state.write() as conn:
        classes.number(conn, KEPT)
        if looks == "number":
            classes.number(conn, KEPT)  # a second event of the same batch
        else:
            classes.all(conn)
        raise Undone
    with state.write() as conn:
        classes.number(conn, OTHER)
    with state.write() as conn:
        number = classes.number(conn, KEPT)
    with state.read() as conn:
        assert Classes().all(conn)[number] == KEPT
        assert classes.all(conn) == Classes().all(conn)
