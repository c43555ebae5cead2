"""Find the ruling lines of a page, also where they are faded, broken or slightly bent."""

from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from pipeline.layout.darkness import Darkness, Scale, measure_darkness
from pipeline.layout.leaders import find_leaders
from pipeline.values import PageImage, Pixels, Point

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Places = npt.NDArray[np.int64]

STRIP_MM = 4.0  # a rule is followed from strip to strip; within one it counts as straight
MIN_RUN_MM = 2.8  # unbroken thin ink along a row: longer than the feet of letters that touch
MIN_COVER = 0.5  # share of a strip that such runs fill where a rule passes
MAX_GAP_MM = 28.0  # paper that a broken rule is followed over
SURE_GAP_MM = 7.0  # paper that ends a rule which is unbroken elsewhere
MIN_LENGTH_MM = 5.0
LONE_LENGTH_MM = 24.0  # rules that meet no other are shorter only as strokes of the pen
MEET_MM = 2.5  # how near to a crossing rule an end must come to meet it
MIN_STRENGTH = 0.16  # of the page's usual rule; fainter ones are the paper's own or shine through
MIN_WHOLENESS = 0.6  # see _Trace; rows of letters have less
MAX_SLOPE = 0.05


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


class _Trace(NamedTuple):
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


def find_rules(image: PageImage) -> Rules:
    """Return the page's rules and leaders."""
    dark = measure_darkness(image)
    leaders = find_leaders(dark)
    plain = np.where(leaders.dots, 0, dark.values).astype(np.uint8)
    flat = _traces(plain, dark)
    tall = _traces(np.ascontiguousarray(plain.T), dark)
    flat, tall = _strong(flat, tall)
    sure_flat, sure_tall = _sure(flat, dark.scale), _sure(tall, dark.scale)
    flat = _meeting(flat, sure_flat, sure_tall, dark.scale)
    tall = _meeting(tall, sure_tall, sure_flat, dark.scale)
    flat = [trace for trace in flat if not _is_word(trace, tall, dark.scale)]
    dotted = [
        _Trace(
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


def _rules(traces: list[_Trace], factor: float, *, turned: bool) -> tuple[Rule, ...]:
    """Return the traces as rules of the page image, in order across their direction."""
    found = []
    for trace in sorted(traces, key=lambda trace: float(trace.across.mean())):
        along, across = ((part + 0.5) * factor - 0.5 for part in trace[:2])
        xs, ys = (across, along) if turned else (along, across)
        points = tuple(zip(xs.tolist(), ys.tolist(), strict=True))
        found.append(Rule(points, trace.thickness * factor, trace.cover))
    return tuple(found)


def _lies_on(path: Floats, traces: list[_Trace]) -> bool:
    """Tell whether a row of dots is the remains of a rule."""
    x, y = path.mean(axis=0)
    return any(
        trace.along[0] <= x <= trace.along[-1]
        and abs(float(np.interp(x, trace.along, trace.across)) - y) < 3
        for trace in traces
    )


def thin_runs(values: Pixels, dark: Darkness) -> Pixels:
    """Return 1 on thin dark lines that run along x without a break, else 0."""
    scale = dark.scale
    smooth = np.asarray(cv2.blur(values, (3, 1)), np.uint8)
    near = scale.whole(0.55)
    thin = np.asarray(cv2.subtract(smooth, _darker_side(smooth, near)), np.uint8)
    unlike = np.asarray(cv2.absdiff(smooth[::4, ::4], _moved(smooth, near)[::4, ::4]), np.uint8)
    grain = float(np.median(unlike))
    # Stems of letters that stand on a row or hang from it darken its sides.
    is_thin = ((thin > max(5.0, 2.5 * grain)) & (thin > smooth // 3)).astype(np.uint8)
    joined = cv2.dilate(is_thin, np.ones((2, scale.odd(0.5)), np.uint8))
    runs = cv2.morphologyEx(joined, cv2.MORPH_OPEN, np.ones((1, scale.odd(MIN_RUN_MM)), np.uint8))
    # A thick rule is solid over some length, which the bodies of letters are not.
    run = np.ones((1, scale.odd(3.0)), np.uint8)
    solid = np.asarray(cv2.morphologyEx(values, cv2.MORPH_OPEN, run), np.uint8)
    thick = np.asarray(cv2.subtract(solid, _darker_side(solid, scale.whole(1.3))), np.uint8)
    return np.asarray(
        np.asarray(runs, np.uint8) | (thick > max(dark.ink, 0.4 * dark.full)), np.uint8
    )


def _moved(values: Pixels, rows: int) -> Pixels:
    """Return the values moved down by some rows (up when negative), zero where none come."""
    moved = np.zeros_like(values)
    if rows >= 0:
        moved[rows:] = values[: values.shape[0] - rows]
    else:
        moved[:rows] = values[-rows:]
    return moved


def _darker_side(values: Pixels, reach: int) -> Pixels:
    return np.asarray(cv2.max(_moved(values, reach), _moved(values, -reach)), np.uint8)


def _traces(values: Pixels, dark: Darkness) -> list[_Trace]:
    """Return the rules that run along x."""
    scale = dark.scale
    strip = scale.whole(STRIP_MM)
    if values.shape[1] < 2 * strip or values.shape[0] < 2 * strip:
        return []
    mask = thin_runs(values, dark)
    traces: list[_Trace] = []
    for chain in _link(_nodes(mask, strip), scale):
        strips = chain[-1].strip - chain[0].strip + 1
        if len(chain) > 1 and len(chain) >= (0.65 if strips <= 6 else 0.35) * strips:
            traces += _follow(chain, mask, values, scale)
    return _without_doubles(traces)


class _Node(NamedTuple):
    strip: int
    across: float


@dataclass(slots=True)
class _Chain:
    """Nodes on one line, while they are being gathered."""

    nodes: list[_Node] = field(default_factory=list)

    def slope(self) -> float:
        """Return px across for one strip along, as its last nodes run."""
        tail = self.nodes[-8:]
        if len(tail) < 4:
            return 0.0
        return (tail[-1].across - tail[0].across) / (tail[-1].strip - tail[0].strip)


def _nodes(mask: Pixels, strip: int) -> list[list[float]]:
    """Return for every strip the rows where a rule may pass."""
    strips = mask.shape[1] // strip
    used = mask[:, : strips * strip] * np.uint8(255)
    cover = cv2.resize(used, (strips, mask.shape[0]), interpolation=cv2.INTER_AREA)
    cover = cover.astype(np.float32) / 255
    weight = cv2.blur(cover, (1, 5)) + 1e-3 * cover
    is_top = (weight == cv2.dilate(weight, np.ones((5, 1), np.uint8))) & (cover >= MIN_COVER)
    nodes: list[list[float]] = [[] for _ in range(strips)]
    rows, columns = np.nonzero(is_top)
    for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
        low, high = max(0, row - 2), min(mask.shape[0], row + 3)
        parts = cover[low:high, column]
        centre = float((parts * np.arange(low, high)).sum() / parts.sum())
        if nodes[column] and centre - nodes[column][-1] < 2:
            continue  # a plateau has two tops
        nodes[column].append(centre)
    return nodes


def _link(nodes: list[list[float]], scale: Scale) -> list[list[_Node]]:
    """Return chains of nodes that lie on one line."""
    reach = max(1, round(MAX_GAP_MM / STRIP_MM))
    steepest = MAX_SLOPE * scale.px(STRIP_MM)
    chains: list[_Chain] = []
    for strip, here in enumerate(nodes):
        living = [chain for chain in chains if strip - chain.nodes[-1].strip <= reach]
        free = set(range(len(here)))
        if living and here:
            steps = np.array([strip - chain.nodes[-1].strip for chain in living])
            last = np.array([chain.nodes[-1].across for chain in living])
            slopes = np.clip([chain.slope() for chain in living], -steepest, steepest)
            off = np.abs(np.array(here)[None, :] - (last + slopes * steps)[:, None])
            fits = off <= (1.7 + 0.25 * (steps - 1))[:, None]
            off -= 0.02 * np.array([min(20, len(chain.nodes)) for chain in living])[:, None]
            pairs = np.argwhere(fits)
            used: set[int] = set()
            for number, node in pairs[np.argsort(off[fits], kind="stable")].tolist():
                if number not in used and node in free:
                    living[number].nodes.append(_Node(strip, here[node]))
                    used.add(number)
                    free.discard(node)
        chains += [_Chain([_Node(strip, here[node])]) for node in sorted(free)]
    return [chain.nodes for chain in chains]


def _follow(chain: list[_Node], mask: Pixels, values: Pixels, scale: Scale) -> list[_Trace]:
    """Return the rules that lie on a chain: usually one, with its true ends."""
    strip = scale.whole(STRIP_MM)
    knots_x = np.array([(node.strip + 0.5) * strip for node in chain])
    knots_y = _steady(np.array([node.across for node in chain]))
    left = max(0, int(knots_x[0]) - 2 * strip)
    right = min(mask.shape[1], int(knots_x[-1]) + 2 * strip)
    xs = np.arange(left, right)
    ys = _line_through(xs, knots_x, knots_y)
    rows = np.clip(np.round(ys).astype(np.int64), 1, mask.shape[0] - 2)
    flat, width = rows * mask.shape[1] + xs, mask.shape[1]
    lines, inks = mask.ravel(), values.ravel()
    solid = (lines[flat] | lines[flat - width] | lines[flat + width]) > 0
    near = np.maximum(np.maximum(inks[flat], inks[flat - width]), inks[flat + width])
    if not solid.any():
        return []
    strength = float(np.median(near[solid]))
    solid = _without_short_runs(solid, scale.whole(MIN_RUN_MM * 0.8))
    inked = solid | (near >= 0.4 * strength)
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
        found.append(_Trace(along, across, thickness, cover, wholeness, strength, runs))
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
    padded = np.pad(ys, 2, mode="reflect", reflect_type="odd")
    windows = np.lib.stride_tricks.sliding_window_view(padded, 5)
    return np.asarray(np.median(windows, axis=1))


def _line_through(xs: Floats | Places, knots_x: Floats, knots_y: Floats) -> Floats:
    """Return y at every x; beyond the last knots the line goes on as it ran."""
    ys = np.interp(xs, knots_x, knots_y)
    span = min(6, len(knots_x)) - 1
    if span:
        for end, other, beyond in ((0, span, xs < knots_x[0]), (-1, -1 - span, xs > knots_x[-1])):
            slope = (knots_y[other] - knots_y[end]) / (knots_x[other] - knots_x[end])
            slope = float(np.clip(slope, -MAX_SLOPE, MAX_SLOPE))
            ys = np.where(beyond, knots_y[end] + slope * (xs - knots_x[end]), ys)
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
    rows = np.round(ys[:, None] + offsets[None, :]).astype(np.int64)
    rows = np.clip(rows, 0, values.shape[0] - 1)
    profile = np.median(values[rows, xs[:, None]], axis=0).astype(np.float64)
    peak = float(profile[reach - 1 : reach + 2].max())
    if peak <= 0:
        return 1.0
    level = profile / peak
    width = 1.0
    for side in (level[reach + 1 :], level[:reach][::-1]):
        below = np.flatnonzero(side < 0.5)
        width += float(below[0]) if len(below) else float(len(side))
    return width


def _without_doubles(traces: list[_Trace]) -> list[_Trace]:
    """Return the traces without those that run inside another, longer one."""
    kept: list[_Trace] = []
    for trace in sorted(traces, key=lambda t: float(t.along[0] - t.along[-1])):
        places = np.linspace(trace.along[0], trace.along[-1], 9)
        own = np.interp(places, trace.along, trace.across)
        far = 20 + MAX_SLOPE * (trace.along[-1] - trace.along[0])
        for other in kept:
            if abs(other.across[0] - own[0]) > far and abs(other.across[-1] - own[-1]) > far:
                continue
            inside = (places >= other.along[0] - 2) & (places <= other.along[-1] + 2)
            apart = np.abs(np.interp(places, other.along, other.across) - own)
            near = max(2.5, 0.5 * other.thickness + 1)
            if (inside & (apart < near)).mean() > 0.6:
                break
        else:
            kept.append(trace)
    return kept


def _strong(flat: list[_Trace], tall: list[_Trace]) -> tuple[list[_Trace], list[_Trace]]:
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


def _sure(traces: list[_Trace], scale: Scale) -> list[_Trace]:
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
    traces: list[_Trace], sure: list[_Trace], crossing: list[_Trace], scale: Scale
) -> list[_Trace]:
    """Return the sure traces and those whose crossings with other rules speak for them."""
    certain = {id(trace) for trace in sure}
    kept = []
    for trace in traces:
        if trace.cover < 0.8 and not _passes_crossings(trace, crossing, scale):
            continue
        if id(trace) in certain or _is_backed(trace, crossing, scale):
            kept.append(trace)
    return kept


def _is_backed(trace: _Trace, crossing: list[_Trace], scale: Scale) -> bool:
    """Tell whether the crossing rules make a rule of a trace that is not sure by itself.

    Measured on invented ledgers: rows of letters ink at most two thirds of their length.
    """
    length_mm = (trace.along[-1] - trace.along[0]) / scale.px(1.0)
    near = scale.px(MEET_MM)
    if length_mm < LONE_LENGTH_MM:
        near = near if length_mm > 12 else scale.px(0.6)
        joins = all(_meets(trace, end, crossing, near) for end in (0, -1))
        return joins and trace.cover >= 0.92
    if trace.cover < 0.7 and length_mm < 100:
        return False
    return _count_met(trace, crossing, near) >= 2


def _passes_crossings(trace: _Trace, crossing: list[_Trace], scale: Scale) -> bool:
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


def _crossing_at(trace: _Trace, other: _Trace) -> float | None:
    """Return where along the trace another one crosses it; None where it does not reach."""
    y = float(np.interp(0.5 * (other.across[0] + other.across[-1]), trace.along, trace.across))
    if not other.along[0] - 3 <= y <= other.along[-1] + 3:
        return None
    return float(np.interp(y, other.along, other.across))


def _is_word(trace: _Trace, tall: list[_Trace], scale: Scale) -> bool:
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


def _meets(trace: _Trace, end: int, crossing: list[_Trace], near: float) -> bool:
    x, y = float(trace.along[end]), float(trace.across[end])
    return any(
        other.along[0] - near <= y <= other.along[-1] + near
        and abs(float(np.interp(y, other.along, other.across)) - x) <= near
        for other in crossing
    )


def _count_met(trace: _Trace, crossing: list[_Trace], near: float) -> int:
    """Return how many of the crossing rules the trace crosses or touches."""
    count = 0
    for other in crossing:
        y = float(np.interp(0.5 * (other.across[0] + other.across[-1]), trace.along, trace.across))
        if not other.along[0] - near <= y <= other.along[-1] + near:
            continue
        x = float(np.interp(y, other.along, other.across))
        count += bool(trace.along[0] - near <= x <= trace.along[-1] + near)
    return count
