"""From a scan to its pages, and back to the scan by their maps."""

import clean_pages
import numpy as np
import pytest

from pipeline.clean.steps import clean
from pipeline.values import Gutter, Matrix, PageImage, Pixels, Turn

DPI = 150
SPOT_PX = 5


def spotted(pixels: Pixels, spots: list[tuple[int, int]]) -> Pixels:
    """Return the page with round black spots in its margins."""
    marked = pixels.copy()
    y, x = np.ogrid[: pixels.shape[0], : pixels.shape[1]]
    for spot_x, spot_y in spots:
        marked[(x - spot_x) ** 2 + (y - spot_y) ** 2 <= SPOT_PX**2] = 0
    return marked


def spots_near(page: PageImage, scan_points: Matrix) -> list[float]:
    """Return for each point of the scan on the page how far from it the page shows its spot."""
    height, width = page.pixels.shape
    distances = []
    for point in scan_points:
        x, y, _ = np.linalg.inv(page.to_scan) @ (*point, 1)
        if not (12 <= x < width - 12 and 12 <= y < height - 12):
            continue
        left, top = round(x) - 12, round(y) - 12
        dark = np.argwhere(page.pixels[top : top + 25, left : left + 25] < 100)
        if len(dark) < SPOT_PX**2:
            continue
        middle_y, middle_x = dark.mean(0)
        distances.append(float(np.hypot(left + middle_x - x, top + middle_y - y)))
    return distances


@pytest.mark.parametrize("needed", [0, 90, 180, 270])
@pytest.mark.parametrize("deg", [1.4, -3.0])
def test_marks_on_a_spread_are_found_where_the_maps_say(needed: Turn, deg: float) -> None:
    rng = np.random.default_rng(13)
    left, right = clean_pages.marks_page(rng, DPI), clean_pages.marks_page(rng, DPI)
    pixels = np.hstack([left, right])
    width = left.shape[1]
    light = 1 - 0.3 * np.exp(-np.abs(np.arange(2 * width) - width) / 40)
    spots = [(60, 60), (width - 70, 1690), (width + 70, 60), (2 * width - 60, 1690)]
    pixels = spotted((pixels * light).astype(np.uint8), spots)
    matrix, _, _ = clean_pages.rotation(pixels.shape[1], pixels.shape[0], deg)
    points = (matrix @ np.c_[np.array(spots), np.ones(4)].T)[:2].T
    upright = clean_pages.rotate(pixels, deg)
    lying = np.rot90(upright, needed // 90).copy()
    height, wide = upright.shape
    points = {
        0: points,
        90: np.c_[points[:, 1], wide - 1 - points[:, 0]],
        180: np.c_[wide - 1 - points[:, 0], height - 1 - points[:, 1]],
        270: np.c_[height - 1 - points[:, 1], points[:, 0]],
    }[needed]

    pages = clean(clean_pages.page_image(lying, DPI), clean_pages.stands_upright)

    assert [page.side for page in pages] == ["left", "right"]
    for page in pages:
        assert page.turn_deg == needed
        assert page.skew_deg == pytest.approx(deg, abs=0.1)
        distances = spots_near(page, points)
        assert len(distances) == 2
        assert max(distances) < 1.5


def test_a_page_on_a_dark_bed_comes_level_and_alone() -> None:
    rng = np.random.default_rng(17)
    page = spotted(clean_pages.marks_page(rng, DPI), [(50, 50), (1190, 1700)])
    edge = round(0.04 * max(page.shape))
    wide, high = page.shape[1] + 2 * edge, page.shape[0] + 2 * edge
    matrix, _, _ = clean_pages.rotation(wide, high, 2.5)
    spots = np.array([(50 + edge, 50 + edge, 1), (1190 + edge, 1700 + edge, 1)])
    points = (matrix @ spots.T)[:2].T
    scan = clean_pages.page_image(clean_pages.on_bed(page, 2.5, rng), DPI)
    (cleaned,) = clean(scan, clean_pages.stands_upright)
    assert cleaned.side is None
    assert cleaned.skew_deg == pytest.approx(2.5, abs=0.1)
    distances = spots_near(cleaned, points)
    assert len(distances) == 2
    assert max(distances) < 1.5


def test_a_blank_scan_is_one_page_untouched() -> None:
    sheet = clean_pages.Sheet(1240, 1754, DPI, np.random.default_rng(1))
    scan = clean_pages.page_image(sheet.pixels(), DPI)
    (page,) = clean(scan, clean_pages.stands_upright)
    assert page is scan


@pytest.mark.parametrize("needed", [0, 90, 180, 270])
def test_a_line_drawn_by_hand_parts_a_spread_however_it_lies(needed: Turn) -> None:
    """No shadow and no gap tells the fold: without the line the scan stays whole."""
    marks = clean_pages.marks_page(np.random.default_rng(13), DPI)
    upright = np.hstack([marks, marks, marks])  # three pages wide, so that no fold is found
    lying = np.rot90(upright, needed // 90).copy()
    scan = clean_pages.page_image(lying, DPI)
    third = {0: 1 / 3, 90: 2 / 3, 180: 2 / 3, 270: 1 / 3}[needed]
    own = Gutter(third, third, across=needed in (90, 270))
    wide = upright.shape[1]
    for gutter in (own, own._replace(for_all=True)):
        left, right = clean(scan, clean_pages.stands_upright, gutter)
        assert (left.side, right.side) == ("left", "right")
        assert left.turn_deg == right.turn_deg == needed
        assert left.pixels.shape[1] < wide * 0.34 < wide * 0.5 < right.pixels.shape[1]
    along = Gutter(0.4, 0.4, across=needed not in (90, 270), for_all=True)
    sides = {page.side for page in clean(scan, clean_pages.stands_upright, along)}
    found = {page.side for page in clean(scan, clean_pages.stands_upright)}
    assert sides == found
