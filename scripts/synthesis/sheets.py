"""A sheet being printed and written: its ink, and the truth about what stands on it.

Lengths are mm on the sheet, origin at its top left; `Truth` polygons are px of the flat sheet,
until `paper.py` maps them through the same warps as the pixels.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import NamedTuple

import cv2
import numpy as np

from pipeline.values import Cell, Point, Polygon, Script, Side
from synthesis.hands import Colour, Hand, Stroke, ink_box, width_of, write_line
from synthesis.writing import Written

BLACK: Colour = (40, 38, 40)
SLIPS = 0.015  # of one-line cells begin with a word struck out


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in mm."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        """Its width, mm."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """Its height, mm."""
        return self.bottom - self.top

    def inset(self, x: float, y: float) -> "Box":
        """Return the box made smaller on all sides."""
        return Box(self.left + x, self.top + y, self.right - x, self.bottom - y)


@dataclass(frozen=True, slots=True)
class TrueLine:
    """One written or printed line."""

    polygon: Polygon
    text: str
    script: Script


@dataclass(frozen=True, slots=True)
class TrueField:
    """One field of a true record."""

    raw: str
    value: str
    polygon: Polygon
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TrueRecord:
    """One entry: its place on the page where it starts, its fields, why to doubt it."""

    row: int
    polygon: Polygon
    fields: dict[str, TrueField]
    doubts: list[str] = field(default_factory=list)


@dataclass
class SidePage:
    """What stands on one page (one side of a spread)."""

    side: Side | None
    form: str
    outline: Box
    cells: list[Cell] = field(default_factory=list)
    lines: list[TrueLine] = field(default_factory=list)
    records: list[TrueRecord] = field(default_factory=list)


class Rest(NamedTuple):
    """The end of the last entry's text in one column of a table: it stands on the next sheet."""

    part: int
    column: int
    text: str


