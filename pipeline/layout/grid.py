"""Rules → crossings → tables: grid lines and which of their edges are drawn."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.layout.course import passes
from pipeline.layout.darkness import Scale
from pipeline.layout.rules import Rule, Rules

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

MEET_MM = 3.0  # a faded rule may end this far from the one it meets
DOUBLE_MM = 1.9  # rules nearer than this are one double rule: no cell is so small
BRIDGE_MM = 2.0  # pieces of a broken rule whose courses differ by less are one
OPEN_END_MM = 4.0  # rules that run on this far beyond the last crossing leave the table open
EDGE_DRAWN = 0.25  # share of an edge that must be inked


class GridLine:
    """One line of a grid: the pieces of one rule, in the frame where it runs along x."""

    def __init__(self, pieces: Sequence[Floats], covers: Sequence[float]) -> None:
        order = sorted(range(len(pieces)), key=lambda i: float(pieces[i][0, 0]))
        self.spans = [(float(pieces[i][0, 0]), float(pieces[i][-1, 0])) for i in order]
        self.covers = [covers[i] for i in order]
        knots = np.concatenate([pieces[i] for i in order])
        self.knots = knots[np.argsort(knots[:, 0], kind="stable")]

    def at(self, x: float) -> float:
        """Return where the line passes at x; beyond its ends it goes on as it ran."""
        xs, ys = self.knots[:, 0], self.knots[:, 1]
        if xs[0] <= x <= xs[-1] or xs[-1] - xs[0] < 1:
            return passes(x, xs, ys)
        slope = float(np.clip((ys[-1] - ys[0]) / (xs[-1] - xs[0]), -0.05, 0.05))
        end = 0 if x < xs[0] else -1
        return float(ys[end] + slope * (x - xs[end]))

    @property
    def start(self) -> float:
        """Where the line begins."""
        return self.spans[0][0]

    @property
    def end(self) -> float:
        """Where the line ends."""
        return max(span[1] for span in self.spans)

    def drawn(self, low: float, high: float) -> float:
        """Return the share of [low, high] that the line's pieces span."""
        if high <= low:
            return 0.0
        shared = sum(max(0.0, min(b, high) - max(a, low)) for a, b in self.spans)
        return min(1.0, shared / (high - low))


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """One ruled table, px of the page image.

    Attributes:
        corners: (rows + 1, columns + 1, 2): where grid lines cross.
        above: (rows + 1, columns): whether the horizontal edges are drawn.
        beside: (rows, columns + 1): whether the vertical edges are drawn.
    """

    corners: Floats
    above: Flags
    beside: Flags


def find_grids(rules: Rules, scale: Scale) -> list[Grid]:
    """Return the page's tables, from top to bottom."""
    flat = [_knots(rule, turned=False) for rule in rules.horizontal]
    tall = [_knots(rule, turned=True) for rule in rules.vertical]
    grids = []
    for rows, columns in _groups(flat, tall, scale):
        flat_lines = _grid_lines([(flat[i], rules.horizontal[i].cover) for i in rows], scale)
        tall_lines = _grid_lines([(tall[i], rules.vertical[i].cover) for i in columns], scale)
        grid = _grid(flat_lines, tall_lines, scale)
        if grid is not None:
            grids.append(grid)
    return sorted(grids, key=lambda grid: float(grid.corners[0, 0, 1]))


def _knots(rule: Rule, *, turned: bool) -> Floats:
    points = np.asarray(rule.points, np.float64)
    return points[:, ::-1] if turned else points


def _crosses(flat: Floats, tall: Floats, near: float) -> bool:
    x = passes((flat[0, 1] + flat[-1, 1]) / 2, tall[:, 0], tall[:, 1])
    y = passes(x, flat[:, 0], flat[:, 1])
    return bool(
        flat[0, 0] - near <= x <= flat[-1, 0] + near
        and tall[0, 0] - near <= y <= tall[-1, 0] + near
    )


