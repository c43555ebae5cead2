"""Pictures of single lines with the truth about them, for training and measuring.

Three sources: pages written by `scripts/synthesize_pages.py` (their truth says where each line
stands), the real handwriting of the corpus (`lines.jsonl`), and foreign typed pages (PAGE XML).
"""

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

import cv2
import numpy as np
from lxml import etree

from pipeline.layout.ink import erase_rules
from pipeline.layout.rules import find_rules
from pipeline.letters import nfc
from pipeline.ocr.crops import crop, find_ink
from pipeline.ocr.decode import LogProbs, align, telling_steps
from pipeline.values import Line, PageImage, Pixels, Polygon, Script

TONES = {"oà": "òa", "oá": "óa", "oả": "ỏa", "oã": "õa", "oạ": "ọa", "uỳ": "ùy", "uý": "úy",
         "uỷ": "ủy", "uỹ": "ũy", "uỵ": "ụy", "oè": "òe", "oé": "óe", "oẻ": "ỏe", "oẽ": "õe",
         "oẹ": "ọe"}  # fmt: skip
# Shares of the writers (or, where unknown, of the lines) that are never trained on: `held` is for
# the figures in the cards alone, `dev` for all that is decided on the way.
WRITERS = (("held", 0.22), ("dev", 0.07))
LINES = (("held", 0.10), ("dev", 0.03))
WORDS = (1, 4)  # in a piece of a line
MIN_PIECE_PX = 8
ROOM_MM = 0.5  # the layout leaves this much paper around a line


@dataclass(frozen=True, slots=True, eq=False)
class LinePicture:
    """One line and what it says.

    Attributes:
        group: who or what wrote it; lines of one group are never parted.
    """

    pixels: Pixels
    text: str
    script: Script
    group: str


def page_lines(folder: Path, *, dpi: float | None = None) -> Iterator[LinePicture]:
    """Return the lines of invented pages, rules taken off, as the flow hands them on.

    Args:
        folder: with truth.json and the pages.
        dpi: to which the pages are brought first; None leaves them.
    """
    truth = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    bare: dict[str, PageImage] = {}
    for page in truth["pages"]:
        if page["file"] not in bare:
            bare = {page["file"]: _bare_page(folder / page["file"], page["dpi"], dpi)}
        image = bare[page["file"]]
        factor = image.dpi / page["dpi"]
        for line in page["lines"]:
            polygon = _roomy([(x * factor, y * factor) for x, y in line["polygon"]], image.dpi)
            pixels = crop(image, Line(polygon))
            yield LinePicture(pixels, line["text"], line["script"], f"{folder.name}/{page['file']}")


def _bare_page(file: Path, found_dpi: float, dpi: float | None) -> PageImage:
    pixels = np.asarray(cv2.imread(str(file), cv2.IMREAD_GRAYSCALE), np.uint8)
    if dpi and dpi != found_dpi:
        factor = dpi / found_dpi
        pixels = np.asarray(
            cv2.resize(pixels, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA), np.uint8
        )
    image = PageImage(pixels, dpi or found_dpi, np.eye(3))
    return erase_rules(image, find_rules(image))


def _roomy(corners: Sequence[tuple[float, float]], dpi: float) -> Polygon:
    """Return the outline with the room that the layout leaves around a line."""
    room = ROOM_MM * dpi / 25.4
    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = corners
    return (
        (x0 - room, y0 - room), (x1 + room, y1 - room),
        (x2 + room, y2 + room), (x3 - room, y3 + room),
    )  # fmt: skip


def hand_lines(corpus: Path, folder: str = "") -> Iterator[LinePicture]:
    """Return the real handwritten lines of the corpus; `folder` picks one of the two sets."""
    home = corpus / "handwriting"
    for row in (home / "lines.jsonl").read_text(encoding="utf-8").splitlines():
        line = json.loads(row)
        if line["file"].startswith(folder):
            pixels = cv2.imread(str(home / line["file"]), cv2.IMREAD_GRAYSCALE)
            group = line["writer"] or line["file"]
            yield LinePicture(np.asarray(pixels, np.uint8), line["text"], "handwriting", group)


