"""Scans are turned upright by quarter turns."""

from pathlib import Path
from typing import cast

import clean_pages
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.clean.orientation import find_turn, turn
from pipeline.ocr.engines import ctc_onnx
from pipeline.settings import OcrSettings
from pipeline.values import Pixels, Turn

TURNS = [0, 90, 180, 270]


@pytest.mark.parametrize("skew_deg", [0.0, 1.5, -4.0])
@pytest.mark.parametrize("needed", TURNS)
def test_a_page_comes_upright_whichever_way_it_lay(needed: Turn, skew_deg: float) -> None:
    page = clean_pages.rotate(clean_pages.marks_page(np.random.default_rng(5)), skew_deg)
    lying = clean_pages.page_image(np.rot90(page, needed // 90).copy(), 150)
    assert find_turn(lying, clean_pages.stands_upright) == needed


def test_a_blank_page_stays_as_it_is() -> None:
    sheet = clean_pages.Sheet(1754, 1240, 150, np.random.default_rng(1))
    image = clean_pages.page_image(sheet.pixels(), 150)
    assert find_turn(image, clean_pages.stands_upright) == 0


def test_an_engine_that_reads_nothing_turns_nothing_upside_down() -> None:
    image = clean_pages.page_image(clean_pages.marks_page(np.random.default_rng(5)), 150)
    assert find_turn(image, lambda _crops: 0.0) == 0


def test_crops_are_dark_on_white_pieces_of_lines_and_few() -> None:
    seen: list[Pixels] = []

    def watch(crops: object) -> float:
        seen.extend(cast(list[Pixels], crops))
        return 0.5

    page = clean_pages.ledger_page(np.random.default_rng(3), 200)
    find_turn(clean_pages.page_image(page, 200), watch)
    assert 0 < len(seen) <= 12
    for crop in seen:
        assert crop.dtype == np.uint8
        assert np.median(crop) > 220
        assert crop.min() < 120
        assert crop.shape[1] > crop.shape[0]


@given(st.sampled_from(TURNS), st.integers(2, 9), st.integers(2, 9), st.data())
def test_every_pixel_of_a_turned_scan_knows_where_it_came_from(
    deg: Turn, height: int, width: int, data: st.DataObject
) -> None:
    pixels = np.arange(height * width, dtype=np.uint8).reshape(height, width)
    turned = turn(clean_pages.page_image(pixels), deg)
    x = data.draw(st.integers(0, turned.pixels.shape[1] - 1))
    y = data.draw(st.integers(0, turned.pixels.shape[0] - 1))
    scan_x, scan_y, _ = turned.to_scan @ (x, y, 1)
    assert turned.pixels[y, x] == pixels[round(scan_y), round(scan_x)]
    assert turned.turn_deg == deg


def test_a_clockwise_quarter_brings_the_left_edge_to_the_top() -> None:
    pixels = np.array([[1, 2], [1, 2], [1, 2]], np.uint8)
    assert turn(clean_pages.page_image(pixels), 90).pixels.tolist() == [[1, 1, 1], [2, 2, 2]]


@pytest.mark.corpus
@pytest.mark.parametrize(
    "name, needed",
    [
        ("nguyenq__eurotext90.png", 270),
        ("tesseract-ocr__phototest-rotated-180.png", 180),
        ("tesseract-ocr__phototest-rotated-L.png", 90),
        ("tesseract-ocr__phototest-rotated-R.png", 270),
    ],
)
def test_real_pages_come_upright_with_the_real_reader(
    corpus: Path, name: str, needed: Turn
) -> None:
    image = clean_pages.page_image(clean_pages.read_grey(corpus / "orientation" / name))
    assert find_turn(image, ctc_onnx.create(OcrSettings()).legibility) == needed


def test_a_single_smear_turns_nothing() -> None:
    sheet = clean_pages.Sheet(1240, 1754, 150, np.random.default_rng(1))
    sheet.draw.rectangle((300, 700, 500, 730), fill=90)
    image = clean_pages.page_image(sheet.pixels(), 150)
    assert find_turn(image, clean_pages.stands_upright) == 0
