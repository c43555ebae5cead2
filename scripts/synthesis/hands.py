"""Ink on paper: draw one line of text as a hand, a typewriter or a press would."""

import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from pipeline.values import Pixels, Script

Field = npt.NDArray[np.float32]
Colour = tuple[int, int, int]

ABOVE = 230  # Unicode's combining class of the marks over a letter


@dataclass(frozen=True, slots=True)
class Face:
    """A font file; `size` makes its x-height that of the other faces.

    Attributes:
        marks: a face whose marks are struck over the bare letters of this one, which has none.
    """

    id: str
    file: Path
    size: float
    marks: "Face | None" = None

    def can_write(self, text: str) -> bool:
        """Say whether the face has a glyph for every character, or can strike its mark over it."""
        return all(self._has(letter) for letter in text if letter != " ")

    def _has(self, letter: str) -> bool:
        if ord(letter) in letters_of(self.file):
            return True
        bare, donor = unmarked(letter), self.marks
        return bare != letter and donor is not None and self._has(bare) and donor.can_write(letter)


@dataclass(frozen=True, slots=True)
class Hand:
    """Someone's writing, or a machine's.

    Attributes:
        slant: horizontal shift per height, positive leans right.
        wobble: how far letters stray, as a share of the font size.
        rise: slope of the baseline's usual drift.
        jitter: spread of the size from word to word.
        weight: exponent on the ink's density; below 1 is a bold pen.
        loose: how far marks that are struck after their letters stray, as a share of the font
            size; 0 when letter and mark are one type.
        uneven: how much the ink's density varies along a line.
    """

    face: Face
    script: Script
    colour: Colour
    slant: float = 0.0
    wobble: float = 0.0
    rise: float = 0.0
    jitter: float = 0.0
    weight: float = 1.0
    uneven: float = 0.0
    loose: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Stroke:
    """Ink of one line: alpha (0 to 255), and where its pen started on the baseline in it."""

    alpha: Pixels
    origin: tuple[float, float]


@cache
def letters_of(file: Path) -> frozenset[int]:
    """Return the code points that a font file has glyphs for."""
    from fontTools.ttLib import TTFont  # slow to import, and only needed here

    with TTFont(file, lazy=True) as font:
        return frozenset(font.getBestCmap())


def unmarked(letter: str) -> str:
    """Return the letter that a mark is struck over; the letter itself when it has none."""
    decomposed = unicodedata.normalize("NFD", letter)
    base = {"đ": "d", "Đ": "D"}.get(decomposed[0], decomposed[0])
    above = any(unicodedata.combining(mark) == ABOVE for mark in decomposed[1:])
    return "ı" if base == "i" and above else base


@cache
def font_at(file: Path, size: int) -> ImageFont.FreeTypeFont:
    """Return the font at that size in px."""
    return ImageFont.truetype(str(file), size)


def width_of(face: Face, text: str, size: float) -> float:
    """Return how far the pen moves for the text, px."""
    return float(font_at(face.file, max(round(size * face.size), 4)).getlength(text))


def draw_words(hand: Hand, text: str, size: float, rng: np.random.Generator) -> Stroke:
    """Set the words side by side, each a little larger or smaller than the last."""
    base = max(round(size * hand.face.size), 4)
    pad = base
    parts = text.split(" ") if hand.jitter else [text]
    width = int(sum(width_of(hand.face, part, size * 1.1) for part in parts))
    space = width_of(hand.face, "n n", size) - width_of(hand.face, "nn", size)
    width += int(space * 1.4 * len(parts)) + 2 * pad
    image = Image.new("L", (width, 3 * base), 0)
    pen = ImageDraw.Draw(image)
    x, y = float(pad), 1.9 * base
    for part in parts:
        scale = 1 + float(rng.normal(0, hand.jitter)) if hand.jitter else 1.0
        font = font_at(hand.face.file, max(round(base * min(max(scale, 0.9), 1.1)), 4))
        lift = float(rng.normal(0, hand.jitter * base * 0.35)) if hand.jitter else 0.0
        pen.text((x, y + lift), part, font=font, fill=255, anchor="ls")
        x += font.getlength(part) + space * (1 + float(rng.normal(0, 2 * hand.jitter)))
    return Stroke(np.asarray(image, np.uint8), (pad, y))


def smooth_noise(rng: np.random.Generator, shape: tuple[int, int], step: float) -> Field:
    """Return noise that changes over about `step` px, standard deviation about 1."""
    rows, columns = (max(int(side / step) + 2, 3) for side in shape)
    coarse = rng.normal(0, 1, (rows, columns)).astype(np.float32)
    return cv2.resize(coarse, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC).astype(
        np.float32
    )


