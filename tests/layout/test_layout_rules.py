"""Rules are told from strokes, and rows of dots from rules."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from pipeline.layout.cells import find_cells
from pipeline.layout.ink import erase_rules
from pipeline.layout.lines import find_lines
from pipeline.layout.rules import Rule, find_rules
from pipeline.values import PageImage, Pixels


def page(pixels: Pixels, dpi: float = 300.0) -> PageImage:
    return PageImage(pixels, dpi, np.eye(3))


def paper(height: int = 900, width: int = 1600) -> Pixels:
    return np.full((height, width), 240, np.uint8)


def ends(rule: Rule) -> np.ndarray:
    return np.array([rule.points[0], rule.points[-1]])


@pytest.mark.parametrize("width_px", [1, 3, 6, 12])
def test_thin_and_thick_rules_are_found_where_they_are(width_px: int) -> None:
    pixels = paper()
    cv2.line(pixels, (200, 300), (1400, 300), 60, width_px)
    (rule,) = find_rules(page(pixels)).horizontal
    assert np.allclose(ends(rule), [(200, 300), (1400, 300)], atol=8)
    assert abs(rule.thickness - width_px) < 5


def test_a_bent_rule_is_followed() -> None:
    pixels = paper()
    xs = np.arange(100, 1500)
    ys = 400 + 14 * np.sin((xs - 100) / 1400 * np.pi)
    cv2.polylines(
        pixels, [np.stack([xs, ys], axis=1).astype(np.int32)], isClosed=False, color=80, thickness=3
    )
    (rule,) = find_rules(page(pixels)).horizontal
    points = np.array(rule.points)
    assert np.abs(np.interp(xs, points[:, 0], points[:, 1]) - ys).max() < 4


def test_a_rule_with_gaps_is_one_rule() -> None:
    pixels = paper()
    for start, end in [(100, 300), (330, 600), (720, 1000), (1060, 1450)]:
        cv2.line(pixels, (start, 300), (end, 300), 90, 3)
    (rule,) = find_rules(page(pixels)).horizontal
    assert np.allclose(ends(rule), [(100, 300), (1450, 300)], atol=8)
    assert 0.7 < rule.cover < 0.95


def test_dots_that_lead_the_eye_are_leaders_and_not_rules() -> None:
    pixels = paper()
    for x in range(300, 1400, 14):
        cv2.circle(pixels, (x, 400), 3, 40, -1)
    rules = find_rules(page(pixels))
    assert not rules.horizontal
    (leader,) = rules.leaders
    assert np.allclose(ends(leader), [(300, 400), (1398, 400)], atol=16)


def test_print_has_no_rules() -> None:
    pixels = paper()
    words = [
        "Ho",
        "va",
        "ten",
        "nguoi",
        "khai",
        "HELLO",
        "III",
        "Nguyen",
        "Van",
        "Hoa",
        "Dong",
        "Lac",
        "Ha",
        "Nam",
    ]
    rng = np.random.default_rng(5)
    for y in range(100, 850, 60):
        text = " ".join(rng.choice(words, 6))
        cv2.putText(pixels, text, (90, y), cv2.FONT_HERSHEY_COMPLEX, 1.4, 30, 3)
    rules = find_rules(page(pixels))
    assert not rules.horizontal
    assert not rules.vertical


@pytest.mark.parametrize("shape", [(1, 1), (3, 900), (900, 3), (40, 40)])
def test_scraps_of_pages_do_no_harm(shape: tuple[int, int]) -> None:
    image = page(np.zeros(shape, np.uint8))
    rules = find_rules(image)
    assert find_lines(image, rules, find_cells(image, rules))[0] == ()
    assert erase_rules(image, rules).pixels.shape == shape


@settings(max_examples=20, deadline=None)
@given(
    arrays.arrays(np.uint8, st.tuples(st.integers(1, 120), st.integers(1, 120))),
    st.sampled_from([72.0, 150.0, 300.0]),
)
def test_any_pixels_give_lines_inside_the_page(pixels: Pixels, dpi: float) -> None:
    image = page(pixels, dpi)
    rules = find_rules(image)
    for line in find_lines(image, rules, find_cells(image, rules))[0]:
        points = np.array(line.polygon)
        assert (points >= 0).all()
        assert (points <= pixels.shape[::-1]).all()
