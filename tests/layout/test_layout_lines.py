"""Written lines are found whole, each by itself, in reading order."""

from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from pipeline.layout.cells import find_cells
from pipeline.layout.components import Components
from pipeline.layout.darkness import Scale
from pipeline.layout.ink import erase_rules, line_image
from pipeline.layout.lines import find_lines
from pipeline.layout.parting import part_piece
from pipeline.layout.rules import find_rules
from pipeline.layout.strands import Strand, find_strands
from pipeline.values import Line, PageImage, Pixels

SERIF = "/usr/share/fonts/truetype/dejavu/DejaVuSerif.ttf"
Box = tuple[int, int, int, int]


def sheet(height: int = 900, width: int = 1600) -> Pixels:
    return np.full((height, width), 240, np.uint8)


def table(rows: int = 4, pitch: int = 130) -> Pixels:
    pixels = sheet()
    for x in (100, 700, 1400):
        cv2.line(pixels, (x, 100), (x, 100 + rows * pitch), 120, 3)
    for row in range(rows + 1):
        cv2.line(pixels, (100, 100 + row * pitch), (1400, 100 + row * pitch), 120, 3)
    return pixels


def write(pixels: Pixels, text: str, x: int, y: int, size: float = 1.6) -> Box:
    """Write a text and return the box of its ink."""
    blank = np.full_like(pixels, 255)
    cv2.putText(blank, text, (x, y), cv2.FONT_HERSHEY_SCRIPT_SIMPLEX, size, 0, 4)
    np.minimum(pixels, np.where(blank < 128, 40, 255).astype(np.uint8), out=pixels)
    rows, columns = np.nonzero(blank < 128)
    return int(columns.min()), int(rows.min()), int(columns.max()), int(rows.max())


def lines_of(pixels: Pixels) -> tuple[Line, ...]:
    image = PageImage(pixels, 300.0, np.eye(3))
    rules = find_rules(image)
    return find_lines(image, rules, find_cells(image, rules))[0]


def box(line: Line) -> np.ndarray:
    points = np.array(line.polygon)
    return np.concatenate([points.min(axis=0), points.max(axis=0)])


def assert_holds(line: Line, ink: Box, margin: int = 22) -> None:
    """Assert that the outline holds all the ink and not much more."""
    left, top, right, bottom = box(line)
    assert left <= ink[0] and top <= ink[1] and right >= ink[2] and bottom >= ink[3]
    assert ink[0] - left < margin and ink[1] - top < margin
    assert right - ink[2] < margin and bottom - ink[3] < margin


def test_a_filled_cell_has_one_line_and_an_empty_cell_none() -> None:
    pixels = table()
    ink = write(pixels, "Nguyen Van Hoa", 130, 190)
    (line,) = lines_of(pixels)
    assert line.cell == (1, 1)
    assert line.text == ""
    assert_holds(line, ink)


def test_two_written_lines_in_a_cell_are_two_lines_in_order() -> None:
    pixels = table()
    inks = [write(pixels, text, 730, y, 1.0) for text, y in (("Xom Dong", 268), ("xa Hoa", 330))]
    lines = lines_of(pixels)
    assert [line.cell for line in lines] == [(2, 2), (2, 2)]
    for line, ink in zip(lines, inks, strict=True):
        assert_holds(line, ink)


def test_tails_over_the_rule_stay_with_their_line() -> None:
    pixels = table()
    upper = write(pixels, "yggy Quy", 130, 226)
    write(pixels, "hoa", 300, 330)
    first, second = lines_of(pixels)
    assert upper[3] > 232, "the tails must cross the rule at 230"
    assert (first.cell, second.cell) == ((1, 1), (2, 1))
    assert_holds(first, upper)
    assert box(second)[1] > 250


def test_lines_of_a_table_come_row_by_row() -> None:
    pixels = table()
    for row in range(4):
        for x in (760, 150):
            write(pixels, "Lan", x, 190 + 130 * row)
    assert [line.cell for line in lines_of(pixels)] == [
        (row, column) for row in (1, 2, 3, 4) for column in (1, 2)
    ]


