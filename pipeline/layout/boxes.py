"""Find printed tick boxes and measure how much ink is in each; take them off the page.

An empty box is four straight strokes with clean paper inside. A tick blurs its box's outline, so
ticked boxes are then looked for where the empty ones say: in line with one, and of its size.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from pipeline.connected import connected
from pipeline.layout.darkness import MIN_INK, Scale, darkness_of, measure_darkness, paper_of
from pipeline.values import PageImage, Pixels, Polygon, TickBox

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

MIN_SIDE_MM, MAX_SIDE_MM = 2.6, 7.0
MIN_RUN_MM = 1.6  # straight ink this long is part of an edge; slanting pen strokes have none
MAX_EDGE_MM = 0.9  # a thicker stroke is a bold letter's
NEAR_MM = 0.5  # how far edges may miss each other at a corner
SQUARE = 1.35  # long side over short side
DRAWN = 0.85  # share of a side that must be inked
EMPTY = 0.02  # ink inside an empty box: dirt, never a tick
IN_LINE_MM = 1.0  # boxes of one form stand so exactly above or beside each other
COMB = 1.0  # widths between boxes: nearer ones in a row take a digit each
INSIDE = 0.2  # of the side: the printed edge and its blur, no part of the inside
GAP = (0.12, 0.3)  # of the side: the paper around a box, nearer than its words
AROUND = 0.25  # ink there: the ends of a tick, never letters or a dark scanner bed
TICK = 0.8  # of the side: how far a tick reaches out of its box at most


class _Edge(NamedTuple):
    """A short straight stroke of ink along the x axis, px; right and bottom just outside."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def level(self) -> float:
        """Its middle."""
        return (self.top + self.bottom - 1) / 2


class _Frame(NamedTuple):
    """The middle of a box's printed outline, px of the working scale."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return self.bottom - self.top


def find_tick_boxes(image: PageImage) -> tuple[TickBox, ...]:
    """Return the small empty or ticked squares that are printed on a page, top to bottom.

    A square alone is taken for a letter or a drawing: a choice has two boxes at least.
    """
    dark = measure_darkness(image)
    mask = (dark.values >= dark.ink).astype(np.uint8)
    clear = [frame for frame in _frames(mask, dark.scale) if _is_box(frame, mask)]
    empty = [frame for frame in clear if _inked(frame, mask) <= EMPTY]
    beside = [frame for frame in _in_line(empty, mask, dark.scale) if _is_box(frame, mask)]
    seen = [*empty, *beside]
    frames = _without_combs(_apart(seen))
    if len(frames) < 2 or len(frames) > 2 * len(empty):  # most boxes of a form stay empty
        return ()
    return tuple(
        TickBox(_polygon(frame, dark.factor), _inked(frame, mask))
        for frame in sorted(frames, key=lambda frame: (frame.top, frame.left))
    )


def erase_boxes(image: PageImage, boxes: Sequence[TickBox]) -> PageImage:
    """Return the page without its tick boxes and ticks, so that words alone are left to read."""
    if not boxes:
        return image
    scale = Scale(image.dpi)
    pixels, paper = image.pixels.copy(), paper_of(image.pixels, scale)
    for box in boxes:
        _erase(pixels, paper, box, scale)
    return replace(image, pixels=pixels)


def _frames(mask: Pixels, scale: Scale) -> list[_Frame]:
    """Return the outlines of four straight sides."""
    pairs = list(_pairs(_edges(mask, scale), scale))
    if not pairs:
        return []
    tall = _runs(mask.T, scale).T
    return _apart([frame for frame in pairs if _is_drawn(frame, tall, scale)])


def _edges(mask: Pixels, scale: Scale) -> list[_Edge]:
    """Return the straight strokes as long as a box's side, top to bottom."""
    _labels, stats, _centres = connected(_runs(mask, scale))
    low, high = scale.px(MIN_SIDE_MM), scale.px(MAX_SIDE_MM)
    edges = [
        _Edge(left, top, left + width, top + height)
        for left, top, width, height, _area in stats[1:].tolist()
        if low <= width <= high and height <= scale.px(MAX_EDGE_MM)
    ]
    return sorted(edges, key=lambda edge: edge.level)


