"""Cut a line out of its page and show the engines its ink, whole and in full contrast."""

from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from pipeline.values import Line, PageImage, Pixels, Polygon

Mask = npt.NDArray[np.bool_]

WHITE = 255
MIN_CONTRAST = 24  # grey levels between ink and paper; less is the paper's own grain
MIN_LIT_PX = 12  # a smaller crop has one brightness of paper
MAX_SIDE_PX = 20_000  # a line longer than A1 at 300 dpi is a mistake of the layout


class Box(NamedTuple):
    """A rectangle in px of a crop; right and bottom stand just outside."""

    left: int
    top: int
    right: int
    bottom: int


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
    frame = corners(line.polygon)
    if frame is None:
        return blank_crop()
    top_left, top_right, bottom_right, bottom_left = frame
    width = max(np.hypot(*(top_right - top_left)), np.hypot(*(bottom_right - bottom_left)))
    height = max(np.hypot(*(bottom_left - top_left)), np.hypot(*(bottom_right - top_right)))
    if not (1 <= width <= MAX_SIDE_PX and 1 <= height <= MAX_SIDE_PX):
        return blank_crop()
    size = (round(float(width)), round(float(height)))
    target = np.array(
        [(0, 0), (size[0], 0), (size[0], size[1]), (0, size[1])],
        np.float32,
    )
    warp = cv2.getPerspectiveTransform(frame, target)
    if not np.isfinite(warp).all():
        return blank_crop()
    cut = cv2.warpPerspective(
        image.pixels,
        warp,
        size,
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=WHITE,
    )
    return np.asarray(cut, np.uint8)


def stretch_contrast(crop: Pixels) -> Pixels:
    """Return the crop with its paper white and its darkest ink black.

    Paper is taken as the bright side of each neighbourhood, so that a shadow across the line
    does not read as ink.
    """
    lit = _even_light(crop)
    dark = float(np.percentile(lit, 1))
    if WHITE - dark < MIN_CONTRAST:
        return np.full_like(crop, WHITE)
    stretched = (lit.astype(np.float32) - dark) * (WHITE / (WHITE - dark))
    return np.asarray(np.clip(stretched, 0, WHITE), np.uint8)


def _even_light(crop: Pixels) -> Pixels:
    """Return the crop divided by the brightness of its paper."""
    height, width = crop.shape
    if min(height, width) < MIN_LIT_PX:
        even = crop * (WHITE / max(1.0, float(np.percentile(crop, 80))))
    else:
        small = cv2.resize(crop, (width // 4, height // 4), interpolation=cv2.INTER_AREA)
        reach = min(height, width) // 8 | 1
        bright = cv2.dilate(small, np.ones((reach, 2 * reach + 1), np.uint8))
        paper = cv2.resize(cv2.blur(bright, (9, 9)), (width, height))
        even = crop * (WHITE / np.maximum(paper.astype(np.float32), 1.0))
    return np.asarray(np.clip(even, 0, WHITE), np.uint8)


def ink_mask(crop: Pixels) -> Mask:
    """Return where the crop has ink: bool, same shape."""
    stretched = stretch_contrast(crop)
    if stretched.min() == WHITE:
        return np.zeros(crop.shape, np.bool_)
    level, _ = cv2.threshold(stretched, 0, 255, cv2.THRESH_BINARY_INV + cv2.THRESH_OTSU)
    return np.asarray(stretched <= min(level, 200), np.bool_)


def ink_box(crop: Pixels) -> Box | None:
    """Return the rectangle around the line's ink; None when nothing is written."""
    return _box_of(ink_mask(crop))


def _box_of(mask: Mask) -> Box | None:
    columns = np.flatnonzero(mask.any(axis=0))
    rows = np.flatnonzero(mask.any(axis=1))
    if not len(columns):
        return None
    return Box(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)


def trim_to_ink(crop: Pixels) -> Pixels:
    """Return the crop without the empty paper around its ink; blank when there is none."""
    box = ink_box(crop)
    if box is None:
        return blank_crop()
    return crop[box.top : box.bottom, box.left : box.right]
