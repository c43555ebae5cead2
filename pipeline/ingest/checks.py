"""What a scan is worth, seen on the page itself, without a target.

Nothing here decides: a flag asks a person to look, and no page is dropped for it.
"""

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from pipeline.ingest.pictures import Frame
from pipeline.values import Pixels

FloatArray = npt.NDArray[np.float32]

EDGE_DPI = 300.0
STRIP_PX = 2_000_000
TILE_IN = 0.2  # a tile holds a few letters
MIN_CONTRAST = 40.0  # grey levels between ink and paper for a tile to be worth measuring
SHARPEST = 10.0  # percentile over tiles: the sharpest writing, not the worn headline

INK_DPI = 100.0
INK_DARKNESS = 0.12  # of the paper's brightness; ink of the other side shows at about 0.1
INK_SHARE = 0.0004  # of the page: a page number and a few specks are less
MARGIN_IN = 0.25  # scanner bed and worn edges
STROKE_IN = 0.12  # wider dark things are shadow, bed or stain, not writing
RULE_IN = 0.8  # a longer straight run is a rule, not writing

LOOK_SHAPE = (32, 24)  # rows, columns of cells over the written area
SAME_LOOK = 0.12  # share of bits that may differ between two scans of one page


def assess(frame: Frame, min_dpi: float, max_blur: float) -> dict[str, Any]:
    """Return the facts of one decoded page as `FrameSurvey` holds them, ready for JSON."""
    pixels = np.asarray(frame.image)
    dpi = frame.dpi * frame.image.width / frame.width_px
    ink = find_ink(pixels, dpi)
    is_blank = ink_share(ink) < INK_SHARE
    blur = 0.0 if is_blank else edge_width(pixels, dpi)
    told = {
        "blank": is_blank,
        "blurred": blur > max_blur,
        "low_dpi": frame.dpi < min_dpi,
        "dpi_assumed": frame.is_assumed,
    }
    return {
        "width_px": frame.width_px,
        "height_px": frame.height_px,
        "dpi": frame.dpi,
        "blur": round(blur, 2),
        "flags": [flag for flag, is_so in told.items() if is_so],
        "look": "" if is_blank else look_of(ink),
    }


def edge_width(pixels: Pixels, dpi: float) -> float:
    """Return how wide the sharpest edges of the writing are, in px at 300 dpi; 0 without writing.

    Contrast over steepest slope, tile by tile. Noise makes a blurred page look sharp to the usual
    Laplacian variance; here a light smoothing first leaves noise without a slope worth the name.
    """
    side = max(8, round(TILE_IN * dpi))
    rows = max(side, STRIP_PX // pixels.shape[1] // side * side)  # strips: large pages fit, too
    strips = [_tiles(pixels[top : top + rows], side) for top in range(0, pixels.shape[0], rows)]
    contrast = np.concatenate([contrast for contrast, _slope in strips])
    steepest = np.concatenate([slope for _contrast, slope in strips])
    good = contrast >= max(MIN_CONTRAST, 0.5 * float(contrast.max(initial=0)))
    if not good.any():
        return 0.0
    widths = contrast[good] / np.maximum(steepest[good], 1e-3)
    return float(np.percentile(widths, SHARPEST)) * EDGE_DPI / dpi


def _tiles(strip: Pixels, side: int) -> tuple[FloatArray, FloatArray]:
    """Return contrast and steepest slope (levels a px) of each tile."""
    smooth = cv2.GaussianBlur(strip, (0, 0), 1.0)
    across = cv2.Scharr(smooth, cv2.CV_32F, 1, 0)
    down = cv2.Scharr(smooth, cv2.CV_32F, 0, 1)
    slope = cv2.magnitude(across, down) / 32.0  # the sum of the operator's weights, both ways
    contrast = _per_tile(smooth, side, np.max).astype(np.float32)
    contrast -= _per_tile(smooth, side, np.min)
    return contrast.ravel(), _per_tile(slope, side, np.max).astype(np.float32).ravel()


def find_ink(pixels: Pixels, dpi: float) -> Pixels:
    """Return where strokes of writing stand, 255 on 0, at 100 dpi; rules are left out."""
    scale = INK_DPI / dpi
    size = max(8, round(pixels.shape[1] * scale)), max(8, round(pixels.shape[0] * scale))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    stroke = np.ones((_odd(STROKE_IN), _odd(STROKE_IN)), np.uint8)
    paper = cv2.morphologyEx(small, cv2.MORPH_CLOSE, stroke)  # as if nothing were written
    darker = cv2.subtract(paper, small)
    ink: Pixels = np.where(darker > INK_DARKNESS * paper.astype(np.float32), 255, 0).astype(
        np.uint8
    )
    run = _odd(RULE_IN)
    for shape in ((1, run), (run, 1)):
        rules = cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones(shape, np.uint8))
        ink = np.where(cv2.dilate(rules, np.ones((3, 3), np.uint8)) > 0, 0, ink).astype(np.uint8)
    margin = min(round(MARGIN_IN * INK_DPI), size[0] // 8, size[1] // 8)
    inside = np.zeros_like(ink)
    inside[margin : size[1] - margin, margin : size[0] - margin] = 255
    return ink & inside


def ink_share(ink: Pixels) -> float:
    """Return the share of the page that is written on."""
    return float(np.count_nonzero(ink)) / ink.size


def look_of(ink: Pixels) -> str:
    """Return the difference hash of a page's ink, hex; empty when there is none.

    Cells are laid over the written area, so that a page put down elsewhere on the glass keeps its
    look; ink instead of grey levels, so that light and paper do not count.
    """
    places = cv2.findNonZero(ink)
    if places is None:
        return ""
    left, top, width, height = cv2.boundingRect(places)
    written = ink[top : top + height, left : left + width].astype(np.float32)
    rows, columns = LOOK_SHAPE
    cells = cv2.resize(written, (columns + 1, rows), interpolation=cv2.INTER_AREA)
    bits = np.packbits((cells[:, 1:] > cells[:, :-1]).ravel())
    return bits.tobytes().hex()


def is_duplicate(look: str, other: str) -> bool:
    """Say whether two looks are of the same page; pages without a look are nobody's double."""
    if not look or len(look) != len(other):
        return False
    apart = (int(look, 16) ^ int(other, 16)).bit_count()
    return apart <= SAME_LOOK * len(look) * 4


def _per_tile(pixels: Any, side: int, reduce: Any) -> Any:
    rows, columns = pixels.shape[0] // side, pixels.shape[1] // side
    if rows == 0 or columns == 0:
        return reduce(pixels).reshape(1, 1)
    whole = pixels[: rows * side, : columns * side].reshape(rows, side, columns, side)
    return reduce(whole, axis=(1, 3))


def _odd(inches: float) -> int:
    return max(3, round(inches * INK_DPI) | 1)
