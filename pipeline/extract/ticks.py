"""Fields that are answered by a tick: which of the printed choices has one.

The ink tells: a printed box is measured by the layout, and compared with the other boxes of its
field. Only where no box was found does what was read beside the words count.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from pipeline.extract import reasons
from pipeline.extract.anchors import Anchor
from pipeline.extract.codes import bare
from pipeline.extract.form import OR, Form, Label
from pipeline.extract.kinds.result import Read
from pipeline.extract.matching import best_similarity, rough_similarity
from pipeline.extract.pieces import Piece, box_around, confidence_of, polygon_of, whole
from pipeline.extract.reading_order import Row, bottom, left, middle, right, top
from pipeline.extract.slots import Slot
from pipeline.values import Line, PageReading, Polygon, TickBox

SEEN, PERHAPS = 0.08, 0.03  # ink more than in the emptiest box of the field: a tick, dirt or a tick
NEAR = 4.0  # heights of a line between a box and its words
LIKE, MARGIN = 0.5, 0.15  # similarity of worn words to a choice, and how far the next is behind
UNCLEAR, ASIDE = 0.3, 0.7  # trust when no box is chosen; when another has a little ink too
TICKED = 0.9  # trust in a mark that was only read
_TICK = r"(?:[☑☒✓✔✗✘]|\[\s*[xXvV]\s*\]|(?:^|(?<=\s))[xXvV])"
_TICK_BEFORE, _TICK_AFTER = re.compile(_TICK + r"\s*$"), re.compile(r"\s*" + _TICK + r"(?=\s|$)")
_LETTER_BEFORE = re.compile(r"(?:^|\s)[^\W_]{1,2}\s*$")  # what engines make of a crossed box
_EMPTY_BOX = re.compile(r"[□☐▢oO0口\[\]()\s.:-]*")


@dataclass(frozen=True, slots=True)
class _Choice:
    """A printed choice with its box."""

    label: Label
    words: Piece
    box: TickBox


class _Mark(NamedTuple):
    """A choice that is ticked or may be: its code, its words, where the mark is."""

    choice: str
    words: Piece
    place: Polygon
    trust: float


def find_ticks(
    form: Form, sheet: PageReading, regions: Sequence[Sequence[Row]], anchors: Sequence[Anchor]
) -> Iterator[Slot]:
    """Yield the slots of fields of which some choice is ticked, or may be.

    Args:
        form: what the page looks like.
        sheet: the page.
        regions: its lines in reading order.
        anchors: the labels that were found on it; only choices count.
    """
    printed = [anchor for anchor in anchors if form.labels[anchor.order].choice]
    choices = _boxed(form, sheet, regions, printed)
    measured: dict[tuple[str, ...], list[_Choice]] = {}
    for choice in choices:
        measured.setdefault(choice.label.keys, []).append(choice)
    read: dict[tuple[str, ...], list[Anchor]] = {}
    for anchor in printed:
        keys = form.labels[anchor.order].keys
        if keys not in measured:
            read.setdefault(keys, []).append(anchor)
    for keys, group in measured.items():
        yield from _decided(keys, _by_ink(group, sheet), sheet)
    for keys, shared in read.items():
        yield from _decided(keys, _by_letters(form, shared, regions), sheet)


def _boxed(
    form: Form, sheet: PageReading, regions: Sequence[Sequence[Row]], printed: Sequence[Anchor]
) -> list[_Choice]:
    """Return the choices with a box: all boxes stand before their words, or all behind them."""
    if not sheet.boxes:
        return []
    words = [(form.labels[one.order], Piece(one.line, one.start, one.end)) for one in printed]
    sides = [_paired(words, sheet.boxes, is_before=is_before) for is_before in (True, False)]
    is_before = len(sides[0]) >= len(sides[1])
    choices = sides[0] if is_before else sides[1]
    taken = {choice.box for choice in choices}
    worn = [
        found
        for box in sheet.boxes
        if box not in taken
        for found in _worn(form, regions, choices, box, is_before=is_before)
    ]
    return [*choices, *worn]


def _paired(
    words: Sequence[tuple[Label, Piece]], boxes: Sequence[TickBox], *, is_before: bool
) -> list[_Choice]:
    """Return the words with the nearest box on one side of them, each box once."""
    pairs = [
        (gap, index, box)
        for index, (_label, piece) in enumerate(words)
        for box in boxes
        if (gap := _gap(polygon_of([piece]), box, is_before=is_before)) is not None
    ]
    found: dict[int, TickBox] = {}
    for _gap_px, index, box in sorted(pairs, key=lambda pair: pair[:2]):
        if index not in found and box not in found.values():
            found[index] = box
    return [_Choice(*words[index], box) for index, box in sorted(found.items())]


def _gap(place: Polygon, box: TickBox, *, is_before: bool) -> float | None:
    """Return the px between words and a box on one side of them; None when it is not beside."""
    height = bottom(place) - top(place)
    apart = left(place) - right(box.polygon) if is_before else left(box.polygon) - right(place)
    is_level = top(place) - height / 2 <= middle(box.polygon) <= bottom(place) + height / 2
    return abs(apart) if is_level and -height / 2 <= apart <= NEAR * height else None


def _worn(
    form: Form,
    regions: Sequence[Sequence[Row]],
    choices: Sequence[_Choice],
    box: TickBox,
    *,
    is_before: bool,
) -> Iterator[_Choice]:
    """Yield the choice beside a box whose words were misread: the one that they are most like."""
    known = {choice.label.order for choice in choices}
    used = {id(choice.words.line) for choice in choices}
    beside = [
        (gap, line)
        for region in regions
        for row in region
        for line in row
        if id(line) not in used
        and (gap := _gap(line.polygon, box, is_before=is_before)) is not None
    ]
    line = min(beside, key=lambda pair: pair[0], default=(0.0, None))[1]
    if line is None:
        return
    scored = sorted(
        (
            (best_similarity(bare(line.text), label, rough_similarity), label.order)
            for label in form.labels
            if label.choice and label.order not in known
        ),
        reverse=True,
    )
    (best, order), (second, _) = (*scored, (0.0, -1), (0.0, -1))[:2]
    if best >= LIKE and best - second >= MARGIN:
        yield _Choice(form.labels[order], whole(line), box)


def _decided(
    keys: tuple[str, ...], found: tuple[list[_Mark], list[_Mark]], sheet: PageReading
) -> Iterator[Slot]:
    """Yield what the marks of one field say; nothing when there are none.

    Args:
        keys: of the field.
        found: choices that are ticked, and those that may be.
        sheet: the page.
    """
    ticked, perhaps = found
    shown = ticked or perhaps
    if not shown:
        return
    others = tuple(code for mark in (*ticked, *perhaps) for code in mark.choice.split(OR))
    if len(ticked) == 1:
        doubts = (reasons.TICK_UNCLEAR,) if perhaps else ()
        trust = ticked[0].trust * (ASIDE if perhaps else 1.0)
        read = Read(others[0], doubts, trust, others[1:])
        if OR in ticked[0].choice:
            read = Read("", (reasons.AMBIGUOUS, *doubts), UNCLEAR, others)
    else:
        doubt = reasons.SEVERAL_TICKED if ticked else reasons.TICK_UNCLEAR
        read = Read("", (doubt,), UNCLEAR, others)
    place = box_around([mark.place for mark in shown])
    yield Slot(keys, tuple(mark.words for mark in shown), place, sheet.side, read)


def _by_ink(group: Sequence[_Choice], sheet: PageReading) -> tuple[list[_Mark], list[_Mark]]:
    """Return the choices whose boxes have ink enough for a tick, and those with a little."""
    ticked: list[_Mark] = []
    perhaps: list[_Mark] = []
    for choice in group:
        more = _more_ink(choice, group, sheet)
        mark = _Mark(choice.label.choice, choice.words, choice.box.polygon, 1.0)
        if more >= PERHAPS:
            (ticked if more >= SEEN else perhaps).append(mark)
    return ticked, perhaps


def _more_ink(choice: _Choice, group: Sequence[_Choice], sheet: PageReading) -> float:
    """Return how much more ink is in a box than in the emptiest other one, of its field if any."""
    others = [other.box for other in group if other is not choice]
    others = others or [box for box in sheet.boxes if box is not choice.box]
    return choice.box.ink - min((box.ink for box in others), default=0.0)


def _by_letters(
    form: Form, anchors: Sequence[Anchor], regions: Sequence[Sequence[Row]]
) -> tuple[list[_Mark], list[_Mark]]:
    """Return the choices with a tick that was read, and those with what may be one.

    What engines make of a crossed box is a letter or two; so is what they make of an empty one.
    """
    ticked: list[_Mark] = []
    perhaps: list[_Mark] = []
    for anchor in anchors:
        words = Piece(anchor.line, anchor.start, anchor.end)
        trust = TICKED * confidence_of([words])
        mark = _Mark(form.labels[anchor.order].choice, words, polygon_of([words]), trust)
        if _is_ticked(anchor):
            ticked.append(mark)
        elif _may_be_ticked(anchor, _beside(regions, anchor)):
            perhaps.append(mark)
    return ticked, perhaps


def _is_ticked(anchor: Anchor) -> bool:
    """Tell whether a tick was read right before or behind a printed choice."""
    before = anchor.first_line.text[: anchor.start]
    behind = anchor.line.text[anchor.end :]
    return bool(_TICK_BEFORE.search(before) or _TICK_AFTER.match(behind))


def _may_be_ticked(anchor: Anchor, beside: Line | None) -> bool:
    """Tell whether letters that may be a tick were read where the box of a choice is."""
    if _LETTER_BEFORE.search(anchor.first_line.text[: anchor.start]):
        return True
    text = beside.text if beside is not None else ""
    return len(text.strip()) <= 2 and _EMPTY_BOX.fullmatch(text) is None


def _beside(regions: Sequence[Sequence[Row]], anchor: Anchor) -> Line | None:
    """Return the line just left of a printed choice, where its box is."""
    line = anchor.first_line
    height = bottom(line.polygon) - top(line.polygon)
    for region in regions:
        for row in region:
            for before, after in pairwise(row):
                if after is line and left(line.polygon) - right(before.polygon) < 3 * height:
                    return before
    return None
