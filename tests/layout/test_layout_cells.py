"""Rules become crossings, crossings become cells, cells have rows and columns."""

import cv2
import numpy as np
import pytest

from pipeline.layout.cells import find_cells
from pipeline.layout.rules import find_rules
from pipeline.values import PageImage, Pixels

XS = (150, 500, 950, 1300, 1700)
YS = (200, 320, 440, 560, 680, 800, 920)


def sheet(height: int = 1100, width: int = 1900, paper: int = 235) -> Pixels:
    grain = np.random.default_rng(1).normal(0, 3, (height, width))
    return np.clip(paper + grain, 0, 255).astype(np.uint8)


def rule(pixels: Pixels, a: tuple[int, int], b: tuple[int, int], grey: int = 90) -> None:
    cv2.line(pixels, a, b, grey, 3)


def table(xs: tuple[int, ...] = XS, ys: tuple[int, ...] = YS) -> Pixels:
    pixels = sheet()
    for x in xs:
        rule(pixels, (x, ys[0]), (x, ys[-1]))
    for y in ys:
        rule(pixels, (xs[0], y), (xs[-1], y))
    return pixels


def cells_of(pixels: Pixels, dpi: float = 300.0):
    image = PageImage(pixels, dpi, np.eye(3))
    return find_cells(image, find_rules(image))


def test_every_ruled_square_is_one_cell() -> None:
    cells = cells_of(table())
    assert [(c.row, c.column) for c in cells] == [(r, c) for r in range(1, 7) for c in range(1, 5)]
    corner = cells[0].polygon
    assert np.allclose(corner, [(150, 200), (500, 200), (500, 320), (150, 320)], atol=4)