def bend(stroke: Stroke, hand: Hand, size: float, rng: np.random.Generator) -> Stroke:
    """Lean the line, let it drift and let its letters stray, so that no two are alike."""
    height, width = stroke.alpha.shape
    x0, y0 = stroke.origin
    xs, ys = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    drift = hand.rise + float(rng.normal(0, 0.004))
    amount = hand.wobble * size
    sway = smooth_noise(rng, (1, width), 5 * size)[0] * amount * 0.8
    from_x = xs + hand.slant * (ys - y0) + smooth_noise(rng, (height, width), 0.7 * size) * amount
    from_y = ys + (xs - x0) * drift + sway + smooth_noise(rng, (height, width), 0.9 * size) * amount
    alpha = cv2.remap(stroke.alpha, from_x, from_y, cv2.INTER_LINEAR)
    return Stroke(np.asarray(alpha, np.uint8), stroke.origin)


def ink(stroke: Stroke, hand: Hand, size: float, rng: np.random.Generator) -> Stroke:
    """Give the ink its density: a bold or thin pen, a dry or a fresh one."""
    alpha = (stroke.alpha.astype(np.float32) / 255) ** hand.weight
    if hand.uneven:
        along = smooth_noise(rng, (1, alpha.shape[1]), 2.5 * size)
        grain = smooth_noise(rng, alpha.shape, max(size / 12, 1.5))
        alpha *= np.clip(1 - hand.uneven * (0.5 + 0.5 * along + 0.45 * grain), 0.25, 1)
    return Stroke((alpha * 255).astype(np.uint8), stroke.origin)


def type_words(hand: Hand, text: str, size: float, rng: np.random.Generator) -> Stroke:
    """Strike letter by letter, and mark by mark: each a little high or low, hard or soft."""
    base = max(round(size * hand.face.size), 4)
    step = font_at(hand.face.file, base).getlength("n")
    image = np.zeros((3 * base, int(step * len(text)) + 2 * base), np.uint8)
    for index, letter in enumerate(text):
        at = base / 2 + index * step
        bare = unmarked(letter)
        whole = ord(letter) in letters_of(hand.face.file)
        if bare == letter or (whole and (not hand.loose or letter in "đĐ")):  # always one type
            _strike(image, _type(hand.face, letter, base), at, base, rng)
            continue
        _strike(image, _type(hand.face, bare, base), at, base, rng)
        face = hand.face.marks or hand.face
        large = max(round(size * face.size), 4)
        mark = _marks(face, letter, bare, large)
        middle = (step - font_at(face.file, large).getlength("n")) / 2
        aside = at + middle + float(rng.normal(0, hand.loose * base))
        _strike(image, mark, aside, base, rng)
    return Stroke(image, (float(base), 1.9 * base))


@cache
def _type(face: Face, letter: str, base: int) -> Pixels:
    """Return one type, its pen at (base / 2, 1.9 base)."""
    key = Image.new("L", (2 * base, 3 * base), 0)
    font = font_at(face.file, base)
    ImageDraw.Draw(key).text((base / 2, 1.9 * base), letter, font=font, fill=255, anchor="ls")
    return np.asarray(key, np.uint8)


@cache
def _marks(face: Face, letter: str, bare: str, base: int) -> Pixels:
    """Return what a letter has and its bare one has not."""
    near = cv2.dilate(_type(face, bare, base), np.ones((3, 3), np.uint8))
    return np.asarray(cv2.subtract(_type(face, letter, base), near), np.uint8)


def _strike(image: Pixels, key: Pixels, at: float, base: int, rng: np.random.Generator) -> None:
    """Press a type that stands at (base / 2, 1.9 base) of its own picture where the pen is."""
    left = max(0, int(at + rng.normal(0, 0.012 * base)))
    top = round(float(rng.normal(0, 0.018 * base))) + (image.shape[0] - key.shape[0]) * 19 // 30
    hard = rng.uniform(0.6, 1)
    key = key[max(0, -top) :]
    part = image[max(0, top) :, left : left + key.shape[1]][: key.shape[0]]
    pressed = (key[: part.shape[0], : part.shape[1]] * hard).astype(np.uint8)
    np.maximum(part, pressed, out=part)


def write_line(
    hand: Hand, text: str, size: float, rng: np.random.Generator, squeeze: float = 1.0
) -> Stroke:
    """Return the ink of one line of text; `size` is in px, `squeeze` below 1 is narrower."""
    if hand.script == "typewriter":
        stroke = type_words(hand, text, size, rng)
    else:
        stroke = draw_words(hand, text, size, rng)
    if squeeze != 1.0:
        height, width = stroke.alpha.shape
        narrow = cv2.resize(
            stroke.alpha, (round(width * squeeze), height), interpolation=cv2.INTER_AREA
        )
        stroke = Stroke(
            np.asarray(narrow, np.uint8), (stroke.origin[0] * squeeze, stroke.origin[1])
        )
    if hand.wobble:
        stroke = bend(stroke, hand, size, rng)
    return ink(stroke, hand, size, rng)


def ink_box(alpha: Pixels) -> tuple[int, int, int, int] | None:
    """Return left, top, right, bottom of the ink in it; None when there is none."""
    columns = np.flatnonzero(alpha.max(axis=0) > 40)
    rows = np.flatnonzero(alpha.max(axis=1) > 40)
    if not len(columns):
        return None
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1
