"""Follow one rule over its breaks: where it runs, where it ends, how whole it is."""

from itertools import pairwise
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from pipeline.layout.darkness import Scale
from pipeline.values import Pixels

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Places = npt.NDArray[np.int64]

STRIP_MM = 4.0  # a rule is followed from strip to strip; within one it counts as straight
MIN_RUN_MM = 2.8  # unbroken thin ink along a row: longer than the feet of letters that touch
MAX_GAP_MM = 28.0  # paper that a broken rule is followed over
SURE_GAP_MM = 7.0  # paper that ends a rule which is unbroken elsewhere
MIN_LENGTH_MM = 5.0
MIN_WHOLENESS = 0.6  # see Trace; rows of letters have less
MAX_SLOPE = 0.05


class Trace(NamedTuple):
    """A rule in the frame where it runs along x, px of the working scale.

    wholeness: share of its ink that lies in long runs: high where it is whole or cleanly broken,
    low where the ink is a row of letters.
    runs: (n, 2), where along it is inked.
    """

    along: Floats
    across: Floats
    thickness: float
    cover: float
    wholeness: float
    strength: float
    runs: Floats


class Node(NamedTuple):
    """A place in one strip where a rule may pass."""

    strip: int
    across: float


class Near(NamedTuple):
    """The most of each point, of the one above it and of the one below it.

    thin: 1 on thin runs, else 0.
    values: darkness.
    """

    thin: Pixels
    values: Pixels


def follow(chain: list[Node], near: Near, values: Pixels, scale: Scale) -> list[Trace]:
    """Return the rules that lie on a chain: usually one, with its true ends."""
    strip = scale.whole(STRIP_MM)
    knots_x = np.array([(node.strip + 0.5) * strip for node in chain])
    knots_y = _steady(np.array([node.across for node in chain]))
    left = max(0, int(knots_x[0]) - 2 * strip)
    right = min(values.shape[1], int(knots_x[-1]) + 2 * strip)
    xs = np.arange(left, right)
    ys = _line_through(xs, knots_x, knots_y)
    rows = np.clip(np.round(ys).astype(np.int64), 1, values.shape[0] - 2)
    solid = near.thin[rows, xs] > 0
    if not solid.any():
        return []
    darkest = near.values[rows, xs]
    strength = float(np.median(darkest[solid]))
    solid = _without_short_runs(solid, scale.whole(MIN_RUN_MM * 0.8))
    inked = solid | (darkest >= 0.4 * strength)
    found = []
    for start, end in _stretches(solid, inked, scale):
        cover = float(solid[start:end].mean())
        length_mm = (end - start) / scale.px(1.0)
        if length_mm < MIN_LENGTH_MM or cover < (0.5 if length_mm < 40 else 0.3):
            continue
        share = float(inked[start:end].mean())
        wholeness = 1.0 if share > 0.96 and cover > 0.4 else cover / share
        if wholeness < MIN_WHOLENESS:
            continue
        on_rule = start + np.flatnonzero(solid[start:end])
        if cover < 0.85 and _beside_ink(values, xs[on_rule], rows[on_rule], strength, scale) > 0.75:
            continue
        x0, x1 = float(xs[start]), float(xs[end - 1])
        inner = knots_x[(knots_x > x0 + strip / 2) & (knots_x < x1 - strip / 2)]
        along = np.concatenate([[x0], inner, [x1]])
        along, across = _simplified(along, _line_through(along, knots_x, knots_y))
        thickness = _thickness(values, along, across, scale)
        runs = (_runs(solid[start:end]) + xs[start]).astype(np.float64)
        found.append(Trace(along, across, thickness, cover, wholeness, strength, runs))
    return found


def _beside_ink(
    values: Pixels,
    xs: Places,
    rows: Places,
    strength: float,
    scale: Scale,
) -> float:
    """Return the share of the places that have ink close by on either side: letters have."""
    steps = np.arange(scale.whole(0.45), scale.whole(1.5) + 1)
    steps = np.concatenate([-steps, steps])
    beside = np.clip(rows[None, :] + steps[:, None], 0, values.shape[0] - 1)
    return float((values[beside, xs[None, :]] > 0.5 * strength).any(axis=0).mean())


def _stretches(solid: Flags, inked: Flags, scale: Scale) -> list[tuple[int, int]]:
    """Return the ranges that one rule inks.

    Where a rule is whole, a stretch of paper ends it; where it is broken anyway, only a long one.
    Writing over a rule hides it, but is no paper.
    """
    runs = _runs(solid)
    if not len(runs):
        return []
    empty = np.concatenate([[0], np.cumsum(~inked)])
    starts, ends = _without_letters(runs[:, 0], runs[:, 1], empty, scale)
    gaps = starts[1:] - ends[:-1]
    papers = empty[starts[1:]] - empty[ends[:-1]]
    # Where ink covers nearly all of a gap, it hides the rule; other ink there is of letters.
    papers = np.where(papers < 0.15 * gaps, papers, gaps).astype(np.float64)
    usual = float(np.percentile(papers, 80)) if len(papers) > 2 else 0.0
    limit = min(scale.px(MAX_GAP_MM), 3 * usual + scale.px(SURE_GAP_MM))
    cuts = [0, *(np.flatnonzero(papers > limit) + 1).tolist(), len(starts)]
    ranges = []
    for begin, end in pairwise(cuts):
        first, last = _without_tails(starts, ends, begin, end - 1, scale)
        if first <= last:
            ranges.append((int(starts[first]), int(ends[last])))
    return ranges


