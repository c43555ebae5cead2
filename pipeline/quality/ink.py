"""Where strokes of writing stand on a scan, rules and stains left out; what of them is cut off."""

from typing import Any, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from pipeline.connected import connected
from pipeline.values import Pixels

INK_DPI = 100.0
INK_DARKNESS = 0.12  # of the paper's brightness, and in grey levels: less is grain of the paper
INK_LEVELS = 16.0
STROKE_DARKNESS = 0.16  # a stroke is so dark somewhere; writing of the other side is not
STROKE_PX = 6
INK_SHARE = 0.0003  # of the page: a page number and a few specks are less
MARGIN_IN = 0.25  # scanner bed and worn edges
STROKE_IN = 0.12  # wider dark things are shadow, bed or stain, not writing
RULE_IN = 0.8  # a longer straight run is a rule, not writing

CUT_DEEP_IN = 0.05  # a stroke cut by the frame reaches so far into the page; a line of bed does not
CUT_LONG_IN = 0.5  # and runs no longer along the frame


class Ink(NamedTuple):
    """The strokes of a scan at 100 dpi, 255 on 0; at its margin, bed and worn edges look alike.

    Attributes:
        strokes: of the whole picture.
        inside: without the margin.
        grey: the picture itself at 100 dpi.
    """

    strokes: Pixels
    inside: Pixels
    grey: Pixels


def find_ink(pixels: Pixels, dpi: float) -> Ink:
    """Return where strokes of writing stand; rules are left out."""
    scale = INK_DPI / dpi
    size = max(8, round(pixels.shape[1] * scale)), max(8, round(pixels.shape[0] * scale))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    stroke = np.ones((_odd(STROKE_IN), _odd(STROKE_IN)), np.uint8)
    paper = _grey(cv2.morphologyEx(small, cv2.MORPH_CLOSE, stroke))  # as if nothing were written
    levels = _grey(cv2.subtract(paper, small))
    mask = _without_rules(_darker(levels, paper, INK_DARKNESS, INK_LEVELS))
    is_dark = _darker(levels, paper, STROKE_DARKNESS, 0.0) > 0
    margin = min(round(MARGIN_IN * INK_DPI), size[0] // 8, size[1] // 8)
    within = np.zeros_like(mask)
    within[margin : size[1] - margin, margin : size[0] - margin] = 255
    return Ink(_strokes(mask, is_dark), _strokes(mask & within, is_dark), _grey(small))


def ink_share(ink: Ink) -> float:
    """Return the share of the page that is written on."""
    return float(np.count_nonzero(ink.inside)) / ink.inside.size


def cut_strokes(ink: Ink) -> tuple[int, int, int, int]:
    """Return how many strokes run out of the picture at its left, top, right and bottom.

    What is cut there is lost, unless it belongs to the next page.
    """
    _labels, facts, _centres = connected(ink.strokes)
    left, top, width, height = (facts[1:, column] for column in range(4))
    rows, columns = ink.strokes.shape
    deep, long = CUT_DEEP_IN * INK_DPI, CUT_LONG_IN * INK_DPI
    across = (width >= deep) & (height <= long)
    down = (height >= deep) & (width <= long)
    return (
        int((across & (left == 0)).sum()),
        int((down & (top == 0)).sum()),
        int((across & (left + width == columns)).sum()),
        int((down & (top + height == rows)).sum()),
    )


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
    labels, facts, _centres = connected(ink)
    keep = facts[:, cv2.CC_STAT_AREA] >= STROKE_PX
    keep &= np.bincount(labels[is_dark], minlength=len(facts)) > 0
    keep[0] = False  # the paper
    return (
        np.where(keep, 255, 0).astype(np.uint8).take(labels, mode="clip")
    )  # quicker than [labels]


def _odd(inches: float) -> int:
    return max(3, round(inches * INK_DPI) | 1)
