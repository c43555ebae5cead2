"""Slips of paper pasted on a page: told by their shade, hidden from the rest, read by themselves.

A slip is a rectangle that is lighter or darker than the paper around it, with a sharp edge all
along; a stain is round, a shadow has no edge. What lies under it, nobody can read: that is told.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from pipeline.layout.darkness import Scale
from pipeline.values import Line, Matrix, PageImage, Pixels, Polygon

Floats = npt.NDArray[np.float64]

STEP_MM = 0.7  # at which the paper is looked at
STROKES_MM = 5.0  # of writing, rules and their neighbours, which are no paper
AROUND_MM = 105.0  # a slip is less than half of what is around it
PALER, EDGE = 4, 3  # grey levels between two papers: inside, and across the edge
LEAST_MM, MOST_MM = (20.0, 35.0), 160.0  # of a slip's sides
WHOLE = 0.88  # share of its rectangle
SHARP, SHARPEST = 0.45, 0.8  # share of an edge that is sharp: of each side, and of all together
ACROSS_MM = 2.0  # from the edge, on both sides
CORNER = 0.06  # of a side, at its ends, which may be bent
RIM_MM, MARGIN_MM = 1.5, 0.8  # of its shadow around it, and of its edge inside
WHITE = 255


@dataclass(frozen=True, slots=True, eq=False)
class Slip:
    """A slip of paper.

    Attributes:
        polygon: its corners, px of the page image.
        picture: it alone, level; `to_scan` is that of the page.
        to_page: 3x3, from px of the picture to px of the page image.
    """

    polygon: Polygon
    picture: PageImage
    to_page: Matrix

    def on_page(self, line: Line) -> Line:
        """Return a line of the picture where it stands on the page."""
        points = cv2.perspectiveTransform(np.array([line.polygon], np.float64), self.to_page)[0]
        return replace(line, polygon=tuple((float(x), float(y)) for x, y in points))


def find_slips(image: PageImage) -> tuple[Slip, ...]:
    """Return the slips on a level page; one as light as the page, or folded, is not found."""
    paper, scale, step = _paper(image)
    around = _around(paper, scale)
    lighter = paper.astype(np.int16) - around
    return tuple(
        _cut_out(image, (rectangle + 0.5) * step - 0.5)
        for sign in (1, -1)
        for rectangle in _rectangles((sign * lighter > PALER).astype(np.uint8), scale)
        if _is_sharp(paper, rectangle, sign, scale)
    )


def without_slips(image: PageImage, slips: Sequence[Slip]) -> PageImage:
    """Return the page as if it were bare paper where slips and their shadows are."""
    paper, scale, _step = _paper(image)
    size = image.pixels.shape[1::-1]
    around = cv2.resize(_around(paper, scale), size, interpolation=cv2.INTER_LINEAR)
    hidden = np.zeros(image.pixels.shape, np.uint8)
    for slip in slips:
        points = [np.round(slip.polygon).astype(np.int32)]
        cv2.fillPoly(hidden, points, 1)
        rim = 2 * Scale(image.dpi).whole(RIM_MM)
        cv2.polylines(hidden, points, isClosed=True, color=1, thickness=rim)
    return replace(image, pixels=np.where(hidden > 0, around, image.pixels))


def _paper(image: PageImage) -> tuple[Pixels, Scale, float]:
    """Return the brightness of the paper, small; its scale; px of the page for one of its px."""
    step = max(1, round(Scale(image.dpi).px(STEP_MM)))
    size = (image.pixels.shape[1] // step, image.pixels.shape[0] // step)
    small = cv2.resize(image.pixels, size, interpolation=cv2.INTER_AREA)
    scale = Scale(image.dpi / step)
    reach = np.ones((scale.odd(STROKES_MM),) * 2, np.uint8)
    closed = cv2.morphologyEx(small, cv2.MORPH_CLOSE, reach, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(closed, np.uint8), scale, float(step)


def _around(paper: Pixels, scale: Scale) -> Pixels:
    return np.asarray(cv2.medianBlur(paper, scale.odd(AROUND_MM)), np.uint8)


def _rectangles(mask: Pixels, scale: Scale) -> Iterator[Floats]:
    """Yield the corners of each piece of the mask that is a rectangle of a slip's size."""
    reach = np.ones((scale.odd(8.0),) * 2, np.uint8)
    opened = cv2.morphologyEx(mask, cv2.MORPH_OPEN, reach)
    outlines, _ = cv2.findContours(opened, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    for outline in outlines:
        _middle, size, _turn = rectangle = cv2.minAreaRect(outline)
        short, long = sorted(size)
        is_big = short >= scale.px(LEAST_MM[0]) and long >= scale.px(LEAST_MM[1])
        is_whole = cv2.contourArea(outline) >= WHOLE * short * long
        if is_big and is_whole and long <= scale.px(MOST_MM):
            yield np.asarray(cv2.boxPoints(rectangle), np.float64)


def _is_sharp(paper: Pixels, corners: Floats, sign: int, scale: Scale) -> bool:
    """Tell whether the paper changes all along the edge of a rectangle."""
    middle, off = corners.mean(axis=0), scale.px(ACROSS_MM)
    shares = []
    for start, end in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        along = (end - start) / np.hypot(*(end - start))
        inwards = np.array([-along[1], along[0]])
        inwards *= np.sign((middle - start) @ inwards)
        steps = np.linspace(CORNER, 1 - CORNER, max(2, int(np.hypot(*(end - start)))))
        edge = start + steps[:, None] * (end - start)
        inside, outside = (_at(paper, edge + way * off * inwards) for way in (1, -1))
        shares.append(float((sign * (inside - outside) >= EDGE).mean()))
    return min(shares) >= SHARP and float(np.mean(shares)) >= SHARPEST


def _at(paper: Pixels, points: Floats) -> npt.NDArray[np.int16]:
    height, width = paper.shape
    xs, ys = np.round(points).astype(np.int64).T
    return np.asarray(paper[ys.clip(0, height - 1), xs.clip(0, width - 1)], np.int16)


def _cut_out(image: PageImage, corners: Floats) -> Slip:
    """Return a slip by its corners; what is up on the page is up on it."""
    first = int(np.argmin(corners.sum(axis=1)))
    ordered = np.roll(corners, -first, axis=0)
    if cv2.contourArea(ordered.astype(np.float32), oriented=True) < 0:
        ordered = np.roll(ordered[::-1], 1, axis=0)
    width, height = (np.hypot(*(ordered[at] - ordered[0])) for at in (1, 3))
    margin = Scale(image.dpi).px(MARGIN_MM)
    flat = np.array([[-margin, -margin], [width - margin, -margin],
                     [width - margin, height - margin], [-margin, height - margin]])  # fmt: skip
    to_page = cv2.getPerspectiveTransform(flat.astype(np.float32), ordered.astype(np.float32))
    size = (max(1, round(width - 2 * margin)), max(1, round(height - 2 * margin)))
    pixels = cv2.warpPerspective(
        image.pixels, to_page, size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderValue=WHITE,
    )  # fmt: skip
    picture = replace(image, pixels=np.asarray(pixels, np.uint8))
    polygon = tuple((float(x), float(y)) for x, y in ordered)
    return Slip(polygon, picture, np.asarray(to_page, np.float64))
