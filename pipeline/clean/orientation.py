"""Find which way up a scan is, and turn it upright by quarter turns."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple, cast

import cv2
import numpy as np

from pipeline.clean.deskew import page_direction, turn_matrix
from pipeline.clean.ink import Ink, Mask, page_ink
from pipeline.connected import connected
from pipeline.values import Matrix, PageImage, Pixels, Turn

Legibility = Callable[[Sequence[Pixels]], float]

_INK = 0.12  # share of the paper's light that a pixel of a stroke takes away
_RULE_PX = 50  # 8 mm at 150 dpi: longer straight runs are rules, not writing
_LETTER_GAP_PX = 7  # 1.2 mm: joins the letters of a word, not two lines
_WORD_GAP_PX = 25  # 4 mm: joins the words of a line
_SHORT_SIDE_PX = (8, 80)  # of a word: 1.3 to 13 mm
_LONG_SIDE_PX = 900
_LEAST_INK_PX = 60
_CLEAR_AXIS = 0.4  # mean log of a word's length by its height: pages reach 0.7 to 2 and more

_PIECE_PX = (60, 260)  # 10 to 43 mm: enough to read, little to pay
_MARGIN_PX = 4
_BATCH = 3
_FEWEST = 2  # a single piece may be a smear, a seal or a face
_CLEAR_GAIN = 0.12  # of legibility: 3 more crops would not turn it round
_LEAST_GAIN = 0.02  # less is no evidence


class Reading(NamedTuple):
    """A page as it lies when its text lines run level, either way up.

    Attributes:
        turn_deg: the quarter turn to there, 0 or 90.
        words: 255 where something is written, rules left out.
        rules: 255 where rules run.
        to_page: maps px of the maps to px of the page.
    """

    turn_deg: Turn
    words: Mask
    rules: Mask
    to_page: Matrix


def find_turn(image: PageImage, legibility: Legibility) -> Turn:
    """Return the clockwise turn that makes a scan upright; 0 when nothing on it tells.

    Args:
        image: a page or a spread, a little askew at most.
        legibility: probability (0 to 1) that crops of lines (dark on light) are readable.
    """
    flat = _level(image)
    # Scans mostly come upright or on their head: only the reader may lay one on its side.
    lies = _elongation(flat.words) >= _CLEAR_AXIS
    readings = [flat] if lies else [flat, _quarter(flat)]
    crops = {reading.turn_deg: _crops(image.pixels, reading) for reading in readings}
    told = {deg: some for deg, some in crops.items() if len(some) >= _FEWEST}
    return _most_legible(told, legibility) if told else 0


def turn(image: PageImage, deg: Turn) -> PageImage:
    """Return the scan turned clockwise by quarter turns."""
    if deg == 0:
        return image
    height, width = image.pixels.shape
    return replace(
        image,
        pixels=np.ascontiguousarray(np.rot90(image.pixels, -deg // 90)),
        to_scan=image.to_scan @ _unturn(deg, width, height),
        turn_deg=cast(Turn, (image.turn_deg + deg) % 360),
    )


def _unturn(deg: Turn, width: int, height: int) -> Matrix:
    """Return the matrix that maps px of a turned picture to px of the picture of this size."""
    matrices = {
        0: [[1, 0, 0], [0, 1, 0]],
        90: [[0, 1, 0], [-1, 0, height - 1]],
        180: [[-1, 0, width - 1], [0, -1, height - 1]],
        270: [[0, -1, width - 1], [1, 0, 0]],
    }
    return np.array([*matrices[deg], [0, 0, 1]], np.float64)


def _level(image: PageImage) -> Reading:
    """Take the skew out of a page's ink, and part the rules from the writing."""
    page, direction = page_ink(image), page_direction(image)
    matrix, size = turn_matrix(
        page.ink.shape[1], page.ink.shape[0], direction.deg if direction else 0.0
    )
    ink = cv2.warpAffine(page.ink, matrix[:2], size, flags=cv2.INTER_LINEAR)
    words, rules = _part_rules(np.asarray(ink, np.float32))
    to_page = np.linalg.inv(matrix)
    to_page[:2] *= page.reduction
    return Reading(0, words, rules, to_page.astype(np.float64))


def _quarter(reading: Reading) -> Reading:
    """Return the page turned clockwise by a quarter."""
    height, width = reading.words.shape
    return Reading(
        90,
        np.ascontiguousarray(np.rot90(reading.words, -1)),
        np.ascontiguousarray(np.rot90(reading.rules, -1)),
        reading.to_page @ _unturn(90, width, height),
    )


