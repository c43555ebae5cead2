"""Find the gutter of an open book, and part its two pages."""

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from pipeline.clean.border import find_bed, shift
from pipeline.clean.deskew import page_direction, turn_matrix
from pipeline.clean.ink import Ink, page_ink, shrink
from pipeline.clean.orientation import turn
from pipeline.values import Gutter, Matrix, PageImage, Pixels, Turn

Curve = npt.NDArray[np.float64]
Columns = npt.NDArray[np.int_]

_LEAST_ASPECT = 1.15  # width by height of the paper; two upright pages are 1.3 to 1.6
_LEAST_PX = 100  # height of the paper; nothing lower is a picture of a book
_MAX_SKEW_DEG = 12.0

_BANDS = 20
_BARE_PERCENTILE = 65  # of the greys in a column of a band: paper, neither writing nor white bed
_FOLD_ZONE = (0.3, 0.7)  # of the paper's width: a book scanned off the middle, or at its end
_SHOULDER = (0.025, 0.08)  # of the width: where the light beside a fold is taken
_SLANTS = np.linspace(-0.026, 0.026, 27)  # a fold may lean 1.5 degrees against the lines
_FINE_SLANTS = np.linspace(-0.004, 0.004, 17)
_SEEN = 0.022  # share of light lost in a fold that needs no other evidence
_HINTED = 0.012  # and in one between two blocks
_PLAIN = 0.1  # share of light lost in a fold that is one, whatever crosses it
_SEEN_BANDS = 0.7
_WRITTEN = 12  # strokes across a line from head to foot: hardly any is written over a fold
_LONG_PX = 40  # runs of ink as long as this are rules: they may go on over a fold

_GAP_ZONE = (0.4, 0.6)
_LEAST_GAP = 0.03  # of the width: the inner margins of two pages; columns of print stand closer
_LEAST_INK = 0.12  # of all ink, on either side of the gap
_SPECKS = 0.004  # share of inked px in a column that still counts as empty
_FAINT_INK = 0.05
_RULE_INK = 0.12  # share of light that a rule takes at once; a shadow takes it bit by bit
_THICK_PX = 9  # 2 mm: no rule is as thick
_RULE_PX = 18  # some 4 mm: longer than the strokes of letters
_RULE_SHARE = 0.3  # of the height that such runs fill
_RULE_PARTS = 8

_TURNED_ON: dict[Turn, Turn] = {0: 90, 90: 180, 180: 270, 270: 0}


class Fold(NamedTuple):
    """The line between two pages, px of the image: x at its top edge and at its bottom edge."""

    top: float
    bottom: float


class _Desk(NamedTuple):
    """A scan laid level and made small.

    Attributes:
        grey: the picture, likewise `ink`.
        left, right, top, bottom: the box of the paper in it.
        to_image: maps its px to px of the image.
    """

    grey: Pixels
    ink: Ink
    left: int
    right: int
    top: int
    bottom: int
    to_image: Matrix


def find_gutter(image: PageImage) -> float | None:
    """Return the x in px of the image where two pages meet, at half height; None on one page."""
    fold = find_fold(image)
    return None if fold is None else (fold.top + fold.bottom) / 2


def split(image: PageImage) -> tuple[PageImage, ...]:
    """Return the left and the right page of a spread, parted along its fold, or the page itself."""
    fold = find_fold(image)
    return (image,) if fold is None else part(image, fold)


def split_at(image: PageImage, gutter: Gutter, turn_deg: Turn) -> tuple[PageImage, ...]:
    """Return the upright pages that a person parted, the first to be read as the left one.

    Of pages turned up, as where wide tables are bound sideways, the upper one is the left one.

    Args:
        image: the scan as a viewer shows it, on which the line was drawn.
        gutter: that line.
        turn_deg: clockwise turn that makes the scan upright.
    """
    if is_whole(gutter):
        return (turn(image, turn_deg),)
    start, end = gutter.start, gutter.end
    if gutter.across:  # turned so that it runs down, its start at the foot
        image, start, end = turn(image, 270), end, start
        turn_deg = _TURNED_ON[turn_deg]
    width = image.pixels.shape[1]
    first, second = (turn(half, turn_deg) for half in part(image, Fold(start * width, end * width)))
    if turn_deg in (180, 270):
        first, second = second, first
    return replace(first, side="left"), replace(second, side="right")


