"""Straighten a page that is bent at the gutter, or was looked at askew, by its own rules.

A smooth field of moves is fitted that makes every rule straight and level (or upright). It is a
sheet of cubic B-splines that may lean and twist at no cost, so that it goes on beyond the table as
perspective does, and pays for each bend (Eilers and Marx, "Flexible smoothing with B-splines and
penalties", 1996). Nothing is known of the camera or of the book, so that distances along the rules
stay as they are seen.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from pipeline.clean.ink import find_paper
from pipeline.clean.places import moves_at
from pipeline.values import Bend, PageImage, Polygon

Floats = npt.NDArray[np.float64]
Field = npt.NDArray[np.float32]

MM_PER_INCH = 25.4
BENT_MM = 0.03  # off its middle height, the mean over a rule: flat pages have 0.00 to 0.02
HELPED = 0.6  # of that at most may be left by a warp
MOST_MOVED_MM = 30.0
STEEPEST = 0.5  # change of a move from one px to the next

_SAMPLE_MM = 3.0  # along a rule
_SHORTEST_MM = 25.0  # of a rule that says how the page is bent
_KNOTS_MM = (14.0, 36.0)  # of the splines, along the rules and across them
_STIFF = (0.01, 0.3)  # what a bend costs, along the rules and across them
_GAUGE = 1e-5  # what a move costs that no rule asks for
_HELD = 0.1  # what moving a whole rule costs: all of them on one heap would be level, too
_ROUNDS = 4
_STRAY_MM = 0.3  # a rule's point that lies further off what its neighbours say counts for less
_STEP_PX = 16
_STRIP_PX = 128


class _Sheet(NamedTuple):
    """How far points are to be moved up or down, in the frame where rules run along x; mm.

    Attributes:
        heights: the splines' coefficients, shape (across, along).
        knots_mm: their distance along and across.
    """

    heights: Floats
    knots_mm: tuple[float, float]


def find_bend(
    image: PageImage, level: Sequence[Polygon], upright: Sequence[Polygon]
) -> Bend | None:
    """Return what straightens the page; None when it is straight, or nothing helps.

    Of a page that was straightened, what straightens the page it was before further than that.

    Args:
        image: a page, level on the whole.
        level: its rules that are meant to be level, as points from left to right.
        upright: those meant to be upright, from top to bottom.
    """
    per_mm = image.dpi / MM_PER_INCH
    height, width = (side / per_mm for side in image.pixels.shape)
    down = _fitted(_curves(level, per_mm), width, height)
    across = _fitted(_curves([_swapped(rule) for rule in upright], per_mm), height, width)
    if down is None and across is None:
        return None
    bend = _bend(image, down, across)
    return bend if bend is None or image.bend is None else _joined(image.bend, bend)


def _swapped(rule: Polygon) -> Polygon:
    return tuple((y, x) for x, y in rule)


def _curves(rules: Sequence[Polygon], per_mm: float) -> list[Floats]:
    """Return the long rules as evenly spaced points, mm."""
    curves = []
    for rule in rules:
        points = np.asarray(rule, np.float64) / per_mm
        length = points[-1, 0] - points[0, 0]
        if length < _SHORTEST_MM:
            continue
        along = np.linspace(points[0, 0], points[-1, 0], round(length / _SAMPLE_MM) + 1)
        curves.append(np.stack([along, np.interp(along, points[:, 0], points[:, 1])], axis=1))
    return curves


def _fitted(curves: list[Floats], length: float, breadth: float) -> _Sheet | None:
    """Return what straightens the curves; None where they are straight, or it would not help."""
    if not curves:
        return None
    points = np.concatenate(curves)
    owner = np.repeat(np.arange(len(curves)), [len(curve) for curve in curves])
    bent = _off(points[:, 1], owner)
    if bent.mean() < BENT_MM:
        return None
    counts = [int(np.ceil(side / knots)) + 3
              for side, knots in zip((length, breadth), _KNOTS_MM, strict=True)]  # fmt: skip
    basis = _products(*(_basis(points[:, side] / _KNOTS_MM[side], counts[side]) for side in (0, 1)))
    cost = _cost(counts)
    weights = np.ones(len(points))
    for _ in range(_ROUNDS):
        centred = basis - (1 - _HELD) * _means(basis, owner, weights)
        target = _means(points[:, 1:], owner, weights)[:, 0] - points[:, 1]
        root = np.sqrt(weights)
        weighted = centred * root[:, None]  # a matrix by itself is half the work of two
        heights = np.linalg.solve(weighted.T @ weighted + cost, weighted.T @ (root * target))
        stray = centred @ heights - target
        weights = 1 / (1 + (stray / _STRAY_MM) ** 2)
    left = _off(points[:, 1] + basis @ heights, owner)
    if weights @ left > HELPED * (weights @ bent):
        return None
    return _Sheet(np.asarray(heights.reshape(counts[1], counts[0]), np.float64), _KNOTS_MM)


def _off(heights: Floats, owner: npt.NDArray[np.int_]) -> Floats:
    """Return how far each point lies from its rule's middle height, mm."""
    middles = np.array([np.median(heights[owner == rule]) for rule in range(owner[-1] + 1)])
    return np.asarray(np.abs(heights - middles[owner]), np.float64)


