"""What cropping costs: crowded cells and slots read through the layout, and their lines alone.

    scripts/bench_cropping.py [--fonts-set SET] [--sheets 3] [--seed 1] [--case WORD] [--keep DIR]

Sheets of `synthesis/crowded.py`, light and heavy degradation, 150, 200 and 300 dpi in turn, level
to 0.3 degrees. Of each case: how many cells (slots) got as many lines as they have, each over its
own writing and in order; the CER of what the model reads there, a missed line counted as read
empty; and the CER of the very same strokes on blank paper, as aged and as scanned. The difference
is what cropping costs. Run with OMP_NUM_THREADS=1.
"""

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import NamedTuple

import click
import cv2
import numpy as np
from rapidfuzz.distance import Levenshtein

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(Path(__file__).resolve().parent), str(ROOT)]

from synthesis.books import Book, Order, draw_book  # noqa: E402
from synthesis.crowded import CASES, Case, Laid, draw_alone, draw_crowded  # noqa: E402
from synthesis.paper import Wear, draw_wear, scan  # noqa: E402
from synthesis.sheets import Sheet  # noqa: E402

from pipeline.clean.places import on_page  # noqa: E402
from pipeline.flow.page import engines, lay_out  # noqa: E402
from pipeline.ocr.crops import Box, Ink, stretch_contrast  # noqa: E402
from pipeline.ocr.engines import Engine  # noqa: E402
from pipeline.ocr.reading import Unread, read_pages  # noqa: E402
from pipeline.settings import OcrSettings  # noqa: E402
from pipeline.values import Line, PageImage, Polygon, Script  # noqa: E402

DPIS = (150, 200, 300)
LEVEL_DEG = 0.3
Engines = Mapping[Script, Engine]
BoxPx = tuple[float, float, float, float]
Carry = Callable[[Polygon], Polygon]


@dataclass(frozen=True, slots=True)
class Tally:
    """Sums over the cells of one case.

    Attributes:
        cells: with writing.
        right: of these, with just their lines, in order.
        stray: lines found where nothing is written.
        letters: in the truth; `wrong` and `wrong_alone` are edit distances.
        layout_s: CPU seconds of the layout.
    """

    cells: int = 0
    right: int = 0
    stray: int = 0
    letters: int = 0
    wrong: int = 0
    wrong_alone: int = 0
    layout_s: float = 0.0

    def __add__(self, other: "Tally") -> "Tally":
        mine, theirs = ([getattr(one, name) for name in Tally.__slots__] for one in (self, other))
        return Tally(*(a + b for a, b in zip(mine, theirs, strict=True)))


def photograph(sheet: Sheet, wear: Wear, seed: int) -> tuple[PageImage, Carry]:
    """Return the sheet as the layout gets it, and the map of polygons onto it."""
    rgb, carry = scan(sheet.pixels, sheet.dpi, wear, np.random.default_rng(seed), spread=False)
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    _done, packed = cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, wear.jpeg])
    pixels = np.asarray(cv2.imdecode(packed, cv2.IMREAD_GRAYSCALE), np.uint8)
    return PageImage(pixels, sheet.dpi, np.eye(3)), carry


def wear_of(degrade: str, seed: int) -> Wear:
    """Return the wear of a sheet that lies nearly level and has no bed around it."""
    wear = draw_wear(np.random.default_rng(seed), degrade, spread=False, turn_deg=0)
    skew = float(np.random.default_rng(seed + 1).uniform(-LEVEL_DEG, LEVEL_DEG))
    return replace(wear, skew_deg=skew, bed_mm=(0.0, 0.0, 0.0, 0.0), shadow=0.0)


class PlaceOnScan(NamedTuple):
    """A cell or slot on the scan, px, and the boxes of the lines that stand in it."""

    box: BoxPx
    lines: list[BoxPx]


def mapped_box(box: BoxPx, carry: Carry) -> BoxPx:
    """Return the upright box on the scan around a box of the flat sheet."""
    left, top, right, bottom = box
    points = carry(((left, top), (right, top), (right, bottom), (left, bottom)))
    xs, ys = [x for x, _ in points], [y for _, y in points]
    return min(xs), min(ys), max(xs), max(ys)