class Sheet:
    """White paper of so many mm that is drawn on; every drawing says where its ink lies."""

    def __init__(self, size_mm: tuple[float, float], dpi: float, seed: int) -> None:
        self.dpi = dpi
        self.size_mm = size_mm
        self.rng = np.random.default_rng(seed)
        width, height = (round(self.px(side)) for side in size_mm)
        self.pixels = np.full((height, width, 3), 255, np.uint8)
        self.pages: list[SidePage] = []
        self.rest: Rest | None = None

    def px(self, mm: float) -> float:
        """Convert mm to px."""
        return mm * self.dpi / 25.4

    def polygon(self, box: Box) -> Polygon:
        """Return the box's corners in px, clockwise from the top left."""
        left, top, right, bottom = (self.px(v) for v in (box.left, box.top, box.right, box.bottom))
        return ((left, top), (right, top), (right, bottom), (left, bottom))

    def blend(self, alpha: np.ndarray, corner: tuple[int, int], colour: Colour) -> None:
        """Lay ink over the paper, darker where there is ink already; corner is x, y in px."""
        x, y = corner
        height, width = alpha.shape
        x0, y0 = max(x, 0), max(y, 0)
        x1, y1 = min(x + width, self.pixels.shape[1]), min(y + height, self.pixels.shape[0])
        if x1 <= x0 or y1 <= y0:
            return
        part = self.pixels[y0:y1, x0:x1].astype(np.float32)
        share = alpha[y0 - y : y1 - y, x0 - x : x1 - x, None].astype(np.float32) / 255
        light = 1 - share * (1 - np.array(colour, np.float32) / 255)
        self.pixels[y0:y1, x0:x1] = (part * light).astype(np.uint8)

    def rule(self, start: Point, end: Point, width_mm: float, colour: Colour = BLACK) -> None:
        """Draw a printed rule from start to end, mm, of uneven darkness."""
        thick = self.px(width_mm)
        x0, y0, x1, y1 = (self.px(v) for v in (*start, *end))
        pad = int(thick) + 3
        left, top = int(min(x0, x1)) - pad, int(min(y0, y1)) - pad
        shape = (int(abs(y1 - y0)) + 2 * pad + 1, int(abs(x1 - x0)) + 2 * pad + 1)
        alpha = np.zeros(shape, np.uint8)
        ends = [(round((x - left) * 16), round((y - top) * 16)) for x, y in ((x0, y0), (x1, y1))]
        cv2.line(alpha, ends[0], ends[1], 255, max(round(thick), 1), cv2.LINE_AA, 4)
        if thick < 1:
            alpha = (alpha * thick).astype(np.uint8)
        length = max(shape)
        shade = np.clip(self.rng.normal(0.85, 0.12, length // 40 + 2), 0.3, 1).astype(np.float32)
        along = cv2.resize(shade[None, :], (length, 1))[0]
        fade = along[None, : shape[1]] if shape[1] >= shape[0] else along[: shape[0], None]
        self.blend((alpha * fade).astype(np.uint8), (left, top), colour)

    def dots(self, start: Point, end_x: float, colour: Colour = BLACK) -> None:
        """Print a dotted leader on the baseline that starts at `start`, mm."""
        radius = max(self.px(0.14), 0.6)
        step = self.px(1.25)
        y = self.px(start[1])
        for x in np.arange(self.px(start[0]), self.px(end_x), step):
            centre = (round(float(x) * 16), round(y * 16))
            alpha = np.zeros((7, 7), np.uint8)
            inside = (centre[0] % 16 + 48, centre[1] % 16 + 48)
            cv2.circle(alpha, inside, round(radius * 16), 210, -1, cv2.LINE_AA, 4)
            self.blend(alpha, (centre[0] // 16 - 3, centre[1] // 16 - 3), colour)

    def place(self, stroke: Stroke, x: float, y: float, colour: Colour) -> Polygon | None:
        """Put a stroke's start at x, y px; return the box of its ink."""
        box = ink_box(stroke.alpha)
        if box is None:
            return None
        left, top = round(x - stroke.origin[0]), round(y - stroke.origin[1])
        self.blend(
            stroke.alpha[box[1] : box[3], box[0] : box[2]], (left + box[0], top + box[1]), colour
        )
        x0, y0, x1, y1 = left + box[0], top + box[1], left + box[2], top + box[3]
        return ((x0, y0), (x1, y0), (x1, y1), (x0, y1))

    def write(
        self, page: SidePage, hand: Hand, text: str, at: Point, size_mm: float, squeeze: float = 1.0
    ) -> Polygon | None:
        """Write one line with its baseline at `at` (mm) and note it as truth."""
        stroke = write_line(hand, text, self.px(size_mm), self.rng, squeeze)
        polygon = self.place(stroke, self.px(at[0]), self.px(at[1]), hand.colour)
        if polygon is not None:
            page.lines.append(TrueLine(polygon, text, hand.script))
        return polygon

    def width_mm(self, hand: Hand, text: str, size_mm: float) -> float:
        """Return the length of the text, mm."""
        return width_of(hand.face, text, self.px(size_mm)) * 25.4 / self.dpi

    def strike(self, polygon: Polygon, hand: Hand) -> None:
        """Strike out what lies there."""
        (x0, y0), _, (x1, y1), _ = polygon
        middle = (y0 + y1) / 2
        for _ in range(int(self.rng.integers(1, 3))):
            shift = float(self.rng.normal(0, (y1 - y0) * 0.08))
            alpha = np.zeros((int(y1 - y0) + 4, int(x1 - x0) + 4), np.uint8)
            ends = [(0, int(middle - y0 + shift) + 2), (alpha.shape[1], int(middle - y0 - shift))]
            cv2.line(alpha, ends[0], ends[1], 220, max(round(self.px(0.3)), 1), cv2.LINE_AA)
            self.blend(alpha, (int(x0) - 2, int(y0) - 2), hand.colour)


def wrap(text: str, width: float, measure: Callable[[str], float]) -> list[str]:
    """Break the text at spaces into lines no longer than `width` (a long word stays whole)."""
    lines: list[str] = []
    for word in text.split(" "):
        if lines and measure(f"{lines[-1]} {word}") <= width:
            lines[-1] = f"{lines[-1]} {word}"
        else:
            lines.append(word)
    return lines


# Clerks first write smaller, then closer together, then smaller still.
TRIES = (
    (1.0, 1.0),
    (0.92, 1.0),
    (0.9, 0.9),
    (0.84, 0.85),
    (0.78, 0.8),
    (0.7, 0.78),
    (0.6, 0.75),
    (0.52, 0.75),
    (0.44, 0.7),
)


class Fit(NamedTuple):
    """How a text goes into a box: its lines, their size in mm, and how narrow they are."""

    lines: list[str]
    size: float
    squeeze: float


def fit(sheet: Sheet, hand: Hand, text: str, box: Box, size_mm: float) -> Fit:
    """Return how the text fits into the box, smaller and narrower if it must."""
    for factor, squeeze in TRIES:
        size = size_mm * factor
        room = box.width / squeeze
        lines = wrap(text, room, partial(sheet.width_mm, hand, size_mm=size))
        fits = max(sheet.width_mm(hand, line, size) for line in lines) <= room
        if fits and len(lines) * size * 0.95 <= box.height + size * 0.25:
            return Fit(lines, size, squeeze)
    return Fit(lines, size, squeeze)


def union(polygons: list[Polygon]) -> Polygon:
    """Return the upright box around all of them."""
    xs = [x for polygon in polygons for x, _ in polygon]
    ys = [y for polygon in polygons for _, y in polygon]
    return ((min(xs), min(ys)), (max(xs), min(ys)), (max(xs), max(ys)), (min(xs), max(ys)))


def write_cell(
    sheet: Sheet,
    page: SidePage,
    hand: Hand,
    written: Written,
    box: Box,
    size_mm: float,
    align: str = "left",
) -> Polygon | None:
    """Write a cell's text in one line or more; return the box of its ink."""
    if not written.text:
        return None
    lines, size, squeeze = fit(sheet, hand, written.text, box, size_mm)
    pitch = size * 0.98
    by_hand = hand.script == "handwriting"
    low = float(sheet.rng.uniform(0.35, 0.8)) if by_hand else 0.5
    y = box.top + max(box.height - len(lines) * pitch, 0) * low + pitch * 0.74
    polygons = []
    for line in lines:
        spare = max(box.width - sheet.width_mm(hand, line, size) * squeeze, 0)
        stray = float(sheet.rng.uniform(0, min(spare, 3))) if by_hand else 0.0
        x = box.left + (spare / 2 if align == "centre" else stray)
        if by_hand and align == "left" and len(lines) == 1 and sheet.rng.random() < SLIPS:
            x += slip(sheet, hand, line, (x, y), size, spare - stray)
        polygon = sheet.write(page, hand, line, (x, y), size, squeeze)
        if polygon is not None:
            polygons.append(polygon)
        y += pitch
    return union(polygons) if polygons else None


def slip(sheet: Sheet, hand: Hand, text: str, at: Point, size: float, spare: float) -> float:
    """Write a wrong beginning and strike it out; return how much room it took, mm."""
    wrong = text.split()[0][:-1]
    width = sheet.width_mm(hand, f"{wrong} n", size)
    if len(wrong) < 2 or width > spare:
        return 0.0
    stroke = write_line(hand, wrong, sheet.px(size), sheet.rng)
    polygon = sheet.place(stroke, sheet.px(at[0]), sheet.px(at[1]), hand.colour)
    if polygon is None:
        return 0.0
    sheet.strike(polygon, hand)
    return width


def print_cell(
    sheet: Sheet,
    page: SidePage,
    hand: Hand,
    text: str,
    box: Box,
    size_mm: float,
    align: str = "centre",
) -> Polygon | None:
    """Print a heading in its cell, in as many lines as it takes."""
    lines, size, squeeze = fit(sheet, hand, text, box, size_mm)
    pitch = size * 1.12
    y = (box.top + box.bottom - len(lines) * pitch) / 2 + pitch * 0.78
    polygons = []
    for line in lines:
        spare = box.width - sheet.width_mm(hand, line, size) * squeeze
        x = box.left + (spare / 2 if align == "centre" else 0)
        polygon = sheet.write(page, hand, line, (x, y), size, squeeze)
        if polygon is not None:
            polygons.append(polygon)
        y += pitch
    return union(polygons) if polygons else None


def to_field(written: Written, polygon: Polygon) -> TrueField:
    """Return the field that stands in the polygon."""
    return TrueField(written.raw, written.value, polygon, ("ditto",) if written.ink else ())


def moved(page: SidePage, carry: Callable[[Polygon], Polygon]) -> SidePage:
    """Return the page with every polygon carried to another frame."""
    return SidePage(
        page.side,
        page.form,
        page.outline,
        [replace(cell, polygon=carry(cell.polygon)) for cell in page.cells],
        [replace(line, polygon=carry(line.polygon)) for line in page.lines],
        [
            TrueRecord(
                record.row,
                carry(record.polygon),
                {k: replace(v, polygon=carry(v.polygon)) for k, v in record.fields.items()},
                record.doubts,
            )
            for record in page.records
        ],
    )
