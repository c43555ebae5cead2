import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.letters import fold, nfc, words


@pytest.mark.parametrize(
    "text, folded",
    [
        ("Đặng Thị Bưởi", "dang thi buoi"),
        ("H’Blĭ Niê", "h'bli nie"),
        ("NGUYỄN VĂN ĐỨC", "nguyen van duc"),
    ],
)
def test_folding_leaves_what_anyone_can_type(text: str, folded: str) -> None:
    assert fold(text) == folded


@given(st.text())
def test_folding_does_not_depend_on_how_unicode_was_composed(text: str) -> None:
    assert fold(nfc(text)) == fold(unicodedata.normalize("NFD", text))


@given(st.text())
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


def test_words_drop_punctuation() -> None:
    assert words("Ng. V. Đức, 1987") == ["ng", "v", "duc", "1987"]
