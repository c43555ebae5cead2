"""Pictures of single lines for training: written here, or cut from the corpus's real ones.

A strip is the ink of a line as the reader is fed it (`to_strip`), HEIGHT_PX high. Strips are kept
in shards: `NAME.npy` (uint8, shape (HEIGHT_PX, sum of widths)) beside `NAME.json` (widths, texts,
scripts and groups), so that training reads them from disk as it needs them.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import cv2
import numpy as np
from line_pictures import LinePicture
from synthesis.books import draw_hand, faces
from synthesis.hands import Face, Hand, Stroke, ink_box, smooth_noise, write_line

from pipeline.ocr.crops import find_ink
from pipeline.ocr.engines.ctc_onnx import to_strip
from pipeline.store.durable import durable_write
from pipeline.tuning.general import STRIP_PX
from pipeline.values import Pixels, Script
from training.texts import MIX, PRINTED, Lists, draw_text

HEIGHT_PX = STRIP_PX
MOST_PX = 1600  # a longer strip is cut by the reader, and is not trained on
SCRIPTS: tuple[tuple[Script, float], ...] = (
    ("handwriting", 0.62),
    ("print", 0.22),
    ("typewriter", 0.16),
)
ROLES = {"handwriting": "hand", "typewriter": "typewriter"}
PRINT_ROLES = ("serif", "serif", "serif-bold", "sans")


@dataclass(frozen=True, slots=True, eq=False)
class Shard:
    """Strips side by side, and what they say."""

    pixels: Pixels
    widths: list[int]
    texts: list[str]
    scripts: list[str]
    groups: list[str]

    def strip(self, index: int, lefts: Sequence[int]) -> Pixels:
        """Return one strip; `lefts` are the sums of the widths before each."""
        return self.pixels[:, lefts[index] : lefts[index] + self.widths[index]]


def learnable(lines: Iterable[LinePicture]) -> Iterator[tuple[LinePicture, Pixels]]:
    """Return the lines with their strips; those without ink or too long are left out."""
    for line in lines:
        strip = to_strip(find_ink(line.pixels), HEIGHT_PX)
        if strip is not None and strip.pixels.shape[1] <= MOST_PX:
            yield line, strip.pixels


def write_shard(file: Path, lines: Iterable[LinePicture]) -> int:
    """Write the strips of the lines; return how many there are."""
    kept: list[LinePicture] = []
    strips: list[Pixels] = []
    for line, strip in learnable(lines):
        kept.append(line)
        strips.append(strip)
    told = {
        "widths": [strip.shape[1] for strip in strips],
        "texts": [line.text for line in kept],
        "scripts": [line.script for line in kept],
        "groups": [line.group for line in kept],
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.with_suffix(".part").open("wb") as stream:
        np.save(stream, np.concatenate(strips, axis=1))
    file.with_suffix(".part").replace(file.with_suffix(".npy"))
    durable_write(file.with_suffix(".json"), json.dumps(told, ensure_ascii=False).encode())
    return len(strips)


def read_shard(file: Path) -> Shard:
    """Open a shard; its pixels stay on disk until they are used."""
    told = json.loads(file.with_suffix(".json").read_text(encoding="utf-8"))
    return Shard(np.load(file.with_suffix(".npy"), mmap_mode="r"), **told)


def invented_lines(
    lists: Lists,
    seed: int,
    count: int,
    part: str = "tuning",
    script: Script | None = None,
    kinds: dict[str, float] | None = None,
    *,
    crossed: bool = False,
) -> Iterator[LinePicture]:
    """Write lines in the faces of that part (tuning, fitting or measuring), worn and scanned.

    Args:
        script: all lines in that script; the mix of SCRIPTS when left out.
        kinds: weights of the kinds of text; the mix of registers when left out.
        crossed: a word that the clerk took back stands in each, and is not part of its text.
    """
    rng, grain = Random(seed), np.random.default_rng(seed)
    pens = {role: faces(part, role) for role in (*ROLES.values(), *PRINT_ROLES)}
    for _ in range(count):
        chosen = script or rng.choices(*zip(*SCRIPTS, strict=True))[0]
        face = rng.choice(pens[ROLES.get(chosen) or rng.choice(PRINT_ROLES)])
        text = _text_for(face, rng, lists, kinds or _mix(chosen))
        hand = draw_hand(rng, face, chosen)
        wrong = _text_for(face, rng, lists, kinds or _mix(chosen)).split()[0] if crossed else ""
        yield LinePicture(_scan(hand, text, rng, grain, wrong), text, chosen, face.id)


def lines_of_hand(lists: Lists, hand: Hand, seed: int, count: int) -> Iterator[LinePicture]:
    """Write lines in one hand, worn and scanned each in its own way."""
    rng, grain = Random(seed), np.random.default_rng(seed)
    for _ in range(count):
        text = _text_for(hand.face, rng, lists, _mix(hand.script))
        yield LinePicture(_scan(hand, text, rng, grain), text, hand.script, hand.face.id)


def _text_for(face: Face, rng: Random, lists: Lists, kinds: dict[str, float]) -> str:
    """Return the first text drawn that the face can write."""
    while not face.can_write(text := draw_text(rng, lists, kinds)):
        pass
    return text


def _mix(script: Script) -> dict[str, float]:
    return PRINTED if script == "print" else MIX


def _scan(
    hand: Hand, text: str, rng: Random, grain: np.random.Generator, wrong: str = ""
) -> Pixels:
    """Return the line as cut from a worn page: paper, leftovers of rules and neighbours, lens.

    wrong: a word that was written first, and crossed out.
    """
    size = rng.uniform(20, 54)
    squeeze = rng.uniform(0.78, 1.1) if hand.script == "handwriting" else rng.uniform(0.9, 1.05)
    if wrong:
        stroke = _with_crossed(hand, text, wrong, size, squeeze, rng, grain)
    else:
        stroke = write_line(hand, text, size, grain, squeeze)
    alpha, baseline = _crop(stroke, size, rng)
    if hand.script == "typewriter" and rng.random() < 0.6:
        alpha = _worn_type(alpha, size, grain)
    if rng.random() < 0.25:
        _add_neighbour(alpha, hand, size, rng, grain)
    density = rng.uniform(0.45, 0.98)
    ink = alpha.astype(np.float32) / 255 * density
    if rng.random() < 0.35:
        _add_rule(ink, baseline, size, rng)
    if rng.random() < 0.2:
        ghost = np.asarray(cv2.GaussianBlur(ink[::-1, ::-1], (0, 0), size / 14))
        ink = np.maximum(ink, ghost * rng.uniform(0.05, 0.2))
    if rng.random() < 0.06:
        _add_stamp(ink, size, rng)
    paper = rng.uniform(190, 250) * (
        1 + rng.uniform(0, 0.03) * smooth_noise(grain, ink.shape, size)
    )
    pixels = paper * (1 - np.clip(ink, 0, 1))
    return _sense(np.asarray(np.clip(pixels, 0, 255), np.uint8), rng, grain)


def _with_crossed(
    hand: Hand, text: str, wrong: str, size: float, squeeze: float, rng: Random,
    grain: np.random.Generator,
) -> Stroke:  # fmt: skip
    """Return the line with a word in it that is struck through, before the right one or after."""
    words = text.split(" ")
    at = rng.randrange(len(words) + 1)
    pieces = []
    for part in (" ".join(words[:at]), wrong, " ".join(words[at:])):
        if not part:
            continue
        stroke = write_line(hand, part, size, grain, squeeze)
        left, _top, right, _bottom = ink_box(stroke.alpha) or (0, 0, *stroke.alpha.shape[::-1])
        alpha = stroke.alpha[:, left:right].copy()
        if part is wrong:
            _cross_out(alpha, stroke.origin[1], size, rng)
        pieces.append((alpha, round(stroke.origin[1])))
    high = max(base for _alpha, base in pieces)
    low = max(alpha.shape[0] - base for alpha, base in pieces)
    gap = np.zeros((high + low, round(size * rng.uniform(0.15, 0.4))), np.uint8)
    row: list[Pixels] = []
    for alpha, base in pieces:
        whole = ((high - base, low - (alpha.shape[0] - base)), (0, 0))
        row += [np.asarray(np.pad(alpha, whole), np.uint8), gap]
    return Stroke(np.concatenate(row[:-1], axis=1), (0.0, float(high)))


def _cross_out(alpha: Pixels, baseline: float, size: float, rng: Random) -> None:
    """Strike a word through: one stroke or several, or to and fro."""
    width, middle = alpha.shape[1], baseline - rng.uniform(0.2, 0.4) * size
    thick = max(1, round(size / rng.uniform(9, 18)))
    turns = rng.choice((1, 1, 2, 3, 7))
    ys = [middle + rng.uniform(-0.2, 0.2) * size for _ in range(turns + 1)]
    if turns == 7:  # a scribble
        xs = np.linspace(0, width, turns + 1)
        strokes = [np.stack([xs, [y + (-1) ** n * 0.25 * size for n, y in enumerate(ys)]], axis=1)]
    else:
        strokes = [
            np.array([(0, y), (width, y + rng.uniform(-0.15, 0.15) * size)]) for y in ys[:turns]
        ]
    for points in strokes:
        line = np.round(points * 16).astype(np.int32)
        cv2.polylines(alpha, [line], False, 235, thick, cv2.LINE_AA, 4)  # noqa: FBT003


def _crop(stroke: Stroke, size: float, rng: Random) -> tuple[Pixels, float]:
    """Return the ink with some paper around it, and the baseline's height in it, px."""
    box = ink_box(stroke.alpha) or (0, 0, stroke.alpha.shape[1], stroke.alpha.shape[0])
    room = [round(rng.uniform(0.02, 0.45) * size) for _ in range(4)]
    left, top, right, bottom = box
    padded = np.pad(stroke.alpha[top:bottom, left:right], ((room[1], room[3]), (room[0], room[2])))
    return padded, stroke.origin[1] - top + room[1]