def test_headings_side_by_side_are_cut_and_read_column_by_column() -> None:
    pixels = sheet()
    for x, y in ((100, 100), (100, 160), (900, 100), (900, 160)):
        write(pixels, "UY BAN XA", x, y, 1.0)
    assert [tuple(box(line)[:2] // 100) for line in lines_of(pixels)] == [
        (0, 0), (0, 1), (8, 0), (8, 1),
    ]  # fmt: skip


def test_a_leader_holds_label_and_writing_together_and_is_erased() -> None:
    pixels = sheet()
    label = write(pixels, "Ho ten:", 100, 300, 1.0)
    for x in range(320, 1400, 14):
        cv2.circle(pixels, (x, 300), 2, 60, -1)
    value = write(pixels, "Tran Van Huu", 620, 296, 1.4)
    (line,) = lines_of(pixels)
    assert_holds(line, (label[0], min(label[1], value[1]), value[2], max(label[3], value[3])))
    image = PageImage(pixels, 300.0, np.eye(3))
    clean = erase_rules(image, find_rules(image)).pixels
    assert clean[290:310, 1250:1390].min() > 200


def test_dirt_is_no_line() -> None:
    pixels = sheet()
    rng = np.random.default_rng(2)
    for x, y in rng.integers(20, 880, (60, 2)):
        cv2.circle(pixels, (int(x), int(y)), 1, 90, -1)
    cv2.circle(pixels, (1200, 450), 190, 110, 5)
    pixels[:, :4] = 10
    assert lines_of(pixels) == ()


def test_erasing_rules_leaves_the_strokes_that_cross_them() -> None:
    pixels = table()
    cv2.line(pixels, (300, 180), (340, 290), 40, 6)
    image = PageImage(pixels, 300.0, np.eye(3))
    clean = erase_rules(image, find_rules(image)).pixels
    assert clean[225:236, 310:330].min(axis=1).max() < 120, "the stroke is not cut"
    assert np.median(clean[225:236, 400:680]) > 235
    assert clean[225:236, 400:680].min() > 200, "the rule is gone"
    assert pixels[230, 500] < 150, "the caller's pixels are as they were"


def test_the_picture_of_a_line_has_the_size_of_its_outline() -> None:
    pixels = table()
    write(pixels, "Nguyen Van Hoa", 130, 190)
    image = PageImage(pixels, 300.0, np.eye(3))
    rules = find_rules(image)
    (line,) = find_lines(image, rules, find_cells(image, rules))[0]
    left, top, right, bottom = box(line)
    picture = line_image(image, line, rules)
    assert abs(picture.shape[0] - (bottom - top)) <= 2
    assert abs(picture.shape[1] - (right - left)) <= 2
    assert picture.min() < 100


@pytest.mark.corpus
def test_a_real_form_gives_its_tables_and_lines(corpus: Path) -> None:
    (file,) = (corpus / "vi_forms").glob("*.jpg")
    pixels = cv2.imread(str(file), cv2.IMREAD_GRAYSCALE)
    image = PageImage(pixels, 300.0, np.eye(3))
    rules = find_rules(image)
    cells = find_cells(image, rules)
    assert len(cells) == 8 + 29 + 40
    assert 60 <= len(find_lines(image, rules, cells)[0]) <= 90


def test_a_table_without_row_rules_is_cut_where_the_numbers_begin() -> None:
    pixels = sheet(1500)
    for x in (100, 300, 700, 1050, 1400):
        cv2.line(pixels, (x, 100), (x, 1400), 120, 3)
    for y in (100, 200, 1400):
        cv2.line(pixels, (100, y), (1400, y), 120, 3)
    for x in (150, 330, 740, 1080):
        write(pixels, "Muc", x, 165, 1.0)
    for entry in range(5):
        write(pixels, str(41 + entry), 150, 300 + 230 * entry)
        for x in (330, 740, 1080):
            write(pixels, "Lan", x, 300 + 230 * entry)
        write(pixels, "Hoa", 330, 385 + 230 * entry)
    image = PageImage(pixels, 300.0, np.eye(3))
    rules = find_rules(image)
    cells = find_cells(image, rules)
    assert {(cell.row, cell.column) for cell in cells} == {
        (row, column) for row in range(1, 7) for column in range(1, 5)
    }
    lines, _strokes = find_lines(image, rules, cells)
    assert [line.cell for line in lines if line.cell and line.cell[0] == 3] == [
        (3, 1), (3, 2), (3, 2), (3, 3), (3, 4),
    ]  # fmt: skip


def test_cells_with_ink_on_their_rules_only_have_no_line() -> None:
    assert lines_of(table()) == ()


def test_a_tail_that_touches_the_letter_below_belongs_to_its_own_line() -> None:
    ink = np.zeros((80, 200), np.uint8)
    ink[10:20, 10:190] = ink[50:60, 10:190] = 1  # two lines
    ink[20:50, 100:104] = 1  # a tail of the upper one, down to the lower one
    labels = np.where(ink > 0, 0, -1).astype(np.int32)
    one = np.array([0])
    pieces = Components(labels, one + 10, one + 10, one + 190, one + 60, one + 3720, one)
    strands = [Strand(np.array([10.0, 190.0]), np.array([y, y]), 1.0) for y in (15.0, 55.0)]
    parted = part_piece(pieces, 0, strands, 40.0)
    assert set(np.unique(parted.labels)) == {-1, 1, 2}
    assert (parted.labels[10:20, 10:190] == 1).all() and (parted.labels[50:60, 10:190] == 2).all()
    assert (parted.labels[20:30, 100:104] == 1).all(), "the tail is not cut where it begins"
    assert parted.bottom[1] > 30 and parted.top[2] > 30
    assert parted.area[1:].sum() == (ink > 0).sum()


def one_band(ink: np.ndarray) -> tuple[Components, np.ndarray]:
    """All ink as one piece: letters that touch all along."""
    rows, columns = np.nonzero(ink)
    box_of = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1, len(rows)]
    labels = np.where(ink > 0, 0, -1).astype(np.int32)
    one = np.array([0])
    return Components(labels, *(one + int(value) for value in box_of), one), one


