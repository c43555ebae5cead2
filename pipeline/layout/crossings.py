"""Tell which traces are rules, by their strength and by the rules that they cross."""

import numpy as np
import numpy.typing as npt

from pipeline.layout.course import passes
from pipeline.layout.darkness import Scale
from pipeline.layout.follow import Trace

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Places = npt.NDArray[np.int64]

LONE_LENGTH_MM = 24.0  # rules that meet no other are shorter only as strokes of the pen
WORN_COVER = 0.96
MEET_MM = 2.5  # how near to a crossing rule an end must come to meet it
MIN_STRENGTH = 0.16  # of the page's usual rule; fainter ones are the paper's own or shine through


def true_rules(
    flat: list[Trace], tall: list[Trace], scale: Scale
) -> tuple[list[Trace], list[Trace]]:
    """Return the rules among the traces that run along x and among those that run along y."""
    flat, tall = _strong(flat, tall)
    sure_flat, sure_tall = _sure(flat, scale), _sure(tall, scale)
    flat = _meeting(flat, sure_flat, sure_tall, scale)
    tall = _meeting(tall, sure_tall, sure_flat, scale)
    return [trace for trace in flat if not _is_word(trace, tall, scale)], tall


def _strong(flat: list[Trace], tall: list[Trace]) -> tuple[list[Trace], list[Trace]]:
    """Return the traces without those far paler than the page's rules."""
    every = [*flat, *tall]
    if not every:
        return flat, tall
    lengths = np.array([trace.along[-1] - trace.along[0] for trace in every])
    strengths = np.array([trace.strength for trace in every])
    order = np.argsort(-strengths)
    share = np.cumsum(lengths[order]) / lengths.sum()
    least = MIN_STRENGTH * strengths[order][int(np.searchsorted(share, 0.25))]
    return [t for t in flat if t.strength >= least], [t for t in tall if t.strength >= least]


def _sure(traces: list[Trace], scale: Scale) -> list[Trace]:
    """Return the traces that are rules by themselves: long, and not a row of letters."""
    sure = []
    for trace in traces:
        length_mm = (trace.along[-1] - trace.along[0]) / scale.px(1.0)
        is_whole = trace.cover >= 0.75 and trace.wholeness >= 0.85
        is_long = trace.wholeness >= 0.75 and trace.cover >= 0.55
        if (length_mm >= LONE_LENGTH_MM and is_whole) or (length_mm >= 60 and is_long):
            sure.append(trace)
    return sure


def _meeting(
    traces: list[Trace], sure: list[Trace], crossing: list[Trace], scale: Scale
) -> list[Trace]:
    """Return the sure traces and those whose crossings with other rules speak for them."""
    worn = bool(sure) and float(np.median([trace.cover for trace in sure])) < WORN_COVER
    certain = {id(trace) for trace in sure}
    kept = []
    for trace in traces:
        if trace.cover < 0.8 and not _passes_crossings(trace, crossing, scale):
            continue
        if id(trace) in certain or _is_backed(trace, crossing, scale, worn=worn):
            kept.append(trace)
    return kept


def _is_backed(trace: Trace, crossing: list[Trace], scale: Scale, *, worn: bool) -> bool:
    """Tell whether the crossing rules make a rule of a trace that is not sure by itself.

    Measured on invented ledgers: rows of letters ink at most two thirds of their length.
    """
    length_mm = (trace.along[-1] - trace.along[0]) / scale.px(1.0)
    near = scale.px(MEET_MM)
    if length_mm < LONE_LENGTH_MM:
        near = near if length_mm > 12 else scale.px(0.6)
        ends = sum(_meets(trace, end, crossing, near) for end in (0, -1))
        # Where rules are worn, this one may have lost an end, too.
        return trace.cover >= 0.92 and ends >= (1 if worn and length_mm > 12 else 2)
    if trace.cover < 0.7 and length_mm < 100:
        return False
    return count_met(trace, crossing, near) >= 2


def _passes_crossings(trace: Trace, crossing: list[Trace], scale: Scale) -> bool:
    """Tell whether a broken trace is inked next to its crossings as often as elsewhere.

    Letters that stand in a row, cell by cell, keep away from the rules between them.
    """
    places = []
    for other in crossing:
        x = _crossing_at(trace, other)
        if x is not None and trace.along[0] < x < trace.along[-1]:
            places += [x - scale.px(1.1), x + scale.px(1.1)]
    if len(places) < 6 or not len(trace.runs):
        return True
    at = np.array(places)[:, None]
    leeway = scale.px(0.2)
    inked = ((trace.runs[:, 0] - leeway <= at) & (at <= trace.runs[:, 1] + leeway)).any(axis=1)
    return bool(inked.mean() >= 0.55 * trace.cover)


def _crossing_at(trace: Trace, other: Trace) -> float | None:
    """Return where along the trace another one crosses it; None where it does not reach."""
    y = passes(0.5 * (other.across[0] + other.across[-1]), trace.along, trace.across)
    if not other.along[0] - 3 <= y <= other.along[-1] + 3:
        return None
    return passes(y, other.along, other.across)


def _is_word(trace: Trace, tall: list[Trace], scale: Scale) -> bool:
    """Tell whether a short trace only fills one narrow column: capitals such as STT do.

    A rule so short parts a head over narrow columns, and then one of these ends at it.
    """
    if trace.along[-1] - trace.along[0] > scale.px(12.0):
        return False
    rim = scale.px(MEET_MM)
    return not any(
        (x := _crossing_at(trace, other)) is not None
        and trace.along[0] + rim < x < trace.along[-1] - rim
        for other in tall
    )


def _meets(trace: Trace, end: int, crossing: list[Trace], near: float) -> bool:
    x, y = float(trace.along[end]), float(trace.across[end])
    return any(
        other.along[0] - near <= y <= other.along[-1] + near
        and abs(passes(y, other.along, other.across) - x) <= near
        for other in crossing
    )


def count_met(trace: Trace, crossing: list[Trace], near: float) -> int:
    """Return how many of the crossing rules the trace crosses or touches."""
    count = 0
    for other in crossing:
        y = passes(0.5 * (other.across[0] + other.across[-1]), trace.along, trace.across)
        if not other.along[0] - near <= y <= other.along[-1] + near:
            continue
        x = passes(y, other.along, other.across)
        count += bool(trace.along[0] - near <= x <= trace.along[-1] + near)
    return count
