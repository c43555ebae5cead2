"""Answers of a printed form: the text from one label to the next, over as many lines."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import pairwise, zip_longest

from pipeline.extract.anchors import Anchor, find_anchors
from pipeline.extract.beside import Columns
from pipeline.extract.form import Form
from pipeline.extract.frames import frames_of
from pipeline.extract.pieces import Piece, box_around, parted, polygon_of, text_of, trimmed
from pipeline.extract.reading_order import (
    Row,
    left,
    regions_of,
    right,
    rows_of,
)
from pipeline.extract.slots import ASSUMED, Entry, Slot
from pipeline.extract.ticks import find_ticks
from pipeline.extract.worn import is_long, with_worn
from pipeline.values import Line, PageReading

_LEADERS = " \t.…·•_"
_EDGES_LEFT = " \t:;.,…·•_-–—=)]}"
_EDGES_RIGHT = " \t:;.,…·•_-–—=([{"
INDENT, ROOM = 0.07, 0.25  # of a region's width: beyond the margin; left free at a line's end
MIN_ANSWERS = 2  # an unused page has its printed labels and perhaps its number


@dataclass
class _Lanes:
    """Which label an unlabelled line below continues, by where it stands on the page."""

    lanes: list[tuple[float, float, int]] = field(default_factory=list)

    def put(self, line: Line, anchor: int) -> None:
        """Let an anchor rule over what will stand below the line."""
        start, end = left(line.polygon), right(line.polygon)
        kept = [lane for lane in self.lanes if lane[1] <= start or lane[0] >= end]
        self.lanes = [*kept, (start, end, anchor)]

    def below(self, line: Line) -> int | None:
        """Return the anchor above a line; None when there is none right above it."""
        start, end = left(line.polygon), right(line.polygon)
        over = [(min(end, lane[1]) - max(start, lane[0]), lane[2]) for lane in self.lanes]
        shared, anchor = max(over, default=(0.0, -1))
        return anchor if shared > 0 else None

    def shared(self, line: Line, bare: Collection[int]) -> list[tuple[int, Piece]]:
        """Return the parts of a line that ran together below labels side by side, by its words.

        Names below labels for signatures come near to one another. None unless the middles of
        several labels whose answers are below stand over the line.
        """
        start, end = left(line.polygon), right(line.polygon)
        middles = sorted(
            ((lane[0] + lane[1]) / 2, lane[2])
            for lane in self.lanes
            if lane[2] in bare and start < (lane[0] + lane[1]) / 2 < end
        )
        if len(middles) < 2:
            return []
        inner = [(one + other) / 2 for (one, _), (other, _) in pairwise(middles)]
        pieces = parted(line, inner)
        return [(index, piece) for (_, index), piece in zip(middles, pieces, strict=True)]


def find_answers(form: Form, sheet: PageReading) -> list[Entry]:
    """Return the entries of a printed form, one for each of its frames; none on an unused page."""
    parts = frames_of(sheet)
    if len(parts) > 1:
        shown = [
            {anchor.order for region in find_anchors(form, regions_of(part)) for anchor in region}
            for part in parts
        ]
        if len(set.intersection(*shown)) <= min(map(len, shown)) / 2:
            parts = [sheet]  # frames of one entry: its parts, its notes
    entries = [_entry(form, part, number) for number, part in enumerate(parts, 1)]
    return [entry for entry in entries if entry is not None]


def _entry(form: Form, sheet: PageReading, number: int) -> Entry | None:
    regions = regions_of(sheet)
    slots: list[Slot] = []
    printed: list[Anchor] = []
    for region, read in zip(regions, find_anchors(form, regions), strict=True):
        anchors = with_worn(form, region, read)
        printed += anchors
        for anchor, answer in zip(anchors, _pieces(form, region, anchors), strict=True):
            slot = _slot(form, sheet, anchor, answer)
            if slot is not None:
                slots.append(slot)
    slots += find_ticks(form, sheet, regions, printed)
    if sum(bool(slot.pieces) for slot in slots) < MIN_ANSWERS:
        return None
    box = [cell.polygon for cell in sheet.cells] or [line.polygon for line in sheet.lines]
    return Entry(number, sheet.side, box_around(box), tuple(slots))


def find_above(form: Form, sheet: PageReading, lines: Sequence[Line]) -> list[Slot]:
    """Return what stands above a table, or below it, and holds for all its rows.

    Args:
        form: of the table.
        sheet: the page.
        lines: those that stand in no row of entries.
    """
    if not form.above:
        return []
    view, region = _above(form), rows_of(lines)
    anchors = find_anchors(view, [region])[0]
    slots = [
        _slot(view, sheet, anchor, answer)
        for anchor, answer in zip(anchors, _pieces(view, region, anchors), strict=True)
    ]
    return [slot for slot in slots if slot is not None and slot.pieces]


@lru_cache(maxsize=64)
def _above(form: Form) -> Form:
    """Return what stands above a form's table, as a form of its own."""
    return replace(form, layout="form", labels=form.above)