def _runs(mask: Pixels, scale: Scale) -> Pixels:
    """Return the ink that lies in long runs along the x axis."""
    run = np.ones((1, scale.whole(MIN_RUN_MM)), np.uint8)
    return np.asarray(cv2.morphologyEx(np.ascontiguousarray(mask), cv2.MORPH_OPEN, run), np.uint8)


def _pairs(edges: Sequence[_Edge], scale: Scale) -> Iterator[_Frame]:
    """Yield the outlines whose top and bottom two of the strokes are, by their tops.

    Letters make hundreds of strokes: which lie above one another is asked of all at once.
    """
    near = scale.px(NEAR_MM)
    lefts = np.array([edge.left for edge in edges])
    rights = np.array([edge.right for edge in edges])
    for number, upper in enumerate(edges):
        is_near = np.abs(lefts[number + 1 :] - upper.left) <= near
        is_near &= np.abs(rights[number + 1 :] - upper.right) <= near
        for other in np.flatnonzero(is_near).tolist():
            frame = _between(upper, edges[number + 1 + other])
            if frame is not None:
                yield frame


def _between(upper: _Edge, lower: _Edge) -> _Frame | None:
    """Return the outline whose top and bottom two strokes are; None when it is no square."""
    left, right = (upper.left + lower.left) / 2, (upper.right + lower.right) / 2
    height = lower.level - upper.level
    if not 1 / SQUARE <= height / (right - left) <= SQUARE:
        return None
    return _Frame(left, upper.level, right, lower.level)


def _is_drawn(frame: _Frame, tall: Pixels, scale: Scale) -> bool:
    """Tell whether both upright sides are there as straight strokes."""
    near = scale.whole(NEAR_MM)
    rows = slice(int(frame.top), int(frame.bottom) + 1)
    for x in (round(frame.left), round(frame.right)):
        side = tall[rows, max(0, x - near) : x + near + 1]
        straight = side[:, :-1] | side[:, 1:]  # a pen wanders, print does not
        if not straight.size or straight.mean(axis=0).max() < DRAWN:
            return False
    return True


def _in_line(empty: Sequence[_Frame], mask: Pixels, scale: Scale) -> Iterator[_Frame]:
    """Yield what has the size of an empty box and stands exactly above or beside it."""
    near = scale.whole(IN_LINE_MM)
    ink = np.asarray(
        cv2.dilate(mask, np.ones((3, 3), np.uint8)), np.uint8
    )  # a side may miss its place by one px
    for frame in empty:
        width, height = round(frame.width), round(frame.height)
        left, top = max(0, round(frame.left) - near), max(0, round(frame.top) - near)
        column = ink[:, left : left + width + 2 * near + 1]
        yield from _squares(column, width, height, left, 0)
        row = ink[top : top + height + 2 * near + 1]
        yield from _squares(row, width, height, 0, top)


