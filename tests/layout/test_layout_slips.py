"""Pasted slips are found by their shade, taken away, and read by themselves; stains are none."""

import cv2
import numpy as np
import pytest

from pipeline.layout.lines import find_lines
from pipeline.layout.rules import Rules
from pipeline.layout.slips import find_slips, without_slips
from pipeline.values import PageImage, Pixels, Polygon

DPI = 150.0
MM = DPI / 25.4
SHAPE = (1240, 1750)
PAPER = 225.0
FONT = cv2.FONT_HERSHEY_SIMPLEX


def paper() -> Pixels:
    """Return a page of a table whose paper is uneven, with light grain."""
    grain = np.random.default_rng(3).normal(0, 1.5, SHAPE)
    page = PAPER + grain - 8 * np.linspace(0, 1, SHAPE[1])[None, :]
    drawn = page.astype(np.uint8)
    for y in range(150, 1150, 70):
        cv2.line(drawn, (100, y), (1650, y), 90, 2)
        for x in range(120, 1600, 130):
            cv2.putText(drawn, "Van", (x, y + 48), FONT, 1.0, 80, 2, cv2.LINE_AA)
    return drawn


def corners(middle: tuple[float, float], size_mm: tuple[float, float], deg: float) -> Pixels:
    return np.asarray(cv2.boxPoints((middle, (size_mm[0] * MM, size_mm[1] * MM), deg)))


def pasted(points: Pixels, shade: int, text: str = "") -> Pixels:
    page = paper()
    cv2.fillConvexPoly(page, np.round(points).astype(np.int32), int(PAPER) - 4 + shade)
    if text:
        x, y = points.mean(axis=0)
        (width, height), _ = cv2.getTextSize(text, FONT, 1.0, 2)
        start = (int(x - width / 2), int(y + height / 2))
        cv2.putText(page, text, start, FONT, 1.0, 60, 2, cv2.LINE_AA)
    return page


def image(pixels: Pixels) -> PageImage:
    return PageImage(pixels, DPI, np.eye(3))


def apart_mm(polygon: Polygon, points: Pixels) -> float:
    """Return how far the corners of two polygons are apart at most, whichever comes first."""
    far = np.hypot(*(np.array(polygon)[:, None] - np.asarray(points)[None]).transpose(2, 0, 1))
    return float(far.min(axis=1).max()) / MM


@pytest.mark.parametrize("shade", [12, -12, -30])
@pytest.mark.parametrize("deg", [0.0, 4.0, -6.0])
def test_a_slip_is_found_where_it_lies(shade: int, deg: float) -> None:
    points = corners((800, 600), (80, 36), deg)
    [slip] = find_slips(image(pasted(points, shade)))
    assert apart_mm(slip.polygon, points) < 2.2  # three steps at which the paper is looked at
    (x0, y0), (x1, _y1), (_x2, y2), _ = slip.polygon
    assert x0 < x1 and y0 < y2  # clockwise from its top left


def test_its_writing_is_read_where_it_stands() -> None:
    points = corners((800, 600), (80, 30), 4.0)
    [slip] = find_slips(image(pasted(points, 14, "Cai chinh")))
    lines, _ink = find_lines(slip.picture, Rules(), ())
    [line] = (slip.on_page(line) for line in lines)
    middle = np.array(line.polygon).mean(axis=0)
    assert np.hypot(*(middle - points.mean(axis=0))) < 2 * MM
    assert slip.picture.pixels.shape[0] < slip.picture.pixels.shape[1]


def test_the_page_is_bare_where_it_lay_and_the_same_elsewhere() -> None:
    points = corners((800, 600), (80, 36), 3.0)
    page = image(pasted(points, -25, "Cai chinh"))
    bare = without_slips(page, find_slips(page))
    inside = np.zeros(SHAPE, np.uint8)
    cv2.fillConvexPoly(inside, np.round(points).astype(np.int32), 1)
    assert np.abs(bare.pixels[inside > 0].astype(float) - (PAPER - 4)).max() < 8
    far = cv2.dilate(inside, np.ones((41, 41), np.uint8)) == 0
    assert (bare.pixels[far] == page.pixels[far]).all()


def stained() -> Pixels:
    page = paper()
    cv2.ellipse(page, (800, 600), (170, 150), 20, 0, 360, 200, -1)
    return page


def shaded() -> Pixels:
    """Return a page with the soft shadow of its fold along the left edge."""
    light = 1 - 0.4 * np.exp(-np.arange(SHAPE[1]) / (12 * MM))
    return np.asarray(paper() * light[None, :], np.uint8)


@pytest.mark.parametrize("page", [paper(), stained(), shaded()], ids=["plain", "stain", "shadow"])
def test_a_page_without_any_has_none(page: Pixels) -> None:
    assert find_slips(image(page)) == ()