def part_of(group: str) -> str:
    """Return to which part a real line of that writer (or, unknown, file) belongs."""
    share = int(hashlib.sha256(group.encode()).hexdigest()[:8], 16) / 16**8
    for part, size in LINES if "/" in group else WRITERS:
        if share < size:
            return part
        share -= size
    return "train"


def real_lines(corpus: Path, part: str) -> Iterator[LinePicture]:
    """Return the corpus's handwritten lines of a part: train, dev or held."""
    return (line for line in hand_lines(corpus) if part_of(line.group) == part)


def pieces_of(
    picture: LinePicture, steps: LogProbs, characters: str, rng: Random
) -> Iterator[LinePicture]:
    """Cut a line into stretches of a few words, as long as a register's cells are.

    Args:
        steps: what a reader with those characters said to it; the words are found with it.
    """
    ink = find_ink(picture.pixels)
    classes = tuple(characters.find(letter) + 1 for letter in picture.text)
    telling = telling_steps(steps)
    if ink is None or 0 in classes or len(classes) > len(telling):
        return
    at = telling[align(np.exp(steps[telling]), classes)] / len(steps)
    edges = [0, *(at[i] for i, letter in enumerate(picture.text) if letter == " "), 1]
    edges = [round(ink.box.left + edge * (ink.box.right - ink.box.left)) for edge in edges]
    words = picture.text.split(" ")
    first = 0
    while first < len(words):
        last = min(len(words), first + rng.randint(*WORDS))
        if edges[last] - edges[first] >= MIN_PIECE_PX:
            pixels = picture.pixels[:, edges[first] : edges[last]]
            yield replace(picture, pixels=pixels, text=" ".join(words[first:last]))
        first = last


def typed_lines(corpus: Path) -> Iterator[LinePicture]:
    """Return the lines of the corpus's typed French pages."""
    for file in sorted((corpus / "typewritten_fr").glob("*.xml")):
        pixels = cv2.imread(str(file.with_suffix(".jpg")), cv2.IMREAD_GRAYSCALE)
        image = PageImage(np.asarray(pixels, np.uint8), 200.0, np.eye(3))
        for polygon, text in _typed(file):
            yield LinePicture(crop(image, Line(polygon)), text, "typewriter", file.stem)


def _typed(file: Path) -> Iterator[tuple[Polygon, str]]:
    """Return outline and text of the lines of an ALTO file that are marked as typed."""
    root = etree.parse(file).getroot()
    typed = {
        tag.get("ID") for tag in root.iter("{*}OtherTag") if "Typewritten" in tag.get("LABEL", "")
    }
    for line in root.iter("{*}TextLine"):
        text = " ".join(word.get("CONTENT", "") for word in line.iter("{*}String")).strip()
        outline = line.find("{*}Shape/{*}Polygon")
        if text and outline is not None and typed & set((line.get("TAGREFS") or "").split()):
            numbers = [float(n) for n in outline.get("POINTS", "").replace(",", " ").split()]
            yield tuple(zip(numbers[::2], numbers[1::2], strict=True)), text


def stack(pictures: Sequence[LinePicture]) -> tuple[PageImage, list[Line]]:
    """Return a page with the lines one below the other."""
    width = max(picture.pixels.shape[1] for picture in pictures)
    sheet = np.full((sum(p.pixels.shape[0] for p in pictures), width), 255, np.uint8)
    lines, top = [], 0
    for picture in pictures:
        high, wide = picture.pixels.shape
        sheet[top : top + high, :wide] = picture.pixels
        lines.append(Line(((0, top), (wide, top), (wide, top + high), (0, top + high))))
        top += high
    return PageImage(sheet, 300.0, np.eye(3)), lines


def bare(words: str) -> str:
    """Return a text without what the labels of real lines leave open: case, marks, tone's place."""
    lower = nfc(words).lower()
    for new, old in TONES.items():
        lower = lower.replace(new, old)
    return " ".join(re.sub(r"[^\w\s/]", " ", lower).split())
