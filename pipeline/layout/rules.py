"""Find the ruling lines of a page."""

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from pipeline.layout.crossings import count_met, true_rules
from pipeline.layout.darkness import Scale, measure_darkness
from pipeline.layout.faint import faint_rules
from pipeline.layout.follow import Trace
from pipeline.layout.leaders import find_leaders
from pipeline.layout.traces import find_traces
from pipeline.values import PageImage, Point

Floats = npt.NDArray[np.float64]

ON_PATH_PX = 3  # of the working scale, between a rule and what lies on it
WORDS_MM = 80.0  # what writing on a leader makes is no longer than a few words
TABLE_RULES = 4  # upright ones: a leader crosses the frame and the divider of a form at most
NEXT_MM = 18.0  # from its end to the leader's next dots: a long word


class Rule(NamedTuple):
    """One ruling line.

    points: from left to right, or from top to bottom; two of them unless the rule is bent.
    thickness: px.
    cover: share of its length that is inked, 0 to 1.
    """

    points: tuple[Point, ...]
    thickness: float
    cover: float = 1.0


@dataclass(frozen=True, slots=True)
class Rules:
    """The ruling lines of one page, px of the page image.

    Attributes:
        horizontal: from top to bottom.
        vertical: from left to right.
        leaders: rows of printed dots that writing is meant to stand on; not rules.
    """

    horizontal: tuple[Rule, ...] = ()
    vertical: tuple[Rule, ...] = ()
    leaders: tuple[Rule, ...] = ()


def find_rules(image: PageImage) -> Rules:
    """Return the page's rules and leaders."""
    dark = measure_darkness(image)
    leaders = find_leaders(dark)
    plain = np.asarray(cv2.subtract(dark.values, leaders.dots), np.uint8)
    flat, tall = true_rules(
        find_traces(plain, dark), find_traces(np.ascontiguousarray(plain.T), dark), dark.scale
    )
    flat += faint_rules(flat, plain, dark)
    paths = [np.array(path) for path in leaders.paths]
    # Letters that stand on a leader make a rule of their feet and the dots they touch; but a faded
    # rule, which may look like dots, crosses many others.
    flat = [
        trace
        for trace in flat
        if count_met(trace, tall, ON_PATH_PX) >= TABLE_RULES
        or not _is_led(trace, paths, dark.scale)
    ]
    dotted = [
        Trace(
            path[:, 0],
            path[:, 1],
            leaders.size_px,
            1.0,
            1.0,
            0.0,
            np.zeros((0, 2)),
        )
        for path in paths
        if not _lies_on(path, flat)
    ]
    return Rules(
        horizontal=_rules(flat, dark.factor, turned=False),
        vertical=_rules(tall, dark.factor, turned=True),
        leaders=_rules(dotted, dark.factor, turned=False),
    )


def _rules(traces: list[Trace], factor: float, *, turned: bool) -> tuple[Rule, ...]:
    """Return the traces as rules of the page image, in order across their direction."""
    found = []
    for trace in sorted(traces, key=lambda trace: float(trace.across.mean())):
        along, across = ((part + 0.5) * factor - 0.5 for part in trace[:2])
        xs, ys = (across, along) if turned else (along, across)
        points = tuple(zip(xs.tolist(), ys.tolist(), strict=True))
        found.append(Rule(points, trace.thickness * factor, trace.cover))
    return tuple(found)


def _is_led(trace: Trace, paths: list[Floats], scale: Scale) -> bool:
    """Tell whether a trace is no rule: a leader runs along half of it, or goes on where it ends."""
    start, end = float(trace.along[0]), float(trace.along[-1])
    shared = 0.0
    for path in paths:
        left, right = max(start, float(path[0, 0])), min(end, float(path[-1, 0]))
        middle = (left + right) / 2
        level = float(np.interp(middle, path[:, 0], path[:, 1]))
        if abs(float(np.interp(middle, trace.along, trace.across)) - level) >= ON_PATH_PX:
            continue
        if left - right < scale.px(NEXT_MM) and end - start < scale.px(WORDS_MM):
            return True
        shared += max(0.0, right - left)
    return shared > 0.5 * (end - start)


def _lies_on(path: Floats, traces: list[Trace]) -> bool:
    """Tell whether a row of dots is the remains of a rule."""
    x, y = path.mean(axis=0)
    return any(
        trace.along[0] <= x <= trace.along[-1]
        and abs(float(np.interp(x, trace.along, trace.across)) - y) < ON_PATH_PX
        for trace in traces
    )
