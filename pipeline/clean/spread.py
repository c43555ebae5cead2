"""Find the gutter of an open book, and part its two pages."""

from dataclasses import replace
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from pipeline.clean.border import find_bed, shift
from pipeline.clean.deskew import find_direction, turn_matrix
from pipeline.clean.ink import Ink, map_ink, shrink
from pipeline.values import Matrix, PageImage, Pixels

_LEAST_ASPECT = 1.15  # width by height of the paper; two upright pages are 1.3 to 1.6
_MAX_SKEW_DEG = 12.0
_BANDS = 10
_BARE_PERCENTILE = 85  # of the greys in a column of a band: paper, not writing

_SHADOW_ZONE = (0.3, 0.7)  # of the paper's width; a book scanned off the middle, or a volume's end
_SHOULDER = (0.025, 0.08)  # of the width: where the light beside a shadow is taken
_STROKE = 0.008  # of the width: narrower dips of light are rules
_DEEP = 0.06  # share of light lost in a shadow that needs no other evidence
_FAINT = 0.025
_AGREEING_BANDS = 0.7
_STRAIGHT = 0.012  # of the width: how far the shadow of one band may lie off the line of all

_GAP_ZONE = (0.4, 0.6)
_LEAST_GAP = 0.03  # of the width: the inner margins of two pages; columns of print stand closer
_LEAST_INK = 0.12  # of all ink, on either side of the gap
_SPECKS = 0.004  # share of inked px in a column that still counts as empty


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
    """Return the left and the right page of a spread, or the page itself."""
    fold = find_fold(image)
    return (image,) if fold is None else part(image, fold)


def part(image: PageImage, fold: Fold) -> tuple[PageImage, PageImage]:
    """Return the two sides of a fold; what the other page reaches into them becomes paper."""
    height, width = image.pixels.shape
    paper = map_ink(image.pixels).paper
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

    A shadow or a fold from the head to the foot of the paper tells it, also where a table runs
    across; else an empty band between two blocks. A table's outer rule is neither.
    """
    desk = _lay_level(image.pixels)
    width = desk.right - desk.left
    if width < _LEAST_ASPECT * (desk.bottom - desk.top) or width < 50:
        return None
    shadow = _find_shadow(desk)
    gap = _find_gap(desk)
    if shadow is not None and (shadow[1] >= _DEEP or gap is not None):
        return _on_image(shadow[0], desk, image.pixels.shape[0])
    return None if gap is None else _on_image(np.array([0.0, gap]), desk, image.pixels.shape[0])


def _lay_level(pixels: Pixels) -> _Desk:
    page = map_ink(pixels)
    direction = find_direction(page.ink)
    skew_deg = direction.deg if direction and abs(direction.deg) <= _MAX_SKEW_DEG else 0.0
    matrix, size = turn_matrix(page.ink.shape[1], page.ink.shape[0], skew_deg)
    small = shrink(pixels, page.reduction)
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


def _find_shadow(desk: _Desk) -> tuple[npt.NDArray[np.float64], float] | None:
    """Return the line (slope, x at half height) and the depth of a shadow through the paper."""
    width = desk.right - desk.left
    lights = _band_lights(desk)
    depths = np.array([_depth(light, width) for light in lights])
    zone = np.s_[round(_SHADOW_ZONE[0] * width) : round(_SHADOW_ZONE[1] * width)]
    common = np.median(depths, axis=0)
    common[: zone.start] = common[zone.stop :] = 0
    middle, depth = int(common.argmax()), float(common.max())
    if depth < _FAINT:
        return None
    reach = max(3, round(0.03 * width))
    near = depths[:, max(0, middle - reach) : middle + reach + 1]
    x = near.argmax(1) + max(0, middle - reach) + desk.left
    y = _band_middles(desk)
    line = _fit(y, x.astype(np.float64), near.max(1) > depth / 3)
    off = np.abs(np.polyval(line, y) - x)
    agreeing = (off < max(2.0, _STRAIGHT * width)) & (near.max(1) > depth / 3)
    return (line, depth) if agreeing.mean() >= _AGREEING_BANDS else None


def _band_lights(desk: _Desk) -> npt.NDArray[np.float64]:
    """Return for each of some horizontal bands the light of the bare paper in every column."""
    paper = desk.grey[desk.top : desk.bottom, desk.left : desk.right]
    return np.array(
        [np.percentile(band, _BARE_PERCENTILE, axis=0) for band in np.array_split(paper, _BANDS)]
    )


def _band_middles(desk: _Desk) -> npt.NDArray[np.float64]:
    """Return the height of the middle of each band, from the middle of the paper."""
    step = (desk.bottom - desk.top) / _BANDS
    return (np.arange(_BANDS) + 0.5) * step - (desk.bottom - desk.top) / 2


def _depth(light: npt.NDArray[np.float64], width: int) -> npt.NDArray[np.float64]:
    """Return for each column which share of the light on both sides of it is missing."""
    stroke = max(3, round(_STROKE * width)) | 1
    smooth = cv2.medianBlur(light.astype(np.float32)[None], 5)[0]
    smooth = cv2.morphologyEx(smooth[None], cv2.MORPH_CLOSE, np.ones((1, stroke)))[0]
    smooth = cv2.blur(smooth[None], (stroke, 1))[0]
    inner, outer = (round(share * width) for share in _SHOULDER)
    wide = np.pad(smooth, outer, mode="edge")
    length = outer - inner
    mean = np.convolve(wide, np.ones(length) / length, mode="valid")
    left = mean[: len(light)]
    right = mean[outer + inner :][: len(light)]
    beside = np.maximum(np.minimum(left, right), 1)
    return np.asarray(1 - smooth / beside, np.float64)


def _fit(
    y: npt.NDArray[np.float64], x: npt.NDArray[np.float64], use: npt.NDArray[np.bool_]
) -> npt.NDArray[np.float64]:
    """Return (slope, x at y = 0) of the line through most of the points (Theil and Sen)."""
    if use.sum() < 3:
        return np.array([0.0, float(np.median(x))])
    y, x = y[use], x[use]
    first, second = np.triu_indices(len(y), 1)
    slope = float(np.median((x[second] - x[first]) / (y[second] - y[first])))
    return np.array([slope, float(np.median(x - slope * y))], np.float64)


def _find_gap(desk: _Desk) -> float | None:
    """Return the x of the middle of an empty band between two blocks of writing."""
    width = desk.right - desk.left
    inked = desk.ink[desk.top : desk.bottom, desk.left : desk.right] > 0.1
    columns = inked.mean(0)
    empty = columns <= _SPECKS
    start, end = _longest_run(empty, round(_GAP_ZONE[0] * width), round(_GAP_ZONE[1] * width))
    if end - start < _LEAST_GAP * width:
        return None
    total = float(columns.sum())
    sides = (float(columns[:start].sum()), float(columns[end:].sum()))
    if total == 0 or min(sides) < _LEAST_INK * total:
        return None
    return desk.left + (start + end - 1) / 2


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


def _on_image(line: npt.NDArray[np.float64], desk: _Desk, height: int) -> Fold:
    """Carry a line of the level picture back to the image, through its top and bottom edge."""
    half = (desk.bottom - desk.top) / 2
    middle = (desk.top + desk.bottom) / 2
    ends = np.array([[np.polyval(line, y), middle + y, 1.0] for y in (-half, half)])
    (x0, y0), (x1, y1) = (desk.to_image @ ends.T).T[:, :2]
    slope = (x1 - x0) / (y1 - y0)
    return Fold(float(x0 - slope * y0), float(x0 + slope * (height - 1 - y0)))
