"""The scanner's bed is cut away, and nothing of the page."""

import clean_pages
import cv2
import numpy as np
import pytest

from pipeline.clean.border import crop, find_page

DPI = 150


@pytest.mark.parametrize("kind", list(clean_pages.KINDS))
def test_a_page_without_a_bed_stays_as_it_is(kind: str) -> None:
    image = clean_pages.page_image(clean_pages.KINDS[kind](np.random.default_rng(2), DPI), DPI)
    height, width = image.pixels.shape
    assert crop(image) is image
    assert find_page(image) == ((0, 0), (width - 1, 0), (width - 1, height - 1), (0, height - 1))


@pytest.mark.parametrize("deg", [0.0, 2.0, -7.0])
@pytest.mark.parametrize("bed", [5, 60])
def test_the_outline_of_the_paper_is_found_on_a_dark_bed(deg: float, bed: int) -> None:
    rng = np.random.default_rng(7)
    page = clean_pages.ledger_page(rng, DPI)
    edge = round(0.04 * max(page.shape))
    height, width = page.shape
    matrix, _, _ = clean_pages.rotation(width + 2 * edge, height + 2 * edge, deg)
    corners = np.array([(0, 0), (width, 0), (width, height), (0, height)]) + edge
    true = (matrix @ np.c_[corners, np.ones(4)].T)[:2].T.astype(np.float32)
    image = clean_pages.page_image(clean_pages.on_bed(page, deg, rng, bed), DPI)
    found = np.array(find_page(image), np.float32)
    for corner in true:
        inside = cv2.pointPolygonTest(found, (float(corner[0]), float(corner[1])), measureDist=True)
        assert abs(inside) < 12
    cropped = crop(image)
    assert (cropped.pixels < 75).sum() < 1.05 * (page < 75).sum() + 50


def test_writing_beside_the_bed_is_kept() -> None:
    page = np.full((1200, 900), 235, np.uint8)
    cv2.putText(page, "12/3/1962", (14, 600), cv2.FONT_HERSHEY_SIMPLEX, 1, 60, 2)
    scan = cv2.copyMakeBorder(page, 90, 70, 80, 60, cv2.BORDER_CONSTANT, value=20.0)
    cropped = crop(clean_pages.page_image(scan, DPI))
    assert (cropped.pixels < 128).sum() == (page < 128).sum()


def test_a_bright_lid_around_darker_paper_is_cut_away() -> None:
    page = np.minimum(clean_pages.ledger_page(np.random.default_rng(3), DPI), 222)
    scan = cv2.copyMakeBorder(page, 60, 90, 70, 80, cv2.BORDER_CONSTANT, value=250.0)
    cropped = crop(clean_pages.page_image(scan, DPI))
    x, y = cropped.to_scan[:2, 2]
    assert 0 <= 70 - x <= 40
    assert 0 <= 60 - y <= 40
    assert (cropped.pixels < 128).sum() == (page < 128).sum()


def test_a_cropped_page_knows_where_it_came_from() -> None:
    rng = np.random.default_rng(5)
    pixels = clean_pages.on_bed(clean_pages.ledger_page(rng, DPI), 2.0, rng)
    before = pixels.copy()
    cropped = crop(clean_pages.page_image(pixels, DPI))
    x, y = cropped.to_scan[:2, 2].astype(int)
    middle = np.s_[300:900, 300:700]
    assert (cropped.pixels[middle] == pixels[y : y + 1200, x : x + 900][middle]).all()
    assert (pixels == before).all()


@pytest.mark.parametrize("shape", [(1, 1), (2, 300), (300, 400)])
@pytest.mark.parametrize("grey", [0, 128, 255])
def test_a_picture_of_one_grey_stays_whole(shape: tuple[int, int], grey: int) -> None:
    assert crop(clean_pages.page_image(np.full(shape, grey, np.uint8))).pixels.shape == shape