def is_whole(gutter: Gutter) -> bool:
    """Say whether a line parts nothing from a scan."""
    return max(gutter.start, gutter.end) <= 0 or min(gutter.start, gutter.end) >= 1


def was_drawn_on_others(image: PageImage, gutter: Gutter, turn_deg: Turn) -> bool:
    """Say whether a line for all scans of a book is meant for those that lie otherwise than this.

    The line of a spread parts its longer side, whichever way the scan was laid on the glass.
    """
    height, width = image.pixels.shape
    is_sideways = gutter.across or turn_deg in (90, 270)
    parts_longer = (height > width) == gutter.across
    return gutter.for_all and not is_whole(gutter) and is_sideways and not parts_longer


def part(image: PageImage, fold: Fold) -> tuple[PageImage, PageImage]:
    """Return the two sides of a fold; what the other page reaches into them becomes paper."""
    height, width = image.pixels.shape
    paper = page_ink(image).paper
    x = np.linspace(fold.top, fold.bottom, height)[:, None]
    start = max(0, int(np.floor(x.min())))
    end = min(width, int(np.ceil(x.max())) + 1)
    left, right = image.pixels[:, :end].copy(), image.pixels[:, start:].copy()
    across = np.arange(start, end)[None]
    left[:, start:][across > x] = paper
    right[:, : end - start][across < x] = paper
    return (
        replace(image, pixels=left, side="left"),
        replace(image, pixels=right, side="right", to_scan=image.to_scan @ shift(start, 0)),
    )


def find_fold(image: PageImage) -> Fold | None:
    """Return the line where two pages meet, or None on a single page.

    A fold, seen by its shadow from the head to the foot of the paper, tells it, also where a
    table runs across; else an empty band between two blocks. A table's outer rule is neither.
    """
    desk = _lay_level(image)
    width = desk.right - desk.left
    height = desk.bottom - desk.top
    if width < _LEAST_ASPECT * height or height < _LEAST_PX:
        return None
    line, depth = _find_shadow(desk)
    if _SEEN <= depth < _PLAIN and _strokes_across(desk, line) >= _WRITTEN:
        depth = 0.0  # what the paper itself has
    if depth < _SEEN:
        gap = _find_gap(desk)
        if gap is None:
            return None
        if depth < _HINTED or not gap[0] <= line[1] <= gap[1]:
            line = np.array([0.0, _middle(gap, desk)])
    return _on_image(line, desk, image.pixels.shape[0])


def _lay_level(image: PageImage) -> _Desk:
    page, direction = page_ink(image), page_direction(image)
    skew_deg = direction.deg if direction and abs(direction.deg) <= _MAX_SKEW_DEG else 0.0
    matrix, size = turn_matrix(page.ink.shape[1], page.ink.shape[0], skew_deg)
    small = shrink(image.pixels, page.reduction)
    paper = np.where(find_bed(small) > 0, 0, 255).astype(np.uint8)
    to_image = np.linalg.inv(matrix)
    to_image[:2] *= page.reduction
    return _Desk(
        _turned(small, matrix, size, float(page.paper)),
        np.asarray(cv2.warpAffine(page.ink, matrix[:2], size), np.float32),
        *_paper_box(_turned(paper, matrix, size, 0.0)),
        to_image.astype(np.float64),
    )


def _turned(pixels: Pixels, matrix: Matrix, size: tuple[int, int], fill: float) -> Pixels:
    turned = cv2.warpAffine(pixels, matrix[:2], size, flags=cv2.INTER_LINEAR, borderValue=fill)
    return np.asarray(turned, np.uint8)


def _paper_box(paper: Pixels) -> tuple[int, int, int, int]:
    """Return left, right, top, bottom of the rows and columns that are mostly paper."""
    columns = np.flatnonzero(paper.mean(0) > 100)
    rows = np.flatnonzero(paper.mean(1) > 100)
    if not columns.size or not rows.size:
        return 0, 0, 0, 0
    return int(columns[0]), int(columns[-1]) + 1, int(rows[0]), int(rows[-1]) + 1