def _part_rules(ink: Ink) -> tuple[Mask, Mask]:
    dark = (ink > _INK) * np.uint8(255)
    across = cv2.morphologyEx(dark, cv2.MORPH_OPEN, np.ones((1, _RULE_PX), np.uint8))
    along = cv2.morphologyEx(dark, cv2.MORPH_OPEN, np.ones((_RULE_PX, 1), np.uint8))
    rules = cv2.dilate(cv2.bitwise_or(across, along), np.ones((3, 3), np.uint8))
    return np.asarray(cv2.subtract(dark, rules), np.uint8), np.asarray(rules, np.uint8)


def _elongation(words: Mask) -> float:
    """Return the mean log of width by height of the words; above 0 they lie, below they stand."""
    joined = cv2.morphologyEx(
        words, cv2.MORPH_CLOSE, np.ones((_LETTER_GAP_PX, _LETTER_GAP_PX), np.uint8)
    )
    _labels, stats, _centres = connected(joined)
    width, height, area = (stats[1:, column].astype(np.float64) for column in (2, 3, 4))
    short, long = np.minimum(width, height), np.maximum(width, height)
    wordlike = (
        (short >= _SHORT_SIDE_PX[0])
        & (short <= _SHORT_SIDE_PX[1])
        & (long <= _LONG_SIDE_PX)
        & (area >= _LEAST_INK_PX)
    )
    if not wordlike.any():
        return 0.0
    return float(np.average(np.log(width / height)[wordlike], weights=area[wordlike]))


def _crops(pixels: Pixels, reading: Reading) -> list[Pixels]:
    """Cut pieces of lines out of the page, best first, dark on white and without rules."""
    return [_cut(pixels, reading, box) for box in _pieces(reading.words)[: 2 * _BATCH]]


def _pieces(words: Mask) -> list[tuple[int, int, int, int]]:
    """Return boxes (left, top, right, bottom) of pieces of lines, those with most ink first."""
    joined = cv2.morphologyEx(words, cv2.MORPH_CLOSE, np.ones((3, _WORD_GAP_PX), np.uint8))
    labels, stats, _centres = connected(joined)
    found = []
    for label, (left, top, width, height, _area) in enumerate(stats[1:].tolist(), start=1):
        if not _SHORT_SIDE_PX[0] <= height <= _SHORT_SIDE_PX[1]:
            continue
        width = min(width, _PIECE_PX[1])
        if width < max(_PIECE_PX[0], 2 * height):
            continue
        part = np.s_[top : top + height, left : left + width]
        ink = int(((labels[part] == label) & (words[part] > 0)).sum())
        found.append((ink / height, (left, top, left + width, top + height)))
    return [box for _, box in sorted(found, reverse=True)]


def _cut(pixels: Pixels, reading: Reading, box: tuple[int, int, int, int]) -> Pixels:
    left, top, right, bottom = box
    scale = abs(np.linalg.det(reading.to_page[:2, :2])) ** 0.5
    from_crop = np.diag([1 / scale, 1 / scale, 1.0])
    from_crop[:2, 2] = left - _MARGIN_PX, top - _MARGIN_PX
    size = (
        round((right - left + 2 * _MARGIN_PX) * scale),
        round((bottom - top + 2 * _MARGIN_PX) * scale),
    )
    grey = _sample(pixels, reading.to_page @ from_crop, size, fill=255)
    rules = _sample(reading.rules, from_crop, size, fill=0)
    white = max(float(np.percentile(grey[rules < 128], 90)) if (rules < 128).any() else 255.0, 1.0)
    clear = np.minimum(grey * (255.0 / white), 255)
    return np.where(rules >= 64, 255, clear).astype(np.uint8)


def _sample(pixels: Pixels, matrix: Matrix, size: tuple[int, int], fill: int) -> Pixels:
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    crop = cv2.warpAffine(pixels, matrix[:2], size, flags=flags, borderValue=float(fill))
    return np.asarray(crop, np.uint8)


def _most_legible(crops: dict[Turn, list[Pixels]], legibility: Legibility) -> Turn:
    """Return the turn at which the crops read best; stop as soon as it is clear."""
    turns = cast(list[Turn], sorted({0, *crops, *(start + 180 for start in crops)}))
    total = dict.fromkeys(turns, 0.0)
    for batch in range(2):
        for deg in turns:
            some = crops.get(cast(Turn, deg % 180), [])[batch * _BATCH : (batch + 1) * _BATCH]
            if some:
                total[deg] += legibility(some if deg < 180 else [_upside_down(c) for c in some])
        best, second = sorted(turns, key=lambda deg: -total[deg])[:2]
        if total[best] - total[second] > _CLEAR_GAIN * (batch + 1):
            return best
    # Scans mostly come upright, so that little evidence must not turn one.
    return best if total[best] - total[0] > _LEAST_GAIN else 0


def _upside_down(crop: Pixels) -> Pixels:
    return np.ascontiguousarray(np.rot90(crop, 2))
