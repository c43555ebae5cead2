"""Find the paper on the scanner's bed, and cut the bed away."""

from dataclasses import replace

import cv2
import numpy as np

from pipeline.clean.ink import Mask, find_paper, reduction_of, shrink, solid_dark
from pipeline.values import Matrix, PageImage, Pixels, Polygon

_THUMB = 4
_DARK_SHARE = 0.6  # of the paper's light: the bed and its blurred edge are darker
_LID_STEP = 8  # greys by which a lid is at least brighter than the paper
_LID_SHARE = 0.7  # of an edge of the frame that a lid takes up
_INK_SHARE = 0.8
_LEAST_SHARE = 0.2  # of the frame: a smaller light patch is no page
_EDGE_PX = 2.0  # of the smaller picture: what the outline may be off


def find_page(image: PageImage) -> Polygon:
    """Return the outline of the paper in px of the image; the whole frame when no bed shows.

    The outline is convex; only areas that reach the frame are bed.
    """
    reduction = reduction_of(image.pixels)
    return _outline(find_bed(shrink(image.pixels, reduction)), reduction, image.pixels.shape)


def crop(image: PageImage) -> PageImage:
    """Return the page cut to the paper's box, what bed remains painted in the paper's colour."""
    height, width = image.pixels.shape
    reduction = reduction_of(image.pixels)
    bed = find_bed(shrink(image.pixels, reduction))
    if not bed.any():
        return image
    outline = np.array(_outline(bed, reduction, (height, width)))
    left, top = np.floor(outline.min(0)).astype(int)
    right, bottom = np.ceil(outline.max(0)).astype(int) + 1
    whole_bed = cv2.resize(bed, None, fx=reduction, fy=reduction, interpolation=cv2.INTER_NEAREST)
    whole_bed = cv2.copyMakeBorder(
        whole_bed, 0, reduction, 0, reduction, cv2.BORDER_REPLICATE
    )[top:bottom, left:right]  # fmt: skip
    pixels = image.pixels[top:bottom, left:right].copy()
    pixels[whole_bed > 0] = find_paper(image.pixels)
    return replace(image, pixels=pixels, to_scan=image.to_scan @ shift(left, top))


def shift(x: float, y: float) -> Matrix:
    """Return the matrix that maps a cut-out to the picture it was cut from at (x, y)."""
    matrix = np.eye(3)
    matrix[:2, 2] = x, y
    return matrix


def find_bed(small: Pixels) -> Mask:
    """Return 255 where a picture shows the scanner's bed or lid, or a black band, at its frame."""
    thumb = shrink(small, _THUMB)
    dark = _touching_frame(solid_dark(thumb))
    if not dark.any():
        light = _find_lid(thumb)
        return np.asarray(cv2.resize(light, small.shape[::-1], interpolation=cv2.INTER_NEAREST))
    paper = float(np.median(thumb[dark == 0])) if (dark == 0).any() else 255.0
    near = cv2.resize(dark, small.shape[::-1], interpolation=cv2.INTER_NEAREST)
    bed = np.where((small < paper * _DARK_SHARE) & (near > 0), 255, 0).astype(np.uint8)
    return np.asarray(cv2.dilate(bed, np.ones((3, 3), np.uint8)), np.uint8)


def _find_lid(thumb: Pixels) -> Mask:
    """Return 255 where the lid shines brighter than the paper, all along an edge of the frame.

    An unevenly lit page is brighter at an edge too, but without a step; and nobody writes on lids.
    """
    nothing = np.zeros(thumb.shape, np.uint8)
    bare = cv2.morphologyEx(thumb, cv2.MORPH_CLOSE, np.ones((7, 7), np.uint8))
    bright = np.where(bare > np.median(bare) + _LID_STEP, 255, 0).astype(np.uint8)
    lid = cv2.morphologyEx(_touching_frame(bright), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    edges = (lid[0], lid[-1], lid[:, 0], lid[:, -1])
    if max(float((edge > 0).mean()) for edge in edges) < _LID_SHARE:
        return nothing
    around = (cv2.dilate(lid, np.ones((3, 3), np.uint8)) > 0) & (lid == 0)
    step = cv2.morphologyEx(bare, cv2.MORPH_GRADIENT, np.ones((5, 5), np.uint8))
    inked = thumb < bare * _INK_SHARE
    if not around.any() or np.median(step[around]) < _LID_STEP or inked[lid > 0].any():
        return nothing
    return np.asarray(cv2.erode(lid, np.ones((3, 3), np.uint8), borderValue=255), np.uint8)


def _touching_frame(mask: Mask) -> Mask:
    """Return the parts of a mask that reach the frame of the picture."""
    _, labels = cv2.connectedComponents(mask)
    frame = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    wanted = np.setdiff1d(frame, [0])
    return np.where(np.isin(labels, wanted), 255, 0).astype(np.uint8)


def _outline(bed: Mask, reduction: int, shape: tuple[int, ...]) -> Polygon:
    """Return the convex outline of the largest area that is not bed."""
    height, width = shape
    frame = ((0.0, 0.0), (width - 1.0, 0.0), (width - 1.0, height - 1.0), (0.0, height - 1.0))
    if not bed.any():
        return frame
    _, labels, stats, _ = cv2.connectedComponentsWithStats(cv2.bitwise_not(bed), connectivity=4)
    areas = stats[1:, cv2.CC_STAT_AREA]
    if not areas.size or areas.max() < _LEAST_SHARE * bed.size:
        return frame
    paper = (labels == 1 + int(areas.argmax())).astype(np.uint8)
    contours, _ = cv2.findContours(paper, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    hull = cv2.convexHull(max(contours, key=cv2.contourArea)).reshape(-1, 2)
    rough = cv2.approxPolyDP(hull, _EDGE_PX, closed=True).reshape(-1, 2).astype(np.float64)
    # The middle of a small pixel lies in the middle of the pixels it stands for.
    whole = rough * reduction + (reduction - 1) / 2
    first = int(whole.sum(1).argmin())
    ordered = np.roll(whole, -first, axis=0)
    return tuple(
        (float(np.clip(x, 0, width - 1)), float(np.clip(y, 0, height - 1))) for x, y in ordered
    )