def _find_shadow(desk: _Desk) -> tuple[Curve, float]:
    """Return the line (slope, x at half height) of the deepest fold, and the light it takes."""
    width = desk.right - desk.left
    depths = np.array([_depth(light) for light in _band_lights(desk)])
    y = _band_middles(desk)
    zone = np.arange(round(_FOLD_ZONE[0] * width), round(_FOLD_ZONE[1] * width))
    line, depth = _best_line(depths, y, zone, _SLANTS, _seen_throughout)
    near = np.arange(round(line[1]) - 6, round(line[1]) + 7)
    line, _ = _best_line(np.minimum(depths, 2 * depth), y, near, line[0] + _FINE_SLANTS, _mean)
    return line + np.array([0.0, desk.left]), depth


def _strokes_across(desk: _Desk, line: Curve) -> int:
    """Return how many strokes of writing a line crosses; rules do not count."""
    inked = (desk.ink > _FAINT_INK).astype(np.uint8)
    for shape in ((_RULE_PX, 1), (1, _LONG_PX)):
        rules = cv2.morphologyEx(inked, cv2.MORPH_OPEN, np.ones(shape, np.uint8))
        inked[cv2.dilate(rules, np.ones((3, 3), np.uint8)) > 0] = 0
    y = np.arange(desk.top, desk.bottom)
    x = np.round(line[1] + line[0] * (y - (desk.top + desk.bottom) / 2)).astype(int)
    crossed = inked[y, np.clip(x, 0, inked.shape[1] - 1)]
    return int(np.count_nonzero(np.diff(crossed, prepend=0) == 1))


def _best_line(
    depths: Curve, y: Curve, xs: Columns, slants: Curve, worth: Callable[[Curve], Curve]
) -> tuple[Curve, float]:
    """Return the best of the lines through the columns xs at half height, and its worth."""
    bands = np.arange(len(depths))[:, None]
    columns = xs + np.round(slants[:, None, None] * y[:, None]).astype(int)
    seen = worth(depths[bands, np.clip(columns, 0, depths.shape[1] - 1)])
    slant, x = np.unravel_index(int(seen.argmax()), seen.shape)
    return np.array([slants[slant], float(xs[x])]), float(seen.max())


def _seen_throughout(depths: Curve) -> Curve:
    """Return for each line the depth that most of its bands reach, those at head and foot too.

    Rules of a table end at its head and foot; a fold goes on to the edges of the paper.
    """
    most = np.quantile(depths, 1 - _SEEN_BANDS, axis=-2)
    head, foot = depths[..., :2, :].max(-2), depths[..., -2:, :].max(-2)
    return np.asarray(np.minimum(most, np.minimum(head, foot)), np.float64)


def _mean(depths: Curve) -> Curve:
    return np.asarray(depths.mean(-2), np.float64)


def _band_lights(desk: _Desk) -> list[Curve]:
    """Return for each of some horizontal bands the light of the bare paper in every column."""
    paper = _without_rules(desk)[desk.top : desk.bottom, desk.left : desk.right]
    return [
        np.asarray(np.percentile(band, _BARE_PERCENTILE, axis=0), np.float64)
        for band in np.array_split(paper, _BANDS)
    ]


def _without_rules(desk: _Desk) -> Pixels:
    """Return the picture with its upright rules painted in the light beside them."""
    beside = cv2.morphologyEx(desk.grey, cv2.MORPH_CLOSE, np.ones((1, _THICK_PX), np.uint8))
    thin = (desk.grey < beside * (1 - _RULE_INK)).astype(np.uint8)
    rules = cv2.morphologyEx(thin, cv2.MORPH_OPEN, np.ones((_RULE_PX, 1), np.uint8))
    rules = cv2.dilate(rules, np.ones((1, 3), np.uint8))
    return np.where(rules > 0, beside, desk.grey).astype(np.uint8)


def _band_middles(desk: _Desk) -> Curve:
    """Return the height of the middle of each band, from the middle of the paper."""
    step = (desk.bottom - desk.top) / _BANDS
    middles = (np.arange(_BANDS) + 0.5) * step - (desk.bottom - desk.top) / 2
    return np.asarray(middles, np.float64)


