"""Grain on the paper, and grey levels that the scanner cut off."""

import math
from typing import Any, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from pipeline.quality.ink import Ink
from pipeline.values import Pixels

FloatArray = npt.NDArray[np.float32]

TILE_PX = 32
STRIP_TILES = 2048
CALM = 25.0  # percentile over the tiles: bare paper; writing is not calm, and covers less than this
LIGHT = 0.6  # of the paper's grey: darker tiles are bed or shadow
BURNT = 250.0  # grey of a tile in which much of the noise is cut off
SECOND = np.array([1.0, -2.0, 1.0])  # second difference, across and down: the mask of the estimate
PER_LEVEL = math.sqrt(math.pi / 2) / 6  # from the mean size of its answer to a standard deviation
WHITE, BLACK = 254, 1  # grey levels from which on, to which a sample counts as cut off
RING_PX = 9  # at 100 dpi: bare paper is looked at so near the writing, so that no lid counts
CLEAR_PX = 5  # and so far from its soft edge
DARK = 0.5  # of the paper's grey: the middle of a stroke is darker


class Clipping(NamedTuple):
    """Where detail may be lost because the scanner gave no more levels; shares, 0 to 1.

    Attributes:
        white: of the bare paper around the writing, how much is pure white.
        black: of the strokes' dark middles, how much is pure black.
    """

    white: float
    black: float


def grain(pixels: Pixels) -> float:
    """Return the standard deviation of the noise on bare paper, in grey levels (0 to 255).

    The estimate of J. Immerkær ("Fast noise variance estimation", Computer Vision and Image
    Understanding 64/2, 1996), over the calmest tiles of the page: a mask that answers neither to
    level nor to slope, so that folds and shadows do not count. JPEG takes noise away; what is
    told is what the file still has.
    """
    rows, columns = pixels.shape[0] // TILE_PX, pixels.shape[1] // TILE_PX
    if not rows or not columns:
        return 0.0
    light = cv2.resize(
        pixels[: rows * TILE_PX, : columns * TILE_PX], (columns, rows), interpolation=cv2.INTER_AREA
    )
    step = max(1, STRIP_TILES // columns)  # strips: large pages fit, too
    rough = np.concatenate(
        [_roughness(pixels, top, min(top + step, rows), columns) for top in range(0, rows, step)]
    )
    bare = (light > LIGHT * float(np.percentile(light, 75))) & (light < BURNT)
    return float(np.percentile(rough[bare], CALM)) * PER_LEVEL if bare.any() else 0.0


def _roughness(pixels: Pixels, top: int, bottom: int, columns: int) -> FloatArray:
    """Return the mean size of the second differences in the tiles of some rows."""
    strip = pixels[top * TILE_PX : bottom * TILE_PX, : columns * TILE_PX]
    answer = np.abs(np.asarray(cv2.sepFilter2D(strip, cv2.CV_16S, SECOND, SECOND)))
    mean = cv2.resize(
        answer.astype(np.float32), (columns, bottom - top), interpolation=cv2.INTER_AREA
    )
    return np.asarray(mean, np.float32).reshape(bottom - top, columns)


def clipping(pixels: Pixels, ink: Ink) -> Clipping:
    """Return how much of paper and ink is cut off; all 0 on a page without writing."""
    near = cv2.dilate(ink.inside, np.ones((RING_PX, RING_PX), np.uint8)) > 0
    paper = near & (cv2.dilate(ink.inside, np.ones((CLEAR_PX, CLEAR_PX), np.uint8)) == 0)
    if not paper.any():
        return Clipping(0.0, 0.0)
    level = float(np.median(ink.grey[paper]))
    strokes = ink.inside > 0
    white = black = 0.0  # most scans have neither, and shares cost more than to ask for them
    if pixels.max() >= WHITE:
        _level, lit = cv2.threshold(pixels, WHITE - 1, 255, cv2.THRESH_BINARY)
        white = float(_shares(lit, paper).mean())
    if pixels.min() <= BLACK:
        crushed, dark = (
            cv2.threshold(pixels, most, 255, cv2.THRESH_BINARY_INV)[1]
            for most in (BLACK, level * DARK)
        )
        middles = max(float(_shares(dark, strokes).sum()), 1e-6)
        black = float(_shares(crushed, strokes).sum() / middles)
    return Clipping(white, black)


def _shares(mask: Any, where: npt.NDArray[np.bool_]) -> FloatArray:
    """Return the share of a mask, 255 on 0, at the chosen points of a smaller picture."""
    share = cv2.resize(mask, where.shape[::-1], interpolation=cv2.INTER_AREA)
    return np.asarray(share, np.float32)[where] / np.float32(255)
