"""A spread is parted in its gutter, and a single page never."""

from pathlib import Path

import clean_pages
import numpy as np
import pytest

from pipeline.clean.spread import (
    Fold,
    find_fold,
    find_gutter,
    part,
    split,
    split_at,
    was_drawn_on_others,
)
from pipeline.values import Gutter, Pixels, Turn

DPI = 150
NEAR_PX = 6  # 1 mm


def off_by(pixels: Pixels, gutter: float, deg: float) -> float:
    """Return how far the fold found on a scan askew lies from the true one, px."""
    height, width = pixels.shape
    matrix, _, high = clean_pages.rotation(width, height, deg)
    fold = find_fold(clean_pages.page_image(clean_pages.rotate(pixels, deg), DPI))
    assert fold is not None
    ends = matrix @ np.array([[gutter, gutter], [0, height - 1], [1, 1]])
    found = fold.top + (fold.bottom - fold.top) * ends[1] / (high - 1)
    return float(np.abs(found - ends[0]).max())


@pytest.mark.parametrize("deg", [0.0, 1.2, -5.0])
@pytest.mark.parametrize(
    "shift_mm, shadow, across",
    [(0, 0.35, False), (16, 0.12, False), (-16, 0.0, False), (9, 0.35, True), (-14, 0.1, True)],
    ids=["shadow", "faint shadow", "no shadow", "table across", "table across, faint"],
)
def test_the_gutter_is_found(shift_mm: float, shadow: float, across: bool, deg: float) -> None:  # noqa: FBT001
    rng = np.random.default_rng(21)
    pixels, gutter = clean_pages.spread(rng, DPI, shift_mm=shift_mm, shadow=shadow, across=across)
    assert off_by(pixels, gutter, deg) < NEAR_PX


@pytest.mark.parametrize("rules", ["all", "head", "columns"])
@pytest.mark.parametrize("seed", range(3))
def test_a_wide_table_on_one_sheet_stays_whole(rules: str, seed: int) -> None:
    sheet = clean_pages.Sheet(2480, 1754, DPI, np.random.default_rng(seed))
    clean_pages.write_table(sheet, (80, 150, 2400, 1650), rules=rules)
    image = clean_pages.page_image(sheet.pixels(), DPI)
    assert find_gutter(image) is None
    assert split(image) == (image,)


@pytest.mark.parametrize("x", [1000, 1240, 1320])
def test_a_faint_streak_of_the_paper_through_words_is_no_fold(x: int) -> None:
    sheet = clean_pages.Sheet(2480, 1754, DPI, np.random.default_rng(4))
    clean_pages.write_table(sheet, (80, 150, 2400, 1650), rules="all")
    streak = 1 - 0.045 * np.exp(-(((np.arange(2480) - x) / 16.0) ** 2))
    pixels = (sheet.pixels() * streak[None, :]).astype(np.uint8)
    assert find_gutter(clean_pages.page_image(pixels, DPI)) is None


@pytest.mark.parametrize("kind", [kind for kind in clean_pages.KINDS if kind != "spread"])
def test_an_upright_page_stays_whole(kind: str) -> None:
    pixels = clean_pages.KINDS[kind](np.random.default_rng(8), DPI)
    assert find_gutter(clean_pages.page_image(clean_pages.rotate(pixels, 1.0), DPI)) is None


@pytest.mark.parametrize("shape", [(1, 1), (1, 900), (50, 900), (900, 1200)])
@pytest.mark.parametrize("grey", [0, 255])
def test_an_empty_picture_stays_whole(shape: tuple[int, int], grey: int) -> None:
    assert find_gutter(clean_pages.page_image(np.full(shape, grey, np.uint8))) is None


def test_both_sides_say_which_they_are_and_where_they_came_from() -> None:
    pixels = np.random.default_rng(3).integers(150, 255, (40, 90), np.uint8)
    left, right = part(clean_pages.page_image(pixels), Fold(40.0, 50.0))
    assert (left.side, right.side) == ("left", "right")
    for side, x, y in ((left, 12, 7), (right, 30, 21)):
        scan_x, scan_y, _ = side.to_scan @ (x, y, 1)
        assert side.pixels[y, x] == pixels[round(scan_y), round(scan_x)]


