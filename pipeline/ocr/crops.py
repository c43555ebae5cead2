"""Cut a line out of its page and show the engines its ink, whole and in full contrast."""

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from pipeline.connected import connected
from pipeline.values import Line, PageImage, Pixels, Polygon, Strokes

Mask = npt.NDArray[np.uint8]  # 255 on ink, so that OpenCV works on it without a copy

WHITE = 255
MIN_CONTRAST = 24  # grey levels between ink and paper; less is the paper's own grain
MAX_INK = 200  # of a stretched crop; paler is the edge of a stroke or dirt
MIN_INK_PX = 20  # a lone digit may be all that stands in a wide cell
MIN_PAPER = 40.0  # brightness below which no paper is seen
CUT = 0.75  # of a piece's width at the crop's edge; a mark's tip or a dot has less
EDGE_GAP = 0.15  # of the crop's height: paper between its own ink and a neighbour's
TIGHT = 0.92  # of the crop's height: own ink that high fills the crop
SPECKS = 0.03  # of the line's ink: less than that beyond a cell's rule is not of the line
RIM_MM = 0.3  # about a stroke: its blur
MIN_LIT_PX = 12  # a smaller crop has one brightness of paper
MAX_SIDE_PX = 20_000  # a line longer than A1 at 300 dpi is a mistake of the layout
# By the brightness of the paper: what makes it white.
_GAINS = WHITE / np.maximum(np.arange(256, dtype=np.float32), np.float32(MIN_PAPER))


class Box(NamedTuple):
    """A rectangle in px of a crop; right and bottom stand just outside."""

    left: int
    top: int
    right: int
    bottom: int


class Ink(NamedTuple):
    """What is written in a crop.

    Attributes:
        pixels: inside `box`, black on white.
        box: where it stands in the crop.
        crop_px: width of the crop.
    """

    pixels: Pixels
    box: Box
    crop_px: int


def blank_crop() -> Pixels:
    """Return the crop of a line that has no extent: paper without ink."""
    return np.full((1, 1), WHITE, np.uint8)


def corners(polygon: Polygon) -> npt.NDArray[np.float32] | None:
    """Return the corners of the upright frame around a line: four points from the top left.

    Four corners stand as they are. A bent outline gets the narrowest frame around it that
    leans less than 45 degrees. None when the outline has no extent.
    """
    points = np.asarray(polygon, np.float32).reshape(-1, 2)
    if len(points) < 3 or not np.isfinite(points).all():
        return None
    if len(points) != 4:
        box = cv2.boxPoints(cv2.minAreaRect(points))
        first = int(np.argmin(box.sum(axis=1)))
        points = np.roll(box, -first, axis=0).astype(np.float32)
    return points


def crop(image: PageImage, line: Line) -> Pixels:
    """Return the pixels inside the line's outline, upright, at the page's own scale."""
    frame = _frame(line.polygon)
    if frame is None:
        return blank_crop()
    return _warped(image.pixels, frame.warp, frame.size, WHITE)


class _Frame(NamedTuple):
    """How a line becomes a crop: 3x3 from px of the page, and the crop's width and height."""

    warp: npt.NDArray[np.float64]
    size: tuple[int, int]


def _frame(polygon: Polygon) -> _Frame | None:
    """Return how a line becomes a crop; None when its outline has no extent."""
    frame = corners(polygon)
    if frame is None:
        return None
    top_left, top_right, bottom_right, bottom_left = frame
    width = max(np.hypot(*(top_right - top_left)), np.hypot(*(bottom_right - bottom_left)))
    height = max(np.hypot(*(bottom_left - top_left)), np.hypot(*(bottom_right - top_right)))
    if not (1 <= width <= MAX_SIDE_PX and 1 <= height <= MAX_SIDE_PX):
        return None
    size = (round(float(width)), round(float(height)))
    target = np.array(
        [(0, 0), (size[0], 0), (size[0], size[1]), (0, size[1])],
        np.float32,
    )
    warp = np.asarray(cv2.getPerspectiveTransform(frame, target), np.float64)
    return _Frame(warp, size) if np.isfinite(warp).all() else None


def _warped(
    pixels: Pixels, warp: npt.NDArray[np.float64], size: tuple[int, int], beyond: int
) -> Pixels:
    """Return a part of a picture, `beyond` where the picture ends."""
    cut = cv2.warpPerspective(
        pixels,
        warp,
        size,
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=beyond,
    )
    return np.asarray(cut, np.uint8)


def inks_of(
    image: PageImage, lines: Sequence[Line], strokes: Strokes | None = None
) -> list[Ink | None]:
    """Return what is written in each line, see `find_ink`.

    Args:
        image: the page without its rules.
        lines: of the page.
        strokes: which line each stroke belongs to, if the layout knows: lines that stand close
            reach into one another's outlines.
    """
    if strokes is None:
        return [find_ink(crop(image, line)) for line in lines]
    return [find_ink(_own_crop(image, line, strokes, at)) for at, line in enumerate(lines)]


