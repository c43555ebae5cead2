"""Rules too faint to be followed, looked for where the even rows of a table leave one out."""

from itertools import pairwise

import cv2
import numpy as np
import numpy.typing as npt

from pipeline.layout.darkness import Darkness
from pipeline.layout.follow import Trace
from pipeline.values import Pixels

Floats = npt.NDArray[np.float64]

FULL = 0.7  # share of the table's width: rules of rows run over all of it
MIN_EVEN = 4  # rows of one height that tell what is usual
SAME_HEIGHT = 0.1  # body rows of one print differ by less
STRAY_MM = 1.0  # how far a rule may lie from where it is looked for
BESIDE_MM = 0.7  # where the paper beside a rule is measured
PARTS = 16  # of a rule's length, each looked at by itself
SEEN_PARTS = 0.6  # of those that are not hidden by writing
RIDGE = 2.0  # greys by which the faintest rule is darker than the paper on both its sides


def faint_rules(flat: list[Trace], values: Pixels, dark: Darkness) -> list[Trace]:
    """Return the rules between rows that should stand at their places and are faintly there."""
    full = _full_width(flat)
    if len(full) <= MIN_EVEN:
        return []
    heights = np.array([_middle(b) - _middle(a) for a, b in pairwise(full)])
    usual = _usual(heights)
    if usual is None:
        return []
    found = []
    for (above, below), height in zip(pairwise(full), heights.tolist(), strict=True):
        rows = round(height / usual)
        if rows < 2 or abs(height / rows / usual - 1) > SAME_HEIGHT:
            continue
        for row in range(1, rows):
            rule = _look(above, below, row / rows, values, dark)
            found += [rule] if rule is not None else []
    return found


def _full_width(flat: list[Trace]) -> list[Trace]:
    """Return the rules that run over most of the page's longest, from top to bottom."""
    longest = max((trace.along[-1] - trace.along[0] for trace in flat), default=0.0)
    full = [trace for trace in flat if trace.along[-1] - trace.along[0] >= FULL * longest]
    return sorted(full, key=_middle)


def _middle(trace: Trace) -> float:
    return float((trace.across[0] + trace.across[-1]) / 2)


def _usual(heights: Floats) -> float | None:
    """Return the height that most rows have; None where they are uneven."""
    alike = np.abs(heights[:, None] - heights) < SAME_HEIGHT * heights
    most = int(alike.sum(0).argmax())
    if alike[:, most].sum() < MIN_EVEN:
        return None
    return float(np.median(heights[alike[:, most]]))


def _look(above: Trace, below: Trace, share: float, values: Pixels, dark: Darkness) -> Trace | None:
    """Return the faint rule that lies a share of the way between two others, if there is one."""
    left = int(max(above.along[0], below.along[0]))
    right = int(min(above.along[-1], below.along[-1]))
    if right <= left:  # of two tables side by side
        return None
    xs = np.arange(left, right)
    path = (1 - share) * np.interp(xs, above.along, above.across) + share * np.interp(
        xs, below.along, below.across
    )
    reach, beside = dark.scale.whole(STRAY_MM), dark.scale.whole(BESIDE_MM)
    offsets = np.arange(-reach - beside, reach + beside + 1)
    rows = np.round(path).astype(np.int64)[None] + offsets[:, None]
    strip = values[np.clip(rows, 0, values.shape[0] - 1), xs[None]].astype(np.float64)
    inner = slice(beside, len(offsets) - beside)
    hidden = (strip >= dark.ink).any(0)  # writing, whose edges are no rule
    even = np.asarray(cv2.blur(strip, (dark.scale.odd(1.8), 1)), np.float64)  # paper's grain
    ridge = even[inner] - np.maximum(even[: -2 * beside], even[2 * beside :])
    if (~hidden).mean() < 0.25:
        return None
    open_ridge = np.where(hidden[None], np.nan, ridge)
    at = int(np.nanmean(open_ridge, axis=1).argmax())
    seen = open_ridge[at][~hidden]
    mean = float(seen.mean())
    parts = [part[~np.isnan(part)] for part in np.array_split(open_ridge[at], PARTS)]
    shown = [float(part.mean()) > RIDGE / 2 for part in parts if len(part) > 8]
    if mean < RIDGE or not shown or np.mean(shown) < SEEN_PARTS:
        return None
    knots = np.linspace(0, len(xs) - 1, 12).round().astype(np.int64)
    along, across = xs[knots].astype(np.float64), path[knots] + offsets[beside + at]
    whole = np.array([[along[0], along[-1]]])
    return Trace(along, across, above.thickness, float(np.mean(shown)), 1.0, mean, whole)