def _slot(
    form: Form,
    sheet: PageReading,
    anchor: Anchor,
    answer: list[Piece],
) -> Slot | None:
    label = form.labels[anchor.order]
    if not label.keys or label.choice:
        return None
    pieces = _stripped(answer)
    if len(pieces) > 1 and len(label.keys) == 1 and not is_long(form, label):
        # under a label for signatures: the scrawl, and the name below it
        pieces = [max(pieces, key=lambda piece: piece.end - piece.start)]
    place = polygon_of(pieces) if pieces else anchor.line.polygon
    trust = ASSUMED if anchor.is_assumed else 1.0
    return Slot(
        label.keys, tuple(pieces), place, sheet.side, None, trust, is_assumed=anchor.is_assumed
    )


def _stripped(pieces: Sequence[Piece]) -> list[Piece]:
    """Take colons and dotted leaders off the answer, and leaders alone off its line ends."""
    written = [piece for piece in pieces if text_of(piece).strip(_EDGES_LEFT + _EDGES_RIGHT)]
    parts = []
    for index, piece in enumerate(written):
        start = _EDGES_LEFT if index == 0 else _LEADERS
        end = _EDGES_RIGHT if index == len(written) - 1 else _LEADERS
        parts.append(trimmed(piece, start, end))
    return parts


def _pieces(form: Form, region: Sequence[Row], anchors: Sequence[Anchor]) -> list[list[Piece]]:
    """Return for each anchor the parts of lines that answer it."""
    answers: list[list[Piece]] = [[] for _anchor in anchors]
    lanes = _Lanes()
    margins = _margins(region)
    current: int | None = None
    columns = Columns(form, anchors)
    bare: set[int] = set()  # labels with nothing beside them: their answers are below
    for row in region:
        in_row: int | None = None
        ends: list[tuple[Line, int]] = []
        for line in row:
            cuts = _cuts(line, anchors)
            if not cuts and in_row is None and not _labels_wrap(line, anchors):
                parts = columns.continued(line) or lanes.shared(line, bare)
                for index, piece in parts:
                    answers[index].append(piece)
                if parts:
                    continue
            columns.pass_by([index for _start, _end, index in cuts])
            owner = in_row
            if owner is None and not _labels_wrap(line, anchors):
                owner = _owner(form, line, anchors, lanes, current, bare)
                if owner is not None and _has_ended(
                    form, anchors[owner], answers[owner], line, margins
                ):
                    owner = None
            if owner is not None:
                answers[owner].append(Piece(line, 0, cuts[0][0] if cuts else len(line.text)))
            for (_start, end, anchor), after in zip_longest(cuts, cuts[1:]):
                if not form.labels[anchors[anchor].order].hint:
                    owner = in_row = current = anchor
                if owner is not None:
                    answers[owner].append(Piece(line, end, after[0] if after else len(line.text)))
            if owner is not None and not form.labels[anchors[owner].order].choice:
                ends.append((line, owner))
        for line, owner in ends:
            lanes.put(line, owner)
        here = {
            index
            for index, anchor in enumerate(anchors)
            if any(anchor.line is line for line in row)
        }
        bare |= {index for index in here if not _stripped(answers[index])}
    return answers


def _margins(region: Sequence[Row]) -> tuple[float, float]:
    """Return where the writing of a region begins and ends, px."""
    outlines = [line.polygon for row in region for line in row]
    return min(map(left, outlines), default=0.0), max(map(right, outlines), default=0.0)


def _has_ended(
    form: Form, anchor: Anchor, answer: Sequence[Piece], line: Line, margins: tuple[float, float]
) -> bool:
    """Tell whether a running answer in a cell had ended before a line further down.

    Who has room left on a line does not go on below it, and then away from the margin: what
    stands there are signatures, stamps, names under them.
    """
    written = _stripped(answer)
    if line.cell is None or not written or not is_long(form, form.labels[anchor.order]):
        return False
    first, last = margins
    has_room = right(polygon_of(written[-1:])) < last - ROOM * (last - first)
    return has_room and left(line.polygon) > first + INDENT * (last - first)


def _cuts(line: Line, anchors: Sequence[Anchor]) -> list[tuple[int, int, int]]:
    """Return where labels begin and end in a line, with their index, left to right."""
    cuts = []
    for index, anchor in enumerate(anchors):
        if anchor.line is line:
            start = anchor.start if anchor.first_line is line else 0
            cuts.append((start, anchor.end, index))
        elif anchor.first_line is line:  # the label goes on in the next line
            cuts.append((anchor.start, len(line.text), index))
    return sorted(cuts)


def _labels_wrap(line: Line, anchors: Sequence[Anchor]) -> bool:
    return any(anchor.line is line and anchor.first_line is not line for anchor in anchors)


def _owner(
    form: Form,
    line: Line,
    anchors: Sequence[Anchor],
    lanes: _Lanes,
    current: int | None,
    bare: Collection[int],
) -> int | None:
    """Return whose answer a line without a label continues; None when it is nobody's.

    Inside a ruled cell text flows on from the last label; on open paper, and under labels that
    stand side by side for signatures, it belongs to the label above.
    """
    above = lanes.below(line)
    owner = current
    if above is not None and (line.cell is None or above in bare):
        owner = above
    if owner is None or is_long(form, form.labels[anchors[owner].order]):
        return owner
    return owner if owner == above and owner in bare else None