@pytest.mark.parametrize("scale", [0.5, 0.66, 1.0])
def test_resolution_does_not_matter(scale: float) -> None:
    small = cv2.resize(table(), None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    assert len(cells_of(small, 300 * scale)) == 24


@pytest.mark.parametrize("skew_deg", [-0.4, 0.3])
def test_a_rest_of_skew_does_not_matter(skew_deg: float) -> None:
    turn = cv2.getRotationMatrix2D((950, 550), skew_deg, 1.0)
    turned = cv2.warpAffine(table(), turn, (1900, 1100), borderValue=235)
    assert len(cells_of(turned)) == 24


def test_broken_and_faded_rules_still_bound_their_cells() -> None:
    pixels = table().astype(np.float32)
    rng = np.random.default_rng(3)
    paper = sheet().astype(np.float32)
    clouds = cv2.resize(rng.random((22, 38)).astype(np.float32), (1900, 1100))
    ink = np.where(clouds < 0.3, 0.0, 0.35)
    faded = paper - (paper - pixels) * ink
    cells = cells_of(faded.clip(0, 255).astype(np.uint8))
    assert len(cells) == 24


def test_a_shadow_in_the_gutter_and_yellow_paper_do_not_matter() -> None:
    shade = 1 - 0.55 * np.exp(-np.arange(1900) / 120)
    assert len(cells_of((table() * shade * 0.8).astype(np.uint8))) == 24


def test_merged_header_cells_have_spans() -> None:
    pixels = sheet()
    for x in XS:
        rule(pixels, (x, 320 if x == 950 else 200), (x, 920))
    for y in YS:
        rule(pixels, (500 if y == 320 else 150, y), (1300 if y == 320 else 1700, y))
    cells = cells_of(pixels)
    spans = {(c.row, c.column): (c.row_span, c.column_span) for c in cells}
    assert spans[1, 1] == (2, 1)
    assert spans[1, 2] == (1, 2)
    assert spans[1, 4] == (2, 1)
    assert spans[2, 2] == spans[2, 3] == spans[3, 1] == (1, 1)
    assert {(c.row, c.column) for c in cells if c.is_header} == {
        (1, 1), (1, 2), (1, 4), (2, 2), (2, 3),
    }  # fmt: skip


def test_a_form_is_a_box_with_two_cells_and_no_header() -> None:
    cells = cells_of(table(xs=(150, 1300, 1700), ys=(200, 920)))
    assert [(c.row, c.column, c.is_header) for c in cells] == [(1, 1, False), (1, 2, False)]


def test_the_largest_table_counts_its_rows_from_one() -> None:
    pixels = sheet(1900)
    for x in (150, 500, 950):
        rule(pixels, (x, 100), (x, 220))
    for y in (100, 220):
        rule(pixels, (150, y), (950, y))
    pixels[400:1500] = table()
    cells = cells_of(pixels)
    assert [(c.row, c.column) for c in cells[:3]] == [(7, 1), (7, 2), (1, 1)]


def test_a_page_without_rules_has_no_cells() -> None:
    assert cells_of(sheet()) == ()


def test_rules_that_run_down_to_the_foot_of_the_sheet_bound_open_cells() -> None:
    pixels = sheet()
    for x in XS:
        rule(pixels, (x, 200), (x, 1000))
    for y in (200, 320):
        rule(pixels, (150, y), (1700, y))
    cells = cells_of(pixels)
    assert [(c.row, c.column) for c in cells] == [(r, c) for r in (1, 2) for c in (1, 2, 3, 4)]


def ledger(grey: int = 90, missing: int | None = None) -> Pixels:
    """Return a table of five columns and ten even rows, one rule between them fainter or gone."""
    pixels = sheet(1500)
    xs, ys = (150, 450, 750, 1050, 1350, 1700), range(200, 1301, 110)
    for x in xs:
        rule(pixels, (x, ys[0]), (x, ys[-1]))
    for y in ys:
        if y != missing:
            rule(pixels, (xs[0], y), (xs[-1], y))
        elif grey < 235:
            cv2.line(pixels, (xs[0], y), (xs[-1], y), grey, 2)
    return pixels


def test_tables_side_by_side_have_no_rules_between_them() -> None:
    pixels = np.full((1200, 1700), 240, np.uint8)
    for left, top in ((100, 80), (900, 640)):
        for row in range(6):
            cv2.line(pixels, (left, top + row * 80), (left + 700, top + row * 80), 60, 2)
        for x in (left, left + 350, left + 700):
            cv2.line(pixels, (x, top), (x, top + 400), 60, 2)
    rules = find_rules(PageImage(pixels, 150.0, np.eye(3)))
    assert len(rules.horizontal) == 12


def test_a_rule_too_faint_to_follow_is_found_where_even_rows_call_for_it() -> None:
    pixels = ledger(grey=225, missing=750)
    assert len(cells_of(pixels)) == 50


def test_an_entry_over_two_rows_is_not_parted_where_no_rule_runs() -> None:
    cells = cells_of(ledger(grey=255, missing=750))
    assert len(cells) == 45
    tallest = max(cells, key=lambda cell: cell.polygon[3][1] - cell.polygon[0][1])
    assert np.allclose([tallest.polygon[0][1], tallest.polygon[3][1]], (640, 860), atol=6)


def test_a_rule_that_is_worn_to_dots_in_places_still_parts_rows() -> None:
    pixels = ledger(grey=200, missing=750)
    for x in range(150, 1700, 14):
        cv2.circle(pixels, (x, 750), 3, 120, -1)
    assert len(cells_of(pixels)) == 50


def test_a_stroke_of_the_pen_over_one_column_parts_no_rows() -> None:
    pixels = sheet(1500)
    xs, ys = (150, 450, 750, 1050, 1350, 1700), (200, 320, 1300)
    for x in xs:
        rule(pixels, (x, ys[0]), (x, ys[-1]))
    for y in ys:
        rule(pixels, (xs[0], y), (xs[-1], y))
    rule(pixels, (1050, 800), (1350, 800))
    assert sorted((cell.row, cell.column) for cell in cells_of(pixels)) == [
        (row, column) for row in (1, 2) for column in range(1, 6)
    ]