def letters(ink: np.ndarray, top: int, bottom: int, every: int = 12) -> None:
    """Upright strokes of letters between two rows, joined at their feet."""
    ink[top:bottom, 10:290:every] = ink[top:bottom, 11:291:every] = 1
    ink[bottom - 2 : bottom, 10:290] = 1


def test_two_lines_that_touch_all_along_are_told_by_their_strokes() -> None:
    ink = np.zeros((120, 320), np.uint8)
    letters(ink, 10, 30)
    letters(ink, 52, 72)
    ink[30:52, 10:290:70] = ink[30:52, 11:290:70] = 1  # tails
    pieces, band = one_band(ink)
    strands, pitch = find_strands(pieces, band, Scale(200.0), usual=40.0)
    assert [round(float(strand.ys.mean()), -1) for strand in strands] == [20, 60]
    assert 36 <= pitch <= 48


def test_a_short_word_close_below_a_long_line_is_a_line_of_its_own() -> None:
    page = Image.new("L", (1100, 1200), 240)
    drawn, face = ImageDraw.Draw(page), ImageFont.truetype(SERIF, 22)
    for row in range(9):
        y = 80 + 124 * row
        drawn.line((60, y, 1040, y), 90, 3)
        for column, text in enumerate(
            ("Nguyễn Văn An", "1968", "buôn Sah A, Ea") if row < 8 else ()
        ):
            drawn.text((75 + 330 * column, y + 38), text, 30, face)
        if row < 8:
            drawn.text((735, y + 38 + 24), "Tul", 30, face)
    for x in (60, 390, 720, 1040):
        drawn.line((x, 80, x, 80 + 124 * 8), 90, 3)
    image = PageImage(np.array(page), 200.0, np.eye(3))
    rules = find_rules(image)
    lines, _ink = find_lines(image, rules, find_cells(image, rules))
    counts = Counter(line.cell for line in lines)
    assert [counts[row, column] for row in range(1, 9) for column in (1, 2, 3)] == [1, 1, 2] * 8