def centre(polygon: Polygon) -> tuple[float, float]:
    """Return the middle of an outline."""
    x, y = np.mean(polygon, axis=0)
    return float(x), float(y)


def sorted_into(
    lines: Sequence[Line], places: Sequence[PlaceOnScan]
) -> tuple[list[list[Line]], list[Line]]:
    """Return the found lines by place, those of a place in reading order; and those that stray.

    A line is at the place whose writing is at its height, for it may hang out of its cell.
    """
    homes: list[list[Line]] = [[] for _ in places]
    stray = []
    for line in lines:
        x, y = centre(line.polygon)
        near = [
            (abs(y - (top + bottom) / 2), number)
            for number, place in enumerate(places)
            for left, top, right, bottom in place.lines
            if place.box[0] <= x <= place.box[2] and top <= y <= bottom
        ]
        if near:
            homes[min(near)[1]].append(line)
        else:
            stray.append(line)
    return homes, stray


def covers(line: Line, box: BoxPx) -> bool:
    """Tell whether a found line lies over most of a true one, and not far beyond it."""
    xs, ys = [x for x, _ in line.polygon], [y for _, y in line.polygon]
    left, top, right, bottom = box
    shared = min(max(xs), right) - max(min(xs), left)
    middle = float(np.mean(ys))
    return shared > 0.8 * (right - left) and top <= middle <= bottom


def alone_texts(
    lines: list[Laid], dpi: float, wear: Wear, seed: int, readers: Engines
) -> list[str]:
    """Return what is read of each line on paper of its own."""
    sheet, alone = draw_alone(lines, dpi, seed)
    image, carry = photograph(sheet, replace(wear, skew_deg=0.0), seed)
    inks, found = [], []
    for laid in alone:
        left, top, right, bottom = (round(v) for v in mapped_box(laid.box, carry))
        rim = round(0.5 * dpi / 25.4)
        part = image.pixels[top - rim : bottom + rim, left - rim : right + rim]
        stretched = stretch_contrast(part)
        box = Box(rim, rim, rim + right - left, rim + bottom - top)
        inks.append(Ink(stretched[rim : box.bottom, rim : box.right], box, part.shape[1]))
        found.append(Line(((left, top), (right, top), (right, bottom), (left, bottom)), (1, 1)))
    return [line.text for line in readers["handwriting"].read(found, inks)]


def measured(
    case: Case, book: Book, degrade: str, dpi: float, seed: int, readers: Engines, keep: Path | None
) -> Tally:
    """Draw one sheet, read it, and count."""
    sheet, places = draw_crowded(case, book, dpi, seed)
    wear = wear_of(degrade, seed)
    image, carry = photograph(sheet, wear, seed)
    before = time.process_time()
    laid_out, bare, strokes, _slips = lay_out(image)
    spent = time.process_time() - before
    (read,) = read_pages([Unread(bare, laid_out.lines, strokes)], readers)

    def carried(polygon: Polygon) -> Polygon:
        return on_page(bare, carry(polygon))

    on_scan = [
        PlaceOnScan(
            mapped_box(place.box, carried), [mapped_box(laid.box, carried) for laid in place.lines]
        )
        for place in places
    ]
    homes, stray = sorted_into(read, on_scan)
    truth = [laid for place in places for laid in place.lines]
    alone = iter(alone_texts(truth, dpi, wear, seed, readers))
    tally = Tally(stray=len(stray), layout_s=spent)
    told: list[Told] = [Told("stray", "", line.text, "", line.polygon) for line in stray]
    for place, where, found in zip(places, on_scan, homes, strict=True):
        if not place.lines:
            continue
        said = " ".join(laid.text for laid in place.lines)
        text = " ".join(line.text for line in found)
        by_itself = " ".join(next(alone) for _ in place.lines)
        is_right = len(found) == len(place.lines) and all(
            covers(line, box) for line, box in zip(found, where.lines, strict=True)
        )
        one = Tally(
            1, int(is_right), 0, len(said),
            Levenshtein.distance(said, text), Levenshtein.distance(said, by_itself),
        )  # fmt: skip
        tally += one
        if not is_right or one.wrong > one.wrong_alone:
            mark = "right" if is_right else f"{len(found)} for {len(place.lines)}"
            told.append(Told(mark, said, text, by_itself, where.box))
    if keep is not None:
        name = f"{case.name.replace(' ', '_')}-{degrade}-{dpi:g}-{seed}"
        _keep(keep / name, image, bare, read, told)
    return tally


