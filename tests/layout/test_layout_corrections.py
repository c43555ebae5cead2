"""A struck word and the correction above it are told apart; what only looks so is left alone."""

import cv2
import numpy as np
import pytest

from pipeline.layout.lines import find_lines
from pipeline.layout.rules import Rules
from pipeline.values import Cell, Line, PageImage, Pixels, Strokes

DPI = 300.0
CELL = (Cell(((10, 10), (690, 10), (690, 150), (10, 150)), 1, 1),)
SCRIPT = cv2.FONT_HERSHEY_SCRIPT_SIMPLEX


def page(*, stroke: bool = True, correction: bool = True) -> Pixels:
    pixels = np.full((160, 700), 245, np.uint8)
    cv2.putText(pixels, "Nguyen", (30, 115), SCRIPT, 1.3, 40, 2)
    for x in range(190, 330, 9):  # a word of many strokes
        cv2.line(pixels, (x, 86), (x, 117), 40, 2)
    cv2.putText(pixels, "Thanh", (420, 115), SCRIPT, 1.3, 40, 2)
    if stroke:
        cv2.line(pixels, (186, 103), (330, 98), 40, 3)
    if correction:
        cv2.putText(pixels, "Hung", (205, 60), SCRIPT, 1.2, 40, 2)
    return pixels


def laid(pixels: Pixels) -> tuple[tuple[Line, ...], Strokes]:
    return find_lines(PageImage(pixels, DPI, np.eye(3)), Rules(), CELL)


def shown(strokes: Strokes, number: int) -> tuple[int, int]:
    """Return the first and the last column of a line's own ink."""
    columns = np.flatnonzero((strokes.lines == number).any(axis=0)) * strokes.factor
    return int(columns[0]), int(columns[-1])


def test_the_correction_is_a_line_and_the_struck_word_is_in_none() -> None:
    (above, line), strokes = laid(page())
    assert above.struck == ()
    assert shown(strokes, 0)[0] > 190
    assert shown(strokes, 0)[1] < 350
    [(start, end)] = line.struck
    left = min(x for x, _y in line.polygon)
    width = max(x for x, _y in line.polygon) - left
    assert left + start * width == pytest.approx(188, abs=14)
    assert left + end * width == pytest.approx(330, abs=14)
    inside = strokes.lines[40:62, 112:165]  # half the size
    assert not (inside == 1).any()
    assert (inside == 2).any()  # of no line


@pytest.mark.parametrize(
    ("stroke", "correction"), [(False, True), (True, False), (False, False)],
    ids=["a small word above", "only struck", "neither"],
)  # fmt: skip
def test_one_of_the_two_alone_changes_nothing(*, stroke: bool, correction: bool) -> None:
    lines, strokes = laid(page(stroke=stroke, correction=correction))
    assert not any(line.struck for line in lines)
    assert strokes.lines.max() < len(lines)
