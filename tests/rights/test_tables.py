"""Is every table answered for? An access package that forgets a table would be a false answer."""

from __future__ import annotations

import importlib
import pkgutil
import sys

from sqlalchemy import MetaData, Table

import troth
from troth.rights.tables import ANSWERS, ByPerson, NotPersonal


def every_table() -> dict[str, Table]:
    """The tables of every room."""
    for module in pkgutil.walk_packages(troth.__path__, "troth."):
        importlib.import_module(module.name)
    modules = [module for name, module in sys.modules.items() if name.startswith("troth.")]
    found = {id(value): value for module in modules for value in vars(module).values() if isinstance(value, MetaData)}
    return {name: table for metadata in found.values() for name, table in metadata.tables.items()}


def test_every_table_of_every_room_is_answered_for() -> None:
    assert every_table().keys() - ANSWERS.keys() == set()


def test_no_answer_is_for_a_table_that_is_gone() -> None:
    assert ANSWERS.keys() - every_table().keys() == set()


def test_every_column_of_a_table_about_people_is_shown_or_says_why_not() -> None:
    for name, table in every_table().items():
        answer = ANSWERS[name]
        if isinstance(answer, ByPerson):
            told = {*answer.by, *answer.shown, *answer.hidden}
            assert {column.name for column in table.columns} == told, name


def test_a_table_that_names_a_subject_is_never_called_not_personal() -> None:
    refused = {"seen", "erased_subject", "kept"}  # hold nothing but what serves to refuse, and say so
    for name, table in every_table().items():
        if "ref" in table.columns and name not in refused | {"data_key"}:
            assert not isinstance(ANSWERS[name], NotPersonal), name