class Told(NamedTuple):
    """What went wrong at a place: truth, reading, reading of the line alone."""

    mark: str
    truth: str
    read: str
    alone: str
    where: BoxPx | Polygon


def _keep(
    file: Path, image: PageImage, bare: PageImage, lines: Sequence[Line], told: Sequence[Told]
) -> None:
    """Save what was seen, with outlines, what was read, and what went wrong."""
    file.parent.mkdir(parents=True, exist_ok=True)
    for kind, page in (("seen", image), ("bare", bare)):
        drawn = cv2.cvtColor(page.pixels, cv2.COLOR_GRAY2BGR)
        for number, line in enumerate(lines):
            points = np.round(np.array(line.polygon)).astype(np.int32)
            colour = ((0, 0, 255), (0, 160, 0), (255, 0, 0))[number % 3]
            cv2.polylines(drawn, [points], isClosed=True, color=colour)
        cv2.imwrite(f"{file}-{kind}.png", drawn)
    with Path(f"{file}.txt").open("w", encoding="utf-8") as out:
        for mark, said, text, alone, where in told:
            place = [round(float(v)) for v in np.ravel(where)]
            print(f"{mark}\n  truth {said}\n  read  {text}\n  alone {alone}", file=out)
            print(f"  at    {place}", file=out)


def book_of(case: Case, seed: int, fonts_set: str) -> Book:
    """Return a book whose first hand writes the sheet."""
    order = Order(form="birth_table", fonts_set=fonts_set)
    book = draw_book(Random(f"{seed} {case.name}"), order)
    if case.kind != "long":
        return book
    # Over a whole A3 a pen is led by the dots, and does not drift.
    return replace(book, hands=(replace(book.hands[0], rise=0.0), *book.hands[1:]))


def row(case: str, tally: Tally) -> str:
    """Return one row of the table."""
    cer, alone = (100 * wrong / tally.letters for wrong in (tally.wrong, tally.wrong_alone))
    return (
        f"| {case} | {tally.cells} | {100 * tally.right / tally.cells:.1f} % | {tally.stray} "
        f"| {cer:.2f} % | {alone:.2f} % | {cer - alone:+.2f} |"
    )


@click.command()
@click.option(
    "--fonts-set", type=click.Choice(["tuning", "fitting", "measuring"]), default="tuning"
)
@click.option("--sheets", default=3, show_default=True, help="Of each case and degradation.")
@click.option("--seed", default=1, show_default=True)
@click.option("--case", "word", default="", help="Only cases with this in their name.")
@click.option(
    "--keep", type=click.Path(path_type=Path), help="Folder for pictures and misreadings."
)
def main(fonts_set: str, sheets: int, seed: int, word: str, keep: Path | None) -> None:
    """Print the table, in Markdown."""
    readers = engines(OcrSettings())
    whole = Tally()
    print("| case | cells | lines right | stray | CER | alone | cost of cropping |\n|" + "---|" * 7)
    for case in CASES:
        if word not in case.name:
            continue
        tally = Tally()
        for number in range(2 * sheets):
            degrade, dpi = ("light", "heavy")[number % 2], DPIS[number // 2 % len(DPIS)]
            mine = 1000 * seed + number
            book = book_of(case, mine, fonts_set)
            tally += measured(case, book, degrade, dpi, mine, readers, keep)
        print(row(case.name, tally), flush=True)
        whole += tally
    print(row("all", whole))
    print(f"\nLayout: {whole.layout_s:.1f} CPU s.")


if __name__ == "__main__":
    main()
