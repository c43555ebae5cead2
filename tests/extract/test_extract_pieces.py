"""A part of a line has its own place, confidence and other readings."""

import pytest
from extract_pages import box, line
from hypothesis import given
from hypothesis import strategies as st

from pipeline.extract.confidence import IDENTITY, calibrated, fitted
from pipeline.extract.pieces import (
    Piece,
    alternatives_of,
    confidence_of,
    joined,
    polygon_of,
    text_of,
    whole,
)
from pipeline.values import Letter, Line, Polygon

TEXT = "Dân tộc: Kinh"
PLACE = box(100, 0, 230, 40)
KINH = (9, 13)


def rounded(polygon: Polygon) -> Polygon:
    return tuple((round(x, 3), round(y, 3)) for x, y in polygon)


def test_a_piece_is_cut_where_its_letters_stand() -> None:
    assert rounded(polygon_of([Piece(line(TEXT, PLACE), *KINH)])) == box(190, 0, 230, 40)


def test_without_letters_a_piece_is_cut_by_length() -> None:
    bare = Line(PLACE, None, TEXT, 0.9)
    assert rounded(polygon_of([Piece(bare, *KINH)])) == box(190, 0, 230, 40)


def test_a_sloping_line_is_cut_along_its_slope() -> None:
    slope = ((0.0, 0.0), (100.0, 10.0), (100.0, 50.0), (0.0, 40.0))
    half = polygon_of([Piece(Line(slope, None, "abcd", 0.9), 2, 4)])
    assert half == ((50.0, 5.0), (100.0, 10.0), (100.0, 50.0), (50.0, 45.0))


def test_several_pieces_stand_in_the_box_around_them() -> None:
    two = [whole(line("a", box(0, 0, 50, 20))), whole(line("b", box(10, 30, 90, 50)))]
    assert polygon_of(two) == box(0, 0, 90, 50)
    assert joined(two) == "a b"


def test_a_sure_part_of_an_unsure_line_is_sure() -> None:
    letters = tuple(Letter(c, 0, 1, 0.2 if i < 8 else 0.999) for i, c in enumerate(TEXT))
    unsure = Line(PLACE, None, TEXT, 0.1, letters=letters)
    assert confidence_of([Piece(unsure, *KINH)]) > 0.95
    assert confidence_of([Piece(unsure, 0, 8)]) < 0.15


def test_readings_that_agree_on_a_part_speak_for_it_together() -> None:
    said = line(TEXT, PLACE, confidence=0.5, alternatives={"Dãn tộc: Kinh": 0.4})
    assert confidence_of([Piece(said, *KINH)]) >= 0.9


def test_other_readings_of_a_part_are_the_same_part() -> None:
    said = line(
        TEXT, PLACE, confidence=0.6, alternatives={"Dân tộc: Kính": 0.3, "Dăn tộc: Kinh": 0.1}
    )
    assert [(a.text, round(a.confidence, 2)) for a in alternatives_of([Piece(said, *KINH)])] == [
        ("Kính", 0.3)
    ]


@given(
    text=st.text(min_size=1, max_size=20),
    other=st.text(max_size=20),
    ends=st.tuples(st.integers(0, 20), st.integers(0, 20)),
    confidence=st.floats(0, 1),
)
def test_any_part_has_a_confidence_and_a_place(
    text: str, other: str, ends: tuple[int, int], confidence: float
) -> None:
    start, end = sorted(min(each, len(text)) for each in ends)
    piece = Piece(line(text, PLACE, confidence=confidence, alternatives={other: 0.1}), start, end)
    assert 0 <= confidence_of([piece]) <= 1
    assert all(0 <= each.confidence <= 1 for each in alternatives_of([piece]))
    assert len(polygon_of([piece])) == 4
    assert text_of(piece) == text[start:end]


def test_without_curves_confidence_stays_as_it_is() -> None:
    assert calibrated(IDENTITY, "date", "print", 0.7) == 0.7


def test_curves_go_by_kind_and_script_then_by_script() -> None:
    curves = {("date", "print"): ((0.0, 0.1), (1.0, 0.9)), ("*", "print"): ((0.5, 0.3),)}
    assert calibrated(curves, "date", "print", 0.5) == pytest.approx(0.5)
    assert calibrated(curves, "date", "print", 1.0) == 0.9
    assert calibrated(curves, "text", "print", 0.9) == 0.3
    assert calibrated(curves, "text", "handwriting", 0.9) == 0.9


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=300))
def test_a_fitted_curve_rises_and_is_never_certain(samples: list[tuple[float, bool]]) -> None:
    curve = fitted(samples)
    shares = [share for _confidence, share in curve]
    assert shares == sorted(shares)
    assert all(0 < share < 1 for share in shares)


def test_a_fitted_curve_says_how_many_were_right() -> None:
    samples = [(0.9, index % 2 == 0) for index in range(400)]
    assert fitted(samples)[-1] == pytest.approx((0.9, 0.5), abs=0.02)
