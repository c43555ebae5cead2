"""Long slanting strokes are found and taken away; rules and writing are none."""

import cv2
import numpy as np
import pytest

from pipeline.layout.cells import find_cells
from pipeline.layout.rules import find_rules
from pipeline.layout.slashes import find_slashes, without_slashes
from pipeline.values import PageImage, Pixels

DPI = 200.0
ROWS, COLUMNS = range(150, 1000, 70), (100, 180, 500, 620, 900, 1480)
FONT = cv2.FONT_HERSHEY_SIMPLEX


def table() -> Pixels:
    page = np.full((1100, 1600), 238, np.uint8)
    for y in ROWS:
        cv2.line(page, (COLUMNS[0], y), (COLUMNS[-1], y), 60, 3)
    for x in COLUMNS:
        cv2.line(page, (x, ROWS[0]), (x, ROWS[-1]), 60, 3)
    for y in ROWS[:-1]:
        for x in COLUMNS[:-1]:
            cv2.putText(page, "Van", (x + 8, y + 50), FONT, 1.0, 70, 3)
    return page


def image(pixels: Pixels) -> PageImage:
    return PageImage(pixels, DPI, np.eye(3))


def crossed(*strokes: tuple[tuple[int, int], tuple[int, int]]) -> Pixels:
    page = table()
    for start, end in strokes:
        cv2.line(page, start, end, 50, 3, cv2.LINE_AA)
    return page


ROW = ((115, 350), (1470, 300))  # along the third row, across four rules
PAGE = ((120, 980), (1460, 170))


@pytest.mark.parametrize("strokes", [(ROW,), (PAGE,), (PAGE, ((120, 170), (1460, 980)))],
                         ids=["a row", "the page", "a cross over the page"])  # fmt: skip
def test_they_are_found_whole(strokes: tuple[tuple[tuple[int, int], tuple[int, int]], ...]) -> None:
    page = image(crossed(*strokes))
    found = find_slashes(page, find_rules(page))
    assert len(found) == len(strokes)
    for slash in found:
        ends = np.array([slash[0], slash[-1]])
        apart = [np.abs(np.array(sorted(stroke)) - ends).max() for stroke in strokes]
        assert min(apart) < 25


def test_a_page_without_any_has_none() -> None:
    page = image(table())
    assert find_slashes(page, find_rules(page)) == ()


def test_the_slope_of_writing_is_no_stroke() -> None:
    pixels = np.full((1100, 1600), 238, np.uint8)
    for y in range(150, 1050, 80):
        for number, letter in enumerate("nguyenvanhungnguyenvanhungnguyen"):
            cv2.putText(pixels, letter, (100 + 40 * number, y - 2 * number), FONT, 1.0, 60, 3)
    assert find_slashes(image(pixels), find_rules(image(pixels))) == ()


def test_taken_away_they_part_no_rows() -> None:
    page = image(crossed(ROW, PAGE))
    slashes = find_slashes(page, find_rules(page))
    bare = without_slashes(page, slashes)
    cells = find_cells(bare, find_rules(bare))
    assert len(cells) == (len(ROWS) - 1) * (len(COLUMNS) - 1)
    middle = bare.pixels[315:340, 780:890]  # of the stroke, where nothing else is written
    assert middle.min() > 190
    letter = bare.pixels[160:205, 508:560]
    assert letter.min() < 130