def _worn_type(alpha: Pixels, size: float, grain: np.random.Generator) -> Pixels:
    """Take ink away in patches, and let the ribbon's weave show."""
    patches = 0.8 + 0.35 * smooth_noise(grain, alpha.shape, size * 0.4)
    weave = 1 - 0.3 * np.abs(smooth_noise(grain, alpha.shape, max(size / 20, 1.2)))
    return np.asarray(np.clip(alpha * np.clip(patches * weave, 0.05, 1), 0, 255), np.uint8)


def _add_neighbour(
    alpha: Pixels, hand: Hand, size: float, rng: Random, grain: np.random.Generator
) -> None:
    """Let the tails of the line above, or the heads of the line below, reach in."""
    text = "".join(rng.choice("gyhpqtlđkb nmao") for _ in range(rng.randrange(3, 16)))
    other = write_line(hand, text, size, grain).alpha
    box = ink_box(other)
    if box is None:
        return
    piece = other[box[1] : box[3], box[0] : box[2]]
    show = round(rng.uniform(0.08, 0.25) * piece.shape[0])
    width = min(piece.shape[1], alpha.shape[1])
    left = rng.randrange(alpha.shape[1] - width + 1)
    if rng.random() < 0.5:
        target, seen = alpha[:show, left : left + width], piece[-show:, :width]
    else:
        target, seen = alpha[-show:, left : left + width], piece[:show, :width]
    np.maximum(target, seen[: target.shape[0]], out=target)


