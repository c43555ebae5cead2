"""Answers of a printed form: the text from one label to the next, over as many lines."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from pipeline.extract.anchors import Anchor, find_anchors
from pipeline.extract.form import Form
from pipeline.extract.pieces import Piece, box_around, polygon_of, text_of, trimmed
from pipeline.extract.reading_order import Row, bottom, left, regions_of, right, top
from pipeline.extract.slots import Entry, Slot
from pipeline.values import Line, PageReading

_LEADERS = " \t.…·•_"
_EDGES_LEFT = " \t:;.,…·•_-–—=)]}"
_EDGES_RIGHT = " \t:;.,…·•_-–—=([{"
_TICK_BEFORE = re.compile(r"(?:[☑☒✓✔✗✘]|\[\s*[xXvV]\s*\]|(?:^|\s)[xXvV])\s*$")
_TICK_AFTER = re.compile(r"^\s*[:.]*\s*(?:[☑☒✓✔✗✘]|\[\s*[xXvV]\s*\]|[xXvV](?=\s|$))")
_EMPTY_BOX = re.compile(r"\s*[□☐▢oO0口\[\]()]+\s*")
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
        """Return the anchor above a line."""
        start, end = left(line.polygon), right(line.polygon)
        over = [(min(end, lane[1]) - max(start, lane[0]), lane[2]) for lane in self.lanes]
        return max(over)[1] if over else None


def find_answers(form: Form, sheet: PageReading) -> Entry | None:
    """Return the entry of a printed form; None when the page is unused."""
    regions = regions_of(sheet)
    slots: list[Slot] = []
    for region, anchors in zip(regions, find_anchors(form, regions), strict=True):
        pieces = _pieces(form, region, anchors)
        for anchor, answer in zip(anchors, pieces, strict=True):
            slot = _slot(form, sheet, region, anchor, answer)
            if slot is not None:
                slots.append(slot)
    if sum(bool(slot.pieces) for slot in slots) < MIN_ANSWERS:
        return None
    box = [cell.polygon for cell in sheet.cells] or [line.polygon for line in sheet.lines]
    return Entry(1, sheet.side, box_around(box), tuple(slots))


def _slot(
    form: Form,
    sheet: PageReading,
    region: Sequence[Row],
    anchor: Anchor,
    answer: list[Piece],
) -> Slot | None:
    label = form.labels[anchor.order]
    if not label.keys:
        return None
    if label.choice:
        if not _is_ticked(anchor, _beside(region, anchor)):
            return None
        printed = Piece(anchor.line, anchor.start, anchor.end)
        return Slot(label.keys, (printed,), polygon_of([printed]), sheet.side, label.choice)
    pieces = _stripped(answer)
    place = polygon_of(pieces) if pieces else anchor.line.polygon
    return Slot(label.keys, tuple(pieces), place, sheet.side)


def _is_ticked(anchor: Anchor, beside: Line | None) -> bool:
    """Tell whether a mark stands before or after a printed choice.

    An empty box is ruled and leaves no line of writing; a cross in it leaves a short one.
    """
    before = anchor.first_line.text[: anchor.start]
    after = anchor.line.text[anchor.end :]
    if _TICK_BEFORE.search(before) or _TICK_AFTER.match(after):
        return True
    return (
        beside is not None
        and len(beside.text.strip()) <= 2
        and not _EMPTY_BOX.fullmatch(beside.text)
    )


def _beside(region: Sequence[Row], anchor: Anchor) -> Line | None:
    """Return the line just left of a printed choice, where its box is."""
    line = anchor.first_line
    height = bottom(line.polygon) - top(line.polygon)
    for row in region:
        for before, after in pairwise(row):
            if after is line and left(line.polygon) - right(before.polygon) < 3 * height:
                return before
    return None


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
    current: int | None = None
    for row in region:
        in_row: int | None = None
        ends: list[tuple[Line, int]] = []
        for line in row:
            cuts = _cuts(line, anchors)
            head = Piece(line, 0, cuts[0][0] if cuts else len(line.text))
            owner = in_row
            if owner is None and not _labels_wrap(line, anchors):
                owner = _owner(line, answers, lanes, current)
            if owner is not None and head.end > head.start:
                answers[owner].append(head)
            for index, (_start, end, anchor) in enumerate(cuts):
                stop = cuts[index + 1][0] if index + 1 < len(cuts) else len(line.text)
                if not form.labels[anchors[anchor].order].hint:
                    owner = in_row = current = anchor
                if owner is not None:
                    answers[owner].append(Piece(line, end, stop))
            if owner is not None:
                ends.append((line, owner))
        for line, owner in ends:
            lanes.put(line, owner)
    return answers


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
    line: Line, answers: Sequence[Sequence[Piece]], lanes: _Lanes, current: int | None
) -> int | None:
    """Return whose answer a line without a label continues.

    Inside a ruled cell text flows from the last label; on open paper, and under labels that
    stand side by side for signatures, it belongs to the label above.
    """
    above = lanes.below(line)
    if current is None or above is None:
        return current
    is_blank = not any(_stripped(answers[above])) or not any(_stripped(answers[current]))
    return above if line.cell is None or is_blank else current
