"""Long slanting strokes of the pen: what cancels an entry or a page, or fills empty rows.

They are found by the progressive Hough transform (Matas et al. 2000) on a straight page, where no
rule slants, and held to be one thin stroke without a gap: a line of writing is neither.
"""

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
import numpy.typing as npt

from pipeline.connected import chosen, connected
from pipeline.layout.darkness import Darkness, Scale, measure_darkness
from pipeline.layout.ink import erase_rules
from pipeline.layout.rules import Rule, Rules
from pipeline.values import PageImage, Point

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Mask = npt.NDArray[np.uint8]

LEAST_MM = 25.0  # of a straight part of one: longer than any stroke of writing
SLANT_DEG = 1.2  # against the rules, both ways
GAP_MM = 3.0
WHOLE, BARE = 0.93, 0.45  # share inked along it at least, and beside it at most
BESIDE_MM = 1.0
JOIN_MM, OFF_MM, TURN_DEG = 25.0, 1.5, 1.8  # between parts of one stroke: gap, offset, turn
AHEAD_MM, SWAY_MM, KNOT_MM = 30.0, 0.5, 5.0  # beyond its straight parts, and beside them
THICK_MM = 0.5
HOUGH_DPI, VOTES = 75.0, 40
PALER = 0.6  # of ink, a thin stroke at that scale
RULE_MM = 1.0  # about a rule's path
SHORT_MM = 5.0  # the longest side of a piece of ink that is no part of a long stroke
EDGE_MM = 3.0  # at the sheet's edge the bed begins


Slash = tuple[Point, ...]  # from left to right, px of the page image


def find_slashes(image: PageImage, rules: Rules) -> tuple[Slash, ...]:
    """Return the long slanting strokes on a straight page.

    Args:
        rules: of the page; strokes among them that slant are none.
    """
    dark = measure_darkness(image)
    small = max(1.0, dark.scale.dpi / HOUGH_DPI)
    scale = Scale(dark.scale.dpi / small)
    found = cv2.HoughLinesP(
        _unruled(dark, rules, small, scale), 1, np.pi / 360, VOTES,
        minLineLength=scale.px(LEAST_MM), maxLineGap=scale.px(GAP_MM),
    )  # fmt: skip
    if found is None:
        return ()
    lines = (found.reshape(-1, 2, 2) + 0.5) * small - 0.5
    parts = [part for part in lines if _is_slash(part, dark)]
    return tuple(
        tuple((x * dark.factor, y * dark.factor) for x, y in _followed(stroke, dark))
        for stroke in _joined(parts, dark.scale)
    )


def without_slashes(image: PageImage, slashes: Sequence[Slash]) -> PageImage:
    """Return the page without the strokes; what they cross stays."""
    thick = Scale(image.dpi).px(THICK_MM)
    flat: list[Rule] = []
    steep: list[Rule] = []
    for slash in slashes:
        (x0, y0), (x1, y1) = slash[0], slash[-1]
        is_flat = abs(x1 - x0) >= abs(y1 - y0)
        points = slash if is_flat else tuple(sorted(slash, key=lambda one: one[1]))
        (flat if is_flat else steep).append(Rule(points, thick))
    bare = erase_rules(image, Rules(tuple(flat), tuple(steep)))
    return replace(image, pixels=bare.pixels)


def level(rules: Rules) -> Rules:
    """Return the rules of a straight page that do not slant: others are what is left of strokes."""

    def kept(group: tuple[Rule, ...]) -> tuple[Rule, ...]:
        ends = [(np.array(rule.points[0]), np.array(rule.points[-1])) for rule in group]
        pairs = zip(group, ends, strict=True)
        return tuple(rule for rule, pair in pairs if _slant(*pair) < SLANT_DEG)

    return Rules(kept(rules.horizontal), kept(rules.vertical), rules.leaders)


def _unruled(dark: Darkness, rules: Rules, small: float, scale: Scale) -> Mask:
    """Return the ink at a small scale without level rules and short words: these take most time."""
    size = (round(dark.values.shape[1] / small), round(dark.values.shape[0] / small))
    grey = cv2.resize(dark.values, size, interpolation=cv2.INTER_AREA)
    mask = (grey >= PALER * dark.ink).astype(np.uint8)
    for rule in (*rules.horizontal, *rules.vertical):
        points = np.array(rule.points) / (dark.factor * small)
        if _slant(points[0], points[-1]) < SLANT_DEG:
            path = [np.round(points).astype(np.int32)]
            cv2.polylines(mask, path, isClosed=False, color=0, thickness=scale.whole(RULE_MM))
    labels, boxes, _centres = connected(mask)
    longest = np.hypot(boxes[:, cv2.CC_STAT_WIDTH], boxes[:, cv2.CC_STAT_HEIGHT])
    is_long = longest >= scale.px(SHORT_MM)
    is_long[0] = False
    return chosen(labels, is_long.astype(np.uint8))


