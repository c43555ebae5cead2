"""Cells and slots that are hard to crop: crowded, crossed by rules, overly long, nearly empty.

Each sheet holds one case, many times over, with the ink of every line kept, so that it can be
shown to a reader a second time, alone.
"""

from dataclasses import dataclass, field
from random import Random
from typing import Literal

import cv2
import numpy as np

from synthesis.books import Book, writable
from synthesis.hands import Hand, Stroke, width_of, write_line
from synthesis.invent import invent_births
from synthesis.sheets import Box, Sheet
from synthesis.writing import write_home

Ground = Literal["cell", "leader", "line"]
Kind = Literal["name", "address", "long", "mark", "number"]
MARKS = ("1", "7", "4", "x", "-", '"', ",,", "0", "I")
SEEDS = 2**31


@dataclass(frozen=True, slots=True)
class Case:
    """One kind of difficulty; lengths are mm, or shares of the writing's size.

    Attributes:
        ground: what the writing stands on: a cell, printed dots or a printed line of a slot.
        lines: in each cell; of several columns the outer ones hold but one, as in any register.
        pitch: from line to line in a cell, as a share of the writing's size.
        row: height of a cell, as a share of the writing's size; or from slot to slot.
        low: where the last baseline stands in the row, as a share of its height; drawn between.
        every: each so manieth row is written, the others stay empty.
        columns: of the sheet.
        kind: of the texts.
        size_mm: of the writing.
        sheet_mm: width and height.
        drawn: rules across are drawn by hand: not straight; the writing reaches up to them.
    """

    name: str
    ground: Ground = "cell"
    lines: int = 1
    pitch: tuple[float, float] = (0.0, 0.0)
    row: float = 1.8
    low: tuple[float, float] = (0.6, 0.75)
    every: int = 1
    columns: int = 3
    kind: Kind = "name"
    size_mm: float = 5.2
    sheet_mm: tuple[float, float] = (210.0, 140.0)
    drawn: bool = False


