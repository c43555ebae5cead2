"""Where a point of a page image lies on the scan, and the way back: the one home of both."""

import cv2
import numpy as np
import numpy.typing as npt

from pipeline.values import Bend, PageImage, Polygon

Points = npt.NDArray[np.float64]

_ROUNDS = 12  # a bend moves neighbours almost alike, so that each round leaves a third of the error


def on_scan(image: PageImage, polygon: Polygon) -> Polygon:
    """Return where the corners of a polygon of the page image lie on the scan, px to a tenth."""
    points = _points(polygon)
    bent = points if image.bend is None else points + moves_at(image.bend, points)
    return _polygon(_through(image.to_scan, bent))


def on_page(image: PageImage, polygon: Polygon) -> Polygon:
    """Return where the corners of a polygon of the scan lie on the page image, px to a tenth."""
    bent = _through(np.asarray(np.linalg.inv(image.to_scan), np.float64), _points(polygon))
    points = bent
    for _ in range(_ROUNDS if image.bend is not None else 0):
        assert image.bend is not None
        points = bent - moves_at(image.bend, points)
    return _polygon(points)


def moves_at(bend: Bend, points: Points) -> Points:
    """Return how far each point, shape (n, 2), was moved; beyond the grid as at its border."""
    last = np.array(bend.moves.shape[1::-1]) - 1
    at = np.clip(points / bend.step, 0, last)
    first = np.minimum(at.astype(np.int64), np.maximum(last - 1, 0))
    x, y = (at - first).T[..., None]
    column, row = first.T
    right, below = np.minimum(first + 1, last).T
    upper = (1 - x) * bend.moves[row, column] + x * bend.moves[row, right]
    lower = (1 - x) * bend.moves[below, column] + x * bend.moves[below, right]
    return np.asarray((1 - y) * upper + y * lower, np.float64)


def _points(polygon: Polygon) -> Points:
    return np.asarray(polygon, np.float64).reshape(-1, 2)


def _through(matrix: npt.NDArray[np.float64], points: Points) -> Points:
    moved = cv2.perspectiveTransform(points.reshape(-1, 1, 2), matrix)
    return np.asarray(moved, np.float64).reshape(-1, 2)


def _polygon(points: Points) -> Polygon:
    return tuple((round(float(x), 1), round(float(y), 1)) for x, y in points)