def _slant(start: Floats, end: Floats) -> float:
    """Return the least angle to the page's axes, degrees."""
    angle = abs(float(np.degrees(np.arctan2(*(end - start)[::-1])))) % 90
    return min(angle, 90 - angle)


def _is_slash(part: Floats, dark: Darkness) -> bool:
    """Tell whether a part slants, is inked all along, and stands free on both sides."""
    (x0, y0), (x1, y1) = part
    if _slant(*part) < SLANT_DEG:
        return False
    edge = dark.scale.px(EDGE_MM)
    height, width = dark.values.shape
    if min(x0, x1, y0, y1) < edge or max(x0, x1) > width - edge or max(y0, y1) > height - edge:
        return False
    count = int(np.hypot(x1 - x0, y1 - y0))
    along = part[0] + np.linspace(0, 1, count)[:, None] * (part[1] - part[0])
    across = np.array([-(y1 - y0), x1 - x0]) / max(1, count)
    on = _inked(dark, along, across, (-1, 0, 1)).any(axis=0)
    aside = dark.scale.px(BESIDE_MM)
    above, below = _inked(dark, along, across, (-aside, aside))
    return bool(on.mean() >= WHOLE and max(above.mean(), below.mean()) <= BARE)


def _inked(dark: Darkness, along: Floats, across: Floats, offsets: Sequence[float]) -> Flags:
    """Return where ink is beside a path, a row for each offset."""
    height, width = dark.values.shape
    found = []
    for offset in offsets:
        xs, ys = np.round(along + offset * across).astype(np.int64).T
        found.append(dark.values[ys.clip(0, height - 1), xs.clip(0, width - 1)] >= dark.ink)
    return np.array(found)


def _joined(parts: Sequence[Floats], scale: Scale) -> list[list[Floats]]:
    """Return the parts of each stroke, from left to right."""
    rest = sorted((part[np.argsort(part[:, 0])] for part in parts), key=lambda one: one[0, 0])
    strokes: list[list[Floats]] = []
    for part in rest:
        for stroke in strokes:
            if _goes_on(stroke[-1], part, scale):
                stroke.append(part)
                break
        else:
            strokes.append([part])
    return strokes


def _goes_on(before: Floats, after: Floats, scale: Scale) -> bool:
    """Tell whether a part is of the same stroke as one that begins further left."""
    run = before[1] - before[0]
    length = float(np.hypot(*run))
    turn = np.degrees(np.arctan2(*(after[1] - after[0])[::-1]) - np.arctan2(*run[::-1]))
    gap = after - before[1]
    off = np.abs(gap @ np.array([-run[1], run[0]])) / length
    ahead = float(gap[0] @ run) / length
    return bool(abs(turn) <= TURN_DEG and off[0] <= scale.px(OFF_MM) and ahead <= scale.px(JOIN_MM))


def _followed(stroke: Sequence[Floats], dark: Darkness) -> list[Point]:
    """Return the points of a stroke, some mm apart, on its ink and as far as that goes.

    A hand sways: between its straight parts the stroke is where the darkest ink near them is.
    """
    points = np.concatenate(stroke)
    start, end = points[points[:, 0].argmin()], points[points[:, 0].argmax()]
    length = float(np.hypot(*(end - start)))
    along = (end - start) / length
    across = np.array([-along[1], along[0]])
    more = dark.scale.px(AHEAD_MM)
    steps = np.arange(-more, length + more)
    known = sorted((float((one - start) @ along), float((one - start) @ across)) for one in points)
    offsets = np.interp(steps, *np.array(known).T)
    path = start + steps[:, None] * along + offsets[:, None] * across
    sways = np.arange(-dark.scale.whole(SWAY_MM), dark.scale.whole(SWAY_MM) + 1)
    inked = _inked(dark, path, across, tuple(sways.tolist()))
    weight = inked / (1 + np.abs(sways))[:, None]
    best = (weight * sways[:, None]).sum(axis=0) / np.maximum(weight.sum(axis=0), 1e-6)
    window = 2 * dark.scale.whole(2.0) + 1
    smooth = np.convolve(np.pad(best, window // 2, mode="edge"), np.ones(window) / window, "valid")
    first, last = _reach(
        np.asarray(inked.any(axis=0)), round(more), round(more + length), dark.scale
    )
    path += smooth[:, None] * across
    kept = path[first : last + 1]
    knots = np.append(np.arange(0, len(kept) - 1, dark.scale.whole(KNOT_MM)), len(kept) - 1)
    return [(float(x), float(y)) for x, y in kept[knots]]


def _reach(inked: Flags, first: int, last: int, scale: Scale) -> tuple[int, int]:
    """Return where the ink ends on both sides of a stretch that is known."""
    gap = scale.whole(BESIDE_MM)
    while first > 0 and inked[max(0, first - gap) : first].any():
        first -= 1
    while last < len(inked) - 1 and inked[last + 1 : last + 1 + gap].any():
        last += 1
    return first, last
