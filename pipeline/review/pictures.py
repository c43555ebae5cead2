"""The picture of a record or a field, cut upright out of its page, and where fields lie in it."""

from collections.abc import Iterable
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from pipeline.values import Pixels, Polygon

_PAPER, _NO_TINT = (255,), (128, 128)
_COVER = (128,) * 3  # grey, as no paper is: that something is hidden is not
_MOST_PX = 4000  # of a side: a screen shows no more


class Cut(NamedTuple):
    """A part of a page.

    Attributes:
        warp: 3x3, from px of the page to px of the part.
        width, height: of the part, px.
    """

    warp: npt.NDArray[np.float64]
    width: int
    height: int


def cut_of(polygon: Polygon, margin: float, scale: float = 1.0) -> Cut:
    """Return the part of a page that holds a polygon, upright.

    Args:
        polygon: px of the page, at least three corners; of four the first is the top left one.
        margin: paper around it, as a share of its height.
        scale: px of the part for one of the page.
    """
    points = np.asarray(polygon, np.float32).reshape(-1, 2)
    if len(points) != 4:
        left, top, width, height = cv2.boundingRect(points)
        right, bottom = left + width, top + height
        points = np.array([(left, top), (right, top), (right, bottom), (left, bottom)], np.float32)
    top_left, top_right, bottom_right, bottom_left = points
    width = max(np.hypot(*(top_right - top_left)), np.hypot(*(bottom_right - bottom_left)), 1.0)
    height = max(np.hypot(*(bottom_left - top_left)), np.hypot(*(bottom_right - top_right)), 1.0)
    room = margin * height
    scale = min(scale, _MOST_PX / (width + 2 * room), _MOST_PX / (height + 2 * room))
    inner = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32) + room
    warp = cv2.getPerspectiveTransform(points, np.asarray(inner * scale, np.float32))
    return Cut(
        np.asarray(warp, np.float64),
        max(1, round((width + 2 * room) * scale)),
        max(1, round((height + 2 * room) * scale)),
    )


class Planes(NamedTuple):
    """A page as JPEG keeps it: half the memory of its pixels in BGR.

    Attributes:
        grey: brightness.
        tint: Cr and Cb, at half the size; None of a grey page.
    """

    grey: Pixels
    tint: Pixels | None


def planes_of(pixels: Pixels) -> Planes:
    """Return a page, grey or in BGR, as planes."""
    if pixels.ndim == 2:
        return Planes(pixels, None)
    height, width = pixels.shape[:2]
    told = cv2.cvtColor(pixels, cv2.COLOR_BGR2YCrCb)
    size = ((width + 1) // 2, (height + 1) // 2)
    tint = cv2.resize(told[..., 1:], size, interpolation=cv2.INTER_AREA)
    return Planes(np.array(told[..., 0], np.uint8), np.asarray(tint, np.uint8))


def part_of(planes: Planes, cut: Cut) -> Pixels:
    """Return the pixels of a part, grey or in BGR as the page; white where that ends."""
    grey = _warped(planes.grey, cut, _PAPER)
    if planes.tint is None:
        return grey
    (height, width), (rows, columns) = planes.grey.shape, planes.tint.shape[:2]
    halved = cut._replace(warp=cut.warp @ np.diag([width / columns, height / rows, 1.0]))
    whole = np.dstack((grey, _warped(planes.tint, halved, _NO_TINT)))
    return np.asarray(cv2.cvtColor(whole, cv2.COLOR_YCrCb2BGR), np.uint8)


def _warped(pixels: Pixels, cut: Cut, border: tuple[int, ...]) -> Pixels:
    found = cv2.warpPerspective(
        pixels,
        cut.warp,
        (cut.width, cut.height),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=border,
    )
    return np.asarray(found, np.uint8)


def in_part(cut: Cut, polygons: Iterable[Polygon]) -> list[Polygon]:
    """Return where polygons of the page lie in a part, px of it."""
    found = []
    for polygon in polygons:
        points = np.asarray(polygon, np.float64).reshape(-1, 1, 2)
        seen = cv2.perspectiveTransform(points, cut.warp).reshape(-1, 2)
        found.append(tuple((float(x), float(y)) for x, y in seen))
    return found


def covered(pixels: Pixels, polygons: Iterable[Polygon]) -> Pixels:
    """Return a copy of a picture on which what lies in these polygons cannot be seen."""
    shown = pixels.copy()
    for polygon in polygons:
        cv2.fillPoly(shown, [np.asarray(polygon, np.float64).round().astype(np.int32)], _COVER)
    return shown


def places_in(cut: Cut, polygons: Iterable[Polygon]) -> list[tuple[float, float, float, float]]:
    """Return where polygons of the page lie in a part: left, top, width, height as shares of it."""
    found = []
    for polygon in in_part(cut, polygons):
        seen = np.clip(np.asarray(polygon) / (cut.width, cut.height), 0.0, 1.0)
        (left, top), (right, bottom) = seen.min(axis=0), seen.max(axis=0)
        found.append((float(left), float(top), float(right - left), float(bottom - top)))
    return found
