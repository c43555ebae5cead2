"""Ditto marks are told by their shape, and nothing else is taken for one."""

import sys
from dataclasses import replace
from pathlib import Path
from random import Random

import cv2
import numpy as np
import pytest
from PIL import Image

from pipeline.layout.cells import find_cells
from pipeline.layout.dittos import mark_dittos
from pipeline.layout.ink import erase_rules
from pipeline.layout.lines import find_lines
from pipeline.layout.rules import find_rules
from pipeline.values import Line, PageImage, Pixels

sys.path.insert(0, str(Path(__file__).parent.parent.parent / "scripts"))

from synthesis.books import Order, draw_book
from synthesis.paper import draw_wear
from synthesize_pages import draw_sheet, entries_for, save_scan

PITCH, TOP, COLUMNS = 110, 100, (100, 500, 900, 1300)
MARKS = {
    '"': [((0, 0), (-2, 16)), ((11, 0), (9, 16))],
    "comma comma": [((2, 40), (-4, 56)), ((16, 40), (10, 56))],
    "three": [((0, 0), (0, 15)), ((11, 0), (11, 15)), ((22, 0), (22, 15))],
    "long stroke": [((0, 30), (120, 28))],
    "very long stroke": [((0, 30), (260, 34))],
    "very long flat stroke": [((0, 30), (260, 30))],
}
OTHERS = {
    "a flat word": [
        ((0, 30), (20, 18)),
        ((20, 18), (40, 34)),
        ((40, 34), (60, 18)),
        ((60, 18), (80, 34)),
        ((80, 34), (100, 20)),
    ],
    "1": [((0, 0), (0, 38))],
    "11": [((0, 0), (0, 38)), ((16, 0), (16, 38))],
    "i": [((0, 14), (0, 38)), ((0, 2), (0, 4))],
    "-": [((0, 30), (26, 30))],
    "comma": [((0, 40), (-4, 56))],
    "=": [((0, 20), (26, 20)), ((0, 32), (26, 32))],
    "dirt": [((0, 0), (2, 2)), ((40, 30), (42, 33))],
}


def page(strokes: list[tuple[tuple[int, int], tuple[int, int]]]) -> tuple[Line, ...]:
    """Return the marked lines of a page: written rows, and these strokes alone in the last cell."""
    pixels: Pixels = np.full((1100, 1500), 240, np.uint8)
    for x in COLUMNS:
        cv2.line(pixels, (x, TOP), (x, TOP + 8 * PITCH), 110, 3)
    for row in range(9):
        cv2.line(pixels, (100, TOP + row * PITCH), (1300, TOP + row * PITCH), 110, 3)
        for x in COLUMNS[:-1] if row < 7 else ():
            at = (x + 30, TOP + row * PITCH + 74)
            cv2.putText(pixels, "Ng. Ba", at, cv2.FONT_HERSHEY_SCRIPT_SIMPLEX, 2.0, 50, 3)
    for (x0, y0), (x1, y1) in strokes:
        start = (COLUMNS[1] + 80 + x0, TOP + 7 * PITCH + 25 + y0)
        end = (COLUMNS[1] + 80 + x1, TOP + 7 * PITCH + 25 + y1)
        cv2.line(pixels, start, end, 50, 4)
    image = PageImage(pixels, 300.0, np.eye(3))
    rules = find_rules(image)
    lines = find_lines(image, rules, find_cells(image, rules))[0]
    return mark_dittos(erase_rules(image, rules), lines)


@pytest.mark.parametrize("name", MARKS)
def test_small_strokes_and_long_ones_alone_in_a_cell_are_ditto_marks(name: str) -> None:
    lines = page(MARKS[name])
    assert [line.cell for line in lines if line.is_ditto] == [(8, 2)]


@pytest.mark.parametrize("name", OTHERS)
def test_digits_dashes_and_dirt_are_none(name: str) -> None:
    lines = page(OTHERS[name])
    assert len(lines) >= 21
    assert not any(line.is_ditto for line in lines)


def test_strokes_beside_other_writing_of_the_cell_are_none() -> None:
    word = [((-60, 0), (-60, 38)), ((-60, 38), (-30, 38)), ((-30, 0), (-30, 38))]
    assert not any(line.is_ditto for line in page([*word, *MARKS['"']]))


@pytest.mark.parametrize("mark", ['"', ",,"])
@pytest.mark.parametrize("degrade", ["light", "heavy"])
def test_marks_of_invented_pages_are_found_and_nothing_else(
    mark: str, degrade: str, tmp_path: Path
) -> None:
    rng = Random(3)
    book = draw_book(rng, Order(shipped=True))
    book = replace(book, habits=replace(book.habits, ditto=mark, ditto_share=1.0))
    entries = entries_for(book, 12, rng)
    sheet = draw_sheet(book, entries, 7, 12, 200, 5)
    wear = draw_wear(np.random.default_rng(5), degrade, spread=False, turn_deg=0)
    wear = replace(wear, skew_deg=0.0)
    truth = save_scan(sheet, tmp_path / "page.jpg", wear, 5)
    with Image.open(tmp_path / "page.jpg") as scan:
        image = PageImage(np.asarray(scan.convert("L")), 200.0, np.eye(3))
    rules = find_rules(image)
    lines = find_lines(image, rules, find_cells(image, rules))[0]
    found = [line for line in mark_dittos(erase_rules(image, rules), lines) if line.is_ditto]
    true = [np.mean(line["polygon"], axis=0) for page in truth for line in page["lines"]
            if line["text"] == mark]  # fmt: skip
    for line in found:
        assert min(np.abs(np.mean(line.polygon, axis=0) - at).max() for at in true) < 12
    assert len(found) >= 0.9 * len(true) > 10
