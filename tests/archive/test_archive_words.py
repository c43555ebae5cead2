"""Words of a line keep their letters and their order, whatever was read."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.archive.pdf_lines import page_text
from pipeline.archive.word_boxes import edges_of, word_polygon, words_of
from pipeline.values import Letter, Line
from tests.archive.conftest import box, line

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
POINTS = st.tuples(st.floats(-50, 4000), st.floats(-50, 4000))


@given(TEXTS)
def test_words_are_the_text_split_at_white_space(text: str) -> None:
    words = words_of(line(text, box(0, 0, 100, 10)))
    assert [word.text for word in words] == [
        unicodedata.normalize("NFC", part) for part in text.split()
    ]
    edges = [edge for word in words for edge in (word.left, word.right)]
    assert edges == sorted(edges)
    assert all(0 <= edge <= 1 for edge in edges)


def test_letters_tell_where_words_stand_and_how_sure_they_are() -> None:
    letters = (
        Letter("H", 0.0, 0.1, 0.99),
        Letter("ồ", 0.1, 0.2, 0.7),
        Letter(" ", 0.2, 0.8, 0.9),
        Letter("Ô", 0.8, 1.0, 0.95),
    )
    told = words_of(Line(box(0, 0, 9, 9), text="Hồ Ô", confidence=0.5, letters=letters))
    assert [tuple(word) for word in told] == [("Hồ", 0.0, 0.2, 0.7), ("Ô", 0.8, 1.0, 0.95)]


def test_letters_of_another_text_are_not_believed() -> None:
    letters = (Letter("H", 0.0, 0.1, 0.99),)
    (word,) = words_of(Line(box(0, 0, 9, 9), text="Hồ", confidence=0.5, letters=letters))
    assert tuple(word) == ("Hồ", 0.0, 1.0, 0.5)


def test_a_bent_line_has_an_upper_and_a_lower_edge() -> None:
    bent = ((0.0, 10.0), (50.0, 0.0), (100.0, 10.0), (100.0, 40.0), (50.0, 30.0), (0.0, 40.0))
    assert edges_of(bent) == (bent[:3], (bent[5], bent[4], bent[3]))
    (_first, second) = words_of(line("ab cd", bent))
    assert word_polygon(bent, second)[0][0] == pytest.approx(60)


@given(st.lists(POINTS, min_size=4, max_size=8), TEXTS, st.sampled_from([0, 90, 180, 270]))
def test_any_outline_gives_boxes_that_ocrmypdf_takes(
    outline: list[tuple[float, float]], text: str, turn_deg: int
) -> None:
    told = page_text(4000, 3000, 300.0, turn_deg, [line(text, tuple(outline))])  # type: ignore[arg-type]
    for one in told["lines"]:
        for left, top, right, bottom in [one["box"], *(place for _text, place in one["words"])]:
            assert left < right
            assert top < bottom
    written = [word for one in told["lines"] for word, _place in one["words"]]
    assert "".join(written) == "".join(
        letter
        for letter in unicodedata.normalize("NFC", text)
        if letter.isprintable() and not letter.isspace()
    )