def _add_rule(ink: np.ndarray, baseline: float, size: float, rng: Random) -> None:
    """Leave a rule or a dotted leader, or what was left of it, under the writing."""
    y = round(baseline + rng.uniform(-0.05, 0.3) * size)
    thick = rng.choice((1, 1, 2, 3))
    if not 0 <= y < ink.shape[0] - thick:
        return
    row = np.full(ink.shape[1], rng.uniform(0.2, 0.8), np.float32)
    if rng.random() < 0.6:  # dotted
        step = max(3, round(size * rng.uniform(0.12, 0.3)))
        row[np.arange(ink.shape[1]) % step >= max(1, step // 3)] = 0
    if rng.random() < 0.5:  # taken off in the gaps, as the layout does
        for _ in range(rng.randrange(1, 5)):
            left = rng.randrange(ink.shape[1])
            row[left : left + rng.randrange(5, 60)] = 0
    np.maximum(ink[y : y + thick], row, out=ink[y : y + thick])


def _add_stamp(ink: np.ndarray, size: float, rng: Random) -> None:
    """Press the rim of a round seal across the line, pale."""
    ring = np.zeros(ink.shape, np.uint8)
    centre = (rng.randrange(ink.shape[1]), rng.randrange(-ink.shape[0], 2 * ink.shape[0]))
    cv2.circle(ring, centre, round(size * rng.uniform(2, 4)), 255, rng.randrange(2, 5), cv2.LINE_AA)
    np.maximum(ink, ring.astype(np.float32) / 255 * rng.uniform(0.15, 0.45), out=ink)


def _sense(pixels: Pixels, rng: Random, grain: np.random.Generator) -> Pixels:
    """Look at it through a lens: low resolution, blur, noise, JPEG."""
    scale = rng.uniform(0.45, 1.0) if rng.random() < 0.5 else 1.0
    height, width = pixels.shape
    if scale < 1 and height * scale > 18:
        small = (max(8, round(width * scale)), max(8, round(height * scale)))
        pixels = np.asarray(cv2.resize(pixels, small, interpolation=cv2.INTER_AREA), np.uint8)
    if rng.random() < 0.6:
        pixels = np.asarray(cv2.GaussianBlur(pixels, (0, 0), rng.uniform(0.3, 1.0)), np.uint8)
    if rng.random() < 0.6:
        noise = grain.normal(0, rng.uniform(1, 7), pixels.shape)
        pixels = np.asarray(np.clip(pixels + noise, 0, 255), np.uint8)
    if rng.random() < 0.6:
        quality = [cv2.IMWRITE_JPEG_QUALITY, rng.randrange(35, 90)]
        _done, coded = cv2.imencode(".jpg", pixels, quality)
        pixels = np.asarray(cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE), np.uint8)
    return pixels