@pytest.mark.parametrize("gap", [10, 14, 18])
def test_heads_of_capitals_are_no_line_of_their_own(gap: int) -> None:
    ink = np.zeros((120, 320), np.uint8)
    letters(ink, 30 + gap, 60 + gap)
    for left in (20, 110, 200):  # bars of T, and the stems that carry them
        ink[20:28, left : left + 60] = 1
        ink[28 : 30 + gap, left + 30 : left + 33] = 1
    pieces, band = one_band(ink)
    strands, _pitch = find_strands(pieces, band, Scale(200.0), usual=36.0)
    assert len(strands) == 1


def test_strokes_know_their_line_where_outlines_overlap() -> None:
    pixels = table()
    upper = write(pixels, "yggy Quy", 730, 266, 1.0)
    write(pixels, "xa Hoa", 730, 326, 1.0)
    image = PageImage(pixels, 300.0, np.eye(3))
    rules = find_rules(image)
    lines, strokes = find_lines(image, rules, find_cells(image, rules))
    assert len(lines) == 2
    size = int(260 / strokes.factor), int(upper[0] / strokes.factor), int(upper[2] / strokes.factor)
    row = strokes.lines[size[0], size[1] : size[2]]
    assert set(row.tolist()) == {-1, 0}, "on the upper line's level all ink is its own"
    assert 1 in strokes.lines


def leader_with(pixels: Pixels, y: int = 300) -> list[int]:
    """Print a leader from 100 to 1500; return where its dots are."""
    xs = list(range(100, 1500, 15))
    for x in xs:
        cv2.circle(pixels, (x, y), 2, 60, -1)
    return xs


def test_dots_of_a_leader_that_strokes_touch_are_erased_and_the_strokes_stay() -> None:
    pixels = sheet(500)
    dots = leader_with(pixels)
    ending, crossing, beside = dots[40], dots[45], dots[50] + 7
    cv2.line(pixels, (ending, 240), (ending, 298), 90, 4)  # stands on a dot
    cv2.line(pixels, (crossing, 240), (crossing, 360), 90, 4)  # runs over one
    cv2.circle(pixels, (beside, 312), 4, 90, -1)  # a mark below a letter, out of step
    image = PageImage(pixels, 300.0, np.eye(3))
    clean = erase_rules(image, find_rules(image)).pixels
    assert clean[298:306, 110 : dots[39] + 5].min() > 200, "the free dots are gone"
    assert clean[300:306, ending - 4 : ending + 5].min() > 200, "and the one under the stroke"
    assert clean[245:292, ending].max() < 140
    assert clean[245:355, crossing].max() < 140, "a stroke over a dot is not cut"
    assert clean[312, beside] < 140, "a mark out of step is no dot of the leader"


def test_letters_that_stand_on_a_rule_are_not_drawn_out_over_it() -> None:
    pixels = table()
    for x in range(200, 600, 40):
        cv2.line(pixels, (x, 170), (x, 229), 40, 6)  # down to the rule at 230, not beyond it
    image = PageImage(pixels, 300.0, np.eye(3))
    clean = erase_rules(image, find_rules(image)).pixels
    assert clean[180:225, 240].max() < 90
    assert clean[233:240, 190:610].min() > 200


def test_a_letter_stays_in_its_cell_though_a_taller_one_touches_it_from_below() -> None:
    pixels = table()
    for x in range(150, 400, 40):
        cv2.rectangle(pixels, (x, 200), (x + 24, 226), 40, 5)  # low letters on the rule at 230
    for x in (160, 300):
        cv2.line(pixels, (x, 234), (x, 320), 40, 6)  # tall ones under it
    for x in range(180, 560, 50):
        cv2.rectangle(pixels, (x, 290), (x + 24, 320), 40, 5)
    (upper,) = (line for line in lines_of(pixels) if line.cell == (1, 1))
    left, top, right, bottom = box(upper)
    assert left <= 150 and right >= 394, "all low letters are in the upper cell"
    assert top > 180 and bottom < 250
