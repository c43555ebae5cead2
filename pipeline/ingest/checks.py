"""What a scan is worth, seen on the page itself, without a target.

Nothing here decides: a flag asks a person to look, and no page is dropped for it.
"""

import math
from functools import lru_cache
from itertools import product
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from pipeline.ingest.pictures import Frame
from pipeline.values import Pixels

FloatArray = npt.NDArray[np.float32]
Words = npt.NDArray[np.uint64]
Counts = npt.NDArray[np.int64]

EDGE_DPI = 300.0
STRIP_PX = 2_000_000
TILE_IN = 0.2  # a tile holds a few letters
MIN_CONTRAST = 40.0  # grey levels between ink and paper for a tile to be worth measuring
OWN_WIDTH_2 = 3.0  # px², what the smoothing adds: a sharp scan is as sharp at 200 dpi as at 300
SHARPEST = 25.0  # percentile over tiles: the sharpest writing, not the worn headline

ROUNDING = 0.99  # PNG says 200 dpi as 7874 px a metre, which is 199.9996

INK_DPI = 100.0
INK_DARKNESS = 0.12  # of the paper's brightness, and in grey levels: less is grain of the paper
INK_LEVELS = 16.0
STROKE_DARKNESS = 0.16  # a stroke is so dark somewhere; writing of the other side is not
STROKE_PX = 6
INK_SHARE = 0.0003  # of the page: a page number and a few specks are less
MARGIN_IN = 0.25  # scanner bed and worn edges
STROKE_IN = 0.12  # wider dark things are shadow, bed or stain, not writing
RULE_IN = 0.8  # a longer straight run is a rule, not writing