def _squares(ink: Pixels, width: int, height: int, left: int, top: int) -> Iterator[_Frame]:
    """Yield the outlines of that size in a part of the page that begins at left, top."""
    if ink.shape[0] <= height or ink.shape[1] <= width:
        return
    across = _shares(ink, width)
    down = _shares(ink.T, height).T
    upright = np.minimum(down[:, :-width], down[:, width:])
    flat = np.minimum(across[:-height], across[height:])
    drawn = np.minimum(flat[: upright.shape[0]], upright[:, : flat.shape[1]])
    for y, x in _peaks(drawn, max(2, min(width, height) // 2)):
        yield _Frame(left + x, top + y, left + x + width, top + y + height)


def _shares(ink: Pixels, length: int) -> Floats:
    """Return the inked share of the stretch along x of that length that begins at each point."""
    sums = np.cumsum(np.pad(ink.astype(np.float64), ((0, 0), (1, 0))), axis=1)
    return np.asarray((sums[:, length + 1 :] - sums[:, : -length - 1]) / (length + 1))


def _peaks(values: Floats, reach: int) -> Iterator[tuple[int, int]]:
    """Yield the places of the highest values that are apart by more than `reach`."""
    places = np.argwhere(values >= DRAWN)
    order = np.argsort(-values[tuple(places.T)], kind="stable")
    kept: list[tuple[int, int]] = []
    for y, x in places[order].tolist():
        if all(max(abs(y - b), abs(x - a)) > reach for b, a in kept):
            kept.append((y, x))
            yield y, x


def _apart(frames: Sequence[_Frame]) -> list[_Frame]:
    """Return the frames that lie apart; of two over each other the first."""
    kept: list[_Frame] = []
    for frame in frames:
        if all(
            frame.left > other.right
            or frame.right < other.left
            or frame.top > other.bottom
            or frame.bottom < other.top
            for other in kept
        ):
            kept.append(frame)
    return kept


def _without_combs(frames: Sequence[_Frame]) -> list[_Frame]:
    """Return the frames but those that stand close beside another: one for each digit."""

    def is_comb(frame: _Frame) -> bool:
        return any(
            abs(other.top - frame.top) < frame.height / 2
            and 0 < abs(other.left - frame.left) - frame.width < COMB * frame.width
            for other in frames
        )

    return [frame for frame in frames if not is_comb(frame)]


def _inked(frame: _Frame, mask: Pixels) -> float:
    """Return the share of the inside that is inked."""
    return float(_cut(mask, frame, -INSIDE * frame.width).mean())


def _is_box(frame: _Frame, mask: Pixels) -> bool:
    """Tell whether a frame has corners, as no O has, and paper around it, as no letter has."""
    rows, columns = (frame.top, frame.bottom), (frame.left, frame.right)
    corners = [mask[max(0, round(y) - 1) : round(y) + 2, max(0, round(x) - 1) : round(x) + 2]
               for y in rows for x in columns]  # fmt: skip
    return sum(bool(corner.any()) for corner in corners) >= 3 and _around(frame, mask) <= AROUND


def _around(frame: _Frame, mask: Pixels) -> float:
    """Return the inked share of the paper around the box: that of a letter has its neighbours."""
    near, far = GAP[0] * frame.width, GAP[1] * frame.width
    inner, outer = (_cut(mask, frame, reach) for reach in (near, far))
    return (float(outer.sum()) - float(inner.sum())) / max(1, outer.size - inner.size)


def _cut(mask: Pixels, frame: _Frame, reach: float) -> Pixels:
    """Return the part of the page that the frame holds, wider by `reach` px on every side."""
    rows = slice(max(0, round(frame.top - reach)), round(frame.bottom + reach) + 1)
    return mask[rows, max(0, round(frame.left - reach)) : round(frame.right + reach) + 1]


def _polygon(frame: _Frame, factor: float) -> Polygon:
    left, top, right, bottom = (side * factor for side in frame)
    return ((left, top), (right, top), (right, bottom), (left, bottom))


def _erase(page: Pixels, paper: Pixels, box: TickBox, scale: Scale) -> None:
    """Put paper over a box and over what reaches out of it, in place; words near by stay."""
    (left, top), _, (right, bottom), _ = box.polygon
    rim, reach = scale.px(MAX_EDGE_MM) / 2, TICK * (right - left)
    x, y = max(0, round(left - reach)), max(0, round(top - reach))
    part = page[y : round(bottom + reach) + 1, x : round(right + reach) + 1]
    ground = paper[y : y + part.shape[0], x : x + part.shape[1]]
    inside = np.zeros(part.shape, np.bool_)
    inside[
        max(0, round(top - rim) - y) : round(bottom + rim) - y + 1,
        max(0, round(left - rim) - x) : round(right + rim) - x + 1,
    ] = True
    outside = (darkness_of(part, ground) >= MIN_INK) & ~inside
    _count, labels = cv2.connectedComponents(outside.astype(np.uint8))
    ends = _ends(np.asarray(labels, np.int32), inside)
    spot = cv2.dilate((inside | ends).astype(np.uint8), np.ones((3, 3), np.uint8))
    part[spot > 0] = ground[spot > 0]


def _ends(labels: npt.NDArray[np.int32], inside: Flags) -> Flags:
    """Return the pieces that hang on the box and end near it."""
    beside = cv2.dilate(inside.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    border = [labels[0], labels[-1], labels[:, 0], labels[:, -1]]
    ends = set(np.unique(labels[beside])) - set(np.unique(np.concatenate(border))) - {0}
    return np.asarray(np.isin(labels, list(ends)), np.bool_)
