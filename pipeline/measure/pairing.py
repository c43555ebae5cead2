"""Bring what was read together with what is true, by where it stands.

Polygons are turned upright with the truth's own orientation and skew, then taken as boxes. Cells
pair at an intersection over union of 0.5, records at 0.3 and, when none overlaps, by side and row.
The page number of a file counts, the folder in its name does not.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import cos, radians, sin
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from rapidfuzz.distance import Levenshtein

from pipeline.letters import fold, nfc

Json = dict[str, Any]
Key = tuple[str, int]

CELL_IOU = 0.5
RECORD_IOU = 0.3
NAME_DISTANCE = 0.25  # share of a folded name's letters that may differ in a record found
SERIALS = ("so", "thua_dat_so", "so_thu_tu_thua")
NAMES = (
    "nksHoTen",
    "nktHoTen",
    "chongHoTen",
    "cmHoTen",
    "nxnHoTen",
    "ten_nguoi_su_dung",
    "ten_chu_su_dung",
    "ten_chu",
)


class Box(NamedTuple):
    """An upright rectangle, px of the upright scan."""

    left: float
    top: float
    right: float
    bottom: float


class FieldPair(NamedTuple):
    """A true field and what was read; an empty truth is a field that nobody wrote."""

    form: str
    key: str
    script: str
    raw: str
    value: str
    read_raw: str
    read_value: str
    confidence: float | None


class Scan(NamedTuple):
    """All pages (sides) of one page image of a file."""

    truth: Sequence[Json]
    read: Sequence[Json]


@dataclass(frozen=True, slots=True)
class Counts:
    """How many there are in truth and in the reading, and how many of them are paired."""

    truth: int = 0
    read: int = 0
    paired: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        """Add count by count."""
        return Counts(self.truth + other.truth, self.read + other.read, self.paired + other.paired)

    def rates(self) -> Json:
        """Return the counts with precision, recall and their harmonic mean."""
        total = self.truth + self.read
        return {
            "truth": self.truth,
            "read": self.read,
            "precision": share(self.paired, self.read),
            "recall": share(self.paired, self.truth),
            "f1": share(2 * self.paired, total),
        }


def share(part: float, whole: float) -> float | None:
    """Return the part of the whole; None when there is nothing."""
    return part / whole if whole else None


def scan_name(page: Json) -> Key:
    """Return which page image of which file it is."""
    return PurePosixPath(str(page["file"]).replace("\\", "/")).name, int(page.get("page", 1))


def pair_scans(truth: Sequence[Json], read: Sequence[Json]) -> list[Scan]:
    """Bring the pages of both sides together, scan by scan of the truth."""
    ours: dict[Key, list[Json]] = defaultdict(list)
    theirs: dict[Key, list[Json]] = defaultdict(list)
    for page in truth:
        ours[scan_name(page)].append(page)
    for page in read:
        theirs[scan_name(page)].append(page)
    return [Scan(pages, theirs.get(key, [])) for key, pages in ours.items()]


def same_side(page: Json, read: Sequence[Json]) -> Json | None:
    """Return the page that was read there, an unsplit spread for want of a better."""
    exact = [other for other in read if other["side"] == page["side"]]
    return exact[0] if exact else next(iter(read), None)


def upright(scan: Scan) -> Callable[[Json], Box]:
    """Return the function that boxes an item of this scan after turning it upright."""
    page = scan.truth[0]
    turn = radians(page["orientation_deg"] - page["skew_deg"])
    across, down = cos(turn), sin(turn)

    def box(item: Json) -> Box:
        points = [(x * across - y * down, x * down + y * across) for x, y in item["polygon"]]
        xs, ys = zip(*points, strict=True)
        return Box(min(xs), min(ys), max(xs), max(ys))

    return box


def all_of(pages: Iterable[Json], key: str) -> list[Json]:
    """Return the items of all pages."""
    return [item for page in pages for item in page[key]]


def _iou(one: Box, other: Box) -> float:
    width = min(one.right, other.right) - max(one.left, other.left)
    height = min(one.bottom, other.bottom) - max(one.top, other.top)
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    return shared / (_area(one) + _area(other) - shared)


def _area(box: Box) -> float:
    return (box.right - box.left) * (box.bottom - box.top)


def pair_boxes(
    ours: Sequence[Box], theirs: Sequence[Box], overlap: Callable[[Box, Box], float], least: float
) -> list[tuple[int, int]]:
    """Return pairs of indices, the best overlap first, each box in one pair at most."""
    order = sorted(range(len(theirs)), key=lambda index: theirs[index].top)
    candidates = []
    for index, box in enumerate(ours):
        for other in order:
            if theirs[other].top > box.bottom:
                break
            shared = overlap(box, theirs[other])
            if shared >= least:
                candidates.append((-shared, index, other))
    pairs: list[tuple[int, int]] = []
    left: set[int] = set()
    right: set[int] = set()
    for _overlap, index, other in sorted(candidates):
        if index not in left and other not in right:
            left.add(index)
            right.add(other)
            pairs.append((index, other))
    return pairs


def count_cells(scan: Scan) -> Counts:
    """Count the cells and how many of them pair."""
    box = upright(scan)
    ours = [box(cell) for cell in all_of(scan.truth, "cells")]
    theirs = [box(cell) for cell in all_of(scan.read, "cells")]
    return Counts(len(ours), len(theirs), len(pair_boxes(ours, theirs, _iou, CELL_IOU)))


class Checked(NamedTuple):
    """The records of one scan, compared; `near` counts those found."""

    fields: list[FieldPair]
    counts: Counts
    near: int


def check_records(scan: Scan) -> Checked:
    """Pair the records of a scan and compare them field by field."""
    ours = [(page, record) for page in scan.truth for record in page["records"]]
    theirs = [(page, record) for page in scan.read for record in page["records"]]
    pairs = pair_records(scan, ours, theirs)
    scripts = _script_finder(scan)
    fields: list[FieldPair] = []
    near = 0
    for index, (page, record) in enumerate(ours):
        other = theirs[pairs[index]][1]["fields"] if index in pairs else {}
        fields += _pair_fields(page["form"], record["fields"], other, scripts)
        near += index in pairs and _is_near(record["fields"], other)
    for index in set(range(len(theirs))) - set(pairs.values()):
        page, record = theirs[index]
        fields += _pair_fields(page["form"] or "", {}, record["fields"], scripts)
    return Checked(fields, Counts(len(ours), len(theirs), len(pairs)), near)


def pair_records(
    scan: Scan, ours: Sequence[tuple[Json, Json]], theirs: Sequence[tuple[Json, Json]]
) -> dict[int, int]:
    """Return for records of the truth, by index, the record that was read there."""
    box = upright(scan)
    our_boxes = [box(record) for _page, record in ours]
    their_boxes = [box(record) for _page, record in theirs]
    pairs = dict(pair_boxes(our_boxes, their_boxes, _iou, RECORD_IOU))
    free = {
        (page["side"], record["row"]): index
        for index, (page, record) in enumerate(theirs)
        if index not in pairs.values()
    }
    for index, (page, record) in enumerate(ours):
        place = (page["side"], record["row"])
        if index not in pairs and place in free:
            pairs[index] = free.pop(place)
    return pairs


def _script_finder(scan: Scan) -> Callable[[Json], str]:
    """Return the function that says how a true field was written, by the line under it."""
    box = upright(scan)
    lines = [(box(line), str(line["script"])) for line in all_of(scan.truth, "lines")]

    def script(field: Json) -> str:
        place = box(field)
        best = max(lines, key=lambda line: _iou(place, line[0]), default=None)
        return best[1] if best and _iou(place, best[0]) > 0 else "mark"

    return script


def _pair_fields(
    form: str, ours: Json, theirs: Json, script: Callable[[Json], str]
) -> list[FieldPair]:
    """Return all fields that were written or read; empty ones are as good as absent."""
    pairs = []
    for key in dict.fromkeys((*ours, *theirs)):
        true, read = ours.get(key, {}), theirs.get(key, {})
        told = bool(read.get("raw") or read.get("value"))
        if not true.get("raw") and not told:
            continue
        pairs.append(
            FieldPair(
                form,
                key,
                script(true) if true.get("raw") else "",
                nfc(true.get("raw", "")),
                nfc(true.get("value", "")),
                nfc(read.get("raw", "")),
                nfc(read.get("value", "")),
                read.get("confidence") if told else None,
            )
        )
    return pairs


def _is_near(ours: Json, theirs: Json) -> bool:
    """Say whether this is the same entry: its number is right and its name is nearly so."""
    for key in SERIALS:
        if key in ours and ours[key]["value"] != theirs.get(key, {}).get("value"):
            return False
    for key in NAMES:
        if key in ours:
            true, read = fold(ours[key]["value"]), fold(theirs.get(key, {}).get("value", ""))
            return Levenshtein.distance(true, read) <= NAME_DISTANCE * len(true)
    return True