def _groups(
    flat: list[Floats], tall: list[Floats], scale: Scale
) -> list[tuple[list[int], list[int]]]:
    """Return the numbers of the rules that hang together, table by table."""
    near = scale.px(MEET_MM)
    meets = np.array([[_crosses(a, b, near) for b in tall] for a in flat], np.bool_)
    meets = meets.reshape(len(flat), len(tall))
    group = np.arange(len(flat))
    for column in range(len(tall)):
        touched = np.flatnonzero(meets[:, column])
        if len(touched) > 1:
            group[np.isin(group, group[touched])] = group[touched].min()
    groups = []
    for name in np.unique(group):
        rows = np.flatnonzero(group == name)
        columns = np.flatnonzero(meets[rows].any(axis=0))
        if len(columns) >= 2:
            groups.append((rows.tolist(), columns.tolist()))
    return groups


def _grid_lines(pieces: list[tuple[Floats, float]], scale: Scale) -> list[GridLine]:
    """Return the pieces gathered into lines: broken ones joined, double ones made one."""
    gathered: list[list[tuple[Floats, float]]] = []
    for piece in sorted(pieces, key=lambda p: float(p[0][0, 0] - p[0][-1, 0])):
        for line in gathered:
            if _is_same(GridLine(*_columns(line)), piece[0], scale):
                line.append(piece)
                break
        else:
            gathered.append([piece])
    lines = [GridLine(*_columns(line)) for line in gathered]
    return sorted(lines, key=lambda line: float(line.knots[:, 1].mean()))


def _columns(line: list[tuple[Floats, float]]) -> tuple[list[Floats], list[float]]:
    return [piece for piece, _ in line], [cover for _, cover in line]


def _is_same(line: GridLine, piece: Floats, scale: Scale) -> bool:
    inside = [
        (x, y) for x, y in ((piece[0, 0], piece[0, 1]), (piece[-1, 0], piece[-1, 1]))
        if line.start <= x <= line.end
    ]  # fmt: skip
    if inside:
        return all(abs(line.at(x) - y) < scale.px(DOUBLE_MM) for x, y in inside)
    end = piece[0] if piece[0, 0] > line.end else piece[-1]
    gap = max(float(piece[0, 0]) - line.end, line.start - float(piece[-1, 0]))
    leeway = scale.px(BRIDGE_MM) * min(1.0, 0.4 + gap / scale.px(50))
    return bool(abs(line.at(float(end[0])) - end[1]) < leeway)


def _grid(flat: list[GridLine], tall: list[GridLine], scale: Scale) -> Grid | None:
    flat, tall = _closed(flat, tall, scale), _closed(tall, flat, scale)
    if len(flat) < 2 or len(tall) < 2:
        return None
    corners = np.array([[_crossing(a, b) for b in tall] for a in flat])
    above = np.array(
        [
            [line.drawn(corners[i, j, 0], corners[i, j + 1, 0]) for j in range(len(tall) - 1)]
            for i, line in enumerate(flat)
        ]
    )
    beside = np.array(
        [
            [line.drawn(corners[i, j, 1], corners[i + 1, j, 1]) for j, line in enumerate(tall)]
            for i in range(len(flat) - 1)
        ]
    )
    return Grid(corners, above > EDGE_DRAWN, beside > EDGE_DRAWN)


def _crossing(flat: GridLine, tall: GridLine) -> tuple[float, float]:
    y = flat.at((flat.start + flat.end) / 2)
    for _ in range(3):
        x = tall.at(y)
        y = flat.at(x)
    return x, y


def _closed(lines: list[GridLine], crossing: list[GridLine], scale: Scale) -> list[GridLine]:
    """Return the lines with one more where the table stands open at an end.

    Columns often run down to the foot of the sheet without a last rule.
    """
    if len(crossing) < 2 or not lines:
        return lines
    found = list(lines)
    beyond = scale.px(OPEN_END_MM)
    for is_end in (False, True):
        ends = np.array([line.end if is_end else line.start for line in crossing])
        edge = lines[-1] if is_end else lines[0]
        middle = np.array([(line.at(line.start) + line.at(line.end)) / 2 for line in crossing])
        reach = np.array([edge.at(float(x)) for x in middle])
        runs_on = (ends - reach if is_end else reach - ends) > beyond
        if runs_on.mean() >= 0.6 and runs_on.sum() >= 2:
            level = float(np.median(ends[runs_on]))
            knots = np.array([[middle.min(), level], [middle.max(), level]])
            found.insert(len(found) if is_end else 0, GridLine([knots], [1.0]))
    return found
