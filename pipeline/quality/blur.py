"""How wide the edges of the writing are: blur, told without a target."""

import math
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from pipeline.values import Pixels

FloatArray = npt.NDArray[np.float32]

EDGE_DPI = 300.0
STRIP_PX = 2_000_000
TILE_IN = 0.2  # a tile holds a few letters
MIN_CONTRAST = 40.0  # grey levels between ink and paper for a tile to be worth measuring
OWN_WIDTH_2 = 3.0  # px², what the smoothing adds: a sharp scan is as sharp at 200 dpi as at 300
SHARPEST = 25.0  # percentile over tiles: the sharpest writing, not the worn headline


def edge_width(pixels: Pixels, dpi: float) -> float:
    """Return how wide the sharpest edges of the writing are, in px at 300 dpi; 0 without writing.

    Contrast over steepest slope, tile by tile: the width of the edge's ramp, as Marziliano et al.
    measure blur without a reference ("A no-reference perceptual blur metric", ICIP 2002), and what
    an edge target gives by ISO 12233. The ink has a soft edge of its own, so that it bounds the
    scanner's blur from above.
    Noise makes a blurred page look sharp to the usual Laplacian variance; here a light smoothing
    first leaves noise without a slope worth the name.
    """
    side = max(8, round(TILE_IN * dpi))
    rows = max(side, STRIP_PX // pixels.shape[1] // side * side)  # strips: large pages fit, too
    strips = [_tiles(pixels[top : top + rows], side) for top in range(0, pixels.shape[0], rows)]
    contrast = np.concatenate([contrast for contrast, _slope in strips])
    steepest = np.concatenate([slope for _contrast, slope in strips])
    good = contrast >= max(MIN_CONTRAST, 0.5 * float(contrast.max(initial=0)))
    if not good.any():
        return 0.0
    width = float(np.percentile(contrast[good] / np.maximum(steepest[good], 1e-3), SHARPEST))
    return math.sqrt(max(width**2 - OWN_WIDTH_2, 0.0)) * EDGE_DPI / dpi


def _tiles(strip: Pixels, side: int) -> tuple[FloatArray, FloatArray]:
    """Return contrast and steepest slope (levels a px) of each tile."""
    smooth = cv2.GaussianBlur(strip, (0, 0), 1.0)
    across = cv2.Scharr(smooth, cv2.CV_32F, 1, 0)
    down = cv2.Scharr(smooth, cv2.CV_32F, 0, 1)
    slope = cv2.magnitude(across, down, across)
    contrast = _per_tile(smooth, side, np.max).astype(np.float32)
    contrast -= _per_tile(smooth, side, np.min)
    steepest = _per_tile(slope, side, np.max) / 32.0  # the sum of the operator's weights, both ways
    return contrast.ravel(), steepest.astype(np.float32).ravel()


def _per_tile(pixels: Any, side: int, reduce: Any) -> Any:
    rows, columns = pixels.shape[0] // side, pixels.shape[1] // side
    if rows == 0 or columns == 0:
        return reduce(pixels).reshape(1, 1)
    whole = pixels[: rows * side, : columns * side].reshape(rows, side, columns * side)
    return reduce(reduce(whole, axis=1).reshape(rows, columns, side), axis=2)
