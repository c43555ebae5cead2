"""Tell ditto marks by their shape: a few small strokes, or a long one, alone in a cell.

Engines make letters and digits of them ("11", "J", "2"), for they are given the ink alone and
not how small it stands among the other writing of the page.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.connected import connected
from pipeline.layout.darkness import Scale
from pipeline.values import Line, PageImage

MIN_LINES = 12  # on a page, to tell how high its writing is
USUAL_MM = 4.0  # else
SMALL = 0.5  # of the height of the page's usual line; a digit has 0.6
MAX_MM = 2.4  # height of a small stroke
MIN_MM = 0.7  # a shorter one is a dot
MAX_STROKES = 3
THIN = 1.1  # width over height of a small stroke
ALIKE = 0.55  # height of the lowest of them over that of the highest
APART_MM = 2.2  # paper between two of them
LONG_MM = 6.0  # a long stroke; a dash for "nothing" is shorter
THICK_MM = 1.2  # a pen's stroke, however pressed
RISE = 0.12  # how far a long stroke may rise or fall, of its length
BEND_MM = 0.35  # how far it may leave the straight line: a flat written word leaves it more
MIN_DARK = 30  # of ink, when it is faint
SHARE = 0.4  # of the darkest point of a line, from which ink counts


class _Stroke(NamedTuple):
    """A connected piece of ink: its box in px, right and bottom just outside."""

    left: int
    top: int
    right: int
    bottom: int
    number: int

    @property
    def width(self) -> int:
        return self.right - self.left

    @property
    def height(self) -> int:
        return self.bottom - self.top


class _Ink(NamedTuple):
    """What stands in a line: a picture of the strokes' numbers, and the strokes."""

    labels: npt.NDArray[np.int32]
    strokes: tuple[_Stroke, ...]


_NOTHING = _Ink(np.zeros((0, 0), np.int32), ())


def mark_dittos(image: PageImage, lines: Sequence[Line]) -> tuple[Line, ...]:
    """Return the lines, those in cells that are ditto marks marked as such.

    Args:
        image: the page without its rules.
        lines: not read, or read: their text does not count.
    """
    scale = Scale(image.dpi)
    inks = [_ink(image, line, scale) if line.cell else _NOTHING for line in lines]
    heights = [_height(ink.strokes) for ink in inks if ink.strokes]
    usual = float(np.median(heights)) if len(heights) >= MIN_LINES else scale.px(USUAL_MM)
    in_cell = Counter(line.cell for line in lines)
    return tuple(
        replace(line, is_ditto=in_cell[line.cell] == 1 and _is_ditto(ink, usual, scale))
        for line, ink in zip(lines, inks, strict=True)
    )


def _ink(image: PageImage, line: Line, scale: Scale) -> _Ink:
    """Return the ink in the upright box around a line, its strokes left to right, no specks."""
    points = np.asarray(line.polygon)
    left, top = np.maximum(0, np.floor(points.min(axis=0))).astype(int)
    right, bottom = np.ceil(points.max(axis=0)).astype(int)
    dark = 255 - image.pixels[top : bottom + 1, left : right + 1]
    if not dark.size:
        return _NOTHING
    inked = (dark >= max(MIN_DARK, SHARE * float(dark.max()))).astype(np.uint8)
    labels, stats, _centres = connected(inked)
    least = scale.px(MIN_MM) / 2
    strokes = [
        _Stroke(x, y, x + wide, y + high, number)
        for number, (x, y, wide, high, _area) in enumerate(stats.tolist())
        if number and max(wide, high) >= least
    ]
    return _Ink(labels, tuple(sorted(strokes)))


def _height(strokes: Sequence[_Stroke]) -> int:
    return max(each.bottom for each in strokes) - min(each.top for each in strokes)


def _is_ditto(ink: _Ink, usual: float, scale: Scale) -> bool:
    return _are_small(ink.strokes, usual, scale) or _is_long(ink, scale)


def _are_small(strokes: Sequence[_Stroke], usual: float, scale: Scale) -> bool:
    """Tell whether these are two or three short strokes of one height side by side.

    One alone may be a comma, an accent or dirt; it says nothing.
    """
    if not 2 <= len(strokes) <= MAX_STROKES:
        return False
    heights = [each.height for each in strokes]
    limit = min(SMALL * usual, scale.px(MAX_MM))
    return (
        _height(strokes) <= limit
        and min(heights) >= scale.px(MIN_MM)
        and min(heights) >= ALIKE * max(heights)
        and all(each.width <= THIN * each.height for each in strokes)
        and all(
            after.left - before.right <= scale.px(APART_MM) for before, after in pairwise(strokes)
        )
        and all(after.left > before.left for before, after in pairwise(strokes))
    )


def _is_long(ink: _Ink, scale: Scale) -> bool:
    """Tell whether this is one long thin straight stroke along the line."""
    if len(ink.strokes) != 1 or ink.strokes[0].width < scale.px(LONG_MM):
        return False
    (stroke,) = ink.strokes
    own = ink.labels[:, stroke.left : stroke.right] == stroke.number
    if own.sum(axis=0).max() > scale.px(THICK_MM):
        return False
    xs = np.arange(own.shape[1])
    levels = (own * np.arange(own.shape[0])[:, None]).sum(axis=0) / own.sum(axis=0)
    rise, start = np.polyfit(xs, levels, 1)
    bend = np.abs(levels - (rise * xs + start)).max()
    return bool(abs(rise) <= RISE and bend <= scale.px(BEND_MM))
