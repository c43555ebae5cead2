"""Find the ruling lines of a page."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.layout.crossings import true_rules
from pipeline.layout.darkness import measure_darkness
from pipeline.layout.follow import Trace
from pipeline.layout.leaders import find_leaders
from pipeline.layout.traces import find_traces
from pipeline.values import PageImage, Point

Floats = npt.NDArray[np.float64]


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
    plain = np.where(leaders.dots, 0, dark.values).astype(np.uint8)
    flat, tall = true_rules(
        find_traces(plain, dark), find_traces(np.ascontiguousarray(plain.T), dark), dark.scale
    )
    dotted = [
        Trace(
            np.array(path)[:, 0],
            np.array(path)[:, 1],
            leaders.size_px,
            1.0,
            1.0,
            0.0,
            np.zeros((0, 2)),
        )
        for path in leaders.paths
        if not _lies_on(np.array(path), flat)
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


def _lies_on(path: Floats, traces: list[Trace]) -> bool:
    """Tell whether a row of dots is the remains of a rule."""
    x, y = path.mean(axis=0)
    return any(
        trace.along[0] <= x <= trace.along[-1]
        and abs(float(np.interp(x, trace.along, trace.across)) - y) < 3
        for trace in traces
    )
