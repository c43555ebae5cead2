"""The page as darkness: even paper is 0, ink is what is above it; at one working scale."""

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import cv2
import numpy as np

from pipeline.values import PageImage, Pixels

WORK_DPI = 150.0  # a rule of 0.1 mm is still seen; a fourth of the pixels of 300 dpi
MM_PER_INCH = 25.4
MIN_PAPER = 48  # darker ground than this is the scanner's bed, not paper
MIN_INK = 24  # darkness that paper's grain and the back side's shining through rarely reach
MAX_INK = 64


class Scale(NamedTuple):
    """How lengths on paper become px."""

    dpi: float

    def px(self, mm: float) -> float:
        """Return a length in px."""
        return mm * self.dpi / MM_PER_INCH

    def odd(self, mm: float) -> int:
        """Return a length as an odd count of px, for kernels; at least 1."""
        return 2 * round((self.px(mm) - 1) / 2) + 1 if self.px(mm) > 1 else 1

    def whole(self, mm: float) -> int:
        """Return a length as a count of px, at least 1."""
        return max(1, round(self.px(mm)))


@dataclass(frozen=True, slots=True, eq=False)
class Darkness:
    """How much darker than its paper each point of a page is.

    Attributes:
        values: uint8, 0 is paper, 255 is black on any paper.
        scale: of `values`.
        factor: px of the page image for one px of `values`.
        ink: darkness from which a point counts as ink.
        full: darkness of the page's well-inked strokes.
    """

    values: Pixels
    scale: Scale
    factor: float
    ink: int
    full: int


@lru_cache(maxsize=1)
def measure_darkness(image: PageImage) -> Darkness:
    """Return the page's darkness at the working scale (or its own, when that is coarser).

    The last page's is kept: rules, cells and lines are each found on it, and measuring it is 45 ms
    on A4 at 200 dpi.
    """
    factor = max(1.0, image.dpi / WORK_DPI)
    pixels = image.pixels
    if factor > 1.05:
        size = (max(1, round(pixels.shape[1] / factor)), max(1, round(pixels.shape[0] / factor)))
        pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
    else:
        factor = 1.0
    scale = Scale(image.dpi / factor)
    values = darkness_of(pixels, paper_of(pixels, scale))
    ink, full = _ink_levels(values)
    return Darkness(values, scale, factor, ink, full)


def paper_of(pixels: Pixels, scale: Scale) -> Pixels:
    """Return the brightness of the paper under the writing, same shape."""
    step = max(1, round(scale.px(0.7)))
    small_size = (max(1, pixels.shape[1] // step), max(1, pixels.shape[0] // step))
    small = cv2.resize(pixels, small_size, interpolation=cv2.INTER_AREA)
    reach = np.ones((9, 9), np.uint8)  # 6 mm: wider than strokes, narrower than shadows
    closed = cv2.morphologyEx(small, cv2.MORPH_CLOSE, reach, borderType=cv2.BORDER_REPLICATE)
    smooth = cv2.GaussianBlur(closed, (0, 0), 3.0)
    return np.asarray(
        cv2.resize(smooth, pixels.shape[::-1], interpolation=cv2.INTER_LINEAR), np.uint8
    )


def even_light(pixels: Pixels, paper: Pixels) -> Pixels:
    """Return the pixels as if their paper were white."""
    if paper.min() >= MIN_PAPER:
        return np.asarray(cv2.divide(pixels, paper, scale=255.0), np.uint8)
    even = np.asarray(cv2.divide(pixels, np.maximum(paper, 1), scale=255.0), np.uint8)
    even[paper < MIN_PAPER] = 255
    return even


def darkness_of(pixels: Pixels, paper: Pixels) -> Pixels:
    """Return how far below its paper each pixel is."""
    return np.asarray(255 - even_light(pixels, paper), np.uint8)


def _ink_levels(values: Pixels) -> tuple[int, int]:
    """Return the darkness from which points are ink, and that of full strokes."""
    counts = np.bincount(values[::2, ::2].ravel(), minlength=256).astype(np.float64)
    inked = counts.copy()
    inked[:MIN_INK] = 0
    if inked.sum() < 50:
        return MAX_INK, 255
    share = np.cumsum(inked) / inked.sum()
    full = int(np.searchsorted(share, 0.8))
    return int(np.clip(0.35 * full, MIN_INK, MAX_INK)), full