def _without_letters(
    starts: Places, ends: Places, empty: Places, scale: Scale
) -> tuple[Places, Places]:
    """Return the runs without short ones that stand alone beside long ones: strokes of letters.

    empty: how many places without ink come before each place.
    """
    lengths = ends - starts
    order = np.argsort(lengths)
    usual = lengths[order][int(np.searchsorted(np.cumsum(lengths[order]), lengths.sum() / 2))]
    if usual < scale.px(12.0):
        return starts, ends
    gap = scale.px(1.0)
    between = empty[starts[1:]] - empty[ends[:-1]]
    before = np.concatenate([[len(empty)], between])
    after = np.concatenate([between, [len(empty)]])
    kept = (lengths >= scale.px(5.0)) | (before < gap) | (after < gap)
    return starts[kept], ends[kept]


def _without_tails(
    starts: Places, ends: Places, first: int, last: int, scale: Scale
) -> tuple[int, int]:
    """Return the range of runs without a short last one that lies far off: a letter's stroke."""
    far, short = scale.px(4.0), scale.px(6.0)
    while first < last:
        head, tail = ends[first] - starts[first], ends[last] - starts[last]
        if starts[first + 1] - ends[first] > max(far, head) and head < short:
            first += 1
        elif starts[last] - ends[last - 1] > max(far, tail) and tail < short:
            last -= 1
        else:
            break
    return first, last


def _runs(flags: Flags) -> Places:
    """Return first and one-past-last place of each run of set flags, shape (n, 2)."""
    padded = np.zeros(len(flags) + 2, np.int8)
    padded[1:-1] = flags
    return np.flatnonzero(np.diff(padded)).reshape(-1, 2)


def _without_short_runs(flags: Flags, least: int) -> Flags:
    """Return the flags without runs of fewer than `least` places."""
    runs = _runs(flags)
    long = runs[runs[:, 1] - runs[:, 0] >= least]
    steps = np.zeros(len(flags) + 1, np.int64)
    steps[long[:, 0]] += 1
    steps[long[:, 1]] -= 1
    return np.cumsum(steps[:-1]) > 0


def _steady(ys: Floats) -> Floats:
    """Return the knots without the jumps that writing on the rule causes."""
    if len(ys) < 3:
        return ys
    before, after = 2 * ys[0] - ys[2:0:-1], 2 * ys[-1] - ys[-2:-4:-1]  # it goes on as it ran
    padded = np.concatenate([before, ys, after])
    windows = np.lib.stride_tricks.sliding_window_view(padded, 5)
    return np.asarray(np.sort(windows, axis=1)[:, 2])


def _line_through(xs: Floats | Places, knots_x: Floats, knots_y: Floats) -> Floats:
    """Return y at every x, which rise; beyond the last knots the line goes on as it ran."""
    ys = np.interp(xs, knots_x, knots_y)
    span = min(3, len(knots_x)) - 1  # 8 mm: a bent rule goes on as it last ran
    if span:
        first = int(np.searchsorted(xs, knots_x[0]))
        last = int(np.searchsorted(xs, knots_x[-1], side="right"))
        for end, other, beyond in ((0, span, slice(first)), (-1, -1 - span, slice(last, None))):
            slope = (knots_y[other] - knots_y[end]) / (knots_x[other] - knots_x[end])
            slope = min(max(float(slope), -MAX_SLOPE), MAX_SLOPE)
            ys[beyond] = knots_y[end] + slope * (xs[beyond] - knots_x[end])
    return np.asarray(ys, np.float64)


def _simplified(along: Floats, across: Floats) -> tuple[Floats, Floats]:
    """Return as few knots as keep the line within half a px."""
    curve = np.stack([along, across], axis=1).astype(np.float32).reshape(-1, 1, 2)
    kept = cv2.approxPolyDP(curve, 0.5, False).reshape(-1, 2)  # noqa: FBT003
    if kept[0, 0] > kept[-1, 0]:
        kept = kept[::-1]
    return kept[:, 0].astype(np.float64), kept[:, 1].astype(np.float64)


def _thickness(values: Pixels, along: Floats, across: Floats, scale: Scale) -> float:
    """Return the width of the rule's profile at half its height, px of the working scale."""
    reach = scale.whole(1.4)
    xs = np.arange(int(along[0]), int(along[-1]), 3)
    ys = np.interp(xs, along, across)
    offsets = np.arange(-reach, reach + 1)
    rows = np.round(ys[None, :] + offsets[:, None]).astype(np.int64)
    rows = np.clip(rows, 0, values.shape[0] - 1)
    profile = np.median(values[rows, xs[None, :]], axis=1).astype(np.float64)
    peak = float(profile[reach - 1 : reach + 2].max())
    if peak <= 0:
        return 1.0
    level = profile / peak
    width = 1.0
    for side in (level[reach + 1 :], level[:reach][::-1]):
        below = np.flatnonzero(side < 0.5)
        width += float(below[0]) if len(below) else float(len(side))
    return width
