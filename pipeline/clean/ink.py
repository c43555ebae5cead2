"""Where the writing is: the ink of a page on even, empty ground, without the scanner's bed."""

from functools import lru_cache
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from pipeline.values import PageImage, Pixels

Ink = npt.NDArray[np.float32]
Mask = npt.NDArray[np.uint8]

LONG_SIDE_PX = 1700  # A4 at some 150 dpi: a rule is still one pixel wide
_THUMB = 4  # the bed and the light of the paper are measured on a picture so many times smaller
_BED_SHARE = 0.5  # of the paper's light: darker is bed, photograph or ink
_BLACK = 20  # darker is no paper, even where nothing lighter is on the scan
_BED_PARTS = 70  # a stroke is thinner than this part of the long side (4 mm of A4)
_FAINT = 0.06  # share of the paper's light that grain and shadows take away; ink takes more


class InkMap(NamedTuple):
    """The ink of a page, on a smaller picture.

    Attributes:
        ink: 0 (paper) to 1 (black).
        bed: 255 where the page is solidly dark (scanner bed, black band, photograph), else 0.
        reduction: px of the page for one px of `ink` and `bed`; a whole number.
        paper: grey of the bare paper, the median.
    """

    ink: Ink
    bed: Mask
    reduction: int
    paper: int


class _Ground(NamedTuple):
    bed: Mask
    light: Ink
    paper: int


@lru_cache(maxsize=1)
def page_ink(image: PageImage) -> InkMap:
    """Return the ink of a page, see `map_ink`.

    The last page's is kept: turn and gutter, or skew and levelling, are found on the same page.
    """
    return map_ink(image.pixels)


def map_ink(pixels: Pixels, long_side_px: int = LONG_SIDE_PX) -> InkMap:
    """Return the ink of a page, with shadows, paper colour and solid dark areas taken away."""
    reduction = reduction_of(pixels, long_side_px)
    small = shrink(pixels, reduction)
    size = (small.shape[1], small.shape[0])
    bed, light, paper = _ground(small)
    light = np.asarray(cv2.resize(light, size, interpolation=cv2.INTER_LINEAR), np.float32)
    share = np.asarray(cv2.divide(small, light, dtype=cv2.CV_32F), np.float32)
    _, ink = cv2.threshold(np.float32(1 - _FAINT) - share, 0, 0, cv2.THRESH_TOZERO)
    large = np.asarray(cv2.resize(bed, size, interpolation=cv2.INTER_NEAREST), np.uint8)
    if bed.any():
        ink[large > 0] = 0
    return InkMap(np.asarray(ink, np.float32), large, reduction, paper)


def find_paper(pixels: Pixels) -> int:
    """Return the grey of the bare paper, without the ink: a quarter of the work of a map."""
    return _ground(shrink(pixels, reduction_of(pixels))).paper


def reduction_of(pixels: Pixels, long_side_px: int = LONG_SIDE_PX) -> int:
    """Return by how much a page is made smaller before it is looked at."""
    return max(1, round(float(max(pixels.shape)) / long_side_px))


def _ground(small: Pixels) -> _Ground:
    """Return, on a thumbnail, where no paper is seen and the paper's light; and its median."""
    thumb = shrink(small, _THUMB)
    bed = solid_dark(thumb)
    light = paper_light(thumb, bed)
    bare = light[bed == 0]
    return _Ground(bed, light, int(np.median(bare if bare.size else light)))


def shrink(pixels: Pixels, reduction: int) -> Pixels:
    """Return a picture so many times smaller.

    The reduction is whole, so that both axes shrink by exactly the same: else angles change.
    """
    if reduction == 1:
        return pixels
    scale = 1 / reduction
    size = (max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale)))
    if min(size) == 1:
        return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
    small = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8)


def solid_dark(thumb: Pixels) -> Mask:
    """Return 255 where a picture is dark over more than the width of any stroke."""
    paper = float(np.percentile(thumb, 90))
    dark = np.where(thumb < max(paper * _BED_SHARE, _BLACK), 255, 0).astype(np.uint8)
    side = max(3, round(max(thumb.shape) / _BED_PARTS))
    # The world outside the frame counts as dark, so that a thin band along an edge is solid too.
    core = cv2.erode(dark, _box(side), borderType=cv2.BORDER_CONSTANT, borderValue=255)
    # Grown back by more than was taken, since its blurred edge is no ink either.
    return np.asarray(cv2.dilate(core, _box(side + 4)), np.uint8)


def paper_light(thumb: Pixels, bed: Mask) -> Ink:
    """Return the light of the bare paper at each point: what the writing was written on."""
    side = max(3, round(max(thumb.shape) / _BED_PARTS * 1.5))
    paper = np.where(bed > 0, 0, thumb).astype(np.uint8)
    bare = cv2.morphologyEx(paper, cv2.MORPH_CLOSE, _box(side))
    return np.asarray(np.maximum(cv2.blur(bare, (5, 5)), 1), np.float32)


def _box(side: int) -> Mask:
    return np.ones((side, side), np.uint8)