LOOK_SHAPE = (88, 64)  # rows, columns of cells over the page; a row fits 64 bits
LOOK_STEP = 0.02  # share of ink by which a cell must exceed its neighbourhood
BLOCKS = (8, 4)  # rows, columns of blocks of cells
LEAST_CELLS = 4  # set in a block, for it to say anything
MOST_MOVED = 2  # cells, some 7 mm on A4
BLOCKS_ALIKE = 0.9  # so many blocks must be alike, a stamp or a finger may hide the others
SAME_LOOK = 0.30  # share of a block's bits that differ between two scans of one page, at most
_LOOK_LETTERS = LOOK_SHAPE[0] * LOOK_SHAPE[1] // 4
_BITS_SET = np.array([number.bit_count() for number in range(1 << 16)], np.int64)


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
        "low_dpi": frame.dpi < min_dpi * ROUNDING,
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
    width = float(np.percentile(contrast[good] / np.maximum(steepest[good], 1e-3), SHARPEST))
    return math.sqrt(max(width**2 - OWN_WIDTH_2, 0.0)) * EDGE_DPI / dpi


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
    paper = _grey(cv2.morphologyEx(small, cv2.MORPH_CLOSE, stroke))  # as if nothing were written
    levels = _grey(cv2.subtract(paper, small))
    mask = _without_rules(_darker(levels, paper, INK_DARKNESS, INK_LEVELS))
    margin = min(round(MARGIN_IN * INK_DPI), size[0] // 8, size[1] // 8)
    inside = np.zeros_like(mask)
    inside[margin : size[1] - margin, margin : size[0] - margin] = 255
    return _strokes(mask & inside, _darker(levels, paper, STROKE_DARKNESS, 0.0) > 0)


def _grey(pixels: Any) -> Pixels:
    return np.asarray(pixels, np.uint8)


def _darker(levels: Pixels, paper: Pixels, share: float, least: float) -> Pixels:
    """Return 255 where levels exceed a share of the paper's brightness, and a least number."""
    limits = np.floor(np.maximum(share * np.arange(256), least)).astype(np.uint8)
    return _grey(cv2.compare(levels, cv2.LUT(paper, limits), cv2.CMP_GT))


def _without_rules(ink: Pixels) -> Pixels:
    run = _odd(RULE_IN)
    rules = cv2.max(_long_runs(ink, (run, 1)), _long_runs(ink, (1, run)))
    return _grey(cv2.subtract(ink, cv2.dilate(rules, np.ones((3, 3), np.uint8))))


def _long_runs(ink: Pixels, size: tuple[int, int]) -> Pixels:
    """Return the ink that a piece of this size (across, down) fits into.

    That is a morphological opening, by sums, whose cost does not grow with the size.
    """
    binary = (ink > 0).astype(np.uint8)
    for least in (size[0] * size[1], 1):  # whole pieces; then all that they cover
        counts = cv2.boxFilter(
            binary, cv2.CV_32F, size, normalize=False, borderType=cv2.BORDER_REPLICATE
        )
        binary = (np.asarray(counts) > least - 0.5).astype(np.uint8)
    return binary * np.uint8(255)


def _strokes(ink: Pixels, is_dark: npt.NDArray[np.bool_]) -> Pixels:
    """Return the strokes that are large enough and somewhere dark: not grain, not the back."""
    count, labels, facts, _middles = cv2.connectedComponentsWithStats(ink)
    keep = facts[:, cv2.CC_STAT_AREA] >= STROKE_PX
    keep &= np.bincount(labels[is_dark], minlength=count) > 0
    keep[0] = False  # the paper
    return np.where(keep[labels], 255, 0).astype(np.uint8)


def ink_share(ink: Pixels) -> float:
    """Return the share of the page that is written on."""
    return float(np.count_nonzero(ink)) / ink.size


def look_of(ink: Pixels) -> str:
    """Return the difference hash of a page's ink, hex: where there is more of it than around.

    Ink instead of grey levels, so that light and paper do not count.
    """
    rows, columns = LOOK_SHAPE
    # Blurred over a cell: at a quarter of the size that is the same, at 4 CPU ms instead of 300.
    small = cv2.resize(
        ink.astype(np.float32) / 255, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA
    )
    share = cv2.GaussianBlur(small, (0, 0), small.shape[1] / columns)
    cells = cv2.resize(share, (columns, rows), interpolation=cv2.INTER_AREA)
    more = cells > cv2.GaussianBlur(cells, (0, 0), 3.0) + LOOK_STEP
    return np.packbits(more).tobytes().hex()


def is_duplicate(look: str, other: str) -> bool:
    """Say whether two looks are of the same page; pages without a look are nobody's double.

    Two entries on the same printed form agree in most places. So the looks are compared block by
    block, each in its best position (a page put down again lies a little elsewhere, and askew):
    in a double, hardly a block differs; the entries of a form differ where something was written.
    """
    if len(look) != _LOOK_LETTERS or len(other) != _LOOK_LETTERS:
        return False
    here = _counts(_rows(look))
    is_written = here >= LEAST_CELLS
    if not is_written.any():
        return False
    moved, moved_counts = _moved(other)
    apart = _counts(_rows(look) ^ moved) / np.maximum(here + moved_counts, 1)
    best = apart.min(axis=0)[is_written]
    return float(np.quantile(best, BLOCKS_ALIKE)) <= SAME_LOOK


@lru_cache(maxsize=4096)
def _rows(look: str) -> Words:
    return np.frombuffer(bytes.fromhex(look), dtype=">u8").astype(np.uint64)


@lru_cache(maxsize=4096)
def _moved(look: str) -> tuple[Words, Counts]:
    """Return a look in all positions that are tried, and its counts in each."""
    rows = _rows(look)
    tried = range(-MOST_MOVED, MOST_MOVED + 1)
    moved = np.zeros((len(tried) ** 2, rows.size), np.uint64)
    for index, (down, across) in enumerate(product(tried, tried)):
        aside = rows << np.uint64(across) if across >= 0 else rows >> np.uint64(-across)
        moved[index, max(0, down) : rows.size + min(0, down)] = aside[
            max(0, -down) : rows.size - max(0, down)
        ]
    return moved, _counts(moved)


def _counts(rows: Words) -> Counts:
    """Return how many bits are set in each block, for one look or for a stack of them."""
    quarters = _BITS_SET[rows.astype(">u8").view(">u2")]  # a row is four blocks wide
    down = LOOK_SHAPE[0] // BLOCKS[0]
    blocks: Counts = quarters.reshape(*rows.shape[:-1], BLOCKS[0], down, BLOCKS[1]).sum(axis=-2)
    return blocks


def _per_tile(pixels: Any, side: int, reduce: Any) -> Any:
    rows, columns = pixels.shape[0] // side, pixels.shape[1] // side
    if rows == 0 or columns == 0:
        return reduce(pixels).reshape(1, 1)
    whole = pixels[: rows * side, : columns * side].reshape(rows, side, columns * side)
    return reduce(reduce(whole, axis=1).reshape(rows, columns, side), axis=2)


def _odd(inches: float) -> int:
    return max(3, round(inches * INK_DPI) | 1)
