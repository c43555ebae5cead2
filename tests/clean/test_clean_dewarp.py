"""A bent page is straightened by its rules, a straight one stays as it is, and maps stay true."""

from dataclasses import replace

import clean_pages
import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.clean.dewarp import find_bend, straighten
from pipeline.clean.places import on_page, on_scan
from pipeline.values import PageImage, Polygon

DPI = 150
WIDTH, HEIGHT = 1240, 1754
LEVELS = range(200, 1700, 60)
UPRIGHTS = range(90, 1200, 150)


def dewarp(image: PageImage, level: list[Polygon], upright: list[Polygon]) -> PageImage:
    bend = find_bend(image, level, upright)
    return image if bend is None else straighten(image, bend)


def curled(x: float, y: float) -> tuple[float, float]:
    """Return where a point of the flat page lies on one that bends at its left edge: 3 mm."""
    return x, y + 18 * float(np.exp(-x / 85))


def leaning(x: float, y: float) -> tuple[float, float]:
    """Return where a point lies on a page seen by a camera that leans."""
    u, v, w = np.array([[1, 0, 0], [0, 1, 0], [2e-5, -2.5e-5, 1]]) @ (x - 620, y - 877, 1.0)
    return 620 + float(u / w), 877 + float(v / w)


def straight(x: float, y: float) -> tuple[float, float]:
    return x, y


def rules(place: object) -> tuple[list[Polygon], list[Polygon]]:
    """Return the rules as they run on the page."""
    assert callable(place)
    level = [tuple(place(x, y) for x in range(90, 1141, 15)) for y in LEVELS]
    upright = [tuple(place(x, y) for y in range(200, 1641, 15)) for x in UPRIGHTS]
    return level, upright


def drawn(place: object) -> PageImage:
    pixels = np.full((HEIGHT, WIDTH), 230, np.uint8)
    level, upright = rules(place)
    lines = [np.array(rule, np.float32).round().astype(np.int32) for rule in (*level, *upright)]
    cv2.polylines(pixels, lines, isClosed=False, color=60, thickness=2)
    return clean_pages.page_image(pixels, DPI)


def tilt_deg(image: PageImage, place: object) -> float:
    """Return by how much the rules run askew on the page image, the mean in degrees."""
    off = []
    for turned, ways in enumerate(rules(place)):
        for rule in ways:
            steps = np.abs(np.diff(np.array(on_page(image, rule[::6])), axis=0))
            off += np.degrees(np.arctan2(steps[:, 1 - turned], steps[:, turned])).tolist()
    return float(np.mean(off))


@pytest.mark.parametrize("place", [curled, leaning], ids=["curled", "leaning"])
def test_rules_run_straight_afterwards(place: object) -> None:
    image = drawn(place)
    before = image.pixels.copy()
    assert tilt_deg(image, place) > 0.2
    flat = dewarp(image, *rules(place))
    assert tilt_deg(flat, place) < 0.1
    assert (image.pixels == before).all()
    rows = flat.pixels[:, 150:1100].mean(1)
    assert (np.sort(rows)[: len(LEVELS)] < 130).all()  # each level rule lies in one row of pixels


def test_a_straight_page_is_the_same_value() -> None:
    image = drawn(straight)
    assert dewarp(image, *rules(straight)) is image


def test_a_page_without_rules_is_the_same_value() -> None:
    image = drawn(straight)
    assert dewarp(image, [], []) is image


def test_rules_that_wave_each_by_itself_bend_nothing() -> None:
    rng = np.random.default_rng(3)
    level = [tuple((x, y + float(rng.normal(0, 4))) for x in range(90, 1141, 120)) for y in LEVELS]
    image = drawn(straight)
    assert dewarp(image, level, []) is image


def test_a_stray_rule_does_not_bend_the_page_for_the_others() -> None:
    level, upright = rules(curled)
    stray = tuple((x, 500 + 0.06 * x) for x in range(90, 1141, 15))
    flat = dewarp(drawn(curled), [*level, stray], upright)
    assert tilt_deg(flat, curled) < 0.12


FLAT = replace(
    dewarp(drawn(curled), *rules(curled)),
    to_scan=np.array([[1.5, 0.1, 20], [-0.1, 1.5, 9], [0, 0, 1]]),
)


@given(st.floats(0, WIDTH - 1), st.floats(0, HEIGHT - 1))
def test_a_point_comes_back_from_the_scan(x: float, y: float) -> None:
    assert np.allclose(on_page(FLAT, on_scan(FLAT, ((x, y),))), [(x, y)], atol=0.21)


def test_pixels_are_found_where_the_map_says() -> None:
    image = drawn(curled)
    flat = dewarp(image, *rules(curled))
    for x, y in [(93, 205), (400, 210), (1090, 1640), (240, 1400)]:
        corner = curled(UPRIGHTS[(x - 90) // 150], LEVELS[(y - 200) // 60])
        ((u, v),) = on_page(flat, (corner,))
        near = flat.pixels[round(v) - 1 : round(v) + 3, round(u) - 1 : round(u) + 3]
        assert near.min() < 110
        ((back_x, back_y),) = on_scan(flat, ((u, v),))
        assert (back_x, back_y) == pytest.approx(corner, abs=0.3)


def test_a_page_straightened_twice_still_knows_where_its_points_lay() -> None:
    def both(x: float, y: float) -> tuple[float, float]:
        return leaning(*curled(x, y))

    image = drawn(both)
    once = dewarp(image, rules(both)[0][::6], [])
    level, upright = ([on_page(once, rule) for rule in ways] for ways in rules(both))
    bend = find_bend(once, level, upright)
    assert bend is not None
    twice = straighten(image, bend)
    assert tilt_deg(twice, both) < 0.1
    points = [both(x, y) for x in UPRIGHTS for y in LEVELS]
    back = on_scan(twice, on_page(twice, tuple(points)))
    assert np.abs(np.array(back) - np.array(points)).max() < 0.3