def _depth(light: Curve) -> Curve:
    """Return for each column which share of the light on both sides of it is missing."""
    inner, outer = (round(share * len(light)) for share in _SHOULDER)
    wide = np.pad(light, outer, mode="edge")
    # The median of the light beside it, so that rules and edges there do not count.
    beside = cv2.medianBlur(wide.astype(np.uint8)[None], 2 * ((outer - inner) // 2) + 1)[0]
    reach = (inner + outer) // 2
    left = beside[outer - reach :][: len(light)].astype(np.float64)
    right = beside[outer + reach :][: len(light)].astype(np.float64)
    smooth = cv2.blur(light[None], (3, 1))[0].astype(np.float64)
    share = smooth / np.maximum(np.minimum(left, right), 1)
    return np.asarray(1 - share, np.float64)


def _find_gap(desk: _Desk) -> tuple[int, int] | None:
    """Return the left and right end of an empty band between two blocks of writing."""
    width = desk.right - desk.left
    ink = desk.ink[desk.top : desk.bottom, desk.left : desk.right]
    columns = (ink > _FAINT_INK).mean(0)
    zone = (round(_GAP_ZONE[0] * width), round(_GAP_ZONE[1] * width))
    start, end = _longest_run(columns <= _SPECKS, *zone)
    if end - start < _LEAST_GAP * width or _is_crossed(ink[:, start:end]):
        return None
    least = _LEAST_INK * float(columns.sum())
    if min(float(columns[:start].sum()), float(columns[end:].sum())) <= least:
        return None
    # An empty strip within one table has writing on one side and a rule on the other.
    if _holds_rule(ink[:, max(0, start - 4) : start]) != _holds_rule(ink[:, end : end + 4]):
        return None
    return desk.left + start, desk.left + end - 1


def _holds_rule(strip: Ink) -> bool:
    """Tell whether a rule, perhaps a broken one, runs down a narrow strip."""
    inked = (strip.max(1) > _FAINT_INK).astype(np.uint8)[:, None]
    runs = cv2.morphologyEx(inked, cv2.MORPH_OPEN, np.ones((_RULE_PX, 1), np.uint8))
    return bool(runs.mean() > _RULE_SHARE)


def _is_crossed(gap: Ink) -> bool:
    """Tell whether a rule, perhaps a broken one, runs across from side to side."""
    parts = np.array([part.mean(1) for part in np.array_split(gap, _RULE_PARTS, axis=1)])
    return bool((np.count_nonzero(parts > _FAINT_INK / 2, axis=0) >= _RULE_PARTS * 0.75).any())


def _middle(gap: tuple[int, int], desk: _Desk) -> float:
    """Return where to cut a gap: in its middle, or nearer the paper's where it is wide."""
    middle = (gap[0] + gap[1]) / 2
    spare = max(0.0, (gap[1] - gap[0]) / 2 - _LEAST_GAP * (desk.right - desk.left))
    return float(np.clip((desk.left + desk.right) / 2, middle - spare, middle + spare))


def _longest_run(empty: npt.NDArray[np.bool_], zone_start: int, zone_end: int) -> tuple[int, int]:
    """Return start and end of the longest run whose middle lies in the zone."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], empty, [False]]).astype(int)))
    runs = edges.reshape(-1, 2)
    middles = runs.mean(1)
    runs = runs[(middles >= zone_start) & (middles <= zone_end)]
    if not len(runs):
        return 0, 0
    start, end = runs[(runs[:, 1] - runs[:, 0]).argmax()]
    return int(start), int(end)


def _on_image(line: Curve, desk: _Desk, height: int) -> Fold:
    """Carry a line of the level picture back to the image, through its top and bottom edge."""
    half = (desk.bottom - desk.top) / 2
    middle = (desk.top + desk.bottom) / 2
    ends = np.array([[np.polyval(line, y), middle + y, 1.0] for y in (-half, half)])
    (x0, y0), (x1, y1) = (desk.to_image @ ends.T).T[:, :2]
    slope = (x1 - x0) / (y1 - y0)
    return Fold(float(x0 - slope * y0), float(x0 + slope * (height - 1 - y0)))
