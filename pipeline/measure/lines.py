"""Lines: which were found, and what the text of each was read as.

A line is found when one line was read that shares half of their joint length and half of the
lower one's height. Text is compared more kindly: a label and the answer behind it may have been
read as one line, a long line in two parts, so whatever lies over one another is joined from left
to right before it is compared.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from pipeline.letters import nfc
from pipeline.measure.pairing import Box, Counts, Json, Scan, all_of, pair_boxes, upright

LINE_SHARE = 0.5
MIXED = "mixed"


class LinePair(NamedTuple):
    """True writing and what was read there; None where no line was found."""

    script: str
    truth: str
    read: str | None


def count_lines(scan: Scan) -> Counts:
    """Count the lines; one that was found but read as nothing claims no writing."""
    ours, theirs = _boxes(scan)
    pairs = pair_boxes(ours, theirs, _line_overlap, LINE_SHARE)
    used = {other for _index, other in pairs}
    lines = all_of(scan.read, "lines")
    claimed = sum(index in used or bool(line["text"]) for index, line in enumerate(lines))
    return Counts(len(ours), claimed, len(pairs))


def pair_texts(scan: Scan) -> list[LinePair]:
    """Return all true writing with what was read over it."""
    ours, theirs = _boxes(scan)
    true, read = all_of(scan.truth, "lines"), all_of(scan.read, "lines")
    pairs = []
    for indexes, others in _clusters(ours, theirs):
        scripts = {line["script"] for line in (true[index] for index in indexes)}
        text = _joined([(ours[index], true[index]) for index in indexes])
        told = _joined([(theirs[other], read[other]) for other in others]) if others else None
        pairs.append(LinePair(scripts.pop() if len(scripts) == 1 else MIXED, text, told))
    return pairs


def _boxes(scan: Scan) -> tuple[list[Box], list[Box]]:
    box = upright(scan)
    ours = [box(line) for line in all_of(scan.truth, "lines")]
    return ours, [box(line) for line in all_of(scan.read, "lines")]


def _on_one_line(one: Box, other: Box) -> bool:
    height = min(one.bottom, other.bottom) - max(one.top, other.top)
    lower = min(one.bottom - one.top, other.bottom - other.top)
    return lower > 0 and height >= LINE_SHARE * lower


def _shared(one: Box, other: Box) -> float:
    return max(min(one.right, other.right) - max(one.left, other.left), 0.0)


def _line_overlap(one: Box, other: Box) -> float:
    """Return the shared length over the joint length, 0 when they are not on one line."""
    joint = max(one.right, other.right) - min(one.left, other.left)
    return _shared(one, other) / joint if joint > 0 and _on_one_line(one, other) else 0.0


def _covers(one: Box, other: Box) -> bool:
    """Say whether half of the shorter lies over the other, on one line."""
    shorter = min(one.right - one.left, other.right - other.left)
    return _on_one_line(one, other) and _shared(one, other) > LINE_SHARE * shorter


def _clusters(ours: Sequence[Box], theirs: Sequence[Box]) -> list[tuple[list[int], list[int]]]:
    """Return the true lines, each with all that it hangs together with by way of read ones."""
    order = sorted(range(len(theirs)), key=lambda other: theirs[other].top)
    root = list(range(len(ours)))

    def find(index: int) -> int:
        while root[index] != index:
            index = root[index]
        return index

    over: dict[int, list[int]] = defaultdict(list)
    for index, box in enumerate(ours):
        for other in order:
            if theirs[other].top > box.bottom:
                break
            if _covers(box, theirs[other]):
                over[other].append(index)
    for indexes in over.values():
        for index in indexes[1:]:
            root[find(index)] = find(indexes[0])
    groups: dict[int, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
    for index in range(len(ours)):
        groups[find(index)][0].append(index)
    for other, indexes in over.items():
        groups[find(indexes[0])][1].append(other)
    return list(groups.values())


def _joined(lines: Sequence[tuple[Box, Json]]) -> str:
    """Return the texts in reading order: line by line, from left to right."""
    rows: list[list[tuple[Box, Json]]] = []
    for box, line in sorted(lines, key=lambda pair: pair[0].top + pair[0].bottom):
        if rows and _on_one_line(rows[-1][-1][0], box):
            rows[-1].append((box, line))
        else:
            rows.append([(box, line)])
    inside = [sorted(row, key=lambda pair: pair[0].left) for row in rows]
    texts = [nfc(line["text"]).strip() for row in inside for _box, line in row]
    return " ".join(text for text in texts if text)