def _means(values: Floats, owner: npt.NDArray[np.int_], weights: Floats) -> Floats:
    """Return for each point the weighted mean of its rule's values."""
    starts = np.flatnonzero(np.diff(owner, prepend=-1))
    sums = np.add.reduceat(values * weights[:, None], starts)
    return np.asarray((sums / np.add.reduceat(weights, starts)[:, None])[owner], np.float64)


def _basis(at: Floats, count: int) -> Floats:
    """Return the cubic B-splines, knots one apart, at the places; shape (places, count)."""
    at = np.clip(at, 0, count - 3)
    first = np.minimum(at.astype(np.int64), count - 4)
    f = at - first
    parts = ((1 - f) ** 3, 3 * f**3 - 6 * f**2 + 4, -3 * f**3 + 3 * f**2 + 3 * f + 1, f**3)
    basis = np.zeros((len(at), count))
    for number, part in enumerate(parts):
        basis[np.arange(len(at)), first + number] = part / 6
    return basis


def _products(along: Floats, across: Floats) -> Floats:
    return np.asarray((across[:, :, None] * along[:, None, :]).reshape(len(along), -1), np.float64)


def _cost(counts: list[int]) -> Floats:
    """Return what the coefficients cost: their second differences, along and across."""
    bends = [np.diff(np.eye(count), n=2, axis=0) for count in counts]
    along = np.kron(np.eye(counts[1]), bends[0].T @ bends[0])
    across = np.kron(bends[1].T @ bends[1], np.eye(counts[0]))
    return np.asarray(
        _STIFF[0] * along + _STIFF[1] * across + _GAUGE * np.eye(counts[0] * counts[1]), np.float64
    )


def _bend(image: PageImage, down: _Sheet | None, across: _Sheet | None) -> Bend | None:
    """Return the moves from the straight page back to the bent one; None where they are wild."""
    per_mm = image.dpi / MM_PER_INCH
    height, width = image.pixels.shape
    ys, xs = (np.arange(0, side + _STEP_PX, _STEP_PX, dtype=np.float64) for side in (height, width))
    shape = (len(ys), len(xs))
    forth = np.zeros((*shape, 2), np.float32)
    if down is not None:
        forth[..., 1] = _on_grid(down, xs / per_mm, ys / per_mm) * per_mm
    if across is not None:
        forth[..., 0] = _on_grid(across, ys / per_mm, xs / per_mm).T * per_mm
    slopes = [np.abs(np.diff(forth, axis=axis)).max() / _STEP_PX for axis in (0, 1)]
    if np.abs(forth).max() > MOST_MOVED_MM * per_mm or max(slopes) > STEEPEST:
        return None
    columns, rows = np.meshgrid(xs / _STEP_PX, ys / _STEP_PX)
    back = np.zeros_like(forth)
    for _ in range(12):
        at = (np.stack([columns, rows], axis=2) + back / _STEP_PX).astype(np.float32)
        there = cv2.remap(
            forth, at[..., 0], at[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        back = -np.asarray(there, np.float32)
    return Bend(back, _STEP_PX)


def _on_grid(sheet: _Sheet, along: Floats, across: Floats) -> Floats:
    """Return the moves at the points of a grid, shape (across, along)."""
    rows, columns = sheet.heights.shape
    return np.asarray(
        _basis(across / sheet.knots_mm[1], rows)
        @ sheet.heights
        @ _basis(along / sheet.knots_mm[0], columns).T,
        np.float64,
    )


def straighten(image: PageImage, bend: Bend) -> PageImage:
    """Return a page, which was not straightened yet, with a bend taken out."""
    height, width = image.pixels.shape
    paper = float(find_paper(image.pixels))
    pixels = np.empty_like(image.pixels)
    across = np.arange(width, dtype=np.float32)
    shrink = np.diag([1 / bend.step, 1 / bend.step, 1.0])[:2]
    # A strip at a time: where each px of a page comes from takes eight times the page's memory.
    for top in range(0, height, _STRIP_PX):
        bottom = min(height, top + _STRIP_PX)
        shrink[1, 2] = top / bend.step
        moves = cv2.warpAffine(
            bend.moves,
            shrink,
            (width, bottom - top),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        places = np.asarray(moves, np.float32)
        places[..., 0] += across
        places[..., 1] += np.arange(top, bottom, dtype=np.float32)[:, None]
        pixels[top:bottom] = cv2.remap(
            image.pixels, places, np.empty(0), cv2.INTER_CUBIC, borderValue=paper
        )
    return replace(image, pixels=pixels, bend=bend)


def _joined(first: Bend, then: Bend) -> Bend:
    """Return two bends as one; they are of pictures of one size."""
    rows, columns = np.indices(then.moves.shape[:2]) * then.step
    moves = then.moves.reshape(-1, 2).astype(np.float64)
    before = moves_at(first, np.stack([columns.ravel(), rows.ravel()], axis=1) + moves)
    return Bend((moves + before).reshape(then.moves.shape).astype(np.float32), then.step)
