"""Red ink goes the way of its page: turned, cropped, levelled and straightened alike."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from pipeline.clean.deskew import deskew
from pipeline.clean.dewarp import straighten
from pipeline.clean.inks import red_of
from pipeline.clean.orientation import turn
from pipeline.values import Bend, PageImage, Turn


def scan(*, skew_deg: float = 0.0) -> PageImage:
    """Draw rules in black, and a cross of its own, each in the picture of its ink."""
    black, red = (np.full((1200, 900), 255, np.uint8) for _ in range(2))
    for y in range(150, 1100, 60):
        cv2.line(black, (80, y), (820, y), 0, 3)
    for pixels in (black, red):
        cv2.line(pixels, (300, 500), (340, 540), 0, 4)
    matrix = cv2.getRotationMatrix2D((450, 600), -skew_deg, 1.0)
    black, red = (cv2.warpAffine(p, matrix, (900, 1200), borderValue=255) for p in (black, red))
    frame = np.eye(3)
    return PageImage(black, 100.0, frame, red=PageImage(red, 100.0, frame))


def lies_on_the_page(page: PageImage) -> bool:
    """Tell whether each stroke in red stands where the same one stands in black."""
    red = red_of(page)
    assert red is not None
    assert red.pixels.shape == page.pixels.shape
    where = red.pixels < 60
    return where.sum() > 60 and float(page.pixels[where].mean()) < 90


@pytest.mark.parametrize("deg", [0, 90, 180, 270])
def test_turned(deg: Turn) -> None:
    assert lies_on_the_page(turn(scan(), deg))


def test_levelled() -> None:
    page = deskew(scan(skew_deg=2.0))
    assert page.skew_deg == pytest.approx(2.0, abs=0.1)
    assert lies_on_the_page(page)


def test_straightened() -> None:
    moves = np.zeros((13, 10, 2), np.float32)
    moves[..., 1] = 12.0
    assert lies_on_the_page(straighten(scan(), Bend(moves, 100)))


def test_a_side_without_red_has_none() -> None:
    page = scan()
    assert page.red is not None
    white = replace(page.red, pixels=np.full_like(page.red.pixels, 255))
    assert red_of(replace(page, red=white)) is None
    assert red_of(replace(page, red=None)) is None
