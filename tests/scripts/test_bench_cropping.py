"""The sheets of crowded cells hold what their truth says."""

import sys
from pathlib import Path
from random import Random

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent.parent.parent / "scripts"))

from synthesis.books import Order, draw_book
from synthesis.crowded import CASES, Case, draw_alone, draw_crowded


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_line_of_a_crowded_sheet_is_inked_where_the_truth_says(case: Case) -> None:
    book = draw_book(Random(1), Order(shipped=True))
    sheet, places = draw_crowded(case, book, 100.0, 7)
    again, _places = draw_crowded(case, book, 100.0, 7)
    assert np.array_equal(sheet.pixels, again.pixels)
    lines = [laid for place in places for laid in place.lines]
    assert lines
    assert max(len(place.lines) for place in places) == case.lines
    for laid in lines:
        left, top, right, bottom = (round(v) for v in laid.box)
        assert sheet.pixels[max(0, top) : bottom, left:right].min() < 160
    alone, placed = draw_alone(lines, 100.0, 7)
    assert [laid.text for laid in placed] == [laid.text for laid in lines]
    (left, top, right, bottom) = (round(v) for v in placed[0].box)
    assert alone.pixels[top:bottom, left:right].min() < 160
    assert alone.pixels[: top - 1].min() == 255
