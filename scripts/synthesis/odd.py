"""What makes a page odd: corrections, seals over writing, later notes in red, cancelled entries.

Slips pasted on are in `slips.py`, entries that go on on the next page in `tables.py`.

All of it is drawn by chance of its own, so that the same seed gives the same page without it.
"""

from dataclasses import replace
from random import Random
from typing import Literal, get_args

import cv2
import numpy as np

from pipeline.values import Point, Polygon
from synthesis.hands import Colour, Hand, write_line
from synthesis.marks import stamp
from synthesis.sheets import Box, Sheet, SidePage, fit, union

Oddity = Literal["corrected", "sealed", "noted", "cancelled", "slipped", "continued"]
ODDITIES: tuple[Oddity, ...] = get_args(Oddity)

CORRECTED = 0.12  # of the cells that hold one line of some words
ABOVE = 0.92  # of its size, by which a correction stands above the word that it corrects
SMALLER = 0.72  # size of a correction beside the writing's
NOTED, CANCELLED = 0.15, 0.12  # of the entries
LATER_INKS: tuple[Colour, ...] = ((190, 35, 45), (175, 50, 40))  # nobody else writes in red
WRONG = ("Hùng", "Hoa", "Lan", "Minh", "Thanh", "Bình", "Xuân", "Nam", "Hạnh", "Tân")
NOTES = (
    "Cải chính {d}/{m}/{y}",
    "Đã cấp bản sao {d}/{m}/{y}",
    "Đăng ký lại {d}/{m}/{y}",
    "Xem trang {d}",
)


def later_hand(hand: Hand, rng: Random) -> Hand:
    """Return the hand of who came later, with a red pen."""
    return replace(hand, colour=rng.choice(LATER_INKS))


def write_corrected(
    sheet: Sheet, page: SidePage, hand: Hand, text: str, box: Box, size_mm: float, rng: Random
) -> Polygon | None:
    """Write a text with one word wrong and struck out, the right one above it.

    None, and nothing is written, where the text is short or needs more than one line.
    """
    words = text.split()
    if len(words) < 2:
        return None
    lines, size, squeeze = fit(sheet, hand, text, box, size_mm)
    at = rng.randrange(len(words))
    wrong = wrong_word(words[at], rng)
    if len(lines) > 1 or squeeze < 1 or not hand.face.can_write(wrong):
        return None
    before, after = " ".join(words[:at]), " ".join(words[at + 1 :])
    gap = size * 0.3
    x, y = box.left + 0.5, box.top + box.height * 0.86
    polygons = []
    for part in (before, wrong, after):
        if not part:
            continue
        if part is wrong:
            stroke = write_line(hand, part, sheet.px(size), sheet.rng)
            struck = sheet.place(stroke, sheet.px(x), sheet.px(y), hand.colour)
            if struck is None:
                return None
            sheet.strike(struck, hand)
            above = (x + 0.3, y - size * ABOVE)
            polygons.append(sheet.write(page, hand, words[at], above, size * SMALLER))
        else:
            polygons.append(sheet.write(page, hand, part, (x, y), size))
        x += sheet.width_mm(hand, part, size) + gap
    return union([polygon for polygon in polygons if polygon is not None])


def wrong_word(word: str, rng: Random) -> str:
    """Return what a clerk wrote by mistake: another name, another digit."""
    if word.isalpha():
        return rng.choice([one for one in WRONG if one != word])
    digits = [at for at, letter in enumerate(word) if letter.isdigit()]
    if not digits:
        return f"{word}{word[-1]}"
    at = rng.choice(digits)
    return word[:at] + str((int(word[at]) + rng.randint(1, 8)) % 10) + word[at + 1 :]


def seal_writing(sheet: Sheet, hand: Hand, office: str, parent: str, box: Box, rng: Random) -> None:
    """Press some seals anywhere over what is written."""
    for _ in range(rng.randint(2, 4)):
        spot = (rng.uniform(box.left + 15, box.right - 15), rng.uniform(box.top, box.bottom))
        stamp(sheet, hand, office, parent, spot, rng.uniform(30, 37))


def note(sheet: Sheet, page: SidePage, hand: Hand, box: Box, year: int, rng: Random) -> None:
    """Write a later note into a box, over whatever stands there."""
    told = rng.choice(NOTES).format(
        d=rng.randint(1, 28), m=rng.randint(1, 12), y=rng.randint(year + 1, year + 20)
    )
    if not hand.face.can_write(told):
        return
    size = rng.uniform(3.6, 4.6)
    room = max(1.0, box.width - sheet.width_mm(hand, told, size))
    at = (box.left + rng.uniform(0, room), box.top + box.height * rng.uniform(0.3, 0.5))
    sheet.write(page, later_hand(hand, rng), told, at, size)


def cancel(sheet: Sheet, page: SidePage, hand: Hand, boxes: list[Box], rng: Random) -> None:
    """Draw a stroke or a cross over each box of one entry, and write that it is void."""
    is_cross = rng.random() < 0.5
    for box in boxes:
        left, right = box.left + rng.uniform(1, 6), box.right - rng.uniform(1, 6)
        top, bottom = box.top + box.height * 0.12, box.bottom - box.height * 0.12
        _stroke(sheet, (left, bottom), (right, top), hand.colour)
        if is_cross:
            _stroke(sheet, (left, top), (right, bottom), hand.colour)
    box = boxes[-1]
    size = min(7.0, box.height * 0.55)
    at = (box.left + box.width * rng.uniform(0.4, 0.7), box.top + box.height * 0.62)
    if hand.face.can_write("Hủy"):
        sheet.write(page, hand, "Hủy", at, size)


def _stroke(sheet: Sheet, start: Point, end: Point, colour: Colour) -> None:
    """Draw a long stroke by hand: it sways a little."""
    (x0, y0), (x1, y1) = ((sheet.px(x), sheet.px(y)) for x, y in (start, end))
    along = np.linspace(0, 1, 40)
    sway = sheet.px(0.5) * np.sin(np.pi * along * sheet.rng.uniform(0.6, 1.6))
    xs, ys = x0 + along * (x1 - x0), y0 + along * (y1 - y0) + sway
    pad = round(sheet.px(3))
    left, top = round(xs.min()) - pad, round(ys.min()) - pad
    alpha = np.zeros((round(np.ptp(ys)) + 2 * pad, round(np.ptp(xs)) + 2 * pad), np.uint8)
    points = [np.round(np.stack([xs - left, ys - top], axis=1) * 16).astype(np.int32)]
    thick = max(1, round(sheet.px(0.4)))
    cv2.polylines(alpha, points, isClosed=False, color=225, thickness=thick,
                  lineType=cv2.LINE_AA, shift=4)  # fmt: skip
    sheet.blend(alpha, (left, top), colour)
