"""Is the language a browser prefers read as it is, and nothing made of what is none?"""

from __future__ import annotations

import pytest

from troth.collect.pipeline import preferred_language


@pytest.mark.parametrize(
    ("locale", "language"),
    [("en-GB", "en-gb"), ("de", "de"), ("pt_BR", "pt-br"), ("zh-Hant-TW", "zh"), ("", ""), ("english", ""), ("x", ""), ("fil-PH", "fil-ph")],
)
def test_a_locale_gives_its_language_and_country_or_nothing(locale: str, language: str) -> None:
    assert preferred_language(locale) == language