def _own_crop(image: PageImage, line: Line, strokes: Strokes, number: int) -> Pixels:
    """Return the crop of a line without the strokes of other lines."""
    frame = _frame(line.polygon)
    if frame is None:
        return blank_crop()
    pixels = _warped(image.pixels, frame.warp, frame.size, WHITE)
    points = np.asarray(line.polygon) / strokes.factor
    left, top = np.maximum(np.floor(points.min(axis=0)).astype(int), 0)
    right, bottom = np.ceil(points.max(axis=0)).astype(int) + 1
    part = strokes.lines[top:bottom, left:right]
    others = (part >= 0) & (part != number)
    if not others.any():
        return pixels
    # From px of the part to px of the page, the middles of pixels at whole numbers.
    step, half = strokes.factor, (strokes.factor - 1) / 2
    onto = np.array([[step, 0, left * step + half], [0, step, top * step + half], [0, 0, 1]])
    foreign, own = (
        _warped(np.where(which, WHITE, 0).astype(np.uint8), frame.warp @ onto, frame.size, 0)
        for which in (others, part == number)
    )
    # The rim of a stroke is paler than ink, and where lines touch half of it is the other's.
    rim = np.ones((2 * max(2, round(RIM_MM * image.dpi / 25.4)) + 1,) * 2, np.uint8)
    near_others = cv2.dilate(foreign, rim) > WHITE // 2
    pixels[near_others & (own <= WHITE // 2)] = WHITE
    return pixels


def stretch_contrast(crop: Pixels) -> Pixels:
    """Return the crop with its paper white and its darkest ink black.

    Paper is taken as the bright side of each neighbourhood, so that a shadow across the line
    does not read as ink.
    """
    lit = _even_light(crop)
    dark = _percentile(lit, min(1.0, 100 * MIN_INK_PX / lit.size))
    if WHITE - dark < MIN_CONTRAST or _percentile(crop, 99) < MIN_PAPER:
        return np.full_like(crop, WHITE)
    stretched = (np.arange(256, dtype=np.float32) - dark) * (WHITE / (WHITE - dark))
    return np.asarray(cv2.LUT(lit, np.clip(stretched, 0, WHITE).astype(np.uint8)), np.uint8)


def _percentile(pixels: Pixels, percent: float) -> float:
    """Return what `np.percentile` does, from the counts of the 256 greys: six times as fast."""
    counts = np.cumsum(cv2.calcHist([pixels], [0], None, [256], [0, 256]).ravel())
    place = (pixels.size - 1) * percent / 100
    low, high = np.searchsorted(counts, [int(place) + 1, min(int(place) + 2, pixels.size)])
    return float(low + (high - low) * (place % 1))


def _even_light(crop: Pixels) -> Pixels:
    """Return the crop divided by the brightness of its paper."""
    height, width = crop.shape
    if min(height, width) < MIN_LIT_PX:
        even = crop * (WHITE / max(MIN_PAPER, _percentile(crop, 80)))
        return np.asarray(np.clip(even, 0, WHITE), np.uint8)
    small = cv2.resize(crop, (width // 4, height // 4), interpolation=cv2.INTER_AREA)
    reach = min(height, width) // 8 | 1
    bright = cv2.dilate(small, np.ones((reach, 2 * reach + 1), np.uint8))
    paper = cv2.resize(cv2.blur(bright, (9, 9)), (width, height))
    return np.asarray(np.minimum(crop * cv2.LUT(paper, _GAINS), WHITE), np.uint8)


def ink_mask(stretched: Pixels) -> Mask:
    """Return where a crop of full contrast has ink."""
    if stretched.min() == WHITE:
        return np.zeros_like(stretched)
    level, mask = cv2.threshold(stretched, 0, WHITE, cv2.THRESH_BINARY_INV + cv2.THRESH_OTSU)
    if level > MAX_INK:
        _level, mask = cv2.threshold(stretched, MAX_INK, WHITE, cv2.THRESH_BINARY_INV)
    return np.asarray(mask, np.uint8)


def leftovers(mask: Mask) -> Mask:
    """Return the ink that is not of this line: rules, and what reaches in from a neighbour."""
    foreign = _long_rules(mask)
    foreign |= _tall_rules(mask & ~foreign)
    foreign |= _edge_bits(mask & ~foreign)
    return foreign


def find_ink(crop: Pixels) -> Ink | None:
    """Return the line's own ink in full contrast; None when nothing is written."""
    stretched = stretch_contrast(crop)
    mask = ink_mask(stretched)
    foreign = leftovers(mask)
    own = mask & ~foreign
    box = _box_of(own)
    if box is None:
        return None
    if foreign.any():
        halo = np.asarray(cv2.dilate(foreign, np.ones((3, 3), np.uint8)), np.uint8)
        stretched[(halo & ~own) > 0] = WHITE
    return Ink(stretched[box.top : box.bottom, box.left : box.right], box, crop.shape[1])


def trim_to_ink(crop: Pixels) -> Pixels:
    """Return the crop's ink without the empty paper around it; blank when there is none."""
    ink = find_ink(crop)
    return blank_crop() if ink is None else ink.pixels


def _box_of(mask: Mask) -> Box | None:
    left, top, width, height = cv2.boundingRect(mask)
    return Box(left, top, left + width, top + height) if width else None


# Most crops hold no rule and nothing of a neighbour. Each of the three searches below therefore
# looks first, at little cost, whether there can be any: numbering the pieces of ink is most of
# what they cost.


def _long_rules(mask: Mask) -> Mask:
    """Return rules along the line: no letter's stroke is twice as long as the crop is high."""
    height, width = mask.shape
    reach = max(25, min(height, width // 4))
    runs = _runs(mask, (1, reach))
    least = max(2 * height, 0.3 * width)
    box = _box_of(runs)
    if box is None or box.right - box.left + 8 < least:
        return np.zeros_like(mask)
    joined = cv2.dilate(runs, np.ones((3, 9), np.uint8))  # a leaning rule is a flight of steps
    parts, stats, _centres = connected(joined)
    is_rule = stats[:, cv2.CC_STAT_WIDTH] >= least
    is_rule[0] = False
    return _picked(is_rule, parts) & mask


def _tall_rules(mask: Mask) -> Mask:
    """Return rules across the line: as high as the crop, and no letter hangs on them.

    The specks beyond an outer one go with it. Where the line's other ink is as high as the crop
    too, the crop is tight, and a tall stroke is an l or a 1; what stands there alone is no rule.
    """
    height, _width = mask.shape
    none = np.zeros_like(mask)
    runs = _runs(mask, (max(8, height // 4), 1))
    box, least = _box_of(runs), 0.9 * height - min(8, height // 8)  # its slanting ends are no run
    if box is None or box.bottom - box.top < least:
        return none
    joined = cv2.dilate(runs, np.ones((9, 3), np.uint8))
    parts, stats, _centres = connected(joined)
    wide, high = stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT]
    is_tall = (high >= 0.9 * height) & (wide <= 0.25 * height)
    is_tall[0] = False
    if not is_tall.any():
        return none
    rules = none.copy()
    for part in np.flatnonzero(is_tall):
        left = int(stats[part, cv2.CC_STAT_LEFT])
        around = slice(max(0, left - height // 5), left + int(wide[part]) + height // 5)
        rule = parts[:, around] == part
        rows = np.flatnonzero((rule & (runs[:, around] > 0)).any(axis=1))
        if rows[-1] + 1 - rows[0] < least:
            continue
        if np.count_nonzero(mask[:, around][~rule]) < 0.15 * np.count_nonzero(rule):
            rules[:, around][rule] = WHITE
    rules &= mask
    if not rules.any():
        return none
    rest = mask & ~rules
    own = rest & ~_edge_bits(rest)
    box, ink = _box_of(own), cv2.countNonZero(own)
    if box is None or box.bottom - box.top >= TIGHT * height:
        return none
    if cv2.countNonZero(rest) < cv2.countNonZero(rules):
        return none
    bounds = np.flatnonzero(rules.any(axis=0))
    for beyond in (slice(0, bounds[0]), slice(bounds[-1] + 1, None)):
        if np.count_nonzero(rest[:, beyond]) < SPECKS * ink:
            rules[:, beyond] |= rest[:, beyond]
    return rules


def _edge_bits(mask: Mask) -> Mask:
    """Return low pieces that the crop's edge cuts broadly: tails and heads of neighbours.

    A mark of this line that just touches the edge does so with its tip only, and where all else
    comes near the edge too the crop is tight, and the piece is this line's own.
    """
    none = np.zeros_like(mask)
    if not (mask[0].any() or mask[-1].any() or mask[:, 0].any() or mask[:, -1].any()):
        return none
    height = mask.shape[0]
    parts, stats, _centres = connected(mask)
    wide, high = stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT]
    above, below, before, after = (
        np.bincount(edge, minlength=len(stats))
        for edge in (parts[0], parts[-1], parts[:, 0], parts[:, -1])
    )
    low, thin = high < 0.2 * height, (wide < 0.3 * height) & (high < height / 2)
    over, under = low & (above >= CUT * wide), low & (below >= CUT * wide)
    beside = thin & (np.maximum(before, after) >= CUT * high)
    over[0] = under[0] = beside[0] = False
    foreign = over | under | beside
    if not foreign.any():
        return none
    own = _box_of(mask & ~_picked(foreign, parts))
    if own is None:
        return none
    over &= own.top >= EDGE_GAP * height
    under &= height - own.bottom >= EDGE_GAP * height
    return _picked(over | under | beside, parts)


def _runs(mask: Mask, shape: tuple[int, int]) -> Mask:
    """Return the ink that a solid piece of this shape (rows, columns) fits into."""
    return np.asarray(cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones(shape, np.uint8)), np.uint8)


def _picked(wanted: npt.NDArray[np.bool_], parts: npt.ArrayLike) -> Mask:
    """Return the mask of those pieces of ink that are wanted."""
    return np.asarray((wanted * np.uint8(WHITE))[np.asarray(parts)], np.uint8)