CASES = (
    Case("one line in a cell"),
    Case("two lines in a cell, close", lines=2, pitch=(0.72, 0.9), row=2.4, low=(0.7, 0.82),
         columns=4),
    Case("three lines in a cell, close", lines=3, pitch=(0.72, 0.85), row=3.2, low=(0.78, 0.85),
         columns=4),
    Case("rows whose tails and heads reach over", row=1.02, low=(0.78, 1.0)),
    Case("tails through the rule, empty below", row=1.5, low=(0.95, 1.02), every=2),
    Case("on dots, rows apart", ground="leader", row=1.6, low=(0.93, 1.02), columns=1,
         kind="address"),
    Case("on dots, rows close", ground="leader", row=1.15, low=(0.93, 1.02), columns=1,
         kind="address"),
    Case("on a printed line", ground="line", row=1.6, low=(0.93, 1.02), columns=1, kind="address"),
    Case("on printed lines, close", ground="line", row=1.15, low=(0.93, 1.02), columns=1,
         kind="address"),
    Case("a long line", ground="leader", row=2.0, low=(0.93, 1.02), columns=1, kind="long",
         size_mm=4.2, sheet_mm=(420.0, 110.0)),
    Case("a lone digit or mark", row=1.6, columns=5, kind="mark"),
    Case("a number with its comma", row=1.3, columns=5, kind="number"),
    Case("against a rule drawn by hand", row=1.7, kind="name", drawn=True),
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Laid:
    """One line as it was laid on the sheet: what it says, its ink, and where that stands.

    corner: of the ink's picture, px of the sheet; `stroke` is cut to its ink.
    """

    text: str
    stroke: Stroke
    hand: Hand
    box: tuple[float, float, float, float]


@dataclass
class Place:
    """A cell or slot of the sheet, px, and the lines in it from top to bottom."""

    box: tuple[float, float, float, float]
    lines: list[Laid] = field(default_factory=list)


def draw_crowded(case: Case, book: Book, dpi: float, seed: int) -> tuple[Sheet, list[Place]]:
    """Return a sheet full of one case, written by the book's first hand, and what stands where."""
    rng = Random(seed)
    sheet = Sheet(case.sheet_mm, dpi, seed)
    width, height = case.sheet_mm
    frame = Box(12, 12, width - 12, height - 12)
    row_mm = case.row * case.size_mm
    rows = int(frame.height / row_mm)
    frame = Box(frame.left, frame.top, frame.right, frame.top + rows * row_mm)
    xs = np.linspace(frame.left, frame.right, case.columns + 1)
    ys = np.linspace(frame.top, frame.bottom, rows + 1)
    _draw_ground(sheet, case, book, xs.tolist(), ys.tolist())
    places = []
    for row in range(rows):
        for column in range(case.columns):
            box = Box(float(xs[column]), float(ys[row]), float(xs[column + 1]), float(ys[row + 1]))
            place = Place(tuple(sheet.px(v) for v in (box.left, box.top, box.right, box.bottom)))  # type: ignore[arg-type]
            if row % case.every == 0:
                inner = 0 < column < case.columns - 1
                _fill(sheet, case, book, box, place, rng, case.lines if inner else 1)
            places.append(place)
    return sheet, places


def draw_alone(lines: list[Laid], dpi: float, seed: int) -> tuple[Sheet, list[Laid]]:
    """Return a sheet with each of the lines on paper of its own, and where they stand on it."""
    room = max(laid.stroke.alpha.shape[0] for laid in lines) + 3 * round(dpi / 25.4)
    wide = max(laid.stroke.alpha.shape[1] for laid in lines) + 2 * room
    mm = 25.4 / dpi
    sheet = Sheet((wide * mm, (len(lines) + 1) * room * mm), dpi, seed)
    alone = []
    for number, laid in enumerate(lines):
        x, y = float(room), float(room * (number + 0.5))
        polygon = sheet.place(laid.stroke, x, y, laid.hand.colour)
        if polygon is not None:
            box = (*polygon[0], *polygon[2])
            alone.append(Laid(laid.text, laid.stroke, laid.hand, box))
    return sheet, alone


def _draw_ground(sheet: Sheet, case: Case, book: Book, xs: list[float], ys: list[float]) -> None:
    """Print what the writing stands on; a hand draws upright rules that sway."""
    thin, colour = book.layout.rule_mm, book.layout.rule
    if case.ground == "leader":
        for y in ys[1:]:
            sheet.dots((xs[0], y), xs[-1])
        return
    for y in ys:
        sheet.rule((xs[0], y), (xs[-1], y), thin, colour)
    if case.ground != "cell":
        return
    for x in xs:
        if case.drawn:
            _sway(sheet, (x, ys[0]), ys[-1])
        else:
            sheet.rule((x, ys[0]), (x, ys[-1]), thin, colour)


def _sway(sheet: Sheet, start: tuple[float, float], end_y: float) -> None:
    """Draw a rule down the page by hand along no ruler: it sways by some tenths of a mm."""
    px = sheet.dpi / 25.4
    left, top, bottom = sheet.px(start[0]), sheet.px(start[1]), sheet.px(end_y)
    ys = np.linspace(0, bottom - top, 60)
    phase, step = sheet.rng.uniform(0, 6), sheet.rng.uniform(14, 30) * px
    xs = 4 * px + 0.45 * px * np.sin(phase + 2 * np.pi * ys / step)
    alpha = np.zeros((round(bottom - top) + 1, round(8 * px)), np.uint8)
    points = [np.round(np.stack([xs, ys], axis=1) * 16).astype(np.int32)]
    cv2.polylines(alpha, points, isClosed=False, color=215, thickness=max(round(0.3 * px), 1),
                  lineType=cv2.LINE_AA, shift=4)  # fmt: skip
    sheet.blend(alpha, (round(left - 4 * px), round(top)), (50, 55, 110))


def _fill(
    sheet: Sheet, case: Case, book: Book, box: Box, place: Place, rng: Random, lines: int
) -> None:
    """Write so many lines into a cell, the last with its baseline low in it."""
    hand = book.hands[0]
    size = sheet.px(case.size_mm)
    room = sheet.px(box.width - (1.2 if case.drawn else 3.0))
    pitch = rng.uniform(*case.pitch) * case.size_mm
    last = box.top + rng.uniform(*case.low) * box.height
    for number in range(lines):
        text = _fitting(_text(case, book, rng), hand, size, room)
        if not text:
            continue
        stroke = write_line(hand, text, size, sheet.rng)
        y = last - (lines - 1 - number) * pitch
        spare = max(0.0, room - width_of(hand.face, text, size))
        x = sheet.px(box.left + (0.6 if case.drawn else 1.2)) + (
            spare if case.drawn else min(spare, rng.uniform(0, sheet.px(3)))
        )
        polygon = sheet.place(stroke, x, sheet.px(y), hand.colour)
        if polygon is not None:
            place.lines.append(Laid(text, stroke, hand, (*polygon[0], *polygon[2])))


def _fitting(text: str, hand: Hand, size: float, room: float) -> str:
    """Return as many of the words as fit."""
    words = text.split(" ")
    while words and width_of(hand.face, " ".join(words), size) * 1.06 > room:
        words.pop()
    return " ".join(words).rstrip(",")


def _text(case: Case, book: Book, rng: Random) -> str:
    """Return something of the kind that the book's hands can write."""
    if case.kind == "mark":
        return rng.choice([mark for mark in MARKS if writable(book, mark)])
    if case.kind == "number":
        return f"{rng.randint(1, 999)},{rng.randint(1, 9)}"

    def can_write(text: str) -> bool:
        return writable(book, text)

    births = invent_births(rng, book.area, book.years, 4 if case.kind == "long" else 1, can_write)
    if case.kind == "name":
        return births[0].child.name
    homes = [
        f"{birth.child.name}, {write_home(book.area, birth.hamlet, book.habits, full=True).raw}"
        for birth in births
    ]
    return ", ".join(homes)
