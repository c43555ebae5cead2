"""Find leaders: rows of printed dots that show where to write."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from pipeline.connected import chosen, connected
from pipeline.layout.darkness import Darkness
from pipeline.values import Pixels, Point

MAX_DOT_MM = 0.95
MIN_DOTS = 6
MAX_PITCH_MM = 2.6
MAX_GAP_MM = 60.0  # writing over a leader hides its dots
MAX_HIDDEN_MM = 18.0  # so far, a long word, a single dot is still known by its step
MIN_SHORT = 4  # dots of a leader that writing covers, where others tell the distance


@dataclass(frozen=True, slots=True, eq=False)
class Leaders:
    """Leaders at the working scale.

    Attributes:
        paths: points along each leader, from left to right.
        dots: 255 on the dots and their rims, else 0.
        size_px: height of a dot.
    """

    paths: tuple[tuple[Point, ...], ...]
    dots: Pixels
    size_px: float


@dataclass(frozen=True, slots=True, eq=False)
class _Dots:
    x: npt.NDArray[np.float64]
    y: npt.NDArray[np.float64]
    label: npt.NDArray[np.int64]


def find_leaders(dark: Darkness) -> Leaders:
    """Return the page's leaders: dots of one size, in a row, at one distance."""
    mask = (dark.values >= dark.ink).astype(np.uint8)
    labels, stats, centres = connected(mask)
    largest = dark.scale.px(MAX_DOT_MM)
    small = (stats[:, cv2.CC_STAT_WIDTH] <= largest) & (stats[:, cv2.CC_STAT_HEIGHT] <= largest)
    small[0] = False
    numbers = np.flatnonzero(small)
    dots = _Dots(centres[numbers, 0], centres[numbers, 1], numbers)
    rows = [row for row in _rows(dots, dark) if _is_regular(dots.x[row], dark)]
    sure = [row for row in rows if len(row) >= MIN_DOTS]
    usual = float(np.median(np.concatenate([np.diff(dots.x[row]) for row in sure]))) if sure else 0
    rows = [row for row in rows if len(row) >= MIN_DOTS or _has_pitch(dots.x[row], usual)]
    if not rows:
        return Leaders((), np.zeros_like(dark.values), 1.0)
    is_dot = np.zeros(len(stats), np.bool_)
    for row in rows:
        is_dot[dots.label[row]] = True
    joined = [_lengthened(path, dots, dark) for path in _joined(rows, dots, dark)]
    heights = stats[is_dot, cv2.CC_STAT_HEIGHT]
    spots = chosen(labels, np.where(is_dot, 255, 0).astype(np.uint8))
    with_rims = cv2.dilate(spots, np.ones((3, 3), np.uint8))
    size = float(np.percentile(heights, 90))
    return Leaders(tuple(joined), np.asarray(with_rims, np.uint8), size)


def _rows(dots: _Dots, dark: Darkness) -> list[npt.NDArray[np.int64]]:
    """Return groups of dots that follow one another in a row at leader distance."""
    order = np.argsort(dots.x, kind="stable")
    reach = dark.scale.px(MAX_PITCH_MM)
    after = np.full(len(order), -1)
    has_left = np.zeros(len(order), np.bool_)
    xs, ys = dots.x[order], dots.y[order]
    for i in range(len(order)):
        last = int(np.searchsorted(xs, xs[i] + reach, side="right"))
        level = np.flatnonzero(np.abs(ys[i + 1 : last] - ys[i]) <= 1.2)
        if len(level):
            after[i] = i + 1 + int(level[0])
            has_left[after[i]] = True
    rows = []
    seen = np.zeros(len(order), np.bool_)
    for first in np.flatnonzero(~has_left).tolist():
        row = []
        j = first
        while j >= 0 and not seen[j]:
            seen[j] = True
            row.append(j)
            j = int(after[j])
        if len(row) >= MIN_SHORT:
            rows.append(order[np.array(row)])
    return rows


def _is_regular(xs: npt.NDArray[np.float64], dark: Darkness) -> bool:
    """Tell whether most dots stand at the same distance: scraps of a faded rule do not."""
    pitches = np.diff(xs)
    usual = float(np.median(pitches))
    near = np.abs(pitches - usual) <= max(1.0, 0.2 * usual)
    return bool(usual >= dark.scale.px(0.45) and near.mean() >= 0.7)


def _has_pitch(xs: npt.NDArray[np.float64], usual: float) -> bool:
    """Tell whether a few dots stand as far apart as those of the page's leaders."""
    return bool((np.abs(np.diff(xs) - usual) < 0.12 * usual).all())


def _joined(
    rows: list[npt.NDArray[np.int64]], dots: _Dots, dark: Darkness
) -> list[tuple[Point, ...]]:
    """Return the paths of the rows, those that writing has cut in two joined again."""
    spans = sorted(
        (
            (float(dots.x[row[0]]), float(dots.y[row[0]]), float(dots.x[row[-1]]),
             float(dots.y[row[-1]]))
            for row in rows
        ),
        key=lambda span: span[0],
    )  # fmt: skip
    paths: list[list[Point]] = []
    for x0, y0, x1, y1 in spans:
        for path in paths:
            end_x, end_y = path[-1]
            gap = x0 - end_x
            if -2 <= gap <= dark.scale.px(MAX_GAP_MM) and abs(y0 - end_y) <= 1.5 + 0.01 * gap:
                path += [(x0, y0), (x1, y1)]
                break
        else:
            paths.append([(x0, y0), (x1, y1)])
    return [tuple(path) for path in paths]


def _lengthened(path: tuple[Point, ...], dots: _Dots, dark: Darkness) -> tuple[Point, ...]:
    """Return the path with the dots beyond its ends that stand in step with it.

    Writing over a leader leaves single dots between its strokes.
    """
    xs, ys = np.array(path).T
    on_line = np.abs(dots.y - np.interp(dots.x, xs, ys)) <= 1.5
    places = np.sort(dots.x[on_line & (dots.x >= xs[0]) & (dots.x <= xs[-1])])
    if len(places) < MIN_DOTS:
        return path
    pitch = float(np.median(np.diff(places)))
    gaps = np.diff(places)
    usual = gaps[np.abs(gaps - pitch) < 0.2 * pitch]
    if len(usual):  # two unlike halves have none at the middle
        pitch = float(usual.mean())
    reach = dark.scale.px(MAX_HIDDEN_MM)
    points = list(path)
    beyond = np.sort(dots.x[on_line])
    for x in beyond[beyond > xs[-1] + 1].tolist():
        if _is_in_step(x - points[-1][0], pitch, reach):
            points.append((x, points[-1][1]))
    for x in beyond[beyond < xs[0] - 1][::-1].tolist():
        if _is_in_step(points[0][0] - x, pitch, reach):
            points.insert(0, (x, points[0][1]))
    return tuple(points)


def _is_in_step(distance: float, pitch: float, reach: float) -> bool:
    steps = distance / pitch
    return distance <= reach and abs(steps - round(steps)) < 0.22
