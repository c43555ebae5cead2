"""The angle of a page is found, and taken out."""

from pathlib import Path

import clean_pages
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.clean.deskew import deskew, find_skew
from pipeline.values import PageImage, Pixels

DPI = 150
LEDGER = clean_pages.ledger_page(np.random.default_rng(9), DPI)


def ink_of(pixels: Pixels) -> float:
    return float((clean_pages.PAPER - 20 - pixels.astype(float)).clip(0).sum())


def page(kind: str, deg: float) -> PageImage:
    pixels = clean_pages.KINDS[kind](np.random.default_rng(11), DPI)
    return clean_pages.page_image(clean_pages.rotate(pixels, deg, grow=abs(deg) > 5), DPI)


@pytest.mark.parametrize("deg", [-38.0, -7.25, -0.4, 1.33, 14.2])
@pytest.mark.parametrize("kind", ["print", "ledger", "faded", "columns", "form", "spread"])
def test_the_angle_that_was_put_in_comes_out(kind: str, deg: float) -> None:
    assert find_skew(page(kind, deg)) == pytest.approx(deg, abs=0.05)


@pytest.mark.parametrize("deg", [-3.1, 0.8, 9.0])
def test_words_that_dance_on_their_line_cost_a_tenth_of_a_degree(deg: float) -> None:
    assert find_skew(page("hand", deg)) == pytest.approx(deg, abs=0.15)


@settings(max_examples=15, deadline=None)
@given(st.floats(-44.0, 44.0))
def test_any_angle_of_a_ruled_page_comes_out(deg: float) -> None:
    image = clean_pages.page_image(clean_pages.rotate(LEDGER, deg), DPI)
    assert find_skew(image) == pytest.approx(deg, abs=0.05)


@pytest.mark.parametrize("deg", [-11.0, -2.4, 3.7])
def test_a_dark_bed_does_not_draw_the_angle_to_its_frame(deg: float) -> None:
    rng = np.random.default_rng(4)
    image = clean_pages.page_image(clean_pages.on_bed(LEDGER, deg, rng), DPI)
    assert find_skew(image) == pytest.approx(deg, abs=0.05)


@pytest.mark.parametrize("seed", range(4))
def test_a_black_band_along_the_frame_does_not_count(seed: int) -> None:
    rng = np.random.default_rng(seed)
    turned = clean_pages.rotate(clean_pages.print_page(rng, DPI), 4.0, grow=False)
    image = clean_pages.page_image(clean_pages.band(turned, rng), DPI)
    assert find_skew(image) == pytest.approx(4.0, abs=0.05)


def test_streaks_of_a_dirty_scanner_do_not_outweigh_the_lines() -> None:
    pixels = clean_pages.rotate(clean_pages.print_page(np.random.default_rng(2), DPI), 2.0)
    pixels[:, [200, 201, 640]] = 90
    assert find_skew(clean_pages.page_image(pixels, DPI)) == pytest.approx(2.0, abs=0.05)


@pytest.mark.parametrize("noise", [0.0, 4.0, 12.0, 30.0])
def test_a_blank_page_is_level(noise: float) -> None:
    sheet = clean_pages.Sheet(1240, 1754, DPI, np.random.default_rng(1))
    assert find_skew(clean_pages.page_image(sheet.pixels(noise), DPI)) == 0.0


def test_specks_and_a_page_number_do_not_make_a_line() -> None:
    rng = np.random.default_rng(6)
    sheet = clean_pages.Sheet(1240, 1754, DPI, rng)
    for x, y in rng.integers(40, 1200, (60, 2)).tolist():
        sheet.draw.ellipse((x, y, x + 4, y + 3), fill=100)
    assert find_skew(clean_pages.page_image(sheet.pixels(), DPI)) == 0.0


@pytest.mark.parametrize("shape", [(1, 1), (1, 400), (400, 1), (3, 5), (60, 2000)])
@pytest.mark.parametrize("grey", [0, 255])
def test_odd_sizes_are_level(shape: tuple[int, int], grey: int) -> None:
    assert find_skew(clean_pages.page_image(np.full(shape, grey, np.uint8))) == 0.0


def test_a_deskewed_page_is_level_whole_and_says_what_was_done() -> None:
    image = page("ledger", 3.0)
    before = image.pixels.copy()
    level = deskew(image)
    assert level.skew_deg == pytest.approx(3.0, abs=0.05)
    assert abs(find_skew(level)) < 0.05
    assert (image.pixels == before).all()
    assert ink_of(level.pixels) == pytest.approx(ink_of(before), rel=0.05)
    assert abs(int(level.pixels[2, 2]) - clean_pages.PAPER) < 8


def test_a_level_page_is_not_resampled() -> None:
    image = page("form", 0.0)
    assert deskew(image) is image


def test_a_point_of_the_level_page_is_found_on_the_scan() -> None:
    pixels = clean_pages.rotate(LEDGER, 5.0)
    pixels[60:67, 90:97] = 0
    level = deskew(clean_pages.page_image(pixels, DPI))
    x, y, _ = np.linalg.inv(level.to_scan) @ (93, 63, 1)
    near = level.pixels[round(y) - 2 : round(y) + 3, round(x) - 2 : round(x) + 3]
    assert near.max() < 60


@pytest.mark.corpus
@pytest.mark.parametrize(
    "name, deg",
    [
        ("galfar__F1550.jpg", -1.2),
        ("nguyenq__eurotext_deskew.png", 20.8),
        ("sbrunner__deskew-3.png", -6.25),
        ("sbrunner__deskew-6.png", -2.8),
        ("unpaper__imgsrc001.png", -4.0),
    ],
)
def test_real_pages_have_the_angle_that_all_programs_say(
    corpus: Path, name: str, deg: float
) -> None:
    pixels = clean_pages.read_grey(corpus / "skew" / name)
    assert find_skew(clean_pages.page_image(pixels)) == pytest.approx(deg, abs=0.1)
