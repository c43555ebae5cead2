"""The pieces of ink on a page without its rules, and the cell that each belongs to."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from pipeline.connected import chosen, connected
from pipeline.layout.darkness import Scale
from pipeline.layout.rules import Rule, Rules
from pipeline.values import Pixels

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Labels = npt.NDArray[np.int32]

SPECK_MM = 0.22  # smaller than the dot under ạ from a fine pen
RING_MM = 16.0  # strokes as high as this are stamps' rings and borders
DITTO_MM = 40.0  # in a cell a flat stroke up to this is a ditto mark, and no rule
AT_HOME = 0.5  # of its cell's usual distance from the rule: ink that is nearer is a tail
ALONE = 0.35  # of the ink in the cell next to it: a cell with less holds tails and nothing else
TAIL_MM = 4.0  # a stroke that reaches no further over a rule is the tail of a letter beyond it


@dataclass(frozen=True, slots=True, eq=False)
class Components:
    """Connected pieces of ink, px of the working scale; one array entry each.

    Attributes:
        labels: picture of the pieces' numbers; -1 is paper.
        left, top, right, bottom: their boxes; right and bottom just outside.
        area: px of ink.
        cell: number of the cell that holds the piece, -1 outside tables, -2 for no writing.
    """

    labels: Labels
    left: Ints
    top: Ints
    right: Ints
    bottom: Ints
    area: Ints
    cell: Ints


def find_components(mask: Pixels, rules: Rules, cells: Labels, scale: Scale) -> Components:
    """Return the pieces of ink.

    Args:
        mask: 1 on ink.
        rules: at the mask's scale; pieces that cross one are cut there, and short tails beyond
            it are given back to the cell that the piece comes from.
        cells: number of the cell at each point, -1 outside tables; same shape.
        scale: of the mask.
    """
    cut = mask.copy()
    tracks = [_track(rule, turned=False) for rule in rules.horizontal]
    tracks += [_track(rule, turned=True) for rule in rules.vertical]
    for rows, columns, _ in tracks:
        inside = _inside(rows, columns, mask)
        cut[rows[inside], columns[inside]] = 0
    labels, stats, _centres = connected(cut)
    labels -= 1
    left, top, width, height, area = stats[1:].astype(np.int64).T
    middle = (np.clip(top + height // 2, 0, mask.shape[0] - 1),
              np.clip(left + width // 2, 0, mask.shape[1] - 1))  # fmt: skip
    pieces = Components(
        labels, left, top, left + width, top + height, area, cells[middle].astype(np.int64)
    )
    pieces.cell[~_is_writing(pieces, scale)] = -2
    pieces.cell[_is_remains(pieces, rules, middle, scale)] = -2
    pieces.cell[_is_dirt(pieces, middle, scale)] = -2
    for track in tracks:
        _give_tails_back(pieces, track, mask, scale)
    return pieces


def _is_writing(pieces: Components, scale: Scale) -> Flags:
    """Tell which pieces are neither specks, nor rings and borders, nor left of a rule."""
    width, height = pieces.right - pieces.left, pieces.bottom - pieces.top
    speck = max(2.0, scale.px(SPECK_MM) ** 2)
    ring = scale.px(RING_MM)
    hollow = pieces.area < 0.12 * width * height
    is_ring = (height > ring) & (hollow | (height > 1.5 * ring))
    thin = scale.px(0.7)
    longest = np.where(pieces.cell < 0, scale.px(12), scale.px(DITTO_MM))
    is_rule = ((height <= thin) & (width > longest)) | ((width <= thin) & (height > scale.px(9)))
    return np.asarray((pieces.area >= speck) & ~is_ring & ~is_rule)


def _is_remains(pieces: Components, rules: Rules, middle: tuple[Ints, Ints], scale: Scale) -> Flags:
    """Tell which pieces are what is left of an erased rule: thin, and along it."""
    width, height = pieces.right - pieces.left, pieces.bottom - pieces.top
    thin, near = scale.px(0.8), scale.whole(1.6)
    found = np.zeros(len(width), np.bool_)
    for group, is_along in (
        (rules.horizontal, (height <= thin) & (width >= 2 * height)),
        (rules.vertical, (width <= thin) & (height >= 2 * width)),
    ):
        close = np.zeros(pieces.labels.shape, np.uint8)
        for rule in group:
            points = np.round(np.asarray(rule.points)).astype(np.int32)
            cv2.polylines(close, [points], isClosed=False, color=1, thickness=near)
        found |= is_along & (close[middle] > 0)
    return found


def _is_dirt(pieces: Components, middle: tuple[Ints, Ints], scale: Scale) -> Flags:
    """Tell which pieces are small and far from any larger one: no dot or mark of a letter."""
    size = np.maximum(pieces.right - pieces.left, pieces.bottom - pieces.top)
    is_small = size < scale.px(0.95)
    is_large = np.append(~is_small & (pieces.cell > -2), False)
    letters = chosen(pieces.labels, is_large.astype(np.uint8))
    reach = np.ones((scale.odd(5.0), scale.odd(3.0)), np.uint8)
    return np.asarray(is_small & (cv2.dilate(letters, reach)[middle] == 0))


def _track(rule: Rule, *, turned: bool) -> tuple[Ints, Ints, bool]:
    """Return rows and columns of the points along a rule."""
    points = np.asarray(rule.points)
    along, across = (points[:, 1], points[:, 0]) if turned else (points[:, 0], points[:, 1])
    places = np.arange(int(along[0]), int(along[-1]) + 1)
    other = np.round(np.interp(places, along, across)).astype(np.int64)
    return (places, other, turned) if turned else (other, places, turned)


def _inside(rows: Ints, columns: Ints, mask: Pixels) -> Flags:
    return np.asarray(
        (rows >= 2) & (rows < mask.shape[0] - 2) & (columns >= 2) & (columns < mask.shape[1] - 2)
    )


def _give_tails_back(
    pieces: Components, track: tuple[Ints, Ints, bool], mask: Pixels, scale: Scale
) -> None:
    """Give a short piece that the rule cut off to the cell of the piece it was cut from."""
    rows, columns, turned = track
    inside = _inside(rows, columns, mask)
    rows, columns = rows[inside], columns[inside]
    reach = scale.whole(0.65)
    before = _first_piece(pieces.labels, rows, columns, -reach, turned=turned)
    after = _first_piece(pieces.labels, rows, columns, reach, turned=turned)
    met = (before >= 0) & (after >= 0)
    pairs = {(int(a), int(b)) for a, b in zip(before[met], after[met], strict=True)}
    pairs = {(a, b) for a, b in pairs if pieces.cell[a] != pieces.cell[b]}
    pairs = {(a, b) for a, b in pairs if -2 not in (pieces.cell[a], pieces.cell[b])}
    if not pairs:
        return
    low, high = (pieces.left, pieces.right) if turned else (pieces.top, pieces.bottom)
    other = (pieces.top + pieces.bottom if turned else pieces.left + pieces.right) / 2
    along, across = (rows, columns) if turned else (columns, rows)
    depth = np.abs((low + high) / 2 - np.interp(other, along, across))
    inked = np.bincount(pieces.cell + 2, pieces.area)
    usual = np.bincount(pieces.cell + 2, pieces.area * depth) / np.maximum(inked, 1)
    for one, two in pairs:
        cells = pieces.cell[[one, two]] + 2
        if cells.min() == 1:  # outside tables
            small, large = sorted((one, two), key=lambda piece: int(pieces.area[piece]))
            is_tail = pieces.area[small] < 0.6 * pieces.area[large]
        else:
            # Writing in a cell is about as far from the rule as its other writing; tails are not.
            at_home = depth[[one, two]] / usual[cells]
            share = inked[cells] / inked[cells].max()
            small, large = (one, two) if (at_home * share).argmin() == 0 else (two, one)
            is_tail = min(at_home) < AT_HOME or min(share) < ALONE
        if is_tail and high[small] - low[small] < scale.px(TAIL_MM):
            pieces.cell[small] = pieces.cell[large]


def _first_piece(labels: Labels, rows: Ints, columns: Ints, reach: int, *, turned: bool) -> Ints:
    """Return the piece next to each point of a rule, on the side of the sign of `reach`."""
    found = np.full(len(rows), -1, np.int64)
    for step in range(1, abs(reach) + 1):
        shift = step if reach > 0 else -step
        down, across = (0, shift) if turned else (shift, 0)
        y = np.clip(rows + down, 0, labels.shape[0] - 1)
        x = np.clip(columns + across, 0, labels.shape[1] - 1)
        found = np.where(found < 0, labels[y, x], found)
    return found