def test_what_lies_beyond_a_slanted_fold_becomes_paper() -> None:
    pixels = np.full((101, 200), 200, np.uint8)
    pixels[:, 100:] = 90  # the right page is dark
    pixels[0:50, 100:105] = 200
    left, right = part(clean_pages.page_image(pixels), Fold(110.0, 90.0))
    assert left.pixels[100, 100] == right.pixels[0, 12]
    assert left.pixels.shape[1] == 111
    assert right.pixels.shape[1] == 110


@pytest.mark.corpus
@pytest.mark.parametrize("number", [1, 2, 3])
def test_real_spreads_are_parted_between_their_pages(corpus: Path, number: int) -> None:
    pixels = clean_pages.read_grey(corpus / "page_split" / f"unpaper__imgsrcE00{number}.png")
    image = clean_pages.page_image(pixels)
    left, right = split(image)
    ink = int((pixels < 128).sum())
    assert int((left.pixels < 128).sum()) + int((right.pixels < 128).sum()) == ink


DARK, LIGHT = 60, 220
# Where the first page lies on the scan, by the turn that makes it upright.
DOWN = {0: "left", 90: "left", 180: "right", 270: "right"}
ACROSS = {0: "top", 90: "bottom", 180: "bottom", 270: "top"}


@pytest.mark.parametrize("across, first", [(False, DOWN), (True, ACROSS)])
@pytest.mark.parametrize("turn_deg", [0, 90, 180, 270])
def test_a_person_parts_a_scan_along_a_line_drawn_on_it_as_it_lies(
    turn_deg: Turn,
    across: bool,  # noqa: FBT001
    first: dict[Turn, str],
) -> None:
    y, x = np.mgrid[:100, :80]
    beyond = y >= 30 + 20 * x / 80 if across else x >= 0.3 * 80 + 0.2 * 80 * y / 100
    is_first = beyond if first[turn_deg] in ("right", "bottom") else ~beyond
    image = clean_pages.page_image(np.where(is_first, DARK, LIGHT).astype(np.uint8))

    pages = split_at(image, Gutter(0.3, 0.5, across), turn_deg)

    assert [(page.side, page.turn_deg) for page in pages] == [
        ("left", turn_deg),
        ("right", turn_deg),
    ]
    for page, own, area in zip(pages, (DARK, LIGHT), (is_first, ~is_first), strict=True):
        shown = (page.pixels == own).sum()
        # What reaches over from the other page becomes paper, which is one of the two greys here.
        assert shown >= area.sum() - 100
        height, width = page.pixels.shape
        middle_x, middle_y, _one = page.to_scan @ (width / 2, height / 2, 1)
        assert area[round(middle_y), round(middle_x)]
    assert split_at(image, Gutter(0.0, 0.0, across), turn_deg)[0].side is None


@pytest.mark.parametrize(
    "shape, across, turn_deg, is_other",
    [
        ((100, 140), False, 0, False),
        ((140, 100), False, 0, False),  # a spread photographed from afar
        ((140, 100), False, 90, True),  # a spread turned on the glass
        ((100, 140), False, 90, False),  # tables bound sideways
        ((140, 100), True, 270, False),
        ((100, 140), True, 0, True),  # the one that lies upright among those that do not
    ],
)
def test_a_line_for_all_scans_is_used_on_those_that_lie_as_the_one_it_was_drawn_on(
    shape: tuple[int, int],
    across: bool,  # noqa: FBT001
    turn_deg: Turn,
    is_other: bool,  # noqa: FBT001
) -> None:
    image = clean_pages.page_image(np.full(shape, 200, np.uint8))
    drawn = Gutter(0.5, 0.5, across, for_all=True)
    assert was_drawn_on_others(image, drawn, turn_deg) == is_other
    assert not was_drawn_on_others(image, drawn._replace(for_all=False), turn_deg)
    assert not was_drawn_on_others(image, Gutter(0, 0, across, for_all=True), turn_deg)
